"""`recosim data`: list, build, import, look at, draw and remove worlds."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from recosim.progress import show_progress
from recosim.terminal import clean, terminal

if TYPE_CHECKING:
    from recosim.world.importers import Importer
    from recosim.world.world import World

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Worlds: list, build, import, look at, draw and remove them.",
    epilog="Example: recosim data import scpr ~/data/lastfm --name my-lastfm",
)

Name = Annotated[str, typer.Argument(help="Name of a world, or the path of a world's folder.")]


@app.command("list")
def list_command() -> None:
    """List the worlds: those of data cards, which are built when needed, and imported ones."""
    from recosim.world.catalog import list_worlds

    console = terminal()
    turns, titles = console.width >= 95, console.width >= 150  # figures come before titles
    table = Table(box=None, pad_edge=False, padding=(0, 1), collapse_padding=not turns)
    for column in ("world", "kind", "state"):
        table.add_column(column, no_wrap=True)
    searched = ("topics", "turns") if turns else ()
    for column in ("users", "items", "attr.", "interactions", *searched, "MB"):
        table.add_column(column, justify="right", no_wrap=True)
    if titles:
        table.add_column("title", no_wrap=True)
    problems = []
    for record in list_worlds():
        # What a collection to search in has none of is left out, and the other way round.
        search = record.topics is not None
        sizes = (
            None if search and not record.users else record.users,
            record.items,
            None if search and not record.attributes else record.attributes,
            None if search and not record.interactions else record.interactions,
            *((record.topics, record.turns) if turns else ()),
        )
        if record.problem:
            problems.append(f"{record.name}: {record.problem}")
        table.add_row(
            record.name,
            record.kind,
            "stored" if record.built else "problem" if record.problem else "not built",
            *("" if size is None else f"{size:,}" for size in sizes),
            f"{record.size / 1e6:.1f}" if record.size else "",
            *([record.title] if titles else []),
        )
    console.print(table)
    for problem in problems:
        console.print(problem, style="yellow", soft_wrap=True)


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="Name of a data card, e.g. yelp or lastfm-small.")],
    force: Annotated[bool, typer.Option("--force", help="Build again what is there.")] = False,
) -> None:
    """Build a world from its data card into the cache folder.

    Example: recosim data build yelp
    """
    from recosim.world.catalog import build_world_from_card

    _done("built", build_world_from_card(name, force=force, keep=True))


@app.command()
def info(
    name: Name,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file again and check its checksum.")
    ] = False,
) -> None:
    """Show the sizes, facets, distributions, fingerprint, source and licence of a world.

    Example: recosim data info lastfm --verify
    """
    from recosim.world.catalog import open_world
    from recosim.world.generate.statistics import measure
    from recosim.world.storage import verify_folder

    world = open_world(name)
    if verify and world.folder is not None:
        verify_folder(world.folder)
    console = terminal()
    figures = measure(world)
    sizes = Table(box=None, pad_edge=False, show_header=False)
    sizes.add_column(style="bold")
    sizes.add_column()
    for label, value in (
        ("world", world.name),
        *(_taken(figures) if world.topics is None or world.n_users else []),
        *(_searched(world) if world.topics is not None else []),
        ("source", world.source or "not stated"),
        ("licence", world.licence or "not stated"),
        ("folder", str(world.folder)),
        ("fingerprint", world.fingerprint + (" (verified)" if verify else "")),
        (
            "settings",
            ", ".join(f"{k}={v}" for k, v in sorted(world.settings.items()) if k != "card"),
        ),
    ):
        sizes.add_row(label, value)
    console.print(sizes)
    if world.n_attributes:
        console.print()
        console.print(_facets(world))
    if world.n_attributes or world.n_users:
        console.print()
        console.print(_distributions(figures))


@app.command()
def draw(
    name: Name,
    out: Annotated[Path, typer.Option("--out", help="The PNG file to write.")],
    user: Annotated[int | None, typer.Option(help="Whose corner of the graph to show.")] = None,
    item: Annotated[int | None, typer.Option(help="Which item to explain to that user.")] = None,
) -> None:
    """Draw a world: degrees, attributes by facet, which occur together, one user's corner.

    Example: recosim data draw movielens --out movielens.png
    """
    from recosim.world.catalog import open_world
    from recosim.world.draw import draw_world

    path = draw_world(open_world(name), out, user=user, item=item)
    terminal().print(f"wrote {path}", soft_wrap=True)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of a built or imported world.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a built or imported world from the cache folder.

    Example: recosim data remove my-lastfm --yes
    """
    from recosim.world.catalog import remove_world, world_folder

    folder = world_folder(name)
    if not yes and folder.exists():
        typer.confirm(clean(f"Remove {folder}?"), abort=True)
    folder = remove_world(name)
    terminal().print(f"removed {folder}", soft_wrap=True)


