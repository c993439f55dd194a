"""A person is the search system: what they see of a search, and the moves that they type."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from recosim.envs.board import RecommenderSeat, Typed
from recosim.envs.convsim.acts import query_text
from recosim.envs.convsim.lexicon import document_label, snippet_of
from recosim.envs.convsim.user_seat import documents_of
from recosim.errors import OptionError
from recosim.language.search_text import query_in
from recosim.retrieval.queries import Queries

__all__ = ["SearchRecommenderSeat"]

_COMMANDS = {
    "ask": "ask WORD          ask whether it is about that: ask ferries; ask alone: what else",
    "which": "which FACET       ask for a word of a kind: which mood",
    "recommend": "recommend         show what was found; recommend 3 17 shows those documents",
    "search": "search: WORDS     search for them and show that; -WORD is not wanted",
    "reflect": "reflect           put what was said into the query; takes no turn",
    "try": "try WORDS         what that would find, shown to you alone",
    "found": "found [N]         the N documents (20) that the query finds",
    "words": "words [N]         the N words (20) that part what was found",
    "read": "read ID           a document",
    "history": "history           everything said so far",
    "undo": "undo              take the last move back",
    "help": "help              this list",
    "quit": "quit              leave; also ctrl-C, ctrl-D",
}
_FEW, _MANY = 5, 20


class SearchRecommenderSeat(RecommenderSeat):
    """Commands or sentences; what is seen is what an agent may read."""

    def introduce(self) -> Iterator[RenderableType]:
        rules = self.batch.protocol
        yield Text(
            f"Somebody wants to know something and has said a part of it. Show at most "
            f"{rules.rounds + 1} lists in {rules.max_turns} turns; the last one counts. 'help' "
            "lists the commands."
        )

    def view(self) -> Iterator[RenderableType]:
        a, rules = self.batch.arrays, self.batch.protocol
        lists = int(a["lists"][0])
        yield Text(
            f"\nturn {int(a['turn'][0])} of {rules.max_turns}, {lists} of {rules.rounds + 1} lists "
            "shown",
            "bold",
        )
        yield Text(f"  query: {query_text(a, 0, self.batch.index)}")
        if said := self._heard():
            yield Text(f"  said: {said}")
        if asks := self._shortlist():
            yield Text(f"  ask: {asks}")
        yield from self._documents(a["found_items"][0, :_FEW].tolist(), "found")
        fresh = self.batch.legal_actions()[0, self.batch.n_askables + 1]
        shown = [name for name in _COMMANDS if fresh or name != "reflect"]
        yield Text(f"commands: {', '.join(shown)}; or say it in a sentence", "dim")

    def _heard(self) -> str:
        a, n = self.batch.arrays, int(self.batch.arrays["n_heard"][0])
        words = self.language.names(a["heard_terms"][0, :n].tolist())
        signs = {1: "+", -1: "-", 0: "?"}
        values = a["heard_values"][0, :n].tolist()
        return " ".join(f"{signs[v]}{word}" for word, v in zip(words, values, strict=True))

    def _shortlist(self) -> str:
        """The words on the shortlist, with the share of what was found that holds each."""
        a = self.batch.arrays
        there = a["questions"][0] >= 0
        words = self.language.names(a["questions"][0][there].tolist())
        shares = a["question_shares"][0][there].tolist()
        return ", ".join(f"{word} {share:.0%}" for word, share in zip(words, shares, strict=True))

    def _documents(self, items: list[int], title: str) -> Iterator[RenderableType]:
        a, index = self.batch.arrays, self.batch.index
        query = a["query_terms"][0, : a["n_query"][0]].tolist()
        there = [item for item in items if item >= 0]
        if not there:
            yield Text(f"  {title}: nothing")
            return
        self.listed["i"] = there
        n = int(a["n_marked"][0])
        ups = a["marked_up"][0, :n].tolist()
        marks = dict(zip(a["marked_items"][0, :n].tolist(), ups, strict=True))
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column(f"  {title}", no_wrap=True, max_width=48)
        table.add_column("")
        for number, item in enumerate(there, start=1):
            mark = {1: "+ ", 0: "- "}.get(marks.get(item, -1), "  ")
            label = Text(f"{mark}{number:>2}. {document_label(self.world, item)}")
            table.add_row(label, Text(snippet_of(self.world, item, query, index), "dim"))
        yield table

    # ---- what is typed ---------------------------------------------------------------------------

    def read(self, line: str) -> Typed:
        if typed := self.command(line, self._help()):
            return typed
        word, _, rest = line.strip().partition(" ")
        word, rest = word.casefold().rstrip(".!"), rest.strip()
        if word in ("recommend", "read", "how"):
            rest = self.numbered(rest, "i")
            line = f"{word} {rest}".strip()
        if word in ("found", "words") and (not rest or rest.isdecimal()):
            many = int(rest or _MANY)
            if many < 1:
                raise OptionError(f"{word!r} takes how many to list, a whole number from 1.")
            if word == "words":
                return Typed("look", tuple(self._candidates(many)))
            found = self.batch.arrays["found_items"][0, :many].tolist()
            return Typed("look", tuple(self._documents(found, "found")))
        if word == "read" and (found := re.fullmatch(r"\[?i?(\d+)\]?", rest.casefold())):
            if int(found[1]) >= self.world.n_items:
                last = self.world.n_items - 1
                raise OptionError(f"there is no document {found[1]}; ids are 0 to {last}.")
            return Typed("look", tuple(documents_of(self.world, int(found[1]))))
        if word == "try" and rest:
            query = query_in(f"search: {rest}", self.batch.index) or []
            ranking = self.batch.search(Queries.of([dict(query)]), self.batch.protocol.top_k)
            return Typed("look", tuple(self._documents(ranking.items[0].tolist(), "would find")))
        return super().read(line)

    def _candidates(self, most: int) -> Iterator[RenderableType]:
        a = self.batch.arrays
        terms = a["candidates"][0]
        terms = terms[terms >= 0][:most]
        if not len(terms):
            yield Text("  no word parts what was found")
            return
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("  word", no_wrap=True)
        table.add_column("share of what was found", justify="right")
        table.add_column("documents", justify="right")
        shares, frequency = a["candidate_shares"][0], self.batch.index.frequency
        for place, word in enumerate(self.language.names(terms.tolist())):
            row = f"{float(shares[place]):.0%}", f"{int(frequency[terms[place]]):,}"
            table.add_row(Text(f"  {word}"), *map(Text, row))
        yield table

    def _help(self) -> Iterator[str]:
        for line in _COMMANDS.values():
            yield f"  {line}"
        yield "  #2 is the second of the last list: read #2, recommend #1 #3."
        facets = [str(name) for name in self.world.facet_names][
            : self.batch.n_askables - 1 - self.batch.protocol.questions
        ]
        if facets:
            yield f"  Kinds of words: {', '.join(facets)}."
        rules = self.batch.protocol
        yield (
            f"A list shows up to {rules.top_k} documents; the user looks at {rules.reads} of them "
            "at most. What counts is the nDCG of the last list; questions and words cost."
        )
