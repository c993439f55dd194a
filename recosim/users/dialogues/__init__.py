"""Dialogues of people: read from the collections that there are, typed as one thing.

`read_dialogues(path)` reads IARD, ReDial, LAPS, and turns with acts of one's own in a CSV file.
"""

from recosim.users.dialogues.iard import ITEM
from recosim.users.dialogues.reading import FORMS, dialogue_form, read_dialogues
from recosim.users.dialogues.types import (
    SYSTEM_ACTS,
    USER_ACTS,
    Dialogue,
    Did,
    Judgement,
    Reply,
    Turn,
)

__all__ = [
    "FORMS",
    "ITEM",
    "SYSTEM_ACTS",
    "USER_ACTS",
    "Dialogue",
    "Did",
    "Judgement",
    "Reply",
    "Turn",
    "dialogue_form",
    "read_dialogues",
]
