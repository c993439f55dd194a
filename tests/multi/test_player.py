"""The user's side as small choices: codes and fields say the same, whoever chooses them."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import toy
from toy import TOY

import recosim
from recosim.envs.player import Codes
from recosim.errors import IllegalActionError, OptionError, StateError
from recosim.family import family

# Every family and form of question, with users who have something to say.
PLAYED = {
    "cpr": ("CPR-LastFM-Small", {"users": "chatty"}),
    "choice": ("CPR-LastFM-Small", {"protocol": "mcmipl", "feedback": "edit", "takes": 2}),
    "facet": ("EAR-Yelp-Small", {"users": "helpful"}),
    "critique": ("Critique-LastFM-Small", {"users": "human_music"}),
    "recoworld": ("RecoWorld-LastFM-Small", {"users": "vocal", "feedback": "edit"}),
    "convsim": ("ConvSim-LastFM-Small", {"users": "helpful", "feedback": "edit"}),
}


def make(name, **arguments):
    env = gym.make(f"recosim/{name}-v0", illegal="penalise", **arguments).unwrapped
    return env, family(env.family).load("player")(env.batch)


def moves(env, luck, episodes):
    """Poses random legal moves; the caller answers, and settles."""
    for _ in range(episodes):
        _, info = env.reset(seed=int(luck.integers(2**31)))
        ended = False
        while not ended:
            env.pose(luck.choice(np.flatnonzero(info["action_mask"])))
            yield
            _, _, terminated, truncated, info = env.settle()
            ended = terminated or truncated


@pytest.mark.parametrize("case", PLAYED)
def test_any_legal_answer_is_one_that_typed_acts_give_too(case):
    """What a player writes is read as acts, and these written again change nothing."""
    name, arguments = PLAYED[case]
    env, player = make(name, **arguments)
    acts, a = family(env.family).load("acts"), env.batch.arrays
    luck, answers = np.random.default_rng(5), 0
    for _ in moves(env, luck, 2 if case == "recoworld" else 12):
        if not player.ask():
            continue
        whole = False
        while not whole:
            legal = np.flatnonzero(player.legal)
            # Ends are rare among the codes; without this no answer would be short.
            whole = player.say(int(legal[0] if luck.random() < 0.3 else luck.choice(legal)))
        player.write()
        answers += 1
        before = {key: array.copy() for key, array in env.batch.row_arrays().items()}
        said = acts.user_acts(acts.last_move(env.batch, 0))
        if said:
            acts.write_answer(env.batch, 0, said)
        for key, array in before.items():
            # Who leaves with this move is counted when it is settled.
            if key not in ("left", "outcome") or case in ("cpr", "choice", "facet", "critique"):
                same = np.array_equal(array, a[key])
                assert same, f"{key} of {player.words()}: {array} becomes {a[key]} by {said}"
        player.rest()
    assert answers > 10


@pytest.mark.parametrize("case", PLAYED)
def test_an_answer_can_be_closed_at_any_point(case):
    """Whoever says nothing more has answered, within what is legal."""
    name, arguments = PLAYED[case]
    env, player = make(name, **arguments)
    luck, answers = np.random.default_rng(6), 0
    for _ in moves(env, luck, 1 if case == "recoworld" else 10):
        if not player.ask():
            continue
        for _ in range(luck.integers(3)):
            code = int(luck.choice(np.flatnonzero(player.legal)))
            if player.codes.meaning(code)[0] not in player.ENDS:
                player.say(code)
        given = len(player.said)
        player.close()
        assert len(player.said) <= given + 3
        assert player.words()[-1][0] == player.ENDS[0]
        player.write()
        answers += 1
    assert answers > 5


@pytest.mark.parametrize("case", PLAYED)
def test_what_the_user_sees_is_of_its_space_and_wants_are_true(case):
    name, arguments = PLAYED[case]
    env, player = make(name, **arguments)
    space, world = player.space(), env.setup.world
    for _ in moves(env, np.random.default_rng(7), 1):
        player.ask()
        seen = player.observation()
        assert space.contains(seen), {k: v for k, v in seen.items() if not space[k].contains(v)}
        if "wants" in seen:
            a = env.batch.arrays
            rows = [world.item_attributes.row(v) for v in a["targets"][0, : a["n_targets"][0]]]
            # Under choice questions all targets answer.
            wanted = rows if env.batch.protocol.question == "choice" else rows[:1]
            assert set(np.flatnonzero(seen["wants"])) == set(np.concatenate(wanted))
        if "need" in seen:
            terms = seen["need"][seen["need"] >= 0].tolist()
            words = env.batch.index.words(terms)
            text = world.topics.needs[int(env.batch.arrays["need"][0])].lower()
            assert terms
            assert sum(word[:4] in text for word in words) >= 0.8 * len(words)
        player.rest()


def test_codes_are_numbered_in_a_row():
    codes = Codes(("done", 1), ("take", 3), ("more", 2))
    assert codes.n == 6
    assert codes.of("take", 2) == 3
    assert [codes.meaning(k) for k in (0, 3, 5)] == [("done", 0), ("take", 2), ("more", 1)]


def test_an_illegal_code_is_named_and_changes_nothing():
    env, player = make("CPR-LastFM-Small")
    env.reset(seed=1)
    env.pose(env.batch.n_askables)  # a list
    assert player.ask()
    with pytest.raises(IllegalActionError, match=r"\(yes 0\) cannot come now; what can: .*take"):
        player.say(player.codes.of("yes"))
    assert player.said == []
    for wrong in (None, "no", 1.0, True, -1, player.n, [1]):
        with pytest.raises(IllegalActionError, match=f"from 0 to {player.n - 1}"):
            player.read(wrong)


def test_halves_of_a_move_come_in_their_order():
    env, _ = make("CPR-LastFM-Small")
    with pytest.raises(StateError, match="pose was called before reset"):
        env.pose(0)
    _, info = env.reset(seed=1)
    with pytest.raises(StateError, match="settle was called without pose"):
        env.settle()
    legal = int(np.flatnonzero(info["action_mask"])[0])
    env.pose(legal)
    for call in (env.pose, env.step):
        with pytest.raises(StateError, match="after pose; call settle first"):
            call(legal)
    env.settle()
    env.reset(seed=1)
    env.pose(legal)
    env.reset(seed=1)  # what was posed is gone with its episode
    env.step(legal)


def test_users_who_talk_answer_for_themselves():
    env = gym.make("recosim/CPR-LastFM-Small-v0", observations="text").unwrapped
    env.reset(seed=1)
    with pytest.raises(OptionError, match="answer within step"):
        env.pose(0)


def test_a_family_from_outside_has_a_player_without_asking_for_one():
    recosim.register_family(TOY)
    luck = np.random.default_rng(3)
    env = toy.ToyEnv(world="lastfm-small", answer_noise=0.3, render_mode="ansi")
    again = toy.ToyEnv(world="lastfm-small", answer_noise=0.3, render_mode="ansi")
    player = TOY.load("player")(env.batch)
    for _ in moves(env, luck, 5):
        if player.ask():
            assert player.space().contains(player.observation())
            while not player.say(player.suggest()):
                pass
            player.write()
            player.rest()
    luck = np.random.default_rng(3)
    for _ in moves(again, luck, 5):
        pass
    assert env.trace().table.equals(again.trace().table)
