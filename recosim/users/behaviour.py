"""`Behaviour`: how the wants of a rule user turn into answers."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError, unknown

__all__ = ["Behaviour", "COUNTS", "TRAITS", "WORDS"]


@dataclass(frozen=True)
class Behaviour:
    """Settings of a rule user; the defaults are the users of EAR and SCPR, who never err.

    The rules are in docs/protocols.md, "Users".

    Attributes:
        answer_noise: probability that an answer is flipped (yes to no, no to yes).
        dont_know: probability that a question is answered with "don't know".
        cooperativeness: probability that a "no" is followed by something the user does want
            (CoSearcher, Salle et al. 2021: a "no" that informs).
        cooperation_trend: whether that probability stays, rises or falls over a conversation.
        patience: disappointments (a "no", a "don't know", a refused list) that the user bears; with
            the last one they leave. None: no end of them.
        leave_hazard: probability of leaving at each disappointment.
        examination: probability of reading on from one item of a list to the next (position bias as
            an examination by rank, Richardson et al. 2007).
        choice_temperature: chance in taking a wanted item that was seen: it is taken with
            probability 1 / (1 + e^(-1/temperature)), at 0 always.
        feedback: how much the user says about a list that they refuse; each form includes what it
            takes to say the ones before: none < unary < binary < critique < instruction < edit.
        critic: which aspect a critique names: that of most items shown, any, or the least liked.
        acceptable: how many further items the user would also take, those most like their target;
            0 to 32 (satisficing: the first one read that is good enough is taken).
        musts: how many attributes of the target the user does not do without; 0 to 8.
        weighting: how much each attribute weighs: all the same ("equal"), or 1 + the number of the
            user's train items that have it ("liking").
        drift: probability, at each turn after the first, that the user changes their mind and wants
            another item that fits all that they said.
        standing: the instruction that the user gives with their request: none, one for this
            conversation ("session"), or one that holds whenever they ask for what they like most
            ("always"; after the conditional instructions of NLSI, Moghe et al. 2024).
    """

    answer_noise: float = 0.0
    dont_know: float = 0.0
    cooperativeness: float = 0.0
    cooperation_trend: Literal["constant", "rising", "falling"] = "constant"
    patience: int | None = None
    leave_hazard: float = 0.0
    examination: float = 1.0
    choice_temperature: float = 0.0
    feedback: Literal["none", "unary", "binary", "critique", "instruction", "edit"] = "binary"
    critic: Literal["salient", "random", "least_liked"] = "salient"
    acceptable: int = 0
    musts: int = 0
    weighting: Literal["equal", "liking"] = "equal"
    drift: float = 0.0
    standing: Literal["none", "session", "always"] = "none"

    def __post_init__(self) -> None:
        for name in _PROBABILITIES:
            value = getattr(self, name)
            if not _is_number(value) or not 0 <= value <= 1:
                raise OptionError(f"{name} is {value!r}; a probability from 0 to 1 is needed.")
        if not _is_number(self.choice_temperature) or not 0 <= self.choice_temperature < math.inf:
            raise OptionError(
                f"choice_temperature is {self.choice_temperature!r}; a number from 0 is needed."
            )
        patience = self.patience
        if patience is not None and (
            not isinstance(patience, int) or isinstance(patience, bool) or patience < 1
        ):
            raise OptionError(
                f"patience is {patience!r}; a whole number of disappointments from 1 is needed, or "
                "None for a user who bears them all."
            )
        for name, most in COUNTS.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
                raise OptionError(
                    f"{name} is {value!r}; a whole number from 0 to {most} is needed."
                )
        for name, allowed in WORDS.items():
            if getattr(self, name) not in allowed:
                raise unknown(f"value of {name}", getattr(self, name), allowed)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)

    def traits(self) -> NDArray[np.float64]:
        """The settings as the numbers that kernels read: float64 (len(TRAITS),)."""
        values = []
        for name in TRAITS:
            value = getattr(self, name)
            if name in WORDS:
                value = WORDS[name].index(value)
            values.append(math.inf if value is None else float(value))
        return np.array(values)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# The settings in the order of `Behaviour.traits`.
TRAITS = tuple(entry.name for entry in fields(Behaviour))
_PROBABILITIES = (
    "answer_noise",
    "dont_know",
    "cooperativeness",
    "leave_hazard",
    "examination",
    "drift",
)
# Settings that are whole numbers, and the largest that each may be.
COUNTS = {"acceptable": 32, "musts": 8}
# Settings that are words; in `traits` a word is its position.
WORDS: dict[str, tuple[str, ...]] = {
    name: get_args(hint)
    for name, hint in get_type_hints(Behaviour).items()
    if name in ("cooperation_trend", "feedback", "critic", "weighting", "standing")
}
