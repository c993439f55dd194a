"""The views of the actions of all families: their spaces, and how they are read."""

from __future__ import annotations

import copy
import operator
from contextlib import suppress
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from recosim.acts import Moves, Verb, flat_code, unknown_code
from recosim.envs.batch import Batch, Decoded
from recosim.errors import IllegalActionError, shown

__all__ = [
    "LegalDiscrete",
    "LegalSlate",
    "LegalSlates",
    "action_space",
    "decode",
    "moves_of",
]


class LegalDiscrete(spaces.Discrete):
    """`Discrete` whose `sample()` draws among the actions that are legal now.

    So `env.step(env.action_space.sample())` runs as it does elsewhere. A mask or probabilities that
    are passed to `sample` are used as Gymnasium defines them. Membership does not depend on
    legality.
    """

    def __init__(self, n: int, legal: NDArray[np.int8] | None = None) -> None:
        super().__init__(n)
        self.legal = legal  # int8 (n,), live, or None: all

    def sample(self, mask: Any = None, probability: Any = None) -> np.int64:
        if mask is None and probability is None and self.legal is not None:
            mask = self.legal
        return super().sample(mask=mask, probability=probability)

    def __getstate__(self) -> dict[str, Any]:
        # A copy of the space has no environment, so it has no legal actions of its own either.
        return {**self.__dict__, "legal": None}


class LegalSlate(spaces.Dict):
    """`Dict(verb, attribute, items)` whose `sample()` draws an action that is legal now.

    Where lists may be justified (`aspects` of the protocol) there is a fourth key, `because`. As in
    the "flat" view, all legal asks, recommending and reflecting are equally likely; a list holds 1
    to `top_k` different items, drawn from all, and is justified by different attributes. A mask or
    probabilities that are passed to `sample` are used as Gymnasium defines them. Membership does
    not depend on legality.
    """

    def __init__(
        self,
        n_askables: int,
        n_items: int,
        top_k: int,
        legal: NDArray[np.int8] | None = None,
        *,
        verbs: int = 3,
        aspects: int = 0,
        n_attributes: int = 0,
    ) -> None:
        parts: dict[str, spaces.Space[Any]] = {
            "verb": spaces.Discrete(verbs),
            "attribute": spaces.Discrete(max(1, n_askables)),
            "items": _ids(top_k, n_items),
        }
        if aspects:
            parts["because"] = _ids(aspects, n_attributes)
        super().__init__(parts)
        self.n_askables, self.n_items, self.top_k = n_askables, n_items, top_k
        self.aspects, self.n_attributes = aspects, n_attributes
        self.legal = legal  # int8 (flat actions,), live, or None: all

    def sample(self, mask: Any = None, probability: Any = None) -> dict[str, Any]:
        if mask is not None or probability is not None:
            return super().sample(mask=mask, probability=probability)
        n = self.n_askables
        every = np.arange(n + int(self["verb"].n) - 1)  # type: ignore[attr-defined]
        # Lists are named here, so that the actions that only name a reason for one are none.
        legal = every if self.legal is None else np.flatnonzero(self.legal[: len(every)])
        code = int(legal[self["verb"].np_random.integers(len(legal))])
        attribute = code if code < n else int(self["attribute"].np_random.integers(max(1, n)))
        action = {
            "verb": np.int64(max(0, code - n + 1)),
            "attribute": np.int64(attribute),
            "items": self._some("items", self.top_k, self.n_items),
        }
        if self.aspects:
            action["because"] = self._some("because", self.aspects, self.n_attributes)
        return action

    def _some(self, key: str, most: int, n: int) -> NDArray[np.int32]:
        """1 to `most` different numbers below n, padded with -1."""
        luck = self[key].np_random
        padded = np.full(most, -1, dtype=np.int32)
        chosen = luck.choice(n, min(most, n), replace=False)
        length = 1 + luck.integers(len(chosen))
        padded[:length] = chosen[:length]
        return padded

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "legal": None}


def _ids(most: int, n: int) -> spaces.Space[Any]:
    """Up to `most` ids below n: whole numbers from -1 to n - 1 in each place."""
    sizes, start, dtype = np.full(most, n + 1), np.full(most, -1), np.int32
    return spaces.MultiDiscrete(sizes, dtype=dtype, start=start)


