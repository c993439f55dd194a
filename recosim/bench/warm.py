"""`warm_up`: what the first use of an environment would wait for, made ahead.

The world is built, the estimator fitted, every kernel compiled; then each agent that needs no
training plays a little, which compiles what is its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from recosim.agents.registry import make_agent
from recosim.bench.rollout import play_batch
from recosim.bench.run import rule_agents
from recosim.bench.setup import BenchEnv, prepare_env
from recosim.envs.recorder import Recorder
from recosim.kernels.compiling import Entry
from recosim.progress import Progress

__all__ = ["warm_up"]

FEW = 2  # episodes that an agent plays


def warm_up(names: Sequence[str], progress: Progress) -> None:
    """Build, fit and compile for some environments, by id or short name.

    Args:
        progress: called with steps done, in all, and what is done; how many there are in all is
            known of an environment once it is open.

    Raises:
        UnknownNameError: no such environment. MissingExtraError: its world needs a package that is
            not installed.
    """
    done = in_all = 0
    rules = rule_agents()
    for place, name in enumerate(names):
        ahead = len(names) - place
        progress(done, in_all + ahead, f"{name}: world and estimator")
        env = prepare_env(name)
        kernels = list(_kernels(env))
        agents = [agent for agent in rules if not make_agent(agent, env.name).misfit_of(env.setup)]
        in_all += 1 + len(kernels) + len(agents)
        done += 1
        for kernel in kernels:
            what = f"{name}: kernel {kernel.function.__name__!r}"
            progress(done, in_all + ahead - 1, what)
            kernel.compile()
            done += 1
        for agent in agents:
            progress(done, in_all + ahead - 1, f"{name}: agent {agent!r}")
            _play(env, agent)
            done += 1


def _kernels(env: BenchEnv) -> Iterator[Entry]:
    """The entry kernels of a family; none where its batches are not compiled."""
    module = getattr(env.setup.family.load("batch"), "entries", None)
    for entry in vars(module).values() if module is not None else ():
        if isinstance(entry, Entry):
            yield entry


def _play(env: BenchEnv, name: str) -> None:
    agent = make_agent(name, env.name)
    batch = env.setup.batch(FEW, track=agent.track, threads=1)
    agent.bind(batch)
    few = np.arange(min(FEW, len(env.units)))
    play_batch(batch, agent, env.units, few, 0, Recorder(batch))
