"""`Spoken`: the episodes of an environment whose two sides talk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.envs.batch import Batch, Decoded
from recosim.envs.options import EnvOptions
from recosim.envs.recorder import Words
from recosim.envs.setup import Setup
from recosim.envs.talk import Talk, speaker_of
from recosim.envs.text import TextView
from recosim.errors import IllegalActionError, NotUnderstood

__all__ = ["Spoken"]

# Times in a turn that a line which was not understood is asked back.
ASKED_BACK = 2


class Spoken:
    """Words for the moves of a batch: moves that are typed, users that talk.

    Args:
        setup: of the environment.
        batch: its episodes.
        options: of the environment: what illegal moves do.

    Raises:
        ChatError: users whom a language model speaks for, and it cannot be asked.
    """

    def __init__(self, setup: Setup, batch: Batch, options: EnvOptions) -> None:
        acts = setup.family.load("acts")
        self.batch = batch
        self._raise_illegal = options.illegal == "raise"
        self.talk = Talk(batch, speaker_of(setup), acts)
        self._text = TextView(self.talk, acts)
        self._asked_back = np.zeros(batch.size, dtype=np.int32)

    @property
    def words(self) -> Words:
        """For `Recorder.record`."""
        return self.talk.words

    def open(self, rows: NDArray[np.bool_] | None = None) -> None:
        """Say the openings of rows, bool (B,), that were just opened; None: all of them."""
        opened = np.ones(self.batch.size, dtype=bool) if rows is None else rows
        self.talk.open(opened)
        self._asked_back[opened] = 0

    def observation(self, row: int = 0) -> str:
        """The conversation of a row so far, and what is open."""
        return self._text.observation(row)

    def move(self, moves: Moves) -> None:
        """One move of every running row, given as numbers.

        Raises:
            IllegalActionError: see `Batch.step`.
            ChatError, BudgetError, CassetteError: the model could not be asked.
        """
        self.talk.step(moves)

    def say(self, lines: Sequence[Any]) -> NDArray[np.bool_]:
        """One move of every running row, typed; bool (B,), who moved.

        A row whose line was not understood is asked back, and nothing else of it changes.

        Raises:
            IllegalActionError: no text, or an illegal move where these are refused.
            ChatError, BudgetError, CassetteError: the model could not be asked.
        """
        running = self.batch.arrays["done"] == 0
        decoded: dict[int, Decoded] = {}
        questions: dict[int, str] = {}
        for row in np.flatnonzero(running).tolist():
            try:
                decoded[row] = self._text.decode(row, lines[row])
            except NotUnderstood as problem:
                patient = self._asked_back[row] < ASKED_BACK
                wasted = None if patient else self._wasted(row, problem)
                if wasted is None:
                    questions[row] = problem.question
                else:
                    decoded[row] = wasted
        if self._raise_illegal:
            self._refuse_illegal(decoded)
        moved = np.zeros(self.batch.size, dtype=bool)
        moved[list(decoded)] = True
        if decoded:
            told = {row: lines[row] for row in decoded}
            with self.batch.waiting(running & ~moved):
                self.talk.step(self._together(decoded), told=told)
        for row, question in questions.items():
            self.talk.hear(row, question, lines[row])
        self._asked_back[moved] = 0
        self._asked_back[list(questions)] += 1
        return moved

    def state(self) -> Any:
        """What was said, to be pickled."""
        return self.talk.state(), self._asked_back.copy()

    def set_state(self, state: Any) -> None:
        """Take back a `state`."""
        said, self._asked_back = state
        self.talk.set_state(said)

    # ---- inside ----------------------------------------------------------------------------------

    def _together(self, decoded: Mapping[int, Decoded]) -> Moves:
        """Moves of some rows for `Batch.step`; what stands for the others is not looked at."""
        batch = self.batch
        codes = np.full(batch.size, batch.n_askables, dtype=np.int64)
        lists = []
        for name, width in (("items", batch.protocol.top_k), ("because", batch.aspects)):
            named = {
                row: part for row, d in decoded.items() if (part := getattr(d, name)) is not None
            }
            array = np.full((batch.size, width), -1, dtype=np.int32)
            for row, part in named.items():
                array[row] = part
            lists.append(array if named else None)
        for row, d in decoded.items():
            codes[row] = d.code
        return Moves.from_flat(
            codes, batch.n_askables, *lists, verbs=batch.verbs, reasons=batch.n_reasons
        )

    def _refuse_illegal(self, decoded: Mapping[int, Decoded]) -> None:
        """Raise `IllegalActionError` for an illegal move, before anything has changed."""
        legal, asks = self.batch.legal_actions(), self.batch.n_askables
        for row, (code, *_) in decoded.items():
            if not (legal[row, code] if code >= 0 else legal[row, :asks].any()):
                raise IllegalActionError(self.batch.explain_illegal(row, code))

    def _wasted(self, row: int, problem: NotUnderstood) -> Decoded | None:
        """A move that wastes the turn of a line that was not understood too often.

        An illegal one; where all are legal a pass; None where there is none either.

        Raises:
            IllegalActionError: illegal moves are not penalised.
        """
        if self._raise_illegal:
            raise IllegalActionError(
                f"{problem} With illegal='penalise' such a line costs a turn instead."
            ) from problem
        verbs, asks = self.batch.verbs, self.batch.n_askables
        illegal = np.flatnonzero(self.batch.legal_actions()[row] == 0)
        if not len(illegal):
            passes = Verb.PASS in verbs
            return Decoded(asks + verbs.index(Verb.PASS) - 1) if passes else None
        return Decoded(int(illegal[0]))
