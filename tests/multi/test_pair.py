"""`recosim.multi.pair_v0`: recommender and user as two players, by PettingZoo's tests and ours."""

from __future__ import annotations

import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest

from recosim.acts import Answer, Leave, React, Verb
from recosim.agents.registry import make_agent
from recosim.errors import IllegalActionError, OptionError, StateError, UnknownNameError

pettingzoo = pytest.importorskip("pettingzoo", reason="the extra [marl] is not installed")

from recosim.multi import pair_v0  # noqa: E402

NAMES = [
    "CPR-LastFM-Small",
    "Critique-LastFM-Small",
    "RecoWorld-LastFM-Small",
    "ConvSim-LastFM-Small",
]
# Beside the usual users: those who add, criticise, forget, err, take several and leave.
CASES = [
    ("CPR-LastFM-Small", {"users": "typical"}),
    ("CPR-LastFM-Small", {"users": "chatty", "feedback": "edit"}),
    ("CPR-LastFM-Small", {"users": "human_music"}),
    ("CPR-LastFM-Small", {"protocol": "mcmipl", "users": "qulac", "takes": 2}),
    ("EAR-Yelp-Small", {"users": "helpful", "answer_noise": 0.2}),
    ("Critique-LastFM-Small", {"users": "seeker_random"}),
    ("Critique-LastFM-Small", {"users": "human_music", "inquiries": "turn", "asks_about": 0.5}),
    ("RecoWorld-LastFM-Small", {"users": "typical"}),
    ("RecoWorld-LastFM-Small", {"users": "vocal", "feedback": "edit"}),
    ("ConvSim-LastFM-Small", {"users": "typical"}),
    ("ConvSim-LastFM-Small", {"users": "random_terms", "feedback": "edit", "named_terms": 3}),
    ("ConvSim-LastFM-Small", {"feedback": "none", "satisfied_share": 0.4, "patience": 4}),
    ("ConvSim-LastFM-Small", {"feedback": "unary", "answer_noise": 0.2, "examination": 0.6}),
]
# What PettingZoo says of every environment with masks in its observations but those of a list of
# its own names, and of players whose views differ, as these do.
OURS = (
    "Observation is not a NumPy array",
    "Observation space for each agent probably should be",
    "Agents have different observation space sizes",
)


def quietly():
    """Warnings are errors, but for those three."""
    caught = warnings.catch_warnings()
    caught.__enter__()
    warnings.simplefilter("error")
    for message in OURS:
        warnings.filterwarnings("ignore", message=message)
    return caught


@pytest.fixture
def strictly():
    caught = quietly()
    yield
    caught.__exit__(None, None, None)


def plain(name, arguments, episodes=2, seed=3, choose=None):
    """Traces of the Gymnasium environment, under random legal moves or an agent's."""
    env = gym.make(
        f"recosim/{name}-v0", render_mode="ansi", illegal="penalise", **arguments
    ).unwrapped
    luck, found = np.random.default_rng(seed), []
    for episode in range(episodes):
        _, info = env.reset(seed=None if episode else seed)
        ended = False
        while not ended:
            action = luck.choice(np.flatnonzero(info["action_mask"]))
            _, _, terminated, truncated, info = env.step(action)
            ended = terminated or truncated
        found.append(env.trace().table)
    return found


def play(env, luck, answer=None, recommend=None):
    """One episode; the sums of the rewards of both, and the number of steps."""
    totals, steps = dict.fromkeys(env.possible_agents, 0.0), 0
    for agent in env.agent_iter():
        observation, reward, terminated, truncated, info = env.last()
        totals[agent] += reward
        action = None
        if not (terminated or truncated):
            steps += 1
            assert (observation["action_mask"] == info["action_mask"]).all()
            chooser = answer if agent == "user_0" else recommend
            legal = np.flatnonzero(info["action_mask"])
            action = luck.choice(legal) if chooser is None else chooser(observation, info)
        env.step(action)
    return totals, steps


def suggested(observation, info):
    assert info["action_mask"][info["suggestion"]] == 1
    return info["suggestion"]


