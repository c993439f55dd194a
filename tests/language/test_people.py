"""The parser against people: years, bare answers, and dialogues of IARD where they are there."""

from __future__ import annotations

import contextlib
from collections import Counter

import pytest
from language import people

from recosim.acts import Answer, Ask, React, Recommend, Request
from recosim.errors import NotUnderstood
from recosim.language import Context, Parser
from recosim.world.csr import csr_from_lists
from recosim.world.world import build_world

YEARS = (
    "something from {}", "{}", "a {} film please", "I'd like a movie made in {}", "released {}",
    "it should be from {}", "Do you have anything from the year {}?", "a comedy from {}",
    "around {} maybe", "i want to watch films of {}",
)  # fmt: skip
DECADES = {
    "1980s": ["the eighties", "80s movies", "the 1980s please", "from the '80s", "1980's"],
    "1920s": ["the twenties", "20s", "a film from the 1920s"],
    "2000s": ["the 2000s", "early 2000s", "two thousand and four", "the noughties"],
    "2010s": ["the 2010s", "twenty fifteen"],
    "1990s": ["nineteen ninety", "nineteen ninety-four", "from the nineties", "in the 90s"],
}  # fmt: skip
NO_YEARS = ("under 100 minutes", "a film before 1980", "number 19", "channel 4", "older than 1990")
YES = (
    "yes", "Yes.", "yes!", "YES", "yep", "yeah", "yup", "ya", "sure", "ok", "okay", "of course",
    "absolutely", "definitely", "certainly", "yes please", "yeah sure", "sure, why not", "why not",
    "yes i do", "I do", "yes, I would", "yes that would be great", "sounds good", "sounds great",
    "that works", "correct", "exactly", "indeed", "please do", "yes thanks", "yes, thank you",
    "oh yes", "well yes", "i guess so", "I suppose so", "go for it", "by all means", "you bet",
    "totally", "for sure", "fine by me", "perfect", "great", "not bad", "yes yes", "yessss", "y",
    "that's right", "with pleasure",
)  # fmt: skip
NO = (
    "no", "No.", "no!", "NO", "nope", "nah", "naw", "nay", "n", "no thanks", "no thank you",
    "not really", "not at all", "definitely not", "absolutely not", "certainly not",
    "of course not", "no way", "I don't think so", "i dont", "I do not", "no i do not", "never",
    "not interested", "not for me", "not my thing", "i'd rather not", "rather not", "not today",
    "no, sorry", "sorry, no", "no no no", "nooo", "not particularly", "not exactly", "not quite",
    "hell no", "oh no", "well no", "I'm not interested in that", "no I'm not", "no, it is not",
    "it isn't", "no it doesn't", "pass", "none", "neither", "skip", "no not that", "not a fan",
)  # fmt: skip


@pytest.fixture(scope="module")
def decades():
    names = [f"{year}s" for year in range(1920, 2020, 10)]
    return build_world(
        name="decades",
        item_attributes=csr_from_lists([[k] for k in range(len(names))]),
        train=csr_from_lists([[0]]),
        valid=csr_from_lists([[1]]),
        test=csr_from_lists([[2]]),
        n_attributes=len(names) + 2,
        attribute_facet=[0] * len(names) + [1, 1],
        facet_names=["decade", "genre"],
        attribute_names=[*names, "comedy", "war"],
        item_names=[f"film {k}" for k in range(len(names))],
    )


def decades_in(parser, names, line):
    """The decades that are read in an opening; () where it is asked back."""
    with contextlib.suppress(NotUnderstood):
        act = parser.parse_user(line)
        if isinstance(act, Request):
            return [names[a] for a in act.attributes if names[a][0].isdecimal()]
    return []


@pytest.mark.parametrize("wording", YEARS)
def test_every_year_is_read_as_its_decade(decades, wording):
    parser, names = Parser(decades), list(decades.attribute_names)
    read = {y: decades_in(parser, names, wording.format(y)) for y in range(1920, 2017)}
    wrong = {year: said for year, said in read.items() if said != [f"{year // 10 * 10}s"]}
    assert not wrong, f"{97 - len(wrong)} of 97; {wrong}"


def test_decades_are_read_by_all_their_names_and_other_numbers_are_none(decades):
    parser, names = Parser(decades), list(decades.attribute_names)
    for decade, lines in DECADES.items():
        for line in lines:
            assert decades_in(parser, names, line) == [decade], line
    for line in NO_YEARS:
        assert decades_in(parser, names, line) == [], line


def test_bare_answers_are_read_after_every_kind_of_question(decades):
    parser = Parser(decades)
    war = 11
    for line in YES:
        assert parser.parse_user(line, Context(Ask((war,)))) == Answer("yes", (war,)), line
    for line in NO:
        assert parser.parse_user(line, Context(Ask((war,)))) == Answer("no"), line
        if line != "never":  # of a film: never seen
            assert parser.parse_user(line, Context(Recommend((3,)))) == React(None), line
    taken = sum(parser.parse_user(line, Context(Recommend((3,)))) == React(3) for line in YES)
    assert taken >= 0.9 * len(YES)


# ---- people --------------------------------------------------------------------------------------

dialogues = pytest.mark.skipif(not people.DIALOGUES.exists(), reason="the dialogues are not here")


@dialogues
def test_replies_to_a_recommendation_are_believed_as_far_as_they_hold():
    found = people.replies(unseen=None)
    print(found)
    assert found.both / found.read >= 0.80
    assert found.both / found.accepts >= 0.65
    assert found.rejects_read / found.rejects <= 0.03
    assert (found.read - found.accepts) / found.replies <= 0.03


@dialogues
def test_labelled_lines_are_read_right():
    found = people.labels()
    counts = Counter(found.values())
    assert len(found) >= 150
    assert counts["right"] / len(found) >= 0.75
    assert counts["wrong"] / len(found) <= 0.08
