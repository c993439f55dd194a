"""What rule users say of lists: what they know, what they ask, take and criticise unasked.

On the world of six items, where it can be worked out by hand; rates on many conversations at once.
"""

from __future__ import annotations

import numpy as np
import pytest
from reference.six_items import WORLD, vectors

from recosim.acts import Moves, Note, Outcome, Verb
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.protocol import Protocol
from recosim.envs.recorder import Recorder
from recosim.users import Behaviour

ASKS = WORLD.n_attributes


def talks(n=1, *, user=0, target=1, opening=0, protocol=(), **settings):
    """Conversations about one item, opened with attribute 0 unless an opening says otherwise."""
    rules = Protocol(**{"max_turns": 12, "top_k": 4, "last_turn_acts": True} | dict(protocol))
    d = Dialogues(WORLD, vectors(), rules, n, users=Behaviour(**settings), split="test")
    d.open(
        seeds=np.arange(n, dtype=np.uint64),
        conversations=np.zeros(n, np.int64),
        users=np.full(n, user),
        items=np.full(n, target),
        openings=np.full(n, opening),
    )
    return d


def show(d, *items):
    slates = np.full((d.size, d.protocol.top_k), -1, dtype=np.int32)
    slates[:, : len(items)] = items
    d.step(Moves.all_of(Verb.RECOMMEND, d.size, slates))
    return d


def left(d, row=0):
    return d.candidate_ids(row).tolist()


def near(found, share):
    """Within four standard errors."""
    assert np.mean(found) == pytest.approx(share, abs=4 * (share * (1 - share) / len(found)) ** 0.5)


# ---- known items ---------------------------------------------------------------------------------


def test_the_first_train_item_of_a_list_is_known_and_liked():
    d = show(talks(seen=1.0), 2, 5, 4, 1)  # 4 and 5 are train items of user 0
    assert d.notes[0].tolist() == [0, Note.LIKED, 0, 0]
    assert (d.outcome[0], d.rank[0]) == (Outcome.HIT, 4)


def test_another_item_is_known_where_no_train_item_is_shown_and_leaves_without_a_word_against_it():
    d = show(talks(2000, seen=1.0), 2, 3)
    assert set(map(tuple, d.notes[:, :2].tolist())) == {(Note.SEEN, 0), (0, Note.SEEN)}
    near(d.notes[:, 0] > 0, 0.5)
    assert (d.outcome == Outcome.MISS).all()
    assert left(d) == [0, 1, 5]
    assert (d.n_shown_last == 1).all()
    assert (d.shown_last[:, 0] == np.where(d.notes[:, 0] > 0, 3, 2)).all()
    assert (d.shown_last[:, 1:] == -1).all()


def test_what_is_wanted_is_not_known_and_what_is_known_is_not_taken():
    assert show(talks(seen=1.0), 1).rank[0] == 1
    taken = talks(acceptable=4)
    assert 5 in taken.acceptable[0]
    assert show(taken, 5).rank[0] == 1
    d = show(talks(acceptable=4, seen=1.0), 5)
    assert (d.outcome[0], d.notes[0, 0]) == (Outcome.MISS, Note.LIKED)
    assert 5 not in d.acceptable[0, : d.n_acceptable[0]]  # who knows one does not want it
    assert 5 not in left(d)
    assert (d.n_shown_last[0], d.legal_actions()[0, -1]) == (0, 0)  # nothing to reflect on
    assert show(d, 5, 2).rank[0] == 2


def test_how_often_an_item_is_known():
    near(show(talks(4000, seen=0.3), 2, 3).notes.any(axis=1), 0.3)
    assert not show(talks(400), 4, 5).notes.any()


@pytest.mark.parametrize("how", ["refusal", "reflect", "unasked"])
def test_what_is_known_is_not_what_was_wrong_with_a_list(how):
    # 5 is known; of 4 only attribute 5 is not wanted, of 5 there were 2 and 4 too.
    said = {"critique_unasked": 1.0} if how == "unasked" else {"feedback": "critique"}
    rules = {"feedback_on": "reflect" if how == "unasked" else how}
    d = show(talks(seen=1.0, protocol=rules, **said), 5, 4)
    assert d.notes[0, 0] == Note.LIKED
    if how == "reflect":
        assert d.asked[0, 0] == -1
        d.step(Moves.all_of(Verb.REFLECT, 1))
    assert d.asked[0, 0] == 5
    assert d.status[0].tolist() == [1, 0, 0, 0, 0, -1]


