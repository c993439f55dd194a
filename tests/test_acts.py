"""Typed acts and the three views of the actions."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

import recosim  # noqa: F401  (registers the environments)
from recosim.acts import Ask, Pass, Recommend, Reflect, from_view, to_view
from recosim.errors import IllegalActionError


@pytest.mark.parametrize("act", [Ask((4,)), Recommend((7, 2, 9)), Recommend(), Reflect()])
def test_the_slate_view_says_everything(act):
    assert from_view(to_view(act, "slate", 33, 10), "slate", 33) == act


@pytest.mark.parametrize("act", [Ask((4,)), Recommend(), Reflect()])
def test_the_flat_view_names_what_is_asked(act):
    assert from_view(to_view(act, "flat", 33, 10), "flat", 33) == act


def test_the_verb_view_leaves_the_choice_to_the_environment():
    acts = (Ask((4,)), Recommend((7,)), Reflect())
    assert [to_view(act, "verb", 33, 10) for act in acts] == [0, 1, 2]
    assert [from_view(code, "verb", 33) for code in range(3)] == [Ask(), Recommend(), Reflect()]


def test_facets_are_asked_as_facets():
    assert from_view(3, "flat", 29, facets=True) == Ask(facet=3)
    assert to_view(Ask(facet=3), "flat", 29, 10) == 3


@pytest.mark.parametrize("act", [Pass(), Ask()])
def test_an_act_that_no_view_has_is_refused(act):
    with pytest.raises(IllegalActionError):
        to_view(act, "flat", 33, 10)


@pytest.mark.parametrize("view", ["flat", "verb", "slate"])
def test_every_legal_action_is_an_act_and_back(view):
    env = gym.make("recosim/CPR-LastFM-Small-v0", actions=view).unwrapped
    env.reset(seed=0)
    n, k = env.batch.n_askables, env.batch.protocol.top_k
    for _ in range(40):
        action = env.action_space.sample()
        act = from_view(action, view, n)
        if view != "verb":  # where an ask names nothing
            back = to_view(act, view, n, k)
            if view == "flat":
                assert back == action
            else:
                assert back["verb"] == action["verb"]
                shown = action["items"] if back["verb"] == 1 else np.full(k, -1)
                assert back["items"] == shown.tolist()