import_app = typer.Typer(
    no_args_is_help=True,
    help="Import a real collection as a world; one command for each kind of source.",
    epilog="Example: recosim data import table ./my-shop --name my-shop",
)
app.add_typer(import_app, name="import")


def _attach_importers() -> None:
    """One command for each importer; its options are those that the importer declares."""
    from recosim.world.importers import IMPORTERS

    for kind, importer in IMPORTERS.items():
        help_text = f"{importer.summary}\n\nExpects: {escape(importer.expects)}."
        import_app.command(kind, help=help_text)(_import_command(kind, importer))


def _import_command(kind: str, importer: Importer) -> Callable[..., None]:
    def command(path: str, name: str, replace: bool, **options: Any) -> None:
        from recosim.world.catalog import check_new_name, save_imported_world
        from recosim.world.importers import FEW, import_data

        check_new_name(name, overwrite=replace)  # before minutes are spent on reading
        with show_progress(f"importing {name!r}") as progress:
            world = import_data(kind, path, name, progress=progress, **options)
            progress(0, 1, "storing")
            world = save_imported_world(world, overwrite=replace)
        _done("imported", world)
        share = world.settings.get("interactions_with_attributes")
        if share is not None and share >= FEW:  # a smaller one was warned of
            text = f"{share:.1%} of the interactions are with items that have an attribute"
            terminal().print(text)
        for what, count in dict(world.settings.get("dropped", {})).items():
            terminal().print(f"dropped {count:,} {what}", style="yellow")
        for what, count in dict(world.settings.get("notes", {})).items():
            terminal().print(f"note: {count:,} {what}", style="yellow")

    source = f"What to read: {importer.source}"
    fixed = {
        "path": (Annotated[str, typer.Argument(help=source)], inspect.Parameter.empty),
        "name": (
            Annotated[str, typer.Option(help="Name of the new world.")],
            inspect.Parameter.empty,
        ),
        "replace": (
            Annotated[bool, typer.Option("--replace", help="Replace an imported world.")],
            False,
        ),
    }
    declared = {
        option: (Annotated[parameter.annotation, typer.Option(help=importer.options[option])],
                 parameter.default)
        for option, parameter in importer.parameters().items()
    }  # fmt: skip
    parameters = [
        inspect.Parameter(
            option, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
        )
        for option, (annotation, default) in {**fixed, **declared}.items()
    ]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


_attach_importers()


def _done(what: str, world: World) -> None:
    facets = f"{world.n_facets} facet{'s' * (world.n_facets != 1)}"
    parts = [f"{world.n_items:,} items"]
    if world.topics is not None:
        parts.append(_topics(world))
    if world.n_users:
        parts = [
            f"{world.n_users:,} users",
            *parts,
            f"{world.n_attributes:,} attributes in {facets}",
            f"{world.n_interactions:,} interactions",
        ]
    licence = "" if world.topics is None else f"; licence: {world.licence or 'not stated'}"
    terminal().print(
        Text.assemble(
            f"{what} ",
            (world.name, "bold"),
            f": {', '.join(parts)}; fingerprint {world.fingerprint[:12]}{licence}",
        ),
        soft_wrap=True,
    )


