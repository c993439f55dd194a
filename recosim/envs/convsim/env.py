"""`ConvSimEnv` and `ConvSimVectorEnv`: searches behind Gymnasium's APIs."""

from __future__ import annotations

from recosim.envs.gym_env import FamilyEnv
from recosim.envs.gym_vector import FamilyVectorEnv

__all__ = ["ConvSimEnv", "ConvSimVectorEnv"]


class ConvSimEnv(FamilyEnv):
    """Search for somebody who holds an information need: ask, show, hear what was wrong, again.

    ## Description

    The world is a collection: documents with text, topics that people wanted to know something
    about, and judgements of documents that nobody but the reward reads. A user holds one need and
    says less than it. The system asks (about a term, about a facet, or an open question), shows
    a list of documents, or rewrites its query from what was said. The user answers from the need,
    gives thumbs by what the documents say, names what is missing or does not, and goes when
    satisfied or out of patience. The rules, with every formula, are in docs/convsim.md; the loop is
    that of ConvSim (2023), the settings of users are CoSearcher's (2021). Collections and retrieval
    are in docs/search.md.

    ## Action Space

    `actions` chooses one of four views of the same acts (Q places of the shortlist of questions, F
    facets of the world, n = Q + F + 1; K is `top_k`):

    | view | space | meaning |
    |---|---|---|
    | `"flat"` (default) | `Discrete(n + 2)` | see below |
    | `"verb"` | `Discrete(3)` | 0 ask the best question, 1 recommend, 2 reflect |
    | `"slate"` | `Dict(verb, attribute, items)` | verb as in "verb", and its object |
    | `"text"` | `Text` | a line in English; "search: ..." puts a query of its own in force |

    Flat actions: 0..Q-1 ask about the term on that place of the shortlist (`obs["questions"]`),
    Q..Q+F-1 ask about that facet, Q+F asks the open question, n shows the best documents that the
    query in force finds, n+1 reflects: the query is rewritten from what was said (`rewrite`), which
    takes no turn. In a "slate" action `attribute` (0..n-1) is read when asking, `items` ((K,)
    int32, padded with -1) when recommending; items that are all -1 stand for the best found.

    The spaces sample legal actions. The legal moves are in `info["action_mask"]` and
    `obs["action_mask"]` (int8; 1 is legal) and in `env.action_masks()` (bool). The mask of "slate"
    and "text" is that of "flat". It is all ones once the search has ended.

    ## Observation Space

    A one-level `Dict`; `observe` selects keys. With `observations="text"` a `Text` instead. Terms
    are numbers of the vocabulary of the collection's index (`env.unwrapped.batch.index`).

    | key | shape, dtype | range | meaning |
    |---|---|---|---|
    | `turn` | (1,) int32 | 1..max_turns+1 | of the next move |
    | `lists`, `asked` | (1,) int32 | from 0 | lists shown, questions asked so far |
    | `words` | (1,) int32 | from 0 words | what the user has said so far: their effort |
    | `verb` | (1,) int8 | 0..6 | what the last move did |
    | `kind` | (1,) int8 | 0..10 | what the user said to it |
    | `outcome` | (1,) int8 | -3..3 | the same in short |
    | `shown_items` | (K,) int32 | -1..n_items-1 | the last list |
    | `levels` | (K,) int8 | -1..4 | thumbs: 3 up, 0 down, -1 not looked at or not told |
    | `named` | (4,) int32 | from -1 | terms that the user named with the last move |
    | `query_terms` | (64,) int32 | from -1 | terms of the query in force |
    | `query_weights` | (64,) float32 | any | and their weights |
    | `heard_terms` | (64,) int32 | from -1 | terms of which something was said |
    | `heard_values` | (64,) int8 | -1..1 | 1 wanted, -1 not wanted, 0 left open |
    | `scores` | (K,) float32 | any | of the best documents found, the retriever's |
    | `questions` | (Q,) int32 | from -1 | terms on the shortlist |
    | `question_shares` | (Q,) float32 | 0..1 | share of what was found that holds each |
    | `question_idf` | (Q,) float32 | from 0 | how rare each is |
    | `action_mask` | (n + 2,) int8 | 0..1 | legal moves |

    `verb`: 0 ask, 1 recommend, 2 reflect, 3 the opening, 5 illegal. `kind`: 0 nothing, 1 yes, 2 a
    bare no, 3 a no that informs, 4 a value, 5 off topic, 6 don't know, 7 satisfied, 8 a bare
    refusal, 9 a vague one, 10 one that names what is missing. `outcome`: 1 yes or a value, -1 no, 3
    unsure, 2 satisfied, -2 a list that does not satisfy, -3 illegal, 0 nothing.

    ## Rewards

    The sum of `info["reward_terms"]`: `gain`, what the list has gained in nDCG (at `ndcg_at`) over
    the list before, so that the gains add up to the nDCG of the last list; `questions`, -0.02 for
    each; `words`, -0.005 for each word that the user says; `illegal`, -0.1.

    ## Starting State

    A need of `split`, uniformly: a turn of a topic that has a relevant document. Topics, not turns,
    are in one split each. `reset(options={"need": t})` gives any turn of the collection.

    ## Episode End

    Terminated: the user is satisfied, or leaves out of patience (or, with `oracle_stop`, the list
    is good enough by the judgements). Truncated: `rounds + 1` lists were shown, or `max_turns`
    questions and lists were made.

    ## Information

    The same keys at every step: `action_mask`; `reward_terms` (dict of float); `shown_items` (K,)
    int32, the last list, -1 padded; `levels` (K,) int8; `kind`; `named` (4,) int32; `words`;
    `left`; and, by the judgements, `ndcg` of the last list, `start_ndcg` of what the first query
    finds, `ceiling`, of what the need finds as a query, `true_utility`, the nDCG of the last list;
    `is_success`, the search has ended and a relevant document is at the top of its last list. With
    `actions="text"` also `understood`. With `reveal=True` also `privileged`: `user` (the topic),
    `seed`, `conversation`, `need` (the turn), `disappointments`.

    ## Arguments

    Args:
        world: name or folder of a collection, or a `World` with topics and judgements.
        protocol: preset ("search", "partial", "developer"), a dictionary, or `SearchRules`.
        protocol_options: choices of the protocol to change, e.g. {"rounds": 5}.
        estimator, estimator_options: not used here; taken as everywhere.
        users: who searches: the name of a population ("helpful", "typical", "terse", "mute",
            "random_terms", "llm", or a card of your own), a `Population`, a `Behaviour`, or
            settings by name.
        start, rounds, retriever, shortlist, ...: any choice of the protocol by its name.
        cooperativeness, similarity, patience, ...: any setting of users by its name.
        split: whose needs: "valid" (default), "test" or "train".
        actions: "flat", "verb", "slate" or "text".
        observations: "dict" or "text".
        observe: keys of the observation; fewer cost less.
        illegal: "raise" (default) or "penalise": an illegal move costs the turn and a reward.
        reveal: put hidden state into `info["privileged"]`.
        render_mode: "ansi" (a string), "human" (prints as it goes) or "rgb_array" (a picture).

    Raises:
        UnknownNameError: an argument, or its value, that does not exist; the nearest is offered.
        OptionError: a world without topics, or one in which nothing is left to say.
        MissingExtraError: an encoder whose package is not installed.
        IllegalActionError: a malformed action; an illegal one under `illegal="raise"`.
        ChatError, BudgetError, CassetteError: users whom a language model speaks for, and it could
            not be asked; the search cannot go on then.
        StateError: `step` before `reset`, or after the end.

    ## References

    Owoicho et al. 2023, Exploiting Simulated User Feedback for Conversational Search: Ranking,
    Rewriting, and Beyond (SIGIR, arXiv 2304.13874); Salle et al. 2021, Studying the Effectiveness
    of Conversational Search Refinement Through User Simulation (ECIR: CoSearcher); Aliannejadi et
    al. 2019, Asking Clarifying Questions in Open-Domain Information-Seeking Conversations (SIGIR:
    Qulac); Robertson and Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond;
    Järvelin and Kekäläinen 2002, Cumulated Gain-Based Evaluation of IR Techniques.

    ## Version History

    v0: first version.
    """

    family = "convsim"


class ConvSimVectorEnv(FamilyVectorEnv):
    """Many searches at once: `gymnasium.make_vec("recosim/ConvSim-Docs-v0", num_envs=256)`.

    Spaces, rewards and rules are those of `ConvSimEnv`, batched; the rest is `FamilyVectorEnv`'s.
    """

    family = "convsim"
