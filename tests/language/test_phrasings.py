"""The parser against what people and language models write, in `phrasings*.toml`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from recosim.acts import (
    Answer,
    Ask,
    Critique,
    Edit,
    Instruct,
    Leave,
    Pass,
    React,
    Recommend,
    Reflect,
    Request,
)
from recosim.errors import NotUnderstood
from recosim.language import Context, Parser
from recosim.world.catalog import open_world

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
PHRASINGS = tomllib.loads((HERE / "phrasings.toml").read_text(encoding="utf-8"))
LATER = tomllib.loads((HERE / "phrasings_later.toml").read_text(encoding="utf-8"))
LEAST = 0.95


class Reader:
    """Turns what the file says into contexts and acts of a world."""

    def __init__(self, name: str) -> None:
        self.world = open_world(name)
        self.parser = Parser(self.world)
        self.ids = {
            kind: {name: i for i, name in enumerate(names)}
            for kind, names in (
                ("a", self.world.attribute_names),
                ("i", self.world.item_names),
                ("f", self.world.facet_names),
            )
        }

    def all(self, kind, names):
        return tuple(self.ids[kind][name] for name in names)

    def facet(self, name):
        return None if name is None else self.ids["f"][name]

    def context(self, given):
        shown = self.all("i", given.get("shown", ()))
        if "ask" in given:
            return Context(Ask(self.all("a", given["ask"])))
        if "ask_facet" in given:
            return Context(Ask(facet=self.facet(given["ask_facet"])), facets=True)
        if "recommend" in given:
            because = self.all("a", given.get("because", ()))
            return Context(Recommend(self.all("i", given["recommend"]), because))
        return Context(Reflect(), shown) if given.get("reflect") else Context()

    def act(self, given):
        """None: a question back."""
        names = {key: self.all("a", value) for key, value in given.items() if key in PLURAL}
        verb = next(iter(given))
        if verb == "request":
            return Request(names["request"], self.facet(given.get("facet")))
        if verb == "answer":
            return Answer(given["answer"], names.get("accepted", ()), names.get("also", ()))
        if verb == "react":
            return React(self.ids["i"][given["react"]] if given["react"] else None)
        if verb in ("less", "more"):
            item = self.ids["i"][given["item"]] if "item" in given else None
            return Critique(self.ids["a"][given[verb]], verb, item)
        if verb in ("want", "avoid"):
            return Instruct(verb, names[verb], names.get("condition", ()), given["scope"])
        if verb in ("add", "remove"):
            return Edit(names.get("add", ()), names.get("remove", ()))
        if verb == "leave":
            return Leave(given["leave"])
        if verb == "ask":
            return Ask(names["ask"], self.facet(given.get("facet")))
        if verb == "recommend":
            return Recommend(self.all("i", given["recommend"]), names.get("because", ()))
        return {"reflect": Reflect(), "pass": Pass(), "unclear": None}[verb]


PLURAL = (
    "request", "accepted", "also", "want", "avoid", "condition", "add", "remove", "ask", "because",
)  # fmt: skip


@pytest.fixture(scope="module")
def readers():
    return {name: Reader(name) for name in ("lastfm-small", "yelp-small")}


def read(parser, side, text, context):
    try:
        return (parser.parse_user if side == "user" else parser.parse_system)(text, context)
    except NotUnderstood as problem:
        return None if "?" in problem.question else problem


@pytest.mark.parametrize("lines", [PHRASINGS, LATER], ids=["phrasings", "phrasings_later"])
def test_nineteen_in_twenty_phrasings_are_understood(lines, readers):
    misses, n = [], 0
    for side in ("user", "system"):
        for name, said in lines[side].items():
            given = PHRASINGS["context"][name]
            reader = readers[given["world"]]
            context = reader.context(given)
            for text, meant in said:
                n += 1
                act = read(reader.parser, side, text, context)
                if act != reader.act(meant):
                    misses.append(f"{side} {name}: {text!r}\n    meant {meant}, understood {act}")
    print(f"{n - len(misses)} of {n} phrasings were understood")
    print("\n".join(misses))
    assert n >= 200
    assert 1 - len(misses) / n >= LEAST, "\n".join(misses)
