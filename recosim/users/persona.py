"""Who a user is, in words: what a language model is told that plays them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from recosim.users.behaviour import SETTINGS, Behaviour
from recosim.users.population import Population
from recosim.users.settings import GROUPS
from recosim.world.world import World

__all__ = ["Personas"]

_MANNER = {
    "plain": "You speak plainly.",
    "terse": "You say as little as you can.",
    "chatty": "You like to chat, and are warm.",
    "human": "You talk as people do who type: short or long, not always in whole sentences.",
}
_LIKES = 4  # attributes


class Personas:
    """The people of a population, described.

    Args:
        world: what they took before tells what they like.
        users: how they are.
    """

    def __init__(self, world: World, users: Population) -> None:
        self._world, self._users = world, users
        self.of = lru_cache(maxsize=65_536)(self._of)
        self.manner = lru_cache(maxsize=65_536)(self._manner)
        self.answering = lru_cache(maxsize=65_536)(self._answering)

    def _of(self, user: int) -> str:
        """A few sentences about a user, in the second person."""
        return " ".join(part for part in (self._manner(user), self._likes(user)) if part)

    def _manner(self, user: int) -> str:
        """The same without what they like: of who has one thing on their mind, a need to know."""
        temper = _temper(self._users.behaviour(user))
        return " ".join(part for part in (_MANNER[self._users.style], *temper.values()) if part)

    def _answering(self, user: int) -> str:
        """How a user answers, without how they talk, when they leave and what they often go for.

        The rules decide when they leave, and what they often go for is not what they want now.
        """
        told = _temper(self._users.behaviour(user))
        return " ".join(part for group, part in told.items() if part and group != "temper")

    def _likes(self, user: int) -> str:
        items = self._world.train.row(user)
        if not len(items):
            return ""
        rows = [self._world.item_attributes.row(int(v)) for v in items]
        counts = np.bincount(np.concatenate(rows), minlength=self._world.n_attributes)
        best = np.argsort(-counts, kind="stable")[:_LIKES]
        names = [str(self._world.attribute_names[a]) for a in best if counts[a]]
        return f"You often go for {', '.join(names)}." if names else ""


def _temper(behaviour: Behaviour) -> dict[str, str]:
    """What the settings of a user come to, by group; "" for those that are not spoken of."""
    told: dict[str, list[str]] = {group: [] for group in GROUPS}
    for entry in SETTINGS.values():
        told[entry.group].append(entry.persona(getattr(behaviour, entry.name)))
    return {group: " ".join(part for part in parts if part) for group, parts in told.items()}
