"""Every array and setting that the kernels of the CPR core use: type, shape, unit, meaning.

`rows` are the B conversations of a batch. An *askable* is what one question asks about: an
attribute (`binary`, `choice`) or a facet (`facet`). The rules are in docs/protocols.md.
"""

from __future__ import annotations

import numpy as np

from recosim.kernels.table import Fields

fields = Fields("cpr")
dimension, array1, array2 = fields.dimension, fields.array1, fields.array2

# ---- sizes -------------------------------------------------------------------------------------
rows = dimension("rows")  # B
users = dimension("users")
items = dimension("items")
attributes = dimension("attributes")
facets = dimension("facets")
askables = dimension("askables")  # attributes, or facets under facet questions
actions = dimension("actions")  # askables + 2: recommend, reflect
words = dimension("words")  # 64-bit words of a set of items
vector_size = dimension("vector_size")  # d of the estimator
top_k = dimension("top_k")
max_turns = dimension("max_turns")
max_targets = dimension("max_targets")
max_musts = dimension("max_musts")  # of any user
max_acceptable = dimension("max_acceptable")  # of any user
max_accepted = dimension("max_accepted")  # attributes that one answer can accept, at most
n_item_links = dimension("n_item_links")
n_train_links = dimension("n_train_links")
n_facet_links = dimension("n_facet_links")
n_pool_users = dimension("n_pool_users")
n_pool_links = dimension("n_pool_links")
column_items = dimension("column_items")  # items, or 0 where there are no columns
n_columns = dimension("n_columns")
column_words = dimension("column_words")
sparse_attributes = dimension("sparse_attributes")  # attributes where there are many, or 0
joint_rows = dimension("joint_rows")  # attributes + 1, or 0 where there is no such table
n_joint = dimension("n_joint")
dense_width = dimension("dense_width")  # attributes rounded up to 8, or 0 where there are many
cooccurrence_size = dimension("cooccurrence_size")  # attributes, or 0 where there is no table
users_plus_1 = dimension("users_plus_1")
items_plus_1 = dimension("items_plus_1")
attributes_plus_1 = dimension("attributes_plus_1")
facets_plus_1 = dimension("facets_plus_1")
pool_users_plus_1 = dimension("pool_users_plus_1")
n_rewards = dimension("n_rewards")
n_terms = dimension("n_terms")
n_reals = dimension("n_reals")
n_traits = dimension("n_traits")
trait_rows = dimension("trait_rows")  # users, or 1 where all users are alike
max_aspects = dimension("max_aspects")  # attributes that justify a list, at most
max_asked = dimension("max_asked")  # attributes that one question names, at most
four = dimension("four")

# ---- settings: whole numbers -------------------------------------------------------------------
question = dimension("question")  # 0 binary, 1 facet, 2 choice, 3 none
choices = dimension("choices")  # attributes that a choice question names, at most
user_has_too = dimension("user_has_too")  # 1: a yes needs an attribute of the user as well
on_reject_remove = dimension("on_reject_remove")  # 1: a "no" removes items
drop_always = dimension("drop_always")  # 1: refused items always leave
first_turn = dimension("first_turn")
last_turn_acts = dimension("last_turn_acts")
penalise_rejected = dimension("penalise_rejected")
reflect_steps = dimension("reflect_steps")
feedback_on_refusal = dimension("feedback_on_refusal")  # 1: feedback comes with a refusal
inquiries_take_turn = dimension("inquiries_take_turn")  # 1: a question about an item is all
pool_by_user = dimension("pool_by_user")  # 1: draw a user, then an item; 0: draw an interaction
open_ended = dimension(
    "open_ended"
)  # 1: a move of an ended row opens the next conversation instead
raise_illegal = dimension("raise_illegal")  # 1: refuse the batch, 0: penalise the row
track = dimension("track")  # 1: counts, entropies and masks follow each move
ask_best_by = dimension("ask_best_by")  # 0 entropy, 1 weighted entropy: "ask the best" (verb view)

