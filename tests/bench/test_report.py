"""Tables, plots and `recosim report`: drawn from the folder alone, the same each time."""

from __future__ import annotations

import shutil
import sys

import pytest
import typer
from typer.testing import CliRunner

from recosim.bench import results, tables
from recosim.bench.claim import claim_run
from recosim.bench.plots import agent_colours, draw_env
from recosim.bench.report import render_report
from recosim.bench.stats import Estimate
from recosim.cli.report import report
from recosim.envs.cpr.protocol import protocol
from recosim.errors import ResultsError


@pytest.fixture
def finished(tmp_path, setup_of, run_in):
    run_in(tmp_path / "run", setup_of())
    results.finish_run(tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def env_of(tmp_path, setup_of, run_in):
    def make(*agents, **options):
        folder = tmp_path / f"env{len(list(tmp_path.iterdir()))}"
        run_in(folder, setup_of(agents, **options))
        return results.finish_run(folder).environments[0]

    return make


def test_the_header_states_everything_a_table_depends_on(env_of):
    rules = protocol("ear", question="facet", rewards={"hit": 2})
    line = tables.header(env_of("fast", rules=rules, noise=0.05))
    for part in (
        "recosim/CPR-Toy-v0",
        "world toy (ab12ab12ab12; 20 users, 1,000 items, 30 attributes)",
        "protocol ear with question = facet, rewards.hit = 2",
        "users ideal with answer noise 0.05",
        "estimator mf",
        "test split, 60 of 100 conversations",
        "2 seeds (0, 1)",
    ):
        assert part in line


@pytest.mark.parametrize(
    ("rules", "label"),
    [
        (protocol("scpr"), "scpr"),
        (protocol("unicorn"), "unicorn"),
        (protocol("scpr", on_reject="remove"), "scpr with on_reject = remove"),
        (
            protocol("mcmipl", last_turn_acts=True, top_k=5),
            "mcmipl with top_k = 5, last_turn_acts = true",
        ),
    ],
)
def test_a_protocol_is_named_by_its_nearest_preset(rules, label):
    assert rules.label == label


def test_agents_are_ranked_by_turns_and_the_ceiling_comes_last(env_of):
    table = tables.main_table(env_of("oracle", "slow", "fast"))
    assert [row[0] for row in table.rows] == ["fast", "slow", "oracle*"]
    assert table.columns == (
        "Agent", "SR@5", "SR@10", "SR@15", "AT", "hDCG", "Questions accepted", "Reward",
    )  # fmt: skip
    oracle = table.rows[-1]
    assert oracle[3] == "1.000 [1.000, 1.000]"
    assert oracle[6] == "-"  # it never asked
    assert "sees the target" in table.notes[-1]


def test_other_turn_limits_get_their_own_columns(env_of):
    table = tables.main_table(env_of("fast", rules=protocol("scpr", max_turns=2)))
    assert table.columns[1:3] == ("SR@1", "SR@2")


def test_the_leader_is_named_with_its_margin(env_of):
    env = env_of("slow", "oracle", "fast")
    best, behind, tied = tables.leader(env)
    assert best is not None
    assert (best.name, behind, tied) == ("fast", ["slow"], [])
    sentence = tables.leader_sentence(env)
    assert sentence.startswith("`fast` needs the fewest turns")
    assert "The next, `slow`, needs +" in sentence


def test_a_lead_that_may_be_chance_is_called_so(env_of):
    sentence = tables.leader_sentence(env_of("fast", "fast2", "slow"))
    assert "does not separate it from `fast" in sentence
    assert sentence.endswith("`slow` needs more.")


def test_an_agent_without_rivals(env_of):
    assert "no other agent" in tables.leader_sentence(env_of("fast", "oracle"))
    assert "No agent was run" in tables.leader_sentence(env_of("oracle"))


def test_pairs_are_complete_and_differences_read_as_first_minus_second(env_of):
    table = tables.comparison_table(env_of("slow", "fast", "oracle"))
    assert [row[0] for row in table.rows] == ["fast − slow", "fast − oracle*", "slow − oracle*"]
    assert table.rows[0][1].startswith("+")
    assert table.rows[0][2].startswith("-")


def test_markdown_is_a_table_with_equal_cells(env_of):
    lines = tables.markdown(tables.behaviour_table(env_of("slow", "oracle"))).splitlines()
    assert {line.count("|") for line in lines[:4]} == {9}
    assert r"oracle\*" in lines[3]


def test_rounding_never_prints_a_negative_zero():
    assert (
        tables.estimate(Estimate(value=-0.0001, low=-0.2, high=0.0), 3) == "0.000 [-0.200, 0.000]"
    )
    assert tables.estimate(Estimate(value=-0.0001), 2, sign=True) == "+0.00"


def test_the_report_is_drawn_from_results_json_alone(finished, tmp_path):
    first = render_report(finished)
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(finished / "results.json", bare)
    again = render_report(bare)
    assert again.markdown.read_bytes() == first.markdown.read_bytes()
    assert [p.read_bytes() for p in again.plots] == [p.read_bytes() for p in first.plots]
    assert first.plots[0].read_bytes().startswith(b"\x89PNG")
    text = first.markdown.read_text()
    assert "(plots/CPR-Toy-v0.png)" in text
    assert "2,000 draws" in text


def test_environments_are_never_mixed_in_one_table(tmp_path, setup_of, run_in):
    removing = setup_of(key="CPR-Toy-remove", rules=protocol("scpr", on_reject="remove"))
    run_in(tmp_path, setup_of(), removing)
    results.finish_run(tmp_path)
    written = render_report(tmp_path)
    text = written.markdown.read_text()
    assert text.count("| Agent | SR@5") == 2
    assert "protocol scpr with on_reject = remove" in text
    assert [path.name for path in written.plots] == ["CPR-Toy-v0.png", "CPR-Toy-remove.png"]


def test_without_matplotlib_the_report_is_written_and_says_so(finished, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    written = render_report(finished)
    assert written.plots == ()
    assert "pip install 'recosim[plot]'" in written.notes[0]
    assert "![" not in written.markdown.read_text()


@pytest.mark.parametrize(
    "agents", [("fast",), ("oracle",), ("fast", "oracle"), ("a", "b", "c", "fast", "slow")]
)
def test_any_set_of_agents_can_be_drawn(env_of, agents):
    env = env_of(*agents, seeds=[0], rules=protocol("scpr", max_turns=40))
    figure = draw_env(env)
    assert "scpr with max_turns = 40" in figure.get_suptitle()
    figure.canvas.draw()


def test_one_user_is_drawn_without_bands(tmp_path, setup_of, episodes):
    setup = setup_of(["a", "b"], conversations=3, seeds=[0])
    claim_run(tmp_path, [setup], {"recosim": "0.1.0"})
    for agent, hits in (("a", [1, 0, 4]), ("b", [0, 0, 2])):
        rows = episodes(hits, users=[7, 7, 7])
        results.write_episodes(tmp_path, setup, agent, 0, rows)
    env = results.finish_run(tmp_path).environments[0]
    draw_env(env).canvas.draw()
    assert tables.main_table(env).rows[0][3] == "0.667"


def test_agents_keep_their_colour_in_every_run():
    assert agent_colours(["logic"])["logic"] == agent_colours(["x", "logic"])["logic"]
    assert len(set(agent_colours(["logic", "random", "x", "y", "z"]).values())) == 5


@pytest.fixture
def cli():
    app = typer.Typer()
    app.command()(report)
    return lambda *args: CliRunner().invoke(app, [str(a) for a in args])


def test_the_command_shows_tables_and_redraws(finished, tmp_path, cli):
    done = cli(finished, "--out", tmp_path / "out", "--check")
    assert done.exit_code == 0, done.output
    assert "Every figure follows from the outcomes" in done.output
    assert "fast needs the fewest turns" in " ".join(done.output.split())
    assert (tmp_path / "out" / "report.md").exists()
    assert (tmp_path / "out" / "plots" / "CPR-Toy-v0.png").exists()
    assert not (finished / "report.md").exists()


def test_the_command_draws_no_plots_when_told_so(finished, cli):
    assert cli(finished, "--no-plots").exit_code == 0
    assert not (finished / "plots").exists()


def test_the_command_names_a_folder_without_results(tmp_path, cli):
    done = cli(tmp_path)
    assert isinstance(done.exception, ResultsError)
