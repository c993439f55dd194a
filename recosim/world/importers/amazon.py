"""Importer of Amazon's reviews and metadata, editions 2014, 2018 and 2023, one object a line.

The metadata of 2014 are Python literals and no JSON; they are parsed as literals, nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.importers.cells import Ids, decimal_of
from recosim.world.importers.interactions import SplitBy
from recosim.world.importers.objects import files_by_content, first_of, label_at, labels_at
from recosim.world.importers.sheets import Sheet
from recosim.world.importers.source import Log, json_lines
from recosim.world.importers.table import world_of_sheets
from recosim.world.world import World

__all__ = ["import_amazon"]

PRODUCT, REVIEWER = {"parent_asin", "asin"}, {"reviewerID", "user_id"}
PRICES = ((10.0, "under 10"), (25.0, "10 to 25"), (50.0, "25 to 50"), (100.0, "50 to 100"))


def import_amazon(
    path: Path,
    name: str,
    *,
    min_rating: float = 4.0,
    min_user_items: int = 5,
    min_item_users: int = 5,
    min_attribute_items: int = 10,
    split_by: SplitBy = "random",
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A world from reviews and metadata of Amazon (McAuley et al.): which file is which is seen.

    Items are products (the parent product, where there is one); facets are category, brand (or
    store) and price in five steps. An interaction is a review of `min_rating` stars or more.
    Several files of one kind are read one after the other. Products without a review that counts
    are left out.

    Args:
        min_rating: least stars of a review that counts.
        min_user_items, min_item_users: users and products below are removed, again and again.
        min_attribute_items: drop attributes of fewer products.
        split_by: "random", or "time" by the date of the review.
        seed: of the 70/15/15 split of each user's interactions.

    Raises:
        ImportDataError: reviews or metadata are missing, a line is malformed, or too little is
            left. Reviews without a user, a product or stars are dropped and counted.
    """
    path = Path(path)
    log = Log()
    files = files_by_content(
        path,
        {
            "reviews": lambda e: not PRODUCT.isdisjoint(e) and not REVIEWER.isdisjoint(e),
            "metadata": lambda e: not PRODUCT.isdisjoint(e),
        },
        {
            "reviews": "reviews (reviewerID or user_id, asin, overall or rating)",
            "metadata": "metadata (asin, title, categories)",
        },
        "Amazon's reviews and metadata",
    )
    interactions = Sheet(files["reviews"][0], {"user": [], "item": [], "rating": []})
    for file in files["reviews"]:
        _reviews(file, interactions, split_by == "time", log, progress)
    if not interactions.lines:
        raise ImportDataError(f"{path}: no review has a user, a product and stars.")
    taken = set(interactions["item"])
    links = Sheet(files["metadata"][0], {"item": [], "attribute": [], "facet": []})
    names: dict[str, str] = {}
    for file in files["metadata"]:
        _metadata(file, taken, links, names, log, progress)
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
        source="Amazon reviews and metadata",
        licence="none stated by the publishers: research",
        importer="amazon",
        names=names,
        only_taken=True,
        min_attribute_items=min_attribute_items,
    )


def _product(entry: Mapping[str, Any]) -> Any:
    return first_of(entry, "parent_asin", "asin")


def _reviewer(entry: Mapping[str, Any]) -> Any:
    return first_of(entry, "reviewerID", "user_id")


def _reviews(path: Path, sheet: Sheet, timed: bool, log: Log, progress: Progress | None) -> None:
    users, items = Ids(path, "reviewerID"), Ids(path, "asin")
    for line, entry in json_lines(path, literals=True, log=log, progress=progress):
        user, item = users.get(_reviewer(entry), line), items.get(_product(entry), line)
        try:
            stars = decimal_of(first_of(entry, "overall", "rating"))
        except ValueError:
            stars = None
        if user is None or item is None or stars is None:
            log.drop("reviews without a user, a product or stars", path, line)
            continue
        values = {"user": user, "item": item, "rating": stars}
        if timed:
            time = first_of(entry, "unixReviewTime", "timestamp", "reviewTime")
            if time is None:
                log.drop("reviews without a date", path, line)
                continue
            values["timestamp"] = time
        sheet.add(line, **values)


def _metadata(
    path: Path,
    taken: set[str],
    links: Sheet,
    names: dict[str, str],
    log: Log,
    progress: Progress | None,
) -> None:
    ids = Ids(path, "asin")
    for line, entry in json_lines(path, literals=True, log=log, progress=progress):
        item = ids.get(_product(entry), line)
        if item is None or item not in taken:
            continue
        if item in names:
            log.drop("products that are listed twice", path, line)
            continue
        names[item] = label_at(path, line, entry, "title")
        key = next((k for k in ("categories", "category") if entry.get(k)), "main_category")
        for label in labels_at(path, line, first_of(entry, key, "main_cat"), key):
            links.add(line, item=item, attribute=label, facet="category")
        if brand := label_at(path, line, entry, "brand", "store"):
            links.add(line, item=item, attribute=brand, facet="brand")
        if price := _price(entry.get("price")):
            links.add(line, item=item, attribute=price, facet="price")


def _price(value: Any) -> str:
    """The step of a price: a number, or a text like $12.99; "" for anything else."""
    if isinstance(value, str):
        match = re.fullmatch(r"\$?\s*(\d{1,3}(?:,\d{3})*|\d+)(\.\d+)?", value.strip())
        value = match[1].replace(",", "") + (match[2] or "") if match else None
    try:
        price = decimal_of(value)
    except ValueError:
        return ""
    if price is None or price < 0:
        return ""
    return next((label for limit, label in PRICES if price < limit), "100 or more")
