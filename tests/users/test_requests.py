"""How rule users open, answer in place of an answer, and leave over questions and lists.

On the world of six items, where it can be worked out by hand; rates on many conversations at once.
"""

from __future__ import annotations

import numpy as np
import pytest
from reference.six_items import ITEMS, WORLD, vectors

from recosim.acts import Moves, Outcome, Request, Verb
from recosim.agents.cpr.mirror import Mirror
from recosim.envs.cpr.acts import last_move, user_acts
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.protocol import Protocol
from recosim.envs.recorder import Recorder
from recosim.users import Behaviour

EVERYTHING = list(range(WORLD.n_items))


def talks(n=1, *, user=0, target=1, given=-1, protocol=(), estimator=None, **settings):
    rules = Protocol(**{"max_turns": 12, "top_k": 4, "last_turn_acts": True} | dict(protocol))
    users = Behaviour(**settings)
    d = Dialogues(WORLD, estimator or vectors(), rules, n, users=users, split="test")
    d.open(
        seeds=np.arange(n, dtype=np.uint64),
        conversations=np.zeros(n, np.int64),
        users=np.full(n, user),
        items=np.full(n, target),
        openings=np.full(n, given),
    )
    return d


def named(d, row=0):
    return d.accepted[row, : d.n_accepted[row]].tolist()


def ask(d, attribute):
    d.step(Moves.from_flat(np.full(d.size, attribute), d.n_askables))
    return d


def show(d, *items):
    slates = np.full((d.size, d.protocol.top_k), -1, dtype=np.int32)
    slates[:, : len(items)] = items
    d.step(Moves.all_of(Verb.RECOMMEND, d.size, slates))
    return d


def near(found, share):
    """Within four standard errors."""
    assert np.mean(found) == pytest.approx(share, abs=4 * (share * (1 - share) / len(found)) ** 0.5)


# ---- openings ------------------------------------------------------------------------------------


def test_a_user_names_several_attributes_of_the_target():
    d = talks(3000, opening="several")
    said = [named(d, b) for b in range(d.size)]
    near([len(words) == 2 for words in said], 0.5)
    assert {len(words) for words in said} == {2, 3}
    assert all(len(set(words)) == len(words) and set(words) <= ITEMS[1] for words in said)
    near([words[1] == min(ITEMS[1] - {words[0]}) for words in said], 0.5)
    for b, words in enumerate(said[:50]):
        fits = [v for v, has in enumerate(ITEMS) if set(words) <= has]
        assert d.candidate_ids(b).tolist() == fits
        assert np.flatnonzero(d.status[b] == 1).tolist() == sorted(words)


def test_under_facet_questions_the_further_attributes_are_of_other_facets():
    d = talks(400, target=3, opening="several", protocol={"question": "facet"})  # {0, 2} and {5}
    assert {tuple(named(d, b)) for b in range(d.size)} == {(0, 2, 5)}
    assert (d.asked_facet == 0).all()
    assert (d.status == [1, -1, 1, 0, 0, 1]).all()


def test_what_weighs_most_is_named_next():
    # User 0 took items 4 and 5: attributes 0, 1 and 3 once each; ties go to the smallest id.
    d = talks(300, opening="several", weighting="liking", given=-1)
    for b in range(d.size):
        first, *more = named(d, b)
        assert more == sorted(ITEMS[1] - {first})[: len(more)]


@pytest.mark.parametrize(("target", "item"), [(0, 4), (1, 4), (2, 5), (4, 5)])
def test_a_user_names_the_item_they_liked_that_is_most_like_the_target(target, item):
    d = talks(target=target, opening="item")
    assert (d.opening_item[0], d.n_accepted[0], d.opening[0]) == (item, 0, -1)
    others = [v for v in EVERYTHING if v != item]  # they know that one
    assert d.candidate_ids(0).tolist() == others
    assert d.counts[0].tolist() == [sum(a in ITEMS[v] for v in others) for a in range(6)]
    assert not d.status.any()
    assert d.query[0].tolist() == (d.vectors.user[0] + d.vectors.item[item]).tolist()
    assert d.user_vector[0].tolist() == d.vectors.user[0].tolist()
    assert user_acts(last_move(d, 0)) == (Request((), None, item),)


def test_an_item_and_an_attribute():
    d = talks(opening="item_attribute")
    assert (d.opening_item[0], d.n_accepted[0]) == (4, 1)
    (attribute,) = named(d)
    assert attribute == named(talks())[0]
    assert d.candidate_ids(0).tolist() == [v for v, has in enumerate(ITEMS) if attribute in has]


@pytest.mark.parametrize("how", ["item", "item_attribute"])
def test_a_user_without_an_item_opens_with_an_attribute(how):
    d = talks(user=1, target=3, opening=how)  # nothing in train
    assert (d.opening_item[0], d.n_accepted[0]) == (-1, 1)


def test_a_user_names_nothing():
    d = talks(opening="nothing", musts=2, standing="session")
    assert (d.opening_item[0], d.n_accepted[0], d.n_candidates[0]) == (-1, 0, WORLD.n_items)
    assert d.musts[0].tolist() == [0, 1]
    assert (d.standing[0] == -1).all()
    assert user_acts(last_move(d, 0)) == (Request(()),)
    best, _ = d.best_items()  # user 0 scores item v with v
    assert best[0].tolist() == [5, 4, 3, 2]
    ask(d, 4)
    assert d.status[0, 4] == -1
    ask(d, 0)
    assert d.candidate_ids(0).tolist() == [0, 1, 2, 3, 5]


def test_further_targets_of_one_who_names_nothing_need_only_the_musts():
    d = talks(300, target=0, opening="nothing", musts=2, protocol={"targets": 3})  # {0, 3}
    assert {tuple(d.targets[b, : d.n_targets[b]]) for b in range(d.size)} == {(0, 1)}
    d = talks(300, target=0, opening="nothing", protocol={"targets": 3})
    assert {tuple(d.targets[b, : d.n_targets[b]]) for b in range(d.size)} == {(0, 1, 2), (0, 2, 1)}


@pytest.mark.parametrize("how", ["several", "item", "item_attribute", "nothing"])
def test_an_opening_that_is_given_is_all_that_is_named(how):
    d = talks(50, given=3, opening=how)
    assert (d.opening_item == -1).all()
    assert (d.n_accepted == 1).all()
    assert (d.accepted[:, 0] == 3).all()


def test_a_trace_has_the_item_that_a_request_names():
    d = talks(3, opening="item")
    recorder = Recorder(d)
    recorder.record()
    show(d, 2, 3)
    recorder.record()
    rows = recorder.trace().table.to_pylist()
    assert [row["items"] for row in rows] == [[4], [2, 3]] * 3


@pytest.mark.parametrize("how", ["several", "item", "item_attribute", "nothing"])
def test_an_agents_own_copy_begins_as_the_conversation_does(how):
    d = talks(40, opening=how, protocol={"question": "binary"})
    mirror = Mirror(d)
    mirror.reset(np.ones(40, dtype=bool))
    own = mirror.batch
    assert (own.query == d.query).all()
    assert (own.status == d.status).all()
    for b in range(40):
        assert own.candidate_ids(b).tolist() == d.candidate_ids(b).tolist()


def test_an_agents_own_copy_goes_on_after_a_hit_as_the_conversation_does():
    d = talks(opening="nothing", acceptable=3, takes=2)
    mirror = Mirror(d)
    mirror.reset(np.ones(1, dtype=bool))
    for item, done in ((0, 0), (1, 1)):
        show(d, item, 3)
        mirror.observe(np.ones(1, dtype=bool))
        assert d.done[0] == mirror.batch.done[0] == done
        assert mirror.batch.candidate_ids(0).tolist() == d.candidate_ids(0).tolist() or done


# ---- neither yes nor no --------------------------------------------------------------------------


def test_a_user_says_what_they_want_in_place_of_an_answer():
    d = ask(talks(3000, given=0, deflects=0.4), 4)
    deflected = d.outcome == Outcome.UNSURE
    near(deflected, 0.4)
    assert (d.status[deflected, 4] == 2).all()
    assert (d.n_accepted[deflected] == 1).all()
    near(d.accepted[deflected, 0] == 1, 0.5)  # of the target's 1 and 3
    assert (d.status[deflected, d.accepted[deflected, 0]] == 1).all()
    assert (d.reward[deflected] == d.protocol.rewards.ask_unsure).all()
    assert (d.history[deflected, 0] == Outcome.UNSURE).all()
    assert (d.outcome[~deflected] == Outcome.NO).all()


def test_a_deflection_names_what_the_question_was_not_about_or_nothing():
    d = ask(talks(target=0, given=0, deflects=1.0), 3)  # {0, 3}: nothing else is left to say
    assert (d.outcome[0], d.n_accepted[0], d.status[0, 3]) == (Outcome.UNSURE, 0, 2)
    d = ask(talks(given=0, deflects=1.0, weighting="liking"), 3)
    assert named(d) == [1]


def test_who_does_not_know_does_not_deflect_and_facets_are_not_yes_or_no():
    assert ask(talks(given=0, deflects=1.0, dont_know=1.0), 4).n_accepted[0] == 0
    d = ask(talks(given=0, deflects=1.0, protocol={"question": "facet"}), 1)
    assert (d.outcome[0], named(d)) == (Outcome.YES, [3])


# ---- leaving -------------------------------------------------------------------------------------


def test_a_user_leaves_at_the_last_question_that_they_bear_whatever_they_answer():
    d = talks(given=0, question_patience=2)
    show(d, 5)
    assert (ask(d, 1).outcome[0], d.left[0]) == (Outcome.YES, 0)
    assert (ask(d, 3).outcome[0], d.left[0], d.terminated[0]) == (Outcome.YES, 1, 1)
    assert d.reward[0] == pytest.approx(d.protocol.rewards.ask_yes + d.protocol.rewards.leave)


def test_lists_that_are_refused_make_a_user_leave_the_more_the_more_there_were():
    d = talks(6000, given=0, bad_list_hazard=0.1, bad_list_rise=0.45)
    for share in (0.1, 0.55, 1.0):
        running = d.done == 0
        show(d, 5)
        near(d.left[running] > 0, share)
    assert (d.done > 0).all()


def test_a_question_is_no_bad_list_and_a_hit_is_none():
    d = talks(given=0, bad_list_hazard=1.0, acceptable=2, takes=2)
    assert not ask(d, 4).left[0]
    assert not show(d, 0).left[0]
    assert show(d, 5).left[0]
