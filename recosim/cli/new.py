"""`recosim new KIND NAME`: a card of one's own that works, to be changed from there."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from string import Template
from typing import Annotated, Any

import typer

from recosim.cards import OWN
from recosim.cli.complete import complete_environments, complete_users

__all__ = ["New", "new"]


class New(str, Enum):
    """What is begun."""

    agent = "agent"
    env = "env"
    users = "users"


NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def new(
    kind: Annotated[New, typer.Argument(help="What to begin.")],
    name: Annotated[str, typer.Argument(help="Its name, e.g. mine.")],
    env: Annotated[
        str,
        typer.Option(
            help="The environment that an agent is made for, or that a new one is like.",
            autocompletion=complete_environments,
        ),
    ] = "CPR-LastFM-Small",
    like: Annotated[
        str,
        typer.Option(
            help="The users whose settings the new ones begin with.", autocompletion=complete_users
        ),
    ] = "typical",
    folder: Annotated[
        Path,
        typer.Option(
            help=f"Where to write; cards in {OWN} are found from the folder that it is in, those "
            "of other folders if RECOSIM_PATH names them."
        ),
    ] = Path(OWN),
) -> None:
    """Begin an agent, an environment or users of your own: files that work as they are.

    Nothing that exists is written over. What to call next is printed.

    Examples:

      recosim new agent mine

      recosim new env MyShop --env CPR-Yelp-Small

      recosim new users regulars --like typical
    """
    from recosim.cards import NOUNS, list_cards
    from recosim.errors import OptionError

    if not NAME.fullmatch(name):
        raise OptionError(
            f"{name!r} is no name: it begins with a letter, and has letters, digits, _ and - only."
        )
    cards = {New.agent: "agents", New.env: "envs", New.users: "users"}[kind]
    if name in list_cards(cards):
        raise OptionError(f"there is a card of the {NOUNS[cards]} {name!r} already; name another.")
    write = {New.agent: _agent, New.env: _env, New.users: _users}[kind]
    files, then = write(name, env, like)
    for path in files:
        if (folder / path).exists():
            raise OptionError(f"{folder / path} exists; name another, or remove it.")
    from recosim.cli.report import output
    from recosim.files import write_text

    console = output()
    for path, text in files.items():
        write_text(folder / path, text)
        console.print(f"wrote {folder / path}", soft_wrap=True)
    if folder != Path(OWN):
        then = f"RECOSIM_PATH={folder} {then}"
    console.print(f"try it: {then}", soft_wrap=True)


Files = dict[str, str]


def _agent(name: str, env: str, like: str) -> tuple[Files, str]:
    """A class that plays in every family, and its card."""
    from recosim.envs.registration import env_card

    card, module = env_card(env), name.replace("-", "_")
    values = {
        "name": name,
        "title": _title(name),
        "module": module,
        "kind": _title(name).replace(" ", ""),
        "env": card.name,
        "family": card.family,
        "unit": card.record.unit,
    }
    files = {
        f"agents/{name}.toml": Template(_AGENT_CARD).substitute(values),
        f"agents/{module}.py": Template(_AGENT).substitute(values),
    }
    return files, f"recosim bench {card.name} --agents {name},random"


def _env(name: str, env: str, like: str) -> tuple[Files, str]:
    """A card with the arguments of another one, and the choices of its rules to be changed."""
    from recosim.envs.registration import env_card
    from recosim.envs.rules import Rules

    card = env_card(env)
    kind: type[Rules] = card.record.load("rules")
    rules = kind.read(card.arguments.get("protocol"), **card.arguments.get("protocol_options", {}))
    choices = {
        choice: value
        for choice, value in rules.to_dict().items()
        if not isinstance(value, dict) and value is not None and choice not in card.arguments
    }
    lines = [f"{key} = {_toml(value)}" for key, value in card.arguments.items()]
    lines += ["", "# Choices of its rules, as they are; take the # away to change one."]
    lines += [f"# {key} = {_toml(value)}" for key, value in choices.items()]
    text = Template(_ENV).substitute(
        name=name, family=card.family, like=card.name, arguments="\n".join(lines)
    )
    return {f"envs/{name}/env.toml": text}, f"recosim bench {name} --agents rules"


def _users(name: str, env: str, like: str) -> tuple[Files, str]:
    """A population with the settings of another one."""
    from recosim.cards import find_card, read_toml

    card = read_toml(find_card("users", like))
    settings: dict[str, Any] = card.get("behaviour", {})
    lines = [f"{key} = {_toml(value)}" for key, value in settings.items()]
    lines = lines or ["# answer_noise = 0.05   # `recosim bench --help` names all settings"]
    style = f"style = {_toml(card['style'])}\n" if "style" in card else ""
    model = card.get("llm", {})
    text = Template(_USERS).substitute(
        name=name, title=_title(name), like=like, style=style, settings="\n".join(lines)
    )
    if model:
        text += "\n[llm]\n" + "\n".join(f"{k} = {_toml(v)}" for k, v in model.items()) + "\n"
    return {f"users/{name}.toml": text}, f"recosim bench {env} --agents rules --users {name},{like}"


def _title(name: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in re.split(r"[_-]+", name) if word)


def _toml(value: Any) -> str:
    """A value of a card as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return repr(value)


_AGENT_CARD = """\
name = "$name"
title = "$title"
description = "Asks a little, then shows the best."
class = "$module.py:$kind"   # the file beside this card
family = "$family"           # "" for every family

[settings]
asks = 2   # arguments of the class; [environments.NAME] changes them for one environment
"""

_AGENT = '''\
"""The agent of the card $name.toml: change `act`."""

from __future__ import annotations

import numpy as np

from recosim import Agent, Moves
from recosim.kernels.random import AGENT


class $kind(Agent):
    """Asks a little where there is something to ask, then shows the best.

    It plays many $unit at once: every array has one row for each.
    """

    track = True  # masks are kept up to date after every move

    def __init__(self, asks: int = 2) -> None:
        self.asks = asks

    def settings(self):
        return {"asks": self.asks}  # stands in the results

    def act(self) -> Moves:
        batch = self.batch
        n = batch.n_askables  # actions 0 to n - 1 ask, action n recommends the best
        legal = batch.legal_actions()  # (rows, actions), 1 where legal
        codes = np.where(legal[:, n], n, legal.argmax(axis=1))
        for row in np.flatnonzero(batch.arrays["step"] < self.asks):
            questions = np.flatnonzero(legal[row, :n])
            if len(questions):  # one by lot; the same seed draws the same
                codes[row] = questions[int(self.luck(AGENT)[row] * len(questions))]
        return Moves.from_flat(codes, n, verbs=batch.verbs, reasons=batch.n_reasons)
'''

_ENV = """\
id = "my/$name-v0"
family = "$family"
title = "$name"
description = "Like $like; say here what is different."

[arguments]
$arguments
"""

_USERS = """\
name = "$name"
title = "$title"
description = "Like $like; say here who they are."
source = "Settings of the population $like."
$style
[behaviour]   # `recosim list users`, docs/users.md: every setting, and what it may be
$settings
"""
