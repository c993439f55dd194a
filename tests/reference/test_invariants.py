"""What holds in every conversation of the reference, whatever its world, rules and user."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from reference.agreement import draws_of
from reference.cpr import ReferenceConversation, Step
from reference.random_worlds import (
    random_behaviour,
    random_protocol,
    random_vectors,
    random_world,
)
from reference.tables import WorldTables

from recosim.acts import Note, Outcome
from recosim.envs.cpr.protocol import Protocol

QUESTIONS = ("binary", "facet", "choice", "none")


def conversations(seed: int, question: str, n: int) -> Iterator[ReferenceConversation]:
    """Random conversations, each opened; some with an opening that was given."""
    rng = np.random.default_rng((seed, QUESTIONS.index(question)))
    for number in range(n):
        world = random_world(rng)
        tables = WorldTables(world)
        protocol = random_protocol(rng, question if world.n_facets else "binary")
        split = str(rng.choice(["train", "valid", "test"]))
        interactions = [
            (user, v)
            for user in range(world.n_users)
            for v in world.split(split).row(user).tolist()
            if openings_of(tables, protocol, v)
        ]
        user, target = interactions[rng.integers(len(interactions))]
        draw, draw_unit = draws_of(seed, number)
        conv = ReferenceConversation(
            tables,
            protocol,
            random_vectors(rng, world),
            behaviour=random_behaviour(rng),
            draw=draw,
            draw_unit=draw_unit,
        )
        opening = None
        if rng.random() < 0.3:
            opening = int(rng.choice(sorted(openings_of(tables, protocol, target))))
        named = conv.open(user, target, world.split(split).row(user).tolist(), opening)
        check_opening(conv, target, named, opening)
        yield conv


def openings_of(tables: WorldTables, protocol: Protocol, item: int) -> set[int]:
    has = tables.item_attributes[item]
    if protocol.question != "facet":
        return has
    return {tables.attribute_facet[a] for a in has} - {-1}


def check_opening(
    conv: ReferenceConversation, target: int, named: tuple[int, ...], opening: int | None
) -> None:
    user, has = conv.rule_user, conv.tables.item_attributes
    assert conv.targets[0] == target
    # Who opens with a facet refuses what they have not there, the target may have it.
    may_leave = conv.asks_facets and conv.protocol.yes_if == "item_and_user"
    assert target in conv.candidates or may_leave
    assert has[target].issuperset(named)
    assert len(set(named)) == len(named)
    assert all(conv.status[a] == 1 for a in named)
    assert all(has[v].issuperset(named) for v in {*conv.candidates, *conv.targets})
    example, form = conv.opening_item, conv.behaviour.opening
    if opening is not None:
        assert example is None
        assert named == (opening,) or conv.asks_facets
    elif form == "nothing":
        assert (named, example) == ((), None)
    else:
        assert named or (form == "item" and example is not None)
        assert (example is None) == (form[:4] != "item" or not {*user.train} - {target})
    assert example not in {*conv.candidates, *conv.targets, *user.acceptable}
    if not named and not (user.standing and user.standing.holds):
        assert len(conv.candidates) == conv.tables.n_items - (example is not None)


def random_move(conv: ReferenceConversation, rng: np.random.Generator) -> Step:
    luck = rng.random()
    if conv.can_reflect() and luck < 0.3:
        return conv.reflect()
    asks = sorted(conv.legal_asks())
    if (asks and luck < 0.6) or not conv.can_recommend():
        return conv.ask(int(rng.choice(asks)))
    if luck < 0.8:
        return conv.recommend()
    reasons = rng.permutation(conv.tables.n_attributes)[: conv.protocol.aspects].tolist()
    items = rng.permutation(conv.tables.n_items).tolist()
    if luck > 0.9:  # something that they would take
        wanted = int(rng.choice([*conv.targets, *conv.rule_user.acceptable]))
        items.remove(wanted)
        items.insert(0, wanted)
    return conv.recommend(items[: rng.integers(1, conv.protocol.top_k + 1)], reasons)


def check_step(conv: ReferenceConversation, step: Step) -> None:
    user = conv.rule_user
    positions = [step.rank, *step.further] if step.rank else []
    assert (step.outcome is Outcome.HIT) == bool(positions)
    assert positions == sorted(set(positions))
    assert user.taken[len(user.taken) - len(positions) :] == [
        step.items[position - 1] for position in positions
    ]
    assert len(set(user.taken)) == len(user.taken) <= user.behaviour.takes
    assert 0 <= conv.utility <= 1 + 1e-9
    if step.known is not None:
        item, note = step.known.item, step.known.note
        assert item in step.items
        assert step.outcome is Outcome.HIT or item not in conv.shown_last
        assert item not in [step.items[position - 1] for position in positions]
        assert (item in user.train) == (note is Note.LIKED)
        assert step.known.item != step.inquired
        assert item not in user.acceptable
    if step.inquired is not None and conv.protocol.inquiries == "turn":
        assert (step.outcome, step.known, conv.shown_last) == (Outcome.UNSURE, None, ())
        assert (step.accepted, step.criticised) == ((), None)
    if conv.done:
        return
    assert len(set(conv.targets)) == len(conv.targets) > 0
    assert not {*user.taken} & {*conv.targets, *user.acceptable, *conv.candidates}
    assert not {*conv.targets} & {*user.acceptable}
    assert all(user.utility(v) > 0 for v in user.acceptable)
    assert len(user.taken) < user.behaviour.takes
    if positions and conv.targets[0] not in user.wishes:  # the next best thing
        assert conv.targets[0] in conv.candidates
    if step.known is not None:
        assert step.known.item not in conv.candidates
    patience = user.behaviour.question_patience
    assert patience is None or user.questions < patience


@pytest.mark.parametrize("question", QUESTIONS)
def test_users_keep_to_their_word_and_conversations_end(question: str) -> None:
    rng = np.random.default_rng(3)
    endings = {"satisfied": 0, "left": 0, "nothing_left": 0, "truncated": 0}
    several = notes = inquiries = 0
    for conv in conversations(11, question, 400):
        steps: list[Step] = []
        while not conv.done:
            assert conv.can_recommend() or conv.legal_asks(), "no legal move"
            assert len(steps) < 2 * conv.protocol.max_turns
            steps.append(random_move(conv, rng))
            check_step(conv, steps[-1])
        last = steps[-1]
        satisfied = last.terminated and not last.left and not last.nothing_left
        assert satisfied + last.left + last.nothing_left + last.truncated == 1
        assert not satisfied or last.outcome is Outcome.HIT
        endings["satisfied"] += satisfied
        endings["left"] += last.left
        endings["nothing_left"] += last.nothing_left
        endings["truncated"] += last.truncated
        several += sum(step.outcome is Outcome.HIT for step in steps) > 1
        notes += any(step.known is not None for step in steps)
        inquiries += any(step.inquired is not None for step in steps)
    assert min(endings.values()) > 0, endings
    assert min(several, notes, inquiries) > 5, (several, notes, inquiries)
