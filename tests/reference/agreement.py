"""The batched kernels and the plain-Python reference, played side by side and compared.

`SideBySide` makes the same random moves in a `Dialogues` and in one `ReferenceConversation` for
each row, and compares every field of the state after the opening and after every move.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from reference.beliefs import binary_entropy, sigmoid
from reference.cpr import ReferenceConversation, Step
from reference.random_worlds import (
    random_behaviour,
    random_protocol,
    random_vectors,
    random_world,
)
from reference.tables import Draw, DrawUnit, WorldTables
from reference.wishes import Standing

from recosim.acts import Moves, Outcome, Verb
from recosim.envs.cpr.dialogues import QUESTIONS, REWARD_TERMS, Dialogues
from recosim.envs.cpr.protocol import Protocol
from recosim.estimators.base import Vectors
from recosim.kernels import random
from recosim.users import Behaviour, Population
from recosim.users.behaviour import WORDS
from recosim.world.world import World

__all__ = ["SideBySide", "draws_of", "play_cases", "random_case"]

# Entropies are float32; scores after a reflection, and sums of sigmoids, are rounded differently.
ENTROPY_TOLERANCE = 1e-6
SCORE_TOLERANCE = 2e-4
WEIGHTED_TOLERANCE = 2e-5
UTILITY_TOLERANCE = 1e-12  # a sum over several items

# A population whose users differ, which gives each user a row in the table of settings, and room
# for all that they may want, say and do.
DIFFERENT_USERS = Population(
    "mixed",
    {
        "acceptable": {"choice": [32]},
        "musts": {"choice": [8]},
        "drift": {"uniform": [0, 1]},
        "takes": {"choice": [8]},
        "opening": {"choice": list(WORDS["opening"])},
        "question_patience": {"choice": [8]},
    }
    | {
        name: {"uniform": [0, 1]}
        for name in (
            "seen",
            "asks_about",
            "critique_unasked",
            "want_unasked",
            "bad_list_hazard",
            "bad_list_rise",
            "deflects",
        )
    },
)
# The purposes of which there are several, all drawn as the conversation opens.
NUMBERED = {"target": random.TARGET, "further": random.FURTHER}


def draws_of(seed: int, conversation: int) -> tuple[Draw, DrawUnit]:
    """The kernel's random numbers in the form that the reference takes them."""
    key = np.uint64(seed), np.int64(conversation)

    def draw(purpose: str, turn: int, n: int) -> int:
        if purpose in NUMBERED:
            return int(random.draw_index(*key, 0, NUMBERED[purpose] + turn, n))
        return int(random.draw_index(*key, turn, random.PURPOSES[purpose], n))

    def draw_unit(purpose: str, turn: int) -> float:
        return float(random.draw_unit(*key, turn, random.PURPOSES[purpose]))

    return draw, draw_unit


@dataclass(frozen=True)
class Case:
    """What a batch is made of.

    Attributes:
        behaviour: of all users, unless `behaviours` has one for each user of the world.
        options: further arguments of `Dialogues`.
        answers: who answers: the rule user of the "kernel", or somebody "outside".
        look: share of the moves after which the batch is read in place, not in a copy.
    """

    world: World
    vectors: Vectors
    protocol: Protocol
    behaviour: Behaviour
    size: int
    options: dict[str, Any]
    answers: str = "kernel"
    look: float = 1.0
    behaviours: tuple[Behaviour, ...] = ()

    def behaviour_of(self, user: int) -> Behaviour:
        return self.behaviours[user] if self.behaviours else self.behaviour


