"""Options that several commands take, with the same words, and how their values are read."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from recosim.cli.complete import (
    complete_environments,
    complete_estimators,
    complete_protocols,
    complete_users,
    complete_worlds,
)
from recosim.errors import OptionError
from recosim.users import LLMSettings, Population
from recosim.users.behaviour import TRAITS, setting_of
from recosim.users.llm_settings import llm_with

__all__ = [
    "AgentLLMOption",
    "BaseURLOption",
    "CheckpointsOption",
    "Crowd",
    "EnvironmentsArgument",
    "EstimatorOption",
    "EstimatorSetOption",
    "PlotsOption",
    "ProtocolOption",
    "SetOption",
    "UserLLMOption",
    "UserSetOption",
    "UserSetsOption",
    "UsersOption",
    "WorldOption",
    "agents_and_environments",
    "check_file",
    "check_folder",
    "check_picture",
    "crowds_of",
    "environment_overrides",
    "model_settings",
    "split_names",
    "spoken_users",
    "user_settings",
]

WorldOption = Annotated[
    str | None,
    typer.Option(
        help="Another world, by name or folder: `recosim list worlds` shows them.",
        autocompletion=complete_worlds,
    ),
]
ProtocolOption = Annotated[
    str | None,
    typer.Option(
        help="Another protocol of the family, by name, e.g. unicorn.",
        autocompletion=complete_protocols,
    ),
]
EnvironmentsArgument = Annotated[
    list[str],
    typer.Argument(
        help="Environments by id or short name, e.g. CPR-LastFM EAR-Yelp.",
        autocompletion=complete_environments,
    ),
]
PlotsOption = Annotated[bool, typer.Option(help="Draw plots (needs the extra `plot`).")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="A choice of the protocol, e.g. --set on_reject=remove; may be repeated."
    ),
]
EstimatorOption = Annotated[
    str | None,
    typer.Option(help="Another estimator: mf, fm or transe.", autocompletion=complete_estimators),
]
EstimatorSetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--estimator-set",
        help="A setting of the estimator, e.g. --estimator-set reflect_rate=1; may be repeated.",
    ),
]
UsersOption = Annotated[
    str | None,
    typer.Option(
        help="Who the users are: ideal, human, typical, terse, erratic, picky, chatty, undecided, "
        "standing, or a card of yours; `recosim list users` shows all.",
        autocompletion=complete_users,
    ),
]
UserSetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--user-set",
        help=f"A setting of the users, e.g. --user-set patience=4; may be repeated. Settings: "
        f"{', '.join(TRAITS)}.",
    ),
]
UserSetsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--user-set",
        help=f"A setting of the users and its value, or several to compare, e.g. --user-set "
        f"patience=4,8,none; may be repeated. Settings: {', '.join(TRAITS)}.",
    ),
]
UserLLMOption = Annotated[
    list[str] | None,
    typer.Option(
        "--user-llm",
        help="Users are spoken for by a language model: its name, or a setting of it, e.g. "
        "--user-llm my-model --user-llm decides=answers; may be repeated. Settings: docs/chat.md.",
    ),
]
AgentLLMOption = Annotated[
    list[str] | None,
    typer.Option(
        "--agent-llm",
        help="The language model of the agent `llm`: its name, or a setting of it, e.g. "
        "--agent-llm my-model --agent-llm questions=4; may be repeated.",
    ),
]
BaseURLOption = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        help="The OpenAI-compatible server of all language models, with its /v1; by default "
        "OPENAI_BASE_URL. Its key is OPENAI_API_KEY.",
    ),
]
CheckpointsOption = Annotated[
    Path | None,
    typer.Option(help="Where trained agents are kept; a folder of RecoSim's cache by default."),
]


def check_folder(path: Path | None) -> None:
    """Raise `OptionError` where nothing could be written into a folder: before hours of work."""
    if path is None:
        return
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise OptionError(f"{there} is a file, and no folder to write into; name another path.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OptionError(
            f"nothing can be written into {there}: no permission. Name another path, or change the "
            "permissions of the folder."
        )


def check_file(path: Path | None, *endings: str) -> None:
    """Raise `OptionError` where a file could not be written, or is not named as what it will be.

    Args:
        endings: one of these ends its name, e.g. ".html".
    """
    if path is None:
        return
    if endings and path.suffix.lower() not in endings:
        raise OptionError(f"{path.name!r} does not end in {' or '.join(endings)}.")
    if path.is_dir():
        raise OptionError(f"{path} is a folder; name the file to write.")
    check_folder(path.parent)


def check_picture(path: Path) -> None:
    """Raise before anyone has talked for half an hour, not after.

    Raises:
        OptionError: the file is no `.png`. MissingExtraError: matplotlib is not installed.
    """
    from importlib.util import find_spec

    from recosim.envs.picture import check_picture_path
    from recosim.errors import MissingExtraError

    check_picture_path(path)
    check_folder(path.parent)
    if find_spec("matplotlib") is None:
        raise MissingExtraError("matplotlib", "plot", "Drawing a conversation")


def split_names(given: str) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in given.split(",") if name.strip()]


def agents_and_environments(words: list[str], agents: str | None) -> tuple[str | None, list[str]]:
    """What a call of `bench` or `train` names: its agents, and its environments.

    Agents are named by --agents, or by the first word: `recosim train scpr CPR-LastFM-Small`.

    Raises:
        OptionError: agents in both places, or no environment.
    """
    from recosim.agents.registry import agent_names
    from recosim.envs.registration import env_cards

    first = set(split_names(words[0]))
    environments = {name for card in env_cards().values() for name in (card.id, card.name)}
    named = bool(first) and first <= {*agent_names(), "all", "rules"} - environments
    if not named:
        return agents, words
    if agents is not None:
        raise OptionError(
            f"agents are named twice: {words[0]!r}, and --agents {agents}; name all of them once."
        )
    if len(words) == 1:
        raise OptionError(f"{words[0]!r} names agents; name an environment behind it.")
    return words[0], words[1:]


class Crowd(NamedTuple):
    """One kind of users of a bench."""

    users: str | None  # the name of a population; None: that of the card
    settings: dict[str, Any]  # by name, whatever the population says of them


def crowds_of(users: str | None, user_set: list[str] | None) -> list[Crowd]:
    """The kinds of users of a bench: one setting varied at a time.

    Args:
        users: populations by name, one or several, separated by commas.
        user_set: settings, each with a value or several: `NAME=V,...`.

    Where several are several, they are not crossed: each varies at the first value of the others.
    """
    names: list[str | None] = [None] if users is None else [*split_names(users)]
    if not names:
        raise OptionError(
            f"--users is {users!r}; name a population or several, e.g. ideal,typical."
        )
    values = _settings(user_set)
    first = {name: several[0] for name, several in values.items()}
    varied = [Crowd(name, first) for name in names]
    varied += [
        Crowd(names[0], {**first, name: value})
        for name, several in values.items()
        for value in several
    ]
    return [crowd for k, crowd in enumerate(varied) if crowd not in varied[:k]]


def user_settings(user_set: list[str] | None) -> dict[str, Any]:
    """Settings of users of whom there is one kind: `NAME=V`."""
    values = _settings(user_set)
    for name, several in values.items():
        if len(several) > 1:
            raise OptionError(
                f"--user-set gives {name} {len(several)} values; one is needed here. "
                "`recosim bench` compares several."
            )
    return {name: value for name, (value,) in values.items()}


def model_settings(option: str, given: list[str] | None, base_url: str | None) -> dict[str, Any]:
    """Settings of a language model by name, from entries `NAME=V` or `MODEL`.

    Raises:
        OptionError: an entry of another form, or a setting that is named twice.
    """
    found: dict[str, Any] = {} if base_url is None else {"base_url": base_url}
    for entry in given or []:
        name, separator, value = (part.strip() for part in entry.partition("="))
        if not separator:
            name, value = "model", name
        if not name or not value:
            raise OptionError(f"{option} takes a model, or name=value; given {entry!r}.")
        if name in found and (name, base_url) != ("base_url", found[name]):
            raise OptionError(f"{option} gives {name} twice.")
        found[name] = value if name in _WORDS else _read_value(value)
    return found


# Settings of a language model that are text, whatever they look like.
_WORDS = (
    "model", "base_url", "cassette", "mode", "form", "tokens_field", "decides", "when",
)  # fmt: skip


def spoken_users(
    users: str | None, environment: str, given: list[str] | None, base_url: str | None
) -> str | Population | None:
    """The users of an environment, as `--users` says, spoken for as `--user-llm` says.

    Users whom the rules play are worded by the model then, and it decides nothing unless it is told
    to; they have a name of their own.
    """
    settings = model_settings("--user-llm", given, base_url)
    if not settings:
        return users
    from recosim.envs.registration import env_card
    from recosim.users import population

    crowd = population(users or env_card(environment).arguments.get("users", "ideal"))
    if crowd.llm is None and not given:
        return users
    name = crowd.name if crowd.llm is not None else f"{crowd.name}_llm"
    return replace(crowd, name=name, llm=llm_with(crowd.llm or LLMSettings(), settings))


def _settings(user_set: list[str] | None) -> dict[str, list[Any]]:
    """The values of each setting that is named, in the order in which they were given.

    Raises:
        UnknownNameError: no such setting, or word. OptionError: an impossible value, none at all,
            or a setting that is named twice.
    """
    found: dict[str, list[Any]] = {}
    for entry in user_set or []:
        name, words = _split_pair("--user-set", "patience=4,8", entry)
        kind = setting_of(name).kind
        if name in found:
            raise OptionError(
                f"--user-set names {name} twice; give all its values at once, e.g. {name}=A,B."
            )
        if "{" in words:
            raise OptionError(
                f"--user-set {entry} holds a distribution; here users are alike. A card of users "
                "draws a setting for each of them (docs/users.md)."
            )
        values = [kind.typed(_read_value(word)) for word in split_names(words)]
        if not values:
            raise OptionError(f"--user-set takes name=value, e.g. patience=4,8; given {entry!r}.")
        for value in values:
            kind.check(name, value)
        found[name] = list(dict.fromkeys(values))
    return found


def environment_overrides(
    *,
    world: str | None,
    protocol: str | None,
    option: list[str] | None,
    estimator: str | None,
    estimator_set: list[str] | None,
    users: str | Population | None,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The arguments of an environment that the command line changes.

    Args:
        settings: settings of users by name, from `crowds_of` or `user_settings`.
    """
    return {
        "world": world,
        "protocol": protocol,
        "protocol_options": _options("--set", "on_reject=remove", option) or None,
        "estimator": estimator,
        "estimator_options": _options("--estimator-set", "reflect_rate=1", estimator_set) or None,
        "users": users,
        **settings,
    }


def _options(option: str, example: str, given: list[str] | None) -> dict[str, Any]:
    """The values of `name=value` pairs by name."""
    pairs = (_split_pair(option, example, entry) for entry in given or [])
    return {name: _read_value(value) for name, value in pairs}


def _split_pair(option: str, example: str, entry: str) -> tuple[str, str]:
    """Name and value of one `name=value`."""
    name, separator, value = entry.partition("=")
    if not separator or not name.strip():
        raise OptionError(f"{option} takes name=value, e.g. {example}; given {entry!r}.")
    return name.strip(), value


def _read_value(text: str) -> Any:
    """A value, read as TOML where it can be, else as a word."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()
