"""`CPRBoard`: CPR and Critique at a terminal: both seats, any pair to talk about, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recosim.acts import Outcome
from recosim.envs.batch import Units
from recosim.envs.board import Board, Chosen
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.recommender_seat import CPRRecommenderSeat
from recosim.envs.cpr.user_seat import CPRUserSeat
from recosim.envs.words import item_label
from recosim.errors import OptionError
from recosim.trace import Trace

__all__ = ["CPRBoard"]


class CPRBoard(Board):
    """See `Board`."""

    batch: Dialogues
    recommender = CPRRecommenderSeat
    user = CPRUserSeat
    rivals = ("oracle", "logic", "max_entropy")

    def choose(self, units: Units, luck: np.random.Generator, wanted: Mapping[str, str]) -> Chosen:
        """A pair of the test split has the number that it has in a bench.

        Any other pair that can be talked about comes after them.
        """
        world, pairs, given = self.world, units.table, dict.fromkeys(units.names)
        for name in sorted(set(wanted) & set(units.names)):  # the item first: it may be misspelt
            given[name] = self.identify(name, wanted[name])
        user, item = given["user"], given["item"]
        if item is not None and not len(self.batch.openings_of(item)):
            raise OptionError(
                f"item {item} has nothing to open a conversation with; name another one."
            )
        fits = np.ones(len(units), dtype=bool)
        fits &= (user is None) | (pairs[:, 0] == user)
        fits &= (item is None) | (pairs[:, 1] == item)
        if fits.any():
            number = int(luck.choice(np.flatnonzero(fits)))
            return Chosen(number, pairs[number])
        if item is None:
            raise OptionError(f"user {user} has no item in the test split; name one with --item.")
        if user is not None:
            self.batch.check_pair(user, item)
        else:
            # Nobody took it in the test split: whoever took it at all, or else anybody.
            takers = [
                users[items == item]
                for users, items in (world.split(split).pairs() for split in ("valid", "train"))
            ]
            people = np.concatenate(takers) if any(map(len, takers)) else np.arange(world.n_users)
            user = int(luck.choice(people))
        return Chosen(len(pairs), np.array([user, item], dtype=np.int32))

    def ending(self, who: str, row: Mapping[str, Any], reward: float) -> str:
        target = item_label(self.world, row["target"])
        gathered = row.get("gathered") or 0
        if row["outcome"] == Outcome.HIT and gathered < 2:
            taken = row["items"][row["rank"] - 1]
            moves = f"{row['move']} move{'s' * (row['move'] != 1)}"
            label = item_label(self.world, taken)
            ending = f"{who} found {label} in {moves}, reward {reward:+.2f}."
            a = self.batch.arrays
            if taken not in a["targets"][0, : a["n_targets"][0]]:
                ending += f" The item to find was {target}."
            return ending
        if row["terminated"] or row["truncated"]:
            why = "nothing is left" if row["terminated"] else "the turns ran out"
            if row["left"]:
                why = "the user left"
            if row["outcome"] == Outcome.HIT:
                why = "the user is satisfied"
            if gathered:
                found = f"{gathered} item{'s' * (gathered != 1)}"
                return f"{who} found {found}: {why}. Reward {reward:+.2f}."
            return f"{who} did not find {target}: {why}. Reward {reward:+.2f}."
        return f"The item in mind was {target}. Reward so far {reward:+.2f}."

    def how_it_went(self, trace: Trace) -> str:
        hits = np.flatnonzero(trace.column("outcome") == Outcome.HIT)
        if len(hits):
            return f"finds it at move {trace.column('move')[hits[0]]}"
        return "does not find it"
