"""What has to come out of ConvSim, each with its controls, as tables in Markdown.

    python benchmarks/convsim_findings.py --data ../shared/data --out results/convsim
    python benchmarks/convsim_findings.py --data ../shared/data --out results/convsim --only when

The collections are the user's own (TREC CAsT 2022, Cranfield, SciFact) and the built-in ones. All
is played through the family: its users, its rules, its agents. Differences are paired (the same
needs, the same luck); intervals are a bootstrap over topics. `belief` is trained on the train
split, once for each seed; what was trained and imported is kept in the folder.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scifact import scifact_as_beir

from recosim.acts import Verb
from recosim.agents.base import Agent
from recosim.agents.checkpoints import Place, checkpoint_key
from recosim.agents.learner import Learner
from recosim.agents.registry import make_agent
from recosim.agents.training import train
from recosim.bench.stats import interval, resampled_totals
from recosim.envs.convsim.rules import Kind
from recosim.envs.setup import Setup
from recosim.files import write_text
from recosim.world.arrays import SPLITS
from recosim.world.catalog import open_world
from recosim.world.importers import import_data
from recosim.world.storage import open_folder, save_world
from recosim.world.world import World

SEEDS = (0, 1, 2)
RESAMPLES, LEVEL, LUCK = 2000, 0.95, 20240601
ALL = ("train", "valid", "test")
CAST = {"protocol": "search"}  # starts with the utterance and two before it
PART = {"protocol": "partial"}  # starts with the need, 40 % of it unsaid
REAL = {"cast2022": CAST, "cranfield": PART, "scifact": PART}
WHEN = {"scifact": PART, "cranfield": PART, "lastfm-search": CAST}
HELD = ("valid", "test")  # what nothing was learned from
TITLES = {
    "cast2022": "CAsT 2022",
    "cranfield": "Cranfield",
    "scifact": "SciFact",
    "lastfm-search": "`lastfm-search`",
}
PAPER = (
    "ConvSim (arXiv 2304.13874), other passages and rankers: +16 % after one round, +35 % after "
    "three."
)
# Questions of those that always ask.
EFFORTS = (1, 2, 4, 8)

Floats = NDArray[np.float64]


# ---- collections ------------------------------------------------------------------------------


def collection(name: str, data: Path, out: Path) -> World | None:
    """A collection by its name, imported once; None where its files are not there."""
    kinds: dict[str, tuple[str, Callable[[], Path], dict[str, Any]]] = {
        "cast2022": ("cast", lambda: data / "cast2022", {}),
        "cranfield": ("trec", lambda: data / "cranfield", {"topic_ids": "position"}),
        "scifact": ("beir", lambda: scifact_as_beir(data / "scifact", out / "beir"), {}),
    }
    if name not in kinds:
        return open_world(name)
    folder = out / "worlds" / name
    if folder.is_dir():
        return open_folder(folder)
    if not (data / name).is_dir():
        print(f"{name} is left out: it is not in {data}", flush=True)
        return None
    kind, path, options = kinds[name]
    return save_world(import_data(kind, path(), name, **options), folder)


# ---- playing ----------------------------------------------------------------------------------


@dataclass
class Played:
    """Searches of one agent with one seed; a row for each need.

    Attributes:
        topic: int (n,). ndcg: (n, rounds + 1), of each list; one that was not shown, as the last.
        words_by: the same, words said before the list. start, ceiling: (n,).
        words, asked, thumbs: (n,), what users said in all; questions; documents that got a thumb.
        closed, valid: questions about a term or a facet; those that were answered YES or VALUE.
        utility, reward: (n,).
    """

    topic: NDArray[np.int64]
    ndcg: Floats
    words_by: Floats
    start: Floats
    ceiling: Floats
    words: Floats
    asked: Floats
    closed: Floats
    valid: Floats
    thumbs: Floats
    utility: Floats
    reward: Floats


def play(setup: Setup, agent: Agent, seed: int, splits: Sequence[str]) -> Played:
    """All needs of some splits, one search each."""
    parts, topics = [], setup.world.topics
    assert topics is not None
    for split in (s for s in splits if (topics.split == SPLITS.index(s)).any()):
        here = Setup(setup.family, setup.world, setup.vectors, setup.protocol, setup.users, split)
        parts.append(_play(here, agent, seed, here.units().table))
    fields = Played.__dataclass_fields__
    return Played(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in fields})


def _play(setup: Setup, agent: Agent, seed: int, units: NDArray[np.int32]) -> Played:
    n, lists = len(units), setup.protocol.rounds + 1
    batch = setup.batch(n, threads=2)
    weights = agent.weights() if isinstance(agent, Learner) else {}
    agent.bind(batch)
    if isinstance(agent, Learner):
        agent.set_weights(weights)
    a = batch.arrays
    a["done"][:] = 1
    batch.open(seeds=np.full(n, seed, np.uint64), conversations=np.arange(n), units=units)
    running = np.ones(n, dtype=bool)
    agent.reset(running)
    ndcg, words_by = np.full((2, n, lists), np.nan)
    reward, closed, valid, thumbs = np.zeros((4, n))
    while running.any():
        before = a["words"].copy()
        batch.step(agent.act())
        agent.observe(running)
        shown = np.flatnonzero(running & (a["verb"] == Verb.RECOMMEND))
        ndcg[shown, a["lists"][shown] - 1] = a["ndcg"][shown]
        words_by[shown, a["lists"][shown] - 1] = before[shown]
        thumbs[shown] += (a["levels"][shown] >= 0).sum(axis=1)
        asked = running & (a["verb"] == Verb.ASK) & (a["about"] < batch.n_askables - 1)
        closed += asked
        valid += asked & np.isin(a["kind"], (Kind.YES, Kind.VALUE))
        reward += np.where(running, a["reward"], 0.0)
        running = a["done"] == 0
    for k in range(lists):  # who has left has seen no better list
        gone = np.isnan(ndcg[:, k])
        ndcg[gone, k] = ndcg[gone, k - 1] if k else 0.0
        words_by[gone, k] = a["words"][gone]
    return Played(
        topic=a["user"].astype(np.int64),
        ndcg=ndcg,
        words_by=words_by,
        start=a["start_ndcg"].copy(),
        ceiling=a["ceiling"].copy(),
        words=a["words"].astype(np.float64),
        asked=a["asked"].astype(np.float64),
        closed=closed,
        valid=valid,
        thumbs=thumbs,
        utility=a["utility"].copy(),
        reward=reward,
    )


def joined(runs: Sequence[Played]) -> Played:
    """The same agent under several seeds."""
    fields = Played.__dataclass_fields__
    return Played(**{name: np.concatenate([getattr(p, name) for p in runs]) for name in fields})


@dataclass
class Stage:
    """Where searches are played: a collection, its rules, its users."""

    world: World
    users: Mapping[str, Any]
    rules: Mapping[str, Any]
    splits: Sequence[str]
    out: Path
    taught: Mapping[str, Any] | None = None  # users of the training, where they are others

    @property
    def setup(self) -> Setup:
        return self.prepare("test")

    def prepare(self, split: str) -> Setup:
        return Setup.prepare("convsim", world=self.world, split=split, **self.rules, **self.users)

    def run(self, name: str, **settings: Any) -> Played:
        """An agent under every seed; one that learns has learned on the train split."""
        started, setup = time.perf_counter(), self.setup
        runs = []
        for seed in SEEDS:
            agent = make_agent(name, **settings)
            if isinstance(agent, Learner):
                agent.set_weights(self.learned(name, seed, agent))
            runs.append(play(setup, agent, seed, self.splits))
        told = ", ".join(f"{k} {v}" for k, v in settings.items())
        seconds = time.perf_counter() - started
        print(f"  {self.world.name}: {name} {told}: {seconds:.0f} s", flush=True)
        return joined(runs)

    def learned(self, name: str, seed: int, agent: Learner) -> Any:
        """What an agent has learned on the train split, with the settings that it learns with."""
        taught = self if self.taught is None else replace(self, users=self.taught)
        setup, learner = taught.prepare("train"), make_agent(name)
        assert isinstance(learner, Learner)
        key = checkpoint_key(learner, setup, {"name": "mf"})
        place = Place(self.out / "checkpoints", self.world.name, name, key, seed)
        weights = train(learner, setup, place).weights()
        agent.bind(setup.batch(1, threads=1))
        return weights


# ---- intervals --------------------------------------------------------------------------------


def bootstrap(
    topic: NDArray[np.int64],
    columns: Sequence[Floats],
    of: Callable[[Floats], Floats],
) -> tuple[float, float, float]:
    """A function of sums over searches, and its interval; whole topics are drawn again.

    Args:
        of: (..., columns) sums -> (...,) values.
    """
    _, index = np.unique(topic, return_inverse=True)
    sums = np.stack([np.bincount(index, weights=c) for c in columns], axis=1)
    draws = of(resampled_totals(sums, resamples=RESAMPLES, seed=LUCK))
    low, high = interval(draws[:, None], len(sums), LEVEL)
    return float(of(sums.sum(axis=0))), float(low[0]), float(high[0])


def percent(topic: NDArray[np.int64], above: Floats, below: Floats, less: float) -> str:
    """ "+30 % [+18 %, +44 %]" """
    value, low, high = bootstrap(topic, [above, below], lambda s: s[..., 0] / s[..., 1] - less)
    return f"{100 * value:+.0f} % [{100 * low:+.0f}, {100 * high:+.0f}]"


def difference(topic: NDArray[np.int64], a: Floats, b: Floats, digits: int = 3) -> str:
    """ "+0.031 [+0.012, +0.050]", of two means over the same searches."""
    ones = np.ones(len(a))
    value, low, high = bootstrap(topic, [a - b, ones], lambda s: s[..., 0] / s[..., 1])
    return f"{value:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"


def share(topic: NDArray[np.int64], part: Floats, whole: Floats) -> str:
    """ "83 % [80, 86]" """
    if not whole.sum():
        return "-"
    value, low, high = bootstrap(topic, [part, whole], lambda s: s[..., 0] / s[..., 1])
    return f"{100 * value:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def table(head: str, rows: Sequence[Sequence[str]]) -> list[str]:
    heads = head.split(" | ")
    rule = "|".join(["---"] + ["--:" if h.startswith("#") else "---" for h in heads[1:]])
    lines = [f"| {' | '.join(h.lstrip('#') for h in heads)} |", f"|{rule}|"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


# ---- the parts --------------------------------------------------------------------------------

HELPFUL = {"users": "helpful"}
WAYS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("append", "append", HELPFUL),
    ("append, RM3", "rm3", HELPFUL),
    ("append, rarest", "append", {**HELPFUL, "naming": "rare"}),
    ("thumbs", "rocchio", {"users": "mute"}),
    ("random terms", "append", {"users": "random_terms"}),
    ("no feedback", "bm25", {"users": "mute"}),
)


def feedback(data: Path, out: Path) -> list[str]:
    """What feedback is worth: start, each round, ceiling, controls."""
    rows = []
    for name, rules in REAL.items():
        world = collection(name, data, out)
        if world is None:
            continue
        starts: dict[str, Mapping[str, Any]] = {"need, 40 % dropped": rules}
        if name == "cast2022":
            starts = {
                "utterance + 2 before": rules,
                "bare utterance": {**rules, "before": 0},
                "manual rewrite": {**rules, "start": "rewrite"},
            }
        for start, how in starts.items():
            for way, agent, users in WAYS:
                p = Stage(world, users, how, ALL, out).run(agent)
                rounds = ", ".join(f"{x:.3f}" for x in p.ndcg[:, 1:].mean(axis=0))
                gap = p.ceiling.mean() - p.start.mean()
                closed = "(gap < .05)"
                if gap > 0.05:
                    closed = percent(p.topic, p.ndcg[:, -1] - p.start, p.ceiling - p.start, 0.0)
                rows.append(
                    [
                        f"{TITLES[name]}, {start}",
                        way,
                        f"{p.ndcg[:, 0].mean():.3f}",
                        rounds,
                        f"{p.ceiling.mean():.3f}",
                        percent(p.topic, p.ndcg[:, 1], p.ndcg[:, 0], 1.0),
                        percent(p.topic, p.ndcg[:, -1], p.ndcg[:, 0], 1.0),
                        closed,
                        f"{p.words_by[:, -1].mean():.1f}",
                    ]
                )
    head = (
        "collection, start | way | #start | rounds 1, 2, 3 | #need | gain after 1 | gain after 3 | "
        "gap closed | #words"
    )
    return [*table(head, rows), PAPER, ""]


def at_equal_effort(belief: Played, curve: Mapping[int, Played]) -> str:
    """nDCG of `belief` less that of asking always, read off between two budgets at its own effort.

    Between two budgets one who tosses a coin which of them to spend has the means of both.
    """
    efforts = {m: float(p.words.mean()) for m, p in curve.items()}
    order, own = sorted(efforts, key=lambda m: efforts[m]), float(belief.words.mean())
    above = next((m for m in order if efforts[m] >= own), order[-1])
    below = order[max(order.index(above) - 1, 0)]
    a, b, ones = curve[below], curve[above], np.ones(len(belief.words))
    columns = [belief.utility, belief.words, a.utility, a.words, b.utility, b.words, ones]

    def of(s: Floats) -> Floats:
        means = s / s[..., 6:7]
        gap = means[..., 5] - means[..., 3]
        way = np.where(
            np.abs(gap) > 1e-9, (means[..., 1] - means[..., 3]) / np.where(gap, gap, 1), 0
        )
        way = np.clip(way, 0.0, 1.0)
        line: Floats = means[..., 2] + way * (means[..., 4] - means[..., 2])
        return means[..., 0] - line

    value, low, high = bootstrap(belief.topic, columns, of)
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"


def when(data: Path, out: Path) -> list[str]:
    """Choosing when to ask, beside never and always, on topics that nothing was learned from."""
    lines = []
    for name, rules in WHEN.items():
        world = collection(name, data, out)
        if world is None:
            continue
        for users, rounds in (("helpful", 0), ("typical", 0), ("typical", 3)):
            stage = Stage(world, {"users": users}, {**rules, "rounds": rounds}, HELD, out)
            never = stage.run("append")
            fixed = {m: stage.run("always_ask", most=m) for m in EFFORTS}
            believed = {m: stage.run("belief", always=m) for m in EFFORTS}
            ours = {w: stage.run("belief", worth=w) for w in (1.0, 2.0)}
            runs = {"never asks": never}
            runs |= {f"`always_ask`, {m} questions": p for m, p in fixed.items()}
            runs |= {f"`belief`'s question, {m} always": p for m, p in believed.items()}
            runs |= {f"`belief`, worth {w:g}": p for w, p in ours.items()}
            rows = []
            for label, p in runs.items():
                equal = ["", ""]
                if label.startswith("`belief`, "):
                    equal = [
                        at_equal_effort(p, {0: never, **fixed}),
                        at_equal_effort(p, {0: never, **believed}),
                    ]
                rows.append(
                    [
                        label,
                        f"{p.asked.mean():.2f}",
                        f"{p.words.mean():.2f}",
                        f"{p.utility.mean():.3f}",
                        f"{p.reward.mean():.3f}",
                        difference(p.topic, p.reward, never.reward),
                        *equal,
                    ]
                )
            topics = len(np.unique(never.topic))
            lines += [f"**{TITLES[name]}, users `{users}`, {rounds} lists after the first** "
                      f"({topics} held-out topics)", ""]  # fmt: skip
            lines += table(
                "agent | #questions | #words | #nDCG | #reward | reward less never | nDCG less "
                "`always_ask` at equal words | less `belief`'s questions always",
                rows,
            )
    return lines


def developer(data: Path, out: Path) -> list[str]:
    """Developer clarification: is what is asked about what the query misses?"""
    lines = []
    for name, users in product(("docs", "lastfm-search"), ("helpful", "typical")):
        world = collection(name, data, out)
        assert world is not None
        stage = Stage(world, {"users": users}, {"protocol": "developer"}, HELD, out)
        never = stage.run("append")
        runs = {
            "`append` (never asks)": never,
            "`random`": stage.run("random"),
            "`clarify`": stage.run("clarify"),
            "`always_ask`, 1": stage.run("always_ask", most=1),
            "`always_ask`, 3": stage.run("always_ask", most=3),
            "`always_ask`, 3, shortlist `model`": stage.run(
                "always_ask", most=3, shortlist="model"
            ),
            "`belief`": stage.run("belief"),
            "`belief`, 1 always": stage.run("belief", always=1),
            "`belief`, 3 always": stage.run("belief", always=3),
            "`oracle`": stage.run("oracle"),
        }
        rows = [
            [
                label,
                f"{p.asked.mean():.2f}",
                f"{p.closed.mean():.2f}",
                share(p.topic, p.valid, p.closed),
                f"{p.words.mean():.2f}",
                f"{p.utility.mean():.3f}",
                difference(p.topic, p.utility, never.utility),
                f"{p.reward.mean():.3f}",
            ]
            for label, p in runs.items()
        ]
        ends = f"start {never.start.mean():.3f}, need {never.ceiling.mean():.3f}"
        lines += [f"**`{name}`, preset `developer`, users `{users}`** ({ends})", ""]
        head = (
            "agent | #questions | #of terms and facets | valid of these | #words | #nDCG | "
            "nDCG less never | #reward"
        )
        lines += table(head, rows)
    return lines


def stages(data: Path, out: Path) -> list[str]:
    """Feedback on a stage: on the query, on the list, a thumb at the end; equally many acts."""
    ways: tuple[tuple[str, str, Mapping[str, Any], Mapping[str, Any]], ...] = (
        ("a thumb at the end", "bm25", {"users": "mute"}, {"rounds": 0, "reads": 1}),
        ("the list: a thumb each round", "rocchio", {"users": "mute"}, {"reads": 1}),
        ("the list: three thumbs each round", "rocchio", {"users": "mute"}, {"reads": 3}),
        (
            "the query: a word each round",
            "append",
            {"users": "helpful", "feedback": "critique", "examination": 0.0},
            {"reads": 1},
        ),
        (
            "the query: a word, and one to take out",
            "append",
            {"users": "helpful", "feedback": "edit", "examination": 0.0},
            {"reads": 1},
        ),
        (
            "both: a word and a thumb each round",
            "rocchio",
            {"users": "helpful", "feedback": "critique", "examination": 0.0},
            {"reads": 1},
        ),
    )
    rows = []
    for name, rules in REAL.items():
        world = collection(name, data, out)
        if world is None:
            continue
        base: Played | None = None
        for label, agent, users, changed in ways:
            p = Stage(world, users, {**rules, **changed}, ALL, out).run(agent)
            base = base or p
            rows.append(
                [
                    TITLES[name],
                    label,
                    f"{p.words_by[:, -1].mean():.1f}",
                    f"{p.thumbs.mean():.1f}",
                    f"{p.utility.mean():.3f}",
                    difference(p.topic, p.utility, base.utility),
                ]
            )
    head = "collection | feedback | #words | #thumbs | #nDCG | nDCG less a thumb at the end"
    return table(head, rows)


BUILT_IN = ("docs", "lastfm-search", "yelp-small-search")
AGENTS = ("bm25", "append", "rocchio", "rm3", "clarify", "always_ask", "random", "belief", "oracle")


def everyone(data: Path, out: Path) -> list[str]:
    """All agents on the built-in collections."""
    lines = []
    for name in BUILT_IN:
        world = collection(name, data, out)
        assert world is not None
        for users in ("helpful", "typical", "terse", "mute"):
            stage = Stage(world, {"users": users}, CAST, HELD, out, {"users": "typical"})
            runs = {agent: stage.run(agent) for agent in AGENTS}
            rows = [
                [
                    f"`{agent}`",
                    f"{p.utility.mean():.3f}",
                    difference(p.topic, p.utility, runs["bm25"].utility),
                    f"{p.reward.mean():.3f}",
                    f"{p.asked.mean():.2f}",
                    f"{p.words.mean():.2f}",
                ]
                for agent, p in runs.items()
            ]
            lines += [f"**`{name}`, users `{users}`**", ""]
            head = "agent | #nDCG | nDCG less `bm25` | #reward | #questions | #words"
            lines += table(head, rows)
    return lines


PARTS: dict[str, tuple[str, Callable[[Path, Path], list[str]]]] = {
    "feedback": ("1. What feedback is worth", feedback),
    "when": ("2. When to ask", when),
    "developer": ("3. Developer clarification", developer),
    "stages": ("4. Feedback on a stage", stages),
    "everyone": ("5. All agents", everyone),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True, help="folder of what was made")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    given = parser.parse_args()
    for name in given.only.split(","):
        title, make = PARTS[name]
        lines = [f"## {title}", "", *make(given.data, given.out)]
        write_text(given.out / f"{name}.md", "\n".join(lines))
        print("\n".join(lines), flush=True)
    told = [given.out / f"{name}.md" for name in PARTS]
    texts = [path.read_text(encoding="utf-8") for path in told if path.exists()]
    write_text(given.out / "findings.md", "\n".join(texts))


if __name__ == "__main__":
    main()
