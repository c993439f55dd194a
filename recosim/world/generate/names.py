"""Names, texts, qualities, appeals, lengths: what makes a generated world like a catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recosim.world.generate.attributes import ItemAttributes
from recosim.world.generate.draws import choose, correlated, normal, permutation, stream
from recosim.world.generate.settings import GeneratorSettings
from recosim.world.generate.words import (
    ADJECTIVES,
    FORENAMES,
    NOUNS,
    PLURALS,
    SURNAMES,
    TOWN_ENDS,
    TOWN_STARTS,
)

__all__ = ["Catalogue", "write_catalogue"]

Ints = NDArray[np.int64]
ROUNDS = 40  # of new names for those that were taken
TEXT_ATTRIBUTES = 5  # of one facet that a text names


@dataclass(frozen=True)
class Catalogue:
    """Attributes as `build_world` takes them: strings, and float32 (n_items,) arrays."""

    attribute_names: list[str]
    item_names: list[str]
    item_texts: list[str]
    item_quality: NDArray[np.float32]
    item_appeal: NDArray[np.float32] | None
    item_length: NDArray[np.float32]


def write_catalogue(settings: GeneratorSettings, attributes: ItemAttributes) -> Catalogue:
    """Name and describe all items. Names are unique; texts say what the attributes say."""
    rng = stream(settings.seed, "names")
    names = _attribute_names(settings, rng)
    sign = _signs(settings, attributes, rng)
    quality = _quality(settings, attributes)
    make = {"music": _band, "places": _place}[settings.kind]
    return Catalogue(
        attribute_names=names,
        item_names=_unique(lambda which: make(rng, [sign[i] for i in which]), settings.items),
        item_texts=_texts(settings, attributes, names),
        item_quality=quality,
        item_appeal=_appeal(settings, quality),
        item_length=_minutes(settings),
    )


def _attribute_names(settings: GeneratorSettings, rng: np.random.Generator) -> list[str]:
    towns = [start + end for start in TOWN_STARTS for end in TOWN_ENDS]
    towns = [towns[i] for i in permutation(rng, len(towns))]
    names: list[str] = []
    for facet in settings.facets:
        names += towns[: facet.towns] if facet.towns else facet.attributes
        towns = towns[facet.towns :]
    return names


def _signs(
    settings: GeneratorSettings, attributes: ItemAttributes, rng: np.random.Generator
) -> list[str]:
    """The last word of each item's name: of the facet of its rarest attribute that has signs."""
    with_signs = np.array([bool(facet.signs) for facet in settings.facets])[attributes.facet]
    if not with_signs.any():
        return [""] * settings.items
    frequency = np.bincount(attributes.links.indices, minlength=len(attributes.facet))
    items, ids = attributes.links.pairs()
    able = with_signs[ids]
    items, ids = items[able], ids[able]
    order = np.lexsort((ids, frequency[ids], items))
    _, first = np.unique(items[order], return_index=True)
    facet = np.full(settings.items, int(attributes.facet[with_signs][0]))
    facet[items[order][first]] = attributes.facet[ids[order][first]]
    draw = rng.random(settings.items)
    signs = [f.signs for f in settings.facets]
    return [signs[f][int(d * len(signs[f]))] for f, d in zip(facet.tolist(), draw, strict=True)]


def _unique(make: Callable[[list[int]], list[str]], n: int) -> list[str]:
    """Make names for the items 0..n-1 again and again until no two are equal."""
    names = [""] * n
    seen: set[str] = set()
    left = list(range(n))
    for _ in range(ROUNDS):
        again = []
        for item, name in zip(left, make(left), strict=True):
            if name in seen:
                again.append(item)
            else:
                seen.add(name)
                names[item] = name
        left = again
        if not left:
            return names
    for item, name in zip(left, make(left), strict=True):  # the words are used up: count on
        number = 2
        while f"{name} No. {number}" in seen:
            number += 1
        names[item] = f"{name} No. {number}"
        seen.add(names[item])
    return names


