"""`Observer`: the observations of a batch of conversations, whoever asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.spaces import log2_sizes

__all__ = ["Observations", "Observer"]

Observations = dict[str, NDArray[Any]]


class Observer:
    """What the environments show of `dialogues`; an agent that was trained on them sees the same.

    Args:
        dialogues: the batch.
        keys: keys of the observation, in their order; see `recosim.envs.setup`.
        view: of the actions: "flat", "verb" or "slate".
    """

    def __init__(self, dialogues: Dialogues, keys: Sequence[str], view: str) -> None:
        self.batch, self.keys, self.view = dialogues, tuple(keys), view
        self._log2_sizes = log2_sizes(dialogues.world.n_items)

    def mask(self) -> NDArray[np.int8]:
        """Legal actions of the view, int8 (B, actions); live."""
        mask = self.batch.legal_actions()
        if self.view != "verb":
            return mask
        n = self.batch.n_askables
        return np.concatenate([mask[:, :n].any(axis=1, keepdims=True), mask[:, n:]], axis=1)

    def observation(self, rows: Any = slice(None)) -> Observations:
        """The observations of some rows; a slice gives live views, numbers give copies."""
        a = self.batch.arrays
        observation: Observations = {}
        for key in self.keys:
            if key == "turn":
                observation[key] = a["turn"][rows, None]
            elif key == "log2_candidates":
                observation[key] = self._log2_sizes[a["n_candidates"][rows, None]]
            elif key == "action_mask":
                observation[key] = self.mask()[rows]
            elif key == "entropy":
                observation[key] = self.batch.entropy()[rows]
            else:
                observation[key] = a["status" if key == "attributes" else key][rows]
        return observation
