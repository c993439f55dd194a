"""`PolicyGradient`: a policy over questions and recommending; imitation, then REINFORCE."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.agents.cpr.base import CPRAgent
from recosim.agents.cpr.rules import MaxEntropy
from recosim.agents.torch_learner import TorchLearner, mlp
from recosim.envs.cpr.dialogues import Dialogues
from recosim.errors import OptionError
from recosim.kernels.random import AGENT

__all__ = ["PolicyGradient"]

Floats = NDArray[np.float32]


class PolicyGradient(CPRAgent, TorchLearner):
    """Base of CRM and EAR: the same policy and training, on different states.

    **Policy.** An MLP with one hidden layer gives a logit to each question and to recommending the
    estimator's best; illegal actions are left out (EAR section 4.3, "action stage").

    **Training.** First it imitates `max_entropy`: it follows that rule and its cross-entropy on the
    rule's actions is lowered. Then REINFORCE (Williams 1992) on its own conversations: each action
    counts with its discounted return to come. A round is one batch of conversations, and ends with
    one step of Adam on all of its moves (one after each move of the batch while it imitates).

    **Reflection.** With `reflect`, it reflects after every refused recommendation (EAR section
    4.3): the conversation's own copy of the user vector is revised by the refused items; no turn
    passes.

    Args:
        rounds, batch: see `Learner`.
        imitate: share of the rounds that imitate, 0 to 1.
        hidden: width of the hidden layer.
        rate, imitation_rate: step sizes of Adam.
        gamma: discount of a move.
        advantage: returns minus the mean of all conversations at the same turn, over the standard
            deviation of the batch; False: the plain returns.
        entropy_bonus: weight of the policy's entropy in nats.
        reflect: whether to reflect.
        greedy: outside training, take the likeliest action; False: draw one.
    """

    track = True

    def __init__(
        self,
        *,
        rounds: int = 1000,
        batch: int = 256,
        imitate: float = 0.2,
        hidden: int = 64,
        rate: float = 0.001,
        imitation_rate: float = 0.001,
        gamma: float = 0.7,
        advantage: bool = True,
        entropy_bonus: float = 0.01,
        reflect: bool = True,
        greedy: bool = True,
    ) -> None:
        super().__init__(rounds=rounds, batch=batch)
        for name, value, high in (
            ("imitate", imitate, 1.0),
            ("gamma", gamma, 1.0),
            ("rate", rate, 10.0),
            ("imitation_rate", imitation_rate, 10.0),
            ("entropy_bonus", entropy_bonus, 10.0),
        ):
            if not 0.0 <= value <= high:
                raise OptionError(f"{name} is {value!r}; a number from 0 to {high} is needed.")
        if not isinstance(hidden, int) or hidden < 1:
            raise OptionError(f"hidden is {hidden!r}; a whole number from 1 is needed.")
        self.imitate, self.hidden = imitate, hidden
        self.rate, self.imitation_rate, self.gamma = rate, imitation_rate, gamma
        self.advantage, self.entropy_bonus = advantage, entropy_bonus
        self.reflect, self.greedy = reflect, greedy
        self._teacher = MaxEntropy()

    # ---- what a subclass gives ------------------------------------------------------------------

    @property
    def state_size(self) -> int:
        raise NotImplementedError

    def states(self) -> Floats:
        """The state of each row, float32 (B, state_size)."""
        raise NotImplementedError

    # ---- playing --------------------------------------------------------------------------------

    def bind(self, batch: Dialogues) -> None:
        super().bind(batch)
        self._teacher.bind(batch)

    def build(self) -> None:
        self.modules["policy"] = mlp(self.state_size, self.hidden, self.batch.n_askables + 1)

    def optimise(self) -> None:
        parameters = self.modules["policy"].parameters()
        self.optimisers["policy"] = torch.optim.Adam(parameters, lr=self.rate)

    def act(self) -> Moves:
        self.need_weights()
        legal = self.batch.legal_actions()
        with torch.no_grad():
            logits = self._logits(self.states(), legal)
        if self.greedy:
            actions = logits.argmax(1).numpy()
        else:
            actions = _drawn(logits, torch.from_numpy(self.luck(AGENT).astype(np.float32)))
        moves = Moves.from_flat(actions, self.batch.n_askables)
        if self.reflect:
            moves.verb[legal[:, -1] > 0] = Verb.REFLECT
        return moves

    def _logits(self, states: Floats, legal: NDArray[np.int8]) -> torch.Tensor:
        logits: torch.Tensor = self.modules["policy"](torch.from_numpy(states))
        able = torch.from_numpy(legal[:, : logits.shape[1]] > 0)
        # A row that has ended may have no legal action left; what stands there is not looked at.
        return logits.masked_fill(~able, -1e9)

    # ---- learning -------------------------------------------------------------------------------

    def train_round(self, number: int) -> dict[str, float]:
        self.open_round(number)
        imitating = number < round(self.imitate * self.rounds)
        loss = self._imitate() if imitating else self._reinforce()
        return self.round_metrics() | {("imitation loss" if imitating else "loss"): loss}

    def _reflect_first(self) -> None:
        """Let the rows that may reflect do so, and the others stand still."""
        d = self.batch
        if not self.reflect:
            return
        due = (d.legal_actions()[:, -1] > 0) & (d.arrays["done"] == 0)
        if due.any():
            others = ~due & (d.arrays["done"] == 0)
            d.arrays["done"][others] = 1
            d.step(Moves.all_of(Verb.REFLECT, d.size))
            d.arrays["done"][others] = 0

    def _imitate(self) -> float:
        """Follow the rule; one step of Adam after each move. Returns the mean cross-entropy."""
        d, optimiser = self.batch, self.optimisers["policy"]
        losses = []
        for group in optimiser.param_groups:
            group["lr"] = self.imitation_rate
        while (running := d.arrays["done"] == 0).any():
            moves = self._teacher.act()
            actions = moves.to_flat(d.n_askables)
            logits = self._logits(self.states()[running], d.legal_actions()[running])
            wanted = torch.from_numpy(actions[running].astype(np.int64))
            loss = torch.nn.functional.cross_entropy(logits, wanted)
            self._step(loss)
            losses.append(float(loss.item()))
            d.step(moves)
            self._reflect_first()
        for group in optimiser.param_groups:
            group["lr"] = self.rate
        return float(np.mean(losses))

    def _reinforce(self) -> float:
        """Play by the policy, then one step of Adam on every move of the batch."""
        d = self.batch
        moves: list[tuple[NDArray[np.bool_], Floats, NDArray[np.int8], NDArray[np.int64]]] = []
        rewards: list[Floats] = []
        while (running := d.arrays["done"] == 0).any():
            states, legal = self.states()[running], d.legal_actions()[running].copy()
            with torch.no_grad():
                chances = torch.softmax(self._logits(states, legal), dim=1)
                picked = torch.multinomial(chances, 1, generator=self.generator)[:, 0].numpy()
            actions = np.zeros(d.size, dtype=np.int64)
            actions[running] = picked
            d.step(Moves.from_flat(actions, d.n_askables))
            moves.append((running, states, legal, picked))
            rewards.append(np.where(running, d.arrays["reward"], 0.0).astype(np.float32))
            self._reflect_first()
        returns = np.zeros((len(rewards) + 1, d.size), dtype=np.float32)
        for t in reversed(range(len(rewards))):
            returns[t] = rewards[t] + self.gamma * returns[t + 1]
        weights = [returns[t][moves[t][0]] for t in range(len(moves))]
        if self.advantage:
            scale = float(np.concatenate(weights).std()) + 1e-6
            weights = [(weight - weight.mean()) / scale for weight in weights]
        total, in_all = 0.0, sum(len(weight) for weight in weights)
        self.optimisers["policy"].zero_grad()
        for (_, states, legal, picked), weight in zip(moves, weights, strict=True):
            # Turn by turn, so that the states of a world of many attributes are not copied.
            log_chances = torch.log_softmax(self._logits(states, legal), dim=1)
            taken = log_chances.gather(1, torch.from_numpy(picked)[:, None])[:, 0]
            loss = -(torch.from_numpy(weight) * taken).sum()
            if self.entropy_bonus:
                entropy = -(log_chances.exp() * log_chances.clamp(min=-50.0)).sum()
                loss = loss - self.entropy_bonus * entropy
            (loss / in_all).backward()  # type: ignore[no-untyped-call]
            total += float(loss.item())
        self.optimisers["policy"].step()
        return total / in_all

    def _step(self, loss: torch.Tensor) -> None:
        self.optimisers["policy"].zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimisers["policy"].step()


def _drawn(logits: torch.Tensor, luck: torch.Tensor) -> NDArray[np.int64]:
    """An action of each row by its probability, by a number in [0, 1) of its own."""
    reached = torch.softmax(logits, dim=1).cumsum(1)
    reached = reached / reached[:, -1:]
    return (reached <= luck[:, None]).sum(1).clamp(max=logits.shape[1] - 1).numpy()
