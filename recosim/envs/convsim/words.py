"""How a search is told: questions, answers, lists with a line of each document.

`recosim.envs.words` says what all families share. What was said of terms stands in brackets behind
the words of the user, with the sign by which it changes the query: "[+ferries -unicorn]".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from recosim.acts import Level, Verb
from recosim.envs.convsim.acts import ACTS
from recosim.envs.convsim.lexicon import document_label, index_for, language_of, snippet_of
from recosim.envs.convsim.opening_words import opening_words
from recosim.envs.convsim.rules import STARTS, Kind
from recosim.envs.words import Words, signed
from recosim.language.search_language import SearchLanguage
from recosim.world.world import World

__all__ = ["WORDS", "SearchWords"]

Row = Mapping[str, Any]

_INDENT = " " * 17  # as far as the text of a line
_MARKS = {int(Level.ACCEPT): "+", int(Level.SKIP): "-"}
_LEFT = {1: "the user is satisfied", 2: "the user ran out of patience and left"}
EARLIER = 2  # utterances before the opening that a transcript repeats


class SearchWords(Words):
    """The sentences of ConvSim."""

    hidden = "their need"

    def system_text(self, row: Row, world: World, *, shorten: int | None = None) -> str:
        verb = row["verb"]
        if verb == Verb.ILLEGAL:
            return "(an illegal move: the turn is lost)"
        if verb == Verb.OPEN:
            return ""
        if verb == Verb.RECOMMEND:
            return self.lead(row, world)
        act = ACTS.system_act(row)
        text = row.get("as_told") or ""
        if not text and act is not None:
            text = _language(row, world).system(act, key=_key(row))
        return f"{text} {self._query(row, world)}" if verb == Verb.REFLECT else text

    def lead(self, row: Row, world: World) -> str:
        if not row["items"]:
            return f"I found nothing. {self._query(row, world)}"
        return f"Here is what I found. {self._query(row, world)}"

    def _query(self, row: Row, world: World) -> str:
        """The query in force: "[query: harbour ferries -unicorn]"."""
        words = _language(row, world).names(row["query"])
        weights = row.get("weights") or [1.0] * len(words)
        said = [f"{'-' * (w < 0)}{word}" for word, w in zip(words, weights, strict=True)]
        return f"[query: {' '.join(said) or 'nothing'}]"

    def user_text(self, row: Row, world: World, *, shorten: int | None = None) -> str:
        language = _language(row, world)
        if row["verb"] == Verb.OPEN:
            start = STARTS[row["start"]]
            index = index_for(world, bool(row["plurals"]))
            return opening_words(world, index, row["need"], row["query"], start=start)
        acts = ACTS.user_acts(row)
        if not acts:
            return ""
        text = row.get("as_said") or language.turn(acts, ACTS.context(row, None), key=_key(row))
        marks = self.confirmed(row, world) or []
        return f"{text} [{' '.join(marks)}]" if marks else text

    def confirmed(self, row: Row, world: World) -> list[str] | None:
        """What was said of terms: "+" is wanted, "-" is not."""
        signs = [("+", term) for term in row["named"]]
        if row["kind"] == Kind.YES:
            signs.insert(0, ("+", row["term"]))
        if row["kind"] in (Kind.NO_BARE, Kind.NO_INFORM):
            signs.insert(0, ("-", row["term"]))
        if row["removed"] >= 0:
            signs.append(("-", row["removed"]))
        names = _language(row, world).names([term for _, term in signs])
        return [f"{sign}{name}" for (sign, _), name in zip(signs, names, strict=True)]

    def ending_text(self, row: Row, world: World) -> str:
        if not row["terminated"] and not row["truncated"]:
            return ""
        end = "the rounds or the turns ran out"
        if row["terminated"]:
            end = _LEFT.get(row["leaving"], "the list is good enough, by the judgements")
        assert world.topics is not None
        need = " ".join(world.topics.needs[row["need"]].split())
        return f"{end}; they wanted to know: “{need}”"

    def number(self, row: Row) -> int | None:
        return None if self.is_silent(row) else int(row["turn"])

    def is_silent(self, row: Row) -> bool:
        return bool(row["verb"] == Verb.REFLECT)

    def state(self, row: Row) -> str:
        return ", ".join(_figures(row, "reward {:+.2f}".format))

    def figures(self, row: Row) -> list[str]:
        return _figures(row, lambda reward: f"reward {signed(reward)}")

    def describe_move(self, row: Row, world: World, *, shorten: int | None = None) -> list[str]:
        # Where the two sides were worded, their words stand in the place of the usual ones.
        told, said = row.get("told"), row.get("said")
        listed = row["verb"] == Verb.RECOMMEND
        as_told = None if listed else told
        quoted = told if listed and told and "[i" not in told else None  # what was typed
        worded = {**row, "as_told": as_told, "as_said": said, "told": quoted, "said": None}
        lines = super().describe_move(worded, world, shorten=shorten)
        if row["verb"] == Verb.OPEN:
            return [lines[0], *_earlier(row, world), *lines[1:]]
        if row["verb"] == Verb.RECOMMEND:
            lines[1:1] = self._documents(row, world, shorten)
        return lines

    def _documents(self, row: Row, world: World, shorten: int | None) -> list[str]:
        """The documents of a list, a line each: thumb, title, what it says near the query."""
        lines = []
        for place, (item, level) in enumerate(zip(row["items"], row["levels"], strict=True)):
            if shorten is not None and place >= shorten:
                lines.append(f"{_INDENT}... and {len(row['items']) - place} more")
                break
            label = self.item_text(row, world, item)
            lines.append(f"{_INDENT[:-6]}{_MARKS.get(level, ' ')}{place + 1:>3}. {label}")
        return lines

    def item_text(self, row: Row, world: World, item: int) -> str:
        snippet = snippet_of(world, item, row["query"], index_for(world, bool(row["plurals"])))
        return f"{document_label(world, item)}{': ' * bool(snippet)}{snippet}"

    def marks(self, row: Row) -> list[str]:
        words = {int(Level.ACCEPT): "helpful", int(Level.SKIP): "not helpful"}
        return [words.get(level, "") for level in row["levels"]]


def _language(row: Row, world: World) -> SearchLanguage:
    return language_of(world, bool(row["plurals"]))


def _key(row: Row) -> int:
    """Chooses the wording of a move: the same trace, the same words."""
    return int(row["conversation"]) * 1009 + int(row["step"])


def _earlier(row: Row, world: World) -> list[str]:
    """What the user said before this turn of the topic, the latest."""
    if STARTS[row["start"]] != "said":
        return []
    assert world.topics is not None
    said = world.topics.earlier(row["need"], EARLIER)
    return [f"    before       {' '.join(text.split())}" for text in said]


def _figures(row: Row, rewarded: Callable[[float], str]) -> list[str]:
    """nDCG of a list and the reward; neither where they are withheld (`Acts.unseen`)."""
    ndcg, reward = row.get("ndcg"), row["reward"]
    if row["verb"] == Verb.OPEN or reward is None:
        return []
    return [rewarded(reward)] if ndcg is None else [f"nDCG {ndcg:.2f}", rewarded(reward)]


WORDS = SearchWords()
