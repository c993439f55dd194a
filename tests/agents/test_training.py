"""Training: exact after any interruption, safe against what goes wrong."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from typing import ClassVar

import numpy as np
import pytest
from reference.coin import Coin
from reference.sixty_needs import collection

from recosim.agents import checkpoints
from recosim.agents.checking import Checks, checks_every
from recosim.agents.checkpoints import (
    Place,
    checkpoint_key,
    differences,
    find_checkpoint,
    read_checkpoint,
)
from recosim.agents.learner import Learner
from recosim.agents.registry import agent_names, make_agent
from recosim.agents.training import train
from recosim.bench.setup import prepare_env
from recosim.checked import write_checked
from recosim.envs.cpr.metrics import metrics as declared
from recosim.envs.cpr.protocol import PRESETS
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.errors import (
    BusyError,
    CheckpointError,
    OptionError,
    StateError,
    TrainingError,
)
from recosim.files import held
from recosim.metrics import value_of

LEARNERS = [name for name in agent_names() if isinstance(make_agent(name), Learner)]


def setup(**changes: object) -> Setup:
    return Setup.prepare("cpr", **{"world": "lastfm-small", "split": "valid", **changes})


def setup_of(learner: Learner, **changes: object) -> Setup:
    """Episodes of a kind that the learner is made for."""
    if learner.family == "recoworld":
        return Setup.prepare("recoworld", world="lastfm-small", **{"split": "train", **changes})
    if learner.family == "convsim":
        return Setup.prepare("convsim", world=collection(), **{"split": "train", **changes})
    if learner.misfit(PRESETS["scpr"]):
        changes |= {"protocol": "critique", "users": "seeker_random"}
    return setup(**changes)


def place(folder, seed: int = 0, **key: object) -> Place:
    return Place(folder, "Small", "coin", {"settings": key}, seed)


def equal(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


class Stop(Exception):
    pass


def stop_after(rounds: int):
    def progress(done: int, total: int, what: str) -> None:
        if done == rounds:
            raise Stop

    return progress


def test_a_training_learns(tmp_path):
    hard = setup(protocol_options={"top_k": 3, "max_turns": 8})
    done = train(Coin(rounds=40, batch=64, rate=0.3), hard, place(tmp_path))
    rates = done.history["SR"]
    assert np.mean(rates[-10:]) > np.mean(rates[:10]) + 0.05
    assert done.finished
    assert not (done.folder / "training.npz").exists()


@pytest.mark.parametrize("options", [{}, {"opening_counts": True}, {"last_turn_acts": True}])
def test_metrics_of_a_round_are_those_of_its_trace(options):
    parts = setup(protocol_options={"top_k": 2, **options})
    d = parts.batch(40)
    coin = Coin(batch=40)
    coin.bind(d)
    coin.start(0)
    coin.open_round(0)
    recorder, running = Recorder(d), np.ones(40, dtype=bool)
    recorder.record(running)
    while running.any():
        d.step(coin.act())
        recorder.record(running)
        running = d.arrays["done"] == 0
    episodes = recorder.trace("coin", 0).episodes()
    turns = parts.protocol.max_turns
    found = {m.name: value_of(m, episodes) for m in declared(parts.protocol)}
    metrics = coin.round_metrics()
    assert metrics["SR"] == pytest.approx(found[f"SR@{turns}"])
    assert metrics["AT"] == pytest.approx(found["AT"])
    assert 0 < metrics["SR"] < 1


@pytest.mark.parametrize("seed", [0, 1])
def test_a_training_that_was_stopped_goes_on_to_the_same_weights(tmp_path, seed):
    whole = train(Coin(), setup(), place(tmp_path / "a", seed))
    for rounds in (2, 4):  # stopped twice
        with pytest.raises(Stop):
            train(
                Coin(),
                setup(),
                place(tmp_path / "b", seed),
                save_seconds=0.0,
                progress=stop_after(rounds),
            )
        assert read_checkpoint(place(tmp_path / "b", seed).folder).done == rounds
    parts = train(Coin(), setup(), place(tmp_path / "b", seed))
    assert parts.sha256 == whole.sha256
    assert parts.history == whole.history


def test_seeds_differ(tmp_path):
    one, two = (train(Coin(), setup(), place(tmp_path, seed)) for seed in (0, 1))
    assert one.sha256 != two.sha256


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_goes_on_exactly(name, tmp_path):
    """Four rounds are two, a checkpoint, and two more: for weights and for all that training is."""

    def begin() -> Learner:
        learner = make_agent(name, batch=32, rounds=4)
        assert isinstance(learner, Learner)
        parts = setup_of(learner)
        learner.bind(parts.batch(learner.batch_size, track=learner.track))
        learner.start(3)
        return learner

    whole = begin()
    for number in range(4):
        whole.train_round(number)
    first = begin()
    for number in range(2):
        first.train_round(number)
    second = begin()
    second.set_weights(first.weights())
    second.set_training_state(first.training_state())
    for number in range(2, 4):
        second.train_round(number)
    assert equal(second.weights(), whole.weights())
    assert equal(second.training_state(), whole.training_state())
    assert not equal(whole.weights(), begin().weights()), "four rounds changed nothing"


@pytest.mark.parametrize("name", LEARNERS)
def test_learners_leave_the_global_generators_alone(name):
    torch = pytest.importorskip("torch")
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    learner = make_agent(name, batch=16, rounds=2)
    assert isinstance(learner, Learner)
    learner.bind(setup_of(learner).batch(learner.batch_size, track=learner.track))
    learner.start(0)
    learner.train_round(0)
    assert random.getstate() == before[0]
    assert np.array_equal(np.random.get_state()[1], before[1][1])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[2])


@pytest.mark.parametrize("name", [*LEARNERS, "coin"])
def test_a_learner_without_weights_says_so(name):
    learner = Coin() if name == "coin" else make_agent(name)
    dialogues = setup_of(learner, split="test").batch(4, track=learner.track)
    learner.bind(dialogues)
    dialogues.open(seeds=np.zeros(4, np.uint64), conversations=np.arange(4))
    with pytest.raises(StateError, match="recosim train"):
        learner.act()


def test_rounds_and_batch_must_be_possible():
    for wrong in ({"rounds": 0}, {"batch": 0}, {"rounds": 2.5}):
        with pytest.raises(OptionError, match="whole number"):
            Coin(**wrong)


class Broken(Coin):
    """Its weights are lost in round 3."""

    def train_round(self, number: int) -> dict[str, float]:
        metrics = super().train_round(number)
        if number == 3:
            for parameter in self.modules["coin"].parameters():
                parameter.data.fill_(float("nan"))
        return metrics


def test_nan_stops_the_training_and_keeps_the_last_good_checkpoint(tmp_path):
    with pytest.raises(TrainingError, match=r"round 3, coin\.weight.*round 3 in .* is kept"):
        train(Broken(), setup(), place(tmp_path), save_seconds=0.0)
    kept = read_checkpoint(place(tmp_path).folder)
    assert kept.done == 3
    assert all(np.isfinite(array).all() for array in kept.weights().values())
    with pytest.raises(TrainingError, match="No checkpoint was written yet"):
        train(Broken(), setup(), place(tmp_path / "other"))


def test_what_is_trained_is_not_trained_twice(tmp_path, monkeypatch):
    first = train(Coin(), setup(), place(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(Coin, "train_round", None)
        assert train(Coin(), setup(), place(tmp_path)) == first
    again = train(Coin(), setup(), place(tmp_path), again=True)
    assert again.sha256 == first.sha256


class Fixed(Coin):
    """How often it recommends hangs on nothing but the round: at its best in the third."""

    chances = (-3.0, -1.0, 1.0, -2.0, -4.0, -6.0)

    def train_round(self, number: int) -> dict[str, float]:
        metrics = super().train_round(number)
        for parameter in self.modules["coin"].parameters():
            parameter.data.fill_(0.5 * self.chances[number % 6])
        return metrics


class Scripted(Checks):
    """Checks that find what a table says, in the place of conversations."""

    figures: ClassVar[dict[str, float]] = {}

    def play(self, weights: dict) -> dict[str, float]:
        bias = float(weights["coin.bias"][0])
        return {"valid SR": 0.5, "valid AT": self.figures[f"{bias:g}"], "valid reward": 0.0}


AT = {"-1.5": 9.0, "-0.5": 7.0, "0.5": 6.0, "-1": 6.5, "-2": 8.0, "-3": 14.0}


@pytest.fixture
def scripted(monkeypatch):
    monkeypatch.setattr("recosim.agents.training.Checks", Scripted)
    monkeypatch.setattr(Scripted, "figures", AT)


def test_the_weights_of_the_best_check_are_kept(tmp_path, scripted):
    done = train(Fixed(), setup(), place(tmp_path), check_every=1)
    assert done.history["valid AT"] == [9.0, 7.0, 6.0, 6.5, 8.0, 14.0]
    assert (done.kept, done.kept_figures["valid AT"]) == (3, 6.0)
    assert done.weights()["coin.bias"][0] == 0.5
    assert sorted(path.name for path in done.folder.iterdir()) == ["checkpoint.json", "weights.npz"]
    # By default there are as many checks as half the training conversations allow: here one.
    assert train(Fixed(), setup(), place(tmp_path / "b")).history["valid AT"] == [None] * 5 + [14.0]


def test_of_equal_checks_the_later_one_is_kept(tmp_path, scripted, monkeypatch):
    monkeypatch.setattr(Scripted, "figures", dict.fromkeys(AT, 7.0))
    assert train(Fixed(), setup(), place(tmp_path), check_every=2).kept == 6


def test_a_training_ends_early_on_request(tmp_path, scripted):
    done = train(Fixed(), setup(), place(tmp_path), check_every=1, stop_after=2)
    assert (done.done, done.rounds, done.kept) == (5, 6, 3)
    assert done.stopped
    assert done.finished
    assert done.weights()["coin.bias"][0] == 0.5
    assert train(Fixed(), setup(), place(tmp_path)) == done
    for wrong in ({"check_every": 0}, {"stop_after": 0}):
        with pytest.raises(OptionError, match="at least 1"):
            train(Fixed(), setup(), place(tmp_path), **wrong)


def test_what_is_kept_outlives_an_interruption(tmp_path, scripted):
    whole = train(Fixed(), setup(), place(tmp_path / "a"), check_every=1)
    with pytest.raises(Stop):
        train(
            Fixed(),
            setup(),
            place(tmp_path / "b"),
            check_every=1,
            save_seconds=0.0,
            progress=stop_after(4),
        )
    cut = read_checkpoint(place(tmp_path / "b").folder)
    assert (cut.done, cut.kept, cut.finished) == (4, 3, False)
    assert cut.best_weights()["coin.bias"][0] == 0.5
    assert cut.weights()["coin.bias"][0] == -1.0  # what the training goes on from
    parts = train(Fixed(), setup(), place(tmp_path / "b"), check_every=1)
    assert (parts.sha256, parts.history) == (whole.sha256, whole.history)


def test_a_training_of_other_rounds_takes_the_place_of_a_finished_one_if_it_is_better(
    tmp_path, scripted, monkeypatch
):
    first = train(Fixed(), setup(), place(tmp_path), check_every=3)  # keeps round 3
    beside = place(tmp_path).beside(2)
    shorter = train(Fixed(), setup(), place(tmp_path), rounds=2)
    assert (shorter.folder, shorter.done) == (beside.folder, 2)
    assert read_checkpoint(place(tmp_path).folder) == first
    with monkeypatch.context() as patch:
        patch.setattr(Fixed, "train_round", None)  # it is finished too
        assert train(Fixed(), setup(), place(tmp_path), rounds=2) == shorter
    monkeypatch.setattr(Scripted, "figures", AT | {"-1.5": 5.0})
    longer = train(Fixed(), setup(), place(tmp_path), rounds=8, check_every=1)
    assert (longer.folder, longer.rounds, longer.kept) == (place(tmp_path).folder, 8, 7)
    assert read_checkpoint(place(tmp_path).folder) == longer
    assert not place(tmp_path).beside(8).folder.exists()
    asked_for = train(Fixed(), setup(), place(tmp_path), rounds=2, again=True)
    assert (asked_for.folder, asked_for.rounds) == (first.folder, 2)


def test_checks_play_the_same_conversations_greedily_and_touch_no_training(tmp_path):
    learner = Coin(batch=32)
    learner.bind(setup().batch(32))
    learner.start(0)
    checks, weights = Checks(learner, setup()), learner.weights()
    before = learner.training_state()
    first = checks.play(weights)
    assert first == checks.play(weights)
    assert first.keys() == {"valid SR", "valid AT", "valid reward"}
    assert checks.score(first) == -first["valid AT"]
    assert equal(before, learner.training_state())
    other = checks.play(weights | {"coin.bias": np.array([3.0], dtype=np.float32)})
    assert other["valid AT"] != first["valid AT"]
    assert [checks_every(n, 128) for n in (1, 6, 20, 40, 120, 300)] == [1, 6, 10, 8, 8, 15]


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_is_made_again_from_its_settings(name):
    learner = make_agent(name)
    again = type(learner)(**learner.settings())
    assert again.settings() == learner.settings()


def test_checkpoints_of_before_there_were_checks_are_read(tmp_path):
    done = train(Coin(), setup(), place(tmp_path))
    path = done.folder / "checkpoint.json"
    body = json.loads(path.read_text())
    del body["digest"], body["kept"], body["stopped"], body["best_sha256"]
    write_checked(path, body)
    old = read_checkpoint(done.folder)
    assert (old.kept, old.stopped, old.finished, old.kept_figures) == (None, False, True, {})
    assert train(Coin(), setup(), place(tmp_path)) == old


def test_damaged_checkpoints_are_refused(tmp_path):
    done = train(Coin(), setup(), place(tmp_path))
    weights = done.folder / "weights.npz"
    data = weights.read_bytes()
    weights.write_bytes(data[:-20])
    with pytest.raises(CheckpointError, match="train again"):
        read_checkpoint(done.folder).weights()
    path = done.folder / "checkpoint.json"
    body = json.loads(path.read_text())
    for wrong in ("{", json.dumps({**body, "format": 99}), json.dumps({**body, "extra": 1}), "[]"):
        path.write_text(wrong)
        with pytest.raises(CheckpointError, match="train again"):
            read_checkpoint(done.folder)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        read_checkpoint(tmp_path / "nowhere")


def test_a_checkpoint_says_whether_it_is_as_it_was_written(tmp_path):
    unfinished = place(tmp_path / "unfinished")
    with pytest.raises(Stop):
        train(Coin(), setup(), unfinished, save_seconds=0, progress=stop_after(2))
    path = unfinished.folder / "checkpoint.json"
    body = json.loads(path.read_text())
    assert body["done"] == 2
    path.write_text(json.dumps({**body, "done": 3}))
    with pytest.raises(CheckpointError, match=r"was changed after it was written.*train again"):
        train(Coin(), setup(), unfinished)
    del body["digest"]
    write_checked(path, {**body, "done": 3})
    with pytest.raises(CheckpointError, match=r"3 of \d+ rounds are done, which its history"):
        train(Coin(), setup(), unfinished)
    write_checked(path, {**body, "seconds": "long"})
    with pytest.raises(CheckpointError, match=r"other fields than a checkpoint: 'seconds'"):
        train(Coin(), setup(), unfinished)
    write_checked(path, body)
    state = unfinished.folder / "training.npz"
    state.write_bytes(state.read_bytes()[::-1])
    with pytest.raises(CheckpointError, match=r"training.npz is not what was written"):
        train(Coin(), setup(), unfinished)


def test_a_checkpoint_from_before_digests_is_read_with_a_notice(tmp_path):
    done = train(Coin(), setup(), place(tmp_path))
    path = done.folder / "checkpoint.json"
    body = json.loads(path.read_text())
    del body["digest"], body["training_sha256"], body["best_sha256"]
    path.write_text(json.dumps(body))
    with pytest.warns(RuntimeWarning, match="before checkpoints carried a digest"):
        assert train(Coin(), setup(), place(tmp_path)) == done


def test_the_finished_folder_of_another_agent_is_not_done(tmp_path):
    other = Place(tmp_path, "Small", "coin", {"settings": {"rate": 0.2}}, 0)
    train(Coin(rate=0.2), setup(), other)
    mine = place(tmp_path)
    mine.folder.parent.mkdir(parents=True)
    other.folder.rename(mine.folder)
    with pytest.raises(CheckpointError, match=r"of another training: settings.*Delete"):
        train(Coin(), setup(), mine)
    seed = mine._replace(seed=1)
    train(Coin(), setup(), seed)
    shutil.rmtree(mine.folder)
    seed.folder.rename(mine.folder)
    with pytest.raises(CheckpointError, match=r"of another training: seed 1, not 0"):
        train(Coin(), setup(), mine)


def test_of_two_trainings_in_a_place_one_runs(tmp_path):
    with held(place(tmp_path).lock), pytest.raises(BusyError, match="seed-0"):
        train(Coin(), setup(), place(tmp_path))
    assert train(Coin(), setup(), place(tmp_path)).finished


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(value):
    learner = Coin()
    learner.bind(setup().batch(4))
    learner.start(0)
    weights = learner.weights()
    weights["coin.weight"].flat[0] = value
    with pytest.raises(CheckpointError, match=r"'coin.weight' hold values that are not finite"):
        learner.set_weights(weights)


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_takes_weights_that_were_looked_at(name):
    kinds = type(make_agent(name)).__mro__
    assert [kind for kind in kinds if "set_weights" in vars(kind)] == [Learner]


def test_weights_of_another_shape_are_refused(tmp_path):
    learner = Coin()
    learner.bind(setup().batch(4))
    learner.start(0)
    weights = learner.weights()
    with pytest.raises(CheckpointError, match="shape"):
        learner.set_weights({**weights, "coin.weight": np.zeros((2, 2), np.float32)})
    with pytest.raises(CheckpointError, match="missing"):
        learner.set_weights({"coin.weight": weights["coin.weight"]})


def test_a_key_tells_worlds_protocols_users_and_settings_apart():
    def key(agent: Learner | None = None, **changes: object) -> dict:
        return checkpoint_key(agent or Coin(), setup(**changes), {"name": "mf"})

    base = key()
    assert key(Coin(rounds=99)) == base
    for other, word in (
        (key(Coin(rate=0.2)), "rate"),
        (key(protocol_options={"on_reject": "remove"}), "on_reject"),
        (key(answer_noise=0.1), "answer_noise"),
        (key(world="yelp-small"), "world"),
    ):
        assert other != base
        assert word in differences(base, other)


def test_a_key_leaves_out_what_is_at_its_default():
    """So a setting or a rule that a later version adds makes no agent untrained."""
    fitted = prepare_env("CPR-LastFM-Small").fitted
    key = checkpoint_key(Coin(rate=0.2), setup(protocol_options={"max_turns": 9}), fitted)
    assert key["agent"] == "Coin"  # and not its module
    assert key["version"] == Coin.version
    assert key["settings"] == {"rate": 0.2}
    assert key["protocol"] == {"max_turns": 9}
    assert key["estimator"] == {"name": "mf", "settings": {"version": 1}}
    other = setup(protocol_options={"rewards": {"ask_no": -0.5}})
    assert checkpoint_key(Coin(), other, fitted)["protocol"] == {"rewards": {"ask_no": -0.5}}

    class Newer(Coin):
        usual = {"batch": 32}  # noqa: RUF012

        def __init__(self, *, bend: float = 0.0, **settings):
            super().__init__(**settings)
            self.bend = bend

    Newer.__qualname__ = "Coin"
    assert checkpoint_key(Newer(), setup(), fitted) == checkpoint_key(Coin(), setup(), fitted)
    bent = checkpoint_key(Newer(bend=0.1), setup(), fitted)
    assert "bend 0.1, not as usual" in differences(checkpoint_key(Coin(), setup(), fitted), bent)
    Newer.version = 7
    assert checkpoint_key(Newer(), setup(), fitted) != checkpoint_key(Coin(), setup(), fitted)


def test_checkpoints_of_the_first_format_are_found_by_what_their_keys_say(tmp_path):
    fitted, learner = prepare_env("CPR-LastFM-Small").fitted, Coin(rate=0.2)
    where = Place(tmp_path, "Small", "coin", checkpoint_key(learner, setup(), fitted), 0)
    trained = train(learner, setup(), where)
    old = tmp_path / "Small" / "coin-0123456789ab" / "seed-0"
    old.parent.mkdir()
    where.folder.rename(old)
    path = old / "checkpoint.json"
    body = json.loads(path.read_text()) | {"format": 1}
    del body["digest"], body["training_sha256"], body["best_sha256"]
    body["key"] |= {
        "agent": "recosim.agents.elsewhere:Coin",
        "settings": {"batch": 32, "rate": 0.2},
        "protocol": setup().protocol.to_dict(),
        "estimator": fitted,
    }
    path.write_text(json.dumps(body))
    found = find_checkpoint(where, learner, setup())
    assert found is not None
    assert (found.folder, found.key, found.sha256) == (old, where.key, trained.sha256)
    assert train(Coin(rate=0.2), setup(), where).folder == old  # nothing is trained twice
    for other in (Coin(rate=0.3), Coin(rate=0.2, batch=8)):
        elsewhere = where._replace(key=checkpoint_key(other, setup(), fitted))
        assert find_checkpoint(elsewhere, other, setup()) is None
    assert find_checkpoint(where._replace(seed=1), learner, setup()) is None


@pytest.mark.parametrize("name", LEARNERS)
def test_settings_are_declared_once_by_the_constructors(name):
    """The defaults that a class tells are those that it has."""
    learner = make_agent(name)
    usual = type(learner).usual_settings()
    assert list(usual)[:2] == ["rounds", "batch"]
    needed = {"algorithm": learner.algorithm} if hasattr(learner, "algorithm") else {}
    for key, value in type(learner)(**needed).settings().items():
        assert key in needed or usual[key] == value, key


def test_files_of_tensorboard_are_written_and_cut_on_resumption(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with pytest.raises(Stop):
        train(
            Coin(),
            setup(),
            place(tmp_path),
            save_seconds=1e9,
            tensorboard=tmp_path / "events",
            progress=stop_after(4),
        )
    train(Coin(), setup(), place(tmp_path), tensorboard=tmp_path / "events")
    events = EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    assert [event.step for event in events.Scalars("SR")] == list(range(6))


CARD = """
name = "coin"
title = "Coin"
description = "d"
class = "reference.coin:Coin"

