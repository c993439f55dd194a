"""Instructions of docs/recoworld.md, section 4, in plain Python: in force, obeyed, expired."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

__all__ = ["ALWAYS", "SESSION", "TURN", "Instruction", "Instructions"]

TURN, SESSION, ALWAYS = 0, 1, 2
AT_MOST = 8  # in force, and remembered as expired


@dataclass
class Instruction:
    """What a user said should change.

    Attributes:
        wanted: more of the attribute, or none of it.
        condition: an attribute: only items that have it count. None: all do.
        scope: TURN, SESSION or ALWAYS.
        age: lists shown since it was given.
        heeded: whether the retrieval of the environment knows of it.
    """

    wanted: bool
    attribute: int
    condition: int | None
    scope: int
    age: int = 0
    heeded: bool = False

    def counts(self, has: Collection[int]) -> bool:
        """Whether an item with these attributes is spoken of."""
        return self.condition is None or self.condition in has

    def is_met(self, has: Collection[int]) -> bool:
        return self.wanted and self.counts(has) and self.attribute in has

    def is_broken(self, has: Collection[int]) -> bool:
        return not self.wanted and self.counts(has) and self.attribute in has

    def is_obeyed(self, items: Sequence[Collection[int]]) -> bool | None:
        """Whether a list obeys; None where it neither obeys nor ignores.

        Args:
            items: the attributes of each item of the list.
        """
        spoken_of = [has for has in items if self.counts(has)]
        if not spoken_of:
            return None
        if not self.wanted:
            return not any(self.is_broken(has) for has in spoken_of)
        return 2 * sum(self.is_met(has) for has in spoken_of) >= len(spoken_of)

    def row(self) -> list[int]:
        """As the arrays of the kernels have it, without the age."""
        condition = -1 if self.condition is None else self.condition
        return [int(self.wanted), self.attribute, condition, self.scope]


class Instructions:
    """What one user said.

    Attributes:
        in_force: oldest first, eight at most.
        expired: (attribute, condition) of *avoid*s that have ended, oldest first, eight at most.
    """

    def __init__(self) -> None:
        self.in_force: list[Instruction] = []
        self.expired: list[tuple[int, int | None]] = []

    def give(self, new: Instruction) -> None:
        if not new.wanted:
            self.expired = [old for old in self.expired if old[0] != new.attribute]
        said = (new.wanted, new.attribute)
        self.in_force = [old for old in self.in_force if (old.wanted, old.attribute) != said]
        if len(self.in_force) == AT_MOST:
            self._end(self.in_force[:1])
        self.in_force.append(new)

    def grow_older(self) -> None:
        """A list was shown."""
        for each in self.in_force:
            each.age += 1
        self._end([each for each in self.in_force if each.scope == TURN])

    def end_of_session(self) -> None:
        self._end([each for each in self.in_force if each.scope != ALWAYS])

    def heed(self) -> None:
        for each in self.in_force:
            each.heeded = True

    def balance(self, has: Collection[int]) -> int:
        """How many are met by an item, less how many are broken."""
        met = sum(each.is_met(has) for each in self.in_force)
        return met - sum(each.is_broken(has) for each in self.in_force)

    def place(self, has: Collection[int]) -> int:
        """The group of an item in the retrieval: what is wanted first, what is avoided last."""
        heeded = [each for each in self.in_force if each.heeded]
        if any(each.is_broken(has) for each in heeded):
            return 2
        return 0 if any(each.is_met(has) for each in heeded) else 1

    def _end(self, ended: Iterable[Instruction]) -> None:
        for each in list(ended):
            self.in_force.remove(each)
            if not each.wanted:
                row = (each.attribute, each.condition)
                others = [old for old in self.expired if old != row]
                self.expired = [*others, row][-AT_MOST:]
