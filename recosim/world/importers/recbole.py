"""Importer of the atomic files of RecBole: `.inter`, `.item`, `.kg` and `.link`, `.net`.

Each is a table of tab-separated columns whose header says name and type, `movie_title:token_seq`
(Zhao et al., CIKM 2021; the format is that of RecBole's documentation). Quotes are text in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recosim.errors import ImportDataError, OptionError
from recosim.progress import Progress
from recosim.world.importers.cells import Ids, label_of
from recosim.world.importers.interactions import SplitBy
from recosim.world.importers.rows import split_lines
from recosim.world.importers.sheets import Sheet
from recosim.world.importers.source import Log, bad
from recosim.world.importers.table import world_of_sheets
from recosim.world.world import World

__all__ = ["import_recbole"]

TYPES = ("token", "token_seq", "float", "float_seq")
USERS, ITEMS = ("user_id", "user"), ("item_id", "item")
RATINGS, TIMES = ("rating", "label", "stars"), ("timestamp", "time", "date")
NAMES = ("title", "name")


@dataclass(frozen=True)
class _Column:
    name: str
    type: str


def import_recbole(
    path: Path,
    name: str,
    *,
    attributes: str = "",
    name_column: str = "",
    separator: str = " ",
    min_rating: float | None = None,
    min_user_items: int = 1,
    min_item_users: int = 1,
    min_attribute_items: int = 2,
    split_by: SplitBy = "random",
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A world from a folder of RecBole's atomic files.

    Facets are the columns of the `.item` file that hold tokens (all of them but the name, numbers
    left out), and the relations of the `.kg` file for items that the `.link` file ties to an
    entity. Items without an interaction are left out.

    Args:
        attributes: the columns of `.item` that are facets, "class,release_year"; without it all.
        name_column: the column that names items; without it the first with title or name in it.
        separator: between the tokens of a sequence, as in RecBole's own settings.
        min_rating: least `rating` that counts as an interaction.
        min_user_items, min_item_users: users and items below are removed, again and again.
        min_attribute_items: drop attributes of fewer items.
        split_by: "random", or "time" by the column `timestamp`.
        seed: of the 70/15/15 split of each user's interactions.

    Raises:
        OptionError: no separator. ImportDataError: a file is missing or there twice, has a header
            without types, a malformed line, or neither `.item` nor `.kg` gives an attribute.
    """
    path = Path(path)
    log = Log()
    if not separator:
        raise OptionError("separator ''; allowed: the characters between tokens, e.g. ' '.")
    files = {end: _file(path, end) for end in ("inter", "item", "kg", "link", "net")}
    inter = files["inter"]
    if inter is None:
        raise _missing(path)
    interactions = _interactions(inter, min_rating is not None, log, progress)
    links = Sheet(files["item"] or inter, {"item": [], "attribute": [], "facet": []})
    names: dict[str, str] = {}
    if files["item"] is not None:
        _items(files["item"], attributes, name_column, separator, links, names, log, progress)
    if files["kg"] is not None and files["link"] is not None:
        _graph(files["kg"], files["link"], links, log, progress)
    sheets = {"interactions": interactions, "item_attributes": links}
    if files["net"] is not None:
        sheets["friends"] = _net(files["net"], set(interactions["user"]), log, progress)
    return world_of_sheets(
        path,
        name,
        sheets,
        log,
        min_rating=min_rating,
        min_user_items=min_user_items,
        min_item_users=min_item_users,
        overlap="refuse",
        split_by=split_by,
        seed=seed,
        source=f"imported from atomic files of RecBole ({inter.stem})",
        importer="recbole",
        names=names,
        only_taken=True,
        min_attribute_items=min_attribute_items,
    )


def _missing(path: Path) -> ImportDataError:
    if not path.is_dir():
        kind = "is a file" if path.exists() else "does not exist"
        return ImportDataError(f"{path} {kind}; name the folder of RecBole's atomic files.")
    found = ", ".join(sorted(p.name for p in path.iterdir())[:12]) or "an empty folder"
    return ImportDataError(
        f"{path} does not hold RecBole's atomic files: expected *.inter, found {found}."
    )


def _file(path: Path, end: str) -> Path | None:
    found = sorted(path.glob(f"*.{end}")) if path.is_dir() else []
    if len(found) > 1:
        names = ", ".join(p.name for p in found[:6])
        raise ImportDataError(f"{path} holds {names}; keep one dataset in a folder.")
    return found[0] if found else None


def _rows(
    path: Path, log: Log, progress: Progress | None
) -> tuple[list[_Column], Iterator[tuple[int, list[str]]]]:
    """The columns that the header names, and the rows."""
    rows = split_lines(path, "\t", log=log, progress=progress)
    _, header = next(rows, (1, [""]))
    columns = []
    for field in header:
        name, colon, kind = field.strip().partition(":")
        if not colon or kind not in TYPES:
            problem = f"expected a header of name:type ({', '.join(TYPES)}), found {field[:60]!r}"
            raise bad(path, problem, 1)
        columns.append(_Column(name, kind))
    names = [column.name for column in columns]
    for name in names:
        if names.count(name) > 1:
            raise bad(path, f"the column {name!r} is there twice", 1)
    return columns, rows


