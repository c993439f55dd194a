"""The rules of docs/protocols.md in plain Python: sets, dicts and lists, written to be read.

`ReferenceConversation` is what the batched kernels are checked against, and the baseline of the
benchmarks. It keeps the smallest state the rules need and computes everything else from scratch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np
from reference.beliefs import ACCEPTED, REJECTED, UNKNOWN, UNSURE, Beliefs
from reference.steps import Step, check_list, what_was_said
from reference.tables import Draw, DrawUnit, WorldTables, draws_from, no_draw
from reference.users import Feedback, Known, RuleUser

from recosim.acts import Outcome
from recosim.envs.cpr.protocol import Protocol
from recosim.errors import IllegalActionError, OptionError, StateError
from recosim.estimators.base import Vectors
from recosim.users import Behaviour

__all__ = ["ReferenceConversation", "Step", "WorldTables", "draws_from"]


class ReferenceConversation(Beliefs):
    """One conversation: `open` it, then `ask`, `recommend` and `reflect` until `done`.

    In a facet protocol, what is asked is a facet; otherwise it is an attribute. Both are called
    an *askable* here.

    Args:
        tables: the world.
        protocol: the rules.
        vectors: what the estimator knows.
        behaviour: the settings of the user.
        draw: gives the random indices. Purposes and their second argument: "opening" (0), among
            the target's attributes or facets, each as often as it weighs; "target" (k = 0, 1, ...
            the number of the further target), among the eligible items that are left; "flip" (the
            turn), among the attributes of the facet; and those of `RuleUser`. All in ascending
            order of the ids.
        draw_unit: gives the random units, those of `RuleUser`.

    State, as in docs/protocols.md: `turn`, `status`, `candidates`, `history` (one code a turn:
    `history[t - 1]` is that of turn t), `shown_last`, `user_vector` (float64), and `targets`,
    `facets_asked`, `aspects` (the reasons given for the last list), `rule_user`, `utility` (what
    the user got so far), `opening_item` (that the request named, or None), `done`.
    """

    def __init__(
        self,
        tables: WorldTables,
        protocol: Protocol,
        vectors: Vectors,
        *,
        behaviour: Behaviour | None = None,
        draw: Draw = no_draw,
        draw_unit: DrawUnit = no_draw,
    ) -> None:
        self.tables = tables
        self.protocol = protocol
        self.vectors = vectors
        self.behaviour = behaviour or Behaviour()
        self.draw = draw
        self.draw_unit = draw_unit
        self.asks_facets = protocol.question == "facet"
        self.asks_choices = protocol.question == "choice"
        self.done = True

    # ---------------------------------------------------------------- the opening

    def open(
        self,
        user: int,
        target: int,
        interactions_of_split: Collection[int] = (),
        opening: int | None = None,
    ) -> tuple[int, ...]:
        """Start anew; returns the attributes that the user names.

        Args:
            interactions_of_split: the user's items of the split that conversations are drawn from;
                further targets are drawn from them where the protocol has several.
            opening: the attribute, or in a facet protocol the facet, that the user opens with;
                drawn if it is not given.
        """
        tables, protocol = self.tables, self.protocol
        self.user = user
        self.turn = protocol.first_turn
        self.status = dict.fromkeys(range(tables.n_attributes), UNKNOWN)
        self.history = [0] * protocol.max_turns
        self.shown_last: tuple[int, ...] = ()
        self.user_vector = self.vectors.user[user].astype(np.float64)
        self.facets_asked: set[int] = set()
        self.aspects: tuple[int, ...] = ()
        self.rule_user = RuleUser(
            tables,
            self.behaviour,
            tables.train[user],
            protocol.max_turns,
            self.draw,
            self.draw_unit,
        )
        self.done = False
        self.utility = 0.0

        user_model, self.targets = self.rule_user, [target]
        user_model.find_musts(target)
        self.opening_item = None if opening is not None else user_model.example(target)
        if self.asks_choices:
            self._add_companions(interactions_of_split, opening)
        named = self._request(opening)
        for a in named:
            self.status[a] = ACCEPTED
        if named:
            self.candidates = set.intersection(*(tables.attribute_items[a] for a in named))
        else:
            self.candidates = set(range(tables.n_items))
        self.candidates = self.candidates.difference({self.opening_item})
        for facet in self.facets_asked:
            self._reject(a for a in tables.facet_attributes[facet] if a not in named)

        user_model.find_standing(target, named)
        self._heed_standing()
        if self.asks_choices:
            self.targets = [v for v in self.targets if v == target or user_model.has_musts(v)]
        else:
            self._add_targets(interactions_of_split, named)
        user_model.find_acceptable(self.targets, self.candidates)
        return tuple(named)

    def _add_targets(self, interactions_of_split: Collection[int], named: Sequence[int]) -> None:
        """Draw further targets that have all that the request named."""
        eligible = sorted(
            v
            for v in self._further_targets(interactions_of_split)
            if self._openings(v) and self.tables.item_attributes[v].issuperset(named)
        )
        while len(self.targets) < self.protocol.targets and eligible:
            k = len(self.targets) - 1
            self.targets.append(eligible.pop(self.draw("target", k, len(eligible))))

    def _add_companions(self, interactions_of_split: Collection[int], opening: int | None) -> None:
        """Draw further targets that have something in common with those before: the opening."""
        has = self.tables.item_attributes
        while len(self.targets) < self.protocol.targets:
            common = set.intersection(*(has[v] for v in self.targets))
            if opening is not None:
                common &= {opening}
            eligible = sorted(
                v for v in self._further_targets(interactions_of_split) if has[v] & common
            )
            if not eligible:
                return
            k = len(self.targets) - 1
            self.targets.append(eligible[self.draw("target", k, len(eligible))])

    def _further_targets(self, interactions_of_split: Collection[int]) -> list[int]:
        return [
            v
            for v in set(interactions_of_split)
            if v not in (*self.targets, self.opening_item) and self.rule_user.has_musts(v)
        ]

    def _request(self, opening: int | None) -> list[int]:
        """The attributes that the user names, in their order."""
        target, user = self.targets[0], self.rule_user
        if opening is not None:  # it is named, and nothing else is
            return self._opening_attributes(self.tables.item_attributes[target], opening)
        if not user.names_attributes(self.opening_item):
            return []
        common = set.intersection(*(self.tables.item_attributes[v] for v in self.targets))
        if self.protocol.yes_if == "item_and_user":
            own = common & self.own_attributes
            common = own if self._openings_with(sorted(own)) else common
        named = self._opening_attributes(common, None)
        spoken_of = {p for f in self.facets_asked for p in self.tables.facet_attributes[f]}
        return named + user.further(common - {*named, *spoken_of})

    @property
    def own_attributes(self) -> set[int]:
        """The attributes that the user has: those of their train items."""
        return {a for v in self.tables.train[self.user] for a in self.tables.item_attributes[v]}

    def _opening_attributes(self, attributes: Collection[int], opening: int | None) -> list[int]:
        """What a request for one of some attributes, or for a facet that they are in, names."""
        target, has = self.targets[0], sorted(attributes)
        choices = self._openings_with(has)
        if not choices:
            raise OptionError(f"item {target} has nothing to open with; give another target.")
        if opening is None:
            lots = [c for c in choices for _ in range(self._lots(c, has))]
            opening = lots[self.draw("opening", 0, len(lots))]
        elif opening not in choices:
            raise OptionError(f"opening {opening} is not one of target {target}: {choices}.")
        if self.asks_facets:
            self.facets_asked.add(opening)
            return [a for a in has if self.tables.attribute_facet[a] == opening]
        return [opening]

    def _openings(self, item: int) -> list[int]:
        """What an item can be opened with: its attributes, or the facets that these are in."""
        return self._openings_with(sorted(self.tables.item_attributes[item]))

    def _openings_with(self, has: list[int]) -> list[int]:
        if not self.asks_facets:
            return has
        return sorted({f for a in has if (f := self.tables.attribute_facet[a]) >= 0})

    def _lots(self, askable: int, has: Iterable[int]) -> int:
        """How many lots an attribute or a facet has in the draw of the opening."""
        weight = self.rule_user.weight
        if not self.asks_facets:
            return weight[askable]
        if self.behaviour.weighting == "equal":
            return 1
        return sum(weight[a] for a in has if self.tables.attribute_facet[a] == askable)

    def _heed_standing(self) -> None:
        """An instruction that holds and tells something new settles it like a yes or a no."""
        standing = self.rule_user.standing
        if standing and standing.holds and self.status[standing.attribute] == UNKNOWN:
            settle = self._accept if standing.wanted else self._reject
            settle([standing.attribute])

    def _perhaps_change_mind(self) -> None:
        """Before the user answers: they may want another item from now on."""
        if self.turn == self.protocol.first_turn or not self.rule_user.changes_mind(self.turn):
            return
        wish = self.rule_user.new_wish(self.turn, self.targets, self.candidates, self.status)
        if wish is not None:
            self.targets = [wish]
            self.rule_user.find_musts(wish)
            self.rule_user.find_acceptable(self.targets, self.candidates)

    # ---------------------------------------------------------------- what is legal

    def can_ask(self, a: int) -> bool:
        if self.done or self.protocol.question == "none" or a not in self.askables:
            return False
        if self.asks_facets:
            return a not in self.facets_asked and any(
                self._some_candidate_has(p) for p in self.tables.facet_attributes[a]
            )
        return self.status[a] == UNKNOWN and self._some_candidate_has(a)

    def legal_asks(self) -> set[int]:
        return {a for a in self.askables if self.can_ask(a)}

    def can_recommend(self) -> bool:
        return not self.done and bool(self.candidates)

    def can_reflect(self) -> bool:
        return not self.done and bool(self.shown_last) and self.rule_user.reflects

    def _some_candidate_has(self, a: int) -> bool:
        return not self.candidates.isdisjoint(self.tables.attribute_items[a])

    # ---------------------------------------------------------------- ask

    @property
    def live_targets(self) -> list[int]:
        """The targets that have every accepted attribute; all of them if noise left none.

        Under choice questions all of them.
        """
        if self.asks_choices:
            return list(self.targets)
        accepted = self._with_status(ACCEPTED)
        live = [v for v in self.targets if self.tables.item_attributes[v].issuperset(accepted)]
        return live or list(self.targets)

    def ask(self, a: int) -> Step:
        """Ask about an attribute (under "choice": and those that go with it), or about a facet."""
        if self._move_is_ignored():
            return self._ignore()
        if not self.can_ask(a):
            raise IllegalActionError(f"{a} is not askable now; askable: {self.legal_asks()}.")
        about, asked = self._asked_attributes(a)
        if self.asks_facets:
            self.facets_asked.add(a)
        user, rewards = self.rule_user, self.protocol.rewards
        unsure = rewards.ask_unsure
        if self.asks_choices:
            unsure = sum(rewards.ask_unsure for _ in asked)
        self._perhaps_change_mind()

        if user.does_not_know(self.turn):
            self._leave_open(about)
            return self._end_move(Outcome.UNSURE, unsure, question=True, asked=asked)
        if not self.asks_facets and user.deflects(self.turn):
            self._leave_open(about)
            wanted = user.wants(self.turn, self.live_targets[0], self.status, about)
            instead = () if wanted is None else (wanted,)
            self._accept(instead)
            return self._end_move(
                Outcome.UNSURE, unsure, question=True, asked=asked, accepted=instead
            )

        flip = user.errs(self.turn)
        if self.asks_facets:
            accepted = self._answer_facet(a, flip)
        else:
            accepted = tuple(p for p in about if self._is_wanted(p) != flip)
            if self.asks_choices:
                self._settle_choice(asked, accepted)
            else:
                self._accept(accepted)
                self._reject(p for p in about if p not in accepted)
        reward = rewards.ask_yes if accepted else rewards.ask_no
        if self.asks_choices:
            reward = sum(rewards.ask_yes if p in accepted else rewards.ask_no for p in asked)
        if accepted:
            return self._end_move(
                Outcome.YES, reward, question=True, asked=asked, accepted=accepted
            )
        also = user.adds(self.turn, self.live_targets[0], self.status, about)
        named = () if also is None else (also,)
        self._accept(named)
        return self._end_move(Outcome.NO, reward, question=True, asked=asked, accepted=named)

    def _leave_open(self, attributes: Iterable[int]) -> None:
        """What was asked got no answer."""
        for a in attributes:
            if self.status[a] == UNKNOWN:
                self.status[a] = UNSURE

    def _asked_attributes(self, a: int) -> tuple[Sequence[int], tuple[int, ...]]:
        """What the question is about, and what of it is asked by name."""
        if self.asks_facets:
            return self.tables.facet_attributes[a], ()
        asked = self.choices(a) if self.asks_choices else (a,)
        return asked, asked

    def choices(self, a: int) -> tuple[int, ...]:
        """What a choice question about `a` names: itself, and the best others of its facet."""
        facet = self.tables.attribute_facet[a]
        if facet < 0:
            return (a,)
        others = [p for p in self.tables.facet_attributes[facet] if p != a and self.can_ask(p)]
        entropies = self.entropies()
        others.sort(key=lambda p: (-entropies[p], p))
        return (a, *others[: self.protocol.choices - 1])

    def _is_wanted(self, a: int) -> bool:
        """Whether a target has an attribute, and where it has to be the user's, the user too."""
        if self.protocol.yes_if == "item_and_user" and a not in self.own_attributes:
            return False
        return any(a in self.tables.item_attributes[v] for v in self.live_targets)

    def _settle_choice(self, asked: Sequence[int], accepted: Sequence[int]) -> None:
        """One cut for the whole question: what has any yes, without what has any no."""
        items = self.tables.attribute_items
        for a in asked:
            self.status[a] = ACCEPTED if a in accepted else REJECTED
        some: set[int] = set().union(*(items[a] for a in accepted)) & self.candidates
        left = some or set(self.candidates)
        if self.protocol.on_reject == "remove":
            left = left.difference(*(items[a] for a in asked if a not in accepted))
        self._narrow(left)

    def _answer_facet(self, facet: int, flip: bool) -> tuple[int, ...]:
        """The attributes of the facet that the user accepts, settled; empty for a no."""
        inside = self.tables.facet_attributes[facet]
        named: list[int] = []
        mine = set(inside)
        if self.protocol.yes_if == "item_and_user":
            mine &= self.own_attributes
        for v in self.live_targets:
            named = [a for a in inside if a in mine & self.tables.item_attributes[v]]
            if named:
                break
        if flip:
            named = [] if named else [inside[self.draw("flip", self.turn, len(inside))]]
        self._accept(named)
        self._reject(a for a in inside if self.status[a] == UNKNOWN)
        return tuple(named)

    def _accept(self, attributes: Iterable[int]) -> None:
        for a in attributes:
            self.status[a] = ACCEPTED
            self._narrow(self.candidates & self.tables.attribute_items[a])

    def _reject(self, attributes: Iterable[int]) -> None:
        for a in attributes:
            self.status[a] = REJECTED
            if self.protocol.on_reject == "remove":
                self._narrow(self.candidates - self.tables.attribute_items[a])

    def _narrow(self, left: set[int]) -> None:
        if left:  # otherwise the answer contradicts what was said before: nothing changes
            self.candidates = left

    # ---------------------------------------------------------------- recommend, reflect, illegal

    def recommend(self, items: Sequence[int] | None = None, aspects: Sequence[int] = ()) -> Step:
        """Show items: those given, or the best candidates.

        Args:
            aspects: the attributes that are given as the reason for the list.
        """
        if self._move_is_ignored():
            return self._ignore()
        if not self.can_recommend():
            raise IllegalActionError("there is no candidate to recommend.")
        shown = tuple(self.top_items() if items is None else items)
        check_list("items", shown, 1, self.protocol.top_k, self.tables.n_items)
        check_list("attributes", aspects, 0, self.protocol.aspects, self.tables.n_attributes)
        self.aspects = tuple(aspects)

        rewards = self.protocol.rewards
        self._perhaps_change_mind()
        user = self.rule_user
        known = user.knows(self.turn, shown, self.targets)
        inquired = user.asks_about(self.turn, shown, known)
        if inquired is not None and self.protocol.inquiries == "turn":
            self.shown_last = ()
            return self._end_move(
                Outcome.UNSURE, 0.0, disappoints=False, items=shown, inquired=inquired
            )
        positions = user.takes(self.turn, shown, self.targets, known)
        if known is not None:
            user.acceptable = [v for v in user.acceptable if v != known.item]
        if positions:
            satisfied = self._take(shown, positions, known)
            return self._end_move(
                Outcome.HIT,
                rewards.hit,
                satisfied=satisfied,
                items=shown,
                rank=positions[0],
                further=positions[1:],
                known=known,
                inquired=inquired,
            )
        self._drop(shown, known)
        self.shown_last = shown
        if known is not None:
            self.shown_last = tuple(v for v in shown if v != known.item)
        said = self._say_with_refusal()
        return self._end_move(
            Outcome.MISS,
            rewards.miss,
            items=shown,
            known=known,
            inquired=inquired,
            **what_was_said(said),
        )

    def _take(self, shown: Sequence[int], positions: Sequence[int], known: Known | None) -> bool:
        """The user takes items of a list; whether they are satisfied now."""
        user, items = self.rule_user, [shown[position - 1] for position in positions]
        user.taken += items
        self.utility += sum(user.utility(v) for v in items) / self.behaviour.takes
        candidates = self.candidates
        self._drop(shown, known)
        self.candidates = self.candidates.difference(items)
        targets = [v for v in self.targets if v not in items]
        acceptable = [v for v in user.acceptable if v not in items]
        next_best = [v for v in acceptable if v in self.candidates]
        if len(user.taken) >= self.behaviour.takes or not (targets or next_best):
            self.candidates = candidates
            return True
        self.shown_last = ()
        if not targets:  # what they have in mind now
            targets.append(next_best[0])
            acceptable.remove(next_best[0])
        self.targets, user.acceptable = targets, acceptable
        return False

    def _drop(self, shown: Collection[int], known: Known | None) -> None:
        if self.protocol.drop_failed == "always" or len(self.candidates) > self.protocol.top_k:
            self.candidates = self.candidates.difference(shown)
        if known is not None:
            self.candidates = self.candidates.difference({known.item})

    def reflect(self) -> Step:
        """Revise the user's vector: train items up, the items refused last down (EAR sec. 4.3).

        Users who say what was wrong are asked for it, unless they said it with the refusal.
        """
        if self._move_is_ignored():
            return self._ignore()
        if not self.can_reflect():
            raise IllegalActionError("there is no refused recommendation to reflect on.")
        is_question = self.protocol.feedback_on == "reflect" and self.rule_user.says_what_was_wrong
        if is_question:
            self._perhaps_change_mind()
        said = self._said(self.rule_user.feedback) if is_question else Feedback()
        self.user_vector = self.reflected(self.tables.train[self.user], self.shown_last)
        self.shown_last = ()
        if not is_question:
            return Step(0.0, Outcome.NOTHING)
        if said.more is not None:
            outcome = Outcome.YES
        else:
            outcome = Outcome.UNSURE if said.less is None else Outcome.NO
        return self._end_move(outcome, 0.0, disappoints=False, **what_was_said(said))

    def _say_with_refusal(self) -> Feedback:
        """What the user says with a refusal, because the protocol has it so or unasked, settled."""
        said = Feedback()
        if not self.shown_last:  # they know all that was shown: there is nothing to speak of
            return said
        if self.protocol.feedback_on == "refusal":
            said = self._said(self.rule_user.feedback)
        return self._said(self.rule_user.unasked) if said == Feedback() else said

    def _said(self, say: Callable[..., Feedback]) -> Feedback:
        """What the user says about the list refused last, settled."""
        said = say(self.turn, self.shown_last, self.aspects, self.live_targets[0], self.status)
        if said.less is not None:
            self._reject([said.less])
        if said.more is not None:
            self._accept([said.more])
        return said

    def illegal(self) -> Step:
        """A move that was not legal, under `illegal="penalise"`."""
        if self._move_is_ignored():
            return self._ignore()
        return self._end_move(Outcome.ILLEGAL, self.protocol.rewards.illegal)

    # ---------------------------------------------------------------- turns and ends

    def _move_is_ignored(self) -> bool:
        if self.done:
            raise StateError("the conversation has ended or was not opened; call `open` first.")
        return self.turn == self.protocol.max_turns and not self.protocol.last_turn_acts

    def _ignore(self) -> Step:
        self.done = True
        return Step(self.protocol.rewards.timeout, Outcome.NOTHING, truncated=True, ignored=True)

    def _end_move(
        self,
        outcome: Outcome,
        reward: float,
        *,
        question: bool = False,
        disappoints: bool = True,
        satisfied: bool = False,
        **what: Any,
    ) -> Step:
        """Count the turn, see whether the user leaves, and end the conversation if it is over.

        Args:
            question: whether the move asked about an attribute or a facet.
            disappoints: whether a no, a "don't know" or a refusal is a disappointment.
            satisfied: whether the user has all that they want.
        """
        turn_of_move, rewards, user = self.turn, self.protocol.rewards, self.rule_user
        disappoints &= outcome in (Outcome.NO, Outcome.UNSURE, Outcome.MISS)
        left = disappoints and user.leaves_after_disappointment(turn_of_move)
        if question:
            left |= user.leaves_after_question()
        if outcome is Outcome.MISS:
            left |= user.leaves_after_refusal(turn_of_move)
        self.history[turn_of_move - 1] = int(outcome)
        self.turn += 1
        terminated = truncated = nothing_left = False
        if satisfied:
            terminated = True
        elif left:
            terminated = True
            reward += rewards.leave
        elif not self.candidates and not self.legal_asks():
            terminated = nothing_left = True
            reward += rewards.nothing_left
        elif turn_of_move == self.protocol.max_turns:
            truncated = True
            reward += rewards.timeout
        self.done = terminated or truncated
        return Step(
            reward, outcome, terminated, truncated, left=left, nothing_left=nothing_left, **what
        )
