"""Candidate sets, the counts of attributes in them, and entropies. docs/protocols.md has the rules.

Until the first yes the candidates of a row are the postings of its opening attribute, and nothing
is copied (`own` is 0); where no attribute was named they are all items. Counts start from a row of
the co-occurrence table, or from the totals of the world, and follow the smaller side of each cut,
the items that stay or the items that go; in worlds of few attributes they are the sizes of
intersections with the set of each.
"""

from __future__ import annotations

import numpy as np

from recosim.envs.cpr import fields as f
from recosim.kernels.bits import popcount, trailing_zeros
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table
from recosim.users.behaviour import TRAITS

__all__ = [
    "any_candidate_has",
    "can_reflect",
    "count_candidates",
    "drop_items",
    "fill_mask",
    "intersect",
    "is_candidate",
    "item_has",
    "keep_chosen",
    "refresh",
    "remove",
    "start_candidates",
    "start_with_all",
    "trait",
]

ONE = np.uint64(1)
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
LOW6 = np.int64(63)
FEEDBACK = TRAITS.index("feedback")
NO_QUESTIONS = 3
# Words of all attribute sets that can be intersected and counted while one item is walked over.
PASSES_PER_WALK = 20
# Columns of the table of the first attributes of each item.
COLUMNS = 8
# Attributes to clear and to add up while one item is walked over.
ATTRIBUTES_PER_ITEM = 4
# Attributes that are cleared as fast in a row as one by a list.
ATTRIBUTES_PER_ENTRY = 8
# Counts up to which entropies are computed once for all attributes.
SMALL = 32


@kernel
def item_has(t: Table, v: int, a: int) -> bool:
    return (f.bitsets(t)[a, v >> 6] >> np.uint64(v & LOW6)) & ONE != np.uint64(0)


@kernel
def current_words(t: Table, b: int) -> np.ndarray:
    """The candidates of a row as words, wherever they are."""
    if f.own(t)[b]:
        return f.candidates(t)[b]
    return f.bitsets(t)[f.opening(t)[b]]


@kernel
def is_candidate(t: Table, b: int, v: int) -> bool:
    return (current_words(t, b)[v >> 6] >> np.uint64(v & LOW6)) & ONE != np.uint64(0)


@kernel
def start_candidates(t: Table, b: int, a: int) -> None:
    """All items that have the opening attribute."""
    indptr = f.posting_indptr(t)
    f.opening(t)[b] = a
    f.own(t)[b] = 0
    f.n_candidates(t)[b] = indptr[a + 1] - indptr[a]
    f.counted(t)[b] = 0
    f.weighed(t)[b] = 0


@kernel
def start_with_all(t: Table, b: int) -> None:
    """All items: no attribute was named."""
    n, words = np.int64(f.items(t)), f.candidates(t)[b]
    for w in range(words.shape[0]):
        bits = n - (w << 6)
        if bits >= 64:
            words[w] = ALL
        else:
            words[w] = (ONE << np.uint64(max(bits, 0))) - ONE
    f.opening(t)[b] = -1
    f.own(t)[b] = 1
    f.n_candidates(t)[b] = n
    f.counted(t)[b] = 0
    f.weighed(t)[b] = 0


@kernel
def _are_all(t: Table, b: int) -> bool:
    """Whether every item is a candidate: what they have is then what the world has."""
    return f.n_candidates(t)[b] == f.items(t)


@kernel
def _total(t: Table, a: int) -> int:
    """Items of the world that have an attribute."""
    return f.posting_indptr(t)[a + 1] - f.posting_indptr(t)[a]


@kernel
def _add_word(t: Table, counts: np.ndarray, w: int, word: np.uint64, sign: int) -> None:
    """Add the attributes of the items of word `w` of a set to counts, or subtract them.

    Indices are unsigned: signed ones are compared with 0 each time, since -1 would be the last.
    """
    indptr, indices = f.item_indptr(t), f.item_indices(t)
    while word != np.uint64(0):
        v = np.uint64((w << 6) + trailing_zeros(word))
        word &= word - ONE
        for k in range(np.uint64(indptr[v]), np.uint64(indptr[v + ONE])):
            counts[np.uint64(indices[k])] += sign


