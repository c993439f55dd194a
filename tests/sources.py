"""Small right folders for the importers, written by the test: 8 users or so, 12 items."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

N_USERS, N_ITEMS = 8, 12
COLOURS = ("red", "green", "blue")


def pairs() -> list[tuple[int, int]]:
    """(user, item): each user has seven items."""
    rng = np.random.default_rng(0)
    return [(u, int(i)) for u in range(N_USERS) for i in rng.choice(N_ITEMS, size=7, replace=False)]


def write(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    write(path, [json.dumps(value)])


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    write(path, (json.dumps(row) for row in rows))


def table(folder: Path) -> Path:
    rows = [f"u{u},i{i},{1000 + 10 * u + k}" for k, (u, i) in enumerate(pairs())]
    write(folder / "interactions.csv", ["user,item,timestamp", *rows])
    rows = [f"i{i},{COLOURS[i % 3]},colour" for i in range(N_ITEMS)]
    rows += [f"i{i},{'large' if i % 2 else 'small'},size" for i in range(N_ITEMS)]
    write(folder / "item_attributes.csv", ["item,attribute,facet", *rows])
    rows = [f'i{i},"Thing, {i}",{i},0.5' for i in range(N_ITEMS)]
    write(folder / "items.csv", ["item,name,length,quality", *rows])
    write(folder / "friends.csv", ["user,friend", "u0,u1", "u1,u2"])
    return folder


def movielens(folder: Path) -> Path:
    rows = [f"{u + 1},{i + 1},{3.0 + k % 5 / 2},{10**9 + k}" for k, (u, i) in enumerate(pairs())]
    write(folder / "ratings.csv", ["userId,movieId,rating,timestamp", *rows])
    genres = ("Drama|War", "Comedy", "Crime")
    rows = [f"{i + 1},Film {i} ({1950 + 5 * i}),{genres[i % 3]}" for i in range(N_ITEMS)]
    write(folder / "movies.csv", ["movieId,title,genres", *rows])
    return folder


def ml100k(folder: Path) -> Path:
    rows = [f"{u + 1}\t{i + 1}\t{3 + k % 3}\t{10**9 + k}" for k, (u, i) in enumerate(pairs())]
    write(folder / "u.data", rows)
    rows = []
    for i in range(N_ITEMS):
        flags = "|".join("1" if g in (5, 8 + i % 3) else "0" for g in range(19))
        rows.append(f"{i + 1}|Café {i} (1995)|01-Jan-1995||http://x|{flags}")
    folder.mkdir(exist_ok=True)
    (folder / "u.item").write_bytes("".join(f"{row}\n" for row in rows).encode("latin-1"))
    return folder


def scpr(folder: Path) -> Path:
    items = {str(i): {"feature_index": [i % 3, 3 + i % 2]} for i in range(N_ITEMS)}
    write_json(folder / "Graph_generate_data" / "item_dict.json", items)
    users = {str(u): {"friends": [(u + 1) % N_USERS]} for u in range(N_USERS)}
    write_json(folder / "Graph_generate_data" / "user_dict.json", users)
    splits: dict[str, dict[str, list[int]]] = {"train": {}, "valid": {}, "test": {}}
    for k, (u, i) in enumerate(pairs()):
        split = "valid" if k % 7 == 5 else "test" if k % 7 == 6 else "train"
        splits[split].setdefault(str(u), []).append(i)
    for split, rows in splits.items():
        write_json(folder / "UI_Interaction_data" / f"review_dict_{split}.json", rows)
    names = ("red", "green", "blue", "small", "large")
    maps = {str(a): {"real_id": [a], "real_name": [n]} for a, n in enumerate(names)}
    write_json(folder / "ID_map_info" / "tag_reverse_map.json", maps)
    return folder


YELP = {"min_user_items": 1, "min_item_users": 1, "min_attribute_items": 1}
BUSINESS = "yelp_academic_dataset_business.json"
REVIEW = "yelp_academic_dataset_review.json"
USER = "yelp_academic_dataset_user.json"


def businesses() -> list[dict[str, Any]]:
    return [
        {
            "business_id": f"b{i}",
            "name": f"Place {i}",
            "city": "Springfield" if i % 2 else "Shelbyville",
            "stars": 3.0 + i % 4 / 2,
            "categories": "Bars, Food" if i % 3 else "Cafes, Food",
            "attributes": {"RestaurantsPriceRange2": str(1 + i % 4)},
        }
        for i in range(N_ITEMS)
    ]


def reviews() -> list[dict[str, Any]]:
    return [
        {
            "user_id": f"u{u}",
            "business_id": f"b{i}",
            "stars": 5.0,
            "date": f"2018-{1 + k % 12:02}-{1 + k % 28:02} 10:00:00",
        }
        for k, (u, i) in enumerate(pairs())
    ]


def yelp(folder: Path) -> Path:
    write_rows(folder / BUSINESS, businesses())
    write_rows(folder / REVIEW, reviews())
    users = ({"user_id": f"u{u}", "friends": f"u{(u + 1) % N_USERS}"} for u in range(N_USERS))
    write_rows(folder / USER, users)
    return folder


HETREC = {"min_user_items": 1, "min_common_tags": 1, "common_tag_artists": 1}


def hetrec(folder: Path) -> Path:
    def lines(name: str, *rows: str) -> None:
        write(folder / name, ("\t".join(row.split(" ")) + "\r" for row in rows))

    artists = (f"{i} Band{i} u p" for i in range(N_ITEMS))
    lines("artists.dat", "id name url pictureURL", *artists)
    lines("tags.dat", "tagID tagValue", "1 rock", "2 pop", "3 jazz")
    lines("user_artists.dat", "userID artistID weight", *(f"{u} {i} 5" for u, i in pairs()))
    lines("user_friends.dat", "userID friendID", "0 1", "1 0")
    tags = (f"0 {i} {1 + i % 3} 1 1 2009" for i in range(N_ITEMS))
    lines("user_taggedartists.dat", "userID artistID tagID day month year", *tags)
    return folder


def parquet(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet

    users, items = zip(*pairs(), strict=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in (
        ("interactions", {"user": users, "item": items, "timestamp": range(len(users))}),
        (
            "item_attributes",
            {"item": range(N_ITEMS), "attribute": [[COLOURS[i % 3]] for i in range(N_ITEMS)]},
        ),
    ):
        table = pa.table({key: list(values) for key, values in columns.items()})
        pa.parquet.write_table(table, folder / f"{name}.parquet")
    return folder


FEW = {"min_user_items": 1, "min_item_users": 1, "min_attribute_items": 1}


def recbole(folder: Path) -> Path:
    rows = [f"u{u}\ti{i}\t{3 + k % 3}.0\t{10**9 + k}" for k, (u, i) in enumerate(pairs())]
    header = "user_id:token\titem_id:token\trating:float\ttimestamp:float"
    write(folder / "ml.inter", [header, *rows])
    header = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"
    rows = [f'i{i}\tThe "{i}\t{1990 + i % 3}\tDrama War{i % 2}\t9.5' for i in range(N_ITEMS)]
    write(folder / "ml.item", [f"{header}\tlength:float", *rows])
    rows = [f"m.{i}\tfilm.genre\tm.{100 + i % 2}" for i in range(N_ITEMS)] + ["m.100\tis.a\tm.7"]
    write(folder / "ml.kg", ["head_id:token\trelation_id:token\ttail_id:token", *rows])
    rows = [f"i{i}\tm.{i}" for i in range(N_ITEMS)]
    write(folder / "ml.link", ["item_id:token\tentity_id:token", *rows])
    write(folder / "ml.net", ["source_id:token\ttarget_id:token", "u0\tu1", "u0\tstranger"])
    return folder


def amazon(folder: Path) -> Path:
    write_rows(
        folder / "reviews_Toys_5.json",
        (
            {"reviewerID": f"A{u}", "asin": f"B{i}", "overall": 5.0, "unixReviewTime": 10**9 + k}
            for k, (u, i) in enumerate(pairs())
        ),
    )
    literals = (
        {
            "asin": f"B{i}",
            "title": f"Toy {i}'s",
            "categories": [["Toys", COLOURS[i % 3]], ["Toys", "Games"]],
            "brand": f"Brand {i % 2}",
            "price": 9.99 + 30 * (i % 2),
        }
        for i in range(N_ITEMS)
    )
    write(folder / "meta_Toys.json", map(repr, literals))
    return folder


def goodreads(folder: Path) -> Path:
    write_rows(
        folder / "goodreads_interactions_poetry.json",
        (
            {
                "user_id": f"u{u}",
                "book_id": str(i),
                "is_read": True,
                "rating": 4 + k % 2,
                "date_added": f"Wed Mar {1 + k % 28:02} 11:37:04 -0700 2017",
            }
            for k, (u, i) in enumerate(pairs())
        ),
    )
    write_rows(
        folder / "goodreads_books_poetry.json",
        (
            {
                "book_id": str(i),
                "title": f"Book {i}",
                "authors": [{"author_id": str(i % 2), "role": ""}],
                "publication_year": str(1990 + i),
                "language_code": "eng",
                "format": "Paperback" if i % 3 else "",
                "popular_shelves": [
                    {"count": "99", "name": "to-read"},
                    {"count": "5", "name": COLOURS[i % 3]},
                ],
            }
            for i in range(N_ITEMS)
        ),
    )
    authors = ({"author_id": str(a), "name": f"Poet {a}"} for a in range(2))
    write_rows(folder / "goodreads_book_authors.json", authors)
    return folder


def lastfm360k(folder: Path) -> Path:
    rows = [
        f"user{u}\t{f'mbid-{i}' if i % 3 else ''}\tBand {i}\t{5 + k}"
        for k, (u, i) in enumerate(pairs())
    ]
    write(folder / "usersha1-artmbid-artname-plays.tsv", rows)
    rows = [
        f"user{u}\t{'mf'[u % 2]}\t{19 + u if u else ''}\t{('Spain', 'Peru')[u % 2]}\tFeb 1, 2007"
        for u in range(N_USERS)
    ]
    write(folder / "usersha1-profile.tsv", rows)
    return folder


class Graph:
    """Stands for MCMIPL's own class, which a reader has not."""

    def __init__(self, G: dict[str, Any]) -> None:
        self.G = G


def mcmipl(folder: Path) -> Path:
    """A graph in a pickle of a class, kinds of attributes in one of a dictionary."""
    import collections
    import pickle

    scpr(folder)
    (folder / "Graph_generate_data" / "item_dict.json").unlink()
    (folder / "Graph_generate_data" / "user_dict.json").unlink()
    items = {i: {"belong_to": [i % 3, 3 + i % 2], "interact": {0}} for i in range(N_ITEMS)}
    users = {u: {"friends": [(u + 1) % N_USERS], "interact": []} for u in range(N_USERS)}
    graph = Graph({"user": users, "item": collections.defaultdict(list, items), "feature": {}})
    (folder / "kg.pkl").write_bytes(pickle.dumps(graph))
    (folder / "fea_item").mkdir()
    kinds = {a: np.int64(7 if a < 3 else 9) for a in range(5)}
    (folder / "fea_item" / "small_to_large.pkl").write_bytes(pickle.dumps(kinds, protocol=2))
    return folder
