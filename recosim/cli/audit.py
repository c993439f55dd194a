"""`recosim audit`: how far simulated users can be believed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from recosim.cli.options import UserSetOption, WorldOption, user_settings

__all__ = ["audit"]


def audit(
    users: Annotated[
        str, typer.Argument(help="A kind of users: typical, llm, llm_decides, or a card of yours.")
    ],
    environment: Annotated[
        str, typer.Argument(help="Environment by id or short name.")
    ] = "CPR-LastFM-Small",
    conversations: Annotated[int, typer.Option(help="Conversations to look at.", min=1)] = 100,
    probes: Annotated[int, typer.Option(help="Users that each probe asks.", min=1)] = 100,
    agent: Annotated[
        str | None, typer.Option(help="Who recommends; by default a plain agent of the family.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all luck.", min=0, max=2**31 - 1)] = 0,
    user_set: UserSetOption = None,
    world: WorldOption = None,
    out: Annotated[
        Path, typer.Option(help="Folder for audit.html and audit.json; made if need be.")
    ] = Path("audit"),
) -> None:
    """Measure a user model: what it gives away, how steady it is, whom it obeys.

    Conversations and probes tell how often an utterance names what the user
    has in mind, whether the same question gets the same answer, how often a
    user says yes to what they do not want, how their yes, no and don't know
    compare with people's, how varied they are, whether a recommender's "accept
    this!" moves them, whether it shows who speaks, and what it costs.

    Users of a language model ask the server of OPENAI_BASE_URL and
    RECOSIM_LLM_MODEL; with RECOSIM_LLM_CASSETTE answers are recorded, and an
    audit that was stopped pays for nothing twice.

    Examples:

      recosim audit typical

      recosim audit llm CPR-LastFM-Small --conversations 20 --probes 20 --out llm-audit
    """
    from recosim.audit import audit_page, audit_users
    from recosim.bench.setup import prepare_env
    from recosim.files import write_json, write_text
    from recosim.progress import show_progress

    overrides = {"world": world, "users": users, **user_settings(user_set)}
    env = prepare_env(environment, overrides=overrides)
    console = Console(highlight=False)
    with show_progress("audit", unit="steps") as progress:
        found = audit_users(
            env.setup,
            agent=agent,
            conversations=conversations,
            probes=probes,
            seed=seed,
            progress=progress,
        )
    write_json(out / "audit.json", {"env": env.id, **found.to_dict()})
    write_text(out / "audit.html", audit_page(found))
    v = found.values
    console.print(f"[bold]{users}[/bold]: {v['utterances']:,} utterances")
    leaks = (("leaks said", v["leakage"]["said"]), ("leaks kept back", v["leakage"]["kept_back"]))
    for title, shares in (*leaks, *(line for probe in found.probes for line in probe.told(v))):
        told = ", ".join(f"{name.replace('_', ' ')} {_percent(s)}" for name, s in shares.items())
        console.print(f"  {title}: {told}", soft_wrap=True)
    console.print(f"wrote {out / 'audit.html'} and {out / 'audit.json'}", soft_wrap=True)


def _percent(share: dict[str, Any]) -> str:
    text = f"{100 * share['value']:.1f} %"
    if share["low"] is None:
        return text
    return f"{text} [{100 * share['low']:.0f}, {100 * share['high']:.0f}]"
