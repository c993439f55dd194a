"""What the parser does with lines that are no template's: slips, questions back, hostile text."""

from __future__ import annotations

import contextlib
import pickle
import random
import time

import pytest
from language.speakers import Draw, world_of

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Inquire,
    React,
    Recommend,
    Reflect,
    Request,
)
from recosim.errors import NotUnderstood, OptionError, RecosimError
from recosim.language import STYLES, Context, Parser, Templates
from recosim.language.parser import LONGEST
from recosim.language.phrases import PHRASES
from recosim.world.catalog import open_world

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def lastfm():
    return open_world("lastfm-small")


@pytest.fixture(scope="module")
def small():
    items = ["Blue Lake", "Blue Lagoon", "Red Barn", "Red Barn", "Green Barn"]
    attributes = ["indie rock", "indie pop", "jazz", "era", "brass"]
    return world_of("small", items, attributes, ["style", "era"])


# ---- forgiving -----------------------------------------------------------------------------------


def test_capitals_and_ids_do_not_matter_to_what_templates_say(lastfm):
    rng = random.Random(3)
    templates, parser, draw = Templates(lastfm), Parser(lastfm), Draw(lastfm, rng)
    for n in range(300):
        context = draw.context()
        act = draw.user(context)
        text = templates.user(act, context, key=n, style=STYLES[n % 3])
        assert parser.parse_user(text.upper(), context) == act, text
        act = draw.system()
        text = templates.system(act, key=n, style=STYLES[n % 3])
        assert parser.parse_system(text.upper(), context) == act, text


@pytest.mark.parametrize("name", ["lastfm-small", "yelp-small"])
def test_a_slip_in_a_name_does_not_matter(name):
    world, rng = open_world(name), random.Random(5)
    parser = Parser(world)
    right, lines = 0, []
    for a, attribute in enumerate(world.attribute_names):
        for _ in range(10 if len(attribute) > 4 else 0):
            at, letter = rng.randrange(1, len(attribute)), rng.choice(LETTERS)
            swapped = attribute[:at] + attribute[at:][1::-1] + attribute[at + 2 :]
            slips = [
                attribute[:at] + letter + attribute[at + 1 :],
                attribute[:at] + letter + attribute[at:],
                attribute[:at] + attribute[at + 1 :],
                swapped,
            ]
            lines.append((f"I am looking for {rng.choice(slips)} today", a))
    for text, a in lines:
        with contextlib.suppress(NotUnderstood):
            right += parser.parse_user(text) == Request((a,))
    print(f"{right} of {len(lines)}")
    assert right / len(lines) >= 0.9


def test_markdown_labels_and_quotes_of_language_models_do_no_harm(lastfm):
    parser, jazz = Parser(lastfm), Context(Ask((6,)))
    for text in ("User: yes", '"Yes."', "**Yes!**", "- yes", "> Yes, please", "`yes`", "YES 😊"):
        assert parser.parse_user(text, jazz) == Answer("yes", (6,)), text


# ---- questions back ------------------------------------------------------------------------------


def test_a_name_that_could_be_several_is_asked_back(small):
    parser = Parser(small)
    with pytest.raises(NotUnderstood) as problem:
        parser.parse_user("I want indie")
    assert problem.value.question == "Did you mean indie rock or indie pop?"
    assert problem.value.text == "I want indie"
    assert isinstance(problem.value, RecosimError)
    assert isinstance(problem.value, ValueError)
    again = pickle.loads(pickle.dumps(problem.value))
    assert again.question == problem.value.question
    assert str(again) == str(problem.value)


def test_items_of_one_name_are_asked_back_with_their_ids(small):
    with pytest.raises(NotUnderstood, match=r"Did you mean Red Barn \[i2\] or Red Barn \[i3\]\?"):
        Parser(small).parse_system("You will adore Red Barn")


def test_numbers_and_ids_that_do_not_exist_are_asked_back(small):
    parser, shown = Parser(small), Context(Recommend((0, 1)))
    with pytest.raises(NotUnderstood, match=r"no number 3. Which one, 1 to 2\?"):
        parser.parse_user("number 3", shown)
    with pytest.raises(NotUnderstood, match=r"no item 77; ids are 0 to 4"):
        parser.parse_user("I take [i77]", shown)
    assert parser.parse_user("number two", shown) == React(1)


def test_an_item_that_is_not_known_is_asked_back_and_no_reason_taken_for_a_question(small):
    with pytest.raises(NotUnderstood, match="Which item is recommended"):
        Parser(small).parse_system("Try Green Meadow, because you like jazz")


def test_what_the_context_waits_for_is_what_is_asked_back(small):
    parser = Parser(small)
    for answers, question in (
        (None, "What are you looking for?"),
        (Ask((2,)), "Do you want jazz?"),
        (Ask(facet=0), "Which style: indie rock, jazz or brass?"),
        (Recommend((0, 1)), "Which one do you want, 1 to 2, or none of them?"),
        (Recommend((1,)), "Do you want Blue Lagoon: yes or no?"),
        (Reflect(), "What should there be less of, or more of?"),
    ):
        with pytest.raises(NotUnderstood) as problem:
            parser.parse_user("zzz qqq", Context(answers))
        assert problem.value.question.startswith(question)


# ---- the context ---------------------------------------------------------------------------------


