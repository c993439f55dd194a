"""Populations with creators: everybody at once, day by day, since creators look at all users."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recosim.errors import OptionError
from recosim.files import write_json
from recosim.multi.measures import write_columns, write_tables
from recosim.multi.parts import claimed_folder
from recosim.multi.plan import Plan, labels
from recosim.multi.shard import Tracer
from recosim.multi.society import Society
from recosim.progress import Progress

__all__ = ["MOST_USERS", "run_whole"]

MOST_USERS = 200_000  # about 5 kB each and platform


def run_whole(
    plan: Plan,
    folder: Path,
    *,
    threads: int | None = None,
    progress: Progress = lambda done, total, what: None,
    notice: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Run a population with creators, and write what came of it into a folder.

    The folder gets what `recosim.multi.running.run_population` writes, but for chunks: a run that
    was stopped begins anew. Beside it `creators.parquet` (by creator and day: times its items were
    shown, income, costs, wealth, whether it is in) and `offer.parquet` (by day: items on offer, how
    they were made, Gini of exposure).

    Returns:
        What `summary.json` holds.

    Raises:
        OptionError: more users than fit, or a platform that cannot be one beside creators.
        ResultsError: the folder holds another run. BusyError: another process is at a run in it.
    """
    if plan.users > MOST_USERS:
        raise OptionError(
            f"{plan.users} users with creators; all of them live at once then, and at most "
            f"{MOST_USERS} do. Name fewer, or leave the creators out."
        )
    society = Society(
        plan.setup,
        plan.platforms,
        plan.creators,
        plan.users,
        choice_pull=plan.choice_pull,
        threads=threads,
        environment=plan.environment,
    )
    assert society.makers is not None
    described = {**plan.describe(), "creators": society.makers.describe()}
    with claimed_folder(folder, described, notice):
        tracer = Tracer(society.market, plan) if plan.traces else None
        society.begin(plan.seed)
        while not society.over:
            society.play()
            progress(
                society.day, society.days, f"{int(society.log['active'][-1].sum())} active users"
            )
        if tracer is not None:
            tracer.take().write(folder / "traces" / "000000.parquet")
        _write_creators(folder, society)
        summary = write_tables(folder, society.tally.arrays, labels(plan.platforms), described)
        summary["creators"] = society.summary()["creators"]
        write_json(folder / "summary.json", summary)
        return summary


def _write_creators(folder: Path, society: Society) -> None:
    log, makers = society.log, society.makers
    assert makers is not None
    days, n = len(log["exposure"]), makers.count
    write_columns(
        folder / "creators.parquet",
        {
            "creator": np.tile(np.arange(n, dtype=np.int32), days),
            "rule": np.tile(np.array(makers.rules), days),
            "day": np.repeat(np.arange(days, dtype=np.int32), n),
            **{
                name: np.concatenate(log[name])
                for name in ("exposure", "income", "costs", "wealth", "alive")
            },
        },
    )
    offers = log["offer"]
    write_columns(
        folder / "offer.parquet",
        {
            "day": np.arange(days, dtype=np.int32),
            **{name: np.array([offer[name] for offer in offers]) for name in offers[0]},
            "alive": np.array([alive.mean() for alive in log["alive"]]),
            **{
                name: np.array([np.nan if value is None else value for value in log[name]])
                for name in ("item_gini", "creator_gini")
            },
        },
    )
