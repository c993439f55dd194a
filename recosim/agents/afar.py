"""Trainings on actors of Ray: each leaves its checkpoint in its place, as it does here.

Checkpoints are what a training goes on from after its actor died, on whichever machine: their
folder has to be one that all machines of the cluster share. That is looked at before the training.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile

from recosim.agents.checkpoints import Checkpoint, Place, read_checkpoint
from recosim.agents.learner import Learner
from recosim.agents.registry import make_agent
from recosim.agents.training import train
from recosim.cluster import Cluster
from recosim.envs.parcel import Parcel
from recosim.envs.setup import Setup
from recosim.errors import CheckpointError, OptionError
from recosim.progress import Progress
from recosim.spread import Tell, spread

__all__ = ["Training", "train_all"]


@dataclass(frozen=True)
class Training:
    """One agent with one seed in one environment.

    Attributes:
        agent: name of its card. environment: short name, for settings that hang on it.
        env: which of the set-ups it learns in.
        place: where its checkpoint goes, and the seed.
        rounds: None: those of the card. again, tensorboard, check_every, stop_after: see
            `recosim.agents.training.train`.
    """

    agent: str
    environment: str
    env: str
    place: Place
    rounds: int | None = None
    again: bool = False
    tensorboard: Path | None = None
    check_every: int | None = None
    stop_after: int | None = None

    def __str__(self) -> str:
        return f"{self.agent} on {self.env}, seed {self.place.seed}"

    def learner(self) -> Learner:
        """The learner, new. Raises `OptionError` if the agent does not learn."""
        agent = make_agent(self.agent, self.environment)
        if not isinstance(agent, Learner):
            raise OptionError(f"agent {self.agent!r} does not learn.")
        return agent


def train_all(
    trainings: Sequence[Training],
    setups: Mapping[str, Setup],
    cluster: Cluster,
    *,
    progress: Progress = lambda done, total, what: None,
    notice: Callable[[str], None] = lambda text: None,
) -> Generator[tuple[Training, Checkpoint], None, None]:
    """Do trainings on actors; gives each with its checkpoint as it ends, in any order.

    The weights are those that `train` gives in this process, bit by bit.

    Args:
        setups: by `Training.env`.
        progress: called with (rounds done, rounds in all, what is happening).

    Raises:
        CheckpointError: a machine does not see the folder of checkpoints.
        Whatever `recosim.spread.spread`, `Parcel.open` and `train` raise.
    """
    total = sum(t.rounds or t.learner().rounds for t in trainings)
    finished = 0

    def said(running: int, what: str) -> None:
        progress(min(finished + running, total), total, what)

    parcels = {name: Parcel.of(setup) for name, setup in setups.items()}
    roots = {training.place.root.absolute() for training in trainings}
    with _marked(roots) as marks:
        context = (parcels, marks)
        doing = spread(
            cluster, open_trainings, context, trainings, pack=_absolute, tell=said, notice=notice
        )
        with closing(doing):
            for training, folder in doing:
                checkpoint = read_checkpoint(folder)
                finished += checkpoint.rounds
                said(0, str(training))
                yield training, checkpoint


def _absolute(training: Training) -> Training:
    """Paths that mean the same in another process."""
    place = training.place._replace(root=training.place.root.absolute())
    events = training.tensorboard and training.tensorboard.absolute()
    return replace(training, place=place, tensorboard=events)


@contextmanager
def _marked(roots: set[Path]) -> Iterator[list[Path]]:
    """A hidden file in each folder, by which a machine knows that it sees the same one."""
    files = []
    try:
        for root in sorted(roots):
            root.mkdir(parents=True, exist_ok=True)
            files.append(NamedTemporaryFile(prefix=".shared-", suffix=".part", dir=root))  # noqa: SIM115
        yield [Path(file.name) for file in files]
    finally:
        for file in files:
            file.close()


def open_trainings(
    context: tuple[Mapping[str, Parcel], Sequence[Path]],
) -> Callable[[Training, Tell], Path]:
    """Begin in an actor; gives what trains.

    Raises:
        CheckpointError: a folder of checkpoints is not the same one on this machine.
    """
    parcels, marks = context
    for mark in marks:
        if not mark.exists():
            raise CheckpointError(
                f"{socket.gethostname()} does not see {mark.parent}, where checkpoints go. Name a "
                "folder on a disk that all machines of the cluster share with --checkpoints."
            )
    setups: dict[str, Setup] = {}

    def run(training: Training, tell: Tell) -> Path:
        if training.env not in setups:
            setups[training.env] = parcels[training.env].open()
        checkpoint = train(
            training.learner(),
            setups[training.env],
            training.place,
            rounds=training.rounds,
            again=training.again,  # an actor that replaces another begins anew then
            check_every=training.check_every,
            stop_after=training.stop_after,
            tensorboard=training.tensorboard,
            progress=lambda done, total, what: tell(done, what),
        )
        return checkpoint.folder

    return run
