"""Lives in words: walks, instructions, goodbyes and returns read back exactly, in every style."""

from __future__ import annotations

import random

import pytest
from language.speakers import (
    NASTY_ATTRIBUTES,
    NASTY_FACETS,
    NASTY_ITEMS,
    made_of_phrases,
    world_of,
)

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Instruct,
    Leave,
    Level,
    Note,
    Pass,
    React,
    Recommend,
    Reflect,
    UserAct,
)
from recosim.errors import OptionError
from recosim.language import STYLES, Context, Parser, Templates
from recosim.language.forms import SLOT, SLOTS, turn_forms
from recosim.language.life_phrases import LIFE_PHRASES
from recosim.language.patterns import phrases_of
from recosim.language.phrases import LISTED
from recosim.language.walks import as_walked
from recosim.world.catalog import open_world
from recosim.world.world import World

BUILT_IN = ("lastfm-small", "yelp-small")
SCOPES = ("turn", "session", "always")


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [
        *map(open_world, BUILT_IN),
        world_of("nasty", NASTY_ITEMS, NASTY_ATTRIBUTES, NASTY_FACETS),
        made_of_phrases(random.Random(0)),
    ]


def lives(answers=None, items=()):
    return Context(answers, items, walks=True)


# ---- phrases -------------------------------------------------------------------------------------


def test_the_phrases_of_lives_keep_the_rules_of_phrases():
    for case, styles in LIFE_PHRASES.items():
        assert tuple(styles) == LISTED, case
        for phrase in (phrase for phrases in styles.values() for phrase in phrases):
            assert {name for name, _ in SLOT.findall(phrase)} <= set(SLOTS), phrase


def test_no_phrase_means_two_things_in_a_life():
    for answers in (None, Ask((1,)), Recommend((1, 2)), Reflect(), Pass()):
        meaning: dict[str, str] = {}
        for (first,) in (form for form in turn_forms(lives(answers)) if len(form) == 1):
            for phrase in (p for style in LISTED for p in phrases_of("user", first, style)):
                said = SLOT.sub(lambda slot: f"<{SLOTS[slot[1]]}>", phrase).casefold()
                other = meaning.setdefault(said, first)
                # "Yes" takes the one item, or accepts: the context tells; one item or several.
                pair = {other, first} - {"take"}
                assert other == first or pair in ({"take_it"}, {"take_several"}), phrase


# ---- round trips ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("style", STYLES)
def test_every_attribute_is_wanted_and_avoided_in_words_that_read_back(name, style):
    world = open_world(name)
    templates, parser, n = Templates(world), Parser(world), world.n_attributes
    for a in range(n):
        for directive in ("want", "avoid"):
            for k, scope in enumerate(SCOPES):
                condition = ((a + 1 + k) % n,) if (a + k) % 2 else ()
                act = Instruct(directive, (a,), condition, scope)
                context = lives((Pass(), Reflect(), None)[k])
                text = templates.user(act, context, key=a * 7 + k, style=style)
                assert parser.parse_turn(text, context) == (act,), text


def drawn(world: World, rng: random.Random) -> tuple[Context, tuple[UserAct, ...]]:
    """What a user says in a move of a life, and what it answers."""
    n = world.n_attributes
    items = tuple(rng.sample(range(world.n_items), rng.randint(1, 5)))
    asked = Ask((rng.randrange(n),))
    context = lives(
        rng.choice((Recommend(items), Recommend(items), asked, Reflect(), Pass(), None)), items
    )
    acts: list[UserAct] = []
    if isinstance(context.answers, Recommend):
        read = items[: rng.randint(1, len(items))]
        levels = tuple((v, Level(rng.randint(0, 4))) for v in read)
        acts.append(as_walked(React(None, levels), items))
    elif isinstance(context.answers, Ask):
        accepted = rng.choice((None, asked.attributes))
        acts.append(Answer("yes", accepted) if accepted else Answer(rng.choice(("no", "unsure"))))
    elif context.answers is None:
        acts.append(Courtesy("greeting", rng.choice((0, 1, 2, 30, 365))))
    for _ in range(rng.randint(0, 2)):
        condition = (rng.randrange(n),) if rng.random() < 0.5 else ()
        directive = rng.choice(("want", "avoid"))
        acts.append(Instruct(directive, (rng.randrange(n),), condition, rng.choice(SCOPES)))
    if rng.random() < 0.3 or not acts:
        acts.append(Leave(rng.choice(("tired", "disappointed", "other")), rng.random() < 0.3))
    return context, tuple(acts)


def all_read_back(worlds: list[World], lines: int) -> None:
    rng = random.Random("lives")
    met = set()
    for k in range(lines):
        world, style = worlds[k % len(worlds)], STYLES[k // len(worlds) % len(STYLES)]
        context, acts = drawn(world, rng)
        text = Templates(world).turn(acts, context, key=rng.getrandbits(60), style=style)
        assert Parser(world).parse_turn(text, context) == acts, f"{world.name}: {text!r}"
        met |= {(type(act), style) for act in acts}
    assert len(met) == 5 * len(STYLES)


def test_lines_of_lives_are_exact(worlds):
    all_read_back(worlds, 800)


@pytest.mark.slow
def test_ten_thousand_lines_of_lives_are_exact(worlds):
    all_read_back(worlds, 10_000)


def test_a_walk_tells_all_but_the_minutes():
    react = React(
        None, ((4, Level.SKIP), (7, Level.LOVE), (2, Level.SEEN), (9, Level.CLICK)), (),
        ((7, 3.5), (9, 1.0)),
    )  # fmt: skip
    walked = as_walked(react, (4, 7, 2, 9, 1))
    assert walked == React(7, react.levels, ((2, Note.SEEN),))
    assert as_walked(React(2), (4, 2)) == React(2, ((4, Level.SKIP), (2, Level.ACCEPT)))
    assert as_walked(React(None), ()) == React(None)


def test_leaving_for_good_is_said_in_lives_alone():
    with pytest.raises(OptionError, match="cannot be said"):
        Templates(open_world("lastfm-small")).user(Leave("other", True), Context())


# ---- people's own words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "acts"),
    [
        (
            "no more country for now, and from now on more jazz",
            (Instruct("avoid", (13,)), Instruct("want", (6,), (), "always")),
        ),
        ("when it is rock, nothing mellow, today", (Instruct("avoid", (16,), (0,)),)),
        ("from now on more jazz", (Instruct("want", (6,), (), "always"),)),
        (
            "something different but related: less rock, more jazz",
            (Instruct("avoid", (0,)), Instruct("want", (6,))),
        ),
        ("next time some folk please", (Instruct("want", (4,), (), "turn"),)),
        ("I'm tired, good night", (Leave("tired"),)),
        ("this is useless, I am not coming back", (Leave("disappointed", True),)),
    ],
)
def test_wishes_in_other_words_are_instructions_with_a_scope(line, acts):
    world = open_world("lastfm-small")
    for answers in (Pass(), Recommend((320, 343, 407))):
        read = Parser(world).parse_turn(line, lives(answers))
        assert tuple(act for act in read if not isinstance(act, React)) == acts


def test_what_was_liked_was_consumed():
    world = open_world("lastfm-small")
    items = (320, 343, 407)
    line = "I liked number 3, but no more rock please"
    react, wish = Parser(world).parse_turn(line, lives(Recommend(items)))
    assert react.levels == ((320, Level.SKIP), (343, Level.SKIP), (407, Level.ACCEPT))
    assert wish == Instruct("avoid", (0,))