@kernel
def count_candidates(t: Table, b: int) -> None:
    """Bring the counts of a row up to date, from scratch if they are not."""
    if f.counted(t)[b]:
        return
    f.counted(t)[b] = 1
    counts = f.counts(t)[b]
    if f.sparse_attributes(t) > 0:
        _count_present(t, b)
    elif f.own(t)[b] == 0 and f.cooccurrence_size(t) > 0:
        counts[:] = f.cooccurrence(t)[f.opening(t)[b]]
    elif _are_all(t, b):
        for a in range(counts.shape[0]):
            counts[a] = _total(t, a)
    else:
        counts[:] = 0
        words = current_words(t, b)
        for w in range(words.shape[0]):
            _add_word(t, counts, w, words[w], 1)


@kernel
def _count_present(t: Table, b: int) -> None:
    """The same where there are many attributes: lists those that a candidate has."""
    _clear_present(t, b)
    counts, present, n = f.counts(t)[b], f.present(t)[b], 0
    if f.own(t)[b] == 0 and f.joint_rows(t) > 0:
        opening, others, both = f.opening(t)[b], f.joint_indices(t), f.joint_counts(t)
        for k in range(f.joint_indptr(t)[opening], f.joint_indptr(t)[opening + 1]):
            present[n] = others[k]
            counts[np.uint64(others[k])] = both[k]
            n += 1
        f.n_present(t)[b] = n
        return
    if _are_all(t, b):
        for a in range(counts.shape[0]):
            if _total(t, a) > 0:
                present[n] = a
                counts[a] = _total(t, a)
                n += 1
        f.n_present(t)[b] = n
        return
    indptr, indices = f.item_indptr(t), f.item_indices(t)
    words = current_words(t, b)
    for w in range(words.shape[0]):
        word = words[w]
        while word != np.uint64(0):
            v = np.uint64((w << 6) + trailing_zeros(word))
            word &= word - ONE
            for k in range(np.uint64(indptr[v]), np.uint64(indptr[v + ONE])):
                a = np.uint64(indices[k])
                if counts[a] == 0:
                    present[n] = indices[k]
                    n += 1
                counts[a] += 1
    f.n_present(t)[b] = n


@kernel
def _clear_present(t: Table, b: int) -> None:
    """Forget the list of an earlier conversation, and what stands at its attributes."""
    _clear_listed(t, b, f.counts(t)[b])
    _clear_listed(t, b, f.entropy(t)[b])
    if f.filled(t)[b] == 0:
        _clear_listed(t, b, f.mask(t)[b])
    if f.has_weights(t)[b]:
        _clear_listed(t, b, f.weighted_entropy(t)[b])
        f.has_weights(t)[b] = 0
    f.n_present(t)[b] = 0


@kernel
def _clear_listed(t: Table, b: int, values: np.ndarray) -> None:
    """Set values to 0 that are 0 but at the attributes of the list."""
    n, asks = f.n_present(t)[b], f.askables(t)
    if n * ATTRIBUTES_PER_ENTRY > asks:
        values[:asks] = 0
        return
    for k in range(n):
        values[np.uint64(f.present(t)[b, k])] = 0


@kernel
def _clear_counts(t: Table, b: int) -> None:
    if f.sparse_attributes(t) > 0:
        _clear_listed(t, b, f.counts(t)[b])
    else:
        f.counts(t)[b, :] = 0


@kernel
def _size_of_cut(t: Table, b: int, a: int) -> int:
    """Candidates that have an attribute."""
    if f.counted(t)[b]:
        return f.counts(t)[b, a]
    if f.own(t)[b] == 0 and f.cooccurrence_size(t) > 0:
        return f.cooccurrence(t)[f.opening(t)[b], a]
    if _are_all(t, b):
        return _total(t, a)
    words, other = current_words(t, b), f.bitsets(t)[a]
    size = 0
    for w in range(words.shape[0]):
        size += popcount(words[w] & other[w])
    return size


