"""What a user names of their need, or of somebody else's (docs/convsim.md, "Naming")."""

from __future__ import annotations

import numpy as np

from recosim.envs.convsim import fields as f
from recosim.envs.convsim.terms import luck, needed, place_of, unsaid
from recosim.envs.traits import trait_reader
from recosim.kernels.compiling import kernel
from recosim.kernels.random import NAME, OFF_TOPIC, OTHER_TERM, OTHER_TURN
from recosim.kernels.table import Table
from recosim.users.behaviour import WORDS

__all__ = ["name_terms", "stray"]

ANY, RARE = (WORDS["naming"].index(word) for word in ("any", "rare"))

trait = trait_reader(f.traits, f.user)
named_terms, naming, off_topic = trait("named_terms"), trait("naming"), trait("off_topic")


@kernel
def name_terms(t: Table, b: int, facet: int) -> int:
    """Put terms that are missing into `named`; returns how many.

    Args:
        facet: only words of this facet; -1: of any.
    """
    out, n, turn = f.named(t)[b], 0, f.turn(t)[b]
    for j in range(np.int64(named_terms(t, b))):
        chosen = choose(t, b, facet, n, turn, j)
        if chosen < 0:
            break
        if luck(t, b, OFF_TOPIC, turn, j) < off_topic(t, b):
            other = stray(t, b, turn, j)
            chosen = other if other >= 0 else chosen
        if place_of(out, n, chosen) < 0:
            out[n] = chosen
            n += 1
    return n


@kernel
def choose(t: Table, b: int, facet: int, n: int, turn: int, j: int) -> int:
    """The next term of the need to name, when n were named already; -1: none is left."""
    need, out, way = needed(t, b), f.named(t)[b], np.int64(naming(t, b))
    left, best = 0, -1
    for k in range(need.shape[0]):
        if may_name(t, b, need[k], facet) and place_of(out, n, need[k]) < 0:
            left += 1
            rarer = best >= 0 and f.idf(t)[need[k]] > f.idf(t)[best]
            if best < 0 or (way == RARE and rarer):
                best = int(need[k])
    if way != ANY or left == 0:
        return best
    at = int(luck(t, b, NAME, turn, j) * left)
    for k in range(need.shape[0]):
        if may_name(t, b, need[k], facet) and place_of(out, n, need[k]) < 0:
            if at == 0:
                return int(need[k])
            at -= 1
    return -1


@kernel
def may_name(t: Table, b: int, term: int, facet: int) -> bool:
    if facet >= 0 and not (f.term_facets(t)[term] >> np.uint64(facet)) & np.uint64(1):
        return False
    return unsaid(t, b, term)


@kernel
def stray(t: Table, b: int, turn: int, j: int) -> int:
    """A term of the need of another topic, -1: there is none."""
    topic, first = f.user(t)[b], f.topic_first(t)
    own = first[topic + 1] - first[topic]
    others = f.turns(t) - own
    if others <= 0:
        return -1
    w = np.int64(luck(t, b, OTHER_TURN, turn, j) * others)
    if w >= first[topic]:
        w += own
    lo, hi = f.need_indptr(t)[w], f.need_indptr(t)[w + 1]
    if hi == lo:
        return -1
    at = lo + int(luck(t, b, OTHER_TERM, turn, j) * (hi - lo))
    return int(f.need_terms(t)[at])