[settings]
rounds = 60
"""


@pytest.mark.slow
def test_a_training_that_is_killed_ten_times_ends_with_the_same_weights(tmp_path):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "coin.toml").write_text(CARD)
    program = (
        "from recosim.agents import training; training.SAVE_SECONDS = 0.0;"
        "training.train.__kwdefaults__['save_seconds'] = 0.0;"
        "from recosim.cli import main; import sys; main(sys.argv[1:])"
    )
    environment = {
        **os.environ,
        "RECOSIM_PATH": str(tmp_path),
        "PYTHONPATH": os.path.dirname(os.path.dirname(__file__)),
    }

    def command(root: str) -> list[str]:
        words = ["train", "coin", "CPR-LastFM-Small", "--checkpoints", str(tmp_path / root)]
        return [sys.executable, "-c", program, *words]

    subprocess.run(command("whole"), env=environment, check=True, capture_output=True)
    luck = random.Random(11)
    for _ in range(10):
        process = subprocess.Popen(
            command("cut"), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(luck.uniform(2.0, 4.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command("cut"), env=environment, check=True, capture_output=True)
    (whole,) = (tmp_path / "whole").rglob("checkpoint.json")
    (cut,) = (tmp_path / "cut").rglob("checkpoint.json")
    assert json.loads(whole.read_text())["sha256"] == json.loads(cut.read_text())["sha256"]


def test_the_checkpoint_folder_is_in_the_cache(shared_cache):
    assert checkpoints.checkpoint_root() == shared_cache / "checkpoints"
    assert prepare_env("CPR-LastFM-Small").fitted["name"] == "mf"


def test_the_seconds_of_a_training_are_those_of_all_its_sittings(tmp_path):
    where = place(tmp_path)
    with pytest.raises(Stop):
        train(Coin(), setup(), where, save_seconds=0.0, progress=stop_after(2))
    path = where.folder / "checkpoint.json"
    body = {**json.loads(path.read_text()), "seconds": 5000.0}
    write_checked(path, {name: value for name, value in body.items() if name != "digest"})
    assert train(Coin(), setup(), where).seconds == pytest.approx(5000, abs=2000)
