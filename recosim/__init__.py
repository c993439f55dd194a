"""RecoSim: a simulation environment for conversational recommenders.

    import gymnasium as gym
    import recosim

    env = gym.make("recosim/CPR-LastFM-v0")

Importing the package registers its environments; nothing heavy is imported until one is made.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from recosim.envs.registration import register_all, register_family

if TYPE_CHECKING:
    from recosim.acts import Moves, Verb
    from recosim.agents.base import Agent
    from recosim.agents.registry import make_agent
    from recosim.agents.training import train
    from recosim.bench.run import run_bench
    from recosim.bench.setup import prepare_env
    from recosim.envs.cpr.env import CPREnv, CPRVectorEnv
    from recosim.envs.cpr.protocol import Protocol
    from recosim.envs.setup import Setup
    from recosim.errors import RecosimError
    from recosim.estimators.base import Estimator, Vectors
    from recosim.estimators.registry import fit_or_load
    from recosim.trace import Trace
    from recosim.users.behaviour import Behaviour
    from recosim.users.llm_settings import LLMSettings
    from recosim.users.population import Population
    from recosim.world.catalog import open_world
    from recosim.world.world import World

# The one place that states it: pyproject.toml reads it here.
__version__ = "0.1.0"

__all__ = [
    "Agent",
    "Behaviour",
    "CPREnv",
    "CPRVectorEnv",
    "Estimator",
    "LLMSettings",
    "Moves",
    "Population",
    "Protocol",
    "RecosimError",
    "Setup",
    "Trace",
    "Vectors",
    "Verb",
    "World",
    "fit_or_load",
    "make_agent",
    "open_world",
    "prepare_env",
    "register_family",
    "run_bench",
    "train",
]

_HOMES = {
    "Agent": "recosim.agents.base",
    "Behaviour": "recosim.users.behaviour",
    "CPREnv": "recosim.envs.cpr.env",
    "CPRVectorEnv": "recosim.envs.cpr.env",
    "Estimator": "recosim.estimators.base",
    "LLMSettings": "recosim.users.llm_settings",
    "Moves": "recosim.acts",
    "Population": "recosim.users.population",
    "Protocol": "recosim.envs.cpr.protocol",
    "RecosimError": "recosim.errors",
    "Setup": "recosim.envs.setup",
    "Trace": "recosim.trace",
    "Vectors": "recosim.estimators.base",
    "Verb": "recosim.acts",
    "World": "recosim.world.world",
    "fit_or_load": "recosim.estimators.registry",
    "make_agent": "recosim.agents.registry",
    "open_world": "recosim.world.catalog",
    "prepare_env": "recosim.bench.setup",
    "run_bench": "recosim.bench.run",
    "train": "recosim.agents.training",
}  # `register_family` is imported above

register_all()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'recosim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
