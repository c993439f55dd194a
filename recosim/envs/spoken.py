"""`Spoken`: the one conversation of a scalar environment whose two sides talk."""

from __future__ import annotations

from typing import Any

import numpy as np

from recosim.envs.batch import Batch, Decoded
from recosim.envs.options import EnvOptions
from recosim.envs.recorder import Words
from recosim.envs.setup import Setup
from recosim.envs.spaces import decode
from recosim.envs.talk import Talk, speaker_of
from recosim.envs.text import TextView
from recosim.errors import IllegalActionError, NotUnderstood

__all__ = ["Spoken"]

# Times in a turn that a line which was not understood is asked back.
ASKED_BACK = 2


class Spoken:
    """Words for the moves of a batch of one row: moves that are typed, users that talk.

    Args:
        setup: of the environment.
        batch: of one row.
        options: of the environment: how actions are given, what illegal ones do.

    Raises:
        ChatError: users whom a language model speaks for, and it cannot be asked.
    """

    def __init__(self, setup: Setup, batch: Batch, options: EnvOptions) -> None:
        acts = setup.family.load("acts")
        self.batch, self._view = batch, options.actions
        self._raise_illegal = options.illegal == "raise"
        self.talk = Talk(batch, speaker_of(setup), acts)
        self._text = TextView(self.talk, acts)
        self._asked_back = 0

    @property
    def words(self) -> Words:
        """For `Recorder.record`."""
        return self.talk.words

    def open(self) -> None:
        """Say the opening of an episode that was just opened."""
        self.talk.open(np.ones(1, dtype=bool))
        self._asked_back = 0

    def observation(self) -> str:
        """The conversation so far, and what is open."""
        return self._text.observation(0)

    def step(self, action: Any) -> bool:
        """One move; False where a line was not understood and is asked back: nothing has changed.

        Raises:
            IllegalActionError: see `Batch.step`.
            ChatError, BudgetError, CassetteError: the model could not be asked.
        """
        try:
            decoded = self._decode(action)
        except NotUnderstood as problem:
            self._asked_back += 1
            if self._asked_back <= ASKED_BACK:
                self.talk.hear(0, problem.question, action)
                return False
            decoded = self._not_heard(problem)
        told = {0: action} if self._view == "text" else None
        self.talk.step(decoded.moves(self.batch), told=told)
        self._asked_back = 0
        return True

    def state(self) -> Any:
        """What was said, to be pickled."""
        return self.talk.state(), self._asked_back

    def set_state(self, state: Any) -> None:
        """Take back a `state`."""
        said, self._asked_back = state
        self.talk.set_state(said)

    def _decode(self, action: Any) -> Decoded:
        if self._view == "text":
            return self._text.decode(0, action)
        return decode(self._view, action, self.batch)

    def _not_heard(self, problem: NotUnderstood) -> Decoded:
        """An illegal move in the place of a line that was not understood too often.

        Raises:
            IllegalActionError: illegal moves are not penalised.
        """
        illegal = np.flatnonzero(self.batch.legal_actions()[0] == 0)
        if self._raise_illegal or not len(illegal):
            raise IllegalActionError(str(problem)) from problem
        return Decoded(int(illegal[0]))
