"""The record of ConvSim."""

from __future__ import annotations

from recosim.family import Family

__all__ = ["CONVSIM"]

CONVSIM = Family(
    name="convsim",
    title="ConvSim-style searches",
    unit="searches",
    plays_in="topics",
    env="recosim.envs.convsim.env:ConvSimEnv",
    vector_env="recosim.envs.convsim.env:ConvSimVectorEnv",
    rules="recosim.envs.convsim.rules:SearchRules",
    batch="recosim.envs.convsim.searches:Searches",
    observer="recosim.envs.convsim.observer:SearchObserver",
    columns="recosim.envs.convsim.columns:COLUMNS",
    metrics="recosim.envs.convsim.metrics:metrics",
    plots="recosim.envs.convsim.metrics:plots",
    acts="recosim.envs.convsim.acts:ACTS",
    words="recosim.envs.convsim.words:WORDS",
    board="recosim.envs.convsim.board:SearchBoard",
    player="recosim.envs.convsim.player:SearchPlayer",
    probes="recosim.envs.convsim.probes:probes",
    agents=("append",),
    settings=(
        "cooperativeness",
        "cooperation_trend",
        "similarity",
        "dont_know",
        "answer_noise",
        "off_topic",
        "named_terms",
        "naming",
        "like_share",
        "satisfied_share",
        "vague",
        "examination",
        "feedback",
        "patience",
        "question_patience",
    ),
)
