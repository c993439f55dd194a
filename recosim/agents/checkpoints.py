"""Checkpoints: what a learner has learned, what it was learned on, and how to go on.

A checkpoint is a folder:

    checkpoint.json   what was trained, on what, for how many rounds; the metrics of each round;
                      the digests of itself and of the other files
    weights.npz       what acting needs: the weights that are kept, those of the best check; while
                      the training has not finished, those of the last round
    best.npz          the weights that are kept so far   } gone when
    training.npz      what training needs to go on       } the training has finished

It lies at `<root>/<environment>/<agent>-<digest>/seed-<seed>`, where the digest is that of its key:
what the weights depend on beside the seed and the number of rounds, without all that is at its
default. So a setting, or a choice of the rules, that a later version adds changes no key.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from recosim.agents.checking import VALID, Best
from recosim.agents.learner import Arrays, Learner
from recosim.checked import file_digest, json_digest, read_arrays, read_checked, write_checked
from recosim.envs.setup import Setup
from recosim.errors import CheckpointError, shown
from recosim.estimators.base import NO_ESTIMATOR
from recosim.estimators.registry import estimator
from recosim.files import atomic_folder, cache_folder
from recosim.users import Population

__all__ = [
    "Checkpoint",
    "Place",
    "checkpoint_key",
    "checkpoint_root",
    "differences",
    "find_checkpoint",
    "read_checkpoint",
    "write_checkpoint",
]

FORMAT = 2
# Keys of the first format held every default too, and the module of the learner's class.
READABLE = (1, FORMAT)
Key = dict[str, Any]

_UNKNOWN = object()


def checkpoint_root() -> Path:
    """Where checkpoints are kept unless another folder is named."""
    return cache_folder().absolute() / "checkpoints"


class Place(NamedTuple):
    """Where a checkpoint belongs.

    Attributes:
        root: the folder of all checkpoints.
        environment: what tells environments apart, e.g. "CPR-LastFM-v0".
        agent: name of the agent's card.
        key: from `checkpoint_key`.
        seed: of the training.
        rounds: of a training beside the one that agents play by; None: it is the one.
    """

    root: Path
    environment: str
    agent: str
    key: Key
    seed: int
    rounds: int | None = None

    @property
    def lock(self) -> Path:
        """Held by the process that trains here (`recosim.files.held`)."""
        return self.folder.with_name(f".{self.folder.name}.lock")

    @property
    def folder(self) -> Path:
        digest = json_digest(self.key)[:12]
        folder = self.root / self.environment / f"{self.agent}-{digest}"
        if self.rounds is not None:
            folder = folder / f"rounds-{self.rounds}"
        return folder / f"seed-{self.seed}"

    def beside(self, rounds: int) -> Place:
        """Where a training of other rounds goes on while a finished one is in this place."""
        return self._replace(rounds=rounds)


def checkpoint_key(
    learner: Learner,
    setup: Setup,
    fitted: Mapping[str, Any],
    users: Population | None = None,
) -> Key:
    """What the weights of a learner depend on, but for the seed, the rounds, and all defaults.

    Args:
        fitted: name and settings of the environment's estimator.
        users: those of the training; default: those of the setup.
    """
    settings = {name: value for name, value in learner.settings().items() if name != "rounds"}
    whole = {
        "agent": type(learner).__qualname__,
        "version": learner.version,
        "settings": settings,
        "world": setup.world.fingerprint,
        "protocol": setup.protocol.to_dict(),
        "estimator": dict(fitted),
        "users": (users or setup.users).to_dict(),
    }
    return _without_defaults(whole, learner, setup)


def _without_defaults(key: Key, learner: Learner, setup: Setup) -> Key:
    """A key that may hold defaults, without them; users leave theirs out by themselves."""
    fitted = dict(key["estimator"])
    usual = {
        "settings": learner.usual_settings(),
        "protocol": type(setup.protocol)().to_dict(),
        "estimator": {"settings": _usual_fit(fitted["name"])},
    }
    return key | {name: _differing(key[name], usual[name]) for name in usual}


def _usual_fit(name: str) -> dict[str, Any]:
    """The settings of an estimator by default; none where there is none."""
    return {} if name == NO_ESTIMATOR else dict(estimator(name).settings())


def _differing(values: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that are not as usual; of a dictionary in a dictionary, its entries."""
    found = {}
    for name, value in values.items():
        known = usual.get(name, _UNKNOWN)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            value = _differing(value, known)
            known = {}
        if value != known:
            found[name] = value
    return found


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as it lies in its folder.

    Attributes:
        folder: where it lies.
        agent, environment, world: names, for people.
        key: what the weights depend on; see `checkpoint_key`.
        seed: of the training.
        done: rounds of the training so far.
        rounds: rounds that the training was asked for.
        seconds: time spent in training, over all its sittings.
        history: metrics by name, one value for each round done, None
            where a round did not measure it.
        sha256: of weights.npz: which weights these are.
        training_sha256, best_sha256: of training.npz and best.npz; "" where there is none.
        kept: the round whose weights are kept, because their check was the best; None where there
            was no check yet, and in checkpoints of before there were any: those of the last round.
        stopped: whether it was ended early, since checks did not get better.
        format: of the folder.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    folder: Path
    agent: str
    environment: str
    world: str
    key: Key
    seed: int
    done: int
    rounds: int
    seconds: float
    history: Mapping[str, list[float | None]]
    sha256: str
    training_sha256: str = ""
    best_sha256: str = ""
    kept: int | None = None
    stopped: bool = False
    format: int = FORMAT

    @property
    def finished(self) -> bool:
        return self.stopped or self.done >= self.rounds

    @property
    def kept_figures(self) -> dict[str, float]:
        """What the check of the weights that are kept found, by name; {} where there was none."""
        found = {}
        for name, values in self.history.items():
            value = values[self.kept - 1] if self.kept is not None else None
            if name.startswith(VALID) and value is not None:
                found[name] = value
        return found

    def weights(self) -> Arrays:
        """The weights.

        Raises:
            CheckpointError: they are not those that were written.
        """
        path = self.folder / "weights.npz"
        return read_arrays(path, CheckpointError, _advice(self.folder), self.sha256)

    def best_weights(self) -> Arrays:
        """The weights that are kept so far, of a training that has not finished.

        Raises:
            CheckpointError: they are not those that were written.
        """
        path = self.folder / "best.npz"
        return read_arrays(path, CheckpointError, _advice(self.folder), self.best_sha256)

    def training_state(self) -> Arrays:
        """What training needs to go on; a finished checkpoint has it no more.

        Raises:
            CheckpointError: it is not what was written.
        """
        path = self.folder / "training.npz"
        return read_arrays(
            path, CheckpointError, _advice(self.folder), self.training_sha256 or None
        )

    def check(self, place: Place) -> Checkpoint:
        """Raise `CheckpointError` unless this is what was trained for a place."""
        wrong = differences(place.key, self.key) or differences(self.key, place.key)
        if not wrong and self.seed != place.seed:
            wrong = f"seed {self.seed}, not {place.seed}"
        if not wrong and self.format == FORMAT and self.agent != place.agent:
            wrong = f"agent {self.agent!r}, not {place.agent!r}"
        if wrong:
            raise CheckpointError(
                f"{self.folder} holds the checkpoint of another training: {wrong}. "
                f"{_advice(self.folder)}"
            )
        return self


