"""Random acts, and worlds whose things have nasty names."""

from __future__ import annotations

import random
import re

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
    UserAct,
)
from recosim.language import Context
from recosim.language.phrases import PHRASES
from recosim.world.csr import csr_from_lists
from recosim.world.world import World, build_world

NASTY_ATTRIBUTES = [
    "rock", "Rock", "rock and roll", "rock, pop", "no", "yes", "none", "more rock", "less rock",
    "both", "the second one", "3", "a2", "[a2]", "rock [a1]", '"rock"', "“soul”", "want", "any",
    "the the", "I don't know", "rock, not soul", "always", "in this conversation", "1980s",
    "rock or soul", "", " ", "\n",
    "a\nb", "i0", "[i0]", "Blue Lake", "style", "ÉTÉ", "été", "ß", "SS",
    "\ue000a3\ue001", "{attributes}", "rock & soul", "rock&soul", "x", "&", "...", "hm",
    "pass", "bye",
    "rock: soul", "soul?", "soul", "\u200bsoul", "Ⅷ", "日本", "日本 語", "o'clock", "o’clock",
    "but soul",
]  # fmt: skip
NASTY_ITEMS = [
    "Blue Lake", "Blue Lake", "Rock", "soul", "And", "Or", "The", "The The", "Number 2", "2", "#1",
    "None of these", "Yes", "Blue, Lake", "Lake [i2]", "i2", "[i2]", '"Blue Lake"', "Blue Lake!",
    "American President, The", "Now and Then", "Heat", "Less is More", "Take It", "Ocean's 11", "",
    "That one", "Something", "Mirror", "The Mirror", "Mirror, The", "Mirror [i3] [a4]", "¿Qué?",
    "A: B",
]  # fmt: skip
NASTY_FACETS = [
    "style",
    "which style",
    "sound",
    "style and sound",
    "rock",
    "era: when",
    "[f0]",
    "?",
]


def world_of(name: str, items: list[str], attributes: list[str], facets: list[str]) -> World:
    n, k = len(items), len(attributes)
    return build_world(
        name=name,
        item_attributes=csr_from_lists([[v % k, (3 * v + 1) % k] for v in range(n)]),
        train=csr_from_lists([[0]]),
        valid=csr_from_lists([[1]]),
        test=csr_from_lists([[2]]),
        n_attributes=k,
        attribute_facet=[a % len(facets) for a in range(k)],
        facet_names=facets,
        attribute_names=attributes,
        item_names=items,
    )


def made_of_phrases(rng: random.Random) -> World:
    """A world whose things are called by pieces of the phrases themselves, and by each other."""
    slots = re.compile(r"\{.*?\}")
    pieces = [
        slots.sub("rock", phrase)
        for side in PHRASES.values()
        for styles in side.values()
        for phrases in styles.values()
        for phrase in phrases
    ]
    words = sorted({word for piece in pieces for word in piece.split()})
    names = pieces + [" ".join(rng.choices(words, k=rng.randint(1, 3))) for _ in range(400)]
    rng.shuffle(names)
    return world_of("phrases", names[:300], names[300:500] + names[:20], names[500:520])


