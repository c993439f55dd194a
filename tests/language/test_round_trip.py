"""Act -> text -> act is exact: every act, style and context, whatever things are called.

And so are lines of several acts, in every style.
"""

from __future__ import annotations

import random

import pytest
from language.speakers import (
    NASTY_ATTRIBUTES,
    NASTY_FACETS,
    NASTY_ITEMS,
    Draw,
    made_of_phrases,
    world_of,
)

from recosim.language import STYLES, Parser, Templates
from recosim.language.phrases import LISTED
from recosim.world.catalog import open_world
from recosim.world.world import World

ROUNDS = 10_000


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [
        open_world("lastfm-small"),
        open_world("yelp-small"),
        world_of("nasty", NASTY_ITEMS, NASTY_ATTRIBUTES, NASTY_FACETS),
        made_of_phrases(random.Random(0)),
    ]


@pytest.mark.parametrize("side", ["user", "system"])
def test_act_to_text_to_act_is_exact(side: str, worlds: list[World]) -> None:
    rng = random.Random(f"round trip of the {side}")
    seen = set()
    for n in range(ROUNDS):
        world = worlds[n % len(worlds)]
        templates, parser, draw = Templates(world), Parser(world), Draw(world, rng)
        key, style = rng.getrandbits(70) - (1 << 69), LISTED[n // len(worlds) % len(LISTED)]
        context = draw.context()
        if side == "user":
            act = draw.user(context)
            text = templates.user(act, context, key=key, style=style)
            back = parser.parse_user(text, context)
        else:
            act = draw.system()
            text = templates.system(act, key=key, style=style)
            back = parser.parse_system(text, context)
        assert back == act, f"{world.name}: {text!r} in {context}"
        assert "\n" not in text
        seen.add((type(act), style, world.name))
    assert len(seen) == {"user": 7, "system": 4}[side] * len(LISTED) * len(worlds)


def all_read_back(worlds: list[World], style: str, lines: int) -> None:
    """Lines of several acts, by the worlds in turn, give the acts that they were written for."""
    rng = random.Random(f"lines in the style {style}")
    acts_in_lines = 0
    for n in range(lines):
        world = worlds[n % len(worlds)]
        templates, parser, draw = Templates(world), Parser(world), Draw(world, rng)
        context = draw.context()
        acts = draw.turn(context)
        text = templates.turn(acts, context, key=rng.getrandbits(60), style=style)
        assert parser.parse_turn(text, context) == acts, f"{world.name}: {text!r} in {context}"
        acts_in_lines += len(acts)
    assert acts_in_lines > 1.5 * lines


@pytest.mark.parametrize("style", STYLES)
def test_lines_of_several_acts_are_exact(style: str, worlds: list[World]) -> None:
    all_read_back(worlds, style, 400)


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_ten_thousand_lines_of_several_acts_are_exact(style: str, worlds: list[World]) -> None:
    all_read_back(worlds, style, ROUNDS)


@pytest.mark.parametrize("side", ["user", "system"])
def test_single_acts_in_the_words_of_people_are_exact(side: str, worlds: list[World]) -> None:
    rng = random.Random(f"{side} as people")
    for n in range(600):
        world = worlds[n % len(worlds)]
        templates, parser, draw = Templates(world), Parser(world), Draw(world, rng)
        context, key = draw.context(), rng.getrandbits(60)
        if side == "user":
            act = draw.user(context)
            text = templates.user(act, context, key=key, style="human")
            back = parser.parse_user(text, context)
        else:
            act = draw.system()
            text = templates.system(act, key=key, style="human")
            back = parser.parse_system(text, context)
        assert back == act, f"{world.name}: {text!r} in {context}"
