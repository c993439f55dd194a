"""The metrics of CPR conversations, as data: definitions are those of docs/protocols.md."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from recosim.envs.cpr.protocol import Protocol
from recosim.metrics import Curve, Episodes, Leading, Metric

__all__ = ["first_hit", "hdcg_gains", "hits_within", "items_taken", "metrics", "turns_to_hit"]

SUCCESS = Curve(
    name="success",
    label="Success rate",
    title="Success rate within t turns",
    axis="turn t",
    steps="Hits at each turn",
    step="turn",
    rest="No hit",
    alt="Success rate by turn, turns to the hit",
)


def metrics(rules: Protocol) -> tuple[Metric, ...]:
    """What is measured under a protocol.

    Where no questions can be asked, the faithfulness of the reasons for a list stands in the main
    table in place of the questions that were accepted.
    """
    turns = rules.max_turns
    marks = {max(1, turns // 3), max(1, 2 * turns // 3), turns}
    asks = rules.question != "none"
    success = (
        Metric(
            f"SR@{t}",
            f"SR@{t}",
            partial(hits_within, t),
            better="higher",
            place="main" if t in marks else "",
            headline=t == turns,
            interval=t == turns,
            help="SR@t: share of conversations with a hit within t moves.",
            curve=SUCCESS,
            at=t,
            formerly=f"success_rate.{t - 1}",
        )
        for t in range(1, turns + 1)
    )
    return (
        *success,
        Metric(
            "AT",
            "AT",
            partial(turns_to_hit, turns),
            better="lower",
            digits=2,
            place="main",
            headline=True,
            interval=True,
            help=f"AT: mean number of the move that hit, a failure counts {turns}.",
            leading=Leading(
                best="needs the fewest turns",
                alone="needs {value} turns",
                verb=("needs", "need"),
                worse="more",
                gap="Turns more than {leader}",
                hidden="the target",
                race=first_hit,
                race_label="Earlier / together / later",
                race_help="Earlier: the first hits at an earlier move.",
            ),
            formerly="average_turns",
        ),
        Metric(
            "hDCG",
            "hDCG",
            hdcg_gains,
            better="higher",
            place="main",
            headline=True,
            interval=True,
            formerly="hdcg",
        ),
        Metric(
            "accepted",
            "Questions accepted",
            "yes",
            "asks",
            place="main" if asks else "",
            formerly="acceptance",
        ),
        Metric(
            "faithfulness",
            "Faithfulness",
            "supported",
            "justified",
            better="higher",
            place="" if asks else "main",
            help="Faithfulness: share of shown items that have the attribute given as a reason.",
            formerly="faithfulness",
        ),
        Metric("reward", "Reward", "reward", better="higher", place="main", formerly="reward"),
        Metric(
            "taken",
            "Items taken",
            items_taken,
            digits=2,
            help="Items taken: how many the user took, mean.",
        ),
        *(
            Metric(
                name,
                name.capitalize(),
                name,
                digits=2,
                place="behaviour",
                help="Moves of a conversation",
                formerly=name,
            )
            for name in ("asks", "recommends", "reflects", "illegal")
        ),
        *(
            Metric(
                name,
                label,
                name,
                place="behaviour",
                help="the shares that ended with nothing left to ask or recommend, and by the "
                "user leaving",
                formerly=name,
            )
            for name, label in (("nothing_left", "Nothing left"), ("left", "Left"))
        ),
    )


def items_taken(episodes: Episodes) -> NDArray[np.int64]:
    """How many items the user took; a hit of an older result took one. int64 (conversations,)."""
    return np.maximum(episodes["taken"], episodes["hit_move"] > 0).astype(np.int64)


def hits_within(turns: int, episodes: Episodes) -> NDArray[np.bool_]:
    """Whether a list was a hit within so many moves; bool (conversations,)."""
    hit = episodes["hit_move"]
    return (hit > 0) & (hit <= turns)


def turns_to_hit(turns: int, episodes: Episodes) -> NDArray[np.int64]:
    """The number of the first move that hit, `turns` for a failure; int64 (conversations,)."""
    hit = episodes["hit_move"]
    return np.where(hit > 0, hit, turns).astype(np.int64)


def first_hit(episodes: Episodes) -> NDArray[np.int64]:
    """The number of the move that hit; a failure is later than every hit. int64 (conversations,)"""
    return turns_to_hit(np.iinfo(np.int16).max, episodes)


def hdcg_gains(episodes: Episodes) -> NDArray[np.float64]:
    """What each conversation adds to hDCG; float64 (conversations,), 0 for a failure.

    With t the 0-based move and k the rank: 1/log2(t+3) + (1/log2(t+2) - 1/log2(t+3)) / log2(k+1).
    """
    hit = episodes["hit_move"] > 0
    t = np.where(hit, episodes["hit_move"], 1).astype(np.float64) - 1
    k = np.where(hit, episodes["rank"], 1).astype(np.float64)
    later, now = 1 / np.log2(t + 3), 1 / np.log2(t + 2)
    return np.where(hit, later + (now - later) / np.log2(k + 1), 0.0)