def random_case(rng: np.random.Generator, sizes: tuple[int, ...], question: str) -> Case:
    """A batch over a random world, with the settings of `Dialogues` drawn as well.

    The question is that of the protocol, unless a preset was drawn or the world has no facets.
    """
    world = random_world(rng)
    size = int(rng.choice(sizes))
    options: dict[str, Any] = {
        "split": str(rng.choice(["train", "valid", "test"])),
        "track": bool(rng.random() < 0.5),
        "ask_best_by": str(rng.choice(["entropy", "weighted_entropy"])),
        "raise_illegal": bool(rng.random() < 0.5),
        "open_ended": bool(rng.random() < 0.15),
        "threads": int(rng.integers(1, 4)),
    }
    answers = "outside" if rng.random() < 0.2 and not options["open_ended"] else "kernel"
    behaviours = [random_behaviour(rng) for _ in range(1 + world.n_users)]
    if answers == "outside":  # nobody tells the kernels of a change of mind
        behaviours = [replace(each, drift=0.0) for each in behaviours]
    return Case(
        world=world,
        vectors=random_vectors(rng, world),
        protocol=random_protocol(rng, question if world.n_facets else "binary"),
        behaviour=behaviours[0],
        size=size,
        options=options,
        answers=answers,
        look=float(rng.choice([0.0, 0.5, 1.0])),
        behaviours=tuple(behaviours[1:]) if rng.random() < 1 / 3 else (),
    )


def play_cases(seed: int, conversations: int, sizes: tuple[int, ...]) -> int:
    """Play random cases until there were `conversations` conversations; returns how many it were.

    Raises:
        AssertionError: the two disagree; the message names the case.
    """
    played = case = 0
    while played < conversations:
        try:
            drawn = random_case(rng_of(seed, case), sizes, QUESTIONS[case % len(QUESTIONS)])
            both = SideBySide(drawn, rng_of(seed, case, 1))
            both.open()
            both.play()
        except AssertionError as error:
            raise AssertionError(f"case ({seed}, {case}): {error}") from error
        played += both.opened
        case += 1
    return played


def rng_of(*key: int) -> np.random.Generator:
    return np.random.default_rng(key)


class Reading:
    """What the reference makes of a state, each thing computed once."""

    def __init__(self, conv: ReferenceConversation) -> None:
        self.conv = conv

    @cached_property
    def legal_asks(self) -> set[int]:
        return self.conv.legal_asks()

    @cached_property
    def scores(self) -> dict[int, float]:
        return self.conv.scores()

    @cached_property
    def entropy(self) -> dict[int, float]:
        return self.conv.entropies()

    @cached_property
    def weighted_entropy(self) -> dict[int, float]:
        return self.conv.weighted_entropies()


