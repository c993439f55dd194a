"""Terms: what was said of them, which are unsaid, how alike two of them are (sections 2 and 3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from recosim.envs.convsim import fields as f
from recosim.kernels import random
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table

__all__ = [
    "alike",
    "holds",
    "is_meant",
    "luck",
    "needed",
    "place_of",
    "put_heard",
    "put_mark",
    "unsaid",
]


@kernel
def luck(t: Table, b: int, purpose: int, turn: int, place: int) -> float:
    """A number in [0, 1) for a purpose in a turn, and a place of it."""
    key = 128 * np.int64(turn) + place
    return random.draw_unit(f.seed(t)[b], f.conversation(t)[b], key, purpose)


@kernel
def place_of(row: Any, n: int, value: int) -> int:
    """Where a value stands among the first n of a row, -1: nowhere."""
    for k in range(n):
        if row[k] == value:
            return k
    return -1


@kernel
def needed(t: Table, b: int) -> Any:
    """The terms of the need, in its order."""
    w = f.need(t)[b]
    return f.need_terms(t)[f.need_indptr(t)[w] : f.need_indptr(t)[w + 1]]


@kernel
def holds(t: Table, item: int, term: int) -> bool:
    """Whether a document holds a term."""
    lo, hi = f.doc_indptr(t)[item], f.doc_indptr(t)[item + 1]
    terms = f.doc_terms(t)
    while lo < hi:
        mid = (lo + hi) >> 1
        if terms[mid] < term:
            lo = mid + 1
        else:
            hi = mid
    return bool(lo < f.doc_indptr(t)[item + 1] and terms[lo] == term)


@kernel
def alike(t: Table, one: int, other: int) -> float:
    """The user's similarity of two terms: Dice's coefficient of their character trigrams."""
    if one == other:
        return 1.0
    indptr, grams = f.gram_indptr(t), f.grams(t)
    i, j, same = indptr[one], indptr[other], 0
    while i < indptr[one + 1] and j < indptr[other + 1]:
        if grams[i] == grams[j]:
            same += 1
            i += 1
            j += 1
        elif grams[i] < grams[j]:
            i += 1
        else:
            j += 1
    size = indptr[one + 1] - indptr[one] + indptr[other + 1] - indptr[other]
    return float(2.0 * same / size)


@kernel
def is_meant(t: Table, b: int, term: int, threshold: float) -> bool:
    """Whether a term is near enough to one of the need."""
    need = needed(t, b)
    found = False
    for k in range(need.shape[0]):
        found = found or alike(t, term, need[k]) >= threshold
    return found


@kernel
def unsaid(t: Table, b: int, term: int) -> bool:
    """Whether a term is neither in the first query nor heard as wanted."""
    if place_of(f.start_terms(t)[b], f.n_start(t)[b], term) >= 0:
        return False
    at = place_of(f.heard_terms(t)[b], f.n_heard(t)[b], term)
    return at < 0 or f.heard_values(t)[b, at] != 1


@kernel
def put_heard(t: Table, b: int, term: int, value: int) -> None:
    """What was said of a term: 1 wanted, -1 not wanted, 0 left open."""
    values, n = f.heard_values(t)[b], f.n_heard(t)[b]
    at = place_of(f.heard_terms(t)[b], n, term)
    if at >= 0:
        if value != 0 and values[at] != value:
            values[at] = value
            f.fresh(t)[b] = 1
    elif n < values.shape[0]:
        f.heard_terms(t)[b, n], values[n] = term, value
        f.n_heard(t)[b] = n + 1
        f.fresh(t)[b] = 1


@kernel
def put_mark(t: Table, b: int, item: int, up: int) -> None:
    """A thumb for a document, 1 up, 0 down."""
    marks, n = f.marked_up(t)[b], f.n_marked(t)[b]
    at = place_of(f.marked_items(t)[b], n, item)
    if at >= 0:
        if marks[at] != up:
            marks[at] = up
            f.fresh(t)[b] = 1
    elif n < marks.shape[0]:
        f.marked_items(t)[b, n], marks[n] = item, up
        f.n_marked(t)[b] = n + 1
        f.fresh(t)[b] = 1
