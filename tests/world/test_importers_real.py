"""Importers on the real collections: the counts that are published, and one made from the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recosim.errors import ImportDataError
from recosim.world.csr import Csr
from recosim.world.importers import import_data
from recosim.world.world import World

DATA = Path(__file__).parents[3] / "shared" / "data"


def folder(name: str) -> Path:
    if not (DATA / name).is_dir():
        pytest.skip(f"the real collection {name} is not at {DATA}")
    return DATA / name


@pytest.fixture(scope="module")
def lastfm() -> World:
    return import_data("scpr", folder("scpr-lastfm"), "lastfm")


@pytest.fixture(scope="module")
def star() -> World:
    return import_data("scpr", folder("scpr-lastfm-star"), "lastfm-star")


def user_degrees(world: World) -> Any:
    return world.train.degrees() + world.valid.degrees() + world.test.degrees()


def item_degrees(world: World) -> Any:
    tables = (world.train, world.valid, world.test)
    return sum(np.bincount(t.indices, minlength=world.n_items) for t in tables)


def quantiles(values: Any, percents: list[int]) -> list[int]:
    return [round(float(q)) for q in np.percentile(values, percents)]


@pytest.mark.parametrize("name", ["lastfm", "star"])
def test_lastfm_and_lastfm_star_have_the_published_users_and_items(
    name: str, request: pytest.FixtureRequest
) -> None:
    world: World = request.getfixturevalue(name)
    assert (world.n_users, world.n_items, world.n_interactions) == (1801, 7432, 76693)
    assert (world.train.links, world.valid.links, world.test.links) == (52910, 11891, 11892)
    assert world.friends.links == 23958
    assert len(world.dialogues("test")) == 11892
    assert user_degrees(world).mean() == pytest.approx(42.6, abs=0.05)
    assert quantiles(user_degrees(world), [0, 10, 25, 50, 75, 90, 100]) == [
        20, 33, 39, 45, 48, 49, 50,
    ]  # fmt: skip
    assert item_degrees(world).mean() == pytest.approx(10.3, abs=0.05)
    assert quantiles(item_degrees(world), [10, 50, 75, 90, 99, 100]) == [1, 2, 7, 21, 139, 605]
    assert (item_degrees(world) == 0).sum() == 309
    assert world.settings["dropped"] == {}


def test_lastfm_has_the_published_attributes(lastfm: World) -> None:
    per_item, per_attribute = lastfm.item_attributes.degrees(), lastfm.attribute_items.degrees()
    assert (lastfm.n_attributes, lastfm.item_attributes.links) == (33, 30290)
    assert round(float(per_item.mean()), 2) == 4.08
    assert (np.median(per_item), per_item.max()) == (3, 26)
    assert quantiles(per_attribute, [0, 10, 25, 50, 75, 90, 99, 100]) == [
        220, 281, 399, 647, 955, 1944, 3400, 3671,
    ]  # fmt: skip


def test_lastfm_star_has_the_published_attributes(star: World) -> None:
    per_item, per_attribute = star.item_attributes.degrees(), star.attribute_items.degrees()
    assert (star.n_attributes, star.item_attributes.links) == (8438, 94446)
    assert round(float(per_item.mean()), 2) == 12.71
    assert (np.median(per_item), per_item.max()) == (8, 329)
    assert quantiles(per_attribute, [0, 10, 25, 50, 75, 90, 99, 100]) == [
        1, 1, 1, 1, 4, 16, 175, 2129,
    ]  # fmt: skip


def test_hetrec_reproduces_lastfm_star_from_the_raw_files(star: World, tmp_path: Path) -> None:
    maps = folder("scpr-lastfm-star") / "ID_map_info"

    def real_ids(name: str) -> Any:
        raw = json.loads((maps / name).read_text(encoding="utf-8"))
        ids = [raw[str(i)] for i in range(len(raw))]
        return np.array([i["real_id"][0] if isinstance(i, dict) else i for i in ids])

    artists, users, tags = (
        real_ids(f"{kind}_reverse_map.json") for kind in ("item", "user", "tag")
    )
    (tmp_path / "artists.txt").write_text("\n".join(map(str, artists)))
    world = import_data(
        "hetrec", folder("hetrec2011-lastfm"), "h", artists=tmp_path / "artists.txt"
    )
    # Rows of the import are in the order of the raw ids.
    user, item, tag = (np.argsort(np.argsort(ids)) for ids in (users, artists, tags))
    assert (world.n_users, world.n_items, world.n_attributes) == (1801, 7432, 8438)

    def same(table: Csr, rows: Any, columns: Any, other: Csr) -> bool:
        r, c = table.pairs()
        moved = set(zip(rows[r].tolist(), columns[c].tolist(), strict=True))
        return moved == set(zip(*(side.tolist() for side in other.pairs()), strict=True))

    assert same(star.item_attributes, item, tag, world.item_attributes)
    assert same(star.friends, user, user, world.friends)
    taken = [everything(w) for w in (star, world)]
    assert same(taken[0], user, item, taken[1])


def everything(world: World) -> Csr:
    from recosim.world.csr import csr_from_pairs

    pairs = [t.pairs() for t in (world.train, world.valid, world.test)]
    users, items = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return csr_from_pairs(users, items, world.n_users)


def test_hetrec_defaults_resemble_the_prepared_set() -> None:
    world = import_data("hetrec", folder("hetrec2011-lastfm"), "h")
    assert world.n_users == pytest.approx(1801, rel=0.02)
    assert world.n_items == pytest.approx(7432, rel=0.12)
    assert world.n_interactions == pytest.approx(76693, rel=0.05)
    assert world.train.links / world.n_interactions == pytest.approx(0.7, abs=0.01)


def test_the_published_yelp_taxonomy_gives_29_facets(tmp_path: Path) -> None:
    graph, maps = tmp_path / "Graph_generate_data", tmp_path / "ID_map_info"
    split = tmp_path / "UI_Interaction_data"
    for target in (graph, maps, split):
        target.mkdir()
    for file in folder("yelp-published").iterdir():
        target = maps if file.name in ("city_map.json", "category_map.json") else graph
        (target / file.name).write_bytes(file.read_bytes())
    items = {str(i): {"feature_index": [i, 589 - i, 214 + i % 5]} for i in range(200)}
    (graph / "item_dict-original_tag.json").write_text(json.dumps(items))
    for k, name in enumerate(("train", "valid", "test")):
        (split / f"review_dict_{name}.json").write_text(json.dumps({"0": [k], "1": [k + 3]}))
    world = import_data("scpr", tmp_path, "yelp")
    assert (world.n_attributes, world.n_facets) == (590, 29)
    # 517 distinct leaves of 565 entries: 73 attributes have no facet, others the first of theirs.
    assert (world.attribute_facet == -1).sum() == 73
    sizes = dict(zip(world.facet_names, world.facet_attributes.degrees().tolist(), strict=True))
    assert [sizes[f] for f in ("city", "stars", "price")] == [214, 5, 4]
    assert 0 < world.settings["attributes_in_several_facets"] <= 48
    items["3"] = {"feature_index": [590]}
    (graph / "item_dict-original_tag.json").write_text(json.dumps(items))
    with pytest.raises(ImportDataError, match=r"attribute 590 is not in the tag map"):
        import_data("scpr", tmp_path, "yelp")
