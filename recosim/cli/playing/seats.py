"""The two loops of an episode at the terminal: the person recommends, or is the user."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from recosim.acts import Moves
from recosim.agents.base import Agent
from recosim.cli.playing.game import Game, Mark, PersonLeft
from recosim.envs.board import RecommenderSeat, Seat, UserSeat
from recosim.errors import StateError

__all__ = ["answer_as_person", "recommend_as_person"]


UNDO = ("undo", "back", "take back")


class _TakenBack(Exception):
    """The person wants their last move or answer back."""


def recommend_as_person(game: Game, seat: RecommenderSeat) -> None:
    """Let the person make moves until the episode has ended.

    Raises:
        PersonLeft: they left before.
    """
    before: list[Mark] = []  # each move

    def step(moves: Moves) -> None:
        here = game.mark()
        game.step(moves)
        before.append(here)
        game.record()
        game.show_last()

    game.show(seat.introduce())
    game.show_last()
    while not game.ended:
        if (moves := seat.forced()) is None:
            game.show(seat.view())
            try:
                game.read_until(lambda line: _obey(game, seat, line, before, step))
            except _TakenBack:
                game.go_back(before.pop())
                game.show_last()
        else:
            step(moves)


def answer_as_person(game: Game, seat: UserSeat, agent: Agent) -> None:
    """Let the person answer the agent until the episode has ended.

    Args:
        agent: bound to the batch of the game.

    Raises:
        PersonLeft: they left before.
    """
    row = np.array([True])
    before: list[Mark] = []  # each move of the agent that was answered
    game.show(seat.introduce())
    game.show_last()
    agent.reset(row)
    while not game.ended:
        here = game.mark(agent)
        game.batch.pose(agent.act())
        asked = seat.is_asked()
        if asked:
            game.show(seat.hear())
            try:
                game.read_until(lambda line: _obey(game, seat, line, before))
            except _TakenBack:
                agent = game.go_back(before.pop()) or agent
                continue
            before.append(here)
        game.batch.settle()
        game.record()
        if asked:
            game.show(seat.followed(game.rows()[-1]))
        else:
            game.show_last()
        agent.observe(row)


def _obey(
    game: Game,
    seat: Seat,
    line: str,
    before: Sequence[Mark],
    step: Callable[[Moves], None] | None = None,
) -> bool:
    """Do what a line says; whether it was a move or an answer.

    Args:
        before: marks to go back to.
        step: makes the move that was typed; an answer is made already.

    Raises:
        PersonLeft: they wish to leave.
        RecosimError: the line says nothing that can be done; nothing has changed.
    """
    if line.casefold().rstrip(".!") in UNDO:
        if (typed := seat.take_back()) is None:
            if not before:
                raise StateError("there is nothing to take back yet.")
            if before[-1].batch is None:
                raise StateError("this agent cannot go back; what was said stands.")
            raise _TakenBack
    else:
        typed = seat.read(line)
    game.show(typed.shown)
    if typed.does == "quit":
        raise PersonLeft
    if typed.does == "history":
        game.show_history()
    if typed.moves is not None and step is not None:
        step(typed.moves)
    return typed.does == "act"
