"""Which settings of users a family reads is what it says: each of these, and no other, counts."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

import recosim  # noqa: F401  (registers the environments)
from recosim.envs.registration import env_card
from recosim.users import Population
from recosim.users.behaviour import TRAITS

# Users of whom every setting shows: they add, criticise (but not always), and would take several
# items.
BASE = {
    "cooperativeness": 0.6,
    "feedback": "critique",
    "dont_know": 0.2,
    "acceptable": 6,
    "musts": 1,
}
OTHER = {
    "answer_noise": 0.4,
    "dont_know": 0.6,
    "cooperativeness": 0.0,
    "cooperation_trend": "falling",
    "patience": 2,
    "leave_hazard": 0.5,
    "examination": 0.5,
    "choice_temperature": 2.0,
    "feedback": "edit",
    "critic": "least_liked",
    "acceptable": 0,
    "musts": 3,
    "weighting": "liking",
    "drift": 0.5,
    "standing": "session",
    "seen": 1.0,
    "asks_about": 0.5,
    "critique_unasked": 1.0,
    "want_unasked": 1.0,
    "takes": 3,
    "opening": "nothing",
    "question_patience": 2,
    "bad_list_hazard": 0.3,
    "bad_list_rise": 0.3,
    "deflects": 0.5,
    "click_bias": 1.0,
    "appeal_pull": 0.0,
    "mood": 3.0,
    "learning": 1.0,
    "boredom": 2.0,
    "boredom_decay": 0.1,
    "fatigue_pull": 9.0,
    "letdown_pull": 9.0,
    "session_hazard": 0.6,
    "tolerance": 3.0,
    "voice": 0.1,
    "instructs": "want",
    "instruct_scope": "always",
    "conditional": 1.0,
    "wish_weight": 0.0,
    "leave_for_good": 0.9,
    "return_rate": 0.2,
    "loyalty_pull": 5.0,
    "loyalty_memory": 0.9,
    "stay": 1.0,
    "similarity": 0.1,
    "off_topic": 0.5,
    "named_terms": 3,
    "naming": "rare",
    "like_share": 0.1,
    "satisfied_share": 0.3,
    "vague": 0.5,
}
# Users of lives: they often are about to go, and mostly say why.
LIVELY = {"tolerance": 0.2, "voice": 0.8, "leave_for_good": 0.3, "choice_temperature": 0.5}
NAMES = (
    "CPR-LastFM-Small",
    "Critique-LastFM-Small",
    "RecoWorld-LastFM-Small",
    "ConvSim-LastFM-Small",
)


def played(name, settings):
    """What 64 conversations under random moves look like: observations, rewards, ends."""
    # A question about an item shows where it takes the turn.
    view = {"protocol_options": {"inquiries": "turn"}}
    if name.startswith("CPR"):
        view["actions"] = "verb"
    if name.startswith("RecoWorld"):
        view, settings = {}, {**LIVELY, **settings}
    if name.startswith("ConvSim"):
        view = {}
    # A population describes people for all families, so nothing of it is refused.
    users = Population("made", {**BASE, **settings})
    env = gym.make_vec(f"recosim/{name}-v0", num_envs=64, users=users, **view)
    draws = np.random.default_rng(7)
    seen, told = [], env.reset(seed=5)[0]
    for _ in range(60 if name.startswith("RecoWorld") else 24):
        mask = told["action_mask"]
        action = np.where(mask, draws.random(mask.shape), -1.0).argmax(axis=1)
        told, reward, terminated, truncated, _ = env.step(action)
        seen += [reward.tobytes(), terminated.tobytes(), truncated.tobytes()]
        seen += [told[key].tobytes() for key in sorted(told)]
    env.close()
    return b"".join(seen)


@pytest.mark.parametrize("name", NAMES)
def test_a_family_reads_the_settings_that_it_names_and_no_other(name):
    usual = played(name, {})
    assert set(OTHER) == set(TRAITS), "a new setting needs a value here"
    changed = [key for key, value in OTHER.items() if played(name, {key: value}) != usual]
    assert sorted(changed) == sorted(env_card(name).record.settings)
