"""Questions back, where a line could not be understood."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from recosim.acts import Ask, Recommend, Reflect
from recosim.language.context import Context
from recosim.language.labels import Labels
from recosim.language.mentions import Mentions
from recosim.language.words import COMMON, Token

__all__ = ["did_you_mean", "nearest_names", "what_can_be_said", "which_of"]

_FEW = 5


def did_you_mean(labels: Labels, kind: str, ids: Sequence[int]) -> str:
    """ "Did you mean indie or indie rock?"."""
    said = labels.say_all(kind, ids[:_FEW], "or", plainly=True)
    return f"Did you mean {said}{', or another one' * (len(ids) > _FEW)}?"


def which_of(labels: Labels, facet: int, inside: Sequence[int]) -> str:
    """ "Which style: rock, indie, pop, ...?"."""
    said = labels.say_all("a", inside[:_FEW], "or", plainly=True)
    more = ", or another one" * (len(inside) > _FEW)
    return f"Which {labels.say('f', facet, plainly=True)}: {said}{more}?"


def nearest_names(labels: Labels, tokens: Sequence[Token]) -> str:
    """ "Did you mean ...?" with the attributes that are called nearly so; "" if none is."""
    folded = {name.casefold(): a for a, name in enumerate(labels.names["a"])}
    for token in tokens:
        if token.word and token.word not in COMMON:
            near = difflib.get_close_matches(token.word, folded, n=2, cutoff=0.6)
            if near:
                return did_you_mean(labels, "a", [folded[name] for name in near])
    return ""


def what_can_be_said(context: Context, find: Mentions) -> str:
    """The question back where nothing was understood: what the context waits for."""
    labels = find.labels
    if isinstance(context.answers, Recommend):
        n = len(context.items)
        if n == 1:
            return f"Do you want {labels.say('i', context.items[0], plainly=True)}: yes or no?"
        return f"Which one do you want, 1 to {n}, or none of them?"
    if isinstance(context.answers, Reflect):
        return "What should there be less of, or more of?"
    if isinstance(context.answers, Ask):
        if context.asked:
            return f"Do you want {labels.say_all('a', context.asked, 'or', plainly=True)}?"
        if context.asked_facet is not None:
            return which_of(labels, context.asked_facet, find.attributes_in(context.asked_facet))
    return "What are you looking for? Name one thing that you want."
