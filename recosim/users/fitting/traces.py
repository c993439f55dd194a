"""What every family reads of a trace before it tells of its users: whose it is, its episodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recosim.errors import OptionError
from recosim.trace import Trace

__all__ = ["Row", "agent_of", "episodes_of"]

Row = Mapping[str, Any]


def agent_of(trace: Trace) -> str:
    """The one agent of a trace, "nobody" for an empty one.

    Raises:
        OptionError: the trace holds several agents: they meet the same luck.
    """
    agents = trace.table.column("agent").unique().to_pylist()
    if len(agents) > 1:
        raise OptionError(
            f"the trace holds the agents {', '.join(sorted(agents))}. They meet the same users "
            "with the same luck, so that their moves are no further evidence; fit one at a time."
        )
    return agents[0] if agents else "nobody"


def episodes_of(trace: Trace, columns: Sequence[str]) -> Iterator[list[Row]]:
    """The rows of each episode, with some columns, `step` among them."""
    rows: list[Row] = []
    for row in trace.table.select(list(columns)).to_pylist():
        if row["step"] == 0 and rows:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows
