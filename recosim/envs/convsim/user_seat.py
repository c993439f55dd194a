"""A person searches: they have a need, answer questions, look at documents, say what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from recosim.acts import Answer, Edit, Leave, Level, React, UserAct, Verb
from recosim.envs.board import Typed, UserSeat
from recosim.envs.convsim.lexicon import document_label, snippet_of
from recosim.envs.convsim.words import WORDS
from recosim.errors import OptionError

__all__ = ["SearchUserSeat", "documents_of"]

_READ = re.compile(r"(?:read|open|look at) (?:number )?(\d+)")
_GO_ON = ("", "go on", "next", "no", "n", "nope")
LONGEST = 1200  # characters of a document that are printed


def documents_of(world: Any, item: int) -> Iterator[RenderableType]:
    """A document: its title, and its text up to `LONGEST` characters."""
    text = " ".join(str(world.item_texts[item]).split())
    yield Text(f"  {document_label(world, item)}", "bold")
    yield Text(f"  {text[:LONGEST]}{' …' * (len(text) > LONGEST)}")


class SearchUserSeat(UserSeat):
    """One line for each question, one for each list: thumbs, and what is missing, in own words.

    The person may do what the rules would not have done: what follows is drawn from what they did.
    """

    def introduce(self) -> Iterator[RenderableType]:
        yield Text("You search, and the system knows nothing of you but what you say.")
        yield from self.show_mind()
        yield Text("Answer its questions, and judge what it finds; 'help' says how.\n")

    def show_mind(self) -> Iterator[RenderableType]:
        """The need, and the words of it that were not said."""
        search = self.acts.portrait(self.batch, 0).search
        assert search is not None
        yield Text(f"You want to know: {search.need}", "bold")
        if search.unsaid:
            named = ", ".join(self.language.names(search.unsaid))
            yield Text(f"Of it you have not said: {named}.")

    def is_asked(self) -> bool:
        return self.batch.arrays["verb"][0] in (Verb.ASK, Verb.RECOMMEND)

    def hear(self) -> Iterator[RenderableType]:
        move = self.acts.last_move(self.batch, 0)
        lists = int(self.batch.arrays["lists"][0])
        yield Text(f"\nturn {move['turn']} of {self.batch.protocol.max_turns}", "dim")
        yield Text(f"{move['turn']:>2}. recommender  {self._lead(move)}")
        for place, item in enumerate(move["items"], start=1):
            yield Text(f"    {place:>2}. {document_label(self.world, item)}")
            if snippet := snippet_of(self.world, item, move["query"], self.batch.index):
                yield Text(f"        {snippet}", "dim")
        if move["verb"] == Verb.RECOMMEND:
            left = self.batch.protocol.rounds - lists
            more = f"{left} more list{'s' * (left != 1)} can follow" if left else "the last list"
            yield Text(f"  Which help (+1 -2), what is missing? ({more})", "dim")

    def _lead(self, move: Mapping[str, Any]) -> str:
        row = {**move, "conversation": 0, "step": int(self.batch.arrays["step"][0])}
        return WORDS.system_text(row, self.world)

    # ---- what is typed ---------------------------------------------------------------------------

    def read(self, line: str) -> Typed:
        given = " ".join(line.casefold().rstrip(".!").split())
        if given in ("leave", "enough"):
            return self._done((Leave("impatient"),))
        if given != "bye" and (typed := self.command(line, self._help())):
            return typed
        if given == "mind":
            return Typed("look", tuple(self.show_mind()))
        move = self.acts.last_move(self.batch, 0)
        if found := _READ.fullmatch(given):
            return self._open(move, int(found[1]))
        if move["verb"] == Verb.RECOMMEND and given in _GO_ON:
            return self._done((React(None),))
        if move["verb"] == Verb.ASK and not given:
            return self._done((Answer("unsure"),))
        context = self.acts.context(move, self.batch.protocol)
        return self._done(self.parser.parse_turn(line, context))

    def _open(self, move: Mapping[str, Any], place: int) -> Typed:
        if not 1 <= place <= len(move["items"]):
            raise OptionError(f"there is no number {place}; the list has {len(move['items'])}.")
        return Typed("look", tuple(documents_of(self.world, move["items"][place - 1])))

    def _done(self, acts: tuple[UserAct, ...]) -> Typed:
        """Write the answer into the fields of the move, and say how it was understood."""
        self.acts.write_answer(self.batch, 0, acts)
        told = self._understood(acts, self.acts.last_move(self.batch, 0))
        return Typed("act", (Text(f"  ({told})", "dim"),) * bool(told))

    def _understood(self, acts: tuple[UserAct, ...], move: Mapping[str, Any]) -> str:
        said, names = [], self.language.names
        for act in acts:
            if isinstance(act, React):
                for what, ups in (("helpful", True), ("not helpful", False)):
                    places = [
                        str(1 + move["items"].index(item))
                        for item, level in act.levels
                        if (level >= Level.ACCEPT) == ups
                    ]
                    said += [f"{what}: {', '.join(places)}"] * bool(places)
            elif isinstance(act, Edit):
                said += [f"missing: {', '.join(names(act.add))}"] * bool(act.add)
                said += [f"not wanted: {', '.join(names(act.remove))}"] * bool(act.remove)
            elif isinstance(act, Answer):
                kind = {"yes": "yes", "no": "no", "unsure": "don't know"}[act.kind]
                said += [kind] * (move["term"] >= 0 or not act.also)
                said += [f"about: {', '.join(names(act.also))}"] * bool(act.also)
            elif isinstance(act, Leave):
                said.append("satisfied" if act.reason == "satisfied" else "you leave")
        return "; ".join(said)

    def _help(self) -> Iterator[str]:
        yield "Questions: yes, no, don't know (or enter); 'no, it is about ferries' says more."
        yield "Lists: '+1 -2' (thumbs), 'the first helps, but it lacks the timetable', 'leave out"
        yield "boats', 'something else', enter for no; 'that is what I needed' ends the search."
        yield "'read 2' opens a document, 'mind' shows your need, 'history' what was said,"
        yield "'leave' gives up, 'quit' leaves the game."
