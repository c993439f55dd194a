"""Acts: the typed moves of both sides. The act is the truth; text and numbers are views of it.

System: `Ask`, `Recommend`, `Reflect`, `Pass`. User: `Request`, `Answer`, `React`, `Inquire`,
`Critique`, `Instruct`, `Edit`, `Courtesy`, `Leave`. A line of a person holds several acts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.errors import IllegalActionError

__all__ = [
    "Answer",
    "Ask",
    "Courtesy",
    "Critique",
    "Edit",
    "Inquire",
    "Instruct",
    "Leave",
    "Level",
    "Moves",
    "Note",
    "Outcome",
    "Pass",
    "React",
    "Recommend",
    "Reflect",
    "Request",
    "SystemAct",
    "UserAct",
    "VERBS",
    "Verb",
    "flat_code",
    "unknown_code",
    "whole_numbers",
]


class Verb(IntEnum):
    """What a move does; the codes of traces, and of the arrays of `Moves`."""

    ASK = 0
    RECOMMEND = 1
    REFLECT = 2
    # Only in traces:
    OPEN = 3  # the user's opening
    IGNORED = 4  # the move of the last turn, where the protocol ignores it
    ILLEGAL = 5  # a move that was penalised
    # Again a move:
    PASS = 6


class Outcome(IntEnum):
    """What came of a move; the codes of the `history` observation (0: nothing yet)."""

    NOTHING = 0
    YES = 1
    NO = -1
    HIT = 2
    MISS = -2
    UNSURE = 3
    ILLEGAL = -3


@dataclass(frozen=True)
class Ask:
    """Ask about attributes, or about a whole facet ("which of these would you like?")."""

    attributes: tuple[int, ...] = ()
    facet: int | None = None


@dataclass(frozen=True)
class Recommend:
    """Show items. Without items: the estimator's best candidates."""

    items: tuple[int, ...] = ()
    because: tuple[int, ...] = ()


@dataclass(frozen=True)
class Reflect:
    """Revise what is believed about the user from the items refused last."""


@dataclass(frozen=True)
class Pass:
    """Do nothing."""


@dataclass(frozen=True)
class Request:
    """The user's opening: the attributes that they name first, and an item to go by.

    `item` is one that they liked, as an example of what they want; what it has is not accepted.
    Without attributes and item they leave it to the recommender: "surprise me".
    """

    attributes: tuple[int, ...]
    facet: int | None = None
    item: int | None = None


@dataclass(frozen=True)
class Answer:
    """The user's answer: yes with the attributes accepted, no, or unsure.

    `also` are attributes that the user says they want although nobody asked: what a cooperative
    user adds to a no, and, beside "unsure", what they say in place of an answer.
    """

    kind: Literal["yes", "no", "unsure"]
    accepted: tuple[int, ...] = ()
    also: tuple[int, ...] = ()


class Level(IntEnum):
    """How far a user went with an item that was shown; each includes those before it."""

    SKIP = 0
    SEEN = 1
    CLICK = 2
    ACCEPT = 3
    LOVE = 4


class Note(IntEnum):
    """What a user says of an item that was shown, beside taking it or not; the codes of traces."""

    SEEN = 1  # they know it already: seen, heard, been there
    LIKED = 2  # the same, and they liked it
    DISLIKED = 3  # the same, and they did not
    UNKNOWN = 4  # they never heard of it
    LATER = 5  # they keep it for another time


@dataclass(frozen=True)
class React:
    """The user's reaction to a list: the item taken, or None for none of them.

    `levels` are (item, `Level`) pairs of what else they did with the list: of further items that
    they take (`Level.ACCEPT`), and of an item that they did more than take. `notes` are
    (item, `Note`) pairs of what they say of items that they do not take now.

    Who walks through a list item by item gives the level of each item that was read, in the order
    of the list; `minutes` are (item, minutes) pairs of what they consumed.
    """

    accepted: int | None = None
    levels: tuple[tuple[int, Level], ...] = ()
    notes: tuple[tuple[int, Note], ...] = ()
    minutes: tuple[tuple[int, float], ...] = ()

    @property
    def taken(self) -> tuple[int, ...]:
        """All items that are taken, the first one first."""
        more = tuple(item for item, level in self.levels if level >= Level.ACCEPT)
        first = () if self.accepted is None else (self.accepted,)
        return (*first, *(item for item in more if item != self.accepted))

    def level(self, item: int) -> Level:
        """How far the user went with an item; what was neither taken nor named was skipped."""
        return dict(self.levels).get(item, Level.ACCEPT if item == self.accepted else Level.SKIP)