def _place(path: Path, columns: list[_Column], wanted: tuple[str, ...], needed: bool = True) -> int:
    for name in wanted:
        for i, column in enumerate(columns):
            if column.name.lower() == name:
                return i
    if needed:
        listed = ", ".join(column.name for column in columns)
        raise bad(path, f"expected the column {' or '.join(wanted)}, found {listed[:120]}", 1)
    return -1


def _interactions(path: Path, rated: bool, log: Log, progress: Progress | None) -> Sheet:
    columns, rows = _rows(path, log, progress)
    user, item = _place(path, columns, USERS), _place(path, columns, ITEMS)
    rating, time = _place(path, columns, RATINGS, rated), _place(path, columns, TIMES, False)
    users, items = Ids(path, columns[user].name), Ids(path, columns[item].name)
    sheet = Sheet(path, {"user": [], "item": []})
    for line, fields in rows:
        values = {"user": users.need(fields[user], line), "item": items.need(fields[item], line)}
        if rating >= 0 and rated:
            values["rating"] = fields[rating].strip()
        if time >= 0:
            values["timestamp"] = fields[time].strip()
        sheet.add(line, **values)
    if not sheet.lines:
        raise bad(path, "the file has no interactions")
    return sheet


def _items(
    path: Path,
    attributes: str,
    name_column: str,
    separator: str,
    links: Sheet,
    names: dict[str, str],
    log: Log,
    progress: Progress | None,
) -> None:
    columns, rows = _rows(path, log, progress)
    item = _place(path, columns, ITEMS)
    called = _place(path, columns, (name_column.lower(),)) if name_column else -1
    if not name_column:
        for i, column in enumerate(columns):
            if called < 0 and i != item and any(word in column.name.lower() for word in NAMES):
                called = i
    asked = [part.strip() for part in attributes.split(",") if part.strip()]
    chosen = [_place(path, columns, (name.lower(),)) for name in asked]
    if not asked:
        tokens = [i for i, c in enumerate(columns) if c.type.startswith("token")]
        chosen = [i for i in tokens if i not in (item, called)]
        for column in columns:
            if column.type.startswith("float"):
                log.note(f"numbers that are no attributes: the column {column.name[:60]!r}")
    ids = Ids(path, columns[item].name)
    seen: set[str] = set()
    for line, fields in rows:
        key = ids.need(fields[item], line)
        if key in seen:
            raise bad(path, f"item {key[:60]!r} occurs twice", line)
        seen.add(key)
        if called >= 0:
            names[key] = label_of(fields[called])
        for i in chosen:
            sequence = columns[i].type.endswith("_seq")
            for part in fields[i].split(separator) if sequence else [fields[i]]:
                if label := label_of(part):
                    links.add(line, item=key, attribute=label, facet=columns[i].name)


def _graph(graph: Path, ties: Path, links: Sheet, log: Log, progress: Progress | None) -> None:
    """Triples whose head is tied to an item: the relation is a facet, the tail an attribute."""
    columns, rows = _rows(ties, log, progress)
    item, entity = _place(ties, columns, ITEMS), _place(ties, columns, ("entity_id", "entity"))
    items, entities = Ids(ties, columns[item].name), Ids(ties, columns[entity].name)
    item_of: dict[str, list[str]] = {}
    for line, fields in rows:
        key = entities.need(fields[entity], line)
        item_of.setdefault(key, []).append(items.need(fields[item], line))
    columns, rows = _rows(graph, log, progress)
    head = _place(graph, columns, ("head_id", "head"))
    relation = _place(graph, columns, ("relation_id", "relation"))
    tail = _place(graph, columns, ("tail_id", "tail"))
    heads, tails = Ids(graph, columns[head].name), Ids(graph, columns[tail].name)
    for line, fields in rows:
        tied = item_of.get(heads.need(fields[head], line), ())
        label, facet = tails.need(fields[tail], line), label_of(fields[relation])
        if not tied:
            log.drop("triples whose head is no item")
        for key in tied:
            links.add(line, item=key, attribute=label, facet=facet)


def _net(path: Path, known: set[str], log: Log, progress: Progress | None) -> Sheet:
    columns, rows = _rows(path, log, progress)
    source = _place(path, columns, ("source_id", "source", "user_id"))
    target = _place(path, columns, ("target_id", "target", "friend_id"))
    ids = Ids(path, "user")
    sheet = Sheet(path, {"user": [], "friend": []})
    for line, fields in rows:
        a, b = ids.need(fields[source], line), ids.need(fields[target], line)
        if a in known and b in known:
            sheet.add(line, user=a, friend=b)
        else:
            log.drop("friend links of users that were left out")
    return sheet
