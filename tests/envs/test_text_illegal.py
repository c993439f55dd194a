"""A line that is an illegal move, where these are penalised, is answered: why, and what it cost."""

from __future__ import annotations

import gymnasium as gym
import pytest

import recosim  # noqa: F401  (registers the environments)

LINES = {
    "CPR-LastFM-Small": ("Do you like indie?", "Do you like indie?"),
    "ConvSim-LastFM-Small": ("Reflect: what should change?",),
    "RecoWorld-LastFM-Small": ("What should I change?",),
}


@pytest.mark.parametrize("name", LINES)
def test_an_illegal_line_is_answered(name):
    env = gym.make(f"recosim/{name}-v0", actions="text", observations="text", illegal="penalise")
    env.reset(seed=1)
    for line in LINES[name]:
        text, *_ = env.step(line)
    said = text.split("\n\n")[0].splitlines()
    assert said[-2] == f"recommender: {LINES[name][-1]}"
    assert said[-1].startswith("note: ")
    assert said[-1].endswith("; the turn is lost.")
