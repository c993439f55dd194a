"""Worlds to search in, from generated ones: their items become documents, and people want them.

What a need wants are attributes, and judgements follow from them alone: grade 2 for a document
that has all that is wanted, 1 for one that has all but one of it. Texts leave some attributes out
and tell others in other words, so that searching for words finds less than there is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recosim.errors import CardError
from recosim.progress import Progress
from recosim.world.csr import Csr, csr_from_lists, csr_from_pairs
from recosim.world.generate.dice import Dice
from recosim.world.generate.search_settings import SearchSettings
from recosim.world.generate.search_texts import Writer, draw_details
from recosim.world.generate.search_words import LANGUAGES
from recosim.world.strings import StringTable
from recosim.world.topics import Judgements, Topics, judgements_of, split_topics
from recosim.world.world import World, build_world

__all__ = ["SEARCH_VERSION", "search_world"]

# Goes up when the same settings give another world; worlds in the cache are then built again.
SEARCH_VERSION = 1

TRIES = 500  # of a need that few enough documents meet
EVERY = 20  # topics between two reports of progress


def search_world(
    name: str, base: World, kind: str, settings: SearchSettings, progress: Progress | None = None
) -> World:
    """Documents, topics and judgements from a generated world. The same settings give the same.

    Args:
        kind: of the generated world, "music" or "places".

    Raises:
        CardError: needs as the settings want them are not to be had in this world.
    """
    language = LANGUAGES[kind]
    items, ids = (part.astype(np.int64) for part in base.item_attributes.pairs())
    rows, columns = [items], [ids]
    facets, attributes = list(base.facet_names), list(base.attribute_names)
    facet_of = base.attribute_facet.tolist()
    for facet in language.details:
        drawn = draw_details(facet, base.n_items, settings.seed)
        rows.append(np.repeat(np.arange(base.n_items), [len(row) for row in drawn]))
        columns.append(
            np.array([len(attributes) + a for row in drawn for a in row], dtype=np.int64)
        )
        facet_of += [len(facets)] * len(facet.attributes)
        facets.append(facet.name)
        attributes += facet.attributes
    links = csr_from_pairs(np.concatenate(rows), np.concatenate(columns), base.n_items)

    writer = Writer(language, attributes, facet_of, facets, Dice(settings.seed, "search texts"))
    texts = [writer.document(links.row(v).tolist(), settings) for v in range(base.n_items)]
    asking = Writer(language, attributes, facet_of, facets, Dice(settings.seed, "search topics"))
    topics, judgements = _Topics(settings, links, len(attributes), asking).draw(progress)
    nobody = Csr(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32))
    return build_world(
        name=name,
        item_attributes=links,
        n_attributes=len(attributes),
        attribute_facet=facet_of,
        attribute_names=attributes,
        facet_names=facets,
        train=nobody,
        valid=nobody,
        test=nobody,
        item_names=list(base.item_names),
        item_texts=texts,
        topics=topics,
        judgements=judgements,
        settings={"documents": base.name, "documents_fingerprint": base.fingerprint},
    )


@dataclass
class _Need:
    wanted: list[int]  # attributes, in the order in which the need names them
    said: list[int]  # those that the utterance names
    resolved: list[int]  # those, and what earlier turns said that is still wanted
    grades: dict[int, int]


class _Topics:
    """Draws topics: one person, one to a few needs, each of them about some of the last one."""

    def __init__(
        self, settings: SearchSettings, links: Csr, n_attributes: int, writer: Writer
    ) -> None:
        self.settings, self.links, self.writer, self.dice = settings, links, writer, writer.dice
        self.has = np.zeros((n_attributes, links.rows), dtype=bool)
        items, ids = links.pairs()
        self.has[ids, items] = True
        self.able = np.flatnonzero(links.degrees() >= settings.wanted[0])

    def draw(self, progress: Progress | None) -> tuple[Topics, Judgements]:
        settings, language = self.settings, self.writer.language
        turn_topic: list[int] = []
        lines: dict[str, list[str]] = {"utterances": [], "needs": [], "rewrites": []}
        turn_names: list[str] = []
        history: list[list[int]] = []
        grades: list[dict[int, int]] = []
        for topic in range(settings.topics):
            if progress is not None and topic % EVERY == 0:
                progress(topic, settings.topics, "drawing topics")
            start = len(turn_topic)
            for turn, need in enumerate(self._topic(1 + self.dice.weighted(settings.turns))):
                first = turn == 0
                said = self.writer.line(language.first if first else language.later, need.said)
                lines["utterances"].append(said)
                lines["needs"].append(self.writer.line(language.needs, need.wanted))
                lines["rewrites"].append(
                    said if first else self.writer.line(language.resolved, need.resolved)
                )
                turn_topic.append(topic)
                turn_names.append(f"{topic + 1}-{turn + 1}")
                history.append(list(range(start, start + turn)))
                grades.append(need.grades)
        topics = Topics(
            names=StringTable.of(str(topic + 1) for topic in range(settings.topics)),
            split=split_topics(settings.topics, settings.seed),
            turn_topic=np.array(turn_topic, dtype=np.int32),
            turn_names=StringTable.of(turn_names),
            answers=StringTable.of([""] * len(turn_topic)),
            history=csr_from_lists(history),
            **{label: StringTable.of(texts) for label, texts in lines.items()},
        )
        return topics, judgements_of(grades)

    def _topic(self, turns: int) -> list[_Need]:
        needs = [self._need([])]
        said = set(needs[0].said)
        while len(needs) < turns:
            last = needs[-1]
            # Something that was said stays wanted, and perhaps one thing more.
            kept = self.dice.some([a for a in last.wanted if a in said], 1 + self.dice.below(2))
            others = [a for a in last.wanted if a not in kept]
            kept += self.dice.some(others, self.dice.below(2))
            needs.append(self._need(kept, said))
            said.update(needs[-1].said)
        return needs

    def _need(self, kept: list[int], said_before: set[int] | frozenset[int] = frozenset()) -> _Need:
        """A need that some document meets whole, and few enough documents do."""
        least, most = self.settings.wanted
        able = self.able
        if kept:
            able = able[self.has[kept][:, able].all(axis=0)]
        for _ in range(TRIES if len(able) else 0):
            document = int(able[self.dice.below(len(able))])
            others = [a for a in self.links.row(document).tolist() if a not in kept]
            size = least + self.dice.below(most - least + 1)
            wanted = kept + self.dice.some(others, size - len(kept))
            fresh = wanted[len(kept) :]
            grades = self._grades(wanted)
            if (
                fresh
                and len(wanted) >= least
                and sum(g == 2 for g in grades.values()) <= (self.settings.most)
            ):
                said = self.dice.some(fresh, 1 + self.dice.weighted(self.settings.said))
                resolved = [a for a in kept if a in said_before] + said
                return _Need(self.dice.some(wanted, len(wanted)), said, resolved, grades)
        raise CardError(
            f"[search]: in {TRIES} tries no need of {least} to {most} attributes was found that at "
            f"most {self.settings.most} documents have; change wanted or most."
        )

    def _grades(self, wanted: list[int]) -> dict[int, int]:
        """2 for documents that have all of it, 1 for those that have all but one."""
        held: NDArray[np.int64] = self.has[wanted].sum(axis=0)
        near = np.flatnonzero(held >= len(wanted) - 1)
        return {int(v): 2 if held[v] == len(wanted) else 1 for v in near}
