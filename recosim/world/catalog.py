"""Worlds by name: those that data cards describe, and those that were imported.

A name that has a data card belongs to it: nothing else is opened under that name, so a registered
environment always means the same world. A world of a card is built once, into the cache folder,
and built again when its card (or the generator) has changed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from recosim.checked import file_digest, json_digest, read_json
from recosim.errors import CardError, OptionError, WorldError, shown, unknown
from recosim.files import cache_folder, held
from recosim.progress import Progress, show_progress
from recosim.world.storage import open_folder, save_world
from recosim.world.validity import NAME
from recosim.world.world import World

if TYPE_CHECKING:
    from recosim.world.generate.search_settings import SearchSettings

__all__ = [
    "WorldRecord",
    "build_world_from_card",
    "check_new_name",
    "list_worlds",
    "open_world",
    "remove_world",
    "save_imported_world",
    "world_folder",
]


@dataclass(frozen=True)
class WorldRecord:
    """One line of `recosim data list`.

    Attributes:
        name, title: of the world; an imported one has its source as title.
        kind: "generated" or "importer" for a world of a data card, "imported" otherwise.
        built: whether it is in the cache, as its card describes it now.
        folder: where it is, or would be.
        users, items, attributes, interactions: sizes, None where they are not known yet.
        topics, turns: of a collection to search in, None for another world.
        size: bytes on disk, 0 where it is not built.
        problem: why a folder in the cache cannot be opened, or "".
    """

    name: str
    title: str
    kind: Literal["generated", "importer", "imported"]
    built: bool
    folder: Path
    users: int | None = None
    items: int | None = None
    attributes: int | None = None
    interactions: int | None = None
    topics: int | None = None
    turns: int | None = None
    size: int = 0
    problem: str = ""


def open_world(world: str | os.PathLike[str]) -> World:
    """Open a world by its name or from its folder; build it first where a data card describes it.

    Args:
        world: a name ("yelp", or one given to an import), or the path of a world's folder: a
            `Path`, or text with a path separator in it. A `World` is returned as it is.

    Raises:
        UnknownNameError: neither a data card nor an imported world has this name.
        OptionError: not a name.
        WorldError: the folder is not a world, damaged, or of another format version.
        CardError: the data card of that name is not valid.
    """
    if not isinstance(world, str) or os.sep in world or "/" in world:
        return open_folder(Path(world))
    card = _card_of(world)
    if card is None:
        folder = world_folder(world)
        if (folder / "world.json").is_file():
            return open_folder(folder)
        names = {record.name for record in list_worlds()}
        raise unknown("world", world, names, "'recosim data import' makes one from your own files.")
    return build_world_from_card(world)


def build_world_from_card(
    name: str, progress: Progress | None = None, *, force: bool = False, keep: bool = False
) -> World:
    """Open the world of a data card, and build it first if it is not there as the card describes.

    Two processes may do this at once: the second waits for the first, then opens what it built.

    Args:
        progress: called with (steps done, steps in all, what is happening); by default a progress
            bar on stderr, or one line where stderr is not a terminal.
        force: build it again in any case.
        keep: raise where it cannot be stored, instead of keeping it in memory.

    Raises:
        UnknownNameError: no data card of that name.
        CardError: the card is not valid. WorldError: the stored world is damaged, or cannot be
            stored. OSError: it could not be written to the end.

    Warns:
        RuntimeWarning: it could not be stored, and is used from memory.
    """
    card = _card_of(name)
    if card is None:
        from recosim.cards import list_cards

        raise unknown("dataset card", name, list_cards("data"))
    folder = world_folder(name)
    if not force and (found := _opened_if_current(folder, card)) is not None:
        return found
    if not keep and (why := _cannot_store(folder)):
        return _in_memory(name, card, progress, why)
    with _locked(folder):
        if not force and (found := _opened_if_current(folder, card)) is not None:
            return found
        _check_replaceable(folder, card)
        title, log = f"building the world {name!r}", f"recosim: building the world {name!r}, once"
        if not force and (folder / "world.json").is_file():
            title = f"building the world {name!r} again"
            log = f"recosim: {title}: its card has changed since it was built"
        with show_progress(title, progress, log=log) as report:
            world = _build(name, card, report)
            try:
                return save_world(world, folder)
            except OSError as error:  # a full disk
                if keep:
                    raise
                return _in_memory(name, card, progress, str(error), world)


def world_folder(name: str) -> Path:
    """Where the world of this name is kept, or would be.

    Raises:
        OptionError: not a name.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise OptionError(
            f"{shown(name)} is not a name for a world. A name has up to 100 lower-case letters, "
            "digits, '.', '_' and '-', and starts with a letter or a digit, e.g. 'my-lastfm'."
        )
    return cache_folder() / "worlds" / name


