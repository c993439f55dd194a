"""`Words`: an episode as text, one line for each act. Renderings, pages and golden files share it.

Every name carries its id: [a17] is attribute 17, [i203] item 203, [f2] facet 2. The same trace and
world give the same text. What is hidden is not given away before the episode has ended. Where a row
holds the words of the two sides (`told`, `said`), they stand in quotes below their acts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recosim.acts import (
    Ask,
    Critique,
    Leave,
    Pass,
    React,
    Recommend,
    Reflect,
    SystemAct,
    UserAct,
    Verb,
)
from recosim.family import family
from recosim.trace import Trace
from recosim.world.world import World

if TYPE_CHECKING:  # acts name things with the labels below
    from recosim.envs.acts import Acts

__all__ = [
    "PlainWords",
    "Words",
    "attribute_label",
    "facet_label",
    "item_label",
    "listed",
    "signed",
    "words_of",
]

Row = Mapping[str, Any]

_INDENT = " " * 4
_USER = f"{_INDENT}user         "


class Words:
    """How the moves of a family are told. Subclasses give the sentences of the two sides.

    Attributes:
        hidden: what a page calls the items that users keep to themselves (`Acts.secrets`).
    """

    hidden: str = "what was in mind"

    # ---- what a family says ----------------------------------------------------------------------

    def system_text(self, row: Row, world: World, *, shorten: int | None = None) -> str:
        """What the recommender did in a move; "" for the opening."""
        raise NotImplementedError

    def user_text(self, row: Row, world: World, *, shorten: int | None = None) -> str:
        """What the user said to a move, or their opening; "" if they said nothing."""
        raise NotImplementedError

    def ending_text(self, row: Row, world: World) -> str:
        """How the episode ended with a move, what was hidden named; "" if it went on."""
        if row["terminated"]:
            return "ended"
        return "the turns ran out" if row["truncated"] else ""

    def number(self, row: Row) -> int | None:
        """The number of the move among those that took a turn; None for one that took none."""
        return int(row["step"])

    def state(self, row: Row) -> str:
        """What stands in brackets behind the opening, or behind a move."""
        return "" if row["verb"] == Verb.OPEN else f"reward {row['reward']:+.2f}"

    def is_silent(self, row: Row) -> bool:
        """Whether the move took no turn and nobody heard it."""
        return False

    def lead(self, row: Row, world: World) -> str:
        """What stands above the list of a move that shows items, on a page that lists them."""
        return "How about one of these?" if len(row["items"]) > 1 else "How about this?"

    def item_text(self, row: Row, world: World, item: int) -> str:
        """An item of the list of a move, on a page that lists them."""
        return item_label(world, item)

    def marks(self, row: Row) -> list[str]:
        """What became of each item of a list, on such a page; [] where nothing is said of them."""
        return []

    def figures(self, row: Row) -> list[str]:
        """What a page prints small below a move."""
        return [] if row["verb"] == Verb.OPEN else [f"reward {signed(row['reward'])}"]

    def confirmed(self, row: Row, world: World) -> list[str] | None:
        """Labels of what the user confirmed in a move; None: users confirm nothing here."""
        return None

    # ---- what all share --------------------------------------------------------------------------

    def said_lines(self, reply: str, words: str | None) -> list[str]:
        """The lines of what the user said: the act, and below it the words; none where there is
        neither."""
        return [*[f"{_USER}{reply}"] * bool(reply), *_quoted(words)]

    def transcript(
        self, trace: Trace, world: World, *, shorten: int | None = None
    ) -> Iterator[str]:
        """The lines of every episode of a trace, in its order, with an empty line between two.

        Args:
            world: the world that the trace was recorded on.
            shorten: name at most so many items or attributes of a list ("and 7 more"); all by
                default.
        """
        for k, row in enumerate(trace.table.to_pylist()):
            if k and row["verb"] == Verb.OPEN:
                yield ""
            yield from self.describe_move(row, world, shorten=shorten)

    def describe_move(self, row: Row, world: World, *, shorten: int | None = None) -> list[str]:
        """The lines of one row of a trace: what the recommender did, what the user said to it."""
        state = f"  ({self.state(row)})" if self.state(row) else ""
        reply = self.user_text(row, world, shorten=shorten)
        if row["verb"] == Verb.OPEN:
            agent = f", agent {row['agent']}" if row["agent"] else ""
            return [
                f"conversation {row['conversation']}, user {row['user']}{agent}",
                *[f"{_USER}{reply}{state}"] * bool(reply or state),
                *_quoted(row.get("said")),
            ]
        k = self.number(row)
        number = " - " if k is None else f"{k:>2}."
        lines = [f"{number} recommender  {self.system_text(row, world, shorten=shorten)}"]
        spoken = _quoted(row.get("told"))
        if reply:
            lines += [*spoken, f"{_USER}{reply}{state}"]
        else:
            lines[-1] += state
            lines += spoken
        lines += _quoted(row.get("said"))
        end = self.ending_text(row, world)
        return [*lines, f"{_INDENT}{end}"] if end else lines


class PlainWords(Words):
    """Sentences made of the typed acts, for families that bring no words of their own.

    Args:
        acts: of the family.
    """

    def __init__(self, acts: Acts) -> None:
        self.acts = acts

    def system_text(self, row: Row, world: World, *, shorten: int | None = None) -> str:
        if row["verb"] == Verb.ILLEGAL:
            return "(an illegal move: the turn is lost)"
        act = self.acts.system_act(row)
        return "" if act is None else _system(act, world, shorten)

    def user_text(self, row: Row, world: World, *, shorten: int | None = None) -> str:
        return " ".join(_user(act, world) for act in self.acts.user_acts(row))


def signed(value: float) -> str:
    """A reward for people: "+0.10", "−0.10"."""
    return f"{'−' if value < 0 else '+'}{abs(value):.2f}"


def words_of(name: str) -> Words:
    """The words of a family, by its name."""
    record = family(name)
    words = record.load("words")
    made: Words = words(record.load("acts")) if isinstance(words, type) else words
    return made


def item_label(world: World, item: int) -> str:
    """The name of an item with its id: "Blue Lake [i203]"."""
    return f"{world.item_names[item]} [i{item}]"


def attribute_label(world: World, attribute: int) -> str:
    """The name of an attribute with its id: "indie [a17]"."""
    return f"{world.attribute_names[attribute]} [a{attribute}]"


def facet_label(world: World, facet: int) -> str:
    """The name of a facet with its id: "style [f2]"."""
    return f"{world.facet_names[facet]} [f{facet}]"


def listed(
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


def _quoted(words: str | None) -> list[str]:
    """Words as they were said, on a line of their own below the act; no line if there are none."""
    text = " ".join((words or "").split())
    return [f"{' ' * len(_USER)}“{text}”"] if text else []


def _system(act: SystemAct, world: World, shorten: int | None) -> str:
    if isinstance(act, Recommend):
        why = ""
        if act.because:
            why = f" For {listed(act.because, world, attribute_label, 'and', shorten)}."
        return f"How about {listed(act.items, world, item_label, 'or', shorten)}?{why}"
    if isinstance(act, Ask):
        if act.facet is not None:
            return f"Which {facet_label(world, act.facet)} do you have in mind?"
        return f"Do you want {listed(act.attributes, world, attribute_label, 'or', shorten)}?"
    if isinstance(act, Pass):
        return "(shows nothing)"
    return "What was wrong with these?" if isinstance(act, Reflect) else str(act)


def _user(act: UserAct, world: World) -> str:
    if isinstance(act, React):
        if act.accepted is None:
            return "None of these."
        return f"Yes, {item_label(world, act.accepted)}!"
    if isinstance(act, Critique):
        return f"{act.direction.capitalize()} {attribute_label(world, act.attribute)}."
    return "(leaves)" if isinstance(act, Leave) else str(act)
