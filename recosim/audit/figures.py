"""Figures of people: a card of numbers with their sources, which simulated users are held against.

A card is a TOML file with `name`, `title`, `description` and one table `[[figure]]` for each
figure. `users/figures/people.toml` ships; `recosim audit --human FOLDER --write FILE` makes one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from recosim.audit.estimates import Estimate
from recosim.audit.measures import MEASURES
from recosim.cards import card_folders, read_toml
from recosim.errors import CardError, unknown
from recosim.files import write_text
from recosim.schema import Card

__all__ = ["PEOPLE", "Figure", "Figures", "figures", "figures_of", "write_figures"]

PEOPLE = "people"  # the card that ships

_HEADER = re.compile(r"^[ \t]*\[\[\s*figure\s*\]\]", re.M)


class Figure(Card):
    """One number.

    Attributes:
        measure: what was counted, by the name of a `recosim.audit.measures.MEASURES`.
        collection: on what.
        value: the number; a share between 0 and 1.
        low, high: the ends of its 95 % interval, or neither where nobody gives one.
        n: observations, where the number is known.
        source: where it is from, and how the interval was made.
        bias: what is wrong with it.
    """

    measure: str
    collection: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    source: str
    bias: str

    def fault(self) -> str:
        """What is impossible about it, as a clause; "" for nothing."""
        if self.measure not in MEASURES:
            return str(unknown("measure", self.measure, MEASURES))
        if (self.low is None) != (self.high is None):
            return "low and high go together; give both, or neither"
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        top = 1.0 if MEASURES[self.measure].is_share else math.inf
        if not all(math.isfinite(end) for end in (low, self.value, high)):
            return "a number that is not finite"
        if not low <= self.value <= high:
            return f"the value {self.value:g} lies outside its interval [{low:g}, {high:g}]"
        if low < 0 or high > top:
            kind = "a share lies between 0 and 1" if top == 1 else "it cannot be below 0"
            return f"{kind}; given {self.value:g} [{low:g}, {high:g}]"
        if self.n is not None and self.n < 1:
            return f"n is {self.n}; at least 1 observation is needed"
        return "" if self.source.strip() else "the source is empty"

    @property
    def ends(self) -> tuple[float, float]:
        """Its interval; without one the value itself, twice."""
        if self.low is None or self.high is None:
            return self.value, self.value
        return self.low, self.high


class Figures(Card):
    """A card of figures; a measure may be counted on several collections."""

    name: str
    title: str
    description: str
    figure: tuple[Figure, ...]

    def of(self, measure: str) -> tuple[Figure, ...]:
        """The figures of a measure."""
        return tuple(figure for figure in self.figure if figure.measure == measure)


def figures(given: str | Path = PEOPLE) -> Figures:
    """A card of figures by its name (`users/figures/NAME.toml`, those of `RECOSIM_PATH` first), or
    by its file.

    Raises:
        UnknownNameError: there is no such card.
        CardError: a faulty card; the line and the figure are named.
    """
    path = Path(given) if str(given).endswith(".toml") else _find(str(given))
    data = read_toml(path)
    lines = [_line(match) for match in _HEADER.finditer(path.read_text(encoding="utf-8"))]
    tables = data.get("figure", [])
    if not isinstance(tables, list) or not tables:
        raise CardError(f"{path}: it holds no figure; write one table [[figure]] for each.")
    read = []
    for k, table in enumerate(tables):
        where = f"{path}:{lines[k]}" if k < len(lines) else str(path)
        read.append(_read(table, f"{where}: figure {k + 1}"))
    seen: set[tuple[str, str]] = set()
    for k, figure in enumerate(read):
        key = figure.measure, figure.collection
        if key in seen:
            where = f"{path}:{lines[k]}" if k < len(lines) else str(path)
            raise CardError(f"{where}: {key[0]} of {key[1]} is given twice.")
        seen.add(key)
    try:
        return Figures.model_validate({**data, "figure": tuple(read)})
    except ValidationError as error:
        found = "; ".join(f"{each['loc'][0]}: {each['msg']}" for each in error.errors())
        raise CardError(f"{path}: {found}") from None


def _read(table: Any, where: str) -> Figure:
    if not isinstance(table, Mapping):
        raise CardError(f"{where} is {table!r}; a table is needed.")
    named = f"{where} ({table.get('measure')}, {table.get('collection')})"
    for key in table:
        if key not in Figure.model_fields:
            raise CardError(f"{named}: {unknown('key', key, Figure.model_fields)}")
    try:
        figure = Figure.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        raise CardError(f"{named}: {first['loc'][0]}: {first['msg']}") from None
    if fault := figure.fault():
        raise CardError(f"{named}: {fault}.")
    return figure


def _line(match: re.Match[str]) -> int:
    return match.string.count("\n", 0, match.start()) + 1


def _find(name: str) -> Path:
    known: dict[str, Path] = {}
    for folder in card_folders():
        for path in sorted((folder / "users" / "figures").glob("*.toml")):
            known.setdefault(path.stem, path)
    if name not in known:
        raise unknown("card of figures", name, known, "Or give the file, NAME.toml.")
    return known[name]


# ---- counted afresh ------------------------------------------------------------------------------


def figures_of(found: Mapping[str, Mapping[str, Estimate]], name: str) -> Figures:
    """The card of what was counted.

    Args:
        found: collection -> measure -> its estimate.
    """
    return Figures(
        name=name,
        title="People, counted",
        description="Counted with `recosim audit --human`.",
        figure=tuple(
            Figure(
                measure=measure,
                collection=collection,
                value=round(entry["value"], 4),
                low=None if entry["low"] is None else round(entry["low"], 4),
                high=None if entry["high"] is None else round(entry["high"], 4),
                n=entry["of"],
                source=f"{collection}, counted with recosim audit --human",
                bias="not stated",
            )
            for collection, measures in found.items()
            for measure, entry in measures.items()
        ),
    )


def write_figures(path: Path, card: Figures) -> None:
    """Write a card, atomically."""
    lines = [f"{key} = {_text(getattr(card, key))}" for key in ("name", "title", "description")]
    for figure in card.figure:
        lines += ["", "[[figure]]", *_entries(figure.model_dump().items())]
    write_text(path, "\n".join(lines) + "\n")


def _entries(pairs: Iterable[tuple[str, Any]]) -> Iterable[str]:
    for key, value in pairs:
        if value is not None:
            yield f"{key} = {_text(value) if isinstance(value, str) else repr(value)}"


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are those of TOML."""
    import json

    return json.dumps(value, ensure_ascii=False)
