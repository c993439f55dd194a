"""What a user means by a line that no template wrote, in the light of what it answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from recosim.acts import (
    Ask,
    Courtesy,
    Edit,
    Instruct,
    Leave,
    Recommend,
    Reflect,
    Request,
    UserAct,
)
from recosim.errors import NotUnderstood
from recosim.language import cues
from recosim.language.answers import understand_answer
from recosim.language.asking_back import nearest_names, what_can_be_said
from recosim.language.clauses import clauses_of, without_courtesies
from recosim.language.context import Context
from recosim.language.heard import Heard, hear
from recosim.language.life_text import going_of, wishes_of
from recosim.language.mentions import Mentions
from recosim.language.replies import understand_explanation, understand_reaction
from recosim.language.tone import has_cue, scope_of
from recosim.language.wishes import Acts, avoid, example_in, set_talk_aside
from recosim.language.words import COMMON, Token, ending, tokens_of

__all__ = ["understand_user"]

_CONDITION = re.compile(
    r" (?:whenever|every time|each time|when|if) (?:i|im|i am)(?: \w+){0,2}? "
    r"(?:ask|want|look|looking|search|searching|request|say)(?: for)? "
)
_POLITE = re.compile(
    r"^(?:(?:ok|okay|please|thanks|thank you|well|no|sorry|and|oh|alright|then) )+"
    r"|(?: (?:please|now|thanks|then|all|guys|everyone))+$"
)
_HARMLESS = frozenset(("hurt", "restrictions", "idea", "limits", "problem", "worries", "picky"))
_FILLERS = frozenset(
    ("oh", "well", "ok", "okay", "hmm", "hm", "so", "and", "alright", "great", "cool")
)


def understand_user(text: str, marked: str, context: Context, find: Mentions) -> Acts:
    """The acts of the user that a text means, in its order.

    Args:
        text: as it was written, for messages.
        marked: the same with explicit ids as marks (`Labels.mark`).

    Raises:
        NotUnderstood: it means nothing here, or several things.
    """
    everything = tokens_of(marked)
    tokens, closing, polite = without_courtesies(everything, ending(marked))
    courtesies = {kind: Courtesy(kind) for kind, _ in polite}
    before = tuple(courtesies[kind] for kind, at in dict(polite).items() if at == 0 and tokens)
    after = tuple(act for act in courtesies.values() if act not in before)
    tokens, leave = _without_goodbye(tokens, closing)
    if not tokens:
        acts: Acts = (Leave("other"),) if leave else ()
        if not acts and not courtesies:
            raise hear(text, tokens, closing, context, find).fail(what_can_be_said(context, find))
        return (*before, *after, *acts)
    heard = hear(text, tokens, closing, context, find)
    if leave and _agrees_only(heard):
        return (*before, *after, Leave("other"))  # "okay thanks, bye"
    try:
        acts = _acts(heard)
    except NotUnderstood:
        if leave:
            return (*before, *after, Leave("other"))
        if courtesies and _agrees_only(heard):
            return (*before, *after)
        raise
    return (*before, *acts, *after, *((Leave("other"),) if leave else ()))


def _agrees_only(heard: Heard) -> bool:
    """Whether nothing but an "okay" or a "great" is said: beside a goodbye it accepts nothing."""
    words = {token.word for token in heard.tokens}
    return not words & cues.PLAIN_YES and all(
        said.stance in ("yes", "praise") or set(said.words.split()) <= _FILLERS
        for said in heard.clauses
    )


def _without_goodbye(tokens: Sequence[Token], closing: str) -> tuple[list[Token], bool]:
    """The words without the clauses that end the conversation, and whether there was one."""
    if cues.STOPPING_WORDS.isdisjoint(token.word for token in tokens):
        return list(tokens), False
    left: list[Token] = []
    gone = False
    for clause in clauses_of(tokens, (), closing):
        words = tokens[clause.start : clause.end]
        said = " ".join(token.word for token in words)
        if _POLITE.sub("", said) in cues.STOPPING or said in cues.STOPPING:
            gone = True
        else:
            left += words
    return left, gone


def _acts(heard: Heard) -> Acts:
    ended = _leave(heard)
    if ended is not None:
        return (ended,)
    if heard.context.walks:
        recommended = isinstance(heard.context.answers, Recommend)
        anything = not isinstance(heard.context.answers, (Ask, Reflect)) and not recommended
        wishes = () if recommended else wishes_of(heard, loosely=anything)
        if wishes:
            return wishes
        if anything:
            raise heard.unclear() or heard.fail(what_can_be_said(heard.context, heard.find))
    act = None if heard.context.walks else _instruct(heard)
    if act is not None:
        return (act,)
    said_to: tuple[tuple[type, Callable[[Heard], Acts]], ...] = (
        (Ask, understand_answer),
        (Recommend, understand_reaction),
        (Reflect, understand_explanation),
    )
    for kind, understand in said_to:
        if isinstance(heard.context.answers, kind):
            return understand(heard)
    return _open(heard)


# ---- in any context ------------------------------------------------------------------------------


def _leave(heard: Heard) -> UserAct | None:
    if heard.ids("", "no", "less", "more", "like") or heard.ids("", "more", "like", kind="i"):
        return None
    if heard.context.walks:
        reason, for_good = going_of(heard.said)
        if reason is not None:
            return Leave(reason, for_good)
    if has_cue(heard.said, cues.IMPATIENT):
        return Leave("impatient")
    if has_cue(heard.said, cues.SATISFIED):
        return Leave("satisfied")
    return None


def _instruct(heard: Heard) -> UserAct | None:
    """A standing wish or a correction: it says so, and names attributes that nobody asked about."""
    positive, negative = heard.ids("", "more", "like"), heard.ids("no", "less")
    if not positive and not negative:
        return None
    about_asked = set(heard.context.asked) & {*positive, *negative}
    if has_cue(heard.said, cues.EDITING) and heard.context.answers is not None and not about_asked:
        return Edit(positive, negative)
    condition = _condition(heard)
    scope = scope_of(heard.said, cues.SCOPES)
    if (scope is None and not condition) or about_asked:
        return None
    wanted = tuple(a for a in positive if a not in condition)
    directive: Literal["want", "avoid"] = "avoid" if negative else "want"
    attributes = negative or wanted
    if not attributes:
        return None
    return Instruct(directive, attributes, condition, scope or "session")  # type: ignore[arg-type]


def _condition(heard: Heard) -> tuple[int, ...]:
    """The attributes after "whenever I ask for", up to the end of the clause."""
    found = _CONDITION.search(heard.said)
    if not found:
        return ()
    start = len(heard.said[: found.end()].replace("|", "").split())
    end = next((s.clause.end for s in heard.clauses if start < s.clause.end), start)
    ids: list[int] = []
    for mention in heard.mentions:
        if start <= mention.start < end and mention.kind == "a" and mention.clear:
            ids += mention.ids
    return tuple(ids)


# ---- the opening ---------------------------------------------------------------------------------


def _open(heard: Heard) -> Acts:
    _refuse_unknown_wishes(heard)
    set_talk_aside(heard)
    wanted, refused = heard.ids("", "more", "like"), heard.ids("no", "less")
    example = example_in(heard)
    if wanted or example is not None:
        return (Request(wanted, _named_facet(heard), example), *avoid(refused))
    problem = heard.unclear()
    if problem:
        raise problem
    if refused:
        return (Instruct("avoid", refused),)
    plain = all(token.word in COMMON or token.word in cues.ANY for token in heard.tokens)
    if plain or has_cue(heard.said, cues.UNSURE):
        return (Request(()),)
    question = nearest_names(heard.find.labels, heard.tokens)
    raise heard.fail(question or what_can_be_said(heard.context, heard.find))


def _refuse_unknown_wishes(heard: Heard) -> None:
    """A word that nothing is called by, right after a "not too": it would be lost in silence."""
    inside = {k for mention in heard.mentions for k in range(mention.start, mention.end)}
    for k, token in enumerate(heard.tokens):
        before = heard.tokens[k - 1].word if k and not token.gap else ""
        unknown = (
            k not in inside
            and token.word not in COMMON
            and token.word not in _HARMLESS
            and not token.word.isdecimal()
        )
        if unknown and before in ("not", "too", "no", "less", "without"):
            raise heard.fail(f"What is meant by {token.word!r}?")


def _named_facet(heard: Heard) -> int | None:
    """The facet in "as for style, I want punk"."""
    for facet, name in enumerate(heard.find.labels.names["f"]):
        words = " ".join(token.word for token in tokens_of(name))
        if words and re.search(rf" (?:as (?:for|to)|regarding|concerning) {words} ", heard.said):
            return facet
    return None
