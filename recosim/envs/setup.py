"""`Setup`: the parts of an environment, made from its arguments: world, estimator, rules, users."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recosim.envs.batch import Batch, Units
from recosim.envs.options import SetupOptions, check_option, options_by_name, read_options
from recosim.errors import OptionError, shown
from recosim.estimators.base import Vectors
from recosim.family import Family
from recosim.family import family as family_named
from recosim.users.population import Population, users_of_family
from recosim.world.arrays import SPLITS
from recosim.world.world import World

__all__ = ["Setup"]


@dataclass(frozen=True)
class Setup:
    """The parts of an environment, ready to make batches of episodes from."""

    family: Family
    world: World
    vectors: Vectors
    protocol: Any
    users: Population
    split: str

    @staticmethod
    def prepare(family: str | Family, **arguments: Any) -> Setup:
        """Open or build the world, fit or load the estimator, and check the rest.

        Args:
            family: by its name, or its record.
            arguments: see `SetupOptions`; choices of the protocol and settings of users by name.

        Raises:
            UnknownNameError: no such family, world, protocol, estimator, split or argument.
            OptionError: a bad value, or a setting of users that the family does not read.
            WorldError: a damaged world, or vectors that do not belong to it.
        """
        record = family_named(family) if isinstance(family, str) else family
        return Setup.of(record, read_options(record, SetupOptions, arguments))

    @staticmethod
    def of(record: Family, options: SetupOptions) -> Setup:
        """The parts that options describe."""
        changed = options_by_name("protocol_options", options.protocol_options)
        protocol = options.protocol
        if isinstance(protocol, Mapping):
            protocol = options_by_name("protocol", protocol)
        rules = record.load("rules").read(protocol, **{**changed, **options.choices})
        fitting = options_by_name("estimator_options", options.estimator_options)
        crowd = users_of_family(record.name, record.settings, options.users, options.settings)
        check_option("split", options.split, SPLITS)
        world = options.world
        if not isinstance(world, World):
            from recosim.world.catalog import open_world

            if not isinstance(world, (str, os.PathLike)):
                raise OptionError(
                    f"world is {shown(world)}; a name, a folder or a World is needed."
                )
            world = open_world(world)
        if record.plays_in == "topics":
            _check_collection(world)
            return Setup(record, world, Vectors.none(world), rules, crowd, options.split)
        if not world.n_users:
            raise OptionError(
                f"the world {world.name!r} has no users and no interactions: it is a collection to "
                "search in, for environments like recosim/ConvSim-Docs-v0. Name a world with "
                "users; 'recosim data list' shows them."
            )
        if isinstance(options.estimator, Vectors):
            if fitting:
                raise OptionError(
                    "estimator_options go with the name of an estimator, not with vectors."
                )
            vectors = options.estimator.check(world)
        else:
            from recosim.estimators.registry import fit_or_load

            vectors = fit_or_load(world, options.estimator, fitting)
        return Setup(record, world, vectors, rules, crowd, options.split)

    def metadata(self, env: str) -> dict[str, Any]:
        """What a trace recorded on this setup says of it, as JSON values."""
        from importlib.metadata import version

        return {
            "family": self.family.name,
            "env": env,
            "world": self.world.name,
            "fingerprint": self.world.fingerprint,
            "protocol": self.protocol.to_dict(),
            "users": self.users.to_dict(),
            "split": self.split,
            "version": version("recosim"),
        }

    def batch(self, size: int, **settings: Any) -> Batch:
        """A batch of episodes; see the family's batch for the settings."""
        batch: Batch = self.family.load("batch")(
            self.world,
            self.vectors,
            self.protocol,
            size,
            users=self.users,
            split=self.split,
            **settings,
        )
        return batch

    def units(self) -> Units:
        """What the episodes of the split can be about."""
        return self.batch(1, threads=1).units()


def _check_collection(world: World) -> None:
    if world.topics is None or world.judgements is None:
        raise OptionError(
            f"the world {world.name!r} has no topics and judgements, so there is nothing to search "
            "for. Name a collection: a built-in one ('recosim data list' shows them), or one that "
            "'recosim data import beir' (or trec, cast, table) has read."
        )
