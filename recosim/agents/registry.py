"""Agents by name: cards in `agents/` give the class and settings, by environment if needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from recosim.agents.base import Agent
from recosim.cards import find_card, list_cards, load_class
from recosim.errors import CardError, MissingExtraError, OptionError
from recosim.family import family
from recosim.schema import Card, load_card

__all__ = ["AgentCard", "agent_card", "agent_names", "make_agent"]

# Packages that agents need, and the extra that brings each.
EXTRAS = {"torch": "torch", "stable_baselines3": "sb3", "sb3_contrib": "sb3", "openai": "llm"}


class Published(Card):
    """A published result that an agent stands against: success rate, average turns, hDCG."""

    data: str
    sr15: float = Field(alias="SR@15")
    at: float = Field(alias="AT")
    hdcg: float = Field(alias="hDCG")
    source: str


class AgentCard(Card):
    """The schema of `agents/<name>.toml`.

    Attributes:
        name, title, description: what it is.
        reference: the paper, or what stands for one.
        class_path: "module:Class", or "file.py:Class" of a file beside the card.
        family: the family of environments that it is made for; "" leaves that to the class.
        settings: arguments of the class.
        environments: settings that differ for an environment, by its short name.
        published: results of the paper.
    """

    name: str
    title: str
    description: str
    reference: str = ""
    class_path: str = Field(alias="class")
    family: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = Field(default_factory=dict)
    published: tuple[Published, ...] = ()


def agent_names() -> list[str]:
    """The names of all agent cards, sorted."""
    return list(list_cards("agents"))


def agent_card(name: str) -> AgentCard:
    """The card of an agent.

    Raises:
        UnknownNameError: no such agent; the nearest name is offered. CardError: a faulty card.
    """
    path = find_card("agents", name)
    card = load_card(AgentCard, path)
    if card.name != name:
        raise CardError(f"{path}: its name is {card.name!r}, its file says {name!r}.")
    return card


def make_agent(name: str, environment: str = "", **settings: Any) -> Agent:
    """An agent by the name of its card.

    Args:
        environment: short name of the environment it will run in, for settings that hang on it.
        settings: override those of the card.

    Raises:
        UnknownNameError: no such agent, or its card names no family that is known.
        CardError: the card names no agent class.
        OptionError: a setting the agent does not have, or an impossible value.
        MissingExtraError: the agent needs a package that is not installed.
    """
    card = agent_card(name)
    try:
        kind = load_class(card.class_path, find_card("agents", name))
    except (MissingExtraError, CardError):
        raise
    except (ImportError, AttributeError) as error:
        package = getattr(error, "name", None)
        if isinstance(error, ImportError) and package in EXTRAS:
            raise MissingExtraError(package, EXTRAS[package], f"agent {name!r}") from None
        raise CardError(
            f"agent {name!r}: class {card.class_path!r} cannot be loaded: {error}"
        ) from None
    if not (isinstance(kind, type) and issubclass(kind, Agent)):
        raise CardError(f"agent {name!r}: {card.class_path!r} is not a subclass of Agent.")
    chosen: Mapping[str, Any] = {
        **card.settings,
        **card.environments.get(environment, {}),
        **settings,
    }
    try:
        agent = kind(**chosen)
    except TypeError as error:
        raise OptionError(
            f"agent {name!r} cannot take the settings {dict(chosen)}: {error}"
        ) from None
    agent.name = name
    agent.family = family(card.family).name if card.family else agent.family
    return agent
