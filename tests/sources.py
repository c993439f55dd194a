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
