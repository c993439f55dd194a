"""A picture of a world: how its degrees are spread, what its attributes are, one user's corner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from recosim.errors import MissingExtraError, OptionError
from recosim.files import atomic_write
from recosim.world.graph import explanation_paths
from recosim.world.world import World

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_world"]

USER, ITEM, ATTRIBUTE, TARGET = "#4c72b0", "#8c8c8c", "#dd8452", "#c44e52"
HEAT_ATTRIBUTES = 28  # labels stay readable
EGO_ITEMS, EGO_ATTRIBUTES = 9, 7
BAR_FACETS = 12


def draw_world(world: World, path: Path, user: int | None = None, item: int | None = None) -> Path:
    """Write a PNG of a world.

    It has four parts: the degree distributions, the items of each attribute by facet, which
    attributes occur together, and the paths from one user over attributes to an item.

    Args:
        path: the file to write (atomically); its ending is to be `.png`.
        user: whose corner to show; by default the one with the most train interactions.
        item: which item to explain to that user; by default the test item (any split's, if none)
            with the strongest path.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OptionError: the file is not a `.png`, no such user or item, or a world without users.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "Drawing a world") from None
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise OptionError(
            f"the picture is a PNG; name a file that ends in .png, not {path.name!r}."
        )
    if not world.n_users:
        raise OptionError(
            f"the world {world.name!r} has no users and no interactions to draw; it is there "
            "to be searched. 'recosim data info' shows its figures."
        )
    if user is None:
        user = int(np.argmax(world.train.degrees()))
    if not 0 <= user < world.n_users:
        raise OptionError(f"user {user} does not exist; allowed: 0..{world.n_users - 1}.")
    if item is None:
        item = _strongest_item(world, user)
    if not 0 <= item < world.n_items:
        raise OptionError(f"item {item} does not exist; allowed: 0..{world.n_items - 1}.")

    figure = Figure(figsize=(15, 12), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 2, height_ratios=[1, 1.25], width_ratios=[1, 1.1])
    _degrees(figure.add_subplot(grid[0, 0]), world)
    _attributes(figure.add_subplot(grid[0, 1]), world)
    _together(figure.add_subplot(grid[1, 0]), world)
    _ego(figure.add_subplot(grid[1, 1]), world, user, item)
    figure.suptitle(
        f"{world.name}: {world.n_users:,} users, {world.n_items:,} items, {world.n_attributes:,} "
        f"attributes in {world.n_facets} facet{'s' * (world.n_facets != 1)}, "
        f"{world.n_interactions:,} interactions",
        fontsize=14,
    )
    atomic_write(path, lambda part: figure.savefig(part, dpi=110, format="png"))
    return path


def _degrees(axes: Axes, world: World) -> None:
    """The share of users and items with at least so many interactions, and of attributes' items."""
    tables = (world.train, world.valid, world.test)
    by_item = sum(np.bincount(t.indices, minlength=world.n_items) for t in tables)
    by_user = sum(t.degrees() for t in tables)
    for label, values, colour in (
        ("interactions of a user", by_user, USER),
        ("interactions of an item", by_item, ITEM),
        ("items of an attribute", world.attribute_items.degrees(), ATTRIBUTE),
        ("attributes of an item", world.item_attributes.degrees(), TARGET),
    ):
        ordered = np.sort(np.asarray(values))[::-1]
        share = np.arange(1, len(ordered) + 1) / len(ordered)
        positive = ordered > 0
        axes.plot(ordered[positive], share[positive], color=colour, label=label, linewidth=2)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="at least so many",
        ylabel="share",
        title="Degree distributions (both axes logarithmic)",
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", frameon=False)


def _attributes(axes: Axes, world: World) -> None:
    """Items of each attribute, one row of dots for each facet; the biggest attribute is named."""
    sizes = world.attribute_items.degrees()
    groups = [(world.facet_names[f], world.facet_attributes.row(f)) for f in range(world.n_facets)]
    groups = [group for group in groups if len(group[1])]
    outside = np.flatnonzero(world.attribute_facet < 0).astype(np.int32)
    groups.sort(key=lambda group: -int(sizes[group[1]].sum()))
    more = len(groups) - BAR_FACETS
    groups = groups[:BAR_FACETS] + ([("(no facet)", outside)] if len(outside) else [])
    jitter = np.random.default_rng(0)
    for row, (_, members) in enumerate(groups):
        values = np.maximum(sizes[members], 0.8)
        spread = jitter.uniform(-0.22, 0.22, len(members))
        axes.scatter(values, row + spread, s=14, color=ATTRIBUTE, alpha=0.55, linewidths=0)
        first = int(np.argmax(sizes[members]))
        axes.annotate(
            _short(world.attribute_names[members[first]], 22),
            (values[first], row + spread[first]),
            textcoords="offset points",
            xytext=(6, -3),
            fontsize=8,
        )
    axes.set_yticks(
        range(len(groups)), [f"{_short(name, 20)} ({len(members)})" for name, members in groups]
    )
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.set_xlim(right=float(sizes.max()) * 6)
    title = "Items of each attribute, by facet (number of attributes)"
    axes.set(
        xlabel="items", title=title if more <= 0 else f"{title}\n{more} smaller facets not shown"
    )
    axes.grid(axis="x", alpha=0.3)


