"""`LifeBoard`: a life at a terminal: whose it is, both seats, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recosim.acts import Level, Verb
from recosim.envs.board import Board
from recosim.envs.recoworld.recommender_seat import LifeRecommenderSeat
from recosim.envs.recoworld.user_seat import LifeUserSeat
from recosim.trace import Trace

__all__ = ["LifeBoard"]


class LifeBoard(Board):
    """See `Board`."""

    recommender = LifeRecommenderSeat
    user = LifeUserSeat
    rivals = ("static",)

    def ending(self, who: str, row: Mapping[str, Any], reward: float) -> str:
        days = f"{row['session'] + 1} session{'s' * (row['session'] > 0)}"
        true = f"{row['utility']:.1f} of true utility, reward {reward:+.2f}"
        if end := self.words.ending_text(row, self.world):
            return f"{who} had the user for {days}; {end}. {true[0].upper()}{true[1:]}."
        return f"{who} had the user for {days} so far: {true}."

    def how_it_went(self, trace: Trace) -> str:
        sessions = int(trace.column("session").max()) + 1
        lists = np.flatnonzero(trace.column("verb") == Verb.RECOMMEND)
        table = trace.table.column("levels").to_pylist()
        liked = sum(level >= Level.ACCEPT for row in lists for level in table[row])
        return f"has {sessions} session{'s' * (sessions > 1)} and {liked} items liked"
