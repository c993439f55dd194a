"""Exit, voice, and what is said (docs/recoworld.md, section 7)."""

from __future__ import annotations

import numpy as np

from recosim.acts import Verb
from recosim.envs.recoworld import fields as f
from recosim.envs.recoworld.instructions import ALWAYS, AVOID, SESSION, TURN, WANT
from recosim.envs.recoworld.maths import has, luck, shifted
from recosim.envs.recoworld.settings import trait
from recosim.kernels.compiling import kernel
from recosim.kernels.random import COMPANION, CRITIC, FOR_GOOD, LEAVE, VOICE
from recosim.kernels.table import Table
from recosim.users.behaviour import WORDS

__all__ = ["DISAPPOINTED", "LEFT", "OUT_OF_ROUNDS", "leave_or_stay", "say_what_to_change"]

RECOMMEND = np.int8(Verb.RECOMMEND)
LEFT, DISAPPOINTED, OUT_OF_ROUNDS = 1, 2, 3

SALIENT, AT_RANDOM, LEAST_LIKED = (
    WORDS["critic"].index(word) for word in ("salient", "random", "least_liked")
)
SAYS_AVOID, SAYS_WANT = (WORDS["instructs"].index(word) for word in ("avoid", "want"))
BY_CAUSE = WORDS["instruct_scope"].index("cause")

boredom = trait("boredom")
critic = trait("critic")
instructs = trait("instructs")
scope_of_users = trait("instruct_scope")
conditional = trait("conditional")
tolerance = trait("tolerance")
voice = trait("voice")
leave_for_good = trait("leave_for_good")
session_hazard = trait("session_hazard")
fatigue_pull, letdown_pull = trait("fatigue_pull"), trait("letdown_pull")


@kernel
def wanted(t: Table, b: int, a: int) -> float:
    """How much the user is after an attribute now: the mindset, less what bores them."""
    after = float(f.mindset(t)[b, a])
    return after - boredom(t, b) * float(f.satiation(t)[b, a])


@kernel
def count_shown(t: Table, b: int) -> np.ndarray:
    """How many items of the list have each attribute."""
    indptr, indices = f.item_indptr(t), f.item_indices(t)
    counts = np.zeros(f.attributes(t), dtype=np.int32)
    for j in range(f.n_shown(t)[b]):
        v = np.int64(f.shown(t)[b, j])
        for k in range(indptr[v], indptr[v + 1]):
            counts[indices[k]] += 1
    return counts


@kernel
def find_avoided(t: Table, b: int, counts: np.ndarray) -> int:
    """The attribute of the list that bothers, by the user's `critic`; -1 for none."""
    kind = np.int64(critic(t, b))
    n_found, best, most, least = 0, -1, 0, 0.0
    for a in range(f.attributes(t)):
        n = counts[a]
        w = wanted(t, b, a) if n > 0 else 0.0
        if w >= 0.0:
            continue
        n_found += 1
        if kind == SALIENT:
            better = n > most or (n == most and w < least)
        else:
            better = w < least
        if best < 0 or better:
            best, most, least = a, n, w
    if kind != AT_RANDOM or n_found == 0:
        return best
    pick = np.int64(luck(t, b, CRITIC, f.turn(t)[b], 0) * n_found)
    for a in range(f.attributes(t)):
        if counts[a] > 0 and wanted(t, b, a) < 0.0:
            if pick == 0:
                return a
            pick -= 1
    return -1


@kernel
def find_companion(t: Table, b: int, a: int) -> int:
    """The other attribute that most items of the list with `a` have; -1 for none."""
    best, most = -1, 0
    indptr, indices = f.item_indptr(t), f.item_indices(t)
    for j in range(f.n_shown(t)[b]):
        v = np.int64(f.shown(t)[b, j])
        if not has(t, v, a):
            continue
        for k in range(indptr[v], indptr[v + 1]):
            c = np.int64(indices[k])
            if c == a:
                continue
            n = 0
            for i in range(f.n_shown(t)[b]):
                w = np.int64(f.shown(t)[b, i])
                if has(t, w, a) and has(t, w, c):
                    n += 1
            if n > most or (n == most and c < best):
                best, most = c, n
    return best


@kernel
def together(t: Table, a: int, c: int) -> bool:
    """Whether an item of the world has both attributes."""
    bits = f.bitsets(t)
    found = False
    for k in range(bits.shape[1]):
        found = found or bits[a, k] & bits[c, k] != np.uint64(0)
    return found


@kernel
def find_wanted(t: Table, b: int, counts: np.ndarray, avoided: int) -> int:
    """What the user is after most and was shown too little of; -1 for none."""
    best, most = -1, 0.0
    for a in range(f.attributes(t)):
        w = wanted(t, b, a)
        if w <= most or a == avoided or 2 * counts[a] >= f.n_shown(t)[b]:
            continue
        if avoided >= 0 and not together(t, avoided, a):
            continue
        best, most = a, w
    return best


@kernel
def say_what_to_change(t: Table, b: int) -> bool:
    """Instructions about the last list into `given`; whether there is anything to say."""
    kind = np.int64(instructs(t, b))
    given = f.given(t)[b]
    fixed = np.int64(scope_of_users(t, b))
    row, a = 0, -1
    if f.n_shown(t)[b] == 0:
        return False
    counts = count_shown(t, b)
    if kind != SAYS_WANT:
        a = find_avoided(t, b, counts)
    if a >= 0:
        theta = np.float64(f.theta(t)[b, a])
        scope, condition = TURN, -1
        if theta <= -0.5:
            scope = ALWAYS
        elif f.mindset(t)[b, a] < 0.0:
            scope = SESSION
        if theta >= 0.0 and luck(t, b, COMPANION, f.turn(t)[b], 0) < conditional(t, b):
            condition = find_companion(t, b, a)
        given[0], given[1], given[2] = AVOID, a, condition
        given[3] = scope if fixed == BY_CAUSE else fixed - 1
        row = 1
    if kind != SAYS_AVOID:
        c = find_wanted(t, b, counts, a)
        if c >= 0:
            theta = np.float64(f.theta(t)[b, c])
            scope = SESSION if np.float64(f.mindset(t)[b, c]) - theta > 0.5 else ALWAYS
            k = 4 * row
            given[k], given[k + 1], given[k + 2] = WANT, c, -1
            given[k + 3] = scope if fixed == BY_CAUSE else fixed - 1
            row += 1
    return row > 0


@kernel
def leave_or_stay(t: Table, b: int) -> None:
    """After a round: the user goes, says what should change, or goes on."""
    turn = f.turn(t)[b]
    letdown = np.float64(f.letdown(t)[b])
    if f.verb(t)[b] == RECOMMEND and letdown > tolerance(t, b):
        speaks = luck(t, b, VOICE, turn, 0) < voice(t, b) and say_what_to_change(t, b)
        if not speaks:
            f.ended(t)[b] = DISAPPOINTED
            f.gone(t)[b] = 1 if luck(t, b, FOR_GOOD, turn, 0) < leave_for_good(t, b) else 0
    if f.ended(t)[b] == 0:
        pull = fatigue_pull(t, b) * np.float64(f.fatigue(t)[b]) + letdown_pull(t, b) * letdown
        if luck(t, b, LEAVE, turn, 0) < shifted(session_hazard(t, b), pull):
            f.ended(t)[b] = LEFT
