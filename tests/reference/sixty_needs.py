"""A small collection to search in: sixty needs of six words each, and five documents for each."""

from __future__ import annotations

from functools import cache

import numpy as np

from recosim.world.csr import csr_from_lists
from recosim.world.strings import StringTable
from recosim.world.topics import Topics, judgements_of
from recosim.world.world import World, build_world


@cache
def collection() -> World:
    """Topics of eight words each; documents that hold some of them; two facets of attributes."""
    rng = np.random.default_rng(7)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(rng.choice(letters, 7)) for _ in range(500)])
    documents, needs, said, judged, has = [], [], [], [], []
    for _ in range(60):
        subject = rng.choice(400, 8, replace=False)
        needs.append(" ".join(words[subject[:6]]))
        said.append(" ".join(words[subject[:3]]))
        grades = {}
        for _ in range(5):
            held = rng.choice(subject, 4, replace=False)
            noise = rng.choice(500, 12)
            grades[len(documents)] = 2 * int(np.isin(held, subject[:6]).all())
            documents.append(" ".join(words[[*held, *held, *noise]]))
            has.append(sorted({int(rng.integers(4)), 4 + int(rng.integers(3))}))
        grades[len(documents) - 1] = 1
        judged.append(grades)
    n, none = len(needs), csr_from_lists([], 0)
    names = StringTable.of([str(t) for t in range(n)])
    topics = Topics(
        names=names,
        split=np.repeat([0, 1, 2], [36, 4, 20]).astype(np.int8),
        turn_topic=np.arange(n, dtype=np.int32),
        turn_names=names,
        utterances=StringTable.of(said),
        needs=StringTable.of(needs),
        rewrites=StringTable.of([""] * n),
        answers=StringTable.of([""] * n),
        history=csr_from_lists([[] for _ in range(n)]),
    )
    ids = [str(d) for d in range(len(documents))]
    return build_world(
        name="sixty",
        item_attributes=csr_from_lists(has),
        train=none,
        valid=none,
        test=none,
        n_attributes=7,
        attribute_facet=[0, 0, 0, 0, 1, 1, 1],
        facet_names=["colour", "size"],
        attribute_names=[str(word) for word in words[:7]],
        item_names=ids,
        item_ids=ids,
        item_texts=documents,
        topics=topics,
        judgements=judgements_of(judged),
    )
