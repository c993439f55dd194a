"""`TorchLearner`: a learner whose weights are torch modules; saving and going on come with it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.agents.learner import Arrays, Learner
from recosim.errors import CheckpointError, MissingExtraError

try:
    import torch
    from torch import nn

    from recosim.estimators.threads import one_thread
except ImportError as error:
    raise MissingExtraError("torch", "torch", "an agent that learns") from error

__all__ = ["TorchLearner", "load_optimiser", "mlp", "one_thread", "optimiser_arrays"]


class TorchLearner(Learner):
    """Base of the learners that are torch modules.

    A subclass makes its modules in `build`, its optimisers in `optimise`, and keeps what else its
    training needs in `extra_state`. Modules are made on the CPU in float32.

    Attributes:
        modules: by name; their parameters and buffers are the weights.
        training_modules: by name, needed in training alone (a target network, a critic).
        optimisers: by name.
        generator: the source of all luck of the training.
    """

    def __init__(self, *, rounds: int, batch: int) -> None:
        super().__init__(rounds=rounds, batch=batch)
        self.modules: dict[str, nn.Module] = {}
        self.training_modules: dict[str, nn.Module] = {}
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        self.generator = torch.Generator()

    def build(self) -> None:
        """Fill `modules` for the sizes of `batch`. Initial weights are drawn afterwards."""
        raise NotImplementedError

    def optimise(self) -> None:
        """Fill `optimisers`, and `training_modules` if there are any, for a new training."""
        raise NotImplementedError

    def extra_state(self) -> Arrays:
        """Training state that is no module, optimiser or generator (a replay memory); copies."""
        return {}

    def set_extra_state(self, state: Arrays) -> None:
        """Take back an `extra_state`."""

    def bind(self, batch: Any) -> None:
        super().bind(batch)
        if not self.modules:
            # Modules draw initial weights from the global generator when they are made; its state
            # is put back, and `start` draws them again from the generator of the training.
            with torch.random.fork_rng(devices=[]):
                self.build()

    def start(self, seed: int) -> None:
        super().start(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.modules.clear()
            self.build()
            self.training_modules.clear()
            self.optimisers.clear()
            self.optimise()
        self.generator.manual_seed(seed)

    def weights(self) -> Arrays:
        return _module_arrays(self.modules)

    def take_weights(self, weights: Arrays) -> None:
        _load_modules(self.modules, weights)

    def training_state(self) -> Arrays:
        state = _module_arrays(self.training_modules)
        for name, optimiser in self.optimisers.items():
            state |= optimiser_arrays(f"optimiser.{name}", optimiser)
        state["generator"] = self.generator.get_state().numpy().copy()
        return state | {f"extra.{key}": value for key, value in self.extra_state().items()}

    def set_training_state(self, state: Arrays) -> None:
        _load_modules(self.training_modules, state)
        for name, optimiser in self.optimisers.items():
            load_optimiser(f"optimiser.{name}", optimiser, state)
        self.generator.set_state(torch.from_numpy(_entry(state, "generator").copy()))
        extra = {k.removeprefix("extra."): v for k, v in state.items() if k.startswith("extra.")}
        self.set_extra_state(extra)


def mlp(*sizes: int) -> nn.Sequential:
    """Linear layers of these sizes with ReLU between them."""
    layers: list[nn.Module] = []
    for k, (m, n) in enumerate(pairwise(sizes)):
        if k:
            layers.append(nn.ReLU())
        layers.append(nn.Linear(m, n))
    return nn.Sequential(*layers)


def _entry(arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in arrays:
        raise CheckpointError(f"the array {name!r} is missing; the checkpoint is of another agent.")
    return np.asarray(arrays[name])


def _module_arrays(modules: Mapping[str, nn.Module]) -> Arrays:
    return {
        f"{name}.{key}": value.detach().numpy().copy()
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }


def _load_modules(modules: Mapping[str, nn.Module], arrays: Mapping[str, NDArray[Any]]) -> None:
    for name, module in modules.items():
        values = {}
        for key, value in module.state_dict().items():
            given = _entry(arrays, f"{name}.{key}")
            if given.shape != tuple(value.shape):
                raise CheckpointError(
                    f"{name}.{key} has shape {given.shape}, {tuple(value.shape)} is needed; the "
                    "checkpoint is of another world, protocol or settings."
                )
            values[key] = torch.from_numpy(given.copy())
        module.load_state_dict(values)


def optimiser_arrays(name: str, optimiser: torch.optim.Optimizer) -> Arrays:
    """The state of an optimiser as arrays whose names begin with `name`; copies."""
    return {
        f"{name}.{k}.{key}": torch.as_tensor(value).numpy().copy()
        for k, entries in optimiser.state_dict()["state"].items()
        for key, value in entries.items()
        if value is not None
    }


def load_optimiser(
    name: str, optimiser: torch.optim.Optimizer, arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Take back `optimiser_arrays`."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for label, value in arrays.items():
        if label.startswith(f"{name}."):
            k, key = label.removeprefix(f"{name}.").split(".", 1)
            state.setdefault(int(k), {})[key] = torch.from_numpy(np.array(value))
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
