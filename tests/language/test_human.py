"""The style "human": rules read as they are said, lines as long and varied as those of people."""

from __future__ import annotations

import random
import re
from statistics import mean, median

import pytest
from language.speakers import Draw, world_of

from recosim.acts import Answer, Ask, Courtesy, Note, React, Recommend, Request
from recosim.errors import OptionError
from recosim.language import Context, Parser, Templates
from recosim.language.grammar import Automaton, parse_rules, say, words_of
from recosim.language.human import domain_of
from recosim.language.human_fillers import DOMAINS, FILLERS
from recosim.language.human_reader import automaton, rules_of
from recosim.language.human_rules import CASES
from recosim.world.catalog import open_world

NAME = "zzz"  # what stands in every slot


def read_name(slot, words, at):
    if words[at] == NAME:
        yield at + 1, (1,)


@pytest.fixture(scope="module")
def lastfm():
    return open_world("lastfm-small")


# ---- the grammar ---------------------------------------------------------------------------------


def test_rules_are_said_by_luck_and_read_with_their_slots():
    rules = parse_rules(
        {"thing": "(film|band)", "ask": "(please |)find (a|the best) <thing> {a:or}!"}
    )
    said = {say(rules["ask"], random.Random(n).random) for n in range(200)}
    assert len(said) == 8
    assert "please find the best band {a:or}!" in said
    reader = Automaton({"ask": rules["ask"]})
    (found,) = reader.find(words_of("please find a film zzz"), 0, read_name)
    assert (found.rule, found.end, found.slots) == ("ask", 5, (("a", (1,)),))
    assert not list(reader.find(words_of("please find film zzz"), 0, read_name))


@pytest.mark.parametrize("rule", ["(a|b", "a)", "<nothing> at all", "{a"])
def test_a_rule_that_cannot_be_read_is_named(rule):
    with pytest.raises(OptionError, match="faulty"):
        parse_rules({"faulty": rule})


@pytest.mark.parametrize("domain", DOMAINS)
def test_whatever_a_rule_says_is_read_as_that_rule(domain):
    rules, luck = rules_of(domain), random.Random(domain)
    for name in (*CASES, *FILLERS):
        for _ in range(12):
            words = words_of(re.sub(r"\{.*?\}", NAME, say(rules[name], luck.random)))
            read = automaton().find(words, 0, read_name)
            assert any(found.rule == name and found.end == len(words) for found in read), words


def test_fillers_alone_say_nothing_and_courtesies_beside_them_are_not_certain(lastfm):
    from recosim.language.labels import Labels
    from recosim.language.patterns import read_user_exactly

    labels = Labels.of(lastfm)
    for text in ("Hmm, honestly", "hi", "Oh, thank you so much!", "well, no problem"):
        read = read_user_exactly(
            labels.mark(text), Context(Recommend((1, 2))), labels, lastfm.attribute_facet
        )
        assert read is None, text


# ---- names ---------------------------------------------------------------------------------------


def test_names_that_are_made_of_words_of_the_rules_carry_their_ids():
    world = world_of("films", ["It", "Them", "Heat", "The Good Girl"], ["known", "noir"], ["kind"])
    templates, parser = Templates(world), Parser(world)
    context = Context(Recommend((0, 2)))
    for key in range(60):
        said = templates.user(React(0), context, key=key, style="human")
        assert "[i0]" in said or "the first one" in said, said
        assert parser.parse_user(said, context) == React(0)
        bare = templates.user(React(3), context, key=key, style="human")
        assert "The Good Girl" in bare, bare
        assert "[i3]" not in bare, bare


def test_items_are_called_by_their_place_and_the_only_one_it(lastfm):
    several, one = Context(Recommend((4, 9, 2))), Context(Recommend((9,)))
    noted = React(None, notes=((9, Note.LIKED),))
    said = {Templates(lastfm).user(noted, several, key=key, style="human") for key in range(80)}
    assert any("the second one" in text for text in said)
    said = {Templates(lastfm).user(noted, one, key=key, style="human") for key in range(80)}
    assert any(re.search(r"\b(it|that one|this one)\b", text, re.I) for text in said)


def test_the_words_are_those_of_the_things_of_the_world(lastfm):
    assert domain_of(lastfm) == "music"
    assert domain_of(open_world("yelp-small")) == "places"
    assert domain_of(world_of("any", ["a", "b", "c"], ["x"], ["f"])) == "things"
    templates, noted = Templates(lastfm), React(None, notes=((1, Note.SEEN),))
    said = " ".join(
        templates.user(noted, Context(Recommend((1,))), key=k, style="human") for k in range(200)
    )
    assert re.search(r"\b(heard|listened to)\b", said)
    assert not re.search(r"\b(movie|watched|restaurant)", said)


# ---- what people's lines are like ----------------------------------------------------------------


def masked(text, world):
    """A line with one word in the place of every name, id and place in a list."""
    names = sorted({*map(str, world.item_names), *map(str, world.attribute_names)}, key=len)
    pattern = "|".join(map(re.escape, reversed(names)))
    text = re.sub(rf'"?(?<!\w)(?:{pattern})(?!\w)"?(?:\s\[[ai]\d+\])?', "NAME", text)
    return " ".join(text.casefold().split())


def lines(world, n=800):
    """Lines in answer to questions and lists as a user of a CPR conversation says them."""
    rng, templates = random.Random("people"), Templates(world)
    draw = Draw(world, rng)
    for _ in range(n):
        kind = rng.random()
        if kind < 0.15:
            context, acts = Context(), (Request(draw.attributes(0, 1), None, None),)
        elif kind < 0.45:
            (asked,) = draw.attributes(1, 1)
            context = Context(Ask((asked,)))
            answer = rng.choice(("yes", "no", "no", "unsure"))
            also = draw.attributes(0, 1) if answer != "yes" else ()
            acts = (Answer(answer, (asked,) if answer == "yes" else (), also),)
        else:
            context = Context(Recommend(draw.items(1, 4)))
            first, *_ = context.items
            notes = ((first, rng.choice(list(Note))),) if rng.random() < 0.4 else ()
            taken = context.items[-1] if rng.random() < 0.25 and not notes else None
            acts = (React(taken, notes=notes), *([draw.critique((first,))] * (kind > 0.85)))
            acts += (Courtesy(),) * (rng.random() < 0.1)
        yield templates.turn(acts, context, key=rng.getrandbits(60), style="human")


def test_lines_are_as_long_and_as_varied_as_those_of_people(lastfm):
    """The ranges span IARD, the CRS Arena, CPCD and LAPS: docs/language.md has the figures."""
    said = [masked(text, lastfm) for text in lines(lastfm)]
    words = [len(re.findall(r"[\w']+", text)) for text in said]
    assert 7.5 <= mean(words) <= 15.4
    assert 6 <= median(words) <= 13
    assert 0.15 <= mean("?" in text for text in said) <= 0.45
    assert len(set(said)) / len(said) >= 0.85


def test_the_key_chooses_the_words(lastfm):
    acts, context = (React(None),), Context(Recommend((1, 2)))
    said = [Templates(lastfm).turn(acts, context, key=key, style="human") for key in range(100)]
    assert said == [
        Templates(lastfm).turn(acts, context, key=key, style="human") for key in range(100)
    ]
    assert len(set(said)) > 60
