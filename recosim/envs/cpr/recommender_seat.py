"""A person recommends in a CPR conversation: what they see, and the moves that they type."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from recosim.acts import Ask, Moves, Recommend, Reflect, SystemAct
from recosim.envs.board import RecommenderSeat, Typed
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.words import attribute_label, facet_label, item_label
from recosim.errors import IllegalActionError, OptionError, RecosimError, nearest
from recosim.language.names import find, find_all

__all__ = ["CPRRecommenderSeat", "moves_left"]

_COMMANDS = {
    "ask": "ask NAME         ask whether the user wants it: ask 12, ask indie, ask indi",
    "recommend": "recommend        show the best candidates; recommend 3 17 5 shows those items",
    "because": "because NAME     the same, and why: because indie; recommend 3 17 because indie",
    "reflect": "reflect          revise what is believed about the user, after a refusal; no turn",
    "questions": "questions [N]    the N best questions (20), by entropy",
    "candidates": "candidates [N]   the N best candidates (20) and their attributes",
    "history": "history          everything said so far",
    "undo": "undo             take the last move back",
    "help": "help             this list",
    "quit": "quit             leave the conversation; also ctrl-C, ctrl-D",
}
_ALONE = ("reflect", "history", "help", "quit")
_SYNONYMS = {"q": "quit", "exit": "quit", "?": "help", "bye": "quit"}
_FEW, _MANY = 5, 20


def moves_left(batch: Dialogues) -> int:
    """Moves of the one row that can still do something, the next one included."""
    protocol, turn = batch.protocol, int(batch.arrays["turn"][0])
    return protocol.first_turn + protocol.acting_turns - turn


class CPRRecommenderSeat(RecommenderSeat):
    """Commands or sentences, and numbered tables of questions and candidates."""

    batch: Dialogues

    def introduce(self) -> Iterator[RenderableType]:
        world = self.world
        user = int(self.batch.arrays["user"][0])
        took = world.train.row(user)
        if len(took):
            # The best known items say most to a person.
            known = sorted(took.tolist(), key=lambda v: (-int(world.popularity[v]), v))[:4]
            names = ", ".join(item_label(world, v) for v in known)
            yield Text(f"User {user} took {len(took)} items before, such as {names}.")
        yield Text("Find the item this user has in mind. 'help' lists the commands.")

    def forced(self) -> Moves | None:
        # The protocol ignores the move of the last turn, whatever it is.
        return self._moves(Recommend()) if moves_left(self.batch) < 1 else None

    def view(self) -> Iterator[RenderableType]:
        protocol, n = self.batch.protocol, int(self.batch.arrays["n_candidates"][0])
        number = protocol.acting_turns - moves_left(self.batch) + 1
        yield Text(
            f"\nmove {number} of {protocol.acting_turns}: {n:,} candidate{'s' * (n != 1)}", "bold"
        )
        if "questions" in self._commands():
            yield from self._questions(_FEW)
        else:
            yield from self._candidates(_FEW)
        yield Text(f"commands: {', '.join(self._legal_commands())}", "dim")

    # ---- commands --------------------------------------------------------------------------------

    def read(self, line: str) -> Typed:
        if not line:
            raise OptionError(f"type a command: {', '.join(self._legal_commands())}.")
        word, _, rest = line.partition(" ")
        if _is_sentence(line) and word.casefold() not in (*_COMMANDS, *_SYNONYMS):
            return super().read(line)
        command = self._command(word, line)
        rest = rest.strip()
        if rest and command in _ALONE:
            raise OptionError(f"{command!r} stands alone; given {line!r}.")
        if command == "ask":
            return self._ask(rest)
        if command == "recommend":
            return self._recommend(rest)
        if command == "because":
            return self._recommend(f"because {rest}")
        if command == "reflect":
            return self._reflect()
        if command == "questions":
            return Typed("look", tuple(self._questions(_how_many(rest, command))))
        if command == "candidates":
            return Typed("look", tuple(self._candidates(_how_many(rest, command))))
        if command == "help":
            return Typed("look", tuple(map(Text, self._help())))
        return Typed("history" if command == "history" else "quit")

    def _command(self, word: str, line: str) -> str:
        """The command that a word begins, if it begins one only."""
        given = word.casefold()
        if given in _SYNONYMS:
            return _SYNONYMS[given]
        begun = [command for command in self._commands() if command.startswith(given)]
        if len(begun) == 1 or given in begun:
            return begun[0] if len(begun) == 1 else given
        if begun:
            raise OptionError(f"{word!r} may be {' or '.join(map(repr, begun))}; type more of it.")
        near = nearest(given, self._commands())
        message = f"{word!r} is not a command."
        if near:
            message += f" Did you mean {near!r}?"
        else:
            try:
                askable = find(line, self._askable_names(), self._kind)
                message += f" To ask about {self._label(askable)}, type: ask {line}."
            except RecosimError:
                message += f" Commands: {', '.join(self._legal_commands())}."
        raise OptionError(message)

    def _ask(self, name: str) -> Typed:
        hint = "'questions' lists what can be asked."
        name = self.numbered(name, self._kind[0])
        askable = find(name, self._askable_names(), self._kind, hint)
        if not self.batch.legal_actions()[0, askable]:
            raise IllegalActionError(f"{self._label(askable)} {self._why_not(askable)} {hint}")
        act = Ask(facet=askable) if self.batch.asks_facets else Ask((askable,))
        return Typed("act", moves=self._moves(act))

    def _why_not(self, askable: int) -> str:
        a = self.batch.arrays
        if self.batch.asks_facets:
            if a["facet_asked"][0, askable]:
                return "was asked already."
            return "cannot be asked: no candidate has an attribute in it."
        status = int(a["status"][0, askable])
        said = {1: "wants it", -1: "does not want it", 2: "does not know"}
        if status:
            return f"was asked already: the user {said[status]}."
        return "cannot be asked: no candidate has it."

    def _recommend(self, names: str) -> Typed:
        batch, world = self.batch, self.world
        if not batch.legal_actions()[0, batch.n_askables]:
            raise IllegalActionError("nothing is left to recommend.")
        names, reasons = self._reasons(names)
        if not names:
            return Typed("act", moves=self._moves(Recommend((), reasons)))
        names = self.numbered(names, "i")
        items = find_all(names, world.item_names, "item", "'candidates' lists items.")
        top_k = batch.protocol.top_k
        if len(items) > top_k:
            raise IllegalActionError(
                f"{len(items)} items were given; at most {top_k} can be shown."
            )
        inside = set(batch.candidate_ids(0).tolist())
        outside = [item_label(world, v) for v in items if v not in inside]
        remark = Text(f"(shown although not among the candidates: {', '.join(outside)})", "dim")
        return Typed(
            "act", (remark,) * bool(outside), self._moves(Recommend(tuple(items), reasons))
        )

    def _reasons(self, text: str) -> tuple[str, tuple[int, ...]]:
        """What comes before "because", and the attributes behind it.

        Raises:
            OptionError: lists have no reasons here, or too many are given.
        """
        before, because, names = f" {text}".rpartition(" because ")
        if not because:
            return text, ()
        most = self.batch.protocol.aspects
        if not most:
            raise OptionError("lists are shown without a reason here; leave 'because' out.")
        names = self.numbered(names, "a")
        given = find_all(names, list(self.world.attribute_names), "attribute")
        if len(given) > most:
            raise OptionError(f"{len(given)} reasons were given; at most {most} are said.")
        return before.strip(), tuple(given)

    def _reflect(self) -> Typed:
        if not self.batch.legal_actions()[0, self.batch.n_askables + 1]:
            raise IllegalActionError(
                "a reflection needs a refused recommendation that was not reflected on yet."
            )
        return Typed("act", moves=self._moves(Reflect()))

    def _moves(self, act: SystemAct) -> Moves:
        protocol = self.batch.protocol
        return Moves.of([act], protocol.top_k, protocol.aspects)

    # ---- what the person sees --------------------------------------------------------------------

    def _questions(self, most: int) -> Iterator[RenderableType]:
        """The askables by falling entropy, with how many candidates have each."""
        batch, facets = self.batch, self.batch.asks_facets
        legal = np.flatnonzero(batch.legal_actions()[0, : batch.n_askables])
        entropy = batch.entropy()[0]
        order = legal[np.lexsort((legal, -entropy[legal].astype(np.float64)))][:most]
        if not len(order):
            yield Text("nothing is left to ask")
            return
        self.listed[self._kind[0]] = order.tolist()
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("  best questions", no_wrap=True)
        table.add_column("entropy", justify="right")
        table.add_column("attributes" if facets else "candidates", justify="right")
        if not facets:
            table.add_column("facet", no_wrap=True)
        n = int(batch.arrays["n_candidates"][0])
        for number, askable in enumerate(order.tolist(), start=1):
            cells = [f"{number:>4}. {self._label(askable)}", f"{entropy[askable]:.2f}"]
            if facets:
                cells.append(str(len(self.world.facet_attributes.row(askable))))
            else:
                facet = int(self.world.attribute_facet[askable])
                cells.append(f"{batch.arrays['counts'][0, askable]} of {n}")
                cells.append(self.world.facet_names[facet] if facet >= 0 else "")
            table.add_row(*map(Text, cells))
        yield table
        if len(legal) > most:
            yield Text(f"  and {len(legal) - most} more", "dim")

    def _candidates(self, most: int) -> Iterator[RenderableType]:
        """The candidates by falling score, and what they have."""
        batch, world = self.batch, self.world
        candidates = batch.candidate_ids(0)
        if not len(candidates):
            yield Text("no candidate is left")
            return
        scores = _scores(batch, candidates)
        order = np.lexsort((candidates, -scores.astype(np.float64)))[:most]
        self.listed["i"] = candidates[order].tolist()
        status = batch.arrays["status"][0]
        known = {1: ("green", " (yes)"), -1: ("red", " (no)"), 2: ("dim", " (?)")}
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("  best candidates", no_wrap=True)
        table.add_column("score", justify="right")
        table.add_column("attributes")
        best = zip(candidates[order].tolist(), scores[order].tolist(), strict=True)
        for number, (item, score) in enumerate(best, start=1):
            has = []
            for attribute in world.item_attributes.row(item).tolist():
                style, remark = known.get(int(status[attribute]), ("", ""))
                has.append(Text(world.attribute_names[attribute] + remark, style))
            label = Text(f"{number:>4}. {item_label(world, item)}")
            table.add_row(label, f"{score:.2f}", Text(", ").join(has))
        yield table
        if len(candidates) > most:
            yield Text(f"  and {len(candidates) - most} more", "dim")

    def _legal_commands(self) -> list[str]:
        mask, n = self.batch.legal_actions()[0], self.batch.n_askables
        legal = {
            "ask": bool(mask[:n].any()),
            "recommend": bool(mask[n]),
            "reflect": bool(mask[n + 1]),
        }
        return [command for command in self._commands() if legal.get(command, True)]

    def _commands(self) -> list[str]:
        """The commands that the rules know."""
        protocol = self.batch.protocol
        there = {
            "ask": protocol.question != "none",
            "questions": protocol.question != "none",
            "because": protocol.aspects > 0,
        }
        return [command for command in _COMMANDS if there.get(command, True)]

    def _help(self) -> Iterator[str]:
        protocol = self.batch.protocol
        for command in self._commands():
            yield f"  {_COMMANDS[command]}"
        yield "  #2 is the second of the last list: ask #2, recommend #1 #3. Sentences do too:"
        yield "  'Do you like indie?', 'How about #1?'"
        question = {
            "binary": "A question is about one attribute; the user says yes, no, or don't know.",
            "choice": "A question is about the attribute you name and others of its facet, up to "
            f"{protocol.choices} together.",
            "facet": "A question is about a facet; the user names what they want in it.",
            "none": "There are no questions.",
        }[protocol.question]
        refused = {
            "keep": "A 'no' leaves the candidates as they are.",
            "remove": "After a 'no' the items that have the attribute leave the candidates.",
        }[protocol.on_reject]
        yield f"{question} {refused} A list shows up to {protocol.top_k} items."

    @property
    def _kind(self) -> str:
        return "facet" if self.batch.asks_facets else "attribute"

    def _askable_names(self) -> list[str]:
        world = self.world
        return list(world.facet_names if self.batch.asks_facets else world.attribute_names)

    def _label(self, askable: int) -> str:
        label = facet_label if self.batch.asks_facets else attribute_label
        return label(self.world, askable)


def _is_sentence(line: str) -> bool:
    return "?" in line or len(line.split()) > 2


def _how_many(text: str, command: str) -> int:
    if not text:
        return _MANY
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise OptionError(f"{command!r} takes how many to list, a whole number from 1; given {text!r}.")


def _scores(batch: Dialogues, items: NDArray[np.int64]) -> NDArray[np.float32]:
    """The estimator's scores of items as docs/protocols.md defines them, float32 (items,)."""
    vectors, a = batch.vectors, batch.arrays
    vector = vectors.item[items]
    scores: NDArray[np.float32] = vectors.item_bias[items] + vector @ a["query"][0]
    if vectors.penalise_rejected:
        for rejected in np.flatnonzero(a["status"][0] == -1):
            has = np.isin(items, batch.world.attribute_items.row(int(rejected)))
            scores[has] -= 1 / (1 + np.exp(-(vector[has] @ vectors.attribute[rejected])))
    return scores
