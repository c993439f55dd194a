"""The findings of docs/population.md: a duopoly, and markets of creators; prints their tables.

python benchmarks/population_findings.py duopoly --users 2000
python benchmarks/population_findings.py creators --users 600
python benchmarks/population_findings.py creators --users 600 --set appeal_pull=0
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from recosim.envs.registration import env_card
from recosim.envs.setup import Setup
from recosim.multi.market import Market
from recosim.multi.measures import summarise
from recosim.multi.plan import labels
from recosim.multi.platforms import make_platforms
from recosim.multi.shard import play_chunk
from recosim.multi.society import Society
from recosim.multi.tally import Tally

ENV = "RecoWorld-LastFM"
CREATORS = 50
# What is printed of a market of creators: title, digits.
FIGURES = {
    "sessions of a user": 2,
    "sessions in the last week": 3,
    "clicks of a user": 1,
    "true utility of a user": 1,
    "utility of a click": 4,
    "disappointment of a click": 4,
    "net gain of a user": 2,
    "exits out of disappointment, by session": 4,
    "left for good": 3,
    "exposure Gini over items, last week": 3,
    "likeness of users, week 4": 3,
    "variety of attributes released": 4,
    "creators alive": 2,
    "released as bait": 2,
    "released as craft": 2,
}


def prepare(users: str, **settings: float) -> Setup:
    card = env_card(ENV)
    return Setup.prepare(
        card.record, **{**card.arguments, "users": users, "split": "test", **settings}
    )


def said(values: NDArray[np.float64], digits: int, sign: bool = False) -> str:
    """Mean and half of the 95 % interval."""
    n = len(values)
    half = float(t.ppf(0.975, n - 1) * values.std(ddof=1) / n**0.5) if n > 1 else float("nan")
    return f"{values.mean():{'+' if sign else ''}.{digits}f} ± {half:.{digits}f}"


def duopoly(users: int, seeds: int) -> None:
    """Shares of the first platform of two, by users."""
    for kind in ("typical", "voiceless"):
        shares = {}
        for names in (("follow", "static"), ("static", "static")):
            found = []
            for seed in range(seeds):
                setup = prepare(kind)
                agents = make_platforms(names, setup, ENV)
                market = Market(setup, agents, min(users, 1024))
                tally = Tally.of(market)
                play_chunk(market, np.arange(users), seed)
                figures = summarise(tally.arrays, labels(names))["platforms"].values()
                found.append(next(iter(figures))["share"])
            shares[names] = np.array(found)
        one, other = shares.values()
        print(f"| `{kind}` | {said(one, 3)} | {said(other, 3)} | {said(one - other, 3, True)} |")


def measure(society: Society) -> Sequence[float]:
    """What `FIGURES` names, of a market that has ended."""
    found, a = society.summary(), society.tally.arrays
    clicks, users = a["clicks"].sum(), society.users
    offer = found["creators"]["offer"]
    platform = next(iter(found["platforms"].values()))
    return (
        found["sessions_per_user"],
        a["sessions"][:, -7:].sum() / users,
        clicks / users,
        found["utility_per_user"],
        a["utility"].sum() / 2**20 / clicks,
        a["let_down"].sum() / 2**20 / clicks,
        found["net_gain_per_user"],
        platform["exits"],
        found["gone"],
        float(np.mean(found["creators"]["item_gini"][-7:])),
        found["likeness"][3],
        offer["variety"],
        found["creators"]["alive"],
        offer["bait"],
        offer["craft"],
    )


def creators(users: int, seeds: int, kind: str, settings: dict[str, float]) -> None:
    """Markets of one rule each, beside that of creators who chase nothing."""
    by_rule = {}
    for rule in ("still", "chase_clicks", "chase_retention"):
        society = Society(prepare(kind, **settings), ["relevance"], [rule] * CREATORS, users)
        rows = []
        for seed in range(seeds):
            society.begin(seed)
            while not society.over:
                society.play()
            rows.append(measure(society))
        by_rule[rule] = np.array(rows)
    still, *others = by_rule.values()
    for k, (title, digits) in enumerate(FIGURES.items()):
        cells = [said(rows[:, k] - still[:, k], digits, True) for rows in others]
        print(f"| {title} | {still[:, k].mean():.{digits}f} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("finding", choices=["duopoly", "creators"])
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--population", default="binger")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    if given.finding == "duopoly":
        duopoly(given.users, given.seeds)
    else:
        settings = {name: float(value) for name, value in (pair.split("=") for pair in given.set)}
        creators(given.users, given.seeds, given.population, settings)


if __name__ == "__main__":
    main()
