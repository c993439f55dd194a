"""`CPRVectorEnv`: the batched core behind Gymnasium's vector API."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from recosim.envs.copies import Copies
from recosim.envs.cpr.dialogues import REWARD_TERMS
from recosim.envs.cpr.observer import Observations, Observer
from recosim.envs.cpr.protocol import Protocol
from recosim.envs.cpr.spaces import action_space, observation_space, slate_rows
from recosim.envs.setup import (
    ACTION_VIEWS,
    AUTORESET,
    ILLEGAL,
    OBSERVATION_KEYS,
    Setup,
    check_observe,
    check_option,
    check_seed,
    read_reset_options,
    refuse_unknown,
)
from recosim.errors import IllegalActionError, OptionError, StateError
from recosim.estimators.base import Vectors
from recosim.users import Behaviour, Population
from recosim.world.world import World

__all__ = ["CPRVectorEnv"]


class CPRVectorEnv(VectorEnv[Observations, Any, NDArray[Any]]):
    """Many CPR conversations at once: `gymnasium.make_vec("recosim/CPR-Yelp-v0", num_envs=1024)`.

    Spaces, rewards and rules are those of `CPREnv`, batched. Row i of `reset(seed=s)` has the
    conversations of a scalar environment that was reset with seed s + i, one after the other, in
    every autoreset mode.

    Infos are arrays with one entry for each conversation, each with its mask `_key`: `action_mask`,
    `items`, `rank`, `candidates`, `is_success`, `left`, `true_utility`, and `reward_terms` (a
    dictionary of arrays). `infos=False` leaves them out, for raw speed; `action_masks()` gives the
    masks then.

    Autoreset (`autoreset_mode`): "NextStep" (default): the step after an end ignores the action,
    gives reward 0 and the first observation of the next conversation. "SameStep": the step that
    ends a conversation returns the first observation of the next; the last one is in
    `infos["final_obs"]`, its info in `infos["final_info"]`. "Disabled": call
    `reset(options={"reset_mask": ended})` before the next step.

    Args:
        num_envs: number of conversations B.
        autoreset_mode: an `AutoresetMode` or its value.
        illegal: "penalise" (default: policies without masks learn from it) or "raise" (nothing has
            changed then).
        infos: whether `step` and `reset` return infos.
        copy: whether arrays are copied; False returns views that the next call overwrites.
        threads: threads that share the batch; default up to 4.

    The other arguments, and the errors, are those of `CPREnv`.
    """

    # Gymnasium declares it as an attribute of instances, so it cannot be a ClassVar.
    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(
        self,
        num_envs: int = 1,
        *,
        world: str | os.PathLike[str] | World,
        protocol: str | dict[str, Any] | Protocol = "scpr",
        protocol_options: Mapping[str, Any] | None = None,
        question: str | None = None,
        estimator: str | Vectors = "mf",
        estimator_options: Mapping[str, Any] | None = None,
        users: str | Population | Behaviour | Mapping[str, Any] = "ideal",
        answer_noise: float | None = None,
        dont_know: float | None = None,
        split: str = "valid",
        actions: str = "flat",
        observe: Sequence[str] = OBSERVATION_KEYS,
        ask_best_by: str = "weighted_entropy",
        illegal: str = "penalise",
        reveal: bool = False,
        render_mode: str | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        infos: bool = True,
        copy: bool = True,
        threads: int | None = None,
        **unknown_options: Any,
    ) -> None:
        arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        refuse_unknown(arguments.pop("unknown_options"), arguments)
        if render_mode is not None:
            raise OptionError(
                "the vector environment draws nothing: render_mode must be None. To watch "
                "conversations, make a scalar environment with the same seed."
            )
        if not isinstance(num_envs, int) or isinstance(num_envs, bool) or num_envs < 1:
            raise OptionError(f"num_envs is {num_envs!r}; a whole number of at least 1 is needed.")
        check_option("actions", actions, ACTION_VIEWS)
        check_option("illegal", illegal, ILLEGAL)
        check_option("ask_best_by", ask_best_by, ("entropy", "weighted_entropy"))
        mode = autoreset_mode.value if isinstance(autoreset_mode, AutoresetMode) else autoreset_mode
        check_option("autoreset_mode", mode, AUTORESET)
        self.autoreset_mode = AutoresetMode(mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.num_envs = num_envs
        self.render_mode = None
        self._keys = check_observe(observe)
        self._view, self._infos, self._copy, self._reveal = actions, infos, copy, reveal
        self.setup = Setup.prepare(
            world=world,
            protocol_name=protocol,
            protocol_options=protocol_options,
            question=question,
            estimator=estimator,
            estimator_options=estimator_options,
            users=users,
            answer_noise=answer_noise,
            dont_know=dont_know,
            split=split,
        )
        looks = actions == "verb" or infos or {"entropy", "action_mask"} & set(self._keys)
        self.batch = self.setup.batch(
            num_envs,
            track=bool(looks),
            ask_best_by=ask_best_by,
            raise_illegal=illegal == "raise",
            open_ended=self.autoreset_mode is AutoresetMode.NEXT_STEP,
            threads=threads,
        )
        self.single_action_space = action_space(actions, self.batch, None)
        self.single_observation_space = observation_space(actions, self.batch, self._keys)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._observer = Observer(self.batch, self._keys, actions)
        self._copies = Copies()
        self._opened = False
        self._seeded = False

    # ---- Gymnasium's API ------------------------------------------------------------------------

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observations, dict[str, Any]]:
        options = dict(options or {})
        rows = self._reset_rows(options.pop("reset_mask", None))
        user, item, opening = read_reset_options(options, self.batch)
        a = self.batch.arrays
        self._seed_rows(seed, rows)
        a["conversation"][rows] += 1
        self.batch.open(
            rows,
            users=user,
            items=item,
            openings=-1 if opening is None else opening,
        )
        self._opened = True
        return self._observation(), self._information() if self._infos else {}

    def step(
        self, actions: Any
    ) -> tuple[Observations, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        a = self.batch.arrays
        if not self._opened:
            raise StateError("step was called before reset; call reset first.")
        same_step = self.autoreset_mode is AutoresetMode.SAME_STEP
        if self.autoreset_mode is AutoresetMode.DISABLED and a["done"].any():
            raise StateError(
                f"{int(a['done'].sum())} conversations have ended; reset them first with "
                "reset(options={'reset_mask': ended}), or choose another autoreset_mode."
            )
        self.batch.step(*self._decode(actions))
        reward = a["reward"].copy()
        terminated, truncated = a["terminated"].astype(bool), a["truncated"].astype(bool)
        final: dict[str, Any] = {}
        if same_step and a["done"].any():
            final = self._finish_rows(a["done"].astype(bool))
        information = self._information() if self._infos else {}
        return self._observation(), reward, terminated, truncated, {**information, **final}

    def action_masks(self) -> NDArray[np.bool_]:
        """Legal actions as bool, shape (num_envs, n_actions)."""
        return self._mask().astype(bool)

    # ---- inside ----------------------------------------------------------------------------------

    def _reset_rows(self, mask: Any) -> NDArray[np.bool_]:
        if mask is None:
            return np.ones(self.num_envs, dtype=bool)
        given = np.asarray(mask)
        if given.shape != (self.num_envs,) or given.dtype != np.bool_ or not given.any():
            raise OptionError(
                f"reset_mask has shape {given.shape} and dtype {given.dtype}; a bool array of "
                f"shape ({self.num_envs},) with at least one True is needed."
            )
        if not self._opened:
            raise StateError("reset_mask was given before the first reset; reset all rows first.")
        return given

    def _seed_rows(self, seed: int | Sequence[int | None] | None, rows: NDArray[np.bool_]) -> None:
        """Give rows the key of their randomness, and start their count of conversations anew."""
        a = self.batch.arrays
        if seed is None:
            if not self._seeded:
                a["seed"][:] = self.np_random.integers(2**63, size=self.num_envs)
                a["conversation"][:] = -1
                self._seeded = True
            return
        keys: list[int | None]
        if isinstance(seed, Iterable):
            keys = [None if key is None else check_seed(key) for key in seed]
        else:
            first = check_seed(seed)
            keys = [check_seed(first + i) for i in range(self.num_envs)]
            super().reset(seed=first)
        if len(keys) != self.num_envs:
            raise OptionError(f"{len(keys)} seeds were given for {self.num_envs} conversations.")
        for i, key in enumerate(keys):
            if rows[i] and (key is not None or not self._seeded):
                a["seed"][i] = self.np_random.integers(2**63) if key is None else key
                a["conversation"][i] = -1
        self._seeded = True

    def _decode(self, actions: Any) -> tuple[Any, Any, Any]:
        n = self.batch.n_askables
        if self._view == "slate":
            return slate_rows(actions, self.num_envs, n, self.batch.protocol.aspects)
        try:
            given = np.asarray(actions)
        except ValueError:  # lists of different lengths in a list
            given = np.empty(0, dtype=object)
        if given.dtype.kind not in "iu" or given.shape != (self.num_envs,):
            raise IllegalActionError(
                f"actions have shape {given.shape} and dtype {given.dtype}; whole numbers of shape "
                f"({self.num_envs},) are needed."
            )
        if self._view == "verb":
            if (given < 0).any() or (given > 2).any():
                raise IllegalActionError("a verb is not 0 (ask), 1 (recommend) or 2 (reflect).")
            return np.array([-1, n, n + 1])[given], None, None
        if (given < 0).any():
            raise IllegalActionError(f"action {given.min()} does not exist; actions start at 0.")
        return given, None, None

    def _finish_rows(self, ended: NDArray[np.bool_]) -> dict[str, Any]:
        """Keep the last observations and infos of ended rows, then open their next ones."""
        a = self.batch.arrays
        rows = np.flatnonzero(ended)
        last = self._observation(rows)
        final_obs = np.full(self.num_envs, None, dtype=object)
        for k, row in enumerate(rows):
            final_obs[row] = {key: value[k] for key, value in last.items()}
        final: dict[str, Any] = {"final_obs": final_obs, "_final_obs": ended.copy()}
        if self._infos:
            final["final_info"] = self._information(ended)
            final["_final_info"] = ended.copy()
        a["conversation"][rows] += 1
        self.batch.open(rows)
        return final

    def _mask(self) -> NDArray[np.int8]:
        return self._observer.mask()

    def _observation(self, rows: Any = slice(None)) -> Observations:
        """The observations of some rows; rows chosen by number are copies in any case."""
        observation = self._observer.observation(rows)
        if self._copy and isinstance(rows, slice):
            return {key: self._copies.of(key, value) for key, value in observation.items()}
        return observation

    def _information(self, rows: NDArray[np.bool_] | None = None) -> dict[str, Any]:
        a = self.batch.arrays
        present = np.ones(self.num_envs, dtype=bool) if rows is None else rows
        success = (a["rank"] > 0) & (a["terminated"] > 0)
        terms = a["reward_terms"].copy()
        values: dict[str, Any] = {
            "action_mask": self._copies.of("info", self._mask()),
            "items": a["shown"].copy(),
            "rank": a["rank"].copy(),
            "candidates": a["n_candidates"].copy(),
            "is_success": success,
            "left": a["left"] > 0,
            "true_utility": a["utility"].copy(),
        }
        if self._reveal:
            values["privileged"] = _masked(
                {
                    "user": a["user"].copy(),
                    "targets": _padded(a["targets"], a["n_targets"]),
                    "acceptable": _padded(a["acceptable"], a["n_acceptable"]),
                    "musts": a["musts"].copy(),
                    "seed": a["seed"].copy(),
                    "conversation": a["conversation"].copy(),
                },
                present,
            )
        values["reward_terms"] = _masked(
            {name: terms[:, k] for k, name in enumerate(REWARD_TERMS)}, present
        )
        return _masked(values, present)

    def __reduce__(self) -> Any:
        raise TypeError(
            "a vector environment is not pickled; make it again with the same seed, which gives "
            "the same conversations."
        )


def _padded(lists: NDArray[np.int32], lengths: NDArray[np.int32]) -> NDArray[np.int32]:
    """Lists padded with -1: what lies there is left from earlier conversations."""
    used = np.arange(lists.shape[1]) < lengths[:, None]
    return np.where(used, lists, np.int32(-1))


def _masked(values: dict[str, Any], present: NDArray[np.bool_]) -> dict[str, Any]:
    """Values with Gymnasium's `_key` masks: which rows have an entry."""
    return {**values, **{f"_{key}": present.copy() for key in values}}
