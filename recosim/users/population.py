"""`Population`: who the users are. It draws the behaviour of every user from the card of a kind.

A card is `users/<name>.toml`; `population("typical")` reads one. The same user of the same
population is the same person in every conversation, whoever recommends, whenever it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.cards import find_card, list_cards, read_toml
from recosim.errors import CardError, OptionError, RecosimError, shown, unknown
from recosim.language.phrases import STYLES
from recosim.users.annotators.settings import Annotators, annotators_of
from recosim.users.behaviour import (
    SETTINGS,
    WORDS,
    Behaviour,
    check_settings,
    is_given,
    setting_of,
    trait_column,
)
from recosim.users.llm_settings import LLMSettings, llm_settings

__all__ = [
    "Population",
    "population",
    "population_names",
    "read_population",
    "users_of_family",
]

KEYS = (
    "name", "title", "description", "source", "style", "seed", "behaviour", "annotators",
    "sources", "llm",
)  # fmt: skip
FORMS = ("uniform", "beta", "choice")
CHOICE = "choice"  # begins the source of a setting that nobody counted


@dataclass(frozen=True)
class Population:
    """The users of a world as distributions over the settings of `Behaviour`.

    A setting is a constant, or a table with one of

    - `uniform = [low, high]`: a number between the two;
    - `beta = [a, b]`: a probability of mean a / (a + b);
    - `choice = [...]`, with `weights = [...]` if they are not alike: one of several values.

    Attributes:
        name: for people and results.
        settings: by name; those that are missing are as in `Behaviour()`.
        style: how they talk (`recosim.language`): "plain", "terse" or "chatty".
        seed: of the draws; another seed is another crowd of the same kind.
        llm: a language model speaks for them, and decides what it may; None: templates speak.
        annotators: how they rate and compare lists (docs/annotators.md). No environment reads it.
        sources: by setting, where its numbers are from; what begins with "choice" was counted by
            nobody. They change nothing.

    Raises:
        UnknownNameError: a setting, form or style that does not exist.
        OptionError: a value that `Behaviour` would refuse.
    """

    name: str = "ideal"
    settings: Mapping[str, Any] = field(default_factory=dict)
    style: str = "plain"
    seed: int = 0
    llm: LLMSettings | None = None
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)
    annotators: Annotators = field(default_factory=Annotators)

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise unknown("style of talking", self.style, STYLES)
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or self.seed < 0:
            raise OptionError(f"seed is {shown(self.seed)}; a whole number from 0 is needed.")
        for name, given in self.settings.items():
            kind = setting_of(name).kind
            for value in _extremes(name, given):
                kind.check(name, value)

    @property
    def decided_by_rules(self) -> bool:
        """Whether rules alone decide what users do; language models may say it."""
        return self.llm is None or self.llm.decides == "nothing"

    @property
    def unsupported(self) -> dict[str, str]:
        """Of a population that says where its numbers are from: the settings that nobody counted.

        Returns:
            By setting, what its card says of it.
        """
        if not self.sources:
            return {}
        told = {name: self.sources.get(name, CHOICE) for name in self.settings}
        return {name: text for name, text in told.items() if text.startswith(CHOICE)}

    @property
    def varied(self) -> bool:
        """Whether users differ from each other."""
        return any(isinstance(value, Mapping) for value in self.settings.values())

    def constant(self, name: str) -> float | str | None:
        """The value of a setting that is the same for all users, None where they differ.

        A word is itself; no end of patience is infinity.
        """
        entry = setting_of(name)
        value = self.settings.get(name, entry.default)
        if isinstance(value, Mapping):
            return None
        return value if isinstance(value, str) else entry.kind.number(value)

    def labels(self, names: Container[str]) -> list[str]:
        """What keys of results say of some settings: `noise-0.1`; nothing of a usual value."""
        usual = Population()
        return [
            f"{entry.label}-{entry.text(value)}"
            for name, entry in SETTINGS.items()
            if name in names and (value := self.constant(name)) not in (None, usual.constant(name))
        ]

    def traits(self, n_users: int) -> NDArray[np.float64]:
        """The settings of the users as kernels read them.

        Returns:
            float64 (n_users, settings), or (1, settings) where all users are alike; a setting
            that is a word is its position among the words, no end of patience is infinity.
        """
        fixed = {k: v for k, v in self.settings.items() if not isinstance(v, Mapping)}
        row = Behaviour(**fixed).traits()
        if not self.varied:
            return row[None]
        table = np.tile(row, (n_users, 1))
        for name, form in self.settings.items():
            if isinstance(form, Mapping):
                trait_column(table, name)[:] = self._draw(name, form, n_users)
        return table

    def behaviour(self, user: int) -> Behaviour:
        """The settings of one user."""
        row = self.traits(user + 1)[-1]
        pairs = zip(SETTINGS.items(), row.tolist(), strict=True)
        return Behaviour(**{name: entry.kind.value(number) for (name, entry), number in pairs})

    def with_settings(self, **settings: Any) -> Population:
        """A copy in which some settings are other ones.

        None leaves a setting as it is, but where it is a value of its own (no end of patience).

        Raises:
            UnknownNameError: no such setting. OptionError: a value that it cannot have.
        """
        given = {name: value for name, value in settings.items() if is_given(name, value)}
        return replace(self, settings={**self.settings, **given}) if given else self

    def to_dict(self) -> dict[str, Any]:
        """JSON values: everything that outcomes depend on, without what is as in `Behaviour()`."""
        usual = Behaviour()
        settings = {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in sorted(self.settings.items())
            if value != getattr(usual, name)
        }
        # Where users are alike nothing is drawn, and the seed of the draws means nothing.
        values: dict[str, Any] = {"name": self.name, "settings": settings}
        if self.varied:
            values["seed"] = self.seed
        if self.llm is not None:
            values["llm"] = {**self.llm.to_dict(), "style": self.style}
        return values

    def _draw(self, name: str, form: Mapping[str, Any], n: int) -> NDArray[np.float64]:
        """One value a user; that of user u does not hang on how many users there are."""
        luck = np.random.default_rng([self.seed, zlib.crc32(name.encode())]).random(n)
        if "uniform" in form:
            low, high = form["uniform"]
            return np.asarray(low + (high - low) * luck)
        if "beta" in form:
            from scipy.special import betaincinv

            a, b = (float(value) for value in form["beta"])
            return np.asarray(betaincinv(a, b, luck), dtype=np.float64)
        values = form["choice"]
        weights = np.asarray(form.get("weights", np.ones(len(values))), dtype=np.float64)
        chosen = np.searchsorted(np.cumsum(weights)[:-1] / weights.sum(), luck, side="right")
        kind = SETTINGS[name].kind
        return np.array([kind.number(value) for value in values])[chosen]


def population(given: str | Population | Behaviour | Mapping[str, Any]) -> Population:
    """A population by the name of its card, of users who are all alike, or of given settings.

    Raises:
        UnknownNameError: no such card or setting; the nearest is offered.
        CardError: a faulty card. OptionError: an impossible value.
    """
    if isinstance(given, Population):
        return given
    if isinstance(given, Behaviour):
        usual = Behaviour()
        own = {k: v for k, v in given.to_dict().items() if v != getattr(usual, k)}
        return Population("ideal" if not own else "custom", own)
    if isinstance(given, Mapping):
        return Population("custom" if given else "ideal", dict(given))
    if not isinstance(given, str):
        raise OptionError(
            f"users is {shown(given)}; the name of a population or settings are needed."
        )
    return _read_card(given)


def users_of_family(
    family: str,
    read: tuple[str, ...],
    users: str | Population | Behaviour | Mapping[str, Any],
    settings: Mapping[str, Any],
) -> Population:
    """The users of an environment of a family, with settings that were given by name.

    A card (or a `Population`) describes people for all families: what a family does not read of it
    is left alone. A setting that somebody named for this environment is refused there.

    Args:
        family: the name of the family.
        read: the settings that its rules read.
        users: as for `population`.
        settings: by name, as for `Population.with_settings`.

    Raises:
        UnknownNameError: no such card or setting. CardError: a faulty card.
        OptionError: an impossible value, or a setting that the family does not read.
    """
    crowd = population(users)
    own = () if isinstance(users, (str, Population)) else crowd.settings
    named = [name for name, value in settings.items() if is_given(name, value)]
    check_settings((*own, *named), family, read)
    return crowd.with_settings(**settings)


def population_names() -> list[str]:
    """The names of all cards of populations, sorted."""
    return list(list_cards("users"))


def _read_card(name: str) -> Population:
    return read_population(find_card("users", name), name)


def read_population(path: Path, name: str) -> Population:
    """The population of a card that is no card of RecoSim's yet, by its file.

    Args:
        name: that which the card must have.

    Raises:
        CardError: a faulty card.
    """
    data = read_toml(path)
    for key in data:
        if key not in KEYS:
            raise CardError(f"{path}: {unknown('key', key, KEYS)}")
    for key in ("name", "title", "description"):
        if not isinstance(data.get(key), str):
            raise CardError(f"{path}: the key {shown(key)} is missing, or is no text.")
    if data["name"] != name:
        raise CardError(f"{path}: its name is {shown(data['name'])}, its file says {shown(name)}.")
    settings = data.get("behaviour", {})
    if not isinstance(settings, dict):
        raise CardError(f"{path}: behaviour is {shown(settings)}; a table of settings is needed.")
    try:
        style, seed = data.get("style", "plain"), data.get("seed", 0)
        annotators = data.get("annotators", {})
        judging, llm = annotators_of(annotators), llm_settings(data.get("llm"))
        sources = _read_sources(data.get("sources"), {**settings, **annotators})
        return Population(name, settings, style, seed, llm, sources, judging)
    except RecosimError as error:
        raise CardError(f"{path}: {error}") from None


def _read_sources(given: Any, settings: Mapping[str, Any]) -> dict[str, str]:
    """Where the numbers of a card are from: of each setting, or of none.

    Raises:
        UnknownNameError, OptionError: no such setting, one without a source, or no text.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise OptionError(f"sources is {shown(given)}; a table of texts is needed.")
    for name, text in given.items():
        if name not in settings:
            raise unknown("setting with a source", name, settings)
        if not isinstance(text, str) or not text.strip():
            raise OptionError(f"the source of {name} is {shown(text)}; a text is needed.")
    if lacks := [name for name in settings if name not in given]:
        raise OptionError(
            f"the sources of {', '.join(lacks)} are missing; give one for each setting "
            f'("{CHOICE}: why" where nobody counted it), or none at all.'
        )
    return dict(given)


