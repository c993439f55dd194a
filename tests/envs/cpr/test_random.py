"""The counter-based random numbers: pinned, reproducible, uniform, independent."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from recosim.kernels import random
from recosim.kernels.random import PURPOSES, draw, draw_index, draw_unit, draw_units

# A fair generator falls below this once in ten thousand tests; the keys here are fixed.
SMALLEST_P = 1e-4
MASK = 2**64 - 1


def bits(seed: int, conversation: int, turn: int, purpose: int) -> int:
    return int(draw(np.uint64(seed), np.int64(conversation), np.int64(turn), np.int64(purpose)))


def indices(n: int, keys: list[tuple[int, int, int, int]]) -> np.ndarray:
    return np.array([draw_index(np.uint64(s), c, t, p, n) for s, c, t, p in keys])


def p_of_uniform(values: np.ndarray, n: int) -> float:
    return float(stats.chisquare(np.bincount(values, minlength=n)).pvalue)


def p_of_independence(x: np.ndarray, y: np.ndarray, n: int) -> float:
    pairs = np.bincount(x * n + y, minlength=n * n)
    return float(stats.chisquare(pairs).pvalue)  # uniform pairs: each uniform, and independent


def splitmix(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def test_the_function_is_splitmix_over_the_words_of_the_key() -> None:
    # Results of other versions can only be compared while these numbers stay as they are.
    step = 0x9E3779B97F4A7C15
    rng = np.random.default_rng(0)
    for _ in range(200):
        seed = int(rng.integers(0, 2**64, dtype=np.uint64))
        conversation, turn, purpose = (int(rng.integers(0, high)) for high in (2**62, 1001, 40))
        x = splitmix((seed + step) & MASK)
        x = splitmix(((x ^ conversation) + step) & MASK)
        x = splitmix(((x ^ (turn << 16 | purpose)) + step) & MASK)
        assert bits(seed, conversation, turn, purpose) == x
        key = np.uint64(seed), conversation, turn, purpose
        assert draw_unit(*key) == (x >> 11) / 2**53
        assert draw_index(*key, 97) == ((x >> 32) * 97) >> 32


def test_splitmix_is_the_published_one() -> None:
    # The first outputs of SplitMix64 seeded with 0 (Vigna's reference implementation).
    state, outputs = 0, []
    for _ in range(3):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        outputs.append(splitmix(state))
    assert outputs == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_numpy_gives_the_same_units() -> None:
    rng = np.random.default_rng(1)
    seeds = rng.integers(0, 2**64, 50, dtype=np.uint64)
    conversations, turns = rng.integers(0, 2**40, 50), rng.integers(0, 1000, 50)
    expected = [
        draw_unit(s, c, t, random.AGENT)
        for s, c, t in zip(seeds, conversations, turns, strict=True)
    ]
    assert draw_units(seeds, conversations, turns, random.AGENT).tolist() == expected


def test_another_process_draws_the_same() -> None:
    code = (
        "import numpy as np; from recosim.kernels.random import draw\n"
        "print([int(draw(np.uint64(s), np.int64(c), np.int64(3), np.int64(5)))"
        " for s in (0, 2**64 - 1) for c in (0, 9)])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = [bits(s, c, 3, 5) for s in (0, 2**64 - 1) for c in (0, 9)]
    assert run.stdout.strip() == str(here)


def test_purposes_are_distinct() -> None:
    assert len(set(PURPOSES.values())) == len(PURPOSES)
    further = {random.TARGET + k for k in range(16)}  # up to 16 further targets follow
    assert further & set(PURPOSES.values()) == {random.TARGET}


@pytest.mark.parametrize("n", [2, 3, 10, 33])
def test_indices_are_uniform(n: int) -> None:
    values = indices(n, [(7, c, 1, random.OPENING) for c in range(20_000)])
    assert (values.min(), values.max()) == (0, n - 1)
    assert p_of_uniform(values, n) > SMALLEST_P


def test_an_index_of_one_is_zero() -> None:
    assert indices(1, [(s, 0, 0, random.ITEM) for s in range(50)]).max() == 0


def test_units_are_uniform() -> None:
    values = draw_units(np.arange(50_000, dtype=np.uint64), 3, 2, random.NOISE)
    assert (values.min() >= 0.0, values.max() < 1.0) == (True, True)
    assert stats.kstest(values, "uniform").pvalue > SMALLEST_P


NEIGHBOURS = {
    "purposes": lambda k: (k, (11, k, 4, random.UNSURE), (11, k, 4, random.NOISE)),
    "further targets": lambda k: (k, (11, k, 0, random.TARGET), (11, k, 0, random.TARGET + 1)),
    "turns": lambda k: (k, (11, k, 4, random.NOISE), (11, k, 5, random.NOISE)),
    "conversations": lambda k: (k, (11, 2 * k, 4, random.NOISE), (11, 2 * k + 1, 4, random.NOISE)),
    "seeds": lambda k: (k, (2 * k, 6, 4, random.NOISE), (2 * k + 1, 6, 4, random.NOISE)),
    "seed and conversation": lambda k: (k, (k, k + 1, 0, random.USER), (k + 1, k, 0, random.USER)),
    "user and item": lambda k: (k, (5, k, 0, random.USER), (5, k, 0, random.ITEM)),
}


@pytest.mark.parametrize("what", NEIGHBOURS)
def test_neighbouring_keys_draw_independently(what: str) -> None:
    keys = [NEIGHBOURS[what](k) for k in range(20_000)]
    x, y = indices(8, [a for _, a, _ in keys]), indices(8, [b for _, _, b in keys])
    assert p_of_independence(x, y, 8) > SMALLEST_P


def test_one_changed_bit_of_the_key_changes_half_of_the_bits() -> None:
    base = (12345, 678, 9, random.FLIP)
    changed = [
        bits(*(word ^ (1 << bit) if place == which else word for place, word in enumerate(base)))
        for which, width in ((0, 64), (1, 62), (2, 10), (3, 5))
        for bit in range(width)
    ]
    distance = [bin(bits(*base) ^ other).count("1") for other in changed]
    assert min(distance) > 10
    assert 30 < np.mean(distance) < 34


def test_no_two_keys_of_an_experiment_collide() -> None:
    keys = itertools.product(range(20), range(50), range(16), (random.UNSURE, random.NOISE))
    values = [bits(*key) for key in keys]
    assert len(set(values)) == len(values)
