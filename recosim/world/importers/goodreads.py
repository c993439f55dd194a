"""Importer of the UCSD Book Graph: interactions, books, genres and authors of Goodreads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.importers.cells import Ids, decimal_of, label_of
from recosim.world.importers.interactions import SplitBy
from recosim.world.importers.objects import files_by_content, first_of, label_at
from recosim.world.importers.sheets import Sheet
from recosim.world.importers.source import Log, bad, json_lines
from recosim.world.importers.table import world_of_sheets
from recosim.world.world import World

__all__ = ["import_goodreads"]

SHELVES = 10  # of a book, the most used first
# Shelves that say what somebody does with a book, and not what it is.
OWN = frozenset(
    (
        *("to-read", "currently-reading", "read", "re-read", "did-not-finish", "dnf", "maybe"),
        *("owned", "own", "i-own", "have", "books-i-own", "owned-books", "my-books", "default"),
        *("library", "my-library", "wish-list", "to-buy", "favorites", "favourites"),
        *("kindle", "ebook", "ebooks", "e-book", "audiobook", "audiobooks"),
    )
)


def import_goodreads(
    path: Path,
    name: str,
    *,
    min_rating: float = 4.0,
    min_user_items: int = 10,
    min_item_users: int = 5,
    min_attribute_items: int = 10,
    split_by: SplitBy = "random",
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A world from the JSON lines of Goodreads (Wan and McAuley, RecSys 2018).

    Items are books; facets are genre (or, without the file of genres, shelf), author, decade,
    language and format. An interaction is a rating of `min_rating` or more; 0 is none. Books
    without an interaction that counts are left out. Which file is which is seen by its content.

    Args:
        min_rating: least stars of a rating that counts, 1 to 5.
        min_user_items, min_item_users: users and books below are removed, again and again.
        min_attribute_items: drop attributes of fewer books.
        split_by: "random", or "time" by `date_added`.
        seed: of the 70/15/15 split of each user's interactions.

    Raises:
        ImportDataError: interactions or books are missing, a line is malformed, or too little is
            left. Interactions without a user or a book are dropped and counted.
    """
    path = Path(path)
    log = Log()
    files = files_by_content(
        path,
        {
            "interactions": lambda e: "user_id" in e and "book_id" in e,
            "genres": lambda e: "book_id" in e and "genres" in e,
            "books": lambda e: "book_id" in e,
            "authors": lambda e: "author_id" in e and "name" in e,
        },
        {
            "interactions": "interactions (user_id, book_id, rating)",
            "books": "books (book_id, title, popular_shelves)",
        },
        "the interactions and books of Goodreads",
    )
    interactions = Sheet(files["interactions"][0], {"user": [], "item": [], "rating": []})
    for file in files["interactions"]:
        _interactions(file, interactions, split_by == "time", log, progress)
    if not interactions.lines:
        raise ImportDataError(f"{path}: no interaction has a user, a book and a rating.")
    taken = set(interactions["item"])
    authors: dict[str, str] = {}
    for file in files["authors"]:
        ids = Ids(file, "author_id")
        for line, entry in json_lines(file, log=log, progress=progress):
            if key := ids.get(entry.get("author_id"), line):
                authors[key] = label_at(file, line, entry, "name")
    links = Sheet(files["books"][0], {"item": [], "attribute": [], "facet": []})
    names: dict[str, str] = {}
    for file in files["genres"]:
        _genres(file, taken, links, log, progress)
    for file in files["books"]:
        _books(file, taken, authors, not files["genres"], links, names, log, progress)
    return world_of_sheets(
        path,
        name,
        {"interactions": interactions, "item_attributes": links},
        log,
        min_rating=min_rating,
        min_user_items=min_user_items,
        min_item_users=min_item_users,
        overlap="refuse",
        split_by=split_by,
        seed=seed,
        source="Goodreads (UCSD Book Graph)",
        licence="academic use, not to be passed on",
        importer="goodreads",
        names=names,
        only_taken=True,
        min_attribute_items=min_attribute_items,
    )


