"""`SearchBoard`: a search at a terminal: whose need it is, both seats, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recosim.acts import Verb
from recosim.envs.batch import Units
from recosim.envs.board import Board, Chosen
from recosim.envs.convsim.recommender_seat import SearchRecommenderSeat
from recosim.envs.convsim.user_seat import SearchUserSeat
from recosim.errors import OptionError
from recosim.trace import Trace

__all__ = ["SearchBoard"]


class SearchBoard(Board):
    """See `Board`."""

    recommender = SearchRecommenderSeat
    user = SearchUserSeat
    rivals = ("append",)

    def choose(self, units: Units, luck: np.random.Generator, wanted: Mapping[str, str]) -> Chosen:
        """A need of a topic (`--user`: users are topics here), or any of the split."""
        if "item" in wanted:
            raise OptionError(
                f"--item {wanted['item']}: nobody has a document in mind here, but a need; choose "
                "a topic with --user."
            )
        if "user" not in wanted:
            return super().choose(units, luck, wanted)
        text = wanted["user"]
        if not text.isdecimal():
            raise OptionError(f"--user is {text!r}; the number of a topic is needed.")
        fits = np.flatnonzero(units.cluster == int(text))
        if not len(fits):
            topics = ", ".join(map(str, np.unique(units.cluster)[:8]))
            raise OptionError(
                f"nothing in the {self.batch.split} split is of topic {text}; there are {topics} "
                "and others."
            )
        number = int(luck.choice(fits))
        return Chosen(number, units.table[number])

    def ending(self, who: str, row: Mapping[str, Any], reward: float) -> str:
        ndcg = float(self.batch.arrays["ndcg"][0])
        best = float(self.batch.arrays["ceiling"][0])
        cut = self.batch.protocol.ndcg_at
        shown = f"The last list has nDCG@{cut} {ndcg:.2f} (the need as a query: {best:.2f})"
        if not self.batch.arrays["lists"][0]:
            shown = "No list was shown"
        end = self.words.ending_text(row, self.world)
        return f"{who}: {end or 'unfinished'}. {shown}, reward {reward:+.2f}."

    def how_it_went(self, trace: Trace) -> str:
        lists = np.flatnonzero(trace.column("verb") == Verb.RECOMMEND)
        reward = float(trace.column("reward").astype(float).sum())
        ndcg = float(trace.column("ndcg")[lists[-1]]) if len(lists) else 0.0
        return (
            f"has nDCG {ndcg:.2f} after {len(lists)} list{'s' * (len(lists) != 1)}, {reward:+.2f}"
        )
