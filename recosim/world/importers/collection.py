"""What the importers of collections share: documents, topics and judgements as they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from recosim.errors import ImportDataError, unknown
from recosim.world.csr import Csr, csr_from_lists, csr_from_pairs
from recosim.world.importers.source import Log, bad, read_lines, refusing
from recosim.world.strings import StringTable
from recosim.world.topics import Topics, judgements_of, split_topics
from recosim.world.world import World, build_world

__all__ = ["Draft", "TopicsSplit", "Turn", "read_qrels", "whole"]

# Topics are split as the source says (and 70/15/15 by the seed where it says nothing), 70/15/15 by
# the seed in any case, or not at all: a collection of a few topics is judged whole.
TopicsSplit = Literal["source", "seed", "test"]
SPLITTING = ("source", "seed", "test")

LONGEST = 1_000_000  # characters of a document; a longer one is cut, and counted


@dataclass
class Turn:
    """One turn as a source has it: its id, its topic, and what was said and meant."""

    key: str
    topic: str
    utterance: str
    need: str = ""
    rewrite: str = ""
    answer: str = ""
    history: Sequence[str] = ()  # keys of the earlier turns of its conversation


@dataclass
class Draft:
    """A collection while it is read: what is dropped is counted, and the first of it is named."""

    path: Path
    documents: dict[str, tuple[str, str]] = field(default_factory=dict)  # id -> (title, text)
    empty: set[str] = field(default_factory=set)
    turns: dict[str, Turn] = field(default_factory=dict)
    grades: dict[str, dict[str, int]] = field(default_factory=dict)  # turn -> document -> grade
    split: dict[str, int] = field(default_factory=dict)  # topic -> 0, 1, 2
    attributes: list[tuple[str, str, str]] = field(default_factory=list)  # document, facet, name
    log: Log = field(default_factory=Log)

    def document(self, file: Path, line: int | None, key: str, title: str, text: str) -> None:
        """Add a document.

        Raises:
            ImportDataError: no id, or the id of a document that reads otherwise.
        """
        if not key:
            raise bad(file, "a document has no id", line)
        title, text = title.strip(), text.strip()
        if not title and not text:
            self.empty.add(key)
            return self.drop("empty documents", file, line, key)
        if len(text) > LONGEST:
            self.log.note(f"documents cut at {LONGEST:,} characters", file, line, key=key)
            text = text[:LONGEST]
        if key in self.documents:
            if self.documents[key] != (title, text):
                raise bad(file, f"the document {key!r} occurs twice, with two texts", line)
            return self.drop("repeated documents", file, line, key)
        self.documents[key] = (title, text)
        return None

    def turn(self, file: Path, line: int | None, turn: Turn) -> None:
        """Add a turn; one without a need wants what its rewrite or else its utterance says.

        Raises:
            ImportDataError: no id, nothing said, or an id that occurs twice.
        """
        if not turn.key:
            raise bad(file, "a topic has no id", line)
        if not turn.utterance.strip():
            return self.drop("turns in which nothing is said", file, line, turn.key)
        if turn.key in self.turns:
            raise bad(file, f"the topic {turn.key!r} occurs twice", line)
        if not turn.need.strip():
            self.log.note(
                "turns without a need (theirs is what they say)", file, line, key=turn.key
            )
            turn.need = turn.rewrite or turn.utterance
        self.turns[turn.key] = turn
        return None

    def grade(self, file: Path, line: int, turn: str, document: str, grade: int) -> None:
        """Add a judgement; one of an unknown turn or document is dropped and counted."""
        if turn not in self.turns:
            return self.drop("judgements of unknown topics", file, line, turn)
        if document in self.empty:
            return self.drop("judgements of empty documents", file, line, document)
        if document not in self.documents:
            return self.drop("judgements of unknown documents", file, line, document)
        if grade < 0:
            self.log.note("grades below 0, read as 0", file, line, key=document)
            grade = 0
        row = self.grades.setdefault(turn, {})
        if document in row:
            self.drop("repeated judgements, the highest grade stays", file, line, document)
            grade = max(grade, row[document])
        row[document] = grade
        return None

    def attribute(self, file: Path, line: int, document: str, facet: str, name: str) -> None:
        """Add an attribute of a document, in a facet or, where that is "", in none.

        Raises:
            ImportDataError: the attribute has no name.
        """
        if not name:
            raise bad(file, f"an attribute of {document!r} has no name", line)
        if document not in self.documents:
            return self.drop("attributes of unknown documents", file, line, document)
        self.attributes.append((document, facet, name))
        return None

    def build(
        self,
        name: str,
        *,
        seed: int,
        topics_split: TopicsSplit,
        source: str,
        licence: str,
        settings: Mapping[str, Any],
    ) -> World:
        """The world of what was read.

        Raises:
            ImportDataError: no documents, no topics, or no judgement that could be kept.
            UnknownNameError: not a way to split topics.
        """
        if topics_split not in SPLITTING:
            raise unknown("topics_split", topics_split, SPLITTING)
        lost = "".join(f" {what}: {n:,}." for what, n in self.log.settings()["dropped"].items())
        for what, things in (("documents", self.documents), ("topics", self.turns)):
            if not things:
                raise ImportDataError(f"{self.path} holds no {what} that could be read.{lost}")
        if not self.grades:
            raise ImportDataError(f"{self.path}: no judgement could be kept.{lost}")
        item_of = {key: i for i, key in enumerate(self.documents)}
        topic_of: dict[str, int] = {}
        for turn in self.turns.values():
            topic_of.setdefault(turn.topic, len(topic_of))
        turns = sorted(self.turns.values(), key=lambda turn: topic_of[turn.topic])
        number = {turn.key: i for i, turn in enumerate(turns)}
        for turn in turns:
            if turn.key not in self.grades:
                self.log.note("turns without a judgement", key=turn.key)
        split = split_topics(len(topic_of), seed)
        if topics_split == "test":
            split[:] = 2
        for topic, part in self.split.items() if topics_split == "source" else ():
            if topic in topic_of:
                split[topic_of[topic]] = part
        topics = Topics(
            names=StringTable.of(topic_of),
            split=split,
            turn_topic=np.array([topic_of[turn.topic] for turn in turns], dtype=np.int32),
            turn_names=StringTable.of(number),
            utterances=StringTable.of(turn.utterance for turn in turns),
            needs=StringTable.of(turn.need for turn in turns),
            rewrites=StringTable.of(turn.rewrite for turn in turns),
            answers=StringTable.of(turn.answer for turn in turns),
            history=csr_from_lists(
                [[number[key] for key in turn.history if key in number] for turn in turns]
            ),
        )
        grades = [self.grades.get(turn.key, {}) for turn in turns]
        nobody = Csr(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32))
        facets = list(dict.fromkeys(facet for _, facet, _ in self.attributes if facet))
        named = {a: k for k, a in enumerate(dict.fromkeys((f, a) for _, f, a in self.attributes))}
        facet_of = {"": -1, **{facet: f for f, facet in enumerate(facets)}}
        with refusing(self.path):
            return build_world(
                name=name,
                item_attributes=csr_from_pairs(
                    [item_of[document] for document, _, _ in self.attributes],
                    [named[facet, name] for _, facet, name in self.attributes],
                    len(item_of),
                ),
                n_attributes=len(named),
                attribute_facet=[facet_of[facet] for facet, _ in named],
                attribute_names=[name for _, name in named],
                facet_names=facets,
                train=nobody,
                valid=nobody,
                test=nobody,
                item_ids=list(item_of),
                item_names=[title or key for key, (title, _) in self.documents.items()],
                item_texts=[text for _, text in self.documents.values()],
                topics=topics,
                judgements=judgements_of(
                    [{item_of[d]: g for d, g in row.items()} for row in grades]
                ),
                source=source,
                licence=licence,
                settings={
                    **settings,
                    "seed": seed,
                    "topics_split": topics_split,
                    "notes": {},
                    **self.log.settings(),
                },
            )

    def drop(self, what: str, file: Path, line: int | None, key: str) -> None:
        """Count what is not kept; the first of its kind is named."""
        self.log.drop(what, file, line, key=key)


def read_qrels(draft: Draft, path: Path, names: Mapping[str, str] | None = None) -> None:
    """Judgements in TREC's format: topic, iteration, document, grade, apart by white space.

    Args:
        names: the turn that a topic of the file means, where the two are not the same.

    Raises:
        ImportDataError: a line that has not four fields, or a grade that is no whole number.
    """
    for line, text in read_lines(path, log=draft.log):
        fields = text.split()
        if len(fields) != 4:
            raise bad(path, f"expected topic, iteration, document, grade: {text[:60]!r}", line)
        turn, _, document, grade = fields
        draft.grade(path, line, (names or {}).get(turn, turn), document, whole(path, line, grade))


def whole(path: Path, line: int, text: str) -> int:
    """A grade.

    Raises:
        ImportDataError: not a whole number, or one that no grade is.
    """
    try:
        value = int(text)
    except ValueError:
        raise bad(path, f"the grade {text!r} is not a whole number", line) from None
    if abs(value) > 1000:
        raise bad(path, f"the grade {text!r} is beyond 1000", line)
    return value
