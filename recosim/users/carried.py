"""Whether words carry an act: whether whoever reads them learns what was meant, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from recosim.acts import (
    Answer,
    Courtesy,
    Critique,
    Edit,
    Inquire,
    Instruct,
    Leave,
    Level,
    React,
    Request,
    UserAct,
)
from recosim.users.facts import less_and_more

__all__ = ["Missed", "missed"]

# Why words do not carry what was meant: they are read as the same act with another meaning (a yes
# for a no), as something else, more or less than was meant, or as nothing.
Missed = Literal["contradiction", "another_act", "unread"]
_WISHES = (Critique, Edit, Instruct)


def missed(
    meant: Sequence[UserAct], read: Sequence[UserAct], *, walks: bool = False
) -> Missed | None:
    """Why words that were read as some acts do not carry those that were meant; None: they do.

    What has no content of its own may go without saying beside what has: a refusal beside what was
    wrong, a no beside a goodbye, a wish that stands beside the request that opens. A yes, what is
    taken, noted, asked for or wrong, and a goodbye may not.

    Args:
        walks: whether they are acts of a life (`Context.walks`). There an instruction is carried
            with its scope, and a walk by what was liked of it and what was merely opened.
    """
    alike = _alike_in_life if walks else _alike
    said = [act for act in read if not isinstance(act, Courtesy)]
    if not said:
        return None if all(isinstance(act, Courtesy) for act in meant) else "unread"
    for act in said:
        if not any(alike(other, act) for other in meant):
            same = any(type(other) is type(act) for other in meant)
            return "contradiction" if same else "another_act"
    opens = isinstance(meant[0], Request)
    weighty = [act for act in meant if _weighs(act) and not (opens and isinstance(act, _WISHES))]
    carried = all(any(alike(act, other) for other in said) for act in weighty)
    return None if carried else "another_act"


def _weighs(act: UserAct) -> bool:
    """Whether something is lost where an act goes without saying."""
    if isinstance(act, Answer):
        return act.kind == "yes" or bool(act.also)
    if isinstance(act, React):
        return bool(act.taken or act.notes)
    if isinstance(act, Request):
        return bool(act.attributes) or act.item is not None
    return isinstance(act, (*_WISHES, Leave, Inquire))


def _alike(meant: UserAct, read: UserAct) -> bool:
    """Whether an act that was read says what one that was meant says."""
    if isinstance(meant, _WISHES) and isinstance(read, _WISHES):
        return (_condition(meant), *less_and_more(meant)) == (
            _condition(read), *less_and_more(read),
        )  # fmt: skip
    if isinstance(meant, Answer) and isinstance(read, Answer):
        named = not read.accepted or set(read.accepted) == set(meant.accepted)
        return meant.kind == read.kind and named and set(meant.also) == set(read.also)
    if isinstance(meant, React) and isinstance(read, React):
        return set(meant.taken) == set(read.taken) and set(meant.notes) == set(read.notes)
    if isinstance(meant, Request) and isinstance(read, Request):
        return (set(meant.attributes), meant.item) == (set(read.attributes), read.item)
    if isinstance(meant, Leave) and isinstance(read, Leave):
        return True
    return meant == read


def _alike_in_life(meant: UserAct, read: UserAct) -> bool:
    """The same for acts of a life."""
    if isinstance(meant, _WISHES) and isinstance(read, _WISHES):
        return _alike(meant, read) and _scope(meant) == _scope(read)
    if isinstance(meant, Leave) and isinstance(read, Leave):
        return meant.for_good == read.for_good
    if isinstance(meant, React) and isinstance(read, React):
        opened = {item for item, level in read.levels if level == Level.CLICK}
        return set(meant.taken) == set(read.taken) and all(
            meant.level(item) == Level.CLICK for item in opened
        )
    return _alike(meant, read)


def _scope(wish: UserAct) -> str:
    """How long a wish holds; what is said of a list holds for the session."""
    return wish.scope if isinstance(wish, Instruct) else "session"


def _condition(wish: UserAct) -> frozenset[int]:
    """What a request must name for a wish to hold."""
    return frozenset(wish.condition if isinstance(wish, Instruct) else ())
