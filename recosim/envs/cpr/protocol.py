"""`Protocol`: every choice that the literature makes silently about one CPR conversation.

The rules themselves are in docs/protocols.md; `recosim.envs.cpr` implements them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args, get_type_hints

from recosim.envs import rules
from recosim.envs.rules import Rules
from recosim.errors import OptionError, shown, unknown

__all__ = ["PRESETS", "Protocol", "Rewards", "protocol"]


@dataclass(frozen=True)
class Rewards(rules.Rewards):
    """The reward of each event; the reward of a move is the sum of the events it caused."""

    ask_yes: float = 0.01
    ask_no: float = -0.1
    ask_unsure: float = -0.1
    hit: float = 1.0
    miss: float = -0.1
    timeout: float = -0.3
    nothing_left: float = -0.1
    illegal: float = -0.1
    leave: float = -0.3


Question = Literal["binary", "facet", "choice", "none"]


@dataclass(frozen=True)
class Protocol(Rules):
    """The rules of one conversation. Immutable; derive another with `with_options`.

    Attributes:
        max_turns: turns of a conversation.
        top_k: items of one recommendation, at most.
        question: what one question asks. "binary": one attribute, yes or no (SCPR); "facet": one
            facet, the user names the attributes they want in it (EAR's enumerated questions);
            "choice": `choices` attributes of one facet, yes or no to each (MCMIPL's multiple
            choice); "none": no questions are asked (recommend and be criticised).
        choices: attributes that a choice question names, at most. 0 is what results have that are
            of before there was this choice: they can be read, and are played no more.
        yes_if: who has to have an attribute for a yes: the "item" in mind, or "item_and_user", the
            user too, in an item of theirs (MetaCRS).
        on_reject: what a "no" does to the candidates. "keep": nothing (SCPR, UNICORN); "remove":
            the items that have the rejected attribute leave (MCMIPL).
        drop_failed: when refused items leave the candidates. "always" (SCPR), or
            "if_more_than_k": only while more than `top_k` candidates are left (UNICORN).
        opening_counts: whether the user's opening uses the first of the turns.
        last_turn_acts: whether the move of the last turn does anything. False is a quirk of the
            public reference code: it ignores that move and ends the conversation.
        feedback_on: when users who say what was wrong with a list say it: asked by a reflection
            ("reflect"), or with the refusal itself ("refusal", bot play).
        inquiries: what a user's question about an item of a list costs: nothing ("free"; they react
            to the list in the same move), or the turn ("turn"; the list is not judged by it).
        aspects: attributes that may be given as the reason for a list, at most.
        targets: items the user has in mind. More than one (MCMIPL): they share the opening.
        rewards: the reward of each event.
    """

    PRESETS: ClassVar[Mapping[str, Rules]] = {}  # filled below

    max_turns: int = 15
    top_k: int = 10
    question: Question = "binary"
    choices: int = 0
    yes_if: Literal["item", "item_and_user"] = "item"
    on_reject: Literal["keep", "remove"] = "keep"
    drop_failed: Literal["always", "if_more_than_k"] = "always"
    opening_counts: bool = False
    last_turn_acts: bool = False
    feedback_on: Literal["reflect", "refusal"] = "reflect"
    inquiries: Literal["free", "turn"] = "free"
    aspects: int = 0
    targets: int = 1
    rewards: Rewards = field(default_factory=Rewards)

    def __post_init__(self) -> None:
        for name, low, high in (
            ("max_turns", 2, 1000),
            ("top_k", 1, 100),
            ("choices", 0, 16),
            ("targets", 1, 16),
            ("aspects", 0, 3),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise OptionError(
                    f"{name} is {shown(value)}; a whole number from {low} to {high} is needed."
                )
        hints = get_type_hints(Protocol)
        for name in ("question", "yes_if", "on_reject", "drop_failed", "feedback_on", "inquiries"):
            allowed = get_args(hints[name])
            value = getattr(self, name)
            if not isinstance(value, str) or value not in allowed:
                raise unknown(f"{name} of a protocol", value, allowed)
        for name in ("opening_counts", "last_turn_acts"):
            if not isinstance(getattr(self, name), bool):
                raise OptionError(
                    f"{name} is {shown(getattr(self, name))}; True or False is needed."
                )

    @property
    def first_turn(self) -> int:
        """The turn of the agent's first move."""
        return 2 if self.opening_counts else 1

    @property
    def is_played(self) -> bool:
        """Whether there are conversations by these rules, and not only results of before."""
        return self.question != "choice" or self.choices > 0

    @property
    def acting_turns(self) -> int:
        """Moves of the agent that can do something (a reflection takes no turn)."""
        return self.max_turns - self.first_turn + (1 if self.last_turn_acts else 0)


# Sources: docs/protocols.md. The rewards of `ear` are those of MetaCRS's code alone; the paper's
# own, quoted from memory, are hit 1, ask .1, quit -.3, miss -.1.
PRESETS: dict[str, Protocol] = {
    "scpr": Protocol(),
    "unicorn": Protocol(drop_failed="if_more_than_k"),
    "ear": Protocol(rewards=Rewards(ask_yes=0.1)),
    # A turn costs .01, whatever comes of it.
    "ear_survey": Protocol(
        rewards=Rewards(
            ask_yes=0.09, ask_no=-0.01, ask_unsure=-0.01, hit=0.99, miss=-0.01, nothing_left=-0.3
        )
    ),
    "metacrs": Protocol(
        max_turns=10,
        yes_if="item_and_user",
        drop_failed="if_more_than_k",
        rewards=Rewards(ask_yes=0.1),
    ),
    "mcmipl": Protocol(
        question="choice",
        choices=4,
        on_reject="remove",
        drop_failed="if_more_than_k",
        targets=2,
    ),
    # Recommend and be criticised; the numbers are RecoSim's own.
    "critique": Protocol(
        max_turns=10,
        question="none",
        last_turn_acts=True,
        feedback_on="refusal",
        aspects=2,
        rewards=Rewards(timeout=0.0, nothing_left=0.0),
    ),
}


Protocol.PRESETS = PRESETS

protocol = Protocol.read
