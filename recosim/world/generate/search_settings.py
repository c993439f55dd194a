"""The settings of a generated world to search in: the `[search]` table of a data card."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from recosim.schema import Card

__all__ = ["SearchSettings"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class SearchSettings(Card):
    """Documents are the items of a generated world, told anew; topics are wishes for them.

    Attributes:
        world: name of the data card, with a `[generator]`, whose items are told.
        seed: of texts and topics, and of the split of topics.
        topics: how many.
        turns: share of the topics that have one, two, ... turns.
        wanted: least and most attributes that a need names.
        most: documents that may have all of them, at most.
        left_out: probability that a text does not tell an attribute of its document.
        reworded: probability that it tells one that it does tell in other words.
        said: probability that an utterance names one, two, ... of the wanted attributes.
    """

    world: str
    seed: int
    topics: Annotated[int, Field(ge=1)]
    turns: Annotated[list[Share], Field(min_length=1, max_length=10)]
    wanted: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(le=30)]]
    most: Annotated[int, Field(ge=1)]
    left_out: Share
    reworded: Share
    said: Annotated[list[Share], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _consistent(self) -> SearchSettings:
        if self.wanted[0] > self.wanted[1]:
            raise ValueError(f"wanted is {list(self.wanted)}; the least comes first")
        for label in ("turns", "said"):
            if abs(sum(getattr(self, label)) - 1) > 1e-9:
                raise ValueError(f"the shares of {label} do not add up to 1")
        return self
