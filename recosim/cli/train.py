"""`recosim train`: agents that learn, on environments, with checkpoints that a bench finds."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recosim.cli.options import (
    CheckpointsOption,
    DontKnowOption,
    EstimatorOption,
    EstimatorSetOption,
    NoiseOption,
    ProtocolOption,
    SetOption,
    UsersOption,
    WorldOption,
    environment_overrides,
    split_names,
)
from recosim.errors import MissingExtraError, OptionError
from recosim.progress import show_progress

if TYPE_CHECKING:
    from recosim.agents.checkpoints import Checkpoint

__all__ = ["train"]


def train(
    agents: Annotated[
        str, typer.Argument(help="Agents, separated by commas; 'all' for every agent that learns.")
    ],
    environments: Annotated[
        list[str],
        typer.Argument(help="Environments by id or short name, e.g. CPR-LastFM EAR-Yelp."),
    ],
    seeds: Annotated[int, typer.Option(help="How many seeds: 0, 1, ...", min=1)] = 1,
    first_seed: Annotated[int, typer.Option(help="The first of them.", min=0)] = 0,
    rounds: Annotated[
        int | None,
        typer.Option(help="Rounds of training; by default what the agent's card says.", min=1),
    ] = None,
    world: WorldOption = None,
    protocol: ProtocolOption = None,
    option: SetOption = None,
    estimator: EstimatorOption = None,
    estimator_set: EstimatorSetOption = None,
    users: UsersOption = None,
    answer_noise: NoiseOption = None,
    dont_know: DontKnowOption = None,
    checkpoints: CheckpointsOption = None,
    again: Annotated[bool, typer.Option("--again", help="Train anew what is trained.")] = False,
    tensorboard: Annotated[
        Path | None,
        typer.Option(help="A folder for event files; `tensorboard --logdir` shows them."),
    ] = None,
) -> None:
    """Train agents that learn, on the conversations of the validation split.

    A killed training goes on where it was when the same command is given again, to the same
    weights. A checkpoint belongs to the world, the protocol, the estimator, the users and the
    settings of the agent's card that it was trained with: `recosim bench` finds it when it is given
    the same, and says which are missing.

    Examples:

      recosim train scpr CPR-LastFM-Small

      recosim train crm,ear,scpr CPR-LastFM --world my-lastfm --estimator fm --seeds 3

      recosim train maskable_ppo CPR-Yelp --tensorboard runs/
    """
    from recosim.agents.checkpoints import Place, checkpoint_key, checkpoint_root
    from recosim.agents.learner import Learner
    from recosim.agents.registry import agent_names, make_agent
    from recosim.agents.training import train as train_agent
    from recosim.bench.setup import prepare_env
    from recosim.cli.report import output

    overrides = environment_overrides(
        world=world,
        protocol=protocol,
        option=option,
        estimator=estimator,
        estimator_set=estimator_set,
        users=users,
        answer_noise=answer_noise,
        dont_know=dont_know,
    )
    everyone = split_names(agents) == ["all"]
    names = agent_names() if everyone else split_names(agents)
    root = checkpoints or checkpoint_root()
    for environment in environments:
        env = prepare_env(environment, split="valid", overrides=overrides)
        for name in names:
            trained = []
            for seed in range(first_seed, first_seed + seeds):
                try:
                    learner = make_agent(name, env.name)
                except MissingExtraError as error:
                    if not everyone:
                        raise
                    typer.echo(f"left out: {error}", err=True)
                    break
                if not isinstance(learner, Learner):
                    if everyone:
                        break
                    raise OptionError(
                        f"agent {name!r} does not learn; it runs in `recosim bench` as it is."
                    )
                place = Place(
                    root, env.place, name, checkpoint_key(learner, env.setup, env.fitted), seed
                )
                log = f"training {name} on {env.key}, seed {seed}"
                try:
                    with show_progress("training", unit="rounds", log=log) as progress:
                        checkpoint = train_agent(
                            learner,
                            env.setup,
                            place,
                            rounds=rounds,
                            again=again,
                            tensorboard=_events(tensorboard, env.place, name, seed),
                            progress=progress,
                        )
                except KeyboardInterrupt:
                    typer.echo(_interrupted(place.folder), err=True)
                    raise typer.Exit(130) from None
                trained.append(checkpoint)
                rates = [rate for rate in checkpoint.history.get("SR", []) if rate is not None]
                tail = rates[-max(1, len(rates) // 10) :]
                learned = f", SR {sum(tail) / len(tail):.3f} at the end" if tail else ""
                output().print(
                    f"{name} on {env.key}, seed {seed}: {checkpoint.rounds} rounds, "
                    f"{checkpoint.seconds:.0f} s{learned}\n  {checkpoint.folder}",
                    highlight=False,
                    markup=False,
                    soft_wrap=True,
                )
            _draw(trained)


def _draw(trained: list[Checkpoint]) -> None:
    """The curves of an agent's trainings, beside their checkpoints, if they can be drawn."""
    from recosim.bench.curves import write_curves

    if trained:
        path = trained[0].folder.parent / "training.png"
        with suppress(MissingExtraError):
            write_curves(trained, path)
            typer.echo(f"  {path}")


def _events(root: Path | None, environment: str, agent: str, seed: int) -> Path | None:
    """Where the event files of one training go."""
    return None if root is None else root / environment / agent / f"seed-{seed}"


def _interrupted(folder: Path) -> str:
    """What to know after an interruption."""
    from recosim.agents.checkpoints import read_checkpoint

    if not folder.exists():
        return "interrupted before the first checkpoint; the same command starts again."
    done = read_checkpoint(folder)
    return (
        f"interrupted; the same command goes on after round {done.done} of {done.rounds}.\n"
        f"  {folder}"
    )
