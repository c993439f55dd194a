"""A real model recommends, and the run is played again without it."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.agents.llm import LLMAgent
from recosim.bench.rollout import play_batch
from recosim.chat import Cassette, Chat, ChatSettings, OpenAIBackend
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup

pytestmark = pytest.mark.llm


def play(chat: Chat):
    parts = Setup.prepare(
        "cpr", world="lastfm-small", split="test", protocol_options={"max_turns": 5}
    )
    agent = LLMAgent(chat=chat, workers=1, questions=4)
    d = parts.batch(3, track=True, raise_illegal=True)
    agent.bind(d)
    recorder = Recorder(d)
    play_batch(d, agent, d.pool.pairs(), np.arange(3) * 11, 0, recorder)
    return agent, recorder.trace("llm", 0)


def test_a_real_model_plays_and_is_replayed_strictly(llm, tmp_path):
    settings = ChatSettings(base_url=llm.url, model=llm.model, timeout=60.0)
    cassette = tmp_path / "talk.cassette"
    agent, trace = play(Chat(OpenAIBackend(settings), cassette=Cassette(cassette)))
    episodes = trace.episodes()
    assert len(episodes) == 3
    assert (episodes["illegal"] == 0).all()
    report = agent.report()
    moves = int(episodes["moves"].sum())
    assert report["moves_of_the_rule"] < moves / 2, f"most of {moves} moves are its own: {report}"

    llm.stop()
    offline = Chat(OpenAIBackend(settings), cassette=Cassette(cassette, "strict"))
    _, again = play(offline)
    assert again.table.equals(trace.table)
    assert offline.report.to_dict()["calls"]["sent"] == 0
