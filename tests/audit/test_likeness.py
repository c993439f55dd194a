"""The classifier finds a difference where there is one, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.audit.dialogues import Collection, Conversation, Turn
from recosim.audit.likeness import auc_of, likeness
from recosim.audit.masking import Mask
from recosim.errors import OptionError

WORDS = [f"w{chr(97 + k)}" for k in range(20)]


def collection(name, seed, common=0.0, talks=60, own=False):
    """Conversations of 5 turns of drawn words; some speak their own word in every turn."""
    luck, made = np.random.default_rng(seed), []
    for k in range(talks):
        turns = []
        for _ in range(5):
            text = " ".join(luck.choice(WORDS, 6))
            if luck.random() < common:
                text += " indeed"
            if own:
                text += f" own{name}{'xyz'[k % 3] * (k + 1)}"
            turns.append(Turn("user", frozenset(), text))
        made.append(Conversation(str(k), str(k), tuple(turns)))
    return Collection(name, tuple(made), frozenset({"words"}))


def test_the_same_kind_of_talk_cannot_be_told_apart():
    found = auc_of(collection("a", 1), collection("b", 2), Mask([]))
    assert found["turns"]["value"] == pytest.approx(0.5, abs=0.08)
    assert found["turns"]["of"] == [300, 300]


def test_folds_are_of_conversations():
    """A word that only one conversation has gives it away, if it was trained on, too."""
    found = auc_of(collection("a", 1, own=True), collection("b", 2, own=True), Mask([]))
    assert found["turns"]["value"] == pytest.approx(0.5, abs=0.08)


def test_a_word_of_one_side_is_found_unless_it_is_a_name():
    a, b = collection("a", 1, common=0.5, talks=150), collection("b", 2, talks=150)
    seen = auc_of(a, b, Mask([]))
    assert seen["conversations"]["value"] > seen["turns"]["value"]
    # The expected area: half of the turns of a have the word, the other half are like b's.
    assert seen["turns"]["value"] == pytest.approx(0.5 * 1 + 0.5 * 0.5, abs=0.07)
    named = Collection("a", a.conversations, a.tells, ("indeed",))
    masked = auc_of(named, b, Mask([*named.names, *WORDS]))
    assert masked["turns"]["value"] == pytest.approx(0.5)


def test_the_control_is_people_against_people():
    people = [collection("p", 3), collection("q", 4, common=0.9)]
    found = likeness(collection("ours", 5, common=0.9), people)
    assert [(entry["a"], entry["b"]) for entry in found["control"]] == [("p", "q")]
    assert found["people"][0]["turns"]["value"] > 0.8
    assert found["people"][1]["turns"]["value"] == pytest.approx(0.5, abs=0.1)
    assert likeness(collection("ours", 5), people[:1])["control"] == []


def test_too_few_conversations_are_told():
    with pytest.raises(OptionError, match="at least 2; there are 1"):
        auc_of(collection("a", 1, talks=1), collection("b", 2), Mask([]))
