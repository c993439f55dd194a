"""What is meant by a line of a search that no template wrote: a searcher's, or the system's.

What a line is about is read through the tokeniser of the index. Words of talk are no terms of it,
unless they stand where only a term can: "it is about work".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from recosim.acts import Ask, Recommend, Reflect, SystemAct
from recosim.errors import NotUnderstood
from recosim.language import cues
from recosim.language.context import Context
from recosim.language.negation import is_negated
from recosim.language.search_lines import Piece, Terms
from recosim.language.tone import has_cue, spoken
from recosim.language.words import COMMON, tokens_of

__all__ = ["query_in", "understand_searcher", "understand_system"]

# What stands before the terms of a line, and says that they are terms.
_LEAD = re.compile(
    r"\b(?:about|on|concerning|regarding|called|namely|mean|missing|miss|misses|lacks?|lacking|"
    r"add|mention(?:s|ing)?|to do with|looking for|search(?:ing)? for|interested in|think(?:ing)? "
    r"of|leave out|without|forget|remove|drop|except|not|no|less|more|need|want|especially|for|"
    r"focus(?:ed|es)? on|related to|ask)\b(?! (?:really|sure|quite|exactly|that|this|it)\b)"
)
_NOT_WANTED = re.compile(
    r"\b(?:not|no|without|leave out|leaves? .* out|forget|remove|drop|except|less|avoid|isn'?t|"
    r"nothing to do with|stop|ignore|too much|"
    r"(?:don'?t|do not) (?:want|need|care))\b"
)
_BUT_WANTED = re.compile(
    r"\b(?:nothing (?:about|on|for)|not enough|no(?:t)? mention|does(?: not|n'?t) (?:mention|have|"
    r"cover|say|include)|do(?: not|n'?t) (?:mention|see|have|cover|include)|no word)\b"
)
_BAD = re.compile(
    r"\b(?:not|no|don'?t|doesn'?t|isn'?t|bad|wrong|useless|down|irrelevant|off|unhelpful|cannot|"
    r"can'?t|neither|dislike)\b"
)
_AGAIN = re.compile(
    r"\b(?:something else|anything else|try again|look again|once more|search again|"
    r"anything better|something better|other (?:results|documents|ones|things)|more results)\b"
)
_NOTHING = re.compile(
    r"\b(?:none|nothing|not (?:it|quite|really|what|that|these|this|helpful|useful)|useless|"
    r"does(?: not|n'?t) (?:help|answer)|no)\b"
)
_YES = re.compile(r"(?:y|ye[sap]h?|yeah|yup|sure|right|exactly|correct|indeed|absolutely|it is$|"
                  r"of course|that'?s (?:it|right)|precisely)\b")  # fmt: skip
_NO = re.compile(r"(?:no|nope|nah|n|not really|not that|it'?s not|it is not|not)\b")
_DONE = re.compile(
    r"\b(?:that'?s (?:it|what|all|exactly)|answers (?:it|my)|what i (?:needed|wanted|was looking)|"
    r"found (?:it|what)|got it|perfect|thats? (?:it|all))\b"
)
_SIGNED = re.compile(r"(?<!\S)([+-])(\d{1,2})\b|(?<!\S)(\d{1,2})([+-])(?!\S)")
_MINUS = re.compile(r"(?<!\S)-(\w+)")
_PLACE = re.compile(
    r"\b(?:number |no\.? |the |#)?(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|"
    r"tenth|last|one|\d{1,2}(?:st|nd|rd|th)?)\b(?: (?:one|document|result))?"
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
             "tenth")  # fmt: skip
_CLAUSE = re.compile(r"([.,;!?:]+(?:\s|$)|\bbut\b|\band (?=not\b)|\bwhile\b)")
_FILLER_WORDS = """
    please thanks thank too also actually really maybe perhaps specifically mainly something things
    thing stuff information info else well exactly especially anything one ones like looking want
    need know find more less it's i'm documents document results result
