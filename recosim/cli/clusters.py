"""The options of commands that spread their work over Ray, with the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from recosim.errors import OptionError

if TYPE_CHECKING:
    from recosim.cluster import Cluster

__all__ = ["RayAddressOption", "RayOption", "ShardsOption", "ThreadsOption", "cluster_of"]

RayOption = Annotated[
    bool,
    typer.Option(
        "--ray",
        help="Spread the work over processes with Ray (needs the extra `ray`). It changes no "
        "result, and a run that was begun without it goes on with it, or the other way round.",
    ),
]
ShardsOption = Annotated[
    int | None,
    typer.Option(help="With --ray: how many processes at once; by default one for each CPU."),
]
RayAddressOption = Annotated[
    str | None,
    typer.Option(
        help="With --ray: HOST:PORT of a cluster of several machines, as `ray start --head` prints "
        "it, or auto. By default Ray is started on this machine, for this command alone."
    ),
]
ThreadsOption = Annotated[
    int | None, typer.Option(help="Threads of a batch; with --ray 1 by default.", min=1)
]


def cluster_of(ray: bool, shards: int | None, address: str | None) -> Cluster | None:
    """What the options say; None without --ray.

    Raises:
        OptionError: an impossible value, or one that needs --ray. MissingExtraError: Ray is
            missing, or of a version that was never tried.
    """
    from recosim.cluster import Cluster, import_ray

    if not ray:
        for name, value in (("--shards", shards), ("--ray-address", address)):
            if value is not None:
                raise OptionError(f"{name} {value} says how Ray is used; give --ray too.")
        return None
    cluster = Cluster(shards, address)
    import_ray()  # before anything is opened or written
    return cluster
