"""The metrics of ConvSim searches, as data: what was found, by round, and what it cost the user."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recosim.envs.convsim.columns import IMPATIENT, SATISFIED, after_round
from recosim.envs.convsim.rules import SearchRules
from recosim.metrics import Curve, Episodes, Leading, Metric, Scatter

__all__ = [
    "found_within",
    "gains",
    "gaps",
    "metrics",
    "plots",
    "reciprocal_ranks",
    "went",
]

# Rounds that the main table shows, at most; the curve has them all.
SHOWN = 4


def metrics(rules: SearchRules) -> tuple[Metric, ...]:
    """What is measured under some rules; docs/convsim.md, section 6, says what each number is.

    Every table says where a search began, where it stood after each round, what could be found at
    most, and the effort: an nDCG without them means nothing.
    """
    return (
        _headline(rules),
        *_rounds(rules),
        *_gap(rules),
        *_found(rules),
        *_effort(),
        Metric(
            "reward",
            "Reward",
            "reward",
            better="higher",
            place="main",
            headline=True,
            help=f"Reward: the last list's nDCG, less what questions ({rules.rewards.question:g}) "
            f"and words ({rules.rewards.word:g}) cost.",
        ),
        *_moves(),
    )


def plots(rules: SearchRules) -> tuple[Scatter, ...]:
    """What is drawn beside the curve: what was gained against what it cost the user."""
    return (
        Scatter(
            "Gain against effort",
            x="words",
            y="gain",
            corners=(
                "much for few words",
                "much for many words",
                "little for few words",
                "little for many words",
            ),
            alt="gain in nDCG over the first query against words that the user said",
        ),
        Scatter(
            "Gain against turns",
            x="turns",
            y="gain",
            alt="gain in nDCG over the first query against turns of a search",
        ),
    )


def gains(episodes: Episodes) -> NDArray[np.float64]:
    """nDCG of the last list less that of what the first query finds; float64 (searches,)."""
    return _less(episodes, "ndcg")


def gaps(episodes: Episodes) -> NDArray[np.float64]:
    """nDCG that the need finds less that of what the first query finds; float64 (searches,)."""
    return _less(episodes, "ceiling")


def reciprocal_ranks(rank: str, episodes: Episodes) -> NDArray[np.float64]:
    """1 / a place ("rank" or "best_rank"), 0 where there is none; float64 (searches,)."""
    places = episodes[rank].astype(np.float64)
    found = np.zeros(len(places))
    return np.divide(1.0, places, out=found, where=places > 0)


def found_within(k: int, episodes: Episodes) -> NDArray[np.bool_]:
    """Whether one of the first k documents of the last list is relevant; bool (searches,)."""
    return (episodes["rank"] > 0) & (episodes["rank"] <= k)


def went(how: int, episodes: Episodes) -> NDArray[np.bool_]:
    """Whether the user went, 1 satisfied or 2 impatient; bool (searches,)."""
    gone: NDArray[np.bool_] = episodes["leaving"] == how
    return gone


def _headline(rules: SearchRules) -> Metric:
    name = f"nDCG@{rules.ndcg_at}"
    told = f"{name}: of the last list."
    if rules.oracle_stop:
        told = (
            f"{told} Searches were stopped by the true nDCG (from {rules.stop_at:g} on), which no "
            "system knows: oracle stop."
        )
    return Metric(
        name,
        _named(name, rules),
        "ndcg",
        better="higher",
        place="main",
        headline=True,
        interval=True,
        help=told,
        leading=Leading(
            best="ends with the best lists",
            alone="ends with lists of {value}",
            verb=("has", "have"),
            worse="less",
            gap=f"{name} against {{leader}}",
            hidden="the need",
            race_label="Better / equal / worse",
            race_help="Better: the last list of the first has the higher nDCG.",
        ),
    )


def _rounds(rules: SearchRules) -> Iterator[Metric]:
    name = f"nDCG@{rules.ndcg_at}"
    yield Metric(
        "start",
        "Start",
        "start_ndcg",
        better="higher",
        place="main",
        help=f"Start: {name} of what the first query finds (start: {rules.start}); then after the "
        "first list and after each further round, where a search that ended keeps its last list.",
    )
    curve = Curve(
        name=name,
        label=_named(name, rules),
        title=f"{_named(name, rules)} by round",
        axis="round (0: the first list)",
        alt=f"{name} by round, with start and ceiling",
        levels=("start", "ceiling"),
    )
    shown = {*range(min(SHOWN, rules.rounds)), rules.rounds - 1}
    for r in range(rules.rounds + 1):
        yield Metric(
            f"round@{r}",
            f"Round {r}" if r else "First list",
            after_round(r),
            better="higher",
            # After the last round stands the headline.
            place="main" if r in shown and r < rules.rounds else "",
            curve=curve,
            at=r,
        )


def _gap(rules: SearchRules) -> Iterator[Metric]:
    name = f"nDCG@{rules.ndcg_at}"
    yield Metric(
        "ceiling",
        "Ceiling",
        "ceiling",
        better="higher",
        place="main",
        help=f"Ceiling: {name} of what the need as query finds.",
    )
    yield Metric(
        "closed",
        "Gap closed",
        gains,
        gaps,
        better="higher",
        place="main",
        help="Gap closed: of the way from start to ceiling, all searches together.",
    )
    yield Metric("gain", "Gain over the start", gains, better="higher")


def _found(rules: SearchRules) -> Iterator[Metric]:
    k, at = rules.top_k, rules.ndcg_at
    help = "mean reciprocal rank and recall of the last list"
    yield Metric(
        "MRR",
        f"MRR@{k}",
        partial(reciprocal_ranks, "rank"),
        better="higher",
        place="behaviour",
        help=help,
    )
    yield Metric(
        "best_MRR", "MRR of the best list", partial(reciprocal_ranks, "best_rank"), better="higher"
    )
    yield Metric(
        "recall",
        f"Recall@{k}",
        "recall",
        better="higher",
        place="behaviour",
        help=help,
    )
    yield Metric(
        "success",
        f"Success@{at}",
        partial(found_within, at),
        better="higher",
        place="main",
        help=f"Success@{at}: a relevant document is among the first {at} of the last list.",
    )


def _effort() -> Iterator[Metric]:
    yield Metric(
        "words",
        "Words",
        "words",
        better="lower",
        digits=2,
        place="main",
        headline=True,
        help="Words: what the user says in a search (an answer is one, so is each term that is "
        "named; thumbs cost none).",
    )
    yield Metric("questions", "Questions", "questions", digits=2, place="main")
    yield Metric(
        "valid",
        "Valid questions",
        "valid",
        "questions",
        better="higher",
        place="behaviour",
        help="questions answered with yes, or with a term, as a share",
    )


def _moves() -> Iterator[Metric]:
    help = "moves of a search"
    for name in ("turns", "lists", "reflects", "illegal"):
        label = name.capitalize()
        yield Metric(name, label, name, digits=2, place="behaviour", help=help)
    yield Metric(
        "named",
        "Terms named",
        "named",
        digits=2,
        place="behaviour",
        help="terms of their need that users name, off-topic ones among them",
    )
    help = "shares of users who leave satisfied, and impatiently"
    for name, label, how in (
        ("satisfied", "Satisfied", SATISFIED),
        ("left", "Left", IMPATIENT),
    ):
        yield Metric(name, label, partial(went, how), place="behaviour", help=help)


def _named(name: str, rules: SearchRules) -> str:
    """A metric by its label, which says so where the true nDCG stopped the searches."""
    return f"{name} (oracle stop)" if rules.oracle_stop else name


def _less(episodes: Episodes, name: str) -> NDArray[np.float64]:
    return episodes[name].astype(np.float64) - episodes["start_ndcg"].astype(np.float64)
