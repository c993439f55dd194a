"""A learner that is as small as one can be: how often should it recommend?

It has all that a learner can have (a module, a module for training alone, an optimiser with state,
luck, extra state), so what holds for it holds for the interface.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from recosim.acts import Moves
from recosim.agents.base import Agent
from recosim.agents.torch_learner import TorchLearner


class Coin(TorchLearner):
    """Recommends with a learned probability, else asks the attribute of highest entropy."""

    name = "coin"

    def __init__(self, *, rounds: int = 6, batch: int = 32, rate: float = 0.1) -> None:
        super().__init__(rounds=rounds, batch=batch)
        self.rate = rate
        self.mean_reward = 0.0

    def build(self) -> None:
        self.modules["coin"] = nn.Linear(1, 1)
        nn.init.constant_(self.modules["coin"].bias, -3.0)  # it asks too much at first

    def optimise(self) -> None:
        self.training_modules["slow"] = nn.Linear(1, 1)
        self.optimisers["coin"] = torch.optim.Adam(self.modules["coin"].parameters(), lr=self.rate)
        self.mean_reward = 0.0

    def extra_state(self) -> dict[str, Any]:
        return {"mean_reward": np.array(self.mean_reward)}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.mean_reward = float(state["mean_reward"])

    def act(self) -> Moves:
        self.need_weights()
        d = self.batch
        with torch.no_grad():
            chance = torch.sigmoid(self.modules["coin"](torch.ones(1, 1))).item()
        asks = d.best_asks("entropy")
        return Moves.recommend_or_ask((self.luck(9) < chance) | (asks < 0), asks)

    def train_round(self, number: int) -> dict[str, float]:
        d = self.batch
        self.open_round(number)
        score = torch.zeros(d.size)
        reward = np.zeros(d.size)
        while (running := d.arrays["done"] == 0).any():
            chance = torch.sigmoid(self.modules["coin"](torch.ones(1, 1)))[0, 0]
            flip = torch.rand(d.size, generator=self.generator) < chance.item()
            asks = d.best_asks("entropy")
            shows = flip.numpy() | (asks < 0)
            d.step(Moves.recommend_or_ask(shows, asks))
            reward += np.where(running, d.arrays["reward"], 0.0)
            taken = torch.where(torch.from_numpy(shows), chance.log(), (1 - chance).log())
            score = score + torch.where(torch.from_numpy(running), taken, torch.zeros(()))
        advantage = torch.from_numpy((reward - self.mean_reward).astype(np.float32))
        self.mean_reward = 0.9 * self.mean_reward + 0.1 * float(reward.mean())
        loss = -(advantage * score).mean()
        self.optimisers["coin"].zero_grad()
        loss.backward()
        self.optimisers["coin"].step()
        with torch.no_grad():
            for slow, fast in zip(
                self.training_modules["slow"].parameters(),
                self.modules["coin"].parameters(),
                strict=True,
            ):
                slow.lerp_(fast, 0.1)
        return {**self.round_metrics(), "loss": loss.item()}


class Stubborn(Agent):
    """Asks attribute 0 in every move: illegal from the second on."""

    name = "stubborn"

    def act(self) -> Moves:
        return Moves.from_flat(np.zeros(self.batch.size, dtype=np.int64), self.batch.n_askables)
