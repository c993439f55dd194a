"""Typed acts and the three views of the actions."""

from __future__ import annotations

from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest

import recosim  # noqa: F401  (registers the environments)
from recosim.acts import (
    VERBS,
    Ask,
    Level,
    Moves,
    Pass,
    React,
    Recommend,
    Reflect,
    Verb,
    flat_code,
)
from recosim.envs.spaces import decode, moves_of
from recosim.errors import IllegalActionError

N, K = 33, 10


def sizes(n, k):
    """What stands for a batch where actions are read: its sizes."""
    return SimpleNamespace(
        n_askables=n,
        n_actions=n + 2,
        verbs=VERBS,
        aspects=0,
        size=1,
        protocol=SimpleNamespace(top_k=k),
    )


BATCH = sizes(N, K)
ACTS = (Ask((4,)), Recommend((7, 2, 9), (3,)), Recommend(), Reflect(), Ask())


def test_typed_acts_are_rows_of_moves_and_back():
    moves = Moves.of(ACTS, K, aspects=2)
    assert tuple(moves.act(b) for b in range(len(ACTS))) == ACTS
    dtypes = [np.int8, np.int64, np.int32, np.int32]
    assert [array.dtype for array in moves[:4]] == dtypes
    assert [array.shape for array in moves[:4]] == [(5,), (5,), (5, K), (5, 2)]
    assert Moves.of([Ask((8, 2))], K).about.tolist() == [8]  # asked by its first


@pytest.mark.parametrize("act", [Ask((4,)), Recommend((7, 2, 9)), Recommend(), Reflect()])
def test_the_slate_view_says_everything(act):
    actions = Moves.of([act], K).to_slates(K)
    assert moves_of("slate", actions, BATCH).act(0) == act
    single = decode("slate", {key: rows[0] for key, rows in actions.items()}, BATCH)
    items = None if single.items is None else single.items[None]
    assert Moves.from_flat([single.code], N, items).act(0) == act


@pytest.mark.parametrize("act", [Ask((4,)), Recommend(), Reflect()])
def test_the_flat_view_names_what_is_asked(act):
    codes = Moves.of([act], K).to_flat(N)
    assert Moves.from_flat(codes, N).act(0) == act
    assert decode("flat", int(codes[0]), BATCH).code == codes[0]


def test_the_verb_view_leaves_the_choice_to_the_environment():
    acts = (Ask((4,)), Recommend((7,)), Reflect())
    assert Moves.of(acts, K).to_verbs().tolist() == [0, 1, 2]
    moves = Moves.from_verbs(range(3))
    assert [moves.act(b) for b in range(3)] == [Ask(), Recommend(), Reflect()]
    assert [decode("verb", code, BATCH).code for code in range(3)] == moves.to_flat(N).tolist()


def test_facets_are_asked_as_facets():
    assert Moves.from_flat([3], 29).act(0, facets=True) == Ask(facet=3)
    assert Moves.of([Ask(facet=3)], K).to_flat(29) == 3


def test_an_act_that_the_family_does_not_have_is_refused():
    with pytest.raises(IllegalActionError, match=r"row 1 has the verb 6; .* 0 \(ask\)"):
        Moves.of([Reflect(), Pass()], K).to_flat(N)
    env = gym.make("recosim/CPR-LastFM-Small-v0").unwrapped
    env.reset(seed=0)
    with pytest.raises(IllegalActionError, match="does not exist"):
        env.step(int(Moves.of([Ask()], K).to_flat(N)[0]))  # "flat" cannot ask the best


