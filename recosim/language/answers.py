"""What a user means who answers a question: about attributes, about a facet, about anything."""

from __future__ import annotations

import re

from recosim.acts import Answer, Ask, Inquire, Request
from recosim.language import cues
from recosim.language.asking_back import what_can_be_said
from recosim.language.heard import Heard
from recosim.language.tone import has_cue
from recosim.language.wishes import Acts, avoid, example_in, set_talk_aside
from recosim.language.words import COMMON

__all__ = ["understand_answer"]

_NEGATIONS = frozenset((
    "not", "no", "dont", "never", "nothing", "doesnt", "isnt", "arent", "wont", "hate",
))  # fmt: skip
# All of what a question names; of two, "both" too.
_EVERYTHING = (
    "all of them", "each of them", "all of those", "all of these", "all of it", "yes all",
    "all please", "all three", "all four",
)  # fmt: skip
_FEW = 8  # words of a bare answer
_ASIDES = 2  # words of other things in a line that still counts as an answer
# "anything but jazz": whatever is asked, all is fine beside it.
_ALL_BUT = re.compile(
    r" (?:anything|everything|all|any \w+) (?:but|except|besides|other than|apart from) "
)
_ANY_IS_FINE = re.compile(
    r" any (?:\w+ ){0,3}(?:is|are|will|would|sounds?|seems?) (?:be )?"
    r"(?:fine|ok|okay|good|great|do) "
    r"| any (?:\w+ ){0,2}works? "
)


def understand_answer(heard: Heard) -> Acts:
    """What is said in answer to a question about attributes, about a facet, or about anything.

    Raises:
        NotUnderstood: it answers nothing, or names what could be several.
    """
    set_talk_aside(heard)
    context = heard.context
    asked = context.asked
    refused_all = heard.ids("no", "less")
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
    refused = tuple(a for a in asked if a in refused_all)
    also = tuple(a for a in named if a not in asked)
    avoided = avoid(tuple(a for a in refused_all if a not in context.asked))
    if _ALL_BUT.search(heard.said) and refused_all:
        others = tuple(a for a in context.asked if a not in refused_all)
        if len(context.asked) == 1 and not others:
            return (Answer("no", also=also),)
        if len(context.asked) > 1 and refused:
            return (Answer("yes", others, also) if others else Answer("no", also=also),)
        return (Answer("unsure", also=also), *avoided)
    unsure = has_cue(heard.said, cues.UNSURE) or _any_of_it_is_fine(heard.said)
    if context.answers == Ask():
        return _answer_freely(heard, also, avoided, unsure)
    if unsure and not said_plainly & set(accepted):
        return (Answer("unsure", also=also), *avoided)
    if heard.reply == "no" and not said_plainly & set(accepted):
        by_name = context.asked_facet is not None or len(context.asked) > 1
        if not accepted or not by_name:
            return (Answer("no", also=also), *avoided)
    if accepted:
        in_order = accepted if context.asked else tuple(a for a in named if a in accepted)
        return (Answer("yes", in_order, also), *avoided)
    if refused and context.asked_facet is not None and not also:
        return (Answer("no"), *avoided)
    if refused or (heard.reply == "no"):
        return (Answer("no", also=also), *avoided)
    everything = _EVERYTHING if len(context.asked) > 2 else ("both", *_EVERYTHING)
    if len(context.asked) > 1 and (has_cue(heard.said, everything) or heard.said.strip() == "all"):
        return (Answer("yes", context.asked, also), *avoided)
    if heard.reply == "yes" and len(context.asked) == 1:
        return (Answer("yes", context.asked, also), *avoided)
    example = example_in(heard)
    if also:
        return (Answer("no", also=also), *avoided)
    if example is not None:
        return (Request((), item=example),)
    problem = heard.unclear()
    if problem:
        raise problem
    if _says_no(heard):
        return (Answer("no"), *avoided)
    if has_cue(heard.said, cues.UNSURE_IF_NOTHING_ELSE):
        return (Answer("unsure"), *avoided)
    raise heard.fail(what_can_be_said(context, heard.find))


def _answer_freely(heard: Heard, also: tuple[int, ...], avoided: Acts, unsure: bool) -> Acts:
    """The answer to a question that names nothing: what is wanted, or a bare yes or no."""
    example = example_in(heard)
    more = () if example is None else (Request((), item=example),)
    if also:
        return (Answer("unsure", also=also) if unsure else Answer("yes", also), *more, *avoided)
    if unsure:
        return (Answer("unsure"), *avoided)
    if more or avoided:
        return (*more, *avoided)
    asks = [
        s for s in heard.clauses if s.asks_about and re.search(r"\b(?:it|that|this)\b", s.words)
    ]
    if asks:
        return (Inquire(None, asks[0].stance),)  # type: ignore[arg-type]
    problem = heard.unclear()
    if problem:
        raise problem
    if _is_short(heard) and heard.clauses[0].stance in ("yes", "no", "more", ""):
        words = {token.word for token in heard.tokens}
        if heard.reply == "yes" and words & cues.PLAIN_YES:
            return (Answer("yes"),)
        if heard.reply == "no":
            return (Answer("no"),)
    if has_cue(heard.said, cues.UNSURE_IF_NOTHING_ELSE) and _is_short(heard):
        return (Answer("unsure"),)
    raise heard.fail(what_can_be_said(heard.context, heard.find))


def _is_short(heard: Heard) -> bool:
    """Whether hardly anything is said beside words of everyday talk."""
    words = [token.word for token in heard.tokens]
    return len(words) <= _FEW and len(set(words) - COMMON) <= _ASIDES


def _any_of_it_is_fine(said: str) -> bool:
    return bool(_ANY_IS_FINE.search(said))


def _says_no(heard: Heard) -> bool:
    """A "not" or a "don't" in a line that is not mostly about something else."""
    words = {token.word for token in heard.tokens}
    if len(words - COMMON) > _ASIDES:
        return False
    return bool(words & _NEGATIONS)
