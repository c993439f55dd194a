"""`Batch`: many episodes of a family at once, as arrays. What every family's core looks like.

Environments, agents, bench, recorder and audit see a batch through this interface alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.acts import VERBS, Moves, Verb
from recosim.envs.rules import Rules
from recosim.envs.saving import State, check_state, save_state
from recosim.errors import OptionError, shown, unknown
from recosim.estimators.base import Vectors
from recosim.users.population import Population
from recosim.world.world import World

__all__ = ["Batch", "Decoded", "Units", "whole_options"]


class Units(NamedTuple):
    """What the episodes of a split can be about: pairs of a user and an item, lives, topics.

    Attributes:
        names: of the columns of `table`.
        table: int32 (units, columns).
        cluster: int (units,): units of one cluster are drawn together when intervals are made.
    """

    names: tuple[str, ...]
    table: NDArray[np.int32]
    cluster: NDArray[np.integer[Any]]

    def __len__(self) -> int:
        return len(self.table)


class Decoded(NamedTuple):
    """One action of a batch of one row, as `recosim.envs.spaces.decode` has read it.

    Attributes:
        code: flat code, -1 asks the best.
        items: int32 (top_k,), the list of a recommendation; None: the estimator's best.
        because: int32 (aspects,), its reasons; None: there are none.
    """

    code: int
    items: NDArray[np.int32] | None = None
    because: NDArray[np.int32] | None = None

    def moves(self, batch: Batch) -> Moves:
        """The same for `Batch.step` of a batch of one row."""
        lists = [None if part is None else part[None] for part in (self.items, self.because)]
        return Moves.from_flat(
            [self.code], batch.n_askables, *lists, verbs=batch.verbs, reasons=batch.n_reasons
        )


class Batch:
    """B episodes under one set of rules; row b is at index b of each array.

    Rows are independent, and luck hangs on (seed, conversation, turn) alone, so that an episode is
    the same alone, in a batch, and in another process.

    A move has two halves, so that somebody else can answer in place of the rule user: `pose` puts
    the question or the list into the fields of the move, `answer` (or a person, a language model,
    another player) answers, `settle` draws the consequences. `step` fuses them.

    Attributes:
        family: the name of the family whose rules and columns these are.
        judged_by: the figure by which a training keeps its best weights, and which is better: a
            name in `logged`, or "reward", the sum of the rewards of an episode.
        world, vectors, protocol, users, split: what the batch was made from.
        size: B. n_askables: A, what can be asked about. n_actions: actions of the "flat" view.
        threads: that share the batch.
        aspects: attributes that may be given as the reason for a list, at most.
        asks_facets: whether questions are about facets, not about attributes.
        n_reasons: how many actions of the "flat" view, its last ones, recommend because of an
            attribute each.
        arrays: the state by name, live: copy what must not change. Those of every family, of shape
            (B,) unless said otherwise: `seed` uint64 and `conversation` int64, the key of all luck;
            `user` int32; `turn` int32, of the next move; `step` int32, calls so far; `done` uint8;
            `verb` int8, `recosim.acts.Verb` of the last move; `reward` float64, `reward_terms`
            float64 (B, terms); `terminated`, `truncated` uint8; `utility` float64, what the user
            truly got so far; `left` uint8, the user left with the last move; `shown` int32 (B,
            top_k), the last list, -1 padded; `mask` int8 (B, n_actions), 1 is legal (read it
            through `legal_actions`).
        verbs: what a move can be, in the order of the "verb" view; the first is ASK.
        solvable: share of the episodes in which one who knows what users hide succeeds, at least;
            below 1 where luck has a say.
        reward_terms: names of the terms of the reward, in the order of the array.
        choices: settings of the batch that environments take, by name: the allowed values, the
            first of which is the usual one.
    """

    family: ClassVar[str]
    verbs: ClassVar[tuple[Verb, ...]] = VERBS
    solvable: ClassVar[float] = 1.0
    reward_terms: ClassVar[tuple[str, ...]] = ()
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    judged_by: ClassVar[tuple[str, Literal["higher", "lower"]]] = ("reward", "higher")

    world: World
    vectors: Vectors
    protocol: Rules
    users: Population
    split: str
    size: int
    n_askables: int
    n_actions: int
    threads: int
    aspects: int = 0
    asks_facets: bool = False
    n_reasons: int = 0
    arrays: dict[str, NDArray[Any]]

    @classmethod
    def count_askables(cls, protocol: Any, world: Any) -> int:
        """A under some rules in a world, or in what stands for one: its sizes."""
        return 0

    @classmethod
    def count_reasons(cls, protocol: Any, world: Any) -> int:
        """`n_reasons`, in the same way."""
        return 0

    # ---- episodes --------------------------------------------------------------------------------

    def open(
        self,
        rows: Any = slice(None),
        *,
        seeds: ArrayLike | None = None,
        conversations: ArrayLike | None = None,
        units: ArrayLike | None = None,
    ) -> None:
        """Open episodes in some rows.

        Args:
            rows: int indices, bool mask or slice of the rows.
            seeds: uint64 key of the randomness of each row; kept if not given.
            conversations: int64 number of the episode of each row; kept if not given.
            units: int32 (rows, columns), rows of `Units.table`; drawn from the split if not given.
        """
        raise NotImplementedError

    def _key_rows(
        self, rows: Any, seeds: ArrayLike | None, conversations: ArrayLike | None
    ) -> NDArray[np.int64]:
        """Set the keys of all luck of some rows, where they are given; the numbers of the rows."""
        a = self.arrays
        chosen: NDArray[np.int64] = np.arange(self.size)[rows]
        if seeds is not None:
            a["seed"][chosen] = np.asarray(seeds, dtype=np.uint64)
        if conversations is not None:
            a["conversation"][chosen] = conversations
        return chosen

    def reset_options(self, options: Mapping[str, Any] | None) -> dict[str, Any]:
        """`reset(options=...)` of an environment, checked, as arguments of `open` for one row.

        By default: a value for every column of the units.

        Raises:
            UnknownNameError: another key. OptionError: an impossible value.
        """
        if not options:
            return {}
        units = self.units()
        values = whole_options(options, units.names)
        missing = [name for name in units.names if name not in values]
        if missing:
            raise OptionError(f"reset options need {', '.join(units.names)} together.")
        wanted = [values[name] for name in units.names]
        if not (units.table == wanted).all(axis=1).any():
            raise OptionError(
                f"reset options {dict(options)}: there is no such unit in the {self.split} split."
            )
        return {"units": [wanted]}

    def units(self) -> Units:
        """What the episodes of the split can be about."""
        raise NotImplementedError

    # ---- moves -----------------------------------------------------------------------------------

    def step(self, moves: Moves) -> None:
        """One move of every row; rows that have ended stand still.

        Raises:
            IllegalActionError: a malformed move; or an illegal one where these are refused. Nothing
                has changed then.
            OptionError: users whom no rule can answer for.
        """
        raise NotImplementedError

    def step_one(self, move: Decoded) -> None:
        """`step` of a batch of one row."""
        raise NotImplementedError

    @contextmanager
    def waiting(self, rows: NDArray[np.bool_]) -> Iterator[None]:
        """Moves that are made meanwhile pass over rows, bool (B,), as if they had ended."""
        done, mask = self.arrays["done"], self.arrays["mask"]
        legal = mask[rows]  # once a row has ended everything is
        done[rows] = 1
        try:
            yield
        finally:
            done[rows], mask[rows] = 0, legal

    def pose(self, moves: Moves) -> None:
        """The first half of `step`: the question or the list, in the fields of the move."""
        raise NotImplementedError

    def answer(self) -> None:
        """What rule users say to a move that was posed, into the fields of the move."""
        raise NotImplementedError

    def settle(self) -> None:
        """The second half of `step`, after somebody answered."""
        raise NotImplementedError

    def success(self) -> NDArray[np.bool_]:
        """Whether the episode of each row has ended as its recommender wants it; bool (B,)."""
        raise NotImplementedError

    def logged(self) -> dict[str, NDArray[np.floating[Any]]]:
        """How the episodes went that have ended, by name, float (B,): what trainings log.

        The first is what success means here; what stands in rows that go on is not looked at.
        """
        return {"success": self.success().astype(float), "utility": self.arrays["utility"]}

    def solve(self) -> Moves | None:
        """What one does who knows what users hide: the ceiling. None where no family says it."""
        return None

    # ---- what an agent may read ------------------------------------------------------------------

    def legal_actions(self) -> NDArray[np.int8]:
        """Legal actions of the "flat" view, int8 (B, n_actions), 1 is legal; live."""
        raise NotImplementedError

    def explain_illegal(self, row: int, action: int) -> str:
        """Why an action is not legal now, and what is."""
        legal = np.flatnonzero(self.legal_actions()[row])
        shown = ", ".join(map(str, legal[:12])) + (", ..." if len(legal) > 12 else "")
        return (
            f"action {action} of row {row} is not legal now: {self.why_illegal(row, action)}. "
            f"Legal: {shown}. Two ways on: an algorithm that reads masks (info['action_mask']; "
            "MaskablePPO of sb3-contrib takes env.action_masks()), or, for one that knows none "
            "(PPO, DQN), gymnasium.make(..., illegal='penalise'): it costs a turn and reward then."
        )

    def why_illegal(self, row: int, action: int) -> str:
        """The reason alone, for `explain_illegal`."""
        return "the rules do not allow it"

    def best_items(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The estimator's best items to show, and their scores; (B, top_k), -1 padded."""
        raise NotImplementedError

    # ---- saving ----------------------------------------------------------------------------------

    def row_arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that differ from those of a new batch of the same arguments, live."""
        return self.arrays

    def state(self) -> State:
        """A copy of everything that differs from a new batch of the same arguments."""
        return save_state(self.row_arrays(), self.world)

    def set_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take back a `state` of a batch of the same arguments.

        Raises:
            WorldError: it was saved in a world of another fingerprint.
            OptionError: its arrays are not those of this batch.
        """
        arrays = self.row_arrays()
        check_state(state, arrays, self.world)
        for name, array in state.items():
            arrays[name][...] = array


def whole_options(options: Mapping[str, Any], allowed: tuple[str, ...]) -> dict[str, int]:
    """Reset options that are whole numbers.

    Raises:
        UnknownNameError: another key. OptionError: no whole number.
    """
    for key in options:
        if key not in allowed:
            raise unknown("reset option", key, allowed)
    values = {}
    for key, value in options.items():
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
            raise OptionError(
                f"reset option {shown(key)} is {shown(value)}; a whole number is needed."
            )
        values[key] = int(value)
    return values
