"""A person is the user of a CPR conversation: what they hear, and how they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from recosim.acts import Outcome, Verb
from recosim.envs.board import Typed, UserSeat
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.recommender_seat import moves_left
from recosim.envs.cpr.words import question_text, recommendation_text
from recosim.envs.words import attribute_label, item_label
from recosim.errors import OptionError, RecosimError
from recosim.language.names import find, find_all

__all__ = ["CPRUserSeat"]

_YES = ("yes", "y", "yep", "yeah", "sure")
_NO = ("no", "n", "nope", "none", "neither", "nothing", "0")
_UNSURE = ("d", "dk", "dont know", "don't know", "i don't know", "i dont know", "unsure")
_BOTH = ("both", "yes both")
_ALL = ("all", "all of them", "yes all", *_BOTH)


class CPRUserSeat(UserSeat):
    """Answers in a word, in names, or in sentences.

    The person may answer against the facts: what then happens is what the protocol says of users
    that err (docs/protocols.md, "Noise").
    """

    batch: Dialogues

    def show_mind(self) -> Iterator[RenderableType]:
        """What the person has in mind, with its attributes by facet."""
        world, a = self.world, self.batch.arrays
        for target in a["targets"][0, : a["n_targets"][0]].tolist():
            yield Text(f"You have in mind: {item_label(world, target)}", "bold")
            if world.item_texts[target]:
                yield Text(f"  {world.item_texts[target]}")
            groups: dict[str, list[str]] = {}
            for attribute in world.item_attributes.row(target).tolist():
                facet = int(world.attribute_facet[attribute])
                name = world.facet_names[facet] if facet >= 0 else "other"
                groups.setdefault(name, []).append(attribute_label(world, attribute))
            for name, labels in groups.items():
                yield Text(f"  {name}: {', '.join(labels)}")

    def hear(self) -> Iterator[RenderableType]:
        world, a = self.world, self.batch.arrays
        acting = self.batch.protocol.acting_turns
        number = f"\n{acting - moves_left(self.batch) + 1:>2}."
        if a["verb"][0] == Verb.ASK:
            facet = int(a["asked_facet"][0])
            row = {"facet": facet, "asked": self._asked()}
            yield Text(f"{number} recommender  {question_text(row, world)}")
            if facet >= 0:
                inside = world.facet_attributes.row(facet).tolist()
                yield Text(f"    {', '.join(attribute_label(world, i) for i in inside)}", "dim")
            return
        items = self._shown()
        if len(items) == 1:
            yield Text(f"{number} recommender  {recommendation_text(items, world)}")
            return
        yield Text(f"{number} recommender  How about one of these?")
        for place, item in enumerate(items, start=1):
            yield Text(f"    {place:>2}. {item_label(world, item)}")

    def followed(self, row: Mapping[str, Any]) -> Iterator[RenderableType]:
        a, n = self.batch.arrays, int(self.batch.arrays["n_candidates"][0])
        if a["outcome"][0] == Outcome.MISS:
            targets = a["targets"][0, : a["n_targets"][0]].tolist()
            for place, item in enumerate(self._shown(), start=1):
                if item in targets:
                    label = item_label(self.world, item)
                    yield Text(f"    (number {place} was {label}, your item)", "yellow")
        if not a["done"][0]:
            yield Text(f"    ({n:,} candidate{'s' * (n != 1)})", "dim")

    # ---- answers ---------------------------------------------------------------------------------

    def read(self, line: str) -> Typed:
        given = " ".join(line.casefold().replace("’", "'").rstrip(".!").split())
        if given in ("quit", "exit", "q"):
            return Typed("quit")
        if given in ("help", "?"):
            more = (
                "'item' shows what you have in mind, 'history' what was said, 'undo' takes your "
                "last answer back, 'quit' leaves."
            )
            return Typed("look", (Text(self._how_to_answer()), Text(more)))
        if given == "item":
            return Typed("look", tuple(self.show_mind()))
        if given == "history":
            return Typed("history")
        try:
            reacts = self.batch.arrays["verb"][0] == Verb.RECOMMEND
            (self._react if reacts else self._answer)(given)
        except RecosimError as problem:
            try:
                self.answer_in_words(line)
            except RecosimError:
                raise problem from None
        return self._told() or Typed("act")

    def _told(self) -> Typed | None:
        """What the world knows of the items that were asked about; the list waits for an answer.

        None where the person said more than a question, or where a question takes the turn.
        """
        a = self.batch.arrays
        asked, unjudged = int(a["inquired"][0]), a["outcome"][0] == Outcome.UNSURE
        free = self.batch.protocol.inquiries == "free" and a["verb"][0] == Verb.RECOMMEND
        if not (free and unjudged) or a["left"][0]:
            return None
        a["outcome"][0], a["inquired"][0] = Outcome.NOTHING, -1
        shown = [asked] if asked >= 0 else self._shown()
        return Typed("look", tuple(Text(line) for item in shown for line in self._facts(item)))

    def _facts(self, item: int) -> Iterator[str]:
        """The text and the attributes of an item."""
        world = self.world
        yield f"  {item_label(world, item)}"
        if world.item_texts[item]:
            yield f"    {world.item_texts[item]}"
        has = world.item_attributes.row(item).tolist()
        yield f"    {', '.join(attribute_label(world, a) for a in has) or 'nothing is known of it'}"

    def _answer(self, given: str) -> None:
        """Write the answer to a question into the fields of the move."""
        a = self.batch.arrays
        if given in _UNSURE:
            a["outcome"][0] = Outcome.UNSURE
            return
        if given in _NO:
            a["outcome"][0] = Outcome.NO
            return
        accepted = self._wanted(given)
        room = a["accepted"].shape[1]
        if len(accepted) > room:
            raise OptionError(f"{len(accepted)} were named; no item has more than {room}.")
        a["outcome"][0] = Outcome.YES
        a["accepted"][0, : len(accepted)] = accepted
        a["n_accepted"][0] = len(accepted)

    def _wanted(self, given: str) -> list[int]:
        """The attributes that an answer accepts, in the order of the rules."""
        world, asked = self.world, self._asked()
        facet = int(self.batch.arrays["asked_facet"][0])
        if facet < 0 and len(asked) == 1:
            if given in _YES:
                return asked
        elif facet < 0 and given in (_ALL if len(asked) == 2 else _ALL[: -len(_BOTH)]):
            return asked
        elif given and given not in _YES:
            inside = asked if facet < 0 else world.facet_attributes.row(facet).tolist()
            names, hint = world.attribute_names, self._how_to_answer()
            return sorted(find_all(given, names, "attribute", hint, inside), key=inside.index)
        raise OptionError(self._how_to_answer())

    def _react(self, given: str) -> None:
        """Write the reaction to a list into the fields of the move."""
        a, items, how = self.batch.arrays, self._shown(), self._how_to_answer()
        if given in _NO:
            a["outcome"][0] = Outcome.MISS
            return
        if given in _YES and len(items) == 1:
            place = 1
        elif given in _YES or not given:
            raise OptionError(how)
        elif numbers := _numbers(given):
            if wrong := [number for number in numbers if not 1 <= number <= len(items)]:
                raise OptionError(f"there is no number {wrong[0]}. {how}")
            a["taken"][0, [number - 1 for number in numbers]] = 1
            place = min(numbers)
        else:
            place = 1 + items.index(find(given, self.world.item_names, "item", how, items))
        a["outcome"][0] = Outcome.HIT
        a["rank"][0] = place

    def _how_to_answer(self) -> str:
        a = self.batch.arrays
        if a["verb"][0] == Verb.RECOMMEND:
            n = int(a["n_shown"][0])
            return (
                "Take it with 'yes', or refuse it with 'no'."
                if n == 1
                else f"Take one by its number (1 to {n}) or its name, or refuse them all with "
                "'no'; or say what there should be less or more of."
            )
        if a["asked_facet"][0] >= 0:
            return "Name what you want, separated by commas, or answer 'none' or 'don't know'."
        if len(self._asked()) == 2:
            return "Answer 'both', one of the two by its name or id, 'neither', or 'don't know'."
        if len(self._asked()) > 2:
            return "Answer 'all', some of them by name or id, 'none', or 'don't know'."
        return "Answer 'yes', 'no' or 'don't know'."

    def _asked(self) -> list[int]:
        return [int(attribute) for attribute in self.batch.arrays["asked"][0] if attribute >= 0]

    def _shown(self) -> list[int]:
        a = self.batch.arrays
        shown: list[int] = a["shown"][0, : a["n_shown"][0]].tolist()
        return shown


def _numbers(given: str) -> list[int]:
    """The numbers of a line that holds nothing else: "2", "1, 3 and 4"; else none."""
    words = given.replace(",", " ").replace(" and ", " ").split()
    return [int(word) for word in words] if all(word.isdecimal() for word in words) else []
