"""`recosim train`: agents that learn, on environments, with checkpoints that a bench finds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from recosim.cli.clusters import RayAddressOption, RayOption, ShardsOption, cluster_of
from recosim.cli.complete import complete_agents
from recosim.cli.options import (
    CheckpointsOption,
    EnvironmentsArgument,
    EstimatorOption,
    EstimatorSetOption,
    ProtocolOption,
    SetOption,
    UserSetOption,
    UsersOption,
    WorldOption,
    agents_and_environments,
    check_folder,
    environment_overrides,
    split_names,
    user_settings,
)
from recosim.errors import MissingExtraError, OptionError, RecosimError, shown
from recosim.progress import show_progress
from recosim.terminal import tell, terminal

if TYPE_CHECKING:
    from recosim.agents.afar import Training
    from recosim.agents.checkpoints import Checkpoint, Place
    from recosim.bench.setup import BenchEnv
    from recosim.cluster import Cluster

__all__ = ["train"]


def train(
    environments: EnvironmentsArgument,
    agents: Annotated[
        str | None,
        typer.Option(
            help="Agents, separated by commas; 'all' for every agent that learns. They may also "
            "stand before the environments.",
            autocompletion=complete_agents,
        ),
    ] = None,
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
    user_set: UserSetOption = None,
    checkpoints: CheckpointsOption = None,
    again: Annotated[bool, typer.Option("--again", help="Train anew what is trained.")] = False,
    check_every: Annotated[
        int | None,
        typer.Option(help="Rounds from one check on held-out conversations to the next.", min=1),
    ] = None,
    stop_after: Annotated[
        int | None,
        typer.Option(help="End a training when so many checks in a row were no better.", min=1),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option(help="A folder for event files; `tensorboard --logdir` shows them."),
    ] = None,
    ray: RayOption = False,
    shards: ShardsOption = None,
    ray_address: RayAddressOption = None,
) -> None:
    """Train agents that learn, on the conversations of the validation split.

    A killed training goes on where it was when the same command is given again, to the same
    weights. A checkpoint belongs to the world, the protocol, the estimator, the users and the
    settings of the agent's card that it was trained with: `recosim bench` finds it when it is given
    the same, and says which are missing.

    Every so many rounds, and at the end, an agent plays validation conversations without
    exploration; the weights that played best are kept. A training of other rounds takes the place
    of a finished one only if its weights play better, or with --again.

    With --ray several trainings run at once, on this machine or on several that share the folder of
    checkpoints; one whose process dies goes on from its last checkpoint in another.

    Examples:

      recosim train CPR-LastFM-Small --agents scpr

      recosim train CPR-LastFM --agents crm,ear,scpr --world my-lastfm --estimator fm --seeds 3

      recosim train CPR-Yelp --agents maskable_ppo --tensorboard runs/

      recosim train CPR-LastFM --agents crm,ear,scpr --seeds 3 --ray --shards 4
    """
    from recosim.agents.checkpoints import checkpoint_root
    from recosim.agents.registry import agent_names
    from recosim.bench.setup import prepare_env

    agents, environments = agents_and_environments(environments, agents)
    if agents is None or not split_names(agents):
        raise OptionError(
            f"{shown(environments[0])} names no agent to train; name some, e.g. --agents scpr, or "
            "'all' for all that learn."
        )
    check_folder(checkpoints or checkpoint_root())
    check_folder(tensorboard)
    overrides = environment_overrides(
        world=world,
        protocol=protocol,
        option=option,
        estimator=estimator,
        estimator_set=estimator_set,
        users=users,
        settings=user_settings(user_set),
    )
    cluster = cluster_of(ray, shards, ray_address)
    everyone = split_names(agents) == ["all"]
    names = agent_names() if everyone else split_names(agents)
    root = checkpoints or checkpoint_root()
    runs = Runs(root, rounds, again, tensorboard, check_every, stop_after)
    wanted: list[tuple[str, BenchEnv]] = []
    for environment in environments:
        env = prepare_env(environment, split="valid", overrides=overrides)
        for name in names:
            if (why_not := _why_not(name, env)) is None:
                wanted.append((name, env))
            elif not everyone:
                raise why_not
            elif isinstance(why_not, MissingExtraError):
                tell(f"left out: {why_not}")
    numbers = range(first_seed, first_seed + seeds)
    if cluster is not None:
        runs.train_on(cluster, wanted, numbers)
        return
    for name, env in wanted:
        _draw([runs.train(name, env, seed) for seed in numbers])


def _why_not(name: str, env: BenchEnv) -> RecosimError | None:
    """Why an agent cannot be trained here; None where it can."""
    from recosim.agents.learner import Learner
    from recosim.agents.registry import make_agent

    try:
        agent = make_agent(name, env.name)
    except MissingExtraError as error:
        return error
    if isinstance(agent, Learner):
        return None
    return OptionError(f"agent {name!r} does not learn; it runs in `recosim bench` as it is.")


class Runs(NamedTuple):
    """What all trainings of a call have in common.

    Attributes:
        root: where checkpoints go.
        rounds: of each training; None: what the agent's card says.
        again: train anew what is trained.
        events: where event files go; None: nowhere.
        check_every, stop_after: see `recosim.agents.training.train`.
    """

    root: Path
    rounds: int | None
    again: bool
    events: Path | None
    check_every: int | None = None
    stop_after: int | None = None

    def train(self, name: str, env: BenchEnv, seed: int) -> Checkpoint:
        """Train one agent with one seed under a progress bar, and say what came of it.

        Raises:
            typer.Exit: it was interrupted; how to go on has been said.
        """
        from recosim.agents.training import train

        training = self.training(name, env, seed)
        try:
            with show_progress("training", unit="rounds", log=f"training {training}") as progress:
                checkpoint = train(
                    training.learner(),
                    env.setup,
                    training.place,
                    rounds=training.rounds,
                    again=training.again,
                    check_every=training.check_every,
                    stop_after=training.stop_after,
                    tensorboard=training.tensorboard,
                    progress=progress,
                )
        except KeyboardInterrupt:
            tell(_interrupted(training.place.folder))
            raise typer.Exit(130) from None
        _said(training, checkpoint)
        return checkpoint

    def training(self, name: str, env: BenchEnv, seed: int) -> Training:
        """One of them: an agent with a seed."""
        from recosim.agents.afar import Training
        from recosim.agents.checkpoints import Place, checkpoint_key
        from recosim.agents.registry import make_agent

        learner: Any = make_agent(name, env.name)
        place = Place(
            self.root, env.place, name, checkpoint_key(learner, env.setup, env.fitted), seed
        )
        events = self.events and self.events / env.place / name / f"seed-{seed}"
        return Training(
            name,
            env.name,
            env.key,
            place,
            self.rounds,
            self.again,
            events,
            self.check_every,
            self.stop_after,
        )

    def train_on(
        self, cluster: Cluster, wanted: list[tuple[str, BenchEnv]], seeds: Sequence[int]
    ) -> None:
        """Train all of them on a cluster, say what came of each as it ends, and draw their curves.

        Raises:
            typer.Exit: it was interrupted.
        """
        from recosim.agents.afar import train_all

        trainings = [self.training(name, env, seed) for name, env in wanted for seed in seeds]
        setups = {env.key: env.setup for _, env in wanted}
        done: dict[Path, list[Checkpoint]] = {t.place.folder.parent: [] for t in trainings}
        try:
            with (
                show_progress("training", unit="rounds", log="training on Ray") as progress,
                closing(
                    train_all(trainings, setups, cluster, progress=progress, notice=tell)
                ) as trained,
            ):
                for training, checkpoint in trained:
                    _said(training, checkpoint)
                    done[training.place.folder.parent].append(checkpoint)
        except KeyboardInterrupt:
            tell("interrupted; the same command goes on from the checkpoints.")
            raise typer.Exit(130) from None
        for checkpoints in done.values():
            _draw(sorted(checkpoints, key=lambda checkpoint: checkpoint.seed))


def _said(training: Training, checkpoint: Checkpoint) -> None:
    """A line on what came of a training."""
    from recosim.cli.report import output

    output().print(
        f"{training}: {checkpoint.done} rounds, {checkpoint.seconds:.0f} s"
        f"{_last_rounds(checkpoint)}{_kept(checkpoint, training.place)}\n  {checkpoint.folder}",
        soft_wrap=True,
    )


def _last_rounds(checkpoint: Checkpoint) -> str:
    """What the learner said of its last tenth of rounds: the mean of each of its metrics."""
    from recosim.agents.checking import VALID

    said = []
    for name, history in checkpoint.history.items():
        if name.startswith(VALID):
            continue
        values = [value for value in history if value is not None]
        tail = values[-max(1, len(values) // 10) :]
        said += [f"{name} {sum(tail) / len(tail):.3f}"] if tail else []
    return f"; at the end {', '.join(said)}" if said else ""


def _kept(checkpoint: Checkpoint, place: Place) -> str:
    """Which weights are kept, how they play, and whether an agent plays by them."""
    said = ""
    if checkpoint.kept is not None:
        figures = (f"{name} {value:.3f}" for name, value in checkpoint.kept_figures.items())
        said = f"\n  kept: the weights of round {checkpoint.kept}, {', '.join(figures)}"
    if checkpoint.stopped:
        said += "\n  ended early: the checks after that round were no better"
    other = _rounds_at(place.folder)
    if checkpoint.folder != place.folder and other not in (None, checkpoint.rounds):
        said += (
            f"\n  it lies beside the training of {other} rounds, which plays better and stays the "
            "one that agents play by; --again puts this one in its place"
        )
    return said


def _rounds_at(folder: Path) -> int | None:
    """The rounds of the training that lies in a folder; None where there is none."""
    from recosim.agents.checkpoints import read_checkpoint

    return read_checkpoint(folder).rounds if folder.exists() else None


def _draw(trained: list[Checkpoint]) -> None:
    """The curves of an agent's trainings, beside their checkpoints, if they can be drawn."""
    from recosim.bench.curves import write_curves

    if trained:
        path = trained[0].folder.parent / "training.png"
        with suppress(MissingExtraError):
            write_curves(trained, path)
            terminal().print(f"  {path}", soft_wrap=True)


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
