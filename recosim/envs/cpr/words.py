"""How the moves of a CPR conversation are told; `recosim.envs.words` says the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recosim.acts import Note, Outcome, Verb
from recosim.envs.words import (
    Words,
    attribute_label,
    facet_label,
    item_label,
    listed,
    signed,
)
from recosim.standing import standing_acts, wanted_by_standing
from recosim.world.world import World

__all__ = ["WORDS", "CPRWords", "note_text", "question_text", "recommendation_text"]

_NOTES = {
    Note.SEEN: "I know {item} already.",
    Note.LIKED: "I know {item} and liked it.",
    Note.DISLIKED: "I know {item} and did not like it.",
    Note.UNKNOWN: "I never heard of {item}.",
    Note.LATER: "I keep {item} for later.",
}


def _system_text(row: Mapping[str, Any], world: World, *, shorten: int | None = None) -> str:
    """What the recommender did in a move; "" for the user's opening."""
    verb = row["verb"]
    if verb == Verb.OPEN:
        return ""
    if _is_silent(row):
        return "(revises what it believes about the user)"
    if verb == Verb.REFLECT:
        return "What was wrong with these?"
    if verb == Verb.ASK:
        return question_text(row, world, shorten=shorten)
    if verb == Verb.RECOMMEND:
        return recommendation_text(row["items"], world, row["because"], shorten=shorten)
    if verb == Verb.IGNORED:
        return "(a move of the last turn, which the protocol ignores)"
    return "(an illegal move: the turn is lost)"


def _user_text(row: Mapping[str, Any], world: World, *, shorten: int | None = None) -> str:
    """What the user said to a move, or their opening; "" if they said nothing."""
    if row["verb"] == Verb.OPEN:
        return _opening(row, world, shorten)
    return "" if _is_silent(row) else _reply(row, world, shorten)


def _ending_text(row: Mapping[str, Any], world: World) -> str:
    """How the conversation ended with a move, the target named; "" if it went on."""
    return _end(row, world) if row["terminated"] or row["truncated"] else ""


def question_text(row: Mapping[str, Any], world: World, *, shorten: int | None = None) -> str:
    """The question of a move; reads `facet` and `asked`."""
    if row["facet"] >= 0:
        return f"Which {facet_label(world, row['facet'])} do you have in mind?"
    return f"Do you want {listed(row['asked'], world, attribute_label, 'or', shorten)}?"


def recommendation_text(
    items: Sequence[int],
    world: World,
    because: Sequence[int] = (),
    *,
    shorten: int | None = None,
) -> str:
    """What a recommender says to show items, because of attributes."""
    why = f" For {listed(because, world, attribute_label, 'and', shorten)}." if because else ""
    return f"How about {listed(items, world, item_label, 'or', shorten)}?{why}"


def note_text(item: int, note: int, world: World) -> str:
    """What the user says of an item that they do not take now."""
    return _NOTES[Note(note)].format(item=item_label(world, item))


def _is_silent(row: Mapping[str, Any]) -> bool:
    """A reflection to which the user adds nothing: it takes no turn."""
    return bool(row["verb"] == Verb.REFLECT and row["outcome"] == Outcome.NOTHING)


def _opening(row: Mapping[str, Any], world: World, shorten: int | None) -> str:
    named = listed(row["accepted"], world, attribute_label, "and", shorten)
    said = f"I am looking for something with {named}."
    if row["facet"] >= 0:
        said = f"As to {facet_label(world, row['facet'])} I want {named}."
    if row["items"]:
        liked = f"I liked {listed(row['items'], world, item_label, 'and')}."
        said = f"{liked} {said}" if row["accepted"] else liked
    elif not row["accepted"]:
        said = "Surprise me."
    for act in standing_acts(row["standing"]):
        wish = listed(act.attributes, world, attribute_label, "and")
        wish = f"something with {wish}" if act.directive == "want" else f"nothing with {wish}"
        if act.condition:
            given = listed(act.condition, world, attribute_label, "and")
            said += f" Whenever I ask for {given}: {wish}."
        else:
            said += f" This time: {wish}."
    return said


def _reply(row: Mapping[str, Any], world: World, shorten: int | None) -> str:
    """What the user said to a move."""
    said = [_answer(row, world, shorten)]
    if row["verb"] == Verb.ASK:
        if row["outcome"] in (Outcome.NO, Outcome.UNSURE) and row["accepted"]:
            said.append(f"But I do want {listed(row['accepted'], world, attribute_label, 'and')}.")
    elif row["verb"] in (Verb.RECOMMEND, Verb.REFLECT):
        notes = row.get("notes") or ()
        said += [note_text(*pair, world) for pair in zip(notes[::2], notes[1::2], strict=True)]
        said += [_question(row, world)]
        less = listed(row["asked"], world, attribute_label, "and")
        more = listed(row["accepted"], world, attribute_label, "and")
        wishes = [f"less {less}"] * bool(row["asked"]) + [f"more {more}"] * bool(row["accepted"])
        if wishes:
            text = ", ".join(wishes)
            said.append(f"{text[0].upper()}{text[1:]}.")
    if row["left"]:
        said.append("(leaves)")
    return " ".join(part for part in said if part)


