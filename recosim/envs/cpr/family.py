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
    vector_env="recosim.envs.cpr.env:CPRVectorEnv",
    rules="recosim.envs.cpr.protocol:Protocol",
    batch="recosim.envs.cpr.dialogues:Dialogues",
    observer="recosim.envs.cpr.observer:CPRObserver",
    columns="recosim.envs.cpr.columns:COLUMNS",
    metrics="recosim.envs.cpr.metrics:metrics",
    acts="recosim.envs.cpr.acts:ACTS",
    words="recosim.envs.cpr.words:WORDS",
    board="recosim.envs.cpr.board:CPRBoard",
    player="recosim.envs.cpr.player:CPRPlayer",
    picture="recosim.envs.cpr.picture:draw",
    probes="recosim.envs.cpr.probes:probes",
    evidence="recosim.envs.cpr.evidence:log_of_trace",
    agents=("max_entropy", "hard_filter"),
    strict={"last_turn_acts": True},  # where the move of the last turn is ignored, nothing raises
    settings=(
        "answer_noise",
        "dont_know",
        "cooperativeness",
        "cooperation_trend",
        "patience",
        "leave_hazard",
        "examination",
        "choice_temperature",
        "feedback",
        "critic",
        "acceptable",
        "musts",
        "weighting",
        "drift",
        "standing",
        "seen",
        "asks_about",
        "critique_unasked",
        "want_unasked",
        "takes",
        "opening",
        "question_patience",
        "bad_list_hazard",
        "bad_list_rise",
        "deflects",
    ),
)

ABOUT_QUESTIONS = ("cooperativeness", "cooperation_trend", "question_patience", "deflects")

CRITIQUE = replace(
    CPR,
    name="critique",
    title="Recommend and be criticised",
    env="recosim.envs.cpr.critique_env:CritiqueEnv",
    vector_env="recosim.envs.cpr.critique_env:CritiqueVectorEnv",
    stands_on="cpr",
    settings=tuple(name for name in CPR.settings if name not in ABOUT_QUESTIONS),
)
