"""docs/bench.md names every field of results.json, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from recosim.bench.schema import (
    AgentResult,
    AgentSetup,
    BootstrapInfo,
    CheckpointInfo,
    Comparison,
    EnvResult,
    EnvSetup,
    EstimatorInfo,
    Results,
    SeedResult,
    Users,
    WorldInfo,
)
from recosim.bench.stats import Estimate

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bench.md"
MODELS = {
    "the file": (Results,),
    "`bootstrap`": (BootstrapInfo,),
    "an environment": (EnvResult,),
    "`setup`": (EnvSetup,),
    "`world`": (WorldInfo,),
    "`users`": (Users,),
    "`estimator`": (EstimatorInfo,),
    "an agent of `setup`": (AgentSetup, CheckpointInfo),
    "an agent of the results": (AgentResult, Estimate),
    "a seed": (SeedResult,),
    "a comparison": (Comparison, Estimate),
}


def test_the_page_names_every_field_and_no_other():
    text = PAGE.read_text(encoding="utf-8").split("**Fields of `results.json`.**")[1]
    table = text.split("\n\n")[1]
    told = {
        row.split("|")[1].strip(): set(re.findall(r"`(\w+)`", row.split("|")[2]))
        for row in table.splitlines()[2:]
    }
    assert set(told) == set(MODELS)
    for name, models in MODELS.items():
        fields = {field for model in models for field in model.model_fields}
        others = {"python", "cpu"} if name == "the file" else set()
        assert told[name] == fields | others, name