@dataclass(frozen=True)
class Inquire:
    """The user asks about an item: what it is, whether it is good, who made it.

    `item` None: the list as a whole, or one that they did not name.
    """

    item: int | None = None
    about: Literal["content", "quality", "maker"] = "content"


@dataclass(frozen=True)
class Critique:
    """What is wrong with what was shown: less of an attribute, or more.

    `item` is the item that is meant; None: the list as a whole.
    """

    attribute: int
    direction: Literal["less", "more"] = "less"
    item: int | None = None


@dataclass(frozen=True)
class Instruct:
    """A directive: want or avoid attributes; whenever the `condition`, or in any case.

    Args:
        directive: "want" or "avoid".
        attributes: what is wanted or avoided.
        condition: attributes that a request must name for it to hold; (): it always holds.
        scope: how long it holds: for the next turn, this session (conversation), or always.
    """

    directive: Literal["want", "avoid"]
    attributes: tuple[int, ...]
    condition: tuple[int, ...] = ()
    scope: Literal["turn", "session", "always"] = "session"


@dataclass(frozen=True)
class Edit:
    """A correction of what the recommender believes: attributes to add, and to take out."""

    add: tuple[int, ...] = ()
    remove: tuple[int, ...] = ()


@dataclass(frozen=True)
class Courtesy:
    """A politeness that asks for nothing and answers nothing; a goodbye is one until they go.

    `days`: of the greeting of somebody who comes back, the days since they were last here.
    """

    kind: Literal["thanks", "greeting", "goodbye", "other"] = "thanks"
    days: int = 0


@dataclass(frozen=True)
class Leave:
    """The user ends the conversation, or the session where there may be another one.

    `for_good`: they say that they will not come back.
    """

    reason: Literal["impatient", "satisfied", "other", "tired", "disappointed"] = "other"
    for_good: bool = False


SystemAct = Ask | Recommend | Reflect | Pass
UserAct = Request | Answer | React | Inquire | Critique | Instruct | Edit | Courtesy | Leave


# ---- arrays of acts ------------------------------------------------------------------------------

# The verbs of the CPR environments, in the order of their "verb" view.
VERBS = (Verb.ASK, Verb.RECOMMEND, Verb.REFLECT)


