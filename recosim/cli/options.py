"""Options that several commands take, with the same words, and how their values are read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from recosim.errors import OptionError

__all__ = [
    "CheckpointsOption",
    "Crowd",
    "DontKnowOption",
    "EstimatorOption",
    "EstimatorSetOption",
    "NoiseOption",
    "PlotsOption",
    "ProtocolOption",
    "SetOption",
    "UsersOption",
    "WorldOption",
    "check_picture",
    "environment_overrides",
    "split_names",
    "users_of",
]

WorldOption = Annotated[
    str | None,
    typer.Option(help="Another world, by name or folder: `recosim data list` shows them."),
]
ProtocolOption = Annotated[
    str | None, typer.Option(help="Another protocol: scpr, unicorn, ear or mcmipl.")
]
PlotsOption = Annotated[bool, typer.Option(help="Draw plots (needs the extra `plot`).")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="A choice of the protocol, e.g. --set on_reject=remove; may be repeated."
    ),
]
EstimatorOption = Annotated[str | None, typer.Option(help="Another estimator: mf, fm or transe.")]
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
        help="Who the users are: ideal, typical, terse, erratic, picky, chatty, undecided, "
        "standing, or a card of yours."
    ),
]
NoiseOption = Annotated[float | None, typer.Option(help="Probability that an answer is flipped.")]
DontKnowOption = Annotated[
    float | None, typer.Option(help="Probability of the answer 'I don't know'.")
]
CheckpointsOption = Annotated[
    Path | None,
    typer.Option(help="Where trained agents are kept; a folder of RecoSim's cache by default."),
]


def check_picture(path: Path) -> None:
    """Raise before anyone has talked for half an hour, not after.

    Raises:
        OptionError: the file is no `.png`. MissingExtraError: matplotlib is not installed.
    """
    from importlib.util import find_spec

    from recosim.envs.picture import check_picture_path
    from recosim.errors import MissingExtraError

    check_picture_path(path)
    if find_spec("matplotlib") is None:
        raise MissingExtraError("matplotlib", "plot", "Drawing a conversation")


def split_names(given: str) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in given.split(",") if name.strip()]


class Crowd(NamedTuple):
    """One kind of users of a bench; None: as the card has it."""

    users: str | None
    answer_noise: float | None
    dont_know: float | None


def users_of(users: str | None, answer_noise: str | None, dont_know: str | None) -> list[Crowd]:
    """The kinds of users of a bench: one setting varied at a time.

    Each option is one value or several, separated by commas. Where several are several, they are
    not crossed: each varies at the first value of the others.
    """
    choices: list[list[Any]] = [
        [None] if users is None else split_names(users),
        [None] if answer_noise is None else _probabilities("--answer-noise", answer_noise),
        [None] if dont_know is None else _probabilities("--dont-know", dont_know),
    ]
    if not choices[0]:
        raise OptionError(
            f"--users is {users!r}; name a population or several, e.g. ideal,typical."
        )
    base = [values[0] for values in choices]
    varied = [
        Crowd._make([*base[:k], value, *base[k + 1 :]])
        for k, values in enumerate(choices)
        for value in values
    ]
    return list(dict.fromkeys(varied))


def _probabilities(option: str, given: str) -> list[float]:
    try:
        values = [float(word) for word in split_names(given)]
    except ValueError:
        values = []
    if not values:
        raise OptionError(
            f"{option} is {given!r}; a probability or several are needed, e.g. 0,0.1,0.2."
        )
    return list(dict.fromkeys(values))


def environment_overrides(
    *,
    world: str | None,
    protocol: str | None,
    option: list[str] | None,
    estimator: str | None,
    estimator_set: list[str] | None,
    users: str | None,
    answer_noise: float | None,
    dont_know: float | None,
) -> dict[str, Any]:
    """The arguments of an environment that the command line changes."""
    return {
        "world": world,
        "protocol": protocol,
        "protocol_options": _options("--set", "on_reject=remove", option) or None,
        "estimator": estimator,
        "estimator_options": _options("--estimator-set", "reflect_rate=1", estimator_set) or None,
        "users": users,
        "answer_noise": answer_noise,
        "dont_know": dont_know,
    }


def _options(option: str, example: str, given: list[str] | None) -> dict[str, Any]:
    """`name=value` pairs; a value is read as TOML where it can be, else as a word."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    options: dict[str, Any] = {}
    for entry in given or []:
        name, separator, value = entry.partition("=")
        if not separator or not name:
            raise OptionError(f"{option} takes name=value, e.g. {example}; given {entry!r}.")
        try:
            options[name.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            options[name.strip()] = value.strip()
    return options
