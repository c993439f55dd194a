"""Units of work on many processes and machines: actors of Ray, replaced where they die.

A unit is done by one actor at a time, and its result comes back to the process that asked, which
alone keeps it: nothing is written where the actors are. What a unit gives must hang on the unit
alone; then the results are the same for any number of actors, wherever they run, and after any of
them was killed.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from recosim.cluster import Cluster, connected, import_ray
from recosim.errors import ClusterError, RecosimError
from recosim.files import atomic_write

__all__ = ["Tell", "bring_files", "lay_files", "spread"]

TRIES = 3  # times that a unit is begun anew on actors that die
POLL = 1.0  # seconds between two looks at what is going on
PATIENCE = 60.0  # seconds for an actor to begin before a person is told that nothing happens yet

U = TypeVar("U")
R = TypeVar("R")
C = TypeVar("C")
V = TypeVar("V")

# Called with how much of a unit is done (in the work's own unit) and what is happening.
Tell = Callable[[int, str], None]
Work = Callable[[U, Tell], R]


def spread(
    cluster: Cluster,
    begin: Callable[[C], Work[U, R]],
    context: C,
    units: Sequence[V],
    *,
    pack: Callable[[V], U] | None = None,
    tell: Tell = lambda done, what: None,
    notice: Callable[[str], None] = lambda text: None,
) -> Generator[tuple[V, R], None, None]:
    """Do units on actors, and give their results as they come, in any order.

    As many units are out as there are actors; the next one goes out when a result comes in, so that
    neither units nor results pile up.

    Args:
        begin: called once in each actor with `context`; gives the function that does a unit. A
            function of a module, that every machine can import.
        context: what all units have in common, sent once to each machine.
        units: what can be pickled, and says what it is (`str`).
        pack: makes what is sent of a unit, just before it goes out; by default the unit itself.
        tell: called about once a second with the sum of what running units say is done of them.
        notice: called with a line for a person: an actor died, CPUs are waited for.

    Raises:
        MissingExtraError: Ray is missing, or of a version that was never tried.
        ClusterError: no cluster answers at the address, it runs another version, or a unit was
            begun three times on actors that died.
        RecosimError: what a unit raises on purpose is raised here as it was.
    """
    if not units:
        return
    ray = import_ray()
    with connected(ray, cluster, len(units)) as n:
        yield from _Round(ray, begin, context, n, tell, notice).run(units, pack)


def bring_files(folder: Path) -> dict[str, bytes]:
    """What an actor wrote into a folder, by the path in it, to be sent to who asked."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def lay_files(files: Mapping[str, bytes], folder: Path, last: str = "") -> None:
    """Write what was brought into a folder, each file atomically; those below `last` at the end."""
    for name in sorted(files, key=lambda name: (name.startswith(f"{last}/"), name)):
        atomic_write(folder / name, partial(_fill, files[name]))


def _fill(data: bytes, path: Path) -> None:
    path.write_bytes(data)


# ---- the actors ----------------------------------------------------------------------------------


class _Answer(NamedTuple):
    """What comes back from an actor. pid: of its process, which is another one after a death."""

    pid: int
    result: Any = None
    error: Exception | None = None


class _Start(NamedTuple):
    """How an actor begins: the version of RecoSim that it must have, what to call, and with what.

    context: a reference, which an actor follows once.
    """

    version: str
    begin: Callable[[Any], Any]
    context: Any


class _Actor(Generic[C, U, R]):
    """Does units, one at a time, in a process of Ray's.

    All that it needs comes with each call, as one that replaces another knows nothing.
    """

    def __init__(self) -> None:
        self._work: Work[U, R] | None = None
        self._said = (0, "")

    def ready(self, start: _Start) -> _Answer:
        def begin() -> None:
            self._started(start)

        return self._answer(begin)

    def work(self, start: _Start, unit: U) -> _Answer:
        self._said = (0, "")
        return self._answer(lambda: self._started(start)(unit, self._say))

    def said(self) -> tuple[int, str]:
        return self._said

    def _say(self, done: int, what: str) -> None:
        self._said = (done, what)

    def _started(self, start: _Start) -> Work[U, R]:
        if self._work is None:
            from recosim import __version__

            if __version__ != start.version:
                raise ClusterError(
                    f"{socket.gethostname()} has recosim {__version__}, this run is of "
                    f"{start.version}. Install the same version on every machine of the cluster."
                )
            context: C = import_ray().get(start.context)
            self._work = start.begin(context)
        return self._work

    def _answer(self, does: Callable[[], Any]) -> _Answer:
        try:
            return _Answer(os.getpid(), does())
        except (RecosimError, OSError) as error:  # what is no defect travels as it is
            return _Answer(os.getpid(), error=error)


