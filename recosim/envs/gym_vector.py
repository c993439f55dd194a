"""`FamilyVectorEnv`: a batch of any family behind Gymnasium's vector API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from recosim.envs.batch import Batch
from recosim.envs.copies import Copies
from recosim.envs.observer import Observations
from recosim.envs.options import (
    AUTORESET,
    VectorOptions,
    check_observe,
    check_option,
    check_seed,
    options_by_name,
    read_options,
)
from recosim.envs.setup import Setup
from recosim.envs.spaces import action_space, moves_of
from recosim.errors import IllegalActionError, OptionError, StateError, shown
from recosim.family import family

if TYPE_CHECKING:
    from recosim.envs.spoken import Spoken

__all__ = ["FamilyVectorEnv"]


class FamilyVectorEnv(VectorEnv[Observations, Any, NDArray[Any]]):
    """Many episodes at once: `gymnasium.make_vec("recosim/CPR-Yelp-v0", num_envs=1024)`.

    Spaces, rewards and rules are those of the family's scalar environment, batched. Row i of
    `reset(seed=s)` has the episodes of a scalar environment that was reset with seed s + i, one
    after the other, in every autoreset mode.

    With `actions="text"` actions are a list of B texts, and with `observations="text"` observations
    a tuple of B texts, as in Gymnasium's own vector environments.

    Infos are arrays with one entry for each row, each with its mask `_key`: those of the scalar
    environment that need no past, and `reward_terms` (a dictionary of arrays). `infos=False` leaves
    them out, for raw speed; `action_masks()` gives the masks then.

    Autoreset (`autoreset_mode`): "NextStep" (default): the step after an end ignores the action,
    gives reward 0 and the first observation of the next episode. "SameStep": the step that ends an
    episode returns the first observation of the next; the last one is in `infos["final_obs"]`, its
    info in `infos["final_info"]`. "Disabled": call `reset(options={"reset_mask": ended})` before
    the next step.

    Args:
        num_envs: number of episodes B.
        arguments: those of the scalar environment, and

            - `illegal`: "penalise" (default: policies without masks learn from it) or "raise"
              (nothing has changed then);
            - `autoreset_mode`: an `AutoresetMode` or its value;
            - `infos`: whether `step` and `reset` return infos;
            - `copy`: whether arrays are copied; False returns views that the next call overwrites;
            - `threads`: threads that share the batch; default up to 4.

    Attributes:
        setup: the parts. batch: the episodes. observer: what is shown of them.

    The errors are those of the scalar environment.
    """

    family: ClassVar[str]

    # Gymnasium declares it as an attribute of instances, so it cannot be a ClassVar.
    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(self, num_envs: int = 1, **arguments: Any) -> None:
        record = family(self.family)
        options = read_options(record, VectorOptions, arguments)
        options.check()
        if not isinstance(num_envs, int) or isinstance(num_envs, bool) or num_envs < 1:
            raise OptionError(
                f"num_envs is {shown(num_envs)}; a whole number of at least 1 is needed."
            )
        given = options.autoreset_mode
        mode = given.value if isinstance(given, AutoresetMode) else given
        check_option("autoreset_mode", mode, AUTORESET)
        self.autoreset_mode = AutoresetMode(mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.num_envs = num_envs
        self.render_mode = None
        kind = record.load("observer")
        self._keys = check_observe(options.observe, kind.KEYS)
        self._arguments = (num_envs, arguments)
        self._view, self._reveal = options.actions, options.reveal
        self._infos, self._copy = options.infos, options.copy
        self._told_in_text = options.observations == "text"
        speaks = self._told_in_text or self._view == "text"
        self.setup = Setup.of(record, options)
        costly = bool(kind.COSTLY & set(self._keys))
        looks = costly or options.infos or options.actions in ("verb", "text")
        self.batch: Batch = self.setup.batch(
            num_envs,
            track=looks,
            raise_illegal=options.illegal == "raise",
            # Where there are words the next episodes are opened here, to be spoken too.
            open_ended=self.autoreset_mode is AutoresetMode.NEXT_STEP and not speaks,
            threads=options.threads,
            **options.batch,
        )
        self._spoken: Spoken | None = None
        if speaks:
            from recosim.envs.spoken import Spoken

            self._spoken = Spoken(self.setup, self.batch, options)
        self.single_action_space = action_space(self._view, self.batch, None)
        self.single_observation_space: Any = kind.space(self.batch, self._keys, self._view)
        if self._told_in_text:
            from recosim.envs.text import LONGEST_TALK, Prose

            self.single_observation_space = Prose(LONGEST_TALK)
        self.action_space: Any = batch_space(self.single_action_space, num_envs)
        self._bind_spaces()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.observer = kind(self.batch, self._keys, self._view)
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
        options = options_by_name("options", options)
        rows = self._reset_rows(options.pop("reset_mask", None))
        given = self.batch.reset_options(options)
        self._seed_rows(seed, rows)
        self.batch.arrays["conversation"][rows] += 1
        self.batch.open(rows, **given)
        if self._spoken is not None:
            self._spoken.open(rows)
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
        ended = a["done"] > 0
        moved = self._move(actions, ended)
        reward = a["reward"].copy()
        terminated, truncated = a["terminated"].astype(bool), a["truncated"].astype(bool)
        if moved is not None:
            reward[~moved], terminated[~moved], truncated[~moved] = 0, False, False
        final: dict[str, Any] = {}
        if same_step and a["done"].any():
            final = self._finish_rows(a["done"].astype(bool))
        asked_back = None if moved is None else ~(moved | ended)
        information = self._information(asked_back=asked_back) if self._infos else {}
        return self._observation(), reward, terminated, truncated, {**information, **final}

    def action_masks(self) -> NDArray[np.bool_]:
        """Legal actions as bool, shape (num_envs, n_actions)."""
        return self._mask().astype(bool)

    # ---- inside ----------------------------------------------------------------------------------

    def _bind_spaces(self) -> None:
        """What is sampled of texts is legal, as in the scalar environment."""
        if self._view == "text":
            legal = self.batch.legal_actions()
            for row, space in enumerate(self.action_space):
                space.batch, space.legal, space.row = self.batch, legal[row], row

    def _move(self, actions: Any, ended: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
        """One move of every row that has not ended; who moved, bool (B,), where words say it."""
        spoken = self._spoken
        if spoken is None:
            self.batch.step(moves_of(self._view, actions, self.batch))
            return None
        if self._view == "text":
            moved = spoken.say(self._lines(actions))
        else:
            spoken.move(moves_of(self._view, actions, self.batch))
            moved = ~ended
        if ended.any():  # NextStep: this step only begins their next episodes
            self.batch.arrays["conversation"][ended] += 1
            self.batch.open(ended)
            spoken.open(ended)
        return moved

    def _lines(self, actions: Any) -> list[Any]:
        """A batch of actions of the "text" view."""
        listed = isinstance(actions, (list, tuple, np.ndarray))
        if not listed or len(actions) != self.num_envs:
            raise IllegalActionError(
                f"actions {actions!r:.80} are no list of {self.num_envs} texts, one for each row."
            )
        return [str(line) if isinstance(line, str) else line for line in actions]

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
        if isinstance(seed, (list, tuple)) or (isinstance(seed, np.ndarray) and seed.ndim == 1):
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

    def _finish_rows(self, ended: NDArray[np.bool_]) -> dict[str, Any]:
        """Keep the last observations and infos of ended rows, then open their next ones."""
        a = self.batch.arrays
        rows = np.flatnonzero(ended)
        last = self._observation(rows)
        final_obs = np.full(self.num_envs, None, dtype=object)
        for k, row in enumerate(rows):
            told = isinstance(last, tuple)
            final_obs[row] = last[k] if told else {key: value[k] for key, value in last.items()}
        final: dict[str, Any] = {"final_obs": final_obs, "_final_obs": ended.copy()}
        if self._infos:
            final["final_info"] = self._information(ended)
            final["_final_info"] = ended.copy()
        a["conversation"][rows] += 1
        self.batch.open(rows)
        if self._spoken is not None:
            self._spoken.open(ended)
        return final

    def _mask(self) -> NDArray[np.int8]:
        mask: NDArray[np.int8] = self.observer.mask()
        return mask

    def _observation(self, rows: Any = slice(None)) -> Any:
        """The observations of some rows; rows chosen by number are copies in any case."""
        if self._told_in_text:
            assert self._spoken is not None
            return tuple(map(self._spoken.observation, np.arange(self.num_envs)[rows].tolist()))
        observation: Observations = self.observer.observation(rows)
        if self._copy and isinstance(rows, slice):
            return {key: self._copies.of(key, value) for key, value in observation.items()}
        return observation

    def _information(
        self, rows: NDArray[np.bool_] | None = None, asked_back: NDArray[np.bool_] | None = None
    ) -> dict[str, Any]:
        """Infos; `rows`: of whom alone; `asked_back`: whose line was not understood."""
        a = self.batch.arrays
        present = np.ones(self.num_envs, dtype=bool) if rows is None else rows
        terms = a["reward_terms"]
        values: dict[str, Any] = {"action_mask": self._copies.of("info", self._mask())}
        for info in self.observer.INFOS:
            array = a[info.array]
            values[info.name] = array.astype(bool) if info.kind is bool else array.copy()
        values["is_success"] = self.batch.success()
        if self._reveal:
            hidden = {name: array.copy() for name, array in self.observer.privileged().items()}
            values["privileged"] = _masked(hidden, present)
        named = {name: terms[:, k].copy() for k, name in enumerate(self.batch.reward_terms)}
        if self._view == "text":
            asked_back = np.zeros_like(present) if asked_back is None else asked_back
            values["understood"] = ~asked_back
            for name, value in self.observer.idle(values).items():
                values[name] = np.where(_beside(asked_back, values[name]), value, values[name])
            named = {name: np.where(asked_back, 0.0, term) for name, term in named.items()}
        values["reward_terms"] = _masked(named, present)
        return _masked(values, present)

    def __reduce__(self) -> Any:
        state = {
            "batch": self.batch.state(),
            "spoken": None if self._spoken is None else self._spoken.state(),
            "own": {name: self.__dict__.get(name) for name in _KEPT},
        }
        return _restore, (type(self), *self._arguments, state)


# What a vector environment has beside its arguments and its batch.
_KEPT = ("spec", "action_space", "_opened", "_seeded", "_np_random", "_np_random_seed")


def _restore(
    cls: type[FamilyVectorEnv], n: int, arguments: dict[str, Any], state: dict[str, Any]
) -> FamilyVectorEnv:
    env = cls(n, **arguments)
    env.batch.set_state(state["batch"])
    env.__dict__.update(state["own"])
    env._bind_spaces()
    if env._spoken is not None:
        env._spoken.set_state(state["spoken"])
    return env


def _beside(rows: NDArray[np.bool_], values: NDArray[Any]) -> NDArray[np.bool_]:
    """A flag for each row, shaped to go with the values of all rows."""
    return rows.reshape(-1, *[1] * (values.ndim - 1))


def _masked(values: dict[str, Any], present: NDArray[np.bool_]) -> dict[str, Any]:
    """Values with Gymnasium's `_key` masks: which rows have an entry."""
    return {**values, **{f"_{key}": present.copy() for key in values}}
