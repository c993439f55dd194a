"""`Templates`: acts to text, in a style, by a key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from recosim.acts import SystemAct, UserAct
from recosim.errors import OptionError, unknown
from recosim.language.context import Context
from recosim.language.forms import SLOT, SLOTS, Cases, Slots, user_forms, write_part, write_system
from recosim.language.human import can_compose, compose, domain_of
from recosim.language.human_system import compose_system
from recosim.language.labels import Labels
from recosim.language.patterns import (
    phrases_of,
    read_act_exactly,
    read_system_exactly,
    read_user_exactly,
)
from recosim.language.phrases import STYLES
from recosim.language.turns import as_heard, check_turn, parts_of
from recosim.world.world import World

__all__ = ["Templates"]

_MASK = (1 << 64) - 1
_ABOUT = (
    "{name}: {has}.", "About {name}: {has}.", "What I know of {name}: {has}.",
    "{name}, in a few words: {has}.",
)  # fmt: skip
_FAR = 7919  # between the keys of the wordings that are tried, so that none is tried twice
_SAFELY, _PLAINLY, _FULLY = "safely", "plainly", "fully"  # how names are said
_ATTEMPTS = 8  # wordings that are tried until one is read as it is meant


class Templates:
    """Words acts with the names of a world, so that `Parser` gets the same act back, exactly.

    Names are bare where that holds without an id: a line with a name that has words of the phrases
    in it is read back before it is said, and says ids where it would be read as something else.

    Args:
        world: whose items, attributes and facets are named.
    """

    def __init__(self, world: World) -> None:
        self._labels = Labels.of(world)
        self._facet_of = world.attribute_facet
        self._domain = domain_of(world)
        self._names, self._texts = world.attribute_names, world.item_texts
        self._attributes = world.item_attributes

    def user(
        self, act: UserAct, context: Context | None = None, *, key: int = 0, style: str = "plain"
    ) -> str:
        """What a user says.

        Args:
            context: what is answered; the opening by default.
            key: chooses the paraphrase: the same key, the same words. Any int; where a conversation
                should not repeat itself, hash (seed, conversation, turn) into it.
            style: "plain", "terse", "chatty" or "human".

        Raises:
            OptionError: an act that cannot be said in this context, or names what does not exist.
            UnknownNameError: not a style.
        """
        return self.turn((act,), context, key=key, style=style)

    def turn(
        self,
        acts: Sequence[UserAct],
        context: Context | None = None,
        *,
        key: int = 0,
        style: str = "plain",
    ) -> str:
        """What a user says who does several things at once, in their order, in one line.

        `Parser.parse_turn` gets the same acts back. What words do not tell is how far a user went
        with items that they left (`React.levels` below `Level.ACCEPT`).

        Args:
            acts: one or more; a reaction, an answer and a request at most.
            context, key, style: see `user`.

        Raises:
            OptionError, UnknownNameError: see `user`; or acts that are never said in one line.
        """
        if style not in STYLES:
            raise unknown("style", style, STYLES)
        context, acts = context or Context(), tuple(acts)
        check_turn(acts)
        try:
            pieces = [
                [write_part(part, context, self._facet_of) for part in parts_of(act, context)]
                for act in acts
            ]
            heard = tuple(as_heard(act, context) for act in acts)
            if style == "human":
                return self._composed(pieces, heard, context, key)
            return self._in_a_row(pieces, heard, context, key, style)
        except IndexError as problem:
            said = acts[0] if len(acts) == 1 else acts
            raise OptionError(f"{said} cannot be worded in {context}: {problem}.") from None

    def _composed(
        self,
        pieces: Sequence[Sequence[tuple[Cases, Slots]]],
        heard: tuple[UserAct, ...],
        context: Context,
        key: int,
    ) -> str:
        """In the style "human"; in ids, or another wording, where names are read as words."""
        flat = [piece for act in pieces for piece in act]
        if not all(can_compose(cases) for cases, _ in flat):
            return self._in_a_row(pieces, heard, context, key, "plain")
        for attempt in range(_ATTEMPTS):
            fully = attempt % 2 == 1
            luck = _mix(key, attempt // 2)
            text = compose(flat, context, self._labels, self._domain, luck, fully=fully)
            if self._read(text, context) == heard:
                return text
        return self._in_a_row(pieces, heard, context, key, "plain")

    def _in_a_row(
        self,
        pieces: Sequence[Sequence[tuple[Cases, Slots]]],
        heard: tuple[UserAct, ...],
        context: Context,
        key: int,
        style: str,
    ) -> str:
        """Phrases of each part, one after the other; names with ids where they are needed."""
        flat = [
            (piece, key + k + place * len(pieces))
            for k, act in enumerate(pieces)
            for place, piece in enumerate(act)
        ]
        for attempt in range(_ATTEMPTS):
            chosen = [
                (_choose("user", cases, slots, luck + attempt * _FAR, style), slots)
                for (cases, slots), luck in flat
            ]
            bare = [self._fill(phrases, slots, style, _SAFELY) for phrases, slots in chosen]
            plain = [self._fill(phrases, slots, style, _PLAINLY) for phrases, slots in chosen]
            if len(flat) == 1 and flat[0][0][0] in user_forms(context):
                return plain[0] if self._holds(plain[0], bare[0], heard, context) else bare[0]
            each = bare
            if len(flat) == len(heard):
                each = [
                    said if self._holds(said, safe, (act,), context) else safe
                    for said, safe, act in zip(plain, bare, heard, strict=True)
                ]
            fully = [self._fill(phrases, slots, style, _FULLY) for phrases, slots in chosen]
            for parts in (each, plain, bare, fully):
                text = " ".join(parts)
                if self._read(text, context) == heard:
                    return text
        raise OptionError(f"{heard} cannot be worded in {context} so that it is read as meant.")

    def _holds(self, plain: str, bare: str, heard: tuple[UserAct, ...], context: Context) -> bool:
        """Whether a line can be said without the ids that another wording of it has."""
        if plain == bare:
            return True
        marked = self._labels.mark(plain)
        return read_act_exactly(marked, context, self._labels, self._facet_of) == heard

    def _read(self, text: str, context: Context) -> tuple[UserAct, ...] | None:
        return read_user_exactly(self._labels.mark(text), context, self._labels, self._facet_of)

    def system(self, act: SystemAct, *, key: int = 0, style: str = "plain") -> str:
        """What a recommender says.

        Args:
            key, style: see `user`.

        Raises:
            OptionError: an act that names what does not exist in this world.
            UnknownNameError: not a style.
        """
        if style not in STYLES:
            raise unknown("style", style, STYLES)
        cases, slots = write_system(act)
        try:
            if style == "human":
                for attempt in range(_ATTEMPTS):
                    luck, fully = _mix(key, attempt // 2), attempt % 2 == 1
                    text = compose_system(cases, slots, self._labels, luck, fully=fully)
                    if read_system_exactly(self._labels.mark(text), self._labels) == act:
                        return text
                style = "plain"
            phrases = _choose("system", cases, slots, key, style)
            text = self._fill(phrases, slots, style, _SAFELY)
            plain = self._fill(phrases, slots, style, _PLAINLY)
        except IndexError as problem:
            raise OptionError(f"{act} cannot be worded: {problem}.") from None
        if plain == text:
            return text
        back = read_system_exactly(self._labels.mark(plain), self._labels)
        return plain if back == act else text

    def about(self, item: int, *, key: int = 0) -> str:
        """What a recommender says of an item that was asked about: all that the world knows of it.

        Its attributes, and its text where it has one: "Blue Lake: indie, nineties. Recorded live."

        Args:
            key: see `user`.

        Raises:
            OptionError: there is no such item.
        """
        try:
            name = self._labels.say("i", item, plainly=True)
        except IndexError as problem:
            raise OptionError(f"nothing can be said: {problem}.") from None
        has = [str(self._names[a]) for a in self._attributes.row(item).tolist()]
        text = " ".join(str(self._texts[item]).split())
        if not has and not text:
            return f"I know nothing more about {name}."
        frames = _ABOUT if has else ("{name}.",)
        told = frames[_mix(key, 0) % len(frames)].format(name=name, has=", ".join(has))
        return f"{told} {text}".rstrip()

    def _fill(self, phrases: Sequence[str], slots: Slots, style: str, how: str) -> str:
        """The phrases in a row, with names in their slots."""

        def named(slot: re.Match[str]) -> str:
            kind, ids = SLOTS[slot[1]], slots[slot[1]]
            if not kind:
                return str(ids[0])
            last = slot[2] or "and"
            if how == _FULLY:
                return self._labels.say_all_fully(kind, ids, last)
            return self._labels.say_all(kind, ids, last, plainly=how == _PLAINLY)

        text = " ".join(SLOT.sub(named, phrase) for phrase in phrases)
        return text if style == "terse" else text[0].upper() + text[1:]


def _choose(side: str, cases: Sequence[str], slots: Slots, key: int, style: str) -> list[str]:
    """One phrase for each case, of those whose slots all have something to say."""
    chosen = []
    for place, case in enumerate(cases):
        phrases = [
            phrase
            for phrase in phrases_of(side, case, style)
            if all(name in slots for name, _ in SLOT.findall(phrase))
        ]
        chosen.append(phrases[_mix(key, place) % len(phrases)])
    return chosen


@lru_cache(maxsize=4096)
def _mix(key: int, place: int) -> int:
    """64 bits of a key and a place (SplitMix64's finaliser), so that neighbouring keys differ."""
    x = (key * 0x9E3779B97F4A7C15 + (place + 1) * 0xD1B54A32D192ED03) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)
