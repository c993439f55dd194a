"""Speakers: who puts into words what users say, and for some users decides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal, NamedTuple, Protocol

from recosim.acts import Ask, Courtesy, Leave, Recommend, UserAct
from recosim.language import Context, Language
from recosim.language.language import Says
from recosim.world.world import World

__all__ = ["Occasion", "Speaker", "TemplateSpeaker", "Utterance", "in_words"]

# How often users of the style "human" thank, after a list and after a question: near the share of
# turns with a word of thanks in IARD and ReDial (counted on half of each, about one in eight).
_THANKS: dict[type, float] = {Recommend: 0.25, Ask: 0.06}


class Search(NamedTuple):
    """What somebody who searches knows of what they want to know.

    Attributes:
        need: what that is, in words.
        unsaid: terms of it that they have not said, in its order.
        holds: of each document of the list, the terms of the need that it holds.
        reads: documents of the list that they look at, at most.
        query: terms that the system searches for, which they may reject; () where they may not.
        may_name: whether they may say of a list what is missing.
        thumbs_down: whether they say which documents do not help.
    """

    need: str
    unsaid: tuple[int, ...] = ()
    holds: tuple[tuple[int, ...], ...] = ()
    reads: int = 0
    query: tuple[int, ...] = ()
    may_name: bool = False
    thumbs_down: bool = True


@dataclass(frozen=True)
class Occasion:
    """A moment at which a user says something.

    Attributes:
        user: who speaks.
        key: of the luck of the words: a function of run, conversation and move.
        acts: what the rules decided; a speaker that decides may decide otherwise.
        context: what is answered.
        heard: the conversation so far, a line each; the last one is what is answered.
        secrets: the items in mind, and those that would do; they must not be named but to take one.
        wants: attributes of the item in mind, ascending ids.
        feedback: whether a refusal may say what was wrong.
        likes, dislikes, moods: attributes, of users who are met for more than one thing in mind:
            what they care for in the long run, and what they are after today, the strongest first.
        weary: whether they are tired or disappointed.
        sessions: a line about each session before this one.
        thought: what they thought last, in this session.
        lengths: of the items shown, minutes.
        search: of who searches, what for.
    """

    user: int
    key: int
    acts: tuple[UserAct, ...]
    context: Context
    heard: tuple[str, ...] = ()
    secrets: tuple[int, ...] = ()
    wants: tuple[int, ...] = ()
    feedback: bool = False
    likes: tuple[int, ...] = ()
    dislikes: tuple[int, ...] = ()
    moods: tuple[int, ...] = ()
    weary: bool = False
    sessions: tuple[str, ...] = ()
    thought: str = ""
    lengths: tuple[float, ...] = ()
    search: Search | None = None


@dataclass(frozen=True)
class Utterance:
    """What a user says.

    Attributes:
        text: the words.
        acts: what they do: as the rules decided, unless the speaker decides; with courtesies.
        by: whose words they are.
        thought: what was behind it, where a model says so; the recommender does not hear it.
    """

    text: str
    acts: tuple[UserAct, ...]
    by: Literal["template", "llm"] = "template"
    thought: str = ""


class Speaker(Protocol):
    """Anything that speaks for users."""

    @property
    def decides(self) -> Literal["nothing", "answers"]:
        """What it decides itself."""

    def speak(self, occasions: Sequence[Occasion]) -> list[Utterance]:
        """One utterance for each occasion; those of several conversations come together."""

    def report(self) -> dict[str, Any]:
        """Counts of what happened, as JSON values."""


class TemplateSpeaker:
    """Speaks in the phrases of `recosim.language`.

    Args:
        world: whose names are said.
        style: of `recosim.language.STYLES`.
        language: whose words they are; by default that of the world's attributes.
    """

    decides: Literal["nothing"] = "nothing"

    def __init__(
        self, world: World, style: str = "plain", language: Language | None = None
    ) -> None:
        self._templates, self.style = (language or Language(world)).templates, style
        self._said = 0

    def speak(self, occasions: Sequence[Occasion]) -> list[Utterance]:
        self._said += len(occasions)
        if self.style == "human":
            occasions = [replace(each, acts=_with_thanks(each)) for each in occasions]
        return [
            Utterance(in_words(self._templates, occasion, self.style), occasion.acts)
            for occasion in occasions
        ]

    def report(self) -> dict[str, Any]:
        return {"utterances": self._said, "by": {"template": self._said, "llm": 0}}


def _with_thanks(occasion: Occasion) -> tuple[UserAct, ...]:
    """The acts, and now and then thanks: a courtesy is up to who speaks, since it does nothing."""
    acts, luck = occasion.acts, Random(occasion.key).random()
    rate = _THANKS.get(type(occasion.context.answers), 0.0)
    if luck >= rate or any(isinstance(act, Courtesy) for act in acts):
        return acts
    stays = tuple(act for act in acts if not isinstance(act, Leave))
    return (*stays, Courtesy("thanks"), *acts[len(stays) :])


def in_words(templates: Says, occasion: Occasion, style: str) -> str:
    """The acts of an occasion by templates, in one line."""
    return templates.turn(occasion.acts, occasion.context, key=occasion.key, style=style)
