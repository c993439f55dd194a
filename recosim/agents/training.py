"""`train`: a learner, round by round, with checkpoints from which it goes on exactly.

Every so many rounds, and at the end, it plays held-out conversations greedily
(`recosim.agents.checking`); the weights that played best are kept.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from recosim.agents.checking import VALID, Best, Checks, checks_every
from recosim.agents.checkpoints import (
    Checkpoint,
    Place,
    find_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
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
    check_every: int | None = None,
    stop_after: int | None = None,
    save_seconds: float = SAVE_SECONDS,
    tensorboard: Path | None = None,
    progress: Progress | None = None,
) -> Checkpoint:
    """Train a learner and leave a checkpoint in its place; goes on from an unfinished one.

    A training that was interrupted, however, and went on gives the same weights, bit by bit, as one
    that was not.

    What is kept are the weights of the best check: by `Batch.judged_by`, the later of equals. The
    history holds the figures of all checks, `Checkpoint.kept` the round. Where a finished training
    of other rounds is in the place, this one goes on beside it (`Place.beside`), and takes its
    place only if it plays the conversations of the checks better, or `again` is given.

    Args:
        learner: new, not bound yet.
        setup: the environment; its split is the one to learn from ("valid" in the papers).
        place: where the checkpoint goes, and the seed.
        rounds: default: those of the learner's settings.
        again: start anew whatever is in the place.
        check_every: rounds from one check to the next; default: `checks_every`.
        stop_after: end the training when so many checks in a row were no better than the best.
        save_seconds: a checkpoint is written after the first round that ends so long after the one
            before, and at the end.
        tensorboard: a folder for event files; needs the package tensorboard.
        progress: called with (rounds done, rounds, what is happening).

    Raises:
        OptionError: rounds, or one of the two above, is below 1.
        BusyError: another process trains in the same place.
        TrainingError: a metric or a weight is not finite; the last checkpoint is kept.
        CheckpointError: what is in the place is damaged, or of another training.
        MissingExtraError: `tensorboard` without the package.
    """
    rounds = learner.rounds if rounds is None else rounds
    every = checks_every(rounds, learner.batch_size) if check_every is None else check_every
    for name, value in (("rounds", rounds), ("check_every", every), ("stop_after", stop_after)):
        if value is not None and value < 1:
            raise OptionError(f"{name} is {value}; at least 1 is needed.")
    learner.rounds = rounds
    with held(place.lock, CheckpointError, "Name another folder for checkpoints."):
        clear_up(place.folder)
        return _train(
            learner,
            setup,
            place,
            rounds,
            again,
            every,
            stop_after,
            save_seconds,
            tensorboard,
            progress,
        )


def _train(
    learner: Learner,
    setup: Setup,
    place: Place,
    rounds: int,
    again: bool,
    every: int,
    stop_after: int | None,
    save_seconds: float,
    tensorboard: Path | None,
    progress: Progress | None,
) -> Checkpoint:
    from recosim.agents.torch_learner import one_thread

    found = None if again else find_checkpoint(place, learner, setup)
    rival = found if found is not None and found.finished and found.rounds != rounds else None
    if rival is not None:
        place = place.beside(rounds)
        clear_up(place.folder)
        found = read_checkpoint(place.folder).check(place) if place.folder.exists() else None
    # Schedules hang on the number of rounds: a training of another length is another training.
    before = found if found is not None and found.rounds == rounds else None
    if before is not None and before.finished:
        return before
    with ExitStack() as stack:
        stack.enter_context(one_thread())
        learner.bind(setup.batch(learner.batch_size, track=learner.track))
        learner.start(place.seed)
        checks = Checks(learner, setup)
        best: Best | None = None
        done, seconds, history, stopped = 0, 0.0, History(), False
        if before is not None:
            best = _best_of(before, checks)
            _take_back(learner, before)
            done, seconds = before.done, before.seconds
            history = {name: list(values) for name, values in before.history.items()}
        log = stack.enter_context(_tensorboard(tensorboard, done)) if tensorboard else None
        clock = saved = time.perf_counter()
        what = f"{place.agent} on {place.environment}, seed {place.seed}"
        while done < rounds and not stopped:
            if progress is not None:
                progress(done, rounds, what + _last(history))
            metrics = learner.train_round(done)
            _check_finite(what, done, metrics, learner, before)
            if (done + 1) % every == 0 or done + 1 == rounds:
                weights = learner.weights()
                figures = checks.play(weights)
                metrics = metrics | figures
                score = checks.score(figures)
                if best is None or score >= best.score:
                    best = Best(score, done + 1, weights)
                stopped = _since(best, done + 1, every, rounds) >= (stop_after or np.inf)
            _note(history, done, metrics)
            if log is not None:
                log(done, metrics)
            done += 1
            now = time.perf_counter()
            ended = done == rounds or stopped
            if ended and _outplays(best, rival, checks):
                # Settled before it is written, so that no interruption leaves both undecided.
                place = place._replace(rounds=None)
            if ended or now - saved >= save_seconds:
                before = write_checkpoint(
                    place,
                    learner,
                    world=setup.world.name,
                    done=done,
                    rounds=rounds,
                    seconds=seconds + now - clock,
                    history=history,
                    best=best,
                    stopped=stopped,
                )
                saved = time.perf_counter()
        if progress is not None:
            progress(rounds, rounds, what + _last(history))
    assert before is not None
    if place.rounds is None and rival is not None:  # it has taken the place of the other one
        shutil.rmtree(place.beside(rounds).folder, ignore_errors=True)
    return before


def _best_of(checkpoint: Checkpoint, checks: Checks) -> Best | None:
    """The best weights of a training that goes on; None where it was not checked yet."""
    if checkpoint.kept is None:
        return None
    score = checks.score(checkpoint.kept_figures)
    return Best(score, checkpoint.kept, checkpoint.best_weights())


def _outplays(best: Best | None, rival: Checkpoint | None, checks: Checks) -> bool:
    """Whether weights play better than those of a finished training, if there is one."""
    if best is None or rival is None:
        return False
    return best.score > checks.score(checks.play(rival.weights()))


def _since(best: Best, done: int, every: int, rounds: int) -> int:
    """Checks since the best one; 0 at the end, when nothing is left to stop."""
    return 0 if done == rounds else done // every - best.round // every


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


def _note(history: History, done: int, metrics: dict[str, float]) -> None:
    """Add the metrics of a round; one that is not there in every round is None in the others."""
    for name in dict.fromkeys([*history, *metrics]):
        values = history.setdefault(name, [])
        values.extend([None] * (done - len(values)))
        values.append(float(metrics[name]) if name in metrics else None)


def _last(history: History) -> str:
    """The first metric of the latest rounds, and the figures of the last check."""
    name = next(iter(history), "")
    values = [value for value in history.get(name, [])[-10:] if value is not None]
    said = [f"{name} {sum(values) / len(values):.3f}"] if values else []
    for name, figures in history.items():
        if name.startswith(VALID) and (known := [x for x in figures if x is not None]):
            said.append(f"{name} {known[-1]:.3f}")
    return f" ({', '.join(said)})" if said else ""


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
