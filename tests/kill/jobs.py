"""What is killed: small jobs of the command line, one of every kind that keeps something."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import sources

__all__ = ["JOBS", "Job", "say"]

SMALL = "CPR-LastFM-Small"
BENCH = ("--seeds", "2", "--batch", "8", "--threads", "1", "--no-plots", "--out", "out")


@dataclass(frozen=True)
class Job:
    """Attributes:
    words: of the command, run in a folder of its own; its cache is `cache` in there.
    kills: of the 300.
    prepare: puts what it reads into its folder.
    worlds: built before, and copied into its cache.
    asks: whether it asks the scripted server, through a cassette.
    hook: run in the process before the command.
    done: what a repeated command says when a kill came after all was written.
    """

    words: tuple[str, ...]
    kills: int
    prepare: Callable[[Path], object] = lambda folder: None
    worlds: tuple[str, ...] = ("lastfm-small",)
    asks: bool = False
    hook: Callable[[], None] = lambda: None
    done: str = field(default="\0")


def save_often() -> None:
    """A training stores a checkpoint after every round, where it would wait for a minute."""
    from recosim.agents import training

    defaults = training.train.__kwdefaults__
    assert "save_seconds" in defaults
    defaults["save_seconds"] = 0.0


def record(folder: Path) -> None:
    """A trace of users to fit to."""
    from recosim.bench.run import run_bench
    from recosim.bench.setup import prepare_env

    env = prepare_env(SMALL, episodes=30, overrides={"users": "typical"})
    run_bench([env], ["max_entropy"], folder / "recorded", threads=1)
    (trace,) = (folder / "recorded").glob("traces/**/*.parquet")
    trace.rename(folder / "log.parquet")


JOBS = {
    "build": Job(("data", "build", "lastfm-small"), 40, worlds=()),
    "import": Job(
        ("data", "import", "table", "source", "--name", "mine", "--replace"),
        30,
        prepare=lambda folder: sources.table(folder / "source"),
        worlds=(),
    ),
    "conversations": Job(
        ("bench", SMALL, "--agents", "max_entropy,abs_greedy", "--episodes", "24", *BENCH),
        40,
    ),
    "lives": Job(
        ("bench", "RecoWorld-LastFM-Small", "--agents", "random,follow", "--episodes", "4",
         *BENCH),
        30,
    ),
    "searches": Job(
        ("bench", "ConvSim-LastFM-Small", "--agents", "bm25,clarify", "--episodes", "16", *BENCH),
        30,
        worlds=("lastfm-small", "lastfm-small-search"),
    ),
    "train": Job(
        ("train", "crm", SMALL, "--rounds", "3", "--checkpoints", "trained"), 30, hook=save_often
    ),
    "fit": Job(
        ("users", "fit", "log.parquet", "--out", "mine.toml", "--report", "fit.json",
         "--folds", "2"),
        20,
        prepare=record,
        done="is there already",
    ),
    "audit": Job(
        ("audit", "human", SMALL, "--conversations", "3", "--probes", "3", "--out", "audit"), 20
    ),
    "population": Job(
        ("population", "RecoWorld-LastFM-Small", "--users", "24", "--days", "3", "--chunk", "6",
         "--threads", "1", "--no-plots", "--out", "out"),
        30,
    ),
    "models": Job(
        ("bench", SMALL, "--agents", "max_entropy,logic", "--episodes", "6", "--users",
         "llm_decides", *BENCH),
        30,
        asks=True,
    ),
}  # fmt: skip
assert sum(job.kills for job in JOBS.values()) == 300


def say(request: dict) -> str:
    """The scripted model: words for what is meant, or the first answer that the form allows."""
    form = json.dumps(request.get("response_format", {}))
    meant = request["messages"][-1]["content"].rpartition("You mean: ")[2][:60]
    if '"answer"' in form:
        allowed = re.search(r'"enum": \["([^"]+)"', form)
        return json.dumps({"answer": allowed[1] if allowed else "yes", "words": "Well, yes."})
    return json.dumps({"words": f"Hm, {meant}"})
