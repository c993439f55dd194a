"""Train every agent, run every bench, and write the tables of docs/reproduction.md.

    python benchmarks/reproduction.py --only lastfm-fm --jobs 2      train and bench one setting
    python benchmarks/reproduction.py --page                         write the tables from results/

Every step is a `recosim` command that is printed as it starts, does nothing twice and goes on where
it was killed. The settings on real files need them imported first (docs/reproduction.md says how).
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from recosim.agents.registry import agent_card
from recosim.bench.report import render_report
from recosim.bench.results import read_results, read_timings
from recosim.bench.schema import EnvResult
from recosim.bench.tables import estimate, header
from recosim.files import write_text

ROOT = Path(__file__).resolve().parent.parent
RULES = ("random", "abs_greedy", "max_entropy", "weighted_entropy", "logic")
LEARNERS = (
    "crm",
    "ear_no_reflection",
    "ear",
    "scpr",
    "unicorn",
    "dqn",
    "ppo",
    "maskable_ppo",
    "pathfinder",
)
NOISE = ("--answer-noise", "0,0.05,0.1,0.2", "--dont-know", "0,0.1,0.3")


@dataclass(frozen=True)
class Setting:
    """One table of the page.

    Attributes:
        name: of its folder of results and of its place in the page.
        words: the environment and what differs from its card, as `recosim` takes it.
        published: how the data of the published figures begins on the cards.
        episodes: conversations of the bench; None: the whole test split.
        learners: the agents that are trained.
        users: vary how often users err, with so many conversations for each kind of user.
    """

    name: str
    words: tuple[str, ...]
    published: str = ""
    episodes: int | None = None
    learners: tuple[str, ...] = LEARNERS
    users: int | None = None


LASTFM = ("CPR-LastFM", "--world", "scpr-lastfm")
STAR = ("CPR-LastFM", "--world", "scpr-lastfm-star")
SETTINGS = (
    Setting("lastfm-fm", (*LASTFM, "--estimator", "fm"), "LastFM,", users=3000),
    Setting("star-fm", (*STAR, "--estimator", "fm"), "LastFM*,"),
    Setting("lastfm-mf", LASTFM, "LastFM,"),
    Setting("star-mf", STAR, "LastFM*,"),
    Setting("generated-lastfm", ("CPR-LastFM",)),
    Setting("generated-yelp", ("CPR-Yelp",), episodes=20_000),
    Setting("generated-yelp-facets", ("EAR-Yelp",), episodes=20_000),
)


def recosim(*words: str) -> list[str]:
    return [sys.executable, "-m", "recosim", *words]


def run(command: Sequence[str]) -> None:
    """Run one command; what it prints is shown only if it fails."""
    shown = " ".join(["recosim", *command[3:]])
    print(f"{time.strftime('%H:%M:%S')}  {shown}", flush=True)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"failed: {shown}\n{done.stdout}{done.stderr}")


def bench_words(setting: Setting, seeds: int, learners: Sequence[str]) -> list[str]:
    words = ["bench", *setting.words, "--agents", ",".join([*RULES, *learners])]
    words += ["--seeds", str(seeds)]
    if setting.episodes:
        words += ["--episodes", str(setting.episodes)]
    return words


def produce(setting: Setting, seeds: int, jobs: int, learners: Sequence[str], out: Path) -> None:
    """Train and bench one setting."""
    trainings = [
        recosim("train", name, *setting.words, "--first-seed", str(seed))
        for seed in range(seeds)
        for name in learners
    ]
    run(
        recosim(
            "bench",
            *setting.words,
            "--agents",
            "random",
            "--episodes",
            "1",
            "--out",
            str(out / "warm" / setting.name),
        )
    )  # fits the estimator once
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(run, trainings))
    folder = out / setting.name
    run(recosim(*bench_words(setting, seeds, learners), "--out", str(folder), "--no-traces"))
    if setting.users:
        users = ["bench", *setting.words, "--agents", ",".join([*RULES, *learners]), *NOISE]
        users += ["--episodes", str(setting.users)]
        run(recosim(*users, "--out", str(out / f"{setting.name}-users"), "--no-traces"))


# ---- the page -----------------------------------------------------------------------------------


def seconds_of_training(environment: EnvResult) -> dict[str, float]:
    """Mean seconds of one training by agent, read from the checkpoints that were run."""
    from recosim.agents.checkpoints import checkpoint_root

    spent: dict[str, list[float]] = {}
    wanted = {
        (agent.name, entry.sha256)
        for agent in environment.setup.agents
        for entry in agent.checkpoints
    }
    for path in checkpoint_root().rglob("checkpoint.json"):
        body = json.loads(path.read_text(encoding="utf-8"))
        if (body["agent"], body["sha256"]) in wanted:
            spent.setdefault(body["agent"], []).append(body["seconds"])
    return {name: sum(values) / len(values) for name, values in spent.items()}


def published(name: str, data: str) -> str:
    """The published figures of an agent."""
    for entry in agent_card(name).published:
        if data and entry.data.startswith(data):
            return " / ".join(f"{v:g}" for v in (entry.sr15, entry.at, entry.hdcg)).replace(
                "0.", "."
            )
    return ""


def short(text: str) -> str:
    """Numbers below 1 without their zero, as the papers print them."""
    return re.sub(r"(?<![\d.])(-?)0\.(?=\d)", r"\1.", text)


def table(setting: Setting, out: Path) -> str:
    """The table of one setting as Markdown, with the command and what it was measured on."""
    folder = out / setting.name
    results = read_results(folder)
    (environment,) = results.environments
    turns = environment.setup.rules.max_turns
    training = seconds_of_training(environment)
    playing: dict[str, list[float]] = {}
    for timing in read_timings(folder):
        playing.setdefault(timing.agent, []).append(timing.seconds)
    columns = ["Agent"]
    if setting.published:
        columns.append("Published SR / AT / hDCG")
    columns += [f"SR@{turns}", "SR by seed", "AT", "hDCG", "Training, s", "Bench, s"]
    rows = ["| " + " | ".join(columns) + " |", "| :-- |" + " --: |" * (len(columns) - 1)]
    order = {name: k for k, name in enumerate([*RULES, *LEARNERS])}
    for agent in sorted(environment.agents, key=lambda agent: order.get(agent.name, 99)):
        summary = agent.summary
        rates = sorted(seed.success_rate for seed in agent.seeds)
        cells = [agent.name]
        if setting.published:
            cells.append(published(agent.name, setting.published))
        cells += [
            short(estimate(summary.success_rate[-1], 3)),
            short(f"{rates[0]:.3f}-{rates[-1]:.3f}") if len(rates) > 1 else "",
            estimate(summary.average_turns, 2),
            short(estimate(summary.hdcg, 3)),
            f"{training[agent.name]:.0f}" if agent.name in training else "",
            f"{sum(playing[agent.name]) / len(playing[agent.name]):.1f}",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    learners = [a.name for a in environment.setup.agents if a.checkpoints]
    commands = [
        f"recosim train {','.join(learners)} {' '.join(setting.words)} "
        f"--seeds {len(environment.setup.seeds)}",
        "recosim " + " ".join(bench_words(setting, len(environment.setup.seeds), learners)),
    ]
    return "\n".join(["```", *commands, "```", "", header(environment), "", *rows])


def write_page(out: Path, page: Path) -> None:
    """Put the tables between their marks in the page, and the pictures beside it."""
    text = page.read_text(encoding="utf-8")
    for setting in SETTINGS:
        begin, end = f"<!-- table {setting.name} -->", f"<!-- end {setting.name} -->"
        if begin not in text or not (out / setting.name / "results.json").exists():
            continue
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{table(setting, out)}\n{end}{after}"
        pictures(out / setting.name, page.parent / "images", f"reproduction-{setting.name}.png")
        users = out / f"{setting.name}-users"
        if (users / "results.json").exists():
            pictures(users, page.parent / "images", f"reproduction-{setting.name}-users.png")
    write_text(page, text)


def pictures(folder: Path, images: Path, name: str) -> None:
    """Copy the last plot of a results folder: of the environment, or of its sweep over users."""
    plots = render_report(folder).plots
    shutil.copyfile(plots[-1], images / name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    names = [setting.name for setting in SETTINGS]
    parser.add_argument("--only", default=",".join(names), help=f"of {', '.join(names)}")
    parser.add_argument("--learners", default="", help="train these alone")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2, help="trainings at once")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "reproduction")
    parser.add_argument("--page", action="store_true", help="write docs/reproduction.md")
    given = parser.parse_args()
    wanted = given.only.split(",")
    if unknown := set(wanted) - set(names):
        parser.error(f"unknown settings {', '.join(sorted(unknown))}; allowed: {', '.join(names)}")
    for setting in SETTINGS if not given.page else ():
        if setting.name in wanted:
            learners = given.learners.split(",") if given.learners else setting.learners
            produce(setting, given.seeds, given.jobs, learners, given.out)
    if given.page:
        write_page(given.out, ROOT / "docs" / "reproduction.md")


if __name__ == "__main__":
    main()