class SideBySide:
    """One batch in both implementations.

    Attributes:
        dialogues: the kernels' side. conversations: the reference's side, one for each row.
        opened: conversations opened so far.
    """

    def __init__(self, case: Case, rng: np.random.Generator) -> None:
        self.case, self.rng = case, rng
        self.batch = Dialogues(
            case.world,
            case.vectors,
            case.protocol,
            case.size,
            users=DIFFERENT_USERS if case.behaviours else case.behaviour,
            **case.options,
        )
        if case.behaviours:
            self.batch.arrays["traits"][:] = [user.traits() for user in case.behaviours]
        self.tables = WorldTables(case.world)
        self.conversations: list[ReferenceConversation] = [None] * case.size  # type: ignore[list-item]
        # What the fields of the last move should hold, by row.
        self.moves: list[dict[str, Any]] = [{} for _ in range(case.size)]
        self.readings: list[Reading] = [None] * case.size  # type: ignore[list-item]
        self.exact = [True] * case.size  # whether scores are exact: no reflection so far
        self.opened = 0

    # ---- the opening -------------------------------------------------------------

    def open(self) -> None:
        """Open all rows: with pairs and openings drawn by the kernel, or with given ones."""
        d, rng, size = self.batch, self.rng, self.case.size
        seeds = rng.integers(0, 2**64, size, dtype=np.uint64)
        conversations = rng.integers(0, 2**40, size)
        given: dict[str, Any] = {}
        if rng.random() < 0.3:
            pairs = d.pool.pairs()[rng.integers(0, d.pool.indptr[-1], size)]
            given = {"users": pairs[:, 0], "items": pairs[:, 1]}
            if rng.random() < 0.5:
                choices = [np.append(d.openings_of(v), -1) for v in pairs[:, 1].tolist()]
                given["openings"] = [int(rng.choice(c)) for c in choices]
        d.open(seeds=seeds, conversations=conversations, **given)
        openings = given.get("openings", [-1] * size)
        for b in range(size):
            if not given:
                self._check_pair(b)
            self._open_reference(b, None if openings[b] < 0 else openings[b])
        self.compare()

    def _check_pair(self, b: int) -> None:
        """The pair that the kernel drew is the one that the pool and the randomness give."""
        a, pool = self.batch.arrays, self.batch.pool
        key = a["seed"][b], a["conversation"][b], 0
        if self.case.options.get("split") == "test":
            link = random.draw_index(*key, random.ITEM, len(pool.items))
            expected = pool.pairs()[link].tolist()
        else:
            row = random.draw_index(*key, random.USER, len(pool.users))
            items = pool.items[pool.indptr[row] : pool.indptr[row + 1]]
            expected = [pool.users[row], items[random.draw_index(*key, random.ITEM, len(items))]]
        assert [a["user"][b], a["targets"][b, 0]] == expected, f"row {b}: the pair drawn"

    def _open_reference(self, b: int, opening: int | None) -> None:
        case, a = self.case, self.batch.arrays
        draw, draw_unit = draws_of(int(a["seed"][b]), int(a["conversation"][b]))
        user, target = int(a["user"][b]), int(a["targets"][b, 0])
        conv = ReferenceConversation(
            self.tables,
            case.protocol,
            case.vectors,
            behaviour=case.behaviour_of(user),
            draw=draw,
            draw_unit=draw_unit,
        )
        split = case.world.split(self.batch.split).row(user).tolist()
        named = conv.open(user, target, split, opening)
        (facet,) = conv.facets_asked or {-1}
        self.conversations[b] = conv
        self.moves[b] = {
            **_move_fields(conv, Verb.OPEN, Step(0.0, Outcome.NOTHING, accepted=named)),
            "asked_facet": facet,
            "opening": named[0] if named else -1,
            "step": 0,
        }
        self.exact[b] = True
        self.opened += 1

    # ---- moves -------------------------------------------------------------------

    def play(self) -> None:
        """Make random moves until all rows have ended, and one more; 24 if they never end."""
        if self.case.options.get("open_ended"):
            for _ in range(24):
                self.move(*self._random_moves())
            return
        while not all(conv.done for conv in self.conversations):
            self.move(*self._random_moves())
        self.move(*self._random_moves())

    def move(
        self,
        actions: np.ndarray,
        slates: np.ndarray | None = None,
        aspects: np.ndarray | None = None,
    ) -> None:
        """One move of every row in both, then compare them."""
        d = self.batch
        moves = Moves.from_flat(actions, d.n_askables, slates, aspects)
        if self.case.answers == "outside":
            d.pose(moves)
        else:
            d.step(moves)
        for b, conv in enumerate(self.conversations):
            if conv.done and d.arrays["conversation"][b] != self.moves[b]["conversation"]:
                self._open_reference(b, None)
            elif conv.done:
                if self.case.answers == "kernel":
                    self.moves[b] |= {"reward": 0.0, "reward_terms": [0.0] * len(REWARD_TERMS)}
            else:
                slate, reasons = (
                    [] if given is None else [int(x) for x in given[b] if x >= 0]
                    for given in (slates, aspects)
                )
                self._move_reference(b, int(actions[b]), slate, reasons)
        if self.case.answers == "outside":
            d.settle()
        self.compare()

    def _random_moves(self) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Actions, lists (or none) and the reasons given for lists (or none)."""
        rng, d = self.rng, self.batch
        own_lists = rng.random() < 0.6
        own_reasons = self.case.protocol.aspects > 0 and rng.random() < 0.8
        actions = np.empty(self.case.size, dtype=np.int64)
        slates = np.full((self.case.size, self.case.protocol.top_k), -1, dtype=np.int32)
        aspects = np.full((self.case.size, self.case.protocol.aspects), -1, dtype=np.int32)
        for b, conv in enumerate(self.conversations):
            if conv.done:
                actions[b] = rng.integers(-1, d.n_actions)
                continue
            actions[b] = self._random_action(b)
            if actions[b] != d.n_askables:
                # Nobody may look at the list of a row that shows nothing.
                slates[b] = aspects[b] = 9_999_999
                continue
            shown: list[int] = []
            if rng.random() < 0.7:
                shown = self._random_list(conv)
                slates[b, : len(shown)] = shown
            if own_reasons:
                reasons = self._random_reasons(conv, shown if own_lists else [])
                aspects[b, : len(reasons)] = reasons
        return actions, slates if own_lists else None, aspects if own_reasons else None

    def _random_action(self, b: int) -> int:
        rng, n, conv = self.rng, self.batch.n_askables, self.conversations[b]
        asks, luck = sorted(self.readings[b].legal_asks), rng.random()
        if not self.case.options.get("raise_illegal", True) and luck < 0.08:
            illegal = [a for a in range(n) if a not in asks]
            illegal += [n + 1] * (not conv.can_reflect()) + [-1] * (not asks)
            if illegal:
                return int(rng.choice(illegal))
        if conv.can_reflect() and luck < 0.4:
            return n + 1
        if not asks or luck > 0.75:
            return n
        return -1 if luck > 0.65 else int(rng.choice(asks))

    def _random_list(self, conv: ReferenceConversation) -> list[int]:
        """Items to show: candidates or any, mostly none that would be taken, that it may go on."""
        every = sorted(conv.candidates) if self.rng.random() < 0.6 else range(self.tables.n_items)
        taken = {*conv.targets, *conv.rule_user.acceptable}
        wrong = [v for v in every if v not in taken]
        items = wrong if wrong and self.rng.random() < 0.8 else list(every)
        length = int(self.rng.integers(1, conv.protocol.top_k, endpoint=True))
        if conv.behaviour.takes > 1 and self.rng.random() < 0.5:  # they go on after a hit
            few = self.rng.permutation(sorted(taken))[:2].tolist()
            items = few + [v for v in items if v not in few][: length - 1]
        return self.rng.permutation(items)[:length].tolist()

    def _random_reasons(self, conv: ReferenceConversation, shown: list[int]) -> list[int]:
        """Attributes that justify a list: often those that an item has and no target, or any."""
        if self.rng.random() < 0.7:
            has, of = self.tables.item_attributes, self.rng.choice(shown or sorted(conv.candidates))
            every = sorted(has[of].difference(*(has[v] for v in conv.targets)))
        else:
            every = list(range(self.tables.n_attributes))
        length = int(self.rng.integers(0, conv.protocol.aspects, endpoint=True))
        return self.rng.permutation(every)[:length].tolist()

    def _move_reference(self, b: int, action: int, given: list[int], reasons: list[int]) -> None:
        """The move that the kernel was told to make, with the checks of what it chose itself."""
        conv, a, n = self.conversations[b], self.batch.arrays, self.batch.n_askables
        ignored = conv.turn == conv.protocol.max_turns and not conv.protocol.last_turn_acts
        facet = -1
        if action == n + 1 and (conv.can_reflect() or ignored):
            verb, step = Verb.REFLECT, conv.reflect()
            self.exact[b] &= ignored or not self.tables.train[conv.user]
        elif action == n:
            if not given and not ignored:
                given = a["shown"][b, : a["n_shown"][b]].tolist()
                self._check_best_items(b, given)
            verb, step = Verb.RECOMMEND, conv.recommend(given, reasons)
        elif action < n and (ignored or self._can_ask(b, action)):
            if action < 0 and not ignored:
                chosen = a["asked_facet"][b] if conv.asks_facets else a["asked"][b, 0]
                action = int(chosen)
                self._check_best_ask(
                    b, action, self.case.options.get("ask_best_by", "weighted_entropy")
                )
            if conv.asks_facets and not ignored:
                facet = action
            verb, step = Verb.ASK, conv.ask(action)
        else:
            verb, step = Verb.ILLEGAL, conv.illegal()
        if self.case.answers == "outside" and not step.ignored and verb is not Verb.ILLEGAL:
            self._answer(b, step)
        before = self.moves[b]
        self.moves[b] = {
            **_move_fields(conv, Verb.IGNORED if step.ignored else verb, step),
            "asked_facet": facet,
            "opening": before["opening"],
            "step": before["step"] + 1,
        }

    def _answer(self, b: int, step: Step) -> None:
        """What the reference's user says, written where the kernels look for it."""
        a, conv = self.batch.arrays, self.conversations[b]
        a["outcome"][b], a["rank"][b], a["left"][b] = step.outcome, step.rank, step.left
        a["n_accepted"][b] = len(step.accepted)
        a["accepted"][b, : len(step.accepted)] = step.accepted
        if step.criticised is not None:
            a["asked"][b, 0] = step.criticised
        if step.items:
            a["notes"][b], a["taken"][b] = _notes(conv, step), _taken(conv, step)
            a["inquired"][b] = -1 if step.inquired is None else step.inquired

    def _can_ask(self, b: int, action: int) -> bool:
        legal = self.readings[b].legal_asks
        return bool(legal) if action == -1 else action in legal

    # ---- comparing ---------------------------------------------------------------

    def compare(self) -> None:
        """Raise `AssertionError` unless every field of every row is the same."""
        d, a = self.batch, self.batch.arrays
        self.readings = [Reading(conv) for conv in self.conversations]
        for b, conv in enumerate(self.conversations):
            self.moves[b]["conversation"] = int(a["conversation"][b])
            expected = _state_fields(conv) | self.moves[b]
            if self.case.answers == "kernel":
                expected |= _temper_fields(conv)
            if conv.shown_last and not conv.done:  # else nobody needs the reasons
                expected["aspects"] = list(conv.aspects)
            for name, value in expected.items():
                found = _found(d, b, name)
                assert found == value, f"row {b}: {name} is {found}, not {value}"
            _close(a["utility"][b], conv.utility, UTILITY_TOLERANCE, f"row {b}: utility")
            # An exact user vector has exact sums; otherwise both round.
            for name, vector in (("user_vector", conv.user_vector), ("query", _query(conv))):
                tolerance = 0.0 if self.exact[b] else SCORE_TOLERANCE
                assert np.abs(a[name][b] - vector).max() <= tolerance, f"row {b}: {name}"
        # What is computed when it is read: in place, so that what is kept can be stale, or in a
        # copy, so that the next move finds the batch as the last one left it.
        in_place = self.rng.random() < self.case.look
        saved = None if in_place else d.state()
        self._compare_beliefs()
        if saved is not None:
            d.set_state(saved)

    def _compare_beliefs(self) -> None:
        d, a, n = self.batch, self.batch.arrays, self.batch.n_askables
        mask, entropy = d.legal_actions(), d.entropy()
        for b, conv in enumerate(self.conversations):
            expected = [True] * d.n_actions
            if not conv.done:
                legal = self.readings[b].legal_asks
                expected = [x in legal for x in range(n)] + [
                    conv.can_recommend(),
                    conv.can_reflect(),
                ]
            assert mask[b].tolist() == expected, f"row {b}: mask is {mask[b]}, not {expected}"
            if conv.candidates:
                counts = conv.counts()
                expected = [counts[x] for x in range(self.tables.n_attributes)]
                assert a["counts"][b].tolist() == expected, f"row {b}: counts"
            known = list(self.readings[b].entropy.values())
            _close(entropy[b], known, ENTROPY_TOLERANCE, f"row {b}: entropy")
        for by in self.rng.permutation(["entropy", "weighted_entropy"]).tolist():
            chosen = d.best_asks(by).tolist()
            for b, conv in enumerate(self.conversations):
                if not conv.done:
                    self._check_best_ask(b, chosen[b], by)
                    if by == "weighted_entropy":
                        self._check_weighted_entropies(b)
        best, scores = d.best_items()
        for b, conv in enumerate(self.conversations):
            if not conv.done:
                items = [v for v in best[b].tolist() if v >= 0]
                self._check_best_items(b, items)
                score = [self.readings[b].scores[v] for v in items]
                tolerance = 1e-5 if self.exact[b] else SCORE_TOLERANCE
                _close(scores[b, : len(items)], score, tolerance, f"row {b}: scores")

    def _check_best_ask(self, b: int, chosen: int, by: str) -> None:
        """The ask of the highest entropy; where sums are rounded, one of the highest."""
        conv, reading = self.conversations[b], self.readings[b]
        legal = reading.legal_asks
        if not legal:
            assert chosen == -1, f"row {b}: asks {chosen}, and nothing is askable"
            return
        assert chosen in legal, f"row {b}: asks {chosen}, which is not askable"
        entropy = reading.entropy if by == "entropy" else reading.weighted_entropy
        if by == "entropy" and not conv.asks_facets:
            expected = max(legal, key=lambda x: (entropy[x], -x))
            assert chosen == expected, f"row {b}: asks {chosen}, not {expected}"
        else:
            highest = max(entropy[x] for x in legal)
            tolerance = ENTROPY_TOLERANCE if by == "entropy" else 10 * WEIGHTED_TOLERANCE
            assert entropy[chosen] >= highest - tolerance, f"row {b}: {by} of {chosen}"

    def _check_weighted_entropies(self, b: int) -> None:
        """Those of all attributes, known or not, and of the askables."""
        reading, tables = self.readings[b], self.tables
        weight = {v: sigmoid(s) for v, s in reading.scores.items()}
        total = sum(weight.values())
        of_attribute = [
            binary_entropy(sum(weight[v] for v in weight.keys() & items), total)
            for items in tables.attribute_items
        ]
        found = self.batch.arrays["weighted_entropy"][b]
        _close(found, of_attribute, WEIGHTED_TOLERANCE, f"row {b}: weighted entropies")
        unknown = np.where(self.batch.arrays["status"][b] == 0, found, 0.0)
        if reading.conv.asks_facets:
            unknown = np.array([unknown[inside].sum() for inside in tables.facet_attributes])
        known = list(reading.weighted_entropy.values())
        _close(unknown, known, 10 * WEIGHTED_TOLERANCE, f"row {b}: weighted entropies of askables")

    def _check_best_items(self, b: int, items: list[int]) -> None:
        """The best candidates in their order; where scores are rounded, within the tolerance."""
        conv = self.conversations[b]
        penalised = self.case.vectors.penalise_rejected and -1 in conv.status.values()
        if self.exact[b] and not penalised:
            score = self.readings[b].scores
            best = sorted(score, key=lambda v: (-score[v], v))[: conv.protocol.top_k]
            assert items == best, f"row {b}: best items {items}, not {best}"
            return
        score = self.readings[b].scores
        assert len(set(items)) == len(items) == min(len(score), conv.protocol.top_k), (
            f"row {b}: list"
        )
        assert set(items) <= score.keys(), f"row {b}: {items} has items that are no candidates"
        values = [score[v] for v in items]
        others = [s for v, s in score.items() if v not in items]
        ranked = [*values, max(others, default=-np.inf)]
        assert all(x >= y - SCORE_TOLERANCE for x, y in pairwise(ranked)), (
            f"row {b}: best items {items} have the scores {ranked}"
        )


