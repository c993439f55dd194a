"""A person recommends through a life: what they see, and the moves that they type."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from recosim.acts import Moves, Recommend
from recosim.envs.board import RecommenderSeat, Typed
from recosim.envs.recoworld.words import session_heading
from recosim.envs.words import attribute_label, item_label
from recosim.errors import IllegalActionError, OptionError
from recosim.language.names import find, find_all

__all__ = ["LifeRecommenderSeat"]

_COMMANDS = {
    "ask": "ask NAME          ask whether they are in the mood for it: ask 12, ask indie",
    "recommend": "recommend         show the best; recommend 3 17 5 shows those items",
    "because": "because NAME      show the best that have it: because indie",
    "reflect": "reflect           ask how it is going; what was said is heeded from then on",
    "pass": "pass              show nothing in this round",
    "items": "items [N]         the N best items to show (20), with their attributes",
    "tastes": "tastes [N]        the N attributes (20) that are taken most, and least, when shown",
    "history": "history           everything said so far",
    "undo": "undo              take the last move back",
    "help": "help              this list",
    "quit": "quit              leave; also ctrl-C, ctrl-D",
}
_FEW, _MANY = 5, 20


class LifeRecommenderSeat(RecommenderSeat):
    """Commands or sentences; what is seen is what the observation holds."""

    def introduce(self) -> Iterator[RenderableType]:
        world, user = self.world, int(self.batch.arrays["user"][0])
        took = world.train.row(user)
        if len(took):
            known = sorted(took.tolist(), key=lambda v: (-int(world.popularity[v]), v))[:4]
            names = ", ".join(item_label(world, v) for v in known)
            yield Text(f"User {user} took {len(took)} items before, such as {names}.")
        days = self.batch.protocol.horizon
        yield Text(f"Keep them coming back for {days} days. 'help' lists the commands.")

    def view(self) -> Iterator[RenderableType]:
        a, rules = self.batch.arrays, self.batch.protocol
        day, session, turn = (int(a[name][0]) for name in ("day", "session", "turn"))
        yield Text(
            f"\n{session_heading(day, session)}, round {turn} of at most {rules.max_turns} "
            f"({rules.horizon - day} days left)",
            "bold",
        )
        if held := self.acts.in_force(self.batch, 0):  # type: ignore[attr-defined]
            yield Text("  in force: " + " ".join(held))
        yield from self._items(_FEW)
        legal = self.batch.legal_actions()[0, self.batch.n_askables + 1]
        shown = [name for name in _COMMANDS if legal or name != "reflect"]
        yield Text(f"commands: {', '.join(shown)}; or say it in a sentence", "dim")

    # ---- what is typed ---------------------------------------------------------------------------

    def read(self, line: str) -> Typed:
        if typed := self.command(line, self._help()):
            return typed
        word, _, rest = line.partition(" ")
        rest, word = rest.strip(), word.casefold().rstrip(".!")
        if word == "ask" and rest:
            return self._act(find(rest, list(self.world.attribute_names), "attribute"))
        if word == "recommend":
            return self._recommend(rest)
        if word == "because" and rest:
            names = list(self.world.attribute_names)
            return self._act(self.batch.n_askables + 3 + find(rest, names, "attribute"))
        if not rest and word in ("reflect", "pass"):
            return self._act(self.batch.n_askables + (1 if word == "reflect" else 2))
        if word in ("items", "tastes") and (not rest or rest.isdecimal()):
            many = int(rest or _MANY)
            if many < 1:
                raise OptionError(f"{word!r} takes how many to list, a whole number from 1.")
            return Typed("look", tuple((self._items if word == "items" else self._tastes)(many)))
        return super().read(line)

    def _act(self, code: int) -> Typed:
        batch = self.batch
        if not batch.legal_actions()[0, code]:
            raise IllegalActionError(f"{batch.why_illegal(0, code)}.")
        moves = Moves.from_flat(
            [code], batch.n_askables, verbs=batch.verbs, reasons=batch.n_reasons
        )
        return Typed("act", moves=moves)

    def _recommend(self, names: str) -> Typed:
        if not names:
            return self._act(self.batch.n_askables)
        names = self.numbered(names, "i")
        items = find_all(names, self.world.item_names, "item", "'items' lists some.")
        top_k = self.batch.protocol.top_k
        if len(items) > top_k:
            raise IllegalActionError(
                f"{len(items)} items were given; at most {top_k} can be shown."
            )
        return Typed("act", moves=Moves.of([Recommend(tuple(items))], top_k, 1))

    # ---- what the person sees --------------------------------------------------------------------

    def _items(self, most: int) -> Iterator[RenderableType]:
        """The items that the estimator likes most for the user and that were not shown."""
        world, batch = self.world, self.batch
        pool = batch.pool_of()
        fresh = pool[0][~batch.was_shown(pool)[0]][:most].tolist()
        if not fresh:
            yield Text("  nothing is left that was not shown")
            return
        self.listed["i"] = fresh
        answers, taken = batch.arrays["answers"][0], batch.arrays["taken_counts"][0]
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("  best items to show", no_wrap=True)
        table.add_column("attributes, and how often items with them were consumed")
        for number, item in enumerate(fresh, start=1):
            has = []
            for attribute in world.item_attributes.row(item).tolist():
                known = {1: ("green", " (yes)"), -1: ("red", " (no)"), 3: ("dim", " (?)")}
                style, remark = known.get(int(answers[attribute]), ("", ""))
                times = f" {taken[attribute]}" * bool(taken[attribute])
                has.append(Text(f"{world.attribute_names[attribute]}{times}{remark}", style))
            table.add_row(Text(f"{number:>4}. {item_label(world, item)}"), Text(", ").join(has))
        yield table

    def _tastes(self, most: int) -> Iterator[RenderableType]:
        """Attributes by the share of the items shown that were consumed."""
        a = self.batch.arrays
        shown, taken = a["shown_counts"][0], a["taken_counts"][0]
        met = np.flatnonzero(shown)
        if not len(met):
            yield Text("  nothing was shown yet")
            return
        share = (taken[met] + 1) / (shown[met] + 2)
        order = met[np.lexsort((met, -share))]
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("  attribute", no_wrap=True)
        table.add_column("consumed of shown", justify="right")
        chosen = order if len(order) <= 2 * most else [*order[:most], *order[-most:]]
        for attribute in chosen:
            label = Text(f"  {attribute_label(self.world, int(attribute))}")
            table.add_row(label, Text(f"{taken[attribute]} of {shown[attribute]}"))
        yield table

    def _help(self) -> Iterator[str]:
        for line in _COMMANDS.values():
            yield f"  {line}"
        yield "  #2 is the second of the last list: recommend #1 #3, How about #2?"
        rules = self.batch.protocol
        yield (
            f"A list shows up to {rules.top_k} items. The user reads it from the top, tires, may "
            "say what should change, and comes back on another day or not."
        )
