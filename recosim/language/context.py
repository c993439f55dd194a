"""`Context`: what an utterance is said in, so that "yes" and "the second one" mean something."""

from __future__ import annotations

from dataclasses import dataclass

from recosim.acts import Ask, Recommend, SystemAct

__all__ = ["Context"]


@dataclass(frozen=True)
class Context:
    """Where in the conversation something is said.

    Args:
        answers: the move of the recommender that the user answers; None as the conversation opens.
        shown: the items that are talked about, in their order; by default those of a `Recommend`.
            Give them where the move does not name them: `Recommend()` and `Reflect()`.
        facets: whether the recommender's questions are about facets (`question="facet"`); then a
            bare name that attribute and facet share is that of the facet.
        walks: whether users walk through lists item by item and come back for other sessions: then
            a reaction tells how far they went with each item (`recosim.language.walks`), and
            instructions are about lists to come.
        utterance: what the user says word for word, where that is given and no act is worded: the
            opening of a search.
    """

    answers: SystemAct | None = None
    shown: tuple[int, ...] = ()
    facets: bool = False
    walks: bool = False
    utterance: str = ""

    @property
    def items(self) -> tuple[int, ...]:
        """The items that "the second one" counts in."""
        if not self.shown and isinstance(self.answers, Recommend):
            return self.answers.items
        return self.shown

    @property
    def asked(self) -> tuple[int, ...]:
        """The attributes that a "yes" accepts; () where no attribute was asked by name."""
        return self.answers.attributes if isinstance(self.answers, Ask) else ()

    @property
    def asked_facet(self) -> int | None:
        return self.answers.facet if isinstance(self.answers, Ask) else None