def _pick(rng: np.random.Generator, words: Sequence[str], n: int) -> list[str]:
    return [words[i] for i in choose(rng, np.ones(len(words)), n)]


def _band(rng: np.random.Generator, signs: Sequence[str]) -> list[str]:
    n = len(signs)
    adjective, noun, other = (_pick(rng, w, n) for w in (ADJECTIVES, NOUNS, NOUNS))
    plural, forename, surname = (_pick(rng, w, n) for w in (PLURALS, FORENAMES, SURNAMES))
    forms = choose(rng, [3, 3, 2, 2, 1, 1], n)
    return [
        (
            f"The {a} {p}",
            f"{f} {s}",
            f"{a} {x}",
            f"{x} {p}",
            f"{x} & {y}" if x != y else f"{x} & the {p}",
            f"{f} & the {p}",
        )[form]
        for form, a, x, y, p, f, s in zip(
            forms, adjective, noun, other, plural, forename, surname, strict=True
        )
    ]


def _place(rng: np.random.Generator, signs: Sequence[str]) -> list[str]:
    n = len(signs)
    adjective, noun, other = (_pick(rng, w, n) for w in (ADJECTIVES, NOUNS, NOUNS))
    forename = _pick(rng, FORENAMES, n)
    forms = choose(rng, [5, 2, 2, 1], n)
    return [
        (
            f"{a} {x} {sign}",
            f"{x} & {y if y != x else a} {sign}",
            f"{f}'s {a} {sign}",
            f"{f}'s {x} {sign}",
        )[form].rstrip()
        for form, a, x, y, f, sign in zip(
            forms, adjective, noun, other, forename, signs, strict=True
        )
    ]


def _texts(
    settings: GeneratorSettings, attributes: ItemAttributes, names: Sequence[str]
) -> list[str]:
    """One sentence for each item, facet by facet in the order of the card."""
    phrases = [facet.phrase for facet in settings.facets]
    facet_of = attributes.facet.tolist()
    indptr, ids = attributes.links.indptr.tolist(), attributes.links.indices.tolist()
    texts = []
    for start, end in pairwise(indptr):
        by_facet: dict[int, list[str]] = {}
        for attribute in ids[start:end]:
            by_facet.setdefault(facet_of[attribute], []).append(names[attribute])
        parts = [phrases[f].format(_listed(found)) for f, found in by_facet.items()]
        text = ", ".join(parts)
        texts.append(text[:1].upper() + text[1:] + "." if text else "")
    return texts


def _listed(words: list[str]) -> str:
    if len(words) > TEXT_ATTRIBUTES:
        return ", ".join(words[:TEXT_ATTRIBUTES]) + " and more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _quality(settings: GeneratorSettings, attributes: ItemAttributes) -> NDArray[np.float32]:
    """0 to 1: the grade where there is one, else drawn without regard to popularity."""
    rng = stream(settings.seed, "quality")
    drawn = 0.6 + 0.15 * normal(rng, settings.items)
    quality = np.where(np.isnan(attributes.grade), drawn, attributes.grade)
    return np.round(np.clip(quality, 0.0, 1.0), 3).astype(np.float32)


def _appeal(
    settings: GeneratorSettings, quality: NDArray[np.float32]
) -> NDArray[np.float32] | None:
    """0 to 1, as correlated with quality as the card says; None where it says nothing."""
    if settings.appeal is None:
        return None
    rng = stream(settings.seed, "appeal")
    drawn = 0.5 + 0.15 * correlated(rng, quality, settings.appeal.correlation)
    return np.round(np.clip(drawn, 0.0, 1.0), 3).astype(np.float32)


def _minutes(settings: GeneratorSettings) -> NDArray[np.float32]:
    """Typical minutes, between the two bounds, more often near their middle."""
    rng = stream(settings.seed, "length")
    low, high = settings.minutes
    middle = (rng.random(settings.items) + rng.random(settings.items)) / 2
    return np.round(low + (high - low) * middle, 1).astype(np.float32)
