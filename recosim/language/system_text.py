"""What a recommender means by a line that no template wrote."""

from __future__ import annotations

from recosim.acts import Ask, Pass, Recommend, Reflect, SystemAct
from recosim.errors import NotUnderstood
from recosim.language import cues
from recosim.language.asking_back import did_you_mean, nearest_names
from recosim.language.context import Context
from recosim.language.mentions import Mention, Mentions
from recosim.language.places import place_mentions
from recosim.language.tone import has_cue, spoken
from recosim.language.words import tokens_of

__all__ = ["understand_system"]

_WHICH = ("which", "what", "any", "whats", "preference", "preferences")


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
    mentions = find.find(tokens, shown=context.shown, everything=True)
    if not any(mention.kind == "i" for mention in mentions):
        mentions = place_mentions(text, tokens, mentions, "i", context.shown)
    unclear = [mention for mention in mentions if len(mention.ids) > 1]
    items, attributes = _ids(mentions, "i"), _ids(mentions, "a")
    facet = next(iter(_ids(mentions, "f")), None)
    if items:
        return Recommend(items, attributes)
    if has_cue(said, cues.REFLECTING):
        return Reflect()
    if facet is not None and (not attributes or has_cue(said, _WHICH)):
        return Ask(attributes, facet)
    if attributes:
        return Ask(attributes)
    if facet is None and context.facets is False and unclear:
        raise NotUnderstood(text, did_you_mean(find.labels, unclear[0].kind, unclear[0].ids))
    named = [token.word for token in tokens]
    if not unclear and _is_free_of_names(named):
        if has_cue(said, cues.BEST):
            return Recommend()
        if has_cue(said, cues.PASSING):
            return Pass()
        if "ask" in named or "else" in named or "know" in named:
            return Ask()
    raise NotUnderstood(
        text,
        nearest_names(find.labels, tokens)
        or "Is it a question (about which attribute?) or a recommendation (of which items)?",
    )


def _ids(mentions: list[Mention], kind: str) -> tuple[int, ...]:
    clear = (mention.ids[0] for mention in mentions if len(mention.ids) == 1)
    kinds = (mention.kind for mention in mentions if len(mention.ids) == 1)
    return tuple(dict.fromkeys(i for i, k in zip(clear, kinds, strict=True) if k == kind))


def _is_free_of_names(words: list[str]) -> bool:
    """Whether a short line, a command say, names nothing that was not understood."""
    return bool(words)
