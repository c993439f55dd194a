"""The user of ConvSim as a player: who has a need, and says of it what is asked or missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Level, Outcome, Verb
from recosim.envs.convsim.rules import ROOM, Kind
from recosim.envs.player import Codes, Part, Player
from recosim.kernels.random import OTHER_TERM, OTHER_TURN, draw_units
from recosim.users.behaviour import SETTINGS, WORDS

__all__ = ["SearchPlayer"]

_ENDS = {"done": 0, "satisfied": 1, "impatient": 2}  # by `leaving`
_ANSWERS = ("yes", "no", "unsure")
_MOST_NAMED = 4  # terms of a move
_STRAY_PLACE = 8  # where luck for a term of another need is looked up (docs/convsim.md, 3)


class SearchPlayer(Player):
    """Codes, of the first 64 terms of a need and of a query.

    - A question about a term: `yes`, `no`, `unsure`, or `off_topic`: something of another need.
      After yes and no they may name what is missing.
    - A question about a facet, or the open one: `name k`, the k-th term of the need, or `unsure`.
    - A list is looked at from the top: `up`, `down` or `stop` for each of its first `reads`
      documents. Then what is missing, `name k`, four terms at most (`off_topic` names one of
      another need); what is wrong, `reject j`, the j-th term of the query; or `vague`.

    The last code is `done`, or they go: `satisfied` (with a list), or `impatient`. What they may
    say of a list is up to the setting `feedback`: at `none` nothing, at `unary` a thumb down tells
    nothing, from `critique` on they may name what is missing, at `edit` what is wrong.

    `mind`, what the user sees:

    | key | shape, dtype | meaning |
    |---|---|---|
    | `turn` | (3,) int32 | number of the move, questions and lists so far |
    | `verb` | (1,) int8 | of the move, `recosim.acts.Verb` |
    | `need` | (64,) int32 | its terms in their order, -1 padded |
    | `unsaid` | (64,) int8 | 1 for those that the system was not told |
    | `about` | (2,) int32 | the term asked about, the facet; -1 for none |
    | `alike` | (1,) float32 | the user's similarity of that term to the nearest of the need |
    | `shown_items` | (K,) int32 | the list, -1 padded |
    | `shares` | (K,) float32 | of the need that each document holds; 0 beyond those looked at |
    | `levels` | (K,) int8 | 3 up, 0 down, -1 not looked at, so far |
    | `place` | (1,) int32 | of the document that they look at next, -1: none |
    | `query` | (64,) int32 | terms of positive weight of the query in force, -1 for others |
    | `borne` | (1,) int32 | disappointments so far |
    """

    ENDS: ClassVar[tuple[str, ...]] = tuple(_ENDS)

    def make_codes(self) -> Codes:
        single = (*_ENDS, *_ANSWERS, "off_topic", "up", "down", "stop", "vague")
        return Codes(*((word, 1) for word in single), ("name", ROOM), ("reject", ROOM))

    def is_asked(self) -> bool:
        return bool(self.batch.arrays["verb"][0] in (Verb.ASK, Verb.RECOMMEND))

    def ask(self) -> bool:
        self._need = self._terms()
        self._richness = WORDS["feedback"][int(self._trait("feedback"))]
        # What the rule user named of other needs: another user who strays says the same.
        a, missing = self.batch.arrays, self._need[self._unsaid()[: len(self._need)]].tolist()
        astray = a["kind"][0] == Kind.OFF_TOPIC
        named = [term for term in a["named"][0].tolist() if term >= 0]
        self._strays = [term for term in named if astray or term not in missing]
        self._levels = self.batch.arrays["levels"][0].copy()
        return super().ask()

    # ---- the rule user's answer ------------------------------------------------------------------

    def read_rule(self) -> list[int]:
        a, of = self.batch.arrays, self.codes.of
        verb, kind, said = a["verb"][0], Kind(int(a["kind"][0])), list[int]()
        if verb == Verb.ASK:
            answers = {Kind.YES: "yes", Kind.NO_BARE: "no", Kind.NO_INFORM: "no"}
            answer = answers.get(kind, "unsure" if kind == Kind.DONT_KNOW else "")
            said += [of(answer)] if answer else []
        else:
            said += [of(self._rule_thumb(place)) for place in range(self._reads())]
            if (stop := of("stop")) in said:
                said = said[: said.index(stop) + 1]
        need = self._need.tolist()
        for term in (term for term in a["named"][0].tolist() if term >= 0):
            stray = term in self._strays
            said.append(of("off_topic") if stray else of("name", need.index(term)))
        if a["removed"][0] >= 0:
            said.append(of("reject", a["query_terms"][0].tolist().index(int(a["removed"][0]))))
        said += [of("vague")] * (kind == Kind.NEG_VAGUE)
        going = int(a["leaving"][0])
        return [*said, of(next(word for word, code in _ENDS.items() if code == going))]

    def suggest(self) -> int:
        place = self._place()
        if self.said != self._plan[: len(self.said)] and place >= 0:
            return self.codes.of(self._rule_thumb(place))
        return super().suggest()

    def _rule_thumb(self, place: int) -> str:
        """What the rule user does at a place; who gives thumbs up alone may have looked further."""
        if self._levels[place] >= 0:
            return "up" if self._levels[place] > 0 else "down"
        return "down" if (self._levels[place:] >= 0).any() else "stop"

    # ---- what may come next ----------------------------------------------------------------------

    def mark_legal(self, legal: NDArray[np.int8]) -> None:
        of, a = self.codes.of, self.batch.arrays
        asks, words = a["verb"][0] == Verb.ASK, [word for word, _ in self.words()]
        if self._place() >= 0:
            legal[[of("up"), of("down"), of("stop")]] = 1
            return
        legal[of("impatient")] = 1
        legal[of("done")] = not asks or len(words) > 0
        if asks:
            if not words:
                legal[of("unsure")] = 1
                legal[of("off_topic")] = self._can_stray()
                if a["term"][0] >= 0:
                    legal[[of("yes"), of("no")]] = 1
                else:
                    self._mark_names(legal)
            elif "unsure" not in words and not (a["term"][0] >= 0 and words[0] == "off_topic"):
                self._mark_names(legal)
            return
        legal[of("satisfied")] = 1
        if self._richness in ("critique", "instruction", "edit") and "vague" not in words:
            self._mark_names(legal)
            silent = not {"name", "off_topic", "reject"} & set(words)
            legal[of("vague")] = silent
            if self._richness == "edit" and "reject" not in words:
                legal[of("reject") :] = self._query() >= 0

    def _mark_names(self, legal: NDArray[np.int8]) -> None:
        named = [k for word, k in self.words() if word == "name"]
        if sum(word in ("name", "off_topic") for word, _ in self.words()) >= _MOST_NAMED:
            return
        first = self.codes.of("name")
        names = self._unsaid()
        names[: len(self._need)] &= self._need != self.batch.arrays["term"][0]
        legal[first : first + ROOM] = names
        legal[[first + k for k in named]] = 0
        legal[self.codes.of("off_topic")] = self._can_stray()

    # ---- the answer ------------------------------------------------------------------------------

    def write(self) -> None:
        a, said = self.batch.arrays, self.words()
        words = dict(said)
        named = self._named(said)
        a["named"][0], a["removed"][0] = -1, -1
        if a["verb"][0] == Verb.ASK:
            kind, outcome = self._kind_of_answer(said[0][0], bool(named))
        else:
            kind, outcome = self._write_list(said, bool(named))
            if kind == Kind.POSITIVE:
                named = []
            elif "reject" in words:
                a["removed"][0] = a["query_terms"][0, words["reject"]]
        a["named"][0, : len(named)] = named
        a["kind"][0], a["outcome"][0] = kind, outcome
        a["leaving"][0] = _ENDS[said[-1][0]]

    def _named(self, said: list[tuple[str, int]]) -> list[int]:
        """The terms that were named, each once; those of another need are drawn."""
        named, strays = list[int](), list(self._strays)
        for word, k in said:
            if word == "name":
                named.append(int(self._need[k]))
            elif word == "off_topic":
                named.append(
                    strays.pop(0) if strays else self._draw_stray(_STRAY_PLACE + len(named))
                )
        return [term for term in dict.fromkeys(named) if term >= 0]

    def _kind_of_answer(self, first: str, named: bool) -> tuple[Kind, Outcome]:
        if first in _ENDS:
            return Kind.NOTHING, Outcome.NOTHING
        if first == "yes":
            return Kind.YES, Outcome.YES
        if first == "no":
            return Kind.NO_INFORM if named else Kind.NO_BARE, Outcome.NO
        if self.batch.arrays["term"][0] < 0 and named:
            return Kind.VALUE, Outcome.YES
        return Kind.OFF_TOPIC if named else Kind.DONT_KNOW, Outcome.UNSURE

    def _write_list(self, said: list[tuple[str, int]], named: bool) -> tuple[Kind, Outcome]:
        a, words = self.batch.arrays, dict(said)
        levels = a["levels"][0]
        levels[:] = -1
        for place, word in enumerate(word for word, _ in said if word in ("up", "down")):
            if word == "up":
                levels[place] = Level.ACCEPT
            elif self._richness != "unary":
                levels[place] = Level.SKIP
        if self._richness == "none":
            return Kind.NOTHING, Outcome.MISS
        if "satisfied" in words:
            return Kind.POSITIVE, Outcome.HIT
        if named or "reject" in words:
            return Kind.NEG_REFINE, Outcome.MISS
        return Kind.NEG_VAGUE if "vague" in words else Kind.NEG_BARE, Outcome.MISS

    # ---- what is seen ----------------------------------------------------------------------------

    def parts(self) -> Mapping[str, Part]:
        rules, world, longest = self.batch.protocol, self.batch.world, np.iinfo(np.int32).max
        k, terms = rules.top_k, Part(-1, longest, ROOM, np.int32)
        return {
            "turn": Part(0, longest, 3, np.int32),
            "verb": Part(0, max(Verb), 1, np.int8),
            "need": terms,
            "unsaid": Part(0, 1, ROOM, np.int8),
            "about": terms._replace(width=2),
            "alike": Part(0.0, 1.0, 1, np.float32),
            "shown_items": Part(-1, world.n_items - 1, k, np.int32),
            "shares": Part(0.0, 1.0, k, np.float32),
            "levels": Part(-1, max(Level), k, np.int8),
            "place": Part(-1, k - 1, 1, np.int32),
            "query": terms,
            "borne": Part(0, longest, 1, np.int32),
        }

    def mind(self) -> dict[str, NDArray[Any]]:
        a, k = self.batch.arrays, self.batch.protocol.top_k
        terms = self._terms()
        need = np.full(ROOM, -1, dtype=np.int32)
        need[: len(terms)] = terms
        items, levels = a["shown"][0], np.full(k, -1, dtype=np.int8)
        shares = np.zeros(k, dtype=np.float32)
        index = self.batch.index
        for place, item in enumerate(items[: self._reads()].tolist()):
            holds = index.doc_terms[index.doc_indptr[item] : index.doc_indptr[item + 1]]
            shares[place] = np.isin(terms, holds).mean() if len(terms) else 0.0
        if self.asked:
            for place, word in enumerate(w for w, _ in self.words() if w in ("up", "down")):
                levels[place] = Level.ACCEPT if word == "up" else Level.SKIP
        return {
            "turn": np.array([a[name][0] for name in ("turn", "asked", "lists")], dtype=np.int32),
            "verb": a["verb"][:1].copy(),
            "need": need,
            "unsaid": self._unsaid().astype(np.int8),
            "about": np.array([a["term"][0], a["facet"][0]], dtype=np.int32),
            "alike": np.array([self._alike(int(a["term"][0]), terms)], dtype=np.float32),
            "shown_items": items.copy(),
            "shares": shares,
            "levels": levels,
            "place": np.array([self._place()], dtype=np.int32),
            "query": self._query(),
            "borne": a["disappointments"][:1].copy(),
        }

    # ---- inside ----------------------------------------------------------------------------------

    def _terms(self) -> NDArray[np.int32]:
        """The terms of the need, the first 64 at most."""
        arrays, need = self.batch.collection.arrays, int(self.batch.arrays["need"][0])
        lo, hi = arrays["need_indptr"][need], arrays["need_indptr"][need + 1]
        terms: NDArray[np.int32] = arrays["need_terms"][lo : min(hi, lo + ROOM)]
        return terms

    def _unsaid(self) -> NDArray[np.bool_]:
        """Terms of the need that are neither in the first query nor heard as wanted; bool (64,)."""
        a, terms = self.batch.arrays, self._terms()
        n = int(a["n_heard"][0])
        wanted = a["heard_terms"][0, :n][a["heard_values"][0, :n] == 1]
        unsaid = np.zeros(ROOM, dtype=bool)
        known = np.concatenate([a["start_terms"][0, : a["n_start"][0]], wanted])
        unsaid[: len(terms)] = ~np.isin(terms, known)
        return unsaid

    def _query(self) -> NDArray[np.int32]:
        a = self.batch.arrays
        query: NDArray[np.int32] = np.where(
            (np.arange(ROOM) < a["n_query"][0]) & (a["query_weights"][0] > 0),
            a["query_terms"][0],
            np.int32(-1),
        )
        return query

    def _alike(self, term: int, need: NDArray[np.int32]) -> float:
        """The highest similarity of a term to one of the need: Dice's coefficient of trigrams."""
        if term < 0:
            return 0.0
        if term in need:
            return 1.0
        arrays = self.batch.collection.arrays
        indptr, grams = arrays["gram_indptr"], arrays["grams"]
        own = set(grams[indptr[term] : indptr[term + 1]].tolist())
        best = 0.0
        for other in need.tolist():
            theirs = grams[indptr[other] : indptr[other + 1]].tolist()
            best = max(best, 2.0 * len(own.intersection(theirs)) / (len(own) + len(theirs)))
        return best

    def _reads(self) -> int:
        """Documents of the list that are looked at, at most; none where nothing is told of them."""
        a = self.batch.arrays
        if self.asked and (a["verb"][0] != Verb.RECOMMEND or self._richness == "none"):
            return 0
        return min(int(a["n_shown"][0]), int(self.batch.protocol.reads))

    def _place(self) -> int:
        """Of the document that is looked at next; -1 where no list is, or no further."""
        if not self.asked:
            return -1
        looked = all(word in ("up", "down") for word, _ in self.words())
        return len(self.said) if looked and len(self.said) < self._reads() else -1

    def _can_stray(self) -> bool:
        return bool(self.batch.collection.topics.n_topics > 1)

    def _draw_stray(self, place: int) -> int:
        """A term of the need of another topic, by the luck of the move; -1: it has none."""
        a, arrays = self.batch.arrays, self.batch.collection.arrays
        key = [128 * int(a["turn"][0]) + place]
        turn, term = (
            float(draw_units(a["seed"], a["conversation"], key, purpose)[0])
            for purpose in (OTHER_TURN, OTHER_TERM)
        )
        first, topic = arrays["topic_first"], int(a["user"][0])
        own = int(first[topic + 1] - first[topic])
        other = int(turn * (int(first[-1]) - own))
        other += own * (other >= first[topic])
        lo, hi = arrays["need_indptr"][other], arrays["need_indptr"][other + 1]
        return int(arrays["need_terms"][lo + int(term * (hi - lo))]) if hi > lo else -1

    def _trait(self, name: str) -> float:
        traits = self.batch.memory.arrays["traits"]
        row = traits[self.batch.arrays["user"][0] if len(traits) > 1 else 0]
        return float(row[SETTINGS[name].position])

    def state(self) -> Any:
        own = (self._need, self._richness, self._strays, self._levels) if self.asked else None
        return super().state(), own

    def set_state(self, state: Any) -> None:
        common, own = state
        if own is not None:
            self._need, self._richness, self._strays, self._levels = own
        super().set_state(common)
