"""The spaces of the CPR environments: three views of the actions, and the observation."""

from __future__ import annotations

import copy
import math
import operator
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from recosim.acts import VERBS, Moves, Verb, flat_code
from recosim.envs.cpr.dialogues import Dialogues
from recosim.errors import IllegalActionError

__all__ = [
    "Decoded",
    "LegalDiscrete",
    "LegalSlate",
    "LegalSlates",
    "action_space",
    "decode",
    "log2_sizes",
    "observation_space",
    "slate_rows",
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
        aspects: int = 0,
        n_attributes: int = 0,
    ) -> None:
        parts: dict[str, spaces.Space[Any]] = {
            "verb": spaces.Discrete(3),
            "attribute": spaces.Discrete(n_askables),
            "items": _ids(top_k, n_items),
        }
        if aspects:
            parts["because"] = _ids(aspects, n_attributes)
        super().__init__(parts)
        self.n_askables, self.n_items, self.top_k = n_askables, n_items, top_k
        self.aspects, self.n_attributes = aspects, n_attributes
        self.legal = legal  # int8 (n_askables + 2,), live, or None: all

    def sample(self, mask: Any = None, probability: Any = None) -> dict[str, Any]:
        if mask is not None or probability is not None:
            return super().sample(mask=mask, probability=probability)
        n = self.n_askables
        legal = np.arange(n + 2) if self.legal is None else np.flatnonzero(self.legal)
        code = int(legal[self["verb"].np_random.integers(len(legal))])
        attribute = code if code < n else int(self["attribute"].np_random.integers(n))
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


def action_space(
    view: str, dialogues: Dialogues, legal: NDArray[np.int8] | None
) -> spaces.Space[Any]:
    """The actions of one conversation, "flat", "verb", "slate" or "text"."""
    if view == "text":
        from recosim.envs.text import LegalText

        return LegalText(dialogues.world, dialogues.protocol.question == "facet", legal)
    if view == "flat":
        return LegalDiscrete(dialogues.n_actions, legal)
    if view == "verb":
        return LegalDiscrete(3, legal)
    return LegalSlate(
        dialogues.n_askables,
        dialogues.world.n_items,
        dialogues.protocol.top_k,
        legal,
        aspects=dialogues.protocol.aspects,
        n_attributes=dialogues.world.n_attributes,
    )


def observation_space(view: str, dialogues: Dialogues, keys: tuple[str, ...]) -> spaces.Dict:
    """The observation of one conversation; the environments' docstrings say what each key means."""
    protocol, world = dialogues.protocol, dialogues.world
    n_mask = 3 if view == "verb" else dialogues.n_actions
    bits = 1.0
    if protocol.question == "facet":
        bits = float(max(1, world.facet_attributes.degrees().max()))
    everything: dict[str, spaces.Box] = {
        "turn": spaces.Box(1, protocol.max_turns + 1, (1,), dtype=np.int32),
        "history": spaces.Box(-3, 3, (protocol.max_turns,), dtype=np.int8),
        "attributes": spaces.Box(-1, 2, (world.n_attributes,), dtype=np.int8),
        "entropy": spaces.Box(0.0, bits, (dialogues.n_askables,), dtype=np.float32),
        "log2_candidates": spaces.Box(
            0.0, float(math.ceil(math.log2(world.n_items + 1))), (1,), dtype=np.float32
        ),
        "action_mask": spaces.Box(0, 1, (n_mask,), dtype=np.int8),
    }
    return spaces.Dict({key: everything[key] for key in keys})


def log2_sizes(n_items: int) -> NDArray[np.float32]:
    """log2 of each number of candidates 0..n_items (0 for none), float32 (n_items + 1,).

    A table, because what numpy and math compute may differ in the last bit, and a batch has to give
    what a single conversation gives.
    """
    return np.log2(np.maximum(np.arange(n_items + 1), 1)).astype(np.float32)


class Decoded(NamedTuple):
    """One action as the core takes it.

    Attributes:
        code: flat code, -1 asks the best.
        items: int32 (top_k,), the list of a recommendation; None: the estimator's best.
        because: int32 (aspects,), its reasons; None: there are none.
    """

    code: int
    items: NDArray[np.int32] | None = None
    because: NDArray[np.int32] | None = None


