"""`recosim bench`: agents on environments, with intervals, tables and plots."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from recosim.cli.clusters import (
    RayAddressOption,
    RayOption,
    ShardsOption,
    ThreadsOption,
    cluster_of,
)
from recosim.cli.complete import complete_agents, complete_users
from recosim.cli.options import (
    AgentLLMOption,
    BaseURLOption,
    CheckpointsOption,
    EnvironmentsArgument,
    EstimatorOption,
    EstimatorSetOption,
    PlotsOption,
    ProtocolOption,
    SetOption,
    UserLLMOption,
    UserSetsOption,
    WorldOption,
    agents_and_environments,
    check_folder,
    crowds_of,
    environment_overrides,
    model_settings,
    split_names,
    spoken_users,
)
from recosim.cli.report import (
    CsvOption,
    HtmlOption,
    IntervalsOption,
    JsonOption,
    LatexOption,
    form_of,
    print_results,
)
from recosim.errors import OptionError, unknown
from recosim.progress import show_progress
from recosim.terminal import tell

__all__ = ["bench", "kept_on_interrupt"]

INTERRUPTED = 130  # the status of a command that ctrl-C ended, as shells give it


def bench(
    environments: EnvironmentsArgument,
    agents: Annotated[
        str | None,
        typer.Option(
            help="Agents, separated by commas; 'rules' for those that do not learn, 'all' for "
            "every agent that can run here (the default). They may also stand before the "
            "environments.",
            autocompletion=complete_agents,
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many seeds: 0, 1, ...", min=1)] = 1,
    episodes: Annotated[
        int | None,
        typer.Option(help="Sample so many conversations; the whole split by default.", min=1),
    ] = None,
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "test",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Results folder; results/ENV+... by default, with a digest of what else "
            "is not as usual. An unfinished run resumes."
        ),
    ] = None,
    world: WorldOption = None,
    protocol: ProtocolOption = None,
    option: SetOption = None,
    estimator: EstimatorOption = None,
    estimator_set: EstimatorSetOption = None,
    users: Annotated[
        str | None,
        typer.Option(
            help="Populations of users: one, or several separated by commas, e.g. ideal,typical.",
            autocompletion=complete_users,
        ),
    ] = None,
    user_set: UserSetsOption = None,
    user_llm: UserLLMOption = None,
    agent_llm: AgentLLMOption = None,
    base_url: BaseURLOption = None,
    max_fallbacks: Annotated[
        float,
        typer.Option(
            help="Stop if more than this share of what a language model was asked for had to be "
            "said, decided or moved in its place; 1: go on whatever it says. A stopped run goes on "
            "where it was, with another share too.",
            min=0,
            max=1,
        ),
    ] = 0.5,
    checkpoints: CheckpointsOption = None,
    illegal: Annotated[
        str,
        typer.Option(
            help="What an illegal move of an agent does: 'raise' stops the run, 'penalise' wastes "
            "the turn and is counted."
        ),
    ] = "raise",
    batch: Annotated[
        int | None,
        typer.Option(help="Conversations advanced at once; by default what fits well.", min=1),
    ] = None,
    threads: ThreadsOption = None,
    ray: RayOption = False,
    shards: ShardsOption = None,
    ray_address: RayAddressOption = None,
    traces: Annotated[bool, typer.Option(help="Keep every move as Parquet.")] = True,
    plots: PlotsOption = True,
    intervals: IntervalsOption = None,
    html: HtmlOption = None,
    csv: CsvOption = False,
    latex: LatexOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare agents on the same users: who is best, and by how much?

    Every agent meets the same users with the same luck. A killed run goes on where it was when the
    same command is given again. The folder gets results.json, report.md, plots and traces.

    Agents that learn are trained first: `recosim train`. Seed k is played by training seed k.

    With --ray every agent with every seed in every environment is a unit of work, done by one of
    several processes, on this machine or on several.

    Examples:

      recosim bench CPR-LastFM --agents all

      recosim bench CPR-LastFM CPR-Yelp --agents logic,max_entropy --seeds 5 --episodes 2000

      recosim bench CPR-LastFM --world my-lastfm --set on_reject=remove

      recosim bench CPR-LastFM --user-set answer_noise=0,0.1,0.2 --user-set patience=4,8,none

      recosim bench CPR-LastFM --users ideal,typical,terse,erratic,picky,chatty

      recosim bench CPR-LastFM-Small --agents rules --episodes 50 --users llm_decides
      --user-llm my-model --base-url http://127.0.0.1:8080/v1
      recosim bench CPR-Yelp --agents rules --seeds 5 --ray --shards 8
    """
    if sys.stderr.isatty():  # before anything heavy is imported
        tell(f"recosim: opening {', '.join(environments)} ...")
    from recosim.bench.claim import check_owner
    from recosim.bench.report import render_report
    from recosim.bench.run import run_bench
    from recosim.bench.setup import prepare_env, usual_folder
    from recosim.cards import find_card

    cluster = cluster_of(ray, shards, ray_address)
    if illegal not in ("raise", "penalise"):
        raise unknown("value of --illegal", illegal, ("raise", "penalise"))
    agents, environments = agents_and_environments(environments, agents)
    names = split_names("all" if agents is None else agents)
    for name in names if names not in (["all"], ["rules"]) else ():
        find_card("agents", name)  # before a world is built for it
    if agent_llm and not {"llm", "all"} & set(names):
        raise OptionError("--agent-llm is of the agent `llm`; name it, e.g. --agents llm,logic.")
    form = form_of(html, csv=csv, latex=latex, json=as_json, intervals=intervals)
    check_folder(out or Path("results"))
    if out is not None and out.is_dir():
        check_owner(out)
    envs = [
        prepare_env(
            name,
            split=split,
            episodes=episodes,
            overrides=environment_overrides(
                world=world,
                protocol=protocol,
                option=option,
                estimator=estimator,
                estimator_set=estimator_set,
                users=spoken_users(crowd.users, name, user_llm, base_url),
                settings=crowd.settings,
            ),
        )
        for name in environments
        for crowd in crowds_of(users, user_set)
    ]
    folder = out or Path("results") / usual_folder(envs, illegal=illegal, checkpoints=checkpoints)
    units = {env.setup.family.unit for env in envs}
    unit = units.pop() if len(units) == 1 else "episodes"
    log = f"recosim: bench of {', '.join(env.key for env in envs)} into {folder}"
    with kept_on_interrupt(folder), show_progress("bench", unit=unit, log=log) as progress:
        run_bench(
            envs,
            names,
            folder,
            seeds=range(seeds),
            batch=batch,
            threads=threads,
            traces=traces,
            checkpoints=checkpoints,
            illegal="raise" if illegal == "raise" else "penalise",
            max_fallbacks=max_fallbacks,
            agent_settings={"llm": model_settings("--agent-llm", agent_llm, base_url)},
            cluster=cluster,
            progress=progress,
            notice=tell,
        )
    print_results(render_report(folder, plots=plots), form)


@contextmanager
def kept_on_interrupt(folder: Path) -> Iterator[None]:
    """Say on ctrl-C what is kept, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        from recosim.bench.results import progress_of

        tell(f"interrupted. {progress_of(folder)}")
        raise typer.Exit(INTERRUPTED) from None
