"""Closed schemas for cards: an unknown key is an error that offers the nearest known one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from recosim.cards import read_toml
from recosim.errors import CardError, nearest

__all__ = ["Card", "load_card"]


class Card(BaseModel):
    """Base of every card schema: closed, and immutable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


CardT = TypeVar("CardT", bound=Card)


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
        given = error.get("input")
        shown = "" if isinstance(given, (dict, list)) else f" (given {given!r})"
        return f"{where}: {error['msg']}{shown}"
    model: type[BaseModel] | None = schema
    for part in parents:
        model = _nested_model(model, str(part)) if model is not None else None
    fields = model.model_fields.items() if model is not None else ()
    allowed = sorted(field.alias or name for name, field in fields)
    near = nearest(str(key), allowed)
    hint = f" Did you mean {near!r}?" if near else ""
    return f"unknown key {where!r}.{hint} Allowed: {', '.join(allowed)}."


def _nested_model(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    field = model.model_fields.get(key)
    if field is None:
        return None
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
