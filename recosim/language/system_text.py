"""What a recommender means by a line that no template wrote."""

from __future__ import annotations

from collections.abc import Sequence

from recosim.acts import Ask, Pass, Recommend, Reflect, SystemAct
from recosim.errors import NotUnderstood
from recosim.language import cues
from recosim.language.asking_back import did_you_mean, nearest_names
from recosim.language.context import Context
from recosim.language.mentions import Mention, Mentions
from recosim.language.negation import is_negated
from recosim.language.places import place_mentions
from recosim.language.tone import has_cue, spoken
from recosim.language.words import COMMON, Token, tokens_of

__all__ = ["understand_system"]

_WHICH = ("which", "what", "any", "whats", "preference", "preferences")
# Lines that name nothing, and what they mean.
_NAMELESS: tuple[tuple[tuple[str, ...], SystemAct], ...] = (
    (cues.BEST, Recommend()),
    (cues.PASSING, Pass()),
    (cues.ASKING, Ask()),
)
_CUE_WORDS = frozenset(word for names, _ in _NAMELESS for cue in names for word in cue.split())


def understand_system(text: str, marked: str, context: Context, find: Mentions) -> SystemAct:
    """The act of the recommender that a text means.

    Items that are named are recommended, because of the attributes that are named beside them;
    attributes alone are asked about, and so is a facet.

    Args:
        text: as it was written, for messages.
        marked: the same with explicit ids as marks (`Labels.mark`).

    Raises:
        NotUnderstood: it means nothing, or several things.
    """
    tokens = tokens_of(marked)
    said = spoken(tokens)
    mentions = find.find(tokens, shown=context.items, everything=True, facets_first=context.facets)
    if not any(mention.kind == "i" for mention in mentions):
        mentions = place_mentions(text, tokens, mentions, "i", context.items)
    items, attributes, facets = (_clear(mentions, kind) for kind in "iaf")
    if items:
        return Recommend(items, attributes)
    named = {k for mention in mentions for k in range(mention.start, mention.end)}
    if attributes and is_negated(tokens, named):
        raise NotUnderstood(
            text, f"Is it a question? Ask without the negation, about {_listed(find, attributes)}."
        )
    if has_cue(said, cues.REFLECTING):
        return Reflect()
    unclear = next((mention for mention in mentions if len(mention.ids) > 1), None)
    if unclear is not None and (unclear.kind == "i" or not attributes):
        raise NotUnderstood(text, did_you_mean(find.labels, unclear.kind, unclear.ids))
    if attributes and has_cue(said, cues.BEST) and "?" not in text:
        return Recommend((), attributes)
    if has_cue(said, cues.BECAUSE):
        raise NotUnderstood(text, "Which item is recommended? Give its full name or its id.")
    if facets and (not attributes or has_cue(said, _WHICH)):
        return Ask(attributes, facets[0])
    if attributes:
        return Ask(attributes)
    if not _unknown_words(tokens):
        for names, act in _NAMELESS:
            if has_cue(said, names):
                return act
    raise NotUnderstood(
        text,
        nearest_names(find.labels, tokens)
        or "Is it a question (about which attribute?) or a recommendation (of which items)?",
    )


def _listed(find: Mentions, attributes: Sequence[int]) -> str:
    return " and ".join(f"{find.labels.names['a'][a]} [a{a}]" for a in attributes)


def _clear(mentions: Sequence[Mention], kind: str) -> tuple[int, ...]:
    """What was named and can be one thing only, each once."""
    ids = [m.ids[0] for m in mentions if m.kind == kind and len(m.ids) == 1]
    return tuple(dict.fromkeys(ids))


def _unknown_words(tokens: Sequence[Token]) -> bool:
    """Whether a word is there that could be a name, so that the line is not about nothing."""
    return any(token.word not in COMMON and token.word not in _CUE_WORDS for token in tokens)
