"""Every array and setting that the kernels of RecoWorld use: type, shape, unit, meaning.

`rows` are the B lives of a batch. The rules are in docs/recoworld.md.
"""

from __future__ import annotations

import numpy as np

from recosim.kernels.table import Fields

fields = Fields("recoworld")
dimension, array1, array2 = fields.dimension, fields.array1, fields.array2

# ---- sizes -------------------------------------------------------------------------------------
rows = dimension("rows")  # B
users = dimension("users")
items = dimension("items")
attributes = dimension("attributes")
actions = dimension("actions")  # ask each, recommend, reflect, pass, recommend because of each
words = dimension("words")  # 64-bit words of a set of items
vector_size = dimension("vector_size")  # d of the estimator
top_k = dimension("top_k")
pool_size = dimension("pool_size")  # items that retrieval ranks by score
n_item_links = dimension("n_item_links")
n_train_links = dimension("n_train_links")
users_plus_1 = dimension("users_plus_1")
items_plus_1 = dimension("items_plus_1")
attributes_plus_1 = dimension("attributes_plus_1")
n_rewards = dimension("n_rewards")
n_terms = dimension("n_terms")
n_reals = dimension("n_reals")
n_traits = dimension("n_traits")
trait_rows = dimension("trait_rows")  # users, or 1 where all users are alike
slots = dimension("slots")  # instructions that can be in force, and expired ones remembered: 8
slots_5 = dimension("slots_5")
slots_2 = dimension("slots_2")
twelve = dimension("twelve")
two = dimension("two")

# ---- settings: whole numbers -------------------------------------------------------------------
horizon = dimension("horizon")
max_turns = dimension("max_turns")
max_steps = dimension("max_steps")
repeats = dimension("repeats")  # 0 life, 1 session, 2 none: what retrieval leaves out
raise_illegal = dimension("raise_illegal")  # 1: refuse the batch, 0: penalise the row

# ---- the world ---------------------------------------------------------------------------------
item_indptr = array1("item_indptr", np.int64, "items_plus_1")
item_indices = array1("item_indices", np.int32, "n_item_links")  # attributes of each item
item_scale = array1("item_scale", np.float64, "items")  # 1 / sqrt of their number, 0 for none
posting_indptr = array1("posting_indptr", np.int64, "attributes_plus_1")
bitsets = array2("bitsets", np.uint64, "attributes", "words")  # the items of each attribute
train_indptr = array1("train_indptr", np.int64, "users_plus_1")
train_indices = array1("train_indices", np.int32, "n_train_links")  # ascending for each user
attribute_share = array1("attribute_share", np.float64, "attributes")  # of train interactions
by_popularity = array1("by_popularity", np.int32, "items")  # items by falling popularity
quality = array1("quality", np.float64, "items")  # standardised
appeal = array1("appeal", np.float64, "items")  # standardised
length = array1("length", np.float64, "items")  # minutes
taste = array2("taste", np.float32, "users", "attributes")

# ---- the estimator -----------------------------------------------------------------------------
user_vectors = array2("user_vectors", np.float32, "users", "vector_size")
attribute_vectors = array2("attribute_vectors", np.float32, "attributes", "vector_size")
pools = array2("pools", np.int32, "users", "pool_size")  # of users that were seen: best first
ideals = array1("ideals", np.float64, "users")  # DCG of the best list by taste

# ---- settings: real numbers --------------------------------------------------------------------
rewards = array1("rewards", np.float64, "n_rewards")  # in the order of `Rewards`
reals = array1("reals", np.float64, "n_reals")  # in the order of `REALS`
traits = array2("traits", np.float64, "trait_rows", "n_traits")  # in the order of `TRAITS`
discounts = array1("discounts", np.float64, "top_k")  # 1 / log2(1 + position)

# ---- the life: hidden from agents --------------------------------------------------------------
seed = array1("seed", np.uint64, "rows")  # key of all randomness of the row
conversation = array1("conversation", np.int64, "rows")  # number of the life
user = array1("user", np.int32, "rows")
theta = array2("theta", np.float32, "rows", "attributes")
mindset = array2("mindset", np.float32, "rows", "attributes")
satiation = array2("satiation", np.float32, "rows", "attributes")
mindset_before = array2("mindset_before", np.float32, "rows", "attributes")  # the last list
satiation_before = array2("satiation_before", np.float32, "rows", "attributes")
fatigue = array1("fatigue", np.float32, "rows")
letdown = array1("letdown", np.float32, "rows")  # disappointment of this session
loyalty = array1("loyalty", np.float32, "rows")
intended = array1("intended", np.float32, "rows")  # minutes that they mean to stay today
ideal = array1("ideal", np.float64, "rows")  # DCG of the best list by `theta`
consumed = array2("consumed", np.uint64, "rows", "words")  # items consumed in this life
session_gain = array1("session_gain", np.float64, "rows")  # sum of 2 U - 1 in this session
session_minutes = array1("session_minutes", np.float64, "rows")
session_regret = array1("session_regret", np.float64, "rows")

