"""`Acts`: the moves of a batch as typed acts, and back. Text, people and models share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.acts import (
    Ask,
    Leave,
    Moves,
    React,
    Recommend,
    Reflect,
    SystemAct,
    UserAct,
    Verb,
)
from recosim.envs.batch import Batch, Decoded
from recosim.envs.words import attribute_label, facet_label
from recosim.errors import NotUnderstood, OptionError
from recosim.language import Context, Language
from recosim.users.speaker import Search
from recosim.world.world import World

__all__ = ["Acts", "Hidden", "Move", "Portrait"]

# One move with the keys of a trace that acts are read from.
Move = Mapping[str, Any]


class Hidden(NamedTuple):
    """What a user keeps to themselves, for a language model that speaks for them.

    Attributes:
        secrets: items that no utterance may name. wants: attributes of what they want.
    """

    secrets: tuple[int, ...] = ()
    wants: tuple[int, ...] = ()


class Portrait(NamedTuple):
    """Who a user is at a moment, for a language model that plays them; ids of attributes.

    Attributes:
        likes, dislikes: what they care for most in the long run, the strongest first.
        mood: what they are after today beside it.
        weary: whether they are tired or disappointed.
        lengths: minutes of the items of the last list.
        search: of who searches, what for.
    """

    likes: tuple[int, ...] = ()
    dislikes: tuple[int, ...] = ()
    mood: tuple[int, ...] = ()
    weary: bool = False
    lengths: tuple[float, ...] = ()
    search: Search | None = None


class Acts:
    """How the moves of a family are read and written; a family overrides what differs.

    This one is of a user who is shown lists and takes an item of them, or none.
    """

    def language(self, world: World, rules: Any) -> Language:
        """How moves under some rules are put into words, and read from them."""
        return Language(world)

    # ---- reading a move --------------------------------------------------------------------------

    def posed(self, batch: Batch, row: int, moves: Moves) -> SystemAct:
        """A move of the recommender that was not made yet, as an act."""
        return moves.act(row, facets=batch.asks_facets)

    def last_move(self, batch: Batch, row: int) -> dict[str, Any]:
        """The opening or the last move of a row, with the keys of a trace that acts are read of."""
        a = batch.arrays
        return {
            "verb": int(a["verb"][row]),
            "items": [int(v) for v in a["shown"][row] if v >= 0],
            "because": [],
            "rank": int(a["rank"][row]),
            "left": bool(a["left"][row]),
        }

    def system_act(self, move: Move) -> SystemAct | None:
        """What the recommender did; None for the opening, and for moves that nobody hears."""
        if move["verb"] == Verb.RECOMMEND:
            return Recommend(tuple(move["items"]), tuple(move.get("because", ())))
        return Reflect() if move["verb"] == Verb.REFLECT else None

    def user_acts(self, move: Move) -> tuple[UserAct, ...]:
        """What the user said in a move, in the order in which they say it; () for nothing."""
        if move["verb"] != Verb.RECOMMEND:
            return ()
        taken = move["items"][move["rank"] - 1] if move["rank"] > 0 else None
        left: tuple[UserAct, ...] = (Leave("impatient"),) if move.get("left") else ()
        return (React(taken), *left)

    def return_acts(self, move: Move) -> tuple[UserAct, ...]:
        """What the user says who comes back for another session, once a move has ended one.

        () where the move ended none, and for families whose episodes have one session alone.
        """
        return ()

    def return_note(self, move: Move) -> str:
        """A line that parts the two sessions: "3 days later: day 5, session 3"."""
        raise NotImplementedError

    def summary(self, moves: Sequence[Move]) -> str:
        """A line about a session that is over, for who remembers it; from its moves."""
        raise NotImplementedError

    def context(self, move: Move, rules: Any) -> Context:
        """What the user's words in a move answer.

        Args:
            rules: of the batch.
        """
        return Context(self.system_act(move), tuple(move["items"]))

    def hidden(self, batch: Batch, row: int) -> Hidden:
        """What the user of a row must not give away, and what they want."""
        return Hidden()

    def portrait(self, batch: Batch, row: int) -> Portrait:
        """Who the user of a row is now, where families know it beyond what is in mind."""
        return Portrait()

    def invites_feedback(self, batch: Batch, move: Move) -> bool:
        """Whether the user may say in this move what was wrong."""
        return False

    def secrets(self, move: Move) -> tuple[int, ...]:
        """The items that the user of a move of a trace had in mind and told nobody; () for none."""
        return ()

    # ---- writing one -----------------------------------------------------------------------------

    def write_answer(self, batch: Batch, row: int, acts: Sequence[UserAct]) -> None:
        """Put what an outsider said into the fields of the move that was posed (`Batch.pose`).

        Raises:
            OptionError: they do not answer the move; nothing has changed then.
        """
        a, items = batch.arrays, [int(v) for v in batch.arrays["shown"][row] if v >= 0]
        taken = [act.accepted for act in acts if isinstance(act, React)]
        if not acts or len(taken) > 1:
            raise OptionError("one reaction to a list is needed.")
        item = taken[0] if taken else None
        if item is not None and item not in items:
            raise OptionError(f"item {item} was not shown; shown: {items}.")
        a["rank"][row] = 0 if item is None else 1 + items.index(item)
        a["left"][row] = any(isinstance(act, Leave) for act in acts)

    def decode(self, batch: Batch, text: str, act: SystemAct, row: int = 0) -> Decoded:
        """A typed move of the recommender of a row as `Batch.step_one` takes it.

        Args:
            text: what was typed, for the errors.

        Raises:
            NotUnderstood: `.question` asks back.
        """
        n = batch.n_askables
        if isinstance(act, Reflect) and Verb.REFLECT in batch.verbs:
            return Decoded(n + batch.verbs.index(Verb.REFLECT) - 1)
        if isinstance(act, Recommend):
            return self.decode_list(batch, text, act)
        if isinstance(act, Ask):
            return self.decode_question(batch, text, act, row)
        raise NotUnderstood(text, "Do you ask, recommend or reflect?")

    def decode_list(self, batch: Batch, text: str, act: Recommend) -> Decoded:
        """A list that was typed. Raises `NotUnderstood`."""
        top_k, aspects = batch.protocol.top_k, batch.aspects
        if len(act.items) > top_k:
            raise NotUnderstood(text, f"That is {len(act.items)} at once. Which {top_k} of them?")
        items = _padded(act.items, top_k) if act.items else None
        because = _padded(act.because[:aspects], aspects) if aspects else None
        return Decoded(batch.n_askables, items, because)

    def decode_question(self, batch: Batch, text: str, act: Ask, row: int) -> Decoded:
        """A question that was typed. Raises `NotUnderstood`."""
        if not batch.n_askables:
            raise NotUnderstood(
                text, "I would rather see things than answer. What do you recommend?"
            )
        return Decoded(next(iter(act.attributes), -1))

    # ---- what a language model that recommends is told -------------------------------------------

    # Columns of a row of a trace, and what stands in them where an agent reads it: the end would
    # name what users hide.
    unseen: ClassVar[Mapping[str, Any]] = {"terminated": False, "truncated": False}

    task: ClassVar[str] = (
        "You recommend items to a user. Each turn you make one of the moves listed: ask a "
        "question, recommend a list of items, reflect on what was said, or pass."
    )

    def situation(self, batch: Batch, row: int) -> list[str]:
        """Where the episode stands, in lines."""
        return self.footer(batch, row)[:1]

    def likely_asks(self, batch: Batch, row: int, most: int) -> list[int]:
        """What may be asked about now, the most useful first."""
        asks: list[int] = np.flatnonzero(batch.legal_actions()[row, : batch.n_askables]).tolist()
        return asks[:most]

    def ask_label(self, batch: Batch, row: int, about: int) -> str:
        """What can be asked about, by its number, in words."""
        label = facet_label if batch.asks_facets else attribute_label
        return label(batch.world, about)

    def likely_reasons(self, batch: Batch, row: int, most: int) -> list[int]:
        """Attributes that a list may be asked of the retrieval for, the most useful first."""
        return []

    def reasons(self, batch: Batch, lists: NDArray[np.int32]) -> NDArray[np.int32] | None:
        """What to say of lists, int32 (B, top_k): int32 (B, aspects); None: nothing."""
        return None

    # ---- what a conversation in text offers ------------------------------------------------------

    def footer(self, batch: Batch, row: int) -> list[str]:
        """What is open now, in lines below the conversation."""
        if batch.arrays["done"][row]:
            return ["The conversation has ended."]
        left = batch.protocol.max_turns - int(batch.arrays["turn"][row]) + 1
        told = [f"Moves left: {left}."]
        best = batch.best_items()[0][row]
        names = [str(batch.world.item_names[v]) for v in best[best >= 0][:8]]
        return [*told, f"Recommend, best first: {'; '.join(names)}."]


def _padded(ids: tuple[int, ...], most: int) -> NDArray[np.int32]:
    row = np.full(most, -1, dtype=np.int32)
    row[: len(ids)] = ids
    return row
