"""A conversation as text: one line for each act. Traces, renderings and golden files share it.

Every name carries its id: [a17] is attribute 17, [i203] item 203, [f2] facet 2. The same trace and
world give the same text. The target is not given away before the conversation has ended. Where a
row holds the words of the two sides (`told`, `said`), they stand in quotes below their acts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from recosim.acts import Outcome, Verb
from recosim.standing import standing_acts
from recosim.trace import Trace
from recosim.world.world import World

__all__ = [
    "attribute_label",
    "describe_move",
    "ending_text",
    "facet_label",
    "item_label",
    "question_text",
    "recommendation_text",
    "system_text",
    "transcript",
    "user_text",
]

_INDENT = " " * 4
_USER = f"{_INDENT}user         "


def transcript(trace: Trace, world: World, *, shorten: int | None = None) -> Iterator[str]:
    """The lines of every conversation of a trace, in its order, with an empty line between two.

    Args:
        world: the world that the trace was recorded on.
        shorten: name at most so many items or attributes of a list ("and 7 more"); all by default.
    """
    for k, row in enumerate(trace.table.to_pylist()):
        if k and row["verb"] == Verb.OPEN:
            yield ""
        yield from describe_move(row, world, shorten=shorten)


def describe_move(row: Mapping[str, Any], world: World, *, shorten: int | None = None) -> list[str]:
    """The lines of one row of a trace: what the recommender did, what the user said to it."""
    if row["verb"] == Verb.OPEN:
        agent = f", agent {row['agent']}" if row["agent"] else ""
        return [
            f"conversation {row['conversation']}, user {row['user']}{agent}",
            f"{_USER}{user_text(row, world, shorten=shorten)}  ({_candidates(row)})",
            *_quoted(row.get("said")),
        ]
    number = " - " if _is_silent(row) else f"{row['move']:>2}."
    lines = [f"{number} recommender  {system_text(row, world, shorten=shorten)}"]
    spoken = _quoted(row.get("told"))
    reply = user_text(row, world, shorten=shorten)
    if reply:
        lines += [*spoken, f"{_USER}{reply}  ({_left(row)})"]
    else:
        lines[-1] += f"  ({_left(row)})"
        lines += spoken
    lines += _quoted(row.get("said"))
    end = ending_text(row, world)
    return [*lines, f"{_INDENT}{end}"] if end else lines


def system_text(row: Mapping[str, Any], world: World, *, shorten: int | None = None) -> str:
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


def user_text(row: Mapping[str, Any], world: World, *, shorten: int | None = None) -> str:
    """What the user said to a move, or their opening; "" if they said nothing."""
    if row["verb"] == Verb.OPEN:
        return _opening(row, world, shorten)
    return "" if _is_silent(row) else _reply(row, world, shorten)


def ending_text(row: Mapping[str, Any], world: World) -> str:
    """How the conversation ended with a move, the target named; "" if it went on."""
    return _end(row, world) if row["terminated"] or row["truncated"] else ""


def question_text(row: Mapping[str, Any], world: World, *, shorten: int | None = None) -> str:
    """The question of a move; reads `facet` and `asked`."""
    if row["facet"] >= 0:
        return f"Which {facet_label(world, row['facet'])} do you have in mind?"
    return f"Do you want {_listed(row['asked'], world, attribute_label, 'or', shorten)}?"


def recommendation_text(
    items: Sequence[int],
    world: World,
    because: Sequence[int] = (),
    *,
    shorten: int | None = None,
) -> str:
    """What a recommender says to show items, because of attributes."""
    why = f" For {_listed(because, world, attribute_label, 'and', shorten)}." if because else ""
    return f"How about {_listed(items, world, item_label, 'or', shorten)}?{why}"


def item_label(world: World, item: int) -> str:
    """The name of an item with its id: "Blue Lake [i203]"."""
    return f"{world.item_names[item]} [i{item}]"


def attribute_label(world: World, attribute: int) -> str:
    """The name of an attribute with its id: "indie [a17]"."""
    return f"{world.attribute_names[attribute]} [a{attribute}]"


def facet_label(world: World, facet: int) -> str:
    """The name of a facet with its id: "style [f2]"."""
    return f"{world.facet_names[facet]} [f{facet}]"


def _is_silent(row: Mapping[str, Any]) -> bool:
    """A reflection to which the user adds nothing: it takes no turn."""
    return bool(row["verb"] == Verb.REFLECT and row["outcome"] == Outcome.NOTHING)


def _opening(row: Mapping[str, Any], world: World, shorten: int | None) -> str:
    named = _listed(row["accepted"], world, attribute_label, "and", shorten)
    said = f"I am looking for something with {named}."
    if row["facet"] >= 0:
        said = f"As to {facet_label(world, row['facet'])} I want {named}."
    for act in standing_acts(row["standing"]):
        wish = _listed(act.attributes, world, attribute_label, "and")
        wish = f"something with {wish}" if act.directive == "want" else f"nothing with {wish}"
        if act.condition:
            given = _listed(act.condition, world, attribute_label, "and")
            said += f" Whenever I ask for {given}: {wish}."
        else:
            said += f" This time: {wish}."
    return said


def _reply(row: Mapping[str, Any], world: World, shorten: int | None) -> str:
    """What the user said to a move."""
    said = [_answer(row, world, shorten)]
    if row["verb"] == Verb.ASK:
        if row["outcome"] == Outcome.NO and row["accepted"]:
            said.append(f"But I do want {_listed(row['accepted'], world, attribute_label, 'and')}.")
    elif row["verb"] in (Verb.RECOMMEND, Verb.REFLECT):
        less = _listed(row["asked"], world, attribute_label, "and")
        more = _listed(row["accepted"], world, attribute_label, "and")
        wishes = [f"less {less}"] * bool(row["asked"]) + [f"more {more}"] * bool(row["accepted"])
        if wishes:
            text = ", ".join(wishes)
            said.append(f"{text[0].upper()}{text[1:]}.")
    if row["left"]:
        said.append("(leaves)")
    return " ".join(part for part in said if part)


def _answer(row: Mapping[str, Any], world: World, shorten: int | None) -> str:
    outcome, two = row["outcome"], len(row["asked"]) == 2
    if row["verb"] == Verb.REFLECT and outcome in (Outcome.YES, Outcome.NO):
        return ""
    if outcome == Outcome.YES:
        if row["facet"] < 0 and len(row["accepted"]) == len(row["asked"]):
            return "Yes, both." if two else "Yes."
        return f"Yes: {_listed(row['accepted'], world, attribute_label, 'and', shorten)}."
    if outcome == Outcome.NO:
        if row["facet"] >= 0:
            return "None in particular."
        return "Neither." if two else "No."
    if outcome == Outcome.UNSURE:
        return "I don't know."
    if outcome == Outcome.HIT:
        return f"Yes, {item_label(world, row['items'][row['rank'] - 1])}!"
    if outcome == Outcome.MISS:
        return "None of these." if len(row["items"]) > 1 else "No, not that."
    return ""


def _quoted(words: str | None) -> list[str]:
    """Words as they were said, on a line of their own below the act; no line if there are none."""
    text = " ".join((words or "").split())
    return [f"{' ' * len(_USER)}“{text}”"] if text else []


def _candidates(row: Mapping[str, Any]) -> str:
    n = row["candidates"]
    return f"{n} candidate{'' if n == 1 else 's'}"


def _left(row: Mapping[str, Any]) -> str:
    return f"{_candidates(row)}, reward {row['reward']:+.2f}"


def _end(row: Mapping[str, Any], world: World) -> str:
    if row["outcome"] == Outcome.HIT:
        return f"found at move {row['move']}, rank {row['rank']}"
    why = "nothing is left" if row["terminated"] else "the turns ran out"
    if row["left"]:
        why = "the user left"
    return f"not found: {why}; the user had {item_label(world, row['target'])} in mind"


def _listed(
    ids: Sequence[int],
    world: World,
    label: Callable[[World, int], str],
    last: str,
    shorten: int | None = None,
) -> str:
    """Names as a list in a sentence."""
    words = [label(world, i) for i in ids[:shorten]]
    more = len(ids) - len(words)
    if more:
        return f"{', '.join(words)} {last} {more} more"
    if len(words) < 2:
        return "".join(words) or "nothing"
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
