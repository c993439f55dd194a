"""Speed of what learns: fitting an FM, playing trained agents, training PPO on the batched core."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import nn

from recosim.agents.registry import make_agent
from recosim.agents.torch_learner import TorchLearner, one_thread
from recosim.bench.rollout import play_batch
from recosim.bench.setup import prepare_env
from recosim.envs.recorder import Recorder
from recosim.envs.sb3 import make_sb3
from recosim.estimators.registry import estimator
from recosim.estimators.samples import PairSampler
from recosim.world.catalog import open_world


def fm_samples_per_second(seconds: float) -> tuple[float, float]:
    """Samples/s of the estimator `fm`, and of one sample at a time through autograd.

    Both train the two objectives on the generated LastFM-style world with 64 dimensions.
    """
    world = open_world("lastfm")
    samples = 100_000
    started = time.perf_counter()
    estimator("fm", max_samples=samples).fit(world)
    ours = samples / (time.perf_counter() - started)

    drawn = PairSampler(world, 8, 0).epoch()
    users, items = nn.Embedding(world.n_users, 64), nn.Embedding(world.n_items, 64)
    attributes = nn.Embedding(world.n_attributes + 1, 64, padding_idx=world.n_attributes)
    bias = nn.Embedding(world.n_items, 1)
    optimiser = torch.optim.Adagrad(
        [p for table in (users, items, attributes, bias) for p in table.parameters()], lr=0.02
    )
    done, started = 0, time.perf_counter()
    with one_thread():
        while time.perf_counter() - started < seconds:
            k = done % len(drawn.user)
            query = users(torch.tensor(drawn.user[k])) + attributes(
                torch.from_numpy(drawn.known[k])
            ).sum(0)
            shown = torch.tensor([drawn.item[k], drawn.other[k], max(drawn.candidate[k], 0)])
            scores = items(shown) @ query + bias(shown)[:, 0]
            pair = attributes(torch.tensor([drawn.attribute[k], drawn.not_attribute[k]])) @ query
            margins = torch.stack([scores[0] - scores[1], scores[0] - scores[2], pair[0] - pair[1]])
            loss = -nn.functional.logsigmoid(margins).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            done += 1
    return ours, done / (time.perf_counter() - started)


def evaluation_seconds(name: str) -> tuple[float, int]:
    """Seconds to play every test conversation of the LastFM-style world, and how many those are.

    The weights are those that a training begins with: they cost what trained ones cost.
    """
    env = prepare_env("CPR-LastFM")
    agent = make_agent(name, env.name)
    assert isinstance(agent, TorchLearner)
    dialogues = env.setup.batch(4096, track=agent.track)
    agent.bind(dialogues)
    agent.start(0)
    recorder = Recorder(dialogues)
    seconds = 0.0
    with one_thread():
        for warm in (True, False):  # the first batch compiles
            started = time.perf_counter()
            rows = env.conversations[:64] if warm else env.conversations
            for start in range(0, len(rows), 4096):
                chosen = rows[start : start + 4096]
                play_batch(dialogues, agent, env.units, chosen, 0, recorder)
                recorder.clear()
            seconds = time.perf_counter() - started
    return seconds, len(env.conversations)


def share_of_environment(steps: int = 60_000, conversations: int = 256) -> tuple[float, float]:
    """Seconds in the environment and in all, of PPO training on 256 conversations."""
    from stable_baselines3 import PPO

    env = make_sb3("CPR-LastFM", n_envs=conversations, seed=0)
    model = PPO("MultiInputPolicy", env, n_steps=32, batch_size=1024, n_epochs=4, device="cpu")
    inside = 0.0
    step: Callable[[], object] = env.step_wait

    def timed() -> object:
        nonlocal inside
        started = time.perf_counter()
        result = step()
        inside += time.perf_counter() - started
        return result

    with one_thread():
        model.learn(conversations * 32)
        env.step_wait = timed  # type: ignore[method-assign]
        started = time.perf_counter()
        model.learn(steps)
        whole = time.perf_counter() - started
    return inside, whole
