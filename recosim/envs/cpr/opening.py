"""How a conversation begins: who the user is, what they want, and what they say first."""

from __future__ import annotations

import numpy as np

from recosim.acts import Outcome, Verb
from recosim.envs.cpr import fields as f
from recosim.envs.cpr.candidates import (
    drop_items,
    intersect,
    item_has,
    refresh,
    remove,
    start_candidates,
    start_with_all,
    trait,
)
from recosim.envs.cpr.scores import accept_in_query, start_query
from recosim.envs.cpr.wishes import (
    choose_acceptable,
    choose_musts,
    choose_standing,
    has_musts,
    has_themselves,
    narrow_targets,
    weighs_by_liking,
    weights,
)
from recosim.kernels import random
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table
from recosim.standing import AVOIDED, HOLDS, WANTED
from recosim.users.behaviour import TRAITS, WORDS

__all__ = ["begin", "open_conversation"]

ONE = np.uint64(1)
NOTHING = int(Outcome.NOTHING)
OPEN = int(Verb.OPEN)
FACET, CHOICE = 1, 2
HOW = TRAITS.index("opening")
ATTRIBUTE, SEVERAL, ITEM, ITEM_ATTRIBUTE, NO_WORD = (
    WORDS["opening"].index(word)
    for word in ("attribute", "several", "item", "item_attribute", "nothing")
)


@kernel
def _row_of_link(indptr: np.ndarray, link: int) -> int:
    """The row that a link of a CSR table belongs to, by bisection."""
    low, high = 0, indptr.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if indptr[middle] <= link:
            low = middle
        else:
            high = middle
    return low


@kernel
def _draw_pair(t: Table, b: int) -> None:
    """A user and a target from the pool of interactions."""
    seed, conversation = f.seed(t)[b], f.conversation(t)[b]
    users, indptr, indices = f.pool_users(t), f.pool_indptr(t), f.pool_indices(t)
    if f.pool_by_user(t):
        row = random.draw_index(seed, conversation, 0, random.USER, users.shape[0])
        n = indptr[row + 1] - indptr[row]
        link = indptr[row] + random.draw_index(seed, conversation, 0, random.ITEM, n)
    else:
        link = random.draw_index(seed, conversation, 0, random.ITEM, indices.shape[0])
        row = _row_of_link(indptr, link)
    f.user(t)[b] = users[row]
    f.targets(t)[b, 0] = indices[link]


@kernel
def _draw_askable(t: Table, b: int, attributes: np.ndarray) -> int:
    """One of some attributes, or a facet that has one: uniformly, or by weight."""
    seed, conversation = f.seed(t)[b], f.conversation(t)[b]
    n, facet_of = attributes.shape[0], f.facet_of(t)
    by_weight = weighs_by_liking(t, b)
    if f.question(t) != FACET and not by_weight:
        return np.int64(attributes[random.draw_index(seed, conversation, 0, random.OPENING, n)])
    # The share of each askable: facets alike, or the weights of what the target has in it.
    shares = np.zeros(f.askables(t), dtype=np.int64)
    weight = weights(t, b) if by_weight else np.zeros(0, dtype=np.int32)
    for k in range(n):
        askable = np.int64(facet_of[attributes[k]] if f.question(t) == FACET else attributes[k])
        if askable >= 0:
            shares[askable] = shares[askable] + weight[attributes[k]] if by_weight else 1
    k = random.draw_index(seed, conversation, 0, random.OPENING, shares.sum())
    for askable in range(shares.shape[0]):
        k -= shares[askable]
        if k < 0:
            return askable
    return -1


