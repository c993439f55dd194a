"""Dialogues of people (`recosim.users.dialogues`) as an audit counts them."""

from recosim.audit.human.folder import read_people

__all__ = ["read_people"]
