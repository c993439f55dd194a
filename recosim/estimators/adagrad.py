"""`RowAdagrad`: Adagrad for a table of which each batch touches a few rows."""

from __future__ import annotations

import torch

__all__ = ["RowAdagrad"]

EPSILON = 1e-10


class RowAdagrad:
    """Adagrad (Duchi et al. 2011) with weight decay, in place, on the rows that a batch touches.

    Args:
        values: (n,) or (n, d), changed in place.
        rate: step size.
        decay: this times the value is added to its gradient.
    """

    def __init__(self, values: torch.Tensor, rate: float, decay: float = 0.0) -> None:
        self.values, self.rate, self.decay = values, rate, decay
        self.squares = torch.zeros_like(values)
        self._sums = torch.zeros_like(values)

    def step(self, rows: torch.Tensor, gradients: torch.Tensor) -> None:
        """One step against the gradients, (k,) or (k, d), of the rows, int64 (k,).

        A row may occur several times: its gradients are added up first, and then every occurrence
        writes the same values.
        """
        self._sums.index_add_(0, rows, gradients)
        now = self.values[rows]
        gradients = self._sums[rows].add_(now, alpha=self.decay)
        total = self.squares[rows].addcmul_(gradients, gradients)
        self.squares[rows] = total
        self.values[rows] = now.addcdiv_(gradients, total.sqrt_().add_(EPSILON), value=-self.rate)
        self._sums[rows] = 0
