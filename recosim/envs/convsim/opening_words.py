"""What the user says as a search opens, word for word."""

from __future__ import annotations

from collections.abc import Iterable

from recosim.retrieval.index import Index
from recosim.world.world import World

__all__ = ["opening_words"]


def opening_words(
    world: World, index: Index, need: int, terms: Iterable[int], *, start: str
) -> str:
    """The utterance of a turn, its rewrite, or the words of its need that are kept.

    Args:
        need: turn of `World.topics`. terms: of the first query. start: choice of the rules.
    """
    topics = world.topics
    assert topics is not None
    if start == "rewrite":
        return " ".join((topics.rewrites[need] or topics.utterances[need]).split())
    if start == "said":
        return " ".join(topics.utterances[need].split())
    kept = set(index.words(terms))
    return " ".join(word for word in index.tokeniser(topics.needs[need]) if word in kept)
