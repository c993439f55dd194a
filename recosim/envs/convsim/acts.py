"""Moves of a search as typed acts, and what agents and text observations are told of one.

Attributes of acts are terms of the collection's index here, items are documents. `SearchActs` reads
one move, of a batch or of a trace, and writes what an outsider answers
(`recosim.envs.convsim.outsiders`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from recosim.acts import (
    Answer,
    Ask,
    Edit,
    Inquire,
    Leave,
    Level,
    Moves,
    React,
    Recommend,
    Reflect,
    Request,
    SystemAct,
    UserAct,
    Verb,
)
from recosim.envs.acts import Acts, Hidden, Move, Portrait
from recosim.envs.batch import Decoded
from recosim.envs.convsim.lexicon import document_label, language_of, snippet_of
from recosim.envs.convsim.opening_words import opening_words
from recosim.envs.convsim.outsiders import write_answer
from recosim.envs.convsim.rules import STARTS, Kind
from recosim.errors import NotUnderstood
from recosim.language import Context
from recosim.language.search_language import SearchLanguage
from recosim.language.search_text import query_in
from recosim.retrieval.queries import Queries
from recosim.users.speaker import Search
from recosim.world.world import World

__all__ = ["ACTS", "SearchActs", "rejects", "tells"]

SATISFIED = 1
_GOING = {SATISFIED: Leave("satisfied"), 2: Leave("impatient")}
_OFFERED = 8  # questions that a text observation offers


def tells(feedback: str) -> bool:
    """Whether users of a setting `feedback` may say of a list what is missing."""
    return feedback in ("critique", "instruction", "edit")


def rejects(feedback: str) -> bool:
    """Whether they may say what is wrong in the query."""
    return feedback == "edit"


class SearchActs(Acts):
    """How the moves of ConvSim are read and written."""

    def language(self, world: World, rules: Any) -> SearchLanguage:
        return language_of(world, rules.plurals)

    # ---- reading a move --------------------------------------------------------------------------

    def posed(self, batch: Any, row: int, moves: Moves) -> SystemAct:
        act = moves.act(row)
        return _asked(batch, row, int(moves.about[row])) if isinstance(act, Ask) else act

    def last_move(self, batch: Any, row: int) -> dict[str, Any]:
        a = batch.arrays
        verb = int(a["verb"][row])
        listed = verb == Verb.RECOMMEND
        n = int(a["n_shown"][row]) if listed else 0
        return {
            "verb": verb,
            "turn": int(a["at_turn"][row]),
            "need": int(a["need"][row]),
            "term": int(a["term"][row]),
            "facet": int(a["facet"][row]),
            "kind": int(a["kind"][row]),
            "named": [t for t in a["named"][row].tolist() if t >= 0],
            "removed": int(a["removed"][row]),
            "items": a["shown"][row, :n].tolist(),
            "levels": a["levels"][row, :n].tolist(),
            "query": a["query_terms"][row, : a["n_query"][row]].tolist(),
            "leaving": int(a["leaving"][row]),
            "plurals": batch.protocol.plurals,
            "start": STARTS.index(batch.protocol.start),
            "utterance": self._utterance(batch, row) if verb == Verb.OPEN else "",
        }

    def _utterance(self, batch: Any, row: int) -> str:
        a, rules = batch.arrays, batch.protocol
        start = a["start_terms"][row, : a["n_start"][row]].tolist()
        return opening_words(
            batch.world, batch.index, int(a["need"][row]), start, start=rules.start
        )

    def system_act(self, move: Move) -> SystemAct | None:
        verb = move["verb"]
        if verb == Verb.ASK:
            if move["facet"] >= 0:
                return Ask(facet=move["facet"])
            return Ask((move["term"],)) if move["term"] >= 0 else Ask()
        if verb == Verb.RECOMMEND:
            return Recommend(tuple(move["items"]))
        return Reflect() if verb == Verb.REFLECT else None

    def user_acts(self, move: Move) -> tuple[UserAct, ...]:
        verb, kind = move["verb"], move["kind"]
        if verb == Verb.OPEN:
            return (Request(tuple(move["query"])),)
        said: tuple[UserAct, ...] = ()
        if verb == Verb.ASK and kind != Kind.NOTHING:
            said = (_answer(move),)
        elif verb == Verb.RECOMMEND and kind != Kind.NOTHING:
            said = _feedback(move)
        leave = _GOING.get(move["leaving"])
        return said if leave is None else (*said, leave)

    def context(self, move: Move, rules: Any) -> Context:
        return Context(
            self.system_act(move), tuple(move["items"]), utterance=str(move.get("utterance", ""))
        )

    def invites_feedback(self, batch: Any, move: Move) -> bool:
        return bool(move["verb"] == Verb.RECOMMEND)

    def hidden(self, batch: Any, row: int) -> Hidden:
        """The documents that answer the need, and its terms.

        No user knows the title of a document that answers; a language model may have read it.
        """
        judged = batch.collection.judgements.of(int(batch.arrays["need"][row]))
        relevant = (item for item, grade in judged.items() if grade > 0)
        return Hidden(tuple(relevant), _need_of(batch, row))

    def portrait(self, batch: Any, row: int) -> Portrait:
        a, need = batch.arrays, _need_of(batch, row)
        start = set(a["start_terms"][row, : a["n_start"][row]].tolist())
        n = int(a["n_heard"][row])
        heard = zip(a["heard_terms"][row, :n].tolist(), a["heard_values"][row, :n], strict=True)
        known = start | {t for t, value in heard if value == 1}
        feedback = str(batch.users.behaviour(int(a["user"][row])).feedback)
        shown = a["shown"][row, : a["n_shown"][row]].tolist()
        n_query = int(a["n_query"][row])
        query = zip(a["query_terms"][row, :n_query].tolist(), a["query_weights"][row], strict=False)
        return Portrait(
            search=Search(
                need=" ".join(str(batch.world.topics.needs[int(a["need"][row])]).split()),
                unsaid=tuple(t for t in need if t not in known),
                holds=tuple(_held(batch, item, need) for item in shown),
                reads=batch.protocol.reads,
                query=tuple(t for t, weight in query if weight > 0) if rejects(feedback) else (),
                may_name=tells(feedback),
                thumbs_down=feedback not in ("none", "unary"),
            )
        )

    # ---- writing one -----------------------------------------------------------------------------

    def write_answer(self, batch: Any, row: int, acts: Sequence[UserAct]) -> None:
        write_answer(batch, row, self.last_move(batch, row), acts)

    def decode(self, batch: Any, text: str, act: SystemAct, row: int = 0) -> Decoded:
        query = query_in(text, batch.index) if isinstance(act, Recommend) else None
        if query is not None and not act.items:  # type: ignore[union-attr]
            batch.set_query(Queries.of([dict(query)]), np.array([row]))
            return Decoded(batch.n_askables)
        return super().decode(batch, text, act, row)

    def decode_question(self, batch: Any, text: str, act: Ask, row: int) -> Decoded:
        q = batch.protocol.questions
        if act.facet is not None:
            if act.facet >= batch.n_askables - 1 - q:
                raise NotUnderstood(text, "That cannot be asked about here. Name a word instead.")
            return Decoded(q + act.facet)
        if not act.attributes:
            return Decoded(batch.n_askables - 1)
        if len(act.attributes) > 1:
            words = " or ".join(batch.index.words(act.attributes))
            raise NotUnderstood(text, f"One word at a time, please: {words}?")
        if not q:
            raise NotUnderstood(text, "No words are asked about here. What do you recommend?")
        (term,) = act.attributes
        if term not in batch.arrays["questions"][row]:
            batch.offer(np.array([[term]]), np.array([row]))
        return Decoded(int(np.flatnonzero(batch.arrays["questions"][row] == term)[0]))

    # ---- what a conversation in text offers ------------------------------------------------------

    # Rewards and nDCG follow from the judgements, which no system reads.
    unseen: ClassVar[Mapping[str, Any]] = {**Acts.unseen, "ndcg": None, "reward": None}
    task = (
        "You are a search system. A user wants to know something and has said a part of it. Each "
        "turn you make one of the moves listed: ask whether it is about a word, ask what else "
        "there is to say, show a list of documents (recommend), or reflect, which puts what was "
        "said into the query and takes no turn. What counts is how good the last list is; each "
        "question and each word of the user costs a little."
    )

    def situation(self, batch: Any, row: int) -> list[str]:
        a, rules, index = batch.arrays, batch.protocol, batch.index
        told = [
            f"Turn {int(a['turn'][row])} of {rules.max_turns}; lists shown: "
            f"{int(a['lists'][row])} of {rules.rounds + 1}."
        ]
        if rules.start == "said" and rules.before:
            earlier = batch.world.topics.earlier(int(a["need"][row]), rules.before)
            told += [f"The user said before: {' '.join(text.split())}" for text in earlier]
        told.append(f"The query: {query_text(a, row, index)}.")
        n = int(a["n_heard"][row])
        values = a["heard_values"][row, :n]
        for value, what in ((1, "Wanted"), (-1, "Not wanted"), (0, "Asked about, left open")):
            words = index.words(a["heard_terms"][row, :n][values == value])
            told += [f"{what}: {', '.join(words)}."] * bool(words)
        query = a["query_terms"][row, : a["n_query"][row]].tolist()
        if shown := a["shown"][row, : a["n_shown"][row]].tolist():
            told.append("The last list:")
            told += [
                f"{place}. {self._line(batch, item, query)}{_thumb(level)}"
                for place, (item, level) in enumerate(
                    zip(shown, a["levels"][row].tolist(), strict=False), start=1
                )
            ]
        return told

    def _line(self, batch: Any, item: int, query: Sequence[int]) -> str:
        snippet = snippet_of(batch.world, item, query, batch.index)
        return f"{document_label(batch.world, item)}{': ' * bool(snippet)}{snippet}"

    def ask_label(self, batch: Any, row: int, about: int) -> str:
        act = _asked(batch, row, about)
        if act.facet is not None:
            return f"which {batch.world.facet_names[act.facet]}"
        return batch.index.words(act.attributes)[0] if act.attributes else "what else there is"

    def likely_asks(self, batch: Any, row: int, most: int) -> list[int]:
        """The shortlist in its order, then facets; the open question is always among them."""
        legal = np.flatnonzero(batch.legal_actions()[row, : batch.n_askables]).tolist()
        last = batch.n_askables - 1
        return [*[a for a in legal if a != last][: max(0, most - 1)], last]

    def footer(self, batch: Any, row: int) -> list[str]:
        if batch.arrays["done"][row]:
            return ["The search has ended."]
        a, told = batch.arrays, self.situation(batch, row)
        asks = []
        for about in self.likely_asks(batch, row, _OFFERED):
            label = self.ask_label(batch, row, about)
            if about < batch.protocol.questions:
                label += f" ({float(a['question_shares'][row, about]):.0%})"
            asks.append(label)
        told.append(
            f"Ask, for instance (share of what was found that holds it): {'; '.join(asks)}."
        )
        query = a["query_terms"][row, : a["n_query"][row]].tolist()
        best = [v for v in batch.best_items()[0][row].tolist() if v >= 0][:3]
        told.append("Show what was found, best first:" if best else "Nothing was found.")
        told += [f"- {self._line(batch, item, query)}" for item in best]
        others = ["reflect"] * bool(batch.legal_actions()[row, batch.n_askables + 1])
        told.append(f"Or {', or '.join([*others, 'search: words -unwanted'])}.")
        return told


def query_text(a: Any, row: int, index: Any) -> str:
    """The query in force in words: "harbour ferries^2 -unicorn"; "nothing" where it is empty."""
    n = int(a["n_query"][row])
    words = index.words(a["query_terms"][row, :n])
    weights = a["query_weights"][row, :n].tolist()
    said = [
        f"{'-' * (weight < 0)}{word}{'' if abs(weight) == 1 else f'^{abs(weight):.2g}'}"
        for word, weight in zip(words, weights, strict=True)
    ]
    return " ".join(said) or "nothing"


def _asked(batch: Any, row: int, about: int) -> Ask:
    """The question of an action that asks; -1 asks the best."""
    shortlist, q = batch.arrays["questions"][row], batch.protocol.questions
    if about < 0:
        places = np.flatnonzero(shortlist >= 0)
        about = int(places[0]) if len(places) else batch.n_askables - 1
    if about == batch.n_askables - 1:
        return Ask()
    return Ask((int(shortlist[about]),)) if about < q else Ask(facet=about - q)


def _need_of(batch: Any, row: int) -> tuple[int, ...]:
    """The terms of the need of a row, in its order."""
    arrays, need = batch.collection.arrays, int(batch.arrays["need"][row])
    lo, hi = arrays["need_indptr"][need], arrays["need_indptr"][need + 1]
    return tuple(arrays["need_terms"][lo:hi].tolist())


def _held(batch: Any, item: int, need: Sequence[int]) -> tuple[int, ...]:
    """The terms of a need that a document holds."""
    index = batch.index
    has = index.doc_terms[index.doc_indptr[item] : index.doc_indptr[item + 1]]
    return tuple(t for t in need if (k := int(np.searchsorted(has, t))) < len(has) and has[k] == t)


def _thumb(level: int) -> str:
    return "" if level < 0 else " (helpful)" if level >= Level.ACCEPT else " (not helpful)"


def _answer(move: Move) -> Answer:
    """What the user said to a question."""
    kind, named, term = move["kind"], tuple(move["named"]), move["term"]
    if kind == Kind.YES:
        return Answer("yes", (term,), named)
    if kind == Kind.VALUE:
        return Answer("yes", (), named)
    if kind in (Kind.NO_BARE, Kind.NO_INFORM):
        return Answer("no", (), named)
    return Answer("unsure", (), named)


def _feedback(move: Move) -> tuple[UserAct, ...]:
    """What the user said of a list."""
    pairs = zip(move["items"], move["levels"], strict=True)
    levels = tuple((item, Level(level)) for item, level in pairs if level >= 0)
    kind, named, removed = move["kind"], tuple(move["named"]), move["removed"]
    best = next((item for item, level in levels if level >= Level.ACCEPT), None)
    if kind == Kind.POSITIVE:
        return (React(best, levels),) if levels else ()
    react = React(None, levels)
    if kind == Kind.NEG_VAGUE:
        return react, Inquire(None)
    if kind == Kind.NEG_REFINE:
        return react, Edit(named, () if removed < 0 else (removed,))
    return (react,)


ACTS = SearchActs()
