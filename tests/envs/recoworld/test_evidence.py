"""Traces of lives as logs: users of known settings, simulated by the kernels, are found again."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.agents.registry import make_agent
from recosim.bench.rollout import play_batch
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.errors import OptionError
from recosim.trace import Trace
from recosim.users import Population, population
from recosim.users.fitting import fit_users, judge
from recosim.users.fitting.reading import read_log

SEED = 5
KUAIRAND = np.array([0.617, 0.165, 0.079, 0.047, 0.031, 0.021, 0.014])
RSC15 = np.array([0.43, 0.36, 0.33, 0.29, 0.28, 0.25])


def lived(users, agent="static", n=600, split="train", seed=SEED, world="lastfm-small"):
    """A trace of an agent with users, and their world."""
    setup = Setup.prepare("recoworld", world=world, split=split, users=users)
    player = make_agent(agent)
    batch = setup.batch(n)
    player.bind(batch)
    recorder, units = Recorder(batch), batch.units().table
    units = units[np.resize(np.arange(len(units)), n)]
    play_batch(batch, player, units, np.arange(n), seed, recorder)
    return recorder.trace(agent, seed, setup.metadata("test")), setup.world


def log_of(trace, world, tmp_path):
    trace.write(tmp_path / "trace.parquet")
    return read_log(tmp_path / "trace.parquet", world)


# Users without moods, boredom and instructions: of their clicks taste and appeal tell all.
PLAIN = Population(
    "plain",
    {
        "mood": 0.0,
        "learning": 0.0,
        "boredom": 0.0,
        "voice": 0.0,
        "click_bias": -0.8,
        "choice_temperature": 0.7,
        "seen": 0.2,
        "examination": 0.8,
        "session_hazard": {"beta": [2.0, 8.0]},
        "fatigue_pull": 1.0,
        "letdown_pull": 0.6,
        "tolerance": 1.5,
        "leave_for_good": 0.2,
        "return_rate": {"beta": [3.0, 3.0]},
        "loyalty_pull": 1.5,
    },
)


def test_the_settings_of_lives_are_found_within_two_standard_errors(tmp_path):
    """Two standard errors hold about 95 % of the time: of 33 figures, all but a few do."""
    truth = {
        "click_bias": -0.8,
        "choice_temperature": 0.7,
        "appeal_pull": 1.0,
        "seen": 0.2,
        "examination": 0.8,
        "session_hazard": 0.2,
        "fatigue_pull": 1.0,
        "letdown_pull": 0.6,
        "leave_for_good": 0.2,
        "return_rate": 0.5,
        "loyalty_pull": 1.5,
    }
    off = {}
    for seed in (5, 6, 7):
        found = fit_users(log_of(*lived(PLAIN, n=350, seed=seed), tmp_path))
        for name, value in truth.items():
            figure = found.estimates[name].figures[0]
            off[seed, name] = abs(figure.value - value) / figure.error
        assert found.estimates["voice"].value == 0
        assert "only together with others" in found.unknown["boredom"]
    assert np.mean([errors <= 2 for errors in off.values()]) >= 0.88, off
    assert max(off.values()) < 4, off


@pytest.mark.slow
def test_a_fit_to_lives_foretells_other_users_better_than_constant_hazards(tmp_path):
    held = judge(log_of(*lived("typical", n=250), tmp_path), population("typical"))
    for kind in ("stops", "returns"):
        own = held.by_kind[kind]
        assert own["fitted"].log_loss < own["shares"].log_loss - 0.01
        assert own["fitted"].log_loss < own["unfitted"].log_loss + 0.005
    assert held.unit == "users"


def test_traces_of_several_agents_are_refused(tmp_path):
    (trace, world), (other, _) = lived("ideal", n=20), lived("ideal", "follow", n=20)
    with pytest.raises(OptionError, match="They meet the same users with the same luck"):
        log_of(Trace.concat([trace, other]), world, tmp_path)


@pytest.mark.parametrize("agent", ["static", "follow"])
def test_typical_users_leave_and_return_as_logs_do(agent):
    """Users that the numbers of the card were not tuned on (`split`)."""
    trace, _ = lived("typical", agent, n=1500, split="test", world="lastfm")
    rounds, used, ended, gap = (trace.column(name) for name in ("round", "used", "ended", "gap"))
    hazards = [(ended[used & (rounds == k)] > 0).mean() for k in range(1, 7)]
    assert np.abs(hazards - RSC15).max() < 0.05
    people = KUAIRAND / KUAIRAND.sum()
    days = np.arange(7)

    def divergence(law):
        return float((people * np.log(people / (law / law.sum()))).sum())

    ours = np.bincount(gap[(gap > 0) & (gap < 8)], minlength=8)[1:]
    geometric = min(divergence((1 - p) ** days) for p in np.linspace(0.01, 0.99, 981))
    assert divergence(ours) < geometric / 3