@kernel
def _draw_further_targets(t: Table, b: int) -> None:
    """Other items of the user that have every opening attribute and must, without replacement.

    The item that the request names is none.
    """
    users, indptr, indices = f.pool_users(t), f.pool_indptr(t), f.pool_indices(t)
    row = np.searchsorted(users, f.user(t)[b])
    if row >= users.shape[0] or users[row] != f.user(t)[b]:
        return
    accepted, n_accepted, targets = f.accepted(t)[b], f.n_accepted(t)[b], f.targets(t)[b]
    eligible = np.empty(indptr[row + 1] - indptr[row], dtype=np.int32)
    n = 0
    for link in range(indptr[row], indptr[row + 1]):
        v = indices[link]
        fits = v != targets[0] and v != f.opening_item(t)[b] and has_musts(t, b, np.int64(v))
        for k in range(n_accepted):
            fits = fits and item_has(t, v, accepted[k])
        if fits:
            eligible[n] = v
            n += 1
    for k in range(f.max_targets(t) - 1):
        if n == 0:
            return
        seed, conversation = f.seed(t)[b], f.conversation(t)[b]
        pick = random.draw_index(seed, conversation, 0, random.TARGET + k, n)
        targets[f.n_targets(t)[b]] = eligible[pick]
        f.n_targets(t)[b] += 1
        for j in range(pick, n - 1):
            eligible[j] = eligible[j + 1]
        n -= 1


@kernel
def _attributes_of(t: Table, v: int) -> np.ndarray:
    return f.item_indices(t)[f.item_indptr(t)[v] : f.item_indptr(t)[v + 1]]


@kernel
def _draw_companions(t: Table, b: int, opening: int) -> np.ndarray:
    """Further targets that have something in common with those before; returns what all have.

    Args:
        opening: the attribute that is in common; -1: any.
    """
    seed, conversation, targets = f.seed(t)[b], f.conversation(t)[b], f.targets(t)[b]
    common = _attributes_of(t, np.int64(targets[0])).copy()
    if opening >= 0:
        common = np.array([opening], dtype=np.int32)
    users, indptr, indices = f.pool_users(t), f.pool_indptr(t), f.pool_indices(t)
    row = np.searchsorted(users, f.user(t)[b])
    if row >= users.shape[0] or users[row] != f.user(t)[b]:
        return common
    for k in range(f.max_targets(t) - 1):
        eligible, n = np.empty(indptr[row + 1] - indptr[row], dtype=np.int32), 0
        for link in range(indptr[row], indptr[row + 1]):
            v = np.int64(indices[link])
            fits = v != f.opening_item(t)[b] and has_musts(t, b, v)
            for j in range(f.n_targets(t)[b]):
                fits = fits and v != targets[j]
            if fits and _shared(t, v, common).shape[0] > 0:
                eligible[n] = v
                n += 1
        if n == 0:
            return common
        pick = eligible[random.draw_index(seed, conversation, 0, random.TARGET + k, n)]
        targets[f.n_targets(t)[b]] = pick
        f.n_targets(t)[b] += 1
        common = _shared(t, np.int64(pick), common)
    return common


@kernel
def _shared(t: Table, v: int, attributes: np.ndarray) -> np.ndarray:
    """Those of some attributes that an item has."""
    shared, n = np.empty(attributes.shape[0], dtype=np.int32), 0
    for k in range(attributes.shape[0]):
        if item_has(t, v, np.int64(attributes[k])):
            shared[n] = attributes[k]
            n += 1
    return shared[:n]


@kernel
def _sayable(t: Table, b: int, attributes: np.ndarray) -> np.ndarray:
    """Those that the user has too, where a yes needs that; all if none of these can open."""
    if not f.user_has_too(t):
        return attributes
    own, n, opens = np.empty(attributes.shape[0], dtype=np.int32), 0, False
    for k in range(attributes.shape[0]):
        if has_themselves(t, b, np.int64(attributes[k])):
            own[n] = attributes[k]
            n += 1
            opens = opens or f.question(t) != FACET or f.facet_of(t)[attributes[k]] >= 0
    return own[:n] if opens else attributes


@kernel
def _drop_unfit_targets(t: Table, b: int) -> None:
    """Further targets go that are against the instruction given with the request."""
    targets, n = f.targets(t)[b], 1
    for k in range(1, f.n_targets(t)[b]):
        if has_musts(t, b, np.int64(targets[k])):
            targets[n] = targets[k]
            n += 1
    f.n_targets(t)[b] = n