class LegalSlates(spaces.Dict):
    """A batch of `LegalSlate`: its `sample()` draws well-formed lists too, in every row.

    A mask or probabilities that are passed to `sample` are used as Gymnasium defines them.
    """

    def __init__(self, single: LegalSlate, n: int) -> None:
        super().__init__({key: batch_space(space, n) for key, space in single.spaces.items()})
        self.single, self.n = copy.deepcopy(single), n

    def seed(self, seed: int | dict[str, Any] | None = None) -> dict[str, Any]:
        if hasattr(self, "single"):  # not while the base class makes itself
            self.single.seed(seed)
        return super().seed(seed)

    def sample(self, mask: Any = None, probability: Any = None) -> dict[str, Any]:
        if mask is not None or probability is not None:
            return super().sample(mask=mask, probability=probability)
        rows = [self.single.sample() for _ in range(self.n)]
        return {key: np.stack([row[key] for row in rows]) for key in self.single.spaces}


@batch_space.register(LegalSlate)
def _batch_slate(space: LegalSlate, n: int = 1) -> LegalSlates:
    return LegalSlates(space, n)


def action_space(view: str, batch: Batch, legal: NDArray[np.int8] | None) -> spaces.Space[Any]:
    """The actions of one episode, "flat", "verb", "slate" or "text".

    Args:
        batch: a batch, or what stands for one: its sizes and rules.
        legal: int8 (actions of the view,), live: which are legal now; None: all.
    """
    if view == "text":
        from recosim.envs.text import LegalText

        return LegalText(batch, legal)
    if view == "flat":
        return LegalDiscrete(batch.n_actions, legal)
    if view == "verb":
        return LegalDiscrete(len(batch.verbs), legal)
    return LegalSlate(
        batch.n_askables,
        batch.world.n_items,
        batch.protocol.top_k,
        legal,
        verbs=len(batch.verbs),
        aspects=batch.aspects,
        n_attributes=batch.world.n_attributes,
    )


def decode(view: str, action: Any, batch: Batch) -> Decoded:
    """One action of a view as `Batch.step_one` takes it.

    Raises:
        IllegalActionError: not an action of the view.
    """
    if view == "slate":
        return _decode_slate(action, batch)
    code = _whole_number(action, view)
    if view == "flat":
        if not 0 <= code < batch.n_actions:
            raise IllegalActionError(no_such_action(code, batch))
        return Decoded(code)
    if not 0 <= code < len(batch.verbs):
        raise IllegalActionError(f"verb {shown(code)} does not exist; {_listed_verbs(batch)}.")
    return Decoded(flat_code(batch.verbs[code], -1, batch.n_askables, batch.verbs))


def no_such_action(code: int, batch: Batch) -> str:
    """What is wrong with a flat action that does not exist, and which do."""
    return f"action {shown(code)} {unknown_code(batch.n_askables, batch.verbs, batch.n_reasons)}"


def moves_of(view: str, actions: Any, batch: Batch) -> Moves:
    """A batch of actions of a view, one for each row.

    Raises:
        IllegalActionError: not a batch of such actions.
    """
    if view == "slate":
        return _slate_rows(actions, batch)
    given = _array(actions)
    if given.dtype.kind not in "iu" or given.shape != (batch.size,):
        raise IllegalActionError(
            f"actions have shape {given.shape} and dtype {given.dtype}; whole numbers of shape "
            f"({batch.size},) are needed."
        )
    if view == "verb":
        return Moves.from_verbs(given, batch.verbs)
    given = given.astype(np.int64, copy=False)
    moves = Moves.from_flat(
        given, batch.n_askables, verbs=batch.verbs, reasons=batch.n_reasons, least=0
    )
    return moves._replace(flat=given)


def _listed_verbs(batch: Batch) -> str:
    words = {
        Verb.ASK: "asks",
        Verb.RECOMMEND: "recommends",
        Verb.REFLECT: "reflects",
        Verb.PASS: "passes",
    }
    return ", ".join(
        f"{k} {words.get(verb, verb.name.lower())}" for k, verb in enumerate(batch.verbs)
    )


