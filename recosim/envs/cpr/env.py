"""`CPREnv` and `CPRVectorEnv`: the CPR family behind Gymnasium's APIs."""

from __future__ import annotations

from recosim.envs.gym_env import FamilyEnv
from recosim.envs.gym_vector import FamilyVectorEnv

__all__ = ["CPREnv", "CPRVectorEnv"]


class CPREnv(FamilyEnv):
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
    Users of the setting `opening` may name several attributes, an item that they liked, or nothing:
    then all items are candidates at first.

    ## Episode End

    Terminated: the user takes an item or leaves, or nothing is left to ask or recommend. Users of
    the setting `takes` go on until they took several; the first hit counts as success.
    Truncated: the turns ran out. Under the presets the move of turn 15 is ignored, as in the public
    reference code: 14 moves act.

    ## Information

    The same keys at every step: `action_mask`; `reward_terms` (dict of float); `shown_items` (K,)
    int32, the items shown in this move, -1 padded; `rank`, 1-based position of the first item taken
    among them, 0 for none; `candidates`, how many are left; `is_success`; `left`, the user left
    with this move; `true_utility`, 1.0 once the user got an item they wanted, less if it was one
    that they would also take (the setting `acceptable`), or one of several (`takes`);
    `path`, int32 ((max_turns + 1) * (attributes that one answer can name) + 1,), the attributes
    that the user confirmed so far, in that order, -1 padded (SCPR's path through the graph: with
    `shown_items`, what led to a recommendation). The vector environment leaves `path` out;
    `recosim.envs.cpr.columns.paths` reads it from a trace. With
    `actions="text"` also `understood`: whether the last line was a move. With `reveal=True` also
    `privileged`: `user`, `targets`, `acceptable`, `musts` (-1 padded), `seed`, `conversation`.

    ## Arguments

    Args:
        world: name or folder of a world, or a `World`.
        protocol: preset ("scpr", "unicorn", "ear", "ear_survey", "metacrs", "mcmipl"), a
            dictionary, or a `Protocol`.
        protocol_options: choices of the protocol to change, e.g. {"on_reject": "remove"}.
        estimator: name of an estimator, or fitted `Vectors`.
        estimator_options: settings of the estimator.
        users: who answers: the name of a population ("ideal", "typical", "terse", "erratic",
            "picky", "chatty", "undecided", "standing", "llm", or a card of your own), a
            `Population`, a `Behaviour`, or settings by name.
        question, top_k, ...: any choice of the protocol by its name, whatever `protocol` says.
        answer_noise, patience, ...: any setting of users by its name, whatever `users` says.
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

    family = "cpr"


class CPRVectorEnv(FamilyVectorEnv):
    """Many CPR conversations at once: `gymnasium.make_vec("recosim/CPR-Yelp-v0", num_envs=1024)`.

    Spaces, rewards and rules are those of `CPREnv`, batched; the rest is `FamilyVectorEnv`'s.
    """

    family = "cpr"
