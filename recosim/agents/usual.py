"""Who recommends where nobody says who."""

from __future__ import annotations

from recosim.agents.learner import Learner
from recosim.agents.registry import agent_names, make_agent
from recosim.envs.setup import Setup
from recosim.errors import MissingExtraError, OptionError

__all__ = ["usual_agent"]


def usual_agent(setup: Setup, environment: str = "") -> str:
    """The first agent that the family names (`Family.agents`) and that fits its rules here.

    A family that names none gets the first agent, by name, that fits, needs no training and no
    server, and sees nothing that is hidden.

    Args:
        environment: short name of the environment, for settings that hang on it.

    Raises:
        OptionError: no agent fits.
    """
    for name in setup.family.agents or agent_names():
        try:
            agent = make_agent(name, environment)
        except MissingExtraError:
            continue
        plain = not (isinstance(agent, Learner) or agent.privileged or agent.asks_server)
        if plain and not agent.misfit_of(setup):
            return name
    raise OptionError(
        f"no agent is made for these rules of the family {setup.family.name!r}; name one."
    )