class Moves(NamedTuple):
    """The system's acts of B conversations, as arrays: what agents give and batches take.

    The views of actions are made from it and turned into it. In the "flat" view 0..n_askables-1 ask
    and the numbers behind them are the other verbs of the family, in their order; in the "verb"
    view a number is the place of a verb; the "slate" view is a dictionary of arrays.

    Attributes:
        verb: int8 (B,), codes of `Verb`.
        about: int64 (B,), the attribute (or facet) that is asked about, -1: the best. Looked at in
            rows that ask.
        items: int32 (B, top_k), the items of rows that recommend, padded with -1; a row of -1
            alone, and None, show the estimator's best candidates.
        because: int32 (B, aspects), the attributes that are given as reasons for a list, padded
            with -1, or None: no reasons.
        flat: int64 (B,), the same as actions of the "flat" view, or None. Environments set it on
            moves that nobody changes any more, so that they need not be turned back.
    """

    verb: NDArray[np.int8]
    about: NDArray[np.int64]
    items: NDArray[np.int32] | None = None
    because: NDArray[np.int32] | None = None
    flat: NDArray[np.int64] | None = None

    # ---- made by agents ------------------------------------------------------------------------

    @classmethod
    def all_of(
        cls,
        verb: Verb,
        size: int,
        items: NDArray[np.int32] | None = None,
        because: NDArray[np.int32] | None = None,
    ) -> Moves:
        """The same verb in every row; questions are about the best."""
        return cls(
            np.full(size, verb, dtype=np.int8), np.full(size, -1, dtype=np.int64), items, because
        )

    @classmethod
    def recommend_or_ask(
        cls,
        recommend: NDArray[np.bool_],
        about: NDArray[np.int64],
        items: NDArray[np.int32] | None = None,
        because: NDArray[np.int32] | None = None,
    ) -> Moves:
        """Recommend in some rows (bool (B,)), ask `about` (int64 (B,)) in the others."""
        verb = np.where(recommend, Verb.RECOMMEND, Verb.ASK).astype(np.int8)
        return cls(verb, about, items, because)

    @classmethod
    def of(cls, acts: Sequence[SystemAct], top_k: int, aspects: int = 0) -> Moves:
        """Typed acts, one a row. A question about several attributes is asked by its first.

        Raises:
            IllegalActionError: more items or reasons than there is room for.
        """
        verb = np.array([_VERB_OF[type(act)] for act in acts], dtype=np.int8)
        about = np.array([_about(act) for act in acts], dtype=np.int64)
        lists = [act if isinstance(act, Recommend) else Recommend() for act in acts]
        because = _rows([act.because for act in lists], aspects, "reasons") if aspects else None
        return cls(verb, about, _rows([act.items for act in lists], top_k, "items"), because)

    # ---- the views -----------------------------------------------------------------------------

    @classmethod
    def from_flat(
        cls,
        codes: ArrayLike,
        n_askables: int,
        items: NDArray[np.int32] | None = None,
        because: NDArray[np.int32] | None = None,
        *,
        verbs: tuple[Verb, ...] = VERBS,
        reasons: int = 0,
        least: int = -1,
    ) -> Moves:
        """Actions of the "flat" view, whole numbers (B,); -1 asks the best.

        Args:
            n_askables: how many actions ask.
            items, because: what recommendations show, see `Moves`.
            verbs: those of the family.
            reasons: how many actions behind the verbs recommend because of one attribute each.
            least: the least number that is an action: 0 where the best cannot be asked so.

        Raises:
            IllegalActionError: not whole numbers, or a number that is no action.
        """
        given = whole_numbers("actions", codes)
        others = _other_verbs(verbs)
        end = n_askables + len(others) - 1
        last = end + reasons - 1
        if len(given) and (given.min() < least or given.max() > last):
            row = int(np.flatnonzero((given < least) | (given > last))[0])
            raise IllegalActionError(
                f"action {given[row]} of row {row} {unknown_code(n_askables, verbs, reasons)}"
            )
        given = given.astype(np.int64, copy=False)
        if reasons:
            reasoned = given >= end
            named = np.where(reasoned, given - end, -1).astype(np.int32)[:, None]
            because = named if because is None else np.where(reasoned[:, None], named, because)
            given = np.where(reasoned, flat_code(Verb.RECOMMEND, -1, n_askables, verbs), given)
        places = np.maximum(given - (n_askables - 1), 0)
        return cls(others.take(places), np.where(places, -1, given), items, because)

    def to_flat(
        self, n_askables: int, verbs: tuple[Verb, ...] = VERBS, reasons: int = 0
    ) -> NDArray[np.int64]:
        """As actions of the "flat" view, int64 (B,); -1 where the best is asked.

        Args:
            reasons: as in `from_flat`; lists without items that have a reason are told by it.

        Raises:
            IllegalActionError: a verb that the family does not have.
        """
        if self.flat is not None:
            return self.flat
        verb = np.asarray(self.verb)
        if verb.dtype != np.int8:
            verb = np.clip(verb, -1, 127).astype(np.int8)
        places = _places(verbs)[verb]
        if len(places) and places.min() < 0:
            row = int(np.argmin(places))
            raise IllegalActionError(
                f"row {row} has the verb {int(verb[row])}; the verbs here are {_listed(verbs)}."
            )
        codes: NDArray[np.int64] = np.where(places, places + (n_askables - 1), self.about)
        if reasons and self.because is not None:
            named = (verb == Verb.RECOMMEND) & (self.because[:, 0] >= 0)
            if self.items is not None:
                named &= (np.asarray(self.items) < 0).all(axis=1)
            end = n_askables + len(_other_verbs(verbs)) - 1
            codes = np.where(named, end + self.because[:, 0], codes)
        return codes

    @classmethod
    def from_verbs(cls, codes: ArrayLike, verbs: tuple[Verb, ...] = VERBS) -> Moves:
        """Actions of the "verb" view, whole numbers (B,): ask the best, recommend the best.

        Raises:
            IllegalActionError: not whole numbers, or a number that is no verb.
        """
        places = whole_numbers("verbs", codes)
        if len(places) and (places.min() < 0 or places.max() >= len(verbs)):
            raise IllegalActionError(f"a verb is not {_listed(verbs)}.")
        return cls(np.array(verbs, dtype=np.int8)[places], np.full(len(places), -1))

    def to_verbs(self, verbs: tuple[Verb, ...] = VERBS) -> NDArray[np.int64]:
        """As actions of the "verb" view, int64 (B,); what is asked or shown is left out."""
        places: NDArray[np.int64] = np.argmax(self.verb[:, None] == np.array(verbs), axis=1)
        return places

    def to_slates(
        self, top_k: int, aspects: int = 0, verbs: tuple[Verb, ...] = VERBS
    ) -> dict[str, NDArray[Any]]:
        """As actions of the "slate" view: verb (B,), attribute (B,), items (B, top_k), because.

        `because`, (B, aspects), is there where lists may be justified. Row b of each array is the
        action of one conversation. An ask of the best has no attribute, so 0 stands there.
        """
        size = len(self.verb)
        shows = (self.verb == Verb.RECOMMEND)[:, None]

        def lists(given: NDArray[np.int32] | None, width: int) -> NDArray[np.int32]:
            none = np.full((size, width), -1, dtype=np.int32)
            return none if given is None else np.where(shows, given, none)

        action: dict[str, NDArray[Any]] = {
            "verb": self.to_verbs(verbs),
            "attribute": np.where(self.verb == Verb.ASK, np.maximum(self.about, 0), 0),
            "items": lists(self.items, top_k),
        }
        return action | ({"because": lists(self.because, aspects)} if aspects else {})

    # ---- one row -------------------------------------------------------------------------------

    def act(self, row: int, *, facets: bool = False) -> SystemAct:
        """The typed act of a row. `Ask()` and `Recommend()` leave the choice to the environment.

        Args:
            facets: whether questions are about facets, as in `question="facet"`.
        """
        verb, about = Verb(int(self.verb[row])), int(self.about[row])
        if verb == Verb.ASK:
            if about < 0:
                return Ask()
            return Ask(facet=about) if facets else Ask((about,))
        if verb == Verb.RECOMMEND:
            lists = (() if given is None else given[row] for given in (self.items, self.because))
            return Recommend(*(tuple(int(i) for i in ids if i >= 0) for ids in lists))
        return Pass() if verb == Verb.PASS else Reflect()