@kernel
def any_candidate_has(t: Table, b: int, a: int) -> bool:
    if f.counted(t)[b]:
        return f.counts(t)[b, a] > 0
    if f.own(t)[b] == 0 and f.cooccurrence_size(t) > 0:
        return f.cooccurrence(t)[f.opening(t)[b], a] > 0
    if _are_all(t, b):
        return _total(t, a) > 0
    words, other = current_words(t, b), f.bitsets(t)[a]
    for w in range(words.shape[0]):  # noqa: SIM110 (numba compiles no generators)
        if words[w] & other[w]:
            return True
    return False


@kernel
def _cut_and_walk(
    t: Table,
    b: int,
    old: np.ndarray,
    keep: np.ndarray,
    invert: np.uint64,
    new: np.ndarray,
    goes: bool,
    side: int,
) -> None:
    """Cut the candidates; walk over the `side` items that go (or stay) to bring the counts along.

    `new` may be the same memory as `old`: a word is read before it is written.
    """
    counts = f.counts(t)[b]
    flip = np.uint64(0xFFFFFFFFFFFFFFFF) if goes else np.uint64(0)
    sign = -1 if goes else 1
    if not goes:
        _clear_counts(t, b)
    if f.column_items(t) > 0 and side * ATTRIBUTES_PER_ITEM > f.attributes(t):
        _cut_and_count_columns(t, old, keep, invert, new, flip, counts, sign)
        return
    for w in range(old.shape[0]):
        before = old[w]
        after = before & (keep[w] ^ invert)
        new[w] = after
        _add_word(t, counts, w, before & (after ^ flip), sign)


@kernel
def _cut_and_count_columns(
    t: Table,
    old: np.ndarray,
    keep: np.ndarray,
    invert: np.uint64,
    new: np.ndarray,
    flip: np.uint64,
    counts: np.ndarray,
    sign: int,
) -> None:
    """The same, three times as fast where many items are walked over.

    Each column of the table has counts of its own: an item then adds 1 in eight places, whatever
    the item before it did, and with no loop of an unknown length.
    """
    columns, long_items = f.item_columns(t), f.long_items(t)
    indptr, indices = f.item_indptr(t), f.item_indices(t)
    sums = np.zeros((COLUMNS, counts.shape[0] + 1), dtype=np.int32)
    for w in range(old.shape[0]):
        before = old[w]
        after = before & (keep[w] ^ invert)
        new[w] = after
        word = before & (after ^ flip)
        rest = word & long_items[w]
        while word != np.uint64(0):
            v = np.uint64((w << 6) + trailing_zeros(word))
            word &= word - ONE
            sums[0, np.uint64(columns[v, 0])] += 1
            sums[1, np.uint64(columns[v, 1])] += 1
            sums[2, np.uint64(columns[v, 2])] += 1
            sums[3, np.uint64(columns[v, 3])] += 1
            sums[4, np.uint64(columns[v, 4])] += 1
            sums[5, np.uint64(columns[v, 5])] += 1
            sums[6, np.uint64(columns[v, 6])] += 1
            sums[7, np.uint64(columns[v, 7])] += 1
        while rest != np.uint64(0):
            v = np.uint64((w << 6) + trailing_zeros(rest))
            rest &= rest - ONE
            for k in range(np.uint64(indptr[v]) + np.uint64(COLUMNS), np.uint64(indptr[v + ONE])):
                counts[np.uint64(indices[k])] += sign
    for a in range(counts.shape[0]):
        total = 0
        for j in range(COLUMNS):
            total += sums[j, a]
        counts[a] += sign * total


@kernel
def _count_by_sets(t: Table, b: int, words: np.ndarray) -> None:
    """Counts from the intersections with the set of each attribute: for few attributes."""
    counts, bitsets = f.counts(t)[b], f.bitsets(t)
    for a in range(counts.shape[0]):
        row = bitsets[a]
        count = 0
        for w in range(words.shape[0]):
            count += popcount(words[w] & row[w])
        counts[a] = count


