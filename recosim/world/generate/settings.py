"""The settings of a generated world: the `[generator]` table of a data card."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from recosim.schema import Card

__all__ = [
    "AppealSettings",
    "FacetSettings",
    "FriendSettings",
    "GeneratorSettings",
    "TasteSettings",
]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Strength = Annotated[float, Field(ge=0.0, le=20.0)]
Count = Annotated[int, Field(ge=1)]
# (share of the items or users, value there): a curve of quantiles, see `degrees.counts_from_curve`.
Curve = Annotated[list[tuple[Share, Annotated[float, Field(ge=0.0)]]], Field(min_length=2)]


class FacetSettings(Card):
    """One facet: its attributes and how many items have them.

    Attributes:
        name: of the facet, readable in "Which ... do you want?".
        attributes: their names, each readable in "Do you want ...?".
        towns: in place of `attributes`: that many invented town names.
        choose: "one": an item has at most one of them; "many": any number.
        shares: share of the items that have the first, second, ... attribute. Fewer shares than
            attributes: the others fall off by Zipf's law, below the smallest share given.
        per_item: attributes of this facet that an item has on average. Needed where `shares` is
            not complete.
        grades: the attributes are grades in rising order, and give `item_quality`.
        home: users live in one of the attributes, and mostly take items that have it.
        phrase: how its attributes stand in an item's text, `{}` for their names.
        signs: last words for the names of items whose most particular attribute is in this facet.
    """

    name: str = Field(min_length=1)
    attributes: list[str] = Field(default_factory=list)
    towns: Annotated[int, Field(ge=0, le=400)] = 0
    choose: Literal["one", "many"] = "many"
    shares: list[Share] = Field(default_factory=list)
    per_item: Annotated[float, Field(gt=0.0)] | None = None
    grades: bool = False
    home: bool = False
    phrase: Annotated[str, Field(pattern=r"^[^{}]*\{\}[^{}]*$")] = "{}"
    signs: list[str] = Field(default_factory=list)

    @property
    def size(self) -> int:
        return self.towns or len(self.attributes)

    @model_validator(mode="after")
    def _consistent(self) -> FacetSettings:
        if bool(self.attributes) == bool(self.towns):
            raise ValueError(f"facet {self.name!r} needs either 'attributes' or 'towns'")
        if len(set(self.attributes)) != len(self.attributes):
            raise ValueError(f"facet {self.name!r} names an attribute twice")
        if len(self.shares) > self.size:
            raise ValueError(
                f"facet {self.name!r} has {len(self.shares)} shares for {self.size} attributes"
            )
        if len(self.shares) < self.size and self.per_item is None:
            raise ValueError(
                f"facet {self.name!r} needs 'per_item', or a share for each of its {self.size} "
                "attributes"
            )
        if self.choose == "one" and max(self.per_item or 0.0, sum(self.shares)) > 1.0 + 1e-9:
            raise ValueError(f"facet {self.name!r} is chosen once, so 'per_item' is at most 1")
        if (self.grades or self.home) and self.choose != "one":
            raise ValueError(f"facet {self.name!r}: 'grades' and 'home' need choose = \"one\"")
        return self


class TasteSettings(Card):
    """Where the structure comes from: circles of taste, grouped into scenes.

    An item is at home in one circle, which shapes its attributes and who takes it. A user is at
    home in a few. Strengths are standard deviations of log-odds.

    Attributes:
        scenes, circles: number of scenes, and of circles in each.
        skew: how unequal they are in size: weight 1 / rank ** skew.
        facet_strength: how much scenes differ in the facets that their items have.
        scene_strength, circle_strength: how much scenes differ, and the circles within one, in
            the attributes that their items have.
        item_facet_strength: how much items differ in the facets that they have.
        item_crossover: share of an item's users that come from the other circles of its scene.
        item_stray: share of an item's users that come from anywhere.
        interests: circles that a user is at home in; the i-th has weight `interest_decay ** i`.
        interest_scene: probability that a further interest is in the scene of the first.
        user_stray: share of a user's items that are from anywhere.
        roam: share of a user's items outside the home (where a facet has `home`).
    """

    scenes: Count
    circles: Count
    skew: Strength = 0.5
    facet_strength: Strength = 0.0
    scene_strength: Strength
    circle_strength: Strength
    item_facet_strength: Strength = 0.0
    item_crossover: Share
    item_stray: Share
    interests: Annotated[int, Field(ge=1, le=8)]
    interest_decay: Share
    interest_scene: Share
    user_stray: Share
    roam: Share = 0.0


class FriendSettings(Card):
    """Friendships.

    Attributes:
        links: sum of the lengths of all friend lists; even, as friendship is mutual.
        degree: curve of a user's number of friends.
        homophily: share of friendships that are looked for in the user's own first circle.
    """

    links: Annotated[int, Field(ge=0, multiple_of=2)]
    degree: Curve
    homophily: Share


class AppealSettings(Card):
    """What items promise before they are taken.

    Attributes:
        correlation: rank correlation (of normal scores) of appeal with quality. 1: what looks good
            is good; 0: looks say nothing; below 0: they deceive.
    """

    correlation: Annotated[float, Field(ge=-1.0, le=1.0)]


class GeneratorSettings(Card):
    """All of a generated world.

    Attributes:
        kind: what the names and texts speak of: "music" (bands) or "places" (to eat, shop, ...).
        seed: another seed is another world of the same shape.
        users, items, interactions: sizes. Each user and each interaction counts once.
        idle_items: items that nobody took.
        user_degree: curve of the interactions of a user.
        item_degree: curve of the interactions of an item, over the items that are not idle.
        attributes_per_item: curve of an item's attributes in the facets that are chosen "many".
        attributes_popularity: rank correlation (of normal scores) of that number with popularity.
        minutes: shortest and longest typical length of an item (a track, a visit).
        train_share: share of each user's interactions in the train split, rounded down; the
            others go to valid and test by a fair coin, at least one to test.
        holdout_popularity: the odds that an interaction is held out fall with the item's
            popularity to this power. 0: held out uniformly.
        appeal: see there. Without it the appeal of items is unknown.
        facets, taste, friends: see there.
    """

    kind: Literal["music", "places"]
    seed: Annotated[int, Field(ge=0)]
    users: Count
    items: Count
    interactions: Count
    idle_items: Annotated[int, Field(ge=0)] = 0
    user_degree: Curve
    item_degree: Curve
    attributes_per_item: Curve
    attributes_popularity: Annotated[float, Field(ge=-1.0, le=1.0)]
    minutes: tuple[Annotated[float, Field(gt=0.0)], Annotated[float, Field(gt=0.0)]]
    train_share: Annotated[float, Field(gt=0.0, lt=1.0)]
    holdout_popularity: Strength
    appeal: AppealSettings | None = None
    facets: Annotated[list[FacetSettings], Field(min_length=1)]
    taste: TasteSettings
    friends: FriendSettings

    @model_validator(mode="after")
    def _consistent(self) -> GeneratorSettings:
        if self.idle_items >= self.items:
            raise ValueError(f"idle_items is {self.idle_items}, of {self.items} items")
        names = [facet.name for facet in self.facets]
        if len(set(names)) != len(names):
            raise ValueError("two facets have the same name")
        if not any(facet.choose == "many" for facet in self.facets):
            raise ValueError('at least one facet needs choose = "many"')
        for flag in ("grades", "home"):
            if sum(getattr(facet, flag) for facet in self.facets) > 1:
                raise ValueError(f"only one facet may have {flag!r}")
        if self.interactions > self.users * (self.items - self.idle_items) // 4:
            raise ValueError(
                f"{self.interactions} interactions are more than a quarter of all pairs of "
                f"{self.users} users and {self.items - self.idle_items} items"
            )
        return self
