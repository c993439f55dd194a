"""`BenchEnv`: an environment of a bench, its parts, and which episodes of a split are run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.bench.schema import EstimatorInfo
from recosim.checked import json_digest
from recosim.envs.registration import env_card
from recosim.envs.setup import Setup
from recosim.errors import OptionError
from recosim.estimators.base import NO_ESTIMATOR
from recosim.estimators.registry import estimator as make_estimator
from recosim.users import Population, population
from recosim.users.behaviour import TRAITS, is_given

__all__ = ["BenchEnv", "prepare_env", "sample_conversations", "usual_folder"]


@dataclass
class BenchEnv:
    """An environment of a bench: its parts, and which episodes are run."""

    key: str
    place: str  # the key without its users: where agents trained for it are kept
    usual: Population  # the users of its card
    id: str
    name: str
    setup: Setup
    conversations: NDArray[np.int64]  # rows of `units`, ascending
    units: NDArray[np.int32]  # (available, k): what each episode of the split is about
    estimator: EstimatorInfo
    overrides: Mapping[str, Any] = field(default_factory=dict)  # what differs from its card

    @property
    def fitted(self) -> dict[str, Any]:
        """Name and settings of the estimator, as checkpoints know it."""
        return self.estimator.model_dump(mode="json")


def usual_folder(
    envs: Sequence[BenchEnv], *, illegal: str = "raise", checkpoints: Path | None = None
) -> str:
    """The name of a results folder that no other set-up has.

    The keys of a few environments, of many that differ in their users alone the first part; then a
    digest of what else is not as usual.

    Args:
        illegal, checkpoints: of the bench.
    """
    few = len(envs) < 4
    names = [env.key for env in envs] if few else list(dict.fromkeys(env.place for env in envs))
    other: list[Any] = [] if few else [env.key for env in envs]
    other += [unusual for env in envs if (unusual := _unusual(env))]
    if illegal != "raise":
        other.append(illegal)
    if checkpoints is not None:
        other.append(str(checkpoints.absolute()))
    digest = [json_digest(other)[:8]] if other else []
    return ".".join(["+".join(names), *digest])


def _unusual(env: BenchEnv) -> dict[str, Any]:
    """What a bench depends on that the key of an environment does not say, unless it is usual."""
    told = ("world", "users", *TRAITS)
    rest = {name: str(value) for name, value in env.overrides.items() if name not in told}
    if env.setup.split != "test":
        rest["split"] = env.setup.split
    if len(env.conversations) < len(env.units):
        rest["episodes"] = str(len(env.conversations))
    return {env.key: rest} if rest else {}


def sample_conversations(available: int, wanted: int | None) -> NDArray[np.int64]:
    """Which episodes of a split are run: all, or a sample that hangs on their number alone."""
    if wanted is None or wanted >= available:
        return np.arange(available)
    if wanted < 1:
        raise OptionError(f"episodes is {wanted}; at least 1 is needed.")
    chosen = np.random.default_rng(20_240_229).permutation(available)[:wanted]
    return np.sort(chosen)


def prepare_env(
    name: str,
    *,
    split: str = "test",
    episodes: int | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> BenchEnv:
    """The parts of one environment by its id or short name.

    Args:
        overrides: arguments of the environment that differ from its card, see
            `recosim.envs.options.SetupOptions`; settings of users and choices by name too.
    """
    card = env_card(name)
    changed = {k: v for k, v in (overrides or {}).items() if is_given(k, v)}
    arguments: dict[str, Any] = {**card.arguments, **changed, "split": split}
    options = dict(changed.get("protocol_options") or {})
    # A choice of the rules may have an argument of its own; said last, it counts.
    arguments |= {name: value for name, value in options.items() if name in arguments}
    estimator = _estimator(arguments)
    setup = Setup.prepare(card.record, **arguments)
    if card.record.plays_in == "topics":
        estimator = EstimatorInfo(name=NO_ESTIMATOR)  # nobody interacted with anything
    units = setup.units()
    key = card.id.split("/", 1)[1]
    if "world" in changed:
        key += f".{setup.world.name}"
    place, users = key, setup.users
    usual = population(card.arguments.get("users", "ideal"))
    if users.name != usual.name:
        key += f".{users.name}"
    key = ".".join([key, *users.labels(changed)])
    return BenchEnv(
        key=key,
        place=place,
        usual=usual,
        id=card.id,
        name=card.name,
        setup=setup,
        conversations=sample_conversations(len(units), episodes),
        units=units.table,
        estimator=estimator,
        overrides=changed,
    )


def _estimator(arguments: Mapping[str, Any]) -> EstimatorInfo:
    """What is fitted, with every setting."""
    fitter = make_estimator(
        arguments.get("estimator", "mf"), **arguments.get("estimator_options", {})
    )
    return EstimatorInfo(
        name=fitter.name, settings={**fitter.settings(), "version": fitter.version}
    )
