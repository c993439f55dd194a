"""What players of a market see of it: the figures of the day before."""

from __future__ import annotations

import numpy as np

from recosim.multi.platforms import Ranking
from recosim.multi.society import Society

__all__ = ["OWN", "WORKING", "creator_sees", "platform_sees"]

WORKING = 12  # figures of a platform in its observation, before its weights
OWN = 8  # figures of a creator in its observation, before its choices


def platform_sees(society: Society, k: int) -> list[float]:
    """The observation of a platform that is played: WORKING figures, then its weights."""
    log = society.log
    ranking = society.market.agents[k]
    assert isinstance(ranking, Ranking)
    today = society.day / society.days
    if not log:
        return [today, *[0.0] * (WORKING - 1), *ranking.weights.tolist()]
    active = log["active"][-1]
    here, everywhere = int(active[k]), int(active.sum())
    each = [
        log[name][-1][k] / max(here, 1)
        for name in ("clicks", "minutes", "likes", "instructions", "exits")
    ]
    return [
        today,
        here / society.users,
        everywhere / society.users,
        here / max(everywhere, 1),
        *each,
        log["clicks"][-1][k] / max(int(log["shown"][-1][k]), 1),
        log["returns"][-1][k] / max(here, 1),
        log["living"][-1] / society.users,
        *ranking.weights.tolist(),
    ]


def creator_sees(society: Society, k: int) -> list[float]:
    """The observation of a creator: OWN figures, 3 of each choice, 2 of each way to make."""
    makers = society.makers
    assert makers is not None
    mine = makers.owner == k
    shown, clicked = int(makers.shown[mine].sum()), int(makers.clicked[mine].sum())
    unreleased = int((~makers.released[mine]).sum())
    first = max(round(makers.trade.held_back * int(mine.sum())), 1)
    own = [
        society.day / society.days,
        makers.wealth[k] / makers.trade.budget,
        shown / max(int(makers.shown.sum()), 1),
        clicked / max(int(makers.clicked.sum()), 1),
        clicked / max(shown, 1),
        unreleased / first,
        float(makers.alive.mean()),
        float(makers.earned[k]),
    ]
    trends = makers.trends()
    choices = np.zeros((makers.trade.choices, 3))
    for c, item in enumerate(makers.slots(k)):
        choices[c] = 1.0, *(makers.profile(int(item), likes) for likes in trends)
    makes = np.nan_to_num(trends[:, society.setup.world.n_attributes :].T)
    return [*own, *choices.ravel().tolist(), *makes.ravel().tolist()]
