"""The records of CPR and of Critique, which stands on it."""

from __future__ import annotations

from dataclasses import replace

from recosim.family import Family

__all__ = ["CPR", "CRITIQUE"]

CPR = Family(
    name="cpr",
    title="Conversational path reasoning",
    unit="conversations",
    env="recosim.envs.cpr.env:CPREnv",
    vector_env="recosim.envs.gym_vector:CPRVectorEnv",
    rules="recosim.envs.cpr.protocol:Protocol",
    batch="recosim.envs.cpr.dialogues:Dialogues",
    units="recosim.envs.cpr.dialogues:units",
    observer="recosim.envs.cpr.observer:Observer",
    columns="recosim.envs.cpr.columns:COLUMNS",
    metrics="recosim.envs.cpr.metrics:metrics",
    acts="recosim.envs.cpr.acts:ACTS",
    oracle="oracle",
)

CRITIQUE = replace(
    CPR,
    name="critique",
    title="Recommend and be criticised",
    env="recosim.envs.cpr.critique_env:CritiqueEnv",
    stands_on="cpr",
)
