"""What recommenders of the style "human" say, and how it is read: one act a line."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cache

from recosim.acts import SystemAct
from recosim.language.context import Context
from recosim.language.forms import SYSTEM_FORMS, Cases, Slots, read_system
from recosim.language.grammar import Automaton, Node, parse_rules, say, words_of
from recosim.language.human_reader import LONGEST, slot_reader
from recosim.language.human_surface import Slot, as_written, joined, numbered, with_names
from recosim.language.labels import Labels

__all__ = ["compose_system", "read_human_system"]

_LEAD = "(ok, |so, |great, |alright, |sure, |i see, |got it, |thanks, |hmm, |good to know. |||||)"
_LIKE = "(like|like|enjoy|love|want|prefer)"

RULES: Mapping[str, str] = {
    "ask": (
        f"{_LEAD}((do|would) you (usually |) {_LIKE} (something with |) {{attributes:or}}?|are you"
        " (looking for|into|in the mood for|a fan of|interested in|okay with|open to|up for)"
        " {attributes:or}( today| right now| at the moment|)?|(how do you feel about|how about)"
        " {attributes:or}?|should it (have|be something with|come with) {attributes:or}?|what do"
        " you"
        " think (of|about) {attributes:or}?|does {attributes:or} (sound good|appeal to you|work for"
        " you|interest you)( at all| today|)?|(is|would) {attributes:or} (be |) (something you like"
        "|what you have in mind|your thing|important to you|a good fit)?|(could|can) i (interest"
        " you"
        " in|show you something with) {attributes:or}?)"
    ),
    "ask_facet": (
        f"{_LEAD}((what|which) {{facet}} do you {_LIKE}( most| best| the most|)?|(what|which)"
        " {facet} (are you (looking for|in the mood for|after)|would you (like|prefer|go for)|works"
        " best for you)( today| right now|)?|do you have (a|any|some) (favorite|preferred"
        "|preference"
        " in|particular|preference for) {facet}?|(can|could) you tell me (more about|something"
        " about"
        "|a bit about) the {facet} you (like|want|have in mind)?|any (preferences|wishes) (for|on"
        "|in"
        " terms of) {facet}?|what is your favorite {facet}?)"
    ),
    "ask_facet_of": (
        f"{_LEAD}(for {{facet}}, (would you|do you) (like|prefer) {{attributes:or}}?|which"
        f" {{facet}}"
        " (is|would be) better( for you|), {attributes:or}?|(what|which) {facet} do you like: "
        "{attributes:or}?)"
    ),
    "ask_any": (
        f"{_LEAD}((what else (should i know|can you tell me)"
        "|is there anything else (i should know|you can tell me))( about you|)?"
        "|(can|may|"
        "could) i ask you (something|one more thing|a question)?|tell me (more|a bit more) about"
        " what you (like|want|enjoy)( please|)|what (matters|is important) to you?)"
    ),
    "recommend": (
        f"{_LEAD}(how about {{items:or}}?|what about {{items:or}}?|have you (tried|seen|heard"
        "|heard of"
        "|thought about|been to) {items:or}( yet|)?|i (would|can|could) (recommend|suggest|offer)"
        " {items}( then|)|i (think|believe|guess|bet) you (would|will|might|may) (like|love|enjoy)"
        " {items:or}( a lot|)|you (could|should|might want to|can) (try|check out|take a look at"
        "|have"
        " a look at|go for) {items:or}( then| next|)|(maybe|perhaps) (you would like |try |)"
        " {items:or}"
        "( then|)?|{items} (might|could|should) be (good|great|right|a good fit|what you"
        " want|something) for you|(here is|here are|i found) (something|some ideas|what i have|a"
        " few)( for you|): {items}|my (pick|first choice|suggestion|recommendation|advice) (is"
        "|would"
        " be) {items:or})"
    ),
    "recommend_best": (
        f"{_LEAD}((here are|these are|let me show you) (my|some of my) (best|favorite|top)"
        " (suggestions|picks|ideas|recommendations)( for you|)|i (have|found|picked) (some|a few)"
        " (good |) (suggestions|ideas|options)( for you|))"
    ),
    "because": (
        "((it is|they are|i picked (it|them)|that is) (for|because you (want|like|said)|all about"
        "|good for|known for) {because}|(it has|they have|there is) (a lot of |plenty of |)"
        " {because}"
        "|since you (want|like|asked for|mentioned) {because}|you (said|told me) you (like|want)"
        " {because})"
    ),
    "reflect": (
        "((what|so what) (was|is) (wrong|missing|not right|the problem)( with (those|these|them"
        "|that"
        "|it)|)?|(oh, |sorry, |sorry about that. |)(what|why) (did you not like( about (those|them"
        "|it)|)|don't you like (them|it|those))?|(what|how) (should|could|can) (i|we) (change|do"
        " differently|do better)?|(can|could) you tell me (why|what was wrong|what to change)?|(not"
        " your thing|no good)? what (would|should) be (different|better)?)"
    ),
    "pass": (
        "((ok |alright |hmm |)(let me (think|see|check)( about (that|it)|)|(one|just a) (moment"
        "|second|minute)( please|)|give me a (moment|second|minute)( please|)|i am thinking)"
        "( for a (second|moment)|))"
    ),
}


_JOINS = (["and"], ["but"], ["so"], ["also"])


@cache
def _rules() -> dict[str, Node]:
    return parse_rules(RULES)


@cache
def _automaton() -> Automaton:
    return Automaton(_rules())


def compose_system(
    cases: Cases, slots: Slots, labels: Labels, key: int, *, fully: bool = False
) -> str:
    """A line of a recommender.

    Args:
        cases, slots: of the act (`recosim.language.forms.write_system`).
        key: chooses the words.
        fully: every name with its id.
    """
    draw = random.Random(key & ((1 << 64) - 1)).random
    filled: list[Slot] = []
    pieces = [numbered(say(_rules()[case], draw), slots, filled) for case in cases]
    text = as_written(joined(pieces, draw), draw)
    return with_names(text, filled, Context(), labels, _automaton, draw, fully)


def read_human_system(marked: str, labels: Labels) -> SystemAct | None:
    """The act of a line, if it is made of the rules and there is one reading of it."""
    words = words_of(marked)
    if not words or len(words) > LONGEST:
        return None
    automaton = _automaton()
    read_slot = slot_reader(labels, Context(), automaton.vocabulary)
    found: set[SystemAct] = set()
    for first in automaton.find(words, 0, read_slot):
        if first.end == len(words) and (first.rule,) in SYSTEM_FORMS:
            found.add(read_system((first.rule,), dict(first.slots)))
        elif (first.rule, "because") in SYSTEM_FORMS:
            at = first.end + (words[first.end : first.end + 1] in _JOINS)
            for why in automaton.find(words, at, read_slot):
                if why.end == len(words) and why.rule == "because":
                    slots = dict((*first.slots, *why.slots))
                    found.add(read_system((first.rule, "because"), slots))
    return found.pop() if len(found) == 1 else None
