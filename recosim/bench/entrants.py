"""`Entrant`: an agent that is ready to run in an environment: trained, where it learns.

An agent that learns needs a checkpoint for each seed of the run. Seed k of a run is played by what
training seed k has learned, so that the spread over seeds holds both kinds of luck.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from recosim.agents.base import Agent
from recosim.agents.checkpoints import (
    Checkpoint,
    Place,
    checkpoint_key,
    differences,
    find_checkpoint,
    read_checkpoint,
)
from recosim.agents.learner import Arrays, Learner
from recosim.agents.registry import make_agent
from recosim.bench.schema import AgentSetup, CheckpointInfo, Users
from recosim.envs.setup import Setup
from recosim.errors import CheckpointError
from recosim.users import Population

__all__ = ["Entrant", "enter", "train_command"]


class Learned(Protocol):
    """What one training left: its checkpoint, or the weights themselves."""

    def weights(self) -> Arrays: ...


@dataclass(frozen=True)
class Entrant:
    """An agent of a run.

    Attributes:
        name: of its card.
        environment: short name of the environment, for settings that hang on it.
        setup: what the results say of it.
        checkpoints: what it learned, by seed.
        settings: that differ from its card's.
    """

    name: str
    environment: str
    setup: AgentSetup
    checkpoints: Mapping[int, Learned]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def ready(self, batch: Any, seed: int) -> Agent:
        """The agent, bound to a batch and with what it learned under a seed."""
        agent = make_agent(self.name, self.environment, **self.settings)
        agent.bind(batch)
        if isinstance(agent, Learner):
            agent.set_weights(self.checkpoints[seed].weights())
        return agent

    @property
    def track(self) -> bool:
        return make_agent(self.name, self.environment, **self.settings).track


def train_command(
    agent: str, environment: str, seeds: int, overrides: Mapping[str, Any], root: Path | None
) -> str:
    """The command that trains an agent, or several with commas between, for an environment."""
    words = ["recosim", "train", environment, "--agents", agent]
    flags = {"world": "--world", "protocol": "--protocol", "estimator": "--estimator"}
    for name, flag in flags.items():
        if overrides.get(name) is not None:
            words += [flag, str(overrides[name])]
    for key, flag in (("protocol_options", "--set"), ("estimator_options", "--estimator-set")):
        for name, value in (overrides.get(key) or {}).items():
            words += [flag, f"{name}={value}"]
    if seeds > 1:
        words += ["--seeds", str(seeds)]
    if root is not None:
        words += ["--checkpoints", str(root)]
    return " ".join(shlex.quote(word) for word in words)


def enter(
    name: str,
    environment: str,
    place: str,
    setup: Setup,
    usual: Population,
    estimator: Mapping[str, Any],
    seeds: Sequence[int],
    root: Path,
    settings: Mapping[str, Any] | None = None,
) -> Entrant:
    """An agent made ready for an environment.

    Args:
        place: what tells environments apart, but for their users; names the checkpoints' folder.
        usual: the users of the environment's card; what was trained with them plays where nothing
            was trained with the users at hand.
        estimator: name and settings of the environment's estimator.
        root: where checkpoints are.
        settings: of the agent, that differ from its card's.

    Raises:
        CheckpointError: it learns, and checkpoints are missing, unfinished or damaged.
        MissingExtraError: it needs a package that is not installed.
    """
    agent = make_agent(name, environment, **(settings or {}))
    found: dict[int, Checkpoint] = {}
    if isinstance(agent, Learner):
        for seed in seeds:
            found[seed] = _find(agent, name, place, setup, usual, estimator, seed, root)
    info = AgentSetup(
        name=name,
        implementation=f"{type(agent).__module__}:{type(agent).__qualname__}",
        settings=agent.settings(),
        privileged=agent.privileged,
        checkpoints=tuple(
            CheckpointInfo(
                seed=seed,
                rounds=checkpoint.rounds,
                users=Users(**checkpoint.key["users"]),
                sha256=checkpoint.sha256,
            )
            for seed, checkpoint in found.items()
        ),
    )
    return Entrant(name, environment, info, found, dict(settings or {}))


def _find(
    learner: Learner,
    name: str,
    place: str,
    setup: Setup,
    usual: Population,
    estimator: Mapping[str, Any],
    seed: int,
    root: Path,
) -> Checkpoint:
    """What was trained with the users of this environment, else what was with those of its card.

    So one training with such users is what a table over kinds of users is played with.
    """
    for users in (setup.users, usual):
        wanted = checkpoint_key(learner, setup, estimator, users)
        checkpoint = find_checkpoint(Place(root, place, name, wanted, seed), learner, setup)
        if checkpoint is None:
            continue
        if not checkpoint.finished:
            raise CheckpointError(
                f"the training of {name!r} with seed {seed} has not finished: "
                f"{checkpoint.done} of {checkpoint.rounds} rounds"
            )
        return checkpoint
    near = _nearest(checkpoint_key(learner, setup, estimator), root / place, name)
    raise CheckpointError(
        f"{name!r} has not been trained with seed {seed}"
        + (f" (there is a checkpoint with {near})" if near else "")
    )


def _nearest(wanted: Mapping[str, Any], folder: Path, name: str) -> str:
    """How the checkpoint that is most like the one needed differs from it; "" if there is none."""
    texts = []
    for path in sorted(folder.glob(f"{name}-*/seed-*")):
        try:
            texts.append(differences(dict(wanted), read_checkpoint(path).key))
        except CheckpointError:
            continue
    return min((text for text in texts if text), key=len, default="")
