"""`Player`: the user's side of an episode as small choices, for who plays the user in its place.

An answer is made of *codes*, whole numbers below `n`, said one after the other until it is whole:
what was shown is judged place by place, attributes are named one by one, and the last code stays or
leaves. So a policy of a few hundred outputs can say all that the rule user of a family can say.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from recosim.acts import Verb
from recosim.errors import IllegalActionError, shown

__all__ = ["Codes", "Part", "Player"]


class Part(NamedTuple):
    """One array that the user sees: its range, width and dtype."""

    low: float
    high: float
    width: int
    dtype: Any


class Codes:
    """The codes of a family: words, each of which stands for one number or for several in a row.

    Args:
        counts: by word, how many numbers it has: ("yes", 1), ("take", 10).

    Attributes:
        n: how many codes there are.
        first: by word, its first code.
    """

    def __init__(self, *counts: tuple[str, int]) -> None:
        self.first: dict[str, int] = {}
        self._meanings: list[tuple[str, int]] = []
        for word, count in counts:
            self.first[word] = len(self._meanings)
            self._meanings += [(word, k) for k in range(count)]
        self.n = len(self._meanings)

    def of(self, word: str, number: int = 0) -> int:
        """The code of a word, and of a number of it."""
        return self.first[word] + number

    def meaning(self, code: int) -> tuple[str, int]:
        """Word and number of a code."""
        return self._meanings[code]


class Player:
    """The user's side of a batch of one row.

    Once a move is posed and the rule user has answered it (`Batch.pose`, `Batch.answer`):

        if player.ask():                # the user has something to say
            while not player.say(code):     # codes that `legal` allows
                ...
            player.write()              # into the fields of the move
        batch.settle()

    This one is of a user who is shown lists and takes an item of them, or none; a family overrides
    what differs.

    Args:
        batch: of one row.

    Attributes:
        codes: what can be said. n: how many codes there are.
        legal: int8 (n,), live: 1 for the codes that may come next; all ones while nobody is asked.
        said: the codes of the answer so far. asked: whether an answer is being given.
    """

    def __init__(self, batch: Any) -> None:
        self.batch = batch
        self.codes = self.make_codes()
        self.n = self.codes.n
        self.legal = np.ones(self.n, dtype=np.int8)
        self.said: list[int] = []
        self.asked = False
        self._plan: list[int] = []

    # ---- what a family gives ---------------------------------------------------------------------

    # Codes that make an answer whole; the first says nothing more.
    ENDS: ClassVar[tuple[str, ...]] = ("done", "leave")

    def make_codes(self) -> Codes:
        """What can be said under the rules of the batch; each of `ENDS` has one code."""
        return Codes(("done", 1), ("leave", 1), ("none", 1), ("take", self.batch.protocol.top_k))

    def is_asked(self) -> bool:
        """Whether the user has something to say to the move that was posed."""
        return bool(self.batch.arrays["verb"][0] == Verb.RECOMMEND)

    def read_rule(self) -> list[int]:
        """The codes of what stands in the fields of the move: the rule user's answer."""
        a = self.batch.arrays
        rank, of = int(a["rank"][0]), self.codes.of
        return [
            of("take", rank - 1) if rank else of("none"),
            of("leave" if a["left"][0] else "done"),
        ]

    def mark_legal(self, legal: NDArray[np.int8]) -> None:
        """Set the codes that may come next, in an array of zeros."""
        of = self.codes.of
        if self.said:
            legal[of("done")] = 1
        else:
            shown = int((self.batch.arrays["shown"][0] >= 0).sum())
            legal[of("none")] = 1
            legal[of("take") : of("take") + shown] = 1
        legal[of("leave")] = 1

    def write(self) -> None:
        """Put the answer into the fields of the move, in place of the rule user's."""
        a, said = self.batch.arrays, self.words()
        a["rank"][0] = next((number + 1 for word, number in said if word == "take"), 0)
        a["left"][0] = said[-1][0] == "leave"

    def parts(self) -> Mapping[str, Part]:
        """The arrays of `mind`, by key."""
        longest, k = np.iinfo(np.int32).max, self.batch.protocol.top_k
        width = self.batch.arrays["unit"].shape[1]
        return {
            "turn": Part(0, longest, 1, np.int32),
            "unit": Part(-1, longest, width, np.int32),
            "shown_items": Part(-1, self.batch.world.n_items - 1, k, np.int32),
        }

    def mind(self) -> dict[str, NDArray[Any]]:
        """What the user wants, and what they were asked or shown; new arrays, by key."""
        a = self.batch.arrays
        return {
            "turn": a["turn"][:1].astype(np.int32),
            "unit": a["unit"][0].astype(np.int32),
            "shown_items": a["shown"][0].astype(np.int32),
        }

    # ---- what is the same everywhere -------------------------------------------------------------

    def space(self) -> spaces.Dict:
        """The space of `observation`."""
        found: dict[str, spaces.Space[Any]] = {
            key: spaces.Box(part.low, part.high, (part.width,), dtype=part.dtype)
            for key, part in self.parts().items()
        }
        return spaces.Dict({**found, "said": spaces.Box(0, 1, (self.n,), dtype=np.int8)})

    def observation(self) -> dict[str, NDArray[Any]]:
        """`mind`, and `said`: int8 (n,), 1 for the codes of the answer so far."""
        said = np.zeros(self.n, dtype=np.int8)
        said[self.said] = 1
        return {**self.mind(), "said": said}

    def words(self) -> list[tuple[str, int]]:
        """The answer so far: word and number of each code."""
        return [self.codes.meaning(code) for code in self.said]

    def rest(self) -> None:
        """Nobody is asked anything: an episode was opened, or a move settled."""
        self.asked = False
        self.said.clear()
        self.legal[:] = 1

    def ask(self) -> bool:
        """Begin an answer to the move that was posed and that the rule user has answered.

        Returns:
            Whether the user has something to say; if not, what the rules say stands.
        """
        self.rest()
        self.asked = self.is_asked()
        if self.asked:
            self._plan = self.read_rule()
            self._mark()
        return self.asked

    def suggest(self) -> int:
        """The code with which the rule user would go on.

        After an answer that is not the rule user's own: the next of theirs that is still legal, and
        an end where none is left.
        """
        n = len(self.said)
        if self.said == self._plan[:n] and n < len(self._plan):
            return self._plan[n]
        left = [code for code in self._plan if self.legal[code] and code not in self.said]
        ends = [self.codes.of(word) for word in self.ENDS]
        return next((code for code in (*left, *ends) if self.legal[code]), self._any())

    def read(self, action: Any) -> int:
        """An action as a code, legal or not.

        Raises:
            IllegalActionError: no whole number from 0 to n - 1.
        """
        try:
            code = -1 if isinstance(action, (bool, np.bool_)) else operator.index(action)
        except TypeError:
            code = -1
        if not 0 <= code < self.n:
            raise IllegalActionError(
                f"{shown(action)} is no code of the user; a whole number from 0 to {self.n - 1} is "
                "needed (int or a numpy integer)."
            )
        return code

    def say(self, code: int) -> bool:
        """One more code; whether the answer is whole.

        Raises:
            IllegalActionError: it is not legal now; nothing has changed.
        """
        if not self.legal[code]:
            raise IllegalActionError(self.why_illegal(code))
        self.said.append(code)
        whole = self.codes.meaning(code)[0] in self.ENDS
        if not whole:
            self._mark()
        return whole

    def close(self) -> None:
        """End the answer by what was said so far; nothing said is what `give_up` says."""
        done = self.codes.of(self.ENDS[0])
        while not self.legal[done]:
            self.said.append(self.give_up())
            self._mark()
        self.said.append(done)

    def give_up(self) -> int:
        """What is said in the place of nothing, while the answer cannot end yet."""
        of = self.codes.first
        named = [of[word] for word in ("unsure", "none", "stop") if word in of]
        return next((code for code in named if self.legal[code]), self._any())

    def why_illegal(self, code: int) -> str:
        """What is wrong with a code, and what may come next."""
        words = dict.fromkeys(self.codes.meaning(int(c))[0] for c in np.flatnonzero(self.legal))
        word, number = self.codes.meaning(code)
        return (
            f"code {code} ({word} {number}) cannot come now; what can: {', '.join(words)}. The "
            "action mask has the codes."
        )

    def state(self) -> Any:
        """What is to be pickled beside the state of the batch."""
        return list(self.said), self.asked, list(self._plan)

    def set_state(self, state: Sequence[Any]) -> None:
        """Take back a `state`, once the batch has taken back its own."""
        said, self.asked, plan = state
        self.said, self._plan = list(said), list(plan)
        self.legal[:] = 1
        if self.asked:
            self._mark()

    def _any(self) -> int:
        return int(np.flatnonzero(self.legal)[0])

    def _mark(self) -> None:
        self.legal[:] = 0
        self.mark_legal(self.legal)
