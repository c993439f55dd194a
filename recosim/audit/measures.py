"""What is counted on conversations of people and of simulated users, each measure once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from recosim.audit.dialogues import (
    COURTESIES,
    NOTES,
    Collection,
    Conversation,
    Turn,
    answers,
    replies,
)
from recosim.audit.estimates import DISTINCT_OF, Estimate, Statistic, estimate
from recosim.audit.masking import Mask

__all__ = ["GROUPS", "MEASURES", "Group", "Measure", "count", "told_by"]

Group = Literal["replies", "acts", "answers", "opening", "leaving", "liking", "words", "sessions"]
GROUPS: dict[Group, str] = {
    "replies": "After a recommendation",
    "acts": "Acts of a turn",
    "answers": "Answers",
    "opening": "Openings",
    "leaving": "Leaving",
    "liking": "What they took or liked",
    "words": "Words",
    "sessions": "Sessions and coming back",
}
# What one conversation tells; a life of many sessions is no conversation, and has its own.
OF_ONE = frozenset({"opening", "leaving", "liking"})


@dataclass(frozen=True)
class Measure:
    """One figure of users.

    Attributes:
        name, title: for files, for people.
        group: what it is about; collections say which groups they tell.
        observations: of a conversation: whether something holds, numbers, or texts.
        statistic: of these.
        why: what decides it beside the users' settings; "" where these alone do. It is the reason
            that is given where simulated users differ from people.
    """

    name: str
    title: str
    group: Group
    observations: Callable[[Conversation], Iterable[Any]]
    statistic: Statistic = "share"
    why: str = ""

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1."""
        return self.statistic in ("share", "distinct")


def count(collection: Collection) -> dict[str, Estimate]:
    """Every measure that a collection tells, by name; without an observation it is absent."""
    mask = Mask(collection.names)
    found = {}
    for measure in MEASURES.values():
        if measure.group in collection.tells:
            pairs = [
                (value, talk.user)
                for talk in collection.conversations
                for value in measure.observations(talk)
            ]
            if pairs:
                found[measure.name] = estimate(measure.statistic, pairs, mask)
    return found


def told_by(conversations: Iterable[Conversation]) -> frozenset[str]:
    """The groups that simulated users tell: whether they can come back decides."""
    lives = any(talk.sessions for talk in conversations)
    return frozenset(GROUPS) - (OF_ONE if lives else {"sessions"})


REACTIONS = frozenset({"accept", "reject", "note"})

# ---- observations --------------------------------------------------------------------------------


def _of_replies(*tags: str, among: str = "") -> Callable[[Conversation], Iterator[bool]]:
    """Whether replies to recommendations have one of some tags; of those that have `among`."""
    wanted = frozenset(tags)

    def observe(talk: Conversation) -> Iterator[bool]:
        for turn in replies(talk):
            if not among or among in turn.tags:
                yield bool(turn.tags & wanted)

    return observe


def _of_answers(*tags: str, among: str = "") -> Callable[[Conversation], Iterator[bool]]:
    """Whether answers to questions have one of some tags; of those that have one of `among`."""
    wanted, of = frozenset(tags), frozenset(among.split())

    def observe(talk: Conversation) -> Iterator[bool]:
        for turn in answers(talk):
            if not of or turn.tags & of:
                yield bool(turn.tags & wanted)

    return observe


def _several(plain: bool) -> Callable[[Conversation], Iterator[bool]]:
    """Whether a turn of the user holds several acts; what is said of a known item is one.

    A question about an item that is answered at once is a turn of its own, though a trace tells
    it in one row with the reaction that follows.
    """

    def observe(talk: Conversation) -> Iterator[bool]:
        for turn in talk.turns:
            if turn.role == "user" and turn.tags:
                kinds = {"note" if tag in NOTES else tag for tag in turn.tags - {"wrong"}}
                if kinds & REACTIONS:
                    kinds.discard("inquire")
                yield len(kinds - COURTESIES if plain else kinds) > 1

    return observe


def _opening(holds: Callable[[Turn], bool]) -> Callable[[Conversation], Iterator[bool]]:
    def observe(talk: Conversation) -> Iterator[bool]:
        requests = (turn for turn in talk.turns if "request" in turn.tags)
        return (holds(turn) for turn in islice(requests, 1))

    return observe


def _leaves(k: int) -> Callable[[Conversation], Iterator[bool]]:
    """Whether they leave at their k-th recommendation of which they take nothing."""

    def observe(talk: Conversation) -> Iterator[bool]:
        bad = (turn for turn in replies(talk) if "accept" not in turn.tags)
        return ("leave" in turn.tags for turn in islice(bad, k - 1, k))

    return observe


def _leaves_after_good(talk: Conversation) -> Iterator[bool]:
    last = talk.turns[-1] if talk.turns else None
    for turn in replies(talk):
        if "accept" in turn.tags:
            yield "leave" in turn.tags or turn is last


def _questions_borne(talk: Conversation) -> Iterator[int]:
    answered = list(answers(talk))
    if answered and "leave" in answered[-1].tags:
        yield len(answered)


def _words(talk: Conversation) -> Iterator[int]:
    return (len(text.split()) for text in talk.said)


def _liked(talk: Conversation) -> Iterator[int]:
    if talk.liked is not None:
        yield talk.liked


def _stops(k: int) -> Callable[[Conversation], Iterator[bool]]:
    """Whether they leave a session after its k-th round, of sessions that have so many."""

    def observe(talk: Conversation) -> Iterator[bool]:
        reached = (each for each in talk.sessions if each.rounds >= k)
        return (each.left and each.rounds == k for each in reached)

    return observe