@kernel
def open_conversation(t: Table, b: int) -> None:
    """Draw who the user is and what they want and say first, and begin."""
    _draw_opening(t, b)
    begin(t, b)
    choose_acceptable(t, b)


@kernel
def _draw_opening(t: Table, b: int) -> None:
    """The user's side: user, targets, and what is named first, into `accepted`, `opening_item`."""
    if f.given_pair(t)[b] == 0:
        _draw_pair(t, b)
    f.n_targets(t)[b] = 1
    f.wanted_first(t)[b] = f.targets(t)[b, 0]
    f.promoted(t)[b] = 0
    askable = np.int64(f.given_opening(t)[b])
    f.given_pair(t)[b] = 0
    f.given_opening(t)[b] = -1
    # What is given is named, and nothing else.
    how = np.int64(trait(t, b, HOW)) if askable < 0 else np.int64(ATTRIBUTE)
    f.asked_facet(t)[b] = -1
    f.n_accepted(t)[b] = 0
    f.opening_item(t)[b] = -1
    if how in (ITEM, ITEM_ATTRIBUTE):
        f.opening_item(t)[b] = _liked_item(t, b)
        if f.opening_item(t)[b] < 0:
            how = np.int64(ATTRIBUTE)
    choose_musts(t, b)
    common = _attributes_of(t, np.int64(f.targets(t)[b, 0])).copy()
    if f.question(t) == CHOICE and f.max_targets(t) > 1:
        f.standing(t)[b, :] = -1  # that of the conversation before
        common = _draw_companions(t, b, askable)
    if askable < 0:
        common = _sayable(t, b, common)
    if how not in (ITEM, NO_WORD):
        _name_askable(t, b, askable, common)
    if how == SEVERAL:
        _name_further(t, b, common)
    choose_standing(t, b)
    if f.question(t) == CHOICE:
        _drop_unfit_targets(t, b)
    elif f.max_targets(t) > 1:
        _draw_further_targets(t, b)


@kernel
def _name_askable(t: Table, b: int, askable: int, attributes: np.ndarray) -> None:
    """One of some attributes, or all of them that are in a facet; -1: it is drawn."""
    if askable < 0:
        askable = _draw_askable(t, b, attributes)
    accepted, n = f.accepted(t)[b], 0
    if f.question(t) != FACET:
        accepted[0], n = askable, 1
    else:
        f.asked_facet(t)[b] = askable
        for k in range(attributes.shape[0]):
            if f.facet_of(t)[attributes[k]] == askable:
                accepted[n] = attributes[k]
                n += 1
    f.n_accepted(t)[b] = n


@kernel
def _name_further(t: Table, b: int, attributes: np.ndarray) -> None:
    """One or two attributes more, of those that are not named yet.

    Of the facet that a request opens with all are.
    """
    seed, conversation = f.seed(t)[b], f.conversation(t)[b]
    accepted, by_weight = f.accepted(t)[b], weighs_by_liking(t, b)
    weight = weights(t, b) if by_weight else np.zeros(0, dtype=np.int32)
    for k in range(1 + random.draw_index(seed, conversation, 0, random.SEVERAL, 2)):
        eligible, n = np.empty(attributes.shape[0], dtype=np.int32), 0
        for j in range(attributes.shape[0]):
            a = attributes[j]
            named = False
            for i in range(f.n_accepted(t)[b]):
                named = named or accepted[i] == a
            if not named:
                eligible[n] = a
                n += 1
        if n == 0:
            return
        pick = 0
        if by_weight:
            for i in range(1, n):
                if weight[eligible[i]] > weight[eligible[pick]]:
                    pick = i
        else:
            pick = random.draw_index(seed, conversation, 0, random.FURTHER + k, n)
        accepted[f.n_accepted(t)[b]] = eligible[pick]
        f.n_accepted(t)[b] += 1


