"""`Dialogues`: refused input changes nothing, and rows do not depend on the batch they are in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from reference.random_worlds import random_vectors, random_world

from recosim.acts import Moves, Verb
from recosim.envs.cpr.dialogues import QUESTIONS, Dialogues
from recosim.envs.cpr.protocol import Protocol
from recosim.errors import IllegalActionError, OptionError
from recosim.users import Behaviour
from recosim.world.csr import csr_from_lists
from recosim.world.world import build_world

RNG = np.random.default_rng(17)
WORLD = random_world(RNG, n_attributes=20, n_items=150, n_facets=4)
VECTORS = random_vectors(RNG, WORLD)
PROTOCOL = Protocol(max_turns=8, top_k=3, on_reject="remove", targets=2, last_turn_acts=True)
NOISY = Behaviour(answer_noise=0.2, dont_know=0.1)
# What holds the last call's arguments and not the state of a conversation.
ARGUMENTS = {"action", "slate", "n_slate"}


def dialogues(size: int, protocol: Protocol = PROTOCOL, **options: Any) -> Dialogues:
    """A batch whose row b is conversation b of seed 5."""
    d = Dialogues(WORLD, VECTORS, protocol, size, **({"users": NOISY, "threads": 1} | options))
    d.open(seeds=np.full(size, 5, np.uint64), conversations=np.arange(size))
    return d


def assert_same(one: dict[str, np.ndarray], two: dict[str, np.ndarray], but: set[str]) -> None:
    for name in one.keys() - but:
        assert one[name].tobytes() == two[name].tobytes(), name


def some_legal_actions(d: Dialogues) -> np.ndarray:
    """A legal action for each row, chosen by the conversation and the step alone."""
    luck = d.arrays["conversation"] * 7919 + d.arrays["step"] * 104_729
    legal = [np.flatnonzero(row) for row in d.legal_actions()]
    return np.array([row[k % len(row)] for row, k in zip(legal, luck.tolist(), strict=True)])


def play(d: Dialogues, moves: int) -> None:
    for _ in range(moves):
        d.step(Moves.from_flat(some_legal_actions(d), d.n_askables))


# ---------------------------------------------------------------- malformed input


@pytest.mark.parametrize(
    "actions",
    [
        [0, 1],
        [[0, 1, 2]],
        [0.0, 1.0, 2.0],
        [True, False, True],
        ["0", "1", "2"],
        [0, 1, -2],
        [0, 22, 1],
        [2**62, 0, 0],
        7,
    ],
)
@pytest.mark.parametrize("call", ["step", "pose"])
def test_malformed_actions_are_refused_and_change_nothing(actions: Any, call: str) -> None:
    d = dialogues(3)
    before = d.state()
    with pytest.raises(IllegalActionError, match=r"are needed|does not exist"):
        getattr(d, call)(Moves.from_flat(np.array(actions), d.n_askables))
    assert_same(before, d.state(), but=set())


@pytest.mark.parametrize(
    ("verb", "about"),
    [
        ([0, 1], [0, -1]),
        ([0, 1, 2], [0, -1]),
        ([0, 1, 9], [0, -1, -1]),
        ([0, 1, -1], [0, -1, -1]),
        ([0, 1, Verb.PASS], [0, -1, -1]),
        ([0, 0, 0], [0, 1, 20]),
        ([0, 0, 0], [0, 1, -2]),
        ([0, 0, 0], [0.0, 1.0, 2.0]),
        ([0.0, 1.0, 2.0], [0, -1, -1]),
    ],
)
def test_malformed_moves_are_refused_and_change_nothing(verb: Any, about: Any) -> None:
    d = dialogues(3)
    before = d.state()
    with pytest.raises(IllegalActionError, match=r"are needed|does not exist|verbs here"):
        d.step(Moves(np.array(verb), np.array(about)))
    assert_same(before, d.state(), but=set())


@pytest.mark.parametrize(
    ("slates", "message"),
    [
        (np.zeros((2, 2), np.int32), "slates have shape"),
        (np.zeros((2, 3), np.float64), "slates have shape"),
        (np.array([[0, 1, 150], [-1, -1, -1]]), "different numbers"),
        (np.array([[0, 1, 0], [-1, -1, -1]]), "different numbers"),
        (np.array([[0, -1, 1], [-1, -1, -1]]), "different numbers"),
        (np.array([[0, 1, -2], [-1, -1, -1]]), "different numbers"),
        (np.array([[0, 1, 2], [5, 5, -1]]), "different numbers"),
    ],
)
def test_malformed_lists_are_refused_and_change_nothing(slates: np.ndarray, message: str) -> None:
    d = dialogues(2)
    before = d.state()
    with pytest.raises(IllegalActionError, match=message):
        d.step(Moves.from_flat(np.full(2, d.n_askables), d.n_askables, slates))
    assert_same(before, d.state(), but=set())


def test_lists_of_rows_that_show_nothing_are_not_looked_at() -> None:
    d = dialogues(1)
    d.step(Moves.from_flat(some_legal_actions(d), d.n_askables, np.full((1, 3), 10**6, np.int32)))
    assert d.arrays["step"][0] == 1


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("bad", [0, 250, 399])
@pytest.mark.parametrize("call", ["step", "pose"])
def test_one_illegal_action_leaves_the_whole_batch_alone(threads: int, bad: int, call: str) -> None:
    d = dialogues(400, threads=threads)
    d.step(Moves.from_flat(np.full(400, d.n_askables), d.n_askables))
    running = np.flatnonzero(d.done == 0)
    row = int(running[np.searchsorted(running, bad) % len(running)])
    actions = some_legal_actions(d)
    actions[row] = np.flatnonzero(d.legal_actions()[row] == 0)[0]
    before = d.state()
    with pytest.raises(
        IllegalActionError, match=f"action {actions[row]} of row {row} is not legal"
    ):
        getattr(d, call)(Moves.from_flat(actions, d.n_askables))
    assert_same(before, d.state(), but=ARGUMENTS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_illegal_action_says_why_and_what_is_legal(question: str) -> None:
    d = dialogues(1, Protocol(question=question, choices=2))  # type: ignore[arg-type]
    n, legal = d.n_askables, np.flatnonzero(d.legal_actions()[0])
    illegal = int(np.flatnonzero(d.legal_actions()[0, :n] == 0)[0])
    why = "this protocol has no questions"
    if question != "none":
        why = f"{'facet' if question == 'facet' else 'attribute'} {illegal} "
    with pytest.raises(IllegalActionError, match=f"{why}.* Legal: {legal[0]}"):
        d.step(Moves.from_flat([illegal], d.n_askables))
    with pytest.raises(IllegalActionError, match="a reflection needs a refused recommendation"):
        d.step(Moves.from_flat([n + 1], d.n_askables))


def test_penalised_illegal_actions_use_the_turn_of_their_row_alone() -> None:
    d, same = dialogues(3, raise_illegal=False), dialogues(3)
    actions = some_legal_actions(d)
    same.step(Moves.from_flat(actions, d.n_askables))
    actions[1] = d.n_askables + 1
    d.step(Moves.from_flat(actions, d.n_askables))
    assert (d.outcome[1], d.reward[1], d.turn[1]) == (-3, PROTOCOL.rewards.illegal, 2)
    for name, array in d.state().items():
        if name not in ARGUMENTS:
            assert array[[0, 2]].tobytes() == same.arrays[name][[0, 2]].tobytes(), name


# ---------------------------------------------------------------- rows are independent


@pytest.mark.parametrize("question", QUESTIONS)
def test_conversations_do_not_depend_on_batch_or_threads(question: str) -> None:
    protocol = PROTOCOL.with_options(question=question, choices=2)
    whole, threaded = dialogues(400, protocol), dialogues(400, protocol, threads=2)
    rows = [*range(7), 391, 399]
    alone = [dialogues(1, protocol) for _ in rows]
    seven = dialogues(7, protocol)
    for row, d in zip(rows, alone, strict=True):
        d.open(conversations=[row])
    for _ in range(10):
        for d in (whole, threaded, seven, *alone):
            play(d, 1)
        state = whole.state()
        assert_same(state, threaded.state(), but=set())
        first = {name: array[:7] for name, array in state.items()}
        assert_same(first, seven.state(), but={"candidates"})  # stale while `own` is 0
        assert [seven.candidate_ids(b).tolist() for b in range(7)] == [
            whole.candidate_ids(b).tolist() for b in range(7)
        ]
        for row, d in zip(rows, alone, strict=True):
            here = {name: array[row : row + 1] for name, array in state.items()}
            # A row that is opened a second time keeps what nobody reads.
            assert_same(here, d.state(), but=ARGUMENTS | STALE)
            assert d.candidate_ids(0).tolist() == whole.candidate_ids(row).tolist()


# Scratch that is only valid under another field (`own`, `n_...`, `weighed`) or after a call.
STALE = {"candidates", "accepted", "shown_last", "targets", "choice", "best", "best_scores"}


def test_opening_some_rows_leaves_the_others_alone() -> None:
    d = dialogues(6)
    play(d, 3)
    before = d.state()
    d.open([1, 4], conversations=[70, 71])
    after = d.state()
    for name in before:
        others = [0, 2, 3, 5]
        assert before[name][others].tobytes() == after[name][others].tobytes(), name
    assert (d.turn[[1, 4]].tolist(), d.conversation[[1, 4]].tolist()) == ([1, 1], [70, 71])


def test_rows_that_have_ended_stand_still() -> None:
    d = dialogues(20)
    play(d, 30)
    assert d.done.all()
    before = d.state()
    d.step(Moves.from_flat(np.zeros(20, np.int64), d.n_askables))
    assert_same(before, d.state(), but=ARGUMENTS | {"reward", "reward_terms"})
    assert not d.reward.any()


def test_open_ended_rows_go_on_with_the_next_conversation() -> None:
    d = dialogues(8, open_ended=True)
    while not d.done[0]:
        d.step(Moves.from_flat(some_legal_actions(d), d.n_askables))
    d.step(Moves.from_flat(some_legal_actions(d), d.n_askables))
    fresh = dialogues(1)
    fresh.open(conversations=[1])
    assert d.conversation[0] == 1
    assert (d.turn[0], d.done[0], d.reward[0]) == (1, 0, 0.0)
    for name in ("user", "targets", "status", "history", "entropy", "mask", "query"):
        assert d.arrays[name][0].tobytes() == fresh.arrays[name][0].tobytes(), name
    assert d.candidate_ids(0).tolist() == fresh.candidate_ids(0).tolist()


@pytest.mark.parametrize("track", [True, False])
def test_a_state_can_be_saved_and_taken_up_by_another_batch(track: bool) -> None:
    d = dialogues(30, track=track)
    play(d, 2)
    saved = d.state()
    play(d, 4)
    after = d.state()
    other = Dialogues(WORLD, VECTORS, PROTOCOL, 30, users=NOISY, track=track, threads=1)
    for batch in (d, other):
        batch.set_state(saved)
        play(batch, 4)
        assert_same(after, batch.state(), but=set())


def test_a_saved_state_is_a_copy() -> None:
    d = dialogues(4)
    saved = d.state()
    kept = {name: array.copy() for name, array in saved.items()}
    play(d, 3)
    assert_same(saved, kept, but=set())


# ---------------------------------------------------------------- openings


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_known_opening_without_a_target_gives_the_same_beliefs(question: str) -> None:
    d = dialogues(12, Protocol(question=question, choices=2))  # type: ignore[arg-type]
    believed = Dialogues(WORLD, VECTORS, d.protocol, 12)
    a = d.arrays
    believed.begin(slice(None), a["user"], a["asked_facet"], a["accepted"], a["n_accepted"])
    for name in ("status", "n_candidates", "counts", "entropy", "mask", "query", "facet_asked"):
        assert a[name].tobytes() == believed.arrays[name].tobytes(), name


def test_check_pair_names_what_is_wrong() -> None:
    d = dialogues(1)
    user, item = d.pool.pairs()[0].tolist()
    d.check_pair(user, item)
    vectors = random_vectors(np.random.default_rng(0), WORLD_WITH_GAPS)
    gaps = Dialogues(WORLD_WITH_GAPS, vectors, Protocol(), 1)
    for pair, message in {
        (-1, item): "user -1 does not exist",
        (WORLD.n_users, item): f"user {WORLD.n_users} does not exist",
        (user, -1): "item -1 does not exist",
        (user, WORLD.n_items): f"item {WORLD.n_items} does not exist",
    }.items():
        with pytest.raises(OptionError, match=message):
            d.check_pair(*pair)
    with pytest.raises(
        OptionError, match=r"user 1 never interacted with item 1.*valid split: none"
    ):
        gaps.check_pair(1, 1)
    with pytest.raises(OptionError, match=r"user 0 never interacted with item 4.*\[1\]"):
        gaps.check_pair(0, 4)
    with pytest.raises(OptionError, match="item 3 has no attribute to open"):
        gaps.check_pair(0, 3)


# Item 3 has no attributes; user 1 has nothing in the valid split.
WORLD_WITH_GAPS = build_world(
    name="gaps",
    item_attributes=csr_from_lists([[0], [0, 1], [1], [], [0]]),
    train=csr_from_lists([[0, 3], [0]]),
    valid=csr_from_lists([[1], []]),
    test=csr_from_lists([[2], []]),
    n_attributes=2,
    attribute_facet=[-1, -1],
    facet_names=[],
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda v: Dialogues(WORLD_WITH_GAPS, v, Protocol(), 0), "size is 0"),
        (lambda v: Dialogues(WORLD_WITH_GAPS, v, Protocol(question="facet"), 1), "has no facets"),
        (lambda v: Dialogues(WORLD_WITH_GAPS, v, Protocol(), 1).open(users=[0]), "give both"),
    ],
)
def test_impossible_batches_are_refused(make: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        make(random_vectors(np.random.default_rng(0), WORLD_WITH_GAPS))


def test_a_split_that_no_conversation_can_open_is_refused() -> None:
    world = build_world(
        name="mute",
        item_attributes=csr_from_lists([[0], []]),
        train=csr_from_lists([[0], []]),
        valid=csr_from_lists([[1], []]),
        test=csr_from_lists([[], [0]]),
        n_attributes=1,
    )
    with pytest.raises(OptionError, match="no interaction of the valid split"):
        Dialogues(world, random_vectors(np.random.default_rng(0), world), Protocol(), 1)


def test_candidate_ids_are_the_items_of_the_set() -> None:
    d = dialogues(5)
    opening = d.accepted[0, 0]
    assert d.candidate_ids(0).tolist() == WORLD.attribute_items.row(opening).tolist()
    for _ in range(6):
        d.step(Moves.from_flat(some_legal_actions(d), d.n_askables))
        ids = [d.candidate_ids(b) for b in range(5)]
        assert [len(row) for row in ids] == d.n_candidates.tolist()
        assert all((np.diff(row) > 0).all() and (row < WORLD.n_items).all() for row in ids)


def test_an_unknown_field_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'targetz'"):
        _ = dialogues(1).targetz