def _extremes(name: str, given: Any) -> list[Any]:
    """Values of a setting, the lowest and the highest among them.

    Raises:
        UnknownNameError, OptionError: not a distribution.
    """
    if not isinstance(given, Mapping):
        return [given]
    for key in given:
        if key not in (*FORMS, "weights"):
            raise unknown(f"form of {name}", key, FORMS)
    forms = [form for form in FORMS if form in given]
    if len(forms) != 1:
        raise OptionError(f"{name} is {shown(dict(given))}; one of {', '.join(FORMS)} is needed.")
    (form,) = forms
    values = given[form]
    if form == "choice":
        return _choices(name, values, given.get("weights"))
    if "weights" in given:
        raise OptionError(f"{name}: weights go with choice, not with {form}.")
    numbers = isinstance(values, (list, tuple)) and len(values) == 2 and all(map(_finite, values))
    allowed = setting_of(name).kind.forms
    if not numbers or "uniform" not in allowed:
        whole = [n for n, s in SETTINGS.items() if s.kind.forms == ("choice",) and n not in WORDS]
        raise OptionError(
            f"{name} has {form} = {shown(values)}; two numbers are needed, for a setting that is "
            f"one (use choice for words, {', '.join(whole[:-1])} and {whole[-1]})."
        )
    low, high = values
    if form == "beta":
        if low <= 0 or high <= 0 or "beta" not in allowed:
            raise OptionError(
                f"{name} has beta = {shown(values)}; two numbers above 0 are needed, for a "
                "probability."
            )
        return [0.0, 1.0]
    if low > high:
        raise OptionError(f"{name} has uniform = {shown(values)}; the lower number comes first.")
    return [low, high]


def _choices(name: str, values: Any, weights: Any) -> list[Any]:
    if not isinstance(values, (list, tuple)) or not values:
        raise OptionError(f"{name} has choice = {shown(values)}; a list of values is needed.")
    if weights is not None:
        fits = isinstance(weights, (list, tuple)) and len(weights) == len(values)
        if not fits or not all(_finite(w) and w >= 0 for w in weights) or sum(weights) <= 0:
            raise OptionError(
                f"{name} has weights = {shown(weights)}; one number from 0 for each of its "
                f"{len(values)} values is needed, not all of them 0."
            )
    return list(values)


def _finite(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and bool(np.isfinite(value))  # type: ignore[call-overload]
