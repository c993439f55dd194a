"""Importer of the Yelp Open Dataset: the official files, one JSON object a line, `.json` or `.gz`.

The review file has millions of lines: files are read line by line, and of each review only three
numbers are kept.
"""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.csr import csr_from_lists, csr_from_pairs
from recosim.world.importers.cells import (
    Ids,
    column_key,
    decimal_of,
    join_spellings,
    label_of,
    number_at,
    shown,
)
from recosim.world.importers.interactions import (
    SplitBy,
    core,
    distinct,
    finish,
    renumber,
    split_by_user,
)
from recosim.world.importers.source import Log, bad, find_file, json_lines, mended, need_file
from recosim.world.importers.times import Times
from recosim.world.world import World

__all__ = ["import_yelp_open"]

WHAT = "the Yelp Open Dataset"
FACETS = ("category", "city", "stars", "price")
CATEGORY, CITY, STARS, PRICE = range(4)
# What the price has been called, without case and blanks.
PRICE_KEYS = ("restaurantspricerange2", "restaurantspricerange", "pricerange", "price")


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

    Items are businesses; facets are their categories, city, stars (half steps) and price (1 to 4),
    in each of the forms in which the editions since 2013 hold them. Spellings of one city are
    joined. An interaction is a review of `min_stars` or more. The user file is optional: friends.

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
            or too little is left; by "time": a date that cannot be read, or that can be two.
            Reviews without a user, or of businesses that the business file does not hold, reviews
            whose stars are no number from 0 to 5, repeated reviews, and friends that were left out
            are dropped and counted.
    """
    path = Path(path)
    files = {
        kind: find_file(path, _file_names(kind), WHAT, needed=kind != "user")
        for kind in ("business", "review", "user")
    }
    business_file = need_file(path, _file_names("business"), WHAT)
    review_file = need_file(path, _file_names("review"), WHAT)
    log = Log()

    shops = _businesses(business_file, category, log, progress)
    if not shops.ids:
        raise ImportDataError(f"{business_file}: no business has the category {category!r}.")
    user_ids, users, items, days = _reviews(
        review_file, shops.ids, min_stars, split_by == "time", log, progress
    )
    once = distinct(users, items, days)
    log.dropped["repeated reviews"] += len(users) - len(once)
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
        friends = _friends(files["user"], user_of, log, progress)

    counts = Counter(a for i in kept_items for a in shops.attributes[i])
    chosen = sorted(a for a, n in counts.items() if n >= min_attribute_items)
    number = {a: k for k, a in enumerate(chosen)}
    log.dropped["rare attributes"] += len(counts) - len(chosen)
    return finish(
        path,
        log,
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
        },
    )


def _file_names(kind: str) -> list[str]:
    return [f"yelp_academic_dataset_{kind}.json", f"yelp_academic_dataset_{kind}.json.gz"]


def _businesses(path: Path, category: str, log: Log, progress: Progress | None) -> _Businesses:
    shops = _Businesses()
    ids = Ids(path, "business_id")
    seen = set()
    needed = ("business_id", "name", "categories")
    for line, entry in json_lines(path, needed, log=log, progress=progress):
        key = ids.need(entry["business_id"], line)
        if key in seen:
            raise bad(path, f"business {key!r} occurs twice", line)
        seen.add(key)
        categories = _categories(path, line, entry["categories"])
        if category and category not in categories:
            continue
        attributes = [(CATEGORY, c) for c in sorted(categories)]
        if city := _label(path, line, entry.get("city"), "city"):
            attributes.append((CITY, city))
        stars = number_at(path, line, entry.get("stars"))
        if stars is not None:
            attributes.append((STARS, f"{stars:.1f} stars"))
        elif entry.get("stars") is not None:
            log.note("stars of businesses that are no finite number", path, line)
        price = _price(_attributes(path, line, entry.get("attributes")))
        if price:
            attributes.append((PRICE, f"price {price}"))
        shops.ids[key] = len(shops.names)
        shops.names.append(_label(path, line, entry["name"], "name") or key)
        shops.attributes.append(attributes)
    for facet, what, spelling in (
        (CITY, "cities", _city_key),
        (CATEGORY, "categories", str.casefold),
    ):
        listed = (a for row in shops.attributes for a in row if a[0] == facet)
        chosen = join_spellings(listed, log, what, spelling)
        shops.attributes = [
            list(dict.fromkeys((a[0], chosen.get(a, a[1])) for a in row))
            for row in shops.attributes
        ]
    return shops


def _label(path: Path, line: int, value: Any, key: str) -> str:
    try:
        return label_of(value)
    except ValueError as error:
        raise bad(path, f"the key {key!r}: {error}", line) from None


def _categories(path: Path, line: int, value: Any) -> set[str]:
    """The categories of "A, B" (recent editions), of a list (older ones), or of a list as text."""
    if isinstance(value, str) and value.strip().startswith("["):
        value = _parsed(value)
    parts = value.split(",") if isinstance(value, str) else value
    if value is None:
        return set()
    if not isinstance(parts, list):
        raise bad(path, f"categories are to be a text or a list, found {shown(value)}", line)
    return {label for part in parts if (label := _label(path, line, part, "categories"))}


def _attributes(path: Path, line: int, value: Any) -> dict[str, Any]:
    """The attributes of a dictionary, of one as text, or of a list of "key: value" or pairs."""
    if isinstance(value, str):
        value = _parsed(value) if value.strip() else None
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    if not isinstance(value, list):
        problem = (
            f"attributes are to be a dictionary, a list or a text of one, found {shown(value)}"
        )
        raise bad(path, problem, line)
    out: dict[str, Any] = {}
    for part in value:
        if isinstance(part, str):
            key, _, text = part.partition(":")
            out[key.strip()] = text.strip()
        elif isinstance(part, dict) and "name" in part and "value" in part:
            out[str(part["name"])] = part["value"]
        elif isinstance(part, dict):
            out.update(part)
        elif isinstance(part, list) and len(part) == 2:
            out[str(part[0])] = part[1]
        else:
            raise bad(path, f"an attribute is to be 'key: value', found {shown(part)}", line)
    return out


def _parsed(text: str) -> Any:
    """The value of a text that is JSON or a Python literal, else the text; nothing of it is run."""
    try:
        return mended(json.loads(text))
    except (ValueError, RecursionError):
        pass
    try:
        return mended(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _price(attributes: dict[str, Any]) -> int:
    """1 to 4, or 0 where it is unknown."""
    by_key = {column_key(str(key)): value for key, value in attributes.items()}
    for key in PRICE_KEYS:
        value = by_key.get(key)
        if isinstance(value, str):
            value = re.sub(r"^u?(['\"])(.*)\1$", r"\2", value.strip())
            if value and not set(value) - {"$"}:
                value = len(value)
        try:
            price = decimal_of(value)
        except ValueError:
            continue
        if price in (1, 2, 3, 4):
            return int(price)
    return 0


SHORT = {"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort"} | {
    letter: word for word in ("north", "south", "east", "west") for letter in (word[0], word)
}


def _city_key(city: str) -> str:
    """One key for the spellings of a city: case, accents, points, `N.` and `North`, a state."""
    plain = unicodedata.normalize("NFKD", city.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = re.sub(r",\s*[a-z]{2}$", "", plain)  # Las Vegas, NV
    words = re.sub(r"[^\w]+", " ", plain).split()
    return " ".join(SHORT.get(w, w) for w in words) or city


def _reviews(
    path: Path,
    businesses: dict[str, int],
    min_stars: float,
    timed: bool,
    log: Log,
    progress: Progress | None,
) -> tuple[dict[str, int], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """User ids by number, and (user, item, seconds) of each review that counts."""
    user_ids: dict[str, int] = {}
    users, items = array("q"), array("q")
    times = Times(path, "date")
    user_keys, item_keys = Ids(path, "user_id"), Ids(path, "business_id")
    needed = ("user_id", "business_id", "stars")
    for line, entry in json_lines(path, needed, log=log, progress=progress):
        user = user_keys.get(entry["user_id"], line)
        business = item_keys.get(entry["business_id"], line)
        stars = number_at(path, line, entry["stars"])
        if stars is None or not 0 <= stars <= 5:
            log.drop("reviews whose stars are no number from 0 to 5", path, line)
            continue
        if stars < min_stars:
            continue
        if user is None:
            log.drop("reviews without a user", path, line)
            continue
        item = None if business is None else businesses.get(business)
        if item is None:
            log.drop("reviews of businesses that were left out")
            continue
        users.append(user_ids.setdefault(user, len(user_ids)))
        items.append(item)
        if timed:
            times.add(entry.get("date"), line)
    days = times.values() if timed else np.zeros(len(users))
    return user_ids, np.array(users, dtype=np.int64), np.array(items, dtype=np.int64), days


def _friends(
    path: Path, user_of: dict[str, int], log: Log, progress: Progress | None
) -> list[tuple[int, int]]:
    links: list[tuple[int, int]] = []
    seen = set()
    ids = Ids(path, "user_id")
    for line, entry in json_lines(path, ("user_id",), log=log, progress=progress):
        key = ids.get(entry["user_id"], line)
        user = None if key is None else user_of.get(key)
        if user is None:
            continue
        if user in seen:
            raise bad(path, f"user {key!r} occurs twice", line)
        seen.add(user)
        friends = entry.get("friends") or []  # "id, id", a list in older editions, or "None"
        if isinstance(friends, str):
            friends = [] if friends == "None" else [f.strip() for f in friends.split(",")]
        if not isinstance(friends, list) or not all(isinstance(f, str) for f in friends):
            problem = f"friends are to be a list of ids or a text of them, found {shown(friends)}"
            raise bad(path, problem, line)
        known = [user_of[f] for f in friends if f in user_of]
        log.dropped["friends that were left out"] += len(friends) - len(known)
        links.extend((user, f) for f in known)
    return links