def _returns(k: int) -> Callable[[Conversation], Iterator[bool]]:
    """Whether they come back after k days, of those who do."""
    return lambda talk: (each.away == k for each in talk.sessions if each.away)


RECOMMENDER = "what lists hold is up to the recommender, and to how many items a list has"
QUESTIONS = "what is asked is up to the recommender"
LEFT_TO_SAY = "who has said everything that they want has nothing to add"

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("accepts", "takes an item", "replies", _of_replies("accept"), why=RECOMMENDER),
        Measure("seen", "knows an item already", "replies", _of_replies("seen")),
        Measure(
            "rejects",
            "refuses",
            "replies",
            _of_replies("reject"),
            why="a list is refused here whenever nothing of it is taken, and " + RECOMMENDER,
        ),
        Measure("asks_about", "asks about an item", "replies", _of_replies("inquire")),
        Measure(
            "critique_with_rejection",
            "criticises unasked, of those who refuse",
            "replies",
            _of_replies("criticise", among="reject"),
        ),
        Measure(
            "volunteers_with_rejection",
            "says anything unasked, of those who refuse",
            "replies",
            _of_replies("criticise", "want", among="reject"),
        ),
        Measure(
            "volunteers",
            "says anything unasked",
            "replies",
            _of_replies("criticise", "want"),
            why="nothing is volunteered here but with a refusal, and how many lists are refused is "
            "up to the recommender",
        ),
        Measure(
            "several_acts",
            "two or more acts",
            "acts",
            _several(False),
            why="thanks and greetings are words of simulated users, not acts",
        ),
        Measure("several_acts_plain", "the same without courtesies", "acts", _several(True)),
        Measure("answers_yes", "yes", "answers", _of_answers("yes"), why=QUESTIONS),
        Measure("answers_no", "no", "answers", _of_answers("no"), why=QUESTIONS),
        Measure(
            "no_says_more",
            "a no that says more",
            "answers",
            _of_answers("want", among="no"),
            why=LEFT_TO_SAY,
        ),
        Measure(
            "dont_know",
            "does not know",
            "answers",
            _of_answers("unsure"),
            why="who deflects and has nothing left to say is read as one who does not know",
        ),
        Measure("neither", "neither yes nor no", "answers", _of_answers("unsure", "deflect")),
        Measure(
            "answer_errors",
            "yes or no against what they want",
            "answers",
            _of_answers("wrong", among="yes no"),
        ),
        Measure(
            "opens_with_item", "names an item", "opening", _opening(lambda turn: turn.names_item)
        ),
        Measure(
            "opens_with_attribute",
            "names an attribute",
            "opening",
            _opening(lambda turn: turn.names_attribute),
        ),
        Measure(
            "opens_with_neither",
            "names neither",
            "opening",
            _opening(lambda turn: not (turn.names_item or turn.names_attribute)),
        ),
        *(
            Measure(f"leaves_{k}", f"leaves at bad list {k}", "leaving", _leaves(k))
            for k in range(1, 6)
        ),
        Measure(
            "leaves_after_good",
            "leaves after a good one",
            "leaving",
            _leaves_after_good,
            why="a conversation ends here when they have taken what they came for",
        ),
        Measure(
            "questions_borne",
            "questions borne, of those who leave at one",
            "leaving",
            _questions_borne,
            "mean",
            why="conversations end after some 15 turns here, so that nobody is seen to bear more",
        ),
        Measure(
            "liked_items",
            "items of a conversation that are taken or liked",
            "liking",
            _liked,
            "mean",
            why=RECOMMENDER,
        ),
        Measure(
            "liked_none",
            "no item is",
            "liking",
            lambda talk: (n == 0 for n in _liked(talk)),
            why=RECOMMENDER,
        ),
        Measure(
            "shown_liked",
            "a suggested item is liked",
            "liking",
            lambda talk: (rating.liked for rating in talk.ratings),
            why="nobody is asked here about items that they do not take",
        ),
        Measure(
            "shown_new_liked",
            "a suggested item is liked and was not seen before",
            "liking",
            lambda talk: (rating.liked and not rating.seen for rating in talk.ratings),
            why="nobody is asked here about items that they do not take",
        ),
        Measure("words_mean", "words of a turn, mean", "words", _words, "mean"),
        Measure("words_median", "words of a turn, median", "words", _words, "median"),
        Measure(
            "question_marks",
            "turns with a question mark",
            "words",
            lambda talk: ("?" in text for text in talk.said),
            why="collections of people differ more than intervals say (from 42 % in the CRS Arena "
            "to 10 % in LAPS), and what is asked depends on the recommender",
        ),
        Measure(
            "distinct",
            f"distinct among {DISTINCT_OF} masked utterances",
            "words",
            lambda talk: talk.said,
            "distinct",
        ),
        *(
            Measure(
                f"stops_{k}",
                f"leaves the session after round {k}",
                "sessions",
                _stops(k),
                why="collections differ by more than their intervals say, and whom a good "
                "recommender holds longer is up to it",
            )
            for k in range(1, 7)
        ),
        *(
            Measure(
                f"returns_{k}",
                f"comes back after {k} day{'s' * (k > 1)}, of those who do",
                "sessions",
                _returns(k),
                why="the figures are of one service and one law; loyalty, which is up to the "
                "recommender, moves them",
            )
            for k in range(1, 8)
        ),
    )
}
