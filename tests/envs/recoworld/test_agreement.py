"""The kernels and the plain-Python reference agree on every field after every move of a life."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference.random_worlds import random_vectors, random_world
from reference.recoworld_agreement import LivesSideBySide, play_cases
from reference.recoworld_cases import (
    LifeCase,
    life_world,
    random_case,
    random_life_rules,
    random_life_users,
)
from reference.recoworld_world import LifeTables

from recosim.envs.recoworld.rules import REPEATS, LifeRules
from recosim.users import Population
from recosim.users.behaviour import WORDS
from recosim.world.csr import csr_from_lists
from recosim.world.parts import split_users
from recosim.world.world import World, build_world


@pytest.mark.parametrize(("seed", "sizes"), [(0, (1, 3, 9)), (1, (1, 7, 16))])
def test_kernels_and_reference_agree(seed: int, sizes: tuple[int, ...]) -> None:
    assert play_cases(seed, 400, sizes) >= 400


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 14))
def test_kernels_and_reference_agree_on_8_000_lives(seed: int) -> None:
    assert play_cases(seed, 2_000, (1, 7, 16)) >= 2_000


def play(case: LifeCase, seed: int) -> None:
    both = LivesSideBySide(case, np.random.default_rng(seed))
    both.open()
    both.play()


def test_they_agree_where_threads_share_the_batch() -> None:
    rng = np.random.default_rng(2)
    world = life_world(rng, random_world(rng, n_attributes=12, n_items=40))
    rules = LifeRules(top_k=3, max_steps=20)
    users = Population("talkative", {"tolerance": 0.2, "feedback": "instruction", "drift": 0.5})
    case = LifeCase(world, random_vectors(rng, world), rules, users, 400, {"threads": 2})
    play(replace(case, options={"threads": 2, "split": "train"}), 2)


@pytest.mark.parametrize("feedback", WORDS["feedback"])
@pytest.mark.parametrize("standing", WORDS["standing"])
def test_they_agree_on_users_who_have_much_to_say(feedback: str, standing: str) -> None:
    """Long lives of users who are bored and disappointed, with eight instructions and more."""
    rng = np.random.default_rng(3)
    world = life_world(rng, random_world(rng, n_attributes=30, n_items=120))
    users = Population(
        "bored",
        {
            "feedback": feedback,
            "standing": standing,
            "tolerance": 0.137,
            "boredom": 1.5,
            "mood": 2.0,
            "session_hazard": 0.02,
            "return_rate": 0.9,
            "leave_for_good": 0.0,
            "conditional": 0.6,
            "instructs": {"choice": list(WORDS["instructs"])},
            "instruct_scope": {"choice": ["cause", "cause", "always"]},
            "critic": {"choice": list(WORDS["critic"])},
            "seen": {"uniform": [0, 1]},
        },
    )
    rules = LifeRules(top_k=3, max_steps=70)
    case = LifeCase(world, random_vectors(rng, world), rules, users, 12, {"split": "train"})
    both = LivesSideBySide(case, np.random.default_rng(4))
    both.open()
    most = 0
    while not all(life.done for life in both.lives):
        both.move(*both.random_moves())
        most = max(most, *(len(life.person.instructions.in_force) for life in both.lives))
    assert most == 8


def test_they_agree_on_a_world_too_large_for_a_cooccurrence_table() -> None:
    rng = np.random.default_rng(5)
    world = life_world(rng, random_world(rng, n_attributes=2_100, n_items=70))
    assert world.cooccurrence.size == 0
    users = Population("talkative", {"tolerance": 0.137, "session_hazard": 0.02})
    case = LifeCase(world, random_vectors(rng, world), LifeRules(), users, 2, {"split": "train"})
    play(replace(case, rules=LifeRules(max_steps=25)), 5)


def test_taste_is_that_of_the_page() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        world = life_world(rng, random_world(rng))
        tables = LifeTables(world, random_life_rules(rng))
        expected = [tables.taste(user) for user in range(world.n_users)]
        np.testing.assert_allclose(world.taste, expected, rtol=1e-6, atol=1e-7)


def test_a_case_is_a_function_of_its_key() -> None:
    one, two = (random_case(np.random.default_rng(5), (1, 7)) for _ in range(2))
    assert (one.rules, one.users, one.options) == (two.rules, two.users, two.options)
    np.testing.assert_array_equal(one.world.item_quality, two.world.item_quality)


@st.composite
def tiny_cases(draw: st.DrawFn) -> LifeCase:
    """A world of up to six items and two users, one of whom did nothing, as lists that shrink."""
    n_attributes = draw(st.integers(1, 5))
    attributes = st.sets(st.integers(0, n_attributes - 1))
    items = [{0}, *draw(st.lists(attributes, min_size=2, max_size=5))]

    def numbers(low: float, high: float) -> list[float]:
        some = st.one_of(st.just(float("nan")), st.floats(low, high, width=32))
        return draw(st.lists(some, min_size=len(items), max_size=len(items)))

    world = build_world(
        name="tiny",
        item_attributes=csr_from_lists(items),
        train=csr_from_lists([[1], []]),
        valid=csr_from_lists([[0], []]),
        test=csr_from_lists([[2], []]),
        n_attributes=n_attributes,
        item_quality=numbers(0, 1),
        item_appeal=numbers(0, 1),
        item_length=numbers(0.5, 30),
    )
    seed = draw(st.integers(0, 7))
    rules = replace(
        random_life_rules(np.random.default_rng(seed)),
        top_k=draw(st.integers(1, 4)),
        max_turns=draw(st.integers(1, 6)),
        max_steps=draw(st.integers(1, 12)),
        horizon=draw(st.sampled_from([1, 5, 40])),
        repeats=draw(st.sampled_from(REPEATS)),
    )
    users = random_life_users(np.random.default_rng(draw(st.integers(0, 50))))
    words = {name: draw(st.sampled_from(WORDS[name])) for name in ("feedback", "standing")}
    users = replace(users, settings={**users.settings, **words})
    vectors = random_vectors(np.random.default_rng(seed), world)
    split = next(split for split in ("train", "valid", "test") if has_users(world, split))
    return LifeCase(world, vectors, rules, users, 2, {"split": split}, draw(st.booleans()))


def has_users(world: World, split: str) -> bool:
    return len(split_users(world, split)) > 0


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tiny_cases(), st.integers(0, 3), st.lists(st.integers(-1, 12), max_size=12))
def test_they_agree_on_tiny_worlds(case: LifeCase, seed: int, codes: list[int]) -> None:
    both = LivesSideBySide(case, np.random.default_rng(seed))
    both.open()
    for code in codes:
        both.move(np.full(2, min(code, both.batch.n_actions - 1)))
