"""What a run says of itself: who leads, which conversations it was, how long it took."""

from __future__ import annotations

import pytest

from recosim.bench.report import render_report
from recosim.bench.results import read_timings, trace_path
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.trace import Trace

NAME = "CPR-LastFM-Small"
SAMPLE = [178, 230, 349, 385, 404, 548, 559, 809]  # 8 of the 958 of its test split


def test_who_leads_needs_the_fewest_turns_though_another_succeeds_more_often(tmp_path):
    agents = ["weighted_entropy", "abs_greedy"]
    run_bench([prepare_env(NAME, episodes=300)], agents, tmp_path)
    text = render_report(tmp_path, plots=False).markdown.read_text()
    lines = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    head = lines[0]
    rows = [line for line in lines if line[0].removeprefix("| ") in agents and len(line) > 5]
    first, second = rows[:2]
    assert first[0] == "| abs_greedy"
    turns, rate = head.index("AT"), head.index("SR@15")
    assert float(first[turns].split()[0]) < float(second[turns].split()[0])
    assert float(first[rate].split()[0]) < float(second[rate].split()[0])
    assert "`abs_greedy` needs the fewest turns" in text


def test_a_sample_is_the_same_conversations_in_every_run_and_version(tmp_path):
    env = prepare_env(NAME, episodes=8)
    run_bench([env], ["oracle"], tmp_path)
    trace = Trace.read(trace_path(tmp_path, env.key, "oracle", 0))
    drawn = dict(zip(trace.column("conversation").tolist(), trace.column("user"), strict=True))
    assert list(drawn) == SAMPLE
    assert drawn == dict(zip(SAMPLE, env.units[SAMPLE, 0], strict=True))


def test_the_time_of_what_was_done_before_an_interruption_is_kept(tmp_path):
    def interrupt(done: int, total: int, what: str) -> None:
        if "random" in what:
            raise KeyboardInterrupt

    env, agents = prepare_env(NAME, episodes=40), ["abs_greedy", "random"]
    with pytest.raises(KeyboardInterrupt):
        run_bench([env], agents, tmp_path, progress=interrupt)
    (before,) = read_timings(tmp_path)
    run_bench([env], agents, tmp_path)
    after = {timing.agent: timing for timing in read_timings(tmp_path)}
    assert after["abs_greedy"] == before
    for agent, timing in after.items():
        moves = len(Trace.read(trace_path(tmp_path, env.key, agent, 0))) - 40
        assert timing.moves == moves
        assert timing.moves_per_second == pytest.approx(moves / timing.seconds)


def test_the_time_of_chunks_before_an_interruption_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("recosim.bench.rollout.CHUNK", 10)
    told = []

    def interrupt(done: int, total: int, what: str) -> None:
        told.append(what)
        if len(told) == 3:
            raise KeyboardInterrupt

    env = prepare_env(NAME, episodes=40)
    with pytest.raises(KeyboardInterrupt):
        run_bench([env], ["random"], tmp_path, batch=10, progress=interrupt)
    (before,) = read_timings(tmp_path)
    run_bench([env], ["random"], tmp_path, batch=10)
    (after,) = read_timings(tmp_path)
    moves = len(Trace.read(trace_path(tmp_path, env.key, "random", 0))) - 40
    assert 0 < before.moves < after.moves == moves
    assert before.seconds < after.seconds
