"""What has to come out of RecoWorld, each with its control, as tables in Markdown.

    python benchmarks/recoworld_findings.py --out results/recoworld      play what is missing, write
    python benchmarks/recoworld_findings.py --out results/recoworld --only follow,clicks

Every difference is paired (the same users, the same luck), its interval a bootstrap over users.
What was played is kept in the folder, so that the command goes on where it was stopped; an agent
that learns needs its checkpoints (`recosim train AGENT RecoWorld-LastFM --seeds 5`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from recosim.agents.checkpoints import checkpoint_root
from recosim.agents.registry import make_agent
from recosim.bench.entrants import enter
from recosim.bench.metrics import compare_and_summarise
from recosim.bench.rollout import play_batch
from recosim.bench.setup import BenchEnv, prepare_env
from recosim.bench.stats import Estimate
from recosim.checked import json_digest
from recosim.envs.recorder import Recorder
from recosim.envs.recoworld.metrics import metrics
from recosim.errors import CheckpointError
from recosim.files import write_text
from recosim.metrics import Episodes, Metric
from recosim.world.world import World

ENV = "RecoWorld-LastFM"
NAMES = {"quality": "fair", "opposite": "misleading"}
SEEDS = range(5)
EXTRA = (Metric("clicks_life", "Clicks of a life", "clicks", better="higher", digits=1),)
SHOWN = (
    *("active_days", "clicks_life", "click_rate", "utility", "utility_life", "ndcg"),
    *("follow", "over", "lost"),
)
# A gardener that spaces attributes at any price: other settings of an agent, by the name shown.
VARIANTS = {"gardener, spaced": ("gardener", {"spacing": 0.2})}


@dataclass(frozen=True)
class Part:
    """One comparison or table of the page.

    Attributes:
        title: what it is about.
        agents: by name; the first is held against each of the others.
        arguments: of the environment, where they differ from its card.
        appeal: what the items promise: as "drawn", their "quality", or its "opposite".
    """

    title: str
    agents: tuple[str, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    appeal: Literal["drawn", "quality", "opposite"] = "drawn"


SCOPED = {"users": "vocal", "conditional": 0.5}
PLAIN = {"users": "vocal", "conditional": 0.0, "instruct_scope": "always"}
PARTS = {
    "follow": Part("1. Following instructions, users `typical`", ("follow", "static")),
    "follow_vocal": Part(
        "1. Following instructions, users `vocal`", ("follow", "static"), {"users": "vocal"}
    ),
    "follow_voiceless": Part(
        "1. Control: users `voiceless`", ("follow", "static"), {"users": "voiceless"}
    ),
    "over": Part("5. Over-application, scoped and conditional", ("apply_all", "follow"), SCOPED),
    "over_plain": Part(
        "5. Control: instructions without condition that always hold",
        ("apply_all", "follow"),
        PLAIN,
    ),
    "clicks": Part("2. Chasing appeal and clicks", ("gardener", "clickbait", "greedy_clicks")),
    "clicks_fair": Part(
        "2. Control: appeal is quality",
        ("gardener", "clickbait", "greedy_clicks"),
        appeal="quality",
    ),
    "bait": Part("2. The same agent with and without appeal", ("clickbait", "static")),
    "bait_opposite": Part(
        "2. The same where appeal misleads", ("clickbait", "static"), appeal="opposite"
    ),
    "bait_fair": Part(
        "2. The same where appeal is quality", ("clickbait", "static"), appeal="quality"
    ),
    "repeats": Part(
        "3. Accuracy and return: what may be shown again",
        ("static",),
        {"repeats": "none"},
    ),
    "quadrant": Part(
        "3. Accuracy and return", ("gardener, spaced", "static", "follow", "greedy_clicks")
    ),
    "learned": Part("4. Trained on retention", ("maskable_ppo", "greedy_clicks", "static")),
    "orchard": Part("4. The gardener, trained", ("orchard", "gardener", "greedy_clicks")),
    "table": Part(
        "All agents",
        (
            *(
                "orchard",
                "gardener",
                "random",
                "popular",
                "static",
                "follow",
                "apply_all",
                "clickbait",
            ),
            *("diversify", "follow_diversify", "greedy_clicks", "debias", "linucb", "thompson"),
            *("conucb", "conts"),
        ),
    ),
}


def with_appeal(world: World, kind: str) -> World:
    """The world again, in which items promise what they give, or the opposite of it."""
    appeal = world.item_quality if kind == "quality" else 1.0 - world.item_quality
    return replace(world, item_appeal=appeal, name=f"{world.name}, {NAMES[kind]}")


def environment(part: Part) -> BenchEnv:
    env = prepare_env(ENV, overrides=part.arguments)
    if part.appeal == "drawn":
        return env
    changed = replace(env.setup, world=with_appeal(env.setup.world, part.appeal))
    return replace(env, setup=changed, key=f"{env.key}.{NAMES[part.appeal]}")


def play(env: BenchEnv, name: str, seed: int, folder: Path, checkpoints: Path) -> Episodes:
    """The lives of an agent with a seed, played now or before."""
    path = folder / f"{env.key}-{digest_of(env)}" / f"{name.replace(', ', '-')}-{seed}.npz"
    if path.exists():
        with np.load(path) as kept:
            return Episodes({column: kept[column] for column in kept.files})
    started = time.perf_counter()
    batch = env.setup.batch(len(env.conversations), threads=2)
    if name in VARIANTS:
        card, settings = VARIANTS[name]
        agent = make_agent(card, env.name, **settings)
        agent.bind(batch)
    else:
        entrant = enter(
            name, env.name, env.place, env.setup, env.usual, env.fitted, [seed], checkpoints
        )
        agent = entrant.ready(batch, seed)
    recorder = Recorder(batch)
    play_batch(batch, agent, env.units, env.conversations, seed, recorder)
    episodes = recorder.trace(name, seed, env.setup.metadata(env.id)).episodes()
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **{column: episodes[column] for column in episodes})
    print(f"{env.key} {name} seed {seed}: {time.perf_counter() - started:.0f} s", flush=True)
    return episodes


def digest_of(env: BenchEnv) -> str:
    """What lives hang on beside the agent and the seed: another card of users is another folder."""
    setup = env.setup
    whole = {
        "users": setup.users.to_dict(),
        "rules": setup.protocol.to_dict(),
        "world": [setup.world.fingerprint, setup.world.name],
        "estimator": env.fitted,
    }
    return json_digest(whole)[:12]


def number(estimate: Estimate | None, digits: int, *, sign: bool = False) -> str:
    """ "+0.48 [0.31, 0.65]" """
    if estimate is None:
        return "-"
    form = f"{'+' if sign else ''}.{digits}f"
    ends = ""
    if estimate.low is not None and estimate.high is not None:
        ends = f" [{estimate.low:{form}}, {estimate.high:{form}}]"
    return f"{estimate.value:{form}}{ends}"


def tell(part: Part, folder: Path, checkpoints: Path) -> list[str]:
    """The tables of a part, in Markdown."""
    env = environment(part)
    played: dict[str, dict[int, Episodes]] = {}
    for name in part.agents:
        try:
            played[name] = {seed: play(env, name, seed, folder, checkpoints) for seed in SEEDS}
        except CheckpointError as error:
            print(f"{name} is left out: {error}", flush=True)
    if not played:
        return []
    measured = [
        replace(m, headline=True, better=m.better or "higher")
        for m in (*metrics(env.setup.protocol), *EXTRA)
        if m.name in SHOWN
    ]
    summaries, comparisons = compare_and_summarise(played, measured)
    heads = [f"| agent | {' | '.join(m.label for m in measured)} |"]
    heads.append(f"|---|{'---|' * len(measured)}")
    order = sorted(played, key=lambda name: -_value(summaries[name]["active_days"]))
    rows = [
        f"| `{name}` | "
        + " | ".join(number(summaries[name][m.name], max(m.digits, 2)) for m in measured)
        + " |"
        for name in order
    ]
    lines = [f"### {part.title}", "", *heads, *rows, ""]
    first = part.agents[0]
    differences = [c for c in comparisons if c.a == first]
    if differences:
        lines += [f"| `{first}` minus | {' | '.join(m.label for m in measured)} |", heads[1]]
        for c in differences:
            cells = (
                number(c.differences.get(m.name), max(m.digits, 2), sign=True) for m in measured
            )
            lines.append(f"| `{c.b}` | {' | '.join(cells)} |")
        lines.append("")
    return lines


def _value(estimate: Estimate | None) -> float:
    return -np.inf if estimate is None else estimate.value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of what was played")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--checkpoints", type=Path, default=checkpoint_root())
    given = parser.parse_args()
    for name in given.only.split(","):
        lines = tell(PARTS[name], given.out, given.checkpoints)
        write_text(given.out / f"{name}.md", "\n".join(lines))
        print("\n".join(lines), flush=True)
    whole = [given.out / f"{name}.md" for name in PARTS]
    told = [path.read_text(encoding="utf-8") for path in whole if path.exists()]
    write_text(given.out / "findings.md", "\n".join(told))


if __name__ == "__main__":
    main()
