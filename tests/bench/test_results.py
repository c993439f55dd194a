"""The results folder: whole files, the same bytes, and clear words for everything else."""

from __future__ import annotations

import json

import pytest

from recosim.agents.registry import make_agent
from recosim.bench import results, tables
from recosim.bench.claim import claim_run
from recosim.bench.schema import AgentSetup, CheckpointInfo, EstimatorInfo, Run, Timing, Users
from recosim.checked import write_checked
from recosim.envs.cpr.protocol import protocol
from recosim.errors import ResultsError, UnknownNameError
from recosim.estimators.registry import estimator
from recosim.metrics import Episodes

VERSIONS = {"recosim": "0.1.0", "numpy": "2.0"}


@pytest.fixture
def finished(tmp_path, setup_of, run_in):
    run_in(tmp_path / "run", setup_of())
    results.finish_run(tmp_path / "run")
    return tmp_path / "run"


def edit(path, change):
    """Change a file, and what it says of itself too."""
    data = json.loads(path.read_text())
    del data["digest"]
    change(data)
    write_checked(path, data)


def test_results_read_back_as_they_were_written(tmp_path, setup_of, run_in):
    run_in(tmp_path, setup_of(), setup_of(key="CPR-Other-v0", seeds=[3]))
    written = results.finish_run(tmp_path)
    assert results.read_results(tmp_path) == written
    assert results.verify_results(tmp_path) == written
    env = written.environments[0]
    assert [agent.name for agent in env.agents] == ["slow", "fast", "oracle"]
    assert len(env.comparisons) == 3
    assert env.compare("fast", "slow") == env.compare("slow", "fast").reversed()
    assert env.compare("fast", "slow").differences["AT"].value < 0
    with pytest.raises(UnknownNameError, match="Did you mean 'oracle'"):
        env.agent("orakel")


def test_the_order_of_work_does_not_change_a_byte(tmp_path, setup_of, run_in):
    """A run that was stopped half way and resumed, against one that was not."""
    setup = setup_of()
    run_in(tmp_path / "whole", setup)
    results.finish_run(tmp_path / "whole")

    halved = tmp_path / "halved"
    units = [(agent.name, seed) for agent in setup.agents for seed in setup.seeds]
    for part in (units[3:], units[:3]):
        claim_run(halved, [setup], VERSIONS)
        for agent, seed in part:
            assert not results.has_episodes(halved, setup, agent, seed)
            rows, _ = results.read_episodes(tmp_path / "whole", setup, agent, seed)
            results.write_episodes(halved, setup, agent, seed, rows)
            assert results.has_episodes(halved, setup, agent, seed)
    results.finish_run(halved)
    for name in ("results.json", "run.json"):
        assert (halved / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_outcomes_are_named_with_the_digest_of_their_content(finished):
    env = results.read_results(finished).environments[0]
    files = {seed.episodes: seed.sha256 for agent in env.agents for seed in agent.seeds}
    assert len(set(files.values())) == 6
    assert all((finished / path).exists() for path in files)
    assert "/" not in "".join(files).replace("episodes/CPR-Toy-v0/", "")  # no path of this machine


def test_a_run_that_is_not_finished_says_how_to_go_on(tmp_path, setup_of):
    claim_run(tmp_path, [setup_of()], VERSIONS)
    with pytest.raises(ResultsError, match=r"not finished.*goes on where it stopped"):
        results.read_results(tmp_path)
    with pytest.raises(ResultsError, match=r"slow-0.parquet.*not finished"):
        results.finish_run(tmp_path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seeds": [0, 2]}, r"seeds\[1\] is 1 in the folder and 2 in this run"),
        ({"agents": ["slow", "fast"]}, "agents is"),
        ({"rules": protocol("scpr", on_reject="remove")}, 'protocol.on_reject is "keep"'),
        ({"noise": 0.1}, "users.settings"),
        ({"conversations": 50}, "conversations is 60"),
    ],
)
def test_a_folder_of_another_run_is_refused(tmp_path, setup_of, change, named):
    claim_run(tmp_path, [setup_of()], VERSIONS)
    claim_run(tmp_path, [setup_of()], VERSIONS)  # the same run may go on
    with pytest.raises(ResultsError, match=named):
        claim_run(tmp_path, [setup_of(**change)], VERSIONS)


def test_a_folder_of_another_version_of_a_package_is_refused(tmp_path, setup_of):
    claim_run(tmp_path, [setup_of()], VERSIONS)
    with pytest.raises(ResultsError, match=r'versions.numpy is "2.0" in the folder'):
        claim_run(tmp_path, [setup_of()], {**VERSIONS, "numpy": "2.1"})