# ---- the world ---------------------------------------------------------------------------------
item_indptr = array1("item_indptr", np.int64, "items_plus_1")
item_indices = array1("item_indices", np.int32, "n_item_links")  # attributes of each item
posting_indptr = array1("posting_indptr", np.int64, "attributes_plus_1")
bitsets = array2("bitsets", np.uint64, "attributes", "words")  # the postings as sets
cooccurrence = array2("cooccurrence", np.int32, "cooccurrence_size", "cooccurrence_size")
# The same as lists, where there are many attributes: those that an item has together with each.
joint_indptr = array1("joint_indptr", np.int64, "joint_rows")
joint_indices = array1("joint_indices", np.int32, "n_joint")
joint_counts = array1("joint_counts", np.int32, "n_joint")  # items that have both
dense_attributes = array2("dense_attributes", np.float32, "items", "dense_width")  # 0 or 1
# The first attributes of each item, filled up with the number of attributes; and, as a set, the
# items that have more.
item_columns = array2("item_columns", np.uint16, "column_items", "n_columns")
long_items = array1("long_items", np.uint64, "column_words")
facet_of = array1("facet_of", np.int16, "attributes")  # -1: in no facet
facet_indptr = array1("facet_indptr", np.int64, "facets_plus_1")
facet_indices = array1("facet_indices", np.int32, "n_facet_links")  # attributes of each facet
train_indptr = array1("train_indptr", np.int64, "users_plus_1")
train_indices = array1("train_indices", np.int32, "n_train_links")
# Interactions that conversations are drawn from: those of the split that can be opened.
pool_users = array1("pool_users", np.int32, "n_pool_users")
pool_indptr = array1("pool_indptr", np.int64, "pool_users_plus_1")
pool_indices = array1("pool_indices", np.int32, "n_pool_links")
n_log_n = array1("n_log_n", np.float64, "items_plus_1")  # n * log2(n), bits

# ---- the estimator -----------------------------------------------------------------------------
user_vectors = array2("user_vectors", np.float32, "users", "vector_size")
item_vectors = array2("item_vectors", np.float32, "items", "vector_size")
attribute_vectors = array2("attribute_vectors", np.float32, "attributes", "vector_size")
item_bias = array1("item_bias", np.float32, "items")
# The items again, by falling length of their vectors: the best ones come early. A *place* is a
# position in that order; the postings of each attribute are given as ascending places.
place_item = array1("place_item", np.int32, "items")
place_length = array1("place_length", np.float32, "items")  # of the vector, rounded up
place_bias = array1("place_bias", np.float32, "items")
place_vectors = array2("place_vectors", np.float32, "items", "vector_size")
posting_places = array1("posting_places", np.int32, "n_item_links")

# ---- settings: real numbers --------------------------------------------------------------------
rewards = array1("rewards", np.float64, "n_rewards")  # in the order of `Rewards`
reals = array1("reals", np.float64, "n_reals")  # reflect_rate, largest bias
traits = array2("traits", np.float64, "trait_rows", "n_traits")  # in the order of `TRAITS`

# ---- the user's side of a conversation: hidden from agents -------------------------------------
seed = array1("seed", np.uint64, "rows")  # key of all randomness of the row
conversation = array1("conversation", np.int64, "rows")  # number of the conversation
user = array1("user", np.int32, "rows")
targets = array2("targets", np.int32, "rows", "max_targets")
n_targets = array1("n_targets", np.int32, "rows")
# Bit k: target k has all accepted attributes; under choice questions all count as if they had.
live = array1("live", np.uint64, "rows")
musts = array2("musts", np.int32, "rows", "max_musts")  # attributes of all targets, -1: none
# Items that the user would also take, the most like the target first.
acceptable = array2("acceptable", np.int32, "rows", "max_acceptable")
n_acceptable = array1("n_acceptable", np.int32, "rows")
# The instruction given with the request: the attribute wanted, that avoided, the condition (-1 for
# what there is not), and 1 where it holds in this conversation.
standing = array2("standing", np.int32, "rows", "four")
disappointments = array1("disappointments", np.int32, "rows")  # so far: what patience counts
n_questions = array1("n_questions", np.int32, "rows")  # asked so far: what question_patience counts
n_refused = array1("n_refused", np.int32, "rows")  # lists refused so far
n_taken = array1("n_taken", np.int32, "rows")  # items taken so far
worth = array1("worth", np.float64, "rows")  # the sum of their utilities
wanted_first = array1("wanted_first", np.int32, "rows")  # the target that utilities are relative to
# 1: all targets were taken, and an acceptable item became the target; it keeps its utility.
promoted = array1("promoted", np.uint8, "rows")
opening_item = array1("opening_item", np.int32, "rows")  # named by the request, -1: none

