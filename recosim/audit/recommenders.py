"""A good against a bad recommender: whether users tell them apart, by leaving and by what they get.

A user model on which good and bad recommenders look alike is no use for comparing recommenders,
however like people it talks (the counterfactual check of ConvApparel, 2026).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.agents.registry import make_agent
from recosim.audit.dialogues import Conversation, conversations_of, replies
from recosim.audit.figures import Figures
from recosim.bench.rollout import play_batch
from recosim.bench.stats import interval, resampled_totals
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.errors import RecosimError

__all__ = ["GOOD_AND_BAD", "good_against_bad"]

GOOD_AND_BAD = ("oracle", "random")
RESAMPLES, SEED, CHUNK = 2000, 20240601, 256

# By their names: of a conversation, what is added up over what.
_KINDS = {
    "left": "conversations that the user left",
    "satisfaction": "what the user got (true utility)",
    "leaves_after_bad": "leaves, of replies to lists of which nothing is taken",
    "leaves_after_good": "leaves, of replies to lists of which something is taken",
}


def good_against_bad(
    setup: Setup,
    people: Figures,
    *,
    conversations: int,
    seed: int,
    agents: tuple[str, str] = GOOD_AND_BAD,
) -> dict[str, Any]:
    """Leaving and satisfaction with a good and a bad recommender, on the same episodes.

    Args:
        people: figures, for those of leaving.
        agents: names of the cards of a good and a bad one.

    Returns:
        JSON values: `agents`; by kind `title`, the values of `good` and `bad` and the paired
        `difference` with its 95 % interval (a bootstrap of users); `arena`, what people did; or
        `skipped`, why nothing was measured.
    """
    if not setup.users.decided_by_rules:
        return {"skipped": "a language model decides for these users, and would be asked again"}
    try:
        made = [make_agent(name) for name in agents]
        for agent in made:
            if misfit := agent.misfit_of(setup):
                return {"skipped": f"{misfit}"}
        played = [_play(setup, agent, conversations, seed) for agent in made]
    except RecosimError as error:
        return {"skipped": str(error)}
    users = np.unique(played[0][1], return_inverse=True)[1]
    found: dict[str, Any] = {"agents": list(agents), "conversations": conversations}
    for kind, title in _KINDS.items():
        sums = [_sums(kind, talks, got) for talks, _, got in played]
        found[kind] = {"title": title, **_paired(sums, users)}
    found["arena"] = _arena(people)
    return found


Played = tuple[tuple[Conversation, ...], NDArray[np.int64], NDArray[np.float64]]


def _play(setup: Setup, agent: Any, n: int, seed: int) -> Played:
    """The conversations, their users, and what these got, in the order of the episodes."""
    batch = setup.batch(min(n, CHUNK), track=agent.track)
    agent.bind(batch)
    recorder, acts = Recorder(batch), setup.family.load("acts")
    units = batch.units().table
    chosen = np.sort(np.random.default_rng(seed).permutation(len(units))[:n])
    talks: list[Conversation] = []
    got = []
    for start in range(0, len(chosen), batch.size):
        part = chosen[start : start + batch.size]
        play_batch(batch, agent, units, part, seed, recorder)
        got.append(batch.arrays["utility"][: len(part)].astype(np.float64))
        rows = recorder.trace().table.to_pylist()
        talks += conversations_of(rows, acts, setup.world)
        recorder.clear()
    users = np.array([int(talk.user) for talk in talks])
    return tuple(talks), users, np.concatenate(got)


def _sums(
    kind: str, talks: Sequence[Conversation], got: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(conversations,) what is added up, and over what."""
    one = np.ones(len(talks))
    if kind == "satisfaction":
        return got, one
    if kind == "left":
        left = [any("leave" in turn.tags for turn in talk.turns) for talk in talks]
        return np.array(left, dtype=np.float64), one
    good = kind == "leaves_after_good"
    of = [[turn for turn in replies(talk) if ("accept" in turn.tags) == good] for talk in talks]
    leaves = [sum("leave" in turn.tags for turn in turns) for turns in of]
    return np.array(leaves, dtype=np.float64), np.array([len(turns) for turns in of], dtype=float)


def _paired(
    sums: list[tuple[NDArray[np.float64], NDArray[np.float64]]], users: NDArray[np.int64]
) -> dict[str, Any]:
    table = np.stack([column for pair in sums for column in pair], axis=1)
    n = int(users.max()) + 1
    columns = [np.bincount(users, column, minlength=n) for column in table.T]
    clusters = np.stack(columns, axis=1).astype(np.float64)
    value = _ratios(clusters.sum(axis=0)[None])[0]
    ends: list[tuple[float | None, float | None]] = [(None, None)] * 3
    if n > 1:
        drawn = _ratios(resampled_totals(clusters, resamples=RESAMPLES, seed=SEED))
        low, high = interval(drawn, n, 0.95)
        ends = [(_finite(a), _finite(b)) for a, b in zip(low, high, strict=True)]
    names = ("good", "bad", "difference")
    return {
        name: {"value": _finite(v), "low": a, "high": b}
        for name, v, (a, b) in zip(names, value, ends, strict=True)
    }


def _ratios(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """(draws, 4) sums -> (draws, 3): good, bad, bad minus good; NaN over nothing."""
    out = np.full((len(totals), 3), np.nan)
    for k in range(2):
        above, below = totals[:, 2 * k], totals[:, 2 * k + 1]
        np.divide(above, below, out=out[:, k], where=below > 0)
    out[:, 2] = out[:, 1] - out[:, 0]
    return out


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _arena(people: Figures) -> dict[str, float] | None:
    """What people did after irrelevant replies (all of them together) and after relevant ones."""
    bad = [figure for k in range(1, 6) for figure in people.of(f"leaves_{k}")[:1]]
    good = people.of("leaves_after_good")
    if not good or not bad or any(figure.n is None for figure in bad):
        return None
    weights = np.array([figure.n for figure in bad], dtype=np.float64)
    after = float(np.average([figure.value for figure in bad], weights=weights))
    return {
        "leaves_after_bad": after,
        "leaves_after_good": good[0].value,
        "difference": after - good[0].value,
    }
