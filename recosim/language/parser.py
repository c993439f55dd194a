"""`Parser`: text to acts, exact where it can be, forgiving where it must be."""

from __future__ import annotations

from recosim.acts import SystemAct, UserAct
from recosim.language.context import Context
from recosim.language.forms import (
    SYSTEM_FORMS,
    Cases,
    Slots,
    makes_sense,
    read_system,
    read_user,
    user_forms,
)
from recosim.language.labels import Labels
from recosim.language.mentions import Mentions
from recosim.language.patterns import read_exactly
from recosim.language.system_text import understand_system
from recosim.language.user_text import understand_user
from recosim.world.world import World

__all__ = ["Parser"]


class Parser:
    """Reads what users and recommenders say, with the names of a world.

    A line that `Templates` wrote gives the act that it was written for, exactly. Any other is read
    by its names (in full, in part, misspelt), its numbers and its tone, in the light of the
    context; what cannot be told is asked back.

    Args:
        world: whose items, attributes and facets are named. Its tables are made when first needed.
    """

    def __init__(self, world: World) -> None:
        self._labels = Labels.of(world)
        self._mentions = Mentions.of(world)
        self._facet_of = world.attribute_facet

    def parse_user(self, text: str, context: Context | None = None) -> UserAct:
        """The act of the user that a text means.

        Args:
            text: one utterance; Markdown and a label before it ("User:") do no harm.
            context: what is answered; the opening by default.

        Raises:
            NotUnderstood: it means nothing here, or several things; `.question` asks back.
        """
        context = context or Context()
        marked = self._labels.mark(text)

        def sensible(cases: Cases, slots: Slots) -> bool:
            return makes_sense(cases, slots, context, self._facet_of)

        exact = read_exactly(marked, "user", user_forms(context), self._labels, sensible)
        if exact is not None:
            return read_user(*exact, context)
        return understand_user(text, marked, context, self._mentions)

    def parse_system(self, text: str, context: Context | None = None) -> SystemAct:
        """The act of the recommender that a text means.

        Args:
            context: what was said before; only its `shown` and `facets` matter.

        Raises:
            NotUnderstood: it means nothing here, or several things; `.question` asks back.
        """
        marked = self._labels.mark(text)
        exact = read_exactly(marked, "system", SYSTEM_FORMS, self._labels, lambda *_: True)
        if exact is not None:
            return read_system(*exact)
        return understand_system(text, marked, context or Context(), self._mentions)
