"""Moves that are typed and conversations that are read: `actions="text"`, `observations="text"`."""

from __future__ import annotations

import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import recosim  # noqa: F401
from recosim.acts import (
    Answer,
    Courtesy,
    Critique,
    Edit,
    Inquire,
    Instruct,
    Leave,
    Level,
    Moves,
    Note,
    Outcome,
    React,
    Request,
)
from recosim.envs.cpr.acts import last_move, user_acts, write_answer
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.errors import IllegalActionError, OptionError

SMALL = ["CPR-LastFM-Small", "CPR-Yelp-Small", "EAR-Yelp-Small", "Critique-LastFM-Small"]


def make(name="CPR-LastFM-Small", **arguments):
    given = {"actions": "text", "observations": "text", **arguments}
    return gym.make(f"recosim/{name}-v0", disable_env_checker=True, **given)


def play(env, choose, seed=0):
    """(observations, rewards) of one conversation."""
    observation, _ = env.reset(seed=seed)
    seen, rewards, ended = [observation], [], False
    while not ended:
        observation, reward, terminated, truncated, _ = env.step(choose(env))
        seen.append(observation)
        rewards.append(reward)
        ended = terminated or truncated
    return seen, rewards


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("views", [("text", "text"), ("flat", "text"), ("text", "dict")])
def test_the_checker_of_gymnasium_passes(name, views):
    check_env(make(name, actions=views[0], observations=views[1]).unwrapped)


@pytest.mark.parametrize("name", SMALL)
def test_sampled_lines_are_understood_and_legal(name):
    env = make(name)
    env.action_space.seed(0)
    for seed in range(4):
        env.reset(seed=seed)
        ended = False
        while not ended:
            line = env.action_space.sample()
            _, _, terminated, truncated, info = env.step(line)
            assert info["understood"], line
            ended = terminated or truncated


@pytest.mark.parametrize("name", SMALL)
def test_a_line_does_what_its_number_does(name):
    """The same moves, typed and as numbers, give the same rewards, candidates and ends."""
    typed, flat = make(name), make(name, actions="flat", observations="dict")
    typed.action_space.seed(1)
    typed.reset(seed=3)
    flat.reset(seed=3)
    ended = False
    while not ended:
        line = typed.action_space.sample()
        decoded = typed.unwrapped._spoken._text.decode(0, line)
        assert decoded.items is None
        mine, theirs = typed.step(line), flat.step(decoded.code)
        assert mine[1:4] == theirs[1:4]
        assert mine[4]["candidates"] == theirs[4]["candidates"]
        assert list(mine[4]["shown_items"]) == list(theirs[4]["shown_items"])
        ended = mine[2] or mine[3]


def test_a_conversation_can_be_played_from_what_is_read():
    """Asks what the text offers first, shows what it offers once few candidates are left."""
    found = 0

    def reader(env):
        text = env.unwrapped._observation()
        offers = dict(line.split(": ", 1) for line in text.splitlines()[-4:] if ": " in line)
        questions = offers.get("Ask, for instance", "").rstrip(".").split("; ")
        few = int(text.rpartition("Candidates: ")[2].split(".")[0]) <= 10
        return "recommend" if few or not questions[0] else f"Do you want {questions[0]}?"

    env = make()
    for seed in range(8):
        seen, rewards = play(env, reader, seed)
        found += rewards[-1] == 1.0
        assert seen[0].startswith("user: ")
        assert seen[-1].endswith("The conversation has ended.")
    assert found >= 2


def test_what_is_not_understood_is_asked_back_then_counts_as_illegal():
    env = make(illegal="penalise")
    env.reset(seed=1)
    for _ in range(2):
        text, reward, terminated, truncated, info = env.step("mumble mumble")
        assert (reward, terminated, truncated, info["understood"]) == (0.0, False, False, False)
        assert set(info["reward_terms"].values()) == {0.0}
        assert "Moves left: 14." in text
        assert "?" in text
    text, reward, _, _, info = env.step("mumble mumble")
    assert reward == info["reward_terms"]["illegal"] < 0
    assert "Moves left: 13." in text
    strict = make()
    strict.reset(seed=1)
    strict.step("mumble")
    strict.step("mumble")
    with pytest.raises(IllegalActionError, match="not understood"):
        strict.step("mumble")


