"""Recommender and user take turns in any environment: `recosim.multi.pair_v0`, for PettingZoo.

    from recosim.multi import pair_v0

    env = pair_v0.env(name="CPR-LastFM")
    env.reset(seed=0)
    for agent in env.agent_iter():
        observation, reward, terminated, truncated, info = env.last()
        action = None
        if not (terminated or truncated):
            action = env.action_space(agent).sample(observation["action_mask"])
        env.step(action)

Importing it registers "recosim/pair-v0" with PettingZoo, from its version 1.27 on. It needs the
extra `[marl]`.
"""

from __future__ import annotations

from typing import Any

from recosim.multi.pair import PairEnv

__all__ = ["env", "parallel_env", "raw_env"]

ID = "recosim/pair-v0"

raw_env = PairEnv


def env(**arguments: Any) -> Any:
    """`PairEnv` behind the wrapper of PettingZoo that checks the order of calls."""
    from pettingzoo.utils.wrappers import OrderEnforcingWrapper

    return OrderEnforcingWrapper(raw_env(**arguments))


def parallel_env(**arguments: Any) -> Any:
    """The same behind the parallel API: only the action of whose turn it is counts."""
    from pettingzoo.utils.conversions import turn_based_aec_to_parallel

    return turn_based_aec_to_parallel(env(**arguments))


def _register() -> None:
    """Make the id known to PettingZoo, once."""
    import pettingzoo

    known = getattr(pettingzoo, "aec_registry", None)
    if known is not None and ID not in known:
        pettingzoo.register("aec", ID, "recosim.multi.pair_v0:env")
        pettingzoo.register("parallel", ID, "recosim.multi.pair_v0:parallel_env")


_register()
