"""How a life is told, as a diary of days and sessions; `recosim.envs.words` says the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recosim.acts import Level, Outcome, Verb
from recosim.envs.recoworld.acts import instruction_text, instructions_of
from recosim.envs.words import Words, attribute_label, item_label, listed, signed
from recosim.world.world import World

__all__ = ["WORDS", "LifeWords", "session_heading"]

Row = Mapping[str, Any]

_ENDED = {
    1: "the session is over: the user has had enough",
    2: "the session is over: the user is disappointed",
    3: "the session is over: its rounds ran out",
}
# How items are told that somebody went so far with.
_WENT = ((Level.SEEN, "know"), (Level.CLICK, "tried"), (Level.ACCEPT, "liked"),
         (Level.LOVE, "loved"))  # fmt: skip


def session_heading(day: int, session: int) -> str:
    """What stands above a session; sessions are counted from 1 for people."""
    return f"day {day}, session {session + 1}"


class LifeWords(Words):
    """The sentences of RecoWorld."""

    hidden = "their mood"

    def system_text(self, row: Row, world: World, *, shorten: int | None = None) -> str:
        verb = row["verb"]
        if verb == Verb.ASK:
            return f"Are you in the mood for {attribute_label(world, row['about'])}?"
        if verb == Verb.RECOMMEND:
            why = ""
            if row["because"]:
                why = f" For {listed(row['because'], world, attribute_label, 'and', shorten)}."
            if not row["items"]:
                return f"(has nothing left to show){why}"
            return f"How about {listed(row['items'], world, item_label, 'or', shorten)}?{why}"
        if verb == Verb.REFLECT:
            return "(takes up what was said)" if self.is_silent(row) else "How is this going?"
        if verb == Verb.PASS:
            return "(shows nothing)"
        return "(an illegal move: the round is lost)" if verb == Verb.ILLEGAL else ""

    def user_text(self, row: Row, world: World, *, shorten: int | None = None) -> str:
        said = [_reaction(row, world, shorten)] if row["verb"] == Verb.RECOMMEND else []
        if row["verb"] == Verb.ASK:
            answers = {Outcome.YES: "Yes.", Outcome.NO: "No.", Outcome.UNSURE: "I don't know."}
            said = [answers[row["outcome"]]]
        for word, attribute in (("Less", row["less"]), ("More", row["more"])):
            if attribute >= 0:
                said.append(f"{word} {attribute_label(world, attribute)}.")
        given = row["at_opening" if row["verb"] == Verb.OPEN else "given"]
        said += [instruction_text(act, world) for act in instructions_of(given)]
        return " ".join(said)

    def ending_text(self, row: Row, world: World) -> str:
        if row["truncated"]:
            return "the moves ran out"
        if not row["terminated"]:
            return ""
        return "the user left for good" if row["gone"] else "the user does not come back in time"

    def number(self, row: Row) -> int | None:
        return None if self.is_silent(row) else int(row["step"])

    def is_silent(self, row: Row) -> bool:
        return bool(row["verb"] == Verb.REFLECT and not row["used"])

    def state(self, row: Row) -> str:
        if row["verb"] == Verb.OPEN:
            return ""
        minutes = sum(row["minutes"])
        spent = [f"{minutes:.1f} minutes"] * (minutes > 0)
        return ", ".join([*spent, f"reward {row['reward']:+.2f}"])

    def lead(self, row: Row, world: World) -> str:
        if not row["items"]:
            return "There is nothing left to show."
        why = listed(row["because"], world, attribute_label, "and")
        return f"How about these, for {why}?" if row["because"] else super().lead(row, world)

    def figures(self, row: Row) -> list[str]:
        if row["verb"] == Verb.OPEN:
            return []
        told = [f"day {row['day']}, session {row['session'] + 1}, round {row['round']}"]
        minutes = sum(row["minutes"])
        told += [f"{minutes:.1f} minutes"] * (minutes > 0)
        told += [f"obeyed {row['obeyed']}, ignored {row['ignored']}"] * bool(
            row["obeyed"] + row["ignored"]
        )
        return [*told, f"reward {signed(row['reward'])}"]

    def describe_move(self, row: Row, world: World, *, shorten: int | None = None) -> list[str]:
        words = (row.get("said") or "").split("\n")
        # What is said at the return stands below its own heading.
        back = words.pop() if row["gap"] > 0 and row.get("said") else ""
        lines = super().describe_move({**row, "said": "\n".join(words)}, world, shorten=shorten)
        if row["verb"] == Verb.OPEN:
            return [lines[0], session_heading(row["day"], row["session"]), *lines[1:]]
        if row["ended"]:
            end = [f"    {_ENDED[row['ended']]}"]
            at = len(lines) - bool(row["terminated"] or row["truncated"])
            lines[at:at] = end
        if row["gap"] > 0:
            lines += ["", session_heading(row["day"] + row["gap"], row["session"] + 1)]
            wishes = instructions_of(row["at_opening"])
            lines += self.said_lines(" ".join(instruction_text(act, world) for act in wishes), back)
        return lines


def _reaction(row: Row, world: World, shorten: int | None) -> str:
    """What was done with a list: how far it was read, and what with its items."""
    items, levels = row["items"], row["levels"]
    read = sum(level >= 0 for level in levels)
    parts: list[str] = []
    for level, verb in _WENT:
        there = [v for v, got in zip(items, levels, strict=True) if got == level]
        if there:
            parts.append(f"{verb} {listed(there, world, item_label, 'and', shorten)}")
    far = f"Read {read} of {len(items)}" if 0 < read < len(items) else ""
    if not any(level >= Level.CLICK for level in levels):
        parts.append("took nothing" if items else "nothing to take")
    text = ", ".join(parts)
    return f"{far}: {text}." if far else f"{text[0].upper()}{text[1:]}."


WORDS = LifeWords()
