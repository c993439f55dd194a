"""Compiling kernels: parts that are inlined, and functions that are kept on disk."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit, types
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile

from recosim.files import cache_folder
from recosim.kernels import watch  # noqa: F401  (says what is compiled)
from recosim.kernels.digest import digest_of
from recosim.kernels.table import Table

__all__ = ["Entry", "cached", "entry", "kernel"]

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a part of a kernel: inlined into the entry kernels that call it."""
    compiled: Any = njit(nogil=True, error_model="numpy")(function)
    return compiled


def cached(**options: Any) -> Callable[[Function], Function]:
    """Compile a function that Python calls, kept on disk until anything compiled in changes.

    Args:
        options: those of `numba.njit`.
    """

    def compile_function(function: Function) -> Function:
        dispatcher: Any = njit(**options)(function)
        _keep_on_disk(dispatcher)
        compiled: Function = dispatcher
        return compiled

    return compile_function


_FOLDERS = CompileResultCacheImpl._locator_classes
_FOR_ALL = next(n for n, kind in enumerate(_FOLDERS) if "UserWide" in kind.__name__)


_ForUser: Any = _FOLDERS[_FOR_ALL]


class _OurFolder(_ForUser):  # type: ignore[misc]
    """The folder `kernels` of RecoSim's cache."""

    def __init__(self, function: Any, file: str) -> None:
        super().__init__(function, file)
        self._cache_path = str(cache_folder() / "kernels" / self.get_suitable_cache_subpath(file))


class _Impl(CompileResultCacheImpl):
    """Where compiled functions go: the first folder of these that can be written to.

    That of NUMBA_CACHE_DIR, `__pycache__` beside the source, RecoSim's cache (a package that is
    read only, as in a container), numba's own for the user. NUMBA_CACHE_LOCATOR_CLASSES still
    overrules all of it.
    """

    _locator_classes = [*_FOLDERS[:_FOR_ALL], _OurFolder, *_FOLDERS[_FOR_ALL:]]  # noqa: RUF012


class _Cache(FunctionCache):
    _impl_class = _Impl


class _CacheFile(IndexDataCacheFile):
    """Entries on disk that hold as long as the digest of the function does.

    It is read late: what a function calls may be defined after it. What cannot be read is compiled
    again, and what cannot be written stays in memory: the cache is never a reason to fail.
    """

    def __init__(self, path: str, index: str, dispatcher: Any) -> None:
        self.dispatcher, self.digest = dispatcher, ""
        super().__init__(path, index, None)  # type: ignore[no-untyped-call]

    def load(self, key: Any) -> Any:
        """The entry, or that beside the source: an image may bring compiled kernels, read only."""
        beside = str(Path(self.dispatcher.py_func.__code__.co_filename).parent / "__pycache__")
        own, ours = self._cache_path, self._index_path
        for path in dict.fromkeys((own, beside)):
            self._cache_path, self._index_path = path, os.path.join(path, self._index_name)
            try:
                if (found := super().load(key)) is not None:  # type: ignore[no-untyped-call]
                    return found
            except Exception:  # half a pickle, of a disk that was full, raises anything
                continue
            finally:
                self._cache_path, self._index_path = own, ours
        return None

    def save(self, key: Any, data: Any) -> None:
        try:
            super().save(key, data)  # type: ignore[no-untyped-call]
        except OSError as error:
            _warn(f"{self._cache_path}: {error.strerror or error}")
        except Exception:  # the index there cannot be read
            Path(self._index_path).unlink(missing_ok=True)
            super().save(key, data)  # type: ignore[no-untyped-call]

    @property
    def _source_stamp(self) -> str:
        self.digest = self.digest or digest_of(self.dispatcher)
        return self.digest

    @_source_stamp.setter
    def _source_stamp(self, stamp: Any) -> None:
        """numba's, of the one file that the function is in, is not used."""


def _keep_on_disk(dispatcher: Any) -> None:
    try:
        cache: Any = _Cache(dispatcher.py_func)  # type: ignore[no-untyped-call]
    except RuntimeError:  # numba's, of no folder that can be written to
        _warn("no folder for them can be written to")
        return
    cache._cache_file = _CacheFile(cache._cache_path, cache._impl.filename_base, dispatcher)
    dispatcher._cache = cache


def _warn(why: str) -> None:
    """Say once that kernels are not kept."""
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(
            f"recosim: compiled kernels are kept in memory alone, and every process compiles them "
            f"anew (minutes): {why}. Set RECOSIM_CACHE to a folder that can be written to.",
            RuntimeWarning,
            stacklevel=2,
        )


_warned = False


class Entry:
    """An entry kernel: cached on disk, compiled or opened when it first runs."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.dispatcher: Any = cached(nogil=True, error_model="numpy")(function)
        self.function = function
        self.ready = False

    def __call__(self, table: Table, lo: int, hi: int) -> Any:
        if not self.ready:
            self.compile()
        return self.dispatcher(table, lo, hi)

    def compile(self) -> None:
        """Compile, or load from the cache, without a table to run on."""
        self.dispatcher.compile((types.int64[::1], types.int64, types.int64))
        self.ready = True


def entry(function: Callable[..., Any]) -> Entry:
    """An entry kernel with the signature (table, lo, hi), for the rows lo..hi-1."""
    return Entry(function)
