"""`recosim audit`: how far simulated users can be believed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from recosim.cli.options import (
    BaseURLOption,
    UserLLMOption,
    UserSetOption,
    WorldOption,
    split_names,
    spoken_users,
    user_settings,
)
from recosim.errors import OptionError
from recosim.terminal import terminal

if TYPE_CHECKING:
    from rich.console import Console

    from recosim.audit import Audit
    from recosim.audit.dialogues import Collection

__all__ = ["audit"]

ENVIRONMENT = "CPR-LastFM-Small"


def audit(
    context: typer.Context,
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[USERS] [ENVIRONMENT]",
            help="A kind of users (human, typical, llm, a card of yours; several with commas) and "
            f"an environment by id or short name (default {ENVIRONMENT}). With --users the "
            "environment alone.",
            show_default=False,
        ),
    ] = None,
    users: Annotated[
        str | None,
        typer.Option(help="Kinds of users, e.g. human or human,typical,ideal: one page for all."),
    ] = None,
    human: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder (or file) of dialogues of people: IARD, ReDial, LAPS, or a CSV of turns "
            "with acts. Without users its figures are counted and printed; with users these are "
            "held against its words, too. May be repeated.",
            show_default=False,
        ),
    ] = None,
    figures: Annotated[
        str,
        typer.Option(help="What users are held against: a card of figures, by name or file."),
    ] = "people",
    write: Annotated[
        Path | None,
        typer.Option(
            help="With --human: write what was counted as a card of figures, NAME.toml.",
            show_default=False,
        ),
    ] = None,
    conversations: Annotated[int, typer.Option(help="Conversations to look at.", min=1)] = 100,
    probes: Annotated[int, typer.Option(help="Users that each probe asks.", min=1)] = 100,
    agent: Annotated[
        str | None, typer.Option(help="Who recommends; by default a plain agent of the family.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all luck.", min=0, max=2**31 - 1)] = 0,
    user_set: UserSetOption = None,
    user_llm: UserLLMOption = None,
    base_url: BaseURLOption = None,
    world: WorldOption = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the pages and audit.json; made if need be.")
    ] = Path("audit"),
) -> None:
    """Measure a user model: how far it is like people, what it gives away, whom it obeys.

    Against people: what users do after a recommendation, what they volunteer,
    when they leave, how they open, how they talk, each with an interval beside
    counted figures of people: it holds, or it does not, and why. Whether they
    tell a good recommender from a bad one.

    Conversations and probes tell how often an utterance names what the user
    has in mind, whether the same question gets the same answer, how often a
    user says yes to what they do not want, how varied they are, whether a
    recommender's "accept this!" moves them, and what it costs.

    Users of a language model ask the server of OPENAI_BASE_URL and
    RECOSIM_LLM_MODEL; with RECOSIM_LLM_CASSETTE answers are recorded, and an
    audit that was stopped pays for nothing twice.

    Examples:

      recosim audit human

      recosim audit CPR-LastFM-Small --users human,typical,ideal --conversations 500

      recosim audit --human my-dialogues --write my-people.toml

      recosim audit human --human my-dialogues --figures my-people.toml

      recosim audit llm CPR-LastFM-Small --conversations 20 --probes 20 --out llm-audit
    """
    from recosim.audit import audit_page, audit_users, comparison_page
    from recosim.audit.figures import figures as figures_named
    from recosim.bench.setup import prepare_env
    from recosim.files import LOCK, clear_parts, held, write_json, write_text
    from recosim.progress import show_progress

    names, environment = _who_and_where(given or [], users)
    console = terminal()
    people = figures_named(figures)
    dialogues = _read_people(human or [])
    if write is not None and not dialogues:
        raise OptionError("--write goes with --human: name the dialogues to count.")
    if dialogues and (write is not None or not names):
        _tell_people(console, dialogues, write)
    if not names:
        if not dialogues:
            raise OptionError(
                "name a kind of users, e.g. recosim audit human, or dialogues of people to count, "
                "recosim audit --human FOLDER."
            )
        return
    # Of two audits into one folder one runs.
    lock = held(out / LOCK, OptionError, "Name another folder with --out.")
    context.with_resource(lock)
    clear_parts(out)
    found: dict[str, Audit] = {}
    for name in names:
        spoken = spoken_users(name, environment, user_llm, base_url)
        overrides = {"world": world, "users": spoken, **user_settings(user_set)}
        env = prepare_env(environment, overrides=overrides)
        with show_progress(f"audit {name}", unit="steps") as progress:
            found[name] = audit_users(
                env.setup,
                agent=agent,
                conversations=conversations,
                probes=probes,
                seed=seed,
                people=people,
                human=dialogues,
                progress=progress,
            )
        folder = out if len(names) == 1 else out / name
        write_json(folder / "audit.json", {"env": env.id, **found[name].to_dict()})
        write_text(folder / "audit.html", audit_page(found[name]))
        _tell_audit(console, name, found[name])
    written = [(out if len(names) == 1 else out / name) / "audit.html" for name in names]
    if len(names) > 1:
        write_text(out / "people.html", comparison_page(found))
        written.insert(0, out / "people.html")
    parts = {name: each.values["against_people"] for name, each in found.items()}
    _tell_against(console, parts)
    if _draw(parts, out / "people.png"):
        written.append(out / "people.png")
    console.print(f"wrote {', '.join(map(str, written))}", soft_wrap=True)


def _who_and_where(given: list[str], users: str | None) -> tuple[list[str], str]:
    """The kinds of users, none where nobody named one, and the environment."""
    most = 2 if users is None else 1
    if len(given) > most:
        what = "users and an environment" if users is None else "an environment beside --users"
        raise OptionError(f"{' '.join(given)} are {len(given)} names; name {what}.")
    if users is None:
        named = split_names(given[0]) if given else []
        return list(dict.fromkeys(named)), given[1] if len(given) > 1 else ENVIRONMENT
    names = split_names(users)
    if not names:
        raise OptionError(f"--users is {users!r}; name a population or several.")
    return list(dict.fromkeys(names)), given[0] if given else ENVIRONMENT


def _read_people(folders: list[Path]) -> list[Collection]:
    from recosim.audit.human import read_people

    return [collection for folder in folders for collection in read_people(folder)]


def _tell_people(console: Console, dialogues: list[Collection], write: Path | None) -> None:
    """Print what was counted, and write it where that was asked for."""
    from recosim.audit.figures import figures_of, write_figures
    from recosim.audit.measures import MEASURES, count

    found = {}
    for collection in dialogues:
        found[collection.name] = count(collection)
        talks = len(collection.conversations)
        console.print(Text.assemble((collection.name, "bold"), f": {talks:,} conversations"))
        for note in collection.notes:
            console.print(f"  {note}", style="dim", soft_wrap=True)
        for name, entry in found[collection.name].items():
            told = f"{_number(name, entry)}, n = {entry['of']:,}"
            console.print(f"  {MEASURES[name].title}: {told}", soft_wrap=True)
    if write is not None:
        write_figures(write, figures_of(found, write.stem))
        console.print(f"wrote {write}", soft_wrap=True)


def _tell_audit(console: Console, name: str, found: Audit) -> None:
    v = found.values
    console.print(Text.assemble((name, "bold"), f": {v['utterances']:,} utterances"))
    leaks = (("leaks said", v["leakage"]["said"]), ("leaks kept back", v["leakage"]["kept_back"]))
    for title, shares in (*leaks, *(line for probe in found.probes for line in probe.told(v))):
        told = ", ".join(f"{kind.replace('_', ' ')} {_percent(s)}" for kind, s in shares.items())
        console.print(f"  {title}: {told}", soft_wrap=True)
    good_bad = v["good_against_bad"]
    if "skipped" in good_bad:
        why = good_bad["skipped"]
        console.print(f"  good against bad recommender: not measured: {why}", soft_wrap=True)
    else:
        good, bad = good_bad["agents"]
        for kind in ("left", "satisfaction"):
            entry = good_bad[kind]
            values = f"{good} {entry['good']['value']:.2f}, {bad} {entry['bad']['value']:.2f}"
            told = f"{entry['title']}: {values}, difference {_signed(entry)}"
            console.print(f"  {told}", soft_wrap=True)
    for kind, areas in (v["likeness"] or {}).items():
        for entry in areas:
            told = f"{entry['turns']['value']:.3f} by turns, "
            told += f"{entry['conversations']['value']:.3f} by conversations"
            before = "control, AUC" if kind == "control" else "AUC"
            console.print(f"  {before} {entry['a']} / {entry['b']}: {told}", soft_wrap=True)


def _tell_against(console: Console, parts: dict[str, dict[str, Any]]) -> None:
    """The table against people: a column a population, in colour."""
    from rich.table import Table

    colours = {"holds": "green", "does not": "red", "too few": "dim", "not measured": "dim"}
    table = Table(box=None, pad_edge=False, title="against people", title_justify="left")
    table.add_column("")
    table.add_column("people", justify="right")
    for name in parts:
        table.add_column(name)
    first = next(iter(parts.values()))
    reasons: dict[str, None] = {}
    for k, entry in enumerate(first["measures"]):
        cells = []
        for part in parts.values():
            row = part["measures"][k]
            colour, verdict = colours[row["verdict"]], row["verdict"]
            ours = "" if row["ours"] is None else _number(row["measure"], row["ours"]) + " "
            cells.append(Text.assemble(ours, (verdict, colour)))
            if row["why"]:
                reasons[f"{entry['title']}: {row['why']}"] = None
        people = _range(entry)
        table.add_row(entry["title"], people, *cells)
    console.print(table)
    for reason in reasons:
        console.print(f"  {reason}", style="dim", soft_wrap=True)
    for name, part in parts.items():
        if part["unsupported"]:
            told = ", ".join(part["unsupported"])
            console.print(f"  {name}: nobody counted {told}", style="dim", soft_wrap=True)
        console.print(f"{name}: {part['holds']} of {part['judged']} measures hold")


def _range(entry: dict[str, Any]) -> str:
    from recosim.audit.people_page import ends, number

    name, people = entry["measure"], entry["people"]
    if len(entry["figures"]) == 1:
        figure = entry["figures"][0]
        return number(name, figure["value"]) + ends(name, figure)
    return f"{number(name, people['low'])} to {number(name, people['high'])}"


def _number(measure: str, entry: dict[str, Any]) -> str:
    from recosim.audit.people_page import ends, number

    return number(measure, entry["value"]) + ends(measure, entry)


def _draw(parts: dict[str, Any], path: Path) -> bool:
    """Draw the picture, if it can be drawn here."""
    from recosim.audit.picture import draw_against_people
    from recosim.errors import MissingExtraError

    try:
        draw_against_people(parts, path)
    except MissingExtraError:
        return False
    return True


def _signed(entry: dict[str, Any]) -> str:
    difference = entry["difference"]
    text = f"{difference['value']:+.2f}"
    if difference["low"] is None:
        return text
    return f"{text} [{difference['low']:+.2f}, {difference['high']:+.2f}]"


def _percent(share: dict[str, Any]) -> str:
    text = f"{100 * share['value']:.1f} %"
    if share["low"] is None:
        return text
    return f"{text} [{100 * share['low']:.0f}, {100 * share['high']:.0f}]"
