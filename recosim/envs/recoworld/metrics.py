"""The metrics of RecoWorld lives, as data: what came back, what was done, what it was worth."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recosim.envs.recoworld.rules import LifeRules
from recosim.metrics import Curve, Episodes, Leading, Line, Metric, Scatter

__all__ = ["later_days", "metrics", "plots", "returned_by", "returns", "survived"]

# Days by which the field counts who has come back.
MARKS = (1, 7, 30)
# Points of the survival curve, at most: each is a metric with an interval.
POINTS = 60

SURVIVAL = Curve(
    name="survival",
    label="Survival",
    title="Share of users with a session on day d or later",
    axis="day d",
    alt="Share of users who are still there by day",
)


def metrics(rules: LifeRules) -> tuple[Metric, ...]:
    """What is measured under some rules; docs/recoworld.md says what each number counts.

    Agents are ranked by the days on which users came: of a day there is one session at most, so
    these are the sessions too. What users truly got stands beside it.
    """
    return (
        *_retention(rules),
        *_engagement(),
        *_instruction(),
        *_truth(),
        *_market(),
        Metric("reward", "Reward", "reward", better="higher", digits=2, place="main"),
        *_moves(),
    )


def plots(rules: LifeRules) -> tuple[Scatter | Line, ...]:
    """What is drawn beside the survival curve: the quadrants of RecoWorld, and who gets shown."""
    return (
        Scatter(
            "Relevance against return",
            x="ndcg",
            y="active_days",
            corners=(
                "they come back, though less fits",
                "fits, and they come back",
                "neither",
                "fits, and they stay away",
            ),
            alt="relevance of the lists against days with a session",
        ),
        Scatter(
            "Instructions obeyed against return",
            x="follow@1",
            y="active_days",
            alt="share of instructions that the next list obeys against days with a session",
        ),
        Line(
            "How evenly items are shown (Gini)",
            of="lorenz",
            x="share of the items, least shown first",
            y="share of what was shown",
            figure="gini",
            alt="how evenly items are shown",
        ),
    )


def returned_by(day: int, episodes: Episodes) -> NDArray[np.bool_]:
    """Whether the second session took place on days 1 to `day`; bool (lives,)."""
    first = episodes["first_gap"]
    return (first > 0) & (first <= day)


def survived(day: int, episodes: Episodes) -> NDArray[np.bool_]:
    """Whether there was a session on day `day` or later; bool (lives,)."""
    return episodes["last_day"] >= day


def returns(episodes: Episodes) -> NDArray[np.int64]:
    """How often the user came back: int64 (lives,)."""
    return episodes["sessions"].astype(np.int64) - 1


def later_days(episodes: Episodes) -> NDArray[np.int64]:
    """The days between sessions, all together: the first is on day 0. int64 (lives,)."""
    return episodes["last_day"].astype(np.int64)


def _retention(rules: LifeRules) -> Iterator[Metric]:
    yield Metric(
        "active_days",
        "Active days",
        "sessions",
        better="higher",
        digits=2,
        place="main",
        headline=True,
        interval=True,
        help=f"Active days: days of {rules.horizon} with a session.",
        leading=Leading(
            best="brings users back on the most days",
            alone="brings users back on {value} days",
            verb=("brings them back on", "bring them back on"),
            worse="fewer",
            gap="Days against {leader}",
            hidden="their minds",
            race_label="More / as many / fewer days",
            race_help="More: the user comes on more days with the first.",
        ),
    )
    for day in MARKS:
        if day <= rules.horizon:
            yield Metric(
                f"return@{day}",
                f"Back by day {day}",
                partial(returned_by, day),
                better="higher",
            )
    yield Metric("gap", "Days between sessions", later_days, returns, better="lower", digits=2)
    yield Metric(
        "lost",
        "Lost",
        "gone",
        better="lower",
        place="main",
        help="Lost: share of users who leave for good, out of disappointment.",
    )
    for day in _days(rules.horizon):
        yield Metric(
            f"survival@{day}",
            f"Still there on day {day}",
            partial(survived, day),
            better="higher",
            curve=SURVIVAL,
            at=day,
        )


def _engagement() -> Iterator[Metric]:
    help = "rounds, minutes and liked items of a session, and sessions left out of disappointment"
    yield Metric("rounds", "Rounds", "rounds", "sessions", None, 2, "behaviour", help=help)
    yield Metric("minutes", "Minutes", "minutes", "sessions", None, 2, "behaviour", help=help)
    yield Metric(
        "click_rate",
        "Click rate",
        "clicks",
        "shown",
        place="main",
        help="Click rate: share of the items shown.",
    )
    yield Metric("likes", "Likes", "likes", "sessions", None, 2, "behaviour", help=help)
    yield Metric("exits", "Exits", "exits", "sessions", "lower", 3, "behaviour", help=help)


def _instruction() -> Iterator[Metric]:
    yield Metric(
        "instructs",
        "Instructs",
        "voiced",
        "sessions",
        place="behaviour",
        help="how often a user instructs in a session",
    )
    yield Metric(
        "follow@1",
        "Follow@1",
        "first_obeyed",
        _first,
        better="higher",
        place="main",
        help="Follow@1: share of instructions that the next list obeys.",
    )
    yield Metric(
        "follow",
        "Followed",
        "obeyed",
        _in_force,
        better="higher",
        place="behaviour",
        help="instructions obeyed while they hold, as a share",
    )
    yield Metric(
        "over",
        "Over-applied",
        _over,
        "over_lists",
        better="lower",
        place="behaviour",
        help="instructions obeyed after they have ended, as a share above that of chance",
    )


def _truth() -> Iterator[Metric]:
    yield Metric(
        "utility",
        "Utility",
        "utility",
        "sessions",
        better="higher",
        digits=2,
        place="main",
        headline=True,
        interval=True,
        help="Utility: what users truly get, by session.",
    )
    yield Metric("utility_life", "Utility of a life", "utility", better="higher", digits=2)
    yield Metric(
        "regret",
        "Regret",
        "regret",
        "sessions",
        better="lower",
        digits=2,
        place="main",
        help="Regret: minutes beyond those that were meant, by session.",
    )
    yield Metric(
        "ndcg",
        "nDCG",
        "ndcg",
        "lists",
        better="higher",
        place="main",
        headline=True,
        help="nDCG: of the lists, against true utility.",
    )
    yield Metric("let_down", "Let down", "let_down", "sessions", better="lower")


def _market() -> Iterator[Metric]:
    help = "share of items shown that are in the long tail, and their mean length in minutes"
    yield Metric("tail", "Long tail", "tail", "shown", place="behaviour", help=help)
    yield Metric("length", "Length", "length", "shown", None, 2, "behaviour", help=help)


def _moves() -> Iterator[Metric]:
    help = "moves of a session"
    for name in ("lists", "asks", "reflects", "passes", "illegal"):
        yield Metric(name, name.capitalize(), name, "sessions", None, 2, "behaviour", help=help)
    yield Metric("accepted", "Questions accepted", "yes", "asks")
    yield Metric("reasons", "Lists with a reason", "justified", "lists")
    yield Metric("cut_short", "Cut short", "truncated", help="share of lives that the acts cut")


def _days(horizon: int) -> list[int]:
    """Days of the survival curve: all of them, or as many as there is room for."""
    days = np.linspace(1, horizon - 1, min(POINTS, horizon - 1)) if horizon > 1 else np.empty(0)
    return [int(day) for day in np.unique(np.rint(days))]


def _first(episodes: Episodes) -> NDArray[np.float64]:
    return _both(episodes, "first_obeyed", "first_ignored")


def _in_force(episodes: Episodes) -> NDArray[np.float64]:
    return _both(episodes, "obeyed", "ignored")


def _both(episodes: Episodes, a: str, b: str) -> NDArray[np.float64]:
    return episodes[a].astype(np.float64) + episodes[b].astype(np.float64)


def _over(episodes: Episodes) -> NDArray[np.float64]:
    return episodes["over_obeyed"].astype(np.float64) - episodes["over_base"].astype(np.float64)
