"""Cards: the TOML files that name and configure environments, agents and datasets.

A card is found by its kind and its name, in this order: the folders of the environment variable
`RECOSIM_PATH`, the folder `recosim_cards` where one works (`recosim new` writes there), then the
cards that ship with the package. An environment or a dataset that ships
keeps its meaning: a card that would stand in for it is refused. Each folder has the same layout:

    envs/<name>/env.toml      agents/<name>.toml      data/<name>.toml      users/<name>.toml

This module finds and reads them; `recosim.schema` checks them. It imports nothing heavy, because
`import recosim` reads the cards of the environments.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from recosim.errors import CardError, unknown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "OWN",
    "card_folders",
    "card_problems",
    "find_card",
    "list_cards",
    "load_class",
    "read_toml",
    "seek_card",
]

OWN = "recosim_cards"  # the folder of cards of whoever works in the folder that holds it
NOUNS = {"envs": "environment", "agents": "agent", "data": "dataset", "users": "population"}
KINDS = tuple(NOUNS)


def card_folders() -> list[Path]:
    """The folders that hold `envs/`, `agents/`, `data/` and `users/`, first match wins.

    A folder of `RECOSIM_PATH` that is not there is left out; `card_problems` names it.

    Raises:
        CardError: the cards of the package are in neither place where an installation puts them.
    """
    folders = [folder for folder in _named_folders() if folder.is_dir()]
    package = Path(__file__).resolve().parent
    for shipped in (package / "_cards", package.parent):
        if all((shipped / kind).is_dir() for kind in KINDS):
            return [*folders, shipped]
    raise CardError(
        f"the cards of RecoSim are missing: neither {package / '_cards'} nor {package.parent} has "
        f"the folders {', '.join(KINDS)}. Reinstall with: pip install --force-reinstall recosim"
    )


def _named_folders() -> list[Path]:
    folders = [Path(p) for p in os.environ.get("RECOSIM_PATH", "").split(os.pathsep) if p]
    own = Path(OWN)
    if own.is_dir() and not any(there.is_dir() and own.samefile(there) for there in folders):
        folders.append(own)
    return folders


def list_cards(kind: str) -> dict[str, Path]:
    """Name -> file of every card of a kind ("envs", "agents", "data" or "users"), sorted by name.

    A card of `RECOSIM_PATH` that cannot be used (see `card_problems`) takes no other one's place:
    the card of that name that comes with RecoSim stays here, and `find_card` refuses both.
    """
    return _scan(kind)[0]


def card_problems(kind: str, *, read: bool = False) -> dict[str, str]:
    """What is wrong with the cards of a kind in `RECOSIM_PATH`: name of the card -> why.

    A folder that is not there has the name "".

    Args:
        read: also read each card of `RECOSIM_PATH` as TOML, without its schema.
    """
    found, problems = _scan(kind)
    if read:
        shipped = card_folders()[-1]
        for name, path in found.items():
            if not path.is_relative_to(shipped):
                try:
                    read_toml(path)
                except CardError as error:
                    problems[name] = str(error)
    return problems


def _scan(kind: str) -> tuple[dict[str, Path], dict[str, str]]:
    """The cards of a kind by name, and what is wrong with others."""
    found: dict[str, Path] = {}
    problems: dict[str, str] = {}
    if missing := [folder for folder in _named_folders() if not folder.is_dir()]:
        named = ", ".join(repr(str(folder)) for folder in missing)
        what = "which is not a folder" if len(missing) == 1 else "which are not folders"
        here = "" if all(folder.is_absolute() for folder in missing) else f" from {Path.cwd()}"
        problems[""] = f"RECOSIM_PATH names {named}, {what}{here}."
    *others, shipped = card_folders()
    for folder in (shipped, *others):
        pattern = "*/env.toml" if kind == "envs" else "*.toml"
        for path in sorted((folder / kind).glob(pattern)):
            name = path.parent.name if kind == "envs" else path.stem
            if not path.is_file():
                problems.setdefault(name, f"{path}: not a file.")
                continue
            first = found.setdefault(name, path)
            if first.is_relative_to(shipped) and not first.samefile(path):
                problems[name] = (
                    f"{path} has the name of a card that comes with RecoSim, and {name!r} always "
                    f"means the same {NOUNS[kind]}. Rename it, e.g. to 'my-{name}'."
                )
    return dict(sorted(found.items())), problems


def find_card(kind: str, name: str) -> Path:
    """The file of one card.

    Raises:
        UnknownNameError: no card of that name; the nearest one is offered.
        CardError: a card of `RECOSIM_PATH` has the name of one that comes with RecoSim, or is no
            file.
    """
    if (path := seek_card(kind, name)) is None:
        cards, problems = _scan(kind)
        raise unknown(NOUNS[kind], name, cards, problems.get("", ""))
    return path


def seek_card(kind: str, name: str) -> Path | None:
    """The file of one card, or None where there is none. Raises `CardError` as `find_card` does."""
    cards, problems = _scan(kind)
    if name and name in problems:
        raise CardError(problems[name])
    return cards.get(name)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        CardError: the file is missing, cannot be read, or is not TOML (the parser's line is named).
    """
    try:
        with path.open("rb") as file:
            return dict(tomllib.load(file))
    except FileNotFoundError:
        raise CardError(f"{path}: no such card.") from None
    except OSError as error:
        raise CardError(f"{path}: cannot be read: {error.strerror or error}.") from None
    except RecursionError:
        raise CardError(f"{path}: its values are nested too deeply to be read.") from None
    except ValueError as error:  # not TOML, not UTF-8, a number of thousands of digits
        raise CardError(f"{path}: not valid TOML: {error}") from None


def load_class(reference: str, card: Path) -> Any:
    """What a card names as "module:Class", or as "file.py:Class" beside it.

    Args:
        card: the file of the card, beside which such a file lies.

    Raises:
        ImportError, AttributeError: there is no such module or class. CardError: no such file.
    """
    module, _, name = reference.partition(":")
    if not module.endswith(".py"):
        return getattr(import_module(module), name)
    path = (card.parent / module).resolve()
    label = f"{OWN}.{card.parent.name}.{path.stem}"
    there = sys.modules.get(label)
    if there is None or getattr(there, "__file__", None) != str(path):
        if not path.is_file():
            raise CardError(f"{card} names {module!r}, and there is no file {path}.")
        spec = spec_from_file_location(label, path)
        assert spec is not None
        assert spec.loader is not None
        there = module_from_spec(spec)
        sys.modules[label] = there  # dataclasses and pickles look their module up
        try:
            spec.loader.exec_module(there)
        except BaseException:
            del sys.modules[label]
            raise
    return getattr(there, name)
