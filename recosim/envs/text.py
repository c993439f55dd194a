"""The text views of the environments: moves that are typed, and a conversation to be read."""

from __future__ import annotations

import string
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import read_from_shared_memory
from numpy.typing import NDArray

from recosim.acts import Moves
from recosim.envs.acts import Acts
from recosim.envs.batch import Batch, Decoded
from recosim.envs.talk import Talk
from recosim.errors import IllegalActionError
from recosim.family import family
from recosim.language import Context

__all__ = ["LONGEST_TALK", "LegalText", "Prose", "TextView"]

LONGEST = 2_000  # characters of a move
LONGEST_TALK = 65_536  # characters of an observation; the oldest lines give way


class _Characters(Sequence[str]):
    """All characters there are, by their code points, without a list of the million of them."""

    def __len__(self) -> int:
        return sys.maxunicode + 1

    def __getitem__(self, place: Any) -> Any:
        if not 0 <= place < len(self):
            raise IndexError(place)  # the end, to who goes through all
        return chr(place)

    def __contains__(self, character: object) -> bool:
        return isinstance(character, str) and len(character) == 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Characters)

    __hash__ = None  # type: ignore[assignment]


_CHARACTERS = _Characters()
_PRINTABLE = [c for c in string.printable if c.isprintable()]


class Prose(spaces.Text):
    """`Text` of any characters: names are written in all alphabets, and people type what they like.

    Membership is a matter of length alone. A character's index is its code point, so that Gymnasium
    flattens texts and shares them between processes. `sample()` draws from printable ASCII; a mask
    of characters has an entry for each code point.
    """

    def __init__(self, max_length: int) -> None:
        super().__init__(max_length, min_length=0, charset="".join(_PRINTABLE))

    @property
    def character_set(self) -> Any:
        return _CHARACTERS

    @property
    def character_list(self) -> Any:
        return _CHARACTERS

    def character_index(self, char: str) -> Any:
        return np.int32(ord(char))

    def contains(self, x: Any) -> bool:
        return isinstance(x, str) and len(x) <= self.max_length

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        if mask is not None or probability is not None:
            return str(super().sample(mask=mask, probability=probability))
        length = self.np_random.integers(self.max_length + 1)
        return "".join(self.np_random.choice(_PRINTABLE, size=length).tolist())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.max_length})"


class _SharedTexts(Sequence[str]):
    """Texts in memory that workers write, int32 code points (B, length): a copy reads them.

    Gymnasium keeps what `read_from_shared_memory` gives, as a view of what is written later, and
    hands out copies; of its own `Text` it keeps the texts of the beginning.
    """

    def __init__(self, codes: NDArray[np.int32]) -> None:
        self._codes = codes

    def __len__(self) -> int:
        return len(self._codes)

    def __getitem__(self, row: Any) -> Any:
        codes = self._codes[row]
        return "".join(map(chr, codes[codes < len(_CHARACTERS)].tolist()))

    def __deepcopy__(self, memo: Any) -> tuple[str, ...]:
        return tuple(self)


@read_from_shared_memory.register(Prose)
def _read_prose(space: Prose, shared_memory: Any, n: int = 1) -> Any:
    codes = np.frombuffer(shared_memory.get_obj(), dtype=np.int32)
    return _SharedTexts(codes.reshape(n, space.max_length))


class LegalText(Prose):
    """Moves as text, whose `sample()` words an action that is legal now.

    Args:
        batch: whose names are said; None (in a copy, which has no environment): `sample()` gives
            "recommend", which every environment understands and allows until its end.
        legal: int8 (n_actions,), live: the flat actions. row: whose they are.
    """

    def __init__(
        self, batch: Batch | None = None, legal: NDArray[np.int8] | None = None, row: int = 0
    ) -> None:
        super().__init__(LONGEST)
        self.batch, self.legal, self.row = batch, legal, row

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        batch = self.batch
        if mask is not None or probability is not None:
            return super().sample(mask=mask, probability=probability)
        if self.legal is None or batch is None:
            return "recommend"
        codes = np.flatnonzero(self.legal)
        code = int(codes[self.np_random.integers(len(codes))])
        moves = Moves.from_flat(
            np.full(self.row + 1, code),
            batch.n_askables,
            verbs=batch.verbs,
            reasons=batch.n_reasons,
        )
        key = int(self.np_random.integers(2**31))
        acts: Acts = family(batch.family).load("acts")
        words = acts.language(batch.world, batch.protocol).templates
        return words.system(acts.posed(batch, self.row, moves), key=key)

    def __getstate__(self) -> dict[str, Any]:
        # A copy of the space has no environment, so it has no legal actions of its own either.
        return {**self.__dict__, "legal": None, "batch": None}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LegalText) and self.max_length == other.max_length

    __hash__ = None  # type: ignore[assignment]


class TextView:
    """Reads moves that are typed, and writes what can be read of a conversation.

    Args:
        talk: of the batch.
        acts: of the family.
    """

    def __init__(self, talk: Talk, acts: Acts) -> None:
        self.talk, self.batch, self.acts = talk, talk.batch, acts
        self._parser = acts.language(self.batch.world, self.batch.protocol).parser

    def observation(self, row: int) -> str:
        """The conversation, a line each, then what is open: turn, candidates, questions, items."""
        footer = "\n".join(self.acts.footer(self.batch, row))
        lines = [str(line) for line in self.talk.lines[row]]
        while lines and sum(map(len, lines)) + len(lines) + len(footer) + 2 > LONGEST_TALK:
            lines.pop(0)
        return "\n".join([*lines, "", footer])[-LONGEST_TALK:]

    def decode(self, row: int, action: Any) -> Decoded:
        """A move that is typed as the core takes it.

        Raises:
            IllegalActionError: no text. NotUnderstood: `.question` asks back.
        """
        if not isinstance(action, str) or len(action) > LONGEST:
            raise IllegalActionError(
                f"action {action!r:.80} is a {type(action).__name__}; the 'text' view takes a text "
                f"of up to {LONGEST} characters."
            )
        shown = tuple(self.acts.last_move(self.batch, row)["items"])
        context = Context(shown=shown, facets=self.batch.asks_facets)
        act = self._parser.parse_system(action, context)
        return self.acts.decode(self.batch, action, act, row)
