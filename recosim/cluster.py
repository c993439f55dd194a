"""`Cluster`: where Ray runs, and how a process is connected to it for a while.

Ray is the extra `ray`, imported when it is first needed. A Ray that is started here tells nobody of
it (no usage statistics, no dashboard) and ends with the work.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from recosim.errors import ClusterError, MissingExtraError, OptionError

__all__ = ["NEEDED", "Cluster", "connected", "import_ray"]

NEEDED = ">=2.50,<3"  # as pyproject.toml has it
REACH = 5.0  # seconds for an address to answer


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


@contextmanager
def connected(ray: Any, cluster: Cluster, units: int) -> Iterator[int]:
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
            raise _unreachable(cluster.address, str(error).strip().partition("\n")[0]) from None
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
        healthy = subprocess.run(command, capture_output=True, timeout=12 * REACH).returncode == 0
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
