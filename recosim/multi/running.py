"""Populations of any size: users in parts, one after another or many at once, resumed at any time.

Platforms that follow rules look at one user at a time, so users can live apart: part by part, in
flat memory. Luck hangs on the user, and what is counted are whole numbers, so that the results are
the same bytes for any size of the parts and of the batch, on any number of processes, and after any
interruption.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from recosim.cluster import Cluster
from recosim.errors import OptionError
from recosim.multi.measures import write_tables
from recosim.multi.parts import claimed_folder, known_chunk, read_part, write_part
from recosim.multi.plan import Plan, digest_of, labels
from recosim.multi.shard import Errand, Part, Played, Shard, open_shard
from recosim.multi.tally import Tally
from recosim.progress import Progress
from recosim.spread import lay_files, spread

__all__ = ["run_population", "usual_chunk"]

ROWS = 1024  # users at once


def usual_chunk(users: int) -> int:
    """Users of a part where nobody says how many: what a kill can lose, and what is handed out.

    Fewer where there are few users, so that several processes have something to do.
    """
    return min(max(-(-users // 16), 4 * ROWS), 16 * ROWS)


def run_population(
    plan: Plan,
    folder: Path,
    *,
    chunk: int | None = None,
    rows: int = ROWS,
    threads: int | None = None,
    cluster: Cluster | None = None,
    progress: Progress = lambda done, total, what: None,
    notice: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Run a population, or what is left of it, and write what came of it into a folder.

    The folder gets `run.json` (the set-up), `chunks/` (what is counted of each part, whole numbers
    by name, with the digest of the set-up), `traces/` (Parquet parts, where wanted), and the tables
    of `recosim.multi.measures.write_tables`. This process alone writes into it, and holds the sum
    of what was counted, never all parts.

    Args:
        chunk: users of a part; default: that of the folder, or `usual_chunk`.
        rows: users at once. threads: of a batch; on a cluster 1 by default.
        cluster: where parts are played; default: in this process, one after another.
        progress: called with (users done, users in all, what happens).
        notice: called with a line for the user, e.g. that a run is resumed.

    Returns:
        What `summary.json` holds.

    Raises:
        OptionError: an impossible size. ResultsError: the folder holds another run, or a damaged
            part. BusyError: another process is at a run in it. MissingExtraError, ClusterError,
            WorldError: see `recosim.spread.spread` and `recosim.multi.shard.open_shard`.
    """
    if chunk is None:
        chunk = known_chunk(folder) or usual_chunk(plan.users)
    for name, value in (("chunk", chunk), ("rows", rows)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise OptionError(f"{name} is {value!r}; a whole number from 1 is needed.")
    described = plan.describe()
    digest = digest_of(described)
    world, horizon = plan.setup.world, plan.setup.protocol.horizon
    total = Tally(len(plan.platforms), horizon, world.n_items, world.n_attributes)
    starts = range(0, plan.users, chunk)
    parts = [Part(k, n, min(n + chunk, plan.users)) for k, n in enumerate(starts)]
    rows = min(rows, chunk, plan.users)
    with claimed_folder(folder, {**described, "chunk": chunk}, notice):
        left, done = [], 0
        for part in parts:
            counts, trace = _paths(folder, part)
            if not counts.exists() or (plan.traces and not trace.exists()):
                left.append(part)
                continue
            total.add(read_part(counts, digest, total))
            done += part.stop - part.start
            progress(done, plan.users, "done before")
        what = ", ".join(labels(plan.platforms))
        with closing(_play(plan, left, rows, threads, cluster, notice)) as playing:
            for part, played in playing:
                counts, trace = _paths(folder, part)
                if played.trace is not None:
                    lay_files({trace.name: played.trace}, trace.parent)
                write_part(counts, digest, played.counts)
                total.add(played.counts)
                done += part.stop - part.start
                progress(done, plan.users, what)
        return write_tables(folder, total.arrays, labels(plan.platforms), described)


def _paths(folder: Path, part: Part) -> tuple[Path, Path]:
    """Where the counts and the moves of a part lie."""
    name = f"{part.k:06d}"
    return folder / "chunks" / f"{name}.npz", folder / "traces" / f"{name}.parquet"


def _play(
    plan: Plan,
    parts: Sequence[Part],
    rows: int,
    threads: int | None,
    cluster: Cluster | None,
    notice: Callable[[str], None],
) -> Generator[tuple[Part, Played], None, None]:
    """Parts, and what came of each: in order here, as they come from a cluster."""
    if cluster is not None:
        errand = Errand.of(plan, rows, threads)
        yield from spread(cluster, open_shard, errand, parts, notice=notice)
    elif parts:
        shard = Shard(plan, rows, threads)
        for part in parts:
            yield part, shard.play(part)