@pytest.mark.parametrize("said", [{"feedback": "edit"}, {"want_unasked": 1.0}])
def test_nothing_is_said_of_a_list_of_which_all_is_known(said):
    d = show(talks(seen=1.0, protocol={"feedback_on": "refusal"}, **said), 5)
    assert (d.asked[0, 0], d.n_accepted[0]) == (-1, 0)
    assert show(talks(protocol={"feedback_on": "refusal"}, **said), 5).n_accepted[0] == 1


# ---- questions about an item ---------------------------------------------------------------------


def test_a_free_question_comes_with_the_reaction():
    d = show(talks(3000, asks_about=0.4, seen=1.0), 2, 3, 1)
    asks = d.inquired >= 0
    near(asks, 0.4)
    known = d.shown[np.arange(d.size), (d.notes > 0).argmax(axis=1)]
    assert (d.inquired[asks] != known[asks]).all()  # one of the two others, one as often
    near(d.inquired[asks] == 1, 0.5)
    assert (d.rank == 3).all()
    assert (d.inquired[~asks] == -1).all()
    assert show(talks(asks_about=1.0, seen=1.0), 5).inquired[0] == -1  # nothing else to ask about


def test_a_question_that_takes_the_turn_is_all_that_is_said():
    settings = {"asks_about": 1.0, "seen": 1.0, "patience": 1, "bad_list_hazard": 1.0}
    d = talks(protocol={"inquiries": "turn"}, **settings)
    before = left(d)
    show(d, 2, 3, 1)
    assert (d.outcome[0], d.rank[0], d.reward[0], d.done[0]) == (Outcome.UNSURE, 0, 0.0, 0)
    assert d.inquired[0] in (1, 2, 3)
    assert not d.notes.any()
    assert (left(d), d.n_shown_last[0]) == (before, 0)
    assert (d.turn[0], d.history[0, 0]) == (2, 3)
    assert d.disappointments[0] == 0
    assert d.n_refused[0] == 0


def test_a_question_empties_what_there_was_to_reflect_on():
    d = show(talks(30, asks_about=0.5, protocol={"inquiries": "turn"}), 3)
    refused = d.outcome == Outcome.MISS
    show(d, 5)
    asked = refused & (d.outcome == Outcome.UNSURE)
    assert asked.any()
    assert (d.n_shown_last[asked] == 0).all()
    assert not d.legal_actions()[asked, -1].any()


# ---- several items -------------------------------------------------------------------------------


def test_a_user_takes_several_items_of_one_list():
    d = talks(acceptable=2, takes=2)
    assert d.acceptable[0].tolist() == [0, 2]  # each shares two of the three attributes
    show(d, 3, 0, 1, 2)
    assert d.taken[0].tolist() == [0, 1, 1, 0]
    assert (d.rank[0], d.n_taken[0], d.terminated[0]) == (2, 2, 1)
    assert d.utility[0] == pytest.approx((2 / 3 + 1) / 2)
    assert d.reward[0] == 1.0
    assert d.success()[0]


def test_a_hit_goes_on_until_the_user_is_satisfied():
    d = show(talks(acceptable=2, takes=2), 5, 0)
    assert (d.outcome[0], d.rank[0], d.done[0]) == (Outcome.HIT, 2, 0)
    assert d.utility[0] == pytest.approx(1 / 3)
    assert (left(d), d.n_shown_last[0], d.legal_actions()[0, -1]) == ([1, 2, 3], 0, 0)
    assert d.targets[0].tolist() == [1]
    assert d.acceptable[0, : d.n_acceptable[0]].tolist() == [2]
    assert not d.success()[0]
    assert show(d, 0).outcome[0] == Outcome.MISS  # it was taken, and is wanted no more
    show(d, 1)
    assert (d.rank[0], d.terminated[0], d.n_taken[0]) == (1, 1, 2)
    assert d.utility[0] == pytest.approx((2 / 3 + 1) / 2)
    assert d.logged()["AT"][0] == 1


