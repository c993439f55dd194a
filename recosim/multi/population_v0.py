"""A population with platforms and creators: `recosim.multi.population_v0`, for PettingZoo.

    from recosim.multi import population_v0

    env = population_v0.parallel_env("creators_market", users=200, days=7)
    observations, infos = env.reset(seed=0)
    while env.agents:
        actions = {
            agent: env.action_space(agent).sample(observations[agent]["action_mask"])
            for agent in env.agents
        }
        observations, rewards, terminated, truncated, infos = env.step(actions)

Importing it registers "recosim/population-v0" with PettingZoo, from its version 1.27 on. It needs
the extra `[marl]`.
"""

from __future__ import annotations

from typing import Any

from recosim.multi.population import PopulationEnv

__all__ = ["env", "parallel_env", "raw_env"]

ID = "recosim/population-v0"

raw_env = PopulationEnv
parallel_env = PopulationEnv


def env(*arguments: Any, **settings: Any) -> Any:
    """The same behind the AEC API: agents act one after the other, the day runs after the last."""
    from pettingzoo.utils.conversions import parallel_to_aec
    from pettingzoo.utils.wrappers import OrderEnforcingWrapper

    return OrderEnforcingWrapper(parallel_to_aec(parallel_env(*arguments, **settings)))


def _register() -> None:
    """Make the id known to PettingZoo, once."""
    import pettingzoo

    known = getattr(pettingzoo, "parallel_registry", None)
    if known is not None and ID not in known:
        pettingzoo.register("parallel", ID, "recosim.multi.population_v0:parallel_env")
        pettingzoo.register("aec", ID, "recosim.multi.population_v0:env")


_register()
