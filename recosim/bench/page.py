"""The report of a results folder as one HTML file: tables, plots within, no network, no script."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from recosim.bench.report import Block, Heading, Picture, Report, report_blocks
from recosim.bench.tables import Table
from recosim.files import write_text

__all__ = ["report_page", "write_report_page"]

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)
STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --faint: #6b6b70; --line: #d6d6da; --back: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8ea; --faint: #a0a0a6; --line: #47474c; --back: #1b1b1d } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0 .5rem }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--line) }
td { white-space: nowrap } th { vertical-align: bottom }
th:first-child, td:first-child { text-align: left; padding-left: 0; font-weight: 600 }
.note { color: var(--faint); font-size: .9em; max-width: 52rem }
img { max-width: 100%; background: #fff; border-radius: 4px }
nav a { margin-right: 1rem } a { color: inherit }
"""


def write_report_page(path: Path, report: Report) -> None:
    """Write the report into one file, atomically, with the plots that were drawn."""
    plots = {plot.stem: plot.read_bytes() for plot in report.plots}
    blocks = report_blocks(report.results, list(plots))
    write_text(path, report_page(blocks, plots))


def report_page(blocks: Iterable[Block], plots: Mapping[str, bytes]) -> str:
    """The page; every text in it is escaped.

    Args:
        plots: the content of each picture, a PNG file, by its name.
    """
    blocks = list(blocks)
    sections = [block for block in blocks if isinstance(block, Heading) and block.level == 2]
    title = ", ".join(block.text for block in sections[:-1][:3]) or "Results"
    links = "".join(f'<a href="#{_anchor(b.text)}">{escape(b.text)}</a>' for b in sections)
    body = "\n".join(_html(block, plots) for block in blocks)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>\n<nav>{links}</nav>\n{body}\n</body></html>\n"
    )


def _html(block: Block, plots: Mapping[str, bytes]) -> str:
    if isinstance(block, Heading):
        return f'<h{block.level} id="{_anchor(block.text)}">{escape(block.text)}</h{block.level}>'
    if isinstance(block, Picture):
        data = base64.b64encode(plots[block.stem]).decode()
        return f'<p><img alt="{escape(block.alt)}" src="data:image/png;base64,{data}"></p>'
    return f"<p>{_marked(block)}</p>" if isinstance(block, str) else _table(block)


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    note = f'<p class="note">{_marked(" ".join(table.notes))}</p>' if table.notes else ""
    return f'<div class="wide"><table><tr>{head}</tr>\n{rows}\n</table></div>{note}'


def _marked(text: str) -> str:
    """Escaped, names in backticks as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