@kernel
def _liked_item(t: Table, b: int) -> int:
    """The user's train item that shares most attributes with the target; -1: there is no other."""
    user, target = f.user(t)[b], np.int64(f.targets(t)[b, 0])
    best, most = np.int64(-1), -1
    for j in range(f.train_indptr(t)[user], f.train_indptr(t)[user + 1]):
        v = np.int64(f.train_indices(t)[j])
        shared = 0
        for k in range(f.item_indptr(t)[v], f.item_indptr(t)[v + 1]):
            shared += item_has(t, target, np.int64(f.item_indices(t)[k]))
        if v != target and (shared > most or (shared == most and v < best)):
            best, most = v, shared
    return best


@kernel
def begin(t: Table, b: int) -> None:
    """The system's side: everything as it stands after the user's opening."""
    f.verb(t)[b] = OPEN
    f.turn(t)[b] = f.first_turn(t)
    f.step(t)[b] = 0
    f.done(t)[b] = 0
    f.status(t)[b, :] = 0
    f.history(t)[b, :] = NOTHING
    f.facet_asked(t)[b, :] = 0
    f.n_shown_last(t)[b] = 0
    f.live(t)[b] = (ONE << np.uint64(f.n_targets(t)[b])) - ONE
    f.asked(t)[b, :] = -1
    f.shown(t)[b, :] = -1
    f.n_shown(t)[b] = 0
    f.notes(t)[b, :] = 0
    f.taken(t)[b, :] = 0
    f.inquired(t)[b] = -1
    f.rank(t)[b] = 0
    f.hit_turn(t)[b] = 0
    f.n_taken(t)[b] = 0
    f.worth(t)[b] = 0.0
    f.utility(t)[b] = 0.0
    f.aspects(t)[b, :] = -1
    f.disappointments(t)[b] = 0
    f.n_questions(t)[b] = 0
    f.n_refused(t)[b] = 0
    f.left(t)[b] = 0
    f.outcome(t)[b] = NOTHING
    f.reward(t)[b] = 0.0
    f.reward_terms(t)[b, :] = 0.0
    f.terminated(t)[b] = 0
    f.truncated(t)[b] = 0
    start_query(t, b)
    accepted, status = f.accepted(t)[b], f.status(t)[b]
    if f.n_accepted(t)[b] > 0:
        start_candidates(t, b, np.int64(accepted[0]))
    else:
        start_with_all(t, b)
    if f.opening_item(t)[b] >= 0:  # they know it already
        drop_items(t, b, f.opening_item(t)[b : b + 1], 1)
    for k in range(f.n_accepted(t)[b]):
        a = np.int64(accepted[k])
        status[a] = 1
        accept_in_query(t, b, a)
        narrow_targets(t, b, a)
        if k > 0:
            intersect(t, b, a)
    facet = f.asked_facet(t)[b]
    if facet >= 0:
        f.facet_asked(t)[b, facet] = 1
        for k in range(f.facet_indptr(t)[facet], f.facet_indptr(t)[facet + 1]):
            a = np.int64(f.facet_indices(t)[k])
            if status[a] == 0:
                status[a] = -1
                if f.on_reject_remove(t):
                    remove(t, b, a)
    _heed_standing(t, b)
    f.fresh(t)[b] = 0
    if f.track(t):
        refresh(t, b)


@kernel
def _heed_standing(t: Table, b: int) -> None:
    """Take the instruction given with the request, if it holds, like a yes or a no."""
    standing, status = f.standing(t)[b], f.status(t)[b]
    if standing[HOLDS] != 1:
        return
    wanted, avoided = np.int64(standing[WANTED]), np.int64(standing[AVOIDED])
    if wanted >= 0 and status[wanted] == 0:
        status[wanted] = 1
        accept_in_query(t, b, wanted)
        narrow_targets(t, b, wanted)
        intersect(t, b, wanted)
    if avoided >= 0 and status[avoided] == 0:
        status[avoided] = -1
        if f.on_reject_remove(t):
            remove(t, b, avoided)
