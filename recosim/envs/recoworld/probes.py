"""What is measured of the users of RecoWorld: hazards, instructions, consistency of mindset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import numpy as np

from recosim.acts import Ask, Level, Moves, Outcome, Recommend, SystemAct, Verb
from recosim.envs.probes import (
    Bar,
    Drawn,
    Measured,
    Probe,
    Sample,
    draw_lists,
    draw_units,
    open_alike,
)
from recosim.envs.setup import Setup
from recosim.envs.shares import Share, share
from recosim.envs.talk import Talk
from recosim.envs.usual_probes import usual_probes

__all__ = ["KUAIRAND", "RSC15", "probes"]

# Of sessions of RSC15 (RecSys Challenge 2015; 21,210 of them) with so many clicks, the share that
# ends there: 2 to 7 clicks. A session of RSC15 has two at least, so that its second click stands
# beside round 1, the first after which anybody could be seen to leave.
RSC15 = (0.43, 0.36, 0.33, 0.29, 0.28, 0.25)
# Gaps of 1 to 7 days, as printed in the notebook of KuaiSim for KuaiRand; of random exposure.
KUAIRAND = (0.617, 0.165, 0.079, 0.047, 0.031, 0.021, 0.014)

DISAPPOINTED = 2  # in `ended`
AVOID, WANT = 0, 1
ON_A_LIST = 5  # items that a probe shows at once


def probes(setup: Setup) -> tuple[Probe, ...]:
    """Those of the users of a setup."""
    return (
        Probe(
            "leaving",
            "Leaving a session",
            _leaving,
            _leaving_bars,
            "Of the sessions that reach a round, the share that the user leaves after it; the mark "
            "is the share of sessions of RSC15 that end at their second to seventh click. Where "
            "users differ it falls, although nobody's own hazard does.",
            lambda v: [("leaves after round", v["leaving"]["rounds"])],
        ),
        Probe(
            "returning",
            "Coming back",
            _returning,
            _returning_bars,
            lambda v: (
                "Of the gaps between two sessions of a life, the share of so many days; the mark "
                "is KuaiRand, as KuaiSim prints it. Users who come back often are counted often, "
                "there as here; who does not come back before the end of the life is not counted. "
                f"KL divergence from KuaiRand over 1 to 7 days: {_told(v['returning']['kl'])} "
                f"nats; of the best geometric law {v['returning']['kl_geometric']:.3f}."
            ),
            lambda v: [("comes back after days", v["returning"]["days"])],
        ),
        Probe(
            "instructions",
            "Instructions",
            _instructions,
            lambda v: [Bar(n.replace("_", " "), s) for n, s in v["instructions"].items()],
            "How often they instruct, whether they do it rather than go, and whether it is heard.",
            lambda v: [("instructions", v["instructions"])],
        ),
        Probe(
            "mindset",
            "Consistency of mindset",
            _mindset,
            lambda v: [Bar(n.replace("_", " "), s) for n, s in v["mindset"].items()],
            "What they click of a list of one attribute, by what they said when asked whether they "
            "are in the mood for it; and, after they said what to avoid, what they click of it and "
            "of other items in the same session.",
            lambda v: [("mindset", v["mindset"])],
        ),
        *usual_probes({"list": draw_lists}),
    )


# ---- hazards -------------------------------------------------------------------------------------


def _leaving(sample: Sample) -> Measured:
    found: dict[str, Share] = {}
    rounds = [row for row in sample.rows if row["used"]]
    for k in range(1, len(RSC15) + 1):
        # Who went because the rounds ran out did not leave.
        at = [row for row in rounds if row["round"] == k]
        left = [row["ended"] in (1, DISAPPOINTED) for row in at]
        found[str(k)] = share(left, [row["user"] for row in at])
    return Measured({"leaving": {"rounds": found, "rsc15": list(RSC15)}})


def _leaving_bars(values: Mapping[str, Any]) -> Iterator[Bar]:
    found = values["leaving"]
    for (k, value), mark in zip(found["rounds"].items(), found["rsc15"], strict=True):
        yield Bar(f"after round {k}", value, mark)


def _returning(sample: Sample) -> Measured:
    back = [row for row in sample.rows if row["gap"] > 0]
    users = [row["user"] for row in back]
    days = {
        str(k): share([row["gap"] == k for row in back], users) for k in range(1, len(KUAIRAND) + 1)
    }
    ours = np.array([value["value"] for value in days.values()])
    values = {
        "days": days,
        "kuairand": list(KUAIRAND),
        "kl": _divergence(ours) if (ours > 0).all() else None,
        "kl_geometric": min(
            _divergence((1 - p) ** np.arange(len(KUAIRAND))) for p in np.linspace(0.01, 0.99, 981)
        ),
    }
    return Measured({"returning": values})


def _divergence(law: Any) -> float:
    """KL divergence of a law of gaps from KuaiRand's, both over 1 to 7 days, in nats."""
    people = np.array(KUAIRAND) / sum(KUAIRAND)
    return float((people * np.log(people / (law / law.sum()))).sum())


def _returning_bars(values: Mapping[str, Any]) -> Iterator[Bar]:
    found = values["returning"]
    for (k, value), mark in zip(found["days"].items(), found["kuairand"], strict=True):
        yield Bar(f"after {k} day{'s' * (k != '1')}", value, mark)


