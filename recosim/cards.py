"""Cards: the TOML files that name and configure environments, agents and datasets.

A card is found by its kind and its name, in this order: the folders of the environment variable
`RECOSIM_PATH`, then the cards that ship with the package. Each such folder has the same layout:

    envs/<name>/env.toml      agents/<name>.toml      data/<name>.toml

The schema of each kind is a pydantic model of the layer that uses it; it is closed, so an unknown
key is an error that offers the nearest known one.
"""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from recosim.errors import CardError, unknown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Card", "card_folders", "find_card", "list_cards", "load_card", "read_toml"]

KINDS = ("envs", "agents", "data")


class Card(BaseModel):
    """Base of every card schema: closed, and immutable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


CardT = TypeVar("CardT", bound=Card)


def card_folders() -> list[Path]:
    """The folders that hold `envs/`, `agents/` and `data/`, first match wins.

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
    """Name -> file of every card of a kind ("envs", "agents" or "data"), sorted by name."""
    found: dict[str, Path] = {}
    for folder in card_folders():
        pattern = "*/env.toml" if kind == "envs" else "*.toml"
        for path in sorted((folder / kind).glob(pattern)):
            found.setdefault(path.parent.name if kind == "envs" else path.stem, path)
    return dict(sorted(found.items()))


def find_card(kind: str, name: str) -> Path:
    """The file of one card.

    Raises:
        UnknownNameError: no card of that name; the nearest one is offered.
    """
    cards = list_cards(kind)
    if name not in cards:
        raise unknown(
            {"envs": "environment", "agents": "agent", "data": "dataset"}[kind], name, cards
        )
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


def load_card(schema: type[CardT], path: Path) -> CardT:
    """Read a card and check it against its schema.

    Raises:
        CardError: unknown key (the nearest one is offered), missing key or impossible value.
    """
    data = read_toml(path)
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        raise CardError(
            f"{path}: " + "; ".join(_explain(schema, e) for e in error.errors())
        ) from None


def _explain(schema: type[BaseModel], error: Any) -> str:
    """One sentence for one pydantic error, with the nearest key where the key is unknown."""
    *parents, key = error["loc"] or ("card",)
    where = ".".join(str(part) for part in (*parents, key))
    if error["type"] != "extra_forbidden":
        return f"{where}: {error['msg']} (given {error.get('input')!r})"
    model: type[BaseModel] | None = schema
    for part in parents:
        model = _nested_model(model, str(part)) if model is not None else None
    allowed = sorted(model.model_fields) if model is not None else []
    near = difflib.get_close_matches(str(key), allowed, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown key {where!r}.{hint} Allowed: {', '.join(allowed)}."


def _nested_model(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    field = model.model_fields.get(key)
    if field is None:
        return None
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