@pytest.mark.parametrize("line", [7, None, "x" * 5000, b"ask"])
def test_what_is_no_line_is_refused(line):
    env = make()
    env.reset(seed=1)
    with pytest.raises(IllegalActionError, match="text"):
        env.step(line)


def test_the_words_are_in_the_trace_and_survive_a_pickle():
    env = make(render_mode="ansi")
    env.reset(seed=2)
    env.step("Do you like jazz, my friend?")
    row = env.unwrapped.trace().table.to_pylist()[1]
    assert row["told"] == "Do you like jazz, my friend?"
    assert row["said"]
    other = pickle.loads(pickle.dumps(env.unwrapped))
    assert other._observation() == env.unwrapped._observation()
    assert other.step("recommend")[0] == env.unwrapped.step("recommend")[0]


@pytest.mark.parametrize("style", ["terse", "chatty"])
def test_users_talk_in_the_style_of_their_population(style):
    talks = [play(make(users=users), lambda env: "recommend")[0] for users in ("ideal", style)]
    assert talks[0][0] != talks[1][0]


# ---- answers of outsiders ------------------------------------------------------------------------


def posed(action=None, **setup):
    parts = Setup.prepare("cpr", **{"world": "lastfm-small", "split": "test", **setup})
    d = parts.batch(1)
    d.open(seeds=[0], conversations=[0])
    n = d.n_askables
    legal = np.flatnonzero(d.legal_actions()[0][:n])
    d.pose(Moves.from_flat([n if action == "list" else legal[0]], n))
    return d


def test_an_answer_from_outside_is_read_back_as_what_it_was():
    for acts in (
        (Answer("no"),),
        (Answer("unsure"),),
        (Answer("no", also=(5,)),),
        (Answer("no"), Leave("impatient")),
    ):
        d = posed()
        write_answer(d, 0, acts)
        assert user_acts(last_move(d, 0)) == acts
    d = posed()
    asked = tuple(last_move(d, 0)["asked"])
    write_answer(d, 0, (Answer("yes"),))
    assert user_acts(last_move(d, 0)) == (Answer("yes", asked),)
    d = posed("list")
    items = last_move(d, 0)["items"]
    for act in (React(items[2]), React(None)):
        write_answer(d, 0, (act,))
        assert user_acts(last_move(d, 0)) == (act,)
    for wish in (Critique(3, "less"), Instruct("want", (4,)), Edit((4,), (3,))):
        d = posed("list")
        write_answer(d, 0, (wish,))
        assert user_acts(last_move(d, 0)) == (React(None), wish)
        d.settle()
        assert d.arrays["status"][0, 3] == (0 if isinstance(wish, Instruct) else -1)


def test_an_answer_that_does_not_answer_changes_nothing():
    d = posed()
    before = d.state()
    asked = last_move(d, 0)["asked"][0]
    for acts in (
        (),
        (React(None),),
        (Request((1,)),),
        (Answer("yes", (asked + 1,)),),
        (Answer("no"), Answer("yes")),
        (Answer("no", also=(1, 2, 3, 4)),),
    ):
        with pytest.raises(OptionError):
            write_answer(d, 0, acts)
    d2 = posed("list")
    with pytest.raises(OptionError, match="not shown"):
        write_answer(d2, 0, (React(10**6),))
    with pytest.raises(OptionError, match="one thing"):
        write_answer(d2, 0, (Instruct("avoid", (1, 2)),))
    after = d.state()
    assert all((before[name] == after[name]).all() for name in before)


