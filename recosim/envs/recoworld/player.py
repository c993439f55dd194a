"""The user of RecoWorld as a player: who walks through lists, wishes, and comes back or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Level, Outcome, Verb
from recosim.envs.player import Codes, Part, Player
from recosim.envs.recoworld.outsiders import true_share
from recosim.users.behaviour import SETTINGS, WORDS

__all__ = ["LifePlayer"]

_LEVELS = ("skip", "seen", "click", "like", "love")  # by their `Level`
_SCOPES = ("turn", "session", "always")
_DIRECTIVES = ("avoid", "want")  # by their codes
# What each end writes into `ended` and `gone`.
_ENDS = {"done": (0, 0), "tired": (1, 0), "disappointed": (2, 0), "for_good": (2, 1)}
_ANSWERS = {"yes": Outcome.YES, "no": Outcome.NO, "unsure": Outcome.UNSURE}
_MOST_GIVEN = 2  # wishes of a move
_FLOAT = float(np.finfo(np.float32).max)


class LifePlayer(Player):
    """Codes, of A attributes and lists of K items.

    - A list is read from the top: for each item `skip`, `seen`, `click`, `like` or `love`, until
      the last one or `stop`. How long an item keeps them follows from the rules: its true utility.
    - A question: `yes`, `no` or `unsure`.
    - Then wishes, two at most: `avoid a` or `want a`, maybe `when c` (only with that beside it),
      and how long it holds, `turn`, `session` or `always`; in answer to a reflection also `belief`:
      it corrects what is believed of them, and instructs nothing.

    The last code is `done`, or they leave the session: `tired`, `disappointed`, or `for_good`.
    Whether and when they come back is up to the rules, as is what a session does to their mind.

    `mind`, what the user sees (float32 where nothing else is said):

    | key | shape, dtype | meaning |
    |---|---|---|
    | `turn` | (3,) int32 | day, session, round |
    | `verb` | (1,) int8 | of the move, `recosim.acts.Verb` |
    | `about` | (A,) int8 | 1 for what is asked about, or the reason of the list |
    | `theta`, `mindset` | (A,) | what they like in the long run, and what they are after today |
    | `boredom` | (A,) | how much each bores them now |
    | `state` | (4,) | fatigue, disappointment, loyalty, minutes that they mean to stay |
    | `shown_items` | (K,) int32 | the list, -1 padded |
    | `fit`, `appeal` | (K,) | how well each fits what they are after, less boredom; its appeal |
    | `levels` | (K,) int8 | what they did with each so far, -1 nothing |
    | `place` | (1,) int32 | of the item that they read next, -1: none |
    | `wishes` | (40,) int32 | in force: directive, attribute, condition, scope, age, eight times |
    """

    ENDS: ClassVar[tuple[str, ...]] = tuple(_ENDS)

    def __init__(self, batch: Any) -> None:
        super().__init__(batch)
        world = batch.world
        degrees = world.item_attributes.degrees()
        self._scale = 1.0 / np.sqrt(np.maximum(degrees, 1))

    def make_codes(self) -> Codes:
        n = self.batch.world.n_attributes
        single = (*_ENDS, "yes", "no", "unsure", *_LEVELS, "stop", *_SCOPES, "belief")
        return Codes(*((word, 1) for word in single), *((w, n) for w in ("avoid", "want", "when")))

    def is_asked(self) -> bool:
        silent = self._trait("feedback") <= WORDS["feedback"].index("binary")
        return not (self.batch.arrays["verb"][0] == Verb.REFLECT and silent)

    # ---- the rule user's answer ------------------------------------------------------------------

    def read_rule(self) -> list[int]:
        a, of = self.batch.arrays, self.codes.of
        verb, said = a["verb"][0], list[int]()
        if verb == Verb.ASK:
            words = {int(outcome): word for word, outcome in _ANSWERS.items()}
            said.append(of(words.get(int(a["outcome"][0]), "unsure")))
        elif verb == Verb.RECOMMEND:
            read = [level for level in a["levels"][0, : self._n_shown()].tolist() if level >= 0]
            said += [of(_LEVELS[level]) for level in read]
            said += [of("stop")] * (len(read) < self._n_shown())
        for directive, attribute, condition, scope in a["given"][0, :_MOST_GIVEN].tolist():
            if attribute >= 0:
                said.append(of(_DIRECTIVES[directive], attribute))
                said += [of("when", condition)] * (condition >= 0)
                said.append(of(_SCOPES[scope]))
        for directive, attribute in enumerate(a["said"][0].tolist()):
            if attribute >= 0:
                said += [of(_DIRECTIVES[directive], attribute), of("belief")]
        going = (int(a["ended"][0]), int(a["gone"][0]))
        return [*said, of(next(word for word, end in _ENDS.items() if end == going))]

    def suggest(self) -> int:
        place = self._place()
        if self.said != self._plan[: len(self.said)] and place >= 0:
            level = int(self._rule_levels[place])
            return self.codes.of(_LEVELS[level] if level >= 0 else "stop")
        return super().suggest()

    def ask(self) -> bool:
        a = self.batch.arrays
        self._rule_levels = a["levels"][0].copy()
        self._rule_minutes = a["minutes"][0].copy()
        return super().ask()

    # ---- what may come next ----------------------------------------------------------------------

    def mark_legal(self, legal: NDArray[np.int8]) -> None:
        of, verb = self.codes.of, self.batch.arrays["verb"][0]
        words = self.words()
        if verb == Verb.ASK and not words:
            legal[[of(word) for word in _ANSWERS]] = 1
        elif self._place() >= 0:
            legal[[of(word) for word in _LEVELS]] = 1
            legal[of("stop")] = self._place() > 0  # the first item is always read
        elif words and words[-1][0] in (*_DIRECTIVES, "when"):
            legal[[of(scope) for scope in _SCOPES]] = 1
            kind, about = words[-1]
            if kind != "when":
                legal[of("when") :][: self._n] = 1
                legal[of("when", about)] = 0
                legal[of("belief")] = (
                    verb == Verb.REFLECT and (kind, "belief") not in self._beliefs()
                )
        else:
            legal[[of(word) for word in _ENDS]] = 1
            if verb != Verb.ILLEGAL and len(self._wishes()) < _MOST_GIVEN:
                for directive in _DIRECTIVES:
                    legal[of(directive) :][: self._n] = 1
                for directive, attribute, _, _ in self._wishes():
                    legal[of(directive, attribute)] = 0

    def give_up(self) -> int:
        words = self.words()
        if words and words[-1][0] in (*_DIRECTIVES, "when"):
            return self.codes.of("turn")
        return super().give_up()

    # ---- the answer ------------------------------------------------------------------------------

    def write(self) -> None:
        a, said = self.batch.arrays, self.words()
        verb = a["verb"][0]
        if verb == Verb.ASK:
            a["outcome"][0] = next((_ANSWERS[w] for w, _ in said if w in _ANSWERS), Outcome.UNSURE)
        elif verb == Verb.RECOMMEND:
            self._write_walk([_LEVELS.index(word) for word, _ in said if word in _LEVELS])
        a["given"][0, :_MOST_GIVEN] = -1
        a["said"][0] = -1
        wishes = self._wishes()
        given = [wish for wish in wishes if wish[3] != "belief"]
        for row, (directive, attribute, condition, scope) in enumerate(given):
            code = _DIRECTIVES.index(directive)
            a["given"][0, row] = code, attribute, condition, _SCOPES.index(scope)
        for directive, attribute, _, scope in wishes:
            if scope == "belief":
                a["said"][0, _DIRECTIVES.index(directive)] = attribute
        ended, gone = _ENDS[said[-1][0]]
        a["ended"][0], a["gone"][0], a["left"][0] = ended, gone, ended > 0

    def _write_walk(self, levels: list[int]) -> None:
        a = self.batch.arrays
        a["levels"][0], a["minutes"][0] = -1, 0.0
        a["levels"][0, : len(levels)] = levels
        for place, level in enumerate(levels):
            if level < Level.CLICK:
                continue
            if self._rule_levels[place] >= Level.CLICK:
                a["minutes"][0, place] = self._rule_minutes[place]
            else:
                item = int(a["shown"][0, place])
                a["minutes"][0, place] = true_share(self.batch, 0, item) * a["length"][item]
        consumed = any(level >= Level.CLICK for level in levels)
        a["outcome"][0] = Outcome.HIT if consumed else Outcome.MISS

    # ---- what is seen ----------------------------------------------------------------------------

    def parts(self) -> Mapping[str, Part]:
        rules, world, longest = self.batch.protocol, self.batch.world, np.iinfo(np.int32).max
        n, k = world.n_attributes, rules.top_k
        real = Part(-_FLOAT, _FLOAT, n, np.float32)
        return {
            "turn": Part(0, longest, 3, np.int32),
            "verb": Part(0, max(Verb), 1, np.int8),
            "about": Part(0, 1, n, np.int8),
            "theta": real,
            "mindset": real,
            "boredom": real,
            "state": real._replace(width=4),
            "shown_items": Part(-1, world.n_items - 1, k, np.int32),
            "fit": real._replace(width=k),
            "appeal": real._replace(width=k),
            "levels": Part(-1, max(Level), k, np.int8),
            "place": Part(-1, k - 1, 1, np.int32),
            "wishes": Part(-1, longest, 40, np.int32),
        }

    def mind(self) -> dict[str, NDArray[Any]]:
        a = self.batch.arrays
        about = np.zeros(self._n, dtype=np.int8)
        if a["verb"][0] in (Verb.ASK, Verb.RECOMMEND) and a["about"][0] >= 0:
            about[a["about"][0]] = 1
        n, k = self._n_shown(), self.batch.protocol.top_k
        bored = (self._trait("boredom") * a["satiation"][0]).astype(np.float32)
        after = a["mindset"][0].astype(np.float64) - bored
        fit, appeal = np.zeros(k, dtype=np.float32), np.zeros(k, dtype=np.float32)
        shown = a["shown"][0]
        for place, item in enumerate(shown[:n].tolist()):
            has = self.batch.world.item_attributes.row(item)
            fit[place] = after[has].sum() * self._scale[item]
        appeal[:n] = a["appeal"][shown[:n]]
        state = [a[name][0] for name in ("fatigue", "letdown", "loyalty", "intended")]
        levels = np.full(k, -1, dtype=np.int8)
        if self.asked and a["verb"][0] == Verb.RECOMMEND:
            read = [_LEVELS.index(word) for word, _ in self.words() if word in _LEVELS]
            levels[: len(read)] = read
        return {
            "turn": np.array([a[name][0] for name in ("day", "session", "turn")], dtype=np.int32),
            "verb": a["verb"][:1].copy(),
            "about": about,
            "theta": a["theta"][0].copy(),
            "mindset": a["mindset"][0].copy(),
            "boredom": bored,
            "state": np.array(state, dtype=np.float32),
            "shown_items": shown.copy(),
            "fit": fit,
            "appeal": appeal,
            "levels": levels,
            "place": np.array([self._place()], dtype=np.int32),
            "wishes": a["instructions"][0].reshape(-1).copy(),
        }

    # ---- inside ----------------------------------------------------------------------------------

    @property
    def _n(self) -> int:
        n: int = self.batch.world.n_attributes
        return n

    def _n_shown(self) -> int:
        return int(self.batch.arrays["n_shown"][0])

    def _trait(self, name: str) -> float:
        traits = self.batch.memory.arrays["traits"]
        row = traits[self.batch.arrays["user"][0] if len(traits) > 1 else 0]
        return float(row[SETTINGS[name].position])

    def _place(self) -> int:
        """Of the item that is read next; -1 where no list is read, or no further."""
        if not self.asked or self.batch.arrays["verb"][0] != Verb.RECOMMEND:
            return -1
        read = len(self.said)
        at_list = all(word in _LEVELS for word, _ in self.words())
        return read if at_list and read < self._n_shown() else -1

    def _wishes(self) -> list[tuple[str, int, int, str]]:
        """The whole wishes of the answer so far: directive, attribute, condition, scope."""
        found, condition = list[tuple[str, int, int, str]](), -1
        directive, about = "", -1
        for word, number in self.words():
            if word in _DIRECTIVES:
                directive, about, condition = word, number, -1
            elif word == "when":
                condition = number
            elif word in (*_SCOPES, "belief"):
                found.append((directive, about, condition, word))
        return found

    def _beliefs(self) -> list[tuple[str, str]]:
        return [(directive, scope) for directive, _, _, scope in self._wishes()]

    def state(self) -> Any:
        rule = (self._rule_levels, self._rule_minutes) if self.asked else None
        return super().state(), rule

    def set_state(self, state: Any) -> None:
        own, rule = state
        if rule is not None:
            self._rule_levels, self._rule_minutes = rule
        super().set_state(own)
