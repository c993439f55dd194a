"""What templates say: enough ways to say it, names with ids where they are needed, errors."""

from __future__ import annotations

import gc
import re
import weakref
from itertools import pairwise

import pytest
from language.speakers import world_of

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Critique,
    Inquire,
    Leave,
    Level,
    Note,
    React,
    Recommend,
    Reflect,
    Request,
)
from recosim.errors import OptionError, UnknownNameError
from recosim.language import STYLES, Context, Parser, Templates
from recosim.language.forms import SLOT, SLOTS, SYSTEM_FORMS, turn_forms
from recosim.language.patterns import phrases_of
from recosim.language.phrases import LISTED, PHRASES
from recosim.language.turn_phrases import TURN_PHRASES
from recosim.users.population import population, population_names
from recosim.world.catalog import open_world

COMMON = [
    ("user", "request"), ("user", "request_any"), ("user", "yes"), ("user", "yes_all"),
    ("user", "yes_some"), ("user", "no"), ("user", "unsure"), ("user", "take"),
    ("user", "take_it"), ("user", "refuse"), ("system", "ask"), ("system", "ask_facet"),
    ("system", "recommend"),
]  # fmt: skip
ITEMS = ["Now and Then", "Heat", "Yes", "Mirror", "Mirror", "Crash, The", "Ocean's 11", "Jazz"]
ATTRIBUTES = ["jazz", "rock and roll", "1980s", "new wave", "brass", "something", "hard rock"]


@pytest.fixture(scope="module")
def templates():
    return Templates(world_of("titles", ITEMS, ATTRIBUTES, ["style", "era"]))


@pytest.fixture(scope="module")
def lastfm():
    return open_world("lastfm-small")


# ---- phrases -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "case"), COMMON)
@pytest.mark.parametrize("style", LISTED)
def test_common_acts_have_eight_paraphrases(side, case, style):
    assert len(set(PHRASES[side][case][style])) >= 8


def test_every_case_has_phrases_of_every_style_with_slots_that_exist():
    for cases in (*PHRASES.values(), TURN_PHRASES):
        for case, styles in cases.items():
            assert tuple(styles) == LISTED, case
            for style, phrases in styles.items():
                assert phrases, (case, style)
                for phrase in phrases:
                    assert {name for name, _ in SLOT.findall(phrase)} <= set(SLOTS), phrase
                    assert not re.search(r"\bthe \{", phrase), phrase
                    assert not re.search(r"\}[\s,]*\{", phrase), phrase


def test_no_phrase_means_two_things_in_one_place():
    places = [("system", SYSTEM_FORMS)]
    for answers in (None, Ask((1,)), Recommend((1, 2)), Reflect()):
        places.append(("user", turn_forms(Context(answers))))
    for side, forms in places:
        meaning = {}
        for (first,) in (form for form in forms if len(form) == 1):
            for style in LISTED:
                for phrase in phrases_of(side, first, style):
                    said = SLOT.sub(lambda slot: f"<{SLOTS[slot[1]]}>", phrase).casefold()
                    other = meaning.setdefault(said, first)
                    # "Yes" takes the one item, or accepts what was asked: the context tells.
                    # What takes one item takes several where several are named.
                    pair = {other, first} - {"take"}
                    assert other == first or pair in ({"take_it"}, {"take_several"}), phrase


def test_every_population_talks_in_a_style_that_there_is():
    assert {population(name).style for name in population_names()} <= set(STYLES)


# ---- the key -------------------------------------------------------------------------------------


def test_the_key_chooses_the_words_and_nothing_else_does(lastfm):
    ask = Ask((3,))
    said = [Templates(lastfm).system(ask, key=key) for key in range(200)]
    assert said == [Templates(lastfm).system(ask, key=key) for key in range(200)]
    assert len(set(said)) == len(PHRASES["system"]["ask"]["plain"])
    repeats = sum(a == b for a, b in pairwise(said))
    assert repeats < 60  # 22 by chance


# ---- names ---------------------------------------------------------------------------------------


def all_wordings(say):
    return {say(key, style) for key in range(100) for style in STYLES}


def test_a_name_that_is_one_of_a_kind_is_said_bare_though_it_has_words_of_the_phrases(templates):
    said = all_wordings(
        lambda key, style: templates.system(Recommend((0, 1)), key=key, style=style)
    )
    assert any("Now and Then" in text for text in said)
    assert not any("[" in text for text in said)
    asked = templates.system(Ask((1, 2)))
    assert "rock and roll or 1980s" in asked
    assert "[" not in asked


def test_names_that_are_ambiguous_or_hold_a_comma_carry_their_ids(templates):
    assert "Mirror [i3]" in templates.system(Recommend((3,)))
    assert '"Crash, The" [i5]' in templates.system(Recommend((5,)))
    assert "jazz [a0]" in templates.system(Ask((0,)))  # an item is called so too


