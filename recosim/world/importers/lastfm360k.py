"""Importer of Last.fm 360K (Celma, 2010): who listened to which artist how often.

The collection says nothing of artists but their names. What can be asked about is taken from the
people who listen to them: how popular an artist is, and where and how old its listeners are.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.csr import Csr, csr_from_lists
from recosim.world.importers.cells import Ids, decimal_of, label_of, shown
from recosim.world.importers.interactions import (
    core,
    distinct,
    fifths,
    finish,
    renumber,
    split_by_user,
)
from recosim.world.importers.rows import split_lines
from recosim.world.importers.source import Log, bad, need_file
from recosim.world.world import World

__all__ = ["import_lastfm360k"]

PLAYS = ("usersha1-artmbid-artname-plays.tsv", "usersha1-artmbid-artname-plays.tsv.gz")
PROFILES = ("usersha1-profile.tsv", "usersha1-profile.tsv.gz")
FACETS = ("popularity", "listeners' country", "listeners' age")
POPULARITY = ("hardly known", "little known", "known", "popular", "very popular")
LEAST = 3  # listeners of an artist, in train and with a profile, of whom something is said


def import_lastfm360k(
    path: Path,
    name: str,
    *,
    min_plays: int = 1,
    min_user_items: int = 20,
    min_item_users: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A world from the two tables of Last.fm 360K: plays and profiles.

    An item is an artist (its MusicBrainz id, or its name where it has none). Facets: popularity in
    fifths, the country and the age group of most of its listeners. **They count train interactions
    alone**: no attribute looks at validation or test.

    Args:
        min_plays: least plays that count as an interaction.
        min_user_items, min_item_users: users and artists below are removed, again and again.
        seed: of the 70/15/15 split of each user's interactions.

    Raises:
        ImportDataError: a file is missing or has a malformed line, a user is there twice, or too
            little is left. Lines without a user or an artist are dropped and counted.
    """
    path = Path(path)
    log = Log()
    plays = need_file(path, PLAYS, "Last.fm 360K")
    profiles = need_file(path, PROFILES, "Last.fm 360K")
    user_of: dict[str, int] = {}
    item_of: dict[str, int] = {}
    names: list[str] = []
    rows: list[tuple[int, int]] = []
    users, items = Ids(plays, "user"), Ids(plays, "artist")
    for line, fields in split_lines(plays, "\t", width=4, log=log, progress=progress):
        called = label_of(fields[2])
        user, item = users.get(fields[0], line), items.get(fields[1] or called, line)
        if user is None or item is None:
            log.drop("lines without a user or an artist", plays, line)
            continue
        try:
            count = decimal_of(fields[3].strip())
        except ValueError:
            count = None
        if count is None:
            raise bad(plays, f"expected a number of plays, found {shown(fields[3])}", line)
        if count < min_plays:
            log.drop(f"lines of fewer than {min_plays} plays")
            continue
        if item not in item_of:
            item_of[item] = len(names)
            names.append(called or item)
        rows.append((user_of.setdefault(user, len(user_of)), item_of[item]))
    if not rows:
        raise bad(plays, "the file has no plays that count")
    pairs = np.array(rows, dtype=np.int64)
    once = distinct(pairs[:, 0], pairs[:, 1])
    log.dropped["repeated interactions"] += len(rows) - len(once)
    kept = once[core(pairs[once, 0], pairs[once, 1], min_user_items, min_item_users)]
    if not len(kept):
        raise ImportDataError(
            f"{path}: nothing is left with min_plays={min_plays}, min_user_items={min_user_items} "
            f"and min_item_users={min_item_users}; lower one of them."
        )
    kept_users, new_user = renumber(pairs[kept, 0], len(user_of))
    kept_items, new_item = renumber(pairs[kept, 1], len(names))
    splits = split_by_user(
        new_user[pairs[kept, 0]], new_item[pairs[kept, 1]], len(kept_users), seed=seed
    )
    left = {key: int(new_user[u]) for key, u in user_of.items() if new_user[u] >= 0}
    country, age = _profiles(profiles, left, log, progress)
    values = _attributes(splits["train"], len(kept_items), country, age)
    order = {label: k for k, label in enumerate(POPULARITY)}
    chosen = sorted({a for row in values for a in row}, key=lambda a: (a[0], order.get(a[1], 0), a))
    number = {a: k for k, a in enumerate(chosen)}
    return finish(
        path,
        log,
        name=name,
        item_attributes=csr_from_lists([number[a] for a in row] for row in values),
        n_attributes=len(chosen),
        **splits,
        attribute_facet=[facet for facet, _ in chosen],
        facet_names=FACETS,
        attribute_names=[label for _, label in chosen],
        item_names=[names[i] for i in kept_items],
        source="Last.fm 360K (Celma, 2010)",
        licence="non-commercial research, by agreement with Last.fm",
        settings={
            "importer": "lastfm360k",
            "min_plays": min_plays,
            "min_user_items": min_user_items,
            "min_item_users": min_item_users,
            "seed": seed,
        },
    )


def _profiles(
    path: Path, user_of: dict[str, int], log: Log, progress: Progress | None
) -> tuple[list[str], list[str]]:
    """Country and age group of each kept user, "" where they are unknown."""
    country, age = [""] * len(user_of), [""] * len(user_of)
    ids = Ids(path, "user")
    seen: set[int] = set()
    for line, fields in split_lines(path, "\t", width=5, log=log, progress=progress):
        key = ids.get(fields[0], line)
        user = None if key is None else user_of.get(key)
        if user is None:
            continue
        if user in seen:
            raise bad(path, f"user {shown(key)} occurs twice", line)
        seen.add(user)
        country[user] = label_of(fields[3])
        try:
            years = decimal_of(fields[2].strip() or None)
        except ValueError:
            years = None
        if years is None or not 5 <= years < 100:
            log.note("users without an age from 5 to 99")
        else:
            age[user] = "under 20" if years < 20 else "50 or more" if years >= 50 else ""
            age[user] = age[user] or f"in their {int(years) // 10 * 10}s"
    if missing := len(user_of) - len(seen):
        log.notes["users without a profile"] += missing
    return country, age


def _attributes(
    train: Csr, n_items: int, country: list[str], age: list[str]
) -> list[list[tuple[int, str]]]:
    """(facet, label) of each artist, from its train listeners."""
    tiers: NDArray[np.int64] = fifths(
        np.bincount(train.indices, minlength=n_items).astype(np.float64)
    )
    values = [[(0, POPULARITY[tier])] for tier in tiers]
    listeners = train.transpose(n_items)
    for item, row in enumerate(values):
        for facet, labels in ((1, country), (2, age)):
            counts = Counter(label for u in listeners.row(item) if (label := labels[u]))
            if counts.total() >= LEAST:
                row.append((facet, min(counts, key=lambda c: (-counts[c], c))))
    return values
