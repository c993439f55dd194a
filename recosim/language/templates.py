"""`Templates`: acts to text, in a style, by a key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from recosim.acts import SystemAct, UserAct
from recosim.errors import OptionError, unknown
from recosim.language.context import Context
from recosim.language.forms import SLOT, SLOTS, Slots, write_system, write_user
from recosim.language.labels import Labels
from recosim.language.patterns import read_system_exactly, read_user_exactly
from recosim.language.phrases import PHRASES, STYLES
from recosim.world.world import World

__all__ = ["Templates"]

_MASK = (1 << 64) - 1


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

    def user(
        self, act: UserAct, context: Context | None = None, *, key: int = 0, style: str = "plain"
    ) -> str:
        """What a user says.

        Args:
            context: what is answered; the opening by default.
            key: chooses the paraphrase: the same key, the same words. Any int; where a conversation
                should not repeat itself, hash (seed, conversation, turn) into it.
            style: "plain", "terse" or "chatty".

        Raises:
            OptionError: an act that cannot be said in this context, or names what does not exist.
            UnknownNameError: not a style.
        """
        context = context or Context()
        try:
            cases, slots = write_user(act, context, self._facet_of)
            phrases = _choose("user", cases, slots, key, style)
            text = self._fill(phrases, slots, style)
            plain = self._fill(phrases, slots, style, plainly=True)
        except IndexError as problem:
            raise OptionError(f"{act} cannot be worded in {context}: {problem}.") from None
        if plain == text:
            return text
        marked = self._labels.mark(plain)
        back = read_user_exactly(marked, context, self._labels, self._facet_of)
        return plain if back == act else text

    def system(self, act: SystemAct, *, key: int = 0, style: str = "plain") -> str:
        """What a recommender says.

        Args:
            key, style: see `user`.

        Raises:
            OptionError: an act that names what does not exist in this world.
            UnknownNameError: not a style.
        """
        cases, slots = write_system(act)
        phrases = _choose("system", cases, slots, key, style)
        try:
            text = self._fill(phrases, slots, style)
            plain = self._fill(phrases, slots, style, plainly=True)
        except IndexError as problem:
            raise OptionError(f"{act} cannot be worded: {problem}.") from None
        if plain == text:
            return text
        back = read_system_exactly(self._labels.mark(plain), self._labels)
        return plain if back == act else text

    def _fill(self, phrases: Sequence[str], slots: Slots, style: str, plainly: bool = False) -> str:
        """The phrases in a row, with names in their slots."""

        def named(slot: re.Match[str]) -> str:
            kind, ids = SLOTS[slot[1]], slots[slot[1]]
            if not kind:
                return str(ids[0])
            return self._labels.say_all(kind, ids, slot[2] or "and", plainly)

        text = " ".join(SLOT.sub(named, phrase) for phrase in phrases)
        return text if style == "terse" else text[0].upper() + text[1:]


def _choose(side: str, cases: Sequence[str], slots: Slots, key: int, style: str) -> list[str]:
    """One phrase for each case, of those whose slots all have something to say."""
    if style not in STYLES:
        raise unknown("style", style, STYLES)
    chosen = []
    for place, case in enumerate(cases):
        phrases = [
            phrase
            for phrase in PHRASES[side][case][style]
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
