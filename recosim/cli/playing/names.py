"""From what a person types to the id of an item, an attribute or a facet."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from recosim.errors import OptionError, UnknownNameError

__all__ = ["find", "find_all"]

_ID = re.compile(r"\[?([a-z]?)(\d+)\]?")
_SHOWN = 6  # names in a message, at most


def find(text: str, names: Sequence[str], kind: str, hint: str = "") -> int:
    """The id that a text means: an id ("17", "a17", "[a17]"), a name, or a part of one name only.

    Args:
        names: of all items, attributes or facets.
        kind: "item", "attribute" or "facet"; its first letter stands before ids.
        hint: one sentence on what to do next, for the message.

    Raises:
        UnknownNameError: nothing has this name or id; near names are offered.
        OptionError: several things have this name, or contain it.
    """
    given = " ".join(text.casefold().split())
    if not given:
        raise OptionError(f"an id or a name of the {kind} is missing. {hint}".strip())
    code = _ID.fullmatch(given)
    if code and code[1] in ("", kind[0]) and int(code[2]) < len(names):
        return int(code[2])
    folded = [name.casefold() for name in names]
    same = [i for i, name in enumerate(folded) if name == given]
    within = same or [i for i, name in enumerate(folded) if given in name]
    if len(within) == 1:
        return within[0]
    if within:
        # Names that begin with the text come first.
        within.sort(key=lambda i: not folded[i].startswith(given))
        raise OptionError(
            f"{text!r} fits {len(within)} {_plural(kind)}: {_some(within, names, kind)}. Type more "
            "of the name, or the id."
        )
    near = difflib.get_close_matches(given, dict.fromkeys(folded), n=3, cutoff=0.6)
    offered = [i for name in near for i, other in enumerate(folded) if other == name]
    message = f"no {kind} is called {text!r}"
    if code and code[1] in ("", kind[0]):
        message = f"{kind} {code[2]} does not exist; ids are 0 to {len(names) - 1}"
    if offered:
        message += f". Did you mean {_some(offered, names, kind, 'or')}?"
    else:
        message += "."
    raise UnknownNameError(f"{message} {hint}".strip())


def find_all(text: str, names: Sequence[str], kind: str, hint: str = "") -> list[int]:
    """The ids that a list means: ids after spaces or commas, or names after commas.

    Raises:
        UnknownNameError, OptionError: see `find`; or something is named twice.
    """
    words = text.replace(",", " ").split()
    if not all(_ID.fullmatch(word.casefold()) for word in words):
        words = [word for word in text.split(",") if word.strip()]
    found = [find(word, names, kind, hint) for word in words]
    for i in found:
        if found.count(i) > 1:
            raise OptionError(f"{_label(i, names, kind)} is named twice; name it once.")
    return found


def _some(ids: Iterable[int], names: Sequence[str], kind: str, last: str = "and") -> str:
    labels = [_label(i, names, kind) for i in ids]
    if len(labels) > _SHOWN:
        return f"{', '.join(labels[:_SHOWN])}, ..."
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} {last} {labels[-1]}"


def _label(i: int, names: Sequence[str], kind: str) -> str:
    return f"{names[i]} [{kind[0]}{i}]"


def _plural(kind: str) -> str:
    return f"{kind}s"
