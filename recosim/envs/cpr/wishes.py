"""What the rule user wants beyond one item: weights, musts, instructions, changes of mind.

The rules are in docs/protocols.md, "Wishes". All of it is about the first target; whoever changes
their mind has one target from then on. What was taken is wanted no more, and what was noted would
not do any more.
"""

from __future__ import annotations

import numpy as np

from recosim.envs.cpr import fields as f
from recosim.envs.cpr.candidates import current_words, is_candidate, item_has, trait
from recosim.kernels import random
from recosim.kernels.bits import popcount, trailing_zeros
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table
from recosim.standing import AVOIDED, CONDITION, HOLDS, WANTED
from recosim.users.behaviour import TRAITS, WORDS

__all__ = [
    "change_mind",
    "choose_acceptable",
    "choose_musts",
    "choose_standing",
    "has_musts",
    "has_themselves",
    "is_must",
    "is_target",
    "liking",
    "live_targets",
    "narrow_targets",
    "strike_noted",
    "strike_taken",
    "utility",
    "weighs_by_liking",
    "weights",
    "would_take",
]

ONE = np.uint64(1)
LOW6 = np.int64(63)
CHOICE = 2
# Columns and words of `traits`.
ACCEPTABLE, MUSTS, WEIGHTING = (TRAITS.index(name) for name in ("acceptable", "musts", "weighting"))
LIKING = WORDS["weighting"].index("liking")
STANDING = TRAITS.index("standing")
SESSION, ALWAYS = WORDS["standing"].index("session"), WORDS["standing"].index("always")


# ---- targets -------------------------------------------------------------------------------------


@kernel
def live_targets(t: Table, b: int) -> np.uint64:
    """Which targets the user still means, as bits; all if none fits the accepted attributes."""
    live = f.live(t)[b]
    if live == np.uint64(0):
        return (ONE << np.uint64(f.n_targets(t)[b])) - ONE
    return live


@kernel
def narrow_targets(t: Table, b: int, a: int) -> None:
    """An attribute was accepted: targets that lack it are no longer meant.

    Not so under choice questions: what any target has is accepted there.
    """
    if f.question(t) == CHOICE:
        return
    targets = f.targets(t)[b]
    for k in range(f.n_targets(t)[b]):
        if not item_has(t, targets[k], a):
            f.live(t)[b] &= ~(ONE << np.uint64(k))


# ---- weights -------------------------------------------------------------------------------------


@kernel
def has_themselves(t: Table, b: int, a: int) -> bool:
    """Whether the user has an attribute: one of their train items has it."""
    user = f.user(t)[b]
    for j in range(f.train_indptr(t)[user], f.train_indptr(t)[user + 1]):
        if item_has(t, np.int64(f.train_indices(t)[j]), a):
            return True
    return False


@kernel
def weighs_by_liking(t: Table, b: int) -> bool:
    return trait(t, b, WEIGHTING) == LIKING


@kernel
def liking(t: Table, b: int) -> np.ndarray:
    """How many of the user's train items have each attribute, int32 (attributes,)."""
    user = f.user(t)[b]
    counts = np.zeros(f.attributes(t), dtype=np.int32)
    for j in range(f.train_indptr(t)[user], f.train_indptr(t)[user + 1]):
        v = np.int64(f.train_indices(t)[j])
        for k in range(f.item_indptr(t)[v], f.item_indptr(t)[v + 1]):
            counts[f.item_indices(t)[k]] += 1
    return counts


@kernel
def weights(t: Table, b: int) -> np.ndarray:
    """How much each attribute weighs for the user, int32 (attributes,), from 1."""
    if weighs_by_liking(t, b):
        return liking(t, b) + np.int32(1)
    return np.ones(f.attributes(t), dtype=np.int32)