def test_other_families_name_their_verbs():
    verbs = (Verb.RECOMMEND, Verb.ASK, Verb.PASS)
    acts = [Ask((1,)), Recommend(), Pass()]
    moves = Moves.of(acts, K)
    assert moves.to_flat(3, verbs).tolist() == [1, 3, 4]
    assert moves.to_verbs(verbs).tolist() == [1, 0, 2]
    assert [flat_code(*row, 3, verbs) for row in zip(*moves[:2], strict=True)] == [1, 3, 4]
    for back in (Moves.from_flat([1, 3, 4], 3, verbs=verbs), Moves.from_verbs([1, 0, 2], verbs)):
        assert back.verb.tolist() == moves.verb.tolist()
    with pytest.raises(IllegalActionError, match="actions are 0 to 1: recommend 0, pass 1"):
        Moves.from_flat([2], 0, verbs=(Verb.RECOMMEND, Verb.PASS))


def test_reasons_for_a_list_follow_the_verbs_in_the_flat_view():
    verbs = (Verb.ASK, Verb.RECOMMEND, Verb.REFLECT, Verb.PASS)
    acts = [Ask((1,)), Recommend(), Pass(), Recommend(because=(2,))]
    codes = Moves.of(acts, K, 1).to_flat(3, verbs, 3)
    assert codes.tolist() == [1, 3, 5, 8]
    back = Moves.from_flat(codes, 3, verbs=verbs, reasons=3)
    assert [back.act(row) for row in range(4)] == acts
    # A list of the recommender's own is not told by its reason alone.
    own = Moves.of([Recommend((7,), (2,))], K, 1)
    assert own.to_flat(3, verbs, 3).tolist() == [3]
    with pytest.raises(IllegalActionError, match="recommend because of an attribute 6 to 8"):
        Moves.from_flat([9], 3, verbs=verbs, reasons=3)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (
            lambda: Moves.from_flat([0, N + 2], N),
            "action 35 of row 1 does .* reflect 34",
        ),
        (lambda: Moves.from_flat([-2], N), "action -2 of row 0"),
        (lambda: Moves.from_flat([[0]], N), r"shape \(1, 1\)"),
        (lambda: Moves.from_flat([0.5], N), "dtype float64"),
        (lambda: Moves.from_verbs([3]), "a verb is not"),
        (lambda: Moves.of([Recommend((1, 2, 3))], 2), "3 items were given; there is room for 2"),
    ],
)
def test_a_malformed_move_says_what_is_wrong(make, why):
    with pytest.raises(IllegalActionError, match=why):
        make()


def test_moves_that_were_made_for_a_larger_world_are_refused():
    env = gym.make_vec("recosim/CPR-LastFM-Small-v0", num_envs=2).unwrapped
    env.reset(seed=0)
    more = env.batch.n_askables + 5
    moves = Moves.from_flat([0, more - 1], more)
    for given in (moves, moves._replace(flat=np.array([0, more - 1]))):
        with pytest.raises(IllegalActionError, match="does not exist"):
            env.batch.step(given)
    with pytest.raises(IllegalActionError, match="action -1 of row 0"):
        env.step(np.array([-1, 0]))


def test_reactions_have_levels():
    react = React(7, ((3, Level.CLICK),))
    assert [react.level(item) for item in (7, 3, 1)] == [Level.ACCEPT, Level.CLICK, Level.SKIP]
    assert React(7, ((7, Level.LOVE),)).level(7) == Level.LOVE
    assert React().level(7) == Level.SKIP


@pytest.mark.parametrize("view", ["flat", "verb", "slate"])
def test_every_legal_action_is_an_act_and_back(view):
    env = gym.make("recosim/CPR-LastFM-Small-v0", actions=view).unwrapped
    env.reset(seed=0)
    n, k = env.batch.n_askables, env.batch.protocol.top_k
    for _ in range(40):
        action = env.action_space.sample()
        code, items, because = decode(view, action, sizes(n, k))
        moves = Moves.from_flat([code], n, None if items is None else items[None], because)
        again = Moves.of([moves.act(0)], k)
        if view == "flat":
            assert again.to_flat(n) == action
        elif view == "verb":
            assert again.to_verbs() == action
        else:
            back = again.to_slates(k)
            assert back["verb"] == action["verb"]
            shown = action["items"] if back["verb"] == 1 else np.full(k, -1)
            assert back["items"][0].tolist() == shown.tolist()
