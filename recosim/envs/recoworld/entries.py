"""The entry kernels: each works on the rows lo..hi-1 of a table, without the interpreter lock."""

from __future__ import annotations

from recosim.envs.recoworld import fields as f
from recosim.envs.recoworld.moves import answer, is_legal, pose, settle
from recosim.envs.recoworld.retrieval import retrieve
from recosim.envs.recoworld.sessions import ideal_by, open_life
from recosim.kernels.compiling import entry
from recosim.kernels.table import Table

__all__ = [
    "advance",
    "answer_rows",
    "find_ideals",
    "find_illegal",
    "open_rows",
    "pose_rows",
    "rank_items",
    "settle_rows",
]


@entry
def open_rows(t: Table, lo: int, hi: int) -> None:
    """Open the rows marked in `to_open`: their users are given."""
    for b in range(lo, hi):
        if f.to_open(t)[b]:
            f.to_open(t)[b] = 0
            open_life(t, b)


@entry
def find_ideals(t: Table, lo: int, hi: int) -> None:
    """The DCG of the best list for the users of the rows marked in `to_open`."""
    for b in range(lo, hi):
        if f.to_open(t)[b] and f.ideals(t)[f.user(t)[b]] == 0.0:
            f.theta(t)[b, :] = f.taste(t)[f.user(t)[b]]
            f.ideals(t)[f.user(t)[b]] = ideal_by(t, b)


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
    """
    if f.raise_illegal(t):
        for b in range(lo, hi):
            if f.done(t)[b] == 0 and not is_legal(t, b, f.action(t)[b]):
                return b
    for b in range(lo, hi):
        if f.done(t)[b] == 0:
            pose(t, b)
            answer(t, b, True)
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
            answer(t, b, False)


@entry
def settle_rows(t: Table, lo: int, hi: int) -> None:
    """What follows from what stands in the fields of the answer, wherever it came from."""
    for b in range(lo, hi):
        if f.done(t)[b] == 0:
            settle(t, b)


@entry
def rank_items(t: Table, lo: int, hi: int) -> None:
    """What the retrieval would show in each running row, into `best`."""
    for b in range(lo, hi):
        if f.done(t)[b] == 0:
            retrieve(t, b, -1, f.best(t)[b])
