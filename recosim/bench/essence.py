"""What outcomes depend on, whichever version wrote it down, and how two set-ups differ."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from recosim.agents.registry import make_agent
from recosim.bench.schema import AgentSetup, EnvSetup
from recosim.checked import json_digest
from recosim.errors import RecosimError
from recosim.estimators.registry import estimator

__all__ = ["difference", "essence_of", "unit_digest", "unit_setup"]


def unit_setup(setup: EnvSetup, agent: str, seed: int) -> EnvSetup:
    """The set-up of one agent with one seed alone: what its outcomes depend on."""
    (mine,) = (each for each in setup.agents if each.name == agent)
    learned = tuple(each for each in mine.checkpoints if each.seed == seed)
    mine = mine.model_copy(update={"checkpoints": learned})
    return setup.model_copy(update={"agents": (mine,), "seeds": (seed,)})


def unit_digest(setup: EnvSetup, agent: str, seed: int) -> str:
    """The sha256 of the set-up of one agent with one seed, as this version writes it."""
    return json_digest(unit_setup(setup, agent, seed).model_dump(mode="json"))


def essence_of(setup: EnvSetup) -> dict[str, Any]:
    """What outcomes depend on, as JSON values.

    What a later version lets choose is not in an older file: choices of the protocol are filled in,
    settings that are at their default are left out.
    """
    env: dict[str, Any] = setup.model_dump(mode="json")
    del env["family"]  # the id says it; older files do not
    env["protocol"] = setup.rules.to_dict()
    with suppress(RecosimError):  # an estimator that is not here any more
        usual = estimator(setup.estimator.name).settings()
        env["estimator"]["settings"] = _other_than(usual, setup.estimator.settings)
    for agent, entry in zip(setup.agents, env["agents"], strict=True):
        # Where a class lies is not what it does.
        entry["implementation"] = agent.implementation.rpartition(":")[2]
        entry["settings"] = _other_than(_usual_settings(agent), agent.settings)
        entry["checkpoints"] = sorted(entry["checkpoints"], key=lambda c: int(c["seed"]))
    return env


def _other_than(usual: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are not at their default."""
    same = json.loads(json.dumps(usual, default=str))  # as they lie in the file
    return {k: v for k, v in given.items() if k not in same or same[k] != v}


def _usual_settings(agent: AgentSetup) -> dict[str, Any]:
    """The defaults of an agent's class; none where its card is not here any more."""
    usual: dict[str, Any] = {}
    with suppress(RecosimError):
        for kind in reversed(type(make_agent(agent.name)).__mro__[:-1]):
            for name, entry in inspect.signature(kind).parameters.items():
                if entry.default is not inspect.Parameter.empty:
                    usual[name] = entry.default
    return usual


def difference(
    there: Any, here: Any, labels: tuple[str, str] = ("the folder", "this run"), where: str = ""
) -> str:
    """The first difference of two JSON values as a clause; "" if they are equal."""
    if isinstance(there, dict) and isinstance(here, dict) and set(there) == set(here):
        pairs = [(f"{where}.{key}" if where else key, there[key], here[key]) for key in there]
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        pairs = [(f"{where}[{n}]", a, b) for n, (a, b) in enumerate(zip(there, here, strict=True))]
    elif there == here:
        return ""
    else:
        return f"{where} is {_short(there)} in {labels[0]} and {_short(here)} in {labels[1]}"
    return next((d for p, a, b in pairs if (d := difference(a, b, labels, p))), "")


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
