"""What a family declares beside its metrics: joint figures in results and report, and its plots."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from recosim import family as registry
from recosim.bench import tables
from recosim.bench.claim import claim_run
from recosim.bench.panels import draw_panels, panels_alt
from recosim.bench.report import render_report
from recosim.bench.results import (
    finish_run,
    read_results,
    verify_results,
    write_episodes,
    write_joint,
)
from recosim.bench.schema import EnvResult
from recosim.checked import write_checked
from recosim.envs.cpr.family import CPR
from recosim.errors import ResultsError
from recosim.metrics import Episodes, Figure, Joint, Line, Metric, Scatter
from recosim.trace import Columns

AGENTS = ("fast", "slow", "idle", "oracle")

JOINT = Joint(
    "The market",
    (Figure("coverage", "Coverage", help="Coverage: of the shelf."), Figure("rare", "Rare", 1)),
    lambda trace, world: {},
    lines=("even",),
)
CORNERS = ("top left", "top right", "bottom left", "bottom right")
PLOTS = (
    Scatter("Steps and reward", "steps", "reward", corners=CORNERS, alt="steps against reward"),
    Line("Who is shown", "even", "of items", "of views", figure="coverage", alt="who is shown"),
)
METRICS = (
    Metric("reward", "Reward", "reward", better="higher", place="main", headline=True),
    Metric("steps", "Steps", "steps", "worked", place="behaviour"),
)


@pytest.fixture
def mall(monkeypatch):
    """A family that is made of a record alone; gone after the test."""
    monkeypatch.setattr(registry, "_FAMILIES", dict(registry._FAMILIES))
    columns = Columns()
    columns.outcomes = tuple(
        replace(column, name="worked") if column.name == "truncated" else column
        for column in Columns.outcomes
    )
    record = replace(
        CPR,
        name="mall",
        columns=columns,
        metrics=lambda rules: METRICS,
        joint=JOINT,
        plots=lambda rules: PLOTS,
    )
    return registry.add_family(record)


def run(folder, setup, *, joint=True):
    claim_run(folder, [setup], {"recosim": "0.1.0"})
    for agent in setup.agents:
        for seed in setup.seeds:
            n, name = setup.conversations, agent.name
            rng = np.random.default_rng([seed, len(name)])
            columns = {
                "conversation": np.arange(n, dtype=np.int32),
                "user": np.arange(n, dtype=np.int32) // 2,
                "steps": rng.integers(1, 9, size=n).astype(np.int16),
                "reward": rng.normal(size=n) + AGENTS.index(name),
                "worked": np.full(n, name != "idle"),
            }
            if joint:
                measured = {
                    "coverage": 0.25 * (1 + seed),
                    "rare": None if name == "slow" else 2.0,
                    "even": [0.0, 0.25 - 0.05 * seed, 1.0],
                }
                write_joint(folder, setup, name, seed, measured)
            write_episodes(folder, setup, name, seed, Episodes(columns))
    return finish_run(folder).environments[0]


@pytest.fixture
def env(tmp_path, setup_of, mall) -> EnvResult:
    return run(tmp_path, setup_of(AGENTS).model_copy(update={"family": "mall"}))


def test_joint_figures_stand_in_the_results_and_in_a_table(tmp_path, env):
    assert read_results(tmp_path).environments == (env,)
    verify_results(tmp_path)
    second = env.agent("fast").seeds[1]
    assert second.joint == {"coverage": 0.5, "rare": 2.0, "even": (0.0, 0.2, 1.0)}
    assert tables.joint_mean(env.agent("fast"), "coverage") == 0.375
    assert tables.joint_mean(env.agent("slow"), "rare") is None
    table = tables.joint_table(env)
    assert table is not None
    assert table.columns == ("Agent", "Coverage", "Rare")
    assert {row[0]: row[1:] for row in table.rows} == {
        "idle": ("0.375", "2.0"),
        "slow": ("0.375", "-"),
        "fast": ("0.375", "2.0"),
        "oracle*": ("0.375", "2.0"),
    }
    text = render_report(tmp_path, plots=False).markdown.read_text()
    assert "### The market\n\n| Agent | Coverage | Rare |" in text
    assert "Coverage: of the shelf." in text
    assert ".panels.png" not in text


def test_an_edited_joint_figure_is_found(tmp_path, env):
    path = tmp_path / "joint" / env.setup.key / "fast-0.json"
    whole = path.read_text()
    path.write_text(whole.replace("0.25", "0.75", 1))
    with pytest.raises(ResultsError, match=r"fast-0.json was changed after it was written"):
        verify_results(tmp_path)
    body = json.loads(path.read_text())  # and by one who knows how to write a digest
    write_checked(path, {name: value for name, value in body.items() if name != "digest"})
    with pytest.raises(ResultsError, match=r"agents\[0\].seeds\[0\].joint"):
        verify_results(tmp_path)
    path.write_text("{")
    with pytest.raises(
        ResultsError, match=r"fast-0.json cannot be read: .* Remove it and .*fast-0.parq"
    ):
        verify_results(tmp_path)


def test_results_without_joint_figures_are_as_they_were(tmp_path, setup_of, mall):
    env = run(tmp_path, setup_of(AGENTS).model_copy(update={"family": "mall"}), joint=False)
    assert '"joint"' not in (tmp_path / "results.json").read_text()
    table = tables.joint_table(env)
    assert table is not None
    assert {cell for row in table.rows for cell in row[1:]} == {"-"}
    verify_results(tmp_path)


def test_the_declared_plots_are_drawn_and_shown(tmp_path, env):
    pytest.importorskip("matplotlib")
    report = render_report(tmp_path)
    key = env.setup.key
    assert [path.name for path in report.plots] == [f"{key}.png", f"{key}.panels.png"]
    before = report.plots[1].read_bytes()
    assert before.startswith(b"\x89PNG")
    assert render_report(tmp_path).plots[1].read_bytes() == before
    text = report.markdown.read_text()
    assert f"![Steps against reward; who is shown on {key}](plots/{key}.panels.png)" in text
    assert panels_alt(env) == "Steps against reward; who is shown"


def test_a_point_is_where_its_metrics_are(env):
    pytest.importorskip("matplotlib")
    from matplotlib.text import Text

    scatter, lines = draw_panels(env).get_axes()
    points = [line for line in scatter.get_lines() if line.get_marker() == "o"]
    there = [agent for agent in tables.ranked(env) if agent.name != "idle"]  # it has no steps
    assert [(*line.get_xdata(), *line.get_ydata()) for line in points] == [
        (agent.estimate("steps").value, agent.estimate("reward").value) for agent in there
    ]
    assert [line.get_markerfacecolor() == "white" for line in points] == [False, False, True]
    names = [text.get_text() for text in scatter.texts]
    assert names == [*CORNERS, *(agent.name for agent in there)]
    boxes = [Text.get_window_extent(text) for text in scatter.texts]
    frame = scatter.bbox
    for n, box in enumerate(boxes):
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1
        assert not any(box.overlaps(other) for other in boxes[n + 1 :])
    diagonal, *curves = lines.get_lines()
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert len(curves) == len(AGENTS)
    for curve in curves:
        assert curve.get_xydata() == pytest.approx(np.array([[0, 0], [0.5, 0.225], [1, 1]]))
    legend = [text.get_text() for text in lines.get_legend().get_texts()]
    assert legend == [f"{agent.name}  0.38" for agent in tables.ranked(env)]


def test_a_family_that_declares_nothing_has_neither(tmp_path, setup_of, run_in):
    run_in(tmp_path, setup_of())
    (env,) = finish_run(tmp_path).environments
    assert env.setup.joint is None
    assert env.setup.plots == ()
    assert tables.joint_table(env) is None
    assert '"joint"' not in (tmp_path / "results.json").read_text()
