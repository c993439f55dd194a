"""`Metric`: a metric as data. Families declare theirs; bench, tables and plots read declarations.

Every metric is a ratio of two sums over episodes, so that one bootstrap serves all of them. Adding
one is one declaration: it then stands in results.json, in its table, and in every report. What all
episodes give together and no sum over them does (how evenly items are shown) is a `Joint`;
`Scatter` and `Line` say what is drawn beside the usual plots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError, unknown

if TYPE_CHECKING:
    from recosim.trace import Trace

__all__ = [
    "Curve",
    "Episodes",
    "Figure",
    "Joint",
    "Leading",
    "Line",
    "Metric",
    "Scatter",
    "curve_of",
    "headlines",
    "ranking",
    "value_of",
]


@dataclass(frozen=True)
class Episodes:
    """What came of some episodes: one entry for each, by column; `len` is their number.

    Attributes:
        columns: arrays of shape (episodes,), by the names that the family declares
            (`recosim.trace.Columns.outcomes`).
    """

    columns: Mapping[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A column. Raises `UnknownNameError`."""
        if name not in self.columns:
            raise unknown("column of these episodes", name, self.columns)
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))


# The name of a column, or a function of the episodes -> (episodes,); "" is 1 for each episode.
Summand = str | Callable[[Episodes], NDArray[Any]]


@dataclass(frozen=True)
class Curve:
    """A line through the metrics that name it, ordered by `Metric.at`.

    Attributes:
        name: what it measures, within a sentence: "success".
        label: the same as a title: "Success rate".
        title, axis: of its plot; what `at` is.
        steps, step: where the curve is a share of the episodes that rises: title and axis of the
            bars of what each step adds; "" for no bars.
        rest: title of the share that the curve never reaches.
        alt: what the pictures of it show, for those who do not see them.
        levels: names of metrics that hang on no agent, drawn as level lines: where the curve
            starts, what it cannot pass.
    """

    name: str
    label: str
    title: str
    axis: str
    steps: str = ""
    step: str = ""
    rest: str = ""
    alt: str = ""
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leading:
    """How the metric that ranks the agents is spoken of, and when one episode beats another.

    Attributes:
        best: what the first agent does: "needs the fewest turns".
        alone: the same of an agent without rivals: "needs {value} turns".
        verb: one agent's, and that of several: ("needs", "need").
        worse: what the others need: "more".
        gap: the distance from the first, as a title: "Turns more than {leader}".
        hidden: what privileged agents see.
        race: function of the episodes -> (episodes,), less is better; None: `Metric.numerator`.
        race_label, race_help: of its column in the table of pairs, and a sentence below.
    """

    best: str
    alone: str
    verb: tuple[str, str]
    worse: str
    gap: str
    hidden: str = "what users hide"
    race: Callable[[Episodes], NDArray[Any]] | None = None
    race_label: str = "Better / equal / worse"
    race_help: str = "Better: the first does better in an episode."


