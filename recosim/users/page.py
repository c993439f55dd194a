"""`python -m recosim.users.page docs/users.md`: the table of settings on a page, as declared."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from recosim.errors import OptionError
from recosim.files import write_text
from recosim.users.behaviour import SETTINGS

__all__ = ["settings_table", "write_table"]

BEGIN, END = "<!-- table settings -->\n", "\n<!-- end settings -->"


def settings_table() -> str:
    """The settings as a Markdown table, in the order of their declaration."""
    rows = [
        "| setting | about | what it is | values | users of the papers |",
        "|---|---|---|---|---|",
    ]
    for name, entry in SETTINGS.items():
        source = f" ({entry.source})" if entry.source else ""
        told = entry.text(entry.default)
        values = entry.kind.described()
        rows.append(f"| `{name}` | {entry.group} | {entry.help}{source} | {values} | `{told}` |")
    return "\n".join(rows)


def write_table(page: Path) -> None:
    """Put the table between its marks on a page.

    Raises:
        OptionError: the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    marked = re.compile(f"({re.escape(BEGIN)}).*({re.escape(END)})", re.DOTALL)
    written, found = marked.subn(lambda part: part[1] + settings_table() + part[2], text)
    if found != 1:
        raise OptionError(
            f"{page} needs the marks {BEGIN.strip()!r} and {END.strip()!r} of the table once; "
            f"it has them {found} times."
        )
    write_text(page, written)


if __name__ == "__main__":
    write_table(Path(sys.argv[1]))
