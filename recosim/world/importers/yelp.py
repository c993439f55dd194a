"""Importer of the Yelp Open Dataset: the official files, one JSON object a line, `.json` or `.gz`.

The review file has millions of lines: files are read line by line, and of each review only three
numbers are kept.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.csr import csr_from_lists, csr_from_pairs
from recosim.world.importers.interactions import (
    SplitBy,
    core,
    distinct,
    renumber,
    split_by_user,
)
from recosim.world.importers.source import (
    bad,
    find_file,
    need_file,
    read_lines,
    refusing,
)
from recosim.world.world import World, build_world

__all__ = ["import_yelp_open"]

WHAT = "the Yelp Open Dataset"
FACETS = ("category", "city", "stars", "price")


@dataclass
class _Businesses:
    ids: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    attributes: list[list[tuple[int, str]]] = field(default_factory=list)  # (facet, value)


def import_yelp_open(
    path: Path,
    name: str,
    *,
    min_stars: float = 4.0,
    category: str = "",
    min_user_items: int = 20,
    min_item_users: int = 5,
    min_attribute_items: int = 10,
    split_by: SplitBy = "random",
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A world from `yelp_academic_dataset_{business,review,user}.json` (or `.json.gz`).

    Items are businesses; facets are their categories, city, stars (half steps) and price (1 to 4).
    An interaction is a review of `min_stars` or more. The user file is optional: friends.

    Args:
        min_stars: least stars of a review that counts as an interaction, 1 to 5.
        category: keep only businesses of this category, e.g. "Restaurants"; empty keeps all.
        min_user_items, min_item_users: users and businesses below are removed, again and again
            until none is below.
        min_attribute_items: drop attributes of fewer businesses.
        split_by: "random", or "time" (each user's latest reviews are the test split).
        seed: of the 70/15/15 split of each user's interactions.

    Raises:
        ImportDataError: a file is missing or has a malformed line, a business or user occurs twice,
            or too little is left. Reviews of businesses that the business file does not hold,
            repeated reviews, and friends that were left out are dropped and counted.
    """
    path = Path(path)
    files = {
        kind: find_file(path, _file_names(kind), WHAT, needed=kind != "user")
        for kind in ("business", "review", "user")
    }
    business_file = need_file(path, _file_names("business"), WHAT)
    review_file = need_file(path, _file_names("review"), WHAT)
    dropped: Counter[str] = Counter()

    shops = _businesses(business_file, category, progress)
    if not shops.ids:
        raise ImportDataError(f"{business_file}: no business has the category {category!r}.")
    user_ids, users, items, days = _reviews(review_file, shops.ids, min_stars, dropped, progress)
    once = distinct(users, items, days)
    dropped["repeated reviews"] += len(users) - len(once)
    users, items, days = users[once], items[once], days[once]
    keep = core(users, items, min_user_items, min_item_users)
    if not keep.any():
        raise ImportDataError(
            f"{review_file}: nothing is left with min_stars={min_stars}, min_user_items="
            f"{min_user_items} and min_item_users={min_item_users}; lower one of them."
        )
    kept_users, new_user = renumber(users[keep], len(user_ids))
    kept_items, new_item = renumber(items[keep], len(shops.ids))
    user_of = {u: int(new_user[i]) for u, i in user_ids.items() if new_user[i] >= 0}
    del user_ids
    friends: list[tuple[int, int]] = []
    if files["user"] is not None:
        friends = _friends(files["user"], user_of, dropped, progress)

    counts = Counter(a for i in kept_items for a in shops.attributes[i])
    chosen = sorted(a for a, n in counts.items() if n >= min_attribute_items)
    number = {a: k for k, a in enumerate(chosen)}
    dropped["rare attributes"] += len(counts) - len(chosen)
    with refusing(path):
        return build_world(
            name=name,
            item_attributes=csr_from_lists(
                [number[a] for a in shops.attributes[i] if a in number] for i in kept_items
            ),
            n_attributes=len(chosen),
            **split_by_user(
                new_user[users[keep]],
                new_item[items[keep]],
                len(kept_users),
                seed=seed,
                by=split_by,
                time=days[keep],
            ),
            friends=csr_from_pairs([a for a, _ in friends], [b for _, b in friends], len(user_of)),
            attribute_facet=[facet for facet, _ in chosen],
            facet_names=FACETS,
            attribute_names=[value for _, value in chosen],
            item_names=[shops.names[i] for i in kept_items],
            source="Yelp Open Dataset",
            licence="Yelp Dataset Terms of Use: academic use, not to be passed on",
            settings={
                "importer": "yelp-open",
                "min_stars": min_stars,
                "category": category,
                "min_user_items": min_user_items,
                "min_item_users": min_item_users,
                "min_attribute_items": min_attribute_items,
                "split_by": split_by,
                "seed": seed,
                "dropped": {k: n for k, n in dropped.items() if n},
            },
        )