def flat_code(verb: int, about: int, n_askables: int, verbs: tuple[Verb, ...] = VERBS) -> int:
    """One act as an action of the "flat" view; see `Moves.to_flat`."""
    return about if verb == Verb.ASK else n_askables - 1 + int(_places(verbs)[verb])


def whole_numbers(what: str, given: ArrayLike) -> NDArray[Any]:
    """Whole numbers of one dimension; raises `IllegalActionError` for anything else."""
    try:
        numbers = np.asarray(given)
    except ValueError:  # lists of different lengths in a list
        numbers = np.empty(0, dtype=object)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        raise IllegalActionError(
            f"{what} have shape {numbers.shape} and dtype {numbers.dtype}; whole numbers are "
            "needed, one for each row."
        )
    return numbers


_VERB_OF = {
    Ask: Verb.ASK,
    Recommend: Verb.RECOMMEND,
    Reflect: Verb.REFLECT,
    Pass: Verb.PASS,
}


def _about(act: SystemAct) -> int:
    if not isinstance(act, Ask):
        return -1
    return act.facet if act.facet is not None else next(iter(act.attributes), -1)


def _rows(lists: Sequence[tuple[int, ...]], width: int, what: str) -> NDArray[np.int32]:
    rows = np.full((len(lists), width), -1, dtype=np.int32)
    for row, ids in zip(rows, lists, strict=True):
        if len(ids) > width:
            raise IllegalActionError(f"{len(ids)} {what} were given; there is room for {width}.")
        row[: len(ids)] = ids
    return rows


@cache
def _other_verbs(verbs: tuple[Verb, ...]) -> NDArray[np.int8]:
    """Asking, then the verbs of the "flat" view behind the askables."""
    return np.array([Verb.ASK, *(verb for verb in verbs if verb != Verb.ASK)], dtype=np.int8)


@cache
def _places(verbs: tuple[Verb, ...]) -> NDArray[np.int64]:
    """The place of each verb in `_other_verbs`, -1 for those that the family does not have.

    There is an entry for every int8, negative ones counted from the end.
    """
    places = np.full(256, -1)
    places[_other_verbs(verbs)] = np.arange(len(_other_verbs(verbs)))
    if Verb.ASK not in verbs:
        places[Verb.ASK] = -1
    return places


def _listed(verbs: tuple[Verb, ...]) -> str:
    named = [f"{place} ({verb.name.lower()})" for place, verb in enumerate(verbs)]
    return ", ".join(named[:-1]) + f" or {named[-1]}" if len(named) > 1 else named[0]


def unknown_code(n_askables: int, verbs: tuple[Verb, ...], reasons: int = 0) -> str:
    """What is said of a flat action that does not exist, and which do."""
    others = [Verb(code) for code in _other_verbs(verbs)[1:]]
    codes = [f"ask 0 to {n_askables - 1}"] if n_askables else []
    codes += [f"{verb.name.lower()} {n_askables + k}" for k, verb in enumerate(others)]
    end = n_askables + len(others)
    if reasons:
        codes.append(f"recommend because of an attribute {end} to {end + reasons - 1}")
    return f"does not exist; actions are 0 to {end + reasons - 1}: {', '.join(codes)}."