@dataclass(frozen=True)
class Metric:
    """One metric of a family: sum of `numerator` over sum of `denominator`, over episodes.

    Where the second sum is 0 the metric has no value, and tables show "-".

    Attributes:
        name: what results call it, e.g. "SR@15"; never changes once it is written.
        label: what stands over a column.
        numerator: a column of the episodes, or a function of them -> (episodes,).
        denominator: the same; "" is 1 for each episode.
        better: which direction is better; None: it describes and does not judge.
        digits: behind the point.
        place: "main" (the table that compares), "behaviour" (what agents did), "" (results alone).
        headline: compared pair by pair, and given for each seed. One of them ranks the agents: the
            first with `leading`, else the first.
        interval: whether the main table prints its interval.
        help: below the main table a sentence, below that of behaviour a clause; "" for none.
        curve, at: the curve that it is a point of, and where.
        leading: how the metric that ranks is spoken of; by default in general words.
        formerly: where results of format 1 have it: "average_turns", "success_rate.2".

    Raises:
        OptionError: a headline without a direction.
    """

    name: str
    label: str
    numerator: Summand
    denominator: Summand = ""
    better: Literal["higher", "lower"] | None = None
    digits: int = 3
    place: Literal["main", "behaviour", ""] = ""
    headline: bool = False
    interval: bool = False
    help: str = ""
    curve: Curve | None = None
    at: int = 0
    leading: Leading | None = None
    formerly: str = ""

    def __post_init__(self) -> None:
        if self.headline and self.better is None:
            raise OptionError(
                f"the metric {self.name!r} is a headline and has no direction: say which is better."
            )

    @property
    def sign(self) -> int:
        """1 where less is better, -1 where more is: the best of a list sorted by it comes first."""
        return 1 if self.better == "lower" else -1

    @property
    def spoken(self) -> Leading:
        """How it is spoken of as the metric that ranks."""
        if self.leading is not None:
            return self.leading
        best, worse = ("lowest", "more") if self.better == "lower" else ("highest", "less")
        return Leading(
            best=f"has the {best} {self.label}",
            alone=f"has a {self.label} of {{value}}",
            verb=("has", "have"),
            worse=worse,
            gap=f"{self.label} minus that of {{leader}}",
        )

    def sums(self, episodes: Episodes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What is summed above and below the line, float64 (episodes,) each."""
        return summands(self.numerator, episodes), summands(self.denominator, episodes)


@dataclass(frozen=True)
class Figure:
    """One number of a `Joint`.

    Attributes:
        name: what results call it; never changes once it is written.
        label: what stands over a column.
        digits: behind the point.
        help: below the table a sentence; "" for none.
    """

    name: str
    label: str
    digits: int = 3
    help: str = ""


@dataclass(frozen=True)
class Joint:
    """What all episodes of an agent and seed give together, and no sum over them does.

    It is computed once, from the whole trace, when that is recorded. There is no interval; tables
    show the mean over the seeds.

    Attributes:
        title: of its table.
        figures: its numbers.
        lines: the names of its lines.
        measure: function (trace, world) -> by name a number, None where it has no value; of a line
            a list of numbers, at evenly spaced places from 0 to 1, both included.
    """

    title: str
    figures: tuple[Figure, ...]
    measure: Callable[[Trace, Any], Mapping[str, float | list[float] | None]]
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scatter:
    """A plot of two metrics against each other, one point for each agent, with intervals.

    Attributes:
        title: of the plot.
        x, y: names of metrics.
        corners: what it means to be there: top left, top right, bottom left, bottom right. Lines
            through the middle agent part them; () for none.
        alt: what it shows, within a sentence.
    """

    title: str
    x: str
    y: str
    corners: tuple[str, str, str, str] | tuple[()] = ()
    alt: str = ""


@dataclass(frozen=True)
class Line:
    """A plot of a line of a `Joint`, one for each agent, under the line of what is even.

    Attributes:
        title: of the plot.
        of: the name of the line.
        x, y: titles of the axes.
        figure: the name of the number that stands beside the name of an agent; "" for none.
        alt: what it shows, within a sentence.
    """

    title: str
    of: str
    x: str
    y: str
    figure: str = ""
    alt: str = ""


def summands(of: Summand, episodes: Episodes) -> NDArray[np.float64]:
    """What a metric sums: float64 (episodes,)."""
    if of == "":
        return np.ones(len(episodes))
    values = episodes[of] if isinstance(of, str) else of(episodes)
    return np.asarray(values, dtype=np.float64)


def value_of(metric: Metric, episodes: Episodes) -> float | None:
    """A metric of some episodes, None where it has no value."""
    above, below = (float(part.sum()) for part in metric.sums(episodes))
    return above / below if below else None


def headlines(metrics: Sequence[Metric]) -> list[Metric]:
    """Those that are compared pair by pair.

    Raises:
        OptionError: there is none.
    """
    found = [metric for metric in metrics if metric.headline]
    if not found:
        raise OptionError("none of these metrics is a headline; agents are ranked by one.")
    return found


def ranking(metrics: Sequence[Metric]) -> Metric:
    """The metric that ranks the agents."""
    found = headlines(metrics)
    return next((metric for metric in found if metric.leading is not None), found[0])


def curve_of(metrics: Sequence[Metric]) -> list[Metric]:
    """The points of the first curve, in order; none where the family has no curve."""
    first = next((metric.curve for metric in metrics if metric.curve is not None), None)
    points = [metric for metric in metrics if first is not None and metric.curve == first]
    return sorted(points, key=lambda metric: metric.at)
