"""Generated worlds: the figures of their cards, structure that can be learned, and determinism."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import spearmanr

from recosim.cards import find_card
from recosim.errors import CardError
from recosim.schema import load_card
from recosim.world.arrays import arrays_of
from recosim.world.data_card import DataCard
from recosim.world.generate.build import generate_world
from recosim.world.generate.degrees import counts_from_curve, zipf_shares
from recosim.world.generate.matching import match_stubs
from recosim.world.generate.settings import GeneratorSettings
from recosim.world.generate.statistics import compare, measure

GENERATED = ("lastfm", "lastfm-small", "yelp", "yelp-small")


def card_of(name):
    return load_card(DataCard, find_card("data", name))


@pytest.fixture(scope="module")
def world_of():
    """Each built-in world, generated once in this module."""
    built = {}

    def make(name):
        if name not in built:
            built[name] = generate_world(name, card_of(name).generator)
        return built[name]

    return make


@pytest.fixture(scope="module")
def lastfm(world_of):
    return world_of("lastfm")


# What the cards ask for


@pytest.mark.parametrize("name", GENERATED)
def test_a_world_hits_every_figure_of_its_card(name, world_of):
    statistics = card_of(name).statistics
    wanted = statistics.model_dump(exclude={"tolerance"}, exclude_defaults=True)
    rows = compare(world_of(name), wanted, statistics.tolerance)
    assert len(rows) >= 10
    assert [row for row in rows if not row.near] == []


@pytest.mark.parametrize("name", GENERATED)
def test_a_world_has_the_fingerprint_of_its_card(name, world_of):
    assert world_of(name).fingerprint == card_of(name).fingerprint


def test_a_figure_that_is_missed_is_reported(world_of):
    wanted = {"users": 100, "user_degree": {"mean": 30.0, "quantiles": {"50": 90}}}
    missed = [row.figure for row in compare(world_of("lastfm-small"), wanted, 0.1) if not row.near]
    assert missed == ["users", "user_degree.quantiles.50"]


def test_facet_links_count_each_facet_of_an_item_once(world_of):
    world = world_of("yelp-small")
    facets = sum(
        len(set(world.attribute_facet[world.item_attributes.row(i)])) for i in range(world.n_items)
    )
    assert measure(world)["item_facet_links"] == facets


# Determinism


def test_the_same_settings_give_the_same_world():
    generator = card_of("lastfm-small").generator
    first, second = (generate_world(name, generator) for name in ("a", "b"))
    assert first.fingerprint == second.fingerprint


def test_another_seed_gives_another_world_of_the_same_shape():
    card = card_of("yelp-small")
    other = generate_world("other", card.generator.model_copy(update={"seed": 99}))
    assert other.fingerprint != card.fingerprint
    wanted = card.statistics.model_dump(exclude={"tolerance"}, exclude_defaults=True)
    assert all(row.near for row in compare(other, wanted, 0.1))


# Structure


@pytest.mark.parametrize("name", ["lastfm", "yelp-small"])
def test_each_user_has_something_to_train_and_to_test_on(name, world_of):
    world = world_of(name)
    assert world.train.degrees().min() > 0
    assert world.test.degrees().min() > 0


def test_friends_like_the_same_attributes(lastfm):
    liked = attribute_profiles(lastfm)
    a, b = lastfm.friends.pairs()
    strangers = np.random.default_rng(0).permutation(lastfm.n_users)
    friends = (liked[a] * liked[b]).sum(1).mean()
    assert friends > 0.3
    assert abs((liked * liked[strangers]).sum(1).mean()) < 0.1


def test_users_prefer_attributes(lastfm):
    """The held-out items of a user have more of what they like than other users' held-out items."""
    liked = attribute_profiles(lastfm)
    has = incidence(lastfm)
    users, items = lastfm.test.pairs()
    others = np.random.default_rng(0).permutation(items)
    own, other = ((liked[users] * has[i]).sum(1).mean() for i in (items, others))
    assert own > other + 0.1


def test_attributes_of_an_item_belong_together(lastfm):
    together = lastfm.cooccurrence / lastfm.n_items
    alone = np.diag(together)
    lift = (together / np.outer(alone, alone))[np.triu_indices(lastfm.n_attributes, 1)]
    assert np.quantile(lift, 0.95) > 2.5
    assert np.quantile(lift, 0.05) < 0.7