def _together(axes: Axes, world: World) -> None:
    """How much more often two attributes share an item than by chance, as log2 of the ratio."""
    sizes = world.attribute_items.degrees()
    top = np.argsort(-sizes, kind="stable")[:HEAT_ATTRIBUTES]
    top = top[sizes[top] > 0]
    top = top[np.lexsort((-sizes[top], world.attribute_facet[top]))]
    common = _cooccurrence(world, top)
    expected = np.outer(sizes[top], sizes[top]) / world.n_items
    with np.errstate(divide="ignore"):
        lift = np.log2(common / expected)
    np.fill_diagonal(lift, np.nan)
    picture = axes.imshow(np.clip(lift, -3, 3), cmap="RdBu_r", vmin=-3, vmax=3)
    labels = [_short(world.attribute_names[a], 18) for a in top]
    axes.set_xticks(range(len(top)), labels, rotation=90, fontsize=7)
    axes.set_yticks(range(len(top)), labels, fontsize=7)
    facet = world.attribute_facet[top]
    for edge in np.flatnonzero(np.diff(facet)):
        axes.axhline(edge + 0.5, color="black", linewidth=0.6)
        axes.axvline(edge + 0.5, color="black", linewidth=0.6)
    axes.set_title(f"The {len(top)} most frequent attributes together on an item")
    bar = axes.figure.colorbar(picture, ax=axes, shrink=0.7)
    bar.set_label("log2 (observed / expected by chance)")


def _cooccurrence(world: World, attributes: NDArray[np.int64]) -> NDArray[np.float64]:
    if world.cooccurrence.size:
        return np.asarray(world.cooccurrence[np.ix_(attributes, attributes)], dtype=np.float64)
    rows = np.zeros((len(attributes), world.n_items), dtype=np.float32)
    for k, a in enumerate(attributes):
        rows[k, world.attribute_items.row(int(a))] = 1.0
    return np.asarray(rows @ rows.T, dtype=np.float64)


def _ego(axes: Axes, world: World, user: int, item: int) -> None:
    """User, some train items, the attributes that lead from them to the item, and the item."""
    paths = explanation_paths(world, user, item, EGO_ATTRIBUTES)
    graph = nx.Graph()
    centre, goal = ("user", user), ("item", item)
    wanted = dict.fromkeys(path.attribute for path in paths)  # strongest first
    train = [int(v) for v in world.train.row(user) if v != item]
    graph.add_nodes_from([centre, goal, *(("attribute", a) for a in wanted)])
    # The train items that carry most of these attributes tell most.
    train.sort(key=lambda v: (-len(wanted.keys() & set(world.item_attributes.row(v).tolist())), v))
    for v in train[:EGO_ITEMS]:
        graph.add_edge(centre, ("item", v))
        for a in sorted(wanted.keys() & set(world.item_attributes.row(v).tolist())):
            graph.add_edge(("item", v), ("attribute", a))
    for a in wanted:
        graph.add_edge(("attribute", a), goal)
    layer = {"user": 0, "item": 1, "attribute": 2}
    for node in graph:
        graph.nodes[node]["layer"] = 3 if node == goal else layer[node[0]]
    spots = nx.multipartite_layout(graph, subset_key="layer")
    colours = {"user": USER, "item": ITEM, "attribute": ATTRIBUTE}
    strong = {node for path in paths for node in path.nodes}
    nx.draw_networkx_edges(
        graph,
        spots,
        ax=axes,
        edge_color=[TARGET if goal in edge else "#bbbbbb" for edge in graph.edges],
        width=[1.8 if strong.issuperset(edge) else 0.8 for edge in graph.edges],
    )
    nx.draw_networkx_nodes(
        graph,
        spots,
        ax=axes,
        node_size=160,
        node_color=[TARGET if node == goal else colours[node[0]] for node in graph],
    )
    for node, (x, y) in spots.items():
        axes.annotate(
            _label(world, node),
            (x, y),
            textcoords="offset points",
            xytext=(0, 9),
            ha="center",
            fontsize=8,
            parse_math=False,
        )
    reason = f"{len(paths)} strongest paths" if paths else "no path"
    axes.set_title(
        f"Why user {user} may like {_short(world.item_names[item], 30)!r}: {reason}\n"
        "user, train items, shared attributes, item",
        parse_math=False,
    )
    axes.margins(x=0.13, y=0.08)
    axes.set_axis_off()


def _label(world: World, node: tuple[str, int]) -> str:
    kind, i = node
    if kind == "user":
        return f"user {i}"
    return _short((world.item_names if kind == "item" else world.attribute_names)[i], 20)


def _strongest_item(world: World, user: int) -> int:
    """Of the user's test items (any split's, if there are none) that with the strongest path."""
    choices = np.concatenate([world.test.row(user), world.valid.row(user), world.train.row(user)])
    choices = world.test.row(user) if len(world.test.row(user)) else choices

    def strength(v: int) -> float:
        paths = explanation_paths(world, user, v, 1)
        return paths[0].strength if paths else -1.0

    return max((int(v) for v in choices), key=strength, default=0)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