def _file_names(kind: str) -> list[str]:
    return [f"yelp_academic_dataset_{kind}.json", f"yelp_academic_dataset_{kind}.json.gz"]


def _objects(
    path: Path, needed: tuple[str, ...], progress: Progress | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of a JSON-lines file, each with the needed keys."""
    for number, line in read_lines(path, progress=progress):
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise bad(path, f"not valid JSON: {error.msg}", number) from None
        if not isinstance(value, dict):
            raise bad(path, f"expected an object, found {type(value).__name__}", number)
        for key in needed:
            if key not in value:
                raise bad(path, f"the key {key!r} is missing", number)
        yield number, value


def _businesses(path: Path, category: str, progress: Progress | None) -> _Businesses:
    shops = _Businesses()
    seen = set()
    for number, entry in _objects(path, ("business_id", "name", "categories"), progress):
        key = str(entry["business_id"])
        if key in seen:
            raise bad(path, f"business {key!r} occurs twice", number)
        seen.add(key)
        listed = entry["categories"] or []  # "A, B" in recent editions, a list in older ones
        parts = listed.split(",") if isinstance(listed, str) else listed
        categories = {str(c).strip() for c in parts} - {""}
        if category and category not in categories:
            continue
        attributes = [(0, c) for c in sorted(categories)]
        if entry.get("city"):
            attributes.append((1, str(entry["city"]).strip()))
        if entry.get("stars") is not None:
            attributes.append((2, f"{_number(path, number, entry['stars']):.1f} stars"))
        price = str((entry.get("attributes") or {}).get("RestaurantsPriceRange2")).strip("u'\"")
        if price in ("1", "2", "3", "4"):
            attributes.append((3, f"price {price}"))
        shops.ids[key] = len(shops.names)
        shops.names.append(str(entry["name"]))
        shops.attributes.append(attributes)
    return shops


def _number(path: Path, number: int, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise bad(path, f"expected a number, found {value!r}", number) from None


def _reviews(
    path: Path,
    businesses: dict[str, int],
    min_stars: float,
    dropped: Counter[str],
    progress: Progress | None,
) -> tuple[dict[str, int], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """User ids by number, and (user, item, time as yyyymmddhhmmss) of each review that counts."""
    user_ids: dict[str, int] = {}
    users, items, times = array("q"), array("q"), array("q")
    for number, entry in _objects(path, ("user_id", "business_id", "stars"), progress):
        if _number(path, number, entry["stars"]) < min_stars:
            continue
        item = businesses.get(entry["business_id"])
        if item is None:
            dropped["reviews of businesses that were left out"] += 1
            continue
        digits = "".join(c for c in str(entry.get("date", "")) if c.isdecimal())
        users.append(user_ids.setdefault(entry["user_id"], len(user_ids)))
        items.append(item)
        times.append(int(digits[:14].ljust(14, "0")))
    columns = [np.array(column, dtype=np.int64) for column in (users, items, times)]
    return user_ids, columns[0], columns[1], columns[2]


def _friends(
    path: Path, user_of: dict[str, int], dropped: Counter[str], progress: Progress | None
) -> list[tuple[int, int]]:
    links: list[tuple[int, int]] = []
    seen = set()
    for number, entry in _objects(path, ("user_id",), progress):
        user = user_of.get(entry["user_id"])
        if user is None:
            continue
        if user in seen:
            raise bad(path, f"user {entry['user_id']!r} occurs twice", number)
        seen.add(user)
        friends = entry.get("friends") or []  # "id, id", a list in older editions, or "None"
        if isinstance(friends, str):
            friends = [] if friends == "None" else [f.strip() for f in friends.split(",")]
        known = [user_of[f] for f in friends if f in user_of]
        dropped["friends that were left out"] += len(friends) - len(known)
        links.extend((user, f) for f in known)
    return links