# ---- the conversation --------------------------------------------------------------------------
turn = array1("turn", np.int32, "rows")  # of the next move, 1 or 2 at first
step = array1("step", np.int32, "rows")  # calls so far, reflections too
done = array1("done", np.uint8, "rows")
status = array2("status", np.int8, "rows", "attributes")  # 0 unknown, 1 yes, -1 no, 2 unsure
facet_asked = array2("facet_asked", np.uint8, "rows", "facets")
history = array2("history", np.int8, "rows", "max_turns")  # `Outcome` of each turn
hit_turn = array1("hit_turn", np.int32, "rows")  # turn of the first hit, 0: none so far
opening = array1("opening", np.int32, "rows")  # the first opening attribute, -1: none was named
# Candidates: while `own` is 0 they are exactly the postings of `opening` and `candidates` is stale.
own = array1("own", np.uint8, "rows")
candidates = array2("candidates", np.uint64, "rows", "words")
n_candidates = array1("n_candidates", np.int32, "rows")
counted = array1("counted", np.uint8, "rows")  # whether `counts` is up to date
counts = array2("counts", np.int32, "rows", "attributes")  # candidates that have each attribute
# Where there are many attributes: those that candidates had when they were counted. Outside of the
# list `counts`, `entropy` and `weighted_entropy` are 0, and `mask` is what `filled` is.
present = array2("present", np.int32, "rows", "sparse_attributes")
n_present = array1("n_present", np.int32, "rows")
has_weights = array1("has_weights", np.uint8, "rows")  # 1: `weighted_entropy` is not 0 everywhere
entropy = array2("entropy", np.float32, "rows", "askables")  # bits, 0 where not askable
fresh = array1("fresh", np.uint8, "rows")  # whether `entropy` and `mask` are up to date
query = array2("query", np.float32, "rows", "vector_size")  # user vector + accepted attributes
user_vector = array2("user_vector", np.float32, "rows", "vector_size")  # revised by reflections
weighed = array1("weighed", np.uint8, "rows")  # whether the next one is up to date
weighted_entropy = array2(
    "weighted_entropy", np.float64, "rows", "attributes"
)  # bits, whatever asked
shown_last = array2("shown_last", np.int32, "rows", "top_k")  # refused items not yet reflected on
n_shown_last = array1("n_shown_last", np.int32, "rows")

to_open = array1("to_open", np.uint8, "rows")  # which rows `open_rows` opens
given_opening = array1("given_opening", np.int32, "rows")  # askable to open with, -1: drawn
given_pair = array1("given_pair", np.uint8, "rows")  # 1: `user` and `targets[:, 0]` are given

# ---- a move ------------------------------------------------------------------------------------
action = array1("action", np.int64, "rows")  # flat code; -1 asks the best
slate = array2("slate", np.int32, "rows", "top_k")  # the agent's own list
n_slate = array1("n_slate", np.int32, "rows")  # its length; 0: the estimator's best
reasons = array2("reasons", np.int32, "rows", "max_aspects")  # attributes that justify it, or -1
verb = array1("verb", np.int8, "rows")  # `Verb` of what was done
asked_facet = array1("asked_facet", np.int16, "rows")  # -1: none
# Attributes asked by name, -1: none; of a list or a reflection: the one that the user criticised.
asked = array2("asked", np.int32, "rows", "max_asked")
accepted = array2("accepted", np.int32, "rows", "max_accepted")
n_accepted = array1("n_accepted", np.int32, "rows")
shown = array2("shown", np.int32, "rows", "top_k")  # items shown, best first, -1: none
n_shown = array1("n_shown", np.int32, "rows")
notes = array2("notes", np.int8, "rows", "top_k")  # `Note` of each item shown, 0: none
taken = array2("taken", np.uint8, "rows", "top_k")  # 1: the item at this position was taken
# The item that the user asked about; -1: none, -2: the list as a whole.
inquired = array1("inquired", np.int32, "rows")
aspects = array2("aspects", np.int32, "rows", "max_aspects")  # reasons of the last list, -1: none
outcome = array1("outcome", np.int8, "rows")  # `Outcome`
rank = array1("rank", np.int32, "rows")  # 1-based position of the first item taken, 0: none was
utility = array1("utility", np.float64, "rows")  # of what was taken so far, over `takes`
left = array1("left", np.uint8, "rows")  # 1: with this move the user leaves

choice = array1("choice", np.int64, "rows")  # what `best_asks` found, -1: nothing askable
best = array2("best", np.int32, "rows", "top_k")  # what `rank_items` found, -1: no item
best_scores = array2("best_scores", np.float32, "rows", "top_k")

# ---- what a move returns -----------------------------------------------------------------------
reward = array1("reward", np.float64, "rows")
reward_terms = array2("reward_terms", np.float64, "rows", "n_terms")
terminated = array1("terminated", np.uint8, "rows")
truncated = array1("truncated", np.uint8, "rows")
mask = array2("mask", np.int8, "rows", "actions")  # 1: legal
filled = array1("filled", np.uint8, "rows")  # 1: `mask` is all ones, since the row has ended
