"""The two loops of an episode at the terminal: the person recommends, or is the user."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recosim.acts import Moves
from recosim.agents.base import Agent
from recosim.cli.playing.game import Game, PersonLeft
from recosim.envs.board import RecommenderSeat, Seat, UserSeat

__all__ = ["answer_as_person", "recommend_as_person"]


def recommend_as_person(game: Game, seat: RecommenderSeat) -> None:
    """Let the person make moves until the episode has ended.

    Raises:
        PersonLeft: they left before.
    """

    def step(moves: Moves) -> None:
        game.step(moves)
        game.record()
        game.show_last()

    game.show(seat.introduce())
    game.show_last()
    while not game.ended:
        if (moves := seat.forced()) is None:
            game.show(seat.view())
            game.read_until(lambda line: _obey(game, seat, line, step))
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
    game.show(seat.introduce())
    game.show_last()
    agent.reset(row)
    while not game.ended:
        game.batch.pose(agent.act())
        asked = seat.is_asked()
        if asked:
            game.show(seat.hear())
            game.read_until(lambda line: _obey(game, seat, line))
        game.batch.settle()
        game.record()
        if asked:
            game.show(seat.followed(game.rows()[-1]))
        else:
            game.show_last()
        agent.observe(row)


def _obey(game: Game, seat: Seat, line: str, step: Callable[[Moves], None] | None = None) -> bool:
    """Do what a line says; whether it was a move or an answer.

    Args:
        step: makes the move that was typed; an answer is made already.

    Raises:
        PersonLeft: they wish to leave.
        RecosimError: the line says nothing that can be done; nothing has changed.
    """
    typed = seat.read(line)
    game.show(typed.shown)
    if typed.does == "quit":
        raise PersonLeft
    if typed.does == "history":
        game.show_history()
    if typed.moves is not None and step is not None:
        step(typed.moves)
    return typed.does == "act"
