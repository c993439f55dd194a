"""Opening and closing sessions and lives (docs/recoworld.md, sections 3 and 7)."""

from __future__ import annotations

import math

import numpy as np

from recosim.acts import Verb
from recosim.envs.recoworld import fields as f
from recosim.envs.recoworld.instructions import (
    ALWAYS,
    AVOID,
    SESSION,
    WANT,
    end_of_session,
    give_row,
)
from recosim.envs.recoworld.maths import fit, luck, shifted, sigma
from recosim.envs.recoworld.settings import real, trait
from recosim.kernels.compiling import kernel
from recosim.kernels.random import DRIFT, MOOD, RETURN, STAY
from recosim.kernels.table import Table
from recosim.users.behaviour import WORDS

__all__ = ["close_session", "open_life", "update_mask"]

OPEN = np.int8(Verb.OPEN)
STANDS_TODAY, STANDS_ALWAYS = (WORDS["standing"].index(word) for word in ("session", "always"))
DEAF = WORDS["feedback"].index("none")

drift, mood, stay = trait("drift"), trait("mood"), trait("stay")
standing, feedback = trait("standing"), trait("feedback")
return_rate, loyalty_pull = trait("return_rate"), trait("loyalty_pull")
loyalty_memory = trait("loyalty_memory")
rest, regret_weight = real("rest"), real("regret_weight")
utility_bias, quality_weight = real("utility_bias"), real("quality_weight")


@kernel
def highest(weights: np.ndarray) -> int:
    """The attribute of the highest weight, the smallest id on ties."""
    best = 0
    for a in range(1, weights.shape[0]):
        if weights[a] > weights[best]:
            best = a
    return best


@kernel
def lowest(weights: np.ndarray) -> int:
    best = 0
    for a in range(1, weights.shape[0]):
        if weights[a] < weights[best]:
            best = a
    return best


@kernel
def ideal_by(t: Table, b: int) -> float:
    """DCG of the best list of all items by the taste of this life."""
    k = f.top_k(t)
    best = np.empty(k, dtype=np.float64)
    n = 0
    for v in range(f.items(t)):
        x = fit(t, f.theta(t)[b], v) + quality_weight(t) * f.quality(t)[v]
        if n == k and x <= best[k - 1]:
            continue
        j = min(n, k - 1)
        while j > 0 and best[j - 1] < x:
            best[j] = best[j - 1]
            j -= 1
        best[j] = x
        n = min(n + 1, k)
    total = 0.0
    for j in range(n):
        total += sigma(utility_bias(t) + best[j]) * f.discounts(t)[j]
    return total


@kernel
def open_life(t: Table, b: int) -> None:
    """The user of a row begins a life: everything is as on its first day."""
    user = f.user(t)[b]
    f.theta(t)[b, :] = f.taste(t)[user]
    f.satiation(t)[b, :] = np.float32(0.0)
    f.fatigue(t)[b], f.loyalty(t)[b] = np.float32(0.0), np.float32(0.0)
    f.ideal(t)[b] = f.ideals(t)[user]
    f.consumed(t)[b, :] = np.uint64(0)
    f.withheld(t)[b, :] = np.uint64(0)
    f.day(t)[b], f.session(t)[b], f.step(t)[b] = 0, 0, 0
    f.done(t)[b], f.terminated(t)[b], f.truncated(t)[b] = 0, 0, 0
    f.instructions(t)[b, :] = -1
    f.heeded(t)[b, :] = 0
    f.expired(t)[b, :] = -1
    f.given(t)[b, :] = -1
    f.shown_counts(t)[b, :] = 0
    f.taken_counts(t)[b, :] = 0
    f.shown(t)[b, :] = -1
    f.n_shown(t)[b] = 0
    f.levels(t)[b, :] = -1
    f.minutes(t)[b, :] = np.float32(0.0)
    f.said(t)[b, :] = -1
    f.verb(t)[b], f.about(t)[b], f.outcome(t)[b] = OPEN, -1, 0
    f.ended(t)[b], f.gone(t)[b], f.left(t)[b], f.gap(t)[b] = 0, 0, 0, 0
    f.felt(t)[b] = 0
    f.utility(t)[b], f.reward(t)[b], f.n_consumed(t)[b] = 0.0, 0.0, 0
    f.reward_terms(t)[b, :] = 0.0
    clear_measures(t, b)
    mine, theirs = f.user_vectors(t)[user], f.attribute_vectors(t)
    for a in range(f.attributes(t)):
        total = np.float32(0.0)
        for k in range(mine.shape[0]):
            total += mine[k] * theirs[a, k]
        f.preference(t)[b, a] = total
    open_session(t, b)
    f.at_day(t)[b], f.at_session(t)[b], f.at_turn(t)[b] = 0, 0, 1
    fill_mask(t, b)


@kernel
def clear_measures(t: Table, b: int) -> None:
    """What is measured of a move, before there is one."""
    f.obeyed(t)[b], f.ignored(t)[b] = 0, 0
    f.first_obeyed(t)[b], f.first_ignored(t)[b] = 0, 0
    f.over_lists(t)[b], f.over_obeyed(t)[b], f.over_base(t)[b] = 0, 0, np.float32(0.0)
    f.ndcg(t)[b], f.let_down(t)[b], f.regret(t)[b] = 0.0, 0.0, 0.0
    f.clicks(t)[b], f.move_minutes(t)[b], f.move_utility(t)[b] = 0, 0.0, 0.0


