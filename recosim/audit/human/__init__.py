"""Dialogues of people that an audit counts: IARD, ReDial, LAPS, and tables of turns."""

from recosim.audit.human.folder import read_people

__all__ = ["read_people"]
