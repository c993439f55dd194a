"""The text views of the CPR environments: moves that are typed, and a conversation to be read."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from recosim.acts import Ask, Moves, Recommend, Reflect
from recosim.envs.cpr.acts import last_move
from recosim.envs.cpr.spaces import Decoded
from recosim.envs.talk import Talk
from recosim.errors import IllegalActionError, NotUnderstood
from recosim.language import Context, Parser, Templates
from recosim.language.labels import Labels
from recosim.world.world import World

__all__ = ["LegalText", "Prose", "TextView"]

LONGEST = 2_000  # characters of a move
LONGEST_TALK = 65_536  # characters of an observation; the oldest lines give way
OFFERED = 8  # questions and items that an observation offers


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
        world: whose names are said.
        facets: whether questions are about facets.
        legal: int8 (n_actions,), live: the flat actions; None: `sample()` is Gymnasium's.
    """

    def __init__(
        self,
        world: World | None = None,
        facets: bool = False,
        legal: NDArray[np.int8] | None = None,
    ) -> None:
        super().__init__(LONGEST)
        self.world, self.facets, self.legal = world, facets, legal

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        if mask is not None or probability is not None or self.legal is None or self.world is None:
            return str(super().sample(mask=mask, probability=probability))
        codes = np.flatnonzero(self.legal)
        code = int(codes[self.np_random.integers(len(codes))])
        act = Moves.from_flat([code], len(self.legal) - 2).act(0, facets=self.facets)
        key = int(self.np_random.integers(2**31))
        return Templates(self.world).system(act, key=key)

    def __getstate__(self) -> dict[str, Any]:
        # A copy of the space has no environment, so it has no legal actions of its own either.
        return {**self.__dict__, "legal": None, "world": None}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LegalText) and self.max_length == other.max_length

    __hash__ = None  # type: ignore[assignment]


class TextView:
    """Reads moves that are typed, and writes what can be read of a conversation.

    Args:
        talk: of the batch.
    """

    def __init__(self, talk: Talk) -> None:
        self.talk, self.batch = talk, talk.batch
        self._parser = Parser(self.batch.world)
        self._labels = Labels.of(self.batch.world)
        self._facets = self.batch.protocol.question == "facet"

    # ---- observations ----------------------------------------------------------------------------

    def observation(self, row: int) -> str:
        """The conversation, a line each, then what is open: turn, candidates, questions, items."""
        footer = "\n".join(self._footer(row))
        lines = [str(line) for line in self.talk.lines[row]]
        while lines and sum(map(len, lines)) + len(lines) + len(footer) + 2 > LONGEST_TALK:
            lines.pop(0)
        return "\n".join([*lines, "", footer])[-LONGEST_TALK:]

    def _footer(self, row: int) -> list[str]:
        d = self.batch
        a, protocol = d.arrays, d.protocol
        if a["done"][row]:
            return ["The conversation has ended."]
        left = protocol.first_turn + protocol.acting_turns - int(a["turn"][row])
        n = int(a["n_candidates"][row])
        told = [f"Moves left: {left}. Candidates: {n}."]
        legal, entropy = d.legal_actions()[row], d.entropy()[row]
        asks = np.flatnonzero(legal[: d.n_askables])
        asks = asks[np.argsort(-entropy[asks], kind="stable")][:OFFERED]
        if len(asks):
            kind = "f" if self._facets else "a"
            told.append(f"Ask, for instance: {self._listed(kind, asks)}.")
        if legal[d.n_askables]:
            best = d.best_items()[0][row]
            told.append(f"Recommend, best first: {self._listed('i', best[best >= 0][:OFFERED])}.")
        if legal[d.n_askables + 1]:
            told.append("Or reflect on what was refused.")
        return told

    def _listed(self, kind: str, ids: NDArray[Any]) -> str:
        return "; ".join(self._labels.say(kind, int(i), plainly=True) for i in ids)

    # ---- actions ---------------------------------------------------------------------------------

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
        shown = tuple(last_move(self.batch, row)["items"])
        act = self._parser.parse_system(action, Context(shown=shown, facets=self._facets))
        d = self.batch
        if isinstance(act, Reflect):
            return Decoded(d.n_askables + 1)
        if isinstance(act, Recommend):
            return self._decode_list(action, act)
        if isinstance(act, Ask):
            return self._decode_question(action, act)
        raise NotUnderstood(action, "Do you ask, recommend or reflect?")

    def _decode_list(self, text: str, act: Recommend) -> Decoded:
        d = self.batch
        top_k, aspects = d.protocol.top_k, d.protocol.aspects
        if len(act.items) > top_k:
            raise NotUnderstood(text, f"That is {len(act.items)} at once. Which {top_k} of them?")
        items = _padded(act.items, top_k) if act.items else None
        return Decoded(
            d.n_askables, items, _padded(act.because[:aspects], aspects) if aspects else None
        )

    def _decode_question(self, text: str, act: Ask) -> Decoded:
        if self.batch.protocol.question == "none":
            raise NotUnderstood(
                text, "I would rather see things than answer. What do you recommend?"
            )
        if act == Ask():
            return Decoded(-1)
        if self._facets:
            if act.facet is None:
                raise NotUnderstood(text, f"Which {self._kinds()} do you ask about?")
            return Decoded(act.facet)
        if act.facet is not None and not act.attributes:
            facet = self._labels.say("f", act.facet, plainly=True)
            raise NotUnderstood(text, f"Which {facet} do you ask about? Name one.")
        if len(act.attributes) > 1 and self.batch.protocol.question == "binary":
            raise NotUnderstood(text, "One question at a time, please. Which one first?")
        return Decoded(act.attributes[0])

    def _kinds(self) -> str:
        return "of " + self._labels.say_all("f", range(min(4, self.batch.n_askables)), "or", True)


def _padded(ids: tuple[int, ...], most: int) -> NDArray[np.int32]:
    row = np.full(most, -1, dtype=np.int32)
    row[: len(ids)] = ids
    return row