class _Out(NamedTuple):
    """What is awaited of an actor.

    unit: the only entry of a list; [] where the actor is only to begin. pid: as it was last seen.
    """

    actor: Any
    unit: list[Any] = []  # noqa: RUF012
    pid: int = 0


class _Round:
    """Hands units to actors until all are done."""

    def __init__(
        self, ray: Any, begin: Any, context: Any, n: int, tell: Tell, notice: Callable[[str], None]
    ) -> None:
        from recosim import __version__

        self.ray, self.tell, self.notice = ray, tell, notice
        kind = ray.remote(
            num_cpus=1,
            max_restarts=-1,
            max_task_retries=TRIES - 1,
            concurrency_groups={"said": 1},  # answers while a unit is being done
        )(_Actor)
        self.start = _Start(__version__, begin, ray.put(context))
        actors = [kind.remote() for _ in range(n)]
        self.out = {actor.ready.remote(self.start): _Out(actor) for actor in actors}

    def run(
        self, units: Sequence[Any], pack: Callable[[Any], Any] | None
    ) -> Iterator[tuple[Any, Any]]:
        waiting, left, waited, begun = deque(units), len(units), 0.0, False
        while left:
            found, _ = self.ray.wait(list(self.out), timeout=POLL)
            if not found:
                waited += POLL
                if not begun and PATIENCE <= waited < PATIENCE + POLL:
                    self.notice("no actor has begun yet: the cluster's CPUs are busy, or far away")
                self.tell(*self._said())
                continue
            begun = True
            out = self.out.pop(found[0])
            answer = self._get(found[0], out.unit)
            if out.pid not in (0, answer.pid):
                self.notice("an actor died; another one did its work again")
            if answer.error is not None:
                raise answer.error
            if waiting:  # before the result is handed on: actors do not wait for who reads it
                following = waiting.popleft()
                sent = following if pack is None else pack(following)
                ref = out.actor.work.remote(self.start, sent)
                self.out[ref] = _Out(out.actor, [following], answer.pid)
            if out.unit:
                left -= 1
                yield out.unit[0], answer.result

    def _get(self, ref: Any, unit: list[Any]) -> _Answer:
        errors = self.ray.exceptions
        try:
            found: _Answer = self.ray.get(ref)
            return found
        except errors.RayError as error:
            if isinstance(error, errors.RaySystemError):  # what it was sent cannot be read there
                raise ClusterError(
                    f"an actor cannot do its work: {_lines(error)[-1][:300]}. Install the same "
                    "RecoSim, and what a family or an agent of your own needs, on every machine."
                ) from None
            if isinstance(error, errors.RayTaskError):
                raise  # a defect, with the traceback of where it was
            what = f"{unit[0]} was begun {TRIES} times" if unit else "no actor could begin"
            raise ClusterError(
                f"{what}, and the process died each time: {_lines(error)[0][:300]} Too little "
                "memory is the usual reason: fewer shards need less. What is finished is kept."
            ) from None

    def _said(self) -> tuple[int, str]:
        """The sum of what running units say, and what the last of them is at."""
        asked = [
            out.actor.said.options(concurrency_group="said", max_task_retries=0).remote()
            for out in self.out.values()
            if out.unit
        ]
        done, what = 0, ""
        found, _ = self.ray.wait(asked, num_returns=len(asked), timeout=POLL) if asked else ([], 0)
        for ref in found:
            try:
                more, now = self.ray.get(ref)
            except self.ray.exceptions.RayError:
                continue  # it has just died: another one takes its place
            done, what = done + more, now or what
        return done, what


def _lines(error: BaseException) -> list[str]:
    return [line.strip() for line in str(error).splitlines() if line.strip()] or [repr(error)]
