"""The belief of `pathfinder` against Bayes' rule computed item by item in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("torch")

from recosim.acts import Moves, Outcome, Verb
from recosim.agents.cpr.belief.belief import ERROR_CHANCES, ERROR_RATES, Belief
from recosim.agents.registry import make_agent
from recosim.envs.cpr.protocol import PRESETS
from recosim.envs.setup import Setup

THETA = np.array([0.7, -0.3, 0.2, 0.4, 0.1, 0.5])


def dialogues(question: str, world: str, n: int = 48, **behaviour: float):
    setup = Setup.prepare(
        "cpr",
        world=world,
        split="test",
        protocol_options={"question": question, "choices": 2, "top_k": 3, "on_reject": "keep"},
        **behaviour,
    )
    d = setup.batch(n, raise_illegal=True)
    d.arrays["done"][:] = 1
    d.open(seeds=np.arange(n, dtype=np.uint64), conversations=np.arange(n))
    return d


def log_prior(d, belief, row: int, item: int) -> float:
    """What the features of the prior say, from the world's own tables."""
    world, vectors = d.world, d.vectors
    user = int(d.arrays["user"][row])
    named = belief.opened_with[row]
    friends = sum(item in set(world.train.row(int(f)).tolist()) for f in world.friends.row(user))
    popularity = int(world.popularity[item])
    attributes = world.item_attributes.row(item)
    features = [
        float(vectors.user[user] @ vectors.item[item] + vectors.item_bias[item]),
        float(sum(vectors.attribute[a] @ vectors.item[item] for a in named)),
        math.log1p(popularity),
        float(popularity == 0),
        math.log(len(attributes)),
        math.log1p(friends),
    ]
    if d.protocol.question == "facet":
        openings = len({int(world.attribute_facet[a]) for a in attributes} - {-1})
    else:
        openings = len(attributes)
    return float(THETA @ features) - math.log(openings)


def answer_chance(d, row: int, item: int, move, rate: float) -> float:
    """Probability that a user who wants an item, and errs with a rate, answers as they did."""
    has = set(d.world.item_attributes.row(item).tolist())
    if move["facet"] < 0:
        asked = [a for a in move["asked"] if a >= 0]
        right = all((a in has) == (a in move["accepted"]) for a in asked)
        wrong = all((a in has) != (a in move["accepted"]) for a in asked)
        return (1 - rate) if right else rate if wrong else 0.0
    members = set(np.flatnonzero(d.world.attribute_facet == move["facet"]).tolist())
    truth, said = has & members, set(move["accepted"])
    if truth:
        return (1 - rate) if said == truth else rate if not said else 0.0
    return (1 - rate) if not said else rate / len(members) if len(said) == 1 else 0.0


def brute_force(d, belief, row: int, moves: list) -> dict[int, float]:
    """The posterior of one row: every item, every error rate, every answer."""
    world, user = d.world, int(d.arrays["user"][row])
    named, facet = set(belief.opened_with[row]), belief.opened_facet[row]
    taken = set(world.train.row(user).tolist())
    refused = {v for move in moves for v in move["shown"]}
    weights = {}
    for item in range(world.n_items):
        has = set(world.item_attributes.row(item).tolist())
        fits = named <= has
        if facet >= 0:
            fits = fits and {a for a in has if world.attribute_facet[a] == facet} == named
        if not fits or item in taken or item in refused:
            continue
        total = 0.0
        for rate, chance in zip(belief.rates, belief.chances, strict=True):
            for move in moves:
                if move["verb"] == Verb.ASK and move["outcome"] != Outcome.UNSURE:
                    chance = chance * answer_chance(d, row, item, move, rate)
            total += chance
        weights[item] = math.exp(log_prior(d, belief, row, item)) * total
    whole = sum(weights.values())
    return {item: weight / whole for item, weight in weights.items() if weight > 0}


def play(question: str, world: str, steps: int, seed: int, **behaviour: float):
    """Random legal moves, with the belief beside them; yields after each of them."""
    d = dialogues(question, world, **behaviour)
    belief = Belief(d, THETA)
    belief.opened_with = [
        d.arrays["accepted"][b, : d.arrays["n_accepted"][b]].tolist() for b in range(d.size)
    ]
    belief.opened_facet = d.arrays["asked_facet"].astype(int).tolist()
    belief.open(np.ones(d.size, dtype=bool))
    rng = np.random.default_rng(seed)
    moves: list[list] = [[] for _ in range(d.size)]
    yield d, belief, moves, np.ones(d.size, dtype=bool)
    for _ in range(steps):
        running = d.arrays["done"] == 0
        legal = d.legal_actions()[:, : d.n_askables + 1].astype(float)
        legal[:, -1] *= 2.0
        actions = np.array([rng.choice(len(p), p=p / p.sum()) if p.sum() else 0 for p in legal])
        d.step(Moves.from_flat(actions, d.n_askables))
        belief.revise(running)
        a = d.arrays
        for b in np.flatnonzero(running):
            moves[b].append(
                {
                    "verb": int(a["verb"][b]),
                    "outcome": int(a["outcome"][b]),
                    "facet": int(a["asked_facet"][b]),
                    "asked": a["asked"][b].tolist(),
                    "accepted": a["accepted"][b, : a["n_accepted"][b]].tolist(),
                    "shown": a["shown"][b, : a["n_shown"][b]].tolist(),
                }
            )
        yield d, belief, moves, running & (a["done"] == 0)


