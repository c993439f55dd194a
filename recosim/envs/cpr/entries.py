"""The entry kernels: each works on the rows lo..hi-1 of a table, without the interpreter lock."""

from __future__ import annotations

import numpy as np

from recosim.envs.cpr import fields as f
from recosim.envs.cpr.answers import answer
from recosim.envs.cpr.asks import best_ask
from recosim.envs.cpr.candidates import refresh
from recosim.envs.cpr.moves import is_legal, pose, settle
from recosim.envs.cpr.opening import begin, open_conversation
from recosim.envs.cpr.scores import top_items
from recosim.kernels.compiling import entry
from recosim.kernels.table import Table

__all__ = [
    "advance",
    "answer_rows",
    "begin_rows",
    "best_asks",
    "best_weighted_asks",
    "find_illegal",
    "open_rows",
    "pose_rows",
    "rank_items",
    "refresh_rows",
    "settle_rows",
]


@entry
def open_rows(t: Table, lo: int, hi: int) -> None:
    """Open the rows marked in `to_open`: user, target and opening are given or drawn."""
    for b in range(lo, hi):
        if f.to_open(t)[b]:
            f.to_open(t)[b] = 0
            open_conversation(t, b)


@entry
def begin_rows(t: Table, lo: int, hi: int) -> None:
    """Begin the rows marked in `to_open` with the opening that `accepted` already holds."""
    for b in range(lo, hi):
        if f.to_open(t)[b]:
            f.to_open(t)[b] = 0
            begin(t, b)


@entry
def find_illegal(t: Table, lo: int, hi: int) -> int:
    """The first running row whose `action` is not legal, or -1. Changes no conversation."""
    for b in range(lo, hi):
        if f.done(t)[b] == 0 and not is_legal(t, b, f.action(t)[b]):
            return b
    return -1


@entry
def advance(t: Table, lo: int, hi: int) -> int:
    """One whole move of each row with the rule user.

    An ended row stands still with reward 0, or under `open_ended` begins its next conversation.
    Under `raise_illegal` returns the first row with an illegal action and changes nothing, else -1.
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
        elif f.open_ended(t):
            f.conversation(t)[b] += 1
            open_conversation(t, b)
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
    """What follows from `outcome`, `accepted` and `rank`, wherever they came from."""
    for b in range(lo, hi):
        if f.done(t)[b] == 0:
            settle(t, b)


@entry
def refresh_rows(t: Table, lo: int, hi: int) -> None:
    """Bring counts, entropies and masks up to date."""
    for b in range(lo, hi):
        refresh(t, b)


@entry
def best_asks(t: Table, lo: int, hi: int) -> None:
    """The legal ask of the highest entropy of each running row, into `choice`."""
    for b in range(lo, hi):
        if f.done(t)[b] == 0:
            f.choice(t)[b] = best_ask(t, b, False)


@entry
def best_weighted_asks(t: Table, lo: int, hi: int) -> None:
    """The legal ask of the highest weighted entropy of each running row, into `choice`."""
    for b in range(lo, hi):
        if f.done(t)[b] == 0:
            f.choice(t)[b] = best_ask(t, b, True)


@entry
def rank_items(t: Table, lo: int, hi: int) -> None:
    """The best `top_k` candidates of each running row, into `best` and `best_scores`."""
    for b in range(lo, hi):
        if f.done(t)[b] == 0:
            f.best(t)[b, :] = -1
            f.best_scores(t)[b, :] = np.float32(0.0)
            top_items(t, b, f.best(t)[b], f.best_scores(t)[b])
