"""The entry kernels: each works on the rows lo..hi-1 of a table, without the interpreter lock."""

from __future__ import annotations

import numpy as np

from recosim.envs.convsim import fields as f
from recosim.envs.convsim.answers import answer
from recosim.envs.convsim.moves import ndcg_of, pose, settle
from recosim.envs.convsim.opening import OPENED, open_search
from recosim.envs.convsim.shortlist import (
    find_candidates,
    is_legal,
    make_shortlist,
    measure_questions,
    room_for_keys,
    update_mask,
)
from recosim.kernels.compiling import entry
from recosim.kernels.table import Table

__all__ = [
    "advance",
    "answer_rows",
    "find_illegal",
    "open_rows",
    "pose_rows",
    "renew_rows",
    "settle_rows",
]


@entry
def open_rows(t: Table, lo: int, hi: int) -> None:
    """Open the rows marked in `to_open`: their needs are given."""
    for b in range(lo, hi):
        if f.to_open(t)[b]:
            f.to_open(t)[b] = 0
            open_search(t, b)


@entry
def find_illegal(t: Table, lo: int, hi: int) -> int:
    """The first running row whose `action` is not legal, or -1. Changes nothing."""
    for b in range(lo, hi):
        if f.done(t)[b] == 0 and not is_legal(t, b, f.action(t)[b]):
            return b
    return -1


@entry
def advance(t: Table, lo: int, hi: int) -> int:
    """One whole move of each running row with the rule user; ended rows stand still, reward 0.

    Under `raise_illegal` returns the first row with an illegal action and changes nothing, else -1.
    Rows whose query has changed are marked in `to_search`.
    """
    if f.raise_illegal(t):
        for b in range(lo, hi):
            if f.done(t)[b] == 0 and not is_legal(t, b, f.action(t)[b]):
                return b
    for b in range(lo, hi):
        if f.done(t)[b] == 0:
            pose(t, b)
            answer(t, b)
            settle(t, b)
        else:
            f.reward(t)[b] = 0.0
            f.reward_terms(t)[b, :] = 0.0
    return -1


@entry
def pose_rows(t: Table, lo: int, hi: int) -> int:
    """The system's half of a move; returns the first illegal row under `raise_illegal`, else -1."""
    if f.raise_illegal(t):
        for b in range(lo, hi):
            if f.done(t)[b] == 0 and not is_legal(t, b, f.action(t)[b]):
                return b
    for b in range(lo, hi):
        if f.done(t)[b] == 0:
            pose(t, b)
    return -1


@entry
def answer_rows(t: Table, lo: int, hi: int) -> None:
    """The rule user's half of a move that was posed; it is not settled yet."""
    for b in range(lo, hi):
        if f.done(t)[b] == 0:
            answer(t, b)


@entry
def settle_rows(t: Table, lo: int, hi: int) -> None:
    """What follows from what stands in the fields of the answer, wherever it came from."""
    for b in range(lo, hi):
        if f.done(t)[b] == 0:
            settle(t, b)


@entry
def renew_rows(t: Table, lo: int, hi: int) -> None:
    """Candidates where something new was found, the shortlist, and what is legal."""
    size = room_for_keys(t)
    keys, met = np.full(size, -1, dtype=np.int32), np.empty(size, dtype=np.int32)
    mass, rarity = np.empty(size, dtype=np.float64), np.empty(size, dtype=np.float64)
    for b in range(lo, hi):
        if f.to_rank(t)[b]:
            if f.to_rank(t)[b] == OPENED:  # this is what the first query finds
                found = f.found_items(t)[b]
                f.start_ndcg(t)[b] = ndcg_of(t, b, found, np.int64(found.shape[0]))
            f.to_rank(t)[b] = 0
            f.to_list(t)[b] = 1
            find_candidates(t, b, keys, mass, rarity, met)
        if f.to_list(t)[b]:
            f.to_list(t)[b] = 0
            make_shortlist(t, b)
        if f.to_measure(t)[b]:
            f.to_measure(t)[b] = 0
            measure_questions(t, b)
        update_mask(t, b)