def write_checkpoint(
    place: Place,
    learner: Learner,
    *,
    world: str,
    done: int,
    rounds: int,
    seconds: float,
    history: Mapping[str, list[float | None]],
    best: Best | None = None,
    stopped: bool = False,
) -> Checkpoint:
    """Put the state of a training in its place, atomically: the old one stays until then.

    Args:
        best: the weights to keep; None: those of the last round.
        stopped: the training ends here, before its rounds are done.
    """
    finished = stopped or done >= rounds
    weights = learner.weights() if best is None or not finished else best.weights
    with atomic_folder(place.folder) as part:
        np.savez(part / "weights.npz", **weights)  # type: ignore[arg-type]
        if not finished:
            if best is not None:
                np.savez(part / "best.npz", **best.weights)  # type: ignore[arg-type]
            np.savez(part / "training.npz", **learner.training_state())  # type: ignore[arg-type]
        body = {
            "format": FORMAT,
            "agent": place.agent,
            "environment": place.environment,
            "world": world,
            "key": place.key,
            "seed": place.seed,
            "done": done,
            "rounds": rounds,
            "seconds": round(seconds, 3),
            "history": {name: list(values) for name, values in history.items()},
            "sha256": file_digest(part / "weights.npz"),
            "training_sha256": _digest(part / "training.npz"),
            "best_sha256": _digest(part / "best.npz"),
            "kept": None if best is None else best.round,
            "stopped": stopped,
        }
        write_checked(part / "checkpoint.json", body)
    return read_checkpoint(place.folder)


