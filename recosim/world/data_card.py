"""Data cards: the schema of `data/<name>.toml`, one dataset each."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from recosim.schema import Card
from recosim.world.generate.search_settings import SearchSettings
from recosim.world.generate.settings import GeneratorSettings

__all__ = ["DataCard", "DistributionFigures", "ImporterSettings", "StatisticsFigures"]

Number = Annotated[float, Field(ge=0.0)]


class ImporterSettings(Card):
    """`[importer]`: a collection that is read, and not generated.

    Attributes:
        kind: name of an importer, see `recosim.world.importers.IMPORTERS`.
        path: where its files are, or what it takes in place of a path.
        options: options of that importer.
    """

    kind: str
    path: str
    options: dict[str, Any] = Field(default_factory=dict)


class DistributionFigures(Card):
    """Mean and quantiles of whole numbers: percent (0 to 100, as text) to value."""

    mean: Number | None = None
    quantiles: dict[str, Number] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _percents(self) -> DistributionFigures:
        for percent in self.quantiles:
            if not percent.isdigit() or int(percent) > 100:
                raise ValueError(f"{percent!r} is not a percent; whole numbers 0 to 100 are")
        return self


class StatisticsFigures(Card):
    """`[statistics]`: what the world has to measure, see `recosim.world.generate.statistics`.

    Attributes:
        tolerance: relative, of every figure; a quantile may also be off by one.
        largest_shares: shares of the items that have the most frequent attributes, descending.
        The other names are those of `recosim.world.generate.statistics.measure`.
    """

    tolerance: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1
    users: Number | None = None
    items: Number | None = None
    interactions: Number | None = None
    attributes: Number | None = None
    facets: Number | None = None
    item_attribute_links: Number | None = None
    item_facet_links: Number | None = None
    friend_links: Number | None = None
    items_without_interactions: Number | None = None
    train: Number | None = None
    valid: Number | None = None
    test: Number | None = None
    largest_shares: list[Number] = Field(default_factory=list)
    attributes_per_item: DistributionFigures | None = None
    items_per_attribute: DistributionFigures | None = None
    user_degree: DistributionFigures | None = None
    item_degree: DistributionFigures | None = None


class DataCard(Card):
    """One dataset: what it is, where it comes from, and how to make it.

    Attributes:
        name: the file's name without ".toml".
        title: one line. description: a paragraph.
        source, licence: of the data, written into the world.
        fingerprint: of the world that this card makes; a build that gives another one warns.
        generator, importer, search: exactly one of them.
        synonyms: attribute -> what else people call it, for the parser; several attributes can
            share a word ("romcom"), which then means all of them.
        statistics: figures that the world has to hit; a test holds the built-in worlds to them.
    """

    name: str
    title: str
    description: str
    source: str
    licence: str
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    generator: GeneratorSettings | None = None
    importer: ImporterSettings | None = None
    search: SearchSettings | None = None
    synonyms: dict[str, list[str]] = Field(default_factory=dict)
    statistics: StatisticsFigures | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> DataCard:
        if sum(part is not None for part in (self.generator, self.importer, self.search)) != 1:
            raise ValueError(
                "a data card needs exactly one of [generator], [importer] and [search]"
            )
        return self
