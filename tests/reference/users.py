"""The users of docs/protocols.md in plain Python: what they say of their own, and when they go."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reference.beliefs import UNKNOWN, UNSURE
from reference.tables import Draw, DrawUnit, WorldTables
from reference.wishes import Wishes

from recosim.acts import Note
from recosim.users import Behaviour

__all__ = ["Feedback", "Known", "RuleUser"]


@dataclass(frozen=True)
class Feedback:
    """What a user says about a list that they refused: less of one attribute, more of another."""

    less: int | None = None
    more: int | None = None


@dataclass(frozen=True)
class Known:
    """An item of a list that the user knows already, and what they say of it."""

    item: int
    note: Note


class RuleUser(Wishes):
    """One user in one conversation. They decide what is said; the conversation settles it.

    Args:
        tables, behaviour, train: see `Wishes`.
        max_turns: of the protocol.
        draw: gives the random indices, those of `Wishes` and: "also" and "critic" (the turn), among
            the eligible attributes in ascending order of the ids; "seen_item" and "inquire_item"
            (the turn), among the eligible items of the list, in its order.
        draw_unit: gives the random units, one a turn for each of "drift", "unsure", "noise",
            "inform", "deflect", "seen", "inquire", "examine", "choose", "unasked_less",
            "unasked_more", "leave", "bad_list".

    Attributes:
        disappointments, questions, refused: so far; the last two are the questions that they were
            asked and the lists that they refused.
        taken: the items taken so far.
    """

    def __init__(
        self,
        tables: WorldTables,
        behaviour: Behaviour,
        train: Collection[int],
        max_turns: int,
        draw: Draw,
        draw_unit: DrawUnit,
    ) -> None:
        super().__init__(tables, behaviour, train, draw, draw_unit)
        self.max_turns = max_turns
        self.disappointments = self.questions = self.refused = 0
        self.taken: list[int] = []

    # ---------------------------------------------------------------- answers

    def does_not_know(self, turn: int) -> bool:
        return self._happens("unsure", turn, self.behaviour.dont_know)

    def errs(self, turn: int) -> bool:
        return self._happens("noise", turn, self.behaviour.answer_noise)

    def adds(
        self, turn: int, target: int, status: Mapping[int, int], about: Collection[int]
    ) -> int | None:
        """The attribute that the user names unasked after a no, if any.

        Args:
            status: of each attribute. about: the attributes that the question was about.
        """
        if not self._happens("inform", turn, self.cooperativeness(turn)):
            return None
        return self.wants(turn, target, status, about)

    def deflects(self, turn: int) -> bool:
        """Whether they answer a yes/no question with neither."""
        return self._happens("deflect", turn, self.behaviour.deflects)

    def wants(
        self, turn: int, target: int, status: Mapping[int, int], about: Collection[int]
    ) -> int | None:
        """An attribute that they want and did not speak of, if there is one; see `adds`."""
        has = sorted(self.tables.item_attributes[target])
        eligible = [a for a in has if status[a] == UNKNOWN and a not in about]
        if self.behaviour.weighting == "liking":
            return max(eligible, key=lambda a: (self.weight[a], -a), default=None)
        return eligible[self.draw("also", turn, len(eligible))] if eligible else None

    def cooperativeness(self, turn: int) -> float:
        """The probability that a no in this turn informs."""
        x = (turn - 1) / (self.max_turns - 1)
        trend = {"constant": 1.0, "rising": x, "falling": 1 - x}
        return self.behaviour.cooperativeness * trend[self.behaviour.cooperation_trend]

    # ---------------------------------------------------------------- lists

    def knows(self, turn: int, items: Sequence[int], targets: Collection[int]) -> Known | None:
        """An item of the list that they know already and say so, if any."""
        if not self._happens("seen", turn, self.behaviour.seen):
            return None
        others = [v for v in items if v not in targets]
        liked = [v for v in others if v in self.train]
        if liked:
            return Known(liked[0], Note.LIKED)
        if others:
            return Known(others[self.draw("seen_item", turn, len(others))], Note.SEEN)
        return None

    def asks_about(self, turn: int, items: Sequence[int], known: Known | None) -> int | None:
        """The item of the list that they ask about, if any."""
        if not self._happens("inquire", turn, self.behaviour.asks_about):
            return None
        others = [v for v in items if known is None or v != known.item]
        return others[self.draw("inquire_item", turn, len(others))] if others else None

    def takes(
        self,
        turn: int,
        items: Sequence[int],
        targets: Collection[int],
        known: Known | None = None,
    ) -> tuple[int, ...]:
        """The 1-based positions of the items that the user takes from the list, ascending."""
        reach = self.draw_unit("examine", turn) if self.behaviour.examination < 1 else 0
        examined, wanted = 1.0, self.behaviour.takes - len(self.taken)
        positions: list[int] = []
        for position, v in enumerate(items, start=1):
            if reach >= examined:
                break
            if (v in targets or v in self.acceptable) and (known is None or v != known.item):
                if not self._takes_it(turn, self.utility(v)):
                    break
                positions.append(position)
                if len(positions) == wanted:
                    break
            examined *= self.behaviour.examination
        return tuple(positions)

    def _takes_it(self, turn: int, utility: float) -> bool:
        temperature = self.behaviour.choice_temperature
        certain = temperature == 0
        return certain or self._happens("choose", turn, 1 / (1 + math.exp(-utility / temperature)))

    # ---------------------------------------------------------------- feedback

    @property
    def reflects(self) -> bool:
        """Whether a reflection on a refused list is something they put up with."""
        return self.behaviour.feedback != "none"

    @property
    def says_what_was_wrong(self) -> bool:
        return self.behaviour.feedback in ("critique", "instruction", "edit")

    def feedback(
        self,
        turn: int,
        items: Sequence[int],
        aspects: Collection[int],
        target: int,
        status: Mapping[int, int],
    ) -> Feedback:
        """What the user says about a refused list.

        Args:
            items: the list. aspects: the attributes that it was justified by.
        """
        if not self.says_what_was_wrong or self.does_not_know(turn):
            return Feedback()
        form = self.behaviour.feedback
        less, more = form in ("critique", "edit"), form in ("instruction", "edit")
        return self._say(turn, items, aspects, target, status, less=less, more=more)

    def unasked(
        self,
        turn: int,
        items: Sequence[int],
        aspects: Collection[int],
        target: int,
        status: Mapping[int, int],
    ) -> Feedback:
        """What the user says about a refused list of their own accord; see `feedback`."""
        said = Feedback()
        if self._happens("unasked_less", turn, self.behaviour.critique_unasked):
            said = self._say(turn, items, aspects, target, status, less=True)
        if said.less is None and self._happens("unasked_more", turn, self.behaviour.want_unasked):
            said = self._say(turn, items, aspects, target, status, more=True)
        return said

    def _say(
        self,
        turn: int,
        items: Sequence[int],
        aspects: Collection[int],
        target: int,
        status: Mapping[int, int],
        *,
        less: bool = False,
        more: bool = False,
    ) -> Feedback:
        """Less of one attribute, more of another, or both, as far as any is eligible."""
        shown = Counter(a for v in items for a in self.tables.item_attributes[v])
        unsettled = {a for a, code in status.items() if code in (UNKNOWN, UNSURE)}
        wanted = unsettled & self.tables.item_attributes[target]
        present = unsettled & shown.keys()
        unwanted = present - wanted
        too_much, missing = unwanted, wanted
        if self.errs(turn):
            too_much, missing = present & wanted, unwanted
        a = b = None
        if less:
            a = self._criticised(turn, too_much & set(aspects) or too_much, shown)
        if more:
            lacked = {a for a in self.musts if shown[a] < len(items)}
            b = min(
                missing & lacked or missing,
                key=lambda a: (-self.weight[a], shown[a], a),
                default=None,
            )
        return Feedback(a, b)

    def _criticised(self, turn: int, eligible: set[int], shown: Mapping[int, int]) -> int | None:
        if not eligible:
            return None
        if self.behaviour.critic == "random":
            return sorted(eligible)[self.draw("critic", turn, len(eligible))]
        if self.behaviour.critic == "salient":
            return min(eligible, key=lambda a: (-shown[a], a))
        liked = self.liking()
        return min(eligible, key=lambda a: (liked[a], a))

    # ---------------------------------------------------------------- leaving

    def leaves_after_disappointment(self, turn: int) -> bool:
        """Count one more disappointment; whether it makes the user leave."""
        self.disappointments += 1
        patience = self.behaviour.patience
        if patience is not None and self.disappointments >= patience:
            return True
        return self._happens("leave", turn, self.behaviour.leave_hazard)

    def leaves_after_question(self) -> bool:
        """Count one more question; whether it makes the user leave."""
        self.questions += 1
        patience = self.behaviour.question_patience
        return patience is not None and self.questions >= patience

    def leaves_after_refusal(self, turn: int) -> bool:
        """Count one more refused list; whether it makes the user leave."""
        self.refused += 1
        hazard = self.behaviour.bad_list_hazard + (self.refused - 1) * self.behaviour.bad_list_rise
        return self._happens("bad_list", turn, min(hazard, 1.0))