def test_a_name_that_attribute_and_facet_share_is_the_facets_where_facets_are_asked(small):
    parser = Parser(small)
    assert parser.parse_system("what era do you fancy") == Ask((3,))
    assert parser.parse_system("what era do you fancy", Context(facets=True)) == Ask((), 1)


def test_yes_means_what_was_asked(lastfm):
    parser = Parser(lastfm)
    assert parser.parse_user("yes", Context(Ask((6,)))) == Answer("yes", (6,))
    assert parser.parse_user("yes", Context(Recommend((6,)))) == React(6)
    assert parser.parse_user("yes", Context(Recommend(), shown=(6,))) == React(6)
    with pytest.raises(NotUnderstood):
        parser.parse_user("yes", Context(Recommend((6, 7))))


def test_a_context_of_another_world_is_refused(small):
    for context in (Context(Ask((99,))), Context(Ask(facet=2)), Context(Reflect(), shown=(-1,))):
        with pytest.raises(OptionError, match="does not fit this world"):
            Parser(small).parse_user("yes", context)


# ---- hostile text --------------------------------------------------------------------------------


def pieces(world):
    said = [p for s in PHRASES.values() for c in s.values() for ps in c.values() for p in ps]
    words = sorted({word for phrase in said for word in phrase.split()})
    names = [*world.attribute_names, *list(world.item_names)[:50], *world.facet_names]
    odd = [
        "[a0]", "[i3]", "[f0]", "[a", "3]", "[ı1]", "[İ2]", "#1", "#", "...", "\ue000a1\ue001",
        "\ue000", "\n", "\x00", "👍", "“", '"', "{", "{items}", "%s", "²", "٣", "३", "no, but",
        "less", "more", "not", "too", "the second", "number", "9" * 400, "ß", "İ", "ﬀ", "\u200b",
        "a" * 300, ":",
    ]  # fmt: skip
    return words, names, odd


def understood(parse, text, context):
    """The act, or None where a question came back."""
    try:
        return parse(text, context)
    except NotUnderstood as problem:
        return None if problem.question else "no question"


def ids_of(act):
    """Every item, attribute and facet that an act names."""
    flat = [
        v for value in vars(act).values() for v in (value if isinstance(value, tuple) else (value,))
    ]
    ids = [v for each in flat for v in (each[:1] if isinstance(each, tuple) else (each,))]
    return {v for v in ids if isinstance(v, int)}


def sayable(templates, act, context):
    """The words of an act, None where it is no answer in its context or says more than words do."""
    if getattr(act, "notes", ()) or getattr(act, "levels", ()):
        return None
    if isinstance(act, (Inquire, Courtesy)) or (isinstance(act, Request) and act.item is not None):
        return None
    try:
        return templates.user(act, context)
    except OptionError:
        return None


@pytest.mark.parametrize("name", ["lastfm-small", "small"])
def test_any_text_gives_an_act_that_can_be_said_here_or_a_question(name, lastfm, small):
    world = {"lastfm-small": lastfm, "small": small}[name]
    rng = random.Random(11)
    templates, parser, draw = Templates(world), Parser(world), Draw(world, rng)
    kinds = pieces(world)
    n = 0
    for _ in range(3_000):
        text = " ".join(rng.choice(rng.choice(kinds)) for _ in range(rng.randint(0, 9)))
        context = draw.context()
        acts = understood(parser.parse_turn, text, context)
        for act in acts or ():
            assert ids_of(act) <= {*range(max(world.n_items, world.n_attributes))}
            said = sayable(templates, act, context)
            if said is not None:
                assert parser.parse_user(said, context) == act
                n += 1
        act = understood(parser.parse_system, text, context)
        if act is not None:
            assert parser.parse_system(templates.system(act), context) == act
    assert n > 300


def test_a_megabyte_is_asked_back_at_once(lastfm):
    parser = Parser(lastfm)
    for line in ("yes " * 262_144, "x" * 2**20, "[i1]" * 262_144, "." * 2**20, "日本" * 2**19):
        for context in (Context(), Context(Ask((6,))), Context(Recommend((6,)))):
            begun = time.perf_counter()
            with pytest.raises(NotUnderstood):
                parser.parse_turn(line, context)
            assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("line", ["", " ", "\n", "...", "???", "👍👍", "\u200b", "<3"])
def test_a_line_without_words_is_asked_back(lastfm, line):
    for context in (Context(), Context(Ask((6,))), Context(Ask()), Context(Recommend((6, 7)))):
        with pytest.raises(NotUnderstood):
            Parser(lastfm).parse_turn(line, context)


def test_the_longest_line_that_is_read_takes_no_time(lastfm):
    parser = Parser(lastfm)
    lines = (
        "i have not seen it but i would like to ",
        "no, ",
        "is it good? ",
        "who is that ",
        "a ",
    )
    for piece in lines:
        line = (piece * LONGEST)[:LONGEST]
        begun = time.perf_counter()
        with contextlib.suppress(NotUnderstood):
            parser.parse_turn(line, Context(Recommend((6, 7))))
        assert time.perf_counter() - begun < 3, piece


def test_a_speech_is_not_an_answer_but_a_long_list_of_a_template_is(lastfm):
    parser = Parser(lastfm)
    with pytest.raises(NotUnderstood, match="in a few words"):
        parser.parse_user("well " * LONGEST, Context(Ask((6,))))
    everything = Recommend(tuple(range(lastfm.n_items)))
    text = Templates(lastfm).system(everything)
    assert len(text) > LONGEST
    assert parser.parse_system(text) == everything
