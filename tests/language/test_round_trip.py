"""Act -> text -> act is exact: every act, style and context, whatever things are called."""

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
        key, style = rng.getrandbits(70) - (1 << 69), STYLES[n % 3]
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
    assert len(seen) == {"user": 7, "system": 4}[side] * len(STYLES) * len(worlds)
