"""`Behaviour`: how the wants of a rule user turn into answers. Each setting is declared here, once.

The rules are in docs/protocols.md, "Users". A new setting is a field below, its rule in the kernels
of the families that read it, and its name in their records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError, unknown
from recosim.users.settings import (
    Number,
    Probability,
    Real,
    Setting,
    Whole,
    Words,
    declared,
    setting,
)

__all__ = [
    "Behaviour",
    "SETTINGS",
    "TRAITS",
    "WORDS",
    "check_settings",
    "is_given",
    "setting_of",
    "trait_column",
]


@dataclass(frozen=True)
class Behaviour:
    """Settings of a rule user; the defaults are the users of EAR and SCPR, who never err.

    docs/users.md has the settings as a table. Their order is that of kernels: new ones come last.

    Raises:
        OptionError, UnknownNameError: a value that a setting cannot have.
    """

    answer_noise: float = setting(
        0.0,
        Probability(),
        group="answers",
        label="noise",
        help="probability that an answer is flipped",
        persona=lambda value: "You are distracted." if value > 0.1 else "",
    )
    dont_know: float = setting(
        0.0,
        Probability(),
        group="answers",
        label="unsure",
        help="probability of the answer 'I don't know'",
    )
    cooperativeness: float = setting(
        0.0,
        Probability(),
        group="answers",
        help="probability that a 'no' is followed by something they do want, as long as anything "
        "is left to say: the share observed is lower, the more so the longer the conversation",
        source="CoSearcher, Salle et al. 2021",
        persona=lambda value: "You help where you can." if value > 0.5 else "",
    )
    cooperation_trend: Literal["constant", "rising", "falling"] = setting(
        "constant",
        group="answers",
        help="whether that probability stays, rises or falls over a conversation",
        source="CoSearcher, Salle et al. 2021",
    )
    patience: int | None = setting(
        None,
        Whole(1, of="disappointments", endless="a user who bears them all"),
        group="temper",
        help="disappointments (a 'no', a 'don't know', a refused list) that they bear; with the "
        "last one they leave; None: no end of them; `question_patience` and `bad_list_hazard` "
        "tell questions and lists apart",
        persona=lambda value: (
            ""
            if value is None
            else "You lose patience soon."
            if value < 8
            else "You are patient, up to a point."
        ),
    )
    leave_hazard: float = setting(
        0.0,
        Probability(),
        group="temper",
        help="probability of leaving at each disappointment",
    )
    examination: float = setting(
        1.0,
        Probability(),
        group="lists",
        help="probability of reading on from one item of a list to the next",
        source="position bias as an examination by rank, Richardson et al. 2007",
    )
    choice_temperature: float = setting(
        0.0,
        Number(),
        group="lists",
        help="chance in taking a wanted item that was seen: it is taken with probability "
        "1 / (1 + e^(-1/temperature)), at 0 always",
    )
    feedback: Literal["none", "unary", "binary", "critique", "instruction", "edit"] = setting(
        "binary",
        group="lists",
        help="how much they say about a list that they refuse; each word includes what it takes "
        "to say the ones before",
        persona=lambda value: (
            "You say what bothers you." if value in ("critique", "instruction", "edit") else ""
        ),
    )
    critic: Literal["salient", "random", "least_liked"] = setting(
        "salient",
        group="lists",
        help="which aspect a critique names: that of most items shown, any, or the least liked",
    )
    acceptable: int = setting(
        0,
        Whole(0, 32),
        group="wishes",
        help="how many further items they would also take, those most like the one in mind; the "
        "first one read that is good enough is taken",
        source="satisficing",
    )
    musts: int = setting(
        0,
        Whole(0, 8),
        group="wishes",
        help="how many attributes of the one in mind they do not do without",
    )
    weighting: Literal["equal", "liking"] = setting(
        "equal",
        group="wishes",
        help="how much each attribute weighs: all the same, or 1 + the number of the user's train "
        "items that have it",
    )
    drift: float = setting(
        0.0,
        Probability(),
        group="wishes",
        help="probability, at each turn after the first, of changing their mind: they want another "
        "item that fits all that they said",
    )
    standing: Literal["none", "session", "always"] = setting(
        "none",
        group="wishes",
        help="the instruction that they give with their request: none, one for this conversation, "
        "or one that holds whenever they ask for what they like most",
        source="conditional instructions of NLSI, Moghe et al. 2024",
    )

    seen: float = setting(
        0.0,
        Probability(),
        group="lists",
        help="probability that they know an item of a list already and say so; one of their train "
        "items, if any is shown, and else any but the one in mind",
    )
    asks_about: float = setting(
        0.0,
        Probability(),
        group="lists",
        help="probability of asking about an item of a list before they judge it",
    )
    critique_unasked: float = setting(
        0.0,
        Probability(),
        group="lists",
        help="probability that a refusal comes with a criticism although nobody asked for one",
    )
    want_unasked: float = setting(
        0.0,
        Probability(),
        group="lists",
        help="probability that a refusal without a criticism comes with something that they want",
    )
    takes: int = setting(
        1,
        Whole(1, 8),
        group="lists",
        help="how many items they take before they are satisfied, as far as there are so many that "
        "they would take",
    )
    opening: Literal["attribute", "several", "item", "item_attribute", "nothing"] = setting(
        "attribute",
        group="wishes",
        help="what their request names: an attribute (or facet), several, an item that they liked, "
        "an item and an attribute, or nothing",
    )
    question_patience: int | None = setting(
        None,
        Whole(1, of="questions", endless="a user who answers them all"),
        group="temper",
        help="questions that they bear, whatever they answer; with the last one they leave",
    )
    bad_list_hazard: float = setting(
        0.0,
        Probability(),
        group="temper",
        help="probability of leaving at the first list that they refuse",
    )
    bad_list_rise: float = setting(
        0.0,
        Probability(),
        group="temper",
        help="by how much that probability rises with each further list that they refuse",
    )
    deflects: float = setting(
        0.0,
        Probability(),
        group="answers",
        help="probability of neither yes nor no to a yes/no question: they say what they want "
        "instead, if anything is left to say",
    )

    # ---- sessions (docs/recoworld.md) --------------------------------------------------------

    click_bias: float = setting(
        0.0,
        Real(),
        group="sessions",
        help="logit of clicking an item of no particular fit",
    )
    appeal_pull: float = setting(
        1.0,
        Number(),
        group="sessions",
        help="how much the appeal of an item counts in clicks, and in what is expected of it",
        source="clickbait of long-term satisfaction, RecSim, Ie et al. 2019",
    )
    mood: float = setting(
        1.0, Number(), group="sessions", help="strength of the mood that a session begins with"
    )
    learning: float = setting(
        0.1,
        Number(),
        group="sessions",
        help="how far the mindset moves towards what was liked, and away from what disappointed",
    )
    boredom: float = setting(
        0.3,
        Number(),
        group="sessions",
        help="how much it counts that attributes were seen lately",
        source="satiation of rebounding bandits, Leqi et al. 2021",
        persona=lambda value: "You bore easily." if value > 0.5 else "",
    )
    boredom_decay: float = setting(
        0.8, Probability(), group="sessions", help="what is left of boredom after a round"
    )
    fatigue_pull: float = setting(
        1.0,
        Number(),
        group="sessions",
        help="how much fatigue counts in the odds of leaving a session",
    )
    letdown_pull: float = setting(
        0.5, Number(), group="sessions", help="how much disappointment counts there"
    )
    session_hazard: float = setting(
        0.15,
        Probability(),
        group="sessions",
        help="probability of leaving the session after a round, before fatigue and disappointment",
        source="drawn from a Beta distribution: beta-geometric, Potter and Parker 1964",
    )
    tolerance: float = setting(
        1.0,
        Number(),
        group="sessions",
        help="disappointment beyond which they are about to go",
        persona=lambda value: "You lose patience soon." if value < 0.6 else "",
    )
    voice: float = setting(
        1.0,
        Probability(),
        group="sessions",
        help="probability that they say what should change when they are about to go",
        source="exit and voice, Hirschman 1970",
        persona=lambda value: "You go without a word when it bores you." if value < 0.1 else "",
    )
    instructs: Literal["avoid", "want", "both"] = setting(
        "both", group="sessions", help="what they say then: what to avoid, what they want, or both"
    )
    instruct_scope: Literal["cause", "turn", "session", "always"] = setting(
        "cause",
        group="sessions",
        help="how long an instruction holds: by what caused it (boredom: the next list, a mood: "
        "the session, taste: always), or always the same",
    )
    conditional: float = setting(
        0.0,
        Probability(),
        group="sessions",
        help="probability that what is to be avoided bothers only together with a second attribute",
    )
    wish_weight: float = setting(
        2.0,
        Number(),
        group="sessions",
        help="how much an instruction counts in clicks while it holds",
    )
    leave_for_good: float = setting(
        0.1,
        Probability(),
        group="sessions",
        help="probability that one who goes out of disappointment never comes back",
    )
    return_rate: float = setting(
        0.5,
        Probability(),
        group="sessions",
        help="probability of coming back on a day, before loyalty",
        source="drawn from a Beta distribution: shifted beta-geometric, Fader and Hardie 2007",
    )
    loyalty_pull: float = setting(
        1.0, Number(), group="sessions", help="how much loyalty counts in the odds of coming back"
    )
    loyalty_memory: float = setting(
        0.3,
        Probability(),
        group="sessions",
        help="how far loyalty moves with the value of a session",
    )
    stay: float = setting(
        20.0, Number(), group="sessions", help="minutes that they mean to stay, on average"
    )

    # ---- searches (docs/convsim.md) ----------------------------------------------------------

    similarity: float = setting(
        0.6,
        Probability(),
        group="search",
        help="similarity to a term of their need from which a term that they are asked about is "
        "what they mean",
        source="CoSearcher, Salle et al. 2021",
    )
    off_topic: float = setting(
        0.0,
        Probability(),
        group="search",
        help="probability that what they name has nothing to do with their need",
        persona=lambda value: "You drift off the subject." if value > 0.2 else "",
    )
    named_terms: int = setting(
        1, Whole(1, 4), group="search", help="terms of their need that they name at once, at most"
    )
    naming: Literal["any", "order", "rare"] = setting(
        "any",
        group="search",
        help="which unsaid terms of their need they name: any, in the order in which they think of "
        "them, or those first that few documents hold",
    )
    like_share: float = setting(
        0.5,
        Probability(),
        group="search",
        help="share of their need that a document holds that they give a thumb up",
    )
    satisfied_share: float = setting(
        2.0,
        Number(),
        group="search",
        help="share of their need that a document holds with which they are satisfied and go; "
        "above 1 they never are",
    )
    vague: float = setting(
        0.0,
        Probability(),
        group="search",
        help="probability that a refusal without a term is a vague wish, not a bare no",
        source="ConvSim, Owoicho et al. 2023",
    )

    def __post_init__(self) -> None:
        for name, entry in SETTINGS.items():
            entry.kind.check(name, getattr(self, name))

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)

    def traits(self) -> NDArray[np.float64]:
        """The settings as the numbers that kernels read: float64 (len(TRAITS),)."""
        return np.array([s.kind.number(getattr(self, name)) for name, s in SETTINGS.items()])


# Every setting by its name, in the order of `Behaviour.traits`.
SETTINGS: dict[str, Setting] = declared(Behaviour)
TRAITS = tuple(SETTINGS)
# Settings that are words; in `traits` a word is its position.
WORDS: dict[str, tuple[str, ...]] = {
    name: entry.kind.allowed for name, entry in SETTINGS.items() if isinstance(entry.kind, Words)
}


def setting_of(name: str) -> Setting:
    """A setting by its name.

    Raises:
        UnknownNameError: there is none; the nearest is offered.
    """
    if name not in SETTINGS:
        raise unknown("setting of users", name, TRAITS)
    return SETTINGS[name]


def is_given(name: str, value: object) -> bool:
    """Whether an argument says something: None does where it is a value (no end of patience)."""
    return value is not None or (name in SETTINGS and SETTINGS[name].takes_none)


def trait_column(traits: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """A setting of every user: a column, not copied, of a table of traits.

    Args:
        traits: float64 (users or 1, len(TRAITS)): `Population.traits`, `arrays["traits"]` of a
            batch.
    """
    return traits[:, setting_of(name).position]


def check_settings(given: Iterable[str], family: str, read: tuple[str, ...]) -> None:
    """Refuse settings that mean nothing in a family of environments.

    Args:
        given: names of settings that somebody asked for by name.
        family: the name of the family.
        read: the settings that its rules read.

    Raises:
        UnknownNameError: no such setting. OptionError: the family does not read it.
    """
    for name in given:
        setting_of(name)
        if name not in read:
            raise OptionError(
                f"{name} changes nothing here: environments of the family {family!r} do not read "
                f"this setting of users. They read {', '.join(read) or 'none'}."
            )
