"""What a dialogue of people is: turns with roles, words, acts and items, and what was judged.

Items and attributes are as the collection calls them: people speak of more than one world holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "SYSTEM_ACTS",
    "USER_ACTS",
    "Dialogue",
    "Did",
    "Judgement",
    "Reply",
    "Turn",
]

# What people do, and what that is: the act of `recosim.acts` where there is one.
USER_ACTS: dict[str, str] = {
    "request": "says what they look for (`Request`); again, if they start over or reword it",
    "more": "asks for another recommendation",
    "prefer": "says what they like or dislike, not about what was shown",
    "answer": "answers an open question",
    "yes": "says yes to a question (`Answer`)",
    "no": "says no to a question (`Answer`)",
    "unsure": "says that they do not know or do not mind (`Answer`)",
    "deflect": "answers neither yes nor no, but says something else (`Answer`)",
    "wrong": "beside yes or no: it contradicts what they want",
    "accept": "takes what was shown (`React.accepted`)",
    "reject": "refuses what was shown (`React`)",
    "seen": "knows it already (`Note.SEEN`)",
    "liked": "knows it and liked it (`Note.LIKED`)",
    "disliked": "knows it and did not like it (`Note.DISLIKED`)",
    "unknown": "never heard of it (`Note.UNKNOWN`)",
    "later": "keeps it for later (`Note.LATER`)",
    "inquire": "asks about what was shown (`Inquire`)",
    "opinion": "asks what the recommender thinks or likes",
    "criticise": "says what is wrong with what was shown (`Critique`)",
    "want": "says what they want more of, or instead (`Instruct`)",
    "compare": "asks for something like another item",
    "neutral": "responds without taking or refusing",
    "courtesy": "thanks, greets, chats (`Courtesy`)",
    "leave": "ends the conversation before they are satisfied (`Leave`)",
}
SYSTEM_ACTS: dict[str, str] = {
    "ask": "asks a question",
    "confirm": "asks a question to be answered with yes or no",
    "clarify": "asks to say more clearly what was said",
    "reflect": "asks what was wrong (`Reflect`)",
    "recommend": "shows an item or several (`Recommend`)",
    "explain": "says why, or what an item is",
    "answer": "answers a question",
    "respond": "responds to what was said",
    "courtesy": "thanks, greets, chats",
}

Role = Literal["user", "system"]


@dataclass(frozen=True)
class Did:
    """One act of a turn.

    Attributes:
        kind: a key of `USER_ACTS` or `SYSTEM_ACTS`.
        items: the items that it is about; () where the collection does not say.
        attributes: what it names.
    """

    kind: str
    items: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """What one person said and did before the other had their turn.

    Attributes:
        role: "user" looks for something, "system" recommends, whoever it is.
        text: the words, "" where there are none.
        acts: () where the collection does not annotate any.
        items: those that the words or the acts name, in order, each once.
        labels: the collection's own names of the acts.
        attributes: those that a collection of one's own names, in order, each once.
    """

    role: Role
    text: str = ""
    acts: tuple[Did, ...] = ()
    items: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its acts."""
        return frozenset(act.kind for act in self.acts)

    def act(self, kind: str) -> Did | None:
        """Its first act of a kind."""
        return next((act for act in self.acts if act.kind == kind), None)


@dataclass(frozen=True)
class Judgement:
    """What a person said of an item when asked after the dialogue; None: did not say.

    Attributes:
        suggested: by the recommender; False: they brought it up themselves.
        seen, liked: whether they had seen it, and liked it (or think that they will).
    """

    suggested: bool | None
    seen: bool | None
    liked: bool | None


@dataclass(frozen=True)
class Reply:
    """A turn of the user and what it replies to: the recommender's turns since their last one."""

    told: tuple[Turn, ...]
    said: Turn
    first: bool  # whether it is the user's first turn

    @property
    def told_kinds(self) -> frozenset[str]:
        """The kinds of the recommender's acts."""
        return frozenset(kind for turn in self.told for kind in turn.kinds)


@dataclass(frozen=True)
class Dialogue:
    """A conversation of two people, or of a person and a system.

    Attributes:
        name: as the collection calls it.
        user: who looks for something; the same person may have several dialogues.
        turns: in order; consecutive lines of the same role are one turn each.
        judged: by item, what the user said of it afterwards, in the order of the dialogue.
        about: what the collection says of the dialogue besides.
        titles: by item, what it is called, where the words of the dialogue hold its number instead.
        liked: how many items the user took or liked, where somebody counted.
    """

    name: str
    user: str
    turns: tuple[Turn, ...]
    judged: Mapping[str, Judgement] = field(default_factory=dict)
    about: Mapping[str, object] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    liked: int | None = None

    @property
    def has_acts(self) -> bool:
        """Whether any turn has acts."""
        return any(turn.acts for turn in self.turns)

    def replies(self) -> Iterator[Reply]:
        """The user's turns, each with what it replies to."""
        told: list[Turn] = []
        first = True
        for turn in self.turns:
            if turn.role == "system":
                told.append(turn)
            else:
                yield Reply(tuple(told), turn, first)
                told, first = [], False
