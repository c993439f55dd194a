"""`Behaviour`: how the wants of a rule user turn into answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from recosim.errors import OptionError

__all__ = ["Behaviour"]


@dataclass(frozen=True)
class Behaviour:
    """Settings of a rule user; the defaults are the users of EAR and SCPR, who never err.

    Attributes:
        answer_noise: probability that an answer is flipped (yes to no, no to yes).
        dont_know: probability that a question is answered with "don't know".
    """

    answer_noise: float = 0.0
    dont_know: float = 0.0

    def __post_init__(self) -> None:
        for name in ("answer_noise", "dont_know"):
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, (int, float))
                or not 0 <= value <= 1
            ):
                raise OptionError(f"{name} is {value!r}; a probability from 0 to 1 is needed.")

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)
