"""Every array and setting that the kernels of ConvSim use: type, shape, unit, meaning.

`rows` are the B searches of a batch. The rules are in docs/convsim.md.
"""

from __future__ import annotations

import numpy as np

from recosim.kernels.table import Fields

fields = Fields("convsim")
dimension, array1, array2 = fields.dimension, fields.array1, fields.array2

# ---- sizes -------------------------------------------------------------------------------------
rows = dimension("rows")  # B
terms = dimension("terms")  # of the vocabulary
terms_plus_1 = dimension("terms_plus_1")
documents = dimension("documents")
documents_plus_1 = dimension("documents_plus_1")
turns = dimension("turns")  # of all topics
turns_plus_1 = dimension("turns_plus_1")
topics_plus_1 = dimension("topics_plus_1")
n_doc_terms = dimension("n_doc_terms")
keys = dimension("keys")  # key terms of a document, at most
n_grams = dimension("n_grams")
n_need_terms = dimension("n_need_terms")
n_said_terms = dimension("n_said_terms")
n_judged = dimension("n_judged")
top_k = dimension("top_k")
found = dimension("found")  # P, documents that a search finds
places = dimension("places")  # Q, of the shortlist
facets = dimension("facets")  # F
actions = dimension("actions")  # ask each, recommend, reflect
room = dimension("room")
kept = dimension("kept")  # candidates for the shortlist
four = dimension("four")
n_rewards = dimension("n_rewards")
n_terms = dimension("n_terms")  # of the reward
n_traits = dimension("n_traits")
trait_rows = dimension("trait_rows")  # topics, or 1 where all users are alike
one = dimension("one")

# ---- settings: whole numbers -------------------------------------------------------------------
max_turns = dimension("max_turns")
rounds = dimension("rounds")
reads = dimension("reads")
partial = dimension("partial")  # 1: the first query is a part of the need
expands = dimension("expands")  # 1: a rewritten query is expanded by documents
likely = dimension("likely")  # 1: candidates by p idf, 0: by 4 p (1 - p) idf
split_over = dimension("split_over")
ndcg_at = dimension("ndcg_at")
oracle_stop = dimension("oracle_stop")
raise_illegal = dimension("raise_illegal")  # 1: refuse the batch, 0: penalise the row

# ---- settings: real numbers --------------------------------------------------------------------
dropped = array1("dropped", np.float64, "one")
no_weight = array1("no_weight", np.float64, "one")
stop_at = array1("stop_at", np.float64, "one")
rewards = array1("rewards", np.float64, "n_rewards")  # in the order of `Rewards`
traits = array2("traits", np.float64, "trait_rows", "n_traits")  # in the order of `TRAITS`

# ---- the collection ----------------------------------------------------------------------------
doc_indptr = array1("doc_indptr", np.int64, "documents_plus_1")
doc_terms = array1("doc_terms", np.int32, "n_doc_terms")  # ascending in each document
key_terms = array2("key_terms", np.int32, "documents", "keys")  # -1 padded
key_idf = array2("key_idf", np.float64, "documents", "keys")  # of each of them
idf = array1("idf", np.float64, "terms")
gram_indptr = array1("gram_indptr", np.int64, "terms_plus_1")
grams = array1("grams", np.int32, "n_grams")  # character trigrams of each term, ascending
term_facets = array1("term_facets", np.uint64, "terms")  # a bit for each facet it is a word of

# ---- topics ------------------------------------------------------------------------------------
turn_topic = array1("turn_topic", np.int32, "turns")
topic_first = array1("topic_first", np.int64, "topics_plus_1")  # the first turn of each topic
need_indptr = array1("need_indptr", np.int64, "turns_plus_1")
need_terms = array1("need_terms", np.int32, "n_need_terms")  # in the order of the need
need_counts = array1("need_counts", np.float64, "n_need_terms")
said_indptr = array1("said_indptr", np.int64, "turns_plus_1")
said_terms = array1("said_terms", np.int32, "n_said_terms")  # of the first query, in its order
said_counts = array1("said_counts", np.float64, "n_said_terms")

# ---- judgements: for the reward alone ----------------------------------------------------------
judged_indptr = array1("judged_indptr", np.int64, "turns_plus_1")
judged = array1("judged", np.int32, "n_judged")  # documents, ascending for each turn
grade = array1("grade", np.int16, "n_judged")
ideal = array1("ideal", np.float64, "turns")  # DCG of the best list
relevant = array1("relevant", np.int64, "turns")  # documents of a grade above 0

