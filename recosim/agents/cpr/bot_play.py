"""`BotPlay`: a recommender that is tuned by talking with a simulated seeker."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from recosim.acts import Moves
from recosim.agents.cpr.critiquing import CritiqueAgent, criticised, show
from recosim.agents.torch_learner import TorchLearner
from recosim.envs.cpr.dialogues import Dialogues
from recosim.errors import OptionError

__all__ = ["BotPlay"]


class _Scorer(nn.Module):
    """Scores of all items given what was said: linear in a user vector that critiques move.

    Attributes:
        less, more: (n_attributes, d), what a critique takes off the user's vector, and what an
            accepted attribute adds to it.
        away: what a criticised attribute takes off the items that have it.
        facts: weights of what is known of an item whoever asks: log popularity, whether nobody had
            it in train, log of its number of attributes.
        scale: of the estimator's scores.
    """

    def __init__(self, attribute: torch.Tensor, rate: float) -> None:
        super().__init__()
        self.less = nn.Parameter(rate * attribute)
        self.more = nn.Parameter(attribute.clone())
        self.away = nn.Parameter(torch.zeros(1))
        self.facts = nn.Parameter(torch.zeros(3))
        self.scale = nn.Parameter(torch.ones(1))


class BotPlay(CritiqueAgent, TorchLearner):
    """Latent critiquing, fine-tuned by bot play (after Li et al. 2021, Self-supervised bot play).

    It begins as `latent_update`. In training it talks with the seekers of the environment, who
    know their target; after every refusal the log probability of the target among the candidates
    that are left (a softmax of the scores) is raised by gradient steps on how critiques and
    confirmed attributes move the user's vector, on how much a criticised attribute counts against
    the items that have it, and on a prior of items. Vectors of users and items stay as they were.
    The paper tunes two neural justification models; the scores here are linear, and the reasons
    that are given come from a fixed rule (`recosim.agents.cpr.critiquing.reasons`).

    Train and test it with different seekers: one who is shared by both is known to flatter.

    Args:
        rounds, batch: see `Learner`.
        rate: see `LatentUpdate`; where training begins.
        step: step size of Adam.
        decay: weight of the squared distance from where training began.
    """

    name = "bot_play"
    version = 1

    def __init__(
        self,
        *,
        rounds: int = 60,
        batch: int = 256,
        rate: float = 2.0,
        step: float = 0.01,
        decay: float = 0.001,
    ) -> None:
        super().__init__(rounds=rounds, batch=batch)
        for name, value in (("rate", rate), ("step", step), ("decay", decay)):
            if not 0 <= value <= 1000:
                raise OptionError(f"{name} is {value!r}; a number from 0 to 1000 is needed.")
        self.rate, self.step, self.decay = float(rate), float(step), float(decay)

    # ---- what it knows of a conversation --------------------------------------------------------

    def bind(self, batch: Dialogues) -> None:
        world, vectors = batch.world, batch.vectors
        self._users, self._items, self._bias, self._attributes = (
            torch.tensor(array)  # copies: what is opened from a cache cannot be written to
            for array in (vectors.user, vectors.item, vectors.item_bias, vectors.attribute)
        )
        popularity = world.popularity.astype(np.float32)
        degrees = np.maximum(world.item_attributes.degrees(), 1).astype(np.float32)
        facts = np.stack([np.log1p(popularity), popularity == 0, np.log(degrees)], axis=1)
        self._facts = torch.from_numpy(facts.astype(np.float32))
        items, attributes = world.item_attributes.pairs()
        self._has = torch.sparse_coo_tensor(
            torch.from_numpy(np.stack([items, attributes]).astype(np.int64)),
            torch.ones(len(items)),
            (world.n_items, world.n_attributes),
            check_invariants=True,
        ).coalesce()
        super().bind(batch)
        # What was said: 1 for each attribute that the user wants less of, and more of.
        self._less = np.zeros((batch.size, world.n_attributes), dtype=np.float32)
        self._more = np.zeros_like(self._less)

    def build(self) -> None:
        self.modules["scorer"] = _Scorer(self._attributes, self.rate)

    def optimise(self) -> None:
        parameters = self.modules["scorer"].parameters()
        self.optimisers["scorer"] = torch.optim.Adam(parameters, lr=self.step)

    def reset(self, rows: NDArray[np.bool_]) -> None:
        self._less[rows] = 0.0
        self._more[rows] = 0.0
        self._accept(rows)

    def observe(self, rows: NDArray[np.bool_]) -> None:
        attributes = criticised(self.batch, rows)
        heard = np.flatnonzero(attributes >= 0)
        self._less[heard, attributes[heard]] = 1.0
        self._accept(rows)

    def _accept(self, rows: NDArray[np.bool_]) -> None:
        a = self.batch.arrays
        places = np.arange(a["accepted"].shape[1]) < a["n_accepted"][:, None]
        row, column = np.nonzero(places & rows[:, None])
        self._more[row, a["accepted"][row, column]] = 1.0

    # ---- recommending ---------------------------------------------------------------------------

    def scores(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """Scores of all items in some rows, -inf where an item is no candidate; (rows, n_items)."""
        scorer: Any = self.modules["scorer"]
        less, more = torch.from_numpy(self._less[rows]), torch.from_numpy(self._more[rows])
        user = self._users[torch.from_numpy(self.batch.arrays["user"][rows].astype(np.int64))]
        query = user + more @ scorer.more - less @ scorer.less
        against = torch.sparse.mm(
            self._has, less.t()
        ).t()  # criticised attributes that each item has
        value = scorer.scale * (query @ self._items.t() + self._bias)
        value = value - scorer.away * against + self._facts @ scorer.facts
        candidates = torch.from_numpy(self._candidates(rows))
        masked: torch.Tensor = value.masked_fill(~candidates, -torch.inf)
        return masked

    def _candidates(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The environment's candidates, bool (rows, n_items)."""
        a = self.batch.arrays
        words = np.where(
            a["own"][rows, None] > 0, a["candidates"][rows], a["bitsets"][a["opening"][rows]]
        )
        bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
        return bits[:, : self.batch.world.n_items].astype(np.bool_)

    def act(self) -> Moves:
        self.need_weights()
        d = self.batch
        slates = np.full((d.size, d.protocol.top_k), -1, dtype=np.int32)
        running = np.flatnonzero(d.arrays["done"] == 0)
        with torch.no_grad():
            for part in np.array_split(running, -(-len(running) // 1024) or 1):
                if len(part):
                    value, item = self.scores(part).topk(min(d.protocol.top_k, d.world.n_items))
                    chosen = torch.where(torch.isfinite(value), item, -1).numpy()
                    slates[part, : chosen.shape[1]] = chosen
        return show(d, slates)

    # ---- bot play -------------------------------------------------------------------------------

    def train_round(self, number: int) -> dict[str, float]:
        d = self.batch
        self.open_round(number)
        losses = []
        while (running := d.arrays["done"] == 0).any():
            losses.append(self._learn(np.flatnonzero(running)))
            d.step(self.act())
            self.observe(running)
        return {**self.round_metrics(), "loss": float(np.mean(losses))}

    def _learn(self, rows: NDArray[np.int64]) -> float:
        """One step towards the targets of the rows that are still candidates."""
        scorer: Any = self.modules["scorer"]
        log_chance = torch.log_softmax(self.scores(rows), dim=1)
        target = torch.from_numpy(self.batch.arrays["targets"][rows, 0].astype(np.int64))
        chosen = log_chance.gather(1, target[:, None])[:, 0]
        chosen = chosen[torch.isfinite(chosen)]  # a target that was overlooked is no candidate
        if not len(chosen):
            return 0.0
        far = (scorer.less - self.rate * self._attributes).square().sum()
        far = far + (scorer.more - self._attributes).square().sum()
        loss = -chosen.mean() + self.decay * far
        self.optimisers["scorer"].zero_grad()
        loss.backward()
        self.optimisers["scorer"].step()
        return float(-chosen.mean().item())