@kernel
def _wanted(t: Table, b: int) -> np.ndarray:
    """The weights of the attributes of the target, 0 for all others: int32 (attributes,).

    The target is that of the beginning, or of the last change of mind.
    """
    target, by_weight = np.int64(f.wanted_first(t)[b]), weighs_by_liking(t, b)
    weight = weights(t, b) if by_weight else np.zeros(0, dtype=np.int32)
    wanted = np.zeros(f.attributes(t), dtype=np.int32)
    for k in range(f.item_indptr(t)[target], f.item_indptr(t)[target + 1]):
        a = f.item_indices(t)[k]
        wanted[a] = weight[a] if by_weight else 1
    return wanted


@kernel
def _overlap(t: Table, wanted: np.ndarray, v: int) -> int:
    """The sum of the weights of what an item has in common with the target."""
    total = 0
    for k in range(f.item_indptr(t)[v], f.item_indptr(t)[v + 1]):
        total += wanted[f.item_indices(t)[k]]
    return total


# ---- musts ---------------------------------------------------------------------------------------


@kernel
def choose_musts(t: Table, b: int) -> None:
    """The attributes of the target that weigh most, the smallest id on ties, into `musts`."""
    if f.max_musts(t) == 0:
        return
    musts, target, weight = f.musts(t)[b], np.int64(f.targets(t)[b, 0]), weights(t, b)
    musts[:] = -1
    first, last = f.item_indptr(t)[target], f.item_indptr(t)[target + 1]
    for n in range(min(np.int64(trait(t, b, MUSTS)), last - first)):
        best = np.int64(-1)
        for k in range(first, last):
            a = np.int64(f.item_indices(t)[k])
            if not is_must(t, b, a) and (best < 0 or weight[a] > weight[best]):
                best = a
        musts[n] = best


@kernel
def is_must(t: Table, b: int, a: int) -> bool:
    """Whether the user does not do without an attribute."""
    for k in range(f.max_musts(t)):  # noqa: SIM110 (numba compiles no generators)
        if f.musts(t)[b, k] == a:
            return True
    return False


@kernel
def has_musts(t: Table, b: int, v: int) -> bool:
    """Whether an item has everything that the user does not do without, and heeds what they said.

    That is their standing instruction, if it holds.
    """
    for k in range(f.max_musts(t)):
        a = np.int64(f.musts(t)[b, k])
        if a >= 0 and not item_has(t, v, a):
            return False
    standing = f.standing(t)[b]
    if standing[HOLDS] == 1:
        wanted, avoided = np.int64(standing[WANTED]), np.int64(standing[AVOIDED])
        if wanted >= 0 and not item_has(t, v, wanted):
            return False
        if avoided >= 0 and item_has(t, v, avoided):
            return False
    return True


# ---- standing instructions -----------------------------------------------------------------------


@kernel
def choose_standing(t: Table, b: int) -> None:
    """The instruction that the user gives with their request (`accepted`), into `standing`.

    It is about the attribute in which their own items with the condition differ most from all items
    with it; the smallest id on ties.
    """
    standing = f.standing(t)[b]
    standing[:] = -1
    scope = np.int64(trait(t, b, STANDING))
    if scope == 0:
        return
    named, target = f.accepted(t)[b, : f.n_accepted(t)[b]], np.int64(f.targets(t)[b, 0])
    if scope == SESSION and named.shape[0] == 0:
        return
    condition = np.int64(named[0] if scope == SESSION else np.argmax(liking(t, b)))
    mine, theirs = _counts_of_train(t, b, condition), _counts_of_all(t, condition)
    best, most = np.int64(-1), np.int64(0)
    for a in range(mine.shape[0]):
        # The difference of the two shares, times both numbers of items.
        more = mine[a] * theirs[condition] - theirs[a] * mine[condition]
        fits = scope == ALWAYS or (item_has(t, target, a) == (more > 0) and not _names(named, a))
        if fits and a != condition and abs(more) > abs(most):
            best, most = np.int64(a), more
    holds = scope == SESSION or _names(named, condition)
    if best < 0 or (holds and item_has(t, target, best) != (most > 0)):
        return
    standing[WANTED if most > 0 else AVOIDED] = best
    if scope == ALWAYS:
        standing[CONDITION] = condition
    if holds:
        standing[HOLDS] = 1