def _told(value: float | None) -> str:
    return "infinite (some gap never came up)" if value is None else f"{value:.3f}"


# ---- instructions --------------------------------------------------------------------------------


def _instructions(sample: Sample) -> Measured:
    lists = [row for row in sample.rows if row["verb"] == Verb.RECOMMEND]
    sessions: dict[tuple[int, int], bool] = {}
    for row in sample.rows:
        if row["verb"] != Verb.OPEN:
            key = row["conversation"], row["session"]
            sessions[key] = sessions.get(key, False) or bool(row["given"])
    owner = {row["conversation"]: row["user"] for row in sample.rows}
    about_to_go = [row for row in lists if row["given"] or row["ended"] == DISAPPOINTED]
    heard = [
        (obeyed, row["user"])
        for row in lists
        for obeyed in [True] * row["first_obeyed"] + [False] * row["first_ignored"]
    ]
    found = {
        "sessions_with_one": share(list(sessions.values()), [owner[life] for life, _ in sessions]),
        "lists_answered_with_one": share(
            [bool(row["given"]) for row in lists], [row["user"] for row in lists]
        ),
        "rather_than_go": share(
            [bool(row["given"]) for row in about_to_go], [row["user"] for row in about_to_go]
        ),
        "obeyed_by_the_next_list": share([held for held, _ in heard], [u for _, u in heard]),
    }
    return Measured({"instructions": found})


# ---- mindset -------------------------------------------------------------------------------------


def _mindset(sample: Sample) -> Measured:
    return Measured({"mindset": {**_answers_and_clicks(sample), **_avoided_and_clicked(sample)}})


def _answers_and_clicks(sample: Sample) -> dict[str, Share]:
    """Each user is asked about an attribute, then shown items that have it."""
    setup, world = sample.setup, sample.setup.world
    luck = np.random.default_rng([sample.seed, sample.n, 5])
    drawn = _questions(setup, sample.n, luck)
    batch = setup.batch(sample.n, threads=1)
    talk = Talk(batch, sample.speaker, setup.family.load("acts"))
    open_alike(batch, drawn.opening, sample.seed)
    talk.open(np.ones(sample.n, dtype=bool))
    talk.step(drawn.moves)
    a, about = batch.arrays, drawn.moves.about
    outcome = a["outcome"].copy()
    # The mood of an answer is that of the session: who left it is not asked further.
    here = (a["done"] == 0) & (a["session"] == 0)
    lists: list[SystemAct] = []
    for attribute in about.tolist():
        has = luck.permutation(world.attribute_items.row(attribute))[: _most(setup)]
        lists.append(Recommend(tuple(has.tolist())))
    talk.step(Moves.of(lists, setup.protocol.top_k))
    found = {}
    for name, code in (("yes", Outcome.YES), ("unsure", Outcome.UNSURE), ("no", Outcome.NO)):
        rows = np.flatnonzero(here & (outcome == code))
        levels = a["levels"][rows]
        read = levels >= 0
        users = np.repeat(drawn.users[rows], read.sum(axis=1))
        found[f"clicks_after_{name}"] = share((levels >= Level.CLICK)[read], users)
    return found


def _questions(setup: Setup, n: int, luck: np.random.Generator) -> Drawn:
    """An attribute for each of n users: of an item that they took, or any, in turn."""
    units, world = draw_units(setup, n, luck), setup.world
    full = np.flatnonzero(world.attribute_items.degrees() >= _most(setup))
    if not len(full):
        full = np.flatnonzero(world.attribute_items.degrees() > 0)
    acts: list[SystemAct] = []
    for b, user in enumerate(units[:, 0].tolist()):
        taken = world.train.row(user)
        own = world.item_attributes.row(int(luck.choice(taken))) if len(taken) else full
        pool = np.intersect1d(own, full)
        pool = pool if b % 2 == 0 and len(pool) else full
        acts.append(Ask((int(luck.choice(pool)),)))
    return Drawn(units[:, 0], {"units": units}, Moves.of(acts, setup.protocol.top_k))


def _most(setup: Setup) -> int:
    return min(ON_A_LIST, int(setup.protocol.top_k))


def _avoided_and_clicked(sample: Sample) -> dict[str, Share]:
    """Of lists after an *avoid* without a condition, in the same session: what is clicked."""
    world = sample.setup.world
    clicked: dict[bool, list[tuple[bool, int]]] = {True: [], False: []}
    for _, rows in groupby(sample.rows, key=lambda row: (row["conversation"], row["session"])):
        avoided: set[int] = set()
        for row in rows:
            if avoided and row["verb"] == Verb.RECOMMEND:
                for item, level in zip(row["items"], row["levels"], strict=True):
                    if level >= 0 and level != Level.SEEN:
                        has = not avoided.isdisjoint(world.item_attributes.row(item).tolist())
                        clicked[has].append((level >= Level.CLICK, row["user"]))
            given = np.reshape(row["given"], (-1, 4)).tolist()
            for directive, attribute, condition, scope in given:
                if directive == AVOID and condition < 0 and scope > 0:
                    avoided.add(attribute)
                elif directive == WANT:
                    avoided.discard(attribute)
    return {
        name: share([held for held, _ in clicked[has]], [user for _, user in clicked[has]])
        for name, has in (("clicks_what_they_avoid", True), ("clicks_the_rest", False))
    }
