"""Estimators by name, and the cache of fitted ones."""

from __future__ import annotations

import json
import threading
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from recosim.arrays import check_arrays, json_digest, mark_checked, open_arrays, save_arrays
from recosim.errors import WorldError, unknown
from recosim.estimators.base import Estimator, Vectors
from recosim.estimators.mf import MatrixFactorisation
from recosim.files import atomic_folder, cache_folder, write_json
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
    if name not in ESTIMATORS:
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
            vectors = _load_or_warn(folder, key) or _fit_and_store(
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
        stored = _load_or_warn(folder, key)
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
    return _load_or_warn(folder, key) or vectors


def _store(folder: Path, key: dict[str, Any], vectors: Vectors) -> None:
    with atomic_folder(folder) as part:
        files = save_arrays(part, {label: getattr(vectors, label) for label in ARRAYS})
        scalars = {label: getattr(vectors, label) for label in SCALARS}
        body = {"key": key, "files": files, "scalars": scalars}
        write_json(part / "estimator.json", {**body, "sha256": json_digest(body)})
        mark_checked(part, files)


def _load_or_warn(folder: Path, key: dict[str, Any]) -> Vectors | None:
    """What is stored, None if nothing is; what is damaged counts as nothing, with a warning."""
    try:
        try:
            return _load(folder, key)
        except FileNotFoundError:  # another process has just put the same fit in its place
            return _load(folder, key)
    except (WorldError, OSError) as error:
        warnings.warn(
            f"the fitted estimator in {folder} is damaged ({error}); it is fitted again.",
            RuntimeWarning,
            stacklevel=3,
        )
        return None


def _load(folder: Path, key: dict[str, Any]) -> Vectors | None:
    if not folder.exists():
        return None
    try:
        manifest = json.loads((folder / "estimator.json").read_text(encoding="utf-8"))
        body = {label: manifest[label] for label in ("key", "files", "scalars")}
        sound = manifest["sha256"] == json_digest(body) and body["key"] == key
    except (OSError, ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        raise WorldError("estimator.json cannot be read or was changed")
    check_arrays(folder, body["files"])
    fields: dict[str, Any] = {**open_arrays(folder, ARRAYS), **body["scalars"]}
    return Vectors(**fields)