# ---- the same conversations ----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_answers_of_the_rule_user_give_the_trace_of_the_environment(name, arguments):
    env = pair_v0.raw_env(name=name, render_mode="ansi", **arguments)
    luck = np.random.default_rng(3)
    for episode, expected in enumerate(plain(name, arguments)):
        env.reset(seed=None if episode else 3)
        totals, _ = play(env, luck, suggested)
        assert env.trace().table.equals(expected)
        assert totals["recommender_0"] == pytest.approx(
            sum(expected["reward"].to_pylist()), abs=1e-4
        )
        assert totals["user_0"] == pytest.approx(env.env.batch.arrays["utility"][0])


@pytest.mark.parametrize("name", NAMES)
def test_a_user_left_to_the_rule_or_to_a_function_gives_it_too(name):
    (expected,) = plain(name, {"users": "typical"}, episodes=1)
    for left in ({}, {"user": "rule"}, {"user": suggested}):
        env = pair_v0.raw_env(
            name=name, players="recommender", render_mode="ansi", users="typical", **left
        )
        env.reset(seed=3)
        play(env, np.random.default_rng(3))
        assert env.trace().table.equals(expected)


def test_a_recommender_left_to_an_agent_makes_its_moves():
    name, agent = "CPR-LastFM-Small", make_agent("max_entropy")
    env = gym.make(f"recosim/{name}-v0", render_mode="ansi", users="typical").unwrapped
    env.reset(seed=4)
    agent.bind(env.batch)
    agent.reset(np.ones(1, dtype=bool))
    ended = False
    while not ended:
        code = agent.act().to_flat(env.batch.n_askables)[0]
        _, _, terminated, truncated, _ = env.step(code)
        agent.observe(np.ones(1, dtype=bool))
        ended = terminated or truncated
    for who in (None, "max_entropy", make_agent("max_entropy")):
        pair = pair_v0.raw_env(
            name=name, players=["user"], recommender=who, users="typical", render_mode="ansi"
        )
        pair.reset(seed=4)
        assert pair.agents == ["user_0"]
        play(pair, np.random.default_rng(0), suggested)
        assert pair.trace().table.equals(env.trace().table)


def test_a_recommender_left_to_a_function_sees_what_a_player_would():
    seen = []

    def first_legal(observation, info):
        seen.append(observation)
        return int(np.flatnonzero(info["action_mask"])[0])

    env = pair_v0.raw_env(name="CPR-LastFM-Small", players="user", recommender=first_legal)
    both = pair_v0.raw_env(name="CPR-LastFM-Small")
    env.reset(seed=2)
    play(env, np.random.default_rng(0), suggested)
    assert all(both.observation_space("recommender_0").contains(each) for each in seen)
    assert len(seen) > 2


def test_a_user_may_answer_in_typed_acts():
    def patient(observation, info):
        if observation["observation"]["verb"][0] == Verb.ASK:
            return (Answer("unsure"),)
        return (React(None), Leave("impatient"))

    env = pair_v0.raw_env(name="CPR-LastFM-Small", players="recommender", user=patient)
    env.reset(seed=1)
    recommend = env.env.batch.n_askables
    env.step(0 if env.infos["recommender_0"]["action_mask"][0] else recommend)
    env.step(recommend)
    assert env.terminations == {"recommender_0": True}
    assert env.env.batch.arrays["left"][0] == 1


# ---- PettingZoo's own tests ----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_api_is_kept(name, strictly, capsys):
    from pettingzoo.test import api_test

    api_test(pair_v0.env(name=name, render_mode="ansi"), num_cycles=60)
    assert "Passed API test" in capsys.readouterr().out


@pytest.mark.parametrize("players", ["recommender", "user"])
def test_the_api_is_kept_with_one_player(players, strictly, capsys):
    from pettingzoo.test import api_test

    api_test(pair_v0.env(name="CPR-LastFM-Small", players=players), num_cycles=60)
    assert "Passed API test" in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_give_equal_episodes(name, strictly):
    from pettingzoo.test import parallel_seed_test, seed_test

    # Two of them are made by each: they share world and estimator.
    seed_test(lambda: pair_v0.env(name=name), num_cycles=60)
    parallel_seed_test(lambda: pair_v0.parallel_env(name=name), num_cycles=40)


