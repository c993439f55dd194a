"""Cards: the TOML files that name and configure environments, agents and datasets.

A card is found by its kind and its name, in this order: the folders of the environment variable
`RECOSIM_PATH`, then the cards that ship with the package. An environment or a dataset that ships
keeps its meaning: a card that would stand in for it is refused. Each folder has the same layout:

    envs/<name>/env.toml      agents/<name>.toml      data/<name>.toml      users/<name>.toml

This module finds and reads them; `recosim.schema` checks them. It imports nothing heavy, because
`import recosim` reads the cards of the environments.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from recosim.errors import CardError, unknown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["card_folders", "find_card", "list_cards", "read_toml"]

NOUNS = {"envs": "environment", "agents": "agent", "data": "dataset", "users": "population"}
KINDS = tuple(NOUNS)


def card_folders() -> list[Path]:
    """The folders that hold `envs/`, `agents/`, `data/` and `users/`, first match wins.

    Raises:
        CardError: the cards of the package are in neither place where an installation puts them.
    """
    folders = [Path(p) for p in os.environ.get("RECOSIM_PATH", "").split(os.pathsep) if p]
    for folder in folders:
        if not folder.is_dir():
            raise CardError(f"RECOSIM_PATH names {str(folder)!r}, which is not a folder.")
    package = Path(__file__).resolve().parent
    for shipped in (package / "_cards", package.parent):
        if all((shipped / kind).is_dir() for kind in KINDS):
            return [*folders, shipped]
    raise CardError(
        f"the cards of RecoSim are missing: neither {package / '_cards'} nor {package.parent} has "
        f"the folders {', '.join(KINDS)}. Reinstall with: pip install --force-reinstall recosim"
    )


def list_cards(kind: str) -> dict[str, Path]:
    """Name -> file of every card of a kind ("envs", "agents", "data" or "users"), sorted by name.

    Raises:
        CardError: a card of `RECOSIM_PATH` has the name of one that comes with RecoSim.
    """
    found: dict[str, Path] = {}
    *others, shipped = card_folders()
    for folder in (shipped, *others):
        pattern = "*/env.toml" if kind == "envs" else "*.toml"
        for path in sorted((folder / kind).glob(pattern)):
            name = path.parent.name if kind == "envs" else path.stem
            first = found.setdefault(name, path)
            if first.is_relative_to(shipped) and not first.samefile(path):
                raise CardError(
                    f"{path} has the name of a card that comes with RecoSim, and {name!r} always "
                    f"means the same {NOUNS[kind]}. Rename it, e.g. to 'my-{name}'."
                )
    return dict(sorted(found.items()))


def find_card(kind: str, name: str) -> Path:
    """The file of one card.

    Raises:
        UnknownNameError: no card of that name; the nearest one is offered.
    """
    cards = list_cards(kind)
    if name not in cards:
        raise unknown(NOUNS[kind], name, cards)
    return cards[name]


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        CardError: the file is missing or is not TOML (the parser's line is named).
    """
    try:
        with path.open("rb") as file:
            return dict(tomllib.load(file))
    except FileNotFoundError:
        raise CardError(f"{path}: no such card.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: not valid TOML: {error}") from None
