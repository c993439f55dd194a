"""What a user means by a line that no template wrote, in the light of what it answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Critique,
    Edit,
    Inquire,
    Instruct,
    Leave,
    Level,
    React,
    Recommend,
    Reflect,
    Request,
    UserAct,
)
from recosim.errors import NotUnderstood
from recosim.language import cues
from recosim.language.asking_back import nearest_names, which_of
from recosim.language.clauses import clauses_of, without_courtesies
from recosim.language.context import Context
from recosim.language.heard import Heard, hear
from recosim.language.mentions import Mentions
from recosim.language.stances import read_reactions
from recosim.language.tone import has_cue, scope_of
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
_NEGATIONS = frozenset((
    "not", "no", "dont", "never", "nothing", "doesnt", "isnt", "arent", "wont", "hate",
))  # fmt: skip
_HARMLESS = frozenset(("hurt", "restrictions", "idea", "limits", "problem", "worries", "picky"))
_FILLERS = frozenset(
    ("oh", "well", "ok", "okay", "hmm", "hm", "so", "and", "alright", "great", "cool")
)
_FEW = 8  # words of a bare answer
_FEW_ITEMS = 3  # that one praise can mean
_PLURAL = re.compile(r" (?:both|those|these|all|choices|suggestions|ideas|picks|options) ")
_ASKING = ("maker", "quality", "content")
_ASIDES = 2  # words of other things in a line that still counts as an answer
# "anything but jazz": whatever is asked, all is fine beside it.
_ALL_BUT = re.compile(
    r" (?:anything|everything|all|any \w+) (?:but|except|besides|other than|apart from) "
)
_EXAMPLE = re.compile(
    r"\b(?:like|as|to|similar|loved?|liked?|enjoy(?:ed)?|favou?rites?|watched|seen)\b"
)

_ANY_IS_FINE = re.compile(
    r" any (?:\w+ ){0,3}(?:is|are|will|would|sounds?|seems?) (?:be )?"
    r"(?:fine|ok|okay|good|great|do) "
    r"| any (?:\w+ ){0,2}works? "
)

Acts = tuple[UserAct, ...]


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
            raise hear(text, tokens, closing, context, find).fail(_what_can_be_said(context, find))
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
    act = _instruct(heard)
    if act is not None:
        return (act,)
    said_to: tuple[tuple[type, Callable[[Heard], Acts]], ...] = (
        (Ask, _answer),
        (Recommend, _react),
        (Reflect, _explain),
    )
    for kind, understand in said_to:
        if isinstance(heard.context.answers, kind):
            return understand(heard)
    return _open(heard)


# ---- in any context ------------------------------------------------------------------------------


def _leave(heard: Heard) -> UserAct | None:
    if heard.ids("", "no", "less", "more", "like") or heard.ids("", "more", "like", kind="i"):
        return None
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
    _set_talk_aside(heard)
    wanted, refused = heard.ids("", "more", "like"), heard.ids("no", "less")
    example = _example(heard)
    if wanted or example is not None:
        return (Request(wanted, _named_facet(heard), example), *_avoided(refused))
    problem = heard.unclear()
    if problem:
        raise problem
    if refused:
        return (Instruct("avoid", refused),)
    plain = all(token.word in COMMON or token.word in cues.ANY for token in heard.tokens)
    if plain or has_cue(heard.said, cues.UNSURE):
        return (Request(()),)
    question = nearest_names(heard.find.labels, heard.tokens)
    raise heard.fail(question or _what_can_be_said(heard.context, heard.find))


def _avoided(refused: tuple[int, ...]) -> Acts:
    return (Instruct("avoid", refused),) if refused else ()


def _example(heard: Heard) -> int | None:
    """An item that is named as one that they liked, or as an example of what they want."""
    for said in heard.clauses:
        named = said.others or (said.items if heard.context.answers is None else ())
        if re.search(
            r"\b(?:have|did|do) you\b.* (?:seen?|heard|like|liked|watch|watched) Z", said.words
        ):
            continue  # the recommender is asked about themselves
        if (
            named
            and said.stance in ("", "liked", "take", "seen", "more")
            and (_EXAMPLE.search(said.words) or set(said.words.split()) <= {"Z", "and", "or", "A"})
        ):
            return named[0]
    return None


def _set_talk_aside(heard: Heard) -> None:
    """What questions about an item name is no wish: "is it a comedy?"."""
    heard.set_aside({k for k, said in enumerate(heard.clauses) if said.asks_about})


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


# ---- answers to questions ------------------------------------------------------------------------


def _answer(heard: Heard) -> Acts:
    _set_talk_aside(heard)
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
    avoided = _avoided(tuple(a for a in refused_all if a not in context.asked))
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
    if has_cue(heard.said, ("both", "all of them", "each of them")) and len(context.asked) > 1:
        return (Answer("yes", context.asked, also), *avoided)
    if heard.reply == "yes" and len(context.asked) == 1:
        return (Answer("yes", context.asked, also), *avoided)
    example = _example(heard)
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
    raise heard.fail(_what_can_be_said(context, heard.find))


def _answer_freely(heard: Heard, also: tuple[int, ...], avoided: Acts, unsure: bool) -> Acts:
    """The answer to a question that names nothing: what is wanted, or a bare yes or no."""
    example = _example(heard)
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
    raise heard.fail(_what_can_be_said(heard.context, heard.find))


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


# ---- reactions to lists --------------------------------------------------------------------------


def _react(heard: Heard) -> Acts:
    """What is said of the items of a list, and of what is wanted instead."""
    shown = heard.context.items
    reading = read_reactions(heard.clauses, shown)
    heard.set_aside(reading.explained, but=("no", "less", "more"))
    heard.set_aside({k for k, said in enumerate(heard.clauses) if said.of_item})
    for k, mention in enumerate(heard.mentions):  # "my kids loved it"
        if mention.start and heard.tokens[mention.start - 1].word in ("my", "our"):
            heard.tones[k] = "aside"
    _set_talk_aside(heard)
    react = reading.react()
    found: list[tuple[int, UserAct]] = []
    if react is not None:
        first = min([*reading.taken.values(), *[reading.first_note] * bool(reading.notes)])
        found.append((first, react))
    found += [(place, act) for act, place in reading.asks.items()]
    wish = _wish(heard, react)
    if wish is not None and (react is None or not reading.taken or heard.ids("no", "less", "more")):
        found.append((len(heard.clauses), wish))
    if not found and (reading.refused >= 0 or heard.ids("no", "less", kind="i")):
        found.append((reading.refused, React(None)))
    if not found and reading.agreed and not _wanders(heard):
        if len(shown) == 1:
            found.append((0, React(shown[0])))
        elif 1 < len(shown) <= _FEW_ITEMS and reading.praised and _PLURAL.search(heard.said):
            more = tuple((item, Level.ACCEPT) for item in shown[1:])
            found.append((0, React(shown[0], more)))
    if not found:
        example = _example(heard)
        if example is not None:
            return (Request((), item=example),)
        raise heard.unclear() or heard.fail(_what_can_be_said(heard.context, heard.find))
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


def _explain(heard: Heard) -> Acts:
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
    raise heard.fail(_what_can_be_said(heard.context, heard.find))


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


# ---- questions back ------------------------------------------------------------------------------


def _what_can_be_said(context: Context, find: Mentions) -> str:
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
