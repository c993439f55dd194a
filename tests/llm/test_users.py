"""A real model speaks for users, decides for users, and a run is played again without it."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.agents.llm import LLMAgent
from recosim.bench.rollout import play_batch
from recosim.chat import Cassette, Chat, ChatSettings, OpenAIBackend
from recosim.envs.cpr.acts import ACTS
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.envs.talk import Talk
from recosim.users import LLMSettings, Population
from recosim.users.leaks import Secrets
from recosim.users.llm import LLMSpeaker

pytestmark = pytest.mark.llm


def play(chat: Chat, decides: str):
    """Three conversations of users and an agent that are both the model."""
    users = Population("spoken", {"patience": 6}, llm=LLMSettings(decides=decides, workers=1))
    parts = Setup.prepare(
        "cpr", world="lastfm-small", split="test", users=users, protocol_options={"max_turns": 5}
    )
    speaker = LLMSpeaker(parts.world, users, chat)
    agent = LLMAgent(chat=chat, workers=1, questions=4)
    d = parts.batch(3)
    agent.bind(d)
    recorder = Recorder(d)
    play_batch(d, agent, d.pool.pairs(), np.arange(3) * 11, 0, recorder, Talk(d, speaker, ACTS))
    return speaker, recorder.trace("llm", 0)


@pytest.mark.parametrize("decides", ["nothing", "answers"])
def test_users_and_agent_of_a_real_model_are_replayed_strictly(llm, tmp_path, decides):
    settings = ChatSettings(base_url=llm.url, model=llm.model, timeout=60.0)
    cassette = tmp_path / "talk.cassette"
    chat = Chat(OpenAIBackend(settings), cassette=Cassette(cassette))
    speaker, trace = play(chat, decides)
    report = speaker.report()
    print({k: v for k, v in report.items() if k != "chat"})
    print([text for text in trace.column("said") if text][:8])
    assert len(trace.episodes()) == 3
    assert report["by"]["llm"] > report["utterances"] / 4, "it finds words of its own"
    secrets = Secrets(speaker.world)
    names = [str(name) for name in speaker.world.attribute_names]
    for row in trace.table.to_pylist():
        if row["said"] and not row["rank"]:
            assert not secrets.find(row["said"], [row["target"]], allowed=names)

    llm.stop()
    offline = Chat(OpenAIBackend(settings), cassette=Cassette(cassette, "strict"))
    _, again = play(offline, decides)
    assert again.table.equals(trace.table)
    assert offline.report.to_dict()["calls"]["sent"] == 0
