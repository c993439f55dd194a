"""`RecoWorldEnv` and `RecoWorldVectorEnv`: lives behind Gymnasium's APIs."""

from __future__ import annotations

from recosim.envs.gym_env import FamilyEnv
from recosim.envs.gym_vector import FamilyVectorEnv

__all__ = ["RecoWorldEnv", "RecoWorldVectorEnv"]


class RecoWorldEnv(FamilyEnv):
    """Live with a user for a month: they walk through lists, tire, instruct, and come back or not.

    ## Description

    One episode is the life of one user over `horizon` days: sessions on the days on which they come
    back, rounds in a session, items in a list. In a round the recommender shows a list, asks what
    the user is in the mood for, asks how it is going, or shows nothing. The user reads on or not,
    clicks by what they are after now, by how an item looks and by what bores them, gets what it is
    worth, and is pleased or disappointed. Before they go out of disappointment they may say what
    should change: an instruction, which holds for a list, a session or always, and may have a
    condition. What counts in the end is whether they come back. The rules, with every formula, are
    in docs/recoworld.md. The loop is that of RecoWorld (2025), a blueprint without formulas: this
    family is RecoWorld-style, and its formulas are RecoSim's own.

    ## Action Space

    `actions` chooses one of four views of the same acts (A attributes; K is `top_k`):

    | view | space | meaning |
    |---|---|---|
    | `"flat"` (default) | `Discrete(2A + 3)` | see below |
    | `"verb"` | `Discrete(4)` | 0 ask about the best, 1 recommend, 2 reflect, 3 pass |
    | `"slate"` | `Dict(verb, attribute, items, because)` | verb as in "verb", and its object |
    | `"text"` | `Text` | a line in English |

    Flat actions: 0..A-1 ask about that attribute, A recommend, A+1 reflect, A+2 pass, A+3..2A+2
    recommend because of an attribute. "verb" asks about what the estimator likes best.
    "flat" and "verb" show what the environment's own retrieval finds: the estimator's best items
    that were not shown before (`repeats`), those of the attribute that is given as the reason, and,
    after a reflection, with the instructions heeded that the user gave until then. In a "slate"
    action `attribute` (0..A-1) is read when asking, `items` ((K,) int32, padded with -1) and
    `because` ((1,) int32, -1 for none) when recommending; items that are all -1 stand for the
    retrieval's best.

    The spaces sample legal actions. The legal moves are in `info["action_mask"]` and
    `obs["action_mask"]` (int8; 1 is legal) and in `env.action_masks()` (bool). The mask of "slate"
    and "text" is that of "flat". It is all ones once the life has ended.

    ## Observation Space

    A one-level `Dict`; `observe` selects keys. With `observations="text"` a `Text` instead.

    | key | shape, dtype | range | meaning |
    |---|---|---|---|
    | `day` | (1,) int32 | 0..horizon | day of the next move |
    | `session` | (1,) int32 | 0..horizon | number of its session |
    | `turn` | (1,) int32 | 1..max_turns+1 | its round in the session |
    | `away` | (1,) int32 | -1..horizon days | how long the user was away before it |
    | `verb` | (1,) int8 | 0..6 | what the last move did |
    | `outcome` | (1,) int8 | -3..3 | what came of it |
    | `shown_items` | (K,) int32 | -1..n_items-1 | the last list |
    | `levels` | (K,) int8 | -1..4 | reactions to it |
    | `minutes` | (K,) float32 | from 0 minutes | time spent on each |
    | `instructions` | (40,) int32 | from -1 | what is in force |
    | `answers` | (A,) int8 | -1..3 | 1 yes, -1 no, 3 unsure in this session; 0 not asked |
    | `shown_counts` | (A,) int32 | from 0 | items shown in this life that have each attribute |
    | `taken_counts` | (A,) int32 | from 0 | items consumed |
    | `preference` | (A,) float32 | any | the estimator's liking of each attribute |
    | `action_mask` | (n_actions,) int8 | 0..1 | legal moves |

    `away`: 0 while a session goes on, -1 where the user does not come back. `verb`: 0 ask, 1
    recommend, 2 reflect, 3 the opening, 5 illegal, 6 pass. `outcome`: 1 yes, -1 no, 3 unsure, 2
    something of the list was clicked, -2 nothing was, -3 illegal, 0 nothing. `levels`: -1 not read,
    0 skipped, 1 seen before, 2 clicked, 3 liked, 4 loved. `instructions`: up to 8, oldest first, 5
    numbers each: 1 want or 0 avoid, the attribute, the condition (-1 none), the scope (0 one list,
    1 the session, 2 always), the age in lists; -1 where there is none.

    ## Rewards

    The sum of `info["reward_terms"]`: `clicks`, `minutes`, `comebacks`, `utility`, `regret`,
    `questions`, `illegal`. The protocol sets what each is worth: `retention` (default) 1 for each
    day on which the user comes back; `engagement` 1 a click and 0.1 a minute; `welfare` 1 for each
    unit of true utility and -0.1 for each minute of regret.

    ## Starting State

    A user of `split`, uniformly, on day 0, in the mood of that day. Users are in one split each:
    60 % in "train", 20 % in "valid", 20 % in "test". `reset(options={"user": u})` gives any user.

    ## Episode End

    Terminated: the user comes back on no day before `horizon`, or has left for good. Truncated: the
    recommender has made `max_steps` moves.

    ## Information

    The same keys at every step: `action_mask`; `reward_terms` (dict of float); `shown_items` (K,)
    int32, the last list, -1 padded; `levels` (K,) int8 and `minutes` (K,) float32, the reactions;
    `day`, `session`, `away` as above; `ended`, how the session ended: 0 it goes on, 1 the user
    left, 2 out of disappointment, 3 the rounds ran out; `left`, `gone` (for good);
    `regret_minutes` of the move; `ndcg` of the list against true utility; `true_utility`, what the
    user got so far; `is_success`, the life has ended and what the user consumed was liked on
    average. With `actions="text"` also `understood`. With `reveal=True` also `privileged`: `user`,
    `seed`, `conversation`, `theta` (taste), `mindset`, `satiation`, `fatigue`, `letdown`
    (disappointment), `loyalty`, `intended` (minutes they mean to stay).

    ## Arguments

    Args:
        world: name or folder of a world, or a `World`.
        protocol: preset ("retention", "engagement", "welfare"), a dictionary, or `LifeRules`.
        protocol_options: choices of the protocol to change, e.g. {"horizon": 60}.
        estimator: name of an estimator, or fitted `Vectors`.
        estimator_options: settings of the estimator.
        users: who lives: the name of a population ("typical", "loyal", "voiceless", "vocal",
            "binger", "novelty", "ideal", "llm", or a card of your own), a `Population`, a
            `Behaviour`, or settings by name.
        horizon, top_k, repeats, ...: any choice of the protocol by its name.
        voice, boredom, return_rate, ...: any setting of users by its name.
        split: whose lives: "valid" (default), "test" or "train".
        actions: "flat", "verb", "slate" or "text".
        observations: "dict" or "text".
        observe: keys of the observation; fewer cost less.
        illegal: "raise" (default) or "penalise": an illegal move costs the round and a reward.
        reveal: put hidden state into `info["privileged"]`.
        render_mode: "ansi" (a string), "human" (prints as it goes) or "rgb_array" (a picture).

    Raises:
        UnknownNameError: an argument, or its value, that does not exist; the nearest is offered.
        IllegalActionError: a malformed action; an illegal one under `illegal="raise"`.
        ChatError, BudgetError, CassetteError: users whom a language model speaks for, and it could
            not be asked; the life cannot go on then.
        StateError: `step` before `reset`, or after the end.

    ## References

    RecoWorld: Building Simulated Environments for Agentic Recommender Systems (2025,
    arXiv 2509.10397); Ie et al. 2019, RecSim (arXiv 1909.04847); Leqi et al. 2021, Rebounding
    Bandits for Modeling Satiation Effects (NeurIPS); Hirschman 1970, Exit, Voice, and Loyalty;
    Potter and Parker 1964, Predicting the Time Required for Conception (Population Studies); Fader
    and Hardie 2007, How to Project Customer Retention (Journal of Interactive Marketing).

    ## Version History

    v0: first version.
    """

    family = "recoworld"


class RecoWorldVectorEnv(FamilyVectorEnv):
    """Many lives at once: `gymnasium.make_vec("recosim/RecoWorld-LastFM-v0", num_envs=1024)`.

    Spaces, rewards and rules are those of `RecoWorldEnv`, batched; the rest is `FamilyVectorEnv`'s.
    """

    family = "recoworld"
