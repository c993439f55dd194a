"""Estimators by name, and the cache of fitted ones."""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any

from recosim.arrays import check_arrays, mark_checked, open_arrays, save_arrays
from recosim.checked import json_digest, read_checked, write_checked
from recosim.errors import WorldError, shown, unknown
from recosim.estimators.base import Estimator, Vectors
from recosim.estimators.mf import MatrixFactorisation
from recosim.files import atomic_folder, cache_folder
from recosim.progress import Progress, show_progress
from recosim.world.world import World

__all__ = ["ESTIMATORS", "estimator", "fit_or_load"]

# Name -> class, or "module:Class" of one that is imported when it is first made. Add a class of
# your own to make its name known everywhere an estimator is named.
ESTIMATORS: dict[str, type[Estimator] | str] = {
    MatrixFactorisation.name: MatrixFactorisation,
    "fm": "recosim.estimators.fm:FactorisationMachine",
    "transe": "recosim.estimators.transe:TransE",
}

FORMAT = 2  # of the folder
ARRAYS = ("user", "item", "attribute", "item_bias")
SCALARS = ("reflect_rate", "reflect_steps", "penalise_rejected")
SEAL = "sha256"  # the key of the digest of estimator.json

# Vectors that this process opened, latest last: a second environment of the same world is free.
OPEN_LIMIT = 8
_open: OrderedDict[Path, Vectors] = OrderedDict()
_lock = threading.RLock()


def estimator(name: str, **settings: Any) -> Estimator:
    """An estimator that is not fitted yet.

    Raises:
        UnknownNameError: no estimator of that name; the nearest one is offered.
        OptionError: an unknown setting or an impossible value.
        MissingExtraError: the estimator needs a package that is not installed.
    """
    if not isinstance(name, str) or name not in ESTIMATORS:
        raise unknown("estimator", name, ESTIMATORS)
    kind = ESTIMATORS[name]
    if isinstance(kind, str):
        module, _, attribute = kind.partition(":")
        kind = getattr(import_module(module), attribute)
    fitter: Estimator = kind(**settings)
    return fitter


def fit_or_load(
    world: World,
    name: str = "mf",
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Vectors:
    """The vectors of an estimator for a world: from memory, from the cache folder, or fitted now.

    The cache key is the fingerprint of the world, the name, every setting with its default, and the
    version of the algorithm. Cached arrays are memory-mapped, so processes share them; all arrays
    are read-only.

    Args:
        settings: those that differ from the defaults.
        progress: called while fitting; without it a terminal shows a progress bar.

    Raises:
        UnknownNameError: no estimator of that name. OptionError: an unknown or impossible setting.
        WorldError: the estimator gave vectors that do not fit the world.

    Warns:
        RuntimeWarning: a damaged entry is fitted again; a new one cannot be stored, say on a full
            disk, and is used from memory.
    """
    fitter = estimator(name, **dict(settings or {}))
    key = {
        "format": FORMAT,
        "estimator": name,
        "version": fitter.version,
        "settings": dict(fitter.settings()),
        "world": world.fingerprint,
    }
    folder = cache_folder().absolute() / "estimators" / f"{name}-{json_digest(key)[:24]}"
    with _lock:
        vectors = _open.get(folder)
        if vectors is None:
            vectors = _load_or_warn(folder, key, world) or _fit_and_store(
                fitter, world, folder, key, progress
            )
            _open[folder] = vectors
        _open.move_to_end(folder)
        while len(_open) > OPEN_LIMIT:
            _open.popitem(last=False)
    return vectors


def _fit_and_store(
    fitter: Estimator, world: World, folder: Path, key: dict[str, Any], progress: Progress | None
) -> Vectors:
    title = f"fitting {key['estimator']!r} to {world.name}"
    with show_progress(title, progress, log=f"recosim: {title}, once") as report:
        vectors = fitter.fit(world, report).check(world)
    try:
        _store(folder, key, vectors)
    except OSError as error:
        # Another process may have stored the same fit at the same moment: then it is there.
        stored = _load_or_warn(folder, key, world)
        if stored is not None:
            return stored
        warnings.warn(
            f"the fitted estimator could not be stored in {folder} ({error}); it will be fitted "
            "again next time. Free some space, or name another folder in RECOSIM_CACHE.",
            RuntimeWarning,
            stacklevel=3,
        )
        for label in ARRAYS:
            getattr(vectors, label).flags.writeable = False
        return vectors
    return _load_or_warn(folder, key, world) or vectors


def _store(folder: Path, key: dict[str, Any], vectors: Vectors) -> None:
    with atomic_folder(folder) as part:
        files = save_arrays(part, {label: getattr(vectors, label) for label in ARRAYS})
        scalars = {label: getattr(vectors, label) for label in SCALARS}
        body = {"key": key, "files": files, "scalars": scalars}
        write_checked(part / "estimator.json", body, SEAL)
        mark_checked(part, files, ("estimator.json",))


def _load_or_warn(folder: Path, key: dict[str, Any], world: World) -> Vectors | None:
    """What is stored, None if nothing is; what is damaged counts as nothing, with a warning."""
    try:
        try:
            return _load(folder, key, world)
        except FileNotFoundError:  # another process has just put the same fit in its place
            return _load(folder, key, world)
    except (WorldError, OSError) as error:
        warnings.warn(
            f"the fitted estimator in {folder} is damaged ({error}); it is fitted again.",
            RuntimeWarning,
            stacklevel=3,
        )
        return None


def _load(folder: Path, key: dict[str, Any], world: World) -> Vectors | None:
    if not folder.exists():
        return None
    manifest, sealed = read_checked(folder / "estimator.json", WorldError, "", key=SEAL)
    files, scalars = manifest.get("files"), manifest.get("scalars")
    if not sealed or manifest.get("key") != key or not isinstance(scalars, dict):
        raise WorldError("estimator.json is of another fit")

    def vectors(arrays: Mapping[str, Any]) -> Vectors:
        try:
            return Vectors(**{label: arrays[label] for label in ARRAYS}, **scalars)
        except (KeyError, TypeError) as error:
            raise WorldError(f"estimator.json lacks, or has beside, {error}") from None

    check_arrays(
        folder,
        files,  # type: ignore[arg-type]
        judge=lambda arrays: _check(vectors(arrays), world),
        also=("estimator.json",),
    )
    return vectors(open_arrays(folder, ARRAYS))


def _check(vectors: Vectors, world: World) -> None:
    """Hold that what was stored is what a fit of this world gives."""
    vectors.check(world)
    for label in SCALARS:
        value = getattr(vectors, label)
        if type(value) is not type(getattr(Vectors, label)) or not isfinite(value) or value < 0:
            raise WorldError(f"{label} is {shown(value)}")
