"""Annotators: what they answer follows from the rules of docs/annotators.md."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recosim.acts import Verb
from recosim.envs.recoworld.rules import LifeRules
from recosim.errors import CardError, OptionError, ResultsError, UnknownNameError
from recosim.trace import Trace
from recosim.users import Population, population
from recosim.users.annotators.aspects import Scale, Sight
from recosim.users.annotators.files import (
    preference_pairs,
    rated_slates,
    read_annotation,
    write_annotation,
)
from recosim.users.annotators.judging import Pool, annotate
from recosim.users.annotators.lists import Lists, draw_lists, lists_of_traces
from recosim.users.annotators.settings import ASPECTS, SETTINGS, Annotators, annotators_of
from recosim.users.behaviour import SETTINGS as OF_BEHAVIOUR
from recosim.users.population import read_population
from recosim.world.catalog import open_world
from recosim.world.csr import csr_from_lists
from recosim.world.parts import split_users
from recosim.world.world import build_world

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def world():
    return open_world("lastfm-small")


@pytest.fixture(scope="module")
def scale(world):
    return Scale.of(world)


@pytest.fixture(scope="module")
def lists(world):
    return draw_lists(world, split_users(world, "test"), 4)


def pool(behaviour=None, seed=0, **judging):
    return Population("some", behaviour or {}, seed=seed, annotators=Annotators(**judging))


# ---- lists ---------------------------------------------------------------------------------------


def test_drawn_lists_are_of_different_items_and_of_the_sizes_asked_for(world):
    users = split_users(world, "test")
    lists = draw_lists(world, users, 6, sizes=(2, 5))
    sizes = (lists.items >= 0).sum(axis=1)
    assert set(sizes) == {2, 3, 4, 5}
    assert np.array_equal(lists.user, np.repeat(users, 6))
    for row, n in zip(lists.items, sizes, strict=True):
        assert len(set(row[:n])) == n
        assert (row[n:] == -1).all()


def test_a_list_hangs_on_its_user_and_the_seed_alone(world):
    users = split_users(world, "test")
    all_, some = draw_lists(world, users, 3), draw_lists(world, users[5:7], 3)
    assert np.array_equal(all_.items[15:21], some.items)
    assert not np.array_equal(draw_lists(world, users, 3, seed=1).items, all_.items)


def test_drawn_lists_fit_their_user_better_the_stronger_the_pull(world):
    users = split_users(world, "test")
    fits = [Sight(world, draw_lists(world, users, 4, pull=pull)).truth.mean() for pull in (0, 1, 3)]
    assert fits[0] + 0.03 < fits[1] < fits[2] - 0.03


@given(counts=st.lists(st.integers(1, 5), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_pairs_are_all_pairs_of_lists_of_one_user(counts):
    user = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    lists = Lists(user, np.zeros(len(user), np.int16), np.zeros((len(user), 1), np.int32))
    expected = [
        (a, b) for a in range(len(user)) for b in range(a + 1, len(user)) if user[a] == user[b]
    ]
    assert list(zip(*(part.tolist() for part in lists.pairs()), strict=True)) == expected


@pytest.mark.parametrize(
    ("number", "sizes", "says"),
    [
        (0, (3, 5), "0 lists of a user; allowed: 1 to 1,024"),
        (2000, (3, 5), "2,000 lists"),
        (2, (0, 5), "lists of 0 to 5 items; allowed: from 1 to the 500 items"),
        (2, (5, 3), "the smaller number first"),
        (2, (3, 501), "lists of 3 to 501 items"),
    ],
)
def test_lists_that_cannot_be_are_refused(world, number, sizes, says):
    with pytest.raises(OptionError, match=re.escape(says)):
        draw_lists(world, split_users(world, "test"), number, sizes=sizes)


# ---- aspects -------------------------------------------------------------------------------------


def small_world():
    """Three items: the first two share one of two attributes, the third has none."""
    return build_world(
        name="three",
        item_attributes=csr_from_lists([[0, 1], [1, 2], []]),
        train=csr_from_lists([[0, 1], [0]]),
        valid=csr_from_lists([[], [1]]),
        test=csr_from_lists([[2], []]),
        n_attributes=3,
        item_quality=[0.2, 0.4, 0.9],
        item_appeal=[0.1, 0.5, 0.3],
    )


def test_aspects_are_those_of_the_page():
    world = small_world()
    lists = Lists(
        np.array([0, 0, 1], np.int32),
        np.zeros(3, np.int16),
        np.array([[0, 1, 2], [1, -1, -1], [2, 0, -1]], np.int32),
    )
    seen = Sight(world, lists).aspects(examination=0.5)
    quality, appeal = world.item_worth("quality"), world.item_worth("appeal")
    for row, items, user in zip(seen, [[0, 1, 2], [1], [2, 0]], [0, 0, 1], strict=True):
        has = [world.item_attributes.row(v).tolist() for v in items]
        fit = [world.taste[user][h].sum() / np.sqrt(max(1, len(h))) for h in has]
        weight = 0.5 ** np.arange(len(items))
        mean = lambda x, w=weight: (np.asarray(x) * w).sum() / w.sum()  # noqa: E731
        unlike = [
            1 - len(set(a) & set(b)) / max(1, len(set(a) | set(b)))
            for k, a in enumerate(has)
            for b in has[k + 1 :]
        ]
        assert row.tolist() == pytest.approx(
            [
                mean(1 / (1 + np.exp(-(np.array(fit) + quality[items])))),
                mean(appeal[items]),
                mean(np.log1p(world.popularity[items])),
                np.log(len(items)),
                np.mean(unlike) if unlike else 0.0,
            ]
        )


def test_truth_is_the_mean_true_utility_of_lives(world, lists):
    """The usual rules of RecoWorld are those by which a list is worth what it is."""
    assert (LifeRules().utility_bias, LifeRules().quality_weight) == (0.0, 1.0)
    truth = Sight(world, lists).truth
    row = lists.items[7][lists.items[7] >= 0]
    taste, links = world.taste[lists.user[7]], world.item_attributes
    fit = np.array([taste[links.row(v)].sum() / np.sqrt(max(1, len(links.row(v)))) for v in row])
    worth = 1 / (1 + np.exp(-(fit + world.item_worth("quality")[row])))
    assert truth[7] == pytest.approx(worth.mean())


def test_a_unit_is_the_deviation_of_drawn_lists(world, scale):
    users = split_users(world, "train")
    z = scale(Sight(world, draw_lists(world, users, 8, seed=5)).aspects())
    assert np.abs(z.mean(axis=0)).max() < 0.15
    assert np.abs(z.std(axis=0) - 1).max() < 0.15


def test_what_is_unknown_of_all_items_counts_for_nothing():
    world = small_world()
    unknown = build_world(
        name="three",
        item_attributes=world.item_attributes,
        train=world.train,
        valid=world.valid,
        test=world.test,
        n_attributes=3,
    )
    lists = draw_lists(unknown, np.array([0, 1], np.int32), 2, sizes=(1, 3))
    judged = pool(compare={"appeal": 1.0}, rate={"appeal": 1.0}, tie=1e-9)
    said = annotate(unknown, judged, lists, scale=Scale(np.zeros(5), np.ones(5)))
    assert (said.comparisons == 0).all()
    assert (said.ratings == 4).all()


# ---- answers -------------------------------------------------------------------------------------


def test_one_clean_annotator_says_the_truth(world, scale, lists):
    said = annotate(world, pool(), lists, scale=scale)
    assert np.array_equal(said.comparisons[:, 0], said.by_truth)
    order = np.argsort(said.truth)
    assert (np.diff(said.ratings[order, 0].astype(int)) >= 0).all()
    assert set(said.ratings.ravel()) == set(range(1, 8))


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_flips_turn_so_many_comparisons_round_and_no_rating(world, scale, lists, share):
    clean = annotate(world, pool(pool=8), lists, scale=scale)
    said = annotate(world, pool({"answer_noise": share}, pool=8), lists, scale=scale)
    turned = said.comparisons == -clean.comparisons
    error = 4 * np.sqrt(share * (1 - share) / turned.size)
    assert turned.mean() == pytest.approx(share, abs=error + 1e-9)
    assert np.array_equal(said.ratings, clean.ratings)


def test_who_cannot_tell_and_what_is_too_close_is_equal(world, scale, lists):
    asked = pool({"dont_know": 0.3, "answer_noise": 0.2}, pool=8, tie=0.4)
    said = annotate(world, asked, lists, scale=scale)
    felt = scale(Sight(world, lists).aspects())[:, 0]
    close = np.abs(felt[said.first] - felt[said.second]) <= 0.4
    assert (said.comparisons[close] == 0).all()
    assert (said.comparisons[~close] == 0).mean() == pytest.approx(0.3, abs=0.05)


def test_temperature_makes_close_comparisons_uncertain_and_far_ones_not(world, scale, lists):
    said = annotate(world, pool({"choice_temperature": 0.5}, pool=40), lists, scale=scale)
    felt = scale(Sight(world, lists).aspects())[:, 0]
    margin = felt[said.first] - felt[said.second]
    expected = 1 / (1 + np.exp(-margin / 0.5))
    found = (said.comparisons == 1).mean(axis=1)
    assert np.abs(found - expected).mean() < 0.06
    assert (found - expected).mean() == pytest.approx(0, abs=0.02)


def test_ratings_weigh_what_they_are_told_to_weigh(world, scale, lists):
    said = annotate(world, pool(rate={"length": 1.0}, step=0.2, levels=21), lists, scale=scale)
    sizes = (lists.items >= 0).sum(axis=1)
    for n in np.unique(sizes):
        assert len(set(said.ratings[sizes == n, 0])) == 1
    assert np.corrcoef(said.ratings[:, 0], np.log(sizes))[0, 1] > 0.99
    assert np.array_equal(said.comparisons[:, 0], said.by_truth)  # these still weigh worth


def test_who_reads_no_further_judges_by_the_first_item(world, scale, lists):
    short = Lists(lists.user, lists.agent, lists.items[:, :1], lists.agents)
    for kind in ("compare", "rate"):
        weights = {kind: {"appeal": 1.0}}
        one = annotate(world, pool({"examination": 0.0}, **weights), lists, scale=scale)
        other = annotate(world, pool(**weights), short, scale=scale)
        assert np.array_equal(one.comparisons, other.comparisons) or kind == "rate"
        assert np.array_equal(one.ratings, other.ratings) or kind == "compare"


def test_an_annotator_of_own_taste_judges_as_that_user_would(world, scale, lists):
    crowd = pool(pool=3, own_taste=1.0)
    said = annotate(world, crowd, lists, scale=scale)
    whose = Pool(crowd, world).taste
    for k in range(3):
        theirs = Lists(
            np.full(len(lists), whose[k], np.int32), lists.agent, lists.items, lists.agents
        )
        felt = Sight(world, theirs).truth
        expected = np.sign(felt[said.first] - felt[said.second])
        assert np.array_equal(said.comparisons[:, k], expected)


def test_annotators_who_weigh_alike_differ_by_leniency_alone(world, scale, lists):
    said = annotate(world, pool(pool=6, leniency=1.0, step=0.1, levels=100), lists, scale=scale)
    apart = said.ratings.astype(int) - said.ratings[:, [0]]
    assert (apart.max(axis=0) - apart.min(axis=0) <= 1).all()  # but for rounding
    assert len(set(apart.mean(axis=0).round())) > 3
    assert (said.comparisons == said.comparisons[:, [0]]).all()


def test_the_same_seed_says_the_same_whoever_else_is_asked(world, scale, lists):
    judging = {"own_taste": 0.3, "spread": 0.3, "leniency": 0.3, "rating_noise": 0.5}
    noise = {"answer_noise": {"beta": [1, 4]}, "choice_temperature": 0.3}
    many = annotate(world, pool(noise, pool=9, **judging), lists, scale=scale, seed=3)
    again = annotate(world, pool(noise, pool=9, **judging), lists, scale=scale, seed=3)
    for name in ("ratings", "comparisons"):
        assert np.array_equal(getattr(many, name), getattr(again, name))
    users = np.unique(lists.user)[4:9]
    few = Lists(
        *(part[np.isin(lists.user, users)] for part in (lists.user, lists.agent, lists.items))
    )
    fewer = annotate(world, pool(noise, pool=4, **judging), few, scale=scale, seed=3)
    rows, pairs = np.isin(lists.user, users), np.isin(lists.user[many.first], users)
    assert np.array_equal(fewer.ratings, many.ratings[rows, :4])
    # The tastes of a smaller pool are those of the first of a larger one.
    assert np.array_equal(fewer.comparisons, many.comparisons[pairs, :4])
    other = annotate(world, pool(noise, pool=9, **judging), lists, scale=scale, seed=4)
    assert (other.comparisons != many.comparisons).mean() > 0.02


def test_the_names_of_agents_change_nothing(world, scale, lists):
    agents = (lists.place % 2).astype(np.int16)
    crowd = population("peering")
    one, other = (
        annotate(world, crowd, Lists(lists.user, agents, lists.items, names), scale=scale)
        for names in (("a", "b"), ("z", "y"))
    )
    assert np.array_equal(one.comparisons, other.comparisons)
    assert (agents[one.first] != agents[one.second]).all()


# ---- traces --------------------------------------------------------------------------------------


def trace_of(rows):
    """(user, verb, items) -> a table with what is read of a trace."""
    import pyarrow as pa

    user, verb, items = zip(*rows, strict=True)
    table = {
        "user": pa.array(user, pa.int32()),
        "verb": pa.array(verb, pa.int8()),
        "items": pa.array(items, pa.list_(pa.int32())),
    }
    return Trace(pa.table(table))


def test_traces_give_the_first_lists_of_users_that_all_agents_met():
    show, ask = int(Verb.RECOMMEND), int(Verb.ASK)
    one = trace_of(
        [(4, ask, [9]), (4, show, [1, 2]), (4, show, [3]), (2, show, []), (2, show, [5])]
    )
    two = trace_of([(2, show, [6]), (4, show, [7, 8, 9]), (7, show, [1])])
    lists = lists_of_traces([("one", one), ("two", two)])
    assert lists.user.tolist() == [2, 2, 4, 4]
    assert lists.agents == ("one", "two")
    assert lists.items.tolist() == [[5, -1, -1], [6, -1, -1], [1, 2, -1], [7, 8, 9]]
    assert lists_of_traces([("one", one)], 2).items.tolist() == [[5, -1], [1, 2], [3, -1]]
    with pytest.raises(ResultsError, match="no user was shown a list by one and by three"):
        lists_of_traces([("one", one), ("three", trace_of([(9, show, [1])]))])
    with pytest.raises(ResultsError, match="no column `items`"):
        lists_of_traces([("one", Trace(one.table.drop_columns(["items"])))])


# ---- cards ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"pol": 3}, UnknownNameError, "pool"),
        ({"pool": 0}, OptionError, "pool is 0; a whole number of annotators from 1"),
        ({"own_taste": 1.2}, OptionError, "own_taste is 1.2"),
        ({"step": 0}, OptionError, "step is 0; a number above 0 is needed"),
        ({"levels": 1}, OptionError, "levels is 1"),
        ({"tie": -1}, OptionError, "tie is -1"),
        ({"rate": {"lenght": 1}}, UnknownNameError, "length"),
        ({"rate": {"length": float("nan")}}, OptionError, "rate.length is nan"),
        ({"compare": {}}, OptionError, "compare is {}"),
        ({"compare": {"worth": 0.0}}, OptionError, "compare weighs nothing"),
        (7, OptionError, "annotators is 7; a table of settings is needed"),
    ],
)
def test_a_table_of_annotators_that_cannot_be_is_refused(given, error, says):
    with pytest.raises(error, match=re.escape(says)):
        annotators_of(given)


CARD = """
name = "some"
title = "Some"
description = "Some."
[annotators]
pool = 3
spread = 0.5
"""


def test_every_number_of_annotators_has_a_source_or_none_has(tmp_path):
    path = tmp_path / "some.toml"
    path.write_text(CARD)
    assert read_population(path, "some").annotators == Annotators(pool=3, spread=0.5)
    path.write_text(CARD + '[sources]\npool = "counted"\n')
    with pytest.raises(CardError, match="the sources of spread are missing"):
        read_population(path, "some")
    path.write_text(CARD + '[sources]\npool = "counted"\nspread = "choice: nobody counted"\n')
    assert read_population(path, "some").sources["spread"] == "choice: nobody counted"
    path.write_text(CARD.replace("spread", "spraed"))
    with pytest.raises(CardError, match="spread"):
        read_population(path, "some")


@pytest.mark.parametrize("name", ["alpacafarm", "peering"])
def test_the_cards_of_annotators_say_where_each_number_is_from(name):
    crowd = population(name)
    own = {k for k, v in crowd.annotators.to_dict().items() if v != Annotators().to_dict()[k]}
    assert own | set(crowd.settings) <= set(crowd.sources)


def test_settings_of_annotators_have_names_of_their_own_and_are_on_the_page():
    assert not set(SETTINGS) & set(OF_BEHAVIOUR)
    page = (ROOT / "docs" / "annotators.md").read_text()
    for name, (kind, told) in SETTINGS.items():
        value = Annotators().to_dict()[name]
        usual = "`worth` alone" if isinstance(value, dict) else f"`{value:g}`"
        assert f"| `{name}` | {told} | {kind.described()} | {usual} |" in page
    assert all(f"| `{aspect}` |" in page for aspect in ASPECTS)


def test_no_outcome_of_an_environment_hangs_on_annotators():
    assert pool(pool=5).to_dict() == pool().to_dict()


# ---- files ---------------------------------------------------------------------------------------


def test_what_was_said_reads_back(world, scale, lists, tmp_path):
    said = annotate(world, population("peering"), lists, scale=scale)
    write_annotation(tmp_path / "said", said, {"world": world.name})
    read = read_annotation(tmp_path / "said")
    for name in ("first", "second", "ratings", "comparisons", "truth"):
        assert np.array_equal(getattr(read, name), getattr(said, name)), name
        assert getattr(read, name).dtype == getattr(said, name).dtype, name
    assert np.array_equal(read.lists.items, lists.items)
    assert read.levels == said.levels
    (tmp_path / "said" / "ratings.parquet").write_bytes(b"no")
    with pytest.raises(ResultsError, match="damaged"):
        read_annotation(tmp_path / "said")
    with pytest.raises(ResultsError, match="'recosim users annotate' writes them"):
        read_annotation(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "note.txt").write_text("mine")
    with pytest.raises(ResultsError, match="holds no annotations; give another folder"):
        write_annotation(tmp_path / "other", said, {})


def test_pairs_and_slates_are_what_was_said(world, scale, lists):
    said = annotate(world, population("peering"), lists, scale=scale)
    pairs = preference_pairs(said).to_pylist()
    assert len(pairs) == said.comparisons.size
    kept = [[v for v in row if v >= 0] for row in lists.items.tolist()]
    for row in pairs[:: len(pairs) // 50]:
        found = [
            p
            for p in np.flatnonzero(lists.user[said.first] == row["user"])
            if kept[said.first[p]] == row["first"] and kept[said.second[p]] == row["second"]
        ]
        assert row["label"] in said.comparisons[found, row["annotator"]]
    slates = rated_slates(said).to_pylist()
    assert len(slates) == said.ratings.size
    assert [row["position"] for row in slates[:8]] == [1, 2, 3, 4] * 2
    for row in slates[:: len(slates) // 50]:
        where = np.flatnonzero(lists.user == row["user"])[row["position"] - 1]
        assert row["items"] == kept[where]
        assert row["relevance"] == said.ratings[where, row["annotator"]] - 1
