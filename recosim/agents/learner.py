"""`Learner`: an agent that is trained. Its training goes on from any round exactly.

The life of a learner in training (`recosim.agents.training` runs it):

    learner.bind(batch)             `learner.batch_size` conversations of the training split
    learner.start(seed)             new weights, new optimisers
    for number in range(learner.rounds):
        metrics = learner.train_round(number)

and in a bench, where it is any other agent:

    learner.bind(batch)         a batch of any size
    learner.set_weights(weights)
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recosim.agents.base import Agent
from recosim.errors import CheckpointError, OptionError, StateError, shown

__all__ = ["Arrays", "Learner", "check_finite"]

Arrays = dict[str, NDArray[Any]]

_NOTHING = inspect.Parameter.empty


class Learner(Agent):
    """Base of the agents that learn.

    A round is a whole number of conversations, begun and ended within it. What a round does hangs
    on the weights, the training state, the seed and the number of the round, so a training that was
    stopped between two rounds goes on as if it had not been.

    Args:
        rounds: rounds of a training.
        batch: conversations that a training advances at once.

    Every argument of a constructor is a setting, and kept as the attribute of its name ("batch" as
    `batch_size`). A subclass that only wants other defaults gives them in `usual`; its constructor,
    if it needs one, passes on what it does not know: `super().__init__(**{**self.usual, **rest})`.

    Attributes:
        version: part of the key of a checkpoint; raise it whenever the same settings would give
            other weights than before (another default does that too), or the same weights other
            moves.
        usual: defaults of the class that are not those of the constructor that takes them.
    """

    version: ClassVar[int] = 1
    usual: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *, rounds: int, batch: int) -> None:
        for name, value in (("rounds", rounds), ("batch", batch)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise OptionError(f"{name} is {shown(value)}; a whole number from 1 is needed.")
        self.rounds, self.batch_size = rounds, batch
        self.seed: int | None = None
        self.ready = False  # whether there are weights to act with

    @classmethod
    def usual_settings(cls) -> dict[str, Any]:
        """Every setting of the class with its default, as JSON values; those without are left out.

        In the order of the constructors, that of `Learner` first.
        """
        found: dict[str, Any] = {}
        for kind in reversed(cls.__mro__):
            if issubclass(kind, Agent) and "__init__" in vars(kind):
                parameters = list(inspect.signature(vars(kind)["__init__"]).parameters.values())
                named = (p for p in parameters[1:] if p.kind is not inspect.Parameter.VAR_KEYWORD)
                found |= {p.name: p.default for p in named}
            found |= vars(kind).get("usual", {})
        return {name: _plain(value) for name, value in found.items() if value is not _NOTHING}

    def settings(self) -> dict[str, Any]:
        """Every setting by name, as JSON values."""
        return self.named_settings(self.usual_settings())

    def named_settings(self, names: Iterable[str]) -> dict[str, Any]:
        """Settings that are attributes of the same name; "batch" is `batch_size`."""
        attributes = {"batch": "batch_size"}
        return {name: _plain(getattr(self, attributes.get(name, name))) for name in names}

    # ---- training -------------------------------------------------------------------------------

    def start(self, seed: int) -> None:
        """Make new weights, optimisers and generators, all fixed by a seed. Call after `bind`."""
        self.seed = seed
        self.ready = True

    def train_round(self, number: int) -> dict[str, float]:
        """Play and learn from one round; returns metrics by name, for logs.

        Args:
            number: of the round, from 0.
        """
        raise NotImplementedError

    def open_round(self, number: int) -> None:
        """Open the conversations of a round in all rows, with users drawn from the split."""
        if self.seed is None:
            raise StateError(f"agent {self.name!r} is not in training; call start first.")
        d = self.batch
        d.arrays["done"][:] = 1
        d.open(
            slice(None),
            seeds=np.full(d.size, self.seed, dtype=np.uint64),
            conversations=number * d.size + np.arange(d.size),
        )
        self.reset(np.ones(d.size, dtype=np.bool_))

    def round_metrics(self) -> dict[str, float]:
        """Means over the episodes that have just ended in all rows, by name: `Batch.logged`."""
        logged = self.batch.logged()
        return {name: float(values.mean()) for name, values in logged.items()}

    # ---- what was learned -----------------------------------------------------------------------

    def weights(self) -> Arrays:
        """What acting needs, by name: copies."""
        raise NotImplementedError

    def set_weights(self, weights: Arrays) -> None:
        """Take back `weights` of the same settings, world and protocol. Call after `bind`.

        A learner says in `take_weights` what it does with them.

        Raises:
            CheckpointError: arrays of other names or shapes, or numbers that are not finite.
        """
        for name, array in weights.items():
            check_finite(name, array)
        self.take_weights(weights)
        self.ready = True

    def take_weights(self, weights: Arrays) -> None:
        """Take back `weights`, whose numbers are finite.

        Raises:
            CheckpointError: arrays of other names or shapes.
        """
        raise NotImplementedError

    def training_state(self) -> Arrays:
        """What `train_round` needs beside the weights: optimisers, generators, replay; copies."""
        raise NotImplementedError

    def set_training_state(self, state: Arrays) -> None:
        """Take back a `training_state`. Call after `start` and `set_weights`.

        Raises:
            CheckpointError: arrays of other names or shapes.
        """
        raise NotImplementedError

    def need_weights(self) -> None:
        """Raise `StateError` unless there are weights to act with."""
        if not self.ready:
            raise StateError(
                f"agent {self.name!r} has not been trained; load a checkpoint, or train it with: "
                f"recosim train {self.name} ENV"
            )


def check_finite(name: str, array: NDArray[Any]) -> None:
    """Raise `CheckpointError` unless an array holds finite numbers."""
    if array.dtype.kind not in "fiub" or not np.isfinite(array).all():
        raise CheckpointError(
            f"the weights {shown(name)} hold values that are not finite numbers. Train again, or "
            "take another copy of the checkpoint."
        )


def _plain(value: Any) -> Any:
    """A setting as JSON has it."""
    return list(value) if isinstance(value, tuple) else value
