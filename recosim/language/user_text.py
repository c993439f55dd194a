"""What a user means by a line that no template wrote, in the light of what it answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from recosim.acts import (
    Answer,
    Ask,
    Critique,
    Edit,
    Instruct,
    Leave,
    React,
    Recommend,
    Reflect,
    Request,
    UserAct,
)
from recosim.errors import NotUnderstood
from recosim.language import cues
from recosim.language.asking_back import did_you_mean, nearest_names, which_of
from recosim.language.context import Context
from recosim.language.mentions import Mention, Mentions
from recosim.language.places import place_mentions
from recosim.language.tone import first_reply, has_cue, scope_of, spoken, tones_of
from recosim.language.words import COMMON, Token, tokens_of

__all__ = ["understand_user"]

_CONDITION = re.compile(
    r" (?:whenever|every time|each time|when|if) (?:i|im|i am)(?: \w+){0,2}? "
    r"(?:ask|want|look|looking|search|searching|request|say)(?: for)? "
)

_NEGATIONS = frozenset((
    "not", "no", "dont", "never", "nothing", "doesnt", "isnt", "arent", "wont", "hate",
))  # fmt: skip
_ASIDES = 2  # words of other things in a line that still counts as an answer


@dataclass
class _Heard:
    """What was heard in a line, sorted by tone; ids in the order of the line."""

    text: str
    context: Context
    find: Mentions
    tokens: list[Token]
    said: str  # the words, to look cues up in
    mentions: list[Mention]
    tones: list[str]
    reply: str  # "yes", "no" or ""

    def ids(self, *tones: str, kind: str = "a") -> tuple[int, ...]:
        """What was clearly named in one of the tones. A part of a name that is refused is none,
        unless it was asked: "I don't drink coffee" says nothing about filter coffee."""
        found: dict[int, None] = {}
        for mention, tone in zip(self.mentions, self.tones, strict=True):
            if mention.kind != kind or len(mention.ids) != 1 or tone not in tones:
                continue
            asked = mention.ids[0] in self.context.asked or not isinstance(
                self.context.answers, Ask
            )
            if kind == "i" or tone != "no" or not mention.partial or asked:
                found[mention.ids[0]] = None
        return tuple(found)

    def unclear(self) -> NotUnderstood | None:
        """The question back about a name that could be several."""
        for mention, tone in zip(self.mentions, self.tones, strict=True):
            if len(mention.ids) > 1 and tone != "no":
                return NotUnderstood(
                    self.text, did_you_mean(self.find.labels, mention.kind, mention.ids)
                )
        return None

    def fail(self, question: str) -> NotUnderstood:
        return NotUnderstood(self.text, question)


def understand_user(text: str, marked: str, context: Context, find: Mentions) -> UserAct:
    """The act of the user that a text means.

    One act is made of one line: where a line says more than an act can, the parts that the context
    asks for win ("rock, but no country" opens with a request for rock).

    Args:
        text: as it was written, for messages.
        marked: the same with explicit ids as marks (`Labels.mark`).

    Raises:
        NotUnderstood: it means nothing here, or several things.
    """
    heard = _hear(text, marked, context, find)
    if not heard.tokens:
        raise heard.fail(_what_can_be_said(heard))
    act = _leave(heard) or _instruct(heard)
    if act is None:
        said_to: tuple[tuple[type, Callable[[_Heard], UserAct]], ...] = (
            (Ask, _answer),
            (Recommend, _react),
            (Reflect, _explain),
        )
        for kind, understand in said_to:
            if isinstance(context.answers, kind):
                return understand(heard)
        return _open(heard)
    return act


def _hear(text: str, marked: str, context: Context, find: Mentions) -> _Heard:
    tokens = tokens_of(marked)
    mentions = find.find(
        tokens, asked=context.asked, facet=context.asked_facet, shown=context.items
    )
    placed = context.items or context.asked
    kind = "i" if context.items else "a"
    mentions = place_mentions(text, tokens, mentions, kind, placed)
    tones = tones_of(tokens, mentions)
    said = spoken(tokens)
    reply = first_reply(tokens, mentions)
    return _Heard(text, context, find, tokens, said, mentions, tones, reply)


# ---- in any context ------------------------------------------------------------------------------


def _leave(heard: _Heard) -> UserAct | None:
    attributes = heard.ids("", "no", "less", "more", "like")
    if attributes:
        return None
    if has_cue(heard.said, cues.IMPATIENT):
        return Leave("impatient")
    if has_cue(heard.said, cues.SATISFIED):
        return Leave("satisfied")
    clauses = [" ".join(clause.split()) for clause in heard.said.split("|")]
    polite = re.compile(r"^(?:ok|please|thanks|thank you|well|no|sorry) | (?:please|now|thanks)$")
    if any(polite.sub("", clause) in cues.STOPPING for clause in clauses):
        return Leave("other")
    return None


def _instruct(heard: _Heard) -> UserAct | None:
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


def _condition(heard: _Heard) -> tuple[int, ...]:
    """The attributes after "whenever I ask for", up to the end of the clause."""
    found = _CONDITION.search(heard.said)
    if not found:
        return ()
    start = len(heard.said[: found.end()].replace("|", "").split())
    ids = []
    for mention in heard.mentions:
        pauses = any(token.gap for token in heard.tokens[start + 1 : mention.start + 1])
        if mention.start >= start and not pauses and mention.kind == "a" and len(mention.ids) == 1:
            ids.append(mention.ids[0])
    return tuple(ids)


# ---- the opening ---------------------------------------------------------------------------------


def _open(heard: _Heard) -> UserAct:
    _refuse_unknown_wishes(heard)
    wanted, refused = heard.ids("", "more", "like"), heard.ids("no", "less")
    if wanted:
        return Request(wanted, _named_facet(heard))
    problem = heard.unclear()
    if problem:
        raise problem
    if refused:
        return Instruct("avoid", refused)
    if all(token.word in COMMON or token.word in cues.ANY for token in heard.tokens):
        return Request(())
    raise heard.fail(nearest_names(heard.find.labels, heard.tokens) or _what_can_be_said(heard))


def _refuse_unknown_wishes(heard: _Heard) -> None:
    """A word that nothing is called by, right after a "not too": it would be lost in silence."""
    inside = {k for mention in heard.mentions for k in range(mention.start, mention.end)}
    for k, token in enumerate(heard.tokens):
        before = heard.tokens[k - 1].word if k and not token.gap else ""
        unknown = k not in inside and token.word not in COMMON and not token.word.isdecimal()
        if unknown and before in ("not", "too", "no", "less"):
            raise heard.fail(f"What is meant by {token.word!r}?")


def _named_facet(heard: _Heard) -> int | None:
    """The facet in "as for style, I want punk"."""
    for facet, name in enumerate(heard.find.labels.names["f"]):
        words = " ".join(token.word for token in tokens_of(name))
        if words and re.search(rf" (?:as (?:for|to)|regarding|concerning) {words} ", heard.said):
            return facet
    return None


# ---- answers to questions ------------------------------------------------------------------------


def _answer(heard: _Heard) -> UserAct:
    context = heard.context
    asked = context.asked
    if context.asked_facet is not None and not asked:
        facet_of = heard.find.facet_of
        asked = tuple(
            a
            for a in heard.ids("", "more", "like", "no", "less")
            if int(facet_of[a]) == context.asked_facet
        )
    named = heard.ids("", "more", "like")
    said_plainly = set(heard.ids("more", "like"))
    accepted = tuple(a for a in asked if a in named)
    refused = tuple(a for a in asked if a in heard.ids("no", "less"))
    also = tuple(a for a in named if a not in asked)
    unsure = has_cue(heard.said, cues.UNSURE) or _any_of_it_is_fine(heard.said)
    if unsure and not said_plainly & set(accepted):
        return Answer("unsure", also=also)
    if heard.reply == "no" and not said_plainly & set(accepted):
        by_name = context.asked_facet is not None or len(context.asked) > 1
        if not accepted or not by_name:
            return Answer("no", also=also)
    if accepted:
        in_order = accepted if context.asked else tuple(a for a in named if a in accepted)
        return Answer("yes", in_order, also)
    if refused or (heard.reply == "no"):
        return Answer("no", also=also)
    if has_cue(heard.said, ("both", "all of them", "each of them")) and len(context.asked) > 1:
        return Answer("yes", context.asked, also)
    if heard.reply == "yes" and len(context.asked) == 1:
        return Answer("yes", context.asked, also)
    if isinstance(context.answers, Ask) and context.answers == Ask():
        if heard.reply == "yes" or also:
            return Answer("yes", also)
    elif also:
        return Answer("no", also=also)
    problem = heard.unclear()
    if problem:
        raise problem
    if _says_no(heard):
        return Answer("no")
    if has_cue(heard.said, cues.UNSURE_IF_NOTHING_ELSE):
        return Answer("unsure")
    raise heard.fail(_what_can_be_said(heard))


def _any_of_it_is_fine(said: str) -> bool:
    return bool(re.search(r" any (?:\w+ ){0,3}(?:fine|ok|okay|good|works|do) ", said))


def _says_no(heard: _Heard) -> bool:
    """A "not" or a "don't" in a line that is not mostly about something else."""
    words = {token.word for token in heard.tokens}
    if len(words - COMMON) > _ASIDES:
        return False
    return bool(words & _NEGATIONS)


# ---- reactions to lists --------------------------------------------------------------------------


def _react(heard: _Heard) -> UserAct:
    items = heard.ids("", "more", "like", kind="i")
    critique = _critique(heard, items, bare="more")
    if critique is not None:
        return critique
    shown = heard.context.items
    if len(items) == 1:
        return React(items[0])
    problem = heard.unclear()
    if problem:
        raise problem
    if items:
        raise heard.fail(did_you_mean(heard.find.labels, "i", items))
    if heard.reply == "no" or heard.ids("no", "less", kind="i") or _says_no(heard):
        return React(None)
    if heard.reply == "yes" and len(shown) == 1:
        return React(shown[0])
    raise heard.fail(_what_can_be_said(heard))


def _explain(heard: _Heard) -> UserAct:
    """What was wrong with the items: a bare name is what there was too much of."""
    if has_cue(heard.said, cues.UNSURE):
        return Answer("unsure", also=heard.ids("", "more", "like"))
    items = heard.ids("", "more", "like", "no", "less", kind="i")
    critique = _critique(heard, items, bare="less")
    if critique is not None:
        return critique
    problem = heard.unclear()
    if problem:
        raise problem
    if heard.reply == "no":
        return Answer("no")
    raise heard.fail(_what_can_be_said(heard))


def _critique(heard: _Heard, items: Sequence[int], bare: str) -> UserAct | None:
    """Less and more of what was named; None if that is not what was said."""
    less, strong = heard.ids("no", "less"), heard.ids("more")
    more = tuple(a for a in heard.ids("", "more", "like") if a not in less)
    item = items[0] if len(items) == 1 else None
    if less and strong:
        return Edit(strong, less)
    if item is not None and not less and not strong:
        return None  # "Blue Lake, it sounds mellow" takes it
    if not less and bare == "less" and not heard.ids("more", "like"):
        less, more = more, ()
    if less:
        return Critique(less[0], "less", item) if len(less) == 1 else Instruct("avoid", less)
    if more:
        return Critique(more[0], "more", item) if len(more) == 1 else Instruct("want", more)
    return None


# ---- questions back ------------------------------------------------------------------------------


def _what_can_be_said(heard: _Heard) -> str:
    """The question back where nothing was understood: what the context waits for."""
    context, labels = heard.context, heard.find.labels
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
            inside = heard.find.attributes_in(context.asked_facet)
            return which_of(labels, context.asked_facet, inside)
    return "What are you looking for? Name one thing that you want."
