"""Reasons for lists in a bench: how far they hold, over the lists that had any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recosim.acts import Verb
from recosim.agents.cpr import critiquing
from recosim.bench.report import render_report
from recosim.bench.results import trace_path
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.trace import Trace
from recosim.world.world import World

AGENT = "reject_only"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[Path, Trace, World]:
    """Lists for three reasons, for one, or for none, by the number of the conversation."""
    folder = tmp_path_factory.mktemp("run")
    env = prepare_env(
        "Critique-LastFM-Small", episodes=90, overrides={"protocol_options": {"aspects": 3}}
    )
    all_reasons = critiquing.reasons

    def some(batch, items):
        chosen = all_reasons(batch, items)
        kind = batch.arrays["conversation"] % 3
        chosen[kind == 0] = -1
        chosen[kind == 1, 1:] = -1
        return chosen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(critiquing, "reasons", some)
        run_bench([env], [AGENT], folder)
    return folder, Trace.read(trace_path(folder, env.key, AGENT, 0)), env.setup.world


def held(world: World, items: list[int], because: list[int]) -> float:
    """Share of the pairs of an item and a reason in which the item has the attribute."""
    return float(np.mean([a in world.item_attributes.row(v) for v in items for a in because]))


def test_support_is_over_the_reasons_that_were_given(run):
    _, trace, world = run
    rows = [row for row in trace.table.to_pylist() if row["verb"] == Verb.RECOMMEND]
    given = [len(row["because"]) for row in rows]
    assert {0, 1, 3} <= set(given)
    for row in rows:
        if row["because"]:
            expected = held(world, row["items"], row["because"])
            assert row["supported"] == pytest.approx(expected, abs=1e-6)
        else:
            assert row["supported"] is None


def test_faithfulness_is_the_mean_over_the_lists_that_had_a_reason(run):
    folder, trace, world = run
    shares = [
        held(world, row["items"], row["because"])
        for row in trace.table.to_pylist()
        if row["verb"] == Verb.RECOMMEND and row["because"]
    ]
    lines = render_report(folder, plots=False).markdown.read_text().splitlines()
    head, line = (
        next(line.split(" | ") for line in lines if line.startswith(f"| {first} "))
        for first in ("Agent", AGENT)
    )
    assert line[head.index("Faithfulness")] == f"{np.mean(shares):.3f}"
