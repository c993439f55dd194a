"""The part "against people" of the page of an audit: a table with drawn intervals, and two checks.

One population or several stand in it, one mark for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from recosim.audit.measures import GROUPS, MEASURES

__all__ = ["COLOURS", "STYLE", "checks_section", "ends", "number", "people_section"]

# Of the marks of populations, in order; they are told apart by shape of text too.
COLOURS = ("#2f6f8f", "#c2571a", "#5b8c2a", "#8a4fa3", "#a33a4f", "#77715f")
CLASSES = {"holds": "good", "does not": "bad", "too few": "dim", "not measured": "dim"}

STYLE = """
td.verdict { width: 7rem; } .good { color: #1d7a3c; font-weight: 600; }
.bad { color: #b3261e; font-weight: 600; } .dim { color: var(--soft); }
@media (prefers-color-scheme: dark) { .good { color: #6fd08c; } .bad { color: #ff8a80; } }
svg.strip { width: 100%; height: 1.3rem; overflow: visible; }
svg.strip rect.all { fill: var(--low); } svg.strip rect.people { fill: #e0a52a99; }
svg.strip line.people { stroke: #e0a52a; stroke-width: 3; }
tr.why td { padding-bottom: .5rem; color: var(--soft); font-size: .88rem; }
th { text-align: left; padding: .6rem 0 .1rem; } .key b { font-weight: 600; }
"""

WIDTH = 200.0


def people_section(parts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The lines of HTML.

    Args:
        parts: population -> its part "against_people" of an audit, as JSON values; all with the
            same figures.
    """
    names = list(parts)
    first = next(iter(parts.values()))
    colour = dict(zip(names, COLOURS * len(names), strict=False))
    key = " · ".join(
        f'<b style="color:{colour[name]}">{escape(name)}</b> '
        f"{part['holds']} of {part['judged']} hold"
        for name, part in parts.items()
    )
    rows = {name: {m["measure"]: m for m in part["measures"]} for name, part in parts.items()}
    lines = [
        "<h2>Against people</h2>",
        f"<p>{escape(first['rule'])} Figures: {escape(first['figures'])}. The band is people, "
        "points with lines are simulated users.</p>",
        f'<p class="key">{key}</p>',
        "<table>",
    ]
    for group, title in GROUPS.items():
        of = [m for m in first["measures"] if m["group"] == group]
        if of:
            lines.append(f'<tr><th colspan="3">{escape(title)}</th></tr>')
        for entry in of:
            each = {name: rows[name][entry["measure"]] for name in names}
            lines += _measure(entry, each, colour)
    lines.append("</table>")
    for name, part in parts.items():
        if part["unsupported"]:
            told = ", ".join(f"{k} ({v})" for k, v in part["unsupported"].items())
            lines.append(f"<p>Of {escape(name)} nobody counted: {escape(told)}.</p>")
    return lines


def number(measure: str, value: float) -> str:
    """A value as people read it: a share in percent."""
    return f"{100 * value:.0f} %" if MEASURES[measure].is_share else f"{value:.1f}"


def ends(measure: str, entry: Mapping[str, Any]) -> str:
    """Its interval as people read it; "" for none."""
    if entry.get("low") is None:
        return ""
    shown = [number(measure, entry[end]).removesuffix(" %") for end in ("low", "high")]
    return f" [{', '.join(shown)}]"


def _measure(
    entry: Mapping[str, Any], each: Mapping[str, Mapping[str, Any]], colour: Mapping[str, str]
) -> list[str]:
    name = entry["measure"]
    told = "; ".join(
        f"{figure['collection']} {number(name, figure['value'])}{ends(name, figure)}"
        for figure in entry["figures"]
    )
    sources = "; ".join(f"{f['collection']}: {f['source']} ({f['bias']})" for f in entry["figures"])
    verdicts = "<br>".join(
        f'<span style="color:{colour[who]}">●</span> {_ours(name, row)} '
        f'<span class="{CLASSES[row["verdict"]]}">{row["verdict"]}</span>'
        for who, row in each.items()
    )
    lines = [
        f'<tr><td class="name" title="{escape(sources)}">{escape(entry["title"])}<br>'
        f'<span class="dim">people: {escape(told)}</span></td>'
        f'<td>{_strip(entry, each, colour)}</td><td class="verdict">{verdicts}</td></tr>'
    ]
    if reasons := dict.fromkeys(row["why"] for row in each.values() if row["why"]):
        lines.append(f'<tr class="why"><td colspan="3">{escape("; ".join(reasons))}</td></tr>')
    return lines


def _ours(name: str, row: Mapping[str, Any]) -> str:
    ours = row["ours"]
    return "" if ours is None else number(name, ours["value"]) + ends(name, ours)


def _strip(
    entry: Mapping[str, Any], each: Mapping[str, Mapping[str, Any]], colour: Mapping[str, str]
) -> str:
    """People's band and our points on one scale: 0 to 1 for shares, to the largest end else."""
    people = entry["people"]
    found = [row["ours"] for row in each.values() if row["ours"] is not None]
    top = 1.0
    if not MEASURES[entry["measure"]].is_share:
        top = 1.1 * max([people["high"], *(e["high"] or e["value"] for e in found)])
    at = WIDTH / (top or 1.0)
    low, high = at * people["low"], at * people["high"]
    height = 8.0 + 6.0 * len(each)
    parts = [f'<rect class="all" x="0" y="0" width="{WIDTH:g}" height="{height:g}" rx="3"/>']
    if high > low:
        shape = f'<rect class="people" x="{low:.1f}" y="0" width="{high - low:.1f}"'
        parts.append(f'{shape} height="{height:g}"/>')
    for figure in entry["figures"]:
        x = at * figure["value"]
        parts.append(f'<line class="people" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height:g}"/>')
    for k, (who, row) in enumerate(each.items()):
        if (ours := row["ours"]) is None:
            continue
        y, x = 7.0 + 6.0 * k, at * ours["value"]
        if ours["low"] is not None:
            parts.append(
                f'<line x1="{at * ours["low"]:.1f}" x2="{at * ours["high"]:.1f}" y1="{y:g}" '
                f'y2="{y:g}" stroke="{colour[who]}" stroke-width="2"/>'
            )
        parts.append(f'<circle cx="{x:.1f}" cy="{y:g}" r="3.2" fill="{colour[who]}"/>')
    return (
        f'<svg class="strip" viewBox="0 0 {WIDTH:g} {height:g}" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(entry["title"])}">{"".join(parts)}</svg>'
    )


def checks_section(parts: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Good against bad recommender, and human-likeness, of each population."""
    lines = ["<h2>A good recommender against a bad one</h2>"]
    for name, values in parts:
        lines += _good_bad(name, values["good_against_bad"])
    if any(values.get("likeness") for _, values in parts):
        lines += [
            "<h2>Human-likeness</h2>",
            "<p>Area under the curve of a masked classifier that tells turns of users apart, on "
            "conversations it has not seen; .5: nobody can tell. The control is people against "
            "people of another collection.</p>",
            "<table>",
        ]
        for _, values in parts:
            if found := values.get("likeness"):
                lines += [_area(entry) for entry in found["people"]]
        control = next(v["likeness"]["control"] for _, v in parts if v.get("likeness"))
        lines += [_area(entry, "control: ") for entry in control]
        lines.append("</table>")
    return lines


def _good_bad(name: str, found: Mapping[str, Any]) -> list[str]:
    if "skipped" in found:
        return [f"<p>{escape(name)}: not measured: {escape(found['skipped'])}.</p>"]
    good, bad = found["agents"]
    arena = found["arena"]
    lines = [
        f"<p>{escape(name)}: {found['conversations']} conversations with {escape(good)} and the "
        f"same with {escape(bad)}; the difference is {escape(bad)} minus {escape(good)}, paired.",
        "</p><table>",
        f"<tr><th></th><th>{escape(good)}</th><th>{escape(bad)}</th><th>difference</th></tr>",
    ]
    for kind, entry in found.items():
        if isinstance(entry, Mapping) and "title" in entry:
            cells = "".join(
                f"<td>{_signed(entry[part], part == 'difference')}</td>"
                for part in ("good", "bad", "difference")
            )
            lines.append(f'<tr id="{kind}"><td>{escape(entry["title"])}</td>{cells}</tr>')
    lines.append("</table>")
    if arena is not None:
        lines.append(
            "<p>People in the CRS Arena left after "
            f"{100 * arena['leaves_after_bad']:.0f} % of the irrelevant replies and after "
            f"{100 * arena['leaves_after_good']:.0f} % of the relevant ones: a difference of "
            f"{100 * arena['difference']:+.0f} points.</p>"
        )
    return lines


def _signed(entry: Mapping[str, Any], signed: bool) -> str:
    if entry["value"] is None:
        return "-"
    form = "+.2f" if signed else ".2f"
    text = f"{entry['value']:{form}}"
    return text if entry["low"] is None else f"{text} [{entry['low']:.2f}, {entry['high']:.2f}]"


def _area(entry: Mapping[str, Any], before: str = "") -> str:
    cells = "".join(
        f"<td>{kind}: {entry[kind]['value']:.3f} [{entry[kind]['low']:.3f}, "
        f"{entry[kind]['high']:.3f}]</td>"
        for kind in ("turns", "conversations")
    )
    return (
        f'<tr><td class="name">{before}{escape(entry["a"])} / {escape(entry["b"])}</td>{cells}</tr>'
    )