def _taken(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """The sizes of a world of users."""
    users, items = f"{figures['users']:,} users", f"{figures['items']:,} items"
    splits = " / ".join(f"{figures[split]:,}" for split in ("train", "valid", "test"))
    return [
        ("sizes", f"{users}, {items}, {figures['attributes']:,} attributes"),
        ("interactions", f"{figures['interactions']:,} (train / valid / test: {splits})"),
        ("item-attribute links", f"{figures['item_attribute_links']:,}"),
        ("friend links", f"{figures['friend_links']:,}"),
        ("items nobody took", f"{figures['items_without_interactions']:,}"),
    ]


def _searched(world: World) -> list[tuple[str, str]]:
    """The sizes of a collection, how its topics are split, and what is said of the needs."""
    import numpy as np

    topics, judgements = world.topics, world.judgements
    assert topics is not None
    words = [len(text.split()) for text in world.item_texts]
    parts = np.bincount(topics.split, minlength=3)
    same = sum(
        topics.utterances[t].strip() == topics.needs[t].strip() for t in range(topics.n_turns)
    )
    earlier = int((topics.history.degrees() > 0).sum())
    rows = [
        ("documents", f"{world.n_items:,} of {np.mean(words):,.0f} words on average, "
         f"{world.n_attributes:,} attributes"),
        ("topics", f"{topics.n_topics:,} (train / valid / test: "
         + " / ".join(f"{n:,}" for n in parts) + ")"),
        ("turns", f"{topics.n_turns:,}, {earlier:,} of them with earlier ones; "
         f"{sum(bool(r) for r in topics.rewrites):,} with a rewrite"),
        ("needs", "said whole from the start in every turn: use start=partial"
         if same == topics.n_turns
         else f"more than what is said in {topics.n_turns - same:,} of {topics.n_turns:,} turns"),
    ]  # fmt: skip
    if judgements is None:
        return [*rows, ("judgements", "none")]
    grades, counts = np.unique(judgements.grade, return_counts=True)
    shown = ", ".join(f"{n:,} of grade {g}" for g, n in zip(grades, counts, strict=True))
    judged = int((judgements.documents.degrees() > 0).sum())
    relevant = int(judgements.answerable().sum())
    told = f"{judged:,} turns are judged, {relevant:,} have a relevant document"
    return [*rows, ("judgements", f"{judgements.documents.links:,} ({shown}); {told}")]


def _topics(world: World) -> str:
    """The topics and judgements of a collection in words."""
    assert world.topics is not None
    counts = [f"{world.topics.n_topics:,} topics", f"{world.topics.n_turns:,} turns"]
    if world.judgements is not None:
        counts += [
            f"{world.judgements.documents.links:,} judgements",
            f"{int(world.judgements.answerable().sum()):,} turns with a relevant item",
        ]
    return ", ".join(counts)


def _facets(world: World) -> Table:
    table = Table("facet", "attributes", "item links", box=None, pad_edge=False)
    sizes = world.attribute_items.degrees()
    facet = world.attribute_facet
    rows = [(world.facet_names[f], facet == f) for f in range(world.n_facets)]
    if (facet < 0).any():
        rows.append(("(in no facet)", facet < 0))
    for name, members in rows:
        table.add_row(name, f"{int(members.sum()):,}", f"{int(sizes[members].sum()):,}")
    return table


def _distributions(figures: dict[str, Any]) -> Table:
    labels = {
        "attributes_per_item": "attributes of an item",
        "items_per_attribute": "items of an attribute",
        "user_degree": "interactions of a user",
        "item_degree": "interactions of an item",
    }
    if not figures["users"]:
        labels = {field: label for field, label in labels.items() if "degree" not in field}
    if not figures["attributes"]:
        labels = {field: label for field, label in labels.items() if "attribute" not in field}
    percents = list(figures["user_degree"]["quantiles"])
    table = Table("percent of them have at most", "mean", *percents, box=None, pad_edge=False)
    for field, label in labels.items():
        values = figures[field]
        quantiles = [f"{values['quantiles'][p]:,.0f}" for p in percents]
        table.add_row(label, f"{values['mean']:.2f}", *quantiles)
    return table
