"""What is measured of the users of CPR and Critique: their answers, and what questions tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np

from recosim.acts import Ask, Moves, Outcome, Recommend, SystemAct, Verb
from recosim.envs.probes import Bar, Drawn, Measured, Probe, Sample, ask, draw_units, open_alike
from recosim.envs.setup import Setup
from recosim.envs.shares import Share, share
from recosim.envs.usual_probes import Draw, usual_probes

__all__ = ["QULAC", "probes"]

# Of the 11,039 human answers of Qulac (Aliannejadi et al. 2019): how they begin.
QULAC = {"yes": 0.18, "no": 0.51, "unsure": 0.04}


def probes(setup: Setup) -> tuple[Probe, ...]:
    """Those of the users of a setup; where nothing is asked, of lists alone."""
    draws: dict[str, Draw] = {"ask": partial(draw, "ask"), "list": partial(draw, "list")}
    if setup.protocol.question == "none":
        del draws["ask"]
    return (
        Probe(
            "answers",
            "Answers to questions",
            _answers,
            _answer_bars,
            "Shares of the questions asked; the mark is the rate of people in Qulac, whose "
            "questions are other ones (how answers begin; Aliannejadi et al. 2019).",
            _told_of_answers,
        ),
        Probe(
            "positivity",
            "Positivity",
            _positivity,
            lambda v: [Bar(n.replace("_", " "), s) for n, s in (v["positivity"] or {}).items()],
            "One question to each user, half of them about what they want.",
        ),
        *usual_probes(draws, alike=lambda replies: [move["outcome"] for move in replies.moves]),
    )


def draw(kind: Literal["ask", "list"], setup: Setup, n: int, seed: int) -> Drawn:
    """A question to each of n users, half of them about what they want; or a list without it.

    The users differ, as long as the split has so many.
    """
    rng = np.random.default_rng([seed, n, kind == "list"])
    pairs = draw_units(setup, n, rng)
    batch: Any = setup.batch(n, threads=1)
    open_alike(batch, {"units": pairs}, seed)
    facets, a = batch.asks_facets, batch.arrays
    openings = np.where(a["n_accepted"] > 0, a["accepted"][:, 0], -1).astype(np.int32)
    if facets:
        openings = a["asked_facet"].astype(np.int32)
    opening = {"units": pairs, "openings": openings}
    open_alike(batch, opening, seed)  # as those are opened that answer: a given opening is shared
    legal = batch.legal_actions().copy()
    acts: list[SystemAct] = [Recommend()] * n
    wanted = np.zeros(n, dtype=bool)
    for b, item in enumerate(pairs[:, 1].tolist()):
        if kind == "list":
            others = np.setdiff1d(batch.candidate_ids(b), item)
            if not len(others):
                others = np.setdiff1d(np.arange(setup.world.n_items), item)
            shown = rng.permutation(others)[: min(5, setup.protocol.top_k)]
            acts[b] = Recommend(tuple(shown.tolist()))
            continue
        has = batch.wanted(b)
        mine = np.unique(setup.world.attribute_facet[has]) if facets else has
        asks = np.flatnonzero(legal[b, : batch.n_askables])
        inside = np.intersect1d(asks, mine)
        outside = np.setdiff1d(asks, mine)
        pool = inside if len(inside) and (b % 2 == 0 or not len(outside)) else outside
        if len(pool):
            asked = int(rng.choice(pool))
            acts[b] = Ask(facet=asked) if facets else Ask((asked,))
            wanted[b] = asked in inside
    return Drawn(pairs[:, 0], opening, Moves.of(acts, setup.protocol.top_k), wanted)


def _answers(sample: Sample) -> Measured:
    """How questions were answered, beside people's rates."""
    asked = [row for row in sample.rows if row["verb"] == Verb.ASK]
    names = {"yes": Outcome.YES, "no": Outcome.NO, "unsure": Outcome.UNSURE}
    users = [row["user"] for row in asked]
    rates = {n: share([r["outcome"] == code for r in asked], users) for n, code in names.items()}
    noes = [row for row in asked if row["outcome"] == Outcome.NO]
    more = share([bool(row["accepted"]) for row in noes], [row["user"] for row in noes])
    found = {"questions": len(asked), "rates": rates, "qulac": QULAC, "no_that_says_more": more}
    return Measured({"answers": found})


def _answer_bars(values: Mapping[str, Any]) -> Iterator[Bar]:
    found = values["answers"]
    for name, rate in found["rates"].items():
        yield Bar(name, rate, found["qulac"][name])
    yield Bar("a no that says more", found["no_that_says_more"])


def _told_of_answers(values: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Share]]]:
    found = values["answers"]
    yield "answers", found["rates"]
    people = found["qulac"].items()
    yield "people (Qulac)", {name: {"value": rate, "low": None} for name, rate in people}


def _positivity(sample: Sample) -> Measured:
    """Yes to what is not wanted, no to what is: half of the questions are of each kind."""
    if sample.setup.protocol.question == "none":
        return Measured({"positivity": None})
    drawn = draw("ask", sample.setup, sample.n, sample.seed)
    assert drawn.wanted is not None
    asked, users = drawn.moves.verb == Verb.ASK, drawn.users
    replies = ask(sample.setup, sample.speaker, drawn, seed=sample.seed)
    outcome = np.array([move["outcome"] for move in replies.moves])
    yes, no = outcome == Outcome.YES, outcome == Outcome.NO
    wanted, other = asked & drawn.wanted, asked & ~drawn.wanted
    found = {
        "yes_to_the_unwanted": share(yes[other], users[other]),
        "no_to_the_wanted": share(no[wanted], users[wanted]),
        "yes": share(yes[asked], users[asked]),
        "wanted": share(wanted[asked], users[asked]),
    }
    return Measured({"positivity": found})
