"""`Parser`: text to acts."""

from __future__ import annotations

from recosim.acts import SystemAct, UserAct
from recosim.errors import NotUnderstood
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
from recosim.language.patterns import read_exactly
from recosim.world.world import World

__all__ = ["Parser"]


class Parser:
    """Reads what users and recommenders say, with the names of a world.

    A line that `Templates` wrote gives the act that it was written for, exactly. No other is
    understood.

    Args:
        world: whose items, attributes and facets are named. Its tables are made when first needed.
    """

    def __init__(self, world: World) -> None:
        self._labels = Labels.of(world)
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
        raise NotUnderstood(text, "Could you put it in other words?")

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
        raise NotUnderstood(text, "Could you put it in other words?")