def test_a_folder_with_other_files_is_left_alone(tmp_path, setup_of):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ResultsError, match=r"holds files \(thesis.tex\)"):
        claim_run(tmp_path, [setup_of()], VERSIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(ResultsError, match="is not a folder"):
        claim_run(tmp_path / "thesis.tex", [setup_of()], VERSIONS)


def test_a_folder_without_results_is_named(tmp_path):
    with pytest.raises(
        ResultsError, match=r"no results.json: it is not a folder of `recosim bench`"
    ):
        results.read_results(tmp_path)


def test_another_format_is_refused(finished):
    edit(finished / "results.json", lambda data: data.update(format=3))
    with pytest.raises(ResultsError, match=r"format 3; .* reads format 1 and 2"):
        results.read_results(finished)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda d: d.update(extra=1), "extra: Extra inputs"),
        (lambda d: d["environments"][0]["agents"].pop(), "agents are not those of its setup"),
        (lambda d: d["environments"][0]["comparisons"].pop(), "comparisons are not those"),
        (lambda d: d["environments"][0]["setup"]["protocol"].update(max_turns=9), "t = 1 to 9"),
        (lambda d: d["environments"][0]["setup"]["protocol"].update(turns=9), "max_turns"),
        (lambda d: d["environments"][0]["setup"].update(key="../up"), "setup.key"),
        (lambda d: d.update(environments=[]), "environments"),
    ],
)
def test_results_that_were_damaged_are_refused(finished, change, named):
    edit(finished / "results.json", change)
    with pytest.raises(ResultsError, match=named):
        results.read_results(finished)


@pytest.mark.parametrize("keep", [0, 1, 0.5])
def test_truncated_json_is_refused(finished, keep):
    path = finished / "results.json"
    text = path.read_text()
    path.write_text(text[: keep if isinstance(keep, int) else int(len(text) * keep)])
    with pytest.raises(ResultsError, match="cannot be read"):
        results.read_results(finished)


def test_a_figure_that_was_edited_is_found(finished):
    def better(data):
        data["environments"][0]["agents"][0]["metrics"]["AT"]["value"] -= 1

    edit(finished / "results.json", better)
    results.read_results(finished)
    with pytest.raises(ResultsError, match=r"agents\[0\].metrics.AT.value is"):
        results.verify_results(finished)


def test_outcomes_that_were_edited_are_found(finished, setup_of):
    rows, _ = results.read_episodes(finished, setup_of(), "fast", 1)
    changed = rows["reward"].copy()
    changed[0] += 1e-9
    edited = Episodes({**rows.columns, "reward": changed})
    results.write_episodes(finished, setup_of(), "fast", 1, edited)
    with pytest.raises(ResultsError, match=r"fast-1.parquet is not the file"):
        results.verify_results(finished)


def test_damaged_outcomes_are_named(finished, setup_of, episodes):
    path = results.episodes_path(finished, "CPR-Toy-v0", "fast", 1)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        ResultsError, match=r"fast-1.parquet is not a readable Parquet file.*only this"
    ):
        results.finish_run(finished)
    results.write_episodes(finished, setup_of(), "fast", 1, episodes([1, 2]))
    with pytest.raises(ResultsError, match="holds 2 conversations, the run has 60"):
        results.finish_run(finished)


def test_parquet_of_something_else_is_refused(finished):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = results.episodes_path(finished, "CPR-Toy-v0", "fast", 1)
    pq.write_table(pa.table({"conversation": [1, 2]}), path)
    with pytest.raises(ResultsError, match="has the columns conversation;"):
        results.finish_run(finished)


def test_a_failed_write_leaves_the_old_results(finished, monkeypatch):
    before = (finished / "results.json").read_bytes()

    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        results.finish_run(finished)
    assert (finished / "results.json").read_bytes() == before
    assert not list(finished.glob(".*.part"))


def test_timings_are_kept_apart(finished):
    assert results.read_timings(finished) == []
    timing = Timing(
        env="CPR-Toy-v0", agent="fast", seed=0, seconds=2.0, moves=900, moves_per_second=450.0
    )
    before = (finished / "results.json").read_bytes()
    results.write_timings(finished, [timing])
    assert results.read_timings(finished) == [timing]
    assert (finished / "results.json").read_bytes() == before


def test_keys_of_a_run_are_unique(setup_of):
    with pytest.raises(ValueError, match="used twice"):
        Run(versions=VERSIONS, environments=(setup_of(), setup_of()))
    with pytest.raises(ValueError, match="named twice"):
        setup_of(["fast", "fast"])


# ---- folders that grow ---------------------------------------------------------------------------


