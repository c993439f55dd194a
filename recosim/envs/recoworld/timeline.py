"""A life as its days: what stands above each session, and the session in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recosim.acts import Level, Verb
from recosim.envs.recoworld.columns import DISAPPOINTED
from recosim.envs.timeline import Row, Timeline
from recosim.envs.words import attribute_label
from recosim.world.world import World

__all__ = ["TIMELINE", "LifeTimeline", "instruction_text"]

_SCOPES = ("the next list", "this session", "always")
_MARKS = {
    Level.SKIP: "passed over",
    Level.SEEN: "knew it",
    Level.CLICK: "consumed",
    Level.ACCEPT: "liked",
    Level.LOVE: "loved",
}
_ENDS = {1: "leaves", DISAPPOINTED: "leaves disappointed", 3: "the rounds run out"}


class LifeTimeline(Timeline):
    """The sessions of a life."""

    part = "session"
    column = "session"

    def heading(self, rows: Sequence[Row], before: Row | None, world: World) -> str:
        """The day, and how long the user was away."""
        first = rows[0]
        told = f"day {first['day']}, session {self.number(rows)}"
        opening = first["at_opening"] if before is None else before["at_opening"]
        if before is not None:
            told += f", {_days(before['gap'])} later"
        given = [instruction_text(code, world) for code in _fours(opening)]
        return f"{told}; begins with: {', '.join(given)}" if given else told

    def summary(self, rows: Sequence[Row], world: World) -> str:
        """What was done, what came of it, what was said, and how it ended."""
        lists = [row for row in rows if row["verb"] == Verb.RECOMMEND]
        levels = [level for row in lists for level in row["levels"]]
        minutes = sum(spent for row in lists for spent in row["minutes"])
        regret = sum(row["regret"] for row in rows)
        told = [
            f"{_counted(sum(row['used'] for row in rows), 'round')}, "
            f"{_counted(len(lists), 'list')}",
            f"consumed {sum(level >= Level.CLICK for level in levels)} of {len(levels)} items, "
            f"liked {sum(level >= Level.ACCEPT for level in levels)}",
            f"{minutes:.1f} minutes" + (f", {regret:.1f} too many" if regret > 0 else ""),
        ]
        given = [instruction_text(c, world) for row in rows for c in _fours(row["given"])]
        if given:
            told.append(f"instructs: {', '.join(given)}")
        obeyed, ignored = (sum(row[name] for row in rows) for name in ("obeyed", "ignored"))
        if obeyed or ignored:
            told.append(f"obeyed {obeyed} of {obeyed + ignored} times")
        return "; ".join([*told, *_end(rows[-1])])

    def marks(self, row: Row) -> list[str]:
        """What became of each item, with the minutes of what was consumed."""
        if row["verb"] != Verb.RECOMMEND:
            return []
        told = []
        for level, minutes in zip(row["levels"], row["minutes"], strict=True):
            word = _MARKS[Level(level)] if level >= 0 else "not read"
            told.append(f"{word}, {minutes:.1f} min" if level >= Level.CLICK else word)
        return told


TIMELINE = LifeTimeline()


def instruction_text(code: Sequence[int], world: World) -> str:
    """An instruction of a trace (directive, attribute, condition, scope) in words."""
    directive, attribute, condition, scope = code
    told = f"{'want' if directive else 'avoid'} {attribute_label(world, attribute)}"
    if condition >= 0:
        told += f" with {attribute_label(world, condition)}"
    return f"{told} ({_SCOPES[scope]})"


def _end(last: Row) -> Iterator[str]:
    if last["ended"]:
        yield _ENDS[last["ended"]]
    if last["gone"]:
        yield "never comes back"
    elif last["terminated"]:
        yield "does not come back in this time"
    elif last["truncated"]:
        yield "cut short"
    elif last["gap"] > 0:
        yield "comes back " + ("the next day" if last["gap"] == 1 else f"in {last['gap']} days")


def _days(n: int) -> str:
    return "one day" if n == 1 else f"{n} days"


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"


def _fours(codes: Sequence[int]) -> Iterator[Sequence[int]]:
    return (codes[k : k + 4] for k in range(0, len(codes), 4))
