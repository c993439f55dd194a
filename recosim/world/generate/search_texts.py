"""Documents and lines of a world to search in: attributes in sentences, some of them otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recosim.world.generate.dice import Dice
from recosim.world.generate.search_settings import SearchSettings
from recosim.world.generate.search_words import DetailFacet, Language

__all__ = ["Writer", "draw_details"]

TOLD = 5  # attributes of one facet that a text tells, at most
SENTENCES, CLAUSES = 3, 3  # sentences of a text at most, and clauses of each unless there are more


def draw_details(facet: DetailFacet, n: int, seed: int) -> list[list[int]]:
    """Which of the attributes of a facet of details each of n documents has, ascending."""
    dice = Dice(seed, f"search details {facet.name}")
    weights = [1.0 / (rank + 3) for rank in range(len(facet.attributes))]
    rows = []
    for _ in range(n):
        left, row = list(weights), []
        for _ in range(dice.weighted(facet.numbers)):
            row.append(dice.weighted(left))
            left[row[-1]] = 0.0
        rows.append(sorted(row))
    return rows


class Writer:
    """Tells documents and wishes; one for the documents, one for the topics."""

    def __init__(
        self,
        language: Language,
        attributes: Sequence[str],
        facet_of: Sequence[int],
        facets: Sequence[str],
        dice: Dice,
    ) -> None:
        self.language, self.dice = language, dice
        self.attributes, self.facet_of, self.facets = attributes, facet_of, facets

    def document(self, attributes: Sequence[int], settings: SearchSettings) -> str:
        """One to three sentences. Some attributes are left out, some are told in other words.

        The last one is told where all others are left out.
        """
        told: dict[str, list[str]] = {}
        for a in attributes:
            if self.dice.unit() < settings.left_out and (told or a != attributes[-1]):
                continue
            facet = self.facets[self.facet_of[a]]
            words = self.attributes[a]
            if self.dice.unit() < settings.reworded:
                words = self._otherwise(facet, words)
            if words not in told.setdefault(facet, []):
                told[facet].append(words)
        clauses = [
            self._clause(self.language.clauses, facet, _listed(self.dice.some(words, TOLD)))
            for facet, words in told.items()
        ]
        clauses = self.dice.some(clauses, len(clauses))
        per_sentence = max(CLAUSES, -(-len(clauses) // SENTENCES))
        sentences = []
        for start in range(0, len(clauses), per_sentence):
            opening = self.dice.pick(self.language.openings[start > 0])
            sentences.append(opening.format(_listed(clauses[start : start + per_sentence])))
        return " ".join(sentences)

    def line(self, lines: Sequence[str], wanted: Sequence[int]) -> str:
        """What a person says of wanted attributes, facet by facet in the order of `wanted`."""
        by_facet: dict[str, list[str]] = {}
        for a in wanted:
            by_facet.setdefault(self.facets[self.facet_of[a]], []).append(self.attributes[a])
        wishes = [
            self._clause(self.language.wishes, facet, _listed(words))
            for facet, words in by_facet.items()
        ]
        return self.dice.pick(lines).format(", ".join(wishes))

    def _otherwise(self, facet: str, words: str) -> str:
        other = self.language.other.get(words)
        if other is None:
            return words if facet in self.language.plain else f"some {facet}"
        return other

    def _clause(self, clauses: Mapping[str, Sequence[str]], facet: str, words: str) -> str:
        return self.dice.pick(clauses.get(facet, clauses[""])).format(words)


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
