"""What users of the style "human" say in lives (`Context.walks`): rules, and what they stand for.

As in `recosim.language.human_rules`; each rule is one row of cases of `recosim.language.forms`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from recosim.language.forms import Cases

__all__ = ["LIVES", "LIVES_CASES"]

_MORE = (
    "((please |)(show|give) me more {attributes}|more {attributes}|(i|i) (want|would like|would"
    " love|need|could use) more {attributes}|(can|could) (i|we) (get|have|see) (some |) more"
    " {attributes}|something (different|else)( but related|)(,|:) more {attributes}"
    "|let's have more {attributes})"
)
_NONE = (
    "((please |)(no more|not any more) {attributes:or}|(please |)stop (showing|giving) me"
    " {attributes:or}|(please |)(don't|do not) (show|give) me (any |more |) {attributes:or}"
    "|(i've|i have) had enough (of |) {attributes:or}|i am (so |) (tired of|done with)"
    " {attributes:or}|nothing (with|that has) {attributes:or}|skip the {attributes:or})"
)
_WHEN = (
    "((when|whenever|if) (it's|it is|you (show|give) me|there is) {condition}(,|:|) (then |)"
    "|as long as (it's|it is) {condition}(,|:|) )"
)
_SCOPES = {
    "for_turn": (
        "((in|for) the next (list|round)( only|)|next time( only|)|just (in|for) the next"
        " (list|round)|(but |) only in the next one)"
    ),
    "for_session": "(for now|today|for today|right now|until tomorrow|for the moment)",
    "for_ever": "((, |)from now on|always|in general|from today on|(today and |) every day)",
}
_RULES: Mapping[Cases, str] = {
    ("walked",): (
        "(i (only |) (looked at|read|saw|got through) the first {number}( of (them|those)|)|i"
        " (stopped|quit|got bored) (at|after) number {number})"
    ),
    ("tried",): (
        "(i (tried|opened|went for|had a look at) {items} (and|but) (it was|that was) (so so|just"
        " ok|nothing special|meh)|{items}(,|:|) meh|i gave {items} a (chance|try) but (no|meh))"
    ),
    ("enjoyed",): (
        "(i (tried|opened|went for) {items} and (that was|it was) (nice|fine|good|fun|pretty"
        " good)|{items} (was|were) a good (pick|choice|tip)|i had (fun|a good time) with {items})"
    ),
    ("loved",): (
        "(wow(,|) {items}(!|)|i (tried|opened) {items} and (wow|was blown away|it was just"
        " brilliant|could not stop)|{items} blew me away)"
    ),
    ("tired",): (
        "((that's|that is) (enough|it|all) for (today|now)(, i'm tired|, need some sleep|)"
        "|i'm (getting |) (tired|sleepy|worn out)( now|)(, (see you|more tomorrow|good night)|)"
        "|(need a break|i need a break|time to stop for today))"
    ),
    ("disappointed",): (
        "((this|it) (is not|isn't) working (for me|)( today|)|(what a|such a) (waste of time"
        "|let down)|i (expected|was hoping for) (better|more) (than this|from you)|you (just"
        " |) don't get (me|what i like)(, i'm (leaving|out)|)|this is (useless|hopeless)(, i'm"
        " (leaving|out)|))"
    ),
    ("back_tomorrow",): "((i'm|i am) back( again|)(,|) (one|a) day later|back after (a|one) day)",
    ("back_days",): (
        "((i'm|i am) back( again|) (after|, it's been) {number} days|(it's|it has) been {number}"
        " days|{number} days later(,| and) here i am( again|))"
    ),
}
_NEVER = "(i am |i'm |)(never|not) (ever |)coming back( here|)|that (was|is) it for (ever|good)"


def _written() -> Iterator[tuple[Cases, str]]:
    yield from _RULES.items()
    for directive, wish in (("more_of", _MORE), ("none_of", _NONE)):
        for scope, holds in _SCOPES.items():
            yield (directive, scope), f"({wish}(,|) {holds}( please|||))"
            yield ("when_it", directive, scope), f"({_WHEN}{wish}(,|) {holds})"
    for reason in ("tired", "disappointed"):
        yield (reason, "for_good"), f"({_RULES[reason,]}(,|.|!| and) ({_NEVER}))"


LIVES_CASES: Mapping[str, Cases] = {"_".join(cases): cases for cases, _ in _written()}
LIVES: Mapping[str, str] = {"_".join(cases): rule for cases, rule in _written()}
