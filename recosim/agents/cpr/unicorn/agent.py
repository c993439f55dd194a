"""UNICORN (Deng et al. 2021, SIGIR): one policy over what to ask and what to recommend.

Published with code; what differs from either is said in the docstring of `Unicorn`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.agents.cpr.base import CPRAgent
from recosim.agents.cpr.unicorn.networks import DuelingNetwork, GraphEncoder
from recosim.agents.cpr.unicorn.state import SELECT, StateBuilder, States
from recosim.agents.learner import Arrays
from recosim.agents.replay import PrioritisedReplay
from recosim.agents.torch_learner import TorchLearner
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.protocol import Protocol
from recosim.errors import MissingExtraError, OptionError, unknown
from recosim.estimators.registry import ESTIMATORS, fit_or_load
from recosim.estimators.settings import number, whole

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError as error:
    raise MissingExtraError("torch", "torch", "an agent that learns") from error

__all__ = ["Unicorn"]

# States that a network looks at in one go while acting.
CHUNK = 512


class Unicorn(CPRAgent, TorchLearner):
    """Asks or recommends, whichever a graph-based dueling double DQN values most.

    **State** (section 4.1). The weighted graph of the user, the accepted attributes, the candidates
    and what may still be asked (`recosim.agents.cpr.unicorn.state`); one graph convolution; a
    Transformer layer over the accepted attributes and the user; their mean.

    **Actions** (section 4.2). The `attributes` best askables and the `top_k` best candidates, by
    scores that do not learn; each is known to the network by its node vector. To choose an item is
    to recommend all `top_k`, in the order of their scores. Where at most `top_k` candidates are
    left, and in the last move that counts, it recommends; not while it trains.

    **Learning** (section 4.3). Double Q-learning of a dueling network from prioritised replay, the
    target network following softly. `batch` conversations move together; `updates` gradient steps
    follow each move of the batch.

    **Node vectors** come from an estimator of the agent's own and stay as they were fitted.

    **Deviations.** From the paper, as it is remembered: many conversations at once, and so
    fewer gradient steps (about 9,000 with the defaults here, 2,800 with those of the card, where
    one after each move makes 120,000) at a larger step size; a protocol that ignores
    the move of the last turn pays its timeout to the move before, since nothing was decided there;
    the user's node is in the sequence beside the accepted attributes (`user_token`).
    From the public code, which departs from the paper: there the adjacency is not normalised, the
    convolution has neither the node's own vector nor a ReLU, so that all accepted attributes of a
    state come out equal; the fitted vectors are dropped by mistake and the network learns its own
    from random ones (scores use the fitted ones); padding is not masked; a random action is drawn
    from all candidates, and epsilon is .1 from the first move; the mean advantage is left out of
    the values that are learned; askables are chosen by inner products
    (`select = "inner_product"`), not by weighted entropy.

    Args:
        rounds, batch: see `Learner`; 10,000 conversations in the paper.
        estimator: of the node vectors and scores, by name; "" is that of the environment.
        select: how askables are chosen: "weighted_entropy" or "inner_product".
        attributes: askables among the actions.
        hidden: width of all layers. heads: of the attention; divides `hidden`.
        user_token: whether the user's node goes through the Transformer layer too.
        rate, weight_decay: step size and L2 penalty of Adam.
        gamma: discount of a move.
        tau: share of the way that the target network follows at each step.
        memory: transitions that are kept. sample: transitions of one gradient step.
        updates: gradient steps after each move of the batch.
        epsilon_start, epsilon_end: share of random actions at first and in the end.
        explore: share of the rounds over which it falls.

    Raises:
        OptionError, UnknownNameError: an impossible value.
    """

    name = "unicorn"
    version = 1

    def __init__(
        self,
        *,
        rounds: int = 160,
        batch: int = 64,
        estimator: str = "transe",
        select: str = "weighted_entropy",
        attributes: int = 10,
        hidden: int = 100,
        heads: int = 4,
        user_token: bool = True,
        rate: float = 3e-4,
        weight_decay: float = 1e-6,
        gamma: float = 0.999,
        tau: float = 0.01,
        memory: int = 50_000,
        sample: int = 128,
        updates: int = 4,
        epsilon_start: float = 0.9,
        epsilon_end: float = 0.1,
        explore: float = 0.3,
    ) -> None:
        super().__init__(rounds=rounds, batch=batch)
        if estimator and estimator not in ESTIMATORS:
            raise unknown("estimator", estimator, ESTIMATORS)
        if select not in SELECT:
            raise unknown("value of select", select, SELECT)
        self.estimator, self.select = estimator, select
        if not isinstance(user_token, bool):
            raise OptionError(f"user_token is {user_token!r}; True or False is needed.")
        self.user_token = user_token
        self.attributes = whole("attributes", attributes, 1, 1000)
        self.hidden, self.heads = whole("hidden", hidden, 1, 10_000), whole("heads", heads, 1, 1000)
        if self.hidden % self.heads:
            raise OptionError(f"heads is {heads}; a divisor of hidden, {hidden}, is needed.")
        self.rate = number("rate", rate, low=0.0)
        self.weight_decay = number("weight_decay", weight_decay, low=0.0)
        self.gamma = number("gamma", gamma, low=0.0, high=1.0)
        self.tau = number("tau", tau, low=0.0, high=1.0)
        self.memory = whole("memory", memory, self.batch_size, 10**9)
        self.sample = whole("sample", sample, 1, 10**6)
        self.updates = whole("updates", updates, 0, 10**6)
        self.epsilon_start = number("epsilon_start", epsilon_start, low=0.0, high=1.0)
        self.epsilon_end = number("epsilon_end", epsilon_end, low=0.0, high=1.0)
        self.explore = number("explore", explore, low=0.0, high=1.0)

    # ---- networks -------------------------------------------------------------------------------

    def misfit(self, protocol: Protocol) -> str:
        if protocol.question == "choice":
            return (
                "its graph joins each accepted attribute to all candidates, and under question = "
                "choice they have any of those that are accepted"
            )
        return super().misfit(protocol)

    def bind(self, batch: Dialogues) -> None:
        vectors = batch.vectors
        if self.estimator:
            vectors = fit_or_load(batch.world, self.estimator)
        self._states = StateBuilder(batch, vectors, attributes=self.attributes, select=self.select)
        # Node vectors stay as they were fitted; they are no weights of the agent.
        self._users, self._items, self._attributes, self._askables = (
            torch.from_numpy(np.array(array))
            for array in (
                vectors.user,
                vectors.item,
                vectors.attribute,
                self._states.ask_vectors,
            )
        )
        super().bind(batch)

    def build(self) -> None:
        d = self._items.shape[1]
        self.modules["encoder"] = GraphEncoder(d, self.hidden, self.heads)
        self.modules["q"] = DuelingNetwork(d, self.hidden)

    def optimise(self) -> None:
        d = self._items.shape[1]
        self.training_modules["target_encoder"] = GraphEncoder(d, self.hidden, self.heads)
        self.training_modules["target_q"] = DuelingNetwork(d, self.hidden)
        names = ("encoder", "q")
        for name in names:
            self.training_modules[f"target_{name}"].load_state_dict(self.modules[name].state_dict())
        self._weights: list[torch.Tensor] = [
            weight for name in names for weight in self.modules[name].parameters()
        ]
        self._targets: list[torch.Tensor] = [
            weight for n in names for weight in self.training_modules[f"target_{n}"].parameters()
        ]
        self.optimisers["adam"] = torch.optim.Adam(
            self._weights, lr=self.rate, weight_decay=self.weight_decay
        )
        self._replay = PrioritisedReplay(self.memory, self._fields())

    def _values(self, states: States, target: bool = False) -> torch.Tensor:
        """Q of each action, (n, attributes + top_k): first the askables, then the items."""
        modules, mark = (self.training_modules, "target_") if target else (self.modules, "")
        tokens, users, asks, items = (
            torch.from_numpy(ids).long()
            for ids in (states.tokens, states.users, states.asks, states.items)
        )
        present = tokens != -1
        length = max(1, int(present.sum(dim=1).max()))
        tokens, present = tokens[:, :length], present[:, :length]
        own = self._attributes[torch.where(tokens < 0, -2 - tokens, tokens).clamp(min=0)]
        neighbours = torch.from_numpy(states.joined)[:, None] * (tokens >= 0)[:, :, None]
        if self.user_token:
            own = torch.cat([self._users[users][:, None], own], dim=1)
            neighbours = torch.cat([torch.from_numpy(states.around)[:, None], neighbours], dim=1)
            present = functional.pad(present, (1, 0), value=True)
        state = modules[mark + "encoder"](own, neighbours, present)
        actions = torch.cat(
            [self._askables[asks.clamp(min=0)], self._items[items.clamp(min=0)]], dim=1
        )
        q: torch.Tensor = modules[mark + "q"](state, actions, torch.cat([asks, items], dim=1) >= 0)
        return q

    # ---- playing --------------------------------------------------------------------------------

    def act(self) -> Moves:
        self.need_weights()
        d = self.batch
        n, left = d.arrays["n_candidates"], self.moves_left()
        running = (d.arrays["done"] == 0) & (left > 0)
        forced = (n <= d.protocol.top_k) | (left <= 1)
        states = self._states.build(running)
        first = np.full(d.size, d.n_askables, dtype=np.int64)
        free = ~forced[running]
        if free.any():
            some = states.take(free)
            first[running & ~forced] = self._named(self._best(some), some)
        return self._moves(running, first[running], states)

    def _best(self, states: States) -> NDArray[np.int64]:
        """The place of the action of the highest value, int64 (n,)."""
        places = np.empty(len(states.users), dtype=np.int64)
        with torch.no_grad():
            for start in range(0, len(places), CHUNK):
                part = slice(start, start + CHUNK)
                places[part] = self._values(states.take(part)).argmax(dim=1).numpy()
        return places

    def _named(self, places: NDArray[np.int64], states: States) -> NDArray[np.int64]:
        """Actions by their place in a state, as askables or n_askables: recommend; int64 (n,)."""
        m = states.asks.shape[1]
        named = np.full(len(places), self.batch.n_askables, dtype=np.int64)
        ask = np.flatnonzero(places < m)
        named[ask] = states.asks[ask, places[ask]]
        return named

    def _moves(self, rows: NDArray[np.bool_], actions: NDArray[np.int64], states: States) -> Moves:
        d = self.batch
        whole = np.full(d.size, d.n_askables, dtype=np.int64)
        slates = np.full((d.size, d.protocol.top_k), -1, dtype=np.int32)
        whole[rows], slates[rows] = actions, states.items
        return Moves.from_flat(whole, d.n_askables, slates)

    # ---- learning -------------------------------------------------------------------------------

    def _fields(self) -> dict[str, tuple[tuple[int, ...], Any]]:
        d = self._items.shape[1]
        state = {
            "joined": ((d,), np.float32),
            "around": ((d if self.user_token else 0,), np.float32),
            "users": ((), np.int32),
            "tokens": ((self._states.tokens,), np.int32),
            "asks": ((self._states.attributes,), np.int32),
            "items": ((self.batch.protocol.top_k,), np.int32),
        }
        return {
            **state,
            **{f"next_{name}": field for name, field in state.items()},
            "place": ((), np.int64),
            "reward": ((), np.float32),
            "over": ((), np.bool_),
        }

    def _remember(self, states: States, prefix: str = "") -> Arrays:
        arrays = {prefix + name: array for name, array in states._asdict().items()}
        if not self.user_token:
            arrays[prefix + "around"] = states.around[:, :0]
        return arrays

    def _recall(self, drawn: Arrays, prefix: str = "") -> States:
        return States(*(drawn[prefix + name] for name in States._fields))

    def train_round(self, number: int) -> dict[str, float]:
        d = self.batch
        rng = np.random.default_rng([self.seed or 0, number])
        faded = min(1.0, number / max(1.0, self.explore * self.rounds))
        epsilon = self.epsilon_start + (self.epsilon_end - self.epsilon_start) * faded
        losses: list[float] = []
        self.open_round(number)
        deciding = self._deciding()
        states = self._states.build(deciding)
        while deciding.any():
            places = self._explore(self._best(states), states, epsilon, rng)
            d.step(self._moves(deciding, self._named(places, states), states))
            # A protocol may ignore the move of the last turn: then there is nothing left to decide,
            # and what that move will bring is part of this one.
            after = self._deciding()
            ignored = deciding & ~after & (d.arrays["done"] == 0)
            reward = d.arrays["reward"] + self.gamma * d.protocol.rewards.timeout * ignored
            next_states = self._states.build(after)
            self._replay.add(
                {
                    **self._remember(states),
                    **self._remember(next_states.spread(after[deciding]), "next_"),
                    "place": places,
                    "reward": reward[deciding],
                    "over": ~after[deciding],
                }
            )
            if self._replay.size >= self.sample:
                losses += [self._learn(rng) for _ in range(self.updates)]
            states, deciding = next_states, after
        while (d.arrays["done"] == 0).any():
            d.step(Moves.all_of(Verb.RECOMMEND, d.size))
        metrics = self.round_metrics() | {"epsilon": epsilon}
        return metrics | ({"loss": float(np.mean(losses))} if losses else {})

    def _deciding(self) -> NDArray[np.bool_]:
        """Rows whose next move does something; bool (B,)."""
        rows: NDArray[np.bool_] = (self.batch.arrays["done"] == 0) & (self.moves_left() > 0)
        return rows

    def _explore(
        self,
        places: NDArray[np.int64],
        states: States,
        epsilon: float,
        rng: np.random.Generator,
    ) -> NDArray[np.int64]:
        """Any action of the state in place of the best, with probability epsilon."""
        legal = np.concatenate([states.asks, states.items], axis=1) >= 0
        random = np.argmax(rng.random(legal.shape) * legal, axis=1)
        return np.where(rng.random(len(places)) < epsilon, random, places)

    def _learn(self, rng: np.random.Generator) -> float:
        """One gradient step of double Q-learning on a draw from the memory; returns its loss."""
        drawn = self._replay.sample(self.sample, rng)
        goal = torch.from_numpy(drawn["reward"].copy())
        goes_on = np.flatnonzero(~drawn["over"])
        if len(goes_on):
            after = self._recall(drawn, "next_").take(goes_on)
            with torch.no_grad():
                best = self._values(after).argmax(dim=1, keepdim=True)
                value = self._values(after, target=True).gather(1, best)[:, 0]
            goal[torch.from_numpy(goes_on)] += self.gamma * value
        place = torch.from_numpy(drawn["place"])[:, None]
        value = self._values(self._recall(drawn)).gather(1, place)[:, 0]
        error = value - goal
        loss = (torch.from_numpy(drawn["weights"]) * error**2).mean()
        adam = self.optimisers["adam"]
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_value_(self._weights, 1.0)
        adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(self._targets, self._weights, self.tau)
        self._replay.update(drawn["indices"], error.detach().numpy())
        return float(loss.item())

    def extra_state(self) -> Arrays:
        return self._replay.state()

    def set_extra_state(self, state: Arrays) -> None:
        self._replay.set_state(state)