@kernel
def open_session(t: Table, b: int) -> None:
    """A session begins on `day`, `gap` days after the last one (0: it is the first)."""
    theta, mindset, gap = f.theta(t)[b], f.mindset(t)[b], f.gap(t)[b]
    n = theta.shape[0]
    if f.session(t)[b] > 0:
        left = math.pow(rest(t), float(gap))
        for a in range(n):
            f.satiation(t)[b, a] *= left
        f.fatigue(t)[b] *= left
        if luck(t, b, DRIFT, 0, 0) < drift(t, b) and n > 0:
            new, old = np.int64(luck(t, b, DRIFT, 0, 1) * n), highest(theta)
            theta[new] += np.float32(1.0)
            theta[old] -= np.float32(1.0)
            f.ideal(t)[b] = ideal_by(t, b)
    mindset[:] = theta
    set_mood(t, b)
    f.letdown(t)[b] = np.float32(0.0)
    f.intended(t)[b] = stay(t, b) * (0.5 + luck(t, b, STAY, 0, 0))
    f.session_gain(t)[b], f.session_minutes(t)[b], f.session_regret(t)[b] = 0.0, 0.0, 0.0
    f.turn(t)[b] = 1
    f.reflectable(t)[b] = 0
    f.answers(t)[b, :] = 0
    if f.repeats(t) == 1:
        f.withheld(t)[b, :] = np.uint64(0)
    end_of_session(t, b)
    stand(t, b)


@kernel
def set_mood(t: Table, b: int) -> None:
    """One or two attributes that the user is after today, by their taste."""
    theta, mindset = f.theta(t)[b], f.mindset(t)[b]
    n = theta.shape[0]
    if n == 0 or mood(t, b) == 0.0:
        return
    weights, total = np.empty(n, dtype=np.float64), 0.0
    for a in range(n):
        weights[a] = math.exp(np.float64(theta[a]))
        total += weights[a]
    for k in range(2 if luck(t, b, MOOD, 0, 0) < 0.5 else 1):
        mark, so_far, drawn = luck(t, b, MOOD, 0, k + 1) * total, 0.0, n - 1
        for a in range(n):
            so_far += weights[a]
            if so_far > mark:
                drawn = a
                break
        mindset[drawn] += mood(t, b)


@kernel
def stand(t: Table, b: int) -> None:
    """The instruction that the user gives unasked when a session opens."""
    kind, given = np.int64(standing(t, b)), f.given(t)[b]
    if f.attributes(t) == 0:
        return
    if kind == STANDS_TODAY:
        given[8], given[9] = WANT, highest(f.mindset(t)[b])
        given[10], given[11] = -1, SESSION
    elif kind == STANDS_ALWAYS and f.session(t)[b] == 0:
        given[8], given[9] = AVOID, lowest(f.theta(t)[b])
        given[10], given[11] = -1, ALWAYS
    give_row(t, b, 2)


@kernel
def close_session(t: Table, b: int) -> bool:
    """The session has ended: loyalty, the day of the return. Whether there is a next session."""
    value = f.session_gain(t)[b] - np.float64(f.letdown(t)[b])
    value -= regret_weight(t) * f.session_regret(t)[b] / max(np.float64(f.intended(t)[b]), 1.0)
    loyalty = np.float64(f.loyalty(t)[b])
    loyalty += loyalty_memory(t, b) * (math.tanh(value / 2.0) - loyalty)
    f.loyalty(t)[b] = loyalty
    f.gap(t)[b] = -1
    if f.gone(t)[b]:
        return False
    rate = shifted(return_rate(t, b), loyalty_pull(t, b) * np.float64(f.loyalty(t)[b]))
    if rate <= 0.0:
        return False
    gap = 1.0
    if rate < 1.0:
        away = math.log(1.0 - rate)
        if away == 0.0:  # so small a rate that they never come
            return False
        gap += math.floor(math.log(1.0 - luck(t, b, RETURN, 0, 0)) / away)
    if f.day(t)[b] + gap >= f.horizon(t):
        return False
    f.gap(t)[b] = np.int32(gap)
    f.day(t)[b] += np.int32(gap)
    f.session(t)[b] += 1
    open_session(t, b)
    return True


@kernel
def fill_mask(t: Table, b: int) -> None:
    """Which actions are legal."""
    mask, n, indptr = f.mask(t)[b], f.attributes(t), f.posting_indptr(t)
    mask[n], mask[n + 2] = 1, 1
    for a in range(n):
        mask[n + 3 + a] = 1 if indptr[a + 1] > indptr[a] else 0
    update_mask(t, b, True)


@kernel
def update_mask(t: Table, b: int, asks: bool) -> None:
    """Bring up to date what a move can change; all is legal once the life has ended.

    `asks`: whether it can have changed what may be asked about.
    """
    mask, n = f.mask(t)[b], f.attributes(t)
    if f.done(t)[b]:
        mask[:] = 1
        return
    if asks:
        answers = f.answers(t)[b]
        for a in range(n):
            mask[a] = 1 if answers[a] == 0 else 0
    mask[n + 1] = 1 if f.reflectable(t)[b] and np.int64(feedback(t, b)) != DEAF else 0
