"""`Templates`: acts to text, in a style, by a key."""

from __future__ import annotations

import re
from functools import lru_cache

from recosim.acts import SystemAct, UserAct
from recosim.errors import OptionError, unknown
from recosim.language.context import Context
from recosim.language.forms import SLOTS, Slots, write_system, write_user
from recosim.language.labels import Labels
from recosim.language.phrases import PHRASES, STYLES
from recosim.world.world import World

__all__ = ["Templates"]

SLOT = re.compile(r"\{(\w+)(?::(or))?\}")
_MASK = (1 << 64) - 1


class Templates:
    """Words acts with the names of a world, so that `Parser` gets the same act back, exactly.

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
        cases, slots = write_user(act, context, self._facet_of)
        return self._say("user", cases, slots, key, style, act)

    def system(self, act: SystemAct, *, key: int = 0, style: str = "plain") -> str:
        """What a recommender says.

        Args:
            key, style: see `user`.

        Raises:
            OptionError: an act that names what does not exist in this world.
            UnknownNameError: not a style.
        """
        cases, slots = write_system(act)
        return self._say("system", cases, slots, key, style, act)

    def _say(
        self, side: str, cases: tuple[str, ...], slots: Slots, key: int, style: str, act: object
    ) -> str:
        if style not in STYLES:
            raise unknown("style", style, STYLES)
        said = []
        for place, case in enumerate(cases):
            phrases = [
                phrase
                for phrase in PHRASES[side][case][style]
                if all(name in slots for name, _ in SLOT.findall(phrase))
            ]
            phrase = phrases[_mix(key, place) % len(phrases)]
            try:
                said.append(SLOT.sub(lambda slot: self._fill(slot, slots), phrase))
            except IndexError as problem:
                raise OptionError(f"{act} cannot be worded: {problem}.") from None
        text = " ".join(said)
        return text[0].upper() + text[1:] if text[0] != '"' and style != "terse" else text

    def _fill(self, slot: re.Match[str], slots: Slots) -> str:
        name, ids = slot[1], slots[slot[1]]
        if not SLOTS[name]:
            return str(ids[0])
        return self._labels.say_all(SLOTS[name], ids, slot[2] or "and")


@lru_cache(maxsize=4096)
def _mix(key: int, place: int) -> int:
    """64 bits of a key and a place (SplitMix64's finaliser), so that neighbouring keys differ."""
    x = (key * 0x9E3779B97F4A7C15 + (place + 1) * 0xD1B54A32D192ED03) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)