@pytest.mark.parametrize("name", ["CPR-LastFM-Small", "ConvSim-LastFM-Small"])
def test_the_parallel_form_is_kept(name, strictly, capsys):
    from pettingzoo.test import parallel_api_test

    parallel_api_test(pair_v0.parallel_env(name=name), num_cycles=60)
    assert "Passed Parallel API test" in capsys.readouterr().out


def test_it_is_registered():
    if not hasattr(pettingzoo, "make"):
        pytest.skip("PettingZoo registers environments from version 1.27 on")
    env = pettingzoo.make("aec", "recosim/pair-v0", name="CPR-LastFM-Small")
    env.reset(seed=1)
    assert env.agent_selection == "recommender_0"
    assert pettingzoo.spec("aec", "recosim/pair-v0").entry_point == "recosim.multi.pair_v0:env"


# ---- masks, illegal actions, malformed ones ------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_only_who_acts_has_legal_actions_and_all_have_once_it_ended(name):
    env = pair_v0.raw_env(name=name)
    env.reset(seed=5)
    luck = np.random.default_rng(5)
    for _ in range(40):
        if not env.agents or env.terminations[env.agent_selection]:
            break
        for agent in env.agents:
            seen = env.observe(agent)
            assert env.observation_space(agent).contains(seen)
            assert seen["action_mask"].any() == (agent == env.agent_selection)
        agent = env.agent_selection
        # Sampling without a mask draws what is legal.
        action = env.action_space(agent).sample()
        assert env.infos[agent]["action_mask"][action] == 1
        env.step(luck.choice(np.flatnonzero(env.infos[agent]["action_mask"])))


def illegal_code(env):
    return int(np.flatnonzero(env.infos["user_0"]["action_mask"] == 0)[0])


def test_an_illegal_code_costs_and_ends_the_answer():
    env = pair_v0.raw_env(name="CPR-LastFM-Small")
    env.reset(seed=1)
    env.step(env.env.batch.n_askables)
    assert env.agent_selection == "user_0"
    env.step(illegal_code(env))
    assert env.rewards["user_0"] == pytest.approx(-0.1)
    assert env.agent_selection == "recommender_0"
    assert env.env.batch.arrays["verb"][0] == Verb.RECOMMEND
    assert env.env.batch.arrays["rank"][0] == 0  # nothing said refuses the list


def test_an_illegal_action_is_refused_where_it_is_to_be():
    env = pair_v0.raw_env(name="CPR-LastFM-Small", illegal="raise")
    env.reset(seed=1)
    with pytest.raises(IllegalActionError, match="reflect"):
        env.step(env.env.batch.n_askables + 1)
    env.step(env.env.batch.n_askables)
    with pytest.raises(IllegalActionError, match="cannot come now"):
        env.step(illegal_code(env))
    assert env.agent_selection == "user_0"
    env.step(env.infos["user_0"]["suggestion"])


JUNK = (
    *(None, "ask", 1.5, float("nan"), -1, 10**9, -(2**63), 2**70, True, np.bool_(True), b"0"),
    *([], [0], {}, {"verb": 0}, (1, 2), object()),
    *(np.array([1, 2]), np.array(1.0), np.float32(1)),
)