@kernel
def _names(named: np.ndarray, a: int) -> bool:
    for k in range(named.shape[0]):  # noqa: SIM110 (numba compiles no generators)
        if named[k] == a:
            return True
    return False


@kernel
def _counts_of_train(t: Table, b: int, condition: int) -> np.ndarray:
    """How many of the user's train items with an attribute have each, int64 (attributes,)."""
    user, counts = f.user(t)[b], np.zeros(f.attributes(t), dtype=np.int64)
    for j in range(f.train_indptr(t)[user], f.train_indptr(t)[user + 1]):
        v = np.int64(f.train_indices(t)[j])
        if item_has(t, v, condition):
            _count(t, v, counts)
    return counts


@kernel
def _counts_of_all(t: Table, condition: int) -> np.ndarray:
    """How many of all items with an attribute have each, int64 (attributes,)."""
    words, counts = f.bitsets(t)[condition], np.zeros(f.attributes(t), dtype=np.int64)
    for w in range(words.shape[0]):
        word = words[w]
        while word != np.uint64(0):
            _count(t, (w << 6) + trailing_zeros(word), counts)
            word &= word - ONE
    return counts


@kernel
def _count(t: Table, v: int, counts: np.ndarray) -> None:
    for k in range(f.item_indptr(t)[v], f.item_indptr(t)[v + 1]):
        counts[f.item_indices(t)[k]] += 1


# ---- items that would do -------------------------------------------------------------------------


@kernel
def is_target(t: Table, b: int, v: int) -> bool:
    for k in range(f.n_targets(t)[b]):  # noqa: SIM110 (numba compiles no generators)
        if f.targets(t)[b, k] == v:
            return True
    return False


@kernel
def choose_acceptable(t: Table, b: int) -> None:
    """The candidates with all musts that are most like the target, into `acceptable`.

    What has nothing in common with it would not do. In the order of their overlap, the smallest id
    on ties. Reads the candidates as they stand.
    """
    if f.max_acceptable(t) == 0:
        return
    f.n_acceptable(t)[b] = 0
    most = np.int64(trait(t, b, ACCEPTABLE))
    if most == 0:
        return
    words = _with_musts(t, b)
    for k in range(f.n_targets(t)[b]):
        v = np.int64(f.targets(t)[b, k])
        words[v >> 6] &= ~(ONE << np.uint64(v & LOW6))
    if weighs_by_liking(t, b):
        f.n_acceptable(t)[b] = _most_alike_by_weight(t, b, words, most)
    else:
        f.n_acceptable(t)[b] = _most_alike(t, b, words, most)


@kernel
def _most_alike(t: Table, b: int, left: np.ndarray, most: int) -> int:
    """The items of a set that share most attributes with the target, into `acceptable`; how many.

    The number of shared attributes of 64 items at once: bit p of it is in plane p. `left` is used
    up.
    """
    target, items, n = np.int64(f.wanted_first(t)[b]), f.acceptable(t)[b], 0
    first, last = f.item_indptr(t)[target], f.item_indptr(t)[target + 1]
    n_planes = 1
    while (1 << n_planes) <= last - first:
        n_planes += 1
    planes = np.zeros((n_planes, left.shape[0]), dtype=np.uint64)
    remaining = 0
    for w in range(left.shape[0]):
        remaining += popcount(left[w])
        if left[w] == np.uint64(0):
            continue
        for k in range(first, last):
            carry, p = f.bitsets(t)[f.item_indices(t)[k], w] & left[w], 0
            while carry != np.uint64(0):
                before = planes[p, w]
                planes[p, w] = before ^ carry
                carry &= before
                p += 1
    while n < most and remaining > 0:
        highest, alike = left.copy(), False
        for p in range(n_planes - 1, -1, -1):
            some = np.uint64(0)
            for w in range(left.shape[0]):
                some |= highest[w] & planes[p, w]
            if some != np.uint64(0):
                alike = True
                for w in range(left.shape[0]):
                    highest[w] &= planes[p, w]
        if not alike:  # nothing is left that shares one
            return n
        for w in range(left.shape[0]):
            word = highest[w]
            left[w] &= ~word
            remaining -= popcount(word)
            while word != np.uint64(0) and n < most:
                items[n] = (w << 6) + trailing_zeros(word)
                word &= word - ONE
                n += 1
    return n