"""
_FILLERS = frozenset(_FILLER_WORDS.split())
_SEARCH = re.compile(
    r"^\s*search(?:\s*:\s*|\s+(?!again)(?:for\s+)?)(.+)$", re.IGNORECASE | re.DOTALL
)
_SHOW = re.compile(r"\b(?:show|recommend|found|results?|list|here (?:is|are)|present)\b")
_AGAIN_SYSTEM = re.compile(r"\b(?:reflect|rewrite|search again|searching again|into account|"
                           r"refine|next search)\b")  # fmt: skip
_OPEN = re.compile(r"\b(?:what else|anything else|tell me more|more about it|anything to add|"
                   r"say more|more precisely)\b")  # fmt: skip
_ASKING = re.compile(
    r"^(?:ask(?: whether it is)?(?: about)?|(?:is it|are you|do you mean|should i|about|does it)\b)"
)
_NUMBERS = re.compile(r"(?:show|recommend)((?:[ ,]+(?:and )?i?\d+)+)$")


class _Clause(NamedTuple):
    """A clause in lower case, and the terms of it: all, and those that are no words of talk."""

    text: str
    terms: tuple[int, ...]
    led: bool


def query_in(text: str, terms: Terms) -> list[tuple[int, float]] | None:
    """The query of a line "search: harbour ferries -unicorn": (term, weight), in order.

    A minus weighs a term with -1. None: the line is none.

    Raises:
        NotUnderstood: no word of it is a term of the collection.
    """
    found = _SEARCH.match(text)
    if found is None:
        return None
    against = [word for minus in _MINUS.findall(found[1]) for word in terms.tokeniser(minus)]
    wanted = terms.tokeniser(_MINUS.sub(" ", found[1]))
    weights: dict[int, float] = {}
    for words, weight in ((wanted, 1.0), (against, -1.0)):
        for word in words:
            if word in terms.term_of:
                term = terms.term_of[word]
                weights[term] = weights.get(term, 0.0) + weight
    if not any(weight > 0 for weight in weights.values()):
        raise NotUnderstood(text, "No document holds any of these words. What else do you seek?")
    return [(term, weight) for term, weight in weights.items() if weight]


# ---- the searcher --------------------------------------------------------------------------------


def understand_searcher(text: str, context: Context, terms: Terms) -> list[Piece]:
    """The pieces that a user's line comes to.

    Raises:
        NotUnderstood: it says nothing here; `.question` asks back.
    """
    line = text.lower().replace("’", "'")
    said = spoken(tokens_of(text))
    going = _going(line, said)
    if isinstance(context.answers, Ask):
        pieces = _answer(line, said, context, terms)
    elif isinstance(context.answers, Recommend):
        pieces = _feedback(line, context, terms, satisfied=going == "satisfied")
    else:
        named = tuple(dict.fromkeys(t for clause in _clauses(line, terms) for t in clause.terms))
        pieces = [Piece("wish", named)] * bool(named)
    if going is not None:
        pieces.append(Piece(going))
    if not pieces and "thank" in line:
        pieces.append(Piece("thanks"))
    if not pieces:
        raise NotUnderstood(text, _question(context))
    return pieces


def _question(context: Context) -> str:
    if isinstance(context.answers, Ask):
        return "Yes, no, you don't know, or what is it about? Name it in a word or two."
    if isinstance(context.answers, Recommend):
        return "Which of them help, what is missing, or is that what you need?"
    return "What would you like to know? Name it in a few words."


def _going(line: str, said: str) -> str | None:
    if has_cue(said, cues.IMPATIENT):
        return "impatient"
    if has_cue(said, cues.SATISFIED) or (_DONE.search(line) and not _BAD.search(line)):
        return "satisfied"
    last = said.strip(" |").rpartition("|")[2].strip()
    return "goodbye" if last in cues.STOPPING else None


def _answer(line: str, said: str, context: Context, terms: Terms) -> list[Piece]:
    asked, named, kind = set(context.asked), list[int](), ""
    if has_cue(said, cues.UNSURE):
        kind = "unsure"
    for at, clause in enumerate(_clauses(line, terms)):
        stance = "no" if _NO.match(clause.text) else "yes" if _YES.match(clause.text) else ""
        if not kind and (at == 0 or not clause.terms):
            kind = stance
        denied = _NOT_WANTED.search(clause.text) and not _BUT_WANTED.search(clause.text)
        if denied and asked & set(clause.terms) and not kind:
            kind = "no"
        if denied and stance != "no":
            continue
        if stance == "no":
            clause_terms = [] if denied and not _LEAD.search(clause.text[3:]) else clause.terms
            named += [t for t in clause_terms if t not in asked]
        elif asked & set(clause.terms) and not kind:
            kind = "yes"
            named += [t for t in clause.terms if t not in asked]
        else:
            named += [t for t in clause.terms if t not in asked]
    pieces = [Piece(kind)] * bool(kind)
    if named:
        pieces.append(Piece("tell" if kind or not asked else "aside", tuple(dict.fromkeys(named))))
    return pieces


def _feedback(line: str, context: Context, terms: Terms, *, satisfied: bool) -> list[Piece]:
    up: dict[int, None] = {}
    down: dict[int, None] = {}
    for found in _SIGNED.finditer(line):
        sign, number = (found[1], found[2]) if found[1] else (found[4], found[3])
        (up if sign == "+" else down)[int(number) - 1] = None
    line = _SIGNED.sub(" ", line)
    add: dict[int, None] = {}
    remove: dict[int, None] = {}
    for word in _MINUS.findall(line):
        remove.update(dict.fromkeys(terms.count(terms.tokeniser(word))))
    line = _MINUS.sub(" ", line)
    again, nothing = bool(_AGAIN.search(line)), False
    before: dict[int, None] = up
    for clause in _clauses(line, terms):
        places = _places(clause.text, len(context.items))
        if places:
            bare = not set(re.sub(_PLACE, " ", clause.text).split()) - {"and", "the", "or", "one"}
            before = before if bare and (up or down) else down if _BAD.search(clause.text) else up
            before.update(dict.fromkeys(places))
        elif clause.terms:
            wanted = not _NOT_WANTED.search(clause.text) or _BUT_WANTED.search(clause.text)
            (add if wanted else remove).update(dict.fromkeys(clause.terms))
        elif _NOTHING.search(clause.text):
            nothing = True
    if strangers := [p for p in (*up, *down) if not 0 <= p < len(context.items)]:
        raise NotUnderstood(
            line, f"There is no number {strangers[0] + 1}; the list has {len(context.items)}."
        )
    pieces = [Piece("up", tuple(up))] * bool(up)
    if down := {place: None for place in down if place not in up}:
        pieces.append(Piece("down", tuple(down)))
    if not satisfied:
        pieces += [Piece("missing", tuple(add))] * bool(add)
        if remove := {t: None for t in remove if t not in add}:
            pieces.append(Piece("wrong", tuple(remove)))
        if again and not add and not remove:
            pieces.append(Piece("again"))
        if not pieces and nothing:
            pieces.append(Piece("nothing_there"))
    return pieces


def _places(text: str, size: int) -> list[int]:
    """The places of documents, from 0, that a clause points at."""
    found = []
    if re.search(r"\b(?:all|both|every one|everything)\b", text) and re.search(
        r"\b(?:good|help|helpful|useful|like|fine|great|bad|useless)\b", text
    ):
        return list(range(size))
    for match in _PLACE.finditer(text):
        word = match[1]
        if word == "one":
            continue
        if word == "last":
            found.append(size - 1)
        elif word in _ORDINALS:
            found.append(_ORDINALS.index(word))
        else:
            number = int(re.sub(r"\D", "", word))
            if number <= max(size, 10):  # a year or a size is no place
                found.append(number - 1)
    return list(dict.fromkeys(found))


def _clauses(line: str, terms: Terms) -> Iterator[_Clause]:
    """The clauses of a line. One that is but a word or two goes on as the one before it."""
    led = False
    lead_text = ""
    for part in _CLAUSE.split(line):
        text = " ".join(part.split())
        led = led and text not in ("but", "while", ".", ";")
        if not text or _CLAUSE.fullmatch(f"{text} "):
            continue
        lead = next(reversed(list(_LEAD.finditer(text))), None)
        short = len(text.split()) <= 2 and led and not _YES.match(text) and not _NO.match(text)
        led = lead is not None or short
        if lead is not None:
            lead_text = lead[0]
        yield _Clause(
            f"{lead_text} {text}" if short and lead is None else text,
            _terms_in(text, None if lead is None else lead.end(), short, terms),
            led,
        )


def _terms_in(text: str, end: int | None, short: bool, terms: Terms) -> tuple[int, ...]:
    """The terms of a clause: words that are none of talk; of those behind a lead all but fillers
    where there is no other."""

    def known(words: Sequence[str]) -> list[int]:
        return [terms.term_of[word] for word in words if word in terms.term_of]

    quoted = known([w for part in re.findall(r"[\"“”](.+?)[\"“”]", text) for w in part.split()])
    words = terms.tokeniser(text)
    found = known([word for word in words if word not in COMMON and word not in _FILLERS])
    if end is not None or short:
        behind = terms.tokeniser(text[end or 0 :])
        found += known([word for word in behind if word not in _FILLERS])
    return tuple(dict.fromkeys([*quoted, *found]))


# ---- the system ----------------------------------------------------------------------------------


def understand_system(
    text: str, context: Context, terms: Terms, facets: Sequence[str]
) -> SystemAct:
    """The act of the system that a line means.

    Raises:
        NotUnderstood: it means nothing, or several things.
    """
    line = text.lower().replace("’", "'").strip()
    if query_in(text, terms) is not None:
        return Recommend()
    if numbers := _NUMBERS.search(line.rstrip(".!")):
        return Recommend(tuple(int(n) for n in re.findall(r"\d+", numbers[1])))
    if _AGAIN_SYSTEM.search(line):
        return Reflect()
    if re.search(r"\b(?:which|what|ask)\b", line):
        for number, name in enumerate(facets):
            if re.search(rf"\b{re.escape(name.lower())}\b", line):
                return Ask(facet=number)
    if _OPEN.search(line) or line.rstrip("?.") == "ask":
        return Ask()
    lead = _ASKING.match(line)
    if _SHOW.search(line) and lead is None and "?" not in line:
        return Recommend()
    words = terms.tokeniser(line[lead.end() :] if lead else line)
    if lead:
        words = [word for word in words if word not in _FILLERS and word not in ("thinking", "do")]
    else:
        words = [word for word in words if word not in COMMON]
    found = tuple(dict.fromkeys(terms.term_of[w] for w in words if w in terms.term_of))
    if found and is_negated(tokens_of(line)):
        raise NotUnderstood(
            text, "Is it a question? Ask without the negation; 'search: ... -WORD' leaves one out."
        )
    if found:
        return Ask(found)
    if words:
        raise NotUnderstood(text, f"No document is about {words[0]!r}. What do you mean?")
    raise NotUnderstood(
        text,
        "Do you ask about a word, ask what else there is, show what was found, search for "
        "something ('search: ...'), or reflect?",
    )
