"""`Belief`: what can be known of a user from how they react, as means and variances.

Taste, mood and satiation are kept apart, as docs/recoworld.md has them:

- taste starts at the log-lift of the user's train items alone, and learns from the share of an item
  that was consumed: its logit is `fit(taste) + quality`, and quality is noise;
- the mood of a session starts at what may be drawn by taste and learns from clicks, whose logit is
  `bias + fit(taste + mood - boredom * satiation) + pull * appeal + wishes`;
- satiation is computed from what was read, disappointment from what was expected and got.

Updates are of assumed-density filtering with a diagonal covariance: a Kalman step for shares, one
Newton step for clicks. Instructions put bounds on what they speak of.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Level
from recosim.envs.recoworld.maths import sigma
from recosim.kernels.compiling import cached, kernel
from recosim.world.world import World

__all__ = ["TASTE", "Belief", "Items", "Manners", "Spread", "applies"]

SEEN, CLICK = int(Level.SEEN), int(Level.CLICK)
AVOID, ALWAYS = 0, 2
SESSION = 1
# Pseudo-interactions and limit of the log-lift of taste (docs/recoworld.md, section 2).
PSEUDO, LIMIT = 10.0, 3.0
# Correlation of appeal with quality: counted on what train users consumed in LastFM.
APPEAL_TELLS = 0.3
# Places in `taste` and `mood` behind the attributes: of an item's worth and of its clicks.
TASTE = 3  # bias, appeal, the estimator's score


class Items(NamedTuple):
    """What is known of items.

    Attributes:
        indptr, indices: the attributes of each. appeal, minutes: float64 (items,).
        quality, doubt: float64 (items,), mean and variance of what is believed of their quality
            whoever consumes them.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    appeal: NDArray[np.float64]
    minutes: NDArray[np.float64]
    quality: NDArray[np.float64]
    doubt: NDArray[np.float64]

    @staticmethod
    def of(world: World, usual_minutes: float, noise: float) -> Items:
        """Those of a world; `usual_minutes` where the length is unknown.

        Args:
            noise: variance of quality; a third of a deviation of appeal is known of it.
        """
        links = world.item_attributes
        minutes = np.asarray(world.item_minutes(usual_minutes), dtype=np.float64)
        indptr, indices = np.asarray(links.indptr), np.asarray(links.indices)
        appeal = world.item_worth("appeal")
        quality = APPEAL_TELLS * math.sqrt(noise) * appeal
        doubt = np.full(world.n_items, (1.0 - APPEAL_TELLS**2) * noise)
        return Items(indptr, indices, appeal, minutes, quality, doubt)


class Manners(NamedTuple):
    """What is assumed of how users act, and the rules: numbers that kernels read.

    Attributes:
        boredom, temperature, wish: `boredom`, `choice_temperature`, `wish_weight` of users.
        decay, learning: `boredom_decay`, `learning` of users.
        utility_bias, rest, poor_list, ignored, hope, like_at, regret_weight: of the rules.
        top_k: of the rules.
    """

    boredom: float
    temperature: float
    wish: float
    decay: float
    learning: float
    utility_bias: float
    rest: float
    poor_list: float
    ignored: float
    hope: float
    like_at: float
    regret_weight: float
    top_k: float


