"""Units of work on many processes and machines: actors of Ray, replaced where they die.

A unit is done by one actor at a time, and its result comes back to the process that asked, which
alone keeps it: nothing is written where the actors are. What a unit gives must hang on the unit
alone; then the results are the same for any number of actors, wherever they run, and after any of
them was killed.

Ray is the extra `ray`, imported when units are spread. A Ray that is started here tells nobody of
it (no usage statistics, no dashboard) and ends with the work.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from recosim.errors import ClusterError, MissingExtraError, OptionError, RecosimError
from recosim.files import atomic_write

__all__ = ["NEEDED", "Cluster", "Tell", "bring_files", "import_ray", "lay_files", "spread"]

NEEDED = ">=2.50,<3"  # as pyproject.toml has it; from the first to the last of these that was tried
TRIES = 3  # times that a unit is begun anew on actors that die
POLL = 1.0  # seconds between two looks at what is going on
PATIENCE = 60.0  # seconds for an actor to begin before a person is told that nothing happens yet
REACH = 5.0  # seconds for an address to answer

U = TypeVar("U")
R = TypeVar("R")
C = TypeVar("C")
V = TypeVar("V")

# Called with how much of a unit is done (in the work's own unit) and what is happening.
Tell = Callable[[int, str], None]
Work = Callable[[U, Tell], R]


@dataclass(frozen=True)
class Cluster:
    """Where units are done.

    Args:
        actors: processes at once; None: one for each CPU.
        address: "host:port" of the head node of a cluster that runs, "auto" for the one of this
            machine; None: Ray is started here, for this work alone.

    A process that is connected to Ray already (`ray.init`) uses that, whatever the address.

    Raises:
        OptionError: fewer than one actor, or what is no address.
    """

    actors: int | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        n = self.actors
        if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 1):
            raise OptionError(f"shards is {n!r}; a whole number from 1 is needed.")
        if self.address not in (None, "auto"):
            _host_and_port(str(self.address))


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
    with _connected(ray, cluster, len(units)) as n:
        yield from _Round(ray, begin, context, n, tell, notice).run(units, pack)


def import_ray() -> Any:
    """Ray. Raises `MissingExtraError` if it is missing, or of a version that was never tried."""
    # Before the import, which reads them: this process says nothing to Ray's makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a warning about GPUs
    # Actors do what is waited for; Ray's own 15 would let any other program go first.
    os.environ.setdefault("RAY_worker_niceness", "0")
    purpose = "spreading work over processes"
    try:
        import ray

        found = str(ray.__version__)
        from packaging.specifiers import SpecifierSet  # comes with Ray
    except (ImportError, AttributeError):  # a folder of that name is no Ray either
        raise MissingExtraError("ray", "ray", purpose) from None
    if not SpecifierSet(NEEDED).contains(found, prereleases=True):
        raise MissingExtraError("ray", "ray", purpose, found=found, needed=NEEDED)
    return ray


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
        # What is awaited: (actor, its unit as the only entry of a list; [] before its first).
        self.out: dict[Any, tuple[Any, list[Any]]] = {
            actor.ready.remote(self.start): (actor, []) for actor in actors
        }
        self.pids: dict[Any, int] = {}

    def run(
        self, units: Sequence[Any], pack: Callable[[Any], Any] | None
    ) -> Iterator[tuple[Any, Any]]:
        waiting, left, waited = deque(units), len(units), 0.0
        while left:
            found, _ = self.ray.wait(list(self.out), timeout=POLL)
            if not found:
                waited += POLL
                if not self.pids and PATIENCE <= waited < PATIENCE + POLL:
                    self.notice("no actor has begun yet: the cluster's CPUs are busy, or far away")
                self.tell(*self._said())
                continue
            actor, unit = self.out.pop(found[0])
            answer = self._get(found[0], unit)
            if self.pids.setdefault(actor, answer.pid) != answer.pid:
                self.pids[actor] = answer.pid
                self.notice("an actor died; another one did its work again")
            if answer.error is not None:
                raise answer.error
            if waiting:  # before the result is handed on: actors do not wait for who reads it
                following = waiting.popleft()
                sent = following if pack is None else pack(following)
                self.out[actor.work.remote(self.start, sent)] = (actor, [following])
            if unit:
                left -= 1
                yield unit[0], answer.result

    def _get(self, ref: Any, unit: list[Any]) -> _Answer:
        errors = self.ray.exceptions
        try:
            found: _Answer = self.ray.get(ref)
            return found
        except errors.RayError as error:
            if isinstance(error, errors.RaySystemError):  # what it was sent cannot be read there
                raise ClusterError(
                    f"an actor cannot do its work: {_last_line(error)}. Install the same RecoSim, "
                    "and what a family or an agent of your own needs, on every machine."
                ) from None
            if isinstance(error, errors.RayTaskError):
                raise  # a defect, with the traceback of where it was
            what = f"{unit[0]} was begun {TRIES} times" if unit else "no actor could begin"
            raise ClusterError(
                f"{what}, and the process died each time: {_first_line(error)} Too little memory "
                "is the usual reason: fewer shards need less. What is finished is kept."
            ) from None

    def _said(self) -> tuple[int, str]:
        """The sum of what running units say, and what the last of them is at."""
        asked = [
            actor.said.options(concurrency_group="said", max_task_retries=0).remote()
            for actor, unit in self.out.values()
            if unit
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


# ---- the cluster ---------------------------------------------------------------------------------


@contextmanager
def _connected(ray: Any, cluster: Cluster, units: int) -> Iterator[int]:
    """Connected to Ray for a while; gives the number of actors that make sense."""
    if ray.is_initialized():  # by the caller, who ends it too
        yield _actors(ray, cluster, units)
        return
    quiet = {"include_dashboard": False, "logging_level": "ERROR", "log_to_driver": False}
    if cluster.address is None:
        # More actors than cores take turns: the machine is ours, and who asks knows why.
        cpus = max(os.cpu_count() or 1, cluster.actors or 1)
        ray.init(address="local", num_cpus=cpus, **quiet)
    else:
        _reach(cluster.address)
        try:
            ray.init(address=cluster.address, **{**quiet, "include_dashboard": None})
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise _unreachable(cluster.address, _first_line(error)) from None
    try:
        yield _actors(ray, cluster, units)
    finally:
        ray.shutdown()


def _actors(ray: Any, cluster: Cluster, units: int) -> int:
    cpus = int(ray.cluster_resources().get("CPU", 0))
    wanted = cpus if cluster.actors is None else cluster.actors
    if not 1 <= wanted <= cpus:
        raise OptionError(
            f"shards is {max(wanted, 1)}; the cluster has {cpus} CPUs, and each shard needs one. "
            f"Name at most {cpus}, or add machines to it."
        )
    return min(wanted, units)


def _reach(address: str) -> None:
    """Raise `ClusterError` unless a head node of Ray answers; Ray itself would wait for minutes."""
    if address == "auto":
        return  # Ray says at once that it knows of none
    try:
        socket.create_connection(_host_and_port(address), timeout=REACH).close()
    except OSError as error:
        raise _unreachable(address, f"nothing listens there ({error})") from None
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    try:
        healthy = subprocess.run(command, capture_output=True, timeout=6 * REACH).returncode == 0
    except subprocess.TimeoutExpired:
        healthy = False
    if not healthy:
        raise _unreachable(address, "something listens there, and it is no head node of Ray")


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise OptionError(
            f"{address!r} is no address of a cluster; HOST:PORT of its head node, e.g. "
            "10.0.0.1:6379 as `ray start --head` prints it, or auto."
        )
    return host.strip("[]"), int(port)


def _unreachable(address: str, why: str) -> ClusterError:
    return ClusterError(
        f"no cluster of Ray can be used at {address!r}: {why}. Start one with `ray start --head "
        "--disable-usage-stats` and give the address that it prints, or leave the address out: "
        "then Ray is started on this machine."
    )


def _first_line(error: BaseException) -> str:
    return _lines(error)[0][:300]


def _last_line(error: BaseException) -> str:
    return _lines(error)[-1][:300]


def _lines(error: BaseException) -> list[str]:
    return [line.strip() for line in str(error).splitlines() if line.strip()] or [repr(error)]
