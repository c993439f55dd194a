"""What rule users do beyond yes and no, in plain Python (docs/protocols.md, "Users")."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol as Shape

from reference.beliefs import ACCEPTED, REJECTED
from reference.tables import Draw, DrawUnit, WorldTables

from recosim.users import Behaviour

__all__ = ["Feedback", "RuleUser"]

RICH = ("critique", "instruction", "edit")


@dataclass(frozen=True)
class Feedback:
    """What there should be less of and more of; None: nothing was said of it."""

    less: int | None = None
    more: int | None = None


class Talk(Shape):
    """What a user knows of a conversation."""

    turn: int
    user: int
    status: dict[int, int]
    targets: list[int]

    @property
    def live_targets(self) -> list[int]: ...


class RuleUser:
    """One user in one conversation: their luck, and how often they were disappointed."""

    def __init__(
        self,
        tables: WorldTables,
        behaviour: Behaviour,
        max_turns: int,
        draw: Draw,
        draw_unit: DrawUnit,
    ) -> None:
        self.tables, self.behaviour, self.max_turns = tables, behaviour, max_turns
        self.draw, self.draw_unit = draw, draw_unit
        self.disappointments = 0

    def happens(self, purpose: str, talk: Talk, probability: float) -> bool:
        return probability > 0 and self.draw_unit(purpose, talk.turn) < probability

    def does_not_know(self, talk: Talk) -> bool:
        return self.happens("unsure", talk, self.behaviour.dont_know)

    def errs(self, talk: Talk) -> bool:
        return self.happens("noise", talk, self.behaviour.answer_noise)

    # ---------------------------------------------------------------- questions

    def adds_to_no(self, talk: Talk, about: Iterable[int]) -> int | None:
        """An attribute of the target that the question was not about, or None."""
        chance = self.behaviour.cooperativeness
        x = (talk.turn - 1) / (self.max_turns - 1)
        if self.behaviour.cooperation_trend == "rising":
            chance *= x
        elif self.behaviour.cooperation_trend == "falling":
            chance *= 1 - x
        if not self.happens("inform", talk, chance):
            return None
        has = self.tables.item_attributes[talk.live_targets[0]]
        eligible = sorted(a for a in has - set(about) if talk.status[a] == 0)
        if not eligible:
            return None
        return eligible[self.draw("also", talk.turn, len(eligible))]

    # ---------------------------------------------------------------- lists

    def rank_taken(self, talk: Talk, shown: Sequence[int]) -> int:
        """Position of the item that the user takes, from 1; 0 if they refuse the list."""
        depth = 0.0
        if self.behaviour.examination < 1:
            depth = self.draw_unit("examine", talk.turn)
        reach = 1.0
        for position, item in enumerate(shown, start=1):
            if not depth < reach:
                return 0
            if item in talk.targets:
                temperature = self.behaviour.choice_temperature
                if temperature == 0:
                    return position
                chance = 1 / (1 + math.exp(-1 / temperature))
                return position if self.happens("choose", talk, chance) else 0
            reach *= self.behaviour.examination
        return 0

    def feedback(self, talk: Talk, shown: Sequence[int], because: Sequence[int]) -> Feedback:
        """What the user says was wrong with a list that they refused."""
        kind = self.behaviour.feedback
        if kind not in RICH or self.does_not_know(talk):
            return Feedback()
        errs = self.errs(talk)
        wanted = self.tables.item_attributes[talk.live_targets[0]]
        count = dict.fromkeys(talk.status, 0)
        for item in shown:
            for a in self.tables.item_attributes[item]:
                count[a] += 1
        # Attributes of the list, and of the target, of which nothing is settled yet.
        unsettled = {a for a, code in talk.status.items() if code not in (ACCEPTED, REJECTED)}
        listed = {a for a in unsettled if count[a] > 0}
        less = listed & wanted if errs else listed - wanted
        more = listed - wanted if errs else unsettled & wanted
        return Feedback(
            self._criticise(talk, less, count, because) if kind != "instruction" else None,
            min(more, key=lambda a: (count[a], a), default=None) if kind != "critique" else None,
        )

    def _criticise(
        self, talk: Talk, eligible: set[int], count: dict[int, int], because: Sequence[int]
    ) -> int | None:
        eligible = (eligible & set(because)) or eligible
        if not eligible:
            return None
        if self.behaviour.critic == "random":
            return sorted(eligible)[self.draw("critic", talk.turn, len(eligible))]
        if self.behaviour.critic == "salient":
            return min(eligible, key=lambda a: (-count[a], a))
        train = self.tables.train[talk.user]
        liking = {a: sum(a in self.tables.item_attributes[v] for v in train) for a in eligible}
        return min(eligible, key=lambda a: (liking[a], a))

    # ---------------------------------------------------------------- leaving

    def leaves(self, talk: Talk) -> bool:
        """Whether the disappointment that this turn was is one too many."""
        self.disappointments += 1
        patience = self.behaviour.patience
        if patience is not None and self.disappointments >= patience:
            return True
        return self.happens("leave", talk, self.behaviour.leave_hazard)
