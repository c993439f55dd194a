"""A person lives a life: they walk through lists item by item, say what should change, and go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from recosim.acts import Answer, Instruct, Leave, Level, React, UserAct, Verb
from recosim.envs.board import Typed, UserSeat
from recosim.envs.recoworld.acts import instruction_text
from recosim.envs.recoworld.words import session_heading
from recosim.envs.words import attribute_label, item_label, words_of
from recosim.errors import OptionError, RecosimError

__all__ = ["LifeUserSeat"]

_LEVELS = {
    "skip": Level.SKIP, "s": Level.SKIP, "": Level.SKIP, "no": Level.SKIP, "n": Level.SKIP,
    "seen": Level.SEEN, "know": Level.SEEN, "known": Level.SEEN,
    "click": Level.CLICK, "c": Level.CLICK, "open": Level.CLICK, "try": Level.CLICK,
    "like": Level.ACCEPT, "l": Level.ACCEPT, "yes": Level.ACCEPT, "y": Level.ACCEPT,
    "love": Level.LOVE,
}  # fmt: skip
_STOP = ("stop", "enough", "done")
_GO_ON = ("", "go on", "next", "more", "ok", "continue", "fine")
_LEAVE = {
    "leave": Leave("tired"),
    "bye": Leave("tired"),
    "leave disappointed": Leave("disappointed"),
    "leave for good": Leave("disappointed", True),
}
_YES, _NO = ("yes", "y", "yeah", "sure"), ("no", "n", "nope", "nah")
_UNSURE = ("", "don't know", "dont know", "dk", "unsure", "maybe")


class LifeUserSeat(UserSeat):
    """One line for each item of a list, then one for what should change, or to go on.

    The person may do what the rules would not have done: what follows is drawn from what they did.
    """

    def __init__(self, batch: Any, acts: Any) -> None:
        super().__init__(batch, acts)
        self._levels: list[Level] = []
        self._minutes: dict[int, float] = {}
        self._stopped = False
        self._said: list[UserAct] = []

    def introduce(self) -> Iterator[RenderableType]:
        a, rules = self.batch.arrays, self.batch.protocol
        yield Text(
            f"You are user {int(a['user'][0])} for {rules.horizon} days. The recommender knows "
            "what this user took before."
        )
        yield from self.show_mind()
        yield Text("Walk through each list item by item; 'help' says how.\n")

    def show_mind(self) -> Iterator[RenderableType]:
        """Taste, mood, and how long this user means to stay today."""
        portrait, a = self.acts.portrait(self.batch, 0), self.batch.arrays
        for what, ids in (
            ("You like", portrait.likes),
            ("You do not care for", portrait.dislikes),
            ("Today you are in the mood for", portrait.mood),
        ):
            if ids:
                named = ", ".join(attribute_label(self.world, i) for i in ids)
                yield Text(f"{what} {named}.", "bold")
        left = float(a["intended"][0]) - float(a["session_minutes"][0])
        yield Text(f"You mean to stay for {max(left, 0.0):.0f} more minutes.")

    # ---- what is heard ---------------------------------------------------------------------------

    def is_asked(self) -> bool:
        verb = self.batch.arrays["verb"][0]
        if verb == Verb.REFLECT:
            return bool(self.acts.last_move(self.batch, 0)["used"])
        return verb in (Verb.ASK, Verb.RECOMMEND, Verb.PASS)

    def hear(self) -> Iterator[RenderableType]:
        self._levels, self._minutes, self._stopped, self._said = [], {}, False, []
        move = self.acts.last_move(self.batch, 0)
        heading = session_heading(move["day"], move["session"])
        yield Text(f"\n{heading}, round {move['round']}", "dim")
        number = int(self.batch.arrays["step"][0]) + 1
        yield Text(f"{number:>2}. recommender  {self.lead(move, words_of(self.batch.family))}")
        for place, item in enumerate(self._items, start=1):
            yield Text(f"    {place:>2}. {item_label(self.world, item)}")
        yield from self._prompt()

    def _prompt(self) -> Iterator[RenderableType]:
        """What the person is asked next."""
        if self._walking():
            item = self._items[len(self._levels)]
            has = self.world.item_attributes.row(item).tolist()
            told = ", ".join(str(self.world.attribute_names[a]) for a in has)
            yield Text(f"  {len(self._levels) + 1}. {item_label(self.world, item)}: {told}")
            if not self._levels:
                yield Text("  skip, seen, click, like or love it? Or stop here.", "dim")
        elif self.batch.arrays["verb"][0] != Verb.ASK:
            yield Text("  Go on, leave, or say what should change.", "dim")

    @property
    def _items(self) -> list[int]:
        a = self.batch.arrays
        if a["verb"][0] != Verb.RECOMMEND:
            return []
        shown: list[int] = a["shown"][0, : a["n_shown"][0]].tolist()
        return shown

    def _walking(self) -> bool:
        return not self._stopped and len(self._levels) < len(self._items)

    # ---- what is typed ---------------------------------------------------------------------------

    def read(self, line: str) -> Typed:
        given = " ".join(line.casefold().replace("’", "'").rstrip(".!").split())
        if given not in _LEAVE and (typed := self.command(line, self._help())):
            return typed
        if given == "mind":
            return Typed("look", tuple(self.show_mind()))
        if given in _LEAVE:
            return self._done(_LEAVE[given])
        if self._walking():
            return self._walk(given, line)
        if self.batch.arrays["verb"][0] == Verb.ASK:
            return self._answer(given, line)
        if given in _GO_ON:
            return self._done()
        self._wish(line)
        return self._done()

    def _walk(self, given: str, line: str) -> Typed:
        """What is done with the next item: a word, and minutes behind it if need be."""
        word, _, minutes = given.partition(" ")
        if given in _STOP:
            if not self._levels:
                raise OptionError("the first item of a list is read; skip it, or take it.")
            self._stopped = True
        elif word in _LEVELS and (not minutes or _is_number(minutes)):
            item, level = self._items[len(self._levels)], _LEVELS[word]
            if minutes:
                self._check_minutes(item, level, float(minutes))
                self._minutes[item] = float(minutes)
            self._levels.append(level)
        else:
            self._in_one_line(line)
        if self._said and not self._walking():
            return self._done()
        return Typed("look", tuple(self._prompt()))

    def take_back(self) -> Typed | None:
        if not self._levels and not self._stopped:
            return None
        if self._stopped:
            self._stopped = False
        else:
            self._levels.pop()
        for item in self._items[len(self._levels) :]:
            self._minutes.pop(item, None)
        self._said = []
        return Typed("look", tuple(self._prompt()))

    def _check_minutes(self, item: int, level: Level, minutes: float) -> None:
        longest = float(self.batch.arrays["length"][item])
        if level < Level.CLICK or minutes > longest:
            raise OptionError(
                f"{item_label(self.world, item)} is {longest:g} minutes long; minutes go to what "
                "is clicked, liked or loved."
            )

    def _in_one_line(self, line: str) -> None:
        """The whole list in a sentence: "I liked the second one, and no more rock, please"."""
        acts = self.parser.parse_turn(line, self._context())
        react = next((act for act in acts if isinstance(act, React)), None)
        if react is None and not self._levels:
            raise OptionError("skip, seen, click, like or love; or stop, or leave.")
        levels = dict(react.levels) if react is not None else {}
        for item in self._items[len(self._levels) :]:
            self._levels.append(levels.get(item, Level.SKIP))
        self._said = [act for act in acts if not isinstance(act, React)]
        self._stopped = True

    def _wish(self, line: str) -> None:
        """What should change; words about a list are no answer to a pass."""
        acts = self.parser.parse_turn(line, self._context())
        self._said = [act for act in acts if not isinstance(act, React)]
        if not self._said:
            raise OptionError("say what should change, for instance: no more rock for now.")

    def _answer(self, given: str, line: str) -> Typed:
        about = int(self.batch.arrays["about"][0])
        if given in _YES:
            return self._done(Answer("yes", (about,)))
        if given in _NO:
            return self._done(Answer("no"))
        if given in _UNSURE:
            return self._done(Answer("unsure"))
        self._said = list(self.parser.parse_turn(line, self._context()))
        return self._done()

    def _context(self) -> Any:
        return self.acts.context(self.acts.last_move(self.batch, 0), self.batch.protocol)

    def _done(self, *more: UserAct) -> Typed:
        """Write the answer into the fields of the move."""
        acts: list[UserAct] = []
        verb, items = self.batch.arrays["verb"][0], self._items
        if verb == Verb.RECOMMEND:
            levels = tuple(zip(items, self._levels, strict=False))
            if items and not levels:  # they left before they read on
                levels = ((items[0], Level.SKIP),)
            acts.append(React(None, levels, (), tuple(self._minutes.items())))
        acts += [*self._said, *more]
        if not acts:
            self._nothing()
            return Typed("act")
        try:
            self.acts.write_answer(self.batch, 0, acts)
        except RecosimError:
            self._said = []
            raise
        heard = [act for act in acts if isinstance(act, Instruct)]
        told = tuple(Text(f"  ({instruction_text(act, self.world)})", "dim") for act in heard)
        return Typed("act", told)

    def _nothing(self) -> None:
        """Nothing was said to a pass or a reflection: the fields are as they were posed."""
        a = self.batch.arrays
        a["given"][0, :2], a["said"][0], a["ended"][0], a["gone"][0] = -1, -1, 0, 0

    # ---- what followed ---------------------------------------------------------------------------

    def followed(self, row: Mapping[str, Any]) -> Iterator[RenderableType]:
        if row["ended"] or row["gap"] > 0:
            yield Text("    (the session is over)", "dim")
        if row["gap"] > 0:
            days = "a day" if row["gap"] == 1 else f"{row['gap']} days"
            yield Text(f"\nYou come back after {days}.", "bold")
            yield from self.show_mind()

    def _help(self) -> Iterator[str]:
        yield "Of each item: skip (or just enter), seen, click, like, love; minutes may follow"
        yield "('like 3'). 'stop' reads no further. Then go on (enter), leave, leave disappointed,"
        yield "leave for good, or say what should change: 'no more rock for now', 'when it is rock,"
        yield "nothing mellow, today', 'from now on more jazz'. A whole list may be answered in one"
        yield "sentence. Questions: yes, no, don't know."
        yield "'mind' shows what you are after, 'history' what was said, 'undo' takes the last word"
        yield "back, 'quit' leaves the game."


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()
