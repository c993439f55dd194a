"""The user of CPR and Critique as a player: who has an item in mind, and answers by codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Note, Outcome, Verb
from recosim.envs.player import Codes, Part, Player

__all__ = ["CPRPlayer"]

_NOTES = {"known": Note.SEEN, "liked": Note.LIKED}
_WORD_OF = {int(note): word for word, note in _NOTES.items()}
_ANSWERS = {"yes": Outcome.YES, "no": Outcome.NO, "unsure": Outcome.UNSURE}
_LIST = -2  # in `inquired`: the list as a whole


class CPRPlayer(Player):
    """Codes, of A attributes and lists of K items.

    - A question: `yes`, to all that it names; `no`; `unsure`; or, where it is about a facet or
      names several attributes, `more a` for each of those that are wanted. After it `more a` says
      what is wanted beside.
    - A list: `take k`, the item at place k (from 0), several if need be; `known k` and `liked k`,
      they know it already; `about k`, a question about it; `about_list`; `none`, none of them;
      `less a` (one attribute of the list) and `more a`, what is wrong with it.
    - A reflection that is a question: `less a`, `more a`, or `unsure`.

    The last code is `done`, or `leave`. How often they lie is theirs: masks know what is asked and
    shown, and not what is wanted.

    `mind`, what the user sees:

    | key | shape, dtype | meaning |
    |---|---|---|
    | `turn` | (1,) int32 | number of the move |
    | `verb` | (1,) int8 | of the move, `recosim.acts.Verb` |
    | `wants` | (A,) int8 | 1 for the attributes that they say yes to (`Dialogues.wanted`) |
    | `asked` | (A,) int8 | 1 for what the question is about, or the reasons of the list |
    | `attributes` | (A,) int8 | said so far: 0 nothing, 1 wanted, -1 not, 2 "don't know" |
    | `shown` | (A,) int32 | items of the list that have each |
    | `shown_items` | (K,) int32 | the list, -1 padded |
    | `fits` | (K,) int8 | 2 an item that they have in mind, 1 one that would do as well |
    | `targets` | (targets,) int32 | the items in mind, -1 padded |
    | `borne` | (1,) int32 | disappointments so far |
    """

    def make_codes(self) -> Codes:
        k, n = self.batch.protocol.top_k, self.batch.world.n_attributes
        single = ("done", "leave", "yes", "no", "unsure", "none", "about_list")
        places = ("take", "known", "liked", "about")
        return Codes(
            *((word, 1) for word in single),
            *((word, k) for word in places),
            ("more", n),
            ("less", n),
        )

    def is_asked(self) -> bool:
        a = self.batch.arrays
        verb = a["verb"][0]
        answered = verb == Verb.REFLECT and a["outcome"][0] != Outcome.NOTHING
        return bool(verb in (Verb.ASK, Verb.RECOMMEND) or answered)

    # ---- the rule user's answer ------------------------------------------------------------------

    def read_rule(self) -> list[int]:
        a, of = self.batch.arrays, self.codes.of
        verb, outcome = a["verb"][0], a["outcome"][0]
        more = a["accepted"][0, : a["n_accepted"][0]].tolist()
        said: list[int] = []
        if verb == Verb.ASK:
            if outcome != Outcome.YES:
                said.append(of("no" if outcome == Outcome.NO else "unsure"))
            elif more == self._asked_names():
                said.append(of("yes"))
                more = []
        elif verb == Verb.RECOMMEND:
            said += self._read_list()
        less = int(a["asked"][0, 0]) if verb != Verb.ASK else -1
        said += [of("less", less)] * (less >= 0) + [of("more", i) for i in more]
        if not said:  # a list of which nothing was taken and said, a reflection without an answer
            said.append(of("none" if verb == Verb.RECOMMEND else "unsure"))
        return [*said, of("leave" if a["left"][0] else "done")]

    def _read_list(self) -> list[int]:
        a, of = self.batch.arrays, self.codes.of
        said = []
        for place in range(int(a["n_shown"][0])):
            word = _WORD_OF.get(int(a["notes"][0, place]))
            if word is not None:
                said.append(of(word, place))
            if a["taken"][0, place]:
                said.append(of("take", place))
        if a["rank"][0] > 0 and not a["taken"][0].any():
            said.append(of("take", int(a["rank"][0]) - 1))
        inquired = int(a["inquired"][0])
        if inquired == _LIST:
            said.append(of("about_list"))
        elif inquired >= 0:
            said.append(of("about", a["shown"][0].tolist().index(inquired)))
        if inquired != -1 and a["outcome"][0] == Outcome.MISS:  # the question is not all they say
            said.append(of("none"))
        return said

    # ---- what may come next ----------------------------------------------------------------------

    def mark_legal(self, legal: NDArray[np.int8]) -> None:
        of, verb = self.codes.of, self.batch.arrays["verb"][0]
        legal[of("leave")] = 1
        legal[of("done")] = len(self.said) > 0
        if verb == Verb.ASK:
            self._mark_answer(legal)
        else:
            said = {word for word, _ in self.words()}
            if verb == Verb.RECOMMEND:
                self._mark_list(legal, said)
            else:
                legal[of("unsure")] = not said
            if "take" not in said and "unsure" not in said:
                legal[of("less") :][: self._n] = (self._counts() > 0) & self._is_open()
                self._mark_more(legal, self._is_open())
                if "less" in said:
                    legal[of("less") :][: self._n] = 0

    def _mark_answer(self, legal: NDArray[np.int8]) -> None:
        of, a = self.codes.of, self.batch.arrays
        inside, first = self._asked() > 0, self.words()[:1]
        named = self._asked_names()
        if not first:
            for word in ("no", "unsure"):
                legal[of(word)] = 1
            legal[of("yes")] = len(named) > 0
            if a["asked_facet"][0] >= 0 or len(named) > 1:
                self._mark_more(legal, inside)
            return
        # Beside a no what was asked about is refused; what was begun to be named may go on, of a
        # facet within it.
        allowed = self._is_open() & ~inside
        if first[0][0] == "more":
            allowed = inside if a["asked_facet"][0] >= 0 else allowed | inside
        self._mark_more(legal, allowed)

    def _mark_list(self, legal: NDArray[np.int8], said: set[str]) -> None:
        of, n = self.codes.of, int(self.batch.arrays["n_shown"][0])
        refused = bool(said & {"none", "less", "more"})
        spoken = {number for word, number in self.words() if word in ("take", *_NOTES)}
        for word in ("take", *_NOTES):
            for place in range(n):
                legal[of(word, place)] = place not in spoken and not (word == "take" and refused)
        if not said & {"about", "about_list"}:
            legal[of("about") : of("about") + n] = 1
            legal[of("about_list")] = n > 1
        legal[of("none")] = not refused and "take" not in said

    def _mark_more(self, legal: NDArray[np.int8], allowed: NDArray[np.bool_]) -> None:
        """Attributes that may be named as wanted, while there is room and each but once."""
        named = [number for word, number in self.words() if word == "more"]
        less = [number for word, number in self.words() if word == "less"]
        room = self.batch.arrays["accepted"].shape[1]
        if self.words()[:1] == [("yes", 0)]:
            room -= len(self._asked_names())
        if len(named) < room:
            more = legal[self.codes.of("more") :][: self._n]
            more[:] = allowed
            more[named + less] = 0

    # ---- the answer ------------------------------------------------------------------------------

    def write(self) -> None:
        a, said = self.batch.arrays, self.words()
        verb, words = a["verb"][0], dict(said)
        more = [number for word, number in said if word == "more"]
        if "yes" in words:
            more = [*self._asked_names(), *more]
        if verb == Verb.ASK:
            named = self._asked_names()  # first what answers, then what is wanted beside
            more.sort(key=lambda attribute: bool(named) and attribute not in named)
            first = said[0][0]
            outcome = Outcome.YES if first == "more" else _ANSWERS.get(first, Outcome.UNSURE)
        elif verb == Verb.REFLECT:
            less = "less" in words
            outcome = Outcome.YES if more else Outcome.NO if less else Outcome.UNSURE
        else:
            outcome = self._write_list(said)
        a["outcome"][0], a["left"][0] = outcome, said[-1][0] == "leave"
        a["accepted"][0, : len(more)] = more
        a["n_accepted"][0] = len(more)
        if verb != Verb.ASK:
            a["asked"][0, 0] = words.get("less", -1)

    def _write_list(self, said: list[tuple[str, int]]) -> Outcome:
        a, words = self.batch.arrays, dict(said)
        taken = [number for word, number in said if word == "take"]
        a["taken"][0], a["notes"][0], a["inquired"][0] = 0, 0, -1
        a["taken"][0, taken] = 1
        a["rank"][0] = 1 + min(taken) if taken else 0
        for word, number in said:
            if word in _NOTES:
                a["notes"][0, number] = _NOTES[word]
        if "about_list" in words:
            a["inquired"][0] = _LIST
        elif "about" in words:
            a["inquired"][0] = a["shown"][0, words["about"]]
        asks = a["inquired"][0] != -1
        judged = set(words) & {"none", "less", "more", *_NOTES}
        if taken:
            return Outcome.HIT
        return Outcome.UNSURE if asks and not judged else Outcome.MISS

    # ---- what is seen ----------------------------------------------------------------------------

    def parts(self) -> Mapping[str, Part]:
        rules, world, longest = self.batch.protocol, self.batch.world, np.iinfo(np.int32).max
        n, k = world.n_attributes, rules.top_k
        return {
            "turn": Part(0, rules.max_turns + 1, 1, np.int32),
            "verb": Part(0, max(Verb), 1, np.int8),
            "wants": Part(0, 1, n, np.int8),
            "asked": Part(0, 1, n, np.int8),
            "attributes": Part(-1, 2, n, np.int8),
            "shown": Part(0, k, n, np.int32),
            "shown_items": Part(-1, world.n_items - 1, k, np.int32),
            "fits": Part(0, 2, k, np.int8),
            "targets": Part(-1, world.n_items - 1, rules.targets, np.int32),
            "borne": Part(0, longest, 1, np.int32),
        }

    def mind(self) -> dict[str, NDArray[Any]]:
        a = self.batch.arrays
        targets = a["targets"][0].copy()
        targets[a["n_targets"][0] :] = -1
        wants = np.zeros(self._n, dtype=np.int8)
        wants[self.batch.wanted(0)] = 1
        items = a["shown"][0]
        worth = dict.fromkeys(a["acceptable"][0, : a["n_acceptable"][0]].tolist(), 1)
        worth |= dict.fromkeys(targets.tolist(), 2)
        worth[-1] = 0
        fits = np.array([worth.get(v, 0) for v in items.tolist()], dtype=np.int8)
        return {
            "turn": a["turn"][:1].copy(),
            "verb": a["verb"][:1].copy(),
            "wants": wants,
            "asked": self._asked(),
            "attributes": a["status"][0].copy(),
            "shown": self._counts(),
            "shown_items": items.copy(),
            "fits": fits,
            "targets": targets,
            "borne": a["disappointments"][:1].copy(),
        }

    # ---- inside ----------------------------------------------------------------------------------

    @property
    def _n(self) -> int:
        n: int = self.batch.world.n_attributes
        return n

    def _row(self, item: int) -> NDArray[np.int32]:
        row: NDArray[np.int32] = self.batch.world.item_attributes.row(item)
        return row

    def _asked_names(self) -> list[int]:
        """Attributes that the question names; none of a question about a facet."""
        a = self.batch.arrays
        if a["verb"][0] != Verb.ASK or a["asked_facet"][0] >= 0:
            return []
        return [int(i) for i in a["asked"][0] if i >= 0]

    def _asked(self) -> NDArray[np.int8]:
        """What a question is about, or the reasons of a list; int8 (A,)."""
        a, asked = self.batch.arrays, np.zeros(self._n, dtype=np.int8)
        facet, verb = int(a["asked_facet"][0]), a["verb"][0]
        if verb == Verb.ASK and facet >= 0:
            asked[self.batch.world.facet_attributes.row(facet)] = 1
        asked[self._asked_names()] = 1
        if verb == Verb.RECOMMEND:
            asked[[int(i) for i in a["aspects"][0] if i >= 0]] = 1
        return asked

    def _is_open(self) -> NDArray[np.bool_]:
        """Attributes of which nothing was said, or that the user does not know; bool (A,)."""
        status = self.batch.arrays["status"][0]
        found: NDArray[np.bool_] = (status == 0) | (status == 2)
        return found

    def _counts(self) -> NDArray[np.int32]:
        """Items of the list that have each attribute; of a reflection, of the list refused."""
        a = self.batch.arrays
        name = "shown_last" if a["verb"][0] == Verb.REFLECT else "shown"
        shown = a[name][0, : a[f"n_{name}"][0]].tolist()
        if not shown:
            return np.zeros(self._n, dtype=np.int32)
        rows = np.concatenate([self._row(item) for item in shown])
        return np.bincount(rows, minlength=self._n).astype(np.int32)
