"""Importer of the raw HetRec-2011 LastFM collection (`.dat` files, tab-separated, CRLF).

An item is an artist, its attributes are all tags that any user gave it, an interaction is a user
listening to it. LastFM* of SCPR and UNICORN was prepared from these files: given the same artists,
this importer gives the same attributes, users, interactions and friends.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.csr import csr_from_lists, csr_from_pairs
from recosim.world.importers.cells import column_key, columns_by_name, shown
from recosim.world.importers.interactions import distinct, finish, split_by_user
from recosim.world.importers.rows import split_lines
from recosim.world.importers.source import Log, bad, find_file, need_file, read_lines
from recosim.world.world import World

__all__ = ["import_hetrec"]

WHAT = "the HetRec-2011 LastFM files"


def import_hetrec(
    path: Path,
    name: str,
    *,
    artists: Path | None = None,
    min_user_items: int = 20,
    min_common_tags: int = 2,
    common_tag_artists: int = 150,
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A world from the raw HetRec-2011 LastFM files.

    The defaults keep 8,276 artists, most of the 7,432 of the prepared set among them: how those
    were chosen is not published. `artists` names exactly which to keep.

    Args:
        artists: a text file of artist ids, one a line; without it, those with tags enough.
        min_user_items: drop users of fewer kept artists (the prepared set: 20).
        min_common_tags: drop artists with fewer common tags than this.
        common_tag_artists: a tag is common if at least so many artists carry it.
        seed: of the random 70/15/15 split of each user's interactions.

    Raises:
        ImportDataError: a file is missing or has a malformed line, an id occurs twice or names
            nothing, or too little is left. Repeated interactions and friend links of users that
            were left out are dropped and counted in the settings.
    """
    path = Path(path)
    files = {
        label: need_file(path, [f"{label}.dat"], WHAT)
        for label in ("artists", "tags", "user_artists", "user_friends", "user_taggedartists")
    }
    more = find_file(path, ["user_taggedartists_2.dat"], WHAT, needed=False)
    log = Log()

    artist_names = _names(files["artists"], "artist", log, progress)
    tag_names = _names(files["tags"], "tag", log, progress)
    tag_files = [files["user_taggedartists"], *([more] if more is not None else [])]
    tags_of = _tags(tag_files, tag_names, log, progress)
    # 390 artists of the published files are tagged but not listed in artists.dat, and the prepared
    # set has 150 of them: they stay, without a name and without listeners.
    unlisted = sorted(set(tags_of) - set(artist_names))
    artist_names |= {artist: f"artist {artist}" for artist in unlisted}
    if artists is not None:
        kept_artists = _listed(Path(artists), artist_names)
    else:
        carriers = Counter(t for tags in tags_of.values() for t in tags)
        common = {t for t, n in carriers.items() if n >= common_tag_artists}
        kept_artists = sorted(a for a, t in tags_of.items() if len(t & common) >= min_common_tags)
    item_of = {artist: i for i, artist in enumerate(kept_artists)}

    users, items = _listening(files["user_artists"], artist_names, item_of, log, progress)
    ids, row_user = np.unique(users, return_inverse=True)
    enough = np.bincount(row_user, minlength=len(ids)) >= min_user_items
    kept_users = ids[enough]
    if not len(kept_users) or not item_of:
        raise ImportDataError(
            f"{path}: no user has {min_user_items} of the {len(item_of)} kept artists; lower "
            "min_user_items, min_common_tags or common_tag_artists."
        )
    stay = enough[row_user]
    user_of = {int(u): k for k, u in enumerate(kept_users)}
    friends = _friends(files["user_friends"], user_of, log, progress)
    used_tags = sorted(set().union(*(tags_of.get(a, set()) for a in kept_artists)))
    attribute_of = {tag: a for a, tag in enumerate(used_tags)}
    return finish(
        path,
        log,
        name=name,
        item_attributes=csr_from_lists(
            [attribute_of[t] for t in tags_of.get(a, ())] for a in kept_artists
        ),
        n_attributes=len(used_tags),
        **split_by_user(
            np.searchsorted(kept_users, users[stay]), items[stay], len(kept_users), seed=seed
        ),
        friends=csr_from_pairs([a for a, _ in friends], [b for _, b in friends], len(user_of)),
        facet_names=["tag"],
        attribute_names=[tag_names[t] for t in used_tags],
        item_names=[artist_names[a] for a in kept_artists],
        source="HetRec 2011 LastFM 2K (raw files)",
        licence="non-commercial research",
        settings={
            "importer": "hetrec",
            "min_user_items": min_user_items,
            "chosen_artists": artists is not None,
            "min_common_tags": min_common_tags,
            "common_tag_artists": common_tag_artists,
            "seed": seed,
            "artists_without_a_name": len(set(unlisted) & set(item_of)),
        },
    )


