"""Conversations as an audit counts them: turns with tags, of people and of simulations alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Critique,
    Edit,
    Inquire,
    Instruct,
    Leave,
    Note,
    React,
    Recommend,
    Reflect,
    Request,
    SystemAct,
    UserAct,
)
from recosim.envs.acts import Acts
from recosim.world.world import World

__all__ = [
    "COURTESIES",
    "NOTES",
    "SYSTEM_TAGS",
    "USER_TAGS",
    "Collection",
    "Conversation",
    "Rating",
    "Session",
    "Turn",
    "answers",
    "conversations_of",
    "replies",
]

# What a turn does. Dialogues of people have finer acts (`recosim.users.dialogues.USER_ACTS`).
USER_TAGS: dict[str, str] = {
    "request": "asks for something; the first one of a conversation is its opening",
    "accept": "takes an item that was recommended",
    "reject": "refuses what was recommended",
    "seen": "knows an item already",
    "liked": "knows it and liked it",
    "disliked": "knows it and did not like it",
    "unknown": "never heard of it",
    "later": "keeps it for another time",
    "inquire": "asks about an item that was recommended",
    "more": "asks for another recommendation",
    "criticise": "says what is wrong, or what there should be less of",
    "want": "says what they want, although nobody asked",
    "inform": "says what they want because they were asked, or beside a request",
    "yes": "answers a question with yes",
    "no": "answers a question with no",
    "unsure": "does not know",
    "deflect": "answers neither yes nor no",
    "wrong": "beside yes or no: it contradicts what they want",
    "courtesy": "thanks, greets, says goodbye",
    "leave": "goes; a user who goes without a word has a turn without text",
    "other": "anything else",
}
SYSTEM_TAGS: dict[str, str] = {
    "ask": "asks what the user wants",
    "recommend": "recommends items",
    "reflect": "asks what was wrong",
    "other": "anything else",
}

NOTES = frozenset({"seen", "liked", "disliked", "unknown", "later"})
COURTESIES = frozenset({"courtesy", "leave"})

_NOTE_TAGS = {
    Note.SEEN: ("seen",),
    Note.LIKED: ("seen", "liked"),
    Note.DISLIKED: ("seen", "disliked"),
    Note.UNKNOWN: ("unknown",),
    Note.LATER: ("later",),
}


@dataclass(frozen=True)
class Turn:
    """One turn.

    Attributes:
        tags: of `USER_TAGS` or `SYSTEM_TAGS`; of none where nobody annotated.
        text: its words, "" for none.
        names_item, names_attribute: whether it names one.
    """

    role: Literal["user", "system"]
    tags: frozenset[str] = frozenset()
    text: str = ""
    names_item: bool = False
    names_attribute: bool = False


@dataclass(frozen=True)
class Rating:
    """What a user said afterwards of an item that was suggested to them."""

    liked: bool
    seen: bool


@dataclass(frozen=True)
class Session:
    """One session of a user who may come back.

    Attributes:
        rounds: moves of the recommender that the user had to live with.
        left: whether they left it of their own accord.
        away: days until their next session; 0: none was seen.
    """

    rounds: int
    left: bool
    away: int


@dataclass(frozen=True)
class Conversation:
    """Turns in order.

    Attributes:
        name: of the conversation in its collection. user: who it was, for intervals.
        liked: items that they took or said they liked; None where that is not known.
        ratings: of the suggested items, where users were asked afterwards.
        sessions: in order, where users may come back; else ().
    """

    name: str
    user: str
    turns: tuple[Turn, ...]
    liked: int | None = None
    ratings: tuple[Rating, ...] = ()
    sessions: tuple[Session, ...] = ()

    @property
    def said(self) -> Iterator[str]:
        """The words of the user, turn by turn, where there are some."""
        return (turn.text for turn in self.turns if turn.role == "user" and turn.text)


@dataclass(frozen=True)
class Collection:
    """Conversations of one kind.

    Attributes:
        name: for people.
        conversations: at least one.
        tells: groups of measures (`recosim.audit.measures`) that can be counted on it; what a
            collection does not record must not be counted as 0.
        names: of items and attributes, for masking.
        notes: what could not be read, and other remarks, in sentences.
    """

    name: str
    conversations: tuple[Conversation, ...]
    tells: frozenset[str]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def replies(conversation: Conversation) -> Iterator[Turn]:
    """The user's turns that come right after a recommendation."""
    return _after(conversation, "recommend")


def answers(conversation: Conversation) -> Iterator[Turn]:
    """The user's turns right after a question that say yes, no or neither of them."""
    for turn in _after(conversation, "ask"):
        if turn.tags & {"yes", "no", "unsure", "deflect"}:
            yield turn


