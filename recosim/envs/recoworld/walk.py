"""The walk through a list, and what it does to the user (docs/recoworld.md, sections 5 and 6)."""

from __future__ import annotations

import math

import numpy as np

from recosim.acts import Level, Outcome, Verb
from recosim.envs.recoworld import fields as f
from recosim.envs.recoworld.instructions import (
    AGE,
    ATTRIBUTE,
    AVOID,
    CONDITION,
    DIRECTIVE,
    SLOTS,
    WIDTH,
    counts_for,
    obeys,
)
from recosim.envs.recoworld.maths import fit, has, in_set, luck, sigma, utility_of
from recosim.envs.recoworld.settings import real, trait
from recosim.kernels.compiling import kernel
from recosim.kernels.random import CLICK, EXAMINE, SEEN
from recosim.kernels.table import Table

__all__ = ["consequences", "walk"]

RECOMMEND, ASK = np.int8(Verb.RECOMMEND), np.int8(Verb.ASK)
SKIPPED, KNOWN, CLICKED, ACCEPTED, LOVED = (np.int8(level) for level in Level)
HIT, MISS = np.int8(Outcome.HIT), np.int8(Outcome.MISS)

examination = trait("examination")
temperature = trait("choice_temperature")
click_bias = trait("click_bias")
appeal_pull = trait("appeal_pull")
seen = trait("seen")
boredom = trait("boredom")
wish_weight = trait("wish_weight")
learning = trait("learning")
like_at, love_at = real("like_at"), real("love_at")
read_effort, use_effort, ask_effort = real("read_effort"), real("use_effort"), real("ask_effort")
poor_list, ignored_cost, hope = real("poor_list"), real("ignored"), real("hope")
utility_bias, quality_weight = real("utility_bias"), real("quality_weight")


@kernel
def known(t: Table, b: int, v: int) -> bool:
    """Whether the user consumed an item before: in this life, or as one of their train items."""
    if in_set(f.consumed(t)[b], v):
        return True
    user = f.user(t)[b]
    low, high = f.train_indptr(t)[user], f.train_indptr(t)[user + 1]
    mine = f.train_indices(t)
    while low < high:
        middle = (low + high) >> 1
        if mine[middle] < v:
            low = middle + 1
        else:
            high = middle
    return bool(low < f.train_indptr(t)[user + 1] and mine[low] == v)


@kernel
def wishes(t: Table, b: int, v: int) -> int:
    """Instructions in force that an item meets, less those that it breaks."""
    rows = f.instructions(t)[b]
    total = 0
    for k in range(SLOTS):
        i = k * WIDTH
        if rows[i + DIRECTIVE] < 0:
            break
        if has(t, v, rows[i + ATTRIBUTE]) and counts_for(t, v, rows[i + CONDITION]):
            total += -1 if rows[i + DIRECTIVE] == AVOID else 1
    return total


@kernel
def walk(t: Table, b: int) -> None:
    """The rule user reads a list: `levels` and `minutes`."""
    turn = f.turn(t)[b]
    levels, minutes = f.levels(t)[b], f.minutes(t)[b]
    for j in range(f.n_shown(t)[b]):
        if j > 0 and not luck(t, b, EXAMINE, turn, j + 1) < examination(t, b):
            break
        v = np.int64(f.shown(t)[b, j])
        levels[j] = SKIPPED
        if seen(t, b) > 0.0 and known(t, b, v) and luck(t, b, SEEN, turn, j + 1) < seen(t, b):
            levels[j] = KNOWN
            continue
        logit = (
            click_bias(t, b)
            + fit(t, f.mindset(t)[b], v)
            - boredom(t, b) * fit(t, f.satiation(t)[b], v)
            + appeal_pull(t, b) * f.appeal(t)[v]
            + wish_weight(t, b) * wishes(t, b, v)
        )
        heat = temperature(t, b)
        if heat > 0.0:
            clicked = luck(t, b, CLICK, turn, j + 1) < sigma(logit / heat)
        else:
            clicked = logit > 0.0
        if clicked:
            share = utility_of(t, b, v)
            minutes[j] = np.float32(share * f.length(t)[v])
            levels[j] = CLICKED
            if share >= love_at(t):
                levels[j] = LOVED
            elif share >= like_at(t):
                levels[j] = ACCEPTED


