"""`SearchRules`: the choices of a ConvSim search, by name. docs/convsim.md says what each means."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from recosim.envs import rules
from recosim.errors import OptionError, unknown
from recosim.retrieval.tokens import Tokeniser

__all__ = ["CANDIDATES", "ROOM", "STARTS", "Kind", "Rewards", "SearchRules"]

# Places for terms of a query, for what was said of terms, and for documents that were marked.
ROOM = 64
CANDIDATES = 32  # terms that the shortlist of questions is made from


class Kind(IntEnum):
    """What the user said with a move (docs/convsim.md, section 3); the codes of traces."""

    NOTHING = 0
    YES = 1
    NO_BARE = 2
    NO_INFORM = 3
    VALUE = 4
    OFF_TOPIC = 5
    DONT_KNOW = 6
    POSITIVE = 7
    NEG_BARE = 8
    NEG_VAGUE = 9
    NEG_REFINE = 10


# Whole numbers, and the least and the most that each may be.
_WHOLE = {
    "max_turns": (1, 100),
    "rounds": (0, 50),
    "top_k": (1, 100),
    "reads": (1, 100),
    "before": (0, 100),
    "questions": (0, 32),
    "split_over": (1, 100),
    "depth": (1, 1000),
    "ndcg_at": (1, 100),
}
# Numbers, and the least and the most that each may be.
_REAL = {
    "dropped": (0.0, 1.0),
    "no_weight": (0.0, 10.0),
    "k1": (0.0, 1000.0),
    "b": (0.0, 1.0),
    "stop_at": (0.0, 1.0),
}
STARTS = ("said", "rewrite", "partial")
_WORDS: dict[str, tuple[str, ...]] = {
    "start": STARTS,
    "shortlist": ("split", "likely"),
    "rewrite": ("append", "rocchio", "rm3"),
    "retriever": ("bm25", "dense"),
    "reranker": ("none", "dense"),
}


@dataclass(frozen=True)
class Rewards(rules.Rewards):
    """What each event of a move is worth (docs/convsim.md, section 6)."""

    gain: float = 1.0
    question: float = -0.02
    word: float = -0.005
    illegal: float = -0.1


@dataclass(frozen=True)
class SearchRules(rules.Rules):
    """The rules of a search: one need, rounds of asking, showing and hearing what was wrong.

    Attributes:
        max_turns: questions and lists of a search, at most.
        rounds: lists after the first one, at most.
        top_k: documents of a list, at most.
        reads: documents of a list that the user looks at, at most.
        start: what the first query holds: what was "said", its "rewrite" by a person, or the need
            in part ("partial").
        before: earlier utterances that belong to what was said.
        dropped: share of the terms of the need that "partial" leaves unsaid.
        questions: terms on the shortlist of questions.
        shortlist: how it is made: terms that "split" the documents found, or "likely" ones.
        split_over: documents found that it is made from.
        rewrite: what a reflection does to the query: "append", "rocchio" or "rm3".
        no_weight: weight against a term to which the user said no.
        retriever: "bm25" or "dense". reranker: "none", or "dense" for another order of what was
            found. encoder: of "dense".
        k1, b: of BM25. plurals: whether plurals are terms of their own.
        depth: documents that a search finds.
        ndcg_at: cut-off of the nDCG of rewards and headlines.
        oracle_stop, stop_at: whether a list whose true nDCG is at least `stop_at` ends the search;
            that reads the judgements.
        rewards: what each event is worth.

    Raises:
        OptionError, UnknownNameError: a value that a choice cannot have.
    """

    max_turns: int = 12
    rounds: int = 3
    top_k: int = 10
    reads: int = 3
    start: Literal["said", "rewrite", "partial"] = "said"
    before: int = 2
    dropped: float = 0.4
    questions: int = 8
    shortlist: Literal["split", "likely"] = "split"
    split_over: int = 10
    rewrite: Literal["append", "rocchio", "rm3"] = "append"
    no_weight: float = 0.0
    retriever: Literal["bm25", "dense"] = "bm25"
    reranker: Literal["none", "dense"] = "none"
    encoder: str = "wordllama"
    k1: float = 0.9
    b: float = 0.4
    plurals: bool = True
    depth: int = 100
    ndcg_at: int = 3
    oracle_stop: bool = False
    stop_at: float = 0.75
    rewards: Rewards = field(default_factory=Rewards)

    def __post_init__(self) -> None:
        for name, (low, high) in _WHOLE.items():
            rules.check_whole(name, getattr(self, name), low, high)
        for name, (least, most) in _REAL.items():
            rules.check_number(name, getattr(self, name), least, most)
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise unknown(f"value of {name}", getattr(self, name), words)
        for name in ("plurals", "oracle_stop"):
            if not isinstance(getattr(self, name), bool):
                raise OptionError(f"{name} is {getattr(self, name)!r}; true or false is needed.")
        if not isinstance(self.encoder, str):
            raise OptionError(f"encoder is {self.encoder!r}; the name of an encoder is needed.")

    @property
    def acting_turns(self) -> int:
        # A reflection takes no turn, and there is at most one for each move that does.
        return 2 * self.max_turns

    @property
    def tokeniser(self) -> Tokeniser:
        """What the index of the collection is made with."""
        return Tokeniser(function_words=False, plurals=self.plurals)


SearchRules.PRESETS = {
    "search": SearchRules(),
    "partial": SearchRules(start="partial"),
    "developer": SearchRules(start="partial", rounds=0, shortlist="likely"),
}
