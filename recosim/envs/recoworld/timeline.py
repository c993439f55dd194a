"""A life as its days: what stands above each session, and the session in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recosim.acts import Level, Verb
from recosim.envs.recoworld.acts import instruction_text, instructions_of
from recosim.envs.recoworld.columns import DISAPPOINTED
from recosim.envs.recoworld.words import session_heading
from recosim.envs.timeline import Row, Timeline
from recosim.world.world import World

__all__ = ["TIMELINE", "LifeTimeline"]

_MARKS = {
    Level.SKIP: "passed over",
    Level.SEEN: "knew it",
    Level.CLICK: "tried",
    Level.ACCEPT: "liked",
    Level.LOVE: "loved",
}
_ENDS = {1: "leaves", DISAPPOINTED: "leaves disappointed", 3: "the rounds run out"}


class LifeTimeline(Timeline):
    """The sessions of a life."""

    part = "session"
    column = "session"

    def heading(self, rows: Sequence[Row], before: Row | None, world: World) -> str:
        """The day, how long the user was away, and what they begin with."""
        first = rows[0]
        told = session_heading(first["day"], first["session"])
        if before is not None and before["gap"] > 1:
            told += f", {before['gap']} days later"
        return _says(told, first["at_opening"] if before is None else before["at_opening"], world)

    def summary(self, rows: Sequence[Row], world: World) -> str:
        """What was done, what came of it, how it ended, and what was said."""
        lists = [row for row in rows if row["verb"] == Verb.RECOMMEND]
        told = [_counted(sum(row["used"] for row in rows), "round")]
        if lists:
            levels = [level for row in lists for level in row["levels"]]
            minutes = sum(spent for row in lists for spent in row["minutes"])
            regret = sum(row["regret"] for row in lists)
            told += [
                f"{_counted(len(lists), 'list')}: tried {_at_least(Level.CLICK, levels)} of "
                f"{_counted(len(levels), 'item')}, liked {_at_least(Level.ACCEPT, levels)}",
                f"{minutes:.1f} minutes" + (f", {regret:.1f} too many" if regret > 0 else ""),
            ]
        obeyed, ignored = (sum(row[name] for row in rows) for name in ("obeyed", "ignored"))
        if obeyed or ignored:
            told.append(f"instructions obeyed {obeyed} of {_counted(obeyed + ignored, 'time')}")
        text = "; ".join([*told, *_end(rows[-1])])
        return _says(text, [code for row in rows for code in row["given"]], world)

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


def _says(text: str, codes: Sequence[int], world: World) -> str:
    given = " ".join(instruction_text(act, world) for act in instructions_of(codes))
    return f"{text}. Says: {given}" if given else text


def _end(last: Row) -> Iterator[str]:
    if last["ended"]:
        yield _ENDS[last["ended"]]
    if last["gone"]:
        yield "never comes back"
    elif last["terminated"]:
        yield "does not come back in time"
    elif last["truncated"]:
        yield "cut short"
    elif last["gap"] > 0:
        yield "comes back " + ("the next day" if last["gap"] == 1 else f"in {last['gap']} days")


def _at_least(least: Level, levels: Sequence[int]) -> int:
    return sum(level >= least for level in levels)


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"
