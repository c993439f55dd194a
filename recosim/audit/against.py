"""Simulated users beside counted people: each measure holds, or does not, and why."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from recosim.audit.estimates import Estimate
from recosim.audit.figures import Figure, Figures
from recosim.audit.measures import GROUPS, MEASURES, Measure

__all__ = ["FEW", "RULE", "Row", "Verdict", "against", "rows_to_dict"]

Verdict = Literal["holds", "does not", "too few", "not measured"]

FEW = 20  # observations below which nothing is said

RULE = (
    "Holds: our 95 % interval and people's overlap. Where a measure was counted on several "
    "collections, people's interval reaches from the lowest end to the highest: people differ "
    "between collections by more than the intervals of each. Below "
    f"{FEW} observations nothing is said."
)


@dataclass(frozen=True)
class Row:
    """One measure of simulated users beside people's.

    Attributes:
        ours: None where nothing was observed.
        figures: of people, at least one.
        verdict: see `RULE`.
        why: the reason where it does not hold and the users' settings alone cannot mend it, or
            where nothing was measured; "".
    """

    measure: Measure
    ours: Estimate | None
    figures: tuple[Figure, ...]
    verdict: Verdict
    why: str

    @property
    def people(self) -> tuple[float, float]:
        """People's interval, over all collections."""
        ends = [figure.ends for figure in self.figures]
        return min(low for low, _ in ends), max(high for _, high in ends)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        low, high = self.people
        return {
            "measure": self.measure.name,
            "title": self.measure.title,
            "group": self.measure.group,
            "ours": self.ours,
            "people": {"low": low, "high": high},
            "figures": [figure.model_dump() for figure in self.figures],
            "verdict": self.verdict,
            "why": self.why,
        }


def against(
    ours: Mapping[str, Estimate], people: Figures, tells: Container[str] = frozenset(GROUPS)
) -> list[Row]:
    """Every measure of which there is a figure, in the order of `MEASURES`.

    Args:
        ours: what was counted of simulated users (`recosim.audit.measures.count`).
        people: the figures.
        tells: groups of measures that such users can tell at all.
    """
    rows = []
    for name, measure in MEASURES.items():
        if (figures := people.of(name)) and measure.group in tells:
            found = ours.get(name)
            row = Row(measure, found, figures, "not measured", "")
            verdict = _verdict(found, row.people)
            rows.append(Row(measure, found, figures, verdict, _why(measure, verdict)))
    return rows


def _verdict(ours: Estimate | None, people: tuple[float, float]) -> Verdict:
    if ours is None:
        return "not measured"
    if ours["of"] < FEW:
        return "too few"
    low = ours["value"] if ours["low"] is None else ours["low"]
    high = ours["value"] if ours["high"] is None else ours["high"]
    return "holds" if low <= people[1] and people[0] <= high else "does not"


def _why(measure: Measure, verdict: Verdict) -> str:
    if verdict == "not measured":
        return measure.why or "it did not come up in these conversations"
    return measure.why if verdict == "does not" else ""


def rows_to_dict(
    rows: list[Row], people: Figures, unsupported: Mapping[str, str]
) -> dict[str, Any]:
    """The part of an audit, as JSON values.

    Args:
        unsupported: settings of the population that no figure stands behind, with what its card
            says of each.
    """
    judged = [row for row in rows if row.verdict in ("holds", "does not")]
    return {
        "figures": people.name,
        "rule": RULE,
        "measures": [row.to_dict() for row in rows],
        "holds": sum(row.verdict == "holds" for row in judged),
        "judged": len(judged),
        "unsupported": dict(unsupported),
    }
