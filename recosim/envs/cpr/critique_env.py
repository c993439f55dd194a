"""`CritiqueEnv`: recommend, say why, and be criticised; the rules are those of the CPR core."""

from __future__ import annotations

from recosim.envs.gym_env import FamilyEnv
from recosim.envs.gym_vector import FamilyVectorEnv

__all__ = ["CritiqueEnv", "CritiqueVectorEnv"]


class CritiqueEnv(FamilyEnv):
    """Recommend lists with a reason; the seeker refuses and criticises one aspect.

    ## Description

    A seeker opens with one attribute of an item they would take. The recommender shows up to
    `top_k` items *because of* up to `aspects` attributes. The seeker takes an item, or refuses the
    list and criticises one aspect of it ("less electronic"), until they take one or the turns run
    out. This is the setting of bot play (Li et al. 2021) on an attribute graph. It is the
    conversation of the CPR family without questions, with a critique in every refusal: the rules
    are in docs/protocols.md ("Feedback", `feedback_on = "refusal"`). Which aspect is criticised is
    a setting of the seekers: `users` names a family of them. **Train and test with different
    families**: a seeker who is shared by both is the known flaw of this line of work.

    ## Action Space

    `actions` chooses one of three views (A attributes, K is `top_k`):

    | view | space | meaning |
    |---|---|---|
    | `"flat"` (default) | `Discrete(A + 2)` | A recommend, A+1 reflect; 0..A-1 are never legal |
    | `"verb"` | `Discrete(3)` | 1 recommend, 2 reflect; 0 is never legal |
    | `"slate"` | `Dict(verb, attribute, items, because)` | for agents that rank for themselves |

    "flat" and "verb" recommend the estimator's best K candidates without a reason. In a "slate"
    action `items` ((K,) int32) and `because` ((aspects,) int32, attributes) are padded with -1;
    items that are all -1 stand for the estimator's best; `because` may be left out. Reflecting
    revises the estimator's user vector by the refused items; it takes no turn.

    The spaces sample legal actions. The legal moves are in `info["action_mask"]` and
    `obs["action_mask"]` (int8; 1 is legal) and in `env.action_masks()` (bool). The mask of the
    "slate" view is that of "flat". It is never all zero, and all ones once the conversation ended.

    ## Observation Space

    A one-level `Dict`; `observe` selects keys.

    | key | shape, dtype | range | meaning |
    |---|---|---|---|
    | `turn` | (1,) int32 | 1..max_turns+1 | number of the next move |
    | `history` | (max_turns,) int8 | -3..3 | outcome of each turn |
    | `attributes` | (n_attributes,) int8 | -1..2 | what the user said about each |
    | `entropy` | (A,) float32 | 0..1 bits | among the candidates; 0 once something was said of it |
    | `log2_candidates` | (1,) float32 | bits | of the number of candidates, 0 if there is none |
    | `action_mask` | (n_actions,) int8 | 0..1 | legal moves |

    `history`: 0 not yet, 2 hit, -2 miss, -3 illegal. `attributes`: 0 unknown, 1 wanted (the
    opening, and what seekers of richer feedback ask for), -1 criticised.

    ## Rewards

    The sum of `info["reward_terms"]`: hit 1, a refused list -.1, an illegal move -.1, the seeker
    leaves -.3; nothing for the end of the turns.

    ## Starting State

    A user uniformly, then a target uniformly among the user's interactions of `split` (for
    `split="test"`: an interaction uniformly), then an opening attribute uniformly among those of
    the target. `reset(options={"user": u, "item": v, "opening": a})` gives them.

    ## Episode End

    Terminated: the seeker takes an item (under the setting `takes` the last of several) or leaves,
    or no candidate is left. Truncated: the turns ran out.

    ## Information

    The same keys at every step, those of the CPR environments: `action_mask`; `reward_terms`;
    `shown_items` (K,) int32, the items shown in this move, -1 padded; `rank`, 1-based position of
    the first item taken among them, 0 for none; `candidates`; `is_success`; `left`; `true_utility`,
    1.0 once the seeker got an item they wanted (less for one that they would also take, and for one
    of several that they want); `path`, int32, the attributes that the user asked for so far, -1
    padded. The critique is in the observation (`attributes`). With `reveal=True` also `privileged`.

    ## Arguments

    Args:
        world: name or folder of a world, or a `World`.
        protocol: "critique", another preset, a dictionary, or a `Protocol`.
        protocol_options: choices of the protocol to change, e.g. {"aspects": 1, "top_k": 5}.
        aspects, top_k, ...: any choice of the protocol by its name, whatever `protocol` says.
        users: a family of seekers ("seeker_salient", "seeker_random", "seeker_least_liked"), any
            other population, a `Population`, a `Behaviour`, or settings by name.
        answer_noise, patience, ...: any setting of users that this family reads, by its name; all
            but `cooperativeness`, `cooperation_trend`, `deflects` and `question_patience`, which
            are about questions.
        estimator: name of an estimator, or fitted `Vectors`.
        estimator_options: settings of the estimator.
        split: interactions that conversations are drawn from: "valid" (default), "test" or "train".
        actions: "flat", "verb" or "slate".
        observe: keys of the observation; fewer cost less.
        illegal: "raise" (default) or "penalise": an illegal move costs the turn and a reward.
        reveal: put hidden state into `info["privileged"]`.
        render_mode: "ansi" (a string), "human" (prints as it goes) or "rgb_array" (a picture).

    Raises:
        UnknownNameError: an argument, or its value, that does not exist; the nearest is offered.
        IllegalActionError: a malformed action; an illegal one under `illegal="raise"`.
        StateError: `step` before `reset`, or after the end.

    ## References

    Li et al. 2021, Self-supervised bot play for conversational recommendation with justifications;
    Luo et al. 2020, Latent linear critiquing for conversational recommender systems (WWW).

    ## Version History

    v0: first version.
    """

    family = "critique"


class CritiqueVectorEnv(FamilyVectorEnv):
    """Many seekers at once; spaces, rewards and rules are those of `CritiqueEnv`, batched."""

    family = "critique"