# ---- what is known to both sides ---------------------------------------------------------------
day = array1("day", np.int32, "rows")  # of the next move
session = array1("session", np.int32, "rows")
turn = array1("turn", np.int32, "rows")  # round of the session
step = array1("step", np.int32, "rows")  # calls so far
done = array1("done", np.uint8, "rows")
withheld = array2("withheld", np.uint64, "rows", "words")  # items that retrieval leaves out
answers = array2("answers", np.int8, "rows", "attributes")  # 1 yes, -1 no, 3 unsure; this session
instructions = array2("instructions", np.int32, "rows", "slots_5")  # those in force
heeded = array2("heeded", np.uint8, "rows", "slots")  # 1: in force at the last reflection
expired = array2("expired", np.int32, "rows", "slots_2")
preference = array2("preference", np.float32, "rows", "attributes")  # the estimator's
n_consumed = array1("n_consumed", np.int32, "rows")  # items consumed so far in this life
shown_counts = array2("shown_counts", np.int32, "rows", "attributes")
taken_counts = array2("taken_counts", np.int32, "rows", "attributes")
reflectable = array1("reflectable", np.uint8, "rows")  # 1: a list was not reflected on yet

to_open = array1("to_open", np.uint8, "rows")  # which rows `open_rows` opens

# ---- a move ------------------------------------------------------------------------------------
action = array1("action", np.int64, "rows")  # flat code; -1 asks the best
slate = array2("slate", np.int32, "rows", "top_k")  # the agent's own list
n_slate = array1("n_slate", np.int32, "rows")  # its length; 0: the retrieval's best
reason = array1("reason", np.int32, "rows")  # the attribute that justifies a list, -1: none
verb = array1("verb", np.int8, "rows")  # `Verb` of what was done
at_day = array1("at_day", np.int32, "rows")
at_session = array1("at_session", np.int32, "rows")
at_turn = array1("at_turn", np.int32, "rows")
about = array1("about", np.int64, "rows")  # the attribute asked about, or the reason; -1
shown = array2("shown", np.int32, "rows", "top_k")  # the last list, -1: no item
n_shown = array1("n_shown", np.int32, "rows")
levels = array2("levels", np.int8, "rows", "top_k")  # `Level` of each item, -1: not read
minutes = array2("minutes", np.float32, "rows", "top_k")
given = array2("given", np.int32, "rows", "twelve")  # instructions given with the move
said = array2("said", np.int32, "rows", "two")  # what a reflection was answered with
outcome = array1("outcome", np.int8, "rows")  # `Outcome`
ended = array1("ended", np.int8, "rows")  # 0 goes on, 1 left, 2 disappointed, 3 out of rounds
gone = array1("gone", np.uint8, "rows")  # 1: for good
left = array1("left", np.uint8, "rows")  # 1: with this move the user left the session
gap = array1("gap", np.int32, "rows")  # days until the next session, -1: there is none
# 1: the consequences of the move for the user are drawn already (`advance` does so).
felt = array1("felt", np.uint8, "rows")
obeyed = array1("obeyed", np.int16, "rows")  # instructions in force that the list obeyed
ignored = array1("ignored", np.int16, "rows")
first_obeyed = array1("first_obeyed", np.int16, "rows")  # of age 0
first_ignored = array1("first_ignored", np.int16, "rows")
over_lists = array1("over_lists", np.int16, "rows")  # expired ones
over_obeyed = array1("over_obeyed", np.int16, "rows")
over_base = array1("over_base", np.float32, "rows")
ndcg = array1("ndcg", np.float32, "rows")
let_down = array1("let_down", np.float32, "rows")
regret = array1("regret", np.float32, "rows")  # minutes
clicks = array1("clicks", np.int16, "rows")  # items consumed
move_minutes = array1("move_minutes", np.float64, "rows")
move_utility = array1("move_utility", np.float64, "rows")

best = array2("best", np.int32, "rows", "top_k")  # what `rank_items` found, -1: no item

# ---- what a move returns -----------------------------------------------------------------------
utility = array1("utility", np.float64, "rows")  # so far
reward = array1("reward", np.float64, "rows")
reward_terms = array2("reward_terms", np.float64, "rows", "n_terms")
terminated = array1("terminated", np.uint8, "rows")
truncated = array1("truncated", np.uint8, "rows")
mask = array2("mask", np.int8, "rows", "actions")  # 1: legal
