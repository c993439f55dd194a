"""Results of format 1 as those of format 2: metrics by name, where each had a field of its own.

Where format 1 has a metric its declaration says (`recosim.metrics.Metric.formerly`).
"""

from __future__ import annotations

import json
from typing import Any

from recosim.bench.schema import EnvSetup
from recosim.errors import ResultsError
from recosim.metrics import Metric, headlines

__all__ = ["from_format_1"]


def from_format_1(data: dict[str, Any]) -> dict[str, Any]:
    """The content of a results.json.

    Raises:
        ResultsError: it lacks what every results.json has.
    """
    try:
        environments = [_environment(env) for env in data["environments"]]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ResultsError(f"not results of format 1: {error!r}") from None
    return {**data, "format": 2, "environments": environments}


def _environment(env: dict[str, Any]) -> dict[str, Any]:
    metrics = [
        m for m in EnvSetup.model_validate_json(json.dumps(env["setup"])).metrics if m.formerly
    ]
    compared = headlines(metrics)
    agents = [
        {
            "name": agent["name"],
            "metrics": _named(agent["summary"], metrics),
            "seeds": [
                {
                    **{name: seed[name] for name in ("seed", "episodes", "sha256")},
                    "metrics": _named(seed, compared),
                }
                for seed in agent["seeds"]
            ],
        }
        for agent in env["agents"]
    ]
    pairs = [
        {
            **{name: pair[name] for name in ("a", "b", "wins", "ties", "losses")},
            "differences": _named(pair, compared),
        }
        for pair in env["comparisons"]
    ]
    return {**env, "agents": agents, "comparisons": pairs}


def _named(fields: dict[str, Any], metrics: list[Metric]) -> dict[str, Any]:
    """The metrics that are there, by their names."""
    found = {}
    for metric in metrics:
        name, _, index = metric.formerly.partition(".")
        if name in fields:
            value = fields[name]
            # Of a curve, seeds and pairs have the end alone.
            found[metric.name] = value[int(index)] if isinstance(value, list) else value
    return found
