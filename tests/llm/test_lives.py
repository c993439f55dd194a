"""A real model lives lives: it words what the rules decide, or decides; then it is replayed."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.acts import Moves
from recosim.chat import Cassette, Chat, ChatSettings, OpenAIBackend
from recosim.envs.recorder import Recorder
from recosim.envs.recoworld.acts import ACTS
from recosim.envs.setup import Setup
from recosim.envs.talk import Talk
from recosim.users import LLMSettings, Population
from recosim.users.llm import LLMSpeaker

pytest.importorskip("openai", reason="the extra [llm] is not installed")
pytestmark = pytest.mark.llm

LIVES, MOVES = 1, 4


def play(chat: Chat, decides: str):
    """A few moves of a life whose user is the model: lists, a question, a reflection."""
    users = Population(
        "lived",
        {"tolerance": 0.3, "feedback": "instruction", "session_hazard": 0.3},
        llm=LLMSettings(decides=decides, workers=1, max_tokens=400),
    )
    setup = Setup.prepare("recoworld", world="lastfm-small", users=users)
    speaker, batch = LLMSpeaker(setup.world, users, chat), setup.batch(LIVES)
    batch.open(seeds=np.arange(LIVES, dtype=np.uint64), conversations=np.arange(LIVES))
    talk, recorder = Talk(batch, speaker, ACTS), Recorder(batch)
    talk.open(np.ones(LIVES, dtype=bool))
    recorder.record(words=talk.words)
    n = batch.n_askables
    for k in range(MOVES):
        wanted = (n, 2, n, n + 1)[k]
        codes = np.where(batch.legal_actions()[:, wanted] == 1, wanted, n)
        running = batch.arrays["done"] == 0
        talk.step(Moves.from_flat(codes, n, verbs=batch.verbs, reasons=batch.n_reasons))
        recorder.record(running, talk.words)
    return speaker, talk, recorder.trace()


@pytest.mark.parametrize("decides", ["nothing", "answers"])
def test_lives_of_a_real_model_are_replayed_strictly(decider, tmp_path, decides):
    settings = ChatSettings(
        base_url=decider.url, model=decider.model, timeout=600.0, deadline=3600.0
    )
    cassette = tmp_path / "lives.cassette"
    chat = Chat(OpenAIBackend(settings), cassette=Cassette(cassette))
    speaker, talk, trace = play(chat, decides)
    report = speaker.report()
    print(decider.model, {k: v for k, v in report.items() if k != "chat"})
    for lines in talk.lines:
        print("\n".join(map(str, lines)))
    print(talk.thoughts)
    assert sum(report["by"].values()) == report["utterances"] > 0
    decisions = report["decisions"]
    if decides == "answers":
        assert decisions["made"] > decisions["left_to_the_rules"]
    else:
        assert decisions["made"] == 0

    decider.stop()
    offline = Chat(OpenAIBackend(settings), cassette=Cassette(cassette, "strict"))
    _, _, again = play(offline, decides)
    assert again.table.equals(trace.table)
    assert offline.report.to_dict()["calls"]["sent"] == 0