class Draw:
    """Random acts and contexts of one world."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world, self.rng = world, rng

    def attributes(self, low: int = 1, high: int = 4) -> tuple[int, ...]:
        return tuple(self.rng.sample(range(self.world.n_attributes), self.rng.randint(low, high)))

    def items(self, low: int = 1, high: int = 5) -> tuple[int, ...]:
        return tuple(self.rng.sample(range(self.world.n_items), self.rng.randint(low, high)))

    def facet(self) -> int:
        return self.rng.randrange(self.world.n_facets)

    def system(self):
        return self.rng.choice([
            lambda: Ask(self.attributes()),
            lambda: Ask(facet=self.facet()),
            lambda: Ask(self.attributes(), self.facet()),
            lambda: Ask(),
            lambda: Recommend(),
            lambda: Recommend(self.items()),
            lambda: Recommend(self.items(), self.attributes()),
            lambda: Recommend((), self.attributes()),
            lambda: Reflect(),
            lambda: Pass(),
        ])()  # fmt: skip

    def context(self) -> Context:
        answers = self.rng.choice([None, self.system()])
        named = isinstance(answers, Recommend) and answers.items
        return Context(answers, () if named else self.items(0), self.rng.random() < 0.5)

    def user(self, context: Context):
        anywhere = [
            self.instruction,
            lambda: Edit(self.attributes(0, 2), self.attributes(0, 2)),
            lambda: Leave(self.rng.choice(("impatient", "satisfied", "other"))),
        ]  # fmt: skip
        answers = context.answers
        if isinstance(answers, Ask):
            fitting = [lambda: self.answer(context)] * 3
        elif isinstance(answers, Recommend):
            shown = context.items or self.items()
            fitting = [
                lambda: React(self.rng.choice((None, self.rng.choice(shown), *self.items(1, 1)))),
                lambda: self.critique(shown),
            ]
        elif isinstance(answers, Reflect):
            fitting = [
                lambda: self.critique(context.items or self.items()),
                lambda: Answer("unsure", (), self.attributes(0, 1)),
                lambda: Answer("no"),
            ]
        else:
            fitting = [
                lambda: Request(self.attributes(0), self.rng.choice((None, self.facet()))),
            ]
        return self.rng.choice([*fitting, *fitting, *anywhere])()

    def turn(self, context: Context) -> tuple[UserAct, ...]:
        """Several acts that can be said in one line, in the order in which people are ruled to."""
        rng, answers = self.rng, context.answers
        acts: list[UserAct] = []
        shown = context.items or self.items()
        if isinstance(answers, Recommend):
            if rng.random() < 0.8:
                acts.append(self.reaction(shown))
            if rng.random() < 0.3:
                acts.append(self.inquiry(shown))
        if isinstance(answers, (Recommend, Reflect)):
            acts += [self.critique(shown) for _ in range(rng.randint(0, 2))]
        elif isinstance(answers, Ask):
            acts.append(self.answer(context))
        else:
            item = rng.choice((None, *self.items(1, 1)))
            facet = rng.choice((None, self.facet()))
            acts.append(Request(self.attributes(0), facet, item))
        for chance, act in (
            (0.2, lambda: self.instruction()),
            (0.2, lambda: Edit(self.attributes(0, 2), self.attributes(0, 2))),
            (0.3, lambda: Courtesy(rng.choice(("thanks", "greeting", "goodbye", "other")))),
            (0.2, lambda: Leave(rng.choice(("impatient", "satisfied", "other")))),
        ):
            if rng.random() < chance:
                acts.append(act())
        return tuple(acts) or (self.inquiry(shown),)

    def reaction(self, shown: tuple[int, ...]) -> React:
        """One item taken, several or none, and notes on others."""
        n = len(shown)
        some = self.rng.sample(shown, self.rng.randint(0, n))
        cut = self.rng.choice((0, 0, 1, self.rng.randint(0, len(some))))
        taken, noted = some[:cut], some[cut:]
        return React(
            taken[0] if taken else None,
            tuple((item, Level.ACCEPT) for item in taken[1:]),
            tuple((item, self.rng.choice(list(Note))) for item in noted),
        )

    def inquiry(self, shown: tuple[int, ...]) -> Inquire:
        item = self.rng.choice((None, self.rng.choice(shown), *self.items(1, 1)))
        return Inquire(item, self.rng.choice(("content", "quality", "maker")))

    def answer(self, context: Context) -> Answer:
        return self.rng.choice((
            lambda: Answer("yes", self.accepted(context), self.attributes(0, 2)),
            lambda: Answer("no", (), self.attributes(0, 2)),
            lambda: Answer("unsure", (), self.attributes(0, 1)),
        ))()  # fmt: skip

    def instruction(self) -> Instruct:
        return Instruct(
            self.rng.choice(("want", "avoid")), self.attributes(), self.attributes(0, 2),
            self.rng.choice(("turn", "session", "always")),
        )  # fmt: skip

    def critique(self, shown: tuple[int, ...]) -> Critique:
        direction = self.rng.choice(("less", "more"))
        item = self.rng.choice((None, self.rng.choice(shown)))
        return Critique(self.attributes(1, 1)[0], direction, item)

    def accepted(self, context: Context) -> tuple[int, ...]:
        if context.asked:
            asked = list(context.asked)
            self.rng.shuffle(asked)
            return self.rng.choice((context.asked, tuple(asked[: self.rng.randint(1, len(asked))])))
        if context.asked_facet is not None:
            inside = self.world.facet_attributes.row(context.asked_facet).tolist()
            return tuple(self.rng.sample(inside, self.rng.randint(1, min(3, len(inside)))))
        return self.attributes(0, 2)
