"""`State`: what a batch saves, with the world that its ids are of, and what it takes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError, WorldError
from recosim.world.world import World

__all__ = ["State", "check_state", "save_state"]

Arrays = Mapping[str, NDArray[Any]]


class State(dict[str, NDArray[Any]]):
    """Arrays by name.

    Attributes:
        world, fingerprint: of the world that the ids in them are of.
    """

    world: str
    fingerprint: str


def save_state(arrays: Arrays, world: World) -> State:
    """A copy of some arrays of a batch that plays in a world."""
    state = State({name: array.copy() for name, array in arrays.items()})
    state.world, state.fingerprint = world.name, world.fingerprint
    return state


def check_state(state: Arrays, arrays: Arrays, world: World) -> None:
    """Whether a state can take the place of some arrays of a batch that plays in a world.

    Raises:
        WorldError: it was saved in another world.
        OptionError: arrays are missing or unknown, or of another shape or dtype.
    """
    if isinstance(state, State) and state.fingerprint != world.fingerprint:
        raise WorldError(
            f"this state was saved in the world {state.world!r} ({state.fingerprint[:12]}), and "
            f"this one is {world.name!r} ({world.fingerprint[:12]}), where its users, items and "
            "attributes are others. Go on in the world of that fingerprint (world=... takes a "
            "name, a folder or a World), or begin anew with reset(seed=...)."
        )
    for kind, names in (
        ("lacks", arrays.keys() - state.keys()),
        ("has the unknown", state.keys() - arrays.keys()),
    ):
        if names:
            raise OptionError(
                f"this state {kind} {', '.join(sorted(names))}; allowed is what `state` of a batch "
                "of the same family and version gives. Begin anew with reset(seed=...)."
            )
    for name, array in state.items():
        found, wanted = np.asarray(array), arrays[name]
        if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
            raise OptionError(
                f"{name} is {found.dtype} {found.shape} in this state, and {wanted.dtype} "
                f"{wanted.shape} in this batch. Make the batch with the arguments of the one that "
                "was saved: world, rules, users and number of rows."
            )
