"""Probes: measurements of users that a family declares, and how many users are asked one thing.

`recosim audit` makes those that `Family.probes` gives for a setup and draws them on its page. The
usual ones, which need nothing of a family, are in `recosim.envs.usual_probes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Recommend, UserAct
from recosim.envs.batch import Batch
from recosim.envs.setup import Setup
from recosim.envs.shares import Share
from recosim.envs.talk import Talk
from recosim.users.speaker import Speaker

__all__ = ["Bar", "Drawn", "Measured", "Probe", "Replies", "Sample", "ask", "draw_lists"]


@dataclass(frozen=True)
class Sample:
    """What a probe measures.

    Attributes:
        setup: whose users they are. speaker: of these users.
        rows: moves of conversations with an agent, as rows of a trace.
        n: users that a probe asks. seed: of all luck.
    """

    setup: Setup
    speaker: Speaker
    rows: Sequence[Mapping[str, Any]]
    n: int
    seed: int


class Measured(NamedTuple):
    """What a probe found.

    Attributes:
        values: JSON values by their keys in audit.json.
        examples: of what was said, for the page; None where there can be none.
    """

    values: dict[str, Any]
    examples: list[str] | None = None


class Bar(NamedTuple):
    """A share on the page.

    Attributes:
        name: of the share. mark: what to compare it with, None for nothing.
    """

    name: str
    share: Share
    mark: float | None = None


@dataclass(frozen=True)
class Probe:
    """A measurement.

    Attributes:
        name: of its examples in audit.json.
        title: of its section on the page.
        measure: what it finds in a sample.
        bars: of the values that it found, the shares that its section shows; none: no section.
        about: a function of these values -> the sentence below the title; or the sentence.
        told: of these values, the lines of the terminal: title and shares by name.
    """

    name: str
    title: str
    measure: Callable[[Sample], Measured]
    bars: Callable[[Mapping[str, Any]], Iterable[Bar]]
    about: str | Callable[[Mapping[str, Any]], str] = ""
    told: Callable[[Mapping[str, Any]], Iterable[tuple[str, Mapping[str, Share]]]] = lambda _: ()


# ---- asking many users at once -------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """One move for each of some users.

    Attributes:
        users: int (n,), whose each is.
        opening: arguments of `Batch.open` that begin the same episode whatever the seed.
        moves: of n rows: a question, or a list.
        wanted: bool (n,), whether what is asked about is wanted; None where nobody can tell.
    """

    users: NDArray[np.integer[Any]]
    opening: Mapping[str, Any]
    moves: Moves
    wanted: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Replies:
    """What users said to a move.

    Attributes:
        moves: the n moves, with the keys of a trace (`Acts.last_move`).
        acts: the acts of the n users. said: their words.
    """

    moves: list[dict[str, Any]]
    acts: list[tuple[UserAct, ...]]
    said: list[str] = field(default_factory=list)


def ask(
    setup: Setup,
    speaker: Speaker,
    drawn: Drawn,
    *,
    seed: int = 0,
    after: str | None = None,
    wording: int | None = None,
) -> Replies:
    """What the users of a setup answer.

    Args:
        after: a sentence that the recommender adds.
        wording: key of another wording of the move; None: the usual one.
    """
    n, acts = len(drawn.users), setup.family.load("acts")
    batch = setup.batch(n, threads=1)
    talk = Talk(batch, speaker, acts)
    open_alike(batch, drawn.opening, seed)
    talk.open(np.ones(n, dtype=bool))
    told = {}
    if after is not None or wording is not None:
        templates = acts.language(setup.world, setup.protocol).templates
        moves = (acts.posed(batch, b, drawn.moves) for b in range(n))
        usual = (templates.system(act, key=(wording or 0) + b) for b, act in enumerate(moves))
        told = {b: f"{text} {after or ''}".strip() for b, text in enumerate(usual)}
    talk.step(drawn.moves, told=told)
    last = [acts.last_move(batch, b) for b in range(n)]
    said = [str(text or "") for text in talk.said]
    return Replies(last, [acts.user_acts(move) for move in last], said)


def open_alike(batch: Batch, opening: Mapping[str, Any], seed: int) -> None:
    """Open all rows of a batch under one seed, numbered from 0."""
    n = batch.size
    batch.open(seeds=np.full(n, seed, dtype=np.uint64), conversations=np.arange(n), **opening)


def draw_units(setup: Setup, n: int, luck: np.random.Generator) -> NDArray[np.int32]:
    """Units of n different users, as long as the split has so many; int32 (n, columns)."""
    units = setup.units()
    order = luck.permutation(len(units))
    table, cluster = units.table[order], units.cluster[order]
    _, first = np.unique(cluster, return_index=True)
    others = np.setdiff1d(np.arange(len(table)), first)
    chosen = np.concatenate([luck.permutation(first), luck.permutation(others)])
    return table[np.resize(chosen, n)]  # from the start again where there are too few


def draw_lists(setup: Setup, n: int, seed: int) -> Drawn:
    """A list to each of n users, of items that they do not have in mind."""
    luck = np.random.default_rng([seed, n, True])
    batch, acts = setup.batch(n, threads=1), setup.family.load("acts")
    opening = {"units": draw_units(setup, n, luck)}
    open_alike(batch, opening, seed)
    lists = []
    for b in range(n):
        others = np.setdiff1d(np.arange(setup.world.n_items), acts.hidden(batch, b).secrets)
        shown = luck.permutation(others)[: min(5, setup.protocol.top_k)]
        lists.append(Recommend(tuple(shown.tolist())))
    users = batch.arrays["user"].copy()
    return Drawn(users, opening, Moves.of(lists, setup.protocol.top_k))
