"""The kinds of occasions, and how likely a user of given settings does what on one of them.

The chances are those of docs/protocols.md, "Users", and of docs/recoworld.md. They are read from
settings, and so any card can be held against a log, fitted or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recosim.users.behaviour import WORDS, trait_column
from recosim.users.fitting.session_chances import clicks, returns, stops

__all__ = ["KINDS", "Kind", "read_and_taken"]

Floats = NDArray[np.float64]
Given = Mapping[str, Floats]

DID = ("did not", "did")


@dataclass(frozen=True)
class Kind:
    """A kind of occasions.

    Attributes:
        name: for logs.
        settings: those that the chance hangs on.
        title: what it is that may happen, for people.
        chance: (traits (M, settings), given (cells,)) -> of each user M the probability float64
            (cells or 1, M) that it happens, or of several outcomes (cells or 1, M, outcomes).
        outcomes: what may happen, in words.
    """

    name: str
    settings: tuple[str, ...]
    title: str
    chance: Callable[[Floats, Given], Floats]
    outcomes: tuple[str, ...] = DID

    def probabilities(self, traits: Floats, given: Given, cells: int) -> Floats:
        """Of each cell and user M the probability of each outcome: float64 (cells, M, outcomes).

        Args:
            traits: float64 (M, settings of `Behaviour`).
        """
        found = self.chance(traits, given)
        if found.ndim == 2:
            found = np.stack([1.0 - found, found], axis=2)
        return np.broadcast_to(found, (cells, *found.shape[1:]))


def rate(setting: str) -> Callable[[Floats, Given], Floats]:
    """The setting is the probability."""
    return lambda traits, given: trait_column(traits, setting)[None, :]


def _cooperates(traits: Floats, given: Given) -> Floats:
    """`x`: how far the conversation is, 0 to 1."""
    x = given["x"][:, None]
    trend = trait_column(traits, "cooperation_trend")[None, :]
    constant, rising, _ = range(len(WORDS["cooperation_trend"]))
    times = np.where(trend == constant, 1.0, np.where(trend == rising, x, 1.0 - x))
    return np.asarray(times * trait_column(traits, "cooperativeness")[None, :])


def read_and_taken(examination: Floats, temperature: Floats, given: Given) -> Floats:
    """The probability that the first wanted item of a list is read and taken: (cells, M).

    Args:
        examination, temperature: float64 (M,).
        given: `before`, the items above it; `utility`, what it is worth.
    """
    read = np.power(examination[None, :], given["before"][:, None])
    utility = given["utility"][:, None]
    with np.errstate(divide="ignore", over="ignore"):
        taken = np.where(
            temperature[None, :] > 0, 1 / (1 + np.exp(-utility / temperature[None, :])), 1.0
        )
    return np.asarray(read * taken)


def _takes_it(traits: Floats, given: Given) -> Floats:
    heat = trait_column(traits, "choice_temperature")
    return read_and_taken(trait_column(traits, "examination"), heat, given)


def _leaves(traits: Floats, given: Given) -> Floats:
    """`disappointments`, `questions`, `refused`: which one this is, 0 where it is none."""
    nth = {name: given[name][:, None] for name in ("disappointments", "questions", "refused")}
    own = {
        name: trait_column(traits, name)[None, :]
        for name in (
            "leave_hazard",
            "patience",
            "question_patience",
            "bad_list_hazard",
            "bad_list_rise",
        )
    }
    stays = 1.0 - own["leave_hazard"] * (nth["disappointments"] > 0)
    bad = own["bad_list_hazard"] + (nth["refused"] - 1) * own["bad_list_rise"]
    stays = stays * np.where(nth["refused"] > 0, 1.0 - np.minimum(bad, 1.0), 1.0)
    tired = (nth["disappointments"] > 0) & (nth["disappointments"] >= own["patience"])
    tired |= (nth["questions"] > 0) & (nth["questions"] >= own["question_patience"])
    return np.asarray(np.where(tired, 1.0, 1.0 - stays))


def _opens(traits: Floats, given: Given) -> Floats:
    """`more`, `item`: whether the target has more to name, and whether there is an item to name."""
    words = WORDS["opening"]
    own = trait_column(traits, "opening").astype(np.int64)[None, :]
    attribute, several, item, both, _nothing = (words.index(word) for word in words)
    more, has_item = (given[name][:, None] > 0 for name in ("more", "item"))
    shown = np.where((own == several) & ~more, attribute, own)
    shown = np.where(((own == item) | (own == both)) & ~has_item, attribute, shown)
    return np.asarray(np.eye(len(words))[shown])


def _goes_on(traits: Floats, given: Given) -> Floats:
    """`taken`: the items that they took so far."""
    return np.asarray(
        (trait_column(traits, "takes")[None, :] > given["taken"][:, None]).astype(np.float64)
    )


def _feeds_back(traits: Floats, given: Given) -> Floats:
    """What is said of a list when it is asked for: nothing, less of, more of, or both."""
    words = WORDS["feedback"]
    own = trait_column(traits, "feedback").astype(np.int64)
    said = {"critique": 1, "instruction": 2, "edit": 3}
    outcome = np.eye(4)[np.array([said.get(word, 0) for word in words])[own]]
    silent = trait_column(traits, "dont_know")[:, None]
    spoken = (1.0 - silent) * outcome + silent * np.eye(4)[0][None, :]
    return np.asarray(spoken[None])


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("unsure", ("dont_know",), "says 'don't know' to a question", rate("dont_know")),
        Kind("deflects", ("deflects",), "answers neither yes nor no", rate("deflects")),
        Kind("errs", ("answer_noise",), "answers against what they want", rate("answer_noise")),
        Kind(
            "adds",
            ("cooperativeness", "cooperation_trend"),
            "adds to a no what they want",
            _cooperates,
        ),
        Kind("seen", ("seen",), "knows an item of a list", rate("seen")),
        Kind("inquires", ("asks_about",), "asks about an item of a list", rate("asks_about")),
        Kind(
            "criticises",
            ("critique_unasked",),
            "criticises a list that they refuse, unasked",
            rate("critique_unasked"),
        ),
        Kind(
            "wants",
            ("want_unasked",),
            "says with a refusal what they want, unasked",
            rate("want_unasked"),
        ),
        Kind(
            "takes_it",
            ("examination", "choice_temperature"),
            "takes the first wanted item of a list",
            _takes_it,
        ),
        Kind(
            "leaves",
            (
                "leave_hazard",
                "patience",
                "question_patience",
                "bad_list_hazard",
                "bad_list_rise",
            ),
            "leaves",
            _leaves,
        ),
        Kind("opens", ("opening",), "opens with", _opens, WORDS["opening"]),
        Kind("goes_on", ("takes",), "takes another item after the first ones", _goes_on),
        Kind(
            "feeds_back",
            ("feedback", "dont_know"),
            "says of a list, when asked,",
            _feeds_back,
            ("nothing", "less of", "more of", "both"),
        ),
        Kind(
            "stops",
            ("session_hazard", "fatigue_pull", "letdown_pull"),
            "leaves the session after a round",
            stops,
        ),
        Kind("returns", ("return_rate", "loyalty_pull"), "comes back on a day away", returns),
        Kind(
            "reads_on",
            ("examination",),
            "reads the next item of a list",
            rate("examination"),
        ),
        Kind(
            "clicks",
            ("click_bias", "choice_temperature", "appeal_pull", "examination"),
            "clicks an item of a list",
            clicks,
        ),
        Kind("speaks", ("voice",), "says what should change, about to go", rate("voice")),
        Kind("for_good", ("leave_for_good",), "goes for good", rate("leave_for_good")),
    )
}