def _state_fields(conv: ReferenceConversation) -> dict[str, Any]:
    """The state of a conversation, by the names that the kernels use."""
    asked = conv.facets_asked
    return {
        "user": conv.user,
        "targets": conv.targets,
        "live": conv.live_targets,
        "turn": conv.turn,
        "done": conv.done,
        "status": list(conv.status.values()),
        "facet_asked": [f in asked for f in range(conv.tables.n_facets)],
        "history": conv.history,
        "candidate_ids": sorted(conv.candidates),
        "n_candidates": len(conv.candidates),
        "shown_last": list(conv.shown_last),
        "musts": conv.rule_user.musts,
        "standing": _standing(conv.rule_user.standing),
        "acceptable": conv.rule_user.acceptable,
        "n_taken": len(conv.rule_user.taken),
        "wanted_first": conv.rule_user.wishes[0],
        "promoted": conv.targets[0] not in conv.rule_user.wishes,
        "opening_item": -1 if conv.opening_item is None else conv.opening_item,
    }


def _temper_fields(conv: ReferenceConversation) -> dict[str, int]:
    """What makes the user leave, by the names that the kernels use."""
    user = conv.rule_user
    return {
        "disappointments": user.disappointments,
        "n_questions": user.questions,
        "n_refused": user.refused,
    }


