"""What conversations tell of users of any family: leaks, wording, whether words are read back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from recosim.acts import Answer, Ask, Critique, Leave, React, Recommend, UserAct
from recosim.envs.acts import Acts
from recosim.envs.setup import Setup
from recosim.envs.shares import bare, share
from recosim.envs.words import words_of
from recosim.errors import NotUnderstood
from recosim.users.carried import missed
from recosim.users.leaks import KINDS, Secrets

__all__ = ["Talks"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Talks:
    """Conversations of a setup: `rows` of their trace. Measurements are JSON values."""

    setup: Setup
    rows: Sequence[Row]

    @cached_property
    def acts(self) -> Acts:
        """Of the family."""
        acts: Acts = self.setup.family.load("acts")
        return acts

    @cached_property
    def said(self) -> list[Row]:
        """The rows in which the user said something."""
        return [row for row in self.rows if row["said"]]

    @cached_property
    def answers(self) -> list[tuple[UserAct, ...]]:
        """What the user did in each row."""
        return [self.acts.user_acts(row) for row in self.rows]

    def leakage(self, talked: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """How many utterances name what was in mind before it is taken: said, and kept back.

        Args:
            talked: the report of the speaker.
        """
        world = self.setup.world
        secrets, names = Secrets(world), [str(a) for a in world.attribute_names]
        kinds: list[str] = []  # of each utterance, "" for none
        for row in self.said:
            taken = any(
                isinstance(act, React) and act.accepted is not None
                for act in self.acts.user_acts(row)
            )
            hidden = self.acts.secrets(row)
            leaks = [] if taken else secrets.find(row["said"], hidden, allowed=names)
            kinds.append(min((leak.kind for leak in leaks), key=KINDS.index, default=""))
        examples = [row["said"] for row, kind in zip(self.said, kinds, strict=True) if kind]
        users = [row["user"] for row in self.said]
        tried = talked.get("leaks", dict.fromkeys(KINDS, 0))
        return {
            "said": {kind: share([found == kind for found in kinds], users) for kind in KINDS},
            "kept_back": {kind: bare(tried[kind], talked["utterances"]) for kind in KINDS},
        }, examples[:10]

    def reading(self) -> dict[str, Any]:
        """Whether the words of answers to questions and lists are read as what they stand for."""
        rules = self.setup.protocol
        parser = self.acts.language(self.setup.world, rules).parser
        found, users = [], []
        for row in self.said:
            if not isinstance(self.acts.system_act(row), (Ask, Recommend)):
                continue
            users.append(row["user"])
            try:
                read = parser.parse_turn(row["said"], self.acts.context(row, rules))
            except NotUnderstood:
                found.append("unclear")
            else:
                found.append("other" if missed(self.acts.user_acts(row), read) else "right")
        kinds = ("right", "unclear", "other")
        return {kind: share([each == kind for each in found], users) for kind in kinds}

    def wording(self) -> dict[str, Any]:
        """Variety of wording: of whole utterances and of pairs of words, and their length."""
        texts = [row["said"] for row in self.said]
        words = [text.casefold().split() for text in texts]
        pairs = [pair for text in words for pair in pairwise(text)]
        same = [row["said"] for row in self.said if _is_no(self.acts.user_acts(row))]
        return {
            "distinct_utterances": bare(len(set(texts)), len(texts)),
            "distinct_2": bare(len(set(pairs)), len(pairs)),
            "distinct_among_no": bare(len(set(same)), len(same)),
            "mean_words": float(np.mean([len(text) for text in words])) if words else 0.0,
        }

    def people(self) -> dict[str, Any]:
        """How users differ: spread over users of the rate of yes, and of the length of talks."""
        words = words_of(self.setup.family.name)
        yes: dict[int, list[bool]] = defaultdict(list)
        moves: dict[int, list[int]] = defaultdict(list)
        left, last = [], []
        for row, acts in zip(self.rows, self.answers, strict=True):
            if isinstance(self.acts.system_act(row), Ask):
                yes[row["user"]].append(any(_is_yes(act) for act in acts))
            if row["terminated"] or row["truncated"]:
                last.append(row["user"])
                left.append(any(isinstance(act, Leave) for act in acts))
                moves[row["user"]].append(words.number(row) or 0)
        rates = [float(np.mean(v)) for v in yes.values()]
        lengths = [float(np.mean(v)) for v in moves.values()]
        return {
            "users": len(moves),
            "yes_rate_sd": float(np.std(rates)) if rates else 0.0,
            "moves_sd": float(np.std(lengths)) if lengths else 0.0,
            "left": share(left, last),
        }


def _is_yes(act: UserAct) -> bool:
    return isinstance(act, Answer) and act.kind == "yes"


def _is_no(acts: Sequence[UserAct]) -> bool:
    """A no to a question, or a critique where it was asked for."""
    first = acts[0] if acts else None
    return isinstance(first, Critique) or (isinstance(first, Answer) and first.kind == "no")
