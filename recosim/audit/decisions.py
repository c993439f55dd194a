"""Decisions of language models on recorded occasions, held against the facts in their prompts.

Nothing is played, so two models, two temperatures or two ways to ask decide the same questions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recosim.agents.registry import make_agent
from recosim.agents.usual import usual_agent
from recosim.bench.rollout import play_batch
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.envs.shares import Share, share
from recosim.envs.talk import Talk
from recosim.users.facts import KINDS, VERDICTS
from recosim.users.llm import Decision
from recosim.users.occasions import OccasionLog
from recosim.users.speaker import Occasion, TemplateSpeaker

__all__ = ["agreement", "record_occasions"]


def record_occasions(
    setup: Setup, *, agent: str | None = None, conversations: int = 100, seed: int = 0
) -> list[Occasion]:
    """The occasions on which a model could decide, in conversations with rule users.

    Args:
        setup: whose users' settings hold; a language model of theirs is not asked.
        agent: name of an agent card that needs no training; by default `usual_agent`.
        conversations: of the setup's split, drawn by the seed.
    """
    player = make_agent(agent or usual_agent(setup))
    batch = setup.batch(min(conversations, 256), track=player.track)
    player.bind(batch)
    acts = setup.family.load("acts")
    language = acts.language(setup.world, setup.protocol)
    log = OccasionLog(TemplateSpeaker(setup.world, setup.users.style, language))
    talk, recorder = Talk(batch, log, acts), Recorder(batch)
    units = batch.units().table
    chosen = np.sort(np.random.default_rng(seed).permutation(len(units))[:conversations])
    for start in range(0, len(chosen), batch.size):
        play_batch(batch, player, units, chosen[start : start + batch.size], seed, recorder, talk)
        recorder.clear()
    return [occasion for occasion in log.occasions if occasion.context.answers is not None]


def agreement(
    occasions: Sequence[Occasion], decisions: Sequence[Decision]
) -> dict[str, dict[str, Share]]:
    """By kind of question: shares of decisions that agree with the prompt, contradict it, or leave
    it open. What the model decided nothing about is left out.

    Args:
        occasions: those of `LLMSpeaker.decide`. decisions: what it returned.
    """
    found: dict[str, dict[str, Share]] = {}
    for kind in KINDS:
        pairs = zip(occasions, decisions, strict=True)
        of = [(each.verdict, occ.user) for occ, each in pairs if each.made and each.kind == kind]
        if of:
            verdicts, users = zip(*of, strict=True)
            found[kind] = {v: share([v == each for each in verdicts], users) for v in VERDICTS}
    return found
