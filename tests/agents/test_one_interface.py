"""One interface for all families: the same agents play any id, with nothing changed but the id."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.agents.llm import LLMAgent
from recosim.agents.registry import agent_card, make_agent
from recosim.bench.rollout import play_batch
from recosim.bench.setup import prepare_env
from recosim.chat import Chat, ChatSettings, ScriptedBackend
from recosim.envs.recorder import Recorder

IDS = ("CPR-LastFM-Small", "RecoWorld-LastFM-Small", "ConvSim-LastFM-Small")
SETTINGS = ChatSettings(model="scripted", attempts=2, pause=0.0, longest_pause=0.0, reasks=1)


def first_move(request):
    """A model that takes the first move it is offered, and every second time the last."""
    move = request.schema()["properties"]["move"]
    moves = move.get("enum", [move.get("const")])
    return {"why": "to know", "move": moves[-(request.seed % 2)], "items": []}


@pytest.mark.parametrize("name", IDS)
def test_one_language_model_plays_every_family(name):
    env = prepare_env(name, episodes=3)
    agent = LLMAgent(chat=Chat(ScriptedBackend(first_move, SETTINGS)))
    batch = env.setup.batch(3, track=True, raise_illegal=True)
    agent.bind(batch)
    recorder = Recorder(batch)
    play_batch(batch, agent, env.units, env.conversations, 0, recorder)
    assert len(recorder.trace("llm", 0).episodes()) == 3
    assert agent.report()["moves_of_the_rule"] == 0
    assert agent.report()["requests"] >= 3


@pytest.mark.parametrize(
    "algorithm",
    ["ppo", *(pytest.param(name, marks=pytest.mark.slow) for name in ("maskable_ppo", "dqn"))],
)
@pytest.mark.parametrize("name", IDS)
def test_one_learner_learns_and_plays_in_every_family(name, algorithm):
    pytest.importorskip("sb3_contrib")
    options = agent_card(algorithm).settings["options"]
    if algorithm == "dqn":
        options |= {"learning_starts": 16, "buffer_size": 512, "batch_size": 16}
    given = {"batch": 8, "n_steps": 32, "rounds": 1, "options": options}
    agent = make_agent(algorithm, name, **given)
    train = prepare_env(name, split="train").setup
    agent.bind(train.batch(8, track=agent.track))
    agent.start(0)
    before = agent.weights()
    agent.train_round(0)
    weights = agent.weights()
    assert any((weights[key] != before[key]).any() for key in weights)
    env = prepare_env(name, episodes=4)
    batch = env.setup.batch(4, track=agent.track, raise_illegal=True)
    played = make_agent(algorithm, name, **given)
    played.bind(batch)
    played.set_weights(weights)
    recorder = Recorder(batch)
    play_batch(batch, played, env.units, env.conversations, 0, recorder)
    episodes = recorder.trace(algorithm, 0).episodes()
    assert len(episodes) == 4
    assert np.isfinite(episodes["reward"]).all()
