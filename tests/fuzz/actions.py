"""Actions, seeds and options that are none, for every family, scalar and vector, in all views.

Run in a process of its own, because what reaches a kernel unchecked would end it:

    python -m fuzz.actions 10000 0      # inputs, seed
"""

from __future__ import annotations

import faulthandler
import math
import random
import sys
import warnings
from collections import Counter
from typing import Any

import gymnasium as gym
import numpy as np

import recosim
from recosim.errors import RecosimError

IDS = ("CPR-LastFM-Small", "EAR-Yelp-Small", "Critique-LastFM-Small", "RecoWorld-LastFM-Small",
       "ConvSim-LastFM-Small")  # fmt: skip
VIEWS = ("flat", "verb", "slate")
ROWS = 3
NUMBERS = (0, 1, -1, 2, 5, 31, 32, 33, 34, 255, 256, 499, 500, 2**15, 2**31 - 1, 2**31, -(2**31),
           2**63 - 1, 2**63, -(2**63), 2**64, 10**40, 10**5000, 0.0, 1.5, -0.0, math.nan, math.inf,
           1e300, True, False, None, "", "0", "ask", b"1", 1j)  # fmt: skip
DTYPES = ("i1", "u1", "i8", "u8", "f4", "f8", "?", "U3", "O", "M8[s]", "c8")