@kernel
def _most_alike_by_weight(t: Table, b: int, words: np.ndarray, most: int) -> int:
    """The same where attributes weigh differently."""
    items, wanted, n = f.acceptable(t)[b], _wanted(t, b), 0
    overlaps = np.zeros(most, dtype=np.int64)
    for w in range(words.shape[0]):
        word = words[w]
        while word != np.uint64(0):
            v = (w << 6) + trailing_zeros(word)
            word &= word - ONE
            overlap = _overlap(t, wanted, v)
            if overlap == 0 or (n == most and overlap <= overlaps[n - 1]):
                continue
            n = min(n + 1, most)
            place = n - 1
            while place > 0 and overlaps[place - 1] < overlap:
                overlaps[place] = overlaps[place - 1]
                items[place] = items[place - 1]
                place -= 1
            overlaps[place] = overlap
            items[place] = v
    return n


@kernel
def _with_musts(t: Table, b: int) -> np.ndarray:
    """The candidates that `has_musts` holds for, as words of their own."""
    left, bitsets = current_words(t, b).copy(), f.bitsets(t)
    for k in range(f.max_musts(t)):
        if f.musts(t)[b, k] >= 0:
            left &= bitsets[f.musts(t)[b, k]]
    standing = f.standing(t)[b]
    if standing[HOLDS] == 1:
        if standing[WANTED] >= 0:
            left &= bitsets[standing[WANTED]]
        if standing[AVOIDED] >= 0:
            left &= ~bitsets[standing[AVOIDED]]
    return left


@kernel
def would_take(t: Table, b: int, v: int) -> bool:
    """Whether an item is a target, or one that the user would also take."""
    if is_target(t, b, v):
        return True
    if f.max_acceptable(t) > 0:
        for k in range(f.n_acceptable(t)[b]):
            if f.acceptable(t)[b, k] == v:
                return True
    return False


@kernel
def utility(t: Table, b: int, v: int) -> float:
    """What an item is worth to the user, from 0 to 1.

    1 for a target; 0 for what lacks a must; else the share of the target's weights that it has. An
    item that became the target after all targets were taken is worth what it was before.
    """
    if f.n_targets(t)[b] == 0:  # an agent's own copy of a conversation: nobody knows
        return 0.0
    if is_target(t, b, v) and not f.promoted(t)[b]:
        return 1.0
    if not has_musts(t, b, v):
        return 0.0
    wanted = _wanted(t, b)
    whole = _overlap(t, wanted, np.int64(f.wanted_first(t)[b]))
    return _overlap(t, wanted, v) / whole if whole > 0 else 0.0


@kernel
def _place(t: Table, b: int, v: int) -> int:
    """Where an item is in the last list, from 0; -1: it is not there."""
    for k in range(f.n_shown(t)[b]):
        if f.shown(t)[b, k] == v:
            return k
    return -1


@kernel
def _was_taken(t: Table, b: int, v: int) -> bool:
    """Whether an item of the last list was taken."""
    place = _place(t, b, v)
    return place >= 0 and f.taken(t)[b, place] != 0


@kernel
def strike_noted(t: Table, b: int) -> None:
    """What the user said something of in place of taking it would not do any more."""
    if f.max_acceptable(t) == 0:
        return
    items, n = f.acceptable(t)[b], 0
    for k in range(f.n_acceptable(t)[b]):
        place = _place(t, b, np.int64(items[k]))
        if place < 0 or f.notes(t)[b, place] == 0:
            items[n] = items[k]
            n += 1
    f.n_acceptable(t)[b] = n


