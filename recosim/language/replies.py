"""What a user means who was shown items, or who is asked what was wrong with them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from recosim.acts import (
    Answer,
    Critique,
    Edit,
    Instruct,
    Level,
    React,
    Request,
    UserAct,
)
from recosim.language import cues
from recosim.language.asking_back import what_can_be_said
from recosim.language.heard import Heard
from recosim.language.life_text import react_of, wishes_of
from recosim.language.reactions import read_reactions
from recosim.language.tone import has_cue
from recosim.language.turns import as_heard
from recosim.language.wishes import Acts, example_in, set_talk_aside

__all__ = ["understand_explanation", "understand_reaction"]

_FEW_ITEMS = 3  # that one praise can mean
_ASIDES = 2  # words of other things in a line that still counts as an answer
_PLURAL = re.compile(r" (?:both|those|these|all|choices|suggestions|ideas|picks|options) ")


def understand_reaction(heard: Heard) -> Acts:
    """What is said of the items of a list, and of what is wanted instead."""
    shown = heard.context.items
    reading = read_reactions(heard.clauses, shown)
    heard.set_aside(reading.explained, but=("no", "less", "more"))
    heard.set_aside({k for k, said in enumerate(heard.clauses) if said.of_item})
    for k, mention in enumerate(heard.mentions):  # "my kids loved it"
        if mention.start and heard.tokens[mention.start - 1].word in ("my", "our"):
            heard.tones[k] = "aside"
    set_talk_aside(heard)
    walks = heard.context.walks
    react = react_of(reading, shown) if walks else reading.react()
    found: list[tuple[int, UserAct]] = []
    if walks and react is not None:
        found.append((0, react))
    elif react is not None:
        first = min([*reading.taken.values(), *[reading.first_note] * bool(reading.notes)])
        found.append((first, react))
    found += [(place, act) for act, place in reading.asks.items()]
    wish = None if walks else _wish(heard, react)
    if walks:
        places = range(len(heard.clauses), len(heard.clauses) + len(heard.mentions) + 1)
        found += list(zip(places, wishes_of(heard, loosely=True), strict=False))
    if wish is not None and (react is None or not reading.taken or heard.ids("no", "less", "more")):
        found.append((len(heard.clauses), wish))
    if not found and (reading.refused >= 0 or heard.ids("no", "less", kind="i")):
        found.append((reading.refused, as_heard(React(None), heard.context)))
    if not found and reading.agreed and not _wanders(heard):
        if len(shown) == 1:
            found.append((0, as_heard(React(shown[0]), heard.context)))
        elif 1 < len(shown) <= _FEW_ITEMS and reading.praised and _PLURAL.search(heard.said):
            more = tuple((item, Level.ACCEPT) for item in shown[1:])
            found.append((0, as_heard(React(shown[0], more), heard.context)))
    if not found:
        example = example_in(heard)
        if example is not None:
            return (Request((), item=example),)
        raise heard.unclear() or heard.fail(what_can_be_said(heard.context, heard.find))
    return tuple(act for _, act in sorted(found, key=lambda pair: pair[0]))


def _wish(heard: Heard, react: React | None) -> UserAct | None:
    """What there should be less of or more of; a want beside a known item is no critique."""
    items = heard.ids("", "more", "like", kind="i")
    if react is not None:
        items = ()
    wish = _critique(heard, items, bare="more")
    if isinstance(wish, Critique) and react is not None and wish.direction == "more":
        return wish if heard.ids("more") else Instruct("want", (wish.attribute,))
    return wish


def _wanders(heard: Heard) -> bool:
    """Whether a line with a yes goes on about something that was not understood."""
    words = {
        token.word
        for said in heard.clauses
        if said.stance not in ("yes", "praise", "hearsay")
        for token in heard.tokens[said.clause.start : said.clause.end]
    }
    return len(words) > _ASIDES


def understand_explanation(heard: Heard) -> Acts:
    """What was wrong with the items: a bare name is what there was too much of."""
    if has_cue(heard.said, cues.UNSURE):
        return (Answer("unsure", also=heard.ids("", "more", "like")),)
    items = heard.ids("", "more", "like", "no", "less", kind="i")
    critique = _critique(heard, [i for i in items if i in heard.context.items], bare="less")
    if critique is not None:
        return (critique,)
    problem = heard.unclear()
    if problem:
        raise problem
    if heard.reply == "no":
        return (Answer("no"),)
    raise heard.fail(what_can_be_said(heard.context, heard.find))


def _critique(heard: Heard, items: Sequence[int], bare: str) -> UserAct | None:
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