def decode(view: str, action: Any, n_askables: int, top_k: int, aspects: int = 0) -> Decoded:
    """One action of a view as the core takes it.

    Raises:
        IllegalActionError: not an action of the view.
    """
    if view == "slate":
        return _decode_slate(action, n_askables, top_k, aspects)
    code = _whole_number(action, view)
    if view == "flat":
        return Decoded(code)
    if not 0 <= code < 3:
        raise IllegalActionError(
            f"verb {code} does not exist; 0 asks the best, 1 recommends, 2 reflects."
        )
    return Decoded(flat_code(VERBS[code], -1, n_askables))


def _whole_number(action: Any, view: str) -> int:
    try:
        if not isinstance(action, (bool, np.bool_)):
            return operator.index(action)
    except TypeError:
        pass
    raise IllegalActionError(
        f"action {action!r} is a {type(action).__name__}; the {view!r} view takes one whole number "
        "(int or a numpy integer)."
    )


def _decode_slate(action: Any, n_askables: int, top_k: int, aspects: int) -> Decoded:
    keys = ("verb", "attribute", "items", *["because"] * bool(aspects))
    if not isinstance(action, dict) or not set(action) <= set(keys) or "verb" not in action:
        raise IllegalActionError(
            f"action {action!r} is not one of the 'slate' view, which takes a dictionary with "
            f"{', '.join(keys[:-1])} and {keys[-1]}."
        )
    verb = _whole_number(action["verb"], "slate")
    if verb == Verb.ASK:
        attribute = _whole_number(action.get("attribute"), "slate")
        if not 0 <= attribute < n_askables:
            raise IllegalActionError(
                f"attribute {attribute} does not exist; 0 to {n_askables - 1} can be asked."
            )
        return Decoded(attribute)
    if not 0 <= verb < len(VERBS):
        raise IllegalActionError(f"verb {verb} does not exist; 0 asks, 1 recommends, 2 reflects.")
    code = flat_code(verb, -1, n_askables)
    if verb != Verb.RECOMMEND:
        return Decoded(code)
    items = _padded("items", action.get("items"), top_k)
    because = _padded("because", action.get("because"), aspects) if aspects else None
    return Decoded(code, items, because)


def _padded(key: str, given: Any, most: int) -> NDArray[np.int32]:
    """A list of up to `most` numbers, padded with -1; -1 alone where nothing is given."""
    try:
        numbers = np.asarray(given if given is not None else [-1])
    except ValueError:  # lists of different lengths in a list
        numbers = np.empty(0, dtype=object)
    if numbers.ndim != 1 or len(numbers) > most or numbers.dtype.kind not in "iu":
        raise IllegalActionError(
            f"{key} {given!r} is not a list of up to {most} whole numbers, padded with -1."
        )
    padded = np.full(most, -1, dtype=np.int64)
    padded[: len(numbers)] = numbers
    if padded.min() < -1 or padded.max() > np.iinfo(np.int32).max:
        raise IllegalActionError(f"{key} {given!r} holds a number that is none of them.")
    return padded.astype(np.int32)


def slate_rows(action: Any, size: int, n_askables: int, aspects: int = 0) -> Moves:
    """A batch of "slate" actions (arrays of shape (B,), (B,), (B, K)) as moves.

    With `aspects` there may be reasons too, (B, aspects).

    Raises:
        IllegalActionError: not a batch of such actions.
    """
    try:
        verb = np.asarray(action["verb"])
        attribute = np.asarray(action["attribute"])
        items = np.asarray(action["items"])
        because = np.asarray(action["because"]) if aspects and "because" in action else None
    except (KeyError, TypeError, IndexError, ValueError):
        raise IllegalActionError(
            "a batch of 'slate' actions is a dictionary with the arrays verb, attribute and items."
        ) from None
    for name, array in (("verb", verb), ("attribute", attribute)):
        if array.shape != (size,) or array.dtype.kind not in "iu":
            raise IllegalActionError(
                f"{name} has shape {array.shape} and dtype {array.dtype}; whole numbers of shape "
                f"({size},) are needed."
            )
    moves = Moves.from_verbs(verb)
    ask = moves.verb == Verb.ASK
    if (ask & ((attribute < 0) | (attribute >= n_askables))).any():
        raise IllegalActionError(f"an attribute is outside 0..{n_askables - 1}.")
    return Moves(moves.verb, np.where(ask, attribute.astype(np.int64), -1), items, because)
