"""The kernels and the plain-Python reference agree on every field of the state, move by move."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference.agreement import Case, SideBySide, play_cases, random_case
from reference.random_worlds import (
    random_behaviour,
    random_protocol,
    random_vectors,
    random_world,
)

from recosim.acts import Moves
from recosim.envs.cpr import tables
from recosim.envs.cpr.candidates import COLUMNS
from recosim.envs.cpr.dialogues import QUESTIONS, Dialogues
from recosim.envs.cpr.fields import fields
from recosim.envs.cpr.protocol import PRESETS, Protocol
from recosim.users import Behaviour
from recosim.users.behaviour import WORDS
from recosim.world.csr import csr_from_lists, csr_from_pairs
from recosim.world.world import build_world


@pytest.mark.parametrize(("seed", "sizes"), [(0, (1, 3, 9)), (1, (1, 7, 16))])
def test_kernels_and_reference_agree(seed: int, sizes: tuple[int, ...]) -> None:
    assert play_cases(seed, 600, sizes) >= 600


def mcmipl_case(rng: np.random.Generator) -> Case:
    """The preset as it is, its lists shorter, in a world of a few facets."""
    world = random_world(rng, n_facets=int(rng.integers(1, 5)))
    users = [random_behaviour(rng), Behaviour()]
    return Case(
        world,
        random_vectors(rng, world),
        PRESETS["mcmipl"].with_options(top_k=int(rng.integers(1, 5)), targets=3),
        users[int(rng.random() < 0.7)],
        size=12,
        options={"split": str(rng.choice(["train", "valid", "test"]))},
    )


def play_mcmipl(seed: int, conversations: int) -> int:
    """Random cases of the preset; how many conversations it were, of several targets each."""
    played = case = 0
    while played < conversations:
        rng = np.random.default_rng((seed, case))
        both = SideBySide(mcmipl_case(rng), rng)
        both.open()
        played += both.opened
        both.play()
        case += 1
    return played


def test_they_agree_on_the_preset_of_mcmipl() -> None:
    assert play_mcmipl(20, 300) >= 300


@pytest.mark.slow
def test_they_agree_on_the_preset_of_mcmipl_in_10_000_conversations() -> None:
    assert play_mcmipl(21, 10_000) >= 10_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 14))
def test_kernels_and_reference_agree_on_10_000_conversations(seed: int) -> None:
    assert play_cases(seed, 2_500, (1, 7, 16)) >= 2_500


def test_they_agree_where_threads_share_the_batch() -> None:
    rng = np.random.default_rng(2)
    world = random_world(rng, n_attributes=12, n_items=40)
    case = Case(
        world,
        random_vectors(rng, world),
        Protocol(question="choice", choices=3, on_reject="remove", targets=2, max_turns=5, top_k=3),
        Behaviour(answer_noise=0.2, dont_know=0.1),
        size=450,
        options={"raise_illegal": False, "threads": 2},
    )
    both = SideBySide(case, rng)
    both.open()
    both.play()


@pytest.mark.parametrize("question", ["binary", "facet"])
@pytest.mark.parametrize("on_reject", ["keep", "remove"])
def test_they_agree_where_questions_and_feedback_are_about_the_same(
    question: str, on_reject: str
) -> None:
    rng = np.random.default_rng(4)
    world = random_world(rng, n_attributes=16, n_items=60, n_facets=4)
    case = Case(
        world,
        random_vectors(rng, world),
        Protocol(
            question=question,  # type: ignore[arg-type]
            on_reject=on_reject,  # type: ignore[arg-type]
            feedback_on="refusal",
            top_k=2,
        ),
        Behaviour(answer_noise=0.4, dont_know=0.3, cooperativeness=1.0, feedback="edit"),
        size=150,
        options={},
    )
    both = SideBySide(case, rng)
    both.open()
    both.play()


@pytest.mark.parametrize("on_reject", ["keep", "remove"])
def test_they_agree_where_many_items_of_many_attributes_are_counted(on_reject: str) -> None:
    """Cuts of 21 to 186 items are counted in columns there; items have more and less than fit."""
    rng = np.random.default_rng(6)
    split = rng.integers(0, 3, (4, 3_000))
    world = build_world(
        name="many",
        item_attributes=csr_from_pairs(*np.nonzero(rng.random((3_000, 80)) < 0.1), 3_000),
        train=csr_from_pairs(*np.nonzero(split == 0), 4),
        valid=csr_from_pairs(*np.nonzero(split == 1), 4),
        test=csr_from_pairs(*np.nonzero(split == 2), 4),
        n_attributes=80,
    )
    degrees = world.item_attributes.degrees()
    assert (degrees > COLUMNS).sum() > 500 < (degrees < COLUMNS).sum()
    case = Case(
        world,
        random_vectors(rng, world),
        Protocol(on_reject=on_reject, max_turns=8, top_k=3),  # type: ignore[arg-type]
        Behaviour(answer_noise=0.3, cooperativeness=1.0),
        size=12,
        options={},
    )
    both = SideBySide(case, rng)
    assert both.batch.arrays["item_columns"].shape == (3_000, COLUMNS)
    both.open()
    both.play()


@pytest.mark.parametrize("question", QUESTIONS)
def test_they_agree_on_a_world_too_large_for_a_cooccurrence_table(question: str) -> None:
    rng = np.random.default_rng(3)
    world = random_world(rng, n_attributes=2_100, n_items=70, n_facets=5)
    assert world.cooccurrence.size == 0
    case = Case(
        world,
        random_vectors(rng, world),
        random_protocol(rng, question).with_options(question=question, choices=3),
        Behaviour(),
        size=3,
        options={},
    )
    both = SideBySide(case, rng)
    both.open()
    both.play()


def test_they_agree_where_the_attributes_of_the_candidates_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in worlds of thousands of attributes."""
    monkeypatch.setattr(tables, "_SPARSE_FROM", 1)
    assert play_cases(7, 600, (1, 7)) >= 600


