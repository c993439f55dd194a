"""What somebody says in place of the rule user, as the fields of the move that was posed.

docs/convsim.md, section 8: what an outsider writes takes the place of what the rules would have
drawn; its consequences are those of any other answer. Whether they go is up to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    UserAct,
    Verb,
)
from recosim.envs.convsim.rules import Kind
from recosim.errors import OptionError

__all__ = ["MOST_NAMED", "write_answer"]

MOST_NAMED = 4  # terms that are named with a move
_EXPECTED = {
    Verb.ASK: "Say yes, no, that you don't know, or name what it is about.",
    Verb.RECOMMEND: "Say which documents help, what is missing, or that you are satisfied.",
}


class _Heard:
    """What an answer puts into the fields of the move.

    Attributes:
        levels: by place in the list, -1 where nothing was said. named, removed: terms.
    """

    def __init__(self, n_shown: int) -> None:
        self.kind = Kind.NOTHING
        self.levels = [-1] * n_shown
        self.named: list[int] = []
        self.removed = -1


def write_answer(batch: Any, row: int, move: Mapping[str, Any], acts: Sequence[UserAct]) -> None:
    """Put what an outsider said into the fields of the move that was posed (`Searches.pose`).

    A question takes one `Answer`; a list a `React` at most, with an `Edit` (or a `Critique`, or an
    `Instruct`) of what is missing and what is wrong, or an `Inquire` for something else. Beside
    either there may be a `Leave`, and politenesses, which say nothing. Nothing is changed if an
    error is raised.

    Args:
        batch: searches. move: what was posed (`SearchActs.last_move`).
        acts: of the user; at least one.

    Raises:
        OptionError: they do not answer the move, or name what it does not hold.
    """
    if not acts:
        raise OptionError("an answer is needed; none was given.")
    verb = move["verb"]
    leaves = [act for act in acts if isinstance(act, Leave)]
    said = [act for act in acts if not isinstance(act, (Leave, Courtesy))]
    if len(leaves) > 1:
        raise OptionError("leaving is said once; it was said several times.")
    if not leaves and not said:
        raise OptionError(f"that answers nothing. {_EXPECTED.get(verb, '')}".strip())
    heard = _Heard(len(move["items"]))
    satisfied = any(act.reason == "satisfied" for act in leaves)
    if verb == Verb.ASK:
        _read_answer(move, said, bool(leaves), heard)
    elif verb == Verb.RECOMMEND:
        _read_feedback(move, said, satisfied, heard)
    elif said:
        raise OptionError(f"{said[0]} answers nothing here; only leaving is possible.")
    _check_terms(heard, len(batch.index.vocabulary))
    _write(batch.arrays, row, verb, heard, 0 if not leaves else 1 if satisfied else 2)


def _read_answer(
    move: Mapping[str, Any], said: Sequence[UserAct], leaves: bool, heard: _Heard
) -> None:
    if not said and leaves:
        return
    act = said[0]
    if len(said) != 1 or not isinstance(act, Answer):
        raise OptionError(f"{act} does not answer a question. {_EXPECTED[Verb.ASK]}")
    about = move["term"]
    if strangers := set(act.accepted) - {about}:
        raise OptionError(
            f"a yes to term {min(strangers)} does not answer the question; name it beside a yes or "
            "a no (`Answer.also`)."
        )
    heard.named = [t for t in act.also if t != about or act.kind != "yes"]
    if about < 0:
        if act.kind == "yes" and not heard.named:
            raise OptionError("a yes says nothing here; name what it is about.")
        heard.kind = Kind.VALUE if heard.named else Kind.DONT_KNOW
    elif act.kind == "yes":
        heard.kind = Kind.YES
    elif act.kind == "no":
        heard.kind = Kind.NO_INFORM if heard.named else Kind.NO_BARE
    else:
        heard.kind = Kind.OFF_TOPIC if heard.named else Kind.DONT_KNOW


def _read_feedback(
    move: Mapping[str, Any], said: Sequence[UserAct], satisfied: bool, heard: _Heard
) -> None:
    items, removed, vague = move["items"], list[int](), False
    if sum(isinstance(act, React) for act in said) > 1:
        raise OptionError("one reaction to a list is needed; several were given.")
    for act in said:
        if isinstance(act, React):
            for item, level in [*act.levels, *[(v, Level.ACCEPT) for v in act.taken]]:
                if item not in items:
                    raise OptionError(f"document {item} was not shown; shown: {list(items)}.")
                thumb = Level.ACCEPT if level >= Level.ACCEPT else Level.SKIP
                heard.levels[items.index(item)] = int(thumb)
        elif isinstance(act, Edit):
            heard.named += act.add
            removed += act.remove
        elif isinstance(act, Critique):
            (removed if act.direction == "less" else heard.named).append(act.attribute)
        elif isinstance(act, Instruct):
            (removed if act.directive == "avoid" else heard.named).extend(act.attributes)
        elif isinstance(act, Inquire):
            vague = True
        else:
            raise OptionError(f"{act} does not answer a list. {_EXPECTED[Verb.RECOMMEND]}")
    if len(set(removed)) > 1:
        raise OptionError("say one word that does not belong to it; several were named.")
    heard.removed = removed[0] if removed else -1
    if satisfied:
        heard.kind, heard.named, heard.removed = Kind.POSITIVE, [], -1
    elif heard.named or removed:
        heard.kind = Kind.NEG_REFINE
    else:
        heard.kind = Kind.NEG_VAGUE if vague else Kind.NEG_BARE


def _check_terms(heard: _Heard, n_terms: int) -> None:
    heard.named = list(dict.fromkeys(heard.named))
    for term in (*heard.named, *[heard.removed] * (heard.removed != -1)):
        if not 0 <= term < n_terms:
            raise OptionError(f"term {term} does not exist; terms are 0 to {n_terms - 1}.")
    if len(heard.named) > MOST_NAMED:
        raise OptionError(
            f"{len(heard.named)} words were named; a move takes {MOST_NAMED} at most."
        )


def _write(a: Any, row: int, verb: int, heard: _Heard, leaving: int) -> None:
    a["kind"][row], a["removed"][row] = heard.kind, heard.removed
    a["named"][row] = -1
    a["named"][row, : len(heard.named)] = heard.named
    if verb == Verb.RECOMMEND:
        a["levels"][row] = -1
        a["levels"][row, : len(heard.levels)] = heard.levels
    a["leaving"][row] = leaving
