"""What the users of docs/protocols.md ask for and want, in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reference.tables import Draw, DrawUnit, WorldTables

from recosim.users import Behaviour

__all__ = ["Standing", "Wishes"]


@dataclass(frozen=True)
class Standing:
    """An instruction given with a request: an attribute, wanted or avoided.

    `condition` is what a request has to name for it to hold; None: it does. `holds`: in this
    conversation.
    """

    attribute: int
    wanted: bool
    condition: int | None
    holds: bool


class Wishes:
    """What one user wants in one conversation, and how they begin it.

    Args:
        tables: the world.
        behaviour: the settings of the user.
        train: the user's train items.
        draw: gives the random indices: "several" (0), of 2; "further" (k = 0, 1, the number of the
            further attribute of the request), among the eligible ones; "wish" (the turn), among the
            items that they could want instead. All in ascending order of the ids.
        draw_unit: gives the random units, one a turn for "drift".

    Attributes:
        weight: how much each attribute weighs for them.
        standing: the instruction that they give with their request, set by `find_standing`.
        musts: what they do not do without, set by `find_musts`.
        wishes: the targets as the conversation began, or as drift left them: what utility is
            relative to. acceptable: the items that they would also take, the most like their target
            first. Both are set by `find_acceptable`.
    """

    def __init__(
        self,
        tables: WorldTables,
        behaviour: Behaviour,
        train: Collection[int],
        draw: Draw,
        draw_unit: DrawUnit,
    ) -> None:
        self.tables = tables
        self.behaviour = behaviour
        self.train = train
        self.draw = draw
        self.draw_unit = draw_unit
        self.weight = [1] * tables.n_attributes
        if behaviour.weighting == "liking":
            self.weight = [1 + liked for liked in self.liking()]
        self.standing: Standing | None = None
        self.wishes: list[int] = []
        self.musts: list[int] = []
        self.acceptable: list[int] = []

    def liking(self) -> list[int]:
        """How many of their train items have each attribute."""
        liked = Counter(a for v in self.train for a in self.tables.item_attributes[v])
        return [liked[a] for a in range(self.tables.n_attributes)]

    # ---------------------------------------------------------------- the request

    def example(self, target: int) -> int | None:
        """The item that they name in their request as one that they liked, if any."""
        if self.behaviour.opening not in ("item", "item_attribute"):
            return None
        has = self.tables.item_attributes
        others = [v for v in self.train if v != target]
        return min(others, key=lambda v: (-len(has[v] & has[target]), v), default=None)

    def names_attributes(self, example: int | None) -> bool:
        """Whether their request names an attribute or a facet, given the item that it names."""
        opening = self.behaviour.opening
        return opening != "nothing" and (opening != "item" or example is None)

    def further(self, eligible: Collection[int]) -> list[int]:
        """The attributes that they name beside the first one (or the first facet)."""
        if self.behaviour.opening != "several":
            return []
        left, named = sorted(eligible), []
        for k in range(1 + self.draw("several", 0, 2)):
            if not left:
                break
            if self.behaviour.weighting == "liking":
                a = max(left, key=lambda a: (self.weight[a], -a))
            else:
                a = left[self.draw("further", k, len(left))]
            left.remove(a)
            named.append(a)
        return named

    # ---------------------------------------------------------------- wishes

    def find_musts(self, target: int) -> None:
        """Choose what they do not do without."""
        has = sorted(self.tables.item_attributes[target], key=lambda a: (-self.weight[a], a))
        self.musts = has[: self.behaviour.musts]

    def find_acceptable(self, targets: Sequence[int], candidates: Collection[int]) -> None:
        """Note what they want, and choose the items that would do, among the candidates."""
        self.wishes = list(targets)
        if self.behaviour.acceptable == 0:
            return
        do = [
            v
            for v in candidates
            if v not in targets and self.has_musts(v) and self._overlap(v, targets[0]) > 0
        ]
        do.sort(key=lambda v: (-self._overlap(v, targets[0]), v))
        self.acceptable = do[: self.behaviour.acceptable]

    def find_standing(self, target: int, named: Sequence[int]) -> None:
        """Choose the instruction that goes with a request for some attributes, or for none."""
        has, scope = self.tables.item_attributes, self.behaviour.standing
        if scope == "none" or (scope == "session" and not named):
            return
        liked = self.liking()
        condition = named[0] if scope == "session" else liked.index(max(liked))
        mine = [v for v in self.train if condition in has[v]]
        everyone = self.tables.attribute_items[condition]

        def surplus(a: int) -> int:
            with_a = sum(a in has[v] for v in mine), sum(a in has[v] for v in everyone)
            return with_a[0] * len(everyone) - with_a[1] * len(mine)

        surpluses = {a: surplus(a) for a in range(self.tables.n_attributes) if a != condition}
        if scope == "session":
            surpluses = {
                a: n
                for a, n in surpluses.items()
                if (n > 0) == (a in has[target]) and a not in named
            }
        a = max(surpluses, key=lambda a: abs(surpluses[a]), default=None)
        if a is None or surpluses[a] == 0:
            return
        wanted, holds = surpluses[a] > 0, condition in named
        if not holds or wanted == (a in has[target]):  # otherwise today is an exception
            given = condition if scope == "always" else None
            self.standing = Standing(a, wanted, given, holds)

    def has_musts(self, item: int) -> bool:
        has, standing = self.tables.item_attributes[item], self.standing
        if standing and standing.holds and (standing.attribute in has) != standing.wanted:
            return False
        return has.issuperset(self.musts)

    def utility(self, item: int) -> float:
        """What an item is worth to them, from 0 to 1."""
        if item in self.wishes:
            return 1.0
        overlap = self._overlap(item, self.wishes[0])
        if overlap == 0 or not self.has_musts(item):
            return 0.0
        return overlap / self._overlap(self.wishes[0], self.wishes[0])

    def _overlap(self, item: int, other: int) -> int:
        has = self.tables.item_attributes
        return sum(self.weight[a] for a in has[item] & has[other])

    def changes_mind(self, turn: int) -> bool:
        return self._happens("drift", turn, self.behaviour.drift)

    def new_wish(
        self,
        turn: int,
        targets: Collection[int],
        candidates: Collection[int],
        status: Mapping[int, int],
    ) -> int | None:
        """Another item that fits all that they said, if a candidate does."""
        yes, no = ({a for a, code in status.items() if code == said} for said in (1, -1))
        has = self.tables.item_attributes
        fitting = sorted(
            v
            for v in candidates
            if has[v].issuperset(yes) and has[v].isdisjoint(no) and v not in targets
        )
        return fitting[self.draw("wish", turn, len(fitting))] if fitting else None

    def _happens(self, purpose: str, turn: int, probability: float) -> bool:
        if probability in (0, 1):
            return probability == 1
        return self.draw_unit(purpose, turn) < probability
