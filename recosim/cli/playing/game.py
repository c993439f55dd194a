"""`Game`: one conversation at the terminal, recorded and saved move by move."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console, RenderableType
from rich.text import Text

from recosim.acts import Moves
from recosim.agents.base import Agent
from recosim.envs.batch import Batch
from recosim.envs.recorder import Recorder
from recosim.envs.saving import State
from recosim.envs.talk import Talk
from recosim.envs.words import words_of
from recosim.errors import RecosimError
from recosim.trace import Trace
from recosim.world.world import World

__all__ = ["Game", "Mark", "PersonLeft"]


class Mark(NamedTuple):
    """Where an episode was: the batch, the agent, what was said, and how much was recorded."""

    batch: State | None
    agent: Agent | None
    talk: Any
    moves: int


class PersonLeft(Exception):
    """The person said "quit", pressed ctrl-C, or the input has ended."""


class Game:
    """The episode of one row, what the person sees of it, and where it is kept.

    With a file to save to, the whole episode so far is written after every move, so that nothing is
    lost whatever happens to the terminal.

    Args:
        batch: of one row, opened.
        agent: name of who recommends, for the trace.
        seed: seed of all luck.
        metadata: of the trace.
        save: the Parquet file to keep the conversation in, or None.
        console: where to print.
        talk: of the batch, where the user talks; it is opened here.
    """

    def __init__(
        self,
        batch: Batch,
        *,
        agent: str,
        seed: int,
        metadata: Mapping[str, Any],
        save: Path | None,
        console: Console,
        talk: Talk | None = None,
    ) -> None:
        self.batch, self.console, self._talk = batch, console, talk
        self._agent, self._seed, self._metadata, self._save = agent, seed, metadata, save
        _edit_lines()
        self._recorder, self._words = Recorder(batch), words_of(batch.family)
        if talk is not None:
            talk.open(np.ones(1, dtype=bool))
        self.record()

    @property
    def world(self) -> World:
        return self.batch.world

    @property
    def ended(self) -> bool:
        return bool(self.batch.arrays["done"][0])

    @property
    def moves(self) -> int:
        """Moves so far, but for those that nobody hears."""
        return max((self._words.number(row) or 0 for row in self.rows()), default=0)

    def step(self, moves: Moves) -> None:
        """A move that the simulated user answers."""
        (self.batch if self._talk is None else self._talk).step(moves)

    def record(self) -> None:
        """Keep the opening, or the move that was settled last."""
        self._recorder.record(words=None if self._talk is None else self._talk.words)
        if self._save is not None:
            self.trace().write(self._save)

    def trace(self) -> Trace:
        """The conversation so far."""
        return self._recorder.trace(self._agent, self._seed, self._metadata)

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the trace."""
        rows: list[dict[str, Any]] = self.trace().table.to_pylist()
        return rows

    # ---- taking back -------------------------------------------------------------------------

    def mark(self, agent: Agent | None = None) -> Mark:
        """Where the episode is now, to come back to.

        Args:
            agent: who recommends; one that holds what cannot be copied (a connection to a server)
                is left out, and there is no way back then.
        """
        memo = {id(part): part for part in (self.batch, self.batch.world)}
        try:
            copied = None if agent is None else copy.deepcopy(agent, memo)
        except Exception:  # whatever copying meets
            return Mark(None, None, None, 0)
        talk = None if self._talk is None else copy.deepcopy(self._talk.state())
        return Mark(self.batch.state(), copied, talk, len(self._recorder.moves))

    def go_back(self, mark: Mark) -> Agent | None:
        """Be where a mark with a batch is; what was recorded since is gone.

        Returns:
            The agent as it was, None where there is none.
        """
        assert mark.batch is not None
        self.batch.set_state(mark.batch)
        if self._talk is not None:
            self._talk.set_state(mark.talk)
        del self._recorder.moves[mark.moves :]
        if self._save is not None:
            self.trace().write(self._save)
        self.say("(taken back)", "dim")
        return mark.agent

    # ---- the terminal ------------------------------------------------------------------------

    def show_last(self) -> None:
        """Print the last move, or the opening."""
        for line in self._words.describe_move(self.rows()[-1], self.world, shorten=5):
            self.say(line, _style(line))

    def show_history(self) -> None:
        """Print everything said so far, with all names."""
        for line in self._words.transcript(self.trace(), self.world):
            self.say(line, _style(line))

    def show(self, shown: Iterable[RenderableType]) -> None:
        """Print what a board shows; lines are not broken."""
        for part in shown:
            self.console.print(part, soft_wrap=isinstance(part, Text))

    def say(self, text: str, style: str = "") -> None:
        """Print one line as it is: the brackets in it are ids, not markup."""
        self.console.print(Text(text, style=style), soft_wrap=True)

    def complain(self, problem: object) -> None:
        """Say what was wrong with the input; nothing has changed."""
        self.say(" ".join(str(problem).split()), "yellow")

    def read_until(self, obey: Callable[[str], bool]) -> None:
        """Read lines until `obey` did what one says; what is wrong with the others is said.

        Raises:
            PersonLeft: ctrl-C, or the end of the input.
        """
        done = False
        while not done:
            try:
                done = obey(self.read("> "))
            except RecosimError as problem:
                self.complain(problem)

    def read(self, prompt: str) -> str:
        """One line from the person.

        Raises:
            PersonLeft: ctrl-C, or the end of the input.
        """
        self.console.file.flush()
        try:
            line = input(prompt)
        except (EOFError, KeyboardInterrupt):
            self.console.print()
            raise PersonLeft from None
        if not sys.stdin.isatty():  # a log of piped input shows what was typed
            self.say(line)
        return line.strip()


def _edit_lines() -> None:
    """Arrows, and the lines that were typed before, where the platform has them."""
    if sys.stdin.isatty():
        with suppress(ImportError):
            import readline  # noqa: F401  (`input` uses it from now on)


def _style(line: str) -> str:
    if line.startswith("conversation"):
        return "bold"
    return "cyan" if line.lstrip().startswith("user ") else ""
