"""The parser against what people and language models write, in `phrasings*.toml`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Critique,
    Edit,
    Inquire,
    Instruct,
    Leave,
    Level,
    Note,
    Pass,
    React,
    Recommend,
    Reflect,
    Request,
)
from recosim.errors import NotUnderstood
from recosim.language import Context, Parser
from recosim.world.catalog import open_world
from recosim.world.csr import csr_from_lists
from recosim.world.world import build_world

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
LOTS = {
    name: tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))
    for name in ("phrasings", "phrasings_later", "phrasings_tones", "phrasings_people")
}
CONTEXTS = {**LOTS["phrasings"]["context"], **LOTS["phrasings_people"]["context"]}
# What is read otherwise than it is meant, by lot: exactly these lines, as (side, context, line).
# Whoever mends one takes it out; whoever breaks another mends that.
MISSES = {
    "phrasings": set(),
    "phrasings_later": {
        ("user", "open", "synth pop"),  # two names
        ("user", "y_open", "take away"),  # everyday words alone are no name
    },
    "phrasings_tones": set(),
    "phrasings_people": set(),
}


class Reader:
    """Turns what the file says into contexts and acts of a world."""

    def __init__(self, name: str) -> None:
        self.world = films() if name == "films" else open_world(name)
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
        if given.get("ask_any"):
            return Context(Ask())
        if "ask" in given:
            return Context(Ask(self.all("a", given["ask"])))
        if "ask_facet" in given:
            return Context(Ask(facet=self.facet(given["ask_facet"])), facets=True)
        if "recommend" in given:
            because = self.all("a", given.get("because", ()))
            return Context(Recommend(self.all("i", given["recommend"]), because))
        return Context(Reflect(), shown) if given.get("reflect") else Context()

    def act(self, given):
        """None: a question back. A list is all acts of a line."""
        if isinstance(given, list):
            return tuple(self.act(each) for each in given)
        names = {key: self.all("a", value) for key, value in given.items() if key in PLURAL}
        verb = next(iter(given))
        if verb == "request":
            return Request(names["request"], self.facet(given.get("facet")))
        if verb == "answer":
            return Answer(given["answer"], names.get("accepted", ()), names.get("also", ()))
        if verb == "react":
            taken = self.ids["i"][given["react"]] if given["react"] else None
            more = tuple((i, Level.ACCEPT) for i in self.all("i", given.get("with", ())))
            notes = given.get("notes", {}).items()
            return React(taken, more, tuple((self.ids["i"][i], Note[n.upper()]) for i, n in notes))
        if verb == "inquire":
            item = self.ids["i"][given["inquire"]] if given["inquire"] else None
            return Inquire(item, given["about"])
        if verb == "courtesy":
            return Courtesy(given["courtesy"])
        if verb == "like":
            return Request(names.get("wanted", ()), None, self.ids["i"][given["like"]])
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
    "wanted", "request", "accepted", "also", "want", "avoid", "condition", "add", "remove", "ask",
    "because",
)  # fmt: skip


@pytest.fixture(scope="module")
def readers():
    return {name: Reader(name) for name in ("lastfm-small", "yelp-small", "films")}


def films():
    """A world of films that nobody made, with decades, and synonyms of genres."""
    items = [
        "The Tin Parliament", "Salt Orchard", "Harbour of Crows", "Nine Lanterns (1987)", "Drift",
        "Marrow & Sons", "A Kite for Ilse", "Yes, Colonel",
    ]  # fmt: skip
    genres = ["horror", "comedy", "romance", "war", "drama", "children"]
    synonyms = {
        "horror": ["scary"], "comedy": ["funny", "romcom"], "romance": ["romantic", "romcom"],
        "children": ["kids"],
    }  # fmt: skip
    decades = [f"{year}s" for year in range(1920, 2020, 10)]
    return build_world(
        name="films",
        item_attributes=csr_from_lists([[v % 6] for v in range(len(items))]),
        train=csr_from_lists([[0]]),
        valid=csr_from_lists([[1]]),
        test=csr_from_lists([[2]]),
        n_attributes=len(genres) + len(decades),
        attribute_facet=[0] * len(genres) + [1] * len(decades),
        facet_names=["genre", "decade"],
        attribute_names=[*genres, *decades],
        item_names=items,
        synonyms=synonyms,
    )


def read(parser, side, text, context, whole=False):
    try:
        if whole:
            return parser.parse_turn(text, context)
        return (parser.parse_user if side == "user" else parser.parse_system)(text, context)
    except NotUnderstood as problem:
        return None if "?" in problem.question else problem


@pytest.mark.parametrize("lot", LOTS)
def test_phrasings_are_understood_but_for_the_known_misses(lot, readers):
    misses = {}
    for side, name, text, meant in lines_of(lot):
        given = CONTEXTS[name]
        reader = readers[given["world"]]
        act = read(reader.parser, side, text, reader.context(given), isinstance(meant, list))
        if act != reader.act(meant):
            misses[side, name, text] = f"meant {meant}, understood {act}"
    broken = {line: misses[line] for line in misses.keys() - MISSES[lot]}
    assert not broken, "\n".join(f"{line}: {why}" for line, why in broken.items())
    mended = MISSES[lot] - misses.keys()
    assert not mended, f"understood by now, and no longer misses: {sorted(mended)}"


def test_the_lots_are_as_large_as_the_documentation_says():
    assert [sum(1 for _ in lines_of(lot)) for lot in ("phrasings", "phrasings_later")] == [296, 206]


def lines_of(lot):
    """Every (side, context, line, what is meant) of a lot."""
    for side in ("user", "system"):
        for name, said in LOTS[lot].get(side, {}).items():
            for text, meant in said:
                yield side, name, text, meant
