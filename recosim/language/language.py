"""`Language`: how one world is talked about: acts in words, and words as acts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Protocol

from recosim.acts import SystemAct, UserAct
from recosim.language.context import Context
from recosim.language.parser import Parser
from recosim.language.templates import Templates
from recosim.world.world import World

__all__ = ["Language", "Reads", "Says"]


class Says(Protocol):
    """What puts acts into words; `Templates` says what each method does."""

    def turn(
        self,
        acts: Sequence[UserAct],
        context: Context | None = None,
        *,
        key: int = 0,
        style: str = "plain",
    ) -> str:
        """What a user says who does several things at once."""

    def system(self, act: SystemAct, *, key: int = 0, style: str = "plain") -> str:
        """What a recommender says."""

    def about(self, item: int, *, key: int = 0) -> str:
        """What a recommender says of an item that was asked about; "" for nothing."""


class Reads(Protocol):
    """What reads acts from words; `Parser` says what each method does."""

    def parse_turn(self, text: str, context: Context | None = None) -> tuple[UserAct, ...]:
        """The acts of a user's line."""

    def parse_system(self, text: str, context: Context | None = None) -> SystemAct:
        """The act of a recommender's line."""


class Language:
    """The words of a world whose attributes are what is asked about.

    Args:
        world: whose items, attributes and facets are named.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    @cached_property
    def templates(self) -> Says:
        """Acts in words."""
        return Templates(self._world)

    @cached_property
    def parser(self) -> Reads:
        """Words as acts; its tables are made when it is first needed."""
        return Parser(self._world)

    def names(self, attributes: Iterable[int]) -> list[str]:
        """The names of attributes."""
        return [str(self._world.attribute_names[a]) for a in attributes]
