"""From what a person types to the ids of items, attributes or facets."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from recosim.errors import OptionError, RecosimError, UnknownNameError

__all__ = ["find", "find_all"]

_ID = re.compile(r"\[?([a-z]?)(\d+)\]?")
_SHOWN = 6  # names in a message, at most
_SHORTEST = 2  # letters that may stand for a name: one is a slip of the finger


def find(
    text: str, names: Sequence[str], kind: str, hint: str = "", among: Sequence[int] | None = None
) -> int:
    """The id that a text means: an id ("17", "a17", "[a17]"), a name, or how a word of it begins.

    Capital letters do not matter. A beginning has two letters at least, and fits one name only.

    Args:
        names: of all items, attributes or facets.
        kind: "item", "attribute" or "facet"; its first letter stands before ids.
        hint: one sentence on what to do next, for the message.
        among: ids that can be meant; all by default.

    Raises:
        UnknownNameError: nothing has this name or id; near names are offered.
        OptionError: nothing was given, or it fits several things.
    """
    given = " ".join(text.casefold().split())
    if not given:
        raise OptionError(f"an id or a name of the {kind} is missing. {hint}".rstrip())
    ids = range(len(names)) if among is None else among
    code = _ID.fullmatch(given)
    if code and code[1] in ("", kind[0]) and int(code[2]) in ids:
        return int(code[2])
    folded = {i: names[i].casefold() for i in ids}
    same = [i for i, name in folded.items() if name == given]
    within = same
    if not same and len(given) >= _SHORTEST:
        within = [i for i, name in folded.items() if f" {given}" in f" {name}"]
    if len(within) == 1:
        return within[0]
    if within:
        within.sort(key=lambda i: not folded[i].startswith(given))  # those that begin with it first
        raise OptionError(
            f"{text!r} fits {len(within)} {kind}s: {_some(within, names, kind)}. Type more of the "
            "name, or the id."
        )
    near = difflib.get_close_matches(given, dict.fromkeys(folded.values()), n=3, cutoff=0.6)
    offered = [i for name in near for i, other in folded.items() if other == name]
    if among is not None:
        message = f"{text!r} is none of these."
    elif code and code[1] in ("", kind[0]):
        message = f"{kind} {code[2]} does not exist; ids are 0 to {len(names) - 1}."
    else:
        message = f"no {kind} is called {text!r}."
    if offered:
        message += f" Did you mean {_some(offered, names, kind, 'or')}?"
    raise UnknownNameError(f"{message} {hint}".rstrip())


def find_all(
    text: str, names: Sequence[str], kind: str, hint: str = "", among: Sequence[int] | None = None
) -> list[int]:
    """The ids that a list means: ids after spaces or commas, or names after commas or "and".

    Raises:
        UnknownNameError, OptionError: see `find`; or something is named twice.
    """
    words = text.replace(",", " ").split()
    if not words or not all(_ID.fullmatch(word.casefold()) for word in words):
        words = _split(text, names, kind, among)
    found = [find(word, names, kind, hint, among) for word in words]
    for i in found:
        if found.count(i) > 1:
            raise OptionError(f"{_label(i, names, kind)} is named twice; name it once.")
    return found


def _split(text: str, names: Sequence[str], kind: str, among: Sequence[int] | None) -> list[str]:
    """The parts of a list of names; a name that holds a comma or an "and" itself stays whole."""
    for separator in (",", " and "):
        if separator in text and not _is_found(text, names, kind, among):
            parts = [part for part in text.split(separator) if part.strip()]
            return [word for part in parts for word in _split(part, names, kind, among)]
    return [text]


def _is_found(text: str, names: Sequence[str], kind: str, among: Sequence[int] | None) -> bool:
    try:
        find(text, names, kind, among=among)
    except RecosimError:
        return False
    return True


def _some(ids: Iterable[int], names: Sequence[str], kind: str, last: str = "and") -> str:
    labels = [_label(i, names, kind) for i in ids]
    if len(labels) > _SHOWN:
        return f"{', '.join(labels[:_SHOWN])}, ..."
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} {last} {labels[-1]}"


def _label(i: int, names: Sequence[str], kind: str) -> str:
    return f"{names[i]} [{kind[0]}{i}]"
