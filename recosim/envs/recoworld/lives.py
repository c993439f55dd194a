"""`Lives`: a batch of RecoWorld lives as a struct of arrays that kernels advance at once.

This is the core that the scalar environment (one row), the vector environment, the bench and the
agents share. It knows rules and arrays, and nothing of Gymnasium.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.acts import Moves, Verb, whole_numbers
from recosim.envs.batch import Units, whole_options
from recosim.envs.compiled import CompiledBatch
from recosim.envs.lists import check_lists
from recosim.envs.recoworld import entries
from recosim.envs.recoworld.fields import fields
from recosim.envs.recoworld.instructions import SLOTS, WIDTH
from recosim.envs.recoworld.retrieval import rank_pools
from recosim.envs.recoworld.rules import REPEATS, LifeRules
from recosim.envs.recoworld.settings import REALS
from recosim.envs.recoworld.solving import solve
from recosim.envs.recoworld.tables import world_arrays
from recosim.errors import IllegalActionError, OptionError
from recosim.estimators.base import Vectors
from recosim.kernels.random import PURPOSES, draw_units
from recosim.kernels.table import Memory
from recosim.kernels.threads import default_threads
from recosim.users import Behaviour, Population, population
from recosim.world.parts import split_users
from recosim.world.world import World

__all__ = ["REWARD_TERMS", "Lives"]

VERBS = (Verb.ASK, Verb.RECOMMEND, Verb.REFLECT, Verb.PASS)
REWARD_TERMS = ("clicks", "minutes", "comebacks", "utility", "regret", "questions", "illegal")

# Arrays whose rows hold tables, and the shape of these.
_SHAPES = {"instructions": (SLOTS, WIDTH), "expired": (SLOTS, 2), "given": (3, 4)}


# What was ranked for the users of a world: pools, ideals, who has a pool, and by which vectors (of
# the items column by column, too).
_RANKED: WeakKeyDictionary[World, dict[Any, Any]] = WeakKeyDictionary()


class Lives(CompiledBatch):
    """B lives under one set of rules. Rows are independent; row b is at index b of each array.

    docs/recoworld.md, section 9, says what each array holds. What an agent may read: `day`,
    `session`, `turn`, `gap`, `verb`, `about`, `outcome`, `shown`, `n_shown`, `levels`, `minutes`,
    `given`, `said`, `answers`, `instructions`, `preference`, `shown_counts`, `taken_counts`,
    `mask`, `user`, `done`, `reward`, `pool_of` and `was_shown`. The user's side (`theta`,
    `mindset`, `satiation`, `fatigue`, `letdown`, `loyalty`, `intended`) is hidden from agents by
    convention.

    Who answers a move that was posed writes `outcome` (of a question), `levels` and `minutes` (of a
    list), `given`, `said`, `ended` and `gone`, and settles.

    Args:
        world: the world. vectors: the fitted estimator. protocol: the rules. size: B.
        users: how rule users answer: all alike, or a population that draws each of them.
        split: whose lives: users of the world are in "train", "valid" or "test" (`split_users`).
        raise_illegal: refuse a batch with an illegal action; else the action is penalised.
        open_ended: `step` begins the next life in rows that have ended.
        threads: threads that share a large batch; default: up to 4, by the processors.
        settings: `track` is taken and means nothing here: everything is up to date.
    """

    family = "recoworld"
    fields: ClassVar = fields
    entries: ClassVar = entries
    verbs = VERBS
    reward_terms = REWARD_TERMS
    aspects = 1
    solvable = 0.9  # a short life may end before anything was clicked
    protocol: LifeRules

    def __init__(
        self,
        world: World,
        vectors: Vectors,
        protocol: LifeRules,
        size: int,
        *,
        users: Behaviour | Population | None = None,
        split: str = "valid",
        raise_illegal: bool = True,
        open_ended: bool = False,
        threads: int | None = None,
        **settings: Any,
    ) -> None:
        if size < 1:
            raise OptionError(f"size is {size}; at least 1 life is needed.")
        self.world, self.vectors, self.protocol = world, vectors, protocol
        self.size, self.split = size, split
        self.users = population(users or Behaviour())
        self.n_askables = self.count_askables(protocol, world)
        self.n_reasons = self.count_reasons(protocol, world)
        self.n_actions = self.n_askables + len(VERBS) - 1 + self.n_reasons
        self.threads = threads if threads is not None else default_threads()
        self.open_ended = open_ended
        self._units = self.units()
        pools, ideals = self._ranked(world, vectors)
        given = {
            **world_arrays(world, protocol.usual_minutes),
            "user_vectors": vectors.user,
            "attribute_vectors": vectors.attribute,
            "pools": pools,
            "ideals": ideals,
            "rewards": np.array(astuple(protocol.rewards), dtype=np.float64),
            "reals": np.array([getattr(protocol, name) for name in REALS], dtype=np.float64),
            "traits": self.users.traits(world.n_users),
            "discounts": 1.0 / np.log2(np.arange(2, protocol.top_k + 2)),
        }
        self.memory = Memory(fields, self._sizes(given, raise_illegal), given)
        self.table = self.memory.table
        self.arrays = dict(self.memory.arrays)
        for name, shape in _SHAPES.items():  # views of the same memory
            self.arrays[name] = self.arrays[name].reshape(size, *shape)
        self.arrays["done"][:] = 1  # until it is opened, a row has ended
        self.arrays["mask"][:] = 1

    def _sizes(self, given: dict[str, NDArray[Any]], raise_illegal: bool) -> dict[str, int]:
        world, protocol = self.world, self.protocol
        return {
            "rows": self.size,
            "users": world.n_users,
            "items": world.n_items,
            "attributes": world.n_attributes,
            "actions": self.n_actions,
            "words": world.bitsets.shape[1],
            "vector_size": self.vectors.dimension,
            "top_k": protocol.top_k,
            "pool_size": given["pools"].shape[1],
            "n_item_links": world.item_attributes.links,
            "n_train_links": world.train.links,
            "users_plus_1": world.n_users + 1,
            "items_plus_1": world.n_items + 1,
            "attributes_plus_1": world.n_attributes + 1,
            "n_rewards": len(given["rewards"]),
            "n_terms": len(REWARD_TERMS),
            "n_reals": len(REALS),
            "n_traits": given["traits"].shape[1],
            "trait_rows": given["traits"].shape[0],
            "slots": SLOTS,
            "slots_5": SLOTS * WIDTH,
            "slots_2": SLOTS * 2,
            "twelve": 12,
            "two": 2,
            "horizon": protocol.horizon,
            "max_turns": protocol.max_turns,
            "max_steps": protocol.max_steps,
            "repeats": REPEATS.index(protocol.repeats),
            "raise_illegal": int(raise_illegal),
        }

    def _ranked(
        self, world: World, vectors: Vectors
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Room for the pool of each user and the DCG of their best list, shared by batches alike.

        They are filled when a user is first met.
        """
        p = self.protocol
        key = (id(vectors), min(p.pool, world.n_items), p.top_k, p.utility_bias, p.quality_weight)
        known = _RANKED.setdefault(world, {})
        if key not in known:
            pools = np.empty((world.n_users, key[1]), dtype=np.int32)
            known[key] = (
                pools,
                np.zeros(world.n_users),
                np.zeros(world.n_users, dtype=bool),
                np.ascontiguousarray(vectors.item.T),
                vectors,  # kept, so that its id stays its own
            )
        pools, ideals, self._has_pool, self._columns, _ = known[key]
        return pools, ideals

    @classmethod
    def count_askables(cls, protocol: Any, world: Any) -> int:
        return int(world.n_attributes)

    @classmethod
    def count_reasons(cls, protocol: Any, world: Any) -> int:
        return int(world.n_attributes)

    # ---- opening ---------------------------------------------------------------------------------

    def open(
        self,
        rows: Any = slice(None),
        *,
        seeds: ArrayLike | None = None,
        conversations: ArrayLike | None = None,
        units: ArrayLike | None = None,
    ) -> None:
        a, chosen = self.arrays, self._key_rows(rows, seeds, conversations)
        if units is None:
            luck = draw_units(
                a["seed"][chosen],
                a["conversation"][chosen],
                np.zeros(len(chosen)),
                PURPOSES["user"],
            )
            units = self._units.table[(luck * len(self._units)).astype(np.int64)]
        a["user"][chosen] = np.asarray(units)[:, 0]
        a["to_open"][chosen] = 1
        self._rank(np.unique(a["user"][chosen]))
        self.run(entries.find_ideals)
        self.run(entries.open_rows)

    def _rank(self, users: NDArray[np.int32]) -> None:
        """Fill the pools of users who were not met before."""
        new = users[~self._has_pool[users]].astype(np.int64)
        if len(new):
            v = self.vectors
            rank_pools(new, v.user, self._columns, v.item_bias, self.memory.arrays["pools"])
            self._has_pool[new] = True

    def reset_options(self, options: Mapping[str, Any] | None) -> dict[str, Any]:
        """`user`: any user of the world."""
        if not options:
            return {}
        user = whole_options(options, ("user",))["user"]
        if not 0 <= user < self.world.n_users:
            raise OptionError(
                f"reset option 'user' is {user}; users of world {self.world.name!r} are 0 to "
                f"{self.world.n_users - 1}."
            )
        return {"units": [[user]]}

    def units(self) -> Units:
        users = split_users(self.world, self.split)
        if not len(users):
            raise OptionError(
                f"the {self.split} split of world {self.world.name!r} has no users. A life needs "
                "one; choose another split or a larger world."
            )
        return Units(("user",), users[:, None], users)

    # ---- moves -----------------------------------------------------------------------------------

    def step(self, moves: Moves) -> None:
        ended = np.flatnonzero(self.arrays["done"]) if self.open_ended else ()
        super().step(moves)
        if len(ended):
            self.arrays["conversation"][ended] += 1
            self.open(ended)

    def step_one(self, move: Any) -> None:
        a, (code, items, because) = self.arrays, move
        if items is None:
            a["n_slate"][0] = 0
        else:
            check_lists("items", items[None], (1, self.protocol.top_k), self.world.n_items)
            a["slate"][0] = items
            a["n_slate"][0] = (items >= 0).sum()
        if because is not None:
            check_lists("because", because[None], (1, 1), self.n_askables)
        reason = -1 if because is None else int(because[0])
        if code == self.n_askables and reason >= 0 and not a["n_slate"][0]:
            code = self.n_actions - self.n_reasons + reason
        a["reason"][0] = reason
        a["action"][0] = code
        if entries.advance(self.table, 0, 1) >= 0:
            raise IllegalActionError(self.explain_illegal(0, code))

    def _write(self, moves: Moves) -> None:
        """Moves into the fields of the core, once they are checked."""
        a, n, size = self.arrays, self.n_askables, self.size
        if moves.flat is not None:
            codes = whole_numbers("flat", moves.flat)
            self._check_size(codes)
            recommends = codes == n
        else:
            verb, about = whole_numbers("verb", moves.verb), whole_numbers("about", moves.about)
            self._check_size(verb, about)
            recommends = verb == Verb.RECOMMEND
            bad = (verb == Verb.ASK) & ((about < -1) | (about >= n))
            if bad.any():
                row = int(np.argmax(bad))
                raise IllegalActionError(
                    f"row {row} asks about {about[row]}, which does not exist; 0 to {n - 1} can be "
                    "asked, and -1 asks the best."
                )
        if moves.items is not None:
            lists = np.asarray(moves.items)
            room = (size, self.protocol.top_k)
            check_lists("items", lists, room, self.world.n_items, recommends)
        if moves.because is not None and moves.flat is None:
            because = np.asarray(moves.because)
            check_lists("because", because, (size, 1), n, recommends)
        if moves.flat is None:  # a reason without a list has a code of its own
            codes = moves.to_flat(n, self.verbs, self.n_reasons)
        if codes.min() < -1 or codes.max() >= self.n_actions:  # made for another world
            Moves.from_flat(codes, n, verbs=self.verbs, reasons=self.n_reasons)
        shows = codes == n
        a["n_slate"][:] = 0
        if moves.items is not None:
            a["slate"][:] = lists
            a["n_slate"][:] = np.where(shows, (lists >= 0).sum(axis=1), 0)
        a["reason"][:] = -1
        if moves.because is not None and moves.flat is None:
            a["reason"][:] = np.where(shows, because[:, 0], -1)
        a["action"][:] = codes

    def _check_size(self, *parts: NDArray[Any]) -> None:
        for part in parts:
            if part.shape != (self.size,):
                raise IllegalActionError(
                    f"moves have shape {part.shape}; one for each of {self.size} rows is needed."
                )

    def why_illegal(self, row: int, action: int) -> str:
        n, names = self.n_askables, self.world.attribute_names
        if action == -1:
            return "everything was asked about in this session"
        if action < n:
            return f"{names[action]!r} was asked about or spoken of in this session already"
        if action == n + 1:
            return (
                "a reflection needs a list of this session that was not reflected on yet, and a "
                "user who reacts to lists"
            )
        return f"no item has {names[action - n - 3]!r}"

    def success(self) -> NDArray[np.bool_]:
        """Whether the life has ended and the user was served well: what they consumed was liked."""
        a, n = self.arrays, self.arrays["n_consumed"]
        served: NDArray[np.bool_] = (a["utility"] >= self.protocol.like_at * n) & (n > 0)
        return served & (a["done"] > 0)

    def logged(self) -> dict[str, NDArray[np.floating[Any]]]:
        a = self.arrays
        sessions = a["session"].astype(float) + 1
        return {"served": self.success().astype(float), "days": sessions, "utility": a["utility"]}

    def solve(self) -> Moves:
        """The lists of the highest chance of a click times true utility, by the user's own mind."""
        return solve(self)

    # ---- what an agent may read ------------------------------------------------------------------

    def legal_actions(self) -> NDArray[np.int8]:
        """Legal actions of the "flat" view, int8 (B, n_actions), 1 is legal; live."""
        return self.arrays["mask"]

    def best_items(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        self.run(entries.rank_items)
        best = self.arrays["best"]
        v, users = self.vectors, self.arrays["user"]
        scores = np.einsum("bd,bkd->bk", v.user[users], v.item[best]) + v.item_bias[best]
        return best, np.where(best >= 0, scores, 0.0).astype(np.float32)

    def pool_of(self) -> NDArray[np.int32]:
        """The estimator's best items for the user of each row, best first; int32 (B, pool)."""
        pools: NDArray[np.int32] = self.memory.arrays["pools"][self.arrays["user"]]
        return pools

    def was_shown(self, items: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Whether items (B, n) were shown before, as far as `repeats` keeps it; bool (B, n)."""
        words = np.take_along_axis(self.arrays["withheld"], items >> 6, axis=1)
        bits = words >> (items & 63).astype(np.uint64) & np.uint64(1)
        found: NDArray[np.bool_] = bits.astype(bool)
        return found

    # ---- saving ----------------------------------------------------------------------------------

    def set_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        super().set_state(state)
        self._rank(np.unique(self.arrays["user"]))