def test_what_would_also_do_becomes_the_target_when_no_target_is_left():
    d = talks(acceptable=2, takes=3, musts=1)
    d.step(Moves.from_flat([3], ASKS))  # yes: items 0, 1 have 0 and 3
    assert left(d) == [0, 1]
    show(d, 1)
    assert (d.targets[0, 0], d.n_targets[0], d.live[0]) == (0, 1, 1)
    assert d.acceptable[0, : d.n_acceptable[0]].tolist() == [2]
    assert d.musts[0].tolist() == [0]
    show(d, 2)
    assert d.utility[0] == pytest.approx((1 + 2 / 3) / 3)  # as much as at first, beside item 1
    assert d.targets[0, 0] == 0


def test_the_user_is_satisfied_when_nothing_is_left_that_they_would_take():
    d = show(talks(acceptable=2, takes=8), 0, 1, 2)
    assert (d.terminated[0], d.n_taken[0]) == (1, 3)
    assert d.utility[0] == pytest.approx((1 + 4 / 3) / 8)
    assert d.reward[0] == 1.0


def test_only_what_was_taken_leaves_where_few_candidates_are_left():
    d = talks(acceptable=2, takes=2, protocol={"drop_failed": "if_more_than_k", "top_k": 5})
    show(d, 3, 0)
    assert left(d) == [1, 2, 3, 5]


def test_an_item_that_is_not_taken_ends_the_reading():
    n = 4000
    d = show(talks(n, acceptable=2, takes=2, choice_temperature=1.0), 1, 0)
    first, second = 1 / (1 + np.exp(-1)), 1 / (1 + np.exp(-2 / 3))
    near(d.taken[:, 0] > 0, first)
    near(d.taken[:, 1] > 0, second)  # one draw for all: whoever takes 0 takes 1, worth more
    assert (d.taken[:, 0] >= d.taken[:, 1]).all()
    d = show(talks(n, acceptable=2, takes=2, examination=0.5), 1, 0)
    assert d.taken[:, 0].all()
    near(d.taken[:, 1] > 0, 0.5)


def test_a_trace_counts_by_the_first_hit():
    d = talks(acceptable=2, takes=3)
    recorder = Recorder(d)
    recorder.record()
    for items in ((3,), (5, 0), (1,), (2,)):
        show(d, *items)
        recorder.record()
    trace = recorder.trace()
    rows = trace.table.to_pylist()
    assert [row["taken"] for row in rows] == [[], [], [0], [1], [2]]
    assert [row["gathered"] for row in rows] == [0, 0, 1, 2, 3]
    episodes = trace.episodes()
    found = {name: episodes[name][0] for name in ("hit_move", "rank", "taken", "nothing_left")}
    assert found == {"hit_move": 2, "rank": 2, "taken": 3, "nothing_left": False}


# ---- what is said unasked ------------------------------------------------------------------------


def test_a_refusal_comes_with_a_criticism_or_else_with_a_want():
    d = show(talks(4000, critique_unasked=0.3, want_unasked=0.5), 5)
    less, more = d.asked[:, 0] >= 0, d.n_accepted > 0
    near(less, 0.3)
    near(more[~less], 0.5)
    assert not (less & more).any()
    assert (d.status[less, 2] == -1).all()  # of 2 and 4, which most of the list has, the first
    assert (d.accepted[more, 0] == 1).all()
    assert (d.status[more, 1] == 1).all()
    assert (d.outcome == Outcome.MISS).all()
    assert d.legal_actions()[:, -1].all()


def test_a_want_stands_in_where_nothing_is_to_be_criticised():
    d = show(talks(critique_unasked=1.0, want_unasked=1.0), 0)  # the target has all of item 0
    assert (d.asked[0, 0], d.accepted[0, 0], d.n_accepted[0]) == (-1, 1, 1)


def test_nothing_is_added_to_what_was_said_for_the_asking():
    rules = {"feedback_on": "refusal"}
    d = show(talks(feedback="critique", want_unasked=1.0, protocol=rules), 5)
    assert (d.asked[0, 0], d.n_accepted[0]) == (2, 0)
    d = show(talks(feedback="critique", want_unasked=1.0, dont_know=1.0, protocol=rules), 5)
    assert (d.asked[0, 0], d.n_accepted[0]) == (-1, 1)


def test_a_criticism_may_err():
    d = show(talks(critique_unasked=1.0, answer_noise=1.0), 5)
    assert d.asked[0, 0] == -1  # of item 5 the target has attribute 0 alone, which was accepted
    d = show(talks(critique_unasked=1.0, answer_noise=1.0), 2)
    assert d.asked[0, 0] == 1
