"""Counter-based randomness: a number is a function of (seed, conversation, turn, purpose).

Nothing is drawn from a stream, so conversations do not depend on the order, the batch or the
process they run in, and two agents that meet the same user meet the same luck (common random
numbers).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.kernels.compiling import kernel

__all__ = ["PURPOSES", "draw", "draw_index", "draw_unit", "draw_units"]

USER = 1
ITEM = 2
OPENING = 3
UNSURE = 4
NOISE = 5
FLIP = 6
AGENT = 7
INFORM = 8
ALSO = 9
EXAMINE = 10
CHOOSE = 11
CRITIC = 12
LEAVE = 13
TELL = 14  # which words a recommender uses; its count is that of moves, not of turns
SAY = 15  # and which ones a user does
TARGET = 16  # 16, 17, ...: one for each further target, up to 30
DRIFT = 32
WISH = 33
SEEN = 34
SEEN_ITEM = 35  # which of a list
INQUIRE = 36
INQUIRE_ITEM = 37
UNASKED_LESS = 38
UNASKED_MORE = 39
BAD_LIST = 40
DEFLECT = 41
SEVERAL = 42  # how many further attributes a request names
FURTHER = 43  # 43, 44: one for each of them
# Of lives (docs/recoworld.md):
MOOD = 45
STAY = 46
CLICK = 47
VOICE = 48
FOR_GOOD = 49
COMPANION = 50  # whether what is avoided is avoided only together with another attribute
RETURN = 51
# Of searches (docs/convsim.md):
START = 52
NAME = 53
OFF_TOPIC = 54
OTHER_TURN = 55
OTHER_TERM = 56
VAGUE = 57
# Of markets (docs/population.md):
PLATFORM = 58
UNRELEASED = 59
CREATE = 60

PURPOSES = {
    "user": USER,
    "item": ITEM,
    "opening": OPENING,
    "unsure": UNSURE,
    "noise": NOISE,
    "flip": FLIP,
    "agent": AGENT,
    "inform": INFORM,
    "also": ALSO,
    "examine": EXAMINE,
    "choose": CHOOSE,
    "critic": CRITIC,
    "leave": LEAVE,
    "tell": TELL,
    "say": SAY,
    "target": TARGET,
    "drift": DRIFT,
    "wish": WISH,
    "seen": SEEN,
    "seen_item": SEEN_ITEM,
    "inquire": INQUIRE,
    "inquire_item": INQUIRE_ITEM,
    "unasked_less": UNASKED_LESS,
    "unasked_more": UNASKED_MORE,
    "bad_list": BAD_LIST,
    "deflect": DEFLECT,
    "several": SEVERAL,
    "further": FURTHER,
    "mood": MOOD,
    "stay": STAY,
    "click": CLICK,
    "voice": VOICE,
    "for_good": FOR_GOOD,
    "condition": COMPANION,
    "return": RETURN,
    "start": START,
    "name": NAME,
    "off_topic": OFF_TOPIC,
    "other_turn": OTHER_TURN,
    "other_term": OTHER_TERM,
    "vague": VAGUE,
    "platform": PLATFORM,
    "unreleased": UNRELEASED,
    "create": CREATE,
}


@kernel
def _mix(x: int) -> int:
    """The finaliser of SplitMix64 (Steele et al. 2014): a bijection of 64 bits that avalanches."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def draw(seed: int, conversation: int, turn: int, purpose: int) -> int:
    """64 random bits (uint64) for one purpose of one turn of one conversation."""
    step = np.uint64(0x9E3779B97F4A7C15)
    x = _mix(np.uint64(seed) + step)
    x = _mix((x ^ np.uint64(conversation)) + step)
    return _mix((x ^ (np.uint64(turn) << np.uint64(16) | np.uint64(purpose))) + step)


@kernel
def draw_unit(seed: int, conversation: int, turn: int, purpose: int) -> float:
    """A float64 in [0, 1), uniform over the multiples of 2**-53."""
    return (draw(seed, conversation, turn, purpose) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@kernel
def draw_index(seed: int, conversation: int, turn: int, purpose: int, n: int) -> int:
    """A whole number in 0..n-1; the bias is below n / 2**32."""
    high = draw(seed, conversation, turn, purpose) >> np.uint64(32)
    return np.int64((high * np.uint64(n)) >> np.uint64(32))


def draw_units(
    seeds: NDArray[np.uint64], conversations: ArrayLike, turns: ArrayLike, purpose: int
) -> NDArray[np.float64]:
    """`draw_unit` for many rows at once with numpy, the same numbers: float64, shape (rows,)."""
    step = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        x = _mix_array(seeds.astype(np.uint64) + step)
        x = _mix_array((x ^ np.asarray(conversations).astype(np.uint64)) + step)
        key = np.asarray(turns).astype(np.uint64) << np.uint64(16) | np.uint64(purpose)
        x = _mix_array((x ^ key) + step)
    return (x >> np.uint64(11)) * (1.0 / 9007199254740992.0)


def _mix_array(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