def check_new_name(name: str, *, overwrite: bool = False) -> Path:
    """The folder for a new imported world.

    Raises:
        OptionError: not a name; the name of a data card, which is reserved; or a name that is
            taken, unless `overwrite`.
    """
    folder = world_folder(name)
    if (card := _card_of(name)) is not None:
        raise OptionError(
            f"the name {name!r} belongs to the data card {card}, so that it always means the same "
            f"world. Choose another one, e.g. 'my-{name}'."
        )
    if folder.exists() and not overwrite:
        raise OptionError(
            f"there is already a world {name!r} in {folder}. Choose another name, or remove it "
            f"first with 'recosim data remove {name}'."
        )
    return folder


def save_imported_world(world: World, *, overwrite: bool = False) -> World:
    """Keep an imported world under its name, so that `open_world(world.name)` finds it.

    Raises:
        OptionError: see `check_new_name`.
    """
    folder = check_new_name(world.name, overwrite=overwrite)
    with _locked(folder):
        return save_world(world, check_new_name(world.name, overwrite=overwrite))


def remove_world(name: str) -> Path:
    """Delete a stored world. One that has a data card is built again when it is next needed.

    Returns:
        The folder that was deleted.

    Raises:
        UnknownNameError: no world of that name is stored.
    """
    folder = world_folder(name)
    if not folder.is_dir():
        stored = [record.name for record in list_worlds() if record.size]
        raise unknown("stored world", name, stored)
    with _locked(folder):
        gone = folder.with_name(f".{name}.{os.getpid()}-removed.part")
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
    return folder


def list_worlds() -> list[WorldRecord]:
    """Every world that can be opened by name: first those of data cards, then imported ones.

    What is wrong with a data card of `RECOSIM_PATH` stands in its line.
    """
    from recosim.cards import card_problems, list_cards, read_toml

    records = []
    cards = list_cards("data")
    faulty = card_problems("data")
    for name, path in cards.items():
        try:
            card = read_toml(path)
            if name in faulty or not NAME.fullmatch(name):
                raise CardError(faulty.get(name) or f"{path}: {name!r} is not a name for a world.")
        except CardError as error:
            folder = cache_folder() / "worlds" / name
            records.append(WorldRecord(name, "", "generated", False, folder, problem=str(error)))
            continue
        kind: Literal["generated", "importer"] = "importer" if "importer" in card else "generated"
        records.append(_record(name, str(card.get("title", "")), kind, path))
    stored = cache_folder() / "worlds"
    for folder in sorted(stored.iterdir()) if stored.is_dir() else []:
        if folder.name not in cards and NAME.fullmatch(folder.name) and folder.is_dir():
            records.append(_record(folder.name, "", "imported", None))
    return records


def _record(
    name: str, title: str, kind: Literal["generated", "importer", "imported"], card: Path | None
) -> WorldRecord:
    folder = world_folder(name)
    record = WorldRecord(name, title, kind, False, folder)
    if not folder.is_dir():
        return record
    size = sum(file.stat().st_size for file in folder.iterdir())
    try:
        world = open_folder(folder) if card is None else _opened_if_current(folder, card)
    except WorldError as error:
        return replace(record, size=size, problem=str(error))
    if world is None:
        return replace(record, size=size, problem="its card has changed; it will be built again")
    return replace(
        record,
        title=title or world.source,
        built=True,
        users=world.n_users,
        items=world.n_items,
        attributes=world.n_attributes,
        interactions=world.n_interactions,
        topics=None if world.topics is None else world.topics.n_topics,
        turns=None if world.topics is None else world.topics.n_turns,
        size=size,
    )


def _card_of(name: str) -> Path | None:
    """The data card of a name, or None."""
    from recosim.cards import seek_card

    world_folder(name)  # refuses what is not a name
    return seek_card("data", name)


def _opened_if_current(folder: Path, card: Path) -> World | None:
    """The stored world, if it is what the card describes now."""
    if not (folder / "world.json").is_file():
        return None
    world = open_folder(folder)
    stored = world.settings.get("card")
    if not isinstance(stored, dict):
        return None  # stored under this name before there was a card of it
    # Most often not a byte of the card has changed, and it need not be parsed (10 ms for yelp).
    # One to search in hangs on a second card too.
    same = stored.get("file_sha256") == file_digest(card) and "search" not in stored
    if same and stored.get("version") == _version():
        return world
    from recosim.cards import read_toml

    return world if stored.get("digest") == _digest(read_toml(card)) else None