@kernel
def _next_best(t: Table, b: int, leaves: bool) -> int:
    """Position of the first acceptable item that is still a candidate after the list; -1: none.

    Taken items leave the candidates, and with `leaves` all of the list.
    """
    if f.max_acceptable(t) == 0:
        return -1
    for k in range(f.n_acceptable(t)[b]):
        v = np.int64(f.acceptable(t)[b, k])
        place = _place(t, b, v)
        stays = place < 0 or not (leaves or f.taken(t)[b, place])
        if stays and is_candidate(t, b, v):
            return k
    return -1


@kernel
def strike_taken(t: Table, b: int, leaves: bool) -> bool:
    """What was taken is wanted no more; False, and nothing is struck, if nothing else is wanted.

    Where no target is left the first acceptable item that is still a candidate becomes the target.
    An agent's own copy of a conversation has none, and goes on: nobody knows there what else is
    wanted.

    Args:
        leaves: whether the list leaves the candidates; it has not left them yet.
    """
    n_targets, targets = f.n_targets(t)[b], f.targets(t)[b]
    if n_targets == 0:
        return True
    left = 0
    for k in range(n_targets):
        left += not _was_taken(t, b, np.int64(targets[k]))
    next_best = _next_best(t, b, leaves) if left == 0 else -1
    if left == 0 and next_best < 0:
        return False
    m = 0
    if f.max_acceptable(t) > 0:
        for k in range(f.n_acceptable(t)[b]):
            v = np.int64(f.acceptable(t)[b, k])
            if k == next_best:
                targets[0] = v
            elif not _was_taken(t, b, v):
                f.acceptable(t)[b, m] = v
                m += 1
        f.n_acceptable(t)[b] = m
    if next_best >= 0:
        f.n_targets(t)[b], f.live(t)[b], f.promoted(t)[b] = 1, ONE, 1
        return True
    n, live = 0, np.uint64(0)
    for k in range(n_targets):
        if not _was_taken(t, b, np.int64(targets[k])):
            live |= ((f.live(t)[b] >> np.uint64(k)) & ONE) << np.uint64(n)
            targets[n] = targets[k]
            n += 1
    f.n_targets(t)[b] = n
    f.live(t)[b] = live
    return True


# ---- changes of mind -----------------------------------------------------------------------------


@kernel
def change_mind(t: Table, b: int) -> None:
    """Another target, uniformly among the candidates that fit all that the user said, if any."""
    left = current_words(t, b).copy()
    status, bitsets = f.status(t)[b], f.bitsets(t)
    for a in range(status.shape[0]):
        if status[a] == 1:
            left &= bitsets[a]
        elif status[a] == -1:
            left &= ~bitsets[a]
    for k in range(f.n_targets(t)[b]):
        v = np.int64(f.targets(t)[b, k])
        left[v >> 6] &= ~(ONE << np.uint64(v & LOW6))
    n = 0
    for w in range(left.shape[0]):
        n += popcount(left[w])
    if n == 0:
        return
    seed, conversation, turn = f.seed(t)[b], f.conversation(t)[b], f.turn(t)[b]
    f.targets(t)[b, 0] = _member(left, random.draw_index(seed, conversation, turn, random.WISH, n))
    f.n_targets(t)[b] = 1
    f.wanted_first(t)[b] = f.targets(t)[b, 0]
    f.promoted(t)[b] = 0
    f.live(t)[b] = ONE
    choose_musts(t, b)
    choose_acceptable(t, b)


@kernel
def _member(words: np.ndarray, k: int) -> int:
    """The k-th item of a set, from 0."""
    for w in range(words.shape[0]):
        size = popcount(words[w])
        if k < size:
            word = words[w]
            for _ in range(k):
                word &= word - ONE
            return (w << 6) + trailing_zeros(word)
        k -= size
    return -1
