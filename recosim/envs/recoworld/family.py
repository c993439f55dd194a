"""The record of RecoWorld."""

from __future__ import annotations

from recosim.family import Family

__all__ = ["RECOWORLD"]

RECOWORLD = Family(
    name="recoworld",
    title="RecoWorld-style lives",
    unit="lives",
    env="recosim.envs.recoworld.env:RecoWorldEnv",
    vector_env="recosim.envs.recoworld.env:RecoWorldVectorEnv",
    rules="recosim.envs.recoworld.rules:LifeRules",
    batch="recosim.envs.recoworld.lives:Lives",
    observer="recosim.envs.recoworld.observer:LifeObserver",
    columns="recosim.envs.recoworld.columns:COLUMNS",
    metrics="recosim.envs.recoworld.metrics:metrics",
    joint="recosim.envs.recoworld.joint:JOINT",
    plots="recosim.envs.recoworld.metrics:plots",
    timeline="recosim.envs.recoworld.timeline:TIMELINE",
    acts="recosim.envs.recoworld.acts:ACTS",
    words="recosim.envs.recoworld.words:WORDS",
    board="recosim.envs.recoworld.board:LifeBoard",
    probes="recosim.envs.recoworld.probes:probes",
    agents=("static",),
    settings=(
        "examination",
        "choice_temperature",
        "click_bias",
        "appeal_pull",
        "seen",
        "mood",
        "learning",
        "drift",
        "boredom",
        "boredom_decay",
        "fatigue_pull",
        "letdown_pull",
        "session_hazard",
        "tolerance",
        "voice",
        "instructs",
        "instruct_scope",
        "conditional",
        "critic",
        "wish_weight",
        "leave_for_good",
        "return_rate",
        "loyalty_pull",
        "loyalty_memory",
        "stay",
        "answer_noise",
        "dont_know",
        "feedback",
        "standing",
    ),
)
