"""`Parcel`: a set-up on its way to another process, which may be on another machine.

The rules, the users and the fitted vectors travel by value: they are small, and a fit on another
kind of processor need not give the same bytes. A world that is stored does not travel: whoever
opens the parcel opens it from disk, memory-mapped, and makes sure that it is the same one.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recosim.envs.setup import Setup
from recosim.errors import RecosimError, WorldError
from recosim.estimators.base import Vectors
from recosim.family import family
from recosim.users.population import Population
from recosim.world.world import World

__all__ = ["Parcel"]


@dataclass(frozen=True)
class Parcel:
    """What another process needs to have the same `Setup`. Picklable.

    Attributes:
        family, world: names. fingerprint: of the world's content.
        folder: where the world was stored when the parcel was made.
        whole: the world itself, where it is stored nowhere; else None.
        vectors, protocol, users, split: as in the set-up.
    """

    family: str
    world: str
    fingerprint: str
    folder: Path | None
    whole: World | None
    vectors: Vectors
    protocol: Any
    users: Population
    split: str

    @staticmethod
    def of(setup: Setup) -> Parcel:
        world = setup.world
        return Parcel(
            setup.family.name,
            world.name,
            world.fingerprint,
            None if world.folder is None else world.folder.absolute(),
            world if world.folder is None else None,
            setup.vectors,
            setup.protocol,
            setup.users,
            setup.split,
        )

    def open(self) -> Setup:
        """The same set-up, in this process.

        Raises:
            WorldError: this machine does not have the world, or has another one of its name.
            UnknownNameError: a family that is registered in the other process alone.
        """
        record = family(self.family)
        return Setup(record, self._world(), self.vectors, self.protocol, self.users, self.split)

    def _world(self) -> World:
        """From the same folder (this machine, or a shared disk), else by its name from the cache.

        A built-in world is built where it is not there yet.
        """
        from recosim.world.catalog import open_world

        if self.whole is not None:
            return self.whole
        found: list[str] = []
        for place in (self.folder, self.world):
            try:
                world = open_world(place)  # type: ignore[arg-type]
            except RecosimError as error:
                found.append(f"{place}: {error}")
                continue
            if world.fingerprint == self.fingerprint:
                return world
            found.append(f"{place} has the fingerprint {world.fingerprint[:12]}")
        raise WorldError(
            f"{socket.gethostname()} does not have the world {self.world!r} with the fingerprint "
            f"{self.fingerprint[:12]} ({'; '.join(found)}). Copy {self.folder} to the same place "
            "there, or keep worlds on a disk that all machines share and name it in RECOSIM_CACHE "
            "before Ray is started on each of them."
        )
