"""`train`: a learner, round by round, with checkpoints from which it goes on exactly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from recosim.agents.checkpoints import Checkpoint, Place, find_checkpoint, write_checkpoint
from recosim.agents.learner import Learner
from recosim.envs.setup import Setup
from recosim.errors import (
    CheckpointError,
    MissingExtraError,
    OptionError,
    RecosimError,
    TrainingError,
)
from recosim.files import clear_up, held
from recosim.progress import Progress

__all__ = ["train"]

SAVE_SECONDS = 20.0

# Called with (number of the round, its metrics).
Log = Callable[[int, dict[str, float]], None]
History = dict[str, list[float | None]]


def train(
    learner: Learner,
    setup: Setup,
    place: Place,
    *,
    rounds: int | None = None,
    again: bool = False,
    save_seconds: float = SAVE_SECONDS,
    tensorboard: Path | None = None,
    progress: Progress | None = None,
) -> Checkpoint:
    """Train a learner and leave a checkpoint in its place; goes on from an unfinished one.

    A training that was interrupted, however, and went on gives the same weights, bit by bit, as one
    that was not.

    Args:
        learner: new, not bound yet.
        setup: the environment; its split is the one to learn from ("valid" in the papers).
        place: where the checkpoint goes, and the seed.
        rounds: default: those of the learner's settings.
        again: start anew whatever is in the place.
        save_seconds: a checkpoint is written after the first round that ends so long after the one
            before, and at the end.
        tensorboard: a folder for event files; needs the package tensorboard.
        progress: called with (rounds done, rounds, what is happening).

    Raises:
        BusyError: another process trains in the same place.
        TrainingError: a metric or a weight is not finite; the last checkpoint is kept.
        CheckpointError: what is in the place is damaged, or of another training.
        MissingExtraError: `tensorboard` without the package.
    """
    rounds = learner.rounds if rounds is None else rounds
    if rounds < 1:
        raise OptionError(f"rounds is {rounds}; at least 1 is needed.")
    learner.rounds = rounds
    with held(place.lock, CheckpointError, "Name another folder for checkpoints."):
        clear_up(place.folder)
        return _train(learner, setup, place, rounds, again, save_seconds, tensorboard, progress)


def _train(
    learner: Learner,
    setup: Setup,
    place: Place,
    rounds: int,
    again: bool,
    save_seconds: float,
    tensorboard: Path | None,
    progress: Progress | None,
) -> Checkpoint:
    from recosim.agents.torch_learner import one_thread

    before = None if again else _before(place, learner, setup, rounds)
    if before is not None and before.finished:
        return before
    with ExitStack() as stack:
        stack.enter_context(one_thread())
        learner.bind(setup.batch(learner.batch_size, track=learner.track))
        learner.start(place.seed)
        done, seconds, history = 0, 0.0, History()
        if before is not None:
            _take_back(learner, before)
            done, seconds = before.done, before.seconds
            history = {name: list(values) for name, values in before.history.items()}
        log = stack.enter_context(_tensorboard(tensorboard, done)) if tensorboard else None
        clock = saved = time.perf_counter()
        what = f"{place.agent} on {place.environment}, seed {place.seed}"
        while done < rounds:
            if progress is not None:
                progress(done, rounds, what + _last(history))
            metrics = learner.train_round(done)
            _check_finite(what, done, metrics, learner, before)
            _note(history, done, metrics)
            if log is not None:
                log(done, metrics)
            done += 1
            now = time.perf_counter()
            if done == rounds or now - saved >= save_seconds:
                before = write_checkpoint(
                    place,
                    learner,
                    world=setup.world.name,
                    done=done,
                    rounds=rounds,
                    seconds=seconds + now - clock,
                    history=history,
                )
                saved = time.perf_counter()
        if progress is not None:
            progress(rounds, rounds, what + _last(history))
    assert before is not None
    return before


def _take_back(learner: Learner, before: Checkpoint) -> None:
    """Put a learner where a training stopped. Raises `CheckpointError`."""
    learner.set_weights(before.weights())
    state = before.training_state()
    try:
        learner.set_training_state(state)
    except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, RecosimError):
            raise
        raise CheckpointError(
            f"{before.folder} holds the training of another learner: {error!r}. Delete it and "
            "train again."
        ) from None


def _before(place: Place, learner: Learner, setup: Setup, rounds: int) -> Checkpoint | None:
    """The checkpoint to go on from, None to start anew."""
    found = find_checkpoint(place, learner, setup)
    # Schedules hang on the number of rounds: a training of another length is another training.
    return found if found is not None and found.rounds == rounds else None


def _note(history: History, done: int, metrics: dict[str, float]) -> None:
    """Add the metrics of a round; one that is not there in every round is None in the others."""
    for name in dict.fromkeys([*history, *metrics]):
        values = history.setdefault(name, [])
        values.extend([None] * (done - len(values)))
        values.append(float(metrics[name]) if name in metrics else None)


def _last(history: History) -> str:
    """The first metric of the latest rounds."""
    name = next(iter(history), "")
    values = [value for value in history.get(name, [])[-10:] if value is not None]
    return f" ({name} {sum(values) / len(values):.3f})" if values else ""


def _check_finite(
    what: str, number: int, metrics: dict[str, float], learner: Learner, kept: Checkpoint | None
) -> None:
    """Raise `TrainingError` unless all metrics and weights are finite."""
    bad = [f"{name} is {value}" for name, value in metrics.items() if not np.isfinite(value)]
    bad += [
        f"{name} holds values that are not finite"
        for name, array in learner.weights().items()
        if not np.isfinite(array).all()
    ]
    if not bad:
        return
    rest = (
        f"The checkpoint of round {kept.done} in {kept.folder} is kept."
        if kept is not None
        else "No checkpoint was written yet."
    )
    raise TrainingError(
        f"{what}: in round {number}, {bad[0]}"
        + (f" (and {len(bad) - 1} more)" if len(bad) > 1 else "")
        + f". {rest} A smaller learning rate in the agent's card is what to try first."
    )


@contextmanager
def _tensorboard(folder: Path, done: int) -> Iterator[Log]:
    """Event files that `tensorboard --logdir` shows; what an interrupted sitting added is cut."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError("tensorboard", "torch", "logging to TensorBoard") from error
    writer: Any = SummaryWriter(str(folder), purge_step=done)

    def log(number: int, metrics: dict[str, float]) -> None:
        for name, value in metrics.items():
            writer.add_scalar(name, value, number)

    try:
        yield log
    finally:
        writer.close()
