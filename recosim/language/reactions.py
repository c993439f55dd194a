"""What a line says of the items that were shown: taken, seen, liked, refused, asked about.

A clause says one thing of the items that it names or points at. What it only points at ("it",
"both") is what was named before it, else what was shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from recosim.acts import Inquire, Level, Note, React
from recosim.language.stances import ASKING, PLURAL, SINGULAR, Said

__all__ = ["Reading", "read_reactions"]

_NOTES = {
    "seen": Note.SEEN, "liked": Note.LIKED, "disliked": Note.DISLIKED, "unknown": Note.UNKNOWN,
    "later": Note.LATER,
}  # fmt: skip
_ALL = re.compile(
    r"(?:yes |yeah |ok |oh |sure |maybe |ill take )*"
    r"(?:both|all|(?:all|both) of (?:them|those|these)|them all|all (?:two|three|four|five|ten)|"
    r"everything)(?: please| thanks)?"
)
_COMMITS = re.compile(r"\b(?:ill|will|lets|gonna|going to|well|have to)\b")
_FINDS_GOOD = re.compile(r"\b(?:sound|look|seem)(?:s|ed)?\b|\b(?:is|are|be|its|thats)\b")
_REST = re.compile(r"\b(?:the|those) (?:other|others|rest)\b")
# Another one of a series than the one that was shown.
_ANOTHER = re.compile(
    r"\b(?:the|an?|its|his) (?:first|second|third|older|newer|original|other|old|new|remake|"
    r"prequel|books?|previous|last)\b|\b(?:sequels?|remakes?)\b"
)
_ORDINARY = frozenset((
    "and", "or", "the", "both", "also", "so", "oh", "well", "as", "for", "yes", "of", "please",
    "ones", "one", "?", "hm", "hmm", "um", "uh", "er", "ah", "ok", "okay", "then",
))  # fmt: skip
_KNOWN = (Note.SEEN, Note.LIKED, Note.DISLIKED)
# A note that says more stands in place of one that says less.
_RANK = {Note.UNKNOWN: 0, Note.SEEN: 1, Note.LATER: 2, Note.DISLIKED: 3, Note.LIKED: 3}


@dataclass
class Reading:
    """What the clauses say of the items that were shown.

    Attributes:
        taken: items that are taken, with the place of the clause that says so.
        notes: what is said of items that are not.
        asks: questions about items, with their place.
        weak: of those taken, those that were merely found good; who knows one does not take it.
        refused: whether all is refused, or others are asked for; at which place, -1 if not.
        agreed: whether a bare yes was said. praised: whether the choice was.
        lost: whether something was said of an item, and it cannot be told of which.
        explained: places of the clauses that speak of items: what they name is no wish.
    """

    taken: dict[int, int] = field(default_factory=dict)
    notes: dict[int, Note] = field(default_factory=dict)
    asks: dict[Inquire, int] = field(default_factory=dict)
    refused: int = -1
    agreed: bool = False
    praised: bool = False
    weak: set[int] = field(default_factory=set)
    lost: bool = False
    first_note: int = -1
    explained: set[int] = field(default_factory=set)

    def react(self) -> React | None:
        """The reaction, where an item is taken or something is said of one."""
        if not self.taken and not self.notes:
            return None
        first, *more = self.taken or (None,)
        return React(
            first,
            tuple((item, Level.ACCEPT) for item in more if item is not None),
            tuple(self.notes.items()),
        )


def read_reactions(heard: Sequence[Said], shown: Sequence[int]) -> Reading:
    """What a line says of the items of a list.

    Args:
        shown: the list, in its order.
    """
    reading = Reading()
    focus: tuple[int, ...] = ()  # what was spoken of last
    elsewhere = False  # ... was no item of the list
    carried: tuple[int, ...] = ()  # names of a list of names whose verb comes later
    last = ""
    spoken_of: set[int] = set()
    for place, said in enumerate(heard):
        spoken_of.update(said.items)
        named = tuple(dict.fromkeys((*carried, *said.items)))
        carried = ()
        stance = said.stance
        if stance == "yes" and named and not said.items:
            stance = "take"  # "number 6, please"
        if not stance and not named and _ALL.fullmatch(said.words):
            stance = "take"
        if not stance and named and _bare(said):
            goes_on = place + 1 < len(heard) and (
                heard[place + 1].clause.sentence == said.clause.sentence
            )
            if goes_on and not (last and last != "yes"):
                carried = named
                focus, elsewhere = named, False
                continue
            # "the second", "Blue Lake": a bare name takes it, after a stance it is one more of them
            stance = last if last in _NOTES else "take"
            if place + 1 < len(heard) and heard[place + 1].stance not in ("", "yes", "more", "no"):
                focus, elsewhere = named, False
                continue
        if not stance:
            if named:
                focus, elsewhere = named, False
            elif said.others:
                elsewhere = True
            continue
        if (
            stance in ("take", "liked", "seen", "unknown", "disliked", "refuse", "later")
            and (said.clause.asks and stance != "unknown")
            and not _offers(said.words)
        ):
            continue  # a questioned yes is none
        rest = tuple(item for item in shown if item not in spoken_of)
        if _REST.search(said.words) and len(rest) < len(shown):
            named = named or rest
        about = _about(said, named, shown, focus, elsewhere, stance)
        if stance == "take" and said.others and not named and _COMMITS.search(said.words):
            about = said.others  # one that was shown before
        if about is None:
            elsewhere = bool(said.others) or elsewhere
            if stance in ASKING and not said.others and not said.attributes:
                _ask(reading, said, None, stance, place)
            continue
        if stance in ("yes", "no", "more", "praise"):
            _reply(reading, stance, place, last)
            last = stance
            elsewhere = False
            continue
        if stance in ASKING:
            _ask(reading, said, about[0] if len(about) == 1 else None, stance, place)
        elif stance == "hearsay":
            reading.agreed = reading.agreed or not said.clause.asks
        elif stance == "refuse":
            _refuse(reading, about, shown, place, bool(named))
        elif not about:
            reading.lost = True
        elif stance == "take":
            _take(reading, about, place, _FINDS_GOOD.search(said.words) is not None)
        else:
            _note(reading, about, _NOTES[stance], place)
        reading.explained.add(place)
        if about:
            focus, elsewhere = about, False
        last = stance
    if (
        reading.praised
        and reading.refused < 0
        and not reading.taken
        and (set(reading.notes.values()) == {Note.UNKNOWN})
    ):  # "never seen them, great choices!"
        _take(reading, tuple(reading.notes), reading.first_note, False)
    for item in reading.taken:
        reading.notes.pop(item, None)
    return reading


def _take(reading: Reading, about: tuple[int, ...], place: int, weakly: bool) -> None:
    for item in about:
        if weakly and reading.notes.get(item) in _KNOWN:
            continue
        reading.taken.setdefault(item, place)
        reading.notes.pop(item, None)
        if weakly:
            reading.weak.add(item)


def _bare(said: Said) -> bool:
    """Whether a clause names items and says nothing of them."""
    return all(word in ("X", "Z") or word in _ORDINARY for word in said.words.split())


def _offers(words: str) -> bool:
    """Whether a question proposes to take something: "shall we go with that?"."""
    return (
        re.match(r"(?:can|could|shall|may|should) (?:i|we) |(?:how|what) about X|why not", words)
        is not None
    )


def _about(
    said: Said,
    named: tuple[int, ...],
    shown: Sequence[int],
    focus: tuple[int, ...],
    elsewhere: bool,
    stance: str,
) -> tuple[int, ...] | None:
    """The items that a clause is about.

    Returns:
        () where it cannot be told which, None where it is about no item of the list.
    """
    if named:
        return named
    if stance in ("yes", "no", "more", "praise"):
        return tuple(shown)
    plural = PLURAL.search(said.words.replace("A movies", "A").replace("A films", "A"))
    singular = SINGULAR.search(said.words)
    if said.others and not (singular and singular.start() < said.words.index("Z")):
        return None
    if said.attributes and not singular and not plural:
        return None
    if _ANOTHER.search(said.words) and stance not in ASKING:
        return None
    if elsewhere and not plural:
        return None
    if plural:
        both = plural[0] == "both" and len(shown) > 2
        return focus if len(focus) > 1 else () if both else tuple(shown)
    if focus:
        return focus
    return tuple(shown) if len(shown) == 1 else ()


def _reply(reading: Reading, stance: str, place: int, last: str) -> None:
    if stance in ("yes", "praise"):
        reading.agreed = reading.agreed or reading.refused < 0
        reading.praised = reading.praised or stance == "praise"
    elif not reading.taken or stance == "more":
        reading.refused = place if reading.refused < 0 else reading.refused
        if stance == "no":
            reading.agreed = False


def _refuse(
    reading: Reading, about: tuple[int, ...], shown: Sequence[int], place: int, by_name: bool
) -> None:
    """Refused is what is named; a later refusal of what was taken takes it back."""
    for item in about or ():
        if by_name or len(about) == 1:
            reading.taken.pop(item, None)
    reading.agreed = False
    reading.refused = place if reading.refused < 0 else reading.refused


def _note(reading: Reading, about: tuple[int, ...], note: Note, place: int) -> None:
    if reading.first_note < 0:
        reading.first_note = place
    for item in about:
        if note is Note.DISLIKED or (item in reading.weak and note in _KNOWN):
            reading.taken.pop(item, None)
        if item in reading.taken:
            continue
        if _RANK[note] >= _RANK.get(reading.notes.get(item, Note.UNKNOWN), 0):
            reading.notes[item] = note


def _ask(reading: Reading, said: Said, item: int | None, stance: str, place: int) -> None:
    about = stance if stance in ("maker", "quality") else "content"
    reading.asks.setdefault(Inquire(item, about), place)  # type: ignore[arg-type]
    reading.explained.add(place)
