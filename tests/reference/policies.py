"""The rule agents in plain Python, over `ReferenceConversation`: the baseline of the benchmarks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from reference.cpr import ReferenceConversation, Step

from recosim.acts import Ask, Recommend, Reflect

__all__ = ["abs_greedy", "max_entropy", "perform", "play", "random_legal", "weighted_entropy"]

Move = Ask | Recommend | Reflect


def random_legal(conv: ReferenceConversation, rng: np.random.Generator) -> Move:
    """Any legal move, each as likely as the others."""
    moves: list[int | Move] = [*sorted(conv.legal_asks())]
    if conv.can_recommend():
        moves.append(Recommend())
    if conv.can_reflect():
        moves.append(Reflect())
    drawn = moves[int(rng.integers(len(moves)))]
    return _ask(conv, drawn) if isinstance(drawn, int) else drawn


def abs_greedy(conv: ReferenceConversation) -> Move:
    """Always recommend."""
    return Recommend()


def max_entropy(conv: ReferenceConversation, u: float) -> Move:
    """Recommend with probability top_k / |candidates|, else ask what has the highest entropy.

    Args:
        u: a random number, 0 <= u < 1.
    """
    if u * len(conv.candidates) < conv.protocol.top_k:
        return Recommend()
    return _ask_highest(conv, conv.entropies)


def weighted_entropy(conv: ReferenceConversation) -> Move:
    """Recommend once the moves left can show all candidates, else ask by SCPR's entropy."""
    protocol = conv.protocol
    moves_left = protocol.max_turns - conv.turn + protocol.last_turn_acts
    if moves_left <= 1 or len(conv.candidates) <= moves_left * protocol.top_k:
        return Recommend()
    return _ask_highest(conv, conv.weighted_entropies)


def perform(conv: ReferenceConversation, move: Move) -> Step:
    """Make a move."""
    if isinstance(move, Recommend):
        return conv.recommend(move.items or None, move.because)
    if isinstance(move, Reflect):
        return conv.reflect()
    return conv.ask(move.attributes[0] if move.facet is None else move.facet)


def play(
    conv: ReferenceConversation, policy: Callable[[ReferenceConversation], Move]
) -> list[Step]:
    """Play an open conversation to its end."""
    steps = []
    while not conv.done:
        steps.append(perform(conv, policy(conv)))
    return steps


def _ask(conv: ReferenceConversation, a: int) -> Ask:
    return Ask(facet=a) if conv.asks_facets else Ask((a,))


def _ask_highest(conv: ReferenceConversation, entropies: Callable[[], dict[int, float]]) -> Move:
    """Ask the askable with the highest entropy, the smallest id on ties; recommend without one."""
    askable = conv.legal_asks()
    if not askable:
        return Recommend()
    entropy = entropies()
    return _ask(conv, max(askable, key=lambda a: (entropy[a], -a)))
