"""A life is the same alone, in a batch, in both kinds of environments, in another process."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from recosim.acts import Moves
from recosim.envs.recoworld.fields import fields
from recosim.envs.recoworld.lives import Lives
from recosim.envs.setup import Setup
from recosim.errors import OptionError, WorldError

NAME = "recosim/RecoWorld-LastFM-Small-v0"
ROWS = 9
USERS = {"seen": 0.4, "drift": 0.3, "conditional": 0.5, "examination": 0.8, "tolerance": 0.4}
# What the caller asked for, and what is filled in on demand: no part of a life.
ARGUMENTS = {"action", "slate", "n_slate", "reason", "to_open", "best"}


def batch(size: int, threads: int = 1) -> Lives:
    setup = Setup.prepare(
        "recoworld", world="lastfm-small", users="typical", feedback="edit", **USERS
    )
    lives = setup.batch(size, threads=threads, raise_illegal=False)
    assert isinstance(lives, Lives)
    return lives


def codes_of(lives: Lives, life: int, step: int) -> int:
    """A move of one life: a function of the two numbers alone."""
    rng = np.random.default_rng((life, step))
    n = lives.n_askables
    return int(rng.choice([n, n, n, n + 1, rng.integers(lives.n_actions)]))


def play(lives: Lives, first: int, steps: int = 60) -> list[bytes]:
    """The lives `first`, `first + 1`, ... to some moves; of each all of its state, as a digest."""
    size = lives.size
    numbers = np.arange(first, first + size)
    lives.open(seeds=np.full(size, 7, dtype=np.uint64), conversations=numbers)
    names = sorted(set(fields.row_arrays()) - ARGUMENTS)
    digests = [hashlib.sha256() for _ in range(size)]
    for step in range(steps):
        codes = [codes_of(lives, life, step) for life in numbers.tolist()]
        moves = Moves.from_flat(codes, lives.n_askables, verbs=lives.verbs, reasons=lives.n_reasons)
        lives.step(moves)
        for b, digest in enumerate(digests):
            for name in names:
                digest.update(lives.arrays[name][b].tobytes())
    return [digest.digest() for digest in digests]


def test_a_life_is_the_same_alone_in_a_batch_and_on_several_threads() -> None:
    together = play(batch(ROWS), 3)
    assert len(set(together)) == ROWS
    for b in range(ROWS):
        assert play(batch(1), 3 + b) == [together[b]]
    many = play(batch(600, threads=3), 3, steps=25)
    assert many[:ROWS] == play(batch(ROWS), 3, steps=25)


def test_a_life_is_the_same_in_another_process() -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from test_identity import batch, play\n"
        "print(b''.join(play(batch(4), 3)).hex())"
    )
    folder = __file__.rpartition("/")[0]
    run = subprocess.run(
        [sys.executable, "-c", code, folder], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == b"".join(play(batch(ROWS), 3)[:4]).hex()


def test_a_life_goes_on_from_its_state_and_on_no_other_world() -> None:
    one, other = batch(ROWS), batch(ROWS)
    play(one, 3, steps=20)
    state = one.state()
    other.set_state(state)
    rng = np.random.default_rng(2)
    for _ in range(30):
        codes = rng.integers(0, one.n_actions, ROWS)
        for each in (one, other):
            moves = (codes, each.n_askables)
            each.step(Moves.from_flat(*moves, verbs=each.verbs, reasons=each.n_reasons))
    for name in set(fields.row_arrays()) - ARGUMENTS:
        assert one.arrays[name].tobytes() == other.arrays[name].tobytes(), name
    for size, world, error in (
        (ROWS, "yelp-small", WorldError),
        (ROWS + 1, "lastfm-small", OptionError),
    ):
        elsewhere = Setup.prepare("recoworld", world=world).batch(size)
        before = {name: array.tobytes() for name, array in elsewhere.state().items()}
        with pytest.raises(error):
            elsewhere.set_state(state)
        assert before == {name: array.tobytes() for name, array in elsewhere.state().items()}


@pytest.mark.parametrize("mode", [mode.value for mode in AutoresetMode])
def test_rows_of_a_vector_environment_are_scalar_environments(mode: str) -> None:
    options = {"voice": 0.7, "horizon": 6, "reveal": True}
    many = gym.make_vec(NAME, num_envs=5, autoreset_mode=mode, illegal="penalise", **options)
    singles = [
        gym.make(NAME, disable_env_checker=True, illegal="penalise", **options).unwrapped
        for _ in range(5)
    ]
    rng = np.random.default_rng(0)
    seen, _ = many.reset(seed=11)
    for row, single in enumerate(singles):
        same(seen, row, single.reset(seed=11 + row)[0])
    ended, ends = np.zeros(5, dtype=bool), 0
    for _ in range(80):
        if mode == "Disabled" and ended.any():
            many.reset(options={"reset_mask": ended})
            for row in np.flatnonzero(ended):
                singles[row].reset()
            ended[:] = False
        actions = rng.integers(0, many.single_action_space.n, 5)
        actions[rng.random(5) < 0.6] = many.unwrapped.batch.n_askables
        seen, rewards, terminated, truncated, infos = many.step(actions)
        for row, single in enumerate(singles):
            if mode == "NextStep" and ended[row]:
                observation, _ = single.reset()
                assert rewards[row] == 0
            else:
                observation, *rest, info = single.step(int(actions[row]))
                assert rest == [rewards[row], terminated[row], truncated[row]]
                if not (rest[1] or rest[2]):
                    assert infos["true_utility"][row] == info["true_utility"]
                    mindset = infos["privileged"]["mindset"][row]
                    assert np.array_equal(mindset, info["privileged"]["mindset"])
                elif mode == "SameStep":
                    same_single(infos["final_obs"][row], observation)
                    observation, _ = single.reset()
            same(seen, row, observation)
        ended = terminated | truncated
        ends += int(ended.sum())
    assert ends > 5


def same(seen: dict[str, np.ndarray], row: int, single: dict[str, np.ndarray]) -> None:
    same_single({key: value[row] for key, value in seen.items()}, single)


def same_single(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for key, value in other.items():
        assert one[key].dtype == value.dtype, key
        assert one[key].tobytes() == value.tobytes(), key
