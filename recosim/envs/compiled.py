"""`CompiledBatch`: a batch whose rows compiled kernels advance, whatever the family.

A family names its fields and its entry kernels, and writes moves into the fields (`_write`); the
two halves of a move, legality, threads and saving are here.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar

from numpy.typing import NDArray

from recosim.acts import Moves
from recosim.envs.batch import Batch
from recosim.errors import IllegalActionError, OptionError
from recosim.kernels.compiling import Entry
from recosim.kernels.table import Fields, Memory, Table
from recosim.kernels.threads import run_rows, threads_for

__all__ = ["CompiledBatch"]


class CompiledBatch(Batch):
    """B episodes that kernels advance.

    Attributes:
        fields: what the table of the family holds, `raise_illegal` among it.
        entries: module of its entry kernels: `advance`, `pose_rows`, `answer_rows`, `settle_rows`
            and `find_illegal`.
        memory: the arrays and their table. table: the same table, what kernels get.
    """

    fields: ClassVar[Fields]
    entries: ClassVar[ModuleType]
    memory: Memory
    table: Table

    def _write(self, moves: Moves) -> None:
        """Moves into the fields of the core, once they are checked."""
        raise NotImplementedError

    # ---- moves -----------------------------------------------------------------------------------

    def step(self, moves: Moves) -> None:
        if not self.users.decided_by_rules:
            raise OptionError(
                f"users {self.users.name!r} answer by a language model, one call an answer. They "
                "play in gymnasium.make, recosim bench and recosim play; batches of gymnasium."
                "make_vec, stable-baselines3 and training need users that rules decide for."
            )
        self._write(moves)
        self._raise_if_illegal(self.run(self.entries.advance, moves=True))

    def pose(self, moves: Moves) -> None:
        self._write(moves)
        self._raise_if_illegal(self.run(self.entries.pose_rows, moves=True))

    def answer(self) -> None:
        self.run(self.entries.answer_rows)

    def settle(self) -> None:
        self.run(self.entries.settle_rows)

    def _raise_if_illegal(self, row: int) -> None:
        if row >= 0:
            raise IllegalActionError(self.explain_illegal(row, int(self.arrays["action"][row])))

    # ---- arrays ----------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> NDArray[Any]:
        try:
            array: NDArray[Any] = self.__dict__["arrays"][name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}") from None
        return array

    def row_arrays(self) -> dict[str, NDArray[Any]]:
        return {name: self.arrays[name] for name in self.fields.row_arrays()}

    # ---- running kernels -------------------------------------------------------------------------

    def run(self, kernel: Entry, moves: bool = False) -> int:
        """Run an entry kernel over all rows, on several threads where that pays.

        With `moves`, legality is checked for the whole batch before any row changes.
        """
        several = threads_for(self.size, self.threads) > 1
        if moves and several and self.table[self.fields.slot_of("raise_illegal")]:
            row = self.entries.find_illegal(self.table, 0, self.size)
            if row >= 0:
                return int(row)
        return run_rows(kernel, self.table, self.size, self.threads)