def find_checkpoint(place: Place, learner: Learner, setup: Setup) -> Checkpoint | None:
    """What was trained for a place; a checkpoint of the first format is found by what its key says.

    Raises:
        CheckpointError: what is in the place is damaged, or of another training.
    """
    if place.folder.exists():
        return read_checkpoint(place.folder).check(place)
    folder = place.root / place.environment
    for path in sorted(folder.glob(f"{place.agent}-*/seed-{place.seed}")):
        try:
            found = read_checkpoint(path)
            if found.format == FORMAT:
                continue
            key = found.key | {"agent": found.key["agent"].rpartition(":")[2]}
            key = _without_defaults(key, learner, setup)
        except (CheckpointError, AttributeError, LookupError, TypeError):  # a damaged one
            continue
        if key == place.key:
            return replace(found, key=key)
    return None


def read_checkpoint(folder: Path) -> Checkpoint:
    """The checkpoint in a folder.

    Warns:
        RuntimeWarning: it was written before checkpoints carried a digest.

    Raises:
        CheckpointError: there is none, it is damaged, or it is of another format.
    """
    path, advice = folder / "checkpoint.json", _advice(folder)
    try:
        body, whole = read_checked(path, CheckpointError, advice, formats=READABLE)
    except FileNotFoundError:
        raise CheckpointError(f"{folder} holds no checkpoint.") from None
    if not whole:
        warnings.warn(
            f"{folder} was written before checkpoints carried a digest: that nobody changed what "
            "it says cannot be seen. Train again to have one.",
            RuntimeWarning,
            stacklevel=2,
        )
    try:
        found = _schema().validate_json(json.dumps({**body, "folder": str(folder)}))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise CheckpointError(
            f"{path} has other fields than a checkpoint: {shown(where)}: {first['msg']}. {advice}"
        ) from None
    lengths = {len(values) for values in found.history.values()}
    if not 0 < found.done <= found.rounds or lengths - {found.done}:
        raise CheckpointError(
            f"{path} says that {found.done} of {found.rounds} rounds are done, which its history "
            f"does not. {advice}"
        )
    return found


def differences(wanted: Key, found: Key) -> str:
    """What tells the key of a checkpoint from the one that is needed, in words."""
    parts = []
    for name in wanted:
        ours, theirs = wanted[name], found.get(name)
        if ours == theirs:
            continue
        if isinstance(ours, dict) and isinstance(theirs, dict):
            for entry in sorted(ours.keys() | theirs.keys()):
                if ours.get(entry) != theirs.get(entry):
                    told = [repr(at[entry]) if entry in at else "as usual" for at in (theirs, ours)]
                    parts.append(f"{name} {entry} {told[0]}, not {told[1]}")
        elif name == "world":
            parts.append(f"world {str(theirs)[:12]}, not {str(ours)[:12]}")
        else:
            parts.append(f"{name} {theirs!r}, not {ours!r}")
    return "; ".join(parts)


def _digest(path: Path) -> str:
    """Of a file; "" where there is none."""
    return file_digest(path) if path.exists() else ""


@lru_cache(maxsize=1)
def _schema() -> TypeAdapter[Checkpoint]:
    """The fields of a checkpoint and their types; made once, as that takes longer than to read."""
    return TypeAdapter(Checkpoint)


def _advice(folder: Path) -> str:
    return f"Delete {folder} and train again."
