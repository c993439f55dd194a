"""`Heard`: what was heard in a line before it is decided what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recosim.acts import Ask
from recosim.errors import NotUnderstood
from recosim.language.asking_back import did_you_mean
from recosim.language.clauses import Clause, clauses_of
from recosim.language.context import Context
from recosim.language.mentions import Mention, Mentions
from recosim.language.places import place_mentions
from recosim.language.stances import Said, hear_clauses
from recosim.language.tone import first_reply, spoken, tones_of
from recosim.language.words import Token

__all__ = ["Heard", "hear"]


@dataclass
class Heard:
    """What was heard in a line, sorted by tone; ids in the order of the line.

    Attributes:
        said: the words, to look cues up in.
        clauses: what each clause says.
        tones: of each mention; "aside" where it is no wish.
        reply: "yes", "no" or "": of what is no question.
    """

    text: str
    context: Context
    find: Mentions
    tokens: Sequence[Token]
    said: str
    mentions: list[Mention]
    clauses: list[Said]
    tones: list[str]
    reply: str

    def ids(self, *tones: str, kind: str = "a") -> tuple[int, ...]:
        """What was clearly named in one of the tones. A part of a name that is refused is none,
        unless it was asked: "I don't drink coffee" says nothing about filter coffee."""
        found: dict[int, None] = {}
        for mention, tone in zip(self.mentions, self.tones, strict=True):
            if mention.kind != kind or not mention.clear or tone not in tones:
                continue
            asked = mention.ids[0] in self.context.asked or not isinstance(
                self.context.answers, Ask
            )
            if kind == "i" or tone != "no" or not mention.partial or asked:
                found.update(dict.fromkeys(mention.ids))
        return tuple(found)

    def clause_of(self, mention: Mention) -> int:
        """The place of the clause that a mention begins in."""
        return next(k for k, said in enumerate(self.clauses) if mention.start < said.clause.end)

    def set_aside(self, places: set[int], but: tuple[str, ...] = ()) -> None:
        """Take what these clauses name for no wish, unless it was said in a tone of `but`."""
        for k, mention in enumerate(self.mentions):
            if (
                mention.kind == "a"
                and self.tones[k] not in but
                and self.clause_of(mention) in places
            ):
                self.tones[k] = "aside"

    def unclear(self) -> NotUnderstood | None:
        """The question back about a name that could be several."""
        for mention, tone in zip(self.mentions, self.tones, strict=True):
            if not mention.clear and tone not in ("no", "aside"):
                return NotUnderstood(
                    self.text, did_you_mean(self.find.labels, mention.kind, mention.ids)
                )
        return None

    def fail(self, question: str) -> NotUnderstood:
        return NotUnderstood(self.text, question)


def hear(
    text: str, tokens: Sequence[Token], closing: str, context: Context, find: Mentions
) -> Heard:
    """What is heard in the words of a line.

    Args:
        text: as it was written.
        closing: marks after the last word.
    """
    mentions = find.find(
        tokens, asked=context.asked, facet=context.asked_facet, shown=context.items, text=text
    )
    placed = context.items or context.asked
    kind = "i" if context.items else "a"
    mentions = place_mentions(text, tokens, mentions, kind, placed)
    clauses = clauses_of(tokens, mentions, closing)
    tones = tones_of(tokens, mentions, {c.start for c in clauses if not c.joint})
    return Heard(
        text,
        context,
        find,
        tokens,
        spoken(tokens),
        mentions,
        hear_clauses(tokens, mentions, clauses, context.items),
        tones,
        first_reply(tokens, mentions, _questions(tokens, clauses)),
    )


def _questions(tokens: Sequence[Token], clauses: Sequence[Clause]) -> set[int]:
    """The words of clauses that ask something; "why not?" answers."""
    return {
        k
        for clause in clauses
        if clause.asks and tokens[clause.start].word != "why"
        for k in range(clause.start, clause.end)
    }
