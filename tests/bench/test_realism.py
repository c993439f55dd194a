"""The measure of realism: rule agents do on generated `lastfm` what they do on the real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.world.importers import import_data

REAL = Path(__file__).parents[3] / "shared" / "data" / "scpr-lastfm"
AGENTS = ["random", "abs_greedy", "max_entropy", "weighted_entropy", "logic"]


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real LastFM files are not at {REAL}")
@pytest.mark.xdist_group("lastfm")
def test_rule_agents_succeed_as_often_as_on_the_real_files(tmp_path):
    real = import_data("scpr", REAL, "real-lastfm")
    rates = []
    for folder, overrides in (("real", {"world": real}), ("made", {})):
        env = prepare_env("CPR-LastFM", episodes=2500, overrides=overrides)
        (result,) = run_bench([env], AGENTS, tmp_path / folder, traces=False).environments
        rates.append({a.name: a.estimate("SR@15").value for a in result.agents})
    for name in AGENTS:
        assert rates[0][name] == pytest.approx(rates[1][name], abs=0.08), (name, rates)
    assert rates[0]["logic"] >= 0.85
