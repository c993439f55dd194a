"""`generate_world`: all steps from the settings to a `World`."""

from __future__ import annotations

from recosim.progress import Progress
from recosim.world.generate.attributes import assign_attributes, draw_circles
from recosim.world.generate.draws import choose, stream
from recosim.world.generate.interactions import (
    draw_friends,
    draw_interactions,
    draw_users,
    plan_popularity,
    split,
)
from recosim.world.generate.names import write_catalogue
from recosim.world.generate.settings import GeneratorSettings
from recosim.world.world import World, build_world

__all__ = ["generate_world"]

STEPS = ("drawing items", "drawing users", "drawing interactions", "drawing friends",
         "writing the catalogue", "indexing")  # fmt: skip


def generate_world(
    name: str, settings: GeneratorSettings, progress: Progress | None = None
) -> World:
    """Generate a world. The same settings give the same world, on any machine.

    Raises:
        CardError: sizes and curves that contradict each other.
    """

    def step(done: int) -> None:
        if progress is not None:
            progress(done, len(STEPS), STEPS[done] if done < len(STEPS) else "done")

    step(0)
    circles = draw_circles(settings)
    rng = stream(settings.seed, "items")
    circle = choose(rng, circles.weight, settings.items)
    degree = plan_popularity(settings)
    attributes = assign_attributes(settings, circles, circle, degree)
    step(1)
    users = draw_users(settings, circles, circle, attributes.home, degree)
    step(2)
    pairs = draw_interactions(settings, circles, users, circle, attributes.home, degree)
    train, valid, test = split(settings, *pairs, degree)
    step(3)
    friends = draw_friends(settings, circles, users)
    step(4)
    catalogue = write_catalogue(settings, attributes)
    step(5)
    world = build_world(
        name=name,
        item_attributes=attributes.links,
        train=train,
        valid=valid,
        test=test,
        friends=friends,
        n_attributes=len(attributes.facet),
        attribute_facet=attributes.facet,
        facet_names=[facet.name for facet in settings.facets],
        attribute_names=catalogue.attribute_names,
        item_names=catalogue.item_names,
        item_texts=catalogue.item_texts,
        item_length=catalogue.item_length,
        item_quality=catalogue.item_quality,
        item_appeal=catalogue.item_appeal,
    )
    step(6)
    return world
