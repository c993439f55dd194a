"""What a language model that decides is asked, in what form it answers, and the acts of that.

The form is filled in its order, so what an answer rests on comes before the answer: a model that
has named what it was asked about among its wants is not guessing any more.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from recosim.acts import Answer, Ask, Critique, Edit, Instruct, React, Recommend, UserAct
from recosim.users.facts import kind_of
from recosim.users.prompts import LONGEST_LINE, Messages
from recosim.users.speaker import Occasion
from recosim.users.walking import life_acts, life_form, life_prompt
from recosim.world.world import World

__all__ = ["acts_of", "decision_form", "decision_prompt"]

MOST_NAMES = 40  # attributes that an answer chooses among
NOTHING = "nothing"
NONE = "none"

# What does not change from question to question stands first, so that servers keep it read.
_SYSTEM = (
    "You are a user who talks with a recommender. You have one thing in mind. You are told all "
    "that you want of it, then what you are asked. Answer by what you want alone. Answer with "
    "JSON. "
)
_FIELDS = {
    "question": (
        "`found`: the name in the list of what you want that you are asked about, or 'none' if the "
        "list lacks it. `answer`: yes if the list has it, no if not. Who wants tea, cake, honey "
        'says of cake {"found":"cake","answer":"yes"}, of coffee {"found":"none","answer":"no"}.'
    ),
    "choice": (
        "`named`: those that you are asked about and the list of what you want has; [] if it has "
        "none. `answer`: 'both', the one that it has, or 'neither'."
    ),
    "choices": (
        "`named`: those that you are asked about and the list of what you want has; [] if it has "
        "none. `answer`: yes if it has some, no if none."
    ),
    "facet": (
        "`named`: those of the names that the list of what you want has; [] if it has none. "
        "`answer`: yes if it has some, no if none."
    ),
    "list": (
        "`nearest`: the number that has most of what you want. `lacks`: what that one lacks, or "
        "'nothing'. `takes`: its number if it lacks nothing and has nothing beside it, else "
        "'none'. "
    ),
    "reflection": "",
}
_WISHES = (
    "`less`: what they have and you do not want. `more`: what you want and they lack. Each may be "
    "'nothing'."
)


def decision_prompt(occasion: Occasion, manner: str, world: World, *, hears: bool) -> Messages:
    """Ask for a decision: what is wanted and what is asked stand side by side, at the end.

    Args:
        manner: how the user answers, in words; may be "".
        hears: whether the last line of the recommender is in it, or only what was done with it.
    """
    if occasion.context.walks:
        return life_prompt(occasion, manner, world, hears=hears)
    wishes = _WISHES if occasion.feedback and not isinstance(occasion.context.answers, Ask) else ""
    wants = ", ".join(_names(world, occasion.wants)) or "nothing in particular"
    heard = [line[:LONGEST_LINE] for line in occasion.heard[-1:] if hears]
    lines = [manner, f"You want: {wants}.", *heard, _what_is_asked(occasion, world)]
    system = _SYSTEM + _FIELDS[_form_of(occasion)] + wishes
    return [("system", system), ("user", "\n".join(line for line in lines if line))]


def _what_is_asked(occasion: Occasion, world: World) -> str:
    answers = occasion.context.answers
    if isinstance(answers, Ask) and answers.facet is not None:
        facet = world.facet_names[answers.facet]
        return f"Which {facet} do you want: {', '.join(_inside(occasion, world))}?"
    if isinstance(answers, Ask):
        return f"Do you want {' or '.join(_names(world, answers.attributes))}?"
    lines = [
        f"{place}. {_compared(occasion, item, world)}"
        for place, item in enumerate(occasion.context.items, start=1)
    ]
    done = "shown" if isinstance(answers, Recommend) else "asked what was wrong with"
    return "\n".join([f"You are {done}:", *lines])


def _compared(occasion: Occasion, item: int, world: World) -> str:
    """What an item has, held beside what is wanted."""
    has = world.item_attributes.row(item).tolist()
    shared = _names(world, [a for a in has if a in occasion.wants])
    lacks = _names(world, [a for a in occasion.wants if a not in has])
    beside = _names(world, [a for a in has if a not in occasion.wants])
    told = f"has {', '.join(shared) or NOTHING}; lacks {', '.join(lacks) or NOTHING}"
    return f"{told}; beside it {', '.join(beside) or NOTHING}."


# ---- forms ---------------------------------------------------------------------------------------


def decision_form(occasion: Occasion, world: World) -> type[BaseModel]:
    """The form of the decision on an occasion: what it rests on, then what is decided."""
    if occasion.context.walks:
        return life_form(occasion, world)
    answers, choices = occasion.context.answers, dict[str, tuple[tuple[str, ...], bool]]()
    wants = _names(world, occasion.wants[:MOST_NAMES])
    if isinstance(answers, Ask):
        if _form_of(occasion) in ("facet", "choices"):
            choices["named"] = (tuple(_inside(occasion, world)), True)
            choices["answer"] = (("yes", "no", "don't know"), False)
        elif len(answers.attributes) > 1:
            names = tuple(_names(world, answers.attributes))
            choices["named"] = (names, True)
            choices["answer"] = (("both", *names, "neither", "don't know"), False)
        else:
            # A quotation: a model that may write the name it was asked about finds it anywhere.
            choices["found"] = ((*wants, NONE), False)
            choices["answer"] = (("yes", "no", "don't know"), False)
        return _form(tuple(choices.items()))
    places = [str(k + 1) for k in range(len(occasion.context.items))]
    if isinstance(answers, Recommend):
        choices["nearest"] = (tuple(places), False)
        choices["lacks"] = ((NOTHING, *wants), False)
        choices["takes"] = ((NONE, *places), False)
    if occasion.feedback:
        shown = {a for v in occasion.context.items for a in world.item_attributes.row(v).tolist()}
        choices["less"] = ((NOTHING, *_names(world, sorted(shown)[:MOST_NAMES])), False)
        choices["more"] = ((NOTHING, *wants), False)
    return _form(tuple(choices.items()))


def _form_of(occasion: Occasion) -> str:
    """The key of `_FIELDS`: the kind of the occasion, where of more than two some may be named."""
    answers = occasion.context.answers
    more = isinstance(answers, Ask) and answers.facet is None and len(answers.attributes) > 2
    return "choices" if more else kind_of(occasion)


@lru_cache(maxsize=4096)
def _form(choices: tuple[tuple[str, tuple[tuple[str, ...], bool]], ...]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for name, (values, several) in choices:
        one: Any = Literal[tuple(dict.fromkeys(values))]
        fields[name] = (list[one], Field(max_length=len(values))) if several else (one, ...)
    return create_model("Decision", __config__=ConfigDict(extra="forbid"), **fields)


def acts_of(decided: Any, occasion: Occasion, world: World) -> tuple[UserAct, ...]:
    """The acts that a filled form stands for; where a form contradicts itself the answer counts."""
    answers = occasion.context.answers
    if occasion.context.walks:
        return life_acts(decided, occasion, world)
    if isinstance(answers, Ask):
        if _form_of(occasion) not in ("facet", "choices"):
            return (_answer(decided.answer, answers.attributes, world),)
        inside = _inside(occasion, world)
        named = tuple(sorted(a for name, a in inside.items() if name in decided.named))
        if decided.answer == "don't know":
            return (Answer("unsure"),)
        return (Answer("yes", named) if named and decided.answer == "yes" else Answer("no"),)
    refusal: tuple[UserAct, ...] = ()
    if isinstance(answers, Recommend):
        if decided.takes != NONE:
            return (React(occasion.context.items[int(decided.takes) - 1]),)
        refusal = (React(None),)
    wishes = _wishes(decided, occasion, world) if occasion.feedback else ()
    return (*refusal, *wishes) or (Answer("unsure"),)


def _answer(said: str, asked: tuple[int, ...], world: World) -> Answer:
    if said == "don't know":
        return Answer("unsure")
    if said in ("yes", "both"):
        return Answer("yes", asked)
    if said in ("no", "neither"):
        return Answer("no")
    return Answer("yes", tuple(a for a in asked if str(world.attribute_names[a]) == said)[:1])


def _wishes(decided: Any, occasion: Occasion, world: World) -> tuple[UserAct, ...]:
    shown = sorted({a for v in occasion.context.items for a in world.item_attributes.row(v)})
    less = [a for a in shown if str(world.attribute_names[a]) == decided.less][:1]
    more = [a for a in occasion.wants if str(world.attribute_names[a]) == decided.more][:1]
    if less and more and less != more:
        return (Edit(add=(int(more[0]),), remove=(int(less[0]),)),)
    if less:
        return (Critique(int(less[0]), "less"),)
    return (Instruct("want", (int(more[0]),)),) if more else ()


def _inside(occasion: Occasion, world: World) -> dict[str, int]:
    """Attributes that are asked about by name: those that are wanted, then the first others."""
    answers = occasion.context.answers
    assert isinstance(answers, Ask)
    facet = list(answers.attributes)
    if answers.facet is not None:
        facet = world.facet_attributes.row(answers.facet).tolist()
    wanted = [a for a in facet if a in occasion.wants]
    chosen = sorted([*wanted, *[a for a in facet if a not in occasion.wants]][:MOST_NAMES])
    found: dict[str, int] = {}
    for a in chosen:
        found.setdefault(str(world.attribute_names[a]), a)
    return found


def _names(world: World, attributes: Any) -> list[str]:
    return [str(world.attribute_names[a]) for a in attributes]
