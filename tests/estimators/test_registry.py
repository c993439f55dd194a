"""Estimators by name, and the cache of fitted ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recosim import arrays
from recosim.errors import OptionError, UnknownNameError, WorldError
from recosim.estimators import (
    ESTIMATORS,
    Estimator,
    MatrixFactorisation,
    Vectors,
    estimator,
    fit_or_load,
    registry,
)
from recosim.progress import Progress
from recosim.world.csr import csr_from_lists
from recosim.world.world import World, build_world

ARRAYS = ("user", "item", "attribute", "item_bias")


def small_world(extra: int = 0) -> World:
    return build_world(
        name="small",
        item_attributes=csr_from_lists([[0], [0, 1], [1], [1, 2], [2]]),
        n_attributes=3,
        train=csr_from_lists([[0, 1], [2, 3], [extra]]),
        valid=csr_from_lists([[2], [4], []]),
        test=csr_from_lists([[3], [], [4]]),
    )


class Counting(Estimator):
    """Vectors that are cheap to make; counts how often it was fitted."""

    name = "counting"
    fits = 0

    def __init__(self, level: float = 1.0) -> None:
        self.level = level

    def settings(self) -> Mapping[str, Any]:
        return {"level": self.level}

    def fit(self, world: World, progress: Progress | None = None) -> Vectors:
        type(self).fits += 1
        if progress is not None:
            progress(1, 1, "counting")

        def full(n: int) -> Any:
            return np.full((n, 8), self.level, np.float32)

        return Vectors(
            user=full(world.n_users),
            item=full(world.n_items),
            attribute=full(world.n_attributes),
            item_bias=np.zeros(world.n_items, np.float32),
            reflect_rate=0.7,
            reflect_steps=2,
            penalise_rejected=True,
        )


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECOSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(ESTIMATORS, "counting", Counting)
    monkeypatch.setattr(Counting, "fits", 0)
    registry._open.clear()
    return tmp_path / "cache" / "estimators"


def forget() -> None:
    """As if a new process began."""
    registry._open.clear()


def only_folder(cache: Path) -> Path:
    (folder,) = [path for path in cache.iterdir() if not path.name.startswith(".")]
    return folder


def test_estimator_makes_one_by_name() -> None:
    made = estimator("mf", dimension=16)
    assert isinstance(made, MatrixFactorisation)
    assert made.dimension == 16


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'counting'"):
        estimator("countin")
    with pytest.raises(UnknownNameError, match=r"Allowed: counting, .*mf"):
        fit_or_load(small_world(), "zzz")


def test_an_impossible_setting_is_refused_before_anything_is_written(cache: Path) -> None:
    with pytest.raises(OptionError):
        fit_or_load(small_world(), "mf", {"dimension": 9})
    assert not cache.exists()


def test_the_default_estimator_is_fitted_once_and_comes_back_the_same() -> None:
    first = fit_or_load(small_world(), settings={"dimension": 8})
    forget()
    again = fit_or_load(small_world(), settings={"dimension": 8})
    plain = MatrixFactorisation(dimension=8).fit(small_world())
    for name in ARRAYS:
        assert getattr(first, name).tobytes() == getattr(plain, name).tobytes()
        assert getattr(again, name).tobytes() == getattr(plain, name).tobytes()


def test_a_stored_fit_is_read_and_not_repeated() -> None:
    first = fit_or_load(small_world(), "counting")
    forget()
    again = fit_or_load(small_world(), "counting")
    assert Counting.fits == 1
    assert (again.reflect_rate, again.reflect_steps, again.penalise_rejected) == (0.7, 2, True)
    assert again is not first


def test_one_process_opens_a_fit_once() -> None:
    assert fit_or_load(small_world(), "counting") is fit_or_load(small_world(), "counting")


def test_worlds_and_settings_have_fits_of_their_own() -> None:
    fit_or_load(small_world(), "counting")
    fit_or_load(small_world(), "counting", {"level": 2.0})
    fit_or_load(small_world(extra=1), "counting")
    assert Counting.fits == 3
    # A setting given at its default is the same fit.
    fit_or_load(small_world(), "counting", {"level": 1.0})
    assert Counting.fits == 3


def test_another_version_of_the_algorithm_is_fitted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fit_or_load(small_world(), "counting")
    monkeypatch.setattr(Counting, "version", 2, raising=False)
    fit_or_load(small_world(), "counting")
    assert Counting.fits == 2


def test_few_fits_are_kept_open(cache: Path) -> None:
    for level in range(12):
        fit_or_load(small_world(), "counting", {"level": float(level)})
    assert len(registry._open) == registry.OPEN_LIMIT
    fit_or_load(small_world(), "counting", {"level": 0.0})
    assert Counting.fits == 12


def test_vectors_are_read_only_and_mapped_from_the_files() -> None:
    vectors = fit_or_load(small_world(), "counting")
    for name in ARRAYS:
        array = getattr(vectors, name)
        assert type(array) is np.ndarray
        assert isinstance(array.base, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    time.sleep(0.01)  # a change within the resolution of the file's time would go unseen
    path.write_bytes(bytes(content))


def edit(path: Path) -> None:
    manifest = json.loads(path.read_text())
    manifest["scalars"]["reflect_rate"] = 9.0
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("damage", "file", "problem"),
    [
        (truncate, "item.npy", "item.npy has 284 bytes, not 288"),
        (flip, "user.npy", "the content of user.npy is not what was written"),
        (Path.unlink, "attribute.npy", "attribute.npy is missing"),
        (Path.unlink, "estimator.json", "estimator.json is missing"),
        (truncate, "estimator.json", "estimator.json cannot be read"),
        (edit, "estimator.json", "was changed"),
    ],
)
def test_a_damaged_fit_is_made_again_with_one_warning(
    cache: Path, damage: Any, file: str, problem: str
) -> None:
    fit_or_load(small_world(), "counting")
    forget()
    damage(only_folder(cache) / file)
    with pytest.warns(RuntimeWarning, match=problem) as caught:
        vectors = fit_or_load(small_world(), "counting")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert Counting.fits == 2
    assert vectors.reflect_rate == 0.7
    forget()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_or_load(small_world(), "counting")
    assert Counting.fits == 2


def test_a_copied_cache_is_checked_and_used(cache: Path, tmp_path: Path) -> None:
    fit_or_load(small_world(), "counting")
    forget()
    folder = only_folder(cache)
    shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "copy", folder, copy_function=shutil.copyfile)
    before = (folder / "verified.json").read_text()
    fit_or_load(small_world(), "counting")
    assert Counting.fits == 1
    assert (folder / "verified.json").read_text() != before


def test_a_fit_that_cannot_be_stored_is_used_all_the_same(cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file where the folder should be")
    with pytest.warns(RuntimeWarning, match="could not be stored"):
        vectors = fit_or_load(small_world(), "counting")
    assert Counting.fits == 1
    with pytest.raises(ValueError, match="read-only"):
        vectors.item[0] = 0


def test_an_interrupted_fit_leaves_nothing_behind(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(path: Path) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(arrays, "file_digest", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fit_or_load(small_world(), "counting")
    assert list(cache.iterdir()) == []
    fit_or_load(small_world(), "counting")
    assert Counting.fits == 2


def test_vectors_of_the_wrong_size_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Short(Counting):
        def fit(self, world: World, progress: Progress | None = None) -> Vectors:
            vectors = super().fit(world)
            return Vectors(vectors.user[:-1], vectors.item, vectors.attribute, vectors.item_bias)

    monkeypatch.setitem(ESTIMATORS, "short", Short)
    with pytest.raises(WorldError, match="user vectors"):
        fit_or_load(small_world(), "short")


def test_progress_is_passed_on() -> None:
    calls: list[tuple[int, int, str]] = []
    fit_or_load(small_world(), "counting", progress=lambda *call: calls.append(call))
    assert calls == [(1, 1, "counting")]


def test_loading_imports_neither_numba_nor_scipy_nor_rich(tmp_path: Path) -> None:
    from recosim.world.storage import save_world

    world = save_world(small_world(), tmp_path / "world")
    fit_or_load(world, "mf", {"dimension": 8})
    code = (
        "import sys; from pathlib import Path\n"
        "from recosim.estimators import fit_or_load\n"
        "from recosim.world.storage import open_folder\n"
        f"world = open_folder(Path({str(tmp_path / 'world')!r}))\n"
        "fit_or_load(world, 'mf', {'dimension': 8})\n"
        "print([m for m in ('numba', 'scipy', 'rich') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""