# ---- the search --------------------------------------------------------------------------------
seed = array1("seed", np.uint64, "rows")  # key of all randomness of the row
conversation = array1("conversation", np.int64, "rows")
user = array1("user", np.int32, "rows")  # the topic
need = array1("need", np.int32, "rows")  # the turn; hidden from agents
turn = array1("turn", np.int32, "rows")
step = array1("step", np.int32, "rows")  # calls so far
done = array1("done", np.uint8, "rows")
lists = array1("lists", np.int32, "rows")
asked = array1("asked", np.int32, "rows")  # questions so far
words = array1("words", np.int32, "rows")  # that the user said so far
disappointments = array1("disappointments", np.int32, "rows")
start_terms = array2("start_terms", np.int32, "rows", "room")
start_weights = array2("start_weights", np.float64, "rows", "room")
n_start = array1("n_start", np.int32, "rows")
query_terms = array2("query_terms", np.int32, "rows", "room")
query_weights = array2("query_weights", np.float64, "rows", "room")
n_query = array1("n_query", np.int32, "rows")
heard_terms = array2("heard_terms", np.int32, "rows", "room")
heard_values = array2("heard_values", np.int8, "rows", "room")
n_heard = array1("n_heard", np.int32, "rows")
marked_items = array2("marked_items", np.int32, "rows", "room")
marked_up = array2("marked_up", np.int8, "rows", "room")
n_marked = array1("n_marked", np.int32, "rows")
fresh = array1("fresh", np.uint8, "rows")  # 1: something was said that the query does not know
asked_facets = array1("asked_facets", np.uint64, "rows")  # bits
found_items = array2("found_items", np.int32, "rows", "found")
found_scores = array2("found_scores", np.float64, "rows", "found")
candidates = array2("candidates", np.int32, "rows", "kept")
candidate_shares = array2("candidate_shares", np.float32, "rows", "kept")
questions = array2("questions", np.int32, "rows", "places")
question_shares = array2("question_shares", np.float32, "rows", "places")
question_idf = array2("question_idf", np.float32, "rows", "places")

to_open = array1("to_open", np.uint8, "rows")  # which rows `open_rows` opens
to_search = array1("to_search", np.uint8, "rows")  # the query changed, see `opening`
to_rank = array1("to_rank", np.uint8, "rows")  # the candidates are to be made anew
to_list = array1("to_list", np.uint8, "rows")  # 1: the shortlist is to be made anew
to_measure = array1("to_measure", np.uint8, "rows")  # 1: the shortlist was offered terms

# ---- a move ------------------------------------------------------------------------------------
action = array1("action", np.int64, "rows")  # flat code; -1 asks the best
slate = array2("slate", np.int32, "rows", "top_k")  # the agent's own list
n_slate = array1("n_slate", np.int32, "rows")  # its length; 0: the first that were found
verb = array1("verb", np.int8, "rows")  # `Verb` of what was done
at_turn = array1("at_turn", np.int32, "rows")
about = array1("about", np.int64, "rows")  # the action that asked, -1
term = array1("term", np.int32, "rows")  # the term asked about, -1
facet = array1("facet", np.int32, "rows")  # the facet asked about, -1
shown = array2("shown", np.int32, "rows", "top_k")  # the last list, -1: no document
n_shown = array1("n_shown", np.int32, "rows")
levels = array2("levels", np.int8, "rows", "top_k")  # `Level`, -1: not looked at, or not told
kind = array1("kind", np.int8, "rows")  # `Kind`
named = array2("named", np.int32, "rows", "four")  # terms that the user named with the move
removed = array1("removed", np.int32, "rows")  # the term of the query that they rejected, -1
outcome = array1("outcome", np.int8, "rows")  # `Outcome`
leaving = array1("leaving", np.int8, "rows")  # 0 stays, 1 satisfied, 2 impatient
left = array1("left", np.uint8, "rows")  # 1: the user left impatiently with this move
move_words = array1("move_words", np.int32, "rows")

# ---- what the evaluator and the reward see -----------------------------------------------------
ndcg = array1("ndcg", np.float64, "rows")  # of the last list
start_ndcg = array1("start_ndcg", np.float64, "rows")  # of what the first query finds
ceiling = array1("ceiling", np.float64, "rows")  # of what the need finds as a query
reciprocal_rank = array1("reciprocal_rank", np.float64, "rows")
recall = array1("recall", np.float64, "rows")
gain = array1("gain", np.float64, "rows")  # of the last move
utility = array1("utility", np.float64, "rows")
reward = array1("reward", np.float64, "rows")
reward_terms = array2("reward_terms", np.float64, "rows", "n_terms")
terminated = array1("terminated", np.uint8, "rows")
truncated = array1("truncated", np.uint8, "rows")
mask = array2("mask", np.int8, "rows", "actions")  # 1: legal