def _rows(
    path: Path, columns: tuple[str, ...], log: Log, progress: Progress | None
) -> Iterator[tuple[int, list[str]]]:
    """(line number, the fields of these columns) of a file whose first line names its columns."""
    # artists.dat is UTF-8, tags.dat is latin-1.
    rows = split_lines(path, "\t", log=log, progress=progress)
    _, header = next(rows, (1, [""]))
    wanted = {column: (column_key(column),) for column in columns}
    places = list(columns_by_name(path, header, wanted, columns).values())
    for number, fields in rows:
        yield number, [fields[i] for i in places]


def _whole(path: Path, number: int, *fields: str) -> list[int]:
    try:
        values = [float(f) if "." in f else int(f) for f in fields if len(f) < 20]
    except ValueError:
        values = []
    whole = [int(v) for v in values if abs(v) < 2**53 and v == int(v)]
    if len(whole) != len(fields):
        raise bad(path, f"expected whole numbers, found {shown(' '.join(fields))}", number)
    return whole


def _names(path: Path, kind: str, log: Log, progress: Progress | None) -> dict[int, str]:
    columns = ("id", "name") if kind == "artist" else ("tagID", "tagValue")
    names: dict[int, str] = {}
    for number, fields in _rows(path, columns, log, progress):
        (key,) = _whole(path, number, fields[0])
        if key in names:
            raise bad(path, f"{kind} {key} occurs twice", number)
        names[key] = fields[1]
    return names


def _tags(
    paths: list[Path], tag_names: dict[int, str], log: Log, progress: Progress | None
) -> dict[int, set[int]]:
    """The tags of each artist."""
    columns = ("artistID", "tagID")
    tags: dict[int, set[int]] = defaultdict(set)
    for path in paths:
        for number, fields in _rows(path, columns, log, progress):
            artist, tag = _whole(path, number, *fields)
            if tag not in tag_names:
                raise bad(path, f"tag {tag} is not in tags.dat", number)
            tags[artist].add(tag)
    return dict(tags)


def _listed(path: Path, artist_names: dict[int, str]) -> list[int]:
    if not path.is_file():
        raise ImportDataError(f"{path}: no such file; name a list of artist ids, one a line.")
    chosen = set()
    for number, line in read_lines(path):
        (artist,) = _whole(path, number, line.strip())
        if artist not in artist_names:
            raise bad(path, f"artist {artist} is in no file of the collection", number)
        if artist in chosen:
            raise bad(path, f"artist {artist} occurs twice", number)
        chosen.add(artist)
    return sorted(chosen)


def _listening(
    path: Path,
    artist_names: dict[int, str],
    item_of: dict[int, int],
    log: Log,
    progress: Progress | None,
) -> tuple[np.ndarray, np.ndarray]:
    """(user, item) of each listening to a kept artist, each pair once."""
    users, items = [], []
    for number, fields in _rows(path, ("userID", "artistID"), log, progress):
        user, artist = _whole(path, number, *fields)
        if artist not in artist_names:
            raise bad(path, f"artist {artist} is not in artists.dat", number)
        if artist in item_of:
            users.append(user)
            items.append(item_of[artist])
    u, i = np.asarray(users, dtype=np.int64), np.asarray(items, dtype=np.int64)
    once = distinct(u, i)
    if len(once) < len(u):
        log.dropped["repeated interactions"] += len(u) - len(once)
    return u[once], i[once]


def _friends(
    path: Path,
    user_of: dict[int, int],
    log: Log,
    progress: Progress | None,
) -> list[tuple[int, int]]:
    links = []
    for number, fields in _rows(path, ("userID", "friendID"), log, progress):
        a, b = _whole(path, number, *fields)
        if a in user_of and b in user_of:
            links.append((user_of[a], user_of[b]))
        else:
            log.dropped["friend links of users that were left out"] += 1
    return links
