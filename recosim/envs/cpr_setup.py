"""From the arguments of an environment to its parts: world, estimator, rules, users."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.protocol import Protocol, protocol
from recosim.errors import OptionError, unknown
from recosim.estimators.base import Vectors
from recosim.users import Behaviour
from recosim.world.world import SPLITS, World

__all__ = ["CPRSetup", "OBSERVATION_KEYS", "check_option"]

OBSERVATION_KEYS = (
    "turn",
    "history",
    "attributes",
    "entropy",
    "log2_candidates",
    "action_mask",
)
ACTION_VIEWS = ("flat", "verb", "slate")
ILLEGAL = ("raise", "penalise")
RENDER_MODES = ("ansi", "human", "rgb_array")
AUTORESET = ("NextStep", "SameStep", "Disabled")


def check_option(name: str, given: object, allowed: tuple[str, ...]) -> None:
    """Raise `UnknownNameError` unless an argument has one of its values."""
    if given not in allowed:
        raise unknown(f"value of {name}", given, allowed)


@dataclass(frozen=True)
class CPRSetup:
    """The parts of a CPR environment, ready to make batches of conversations from."""

    world: World
    vectors: Vectors
    protocol: Protocol
    behaviour: Behaviour
    split: str

    @staticmethod
    def prepare(
        *,
        world: str | os.PathLike[str] | World,
        protocol_name: str | Protocol | dict[str, Any] = "scpr",
        protocol_options: Mapping[str, Any] | None = None,
        estimator: str | Vectors = "mf",
        estimator_options: Mapping[str, Any] | None = None,
        answer_noise: float = 0.0,
        dont_know: float = 0.0,
        split: str = "valid",
    ) -> CPRSetup:
        """Open or build the world, fit or load the estimator, and check the rest.

        Raises:
            UnknownNameError: no such world, protocol, estimator or split. OptionError: a bad value.
            WorldError: a damaged world, or vectors that do not belong to it.
        """
        rules = protocol(protocol_name, **dict(protocol_options or {}))
        behaviour = Behaviour(answer_noise=answer_noise, dont_know=dont_know)
        check_option("split", split, SPLITS)
        if not isinstance(world, World):
            from recosim.world.catalog import open_world

            world = open_world(world)
        if isinstance(estimator, Vectors):
            if estimator_options:
                raise OptionError(
                    "estimator_options go with the name of an estimator, not with vectors."
                )
            vectors = estimator.check(world)
        else:
            from recosim.estimators.registry import fit_or_load

            vectors = fit_or_load(world, estimator, dict(estimator_options or {}))
        return CPRSetup(world, vectors, rules, behaviour, split)

    def metadata(self, env: str) -> dict[str, Any]:
        """What a trace recorded on this setup says of it, as JSON values."""
        from importlib.metadata import version

        return {
            "env": env,
            "world": self.world.name,
            "fingerprint": self.world.fingerprint,
            "protocol": self.protocol.to_dict(),
            "behaviour": self.behaviour.to_dict(),
            "split": self.split,
            "version": version("recosim"),
        }

    def dialogues(self, size: int, **settings: Any) -> Dialogues:
        """A batch of conversations; see `Dialogues` for the settings."""
        return Dialogues(
            self.world,
            self.vectors,
            self.protocol,
            size,
            behaviour=self.behaviour,
            split=self.split,
            **settings,
        )