def _standing(standing: Standing | None) -> list[int]:
    """The instruction given with the request, in the columns of the kernels."""
    if standing is None:
        return [-1, -1, -1, -1]
    wanted, avoided = standing.attribute, -1
    if not standing.wanted:
        wanted, avoided = avoided, wanted
    condition = -1 if standing.condition is None else standing.condition
    return [wanted, avoided, condition, 1 if standing.holds else -1]


def _move_fields(conv: ReferenceConversation, verb: Verb, step: Step) -> dict[str, Any]:
    """What a move leaves behind, by the names that the kernels use."""
    r, terms = conv.protocol.rewards, dict.fromkeys(REWARD_TERMS, 0.0)
    asked = step.asked if step.criticised is None else (step.criticised,)
    if verb is Verb.ASK and not step.ignored:
        reward = {Outcome.YES: r.ask_yes, Outcome.NO: r.ask_no, Outcome.UNSURE: r.ask_unsure}
        terms["ask"] = reward[step.outcome]
        if conv.asks_choices:  # each attribute pays
            answers = [Outcome.YES if a in step.accepted else Outcome.NO for a in step.asked]
            unsure = step.outcome is Outcome.UNSURE
            terms["ask"] = sum(r.ask_unsure if unsure else reward[each] for each in answers)
    elif verb is Verb.RECOMMEND and not step.ignored:
        terms["recommend"] = {Outcome.HIT: r.hit, Outcome.MISS: r.miss}.get(step.outcome, 0.0)
    elif verb is Verb.ILLEGAL:
        terms["illegal"] = r.illegal
    if step.truncated:
        terms["timeout"] = r.timeout
    if step.left:
        terms["leave"] = r.leave
    if step.nothing_left:
        terms["nothing_left"] = r.nothing_left
    return {
        "verb": int(verb),
        "outcome": int(step.outcome),
        "asked": [*asked, *[-1] * 16][: max(2, conv.protocol.choices)],
        "accepted": list(step.accepted),
        "shown": list(step.items),
        "notes": _notes(conv, step),
        "taken": _taken(conv, step),
        "inquired": -1 if step.inquired is None else step.inquired,
        "rank": step.rank,
        "left": step.left,
        "reward": step.reward,
        "reward_terms": list(terms.values()),
        "terminated": step.terminated,
        "truncated": step.truncated,
    }


