"""`recosim list KIND`: what can be named on the command line, and what it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Annotated, Any

import typer

from recosim.cli.complete import complete_environments

__all__ = ["Kind", "list_names", "protocols"]

Rows = Iterator[tuple[str, ...]]


class Kind(str, Enum):
    """What is listed."""

    envs = "envs"
    agents = "agents"
    users = "users"
    protocols = "protocols"
    worlds = "worlds"
    estimators = "estimators"


def list_names(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    env: Annotated[
        str | None,
        typer.Option(
            help="Of agents and protocols: only those of the family of this environment.",
            autocompletion=complete_environments,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with all columns.")] = False,
) -> None:
    """List what can be named: environments, agents, users, protocols, worlds, estimators.

    Examples:

      recosim list envs

      recosim list agents --env CPR-LastFM

      recosim list protocols --json
    """
    from rich.table import Table
    from rich.text import Text

    from recosim.cli.report import output
    from recosim.envs.registration import env_card
    from recosim.errors import OptionError

    if env is not None and kind not in (Kind.agents, Kind.protocols):
        raise OptionError(f"--env chooses agents and protocols; leave it out for {kind.value}.")
    families = None if env is None else set(env_card(env).record.lineage())
    columns, rows = _LISTS[kind]
    found = [
        row for row in rows() if families is None or row[1] in families or row[1] == EVERY_FAMILY
    ]
    if as_json:
        typer.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in found], indent=1))
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for n, column in enumerate(columns):
        last = n == len(columns) - 1  # what it is, in words, gives way where the window is narrow
        table.add_column(column, no_wrap=not last, overflow="fold")
    for row in found:
        table.add_row(*map(Text, row))
    output().print(table)


EVERY_FAMILY = "every"


def _envs() -> Rows:
    from recosim.envs.registration import env_cards

    for card in sorted(env_cards().values(), key=lambda card: (card.family, card.name)):
        yield card.name, card.family, str(card.arguments.get("world", "")), card.title


def _agents() -> Rows:
    from recosim.agents.learner import Learner
    from recosim.agents.registry import agent_card, agent_names, make_agent
    from recosim.errors import MissingExtraError

    for name in agent_names():
        card = agent_card(name)
        kind = "rule"
        try:
            agent = make_agent(name)
        except MissingExtraError as error:
            kind, family = f"needs {error.extra}", card.family
        else:
            family = agent.family
            if isinstance(agent, Learner):
                kind = "learns"
            elif agent.asks_server:
                kind = "asks a server"
            elif agent.privileged:
                kind = "ceiling"
        yield name, family or EVERY_FAMILY, kind, card.title


def _users() -> Rows:
    from recosim.cards import list_cards, read_toml

    for name, path in list_cards("users").items():
        card = read_toml(path)
        yield name, str(card.get("description") or card.get("title", ""))


def protocols() -> Rows:
    """Family, preset and what the environments of the family use, of every preset."""
    from recosim.envs.registration import env_cards
    from recosim.family import families

    cards = list(env_cards().values())
    for record in families().values():
        presets = record.load("rules").PRESETS
        usual = next(iter(presets), "")
        for name in presets:
            used = [
                card.name
                for card in cards
                if card.family == record.name and card.arguments.get("protocol", usual) == name
            ]
            yield name, record.name, ", ".join(used)


def _worlds() -> Rows:
    from recosim.world.catalog import list_worlds

    for record in list_worlds():
        size = "" if record.items is None else f"{record.items:,}"
        yield record.name, record.kind, "yes" if record.built else "no", size, record.title


def _estimators() -> Rows:
    from recosim.estimators import ESTIMATORS, estimator

    for name in sorted(ESTIMATORS):
        fitter: Any = estimator(name)
        told = (type(fitter).__doc__ or "").strip().splitlines()[0]
        yield name, told


_LISTS: dict[Kind, tuple[tuple[str, ...], Callable[[], Rows]]] = {
    Kind.envs: (("name", "family", "world", "what it is"), _envs),
    Kind.agents: (("name", "family", "kind", "what it is"), _agents),
    Kind.users: (("name", "what they are"), _users),
    Kind.protocols: (("name", "family", "environments that use it"), protocols),
    Kind.worlds: (("name", "kind", "built", "items", "what it is"), _worlds),
    Kind.estimators: (("name", "what it is"), _estimators),
}
