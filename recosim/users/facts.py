"""What the facts in a prompt say of a decision: whether it agrees with what the user wants.

A language model that decides is told what its user wants, and nothing else could tell it. So a
decision is right or wrong by its own prompt, whatever the rules would have drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from recosim.acts import Answer, Ask, Critique, Edit, Instruct, React, Recommend, UserAct
from recosim.users.speaker import Occasion
from recosim.world.world import World

__all__ = ["KINDS", "VERDICTS", "Kind", "Verdict", "kind_of", "less_and_more", "verdict"]

Verdict = Literal["agrees", "contradicts", "open"]
VERDICTS: tuple[Verdict, ...] = ("agrees", "contradicts", "open")
Kind = Literal["question", "choice", "facet", "list", "reflection"]
KINDS: tuple[Kind, ...] = ("question", "choice", "facet", "list", "reflection")


def kind_of(occasion: Occasion) -> Kind:
    """What is decided: one attribute, one of several, a facet, a list, what was wrong with one."""
    answers = occasion.context.answers
    if isinstance(answers, Ask):
        if answers.facet is not None or not answers.attributes:
            return "facet"
        return "question" if len(answers.attributes) == 1 else "choice"
    return "list" if isinstance(answers, Recommend) else "reflection"


def verdict(acts: Sequence[UserAct], occasion: Occasion, world: World) -> Verdict:
    """Whether acts agree with the wants of an occasion.

    A yes agrees where all that it accepts is wanted, a no where nothing that was asked is; an item
    taken agrees where it has all that is wanted and nothing else, a refusal where no item of the
    list does; a wish agrees where it asks for less of nothing that is wanted, and for more of
    nothing else. "open": "I don't know", and where nothing was decided; in lives, always.
    """
    if occasion.context.walks:
        return "open"  # tastes and moods incline; no fact of theirs decides
    if occasion.search is not None:
        return _of_search(acts, occasion)
    found = [_one(act, occasion, world) for act in acts]
    if "contradicts" in found:
        return "contradicts"
    return "agrees" if "agrees" in found else "open"


def _of_search(acts: Sequence[UserAct], occasion: Occasion) -> Verdict:
    """A no to a term of the need contradicts it; a yes to another may mean one that is like it."""
    wants = set(occasion.wants)
    for act in acts:
        if isinstance(act, Answer) and occasion.context.asked and act.kind != "unsure":
            of_need = wants.issuperset(occasion.context.asked)
            if of_need == (act.kind == "yes"):
                return "agrees"
            return "contradicts" if of_need else "open"
    return "open"


def _one(act: UserAct, occasion: Occasion, world: World) -> Verdict:
    wants, answers = set(occasion.wants), occasion.context.answers
    if isinstance(act, Answer) and act.kind != "unsure":
        asked: Sequence[int] = answers.attributes if isinstance(answers, Ask) else ()
        if isinstance(answers, Ask) and answers.facet is not None:
            asked = world.facet_attributes.row(answers.facet).tolist()
        right = wants.issuperset(act.accepted) if act.kind == "yes" else wants.isdisjoint(asked)
        return "agrees" if right and wants.issuperset(act.also) else "contradicts"
    if isinstance(act, React):
        fits = {v for v in occasion.context.items if wants == set(world.item_attributes.row(v))}
        right = set(act.taken) <= fits if act.taken else not fits
        return "agrees" if right else "contradicts"
    if isinstance(act, (Critique, Edit, Instruct)):
        less, more = less_and_more(act)
        return "agrees" if wants.isdisjoint(less) and wants.issuperset(more) else "contradicts"
    return "open"


def less_and_more(act: Critique | Edit | Instruct) -> tuple[frozenset[int], frozenset[int]]:
    """The attributes that a wish asks less of, and those that it asks more of."""
    if isinstance(act, Edit):
        return frozenset(act.remove), frozenset(act.add)
    named = (act.attribute,) if isinstance(act, Critique) else act.attributes
    less = act.direction == "less" if isinstance(act, Critique) else act.directive == "avoid"
    return (frozenset(named), frozenset()) if less else (frozenset(), frozenset(named))