def _array(given: Any) -> NDArray[Any]:
    """What was given as an array; one of objects where it is none."""
    try:
        return np.asarray(given)
    except Exception:  # lists of different lengths; or code of whoever gave it
        return np.empty(0, dtype=object)


def _whole_number(action: Any, view: str) -> int:
    with suppress(Exception):  # TypeError; or what code of whoever gave it raises
        if not isinstance(action, (bool, np.bool_)):
            return operator.index(action)
    raise IllegalActionError(
        f"action {shown(action)} is a {type(action).__name__}; the {view!r} view takes one whole "
        "number (int or a numpy integer)."
    )


def _decode_slate(action: Any, batch: Batch) -> Decoded:
    n, aspects = batch.n_askables, batch.aspects
    keys = ("verb", "attribute", "items", *["because"] * bool(aspects))
    if not isinstance(action, dict) or not set(action) <= set(keys) or "verb" not in action:
        raise IllegalActionError(
            f"action {shown(action)} is not one of the 'slate' view, which takes a dictionary with "
            f"{', '.join(keys[:-1])} and {keys[-1]}."
        )
    place = _whole_number(action["verb"], "slate")
    if not 0 <= place < len(batch.verbs):
        raise IllegalActionError(f"verb {shown(place)} does not exist; {_listed_verbs(batch)}.")
    verb = batch.verbs[place]
    if verb == Verb.ASK:
        attribute = _whole_number(action.get("attribute"), "slate")
        if not 0 <= attribute < n:
            raise IllegalActionError(
                f"attribute {shown(attribute)} does not exist; 0 to {n - 1} can be asked."
            )
        return Decoded(attribute)
    code = flat_code(verb, -1, n, batch.verbs)
    if verb != Verb.RECOMMEND:
        return Decoded(code)
    items = _padded("items", action.get("items"), batch.protocol.top_k)
    because = _padded("because", action.get("because"), aspects) if aspects else None
    return Decoded(code, items, because)


def _padded(key: str, given: Any, most: int) -> NDArray[np.int32]:
    """A list of up to `most` numbers, padded with -1; -1 alone where nothing is given."""
    numbers = _array(given if given is not None else [-1])
    if numbers.ndim != 1 or len(numbers) > most or numbers.dtype.kind not in "iu":
        raise IllegalActionError(
            f"{key} {shown(given)} is not a list of up to {most} whole numbers, padded with -1."
        )
    padded = np.full(most, -1, dtype=np.int64)
    padded[: len(numbers)] = numbers
    if padded.min() < -1 or padded.max() > np.iinfo(np.int32).max:
        raise IllegalActionError(f"{key} {shown(given)} holds a number that is none of them.")
    return padded.astype(np.int32)


def _slate_rows(action: Any, batch: Batch) -> Moves:
    """A batch of "slate" actions: arrays of shape (B,), (B,), (B, K), and maybe (B, aspects)."""
    needed = {"verb", "attribute", "items"}
    known = needed | {"because"} if batch.aspects else needed
    if not isinstance(action, dict) or not needed <= set(action) <= known:
        raise IllegalActionError(
            f"a batch of 'slate' actions is a dictionary with the arrays "
            f"{', '.join(sorted(known))}; given is {shown(action)}."
        )
    verb, attribute, items = (_array(action[name]) for name in ("verb", "attribute", "items"))
    because = _array(action["because"]) if batch.aspects and "because" in action else None
    for name, array in (("verb", verb), ("attribute", attribute)):
        if array.shape != (batch.size,) or array.dtype.kind not in "iu":
            raise IllegalActionError(
                f"{name} has shape {array.shape} and dtype {array.dtype}; whole numbers of shape "
                f"({batch.size},) are needed."
            )
    moves = Moves.from_verbs(verb, batch.verbs)
    ask = moves.verb == Verb.ASK
    if (ask & ((attribute < 0) | (attribute >= batch.n_askables))).any():
        raise IllegalActionError(f"an attribute is outside 0..{batch.n_askables - 1}.")
    return Moves(moves.verb, np.where(ask, attribute.astype(np.int64), -1), items, because)