@pytest.mark.parametrize("question", ["binary", "choice", "none"])
def test_a_list_of_attributes_changes_no_bit(
    question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(9)
    for case in range(20):
        drawn = random_case(rng, (9,), question)
        batches = []
        for first in (10**6, 1):
            monkeypatch.setattr(tables, "_SPARSE_FROM", first)
            options = drawn.options | {"raise_illegal": False, "open_ended": True, "track": True}
            rules = drawn.protocol.with_options(question=question, choices=3)
            one = (drawn.world, drawn.vectors, rules, 9)
            batches.append(Dialogues(*one, users=drawn.behaviour, **options))
            batches[-1].open(seeds=np.arange(9), conversations=np.zeros(9, np.int64))
        plain, listed = batches
        assert listed.table[fields.slot_of("sparse_attributes")] == drawn.world.n_attributes
        for _ in range(40):
            actions = rng.integers(-1, plain.n_actions, 9)
            for batch in batches:
                batch.step(Moves.from_flat(actions, batch.n_askables))
                batch.best_asks("weighted_entropy" if case % 2 else "entropy")
            weighed = plain.arrays["weighed"] > 0  # in other rows what stands there is old
            for name in set(fields.row_arrays()) - {"present", "n_present", "has_weights"}:
                rows = weighed if name == "weighted_entropy" else slice(None)
                one, other = (batch.arrays[name][rows] for batch in batches)
                assert one.tobytes() == other.tobytes(), f"case {case}: {name}"
            _check_list(listed)


def _check_list(batch: Dialogues) -> None:
    """Outside of the list of a row nothing stands that would have to be cleared."""
    a = batch.arrays
    for b in range(batch.size):
        outside = np.ones(batch.n_askables, dtype=bool)
        outside[a["present"][b, : a["n_present"][b]]] = False
        for name in ("counts", "entropy", "weighted_entropy"):
            assert not a[name][b, outside].any(), name
        assert (a["mask"][b, :-2][outside] == a["filled"][b]).all()


def test_a_case_is_a_function_of_its_key() -> None:
    one, two = (random_case(np.random.default_rng(5), (1, 7), "facet") for _ in range(2))
    assert one.world.fingerprint == two.world.fingerprint
    assert (one.protocol, one.options) == (two.protocol, two.options)


@st.composite
def tiny_cases(draw: st.DrawFn) -> Case:
    """A world of up to six items and one user, as lists that shrink."""
    n_attributes = draw(st.integers(1, 5))
    attributes = st.sets(st.integers(0, n_attributes - 1))
    items = [{0}, *draw(st.lists(attributes, min_size=2, max_size=5))]
    facets = draw(st.lists(st.integers(-1, 2), min_size=n_attributes, max_size=n_attributes))
    facets[0] = 0
    # Item 0 is the user's target; further items may be as well.
    more = draw(st.lists(st.booleans(), min_size=len(items) - 3, max_size=len(items) - 3))
    valid = [0] + [v for v, chosen in enumerate(more, start=3) if chosen]
    world = build_world(
        name="tiny",
        item_attributes=csr_from_lists(items),
        train=csr_from_lists([[1]]),
        valid=csr_from_lists([valid]),
        test=csr_from_lists([[2]]),
        n_attributes=n_attributes,
        attribute_facet=facets,
    )
    protocol = Protocol(
        max_turns=draw(st.integers(2, 8)),
        top_k=draw(st.integers(1, 3)),
        question=draw(st.sampled_from(QUESTIONS)),  # type: ignore[arg-type]
        choices=draw(st.integers(1, 3)),
        yes_if=draw(st.sampled_from(["item", "item_and_user"])),  # type: ignore[arg-type]
        on_reject=draw(st.sampled_from(["keep", "remove"])),  # type: ignore[arg-type]
        drop_failed=draw(st.sampled_from(["always", "if_more_than_k"])),  # type: ignore[arg-type]
        opening_counts=draw(st.booleans()),
        last_turn_acts=draw(st.booleans()),
        feedback_on=draw(st.sampled_from(["reflect", "refusal"])),  # type: ignore[arg-type]
        inquiries=draw(st.sampled_from(["free", "turn"])),  # type: ignore[arg-type]
        targets=draw(st.integers(1, 3)),
    )
    return Case(
        world,
        random_vectors(np.random.default_rng(draw(st.integers(0, 3))), world),
        protocol,
        Behaviour(
            draw(st.sampled_from([0.0, 0.5])),
            draw(st.sampled_from([0.0, 0.5])),
            cooperativeness=draw(st.sampled_from([0.0, 1.0])),
            patience=draw(st.sampled_from([None, 2])),
            examination=draw(st.sampled_from([1.0, 0.5])),
            feedback=draw(st.sampled_from(WORDS["feedback"])),  # type: ignore[arg-type]
            critic=draw(st.sampled_from(WORDS["critic"])),  # type: ignore[arg-type]
            acceptable=draw(st.sampled_from([0, 1, 2])),
            musts=draw(st.sampled_from([0, 1, 2])),
            weighting=draw(st.sampled_from(WORDS["weighting"])),  # type: ignore[arg-type]
            drift=draw(st.sampled_from([0.0, 1.0])),
            standing=draw(st.sampled_from(WORDS["standing"])),  # type: ignore[arg-type]
            seen=draw(st.sampled_from([0.0, 0.5, 1.0])),
            asks_about=draw(st.sampled_from([0.0, 0.5])),
            critique_unasked=draw(st.sampled_from([0.0, 0.5, 1.0])),
            want_unasked=draw(st.sampled_from([0.0, 1.0])),
            takes=draw(st.integers(1, 3)),
            opening=draw(st.sampled_from(WORDS["opening"])),  # type: ignore[arg-type]
            question_patience=draw(st.sampled_from([None, 1, 3])),
            bad_list_hazard=draw(st.sampled_from([0.0, 0.3])),
            bad_list_rise=draw(st.sampled_from([0.0, 0.3])),
            deflects=draw(st.sampled_from([0.0, 0.5, 1.0])),
        ),
        size=1,
        options={"track": draw(st.booleans()), "raise_illegal": False},
        look=draw(st.sampled_from([0.0, 1.0])),
    )


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tiny_cases(), st.integers(0, 3), st.lists(st.integers(-1, 6), max_size=10))
def test_they_agree_on_tiny_worlds(case: Case, seed: int, actions: list[int]) -> None:
    both = SideBySide(case, np.random.default_rng(seed))
    both.open()
    for action in actions:
        both.move(np.array([min(action, both.batch.n_actions - 1)]))
