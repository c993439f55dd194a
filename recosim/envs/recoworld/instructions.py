"""Instructions: what holds, what a list makes of them, giving and ending them (section 4)."""

from __future__ import annotations

import numpy as np

from recosim.envs.recoworld import fields as f
from recosim.envs.recoworld.maths import has
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table

__all__ = [
    "AGE",
    "ALWAYS",
    "ATTRIBUTE",
    "AVOID",
    "CONDITION",
    "DIRECTIVE",
    "SCOPE",
    "SESSION",
    "SLOTS",
    "TURN",
    "WANT",
    "WIDTH",
    "age_and_end",
    "counts_for",
    "end_of_session",
    "give",
    "give_row",
    "obeys",
]

SLOTS, WIDTH = 8, 5
DIRECTIVE, ATTRIBUTE, CONDITION, SCOPE, AGE = range(WIDTH)
AVOID, WANT = 0, 1
TURN, SESSION, ALWAYS = range(3)


@kernel
def counts_for(t: Table, v: int, condition: int) -> bool:
    """Whether an item counts for an instruction with a condition (-1: every item does)."""
    return condition < 0 or has(t, v, condition)


@kernel
def obeys(t: Table, b: int, directive: int, attribute: int, condition: int) -> int:
    """What the list of a row makes of an instruction: 1 obeys, 0 ignores, -1 neither."""
    counted, met = 0, 0
    for j in range(f.n_shown(t)[b]):
        v = np.int64(f.shown(t)[b, j])
        if counts_for(t, v, condition):
            counted += 1
            if has(t, v, attribute):
                met += 1
    if counted == 0:
        return -1
    if directive == AVOID:
        return 1 if met == 0 else 0
    return 1 if 2 * met >= counted else 0


@kernel
def in_force(t: Table, b: int) -> int:
    """How many instructions are in force."""
    rows = f.instructions(t)[b]
    n = 0
    while n < SLOTS and rows[n * WIDTH] >= 0:
        n += 1
    return n


@kernel
def drop(t: Table, b: int, k: int) -> None:
    """Take an instruction out of those in force; later ones move up."""
    rows, heeded = f.instructions(t)[b], f.heeded(t)[b]
    for i in range(k * WIDTH, (SLOTS - 1) * WIDTH):
        rows[i] = rows[i + WIDTH]
    for i in range(k, SLOTS - 1):
        heeded[i] = heeded[i + 1]
    for i in range((SLOTS - 1) * WIDTH, SLOTS * WIDTH):
        rows[i] = -1
    heeded[SLOTS - 1] = 0


@kernel
def forget(t: Table, b: int, attribute: int, condition: int, any_condition: bool) -> None:
    """Take an attribute out of what has expired: with one condition, or with any."""
    past = f.expired(t)[b]
    n = 0
    for k in range(SLOTS):
        a, c = past[2 * k], past[2 * k + 1]
        if a < 0 or (a == attribute and (any_condition or c == condition)):
            continue
        past[2 * n], past[2 * n + 1] = a, c
        n += 1
    for k in range(2 * n, 2 * SLOTS):
        past[k] = -1


@kernel
def expire(t: Table, b: int, k: int) -> None:
    """End an instruction that is in force, and remember it if something was to be avoided."""
    rows = f.instructions(t)[b]
    if rows[k * WIDTH] == AVOID:
        attribute, condition = rows[k * WIDTH + ATTRIBUTE], rows[k * WIDTH + CONDITION]
        forget(t, b, attribute, condition, False)
        past = f.expired(t)[b]
        n = 0
        while n < SLOTS and past[2 * n] >= 0:
            n += 1
        if n == SLOTS:
            for i in range(2 * (SLOTS - 1)):
                past[i] = past[i + 2]
            n = SLOTS - 1
        past[2 * n], past[2 * n + 1] = attribute, condition
    drop(t, b, k)


@kernel
def give(t: Table, b: int, directive: int, attribute: int, condition: int, scope: int) -> None:
    """An instruction comes into force."""
    rows = f.instructions(t)[b]
    k = 0
    while k < in_force(t, b):
        same = rows[k * WIDTH] == directive and rows[k * WIDTH + ATTRIBUTE] == attribute
        if same:
            drop(t, b, k)
        else:
            k += 1
    if directive == AVOID:
        forget(t, b, attribute, -1, True)
    if in_force(t, b) == SLOTS:
        expire(t, b, 0)
    k = in_force(t, b) * WIDTH
    rows[k] = directive
    rows[k + ATTRIBUTE] = attribute
    rows[k + CONDITION] = condition
    rows[k + SCOPE] = scope
    rows[k + AGE] = 0
    f.heeded(t)[b, k // WIDTH] = 0
    if directive == AVOID and condition >= 0:
        # It is the combination that bothers: what they liked of it alone they like again.
        mindset, theta = f.mindset(t)[b], f.theta(t)[b]
        mindset[attribute] = max(mindset[attribute], theta[attribute])
        f.satiation(t)[b, attribute] = np.float32(0.0)


@kernel
def give_row(t: Table, b: int, row: int) -> None:
    """What stands in a row of `given` comes into force, if anything does."""
    given = f.given(t)[b]
    k = 4 * row
    if given[k] >= 0:
        give(t, b, given[k], given[k + 1], given[k + 2], given[k + 3])


@kernel
def age_and_end(t: Table, b: int) -> None:
    """A list was shown: what is in force grows older, and what held for one list ends."""
    rows = f.instructions(t)[b]
    k = 0
    while k < in_force(t, b):
        rows[k * WIDTH + AGE] += 1
        if rows[k * WIDTH + SCOPE] == TURN:
            expire(t, b, k)
        else:
            k += 1


@kernel
def end_of_session(t: Table, b: int) -> None:
    """What held for a list or for the session ends."""
    rows = f.instructions(t)[b]
    k = 0
    while k < in_force(t, b):
        if rows[k * WIDTH + SCOPE] != ALWAYS:
            expire(t, b, k)
        else:
            k += 1
