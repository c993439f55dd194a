"""How often a real model that decides contradicts its own prompt, on occasions of users held out.

As it stands it asks SmolLM2-135M a dozen questions. The figures of docs/users.md are of

    export RECOSIM_TEST_WEIGHTS=model.gguf RECOSIM_TEST_CASSETTE=kept.cassette
    RECOSIM_TEST_DECISIONS=320 .venv/bin/python -m pytest -qsm llm tests/llm/test_decisions.py

which goes on where it was stopped. RECOSIM_TEST_KIND asks for another kind of decision.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from recosim.audit.decisions import agreement, record_occasions
from recosim.chat import Cassette, Chat, ChatSettings, OpenAIBackend
from recosim.envs.setup import Setup
from recosim.users import LLMSettings, Population
from recosim.users.facts import kind_of
from recosim.users.llm import LLMSpeaker

pytest.importorskip("openai", reason="the extra [llm] is not installed")
pytestmark = pytest.mark.llm

SETTINGS = LLMSettings(decides="answers", workers=1)
PEOPLE = 0.17  # the upper end of how often people contradict what they want (arXiv 2008.00279)
ABLE = 1e9  # bytes of weights from which a model is held to that


def held_out(setup, n, kind):
    """n occasions of users with odd numbers, whose prompts nobody looked at, user by user."""
    found = record_occasions(setup, agent="max_entropy", conversations=260, seed=2)
    found = [o for o in found if kind_of(o) == kind and o.user % 2]
    order = np.random.default_rng(7).permutation(1 + max(o.user for o in found))
    return sorted(found, key=lambda o: order[o.user])[:n]


def test_decisions_of_a_real_model_are_held_against_its_prompt(decider, tmp_path):
    kind = os.environ.get("RECOSIM_TEST_KIND", "question")
    n = int(os.environ.get("RECOSIM_TEST_DECISIONS", "12"))
    kept = os.environ.get("RECOSIM_TEST_CASSETTE", tmp_path / "decisions.cassette")
    users = Population("decide", {"patience": {"choice": [8, 10, 12, 15]}}, llm=SETTINGS)
    setup = Setup.prepare("cpr", world="lastfm-small", split="test", users=users)
    occasions = held_out(setup, n, kind)
    server = ChatSettings(
        base_url=decider.url, model=decider.model, timeout=600.0, deadline=3600.0, form="schema"
    )
    speaker = LLMSpeaker(setup.world, users, Chat(OpenAIBackend(server), cassette=Cassette(kept)))
    decisions = speaker.decide(occasions)
    found = agreement(occasions, decisions)
    print(decider.model, {k: f"{v['value']:.3f} [{v['low']:.3f}, {v['high']:.3f}] of {v['of']}"
                          for k, v in found[kind].items()})  # fmt: skip
    for wanted in (True, False) if kind == "question" else ():
        of = [d.verdict for o, d in zip(occasions, decisions, strict=True)
              if (o.context.answers.attributes[0] in o.wants) == wanted]  # fmt: skip
        print("wanted" if wanted else "not wanted", {v: of.count(v) for v in sorted(set(of))})
    assert all(decision.made for decision in decisions)

    decider.stop()
    offline = Chat(OpenAIBackend(server), cassette=Cassette(kept, "strict"))
    assert LLMSpeaker(setup.world, users, offline).decide(occasions) == decisions
    weights = Path(os.environ.get("RECOSIM_TEST_WEIGHTS", os.devnull))
    if kind == "question" and weights.stat().st_size > ABLE:
        assert 1 - found[kind]["agrees"]["value"] <= PEOPLE