def malformed(n):
    """Malformed actions to both, in each family; nothing changes, and the episode goes on."""
    luck = np.random.default_rng(9)
    for name in NAMES:
        env = pair_v0.raw_env(name=name)
        env.reset(seed=9)
        for _ in range(n // len(NAMES) // 10):
            for _ in range(10):
                wrong = JUNK[luck.integers(len(JUNK))]
                before = env.agent_selection, env.env.batch.arrays["step"][0], len(env.player.said)
                with pytest.raises(IllegalActionError):
                    env.step(wrong)
                after = env.agent_selection, env.env.batch.arrays["step"][0], len(env.player.said)
                assert before == after
            env.step(env.action_space(env.agent_selection).sample())
            if env.terminations[env.agent_selection] or env.truncations[env.agent_selection]:
                env.reset()


def test_malformed_actions_change_nothing():
    malformed(2_000)


@pytest.mark.slow
def test_many_malformed_actions_change_nothing():
    malformed(100_000)


# ---- calls out of turn, bad input, saving --------------------------------------------------------


def test_calls_out_of_turn_say_what_to_do():
    env = pair_v0.raw_env(name="CPR-LastFM-Small")
    with pytest.raises(StateError, match="no agent is left, or there was no reset"):
        env.step(0)
    env.reset(seed=1)
    env.step(env.env.batch.n_askables)
    env.step(env.player.codes.of("leave"))
    assert env.terminations == {"recommender_0": True, "user_0": True}
    with pytest.raises(StateError, match="has ended and takes no action but None"):
        env.step(0)
    env.step(None)
    assert len(env.agents) == 1
    env.step(None)
    assert env.agents == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": "CPR-LastFN"}, UnknownNameError, "Did you mean 'CPR-LastFM'"),
        ({"players": "users"}, UnknownNameError, "Did you mean 'user'"),
        ({"players": ()}, OptionError, "players is empty"),
        ({"user": "rule"}, OptionError, "the user is a player, and 'rule' cannot"),
        ({"recommender": "oracle"}, OptionError, "the recommender is a player"),
        ({"players": "user", "recommender": "max_entrop"}, UnknownNameError, "'max_entropy'"),
        ({"players": "user", "recommender": 3}, OptionError, "recommender is 3"),
        ({"players": "user", "recommender": "static"}, OptionError, "does not fit"),
        ({"players": "recommender", "user": 3}, OptionError, "user is 3"),
        ({"actions": "slate"}, UnknownNameError, "value of actions for pair_v0"),
        ({"observations": "text"}, UnknownNameError, "value of observations"),
        ({"patiense": 3}, UnknownNameError, "Did you mean 'patience'"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        pair_v0.env(**{"name": "CPR-LastFM-Small", **arguments})


def test_an_agent_that_is_no_player_is_unknown():
    env = pair_v0.raw_env(name="CPR-LastFM-Small", players="recommender")
    with pytest.raises(UnknownNameError, match="'user_0'"):
        env.observation_space("user_0")


def test_reset_options_choose_the_episode_and_others_are_ignored():
    env = pair_v0.raw_env(name="CPR-LastFM-Small")
    user, item = (int(x) for x in env.env.batch.units().table[7])
    env.reset(seed=1, options={"episode": {"user": user, "item": item}, "other": 1})
    assert env.env.batch.arrays["user"][0] == user
    assert item in env.observe("user_0")["observation"]["targets"]
    world = env.env.setup.world
    known = {int(v) for s in ("train", "valid", "test") for v in world.split(s).row(user)}
    strange = next(v for v in range(world.n_items) if v not in known)
    with pytest.raises(OptionError, match="never interacted"):
        env.reset(options={"episode": {"user": user, "item": strange}})


@pytest.mark.parametrize("name", NAMES)
def test_a_pickled_episode_goes_on_in_the_middle_of_an_answer(name):
    env = pair_v0.env(name=name, render_mode="ansi")
    env.action_space("user_0").seed(8)
    env.reset(seed=8)
    luck = np.random.default_rng(8)
    for _ in range(100):
        agent = env.agent_selection
        if agent == "user_0" and env.player.said:
            break
        if env.terminations[agent] or env.truncations[agent]:
            env.reset()
            continue
        env.step(luck.choice(np.flatnonzero(env.infos[agent]["action_mask"])))
    assert env.player.said
    again = pickle.loads(pickle.dumps(env))
    for agent in env.agents:
        first, second = env.observe(agent), again.observe(agent)
        assert (first["action_mask"] == second["action_mask"]).all()
        for key, value in first["observation"].items():
            assert np.array_equal(value, second["observation"][key]), key
    for each in (env, again):
        play(each, np.random.default_rng(1))
    assert env.trace().table.equals(again.trace().table)
    env.reset()
    again.reset()
    assert env.action_space("user_0").sample() == again.action_space("user_0").sample()


@pytest.mark.parametrize("left", [{}, {"players": "recommender", "user": suggested}])
def test_users_for_whom_a_model_speaks_are_left_to_it(left):
    with pytest.raises(OptionError, match="'llm_decides' speak through a language model"):
        pair_v0.env(name="CPR-LastFM-Small", users="llm_decides", **left)
