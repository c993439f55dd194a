"""Questions that are asked in the negative: a yes to one is no yes to what it names."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence

from recosim.language.words import Token

__all__ = ["is_negated"]

_TURNED = (
    *("dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "wont", "wouldnt", "cant"),
    *("couldnt", "havent", "hasnt"),
)
_NOT = {
    *("no", "not", "never", "neither", "nor", "without", "except", "avoid", "dislike", "hate"),
    *("cannot", "shouldnt", *_TURNED),
}
_AUXILIARIES = {
    *("do", "does", "did", "is", "are", "was", "were", "will", "would", "can", "could", "have"),
    *("has", *_TURNED),
}
_PRONOUNS = ("you", "it", "they", "that", "right")


def is_negated(tokens: Sequence[Token], names: Collection[int] = ()) -> bool:
    """Whether a line asks for the contrary of what it names: "You don't want indie?".

    A tag at the end turns nothing round: "You want indie, don't you?".

    Args:
        names: positions of tokens that are part of a name: "No Wave" is none.
    """
    words = [token.word for token in tokens]
    if len(words) > 2 and words[-1] in _PRONOUNS and words[-2] in _AUXILIARIES:
        words = words[:-2]
    said = ["" if k in names else word for k, word in enumerate(words)]
    pairs = itertools.pairwise(said)
    return not _NOT.isdisjoint(said) or ("anything", "but") in pairs