def _check_replaceable(folder: Path, card: Path) -> None:
    """Nothing that was imported is lost because a card of the same name was written later."""
    path = folder / "world.json"
    try:
        imported = "card" not in read_json(path, WorldError, "")["settings"]
    except FileNotFoundError:
        return  # `save_world` refuses a folder that is not a world
    except (WorldError, LookupError, TypeError):
        return  # a damaged one: nothing to lose
    if imported:
        raise WorldError(
            f"{folder} holds an imported world, and {card} is a data card of the same name. Rename "
            f"the card, or remove the world with 'recosim data remove {folder.name}'."
        )


def _version() -> int:
    from recosim.world.generate import GENERATOR_VERSION

    return GENERATOR_VERSION


def _digest(card: dict[str, Any]) -> str:
    """Changes with all of a card that changes its world."""
    keys = ("generator", "importer", "source", "licence", "fingerprint")
    made_by = {key: card.get(key) for key in keys}
    if "synonyms" in card:
        made_by["synonyms"] = card["synonyms"]
    if "search" in card:
        from recosim.cards import read_toml
        from recosim.world.generate.search import SEARCH_VERSION

        base = _card_of(card["search"]["world"])
        told = None if base is None else _digest(read_toml(base))
        made_by["search"] = [SEARCH_VERSION, card["search"], told]
    return json_digest([_version(), made_by])


def _build(name: str, path: Path, progress: Progress) -> World:
    """Make the world of a card, with its provenance in `settings`."""
    from recosim.cards import read_toml
    from recosim.schema import load_card
    from recosim.world.data_card import DataCard

    card = load_card(DataCard, path)
    if card.name != name:
        raise CardError(f"{path}: name is {card.name!r}; it has to be the file's name, {name!r}.")
    raw = read_toml(path)
    if card.generator is not None:
        from recosim.world.generate.build import generate_world

        world = generate_world(name, card.generator, progress)
    elif card.search is not None:
        world = _search(name, path, card.search, progress)
    else:
        assert card.importer is not None  # the schema holds this
        from recosim.world.importers import import_data

        given = card.importer
        world = import_data(given.kind, given.path, name, progress=progress, **given.options)
    if card.fingerprint is not None and card.fingerprint != world.fingerprint:
        warnings.warn(
            f"the world {name!r} came out with fingerprint {world.fingerprint}, and its card "
            f"expects {card.fingerprint}: results on it are not comparable with published ones.",
            stacklevel=2,
        )
    if strangers := sorted(set(card.synonyms) - set(world.attribute_names)):
        raise CardError(
            f"{path}: synonyms are given for {strangers}, which are no attributes of it."
        )
    provenance: dict[str, Any] = {
        "digest": _digest(raw),
        "file_sha256": file_digest(path),
        "version": _version(),
        **{key: raw[key] for key in ("generator", "importer", "search") if key in raw},
    }
    return replace(
        world,
        source=card.source,
        licence=card.licence,
        settings={
            **world.settings,
            **({"synonyms": card.synonyms} if card.synonyms else {}),
            "card": provenance,
        },
    )


def _search(name: str, path: Path, settings: SearchSettings, progress: Progress) -> World:
    """The world to search in that is told of the world of another card."""
    from recosim.cards import read_toml
    from recosim.world.generate.search import search_world

    base = _card_of(settings.world)
    generator = {} if base is None else read_toml(base).get("generator", {})
    if not generator:
        raise CardError(
            f"{path}: search.world is {settings.world!r}; the name of a data card that has a "
            "[generator] is needed, e.g. 'lastfm'."
        )
    kind = str(generator["kind"])
    return search_world(name, build_world_from_card(settings.world), kind, settings, progress)


_unstored: dict[tuple[Path, str], World] = {}  # by card: built once in this process


def _in_memory(
    name: str, card: Path, progress: Progress | None, why: str, world: World | None = None
) -> World:
    """The world of a card where none can be stored: built once in this process, with a warning."""
    key = card, file_digest(card)
    if world is None:
        world = _unstored.get(key)
    if world is None:
        with show_progress(f"building the world {name!r}", progress) as report:
            world = _build(name, card, report)
    if key not in _unstored:
        warnings.warn(
            f"the world {name!r} could not be stored ({why}), and every process builds it anew. "
            "Name a folder that can be written to in RECOSIM_CACHE.",
            RuntimeWarning,
            stacklevel=3,
        )
    _unstored[key] = world
    return world


def _cannot_store(folder: Path) -> str:
    """Why no world can be stored here, as in a container without a folder of its own; or ""."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder.parent).close()
    except OSError as error:
        return f"{folder.parent}: {error.strerror or error}"
    return ""


def _locked(folder: Path) -> AbstractContextManager[None]:
    """Hold the lock of a world's folder, so that two processes do not build it at once."""
    advice = "Name a folder that can be written to in the environment variable RECOSIM_CACHE."
    return held(folder.with_name(f".{folder.name}.lock"), WorldError, advice, wait=True)