def _notes(conv: ReferenceConversation, step: Step) -> list[int]:
    """What the user says of each item of the list: a code for each place that a list has."""
    notes = [0] * conv.protocol.top_k
    if step.known is not None:
        notes[step.items.index(step.known.item)] = int(step.known.note)
    return notes


def _taken(conv: ReferenceConversation, step: Step) -> list[int]:
    """1 for each place of the list whose item was taken."""
    positions = {step.rank, *step.further}
    return [int(position in positions) for position in range(1, conv.protocol.top_k + 1)]


# Lists of changing length: the array, and the one that holds how much of it is used.
_LENGTHS = {
    "accepted": "n_accepted",
    "shown": "n_shown",
    "shown_last": "n_shown_last",
    "targets": "n_targets",
    "acceptable": "n_acceptable",
}


def _found(d: Dialogues, b: int, name: str) -> Any:
    """A field of one row of the kernels' side, in the form that the reference has it."""
    a = d.arrays
    if name == "candidate_ids":
        return d.candidate_ids(b).tolist()
    if name in ("aspects", "musts"):
        return [x for x in a[name][b].tolist() if x >= 0]
    if name in _LENGTHS:
        return a[name][b, : a[_LENGTHS[name]][b]].tolist()
    if name == "live":
        targets = a["targets"][b, : a["n_targets"][b]].tolist()
        live = [v for k, v in enumerate(targets) if int(a["live"][b]) >> k & 1]
        return live or targets
    return a[name][b].tolist()


def _query(conv: ReferenceConversation) -> np.ndarray:
    accepted = [a for a, code in conv.status.items() if code == 1]
    wanted = conv.user_vector + conv.vectors.attribute[accepted].sum(axis=0, dtype=np.float64)
    return wanted if conv.opening_item is None else wanted + conv.vectors.item[conv.opening_item]


def _close(found: Any, expected: Any, tolerance: float, what: str) -> None:
    found, expected = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, not {expected.shape}"
    assert (np.abs(found - expected) <= tolerance).all(), f"{what}: {found}, not {expected}"
