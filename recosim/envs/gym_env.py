"""`FamilyEnv`: one episode of any family behind Gymnasium's API. The rules are the family's."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves
from recosim.envs.batch import Batch
from recosim.envs.options import (
    RENDER_MODES,
    EnvOptions,
    check_observe,
    check_seed,
    options_by_name,
    read_options,
)
from recosim.envs.setup import Setup
from recosim.envs.spaces import action_space, decode
from recosim.errors import OptionError, StateError
from recosim.family import family

if TYPE_CHECKING:
    from recosim.envs.spoken import Spoken
    from recosim.trace import Trace

__all__ = ["FamilyEnv"]

Observation = dict[str, NDArray[Any]]
Step = tuple[Observation | str, float, bool, bool, dict[str, Any]]


class FamilyEnv(gym.Env[Observation | str, Any]):
    """One episode at a time. A family's own class names its `family` and documents its ids.

    The arguments are those of `recosim.envs.options.EnvOptions`; beside them every choice of the
    family's protocol, every setting of users and every choice of its batch is taken by its name.

    Attributes:
        setup: the parts. batch: the episode, a batch of one row. observer: what is shown.

    Raises:
        UnknownNameError: an argument, or its value, that does not exist; the nearest is offered.
        IllegalActionError: a malformed action; an illegal one under `illegal="raise"`.
        StateError: `step` before `reset`, or after the end.
    """

    family: ClassVar[str]

    # Gymnasium declares it as an attribute of instances, so it cannot be a ClassVar.
    metadata = {"render_modes": list(RENDER_MODES), "render_fps": 1}  # noqa: RUF012

    def __init__(self, **arguments: Any) -> None:
        record = family(self.family)
        self._arguments = arguments
        options = read_options(record, EnvOptions, arguments)
        options.check()
        self.render_mode = options.render_mode
        kind = record.load("observer")
        keys = check_observe(options.observe, kind.KEYS)
        self.setup = Setup.of(record, options)
        self.batch: Batch = self.setup.batch(
            1, track=True, raise_illegal=options.illegal == "raise", **options.batch
        )
        self._view, self._reveal = options.actions, options.reveal
        self.observer = kind(self.batch, keys, options.actions)
        # The mask of the "verb" view is an array of its own; the other views show the batch's.
        live = self.batch.legal_actions()[0]
        self._mask: NDArray[np.int8] = (
            self.observer.mask()[0].copy() if options.actions == "verb" else live
        )
        self._spoken: Spoken | None = None
        if "text" in (options.actions, options.observations) or self.setup.users.llm is not None:
            from recosim.envs.spoken import Spoken

            self._spoken = Spoken(self.setup, self.batch, options)
        self.action_space = action_space(options.actions, self.batch, self._mask)
        self.observation_space: Any = kind.space(self.batch, keys, options.actions)
        self._told_in_text = options.observations == "text"
        if self._told_in_text:
            from recosim.envs.text import LONGEST_TALK, Prose

            self.observation_space = Prose(LONGEST_TALK)
        self._readers = [
            (key, self._mask.copy if key == "action_mask" else read)
            for key, read in self.observer.scalar_readers()
        ]
        a = self.batch.arrays  # they stay where they are, so what reads them is bound once
        self._getters = [("action_mask", self._mask.copy), *self.observer.scalar_getters()]
        self._done, self._terminated = a["done"].item, a["terminated"].view(np.bool_).item
        self._truncated = a["truncated"].view(np.bool_).item
        self._reward, self._terms = a["reward"].item, a["reward_terms"][0].tolist
        self._tracker = kind.tracker(self.batch)
        self._opened = self._posed = False
        self._key: int | None = None
        self._conversation = -1
        self._recorder: Any = None
        if self.render_mode is not None:
            from recosim.envs.recorder import Recorder

            self._recorder = Recorder(self.batch)

    # ---- Gymnasium's API ------------------------------------------------------------------------

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation | str, dict[str, Any]]:
        given = self.batch.reset_options(options_by_name("options", options))
        if seed is not None:
            seed = check_seed(seed)
        super().reset(seed=seed)
        if seed is not None:
            self._key, self._conversation = seed, -1
        elif self._key is None:
            self._key = int(self.np_random.integers(2**63))
        self._conversation += 1
        self.batch.open(seeds=[self._key], conversations=[self._conversation], **given)
        if self._spoken is not None:
            self._spoken.open()
        self._opened, self._posed = True, False
        self._tracker.open()
        self._after_move()
        if self._recorder is not None:
            self._recorder.clear()
        self._record()
        return self._observation(), self._information(False)

    def step(self, action: Any) -> Step:
        self._check_running("step")
        if self._view == "text":
            assert self._spoken is not None
            if not self._spoken.say([action])[0]:
                return self._asked_back()
            return self._settled()
        decoded = decode(self._view, action, self.batch)
        if self._spoken is None:
            self.batch.step_one(decoded)
        else:
            self._spoken.move(decoded.moves(self.batch))
        return self._settled()

    def _check_running(self, call: str) -> None:
        if not self._opened:
            raise StateError(f"{call} was called before reset; call reset first.")
        if self._done(0):
            raise StateError("this conversation has ended; call reset to begin the next one.")
        if self._posed:
            raise StateError(f"{call} was called after pose; call settle first.")

    def _settled(self) -> Step:
        """What `step` returns, once the move is settled."""
        self._tracker.move()
        self._after_move()
        self._record()
        terminated, truncated = self._terminated(0), self._truncated(0)
        return (
            self._observation(),
            self._reward(0),
            terminated,
            truncated,
            self._information(terminated or truncated),
        )

    def render(self) -> Any:
        """The episode so far: a string, None ("human" has printed it), or (H, W, 3) uint8."""
        if self._recorder is None:
            return None
        if not self._opened:
            raise StateError("render was called before reset; call reset first.")
        if self.render_mode == "human":
            return None
        if self.render_mode == "ansi":
            from recosim.envs.words import words_of

            words = words_of(self.family)
            return "\n".join(words.transcript(self.trace(), self.setup.world)) + "\n"
        from recosim.envs.picture import conversation_picture

        return conversation_picture(self.trace(), self.setup.world)

    # ---- beyond Gymnasium's API ------------------------------------------------------------------

    def action_masks(self) -> NDArray[np.bool_]:
        """Legal actions as bool, for sb3-contrib's MaskablePPO; shape (n_actions,)."""
        return self._mask.astype(bool)

    def pose(self, action: Any) -> None:
        """The first half of `step`, for who answers in the user's place (`recosim.envs.player`).

        The rule user has answered too: that stands in the fields of the move until another answer
        is written there. `settle` follows.

        Args:
            action: as of `step`, or `Moves` of one row.

        Raises:
            IllegalActionError: see `step`; nothing has changed.
            StateError: before `reset`, after the end, or after another `pose`.
            OptionError: users who talk; they answer for themselves.
        """
        self._check_running("pose")
        if self._spoken is not None:
            raise OptionError(
                "actions and observations in text, and users that a language model speaks for, "
                "answer within step; take users that rules decide for to answer in their place."
            )
        one_row = isinstance(action, Moves)
        moves = action if one_row else decode(self._view, action, self.batch).moves(self.batch)
        self.batch.pose(moves)
        self.batch.answer()
        self._posed = True

    def settle(self) -> Step:
        """The second half of `step`: what follows the answer that stands in the fields.

        Raises:
            StateError: no move was posed.
        """
        if not self._posed:
            raise StateError("settle was called without pose; call pose first.")
        self.batch.settle()
        self._posed = False
        return self._settled()

    def trace(self) -> Trace:
        """The episode so far, with what is hidden; recorded only while there is a render mode.

        The column `seed` holds the seed of `reset` where it fits into 31 bits, else 0.

        Raises:
            StateError: the environment was made without a render mode.
        """
        if self._recorder is None:
            raise StateError("nothing was recorded; make the environment with a render_mode.")
        seed = self._key if self._key is not None and self._key < 2**31 else 0
        metadata = self.setup.metadata(self.spec.id if self.spec else "")
        trace: Trace = self._recorder.trace(seed=seed, metadata=metadata)
        return trace

    # ---- inside ----------------------------------------------------------------------------------

    def _asked_back(self) -> Step:
        """What follows a line that was not understood: a question, and no turn."""
        information = self._information(False)
        information |= self.observer.idle(information)
        information["reward_terms"] = dict.fromkeys(self.batch.reward_terms, 0.0)
        information["understood"] = False
        return self._observation(), 0.0, False, False, information

    def _record(self) -> None:
        if self._recorder is not None:
            self._recorder.record(words=None if self._spoken is None else self._spoken.words)
            if self.render_mode == "human":
                self._print_last()

    def _print_last(self) -> None:
        from recosim.envs.words import words_of
        from recosim.terminal import clean

        row = self.trace().table.slice(len(self.trace()) - 1).to_pylist()[0]
        told = "\n".join(words_of(self.family).describe_move(row, self.setup.world))
        print(clean(told), flush=True)

    def _after_move(self) -> None:
        if self._view == "verb":
            self._mask[:] = self.observer.mask()[0]

    def _observation(self) -> Observation | str:
        if self._told_in_text:
            assert self._spoken is not None
            return self._spoken.observation()
        return {key: read() for key, read in self._readers}

    def _information(self, ended: bool) -> dict[str, Any]:
        information: dict[str, Any] = {name: read() for name, read in self._getters}
        information["reward_terms"] = dict(zip(self.batch.reward_terms, self._terms(), strict=True))
        information["is_success"] = ended and bool(self.batch.success()[0])
        information |= self._tracker.info()
        if self._view == "text":
            information["understood"] = True
        if self._reveal:
            information["privileged"] = {
                name: _plain(array) for name, array in self.observer.privileged().items()
            }
        return information

    def __reduce__(self) -> Any:
        state = {
            "batch": self.batch.state(),
            "opened": self._opened,
            "posed": self._posed,
            "key": self._key,
            "conversation": self._conversation,
            "spec": self.spec,
            "np_random": self._np_random,
            "np_random_seed": self._np_random_seed,
            "action_space": self.action_space,
            "tracked": copy(self._tracker.memory),
            "moves": None if self._recorder is None else self._recorder.moves,
            "spoken": None if self._spoken is None else self._spoken.state(),
        }
        return _restore, (type(self), self._arguments, state)


def _plain(array: NDArray[Any]) -> Any:
    """Hidden state of the first row: a number, or a copy of an array, -1 padded where it is ids."""
    return array[0].item() if array.ndim == 1 else array[0].copy()


def _restore(cls: type[FamilyEnv], arguments: dict[str, Any], state: dict[str, Any]) -> FamilyEnv:
    env = cls(**arguments)
    env.batch.set_state(state["batch"])
    env._opened, env._posed, env._key = state["opened"], state["posed"], state["key"]
    env._conversation, env.spec = state["conversation"], state["spec"]
    env._tracker.memory = state["tracked"]
    env._np_random, env._np_random_seed = state["np_random"], state["np_random_seed"]
    env.action_space = state["action_space"]
    space: Any = env.action_space
    space.legal = env._mask
    if env._view == "text":
        space.batch = env.batch
    if env._spoken is not None:
        env._spoken.set_state(state["spoken"])
    if env._recorder is not None:
        env._recorder.moves = state["moves"]
    env._after_move()
    return env
