"""Which kind of log a file is, and what it tells: dialogues, lists, sessions, a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from recosim.errors import ImportDataError, OptionError
from recosim.family import family_of
from recosim.trace import Trace
from recosim.users.dialogues import dialogue_form, read_dialogues
from recosim.users.dialogues.turns import NEEDED as OF_TURNS
from recosim.users.dialogues.turns import read_header
from recosim.users.fitting.from_choices import NEEDED as OF_CHOICES
from recosim.users.fitting.from_choices import log_of_choices
from recosim.users.fitting.from_dialogues import log_of_dialogues
from recosim.users.fitting.from_sessions import NEEDED as OF_SESSIONS
from recosim.users.fitting.from_sessions import log_of_sessions
from recosim.users.fitting.occasions import Log
from recosim.world.world import World

__all__ = ["read_log"]

SUFFIXES = (".parquet", ".csv", ".json", ".jsonl")


def read_log(
    path: Path, world: World | None, world_of: Callable[[Trace, Path], World] | None = None
) -> Log:
    """What a log tells of users, whatever kind of log it is.

    Args:
        path: a trace of `recosim bench` (.parquet); dialogues with acts: IARD (.json), ReDial
            (.jsonl), turns (.csv); lists with what was taken, or sessions (.csv, .parquet).
        world: for lists without utilities; of a trace, where it is not the one that it names.
        world_of: (trace, path) -> the world that a trace was recorded on.

    Raises:
        ImportDataError: a file that is no such log, or a damaged one (with the line).
        ResultsError: a damaged trace, or one of another world.
        OptionError: it tells nothing of users, or a family whose traces tell nothing.
    """
    if path.is_dir():
        raise ImportDataError(f"{path} is a folder; name a file of it.")
    if not path.is_file():
        raise ImportDataError(f"{path}: no such file.")
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _parquet(path, world, world_of)
    if suffix == ".csv":
        header = read_header(path)
        if set(OF_CHOICES) <= set(header) and not set(OF_TURNS) <= set(header):
            return log_of_choices(path, world)
        if _tells_sessions(header):
            return log_of_sessions(path)
    if suffix not in SUFFIXES or not dialogue_form(path):
        raise ImportDataError(
            f"{path} is no log that is known here: a trace of `recosim bench` (.parquet); IARD "
            f"(.json), ReDial (.jsonl) or turns (.csv with {', '.join(OF_TURNS)}); lists (.csv or "
            f".parquet with {', '.join(OF_CHOICES)}); or sessions (.csv or .parquet with "
            f"{', '.join(OF_SESSIONS)} and item or list)."
        )
    return log_of_dialogues(read_dialogues(path), path.name)


def _tells_sessions(columns: Iterable[str]) -> bool:
    names = set(columns)
    return set(OF_SESSIONS) <= names and not set(OF_CHOICES) <= names


def _parquet(
    path: Path, world: World | None, world_of: Callable[[Trace, Path], World] | None
) -> Log:
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
    except Exception as error:  # pyarrow has many
        raise ImportDataError(f"{path} is not a readable Parquet file: {error}") from None
    if b"recosim" not in (schema.metadata or {}):
        if _tells_sessions(schema.names):
            return log_of_sessions(path)
        return log_of_choices(path, world)
    trace = Trace.read(path)
    record = family_of(trace.metadata)
    evidence = record.load("evidence")
    if not evidence:
        raise OptionError(
            f"{path} is a trace of the family {record.name!r}, whose traces tell nothing of users "
            "that could be fitted."
        )
    if world is None:
        if world_of is None:
            raise OptionError(f"{path} is a trace; give the world that it was recorded on.")
        world = world_of(trace, path)
    trace.check(world, path)
    log: Log = evidence(trace, world)
    return log
