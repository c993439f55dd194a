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
    from recosim.agents.base import Agent
    from recosim.agents.registry import make_agent
    from recosim.envs.cpr.env import CPREnv, CPRVectorEnv
    from recosim.envs.cpr.protocol import Protocol
    from recosim.errors import RecosimError
    from recosim.estimators.base import Estimator, Vectors
    from recosim.trace import Trace
    from recosim.users.behaviour import Behaviour
    from recosim.users.llm_settings import LLMSettings
    from recosim.users.population import Population
    from recosim.world.catalog import open_world
    from recosim.world.world import World

__version__ = "0.1.0"

__all__ = [
    "Agent",
    "Behaviour",
    "CPREnv",
    "CPRVectorEnv",
    "Estimator",
    "LLMSettings",
    "Population",
    "Protocol",
    "RecosimError",
    "Trace",
    "Vectors",
    "World",
    "make_agent",
    "open_world",
    "register_family",
]

_HOMES = {
    "Agent": "recosim.agents.base",
    "Behaviour": "recosim.users.behaviour",
    "CPREnv": "recosim.envs.cpr.env",
    "CPRVectorEnv": "recosim.envs.cpr.env",
    "Estimator": "recosim.estimators.base",
    "LLMSettings": "recosim.users.llm_settings",
    "Population": "recosim.users.population",
    "Protocol": "recosim.envs.cpr.protocol",
    "RecosimError": "recosim.errors",
    "Trace": "recosim.trace",
    "Vectors": "recosim.estimators.base",
    "World": "recosim.world.world",
    "make_agent": "recosim.agents.registry",
    "open_world": "recosim.world.catalog",
}  # `register_family` is imported above

register_all()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'recosim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
