"""What cannot be is refused: the error says what was given, what is allowed, what to do."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from recosim.acts import Moves, Verb
from recosim.envs.recoworld.lives import Lives
from recosim.envs.recoworld.rules import LifeRules
from recosim.envs.setup import Setup
from recosim.errors import IllegalActionError, OptionError, StateError, UnknownNameError
from recosim.users import Population
from recosim.world.csr import csr_from_lists
from recosim.world.parts import split_users
from recosim.world.world import build_world

NAME = "recosim/RecoWorld-LastFM-Small-v0"


def make(**options: Any) -> Any:
    return gym.make(NAME, disable_env_checker=True, **options).unwrapped


def open_lives(size: int = 3, **settings: Any) -> Lives:
    batch = Setup.prepare("recoworld", world="lastfm-small").batch(size, **settings)
    assert isinstance(batch, Lives)
    batch.open(seeds=np.arange(size), conversations=np.zeros(size, dtype=np.int64))
    return batch


def state_of(batch: Lives) -> dict[str, bytes]:
    """All but what was asked for, which is noted before it is looked at."""
    asked = {"action", "slate", "n_slate", "reason"}
    return {name: x.tobytes() for name, x in batch.state().items() if name not in asked}


# ---------------------------------------------------------------- lists


@pytest.mark.parametrize(
    ("lists", "why"),
    [
        ([[0, 1, 0, -1, -1]], "5 different numbers"),
        ([[0, 1, 10**6, -1, -1]], "different numbers of 0..499"),
        ([[0, -1, 1, -1, -1]], "then -1 to the end"),
        ([[0, -2, -1, -1, -1]], "then -1 to the end"),
        ([[0.0, 1.0, 2.0, 3.0, 4.0]], "items have shape"),
        ([[0, 1]], "items have shape"),
        ([0, 1, 2, 3, 4], "items have shape"),
    ],
)
def test_lists_of_repeated_unknown_or_missing_items(lists: Any, why: str) -> None:
    batch = open_lives(1)
    before = state_of(batch)
    with pytest.raises(IllegalActionError) as caught:
        batch.step(Moves.all_of(Verb.RECOMMEND, 1, np.array(lists)))
    assert why in str(caught.value)
    assert state_of(batch) == before


@pytest.mark.parametrize(
    "items", [[], [0, 0], [0, 10**6], [-2], list(range(6)), [0.5], ["a"], 7, [[0]]]
)
def test_lists_of_an_environment(items: Any) -> None:
    env = make(actions="slate", illegal="penalise")
    env.reset(seed=0)
    before = state_of(env.batch)
    action = {"verb": 1, "attribute": 0, "items": items, "because": [-1]}
    if items == []:  # all of them -1: the retrieval's best
        env.step(action | {"items": np.full(5, -1, dtype=np.int32)})
        assert env.batch.arrays["n_shown"][0] == 5
        env.reset(seed=0)
        before = state_of(env.batch)
    with pytest.raises(IllegalActionError, match=r"items"):
        env.step(action)
    assert state_of(env.batch) == before


@pytest.mark.parametrize(
    ("actions", "why"),
    [
        ([0, 1], "one for each"),
        ([0.0, 1.0, 2.0], "whole numbers"),
        ([0, 1, -2], "does not exist"),
        ([0, 10**6, 1], "recommend because of an attribute"),
        ([2**62, 0, 0], "does not exist"),
    ],
)
@pytest.mark.parametrize("call", ["step", "pose"])
def test_malformed_actions_change_nothing(actions: Any, why: str, call: str) -> None:
    batch = open_lives(3)
    before = state_of(batch)
    with pytest.raises(IllegalActionError, match=why):
        getattr(batch, call)(
            Moves.from_flat(
                np.array(actions), batch.n_askables, verbs=batch.verbs, reasons=batch.n_reasons
            )
        )
    assert state_of(batch) == before


@pytest.mark.parametrize(
    ("verb", "about", "because"),
    [
        ([0, 1], [0, -1], None),
        ([0, 1, 2], [0, -1], None),
        ([0, 1, 9], [0, -1, -1], None),
        ([0, 1, -1], [0, -1, -1], None),
        ([0, 1, Verb.OPEN], [0, -1, -1], None),
        ([0, 0, 0], [0, 1, 10**6], None),
        ([0, 0, 0], [0, 1, -2], None),
        ([0, 0, 0], [0.0, 1.0, 2.0], None),
        ([0.0, 1.0, 2.0], [0, -1, -1], None),
        ([1, 1, 1], [-1, -1, -1], [0, 1, 2]),
        ([1, 1, 1], [-1, -1, -1], [[0], [1]]),
        ([1, 1, 1], [-1, -1, -1], [[0], [1], [10**6]]),
        ([1, 1, 1], [-1, -1, -1], [[0], [1], [-2]]),
        ([1, 1, 1], [-1, -1, -1], [[0.0], [1.0], [2.0]]),
    ],
)
def test_malformed_moves_change_nothing(verb: Any, about: Any, because: Any) -> None:
    batch = open_lives(3)
    before = state_of(batch)
    why = r"are needed|does not exist|verbs here|is needed|different numbers"
    reasons = None if because is None else np.array(because)
    with pytest.raises(IllegalActionError, match=why):
        batch.step(Moves(np.array(verb), np.array(about), None, reasons))
    assert state_of(batch) == before


def test_a_reason_that_no_item_has_is_refused_in_every_view() -> None:
    world = build_world(
        name="rare",
        item_attributes=csr_from_lists([{0}, {0, 1}, {1}]),
        train=csr_from_lists([[0]] * 9),
        valid=csr_from_lists([[1]] * 9),
        test=csr_from_lists([[2]] * 9),
        n_attributes=3,
        attribute_names=["rock", "jazz", "polka"],
    )
    for split in ("train", "valid", "test"):
        if len(split_users(world, split)):
            break
    options = {"world": world, "estimator": "mf", "split": split}
    reason = np.array([2], dtype=np.int32)
    for view, action in (
        ("flat", 3 + 3 + 2),
        ("slate", {"verb": 1, "attribute": 0, "items": np.full(5, -1), "because": reason}),
    ):
        env = make(actions=view, **options)
        env.reset(seed=0)
        with pytest.raises(IllegalActionError, match="no item has 'polka'"):
            env.step(action)
        batch = env.setup.batch(2)
        batch.open(seeds=[1, 2], conversations=[0, 0])
        with pytest.raises(IllegalActionError, match="no item has 'polka'"):
            batch.step(Moves.all_of(Verb.RECOMMEND, 2, None, np.array([[0], [2]])))
    # Beside a list of one's own it steers nothing, and may be said.
    own = np.array([0, 1, -1, -1, -1])
    env.step({"verb": 1, "attribute": 0, "items": own, "because": reason})
    assert env.batch.arrays["about"][0] == 2


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("bad", [0, 250, 399])
def test_one_illegal_move_leaves_the_whole_batch_alone(threads: int, bad: int) -> None:
    batch = open_lives(400, threads=threads)
    codes = np.full(400, batch.n_askables)
    codes[bad] = batch.n_askables + 1  # there is no list to reflect on yet
    before = state_of(batch)
    moves = Moves.from_flat(codes, batch.n_askables, verbs=batch.verbs, reasons=batch.n_reasons)
    with pytest.raises(IllegalActionError, match=f"row {bad} is not legal now: a reflection needs"):
        batch.step(moves)
    assert state_of(batch) == before


# ---------------------------------------------------------------- 100,000 of them

MALFORMED: list[Any] = [
    None, 1.0, "0", b"0", True, [], [0], [0, 1], {}, {"verb": 0}, -1, -2, 10**6, 2**63, 2**70,
    np.nan, np.float32(1), np.array([]), np.array([1]), np.array(1.0), np.array(True), object(),
    (1,), {1}, 1j,
]  # fmt: skip


def nonsense(rng: np.random.Generator) -> Any:
    """A malformed flat action, of a kind and a value that change from call to call."""
    kind, number = rng.integers(7), int(rng.integers(-(2**62), 2**62))
    if kind == 0:
        return float(rng.normal() * 50)
    if kind == 1:
        return number if abs(number) > 10_000 else -2 - abs(number)
    if kind == 2:
        return "".join(map(chr, rng.integers(32, 1000, size=4)))
    if kind == 3:
        return rng.integers(0, 35, size=tuple(rng.integers(1, 4, size=2)))
    if kind == 4:
        return {"verb": number % 4, "items": [number % 500]}
    if kind == 5:
        return [number % 35]
    return MALFORMED[number % len(MALFORMED)]


def test_a_hundred_thousand_bad_actions_raise_their_error_and_nothing_else() -> None:
    """Illegal and malformed ones by turns, over many lives that go on undisturbed."""
    env, twin = make(), make()
    rng = np.random.default_rng(0)
    env.reset(seed=1)
    twin.reset(seed=1)
    refused = 0
    while refused < 100_000:
        illegal = np.flatnonzero(~env.action_masks())
        for _ in range(400):
            if len(illegal) and rng.random() < 0.5:
                action = int(illegal[rng.integers(len(illegal))])
            else:
                action = nonsense(rng)
            try:
                env.step(action)
            except IllegalActionError:
                refused += 1
            else:
                pytest.fail(f"{action!r} was taken for an action")
        action = env.action_space.sample()
        result, expected = env.step(action), twin.step(action)
        assert result[1:4] == expected[1:4]
        assert all((result[0][key] == expected[0][key]).all() for key in expected[0])
        if result[2] or result[3]:
            env.reset()
            twin.reset()


# ---------------------------------------------------------------- rules, users, calls


@pytest.mark.parametrize(
    ("choice", "value", "allowed"),
    [
        ("horizon", 0, "1 to 3650"),
        ("horizon", 30.0, "1 to 3650"),
        ("max_turns", 0, "1 to 1000"),
        ("top_k", 33, "1 to 32"),
        ("max_steps", True, "1 to 32000"),
        ("pool", 0, "1 to"),
        ("like_at", 1.5, "0 to 1"),
        ("rest", -0.1, "0 to 1"),
        ("usual_minutes", 0, "from 0.001"),
        ("poor_list", float("nan"), "from 0"),
        ("utility_bias", float("inf"), "finite"),
    ],
)
def test_rules_that_cannot_be(choice: str, value: Any, allowed: str) -> None:
    with pytest.raises(OptionError) as caught:
        make(**{choice: value})
    for said in (choice, repr(value), allowed):
        assert said in str(caught.value)


def test_words_and_presets_that_do_not_exist() -> None:
    with pytest.raises(UnknownNameError, match="retention"):
        make(protocol="retentoin")
    with pytest.raises(UnknownNameError, match="session"):
        make(repeats="sesion")
    with pytest.raises(OptionError, match="love_at"):
        LifeRules(like_at=0.9)


@pytest.mark.parametrize("beta", [[0, 1], [1, -1], [1], [1, 2, 3], ["a", 1], [float("nan"), 1]])
@pytest.mark.parametrize("name", ["session_hazard", "return_rate"])
def test_beta_distributions_that_cannot_be(name: str, beta: list[Any]) -> None:
    with pytest.raises(OptionError) as caught:
        Population("odd", {name: {"beta": beta}})
    assert name in str(caught.value)
    assert str(beta[0]) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("return_rate", 1.1), ("session_hazard", -0.1), ("voice", "loud")]
)
def test_settings_that_cannot_be(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=name):
        make(**{name: value})


def test_settings_that_lives_do_not_read() -> None:
    with pytest.raises(OptionError, match="patience changes nothing here"):
        make(patience=3)


def test_users_that_do_not_exist() -> None:
    env = make()
    with pytest.raises(OptionError, match="users of world 'lastfm-small' are 0 to"):
        env.reset(options={"user": 10**6})
    with pytest.raises(UnknownNameError, match="user"):
        env.reset(options={"item": 3})


def test_moves_before_the_opening_and_after_the_end() -> None:
    env = make(session_hazard=1.0, return_rate=0.0)
    with pytest.raises(StateError):
        env.step(0)
    env.reset(seed=0)
    assert env.step(env.batch.n_askables)[2]
    with pytest.raises(StateError):
        env.step(0)
