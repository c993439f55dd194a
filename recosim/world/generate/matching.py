"""Pair stubs: who takes what, and who is whose friend, with every degree as it was planned.

A node of degree d has d stubs. Each stub says where it wants its partner: in a group of the finest
level first, then in coarser ones. Pairing stubs and not nodes keeps the degrees of both sides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recosim.world.generate.draws import permutation

__all__ = ["match_stubs"]

Ints = NDArray[np.int64]
ROUNDS = 3  # tries on each level: a pair that exists already goes back into the pool
SWAP_ROUNDS = 400


def match_stubs(
    rng: np.random.Generator,
    left: Ints,
    right: Ints,
    levels: Sequence[tuple[Ints, Ints]],
    *,
    same_side: bool = False,
) -> tuple[Ints, Ints]:
    """Pair each left stub with a right stub, no pair of nodes twice.

    Args:
        left, right: the node of each stub, both of length n.
        levels: from fine to coarse, the group of each left and of each right stub, each (n,).
            Stubs pair within a group; what is left over goes on to the next level, at last to no
            group at all.
        same_side: both are nodes of one kind: no node pairs with itself, and (a, b) is (b, a).

    Returns:
        The left and the right node of each pair, sorted. A few pairs less than n only if even
        many swaps find no free pair.
    """
    n_right = int(max(left.max(initial=0), right.max(initial=0))) + 1
    free_left, free_right = np.arange(len(left)), np.arange(len(right))
    taken = np.zeros(0, dtype=np.int64)
    nowhere = np.zeros(len(left), dtype=np.int64)
    for group_left, group_right in [*levels, (nowhere, nowhere)]:
        for _ in range(ROUNDS):
            a, b = _pair_in_groups(rng, group_left[free_left], group_right[free_right])
            if not len(a):
                break
            keys = _keys(left[free_left[a]], right[free_right[b]], n_right, same_side)
            good = _new(keys, taken)
            taken = np.sort(np.concatenate([taken, keys[good]]), kind="stable")
            free_left = np.delete(free_left, a[good])
            free_right = np.delete(free_right, b[good])
    taken = _swap_in(rng, taken, left[free_left], right[free_right], n_right, same_side)
    return taken // n_right, taken % n_right


def _pair_in_groups(
    rng: np.random.Generator, group_left: Ints, group_right: Ints
) -> tuple[Ints, Ints]:
    """Positions of stubs that pair: at random, within equal groups, as many as both sides have."""
    n = max(len(group_left), len(group_right), 1)
    keys, orders = [], []
    for group in (group_left, group_right):
        order = np.argsort(group + rng.random(len(group)), kind="stable")
        ordered = group[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        sizes = np.diff(starts, append=len(ordered))
        place = np.arange(len(ordered)) - np.repeat(starts, sizes)
        keys.append(ordered * n + place)  # ascending, and each only once
        orders.append(order)
    at = np.minimum(np.searchsorted(keys[1], keys[0]), max(len(keys[1]) - 1, 0))
    both = keys[1][at] == keys[0] if len(keys[1]) else np.zeros(len(keys[0]), dtype=bool)
    return orders[0][both], orders[1][at[both]]


def _keys(left: Ints, right: Ints, n_right: int, same_side: bool) -> Ints:
    """One number for each pair; -1 for a node with itself."""
    if not same_side:
        return left * n_right + right
    low, high = np.minimum(left, right), np.maximum(left, right)
    return np.where(low == high, -1, low * n_right + high)


def _new(keys: Ints, taken: Ints) -> NDArray[np.bool_]:
    """Which pairs are allowed, not taken yet, and the first of their kind among `keys`."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    fresh = (np.diff(ordered, prepend=-1) != 0) & ~_contains(taken, ordered)
    new = np.zeros(len(keys), dtype=bool)
    new[order] = fresh & (ordered >= 0)
    return new


def _contains(ordered: Ints, keys: Ints) -> NDArray[np.bool_]:
    if not len(ordered):
        return np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return np.asarray(ordered[at] == keys)


def _swap_in(
    rng: np.random.Generator, taken: Ints, left: Ints, right: Ints, n_right: int, same_side: bool
) -> Ints:
    """Place the last stubs (a, b): an old pair (c, d) becomes (a, d) and (c, b)."""
    for _ in range(SWAP_ROUNDS):
        if not len(left) or len(taken) < len(left):
            break
        old = np.unique((rng.random(len(left)) * len(taken)).astype(np.int64))
        a, b = left[: len(old)], right[: len(old)]
        c, d = taken[old] // n_right, taken[old] % n_right
        one = _keys(a, d, n_right, same_side)
        two = _keys(c, b, n_right, same_side)
        both = np.concatenate([one, two])
        new = _new(both, taken)
        good = new[: len(old)] & new[len(old) :]
        added = np.concatenate([one[good], two[good]])
        taken = np.sort(np.concatenate([np.delete(taken, old[good]), added]))
        used = np.flatnonzero(good)
        left, right = np.delete(left, used), np.delete(right, used)
        shuffled = permutation(rng, len(right))
        right = right[shuffled]
    return taken