def _after(conversation: Conversation, tag: str) -> Iterator[Turn]:
    before: Turn | None = None
    for turn in conversation.turns:
        if turn.role == "user" and before is not None and before.role == "system":
            asks = before.tags
            # Whoever recommends and asks in one turn is answered as to the recommendation.
            if tag in asks and not (tag == "ask" and "recommend" in asks):
                yield turn
        before = turn


# ---- of a trace ----------------------------------------------------------------------------------


def conversations_of(
    rows: Sequence[Mapping[str, Any]], acts: Acts, world: World
) -> tuple[Conversation, ...]:
    """The conversations of a trace.

    Args:
        rows: of one agent and seed, ordered by conversation, then step.
        acts: of the family.
    """
    found: list[Conversation] = []
    turns: list[Turn] = []
    liked: set[int] = set()
    sessions: list[Session] = []
    rounds, come_back = 0, type(acts).return_acts is not Acts.return_acts
    for k, row in enumerate(rows):
        system, user = acts.system_act(row), acts.user_acts(row)
        if system is not None:
            turns.append(Turn("system", _system_tags(system), row["told"] or ""))
        if user:
            tags = {tag for act in user for tag in _tags(act, system)}
            if _contradicts(system, user, acts.secrets(row), world):
                tags.add("wrong")
            item, attribute = _names(user)
            turns.append(Turn("user", frozenset(tags), row["said"] or "", item, attribute))
            liked.update(_liked(user))
        # A reflection that nobody answers costs nothing.
        rounds += system is not None and (bool(user) or not isinstance(system, Reflect))
        left = any(isinstance(act, Leave) for act in user)
        back = [act.days for act in acts.return_acts(row) if isinstance(act, Courtesy)]
        if come_back and (left or back):
            sessions.append(Session(rounds, left, max(back, default=0)))
            rounds = 0
        if k + 1 == len(rows) or rows[k + 1]["conversation"] != row["conversation"]:
            name, who = str(row["conversation"]), str(row["user"])
            if come_back and rounds:
                sessions.append(Session(rounds, False, 0))
            found.append(Conversation(name, who, tuple(turns), len(liked), (), tuple(sessions)))
            turns, liked, sessions, rounds = [], set(), [], 0
    return tuple(found)


def _system_tags(act: SystemAct) -> frozenset[str]:
    kinds = {Ask: "ask", Recommend: "recommend", Reflect: "reflect"}
    return frozenset({kinds.get(type(act), "other")})


def _tags(act: UserAct, system: SystemAct | None) -> Iterator[str]:
    asked = system is None or isinstance(system, Reflect)  # what they say is no surprise then
    wish, fault = ("inform", "inform") if asked else ("want", "criticise")
    if isinstance(act, Request):
        yield "request"
    elif isinstance(act, Answer):
        yield "deflect" if act.kind == "unsure" and act.also else act.kind
        if act.also and act.kind != "unsure":
            yield wish
    elif isinstance(act, React):
        for _, note in act.notes:
            yield from _NOTE_TAGS[Note(note)]
        if act.taken:
            yield "accept"
        elif not act.notes:  # who says that they know an item says nothing of the others
            yield "reject"
    elif isinstance(act, Inquire):
        yield "inquire"
    elif isinstance(act, Critique):
        yield fault if act.direction == "less" else wish
    elif isinstance(act, Instruct):
        yield wish if act.directive == "want" else fault
    elif isinstance(act, Edit):
        if act.add:
            yield wish
        if act.remove:
            yield fault
    elif isinstance(act, Courtesy):
        yield "courtesy"
    elif isinstance(act, Leave):
        yield "leave"


def _names(acts: Iterable[UserAct]) -> tuple[bool, bool]:
    """Whether a request names an item, and whether it names an attribute."""
    requests = [act for act in acts if isinstance(act, Request)]
    item = any(act.item is not None for act in requests)
    return item, any(act.attributes or act.facet is not None for act in requests)


def _liked(acts: Iterable[UserAct]) -> Iterator[int]:
    for act in acts:
        if isinstance(act, React):
            yield from act.taken
            yield from (item for item, note in act.notes if note == Note.LIKED)


def _contradicts(
    system: SystemAct | None, user: Iterable[UserAct], wanted: Sequence[int], world: World
) -> bool:
    """Whether a yes or a no to a question goes against the items in mind."""
    if not isinstance(system, Ask) or not wanted:
        return False
    said = {act.kind for act in user if isinstance(act, Answer)} & {"yes", "no"}
    if len(said) != 1 or not (system.attributes or system.facet is not None):
        return False
    has = {int(a) for item in wanted for a in world.item_attributes.row(item)}
    if system.facet is None:
        true = not has.isdisjoint(system.attributes)
    else:
        true = any(world.attribute_facet[a] == system.facet for a in has)
    return true != (said == {"yes"})
