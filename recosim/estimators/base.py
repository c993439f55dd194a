"""`Estimator`: what the system believes, as scores of items and attributes for a user in a talk.

Every estimator gives vectors; the score of an item v for a user u who accepted the attributes P is

    bias[v] + <user[u], item[v]> + sum over p in P of <attribute[p], item[v]>

(EAR section 4.2, eq. 1 to 3; SCPR section 4.2), which the batched core evaluates in its kernels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recosim.errors import WorldError
from recosim.progress import Progress
from recosim.world.world import World

__all__ = ["NO_ESTIMATOR", "Estimator", "Vectors"]

# What stands in place of a name where there is nothing to fit an estimator to: in collections to
# search in, with which nobody has interacted.
NO_ESTIMATOR = "none"


@dataclass(frozen=True)
class Vectors:
    """What a fitted estimator knows. All float32, C-contiguous, d a multiple of 8.

    Attributes:
        user: (n_users, d). item: (n_items, d). attribute: (n_attributes, d).
        item_bias: (n_items,).
        reflect_rate: step size of one reflection (EAR section 4.3), dimensionless.
        reflect_steps: gradient steps of one reflection.
        penalise_rejected: whether rejected attributes lower the score of an item (UNICORN's score).
    """

    user: NDArray[np.float32]
    item: NDArray[np.float32]
    attribute: NDArray[np.float32]
    item_bias: NDArray[np.float32]
    reflect_rate: float = 0.1
    reflect_steps: int = 1
    penalise_rejected: bool = False

    @property
    def dimension(self) -> int:
        return int(self.item.shape[1])

    @staticmethod
    def none(world: World) -> Vectors:
        """Vectors that say nothing, for worlds that nobody has interacted with."""
        return Vectors(
            user=np.zeros((world.n_users, 0), np.float32),
            item=np.zeros((world.n_items, 0), np.float32),
            attribute=np.zeros((world.n_attributes, 0), np.float32),
            item_bias=np.zeros(world.n_items, np.float32),
        )

    def check(self, world: World) -> Vectors:
        """Raise `WorldError` unless these vectors belong to a world of these sizes."""
        d = self.dimension
        shapes = {
            "user": (world.n_users, d),
            "item": (world.n_items, d),
            "attribute": (world.n_attributes, d),
            "item_bias": (world.n_items,),
        }
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.float32 or d % 8:
                raise WorldError(
                    f"the estimator's {name} vectors have shape {array.shape} and dtype "
                    f"{array.dtype}; world {world.name!r} needs {shape}, float32, d a multiple "
                    "of 8."
                )
            if not np.isfinite(array).all():
                raise WorldError(f"the estimator's {name} vectors hold values that are not finite.")
        return self


class Estimator(ABC):
    """Fits `Vectors` to the train split of a world. Instances hold settings alone.

    Attributes:
        name: what it is called in cards, arguments and results.
        version: part of the key of the cache of fitted estimators; raise it whenever the same
            settings give other vectors than before.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1

    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """The settings that the fit depends on, as JSON values: part of the cache key."""

    @abstractmethod
    def fit(self, world: World, progress: Progress | None = None) -> Vectors:
        """Fit on `world.train` alone. The same world and settings give the same vectors."""