CASES = [("binary", "lastfm-small"), ("choice", "yelp-small"), ("facet", "yelp-small")]


@pytest.mark.parametrize(("question", "world"), CASES)
@pytest.mark.parametrize("behaviour", [{}, {"answer_noise": 0.3, "dont_know": 0.2}])
def test_the_posterior_is_that_of_bayes(question, world, behaviour):
    checked = 0
    for d, belief, moves, running in play(question, world, 6, 1, **behaviour):
        for row in np.flatnonzero(running)[:8]:
            wanted = brute_force(d, belief, row, moves[row])
            items, chances = belief.posterior(row)
            found = {int(v): p for v, p in zip(items, chances, strict=True) if p > 0}
            assert found.keys() == wanted.keys()
            for item, chance in wanted.items():
                assert found[item] == pytest.approx(chance, rel=2e-3, abs=1e-7)
            checked += 1
    assert checked > 40


def test_the_target_is_never_ruled_out():
    for question, world in CASES:
        for d, belief, _, running in play(question, world, 8, 2, answer_noise=0.4, dont_know=0.1):
            for row in np.flatnonzero(running):
                items, chances = belief.posterior(row)
                assert chances[items == d.arrays["targets"][row, 0]] > 0


def entropy(shares) -> float:
    return -sum(p * math.log2(p) for p in shares if p > 0)


def information(d, belief, row: int, ask: int) -> float:
    """Mutual information in bits of an answer and the target, or, of facets, of the true set."""
    items, chances = belief.posterior(row)
    if d.protocol.question == "facet":
        members = set(np.flatnonzero(d.world.attribute_facet == ask).tolist())
        sets: dict[frozenset, float] = {}
        for item, p in zip(items, chances, strict=True):
            key = frozenset(members & set(d.world.item_attributes.row(int(item)).tolist()))
            sets[key] = sets.get(key, 0.0) + p
        return entropy(sets.values())
    share = sum(
        p
        for item, p in zip(items, chances, strict=True)
        if ask in d.world.item_attributes.row(int(item))
    )
    error = float(belief.summary[row, 6])
    said = share * (1 - error) + (1 - share) * error
    return entropy([said, 1 - said]) - entropy([error, 1 - error])


@pytest.mark.parametrize(("question", "world"), [CASES[0], CASES[2]])
def test_the_question_is_the_one_of_the_highest_information(question, world):
    left = np.full(48, 5, dtype=np.int32)
    checked = 0
    for d, belief, _, running in play(question, world, 3, 3, answer_noise=0.2):
        belief.look(running, left)
        legal = d.legal_actions()
        for row in np.flatnonzero(running)[:6]:
            able = np.flatnonzero(legal[row, : d.n_askables])
            values = {int(ask): information(d, belief, row, int(ask)) for ask in able}
            best = max(values.values(), default=0.0)
            if belief.ask[row] < 0:
                assert best < 1e-6
                continue
            assert values[int(belief.ask[row])] == pytest.approx(best, abs=1e-4)
            assert belief.summary[row, 5] == pytest.approx(best, abs=1e-4)
            checked += 1
    assert checked > 10


def test_the_summary_is_what_it_says():
    left = np.full(48, 2, dtype=np.int32)
    for d, belief, _, running in play("binary", "lastfm-small", 2, 4, answer_noise=0.1):
        belief.look(running, left)
        for row in np.flatnonzero(running)[:10]:
            items, chances = belief.posterior(row)
            order = np.argsort(-chances, kind="stable")
            k = d.protocol.top_k
            alive = (chances > 1e-9).sum()
            shown = belief.top[row][belief.top[row] >= 0]
            assert shown.tolist() == items[order[: min(k, alive)]].tolist()
            masses = [chances[order[:n]].sum() for n in (k, 2 * k, 2 * k, k)]
            assert belief.summary[row, :4] == pytest.approx(masses, abs=1e-5)
            bits = entropy(chances) / math.log2(d.world.n_items + 1)
            assert belief.summary[row, 4] == pytest.approx(bits, abs=1e-4)


def test_the_error_rate_is_learned():
    """Who contradicts what is known of the target is believed to err."""
    calm, wild = [], []
    for noise, into in ((0.0, calm), (0.4, wild)):
        for d, belief, _, running in play("binary", "lastfm-small", 8, 5, answer_noise=noise):
            belief.look(running, np.full(d.size, 5, dtype=np.int32))
            last = belief.summary[running, 6]
        into.extend(last.tolist())
    assert np.mean(wild) > 2 * np.mean(calm)


def test_fitting_the_prior_raises_the_probability_of_targets():
    d = dialogues("binary", "lastfm-small", n=256)
    path = Belief(d).fit_prior()
    assert path[-1] > path[0] + 0.05
    assert path[-1] == pytest.approx(path[-2], abs=1e-3)


def test_chances_of_error_rates_are_chances():
    assert ERROR_CHANCES.sum() == pytest.approx(1.0)
    assert ((ERROR_RATES >= 0) & (ERROR_RATES < 0.5)).all()


def test_pathfinder_and_logic_say_where_a_no_tells_something_else():
    for name in ("pathfinder", "logic"):
        agent = make_agent(name)
        found = {preset: bool(agent.misfit(rules)) for preset, rules in PRESETS.items()}
        del found["critique"]  # nothing is asked there
        assert [preset for preset, misfits in found.items() if misfits] == ["metacrs"]