class Belief:
    """What is believed of B users.

    Attributes:
        taste, taste_var: float64 (B, A + 3): of attributes, then of bias, appeal and score in what
            an item is worth.
        mood, mood_var: float64 (B, A + 3): of attributes in this session (beside taste), then of
            bias, appeal and score in clicks, which are kept over sessions.
        bored: float64 (B, A), satiation.
        session: float64 (B, 3): gain, disappointment and minutes of this session.
    """

    def __init__(
        self, world: World, manners: Manners, items: Items, size: int, spread: Spread
    ) -> None:
        self.world, self.manners, self.items, self.spread = world, manners, items, spread
        n = world.n_attributes
        self.taste, self.taste_var = np.zeros((size, n + TASTE)), np.zeros((size, n + TASTE))
        self.mood, self.mood_var = np.zeros((size, n + TASTE)), np.zeros((size, n + TASTE))
        self.bored = np.zeros((size, n))
        self.session = np.zeros((size, 3))
        weights = np.bincount(np.asarray(world.train.indices), minlength=world.n_items)
        item, attribute = world.item_attributes.pairs()
        counts = np.bincount(attribute, weights=weights[item], minlength=n)
        self._share = counts / max(world.train.links, 1)

    def begin(self, rows: NDArray[np.bool_], users: NDArray[np.int32]) -> None:
        """Lives have begun in some rows (bool (B,)) of users (int32 (B,))."""
        n, spread, world = self.world.n_attributes, self.spread, self.world
        lifts = np.zeros((len(rows), n))
        train = (np.asarray(world.train.indptr), np.asarray(world.train.indices))
        _lift(rows, users, *train, self.items.indptr, self.items.indices, self._share, lifts)
        self.taste[rows, :n] = spread.stretch * lifts[rows]
        self.taste_var[rows, :n] = spread.taste
        self.taste[rows, n:], self.taste_var[rows, n:] = 0.0, spread.worth
        self.mood[rows, n:] = spread.click_start
        self.mood_var[rows, n:] = spread.click
        self.bored[rows] = 0.0
        self.open_session(rows)

    def open_session(self, rows: NDArray[np.bool_]) -> None:
        """A session has begun in some rows: moods are new."""
        n, drawn = self.world.n_attributes, np.exp(self.taste[rows, : self.world.n_attributes])
        chance = np.minimum(1.5 * drawn / drawn.sum(axis=1, keepdims=True), 0.9)
        self.mood[rows, :n] = self.spread.mood * chance
        self.mood_var[rows, :n] = self.spread.mood**2 * chance * (1.0 - chance)
        self.session[rows] = 0.0

    def rest(self, rows: NDArray[np.bool_], days: NDArray[np.int32]) -> None:
        """Days have passed in some rows."""
        self.bored[rows] *= self.manners.rest ** days[rows, None]

    def hear_list(
        self,
        rows: NDArray[np.bool_],
        shown: NDArray[np.int32],
        scores: NDArray[np.float32],
        levels: NDArray[np.int8],
        minutes: NDArray[np.float32],
        instructions: NDArray[np.int32],
    ) -> None:
        """Learn from the reactions to lists.

        Args:
            shown, scores, levels, minutes: (B, top_k), as `Lives` has them.
            instructions: int32 (B, 8, 5), those that were in force when the list was shown.
        """
        _hear(
            rows, shown, scores, levels, minutes, instructions, self.items, self.manners,
            self.taste, self.taste_var, self.mood, self.mood_var, self.bored, self.session,
        )  # fmt: skip

    def pass_round(self, rows: NDArray[np.bool_]) -> None:
        """A round has passed in some rows."""
        self.bored[rows] *= self.manners.decay

    def hear_instructions(self, given: NDArray[np.int32], rows: NDArray[np.bool_]) -> None:
        """Learn from instructions, int32 (B, n, 4), what must hold for them to be given."""
        for b, k in np.argwhere(rows[:, None] & (given[:, :, 0] >= 0)):
            directive, a, condition, scope = given[b, k]
            taste, mood = self.taste[b], self.mood[b]
            if condition >= 0:  # the two together bother, neither of them alone
                taste[a] = max(taste[a], 0.0)
                self.bored[b, a] = 0.0
            elif directive == AVOID and scope == ALWAYS:
                taste[a] = min(taste[a], -0.7)
            elif directive == AVOID and scope == SESSION:
                mood[a] = min(mood[a], -0.2 - taste[a])
            elif directive != AVOID and scope == SESSION:
                mood[a] = max(mood[a], 1.0)
            elif directive != AVOID:
                taste[a] = max(taste[a], 0.5)


class Spread(NamedTuple):
    """Where beliefs start.

    Attributes:
        stretch, taste: of the log-lift of train items, by how much the taste of users goes beyond
            it, and the variance around that: counted on train users of LastFM, 1.13 and .02.
        mood: of users; one attribute or two are drawn by taste.
        worth: variances of what bias, appeal and score say of worth beside `Items.quality`.
        click_start, click: means and variances of the same in clicks.
    """

    stretch: float = 1.1
    taste: float = 0.02
    mood: float = 1.0
    worth: tuple[float, float, float] = (0.02, 0.02, 0.005)
    click_start: tuple[float, float, float] = (-0.25, 1.0, 0.0)
    click: tuple[float, float, float] = (0.2, 0.05, 0.005)


@cached(nogil=True, error_model="numpy")
def _lift(
    rows: Any, users: Any, ptr: Any, items: Any, indptr: Any, indices: Any, share: Any, out: Any
) -> None:
    """The log-lift of taste from train items alone into `out` (B, A)."""
    for b in range(rows.shape[0]):
        if not rows[b]:
            continue
        u = users[b]
        for k in range(ptr[u], ptr[u + 1]):
            for j in range(indptr[items[k]], indptr[items[k] + 1]):
                out[b, indices[j]] += 1.0
        n = ptr[u + 1] - ptr[u]
        for a in range(out.shape[1]):
            if share[a] > 0.0:
                lift = math.log((out[b, a] + PSEUDO * share[a]) / ((n + PSEUDO) * share[a]))
                out[b, a] = min(max(lift, -LIMIT), LIMIT)


@kernel
def applies(instruction: Any, v: int, items: Any) -> tuple[bool, bool]:
    """Whether an item counts for an instruction, and whether it has its attribute too."""
    counts, has = instruction[2] < 0, False
    for j in range(items.indptr[v], items.indptr[v + 1]):
        counts = counts or items.indices[j] == instruction[2]
        has = has or items.indices[j] == instruction[1]
    return counts, counts and has