def test_popularity_is_long_tailed(lastfm):
    popularity = np.sort(np.bincount(all_items(lastfm), minlength=lastfm.n_items))[::-1]
    assert popularity[: lastfm.n_items // 10].sum() > 0.6 * popularity.sum()


def test_users_have_a_home_town(world_of):
    """A user's most visited town holds far more of their items than the largest town would."""
    world = world_of("yelp-small")
    towns = np.flatnonzero(world.attribute_facet == list(world.facet_names).index("town"))
    town = incidence(world)[:, towns].argmax(1)
    visits = np.array([np.bincount(town[world.train.row(u)]).max() for u in range(world.n_users)])
    everyone = np.bincount(town[world.train.indices])
    assert visits.sum() / world.train.links > 1.4 * everyone.max() / everyone.sum()


def test_an_item_has_one_town_and_at_most_one_price(world_of):
    world = world_of("yelp")
    items, attributes = world.item_attributes.pairs()
    for facet, least in (("town", 1), ("rating", 1), ("price", 0)):
        inside = world.attribute_facet[attributes] == list(world.facet_names).index(facet)
        number = np.bincount(items[inside], minlength=world.n_items)
        assert number.min() == least
        assert number.max() == 1


# The catalogue


@pytest.mark.parametrize("name", GENERATED)
def test_names_are_unique_and_texts_speak_of_the_attributes(name, world_of):
    world = world_of(name)
    for names in (world.item_names, world.attribute_names, world.facet_names):
        assert len(set(names)) == len(names)
        assert all(n == n.strip() and n for n in names)
    assert not any(" No. " in n for n in world.item_names)  # the words are not used up
    for item in range(0, world.n_items, 97):
        text = world.item_texts[item]
        named = [world.attribute_names[a] for a in world.item_attributes.row(item)]
        assert text.endswith(".")
        assert named[0].lower() in text.lower()


def test_quality_is_the_grade_and_length_is_within_bounds(world_of):
    world, generator = world_of("yelp-small"), card_of("yelp-small").generator
    four_stars = list(world.attribute_names).index("four-star ratings")
    assert (world.item_quality[world.attribute_items.row(four_stars)] == 0.75).all()
    assert world.item_length.min() >= generator.minutes[0]
    assert world.item_length.max() <= generator.minutes[1]


def test_quality_without_grades_does_not_follow_popularity(lastfm):
    popularity = np.bincount(all_items(lastfm), minlength=lastfm.n_items)
    assert abs(np.corrcoef(np.log1p(popularity), lastfm.item_quality)[0, 1]) < 0.05


@pytest.mark.parametrize("name", GENERATED)
def test_appeal_goes_with_quality_as_the_card_says(name, world_of):
    world, generator = world_of(name), card_of(name).generator
    assert 0 <= world.item_appeal.min() < world.item_appeal.max() <= 1
    # Normal scores against ranks, and ties of quality in yelp: a little below the card's figure.
    found = spearmanr(world.item_appeal, world.item_quality)[0]
    assert abs(found - generator.appeal.correlation) < 0.03 + 1.5 / np.sqrt(world.n_items)
    popularity = np.bincount(all_items(world), minlength=world.n_items)
    assert abs(spearmanr(world.item_appeal, popularity)[0]) < 0.03 + 2 / np.sqrt(world.n_items)


@pytest.mark.parametrize("correlation", [-1.0, -0.5, 0.0, 0.8, 1.0])
def test_appeal_is_a_draw_of_its_own(world_of, correlation):
    changed = generate_world("x", with_changes(appeal={"correlation": correlation}))
    found = spearmanr(changed.item_appeal, changed.item_quality)[0]
    assert abs(found - 6 / np.pi * np.arcsin(correlation / 2)) < 0.1
    if abs(correlation) == 1:
        assert abs(found) > 0.99
    same = arrays_of(world_of("lastfm-small"))
    for label, array in arrays_of(changed).items():
        assert (label == "item_appeal") != np.array_equal(array, same[label], equal_nan=True), label


def test_without_the_setting_appeal_is_unknown_and_the_world_is_the_one_of_before():
    """Written down when generated worlds had no appeal."""
    world = generate_world("x", with_changes(appeal=None))
    assert np.isnan(world.item_appeal).all()
    assert world.fingerprint == "495348ded393fe881cc32a44588ca18741d1632f57251de0f04ca5b57b12e07e"


# Settings


def with_changes(**changes):
    raw = card_of("lastfm-small").generator.model_dump()
    return GeneratorSettings.model_validate({**raw, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"idle_items": 500}, "idle_items"),
        ({"interactions": 60_000}, "a quarter"),
        ({"train_share": 1.0}, "train_share"),
        ({"appeal": {"correlation": 1.5}}, "correlation"),
        ({"facets": []}, "facets"),
        ({"facets": [{"name": "a"}]}, "either 'attributes' or 'towns'"),
        ({"facets": [{"name": "a", "attributes": ["x", "y"]}]}, "needs 'per_item'"),
        ({"facets": [{"name": "a", "attributes": ["x"], "shares": [0.5]}] * 2}, "same name"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        with_changes(**changes)


def test_sizes_that_contradict_a_curve_are_refused():
    with pytest.raises(CardError, match="interactions of a user"):
        generate_world("x", with_changes(interactions=2000, item_degree=[(0, 1), (1, 50)]))


def test_an_edited_size_is_enough_for_another_world():
    world = generate_world("x", with_changes(users=300, interactions=9000))
    assert (world.n_users, world.n_interactions) == (300, 9000)


# Counts and shares


@given(
    n=st.integers(1, 300),
    average=st.integers(2, 40),
    top=st.floats(3.0, 500.0),
)
def test_counts_follow_the_curve_and_add_up(n, average, top):
    counts = counts_from_curve([(0, 1), (0.5, 2), (1, top)], n, n * average, "things")
    assert counts.sum() == n * average
    assert counts.min() >= 1
    assert (np.diff(counts) >= 0).all()


def test_counts_have_the_quantiles_of_the_curve():
    curve = [(0, 20), (0.5, 27), (0.95, 78), (1, 300)]
    counts = counts_from_curve(curve, 10_000, 415_000, "things")
    assert np.allclose(np.quantile(counts, [0, 0.5, 0.95]), [20, 27, 78], rtol=0.05)


@pytest.mark.parametrize("curve", [[(0.1, 1), (1, 5)], [(0, 5), (1, 1)], [(0, 1), (0.9, 5)]])
def test_a_curve_that_does_not_rise_from_0_to_1_is_refused(curve):
    with pytest.raises(CardError, match="must rise"):
        counts_from_curve(curve, 10, 30, "things")


@given(
    shares=st.lists(st.floats(0.1, 0.9), max_size=3),
    rest=st.integers(3, 60),
    heavy=st.floats(0.05, 0.9),
)
def test_shares_end_in_a_tail_below_them_that_adds_up(shares, rest, heavy):
    cap = min(shares, default=1.0)
    per_item = sum(shares) + heavy * cap * rest
    found = zipf_shares(shares, len(shares) + rest, per_item)
    tail = found[len(shares) :]
    assert np.isclose(found.sum(), per_item)
    assert (tail <= cap + 1e-9).all()
    assert (np.diff(tail) < 0).all()


def test_shares_that_leave_no_tail_are_refused():
    with pytest.raises(CardError, match="without a share"):
        zipf_shares([0.5, 0.4], 10, 0.8)


# Matching


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 30), st.integers(20, 60))
def test_matching_keeps_every_degree_and_pairs_nobody_twice(seed, users, items):
    rng = np.random.default_rng(seed)
    degree = rng.integers(1, items // 3, users)
    user = np.repeat(np.arange(users), degree)
    item = rng.permutation(np.arange(len(user)) % items)
    taste, kind = rng.integers(0, 3, users)[user], rng.integers(0, 3, items)[item]
    left, right = match_stubs(rng, user, item, [(taste, kind)])
    assert (np.bincount(left, minlength=users) == degree).all()
    assert (np.bincount(right, minlength=items) == np.bincount(item, minlength=items)).all()
    assert len(set(zip(left, right, strict=True))) == len(left)


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_matching_on_one_side_makes_no_loops_and_no_double_friendships(seed):
    rng = np.random.default_rng(seed)
    stubs = rng.permutation(np.repeat(np.arange(40), 6))
    a, b = match_stubs(rng, stubs[:120], stubs[120:], [], same_side=True)
    assert (a != b).all()
    assert len({frozenset(pair) for pair in zip(a, b, strict=True)}) == len(a) == 120


def test_matching_prefers_the_finest_level():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(10), 20)
    a, b = match_stubs(rng, np.arange(200), np.arange(200), [(group, group)])
    assert (group[a] == group[b]).all()


def incidence(world):
    has = np.zeros((world.n_items, world.n_attributes))
    has[world.item_attributes.pairs()] = 1
    return has


def attribute_profiles(world):
    """What each user's train items have more of than other users', as unit vectors."""
    has = incidence(world)
    mean = np.stack([has[world.train.row(u)].mean(0) for u in range(world.n_users)])
    mean -= mean.mean(0)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def all_items(world):
    return np.concatenate([world.train.indices, world.valid.indices, world.test.indices])