def _answer(row: Mapping[str, Any], world: World, shorten: int | None) -> str:
    outcome, n = row["outcome"], len(row["asked"])
    if row["verb"] == Verb.REFLECT and outcome in (Outcome.YES, Outcome.NO):
        return ""
    if outcome == Outcome.YES:
        if row["facet"] < 0 and len(row["accepted"]) == len(row["asked"]):
            return "Yes." if n == 1 else "Yes, both." if n == 2 else "Yes, all of them."
        return f"Yes: {listed(row['accepted'], world, attribute_label, 'and', shorten)}."
    if outcome == Outcome.NO:
        if row["facet"] >= 0:
            return "None in particular."
        return "No." if n == 1 else "Neither." if n == 2 else "None of them."
    if outcome == Outcome.UNSURE:
        return "" if row["verb"] == Verb.RECOMMEND else "I don't know."
    if outcome == Outcome.HIT:
        taken = row.get("taken") or [row["items"][row["rank"] - 1]]
        return f"Yes, {listed(taken, world, item_label, 'and')}!"
    if outcome == Outcome.MISS:
        return "None of these." if len(row["items"]) > 1 else "No, not that."
    return ""


def _question(row: Mapping[str, Any], world: World) -> str:
    """What the user asks about a list; "" for nothing."""
    asked = row.get("inquired")
    if asked is None or asked == -1:
        return ""
    return f"What is {item_label(world, asked)} like?" if asked >= 0 else "What are these like?"


def _candidates(row: Mapping[str, Any]) -> str:
    n = row["candidates"]
    return f"{n} candidate{'' if n == 1 else 's'}"


def _left(row: Mapping[str, Any]) -> str:
    return f"{_candidates(row)}, reward {row['reward']:+.2f}"


def _end(row: Mapping[str, Any], world: World) -> str:
    gathered = row.get("gathered") or 0
    if row["outcome"] == Outcome.HIT and gathered < 2:
        return f"found at move {row['move']}, rank {row['rank']}"
    if row["outcome"] == Outcome.HIT:
        return f"satisfied at move {row['move']}: {gathered} items taken"
    why = "nothing is left" if row["terminated"] else "the turns ran out"
    if row["left"]:
        why = "the user left"
    if gathered:
        return f"{why}; {gathered} item{'s' * (gathered != 1)} taken"
    return f"not found: {why}; the user had {item_label(world, row['target'])} in mind"


class CPRWords(Words):
    """The sentences of CPR and Critique."""

    hidden = "the target"

    def system_text(
        self, row: Mapping[str, Any], world: World, *, shorten: int | None = None
    ) -> str:
        return _system_text(row, world, shorten=shorten)

    def user_text(self, row: Mapping[str, Any], world: World, *, shorten: int | None = None) -> str:
        return _user_text(row, world, shorten=shorten)

    def ending_text(self, row: Mapping[str, Any], world: World) -> str:
        return _ending_text(row, world)

    def number(self, row: Mapping[str, Any]) -> int | None:
        return None if _is_silent(row) else int(row["move"])

    def state(self, row: Mapping[str, Any]) -> str:
        return _candidates(row) if row["verb"] == Verb.OPEN else _left(row)

    def is_silent(self, row: Mapping[str, Any]) -> bool:
        return _is_silent(row)

    def figures(self, row: Mapping[str, Any]) -> list[str]:
        n, opening, supported = row["candidates"], row["verb"] == Verb.OPEN, row["supported"]
        found = [f"{n:,} candidate{'s' * (n != 1)} left"]
        found += [f"reward {signed(row['reward'])}"] * (not opening)
        found += [f"rank {row['rank']}"] * (row["rank"] > 0)
        if supported is not None:
            found.append(f"reasons hold for {100 * supported:.0f} %")
        return found

    def confirmed(self, row: Mapping[str, Any], world: World) -> list[str]:
        """The attributes that the user accepted or asked for, by an instruction that holds too."""
        named = [*row["accepted"], *wanted_by_standing(row["standing"], row["accepted"])]
        return [attribute_label(world, a) for a in named]


WORDS = CPRWords()
