"""What is wanted, avoided and given as an example in a line: shared by all that it can answer."""

from __future__ import annotations

import re

from recosim.acts import Instruct, UserAct
from recosim.language.heard import Heard

__all__ = ["Acts", "avoid", "example_in", "set_talk_aside"]

Acts = tuple[UserAct, ...]
_EXAMPLE = re.compile(
    r"\b(?:like|as|to|similar|loved?|liked?|enjoy(?:ed)?|favou?rites?|watched|seen)\b"
)


def avoid(refused: tuple[int, ...]) -> Acts:
    """The instruction to avoid attributes; none where there are none."""
    return (Instruct("avoid", refused),) if refused else ()


def example_in(heard: Heard) -> int | None:
    """An item that is named as one that they liked, or as an example of what they want."""
    for said in heard.clauses:
        named = said.others or (said.items if heard.context.answers is None else ())
        if re.search(
            r"\b(?:have|did|do) you\b.* (?:seen?|heard|like|liked|watch|watched) Z", said.words
        ):
            continue  # the recommender is asked about themselves
        if (
            named
            and said.stance in ("", "liked", "take", "seen", "more")
            and (_EXAMPLE.search(said.words) or set(said.words.split()) <= {"Z", "and", "or", "A"})
        ):
            return named[0]
    return None


def set_talk_aside(heard: Heard) -> None:
    """Take what questions about an item name for no wish: "is it a comedy?"."""
    heard.set_aside({k for k, said in enumerate(heard.clauses) if said.asks_about})
