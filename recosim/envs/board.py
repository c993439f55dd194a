"""`Board`: what a person at a terminal sees of one episode, and what they may type; either seat.

The board of a family is made for a batch of one row. It has a seat for whoever recommends and one
for the user, chooses which episode is played, and says how one ended. This one works for every
family, by the acts in words; a family brings its own where people should see more.

What is shown is renderable by rich. The terminal itself (`recosim play`) prints it, reads lines,
makes moves and keeps what was said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import RenderableType
from rich.text import Text

from recosim.acts import Ask, Moves, Recommend
from recosim.envs.acts import Acts
from recosim.envs.batch import Units
from recosim.envs.words import Words, item_label, words_of
from recosim.errors import IllegalActionError, OptionError, shown
from recosim.family import family
from recosim.language import Context
from recosim.language.language import Reads
from recosim.language.names import find
from recosim.trace import Trace

__all__ = ["Board", "Chosen", "RecommenderSeat", "Seat", "Typed", "UserSeat"]

Row = Mapping[str, Any]

_LEAVING = ("quit", "exit", "q", "bye")


class Typed(NamedTuple):
    """What a line was.

    Attributes:
        does: "act", a move or an answer; "look", a wish to see something; "history", to see what
            was said so far; "quit", to leave.
        shown: what to print.
        moves: of the recommender, the move; an answer is in the fields of the batch.
    """

    does: Literal["act", "look", "history", "quit"]
    shown: tuple[RenderableType, ...] = ()
    moves: Moves | None = None


class Seat:
    """One side of an episode at the terminal.

    Args:
        batch: of one row, opened.
        acts: of the family.

    Attributes:
        listed: what numbered lists showed last: letter of the ids ("i" of items) -> ids in order.
    """

    def __init__(self, batch: Any, acts: Acts) -> None:
        self.batch, self.acts, self.world = batch, acts, batch.world
        self.language = acts.language(batch.world, batch.protocol)
        self.listed: dict[str, list[int]] = {}

    def introduce(self) -> Iterator[RenderableType]:
        """What the person should know before the opening."""
        raise NotImplementedError

    def read(self, line: str) -> Typed:
        """What a line of the person does.

        Raises:
            RecosimError: nothing; the message says why, and nothing has changed.
        """
        raise NotImplementedError

    def take_back(self) -> Typed | None:
        """Undo what was typed of an answer that is not whole yet; None where there is nothing."""
        return None

    def numbered(self, text: str, letter: str) -> str:
        """A text in which "#2" is the second of the last list, as its id: "i203".

        Raises:
            OptionError: no such list, or no such number in it.
        """
        ids = self.listed.get(letter, [])

        def name(found: re.Match[str]) -> str:
            number = int(found[1])
            if not ids:
                raise OptionError(f"{found[0]} is the number of a list, and none was shown.")
            if not 1 <= number <= len(ids):
                raise OptionError(f"there is no {found[0]}; the last list has 1 to {len(ids)}.")
            return f"{letter}{ids[number - 1]}"

        return re.sub(r"#(\d{1,6})\b", name, text)

    @property
    def parser(self) -> Reads:
        """Of sentences; its tables are made when the first is read."""
        return self.language.parser

    def command(self, line: str, helping: Iterable[str]) -> Typed | None:
        """The commands of every seat: help, history, quit; None for any other line."""
        given = " ".join(line.casefold().rstrip(".!").split())
        if given in _LEAVING:
            return Typed("quit")
        if given == "history":
            return Typed("history")
        return Typed("look", tuple(map(Text, helping))) if given in ("help", "?") else None


class RecommenderSeat(Seat):
    """The person recommends: moves are typed in words."""

    def introduce(self) -> Iterator[RenderableType]:
        user = int(self.batch.arrays["user"][0])
        yield Text(f"You recommend to user {user}. Say what you do; 'help' gives examples.")

    def forced(self) -> Moves | None:
        """The move that is made whatever the person would do; None: they choose."""
        return None

    def view(self) -> Iterator[RenderableType]:
        """What is printed before each move."""
        turn, turns = int(self.batch.arrays["turn"][0]), self.batch.protocol.max_turns
        yield Text(f"\nturn {turn} of {turns}", "bold")
        yield from map(Text, self.acts.footer(self.batch, 0))

    def read(self, line: str) -> Typed:
        if typed := self.command(line, self._help()):
            return typed
        if not line:
            raise OptionError("type a move; 'help' gives examples.")
        line = self.numbered(line, "i")
        shown = tuple(self.acts.last_move(self.batch, 0)["items"])
        context = Context(shown=shown, facets=self.batch.asks_facets)
        act = self.parser.parse_system(line, context)
        decoded = self.acts.decode(self.batch, line, act)
        if decoded.code >= 0 and not self.batch.legal_actions()[0, decoded.code]:
            raise IllegalActionError(f"{self.batch.why_illegal(0, decoded.code)}.")
        return Typed("act", moves=decoded.moves(self.batch))

    def _help(self) -> Iterator[str]:
        yield "  Say what you do, for instance:"
        if self.batch.n_askables:
            name = self.world.attribute_names[0] if self.world.n_attributes else "it"
            yield f"    Do you want {name}?"
        yield f"    How about {item_label(self.world, 0)}?    What do you think of i3 and i5?"
        yield "  'history' shows everything said so far, 'undo' takes the last move back, 'quit'"
        yield "  leaves; also ctrl-C, ctrl-D."


class UserSeat(Seat):
    """The person is the user: answers are typed in words."""

    def introduce(self) -> Iterator[RenderableType]:
        user = int(self.batch.arrays["user"][0])
        yield Text(f"You are user {user}, and the recommender knows what this user took before.")
        yield from self.show_mind()
        yield Text("Answer as you like; 'help' says how.\n")

    def show_mind(self) -> Iterator[RenderableType]:
        """What the person has in mind."""
        for item in self.acts.hidden(self.batch, 0).secrets:
            yield Text(f"You have in mind: {item_label(self.world, item)}", "bold")
            if self.world.item_texts[item]:
                yield Text(f"  {self.world.item_texts[item]}")

    def is_asked(self) -> bool:
        """Whether the move that was posed waits for an answer."""
        act = self.acts.system_act(self.acts.last_move(self.batch, 0))
        return isinstance(act, (Ask, Recommend))

    def hear(self) -> Iterator[RenderableType]:
        """The question or the list of the move that was posed; the items of a list by number."""
        move = self.acts.last_move(self.batch, 0)
        words = words_of(self.batch.family)
        number = int(self.batch.arrays["step"][0])
        yield Text(f"\n{number:>2}. recommender  {self.lead(move, words)}")
        if isinstance(self.acts.system_act(move), Recommend):
            for place, item in enumerate(move["items"], start=1):
                yield Text(f"    {place:>2}. {item_label(self.world, item)}")

    def lead(self, move: Row, words: Words) -> str:
        """The line above what was asked or shown."""
        if isinstance(self.acts.system_act(move), Recommend):
            return words.lead(move, self.world)
        return words.system_text(move, self.world)

    def followed(self, row: Row) -> Iterator[RenderableType]:
        """What came of an answer.

        Args:
            row: of the trace, of the move that was answered.
        """
        if state := words_of(self.batch.family).state(row):
            yield Text(f"    ({state})", "dim")

    def read(self, line: str) -> Typed:
        if typed := self.command(line, self._help()):
            return typed
        if line.casefold() == "mind":
            return Typed("look", tuple(self.show_mind()) or (Text("Nothing; answer as you like."),))
        self.answer_in_words(line)
        return Typed("act")

    def answer_in_words(self, line: str) -> None:
        """Write a sentence into the fields of the move: "no, and less electronic, please".

        Raises:
            RecosimError: it is no answer.
        """
        context = self.acts.context(self.acts.last_move(self.batch, 0), self.batch.protocol)
        self.acts.write_answer(self.batch, 0, self.parser.parse_turn(line, context))

    def _help(self) -> Iterator[str]:
        yield "Take an item by its number or its name, or say no; answer questions with a sentence."
        yield "'mind' shows what you have in mind, 'history' what was said, 'undo' takes your last"
        yield "answer back, 'quit' leaves."


class Chosen(NamedTuple):
    """The episode that is played.

    Attributes:
        number: of the episode: its row among the units, or their number for a unit of none of them.
        unit: int32 (columns,), what it is about.
    """

    number: int
    unit: NDArray[np.int32]


class Board:
    """The seats of a family, which of its episodes is played, and how one ended.

    Args:
        batch: of one row.

    Attributes:
        recommender, user: classes of the seats.
        rivals: names of the agents that a person who recommended is compared with, on the same
            episode.
    """

    recommender: ClassVar[type[RecommenderSeat]] = RecommenderSeat
    user: ClassVar[type[UserSeat]] = UserSeat
    rivals: ClassVar[tuple[str, ...]] = ()

    def __init__(self, batch: Any) -> None:
        self.batch, self.world = batch, batch.world
        self.words = words_of(batch.family)
        self.acts: Acts = family(batch.family).load("acts")

    def seat(self, name: Literal["recommender", "user"]) -> Any:
        """A seat by its name."""
        kinds: dict[str, type[Seat]] = {"recommender": self.recommender, "user": self.user}
        return kinds[name](self.batch, self.acts)

    def choose(self, units: Units, luck: np.random.Generator, wanted: Mapping[str, str]) -> Chosen:
        """The episode of what is wanted, the rest drawn.

        Args:
            wanted: by the name of a column of the units, what was typed for it.

        Raises:
            OptionError: units have no such column, or none of them fits.
            UnknownNameError: no item has this name or id.
        """
        fits = np.ones(len(units), dtype=bool)
        for name, text in wanted.items():
            if name not in units.names:
                allowed = " and ".join(f"--{column}" for column in units.names)
                raise OptionError(f"--{name} {text}: what is played here is chosen by {allowed}.")
            fits &= units.table[:, units.names.index(name)] == self.identify(name, text)
        if not fits.any():
            said = " ".join(f"--{name} {text}" for name, text in wanted.items())
            raise OptionError(f"nothing in the {self.batch.split} split fits {said}.")
        number = int(luck.choice(np.flatnonzero(fits)))
        return Chosen(number, units.table[number])

    def identify(self, name: str, text: str) -> int:
        """The id that was typed for a column of the units; an item may be named.

        Raises:
            OptionError: no whole number, or no user of the world.
            UnknownNameError: no item has this name or id.
        """
        if name == "item":
            return find(text, self.world.item_names, "item")
        if not text.lstrip("-").isdecimal():
            raise OptionError(f"--{name} is {shown(text)}; a whole number is needed.")
        if name == "user" and not 0 <= int(text) < self.world.n_users:
            last = self.world.n_users - 1
            raise OptionError(f"user {text} does not exist; users are 0 to {last}.")
        return int(text)

    def ending(self, who: str, row: Row, reward: float) -> str:
        """How the episode ended, in a sentence.

        Args:
            who: recommended: "You", or the name of an agent.
            row: the last of its trace. reward: of all moves.
        """
        if end := self.words.ending_text(row, self.world):
            return f"{who}: {end}. Reward {reward:+.2f}."
        return f"Reward so far {reward:+.2f}."

    def how_it_went(self, trace: Trace) -> str:
        """What an agent came to on the same episode, behind its name: "finds it at move 3".

        Args:
            trace: of this episode.
        """
        row = trace.table.slice(len(trace) - 1).to_pylist()[0]
        reward = float(trace.column("reward").astype(float).sum())
        number = self.words.number(row)
        moves = "" if number is None else f" after {number} move{'s' * (number != 1)}"
        return f"has {reward:+.2f}{moves}"
