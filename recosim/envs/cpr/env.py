"""`CPREnv`: one CPR conversation behind Gymnasium's API. The rules are in `recosim.envs.cpr`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from recosim.acts import Verb
from recosim.envs.cpr import entries
from recosim.envs.cpr.dialogues import REWARD_TERMS
from recosim.envs.cpr.protocol import Protocol
from recosim.envs.cpr.spaces import (
    Decoded,
    action_space,
    decode,
    log2_sizes,
    observation_space,
)
from recosim.envs.setup import (
    ACTION_VIEWS,
    ILLEGAL,
    OBSERVATION_KEYS,
    OBSERVATION_VIEWS,
    RENDER_MODES,
    Setup,
    check_observe,
    check_option,
    check_seed,
    read_reset_options,
    refuse_unknown,
)
from recosim.errors import IllegalActionError, NotUnderstood, StateError
from recosim.estimators.base import Vectors
from recosim.standing import HOLDS, WANTED
from recosim.users import Behaviour, Population
from recosim.world.world import World

if TYPE_CHECKING:
    from recosim.envs.talk import Talk
    from recosim.envs.text import TextView
    from recosim.trace import Trace

__all__ = ["CPREnv"]

# Times in a turn that a line which was not understood is asked back.
ASKED_BACK = 2

# As a plain number: numpy asks a member of an enum what it is, which takes as long as a move.
OPEN = int(Verb.OPEN)

Observation = dict[str, NDArray[Any]]


class CPREnv(gym.Env[Observation | str, Any]):
    """Find the item that a user has in mind by asking about attributes and recommending items.

    ## Description

    A user opens with one attribute of an item they would take: "I am looking for something indie".
    The recommender asks about attributes, recommends up to `top_k` items, or reflects on a refusal,
    until the user takes an item or the turns run out. This is the setting of EAR (Lei et al. 2020a)
    and SCPR (Lei et al. 2020b). The rules of a conversation, with every choice that papers make
    silently, are in docs/protocols.md. An estimator that is fitted on the train split ranks the
    candidates.

    ## Action Space

    `actions` chooses one of four views of the same acts (A attributes or, under facet questions,
    facets; K is `top_k`):

    | view | space | meaning |
    |---|---|---|
    | `"flat"` (default) | `Discrete(A + 2)` | 0..A-1 ask that one, A recommend, A+1 reflect |
    | `"verb"` | `Discrete(3)` | 0 ask the best by `ask_best_by`, 1 recommend, 2 reflect |
    | `"slate"` | `Dict(verb, attribute, items)` | verb as in "verb", with what it asks or shows |
    | `"text"` | `Text` | a line in English: "Do you like indie?", "How about Blue Lake?" |

    "flat" and "verb" recommend the estimator's best K candidates. In a "slate" action `attribute`
    (0..A-1) is read when asking, `items` ((K,) int32, padded with -1) when recommending; items that
    are all -1 stand for the estimator's best. A "text" action is read by `recosim.language.Parser`;
    "ask" asks the best question, "recommend" recommends the estimator's best.
    Text that is not understood is asked back: the observation says how, the reward is 0 and no turn
    passes. After two such lines in a turn the next one counts as an illegal move.

    The spaces sample legal actions: `env.action_space.sample()` never breaks a rule. The legal
    moves are in `info["action_mask"]` and `obs["action_mask"]` (int8; 1 is legal) and in
    `env.action_masks()` (bool, for sb3-contrib). The mask of "slate" and "text" is that of "flat".
    It is never all zero, and all ones once the conversation has ended.

    ## Observation Space

    A one-level `Dict`; `observe` selects keys. With `observations="text"` a `Text` instead: the
    conversation, a line each, then moves and candidates left, and the best questions and items.

    | key | shape, dtype | range | meaning |
    |---|---|---|---|
    | `turn` | (1,) int32 | 1..max_turns+1 | number of the next move |
    | `history` | (max_turns,) int8 | -3..3 | outcome of each turn |
    | `attributes` | (n_attributes,) int8 | -1..2 | what the user said about each |
    | `entropy` | (A,) float32 | 0..1 bits | among the candidates; 0 once it was asked |
    | `log2_candidates` | (1,) float32 | bits | of the number of candidates, 0 if there is none |
    | `action_mask` | (n_actions,) int8 | 0..1 | legal moves |

    `history`: 0 not yet, 1 yes, -1 no, 2 hit, -2 miss, 3 don't know, -3 illegal. `attributes`: 0
    unknown, 1 accepted, -1 rejected, 2 the user does not know. The entropy of a facet is the sum
    over its attributes, so it goes from 0 to their number.

    ## Rewards

    The sum of `info["reward_terms"]`: `ask` (yes, no or don't know), `recommend` (hit or miss),
    `timeout`, `nothing_left`, `illegal`, `leave`. The protocol sets them; preset `scpr`: yes .01,
    no -.1, hit 1, miss -.1, timeout -.3, nothing left -.1, the user leaves -.3.

    ## Starting State

    A user uniformly, then a target uniformly among the user's interactions of `split` (for
    `split="test"`: an interaction uniformly), then an opening attribute uniformly among those of
    the target; under facet questions a facet, with all that the target has in it.
    `reset(options={"user": u, "item": v, "opening": a})` gives them (`opening` may be left out).

    ## Episode End

    Terminated: the user takes an item or leaves, or nothing is left to ask or recommend.
    Truncated: the turns ran out. Under the presets the move of turn 15 is ignored, as in the public
    reference code: 14 moves act.

    ## Information

    The same keys at every step: `action_mask`; `reward_terms` (dict of float); `items` (K,) int32,
    the items shown in this move, -1 padded; `rank`, 1-based position of the item taken among them,
    0 for none; `candidates`, how many are left; `is_success`; `left`, the user
    left with this move; `true_utility`, 1.0 once the user got
    an item they wanted, less if it was one that they would also take (the setting `acceptable`);
    `path`, a tuple of the attributes that the user confirmed so far, in that
    order (SCPR's path through the graph: with `items`, what led to a recommendation). The vector
    environment leaves `path` out; `recosim.envs.cpr.columns.paths` reads it from a trace. With
    `actions="text"` also `understood`: whether the last line was a move. With `reveal=True` also
    `privileged`: `user`, `targets`, `acceptable`, `musts`, `seed`, `conversation`.

    ## Arguments

    Args:
        world: name or folder of a world, or a `World`.
        protocol: preset ("scpr", "unicorn", "ear", "mcmipl"), a dictionary, or a `Protocol`.
        protocol_options: choices of the protocol to change, e.g. {"on_reject": "remove"}.
        question: "binary", "facet" or "choice", whatever the protocol says.
        estimator: name of an estimator, or fitted `Vectors`.
        estimator_options: settings of the estimator.
        users: who answers: the name of a population ("ideal", "typical", "terse", "erratic",
            "picky", "chatty", "undecided", "standing", "llm", or a card of your own), a
            `Population`, a `Behaviour`, or settings by name.
        answer_noise, dont_know: these two settings of the users, whatever `users` says.
        split: interactions that conversations are drawn from: "valid" (default; where the papers
            train policies), "test" or "train" (which the estimator has seen).
        actions: "flat", "verb", "slate" or "text".
        observations: "dict" or "text".
        observe: keys of the observation; fewer cost less.
        ask_best_by: "weighted_entropy" (SCPR) or "entropy": what the "verb" view asks.
        illegal: "raise" (default) or "penalise": an illegal move costs the turn and a reward.
        reveal: put hidden state into `info["privileged"]`.
        render_mode: "ansi" (a string), "human" (prints as it goes) or "rgb_array" (a picture).

    Raises:
        UnknownNameError: an argument, or its value, that does not exist; the nearest is offered.
        IllegalActionError: a malformed action; an illegal one under `illegal="raise"`.
        ChatError, BudgetError, CassetteError: users whom a language model speaks for, and it could
            not be asked; the conversation cannot go on then.
        StateError: `step` before `reset`, or after the end.

    ## References

    Lei et al. 2020a, Estimation-Action-Reflection (WSDM); Lei et al. 2020b, Interactive Path
    Reasoning on Graph for Conversational Recommendation (KDD); Deng et al. 2021, Unified
    Conversational Recommendation Policy Learning via Graph-based Reinforcement Learning (SIGIR);
    Zhang et al. 2022, Multiple Choice Questions based Multi-Interest Policy Learning (WWW).

    ## Version History

    v0: first version.
    """

    # Gymnasium declares it as an attribute of instances, so it cannot be a ClassVar.
    metadata = {"render_modes": list(RENDER_MODES), "render_fps": 1}  # noqa: RUF012

    def __init__(
        self,
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
        observations: str = "dict",
        observe: tuple[str, ...] | list[str] = OBSERVATION_KEYS,
        ask_best_by: str = "weighted_entropy",
        illegal: str = "raise",
        reveal: bool = False,
        render_mode: str | None = None,
        **unknown_options: Any,
    ) -> None:
        arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        refuse_unknown(arguments.pop("unknown_options"), arguments)
        self._arguments = arguments
        check_option("actions", actions, (*ACTION_VIEWS, "text"))
        check_option("observations", observations, OBSERVATION_VIEWS)
        check_option("illegal", illegal, ILLEGAL)
        check_option("ask_best_by", ask_best_by, ("entropy", "weighted_entropy"))
        if render_mode is not None:
            check_option("render_mode", render_mode, RENDER_MODES)
        self.render_mode = render_mode
        keys = check_observe(observe)
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
        self.batch = self.setup.batch(
            1,
            track=True,
            ask_best_by=ask_best_by,
            raise_illegal=illegal == "raise",
        )
        self._view, self._reveal = actions, reveal
        self._raise_illegal = illegal == "raise"
        a = self.batch.arrays
        # The mask of the "verb" view is its own array; the other views show the core's.
        self._mask = np.ones(3, dtype=np.int8) if actions == "verb" else a["mask"][0]
        self._talk: Talk | None = None
        self._text: TextView | None = None
        if actions == "text" or observations == "text" or self.setup.users.llm is not None:
            from recosim.envs.talk import Talk, speaker_of

            speaker = speaker_of(self.setup.world, self.setup.users)
            self._talk = Talk(self.batch, speaker)
        self._told_in_text = observations == "text"
        if self._talk is not None and "text" in (actions, observations):
            from recosim.envs.text import TextView

            self._text = TextView(self._talk)
        self._asked_back = 0
        self.action_space = action_space(actions, self.batch, self._mask)
        self.observation_space: Any = observation_space(actions, self.batch, keys)
        if self._told_in_text:
            from recosim.envs.text import LONGEST_TALK, Prose

            self.observation_space = Prose(LONGEST_TALK)
        rows = {
            "turn": a["turn"],
            "history": a["history"][0],
            "attributes": a["status"][0],
            "entropy": a["entropy"][0],
        }
        self._copied = [(key, rows[key]) for key in keys if key in rows]
        self._with_size = "log2_candidates" in keys
        self._log2_sizes = log2_sizes(self.setup.world.n_items)
        self._with_mask = "action_mask" in keys
        self._n_askables = self.batch.n_askables
        self._opened = False
        self._key: int | None = None
        self._conversation = -1
        self._path: tuple[int, ...] = ()
        self._recorder: Any = None
        if render_mode is not None:
            from recosim.envs.recorder import Recorder

            self._recorder = Recorder(self.batch)

    # ---- Gymnasium's API ------------------------------------------------------------------------

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation | str, dict[str, Any]]:
        user, item, opening = read_reset_options(options, self.batch)
        if seed is not None:
            seed = check_seed(seed)
        super().reset(seed=seed)
        if seed is not None:
            self._key, self._conversation = seed, -1
        elif self._key is None:
            self._key = int(self.np_random.integers(2**63))
        self._conversation += 1
        self.batch.open(
            seeds=[self._key],
            conversations=[self._conversation],
            users=None if user is None else [user],
            items=None if item is None else [item],
            openings=[-1 if opening is None else opening],
        )
        if self._talk is not None:
            self._talk.open(np.ones(1, dtype=bool))
        self._opened = True
        self._asked_back = 0
        self._path = self._confirmed()
        self._after_move()
        if self._recorder is not None:
            self._recorder.clear()
        self._record()
        return self._observation(), self._information(False)

    def step(self, action: Any) -> tuple[Observation | str, float, bool, bool, dict[str, Any]]:
        dialogues = self.batch
        a = dialogues.arrays
        if not self._opened:
            raise StateError("step was called before reset; call reset first.")
        if a["done"][0]:
            raise StateError("this conversation has ended; call reset to begin the next one.")
        try:
            decoded = self._decode(action)
        except NotUnderstood as problem:
            self._asked_back += 1
            if self._asked_back <= ASKED_BACK:
                return self._ask_back(action, problem.question)
            decoded = self._not_heard(problem)
        if self._talk is None:
            self._write(decoded)
            if entries.advance(dialogues.table, 0, 1) >= 0:
                raise IllegalActionError(dialogues.explain_illegal(0, decoded.code))
        else:
            told = {0: action} if self._view == "text" else None
            lists = [None if part is None else part[None] for part in decoded[1:]]
            self._talk.step(np.array([decoded.code]), *lists, told=told)
        self._asked_back = 0
        self._path += self._confirmed()
        self._after_move()
        self._record()
        terminated = bool(a["terminated"][0])
        return (
            self._observation(),
            float(a["reward"][0]),
            terminated,
            bool(a["truncated"][0]),
            self._information(terminated),
        )

    def render(self) -> Any:
        """The conversation so far: a string, None ("human" has printed it), or (H, W, 3) uint8."""
        if self._recorder is None:
            return None
        if not self._opened:
            raise StateError("render was called before reset; call reset first.")
        if self.render_mode == "human":
            return None
        if self.render_mode == "ansi":
            from recosim.envs.cpr.words import transcript

            return "\n".join(transcript(self.trace(), self.setup.world)) + "\n"
        from recosim.envs.cpr.picture import conversation_picture

        return conversation_picture(self.trace(), self.setup.world)

    # ---- beyond Gymnasium's API ------------------------------------------------------------------

    def action_masks(self) -> NDArray[np.bool_]:
        """Legal actions as bool, for sb3-contrib's MaskablePPO; shape (n_actions,)."""
        return self._mask.astype(bool)

    def trace(self) -> Trace:
        """The conversation so far, with its target; recorded only while there is a render mode.

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

    def _decode(self, action: Any) -> Decoded:
        if self._view == "text":
            assert self._text is not None
            return self._text.decode(0, action)
        protocol = self.batch.protocol
        return decode(self._view, action, self._n_askables, protocol.top_k, protocol.aspects)

    def _write(self, decoded: Decoded) -> None:
        """A move into the fields of the core, checked; quicker than a batch of one does it."""
        dialogues, a = self.batch, self.batch.arrays
        code, slate, because = decoded
        if dialogues.protocol.aspects:
            if because is not None:
                dialogues.check_aspects(np.array([code]), because[None])
            a["reasons"][0] = -1 if because is None else because
        if slate is not None:
            dialogues.check_slates(np.array([code]), slate[None])
            a["slate"][0] = slate
            a["n_slate"][0] = (slate >= 0).sum()
        else:
            if not -1 <= code < dialogues.n_actions or (code == -1 and self._view == "flat"):
                raise IllegalActionError(
                    f"action {code} does not exist; actions are 0 to {dialogues.n_actions - 1}: "
                    f"ask 0 to {self._n_askables - 1}, recommend {self._n_askables}, reflect "
                    f"{self._n_askables + 1}."
                )
            a["n_slate"][0] = 0
        a["action"][0] = code

    def _ask_back(
        self, action: str, question: str
    ) -> tuple[Observation | str, float, bool, bool, dict[str, Any]]:
        """What follows a line that was not understood: a question, and no turn."""
        assert self._talk is not None
        self._talk.hear(0, question, action)
        information = self._information(False)
        information |= {
            "reward_terms": dict.fromkeys(REWARD_TERMS, 0.0),
            "items": np.full_like(information["items"], -1),
            "rank": 0,
            "understood": False,
        }
        return self._observation(), 0.0, False, False, information

    def _not_heard(self, problem: NotUnderstood) -> Decoded:
        """An illegal move in the place of a line that was not understood too often.

        Raises:
            IllegalActionError: illegal moves are not penalised.
        """
        legal = self.batch.legal_actions()[0]
        illegal = np.flatnonzero(legal == 0)
        if self._raise_illegal or not len(illegal):
            raise IllegalActionError(str(problem)) from problem
        return Decoded(int(illegal[0]))

    def _record(self) -> None:
        if self._recorder is not None:
            self._recorder.record(words=None if self._talk is None else self._talk.words)
            if self.render_mode == "human":
                self._print_last()

    def _after_move(self) -> None:
        if self._view == "verb":
            mask = self.batch.arrays["mask"][0]
            self._mask[0] = mask[: self._n_askables].any()
            self._mask[1:] = mask[self._n_askables :]

    def _observation(self) -> Observation | str:
        if self._told_in_text:
            assert self._text is not None
            return self._text.observation(0)
        observation = {key: row.copy() for key, row in self._copied}
        if self._with_size:
            n = self.batch.arrays["n_candidates"].item(0)
            observation["log2_candidates"] = self._log2_sizes[n : n + 1].copy()
        if self._with_mask:
            observation["action_mask"] = self._mask.copy()
        return observation

    def _information(self, terminated: bool) -> dict[str, Any]:
        a = self.batch.arrays
        success = terminated and a["rank"].item(0) > 0
        information: dict[str, Any] = {
            "action_mask": self._mask.copy(),
            "reward_terms": dict(zip(REWARD_TERMS, a["reward_terms"][0].tolist(), strict=True)),
            "items": a["shown"][0].copy(),
            "rank": a["rank"].item(0),
            "candidates": a["n_candidates"].item(0),
            "is_success": success,
            "left": bool(a["left"][0]),
            "true_utility": a["utility"].item(0),
            "path": self._path,
        }
        if self._view == "text":
            information["understood"] = True
        if self._reveal:
            information["privileged"] = {
                "user": int(a["user"][0]),
                "targets": a["targets"][0, : a["n_targets"][0]].tolist(),
                "acceptable": a["acceptable"][0, : a["n_acceptable"][0]].tolist(),
                "musts": [int(m) for m in a["musts"][0] if m >= 0],
                "seed": int(a["seed"][0]),
                "conversation": int(a["conversation"][0]),
            }
        return information

    def _confirmed(self) -> tuple[int, ...]:
        """The attributes that the last move of the user confirmed."""
        a = self.batch.arrays
        named = tuple(a["accepted"][0, : a["n_accepted"].item(0)].tolist())
        if a["standing"].item(0, HOLDS) != 1 or a["verb"].item(0) != OPEN:
            return named
        wanted = a["standing"].item(0, WANTED)
        return named if wanted < 0 or wanted in named else (*named, wanted)

    def _print_last(self) -> None:
        from recosim.envs.cpr.words import describe_move

        row = self.trace().table.slice(len(self.trace()) - 1).to_pylist()[0]
        print("\n".join(describe_move(row, self.setup.world)), flush=True)

    def __reduce__(self) -> Any:
        state = {
            "dialogues": self.batch.state(),
            "opened": self._opened,
            "key": self._key,
            "conversation": self._conversation,
            "spec": self.spec,
            "np_random": self._np_random,
            "np_random_seed": self._np_random_seed,
            "action_space": self.action_space,
            "path": self._path,
            "moves": None if self._recorder is None else self._recorder.moves,
            "lines": None if self._talk is None else self._talk.lines,
            "asked_back": self._asked_back,
        }
        return _restore, (type(self), self._arguments, state)


def _restore(cls: type[CPREnv], arguments: dict[str, Any], state: dict[str, Any]) -> CPREnv:
    env = cls(**arguments)
    env.batch.set_state(state["dialogues"])
    env._opened, env._key = state["opened"], state["key"]
    env._conversation, env.spec = state["conversation"], state["spec"]
    env._path = state["path"]
    env._np_random, env._np_random_seed = state["np_random"], state["np_random_seed"]
    env.action_space = state["action_space"]
    space: Any = env.action_space
    space.legal = env._mask
    if env._view == "text":
        space.world = env.setup.world
    if env._talk is not None:
        env._talk.lines = state["lines"]
    env._asked_back = state["asked_back"]
    if env._recorder is not None:
        env._recorder.moves = state["moves"]
    env._after_move()
    return env