class Odd:
    """An object whose every use fails."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("no array")

    def __len__(self) -> int:
        raise MemoryError("no length")

    def __repr__(self) -> str:
        raise ValueError("no text")

    def __int__(self) -> int:
        raise ZeroDivisionError("no number")


def nonsense(rng: random.Random, deep: int = 0) -> Any:
    """Something that may be anything, also, seldom, an action."""
    kind = rng.randrange(10 if deep < 3 else 4)
    if kind <= 2:
        return rng.choice(NUMBERS)
    if kind == 3:
        return rng.choice((Odd(), object(), int, np.float32(2), np.int8(1), np.uint64(2**64 - 1)))
    if kind <= 5:
        shape = tuple(rng.choice((0, 1, 2, 3, 10)) for _ in range(rng.randrange(4)))
        values = np.full(shape, rng.choice((0, 1, 2, 7)), "i8")
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return values.astype(rng.choice(DTYPES))
    if kind == 6:
        return [nonsense(rng, deep + 1) for _ in range(rng.randrange(5))]
    if kind == 7:
        return tuple(nonsense(rng, deep + 1) for _ in range(rng.randrange(4)))
    if kind == 8:
        names = ("verb", "attribute", "items", "facet", "because", "x", 0, None)
        return {rng.choice(names): nonsense(rng, deep + 1) for _ in range(rng.randrange(5))}
    return "x" * rng.choice((1, 100, 1_000_000))


def twisted(space: gym.Space, rng: random.Random) -> Any:
    """An action of the space in which one part was replaced."""
    action = space.sample()
    if isinstance(action, dict):
        action = dict(action)
        key = rng.choice(list(action))
        fate = rng.randrange(4)
        if fate == 0:
            del action[key]
        elif fate == 1:
            action[key] = nonsense(rng)
        elif fate == 2:
            part = np.array(action[key])
            if part.size:
                part.flat[rng.randrange(part.size)] = rng.choice(
                    (-1, 10**6, -(2**31), 7, 2**31 - 1)
                )
            action[key] = part if part.ndim else part[()]
        else:
            action[rng.choice(("x", "Verb", 0))] = nonsense(rng)
        return action
    part = np.array(action)
    if part.ndim:
        part.flat[rng.randrange(part.size)] = rng.choice((-1, 10**6, -(2**31), 2**40))
        return part
    return rng.choice((-1, 10**6, [action], float(action), str(action), {"verb": action}))


def is_action(space: gym.Space, action: Any) -> bool:
    """Whether it is one of the space, but for the type of whole numbers and of their containers."""
    try:
        if isinstance(space, gym.spaces.Dict):
            return is_slate(space.spaces, action)
        values = np.asarray(action)
        if values.dtype.kind not in "iu" or values.shape != (space.shape or ()):
            return False
        with np.errstate(all="ignore"):
            same = values.astype(space.dtype)
        if (same != values).any():
            return False
        return bool(space.contains(same if space.shape else same[()]))
    except Exception:
        return False


def is_slate(parts: dict[str, gym.Space], action: Any) -> bool:
    """Whether it is a slate, or the part of one that its verb reads; lists may be short."""
    if not isinstance(action, dict) or not {"verb"} <= action.keys() <= parts.keys():
        return False
    if not is_action(parts["verb"], action["verb"]):
        return False
    if parts["verb"].shape:  # many: the arrays are checked as a whole
        return "items" in action and np.asarray(action["items"]).dtype.kind in "iu"
    read = {name for name in action if name != "verb" and action[name] is not None}
    fits = {"attribute": is_action(parts["attribute"], action.get("attribute"))}
    for name in read - {"attribute"}:
        whole = parts[name].shape[0]
        try:
            given = np.asarray(action[name])
        except Exception:
            continue
        padded = np.full(whole, -1)
        if given.ndim == 1 and len(given) <= whole and given.dtype.kind in "iu":
            padded[: len(given)] = given
            fits[name] = bool(parts[name].contains(padded.astype(parts[name].dtype)))
    # Which parts a verb reads is the family's to say: one of them must be what it is.
    return not read or any(fits.values()) or "items" not in read


def make(name: str, view: str, rows: int) -> Any:
    if rows == 1:
        made = gym.make(f"recosim/{name}-v0", actions=view, disable_env_checker=True)
    else:
        made = gym.make_vec(f"recosim/{name}-v0", num_envs=rows, actions=view)
    return made.unwrapped


def equal(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=np.asarray(a).dtype.kind == "f")


def fuzz(name: str, view: str, rows: int, inputs: int, seed: int) -> Counter[str]:
    """Refused and taken inputs. A twin is told only of what was taken, and must stay the same."""
    fates: Counter[str] = Counter()
    env, twin = make(name, view, rows), make(name, view, rows)
    env.action_space.seed(seed)
    env.reset(seed=seed)
    twin.reset(seed=seed)
    over = False
    for number in range(inputs):
        rng = random.Random(f"{seed} {name} {view} {rows} {number}")
        where = f"input {number} of {name}, {view}, {rows} rows, seed {seed}"
        if over or rng.random() < 0.03:
            begun = rng.randrange(100)
            assert equal(env.reset(seed=begun)[0], twin.reset(seed=begun)[0]), where
            over = False
        if rng.random() < 0.1:
            given = {rng.choice(("seed", "options")): nonsense(rng)}
            try:
                found = env.reset(**given)[0]
            except RecosimError as error:
                fates["refused"] += 1
                bounded(error, where)
            else:
                fates["taken"] += 1
                if given.get("seed", 0) is None or "options" in given:  # of the generator's own
                    begun = rng.randrange(100)
                    found = env.reset(seed=begun)[0]
                    given = {"seed": begun}
                assert equal(found, twin.reset(**given)[0]), where
            continue
        pick = rng.random()
        action = nonsense(rng) if pick < 0.4 else twisted(env.action_space, rng)
        if pick > 0.9:
            action = env.action_space.sample()
        try:
            found = env.step(action)
        except RecosimError as error:
            fates["refused"] += 1
            bounded(error, where)
            continue
        assert is_action(env.action_space, action), f"{where}: {action!r} was taken"
        fates["taken"] += 1
        same = twin.step(action)
        assert all(equal(found[k], same[k]) for k in range(4)), where
        over = rows == 1 and bool(found[2] or found[3])
    return fates


def bounded(error: RecosimError, where: str) -> None:
    assert 10 < len(str(error)) < 7000, f"{where}: {len(str(error))} letters"


def main() -> None:
    faulthandler.enable()
    inputs, seed = int(sys.argv[1]), int(sys.argv[2])
    assert recosim.__version__
    combinations = [(name, view, rows) for name in IDS for view in VIEWS for rows in (1, ROWS)]
    fates: Counter[str] = Counter()
    for name, view, rows in combinations:
        try:
            fates += fuzz(name, view, rows, -(-inputs // len(combinations)), seed)
        except RecosimError as error:
            print(f"{name} {view} {rows}: {error}")
            raise
    print(dict(fates))


if __name__ == "__main__":
    main()
