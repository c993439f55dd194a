"""`Dialogues`: a batch of CPR conversations as a struct of arrays that kernels advance at once.

This is the core that the scalar environment (one row), the vector environment, the bench and the
agents share. It knows rules and arrays, and nothing of Gymnasium.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.acts import Moves, Verb, whole_numbers
from recosim.envs.batch import Units, whole_options
from recosim.envs.compiled import CompiledBatch
from recosim.envs.cpr import entries
from recosim.envs.cpr.candidates import COLUMNS
from recosim.envs.cpr.fields import fields
from recosim.envs.cpr.pool import Pool, pool_of
from recosim.envs.cpr.protocol import Protocol
from recosim.envs.cpr.tables import joint_arrays, ranking, sparse_width, world_arrays
from recosim.envs.lists import check_lists
from recosim.errors import IllegalActionError, OptionError
from recosim.estimators.base import Vectors
from recosim.kernels.table import Memory
from recosim.kernels.threads import default_threads
from recosim.users import Behaviour, Population, population
from recosim.users.behaviour import trait_column
from recosim.world.world import World

__all__ = ["Dialogues", "QUESTIONS", "REWARD_TERMS"]

QUESTIONS = ("binary", "facet", "choice", "none")
REWARD_TERMS = ("ask", "recommend", "timeout", "nothing_left", "illegal", "leave")


class Dialogues(CompiledBatch):
    """B conversations under one protocol. Rows are independent; row b is at index b of each array.

    What an agent may read: `turn`, `status`, `history`, `n_candidates`, `candidate_ids`, `counts`,
    `entropy`, `mask`, `weighted_entropy`, `best_items`, `user`, `done`, and the fields of the last
    move (`verb`, `asked`, `asked_facet`, `accepted`, `shown`, `notes`, `taken`, `inquired`,
    `outcome`, `reward`), and of the opening `opening_item`. The arrays in `arrays` are live: copy
    what must not change. The user's side (`targets`, `acceptable`, `musts`)
    is hidden from agents by convention; only the oracle reads it.

    Lists are checked only for range and repetition; reasons are attributes, and only there where
    the protocol has `aspects`. Who answers a move that was posed writes `outcome`, and `accepted`
    with `n_accepted`, `rank`, `left`, for what is criticised `asked`, for what is said of items
    `notes`, `taken` and `inquired`, and settles. A reflection that was a question has an outcome; a
    list of which the user said nothing but a question about it is unsure.

    Args:
        world: the world; its arrays are used where they are, without a copy.
        vectors: the fitted estimator.
        protocol: the rules.
        size: B, the number of conversations.
        users: how rule users answer: all alike, or a population that draws each of them.
        split: the interactions that conversations are drawn from.
        track: keep counts, entropies and masks up to date after every move. Without it they are
            computed when they are read: right for agents that seldom look.
        ask_best_by: what "ask the best" means: "entropy" or "weighted_entropy".
        raise_illegal: refuse a batch with an illegal action; else the action is penalised.
        open_ended: `step` begins the next conversation in rows that have ended.
        threads: threads that share a large batch; default: up to 4, by the processors.
    """

    family = "cpr"
    fields: ClassVar = fields
    entries: ClassVar = entries
    reward_terms = REWARD_TERMS
    judged_by = ("AT", "lower")
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "ask_best_by": ("weighted_entropy", "entropy")
    }
    protocol: Protocol

    def __init__(
        self,
        world: World,
        vectors: Vectors,
        protocol: Protocol,
        size: int,
        *,
        users: Behaviour | Population | None = None,
        split: str = "valid",
        track: bool = True,
        ask_best_by: str = "weighted_entropy",
        raise_illegal: bool = True,
        open_ended: bool = False,
        threads: int | None = None,
    ) -> None:
        if size < 1:
            raise OptionError(f"size is {size}; at least 1 conversation is needed.")
        if not protocol.is_played:
            raise OptionError(
                "question is 'choice' and choices is 0: results of before choices could be chosen "
                "have that, and such conversations are not played any more. Say how many "
                "attributes a question names, choices = 2 for instance, or take the preset "
                "'mcmipl'."
            )
        self.world, self.vectors, self.protocol = world, vectors, protocol
        self.size, self.split = size, split
        self.users = population(users or Behaviour())
        facets = protocol.question == "facet"
        if facets and world.n_facets < 1:
            raise OptionError(f"world {world.name!r} has no facets to ask about.")
        self.pool: Pool = pool_of(world, split, facets)
        self.n_askables = self.count_askables(protocol, world)
        self.n_actions = self.n_askables + len(self.verbs) - 1
        self.aspects = protocol.aspects
        self.asks_facets = facets
        self.track = track
        self.threads = threads if threads is not None else default_threads()
        sparse = 0 if facets else sparse_width(world)
        given = {
            **world_arrays(world),
            **joint_arrays(world, sparse),
            **ranking(world, vectors),
            "pool_users": self.pool.users,
            "pool_indptr": self.pool.indptr,
            "pool_indices": self.pool.items,
            "user_vectors": vectors.user,
            "item_vectors": vectors.item,
            "attribute_vectors": vectors.attribute,
            "item_bias": vectors.item_bias,
            "rewards": np.array(astuple(protocol.rewards), dtype=np.float64),
            "reals": np.array([vectors.reflect_rate, float(vectors.item_bias.max())]),
            "traits": self.users.traits(world.n_users),
        }
        settings = {
            "track": int(track),
            "ask_best_by": ("entropy", "weighted_entropy").index(ask_best_by),
            "raise_illegal": int(raise_illegal),
            "open_ended": int(open_ended),
        }
        self.memory = Memory(fields, self._sizes(given) | settings, given)
        self.arrays = self.memory.arrays
        self.table = self.memory.table
        # Until it is opened, a row has ended.
        self.arrays["done"][:] = 1
        self.arrays["given_opening"][:] = -1
        self.arrays["mask"][:] = 1
        self.arrays["filled"][:] = 1

    def _sizes(self, given: dict[str, NDArray[Any]]) -> dict[str, int]:
        world, protocol, vectors = self.world, self.protocol, self.vectors
        facets = protocol.question == "facet"
        return {
            "rows": self.size,
            "users": world.n_users,
            "items": world.n_items,
            "attributes": world.n_attributes,
            "facets": world.n_facets,
            "askables": self.n_askables,
            "actions": self.n_actions,
            "words": world.bitsets.shape[1],
            "vector_size": vectors.dimension,
            "top_k": protocol.top_k,
            "max_turns": protocol.max_turns,
            "max_targets": protocol.targets,
            # All of a choice, or as many as a request names.
            "max_accepted": int(world.item_attributes.degrees().max())
            if facets
            else max(3, protocol.choices),
            "max_asked": max(2, protocol.choices),
            "n_item_links": world.item_attributes.links,
            "n_train_links": world.train.links,
            "n_facet_links": len(given["facet_indices"]),
            "n_pool_users": len(self.pool.users),
            "n_pool_links": len(self.pool.items),
            "cooccurrence_size": len(world.cooccurrence),
            "users_plus_1": world.n_users + 1,
            "items_plus_1": world.n_items + 1,
            "attributes_plus_1": world.n_attributes + 1,
            "facets_plus_1": world.n_facets + 1,
            "pool_users_plus_1": len(self.pool.users) + 1,
            "column_items": len(given["item_columns"]),
            "n_columns": COLUMNS,
            "column_words": len(given["long_items"]),
            "sparse_attributes": 0 if facets else sparse_width(world),
            "joint_rows": len(given["joint_indptr"]),
            "n_joint": len(given["joint_indices"]),
            "dense_width": given["dense_attributes"].shape[1],
            "n_rewards": len(given["rewards"]),
            "n_terms": len(REWARD_TERMS),
            "n_reals": len(given["reals"]),
            "n_traits": given["traits"].shape[1],
            "trait_rows": given["traits"].shape[0],
            "max_aspects": protocol.aspects,
            "max_musts": int(trait_column(given["traits"], "musts").max()),
            "max_acceptable": int(trait_column(given["traits"], "acceptable").max()),
            "four": 4,
            "question": QUESTIONS.index(protocol.question),
            "choices": protocol.choices,
            "user_has_too": int(protocol.yes_if == "item_and_user"),
            "on_reject_remove": int(protocol.on_reject == "remove"),
            "drop_always": int(protocol.drop_failed == "always"),
            "first_turn": protocol.first_turn,
            "last_turn_acts": int(protocol.last_turn_acts),
            "feedback_on_refusal": int(protocol.feedback_on == "refusal"),
            "inquiries_take_turn": int(protocol.inquiries == "turn"),
            "penalise_rejected": int(vectors.penalise_rejected),
            "reflect_steps": vectors.reflect_steps,
            "pool_by_user": int(self.split != "test"),
        }

    @classmethod
    def count_askables(cls, protocol: Any, world: Any) -> int:
        return int(world.n_facets if protocol.question == "facet" else world.n_attributes)

    # ---- opening ------------------------------------------------------------------------------

    def open(
        self,
        rows: Any = slice(None),
        *,
        seeds: ArrayLike | None = None,
        conversations: ArrayLike | None = None,
        units: ArrayLike | None = None,
        users: ArrayLike | None = None,
        items: ArrayLike | None = None,
        openings: ArrayLike | None = None,
    ) -> None:
        """Open conversations in some rows.

        Args:
            rows: int indices, bool mask or slice of the rows.
            seeds: uint64 key of the randomness of each row; kept if not given.
            conversations: int64 number of the conversation of each row; kept if not given.
            units: int32 (rows, 2), user and target of each row; drawn from the split if not given.
            users, items: the two columns of `units`, in place of it.
            openings: int32 attribute (or facet) to open with; drawn if not given, -1 is drawn too.

        The caller has checked users, items and openings (`check_pair`).
        """
        a = self.arrays
        self._key_rows(rows, seeds, conversations)
        if units is not None:
            users, items = np.asarray(units).T
        if (users is None) != (items is None):
            raise OptionError("users and items go together: give both or neither.")
        if users is not None:
            a["user"][rows] = users
            a["targets"][rows, 0] = items
            a["given_pair"][rows] = 1
        if openings is not None:
            a["given_opening"][rows] = openings
        a["to_open"][rows] = 1
        self.run(entries.open_rows)

    def begin(
        self,
        rows: Any,
        users: ArrayLike,
        facets: ArrayLike,
        accepted: NDArray[np.int32],
        n_accepted: ArrayLike,
        standing: ArrayLike = -1,
        items: ArrayLike = -1,
    ) -> None:
        """Begin rows whose user and opening are known and whose target is not.

        For a person who plays the user, and for the beliefs that an agent keeps.

        Args:
            users: int32 (rows,). facets: int16 (rows,), the facet opened with, -1 for none.
            accepted: int32 (rows, >= max n_accepted), the attributes named. n_accepted: (rows,).
            standing: int32 (rows, 4), the instructions given; default: none.
            items: int32 (rows,), the item that the request names, -1 for none.
        """
        a = self.arrays
        a["user"][rows] = users
        a["n_targets"][rows] = 0
        a["asked_facet"][rows] = facets
        a["accepted"][rows] = accepted[:, : a["accepted"].shape[1]]
        a["n_accepted"][rows] = n_accepted
        a["standing"][rows] = standing
        a["opening_item"][rows] = items
        a["to_open"][rows] = 1
        self.run(entries.begin_rows)

    def reset_options(self, options: Mapping[str, Any] | None) -> dict[str, Any]:
        """`user`, `item` and `opening`, which may be left out; see `Batch.reset_options`."""
        if not options:
            return {}
        values = whole_options(options, ("user", "item", "opening"))
        if "user" not in values or "item" not in values:
            raise OptionError(
                "reset options need 'user' and 'item' together; 'opening' goes with them."
            )
        user, item, opening = values["user"], values["item"], values.get("opening", -1)
        self.check_pair(user, item)
        openings = self.openings_of(item)
        if "opening" in values and opening not in openings:
            raise OptionError(
                f"item {item} cannot be opened with {opening}; it has {openings.tolist()}."
            )
        return {"users": [user], "items": [item], "openings": [opening]}

    def units(self) -> Units:
        pairs = self.pool.pairs()
        return Units(("user", "item"), pairs, pairs[:, 0])

    def check_pair(self, user: int, item: int) -> None:
        """Raise `OptionError` unless the user had the item, and it can be opened with."""
        world = self.world
        if not 0 <= user < world.n_users:
            raise OptionError(f"user {user} does not exist; users are 0 to {world.n_users - 1}.")
        if not 0 <= item < world.n_items:
            raise OptionError(f"item {item} does not exist; items are 0 to {world.n_items - 1}.")
        splits = [s for s in ("train", "valid", "test") if item in world.split(s).row(user)]
        if not splits:
            known = self.pool.of(user)[:8].tolist()
            raise OptionError(
                f"user {user} never interacted with item {item}. Items of this user in the "
                f"{self.split} split: {known or 'none'}"
            )
        if not len(self.openings_of(item)):
            raise OptionError(f"item {item} has no attribute to open a conversation with.")

    def openings_of(self, item: int) -> NDArray[np.int64]:
        """The attributes (or facets) that a conversation about an item can be opened with."""
        attributes = self.world.item_attributes.row(item).astype(np.int64)
        if self.protocol.question != "facet":
            return attributes
        facets = np.unique(self.world.attribute_facet[attributes]).astype(np.int64)
        return facets[facets >= 0]

    # ---- moves --------------------------------------------------------------------------------

    def step_one(self, move: Any) -> None:
        """`step` of a batch of one row; quicker than a batch does it."""
        a, (code, items, because) = self.arrays, move
        if self.aspects:
            if because is not None:
                self.check_aspects(np.array([code]), because[None])
            a["reasons"][0] = -1 if because is None else because
        if items is None:
            a["n_slate"][0] = 0
        else:
            self.check_slates(np.array([code]), items[None])
            a["slate"][0] = items
            a["n_slate"][0] = (items >= 0).sum()
        a["action"][0] = code
        if entries.advance(self.table, 0, 1) >= 0:
            raise IllegalActionError(self.explain_illegal(0, code))

    def _write(self, moves: Moves) -> None:
        """Moves into the fields of the core, once they are checked."""
        a = self.arrays
        given = (("verb", moves.verb), ("about", moves.about))
        for name, numbers in given if moves.flat is None else (("flat", moves.flat),):
            if whole_numbers(name, numbers).shape != (self.size,):
                raise IllegalActionError(
                    f"{name} of the moves has shape {numbers.shape}; whole numbers of shape "
                    f"({self.size},) are needed."
                )
        codes = moves.to_flat(self.n_askables, self.verbs)
        about = np.asarray(moves.about)
        if moves.flat is None:
            if about.min() < -1 or about.max() >= self.n_askables:
                self._refuse_questions(np.asarray(moves.verb) == Verb.ASK, about)
        elif codes.min() < -1 or codes.max() >= self.n_actions:  # made for another world
            Moves.from_flat(codes, self.n_askables, verbs=self.verbs)
        if moves.items is not None:
            lists = np.asarray(moves.items)
            self.check_slates(codes, lists)
            a["slate"][:] = lists
            a["n_slate"][:] = (lists >= 0).sum(axis=1)
        else:
            a["n_slate"][:] = 0
        if self.protocol.aspects:
            if moves.because is not None:
                self.check_aspects(codes, np.asarray(moves.because))
            a["reasons"][:] = -1 if moves.because is None else moves.because
        elif moves.because is not None:
            raise IllegalActionError(
                "aspects were given, and this protocol takes none: its option 'aspects' is 0."
            )
        a["action"][:] = codes

    def _refuse_questions(self, asks: NDArray[np.bool_], about: NDArray[Any]) -> None:
        """Raise `IllegalActionError` if a row that asks does not ask about anything there is."""
        bad = asks & ((about < -1) | (about >= self.n_askables))
        if bad.any():
            row = int(np.argmax(bad))
            raise IllegalActionError(
                f"row {row} asks about {about[row]}, which does not exist; 0 to "
                f"{self.n_askables - 1} can be asked, and -1 asks the best."
            )

    def check_aspects(self, actions: NDArray[Any], aspects: NDArray[Any]) -> None:
        """Raise `IllegalActionError` unless the reasons of the rows that recommend are valid."""
        shape = (self.size, self.protocol.aspects)
        rows = actions == self.n_askables
        check_lists("aspects", aspects, shape, self.world.n_attributes, rows)

    def check_slates(self, actions: NDArray[Any], slates: NDArray[Any]) -> None:
        """Raise `IllegalActionError` unless the lists of the recommending rows are well-formed."""
        shape = (self.size, self.protocol.top_k)
        check_lists("slates", slates, shape, self.world.n_items, actions == self.n_askables)

    def why_illegal(self, row: int, action: int) -> str:
        n = self.n_askables
        if action == n:
            return "nothing is left to recommend"
        if action == n + 1:
            return (
                "a reflection needs a refused recommendation that was not reflected on yet, and a "
                "user who reacts to lists"
            )
        if self.protocol.question == "none":
            return "this protocol has no questions"
        if action == -1:
            return "nothing is left to ask"
        kind = "facet" if self.protocol.question == "facet" else "attribute"
        names = self.world.facet_names if kind == "facet" else self.world.attribute_names
        return f"{kind} {action} ({names[action]!r}) was asked already, or no candidate has it"

    def success(self) -> NDArray[np.bool_]:
        a = self.arrays
        return (a["done"] > 0) & (a["hit_turn"] > 0)

    def logged(self) -> dict[str, NDArray[np.floating[Any]]]:
        """SR: whether a list was a hit; AT: the number of the first move that hit, or all turns."""
        hit = self.success()
        moves = self.arrays["hit_turn"] - self.protocol.first_turn + 1
        turns = np.where(hit, moves, self.protocol.max_turns)
        return {"SR": hit.astype(float), "AT": turns.astype(float)}

    def solve(self) -> Moves:
        """The first target alone, at once."""
        items = np.full((self.size, self.protocol.top_k), -1, dtype=np.int32)
        items[:, 0] = self.arrays["targets"][:, 0]
        return Moves.all_of(Verb.RECOMMEND, self.size, items)

    # ---- what only the user knows --------------------------------------------------------------

    def wanted(self, row: int) -> NDArray[np.int32]:
        """The attributes that the user of a row says yes to, ascending.

        Of the first target that they mean, or under choice questions of any; of these those that
        they have themselves, where a yes needs that.
        """
        a, world, n = self.arrays, self.world, int(self.arrays["n_targets"][row])
        targets = a["targets"][row, :n].tolist()
        if self.protocol.question != "choice":
            live = int(a["live"][row])  # all where none fits what was said
            targets = targets[(live & -live).bit_length() - 1 if live else 0 :][:1]
        rows = [world.item_attributes.row(item) for item in targets]
        wanted = np.unique(np.concatenate(rows)) if rows else np.zeros(0, dtype=np.int32)
        if self.protocol.yes_if == "item_and_user":
            items = world.train.row(int(a["user"][row])).tolist()
            own = [world.item_attributes.row(item) for item in items]
            wanted = np.intersect1d(wanted, np.concatenate(own) if own else [])
        found: NDArray[np.int32] = wanted.astype(np.int32)
        return found

    # ---- what an agent may read ----------------------------------------------------------------

    def legal_actions(self) -> NDArray[np.int8]:
        """Legal actions, int8 (B, n_actions), 1 is legal; live."""
        if not self.track:
            self.run(entries.refresh_rows)
        return self.arrays["mask"]

    def entropy(self) -> NDArray[np.float32]:
        """Entropy in bits of each askable among the candidates, float32 (B, n_askables); live."""
        if not self.track:
            self.run(entries.refresh_rows)
        return self.arrays["entropy"]

    def best_asks(self, by: str = "entropy") -> NDArray[np.int64]:
        """The legal ask of the highest "entropy" or "weighted_entropy", int64 (B,), -1 for none."""
        self.run(entries.best_weighted_asks if by == "weighted_entropy" else entries.best_asks)
        return self.arrays["choice"]

    def best_items(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The `top_k` candidates of the highest scores, and those; (B, top_k), -1 padded."""
        self.run(entries.rank_items)
        return self.arrays["best"], self.arrays["best_scores"]

    def candidate_ids(self, row: int) -> NDArray[np.int64]:
        """The candidates of one row, ascending ids."""
        a = self.arrays
        words = a["candidates"][row] if a["own"][row] else a["bitsets"][a["opening"][row]]
        bits = np.unpackbits(words.view(np.uint8), bitorder="little")
        return np.flatnonzero(bits)
