"""The main tables of results for other programs: CSV, LaTeX and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from recosim.bench.schema import EnvResult, Results
from recosim.bench.tables import header, main_table, ranked
from recosim.metrics import Metric

__all__ = ["as_csv", "as_json", "as_latex"]

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def as_csv(results: Results) -> str:
    """One line for each environment, agent and metric: value, and interval where there is one."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(("environment", "agent", "metric", "value", "low", "high"))
    for env in results.environments:
        for agent in ranked(env):
            for metric in _told(env):
                found = agent.metrics.get(metric.name)
                ends = ("", "", "") if found is None else (found.value, found.low, found.high)
                writer.writerow((env.setup.key, agent.name, metric.name, *ends))
    return lines.getvalue()


def as_json(results: Results) -> str:
    """Every environment with its header, and its agents, the best first, with their metrics."""
    told = [
        {
            "environment": env.setup.key,
            "header": header(env),
            "agents": [
                {
                    "agent": agent.name,
                    "privileged": env.privileged(agent.name),
                    "metrics": {m.name: _estimate(agent.metrics.get(m.name)) for m in _told(env)},
                }
                for agent in ranked(env)
            ],
        }
        for env in results.environments
    ]
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def as_latex(results: Results) -> str:
    """The main tables for LaTeX with the package booktabs; the header of each is a comment."""
    return "\n".join(_tabular(env) for env in results.environments)


def _tabular(env: EnvResult) -> str:
    table = main_table(env)
    lines = [
        f"% {header(env)}",
        rf"\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
        r"\toprule",
        _row(table.columns),
        r"\midrule",
        *(_row(row) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        *(f"% {note}" for note in table.notes),
    ]
    return "\n".join(lines) + "\n"


def _row(cells: tuple[str, ...]) -> str:
    return " & ".join(map(_escaped, cells)) + r" \\"


def _escaped(text: str) -> str:
    return re.sub(r"[\\~^&%$#_{}]", lambda found: _LATEX[found[0]], text)


def _told(env: EnvResult) -> Iterator[Metric]:
    """The metrics of the main table, then those of behaviour."""
    for place in ("main", "behaviour"):
        yield from (metric for metric in env.metrics if metric.place == place)


def _estimate(found: Any) -> dict[str, float | None] | None:
    return None if found is None else {"value": found.value, "low": found.low, "high": found.high}
