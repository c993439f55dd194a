"""The batched lives and the plain-Python reference, played side by side and compared.

`LivesSideBySide` makes the same random moves in a `Lives` and in one `ReferenceLife` for each row,
and compares every field of docs/recoworld.md after the opening and after every move.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from reference.recoworld import TERMS, LifeStep, ReferenceLife
from reference.recoworld_cases import LifeCase, random_case
from reference.recoworld_instructions import Instruction
from reference.recoworld_user import ENDED, Reactions
from reference.recoworld_world import LifeTables, float32, luck_of

from recosim.acts import Level, Moves, Outcome, Verb
from recosim.envs.recoworld.lives import Lives

__all__ = ["LivesSideBySide", "play_cases"]

# Sums of many numbers, whose order the page leaves open, and what is made of them; other real
# numbers agree in every bit.
SUMS = {"fatigue": 1e-6, "loyalty": 1e-6, "utility": 1e-12, "reward": 1e-6, "reward_terms": 1e-6}
IN_FORCE = 8


def play_cases(seed: int, lives: int, sizes: tuple[int, ...]) -> int:
    """Play random cases until there were so many lives; returns how many it were.

    Raises:
        AssertionError: the two disagree; the message names the case.
    """
    played = case = 0
    while played < lives:
        try:
            drawn = random_case(np.random.default_rng((seed, case)), sizes)
            both = LivesSideBySide(drawn, np.random.default_rng((seed, case, 1)))
            both.open()
            both.play()
        except AssertionError as error:
            raise AssertionError(f"case ({seed}, {case}): {error}") from error
        played += drawn.size
        case += 1
    return played


class LivesSideBySide:
    """One batch in both implementations.

    Attributes:
        batch: the kernels' side. lives: the reference's side, one for each row.
    """

    def __init__(self, case: LifeCase, rng: np.random.Generator) -> None:
        self.case, self.rng = case, rng
        self.batch = Lives(
            case.world,
            case.vectors,
            case.rules,
            case.size,
            users=case.users,
            raise_illegal=False,
            **case.options,
        )
        self.tables = LifeTables(case.world, case.rules)
        self.lives: list[ReferenceLife] = []
        self.steps: list[LifeStep] = []
        self.compared = 0

    def open(self) -> None:
        """Open all rows: of users that the batch draws, or of given ones."""
        rng, size = self.rng, self.case.size
        given: dict[str, Any] = {}
        if rng.random() < 0.5:
            given["units"] = rng.integers(0, self.case.world.n_users, (size, 1))
        self.batch.open(
            seeds=rng.integers(0, 2**64, size, dtype=np.uint64),
            conversations=rng.integers(0, 2**40, size),
            **given,
        )
        a = self.batch.arrays
        if given:
            assert (a["user"] == given["units"][:, 0]).all(), "other users than those given"
        for b in range(size):
            user = int(a["user"][b])
            behaviour = self.case.users.behaviour(user)
            luck = luck_of(int(a["seed"][b]), int(a["conversation"][b]))
            life = ReferenceLife(
                self.tables, self.case.rules, self.case.vectors, user, behaviour, luck
            )
            self.lives.append(life)
            self.steps.append(life.open())
        self.compare()

    def play(self) -> None:
        """Make random moves until all rows have ended, and one more."""
        while not all(life.done for life in self.lives):
            self.move(*self.random_moves())
        self.move(*self.random_moves())

    def random_moves(self) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Codes of the "flat" view, lists above all, and lists and reasons of one's own, or None.

        Only items that are recommended without a reason in the code can be given one beside it.
        """
        rng, n, top_k = self.rng, self.tables.n_attributes, self.case.rules.top_k
        codes = np.empty(self.case.size, dtype=np.int64)
        slates = np.full((self.case.size, top_k), -1, dtype=np.int32)
        reasons = np.full((self.case.size, 1), -1, dtype=np.int32)
        own_lists, own_reasons = rng.random() < 0.5, rng.random() < 0.5
        for b in range(self.case.size):
            kind = rng.random()
            if kind < 0.25:
                codes[b] = rng.integers(-1, 2 * n + 3)
            elif kind < 0.75:
                codes[b] = n
                length = int(rng.integers(0, min(top_k, self.tables.n_items) + 1))
                slates[b, :length] = rng.permutation(self.tables.n_items)[:length]
                if own_lists and length:
                    reasons[b] = rng.integers(-1, n)
            else:
                codes[b] = n + 1 if kind < 0.9 else rng.integers(n)
        return codes, slates if own_lists else None, reasons if own_reasons else None

    def move(
        self,
        codes: np.ndarray,
        slates: np.ndarray | None = None,
        reasons: np.ndarray | None = None,
    ) -> None:
        """One move of every row in both, then compare them."""
        batch = self.batch
        moves = Moves.from_flat(
            codes,
            batch.n_askables,
            slates,
            reasons,
            verbs=batch.verbs,
            reasons=self.tables.n_attributes,
        )
        batch.pose(moves) if self.case.outside else batch.step(moves)
        for b, life in enumerate(self.lives):
            if life.done:  # it stands still, and nothing is won
                if not self.case.outside:
                    self.steps[b].rewards = dict.fromkeys(TERMS, 0.0)
                continue
            slate = [] if slates is None else [v for v in slates[b].tolist() if v >= 0]
            reason = -1 if reasons is None else int(reasons[b, 0])
            reactions = self.other_reactions(b) if self.case.outside else None
            self.steps[b] = life.move(
                int(codes[b]), slate or None, None if reason < 0 else reason, reactions
            )
            if self.case.outside:
                self.write_answer(b)
        if self.case.outside:
            batch.settle()
        self.compare()

    def other_reactions(self, b: int) -> Reactions | None:
        """What somebody else might do with the list that was posed to a row, now and then."""
        a, rng = self.batch.arrays, self.rng
        if a["verb"][b] != Verb.RECOMMEND or rng.random() < 0.5:
            return None
        levels = rng.integers(-1, 5, int(a["n_shown"][b])).tolist()
        minutes = [float32(rng.random() * 9) if x >= Level.CLICK else 0.0 for x in levels]
        return Reactions(tuple(None if x < 0 else Level(x) for x in levels), tuple(minutes))

    def write_answer(self, b: int) -> None:
        """What the reference's user answered, as the answer of somebody outside of the kernels."""
        a, life, step = self.batch.arrays, self.lives[b], self.steps[b]
        answer = _move(life, step)
        for name in ("outcome", "said", "ended", "gone"):
            a[name][b] = answer[name]
        a["given"][b, :2] = answer["given"][:2]
        if step.verb is Verb.RECOMMEND:
            state = _state(life)
            a["levels"][b], a["minutes"][b] = state["levels"], state["minutes"]

    # ---- comparing ---------------------------------------------------------------

    def compare(self) -> None:
        best, scores = self.batch.best_items()
        for b, (life, step) in enumerate(zip(self.lives, self.steps, strict=True)):
            for name, expected in (_state(life) | _move(life, step)).items():
                self.check(b, name, self.batch.arrays[name][b], expected)
            self.check(b, "success", self.batch.success()[b], life.is_success())
            if not life.done:
                legal = self.batch.legal_actions()[b]
                self.check(b, "legal actions", legal, life.legal_codes())
                items = life.retrieve()
                self.check(b, "best items", best[b], _padded(items, best.shape[1]))
                wanted = [self.score(life, v) for v in items]
                self.check(b, "best scores", scores[b, : len(items)], wanted)
        self.compared += 1

    def score(self, life: ReferenceLife, v: int) -> float:
        vectors = self.case.vectors
        return float(vectors.item_bias[v] + vectors.item[v] @ vectors.user[life.user])

    def check(self, b: int, name: str, found: Any, expected: Any) -> None:
        found = np.asarray(found)
        expected = np.asarray(expected)
        where = f"row {b}, move {self.compared}, {name}"
        assert found.shape == expected.shape, f"{where}: shape {found.shape}, not {expected.shape}"
        if found.dtype.kind == "f":
            bound = SUMS.get(name, 0.0) * np.maximum(np.abs(expected), 1)
            off = np.abs(found - expected.astype(found.dtype)) > bound
        else:
            off = found != expected
        if off.any():
            at = "" if found.ndim == 0 else f" at {np.argwhere(off).tolist()}"
            raise AssertionError(
                f"{where}{at}: {found[off].tolist()}, not {expected[off].tolist()}"
            )


def _padded(values: Any, width: int, fill: float = -1) -> list[float]:
    values = list(values)
    return values + [fill] * (width - len(values))


def _rows(rows: list[list[int]], height: int, width: int) -> list[list[int]]:
    return rows + [[-1] * width] * (height - len(rows))


def _said(given: Instruction | None) -> list[int]:
    return [-1] * 4 if given is None else given.row()


def _bits(items: set[int], n: int) -> np.ndarray:
    """A set of items as words of 64 bits."""
    words = np.zeros((n + 63) // 64, dtype=np.uint64)
    for v in items:
        words[v // 64] |= np.uint64(1) << np.uint64(v % 64)
    return words


def _state(life: ReferenceLife) -> dict[str, Any]:
    """The state of a life, by the names of the arrays."""
    person, top_k = life.person, life.rules.top_k
    levels = [-1 if level is None else int(level) for level in life.reactions.levels]
    in_force = [[*each.row(), each.age] for each in person.instructions.in_force]
    expired = [[a, -1 if c is None else c] for a, c in person.instructions.expired]
    return {
        "user": life.user,
        "theta": list(person.taste),
        "mindset": list(person.mindset),
        "satiation": list(person.satiation),
        "fatigue": person.fatigue,
        "letdown": person.letdown,
        "loyalty": person.loyalty,
        "intended": person.intended,
        "day": life.day,
        "session": life.session,
        "turn": life.turn,
        "step": life.steps,
        "done": life.done,
        "instructions": _rows(in_force, IN_FORCE, 5),
        "expired": _rows(expired, IN_FORCE, 2),
        "shown": _padded(life.shown, top_k),
        "n_shown": len(life.shown),
        "levels": _padded(levels, top_k),
        "minutes": _padded(life.reactions.minutes, top_k, 0.0),
        "answers": [int(answer) for answer in life.answers],
        "withheld": _bits(life.withheld(), life.tables.n_items),
        "consumed": _bits(person.consumed, life.tables.n_items),
        "n_consumed": life.n_consumed,
        "preference": life.preference(),
        "shown_counts": life.shown_counts,
        "taken_counts": life.taken_counts,
        "utility": life.utility,
    }


def _move(life: ReferenceLife, step: LifeStep) -> dict[str, Any]:
    """What a move leaves behind, by the names of the arrays."""
    terms = step.rewards
    return {
        "verb": int(step.verb),
        "outcome": int(step.outcome),
        "about": step.about,
        "at_day": step.day,
        "at_session": step.session,
        "at_turn": step.turn,
        "gap": step.gap,
        "ended": ENDED[step.ended],
        "gone": step.gone,
        "given": [*_rows([each.row() for each in step.given], 2, 4), _said(step.opening)],
        "said": [step.criticised, step.added],
        "obeyed": step.obeyed,
        "ignored": step.ignored,
        "first_obeyed": step.first_obeyed,
        "first_ignored": step.first_ignored,
        "over_lists": step.over_lists,
        "over_obeyed": step.over_obeyed,
        "over_base": step.over_base,
        "ndcg": step.ndcg,
        "let_down": step.let_down,
        "regret": step.regret,
        "clicks": step.clicks,
        "left": step.ended in ("left", "disappointed"),
        "reward": sum(terms.values()),
        "reward_terms": list(terms.values()),
        "terminated": step.terminated,
        "truncated": step.truncated,
    }


assert int(Outcome.UNSURE) == 3  # as docs/recoworld.md has the answers