def test_a_name_that_would_be_read_as_a_phrase_carries_its_id(templates):
    context = Context(Recommend((2, 1)))
    for text in all_wordings(
        lambda key, style: templates.user(React(2), context, key=key, style=style)
    ):
        back = Parser(world_of("titles", ITEMS, ATTRIBUTES, ["style", "era"]))
        assert back.parse_user(text, context) == React(2), text
    context = Context(Recommend((2,)))
    assert templates.user(React(None), context, style="terse") != "Yes"


# ---- errors --------------------------------------------------------------------------------------


def test_what_cannot_be_said_is_refused_with_the_reason(lastfm):
    templates = Templates(lastfm)
    with pytest.raises(OptionError, match="an Answer answers an Ask"):
        templates.user(Answer("yes"))
    with pytest.raises(OptionError, match="cannot be said in answer to Ask"):
        templates.user(Critique(3), Context(Ask((1,))))
    with pytest.raises(OptionError, match="does not accept some of what was asked"):
        templates.user(Answer("yes", (4,)), Context(Ask((1,))))
    with pytest.raises(OptionError, match="accepts something without a yes"):
        templates.user(Answer("no", (1,)), Context(Ask((1,))))
    with pytest.raises(OptionError, match="item 9999 does not exist; ids: 0 to 499"):
        templates.system(Recommend((9999,)))
    with pytest.raises(OptionError, match="attribute -1 does not exist"):
        templates.user(Request((-1,)))
    with pytest.raises(UnknownNameError, match=r"terss.*Did you mean 'terse'"):
        templates.system(Reflect(), style="terss")


# ---- several acts --------------------------------------------------------------------------------


def test_several_acts_are_one_line_of_their_phrases_in_their_order(templates):
    context = Context(Recommend((1, 3, 7)))
    acts = (React(None, notes=((1, Note.LIKED),)), Critique(4), Courtesy("thanks"), Leave("other"))
    said = templates.turn(acts, context, key=2)
    assert said == (
        "I do not want any of these. I know Heat and was happy with it. Less brass, please. "
        "Thank you for your help. Goodbye."
    )
    parser = Parser(world_of("titles", ITEMS, ATTRIBUTES, ["style", "era"]))
    assert parser.parse_turn(said, context) == acts
    assert parser.parse_user(said, context) == acts[0]


def test_who_notes_all_that_was_shown_has_refused_it_without_saying_so(templates):
    one = templates.turn((React(None, notes=((1, Note.SEEN),)),), Context(Recommend((1,))))
    assert one == "I know Heat already."


def test_what_words_do_not_tell_of_a_list_is_left_out(templates):
    context = Context(Recommend((1, 3, 7)))
    looked = React(1, ((3, Level.CLICK), (7, Level.ACCEPT), (1, Level.LOVE)))
    said = templates.turn((looked,), context, style="human")
    parser = Parser(world_of("titles", ITEMS, ATTRIBUTES, ["style", "era"]))
    assert parser.parse_turn(said, context) == (React(1, ((7, Level.ACCEPT),)),)


def test_acts_that_nobody_says_in_one_line_are_refused(templates):
    asked, shown = Context(Ask((1,))), Context(Recommend((1, 3)))
    with pytest.raises(OptionError, match="one Answer at most"):
        templates.turn((Answer("no"), Answer("yes", (1,))), asked)
    with pytest.raises(OptionError, match="one React at most"):
        templates.turn((React(1), React(3)), shown, style="human")
    with pytest.raises(OptionError, match="none was given"):
        templates.turn((), shown)
    with pytest.raises(OptionError, match="a React a Recommend"):
        templates.turn((React(None, notes=((1, Note.SEEN),)),), asked)
    with pytest.raises(OptionError, match="item 99 does not exist"):
        templates.turn((Inquire(99),), shown, style="human")


# ---- what the recommender knows ------------------------------------------------------------------


def test_a_question_about_an_item_is_answered_from_its_attributes_and_text(templates, lastfm):
    assert templates.about(1, key=1) == "What I know of Heat: rock and roll, brass."
    told = {Templates(lastfm).about(0, key=key) for key in range(40)}
    assert len(told) > 2
    names = [str(lastfm.attribute_names[a]) for a in lastfm.item_attributes.row(0)]
    assert all(text.endswith(str(lastfm.item_texts[0])) for text in told)
    assert all(name in text for name in names for text in told)
    with pytest.raises(OptionError, match="item 500 does not exist"):
        Templates(lastfm).about(500)


def test_the_tables_of_a_world_go_with_it():
    world = world_of("short-lived", ITEMS, ATTRIBUTES, ["style", "era"])
    text = Templates(world).system(Recommend((0,)))
    assert Parser(world).parse_system(text) == Recommend((0,))
    alive = weakref.ref(world)
    del world
    gc.collect()
    assert alive() is None
