"""Environment cards, and their registration with Gymnasium. A new card is a new id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recosim.cards import list_cards, read_toml
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
        return self.id.split("/", 1)[1].rsplit("-v", 1)[0]

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
    """Every environment card by its id.

    Raises:
        CardError: a faulty card, or two of one id.
    """
    found: dict[str, EnvCard] = {}
    for path in list_cards("envs").values():
        card = EnvCard.read(path)
        if card.id in found:
            raise CardError(f"{path} and {found[card.id].path} have the same id, {card.id!r}.")
        found[card.id] = card
    return found


def env_card(name: str) -> EnvCard:
    """The card of a full id ("recosim/CPR-Yelp-v0") or of a short name ("CPR-Yelp", "CPR-Yelp-v0").

    Raises:
        UnknownNameError: there is none; the nearest name is offered.
    """
    cards = env_cards()
    if name in cards:
        return cards[name]
    for card in cards.values():
        if name in (card.name, card.id.split("/", 1)[1]):
            return card
    raise unknown("environment", name, [card.name for card in cards.values()])


def register_all() -> None:
    """Register every card with Gymnasium. Ids that are registered already are left alone.

    Cards of a family that is not known yet wait for `register_family`.
    """
    import gymnasium

    for card in env_cards().values():
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
