"""`SearchLanguage`: how a collection is talked about: terms in the place of attributes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from random import Random

from recosim.acts import (
    Ask,
    Courtesy,
    Edit,
    Inquire,
    Leave,
    Level,
    React,
    Recommend,
    Reflect,
    SystemAct,
    UserAct,
)
from recosim.errors import NotUnderstood, OptionError, unknown
from recosim.language.context import Context
from recosim.language.language import Language
from recosim.language.phrases import STYLES
from recosim.language.search_lines import (
    Piece,
    Terms,
    acts_of,
    listed,
    patterns,
    phrases_in,
    pieces_of,
    place_named,
    read_pieces,
    read_terms,
)
from recosim.language.search_phrases import SYSTEM_PHRASES, USER_PHRASES
from recosim.language.search_text import understand_searcher, understand_system
from recosim.world.world import World

__all__ = ["SearchLanguage", "title_of"]

_SLOT = re.compile(r"\{(\w+)(:or)?\}")
_ITEM = re.compile(r"\[\s*i\s?(\d{1,9})\s*\]", re.IGNORECASE)
_UNSAID = re.compile(r'[\[\]{}"“”„«»\ue000-\uf8ff]')  # brackets, quotes and private characters
_ATTEMPTS = 12  # wordings that are tried until one is read as it is meant
LONGEST = 2_000  # characters of a line
LONGEST_TITLE = 80  # characters of a title that are said


def title_of(world: World, item: int) -> str:
    """The title of a document as it can be said in a line, at most `LONGEST_TITLE` characters.

    Raises:
        OptionError: there is no such document.
    """
    if not 0 <= item < world.n_items:
        raise OptionError(f"document {item} does not exist; ids: 0 to {world.n_items - 1}.")
    name = "".join(c if c.isprintable() else " " for c in _UNSAID.sub(" ", world.item_names[item]))
    title = " ".join(name.split())
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"


class SearchLanguage(Language):
    """Words of searches. Ids of attributes are terms; items are documents.

    Lines that `turn` and `system` write are read back to the same acts.

    Args:
        world: whose documents and facets are named.
        terms: of its index.
    """

    def __init__(self, world: World, terms: Terms) -> None:
        super().__init__(world)
        self.terms = terms

    @property
    def templates(self) -> SearchLanguage:
        return self

    @property
    def parser(self) -> SearchLanguage:
        return self

    def names(self, attributes: Iterable[int]) -> list[str]:
        return [self._term(t) for t in attributes]

    def _term(self, term: int) -> str:
        if not 0 <= term < len(self.terms.vocabulary):
            last = len(self.terms.vocabulary) - 1
            raise OptionError(f"term {term} does not exist; terms are 0 to {last}.")
        return str(self.terms.vocabulary[int(term)])

    # ---- acts in words ---------------------------------------------------------------------------

    def turn(
        self,
        acts: Sequence[UserAct],
        context: Context | None = None,
        *,
        key: int = 0,
        style: str = "plain",
    ) -> str:
        """What a user says; the utterance of the context where there is one.

        Args:
            acts: one or more. context: what is answered.
            key: chooses the wording: the same key, the same words.
            style: of `recosim.language.STYLES`.

        Raises:
            UnknownNameError: not a style.
            OptionError: acts that are not said in a search, or not in this context.
        """
        if style not in STYLES:
            raise unknown("style", style, STYLES)
        context = context or Context()
        if context.utterance:
            return context.utterance
        pieces = pieces_of(acts, context)
        meant = _with_reaction(tuple(map(_as_said, acts)))
        for attempt in range(_ATTEMPTS):
            text = self._worded(pieces, Random(int(key) * _ATTEMPTS + attempt), style)
            read = read_pieces(text, context, self.terms)
            if read is not None and acts_of(read, context) == meant:
                return text
        raise OptionError(
            f"{tuple(acts)} cannot be worded in {context} so that they are read back."
        )

    def _worded(self, pieces: Sequence[Piece], luck: Random, style: str) -> str:
        said = []
        for piece in pieces:
            phrase = luck.choice(phrases_in(USER_PHRASES, piece.case, style))
            words = (
                self.names(piece.ids)
                if piece.case not in ("up", "down")
                else [place_named(place) for place in piece.ids]
            )
            said.append(_fill(phrase, words))
        text = " ".join(said)
        if style == "human":
            if luck.random() < 0.5 and not text.startswith("I"):
                text = text[0].lower() + text[1:]
            if luck.random() < 0.5:
                text = text.removesuffix(".")
        return text

    def system(self, act: SystemAct, *, key: int = 0, style: str = "plain") -> str:
        """What the system says; args and errors as `turn`."""
        if style not in STYLES:
            raise unknown("style", style, STYLES)
        case, words = self._said(act)
        luck = Random(int(key))
        return _fill(luck.choice(phrases_in(SYSTEM_PHRASES, case, style)), words)

    def _said(self, act: SystemAct) -> tuple[str, list[str]]:
        """(case, what stands in its slot)."""
        if isinstance(act, Ask):
            if act.facet is not None:
                facets = self._world.facet_names
                if not 0 <= act.facet < len(facets):
                    raise OptionError(f"facet {act.facet} does not exist in {self._world.name}.")
                return "ask_facet", [str(facets[act.facet])]
            return ("ask_term", self.names(act.attributes)) if act.attributes else ("ask_open", [])
        if isinstance(act, Recommend):
            titles = [f"{title_of(self._world, v)} [i{v}]" for v in act.items]
            return ("show", ["; ".join(titles)]) if titles else ("show_best", [])
        if isinstance(act, Reflect):
            return "reflect", []
        raise OptionError(f"{act} is no move of a search.")

    def about(self, item: int, *, key: int = 0) -> str:
        """Nothing: who asks the system to look again is answered by its next list."""
        return ""

    # ---- words as acts ---------------------------------------------------------------------------

    def parse_turn(self, text: str, context: Context | None = None) -> tuple[UserAct, ...]:
        """All acts of the user that a line means; see `recosim.language.Parser.parse_turn`.

        Raises:
            NotUnderstood: it means nothing here; `.question` asks back.
        """
        context = context or Context()
        line = " ".join(text.split())
        if len(line) > LONGEST:
            raise NotUnderstood(line[:LONGEST], "Could you say that in a few words?")
        pieces = read_pieces(line, context, self.terms)
        if pieces is None:
            pieces = understand_searcher(line, context, self.terms)
        return acts_of(pieces, context)

    def parse_system(self, text: str, context: Context | None = None) -> SystemAct:
        """The act of the system that a line means; "search: ..." shows what it finds.

        Raises:
            NotUnderstood: it means nothing, or several things.
        """
        line = " ".join(text.split())
        items = tuple(dict.fromkeys(int(i) for i in _ITEM.findall(line)))
        if items:
            if strangers := [v for v in items if v >= self._world.n_items]:
                last = self._world.n_items - 1
                raise NotUnderstood(line, f"There is no document {strangers[0]}; ids: 0 to {last}.")
            return Recommend(items)
        if len(line) > LONGEST:
            raise NotUnderstood(line[:LONGEST], "Could you say that in a few words?")
        facets = [str(name) for name in self._world.facet_names]
        exact = self._read_system(line, facets)
        return exact or understand_system(line, context or Context(), self.terms, facets)

    def _read_system(self, line: str, facets: Sequence[str]) -> SystemAct | None:
        plain: dict[str, SystemAct] = {
            "ask_open": Ask(), "show_best": Recommend(), "reflect": Reflect(),
        }  # fmt: skip
        for pattern, case in patterns("system", ("ask_term", "ask_facet", *plain)):
            found = pattern.fullmatch(line)
            if found is None:
                continue
            if case in plain:
                return plain[case]
            if case == "ask_term" and (terms := read_terms(found["slot"], self.terms)):
                return Ask(terms)
            if case == "ask_facet":
                said = found["slot"].casefold()
                for number, name in enumerate(facets):
                    if name.casefold() == said:
                        return Ask(facet=number)
        return None


def _as_said(act: UserAct) -> UserAct:
    """An act without what words do not tell: why somebody goes who is not satisfied, since when
    somebody was away, and how far they went with documents beyond a thumb."""
    if isinstance(act, Leave):
        gone: dict[str, Leave] = {"satisfied": act, "other": act, "tired": Leave("other")}
        return gone.get(act.reason, Leave("impatient"))
    if isinstance(act, React):
        thumbs = (
            (item, Level.ACCEPT if level >= Level.ACCEPT else Level.SKIP)
            for item, level in act.levels
        )
        return React(act.accepted, tuple(thumbs))
    return Courtesy(act.kind) if isinstance(act, Courtesy) else act


def _with_reaction(acts: tuple[UserAct, ...]) -> tuple[UserAct, ...]:
    """Acts, and the refusal that goes without saying before what is said of a list."""
    of_list = [at for at, act in enumerate(acts) if isinstance(act, (Edit, Inquire))]
    if not of_list or any(isinstance(act, React) for act in acts):
        return acts
    return (*acts[: of_list[0]], React(None), *acts[of_list[0] :])


def _fill(phrase: str, words: Sequence[str]) -> str:
    slot = _SLOT.search(phrase)
    if slot is None:
        return phrase
    return (
        f"{phrase[: slot.start()]}{listed(words, 'or' if slot[2] else 'and')}{phrase[slot.end() :]}"
    )