@kernel
def _cut(t: Table, b: int, a: int, keep: np.ndarray, invert: np.uint64, size: int) -> None:
    """Keep the `size` candidates of a set, or with `invert` all ones those outside of it.

    Args:
        a: the attribute that the set is of; -1: it is of several.
    """
    old, new = current_words(t, b), f.candidates(t)[b]
    n = f.n_candidates(t)[b]
    side = min(size, n - size)
    if a >= 0 and f.counted(t)[b] and n == f.items(t) and f.cooccurrence_size(t) > 0:
        # Of all items the table has the counts of what stays, or of what goes.
        counts, table = f.counts(t)[b], f.cooccurrence(t)[a]
        for w in range(old.shape[0]):
            new[w] = old[w] & (keep[w] ^ invert)
        for other in range(counts.shape[0]):
            counts[other] = table[other] if invert == np.uint64(0) else counts[other] - table[other]
    elif f.counted(t)[b] and f.attributes(t) * f.words(t) > PASSES_PER_WALK * side:
        _cut_and_walk(t, b, old, keep, invert, new, size > n - size, side)
    else:
        for w in range(old.shape[0]):
            new[w] = old[w] & (keep[w] ^ invert)
        if f.counted(t)[b]:
            _count_by_sets(t, b, new)
    f.own(t)[b] = 1
    f.n_candidates(t)[b] = size
    f.weighed(t)[b] = 0


@kernel
def intersect(t: Table, b: int, a: int) -> None:
    """Keep the candidates that have an attribute, unless none would be left (a contradiction)."""
    size = _size_of_cut(t, b, a)
    if 0 < size < f.n_candidates(t)[b]:
        _cut(t, b, a, f.bitsets(t)[a], np.uint64(0), size)


@kernel
def remove(t: Table, b: int, a: int) -> None:
    """Drop the candidates that have an attribute, unless none would be left (a contradiction)."""
    n = f.n_candidates(t)[b]
    size = n - _size_of_cut(t, b, a)
    if 0 < size < n:
        _cut(t, b, a, f.bitsets(t)[a], ALL, size)


@kernel
def keep_chosen(t: Table, b: int) -> None:
    """What a choice question leaves: candidates with any accepted and no rejected attribute of it.

    All, if none has an accepted one; under `keep` rejected ones are passed over. Unless none would
    be left. Reads `asked` and `status`, which tells the answers already.
    """
    held, asked, status = current_words(t, b), f.asked(t)[b], f.status(t)[b]
    chosen, some = np.zeros(held.shape[0], dtype=np.uint64), np.uint64(0)
    for k in range(asked.shape[0]):
        if asked[k] >= 0 and status[asked[k]] == 1:
            words = f.bitsets(t)[asked[k]]
            for w in range(held.shape[0]):
                chosen[w] |= held[w] & words[w]
                some |= chosen[w]
    if some == np.uint64(0):
        chosen[:] = held
    if f.on_reject_remove(t):
        for k in range(asked.shape[0]):
            if asked[k] >= 0 and status[asked[k]] == -1:
                words = f.bitsets(t)[asked[k]]
                for w in range(held.shape[0]):
                    chosen[w] &= ~words[w]
    size = 0
    for w in range(held.shape[0]):
        size += popcount(chosen[w])
    if 0 < size < f.n_candidates(t)[b]:
        _cut(t, b, -1, chosen, np.uint64(0), size)


@kernel
def drop_items(t: Table, b: int, dropped: np.ndarray, n: int) -> None:
    """Take shown items out of the candidates; items that are no candidates are passed over."""
    new = f.candidates(t)[b]
    if f.own(t)[b] == 0:
        new[:] = f.bitsets(t)[f.opening(t)[b]]
        if f.counted(t)[b] == 0:
            count_candidates_if_tracked(t, b)
        f.own(t)[b] = 1
    elif f.counted(t)[b] == 0 and _are_all(t, b):
        count_candidates_if_tracked(t, b)
    indptr, indices = f.item_indptr(t), f.item_indices(t)
    counts = f.counts(t)[b]
    for k in range(n):
        v = np.int64(dropped[k])
        bit = ONE << np.uint64(v & LOW6)
        if new[v >> 6] & bit:
            new[v >> 6] &= ~bit
            f.n_candidates(t)[b] -= 1
            if f.counted(t)[b]:
                for j in range(indptr[v], indptr[v + 1]):
                    counts[indices[j]] -= 1
    f.weighed(t)[b] = 0


@kernel
def count_candidates_if_tracked(t: Table, b: int) -> None:
    if f.track(t):
        count_candidates(t, b)


