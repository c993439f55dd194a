"""What is known of lives without playing them: laws of sessions and gaps, what cannot matter.

Seeds are fixed, so that no test flakes; each law is told from the one beside it by the same test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import betaln

from recosim.acts import Level, Moves, Verb
from recosim.envs.recoworld.lives import Lives
from recosim.envs.recoworld.rules import LifeRules
from recosim.estimators.base import Vectors
from recosim.users import Population
from recosim.world.csr import csr_from_lists
from recosim.world.world import World, build_world

USERS, ITEMS = 20_000, 60
# A law that holds falls below this once in ten thousand tests; one that does not, far below.
SMALLEST_P, REFUTED_P = 1e-4, 1e-12
# Nothing moves the odds of going, and nobody is disappointed enough to speak.
UNMOVED = {"fatigue_pull": 0.0, "letdown_pull": 0.0, "loyalty_pull": 0.0, "tolerance": 1e9}


def make_world() -> World:
    rng = np.random.default_rng(0)
    attributes = [set(rng.permutation(8)[: rng.integers(1, 4)].tolist()) for _ in range(ITEMS)]
    picks = [rng.permutation(ITEMS)[:4].tolist() for _ in range(200)]
    users = [picks[u % len(picks)] for u in range(USERS)]
    return build_world(
        name="crowd",
        item_attributes=csr_from_lists(attributes),
        train=csr_from_lists([sorted(items[:2]) for items in users]),
        valid=csr_from_lists([items[2:3] for items in users]),
        test=csr_from_lists([items[3:] for items in users]),
        n_attributes=8,
        item_quality=rng.permutation(ITEMS) / ITEMS,
        item_appeal=rng.permutation(ITEMS) / ITEMS,
        item_length=rng.exponential(5, ITEMS) + 0.1,
    )


WORLD = make_world()
VECTORS = Vectors(
    user=np.zeros((USERS, 8), dtype=np.float32),
    item=np.zeros((ITEMS, 8), dtype=np.float32),
    attribute=np.zeros((8, 8), dtype=np.float32),
    item_bias=np.linspace(1, 0, ITEMS, dtype=np.float32),
)


def open_lives(
    size: int, rules: dict[str, Any], settings: dict[str, Any], world: World = WORLD
) -> Lives:
    """Lives of the first users of the world, one of each."""
    users = Population("given", settings)
    lives = Lives(world, VECTORS, LifeRules(**rules), size, users=users)
    lives.open(
        seeds=np.full(size, 5, dtype=np.uint64),
        conversations=np.arange(size),
        units=np.arange(size, dtype=np.int32)[:, None],
    )
    return lives


def moves_of(lives: Lives, verb: Verb) -> Moves:
    return Moves.all_of(verb, lives.size)


def shows(items: np.ndarray) -> Moves:
    """The lists of all rows, (B, top_k)."""
    return Moves.all_of(Verb.RECOMMEND, len(items), items.astype(np.int32))


def lengths_of_first_sessions(size: int, settings: dict[str, Any]) -> np.ndarray:
    """Rounds of the first session of each life, with nothing shown."""
    rules = {"horizon": 1, "max_turns": 1000, "max_steps": 1000}
    lives = open_lives(size, rules, UNMOVED | settings)
    while not lives.arrays["done"].all():
        lives.step(moves_of(lives, Verb.PASS))
    assert not lives.arrays["truncated"].any()
    return lives.arrays["at_turn"].copy()


def first_gaps(size: int, settings: dict[str, Any]) -> np.ndarray:
    """Days until the second session of each life; those beyond the horizon are 10,000."""
    rules = {"horizon": 3650, "max_steps": 1}
    lives = open_lives(size, rules, UNMOVED | {"session_hazard": 1.0} | settings)
    lives.step(moves_of(lives, Verb.PASS))
    gaps = lives.arrays["gap"]
    assert (gaps != 0).all()
    return np.where(gaps < 0, 10_000, gaps)


def p_of_law(values: np.ndarray, survival: Callable[[np.ndarray], np.ndarray]) -> float:
    """Chi-square of whole numbers from 1 against a law, given by P(X > n)."""
    n = len(values)
    most = int(np.argmax(n * survival(np.arange(2000)) < 20))  # of the last class, about 20
    beyond = np.append(survival(np.arange(most + 1)), 0.0)
    expected = n * -np.diff(beyond)
    observed = np.bincount(np.minimum(values, most + 1), minlength=most + 2)[1:]
    keep = expected >= 5
    rest = [observed[~keep].sum()], [expected[~keep].sum()]
    if rest[1][0] > 0:
        observed = np.concatenate([observed[keep], rest[0]])
        expected = np.concatenate([expected[keep], rest[1]])
    return float(stats.chisquare(observed, expected).pvalue)


def geometric(p: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda n: (1 - p) ** n


def beta_geometric(a: float, b: float) -> Callable[[np.ndarray], np.ndarray]:
    """Geometric with p from a Beta distribution: P(X > n) = B(a, b + n) / B(a, b)."""
    return lambda n: np.exp(betaln(a, b + n) - betaln(a, b))


# ---------------------------------------------------------------- laws of sessions and of gaps


@pytest.mark.parametrize("hazard", [0.1, 0.35])
def test_a_constant_hazard_gives_geometric_sessions(hazard: float) -> None:
    lengths = lengths_of_first_sessions(8_000, {"session_hazard": hazard})
    assert p_of_law(lengths, geometric(hazard)) > SMALLEST_P
    assert p_of_law(lengths, geometric(hazard + 0.05)) < REFUTED_P


@pytest.mark.parametrize("rate", [0.15, 0.6])
def test_a_constant_return_rate_gives_geometric_gaps(rate: float) -> None:
    gaps = first_gaps(8_000, {"return_rate": rate})
    assert p_of_law(gaps, geometric(rate)) > SMALLEST_P
    assert p_of_law(gaps, geometric(rate + 0.05)) < REFUTED_P


@pytest.mark.parametrize(
    ("name", "drawn"),
    [("session_hazard", lengths_of_first_sessions), ("return_rate", first_gaps)],
)
def test_rates_drawn_from_a_beta_give_the_beta_geometric(
    name: str, drawn: Callable[[int, dict[str, Any]], np.ndarray]
) -> None:
    a, b = 2.0, 5.0
    values = drawn(USERS, {name: {"beta": [a, b]}})
    assert p_of_law(values, beta_geometric(a, b)) > SMALLEST_P
    assert p_of_law(values, geometric(a / (a + b))) < REFUTED_P
    # Nobody's own hazard falls, but that of the crowd does.
    at_risk = np.array([(values > n).sum() for n in range(12)])
    hazard = -np.diff(at_risk) / at_risk[:-1]
    assert hazard[0] - hazard[5] > 0.08
    assert hazard[5] - hazard[-1] > 0.02


def test_fatigue_and_disappointment_multiply_the_odds_of_going() -> None:
    """The hazard of each round of a session of questions is known beforehand."""
    hazard, effort, pull, size = 0.1, 0.4, 1.5, 10_000
    settings = UNMOVED | {"session_hazard": hazard, "fatigue_pull": pull}
    lives = open_lives(size, {"horizon": 1, "ask_effort": effort}, settings)
    for r in range(1, 5):
        at_risk = int((lives.arrays["done"] == 0).sum())
        before = lives.arrays["done"].copy()
        lives.step(Moves.from_flat(np.full(size, r - 1), lives.n_askables, verbs=lives.verbs))
        left = int((lives.arrays["done"] & ~before & 1).sum())
        odds = hazard / (1 - hazard) * np.exp(pull * effort * r)
        expected = odds / (1 + odds)
        assert stats.binomtest(left, at_risk, expected).pvalue > SMALLEST_P
        assert stats.binomtest(left, at_risk, hazard).pvalue < REFUTED_P


# ---------------------------------------------------------------- what cannot happen


def given_by(lives: Lives, steps: int = 60) -> int:
    """How many instructions are given when nobody asks for any, and the best are shown."""
    given = 0
    for _ in range(steps):
        lives.step(moves_of(lives, Verb.RECOMMEND))
        given += int((lives.arrays["given"][:, :, 0] >= 0).sum())
    return given


def test_who_has_no_voice_gives_no_instruction() -> None:
    settings = {"tolerance": 0.2, "session_hazard": 0.05, "return_rate": 0.8}
    assert given_by(open_lives(500, {}, settings | {"voice": 0.0})) == 0
    assert given_by(open_lives(500, {}, settings | {"voice": 1.0})) > 500


def play_in_order(order: list[int], **settings: Any) -> dict[str, np.ndarray]:
    """One session of ten lists without an end before it, in some order; its totals."""
    lists = np.random.default_rng(3).permutation(ITEMS)[:50].reshape(10, 5)
    quiet = UNMOVED | {"session_hazard": 0.0, "learning": 0.0, "boredom": 0.0} | settings
    size, rules = 200, {"horizon": 1, "max_turns": 10}
    lives = open_lives(size, rules, quiet)
    minutes, clicks = np.zeros(size), np.zeros(size, dtype=int)
    for which in order:
        lives.step(shows(np.tile(lists[which], (size, 1))))
        minutes += lives.arrays["minutes"].sum(axis=1, dtype=np.float64)
        clicks += (lives.arrays["levels"] >= Level.CLICK).sum(axis=1)
    assert lives.arrays["done"].all()
    return {"utility": lives.arrays["utility"].copy(), "minutes": minutes, "clicks": clicks}


@pytest.mark.parametrize("order", [range(9, -1, -1), [3, 1, 4, 0, 5, 9, 2, 6, 8, 7]])
def test_the_order_of_lists_does_not_matter_without_boredom_and_learning(order: Any) -> None:
    one, other = play_in_order(list(range(10))), play_in_order(list(order))
    assert (one["clicks"] == other["clicks"]).all()
    np.testing.assert_allclose(one["utility"], other["utility"], rtol=1e-12)
    np.testing.assert_allclose(one["minutes"], other["minutes"], rtol=1e-12)


@pytest.mark.parametrize("setting", [{"boredom": 0.8}, {"learning": 1.0}])
def test_with_either_of_them_it_does(setting: dict[str, float]) -> None:
    one = play_in_order(list(range(10)), **setting)
    other = play_in_order(list(range(9, -1, -1)), **setting)
    assert (one["clicks"] != other["clicks"]).mean() > 0.1


# ---------------------------------------------------------------- quality is what appeal promises

HONEST = replace(WORLD, item_appeal=WORLD.item_quality)
LIVELY = {"appeal_pull": 1.0, "choice_temperature": 0.7, "drift": 0.3, "seen": 0.3}


def ranked_by(scores: np.ndarray) -> Callable[[Lives], Moves]:
    """An agent that shows the best items by these scores that were not shown in this life."""

    def act(lives: Lives) -> Moves:
        order = np.argsort(-scores, kind="stable")
        ids = np.tile(order, (lives.size, 1))
        left = ~lives.was_shown(ids)
        lists = np.full((lives.size, lives.protocol.top_k), -1)
        for b in range(lives.size):
            best = ids[b][left[b]][: lists.shape[1]]
            lists[b, : len(best)] = best
        return shows(lists)

    return act


def by_chance(lives: Lives) -> Moves:
    rng = np.random.default_rng(int(lives.arrays["step"].max()))
    return shows(np.argsort(rng.random((lives.size, ITEMS)), axis=1)[:, : lives.protocol.top_k])


def live(act: Callable[[Lives], Moves], world: World) -> tuple[list[bytes], float]:
    """Lives with an agent, as bytes after every move, and the sum of what let users down."""
    lives = open_lives(80, {}, LIVELY, world)
    seen, let_down = [], 0.0
    for _ in range(25):
        lives.step(act(lives))
        let_down += float(lives.arrays["let_down"].sum())
        names = ("shown", "levels", "minutes", "day", "mindset", "loyalty", "utility")
        seen.append(b"".join(lives.arrays[name].tobytes() for name in names))
    return seen, let_down


def test_where_quality_is_appeal_nobody_is_let_down() -> None:
    best = ranked_by(HONEST.item_quality.astype(np.float64))
    for act in (best, by_chance, lambda lives: moves_of(lives, Verb.RECOMMEND)):
        assert live(act, HONEST)[1] == 0
        assert live(act, WORLD)[1] > 10


def test_and_it_does_not_matter_which_of_the_two_an_agent_goes_by() -> None:
    def with_share(alpha: float, world: World) -> list[bytes]:
        quality, appeal = (x.astype(np.float64) for x in (world.item_quality, world.item_appeal))
        return live(ranked_by((1 - alpha) * quality + alpha * appeal), world)[0]

    by_quality = with_share(0.0, HONEST)
    for alpha in (0.3, 0.5, 1.0):
        assert with_share(alpha, HONEST) == by_quality
    assert with_share(1.0, WORLD) != with_share(0.0, WORLD)
