"""What is measured of users who search: answers, feedback, leaks, and settings as they show."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Level, Moves, Verb
from recosim.envs.convsim.rules import Kind
from recosim.envs.probes import Bar, Drawn, Measured, Probe, Sample, draw_units, open_alike
from recosim.envs.setup import Setup
from recosim.envs.shares import Share, share
from recosim.envs.talk import Talk
from recosim.envs.usual_probes import usual_probes
from recosim.users.behaviour import trait_column
from recosim.world.topics import judgements_of
from recosim.world.world import World

__all__ = ["MORE", "QULAC", "draw_questions", "probes"]

# Of the 11,039 human answers of Qulac (Aliannejadi et al. 2019): how they begin.
QULAC = {"yes": 0.18, "no": 0.51, "dont_know": 0.04}
# Of its 5,595 no's: those that say more than three words.
MORE = 0.85

ANSWERS = (
    *(Kind.YES, Kind.NO_BARE, Kind.NO_INFORM, Kind.VALUE),
    *(Kind.OFF_TOPIC, Kind.DONT_KNOW),
)
FEEDBACK = (Kind.POSITIVE, Kind.NEG_BARE, Kind.NEG_VAGUE, Kind.NEG_REFINE, Kind.NOTHING)
NOES = (Kind.NO_BARE, Kind.NO_INFORM)
QUESTIONS = 4  # that a probe puts to each user, at most


def probes(setup: Setup) -> tuple[Probe, ...]:
    """Those of the users of a setup."""
    return (
        Probe(
            "answers",
            "Answers to clarifying questions",
            _answers,
            _answer_bars,
            f"Of {QUESTIONS} questions to each user, one after the other, each the best of the "
            "shortlist; the mark is the rate of people in Qulac (how answers begin; Aliannejadi "
            "et al. 2019), whose questions were written by people who knew what a query can mean.",
            _told_of_answers,
        ),
        Probe(
            "feedback",
            "Feedback on lists",
            _feedback,
            lambda v: [Bar(name, found) for name, found in v["feedback"].items()],
            "Kinds of ConvSim (2023), of all lists of a search in which the system rewrites its "
            "query whenever something was said, and shows again.",
            lambda v: [("feedback", v["feedback"])],
        ),
        Probe(
            "settings",
            "Settings as they show",
            _settings,
            _setting_bars,
            "The mark is what is set, mean of these users. Found by putting the same move to the "
            "same users with the same luck, once as they are and once without the setting: a "
            "flipped answer is one that differs; who cooperates is a share of those who could.",
            lambda v: [("settings", {n: s["found"] for n, s in v["settings"].items()})],
        ),
        Probe(
            "leaks",
            "What must not leak",
            _leaks,
            lambda v: [Bar(n.replace("_", " "), s) for n, s in v["leaks"].items()],
            "Searches that change anything that is said or shown when the judgements are those of "
            "other documents: it should be 0 (but under oracle_stop, which reads them). And of the "
            "terms that are named, those that are not of the need, which noise alone may bring.",
            lambda v: [("leaks", v["leaks"])],
        ),
        *usual_probes(
            {"ask": draw_questions, "list": draw_shown},
            alike=lambda replies: [
                (move["kind"], move["named"], move["levels"]) for move in replies.moves
            ],
        ),
    )


def draw_questions(setup: Setup, n: int, seed: int) -> Drawn:
    """The best question of the shortlist to each of n users."""
    return _drawn(setup, n, seed, Moves.all_of(Verb.ASK, n))


def draw_shown(setup: Setup, n: int, seed: int) -> Drawn:
    """To each of n users a list of what their first query finds."""
    return _drawn(setup, n, seed, Moves.all_of(Verb.RECOMMEND, n))


def _drawn(setup: Setup, n: int, seed: int, moves: Moves) -> Drawn:
    units = draw_units(setup, n, np.random.default_rng([seed, n, 7]))
    assert setup.world.topics is not None
    return Drawn(setup.world.topics.turn_topic[units[:, 0]], {"units": units}, moves)


# ---- searches that a probe plays -----------------------------------------------------------------


class _Move(NamedTuple):
    """One move of all searches: bool (n,) who made it, and what came of it."""

    rows: NDArray[np.bool_]
    verb: NDArray[np.int8]
    kind: NDArray[np.int8]
    named: NDArray[np.int32]
    levels: NDArray[np.int8]
    removed: NDArray[np.int32]
    leaving: NDArray[np.int8]
    query: NDArray[np.int32]
    shown: NDArray[np.int32]
    questions: NDArray[np.int32]


class _Played(NamedTuple):
    """Searches that a probe has played: int (n,) the topic and need of each; their moves."""

    users: NDArray[np.int32]
    needs: NDArray[np.int32]
    moves: list[_Move]


def _play(sample: Sample, setup: Setup, verb: Verb, most: int) -> _Played:
    """Put a move, the best of its kind, to the users up to `most` times each.

    Between two of them the query is rewritten where something was said that it does not know. A
    language model that decides is asked; else rules answer as they would without words.
    """
    n = sample.n
    drawn = _drawn(setup, n, sample.seed, Moves.all_of(verb, n))
    batch: Any = setup.batch(n, threads=1)
    open_alike(batch, drawn.opening, sample.seed)
    step = batch.step
    if not setup.users.decided_by_rules:
        talk = Talk(batch, sample.speaker, setup.family.load("acts"))
        talk.open(np.ones(n, dtype=bool))
        step = talk.step
    a, moves = batch.arrays, []
    made = np.zeros(n, dtype=np.int64)
    users, needs = a["user"].copy(), a["need"].copy()
    while ((a["done"] == 0) & (made < most)).any():
        here = (a["done"] == 0) & (made < most)
        verbs = np.where(a["fresh"] > 0, Verb.REFLECT, verb).astype(np.int8)
        made += verbs == verb
        step(Moves(verbs, np.full(n, -1, dtype=np.int64)))
        kept = (
            *("verb", "kind", "named", "levels", "removed", "leaving"),
            *("query_terms", "shown", "questions"),
        )
        moves.append(_Move(here, *(a[name].copy() for name in kept)))
    return _Played(users, needs, moves)


def _first(
    sample: Sample, verb: Verb, **settings: Any
) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int8]]:
    """Users, kinds and levels of the first move, of the users with some settings changed."""
    setup = sample.setup
    if settings:
        # The same people by rules: a model that decides is compared with them.
        users = dataclasses.replace(setup.users.with_settings(**settings), llm=None)
        setup = dataclasses.replace(setup, users=users)
    played = _play(sample, setup, verb, 1)
    return played.users.astype(np.int64), played.moves[0].kind, played.moves[0].levels


def _of(played: _Played, verb: Verb) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """The kinds of all moves of a verb, and whose they are."""
    kinds = [move.kind[move.rows & (move.verb == verb)] for move in played.moves]
    users = [played.users[move.rows & (move.verb == verb)] for move in played.moves]
    return np.concatenate(kinds), np.concatenate(users)


# ---- answers and feedback ------------------------------------------------------------------------


def _answers(sample: Sample) -> Measured:
    kinds, users = _of(_play(sample, sample.setup, Verb.ASK, QUESTIONS), Verb.ASK)
    no = np.isin(kinds, NOES)
    found = {
        "questions": len(kinds),
        "rates": {
            "yes": share(kinds == Kind.YES, users),
            "no": share(no, users),
            "dont_know": share(kinds == Kind.DONT_KNOW, users),
        },
        "qulac": QULAC,
        "no_that_says_more": share(kinds[no] == Kind.NO_INFORM, users[no]),
        "qulac_more": MORE,
        "kinds": {kind.name: share(kinds == kind, users) for kind in ANSWERS},
    }
    return Measured({"answers": found})


def _answer_bars(values: Mapping[str, Any]) -> Iterator[Bar]:
    found = values["answers"]
    for name, rate in found["rates"].items():
        yield Bar(name.replace("_", " "), rate, found["qulac"][name])
    yield Bar("a no that says more", found["no_that_says_more"], found["qulac_more"])
    for name, rate in found["kinds"].items():
        yield Bar(name, rate)


def _told_of_answers(values: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Share]]]:
    found = values["answers"]
    yield "answers", {**found["rates"], "no that says more": found["no_that_says_more"]}
    people = {**found["qulac"], "no that says more": found["qulac_more"]}
    yield "people (Qulac)", {name: {"value": v, "low": None} for name, v in people.items()}
    yield "kinds of answers", found["kinds"]


def _feedback(sample: Sample) -> Measured:
    played = _play(sample, sample.setup, Verb.RECOMMEND, sample.setup.protocol.rounds + 1)
    kinds, users = _of(played, Verb.RECOMMEND)
    return Measured({"feedback": {k.name: share(kinds == k, users) for k in FEEDBACK}})


# ---- settings as they show -----------------------------------------------------------------------


def _settings(sample: Sample) -> Measured:
    """What is set against what shows: of noise, of "don't know", of cooperativeness."""
    found: dict[str, dict[str, Any]] = {}
    users, kind, levels = _first(sample, Verb.RECOMMEND)
    _, _, right = _first(sample, Verb.RECOMMEND, answer_noise=0.0)
    told = (levels >= 0) & (right >= 0)
    # What is satisfied goes before anything is said; thumbs are told all the same.
    flipped = (levels >= Level.ACCEPT) != (right >= Level.ACCEPT)
    owners = np.repeat(users, told.sum(axis=1))
    _put(found, "noise_in_thumbs", share(flipped[told], owners), _set(sample, "answer_noise"))
    _, eager, _ = _first(sample, Verb.RECOMMEND, cooperativeness=1.0, cooperation_trend="constant")
    able = eager == Kind.NEG_REFINE
    informed = share(kind[able] == Kind.NEG_REFINE, users[able])
    _put(found, "cooperates_at_lists", informed, _cooperates(sample))
    users, kind, _ = _first(sample, Verb.ASK)
    _put(found, "dont_know", share(kind == Kind.DONT_KNOW, users), _set(sample, "dont_know"))
    _, sure, _ = _first(sample, Verb.ASK, answer_noise=0.0)
    both = _yes_or_no(kind) & _yes_or_no(sure)
    wrong = (kind[both] == Kind.YES) != (sure[both] == Kind.YES)
    _put(found, "noise_in_answers", share(wrong, users[both]), _set(sample, "answer_noise"))
    _, eager, _ = _first(sample, Verb.ASK, cooperativeness=1.0, cooperation_trend="constant")
    able = (eager == Kind.NO_INFORM) & np.isin(kind, NOES)
    informed = share(kind[able] == Kind.NO_INFORM, users[able])
    _put(found, "cooperates_at_questions", informed, _cooperates(sample))
    return Measured({"settings": found})


def _put(found: dict[str, dict[str, Any]], name: str, shows: Share, is_set: float) -> None:
    """Keep a setting where anybody could show it."""
    if shows["of"]:
        found[name] = {"found": shows, "set": is_set}


def _setting_bars(values: Mapping[str, Any]) -> Iterator[Bar]:
    for name, each in values["settings"].items():
        yield Bar(name.replace("_", " "), each["found"], each["set"])


def _yes_or_no(kind: NDArray[np.int8]) -> NDArray[np.bool_]:
    return np.isin(kind, (Kind.YES, *NOES))


def _set(sample: Sample, name: str) -> float:
    """What is set, mean of the users that the probes ask."""
    return float(_traits(sample, name).mean())


def _cooperates(sample: Sample) -> float:
    """The same of cooperativeness at the first turn, when no rising one has risen."""
    rising = _traits(sample, "cooperation_trend") == 1
    return float(np.where(rising, 0.0, _traits(sample, "cooperativeness")).mean())


def _traits(sample: Sample, name: str) -> NDArray[np.float64]:
    setup = sample.setup
    assert setup.world.topics is not None
    users = draw_questions(setup, sample.n, sample.seed).users
    column = trait_column(setup.users.traits(setup.world.topics.n_topics), name)
    return column[users] if len(column) > 1 else column  # one row where all are alike


# ---- leaks ---------------------------------------------------------------------------------------


def _leaks(sample: Sample) -> Measured:
    # By rules: a language model is told no judgement, and would be asked for all of it again.
    users = dataclasses.replace(sample.setup.users, llm=None)
    setup = dataclasses.replace(sample.setup, users=users)
    other = dataclasses.replace(setup, world=_judged_otherwise(setup.world))
    rounds = setup.protocol.rounds + 1
    found: dict[str, Share] = {}
    for name, verb, most in (("ask", Verb.ASK, QUESTIONS), ("list", Verb.RECOMMEND, rounds)):
        as_is, permuted = (_play(sample, each, verb, most) for each in (setup, other))
        differ = _differ(as_is, permuted)
        found[f"{name}_changes_with_the_judgements"] = share(differ, as_is.users)
        found[f"{name}_names_what_is_not_of_the_need"] = _strange(setup, as_is)
    return Measured({"leaks": found})


def _judged_otherwise(world: World) -> World:
    """The same collection with the judgements of each turn given to other documents."""
    judged, n = world.judgements, world.n_items
    assert judged is not None
    shift = max(1, n // 2)
    moved = [
        {(item + shift) % n: grade for item, grade in judged.of(turn).items()}
        for turn in range(judged.documents.rows)
    ]
    return dataclasses.replace(world, judgements=judgements_of(moved))


def _differ(a: _Played, b: _Played) -> NDArray[np.bool_]:
    """Which searches are not the same, move by move."""
    if len(a.moves) != len(b.moves):
        return np.ones(len(a.users), dtype=bool)
    differ = np.zeros(len(a.users), dtype=bool)
    for one, other in zip(a.moves, b.moves, strict=True):
        for name in _Move._fields:
            changed = np.asarray(getattr(one, name) != getattr(other, name))
            differ |= changed.reshape(len(differ), -1).any(axis=1)
    return differ


def _strange(setup: Setup, played: _Played) -> Share:
    """Of the terms that were named, those that are not of the need."""
    batch: Any = setup.batch(1, threads=1)
    needs = batch.needs_of(played.needs)
    wanted = [frozenset(needs.row(b)) for b in range(len(played.needs))]
    strange, users = [], []
    for move in played.moves:
        for b in np.flatnonzero(move.rows):
            for term in move.named[b][move.named[b] >= 0].tolist():
                strange.append(term not in wanted[b])
                users.append(int(played.users[b]))
    return share(strange, users)