def _interactions(
    path: Path, sheet: Sheet, timed: bool, log: Log, progress: Progress | None
) -> None:
    users, items = Ids(path, "user_id"), Ids(path, "book_id")
    for line, entry in json_lines(path, log=log, progress=progress):
        user, item = users.get(entry.get("user_id"), line), items.get(entry.get("book_id"), line)
        try:
            stars = decimal_of(entry.get("rating"))
        except ValueError:
            stars = None
        if user is None or item is None or stars is None:
            log.drop("interactions without a user, a book or a rating", path, line)
            continue
        if stars == 0:
            log.drop("interactions without a rating (0)")
            continue
        values = {"user": user, "item": item, "rating": stars}
        if timed:
            values["timestamp"] = first_of(entry, "date_added", "timestamp", "date_updated")
            if not values["timestamp"]:
                log.drop("interactions without a date", path, line)
                continue
        sheet.add(line, **values)


def _genres(path: Path, taken: set[str], links: Sheet, log: Log, progress: Progress | None) -> None:
    ids = Ids(path, "book_id")
    for line, entry in json_lines(path, ("book_id", "genres"), log=log, progress=progress):
        item = ids.get(entry["book_id"], line)
        listed = entry["genres"]  # {"history, biography": 12, "fiction": 3}
        if not isinstance(listed, dict):
            raise bad(path, "genres are to be an object of counts", line)
        if item in taken:
            for label in dict.fromkeys(label_of(part) for g in listed for part in g.split(",")):
                if label:
                    links.add(line, item=item, attribute=label, facet="genre")


def _books(
    path: Path,
    taken: set[str],
    authors: dict[str, str],
    shelves: bool,
    links: Sheet,
    names: dict[str, str],
    log: Log,
    progress: Progress | None,
) -> None:
    ids, author_ids = Ids(path, "book_id"), Ids(path, "author_id")
    for line, entry in json_lines(path, ("book_id",), log=log, progress=progress):
        item = ids.get(entry["book_id"], line)
        if item is None or item not in taken:
            continue
        if item in names:
            log.drop("books that are listed twice", path, line)
            continue
        names[item] = label_at(path, line, entry, "title", "title_without_series")
        if shelves:
            for label in _shelves(path, line, entry.get("popular_shelves")):
                links.add(line, item=item, attribute=label, facet="shelf")
        written = entry.get("authors") or []
        if not isinstance(written, list) or not all(isinstance(a, dict) for a in written):
            raise bad(path, "authors are to be a list of objects", line)
        for part in written[:1]:  # the first wrote it, the others drew or translated
            if key := author_ids.get(part.get("author_id"), line):
                label = authors.get(key) or f"author {key}"
                links.add(line, item=item, attribute=label, facet="author")
        year = label_at(path, line, entry, "publication_year")
        if len(year) == 4 and year.isascii() and year.isdecimal():
            links.add(line, item=item, attribute=f"{year[:3]}0s", facet="decade")
        if language := label_at(path, line, entry, "language_code"):
            links.add(line, item=item, attribute=language, facet="language")
        if form := label_at(path, line, entry, "format"):
            links.add(line, item=item, attribute=form, facet="format")


def _shelves(path: Path, line: int, value: Any) -> list[str]:
    """The most used shelves of [{"count": "12", "name": "to-read"}, ...]."""
    listed = value or []
    if not isinstance(listed, list) or not all(isinstance(s, dict) for s in listed):
        raise bad(path, "popular_shelves are to be a list of objects", line)
    counted: list[tuple[float, str]] = []
    for shelf in listed:
        label = label_at(path, line, shelf, "name")
        try:
            count = decimal_of(shelf.get("count")) or 0.0
        except ValueError:
            count = 0.0
        if label and label not in OWN:
            counted.append((count, label))
    counted.sort(key=lambda pair: -pair[0])
    return list(dict.fromkeys(label for _, label in counted[:SHELVES]))
