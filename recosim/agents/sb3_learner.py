"""`SB3Learner`: PPO, DQN and MaskablePPO of stable-baselines3 as agents of the bench.

Importing this module imports stable-baselines3 and torch (extra `[sb3]`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from gymnasium.vector import AutoresetMode

from recosim.acts import Moves
from recosim.agents.learner import Arrays, Learner
from recosim.envs.options import check_observe, check_option
from recosim.errors import CheckpointError, MissingExtraError, OptionError, unknown
from recosim.family import family

try:
    import torch
    from sb3_contrib import MaskablePPO
    from stable_baselines3 import DQN, PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger

    from recosim.envs.sb3 import SB3VecEnv, learnable
except ImportError as error:
    raise MissingExtraError("stable-baselines3", "sb3", "an agent of stable-baselines3") from error

__all__ = ["SB3Learner"]

ALGORITHMS = {"ppo": PPO, "maskable_ppo": MaskablePPO, "dqn": DQN}
# Askables up to which `actions = "auto"` learns which one to ask, and `observe = "auto"` shows all.
FEW = 64


class SB3Learner(Learner):
    """A policy of stable-baselines3 (Raffin et al. 2021) or sb3-contrib on the batched core.

    Each round begins with new conversations and with generators seeded by the seed and the round,
    collects `rollouts` rollouts of `batch` times `n_steps` moves and learns from them; the
    generators that the libraries share with the process are put back afterwards. Conversations that
    a round has begun and not ended are dropped: those of the last few of its moves.

    PPO and DQN know no masks: illegal moves are penalised in training, and out of training the best
    legal action is taken. Out of training all of them take the likeliest action, or that of the
    highest value.

    Where the turn is observed, the turn limit is an end: nothing is bootstrapped from the state
    behind it, which no conversation ever reaches.

    Args:
        rounds, batch: see `Learner`.
        algorithm: "ppo", "maskable_ppo" or "dqn".
        rollouts: rollouts of a round.
        n_steps: moves of each conversation in a rollout.
        actions: "flat", every question is an action; "verb", ask the best, recommend or reflect;
            "auto", flat up to 64 askables.
        observe: keys of the observation, or "auto": up to 64 askables all of which policies can be
            made, above that the narrow ones (of CPR turn, history, candidates and mask).
        epsilon_start, epsilon_end, epsilon_decay: random moves of DQN: the share falls
            exponentially, by a factor of e every `epsilon_decay` of the training.
        options: arguments of the algorithm's class.
    """

    track = True
    version = 2
    usual: ClassVar[Mapping[str, Any]] = {"options": {}}

    def __init__(
        self,
        *,
        algorithm: str,
        rounds: int = 60,
        batch: int = 256,
        rollouts: int = 1,
        n_steps: int = 28,
        actions: str = "auto",
        observe: Sequence[str] | str = "auto",
        epsilon_start: float = 1.0,
        epsilon_end: float = 0.05,
        epsilon_decay: float = 0.2,
        options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(rounds=rounds, batch=batch)
        if algorithm not in ALGORITHMS:
            raise unknown("algorithm", algorithm, ALGORITHMS)
        check_option("actions", actions, ("auto", "flat", "verb"))
        for name, value in (("rollouts", rollouts), ("n_steps", n_steps)):
            if not isinstance(value, int) or value < 1:
                raise OptionError(f"{name} is {value!r}; a whole number from 1 is needed.")
        self.algorithm, self.rollouts, self.n_steps = algorithm, rollouts, n_steps
        self.actions, self.observe_keys = actions, observe
        self.epsilon_start, self.epsilon_end = epsilon_start, epsilon_end
        self.epsilon_decay = epsilon_decay
        self.options = dict(options or {})
        self._model: Any = None
        self._env: SB3VecEnv | None = None

    def settings(self) -> dict[str, Any]:
        names = "rounds batch algorithm rollouts n_steps actions options"
        if self.algorithm == "dqn":
            names += " epsilon_start epsilon_end epsilon_decay"
        keys = self.observe_keys
        listed = keys if isinstance(keys, str) else list(keys)
        return self.named_settings(names.split()) | {"observe": listed}

    # ---- what it sees and does ------------------------------------------------------------------

    def bind(self, batch: Any) -> None:
        super().bind(batch)
        few = batch.n_askables <= FEW
        self._view = self.actions if self.actions != "auto" else ("flat" if few else "verb")
        observer = family(batch.family).load("observer")
        keys = self.observe_keys
        if keys == "auto":
            keys = learnable(observer.KEYS if few else observer.NARROW)
        self._keys = check_observe(keys, observer.KEYS)
        self._observer = observer(batch, self._keys, self._view)
        if self._model is None:
            self._make(conversations=1, seed=0)

    def act(self) -> Moves:
        self.need_weights()
        d = self.batch
        observation = {key: np.array(value) for key, value in self._observer.observation().items()}
        legal = torch.from_numpy(self._observer.mask() > 0)
        policy = self._model.policy
        policy.set_training_mode(False)
        with torch.no_grad():
            tensors, _ = policy.obs_to_tensor(observation)
            if self.algorithm == "dqn":
                values = policy.q_net(tensors)
            else:
                values = policy.get_distribution(tensors).distribution.logits
        actions = values.masked_fill(~legal, -torch.inf).argmax(1).numpy()
        if self._view == "verb":
            return Moves.from_verbs(actions, d.verbs)
        return Moves.from_flat(actions, d.n_askables, verbs=d.verbs, reasons=d.n_reasons)

    # ---- training -------------------------------------------------------------------------------

    def start(self, seed: int) -> None:
        super().start(seed)
        self._make(conversations=self.batch.size, seed=seed)

    def train_round(self, number: int) -> dict[str, float]:
        assert self._env is not None
        assert self.seed is not None
        rows, model = self.batch.size, self._model
        steps = self.rollouts * self.n_steps * rows
        watch = _Watch(self._env)
        with _own_luck(self.seed * 1_000_003 + number):
            # Row i of round k has a key of its own: no conversation comes twice in a training.
            self._env.seed((self.seed << 40) + number * rows)
            model.action_space.seed(number)
            model._last_obs = None  # the next call resets the environment
            # Without a logger of its own, each call makes a temporary folder and leaves it.
            model.set_logger(Logger(folder=None, output_formats=[]))
            model.num_timesteps = number * steps
            if self.algorithm == "dqn":
                fade = float(np.exp(-number / (self.epsilon_decay * self.rounds)))
                share = self.epsilon_end + (self.epsilon_start - self.epsilon_end) * fade
                model.exploration_schedule = lambda remaining: share
            model.learn(steps, callback=watch, reset_num_timesteps=False)
        return watch.metrics() | _logged(model)

    def _make(self, conversations: int, seed: int) -> None:
        """The model and its environment, with new weights."""
        d = self.batch
        env = family(d.family).load("vector_env")(
            conversations,
            world=d.world,
            protocol=d.protocol,
            estimator=d.vectors,
            users=d.users,
            split=d.split,
            actions=self._view,
            observe=self._keys,
            illegal="raise" if self.algorithm == "maskable_ppo" else "penalise",
            autoreset_mode=AutoresetMode.DISABLED,
            infos=False,
            copy=False,
            threads=d.threads,
        )
        self._env = SB3VecEnv(env, limit_ends="turn" in self._keys)
        options = dict(self.options)
        if self.algorithm != "dqn":
            options["n_steps"] = self.n_steps
            # A part of the rollout, so that no minibatch is cut short. A model that only acts is
            # made for one conversation, and never collects.
            rollout = self.n_steps * conversations
            most = min(int(options.get("batch_size", 1024)), rollout)
            options["batch_size"] = next(n for n in range(most, 0, -1) if rollout % n == 0)
        else:
            options.setdefault("train_freq", 1)
            if conversations == 1:
                options["buffer_size"] = 1
        with _own_luck(seed):
            kind = ALGORITHMS[self.algorithm]
            self._model = kind("MultiInputPolicy", self._env, device="cpu", seed=seed, **options)

    # ---- what was learned -----------------------------------------------------------------------

    def weights(self) -> Arrays:
        state = self._model.policy.state_dict()
        return {f"policy.{name}": value.numpy().copy() for name, value in state.items()}

    def take_weights(self, weights: Arrays) -> None:
        values = {}
        for name, value in self._model.policy.state_dict().items():
            given = weights.get(f"policy.{name}")
            if given is None or given.shape != tuple(value.shape):
                found = "missing" if given is None else f"of shape {given.shape}"
                raise CheckpointError(
                    f"policy.{name} is {found}, shape {tuple(value.shape)} is needed; the "
                    "checkpoint is of another world, protocol or settings."
                )
            values[name] = torch.from_numpy(given.copy())
        self._model.policy.load_state_dict(values)

    def training_state(self) -> Arrays:
        from recosim.agents.torch_learner import optimiser_arrays

        state = optimiser_arrays("optimiser", self._model.policy.optimizer)
        if self.algorithm == "dqn":
            state |= _replay_arrays(self._model.replay_buffer)
            state["updates"] = np.array(self._model._n_updates)
            state["calls"] = np.array(self._model._n_calls)
            target = self._model.policy.q_net_target.state_dict()
            state |= {f"target.{name}": value.numpy().copy() for name, value in target.items()}
        return state

    def set_training_state(self, state: Arrays) -> None:
        from recosim.agents.torch_learner import load_optimiser

        load_optimiser("optimiser", self._model.policy.optimizer, state)
        if self.algorithm == "dqn":
            _load_replay(self._model.replay_buffer, state)
            self._model._n_updates = int(state["updates"])
            self._model._n_calls = int(state["calls"])
            target = {
                name: torch.from_numpy(np.array(state[f"target.{name}"]))
                for name in self._model.policy.q_net_target.state_dict()
            }
            self._model.policy.q_net_target.load_state_dict(target)


class _Watch(BaseCallback):
    """Scores of the first episode of each row of a round.

    Rows that hit early begin another one, which only counts if it ends in time: all that end would
    be too many short ones, and too many hits.
    """

    def __init__(self, env: SB3VecEnv) -> None:
        super().__init__()
        self.env = env
        self.ended: set[int] = set()
        self.scores: dict[str, list[float]] = {}

    def _on_step(self) -> bool:
        rows = [row for row, info in enumerate(self.locals["infos"]) if info]
        for place, row in enumerate(rows):
            if row not in self.ended:
                self.ended.add(row)
                for name, values in self.env.logged.items():
                    self.scores.setdefault(name, []).append(values[place])
        return True

    def metrics(self) -> dict[str, float]:
        return {name: float(np.mean(values)) for name, values in self.scores.items()}


def _logged(model: Any) -> dict[str, float]:
    """The loss of the last update, if there was one."""
    value = model.logger.name_to_value.get("train/loss")
    return {} if value is None else {"loss": float(value)}


@contextmanager
def _own_luck(seed: int) -> Iterator[None]:
    """The global generators, which the libraries use, seeded inside and as they were outside."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


def _replay_arrays(buffer: Any) -> Arrays:
    held = buffer.buffer_size if buffer.full else buffer.pos
    state = {
        f"replay.{name}": getattr(buffer, name)[:held].copy()
        for name in ("actions", "rewards", "dones", "timeouts")
    }
    for name in ("observations", "next_observations"):
        for key, array in getattr(buffer, name).items():
            state[f"replay.{name}.{key}"] = array[:held].copy()
    return state | {"replay.pos": np.array(buffer.pos), "replay.full": np.array(buffer.full)}


def _load_replay(buffer: Any, state: Arrays) -> None:
    buffer.pos, buffer.full = int(state["replay.pos"]), bool(state["replay.full"])
    held = buffer.buffer_size if buffer.full else buffer.pos
    for name in ("actions", "rewards", "dones", "timeouts"):
        getattr(buffer, name)[:held] = state[f"replay.{name}"]
    for name in ("observations", "next_observations"):
        for key, array in getattr(buffer, name).items():
            array[:held] = state[f"replay.{name}.{key}"]