def test_a_folder_grows_by_agents_and_seeds(tmp_path, setup_of, run_in):
    """In steps it ends with the bytes of a run at once, whatever the order of the steps."""
    whole = setup_of(["slow", "fast", "oracle"], seeds=[0, 1])
    run_in(tmp_path / "whole", whole)
    results.finish_run(tmp_path / "whole")

    grown = tmp_path / "grown"
    run_in(grown, setup_of(["oracle", "fast"], seeds=[1]))
    results.finish_run(grown)
    there = {path: path.stat().st_mtime_ns for path in grown.rglob("*.parquet")}
    claim_run(grown, [whole], VERSIONS)
    assert {path: path.stat().st_mtime_ns for path in there} == there
    with pytest.raises(ResultsError, match="is not finished"):
        results.read_results(grown)  # what was computed speaks of the smaller run
    for agent in whole.agents:
        for seed in whole.seeds:
            if not results.has_episodes(grown, whole, agent.name, seed):
                rows, _ = results.read_episodes(tmp_path / "whole", whole, agent.name, seed)
                results.write_episodes(grown, whole, agent.name, seed, rows)
    results.finish_run(grown)
    for name in ("results.json", "run.json"):
        assert (grown / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_folder_that_grows_is_of_the_same_run(tmp_path, setup_of):
    claim_run(tmp_path, [setup_of(["slow"])], VERSIONS)
    before = (tmp_path / "run.json").read_bytes()
    for change, named in (
        ({"noise": 0.1}, "users.settings"),
        ({"conversations": 50}, "conversations is 60"),
        ({"seeds": [1, 2]}, r"seeds\[0\] is 0 in the folder and 1 in this run"),
        ({"key": "CPR-Other-v0"}, "key is"),
    ):
        with pytest.raises(ResultsError, match=named):
            claim_run(tmp_path, [setup_of(["slow", "fast"], **change)], VERSIONS)
    with pytest.raises(ResultsError, match=r"agents\[0\].name is \"slow\" in the folder"):
        claim_run(tmp_path, [setup_of(["fast"])], VERSIONS)
    assert (tmp_path / "run.json").read_bytes() == before


def test_an_agent_with_other_settings_is_another_one(tmp_path, setup_of):
    def with_settings(**settings):
        setup = setup_of(["slow"])
        agent = setup.agents[0].model_copy(update={"settings": settings})
        return setup.model_copy(update={"agents": (agent,)})

    claim_run(tmp_path, [with_settings(patience=3)], VERSIONS)
    with pytest.raises(ResultsError, match=r"agents\[0\].settings.patience is 3"):
        claim_run(tmp_path, [with_settings(patience=4)], VERSIONS)


def test_seeds_of_an_agent_that_learns_join_with_their_checkpoints(tmp_path, setup_of):
    def trained(seeds, sha256="ab"):
        infos = tuple(
            CheckpointInfo(seed=k, rounds=3, users=Users(), sha256=f"{sha256}{k}") for k in seeds
        )
        setup = setup_of(["slow"], seeds=seeds)
        agent = setup.agents[0].model_copy(update={"checkpoints": infos})
        return setup.model_copy(update={"agents": (agent,)})

    claim_run(tmp_path, [trained([1])], VERSIONS)
    claim_run(tmp_path, [trained([0, 1])], VERSIONS)
    assert len(results.read_run(tmp_path).environments[0].agents[0].checkpoints) == 2
    with pytest.raises(ResultsError, match="sha256"):
        claim_run(tmp_path, [trained([0, 1, 2], "cd")], VERSIONS)


def test_a_new_default_choice_does_not_make_another_run(tmp_path, setup_of):
    """A folder from before a choice of the protocol, of the estimator or of an agent existed."""
    setup = setup_of(["abs_greedy", "latent_update"])
    latent = AgentSetup(
        name="latent_update",
        implementation="recosim.agents.cpr.critiquing:LatentUpdate",
        settings=make_agent("latent_update").settings(),
    )
    setup = setup.model_copy(
        update={
            "family": "critique",
            "agents": (setup.agents[0], latent),
            "estimator": EstimatorInfo(name="mf", settings=estimator("mf").settings()),
        }
    )
    claim_run(tmp_path, [setup], VERSIONS)

    def older(data):
        (env,) = data["environments"]
        del env["protocol"]["aspects"], env["family"]
        del env["estimator"]["settings"]["sweeps"], env["agents"][1]["settings"]["rate"]
        env["agents"][1]["implementation"] = "recosim.agents.critiquing:LatentUpdate"  # it moved

    edit(tmp_path / "run.json", older)
    text = (tmp_path / "run.json").read_text()
    claim_run(tmp_path, [setup], VERSIONS)
    assert (tmp_path / "run.json").read_text() == text

    def other(data):
        data["environments"][0]["agents"][1]["settings"]["rate"] = 0.123

    edit(tmp_path / "run.json", other)
    with pytest.raises(ResultsError, match=r"agents\[1\].settings is"):
        claim_run(tmp_path, [setup], VERSIONS)


def test_a_metric_that_is_newer_than_the_results_is_no_damage(finished):
    """A column of a table is empty then, and what is there still follows from its files."""

    def without(data):
        for agent in data["environments"][0]["agents"]:
            del agent["metrics"]["reward"]

    edit(finished / "results.json", without)
    results.verify_results(finished)
    (env,) = results.read_results(finished).environments
    assert {row[-1] for row in tables.main_table(env).rows} == {"-"}
