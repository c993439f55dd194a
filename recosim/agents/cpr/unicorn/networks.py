"""The networks of UNICORN: a graph as one vector, and the value of each action in it."""

from __future__ import annotations

from recosim.agents.torch_learner import mlp
from recosim.errors import MissingExtraError

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError as error:
    raise MissingExtraError("torch", "torch", "an agent that learns") from error

__all__ = ["DuelingNetwork", "GraphEncoder"]


class GraphEncoder(nn.Module):
    """A state as one vector (section 4.1): graph convolution, Transformer layer, mean, ReLU layer.

    The convolution is relu(W n_i + B x_i): n_i the normalised sum over the neighbours of node i
    (`States.joined`, `States.around`), x_i its own vector.
    """

    def __init__(self, vector_size: int, hidden: int, heads: int) -> None:
        super().__init__()
        self.neighbours = nn.Linear(vector_size, hidden)
        self.itself = nn.Linear(vector_size, hidden, bias=False)
        self.transformer = nn.TransformerEncoderLayer(
            hidden, heads, 4 * hidden, dropout=0.0, batch_first=True
        )
        self.out = nn.Linear(hidden, hidden)

    def forward(
        self, own: torch.Tensor, neighbours: torch.Tensor, present: torch.Tensor
    ) -> torch.Tensor:
        """Vectors of the states, (n, hidden).

        Args:
            own: (n, t, d), the vectors of the nodes. neighbours: (n, t, d), their n_i.
            present: bool (n, t), which of them there are; one in each row at least.
        """
        nodes = functional.relu(self.neighbours(neighbours) + self.itself(own))  # (n, t, hidden)
        nodes = self.transformer(nodes, src_key_padding_mask=~present)
        share = present / present.sum(dim=1, keepdim=True)
        pooled = (nodes * share[:, :, None]).sum(dim=1)  # (n, hidden)
        return functional.relu(self.out(pooled))


class DuelingNetwork(nn.Module):
    """Q(s, a) = V(s) + A(s, a) - mean of A over the actions of s (section 4.2, eq. 9 to 11)."""

    def __init__(self, vector_size: int, hidden: int) -> None:
        super().__init__()
        self.value = mlp(hidden, hidden, 1)
        # The first layer of A on (state, action), as the sum of its two halves.
        self.of_state = nn.Linear(hidden, hidden)
        self.of_action = nn.Linear(vector_size, hidden, bias=False)
        self.advantage = nn.Linear(hidden, 1)

    def forward(
        self, state: torch.Tensor, actions: torch.Tensor, legal: torch.Tensor
    ) -> torch.Tensor:
        """Q of each action, (n, k), -inf where it is not legal.

        Args:
            state: (n, hidden). actions: (n, k, d), their vectors. legal: bool (n, k).
        """
        both = self.of_state(state)[:, None] + self.of_action(actions)  # (n, k, hidden)
        advantage = self.advantage(functional.relu(both))[:, :, 0]
        advantage = advantage.masked_fill(~legal, 0.0)
        mean = advantage.sum(dim=1, keepdim=True) / legal.sum(dim=1, keepdim=True).clamp(min=1)
        q: torch.Tensor = self.value(state) + advantage - mean
        return q.masked_fill(~legal, -torch.inf)
