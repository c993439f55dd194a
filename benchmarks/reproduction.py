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
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from recosim.agents.registry import agent_card
from recosim.bench.report import render_report
from recosim.bench.results import read_results, read_timings
from recosim.bench.robustness import sweeps
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
NOISE = ("--user-set", "answer_noise=0,0.05,0.1,0.2", "--user-set", "dont_know=0,0.1,0.3")


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
        rounds: of a training, where they are not those of the agent's card.
        rules: the agents that do not learn.
        seeds: seeds of the table.
    """

    name: str
    words: tuple[str, ...]
    published: str = ""
    episodes: int | None = None
    learners: tuple[str, ...] = LEARNERS
    users: int | None = None
    rounds: Mapping[str, int] = field(default_factory=dict)
    rules: tuple[str, ...] = RULES
    seeds: int = 3

    def train_words(self, name: str) -> list[str]:
        """The words of the command that trains an agent, but for the seeds."""
        more = ["--rounds", str(self.rounds[name])] if name in self.rounds else []
        return ["train", name, *self.words, *more]

    def bench_words(self) -> list[str]:
        """The words of the bench."""
        words = ["bench", *self.words, "--agents", ",".join([*self.rules, *self.learners])]
        words += ["--seeds", str(self.seeds)]
        return words + (["--episodes", str(self.episodes)] if self.episodes else [])


LASTFM = ("CPR-LastFM", "--world", "scpr-lastfm")
STAR = ("CPR-LastFM", "--world", "scpr-lastfm-star")
# 8,438 attributes make a round of these a second long.
SHORTER = {"ear": 100, "ear_no_reflection": 100, "crm": 150}
SETTINGS = (
    Setting("lastfm-fm", (*LASTFM, "--estimator", "fm"), "LastFM,", users=3000),
    Setting(
        "lastfm-fm-reflection",
        (*LASTFM, "--estimator", "fm", "--estimator-set", "reflect_rate=4"),
        learners=("ear_no_reflection", "ear"),
        rules=("abs_greedy",),
    ),
    Setting("star-fm", (*STAR, "--estimator", "fm"), "LastFM*,", rounds=SHORTER),
    Setting("generated-lastfm", ("CPR-LastFM",)),
    Setting("generated-yelp", ("CPR-Yelp",), "Yelp*,", episodes=20_000),
    Setting("generated-yelp-facets", ("EAR-Yelp",), "Yelp, enumerated", episodes=20_000),
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


def produce(setting: Setting, jobs: int, out: Path) -> None:
    """Train and bench one setting."""
    warm = ["bench", *setting.words, "--agents", "random", "--episodes", "1"]
    run(recosim(*warm, "--out", str(out / "warm" / setting.name)))  # fits the estimator once
    trainings = [
        recosim(*setting.train_words(name), "--first-seed", str(seed))
        for seed in range(setting.seeds)
        for name in setting.learners
    ]
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(run, trainings))
    run(recosim(*setting.bench_words(), "--out", str(out / setting.name), "--no-traces"))
    if setting.users:
        agents = ",".join([*setting.rules, *setting.learners])
        users = ["bench", *setting.words, "--agents", agents, *NOISE]
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
            return short(f"{entry.sr15:.3f} / {entry.at:.2f} / {entry.hdcg:.3f}")
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
        success = f"SR@{turns}"
        rates = sorted(seed.metrics[success] for seed in agent.seeds)
        cells = [agent.name]
        if setting.published:
            cells.append(published(agent.name, setting.published))
        cells += [
            short(estimate(agent.estimate(success), 3)),
            short(f"{rates[0]:.3f}-{rates[-1]:.3f}") if len(rates) > 1 else "",
            estimate(agent.estimate("AT"), 2),
            short(estimate(agent.estimate("hDCG"), 3)),
            f"{training[agent.name]:.0f}" if agent.name in training else "",
            f"{sum(playing[agent.name]) / len(playing[agent.name]):.1f}",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    usual = [name for name in setting.learners if name not in setting.rounds]
    trainings = [",".join(usual), *(name for name in setting.learners if name in setting.rounds)]
    commands = [
        ["recosim", *setting.train_words(names), "--seeds", str(setting.seeds)]
        for names in trainings
    ]
    commands.append(["recosim", *setting.bench_words()])
    shown = [" ".join(words) for words in commands]
    return "\n".join(["```", *shown, "```", "", header(environment), "", *rows])


def write_page(out: Path, page: Path) -> None:
    """Put the tables between their marks in the page, and the pictures beside it."""
    text = page.read_text(encoding="utf-8")
    for setting in SETTINGS:
        if not (out / setting.name / "results.json").exists():
            continue
        picture = f"images/reproduction-{setting.name}.png"
        seen = (
            f"![Success rate by turn, turns to the hit, and turns more than the leader]({picture})"
        )
        text = between(text, setting.name, f"{table(setting, out)}\n\n{seen}")
        pictures(out / setting.name, page.parent / "images", f"reproduction-{setting.name}.png")
        users = out / f"{setting.name}-users"
        if (users / "results.json").exists():
            pictures(users, page.parent / "images", f"reproduction-{setting.name}-users.png")
            text = between(text, "users", robustness(users))
    write_text(page, text)
    first = SETTINGS[0]
    if (out / first.name / "results.json").exists():
        readme = ROOT / "README.md"
        content = summary(first, out)
        write_text(readme, between(readme.read_text(encoding="utf-8"), "readme", content))


def summary(setting: Setting, out: Path) -> str:
    """SR@15 / AT / hDCG of every agent beside what was published, fewest turns last."""
    (environment,) = read_results(out / setting.name).environments
    rows = ["| | SR@15 | AT | hDCG | published SR@15 / AT / hDCG |", "|---|--:|--:|--:|--:|"]
    for agent in sorted(environment.agents, key=lambda a: -a.estimate("AT").value):
        rate, turns, gain = (agent.estimate(name) for name in ("SR@15", "AT", "hDCG"))
        cells = [agent.name, short(estimate(rate, 3)), f"{turns.value:.2f}"]
        cells += [short(f"{gain.value:.3f}"), published(agent.name, setting.published)]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def between(text: str, name: str, content: str) -> str:
    """The text with the content between its marks; as it was if it has no such marks."""
    begin, end = f"<!-- table {name} -->", f"<!-- end {name} -->"
    if begin not in text:
        return text
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{content}\n{end}{after}"


def robustness(folder: Path) -> str:
    """SR@15 without intervals, every agent against every kind of user."""
    varied = sweeps(read_results(folder))
    parts = []
    for sweep in varied:
        name = sweep.setting.replace("_", " ")
        head = ["SR@15", *(f"{name} {value:g}" for value in sweep.values)]
        rows = ["| " + " | ".join(head) + " |", "| :-- |" + " --: |" * len(sweep.values)]
        for agent in sweep.agents:
            cells = [short(f"{rate.value:.3f}") for rate in sweep.rates(agent)]
            rows.append("| " + " | ".join([agent, *cells]) + " |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


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
    parser.add_argument("--jobs", type=int, default=2, help="trainings at once")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "reproduction")
    parser.add_argument("--page", action="store_true", help="write docs/reproduction.md")
    given = parser.parse_args()
    wanted = given.only.split(",")
    if unknown := set(wanted) - set(names):
        parser.error(f"unknown settings {', '.join(sorted(unknown))}; allowed: {', '.join(names)}")
    for setting in SETTINGS if not given.page else ():
        if setting.name in wanted:
            produce(setting, given.jobs, given.out)
    if given.page:
        write_page(given.out, ROOT / "docs" / "reproduction.md")


if __name__ == "__main__":
    main()