@kernel
def binary_entropy_of(n_log_n: np.ndarray, count: int, n: int) -> float:
    """Entropy in bits of count / n, from a table of n * log2(n); exactly that of n - count."""
    return (n_log_n[n] - (n_log_n[count] + n_log_n[n - count])) / n


@kernel
def trait(t: Table, b: int, setting: int) -> float:
    """A setting of the user of a row, by its position in `TRAITS`."""
    return f.traits(t)[min(np.int64(f.user(t)[b]), f.trait_rows(t) - 1), setting]


@kernel
def can_reflect(t: Table, b: int) -> bool:
    """Whether there is a refused list to reflect on, and a user who reacts to lists."""
    return f.n_shown_last(t)[b] > 0 and trait(t, b, FEEDBACK) > 0


@kernel
def fill_mask(t: Table, b: int) -> None:
    """A mask is never all zero: once ended, nothing matters any more."""
    f.mask(t)[b, :] = 1
    f.filled(t)[b] = 1


@kernel
def _refresh_present(t: Table, b: int, n: int) -> None:
    """Entropies and mask where there are many attributes, of which few candidates have any.

    Shortens the list of them by what the candidates have no more and no value stands at.
    """
    counts, status, table = f.counts(t)[b], f.status(t)[b], f.n_log_n(t)
    entropy, mask, present = f.entropy(t)[b], f.mask(t)[b], f.present(t)[b]
    ended, asked = f.done(t)[b] != 0, f.question(t) != NO_QUESTIONS
    # Most attributes are those of a few candidates.
    small = np.empty(min(n, SMALL) + 1, dtype=np.float32)
    for count in range(1, small.shape[0]):
        small[count] = binary_entropy_of(table, count, n)
    left = 0
    for k in range(f.n_present(t)[b]):
        a = np.uint64(present[k])
        count = np.int64(counts[a])
        if count > 0 or f.has_weights(t)[b]:
            present[left] = present[k]
            left += 1
        if count > 0 and status[a] == 0:
            if count < small.shape[0]:
                entropy[a] = small[count]
            else:
                entropy[a] = binary_entropy_of(table, count, n)
            mask[a] = asked or ended
        else:
            entropy[a] = 0.0
            mask[a] = ended
    f.n_present(t)[b] = left


@kernel
def refresh(t: Table, b: int) -> None:
    """Entropies and mask of a row, from its counts."""
    if f.fresh(t)[b]:
        return
    f.fresh(t)[b] = 1
    n = np.int64(f.n_candidates(t)[b])
    entropy, mask = f.entropy(t)[b], f.mask(t)[b]
    asks = f.askables(t)
    if f.done(t)[b]:
        fill_mask(t, b)
    else:
        if f.sparse_attributes(t) > 0 and f.filled(t)[b]:
            mask[:asks] = 0
        f.filled(t)[b] = 0
        mask[asks] = n > 0
        mask[asks + 1] = can_reflect(t, b)
    if n == 0:
        entropy[:] = 0.0
        if not f.done(t)[b]:
            mask[:asks] = 0
        return
    count_candidates(t, b)
    counts, status, table = f.counts(t)[b], f.status(t)[b], f.n_log_n(t)
    ended = f.done(t)[b] != 0
    if f.sparse_attributes(t) > 0:
        _refresh_present(t, b, n)
        return
    if f.question(t) != 1:
        for a in range(asks):
            count = np.int64(counts[a])
            if status[a] == 0 and count > 0:
                entropy[a] = binary_entropy_of(table, count, n)
                mask[a] = f.question(t) != NO_QUESTIONS or ended
            else:
                entropy[a] = 0.0
                mask[a] = ended
        return
    indptr, indices, was_asked = f.facet_indptr(t), f.facet_indices(t), f.facet_asked(t)[b]
    for facet in range(asks):
        total = 0.0
        present = False
        if was_asked[facet] == 0:
            for k in range(indptr[facet], indptr[facet + 1]):
                a = indices[k]
                count = np.int64(counts[a])
                if count > 0:
                    present = True
                    if status[a] == 0:
                        total += binary_entropy_of(table, count, n)
        entropy[facet] = total
        mask[facet] = present or ended