@kernel
def obeys(instruction: Any, shown: Any, items: Any) -> int:
    """1 if a list obeys an instruction, -1 if it ignores it, 0 if no item counts for it."""
    counted, had = 0, 0
    for j in range(shown.shape[0]):
        if shown[j] >= 0:
            counts, has = applies(instruction, shown[j], items)
            counted += counts
            had += has
    if counted == 0:
        return 0
    obeyed = had == 0 if instruction[0] == AVOID else 2 * had >= counted
    return 1 if obeyed else -1


@cached(nogil=True, error_model="numpy")
def _hear(
    rows: Any, shown: Any, scores: Any, levels: Any, minutes: Any, instructions: Any,
    items: Any, rules: Any, taste: Any, taste_var: Any, mood: Any, mood_var: Any,
    bored: Any, session: Any,
) -> None:  # fmt: skip
    n = bored.shape[1]
    for b in range(rows.shape[0]):
        if not rows[b]:
            continue
        consumed = 0
        moved = np.zeros(n)
        for j in range(shown.shape[1]):
            v = shown[b, j]
            if v < 0 or levels[b, j] < 0:
                continue
            first, last = items.indptr[v], items.indptr[v + 1]
            x = 1.0 / math.sqrt(max(last - first, 1))
            own = (1.0, items.appeal[v], np.float64(scores[b, j]))
            wanted, fit, doubt, wish = 0.0, 0.0, 0.0, 0.0
            for k in range(first, last):
                a = items.indices[k]
                wanted += taste[b, a] + mood[b, a]
                fit += taste[b, a] + mood[b, a] - rules.boredom * bored[b, a]
                doubt += x * x * (mood_var[b, a] + 0.5 * taste_var[b, a])
            wanted, fit = wanted * x, fit * x
            for i in range(instructions.shape[1]):
                if instructions[b, i, 0] >= 0 and applies(instructions[b, i], v, items)[1]:
                    wish += 1.0 if instructions[b, i, 0] != AVOID else -1.0
            logit = fit + rules.wish * wish
            for i in range(3):
                logit += mood[b, n + i] * own[i]
                doubt += mood_var[b, n + i] * own[i] * own[i]
            if levels[b, j] != SEEN:
                p = sigma(logit / rules.temperature)
                y = 1.0 if levels[b, j] >= CLICK else 0.0
                weight = p * (1.0 - p) / rules.temperature**2
                size = 1.0 + weight * doubt
                step, narrow = (y - p) / rules.temperature / size, weight / size
                for k in range(first, last):
                    a = items.indices[k]
                    mood[b, a] += mood_var[b, a] * x * step
                    taste[b, a] += 0.5 * taste_var[b, a] * x * step
                    mood_var[b, a] *= 1.0 - mood_var[b, a] * x * x * narrow
                for i in range(3):
                    mood[b, n + i] += mood_var[b, n + i] * own[i] * step
                    mood_var[b, n + i] *= 1.0 - mood_var[b, n + i] * own[i] ** 2 * narrow
            if levels[b, j] < CLICK:
                continue
            consumed += 1
            share = min(max(np.float64(minutes[b, j]) / items.minutes[v], 0.003), 0.997)
            expected = sigma(rules.utility_bias + wanted + mood[b, n + 1] * own[1])
            session[b, 0] += 2.0 * share - 1.0
            session[b, 1] += max(expected - share, 0.0)
            session[b, 1] = max(session[b, 1] - max(share - rules.like_at, 0.0), 0.0)
            session[b, 2] += minutes[b, j]
            worth, size = rules.utility_bias + items.quality[v], items.doubt[v] + 0.01
            for k in range(first, last):
                a = items.indices[k]
                worth += taste[b, a] * x
                size += taste_var[b, a] * x * x
                moved[a] += rules.learning * (2.0 * share - 1.0) * x
            for i in range(3):
                worth += taste[b, n + i] * own[i]
                size += taste_var[b, n + i] * own[i] ** 2
            step = (math.log(share / (1.0 - share)) - worth) / size
            for k in range(first, last):
                a = items.indices[k]
                taste[b, a] += taste_var[b, a] * x * step
                taste_var[b, a] *= 1.0 - taste_var[b, a] * x * x / size
            for i in range(3):
                taste[b, n + i] += taste_var[b, n + i] * own[i] * step
                taste_var[b, n + i] *= 1.0 - taste_var[b, n + i] * own[i] ** 2 / size
        for j in range(shown.shape[1]):
            v = shown[b, j]
            if v >= 0 and levels[b, j] >= 0:
                for k in range(items.indptr[v], items.indptr[v + 1]):
                    bored[b, items.indices[k]] += 1.0 / rules.top_k
        for a in range(n):
            mood[b, a] += moved[a]
        if consumed == 0:
            session[b, 1] += rules.poor_list
        for i in range(instructions.shape[1]):
            if instructions[b, i, 0] < 0:
                continue
            did = obeys(instructions[b, i], shown[b], items)
            if did > 0:
                session[b, 1] *= rules.hope
                if instructions[b, i, 0] == AVOID:
                    bored[b, instructions[b, i, 1]] = 0.0
            elif did < 0:
                session[b, 1] += rules.ignored
