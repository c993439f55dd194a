"""Running an entry kernel over the rows of a batch, on several threads where that pays."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise

from recosim.kernels.compiling import Entry
from recosim.kernels.table import Table

__all__ = ["default_threads", "run_rows", "threads_for"]

# Rows below which a second thread costs more than it saves.
_ROWS_PER_THREAD = 192


def default_threads() -> int:
    """Up to 4, by the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return min(4, len(os.sched_getaffinity(0)))
    return min(4, os.cpu_count() or 1)


def threads_for(rows: int, threads: int) -> int:
    """How many of `threads` a batch of this many rows is shared by, at least 1."""
    return max(1, min(threads, rows // _ROWS_PER_THREAD))


def run_rows(kernel: Entry, table: Table, rows: int, threads: int) -> int:
    """Run a kernel over all rows. Returns what it found on one thread, -1 for nothing or several.

    A kernel that must see the whole batch before it changes a row looks first (see
    `recosim.envs.cpr.entries.find_illegal`).
    """
    threads = threads_for(rows, threads)
    if threads == 1:
        found = kernel(table, 0, rows)
        return -1 if found is None else int(found)
    kernel(table, 0, 0)  # compile or load before the threads start
    bounds = [rows * k // threads for k in range(threads + 1)]
    pool = _threads(os.getpid(), threads)
    jobs = [pool.submit(kernel, table, *span) for span in pairwise(bounds[:-1])]
    kernel(table, bounds[-2], bounds[-1])
    for job in jobs:
        job.result()
    return -1


@lru_cache(maxsize=4)
def _threads(process: int, threads: int) -> ThreadPoolExecutor:
    """One pool for each process: a forked child must not use the threads of its parent."""
    return ThreadPoolExecutor(threads, thread_name_prefix="recosim")
