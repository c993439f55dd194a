"""`TwoWayDQN`: deep Q-learning of the one choice that is left where questions are chosen by a rule.

Ask or recommend: CRM, EAR and SCPR differ in what they know, and SCPR learns no more than this.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from recosim.acts import Moves
from recosim.agents.cpr.base import CPRAgent
from recosim.agents.learner import Arrays
from recosim.agents.replay import Replay
from recosim.agents.torch_learner import TorchLearner, mlp
from recosim.errors import OptionError

__all__ = ["ASK", "RECOMMEND", "TwoWayDQN"]

ASK, RECOMMEND = 0, 1


class TwoWayDQN(CPRAgent, TorchLearner):
    """Deep Q-learning (Mnih et al. 2015) over two actions; a subclass gives states and questions.

    Conversations run in lockstep: after each move of the whole batch, `updates` gradient steps are
    taken on draws of `sample` transitions from the memory.

    Args:
        rounds, batch: see `Learner`.
        hidden: width of the two hidden layers.
        rate: step size of RMSprop.
        gamma: discount of a move.
        sample: transitions of one gradient step.
        memory: transitions that are kept.
        updates: gradient steps after each move of the batch.
        target_every: gradient steps between two copies into the target network.
        epsilon_start, epsilon_end: share of random choices; it falls exponentially, by a factor of
            e every `epsilon_decay` of the training.
        double: choose the next action by the learning network (van Hasselt et al. 2016).
    """

    def __init__(
        self,
        *,
        rounds: int = 300,
        batch: int = 128,
        hidden: int = 128,
        rate: float = 0.0001,
        gamma: float = 0.999,
        sample: int = 128,
        memory: int = 50_000,
        updates: int = 8,
        target_every: int = 200,
        epsilon_start: float = 0.9,
        epsilon_end: float = 0.05,
        epsilon_decay: float = 0.15,
        double: bool = False,
    ) -> None:
        super().__init__(rounds=rounds, batch=batch)
        for name, value, low, high in (
            ("gamma", gamma, 0.0, 1.0),
            ("epsilon_start", epsilon_start, 0.0, 1.0),
            ("epsilon_end", epsilon_end, 0.0, 1.0),
            ("epsilon_decay", epsilon_decay, 1e-6, 1e6),
            ("rate", rate, 0.0, 10.0),
        ):
            if not low <= value <= high:
                raise OptionError(f"{name} is {value!r}; a number from {low} to {high} is needed.")
        for name, count in (
            ("hidden", hidden),
            ("sample", sample),
            ("memory", memory),
            ("updates", updates),
            ("target_every", target_every),
        ):
            if not isinstance(count, int) or count < 1:
                raise OptionError(f"{name} is {count!r}; a whole number from 1 is needed.")
        if memory < batch:
            raise OptionError(f"memory is {memory}; at least the batch of {batch} is needed.")
        self.hidden, self.rate, self.gamma = hidden, rate, gamma
        self.sample, self.memory, self.updates = sample, memory, updates
        self.target_every, self.double = target_every, double
        self.epsilon_start, self.epsilon_end = epsilon_start, epsilon_end
        self.epsilon_decay = epsilon_decay
        self._replay: Replay | None = None
        self._steps = 0

    # ---- what a subclass gives ------------------------------------------------------------------

    @property
    def state_size(self) -> int:
        raise NotImplementedError

    def states(self) -> NDArray[np.float32]:
        """The state of each row, float32 (B, state_size)."""
        raise NotImplementedError

    def asks(self) -> NDArray[np.int64]:
        """The question that each row would ask, -1 for none; int64 (B,)."""
        raise NotImplementedError

    def slates(self) -> NDArray[np.int32] | None:
        """The items that each row would show; None: the estimator's best."""
        return None

    def rewards(self) -> NDArray[np.floating[Any]]:
        """What the last move of each row is worth; float (B,)."""
        reward: NDArray[np.float64] = self.batch.arrays["reward"]
        return reward

    # ---- playing --------------------------------------------------------------------------------

    def act(self) -> Moves:
        self.need_weights()
        asks = self.asks()
        with torch.no_grad():
            values = self.modules["values"](torch.from_numpy(self.states())).numpy()
        recommend = (values[:, RECOMMEND] >= values[:, ASK]) | (asks < 0)
        return self._moves(recommend, asks)

    def _moves(self, recommend: NDArray[np.bool_], asks: NDArray[np.int64]) -> Moves:
        return Moves.recommend_or_ask(recommend, asks, self.slates())

    # ---- learning -------------------------------------------------------------------------------

    def build(self) -> None:
        self.modules["values"] = mlp(self.state_size, self.hidden, self.hidden, 2)

    def optimise(self) -> None:
        self.training_modules["target"] = mlp(self.state_size, self.hidden, self.hidden, 2)
        self.training_modules["target"].load_state_dict(self.modules["values"].state_dict())
        parameters = self.modules["values"].parameters()
        self.optimisers["values"] = torch.optim.RMSprop(parameters, lr=self.rate)
        state = ((self.state_size,), np.float32)
        fields = {
            "state": state,
            "action": ((), np.int64),
            "reward": ((), np.float32),
            "next": state,
            "ended": ((), np.bool_),
            "can_ask": ((), np.bool_),  # in the next state
        }
        self._replay = Replay(self.memory, fields)
        self._steps = 0

    def extra_state(self) -> Arrays:
        assert self._replay is not None
        return {"steps": np.array(self._steps)} | self._replay.state()

    def set_extra_state(self, state: Arrays) -> None:
        assert self._replay is not None
        self._steps = int(state["steps"])
        self._replay.set_state(state)

    def train_round(self, number: int) -> dict[str, float]:
        assert self._replay is not None
        d = self.batch
        rng = np.random.default_rng([self.seed or 0, number])
        fade = np.exp(-number / (self.epsilon_decay * self.rounds))
        epsilon = self.epsilon_end + (self.epsilon_start - self.epsilon_end) * fade
        losses: list[float] = []
        self.open_round(number)
        running = d.arrays["done"] == 0
        states, asks = self.states(), self.asks().copy()
        while running.any():
            with torch.no_grad():
                values = self.modules["values"](torch.from_numpy(states)).numpy()
            recommend = values[:, RECOMMEND] >= values[:, ASK]
            random = rng.random(d.size) < epsilon
            recommend = np.where(random, rng.random(d.size) < 0.5, recommend) | (asks < 0)
            d.step(self._moves(recommend, asks))
            self.observe(running)
            still = d.arrays["done"] == 0
            next_states, next_asks = self.states(), self.asks().copy()
            self._replay.add(
                {
                    "state": states[running],
                    "action": recommend[running].astype(np.int64),
                    "reward": self.rewards()[running],
                    "next": next_states[running],
                    "ended": ~still[running],
                    "can_ask": next_asks[running] >= 0,
                }
            )
            if self._replay.size >= self.sample:
                losses += [self._learn(rng) for _ in range(self.updates)]
            states, asks, running = next_states, next_asks, still
        metrics = self.round_metrics() | {"epsilon": float(epsilon)}
        return metrics | ({"loss": float(np.mean(losses))} if losses else {})

    def _learn(self, rng: np.random.Generator) -> float:
        """One gradient step; returns its loss."""
        assert self._replay is not None
        drawn = {k: torch.from_numpy(v) for k, v in self._replay.sample(self.sample, rng).items()}
        online, target = self.modules["values"], self.training_modules["target"]
        with torch.no_grad():
            after = target(drawn["next"])
            chooser = online(drawn["next"]) if self.double else after
            chooser = chooser.clone()
            chooser[~drawn["can_ask"], ASK] = -torch.inf
            best = after.gather(1, chooser.argmax(1, keepdim=True))[:, 0]
            goal = drawn["reward"] + self.gamma * torch.where(drawn["ended"], 0.0, best)
        value = online(drawn["state"]).gather(1, drawn["action"][:, None])[:, 0]
        loss = nn.functional.smooth_l1_loss(value, goal)
        self.optimisers["values"].zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_value_(online.parameters(), 1.0)
        self.optimisers["values"].step()
        self._steps += 1
        if self._steps % self.target_every == 0:
            target.load_state_dict(online.state_dict())
        return float(loss.item())
