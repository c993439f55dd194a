"""Options that several commands take, with the same words, and how their values are read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from recosim.errors import OptionError

__all__ = [
    "CheckpointsOption",
    "DontKnowOption",
    "EstimatorOption",
    "EstimatorSetOption",
    "NoiseOption",
    "PlotsOption",
    "ProtocolOption",
    "SetOption",
    "WorldOption",
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
NoiseOption = Annotated[float | None, typer.Option(help="Probability that an answer is flipped.")]
DontKnowOption = Annotated[
    float | None, typer.Option(help="Probability of the answer 'I don't know'.")
]
CheckpointsOption = Annotated[
    Path | None,
    typer.Option(help="Where trained agents are kept; a folder of RecoSim's cache by default."),
]


def split_names(given: str) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in given.split(",") if name.strip()]


def users_of(answer_noise: str | None, dont_know: str | None) -> list[tuple[float, float]]:
    """The users of a bench: those who never err, then one setting varied at a time.

    Each option is one probability or several, separated by commas. Where both are several, they
    are not crossed: noise varies at the first value of the other, and the other way round.
    """
    noises = _probabilities("--answer-noise", answer_noise)
    unsures = _probabilities("--dont-know", dont_know)
    both = [(noise, unsures[0]) for noise in noises] + [(noises[0], unsure) for unsure in unsures]
    return list(dict.fromkeys(both))


def _probabilities(option: str, given: str | None) -> list[float]:
    try:
        values = [float(word) for word in split_names(given or "0")]
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
