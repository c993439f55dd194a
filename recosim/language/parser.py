"""`Parser`: text to acts, exact where it can be, forgiving where it must be."""

from __future__ import annotations

from recosim.acts import Courtesy, SystemAct, UserAct
from recosim.errors import NotUnderstood, OptionError
from recosim.language.context import Context
from recosim.language.labels import Labels
from recosim.language.mentions import Mentions
from recosim.language.patterns import read_system_exactly, read_user_exactly
from recosim.language.system_text import understand_system
from recosim.language.user_text import understand_user
from recosim.world.world import World

__all__ = ["Parser"]

# Characters of a line that no template wrote; who says more is not answering. It bounds the time.
LONGEST = 2_000
# Characters of a line that a template may have written, with a list of everything in it.
LONGEST_LIST = 200_000


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

    def parse_turn(self, text: str, context: Context | None = None) -> tuple[UserAct, ...]:
        """All acts of the user that a text means, in its order; one at least.

        Args:
            text: one utterance; Markdown and a label before it ("User:") do no harm.
            context: what is answered; the opening by default.

        Raises:
            NotUnderstood: it means nothing here, or several things; `.question` asks back.
            OptionError: the context names what does not exist in this world.
        """
        context = context or Context()
        self._check(context)
        _refuse_novels(text)
        marked = self._labels.mark(text)
        exact = read_user_exactly(marked, context, self._labels, self._facet_of)
        if exact is not None:
            return exact if isinstance(exact, tuple) else (exact,)
        _refuse_speeches(text)
        return understand_user(text, marked, context, self._mentions)

    def parse_user(self, text: str, context: Context | None = None) -> UserAct:
        """The act of the user that answers: the first that is no `Courtesy`, if there is one.

        Args, raises: see `parse_turn`.
        """
        acts = self.parse_turn(text, context)
        return next((act for act in acts if not isinstance(act, Courtesy)), acts[0])

    def parse_system(self, text: str, context: Context | None = None) -> SystemAct:
        """The act of the recommender that a text means.

        Args:
            context: what was said before; only its `shown` and `facets` matter.

        Raises:
            NotUnderstood, OptionError: see `parse_user`.
        """
        context = context or Context()
        self._check(context)
        _refuse_novels(text)
        marked = self._labels.mark(text)
        exact = read_system_exactly(marked, self._labels)
        if exact is not None:
            return exact
        _refuse_speeches(text)
        return understand_system(text, marked, context, self._mentions)

    def _check(self, context: Context) -> None:
        facet = context.asked_facet
        named = {"a": context.asked, "i": context.items, "f": () if facet is None else (facet,)}
        for kind, ids in named.items():
            if not all(0 <= i < self._labels.sizes[kind] for i in ids):
                last = self._labels.sizes[kind] - 1
                raise OptionError(f"{context} does not fit this world: {kind}0 to {kind}{last}.")


def _refuse_novels(text: str) -> None:
    if len(text) > LONGEST_LIST:
        raise NotUnderstood(text[:LONGEST], "Could you say that in a few words?")


def _refuse_speeches(text: str) -> None:
    if len(text) > LONGEST:
        raise NotUnderstood(text, "Could you say that in a few words?")
