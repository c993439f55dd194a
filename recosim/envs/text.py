"""The text views of the environments: moves that are typed, and a conversation to be read."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
from gymnasium import spaces
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


class Prose(spaces.Text):
    """`Text` of any characters: names are written in all alphabets.

    Gymnasium's `Text` is made of a fixed set of characters. Membership here is a matter of length
    alone; `sample()` draws from printable ASCII.
    """

    def __init__(self, max_length: int) -> None:
        printable = "".join(c for c in string.printable if c.isprintable())
        super().__init__(max_length, min_length=0, charset=printable)

    def contains(self, x: Any) -> bool:
        return isinstance(x, str) and len(x) <= self.max_length


class LegalText(Prose):
    """Moves as text, whose `sample()` words an action that is legal now.

    Args:
        batch: whose names are said.
        legal: int8 (n_actions,), live: the flat actions; None: `sample()` is Gymnasium's.
    """

    def __init__(self, batch: Batch | None = None, legal: NDArray[np.int8] | None = None) -> None:
        super().__init__(LONGEST)
        self.batch, self.legal = batch, legal

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        batch = self.batch
        if mask is not None or probability is not None or self.legal is None or batch is None:
            return str(super().sample(mask=mask, probability=probability))
        codes = np.flatnonzero(self.legal)
        code = int(codes[self.np_random.integers(len(codes))])
        moves = Moves.from_flat(
            [code], batch.n_askables, verbs=batch.verbs, reasons=batch.n_reasons
        )
        key = int(self.np_random.integers(2**31))
        acts: Acts = family(batch.family).load("acts")
        words = acts.language(batch.world, batch.protocol).templates
        return words.system(acts.posed(batch, 0, moves), key=key)

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
        return self.acts.decode(self.batch, action, self._parser.parse_system(action, context))