def test_a_mixture_of_acts_is_read_back_as_what_it_was():
    items = last_move(posed("list"), 0)["items"]
    first, second, third, fourth = items[:4]
    for acts in (
        (React(None, notes=((second, Note.LIKED),)),),
        (React(None, notes=((first, Note.LATER), (third, Note.UNKNOWN))), Inquire(fourth)),
        (React(second, ((third, Level.ACCEPT),), ((fourth, Note.SEEN),)), Inquire(first)),
        (React(None), Inquire(None), Critique(3, "less"), Leave("impatient")),
        (React(None, notes=((first, Note.DISLIKED),)), Edit((4, 6), (3,))),
        (React(third), Instruct("want", (4,))),
        (Inquire(second),),
        (Inquire(None),),
    ):
        d = posed("list")
        write_answer(d, 0, acts)
        assert user_acts(last_move(d, 0)) == acts
        recorder = Recorder(d)
        recorder.record()
        assert user_acts(recorder.trace().table.to_pylist()[0]) == acts
        d.settle()


def test_acts_may_come_in_any_order_and_a_politeness_beside_them():
    items = last_move(posed("list"), 0)["items"]
    d = posed("list")
    write_answer(d, 0, (Courtesy(), Instruct("want", (4,)), Inquire(items[1]), Critique(3)))
    assert user_acts(last_move(d, 0)) == (React(None), Inquire(items[1]), Edit((4,), (3,)))
    d = posed("list")
    write_answer(d, 0, (React(items[4], ((items[1], Level.LOVE), (items[2], Level.CLICK))),))
    assert user_acts(last_move(d, 0)) == (React(items[1], ((items[4], Level.ACCEPT),)),)
    d = posed()
    write_answer(d, 0, (Answer("no"), Instruct("want", (5,)), Courtesy("thanks")))
    assert user_acts(last_move(d, 0)) == (Answer("no", also=(5,)),)


def test_what_an_outsider_notes_leaves_and_is_no_part_of_what_was_refused():
    d = posed("list")
    items = last_move(d, 0)["items"]
    write_answer(d, 0, (React(None, notes=((items[0], Note.DISLIKED), (items[3], Note.LATER))),))
    d.settle()
    assert d.shown_last[0, : d.n_shown_last[0]].tolist() == items[1:3] + items[4:]
    assert not set(items) & set(d.candidate_ids(0).tolist())


def test_a_question_alone_leaves_the_list_unjudged():
    d = posed("list")
    before = d.candidate_ids(0).tolist()
    write_answer(d, 0, (Inquire(last_move(d, 0)["items"][0]),))
    d.settle()
    assert (d.outcome[0], d.reward[0], d.turn[0]) == (Outcome.UNSURE, 0.0, 2)
    assert d.candidate_ids(0).tolist() == before


def test_an_outsider_who_takes_more_than_they_would_is_satisfied():
    d = posed("list")
    first, second = last_move(d, 0)["items"][:2]
    write_answer(d, 0, (React(first, ((second, Level.ACCEPT),)),))
    d.settle()
    assert (d.terminated[0], d.n_taken[0]) == (1, 2)
    assert d.utility[0] <= 1


def test_a_mixture_that_means_nothing_changes_nothing():
    d = posed("list")
    before = d.state()
    first = last_move(d, 0)["items"][0]
    for acts, why in (
        ((Courtesy("thanks"),), "politeness"),
        ((React(None, notes=((10**6, Note.SEEN),)),), "not shown"),
        ((React(first, notes=((first, Note.SEEN),)),), "taken and noted"),
        ((React(None, notes=((first, Note.SEEN), (first, Note.LIKED))),), "SEEN and as LIKED"),
        ((Inquire(10**6),), "not shown"),
        ((Inquire(first), Inquire(None)), "one question"),
        ((React(None), React(first)), "one reaction"),
        ((Critique(3), Instruct("avoid", (4,))), "one thing"),
        ((React(None), Request((1,))), "does not answer a list"),
    ):
        with pytest.raises(OptionError, match=why):
            write_answer(d, 0, acts)
    for name, array in d.state().items():
        assert (array == before[name]).all(), name