@kernel
def consequences(t: Table, b: int) -> None:
    """What a move does to mindset, satiation, fatigue and disappointment, and its measures."""
    if f.verb(t)[b] == ASK:
        f.fatigue(t)[b] += np.float32(ask_effort(t))
    if f.verb(t)[b] == RECOMMEND:
        letdown = read_and_use(t, b)
        f.letdown(t)[b] = judge(t, b, letdown)
        look_back(t, b)


@kernel
def read_and_use(t: Table, b: int) -> float:
    """Items that were read bore, those that were consumed teach and please or disappoint.

    Returns the disappointment of the session so far.
    """
    indptr, indices = f.item_indptr(t), f.item_indices(t)
    mindset, satiation, theta = f.mindset(t)[b], f.satiation(t)[b], f.theta(t)[b]
    exposure = 1.0 / f.top_k(t)
    fatigue, letdown = np.float64(f.fatigue(t)[b]), np.float64(f.letdown(t)[b])
    total, let_down, minutes, clicks, gains, best = 0.0, 0.0, 0.0, 0, 0.0, 0.0
    for j in range(f.n_shown(t)[b]):
        v = np.int64(f.shown(t)[b, j])
        fits = utility_bias(t) + fit(t, theta, v)
        worth = sigma(fits + quality_weight(t) * f.quality(t)[v])
        gains += worth * f.discounts(t)[j]
        level = f.levels(t)[b, j]
        if level < SKIPPED:
            continue
        fatigue += read_effort(t)
        for k in range(indptr[v], indptr[v + 1]):
            satiation[indices[k]] += exposure
        if level < CLICKED:
            continue
        step = learning(t, b) * (2.0 * worth - 1.0) * f.item_scale(t)[v]
        used = np.float64(f.minutes(t)[b, j])
        fatigue += use_effort(t) * used / f.length(t)[v]
        missed = max(0.0, sigma(fits + appeal_pull(t, b) * f.appeal(t)[v]) - worth)
        for k in range(indptr[v], indptr[v + 1]):
            mindset[indices[k]] += step
        letdown += missed
        if worth >= like_at(t):
            letdown = max(0.0, letdown - (worth - like_at(t)))
        total += worth
        let_down += missed
        minutes += used
        clicks += 1
    if clicks == 0:
        letdown += poor_list(t)
    if f.ideal(t)[b] > 0.0:
        best = gains / f.ideal(t)[b]
    f.fatigue(t)[b] = fatigue
    f.ndcg(t)[b], f.let_down(t)[b] = best, let_down
    f.clicks(t)[b], f.move_minutes(t)[b], f.move_utility(t)[b] = clicks, minutes, total
    so_far, meant = f.session_minutes(t)[b], np.float64(f.intended(t)[b])
    f.regret(t)[b] = max(0.0, so_far + minutes - meant) - max(0.0, so_far - meant)
    f.outcome(t)[b] = HIT if clicks > 0 else MISS
    return float(letdown)


@kernel
def judge(t: Table, b: int, letdown: float) -> float:
    """What the list made of the instructions in force: hope, or disappointment; returns that."""
    rows, satiation = f.instructions(t)[b], f.satiation(t)[b]
    for k in range(SLOTS):
        i = k * WIDTH
        if rows[i + DIRECTIVE] < 0:
            break
        attribute = rows[i + ATTRIBUTE]
        found = obeys(t, b, rows[i + DIRECTIVE], attribute, rows[i + CONDITION])
        if found < 0:
            continue
        first = 1 if rows[i + AGE] == 0 else 0
        if found == 1:
            f.obeyed(t)[b] += 1
            f.first_obeyed(t)[b] += first
            letdown *= hope(t)
            if rows[i + DIRECTIVE] == AVOID:
                satiation[attribute] = np.float32(0.0)
        else:
            f.ignored(t)[b] += 1
            f.first_ignored(t)[b] += first
            letdown += ignored_cost(t)
    return float(letdown)


@kernel
def look_back(t: Table, b: int) -> None:
    """Whether the list still keeps to what has expired, and how often chance would."""
    past, n = f.expired(t)[b], f.n_shown(t)[b]
    by_chance = 0.0
    if n == 0:
        return
    for k in range(SLOTS):
        attribute = past[2 * k]
        if attribute < 0:
            break
        there = False
        for j in range(n):
            there = there or has(t, np.int64(f.shown(t)[b, j]), attribute)
        f.over_lists(t)[b] += 1
        f.over_obeyed(t)[b] += 0 if there else 1
        by_chance += math.pow(1.0 - f.attribute_share(t)[attribute], float(n))
    f.over_base(t)[b] = by_chance
