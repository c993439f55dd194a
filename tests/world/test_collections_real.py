"""The importers of collections on the real ones: their published counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from recosim.world.importers import import_data

DATA = Path(__file__).parents[3] / "shared" / "data"


def folder(name: str) -> Path:
    if not (DATA / name).is_dir():
        pytest.skip(f"the real collection {name} is not at {DATA}")
    return DATA / name


def test_cranfield_has_its_1400_abstracts_and_225_questions() -> None:
    world = import_data("trec", folder("cranfield"), "cranfield", topic_ids="position")
    assert world.topics is not None
    assert world.judgements is not None
    # Two of the 1,400 are empty, and one of the 1,837 judgements is of one of them.
    assert (world.n_items, world.topics.n_topics) == (1398, 225)
    assert sorted(world.settings["dropped"].values()) == [1, 2]
    assert world.judgements.documents.links == 1836
    assert world.judgements.answerable().all()
    assert (world.item_ids or ())[0] == "1"
    assert world.item_names[0].startswith("experimental investigation of the aerodynamics")


def test_cast_2022_has_18_topics_of_205_turns_each_with_a_need() -> None:
    world = import_data("cast", folder("cast2022"), "cast")
    assert world.topics is not None
    assert world.judgements is not None
    assert (world.topics.n_topics, world.topics.n_turns) == (18, 205)
    assert all(world.topics.needs)
    assert all(world.topics.rewrites)
    # 130 of the 165 judged turns have a relevant passage whose text is at hand.
    assert int(world.judgements.answerable().sum()) == 130
    (dropped,) = world.settings["dropped"].values()
    assert dropped + world.judgements.documents.links == 42196
    first = list(world.topics.turn_names).index("132_2-3")
    assert world.topics.earlier(first)[0].startswith("I remember Glasgow")
    assert len(world.topics.earlier(first)) == 3
