"""Environment cards, and their registration with Gymnasium. A new card is a new id."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recosim.cards import KINDS, card_folders, card_problems, list_cards, read_toml
from recosim.envs.convsim.family import CONVSIM
from recosim.envs.cpr.family import CPR, CRITIQUE
from recosim.envs.recoworld.family import RECOWORLD
from recosim.errors import CardError, UnknownNameError, unknown
from recosim.family import Family, add_family, family

__all__ = ["EnvCard", "env_card", "env_cards", "register_all", "register_family"]

ID_PATTERN = re.compile(r"^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+-v(0|[1-9][0-9]*)$")

for record in (CPR, CRITIQUE, RECOWORLD, CONVSIM):
    add_family(record)

KEYS = ("id", "family", "title", "description", "arguments")


@dataclass(frozen=True)
class EnvCard:
    """One environment: its id, what it is, and the default arguments of its class.

    Attributes:
        id: Gymnasium id, `namespace/Name-vN`.
        family: the name of the family of environments that it belongs to.
        title, description: for people.
        arguments: defaults of the constructor's arguments; `gymnasium.make` overrides them.
        path: the file.
    """

    id: str
    family: str
    title: str
    description: str
    arguments: Mapping[str, Any]
    path: Path

    @property
    def record(self) -> Family:
        """What its family provides.

        Raises:
            CardError: no such family was registered.
        """
        try:
            return family(self.family)
        except UnknownNameError as error:
            raise CardError(f"{self.path}: {error}") from None

    @property
    def name(self) -> str:
        """The id without namespace and version, e.g. "CPR-LastFM"."""
        return _called(self.id)[-1]

    @staticmethod
    def read(path: Path) -> EnvCard:
        """Read and check a card.

        Only the shape is checked here, without pydantic: this runs on `import recosim`. The class
        checks the arguments when the environment is made.

        Raises:
            CardError: unknown or missing key, id.
        """
        data = read_toml(path)
        for key in data:
            if key not in KEYS:
                raise CardError(f"{path}: {unknown('key', key, KEYS)}")
        for key in KEYS:
            if key not in data:
                raise CardError(f"{path}: the key {key!r} is missing.")
        for key in KEYS:
            expected: type = dict if key == "arguments" else str
            if not isinstance(data[key], expected):
                raise CardError(f"{path}: {key} is {data[key]!r}; a {expected.__name__} is needed.")
        if not ID_PATTERN.match(data["id"]):
            raise CardError(f"{path}: id {data['id']!r} is not of the form namespace/Name-v0.")
        return EnvCard(path=path, **data)


def env_cards() -> dict[str, EnvCard]:
    """Every environment card that can be used, by its id."""
    return _read_all()[0]


def _read_all() -> tuple[dict[str, EnvCard], dict[str, str]]:
    """The cards by id, and what is wrong with others: name of the folder, or id -> why."""
    found: dict[str, EnvCard] = {}
    problems = card_problems("envs")
    named = list_cards("envs")
    shipped = card_folders()[-1]
    # Those of RecoSim first: their ids are theirs.
    for name in sorted(named, key=lambda name: not named[name].is_relative_to(shipped)):
        path = named[name]
        try:
            card = EnvCard.read(path)
        except CardError as error:
            problems[name] = str(error)
            continue
        if card.id in found:
            why = f"{path} and {found[card.id].path} have the same id, {card.id!r}."
            problems[name] = problems[card.id] = why
        else:
            found[card.id] = card
    return found, problems


def env_card(name: str) -> EnvCard:
    """The card of a full id ("recosim/CPR-Yelp-v0") or of a short name ("CPR-Yelp", "CPR-Yelp-v0").

    Raises:
        UnknownNameError: there is none; the nearest name is offered.
        CardError: a card of `RECOSIM_PATH` is faulty, or claims the name or the id of another one.
    """
    cards, problems = _read_all()
    for called, why in problems.items():
        if called and name in _called(called):
            raise CardError(why)
    for card in cards.values():
        if name in _called(card.id):
            return card
    raise unknown("environment", name, [card.name for card in cards.values()], problems.get("", ""))


def _called(name: str) -> tuple[str, ...]:
    """What a card may be called by: its id, with and without namespace and version."""
    bare = name.split("/", 1)[-1]
    return (name, bare, bare.rsplit("-v", 1)[0]) if "/" in name else (name,)


def register_all() -> None:
    """Register every card with Gymnasium. Ids that are registered already are left alone.

    Cards of a family that is not known yet wait for `register_family`. What is wrong with cards of
    `RECOSIM_PATH`, of any kind, is a warning here, and an error where one of them is used.
    """
    import gymnasium

    cards, problems = _read_all()
    for kind in KINDS:
        found = problems if kind == "envs" else card_problems(kind, read=True)
        for why in dict.fromkeys(found.values()):
            warnings.warn(f"recosim: {why}", stacklevel=2)
    for card in cards.values():
        if card.id in gymnasium.registry:
            continue
        try:
            record = card.record
        except CardError:
            continue
        gymnasium.register(
            id=card.id,
            entry_point=record.env,
            vector_entry_point=record.vector_env,
            kwargs=dict(card.arguments),
            # The environment checks the order of calls itself, with errors that say what to do.
            order_enforce=False,
        )


def register_family(record: Family) -> Family:
    """Make a family known, and register the ids of its cards with Gymnasium.

    For families that RecoSim does not bring: call it, or name the record in the entry-point group
    `recosim.families` of a package. Registering the same record again changes nothing.

    Raises:
        OptionError: another family has this name.
    """
    known = add_family(record)
    register_all()
    return known
