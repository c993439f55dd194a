"""`python -m recosim.cli.docs FOLDER`: a page per environment, from its card and its class."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from recosim.envs.registration import FAMILIES, EnvCard, env_cards
from recosim.files import atomic_write

__all__ = ["env_page", "write_pages"]

# Committed bench reports, one for each id, in a folder beside that of the pages.
_RESULTS = "results"


def write_pages(folder: Path) -> list[Path]:
    """Write `<name>.md` for every environment card, and an index; returns what was written."""
    written = []
    rows = ["# Environments", "", "| id | what it is |", "|---|---|"]
    for card in env_cards().values():
        path = folder / f"{card.name}.md"
        text = env_page(card, folder)
        atomic_write(path, lambda part, text=text: _write(part, text))  # type: ignore[misc]
        rows.append(f"| [{card.id}]({card.name}.md) | {card.title} |")
        written.append(path)
    index = folder / "README.md"
    atomic_write(index, lambda part: _write(part, "\n".join(rows) + "\n"))
    return [*written, index]


def env_page(card: EnvCard, folder: Path) -> str:
    """The page of one environment as Markdown."""
    module_name, _, class_name = FAMILIES[card.family][0].partition(":")
    kind = getattr(import_module(module_name), class_name)
    summary, _, sections = inspect.cleandoc(kind.__doc__).partition("\n\n")
    arguments = "\n".join(f"| `{k}` | `{v!r}` |" for k, v in card.arguments.items())
    parts = [
        f"# {card.id}",
        card.title + ". " + card.description,
        f"| | |\n|---|---|\n| make | `gymnasium.make({card.id!r})` |\n"
        f"| many at once | `gymnasium.make_vec({card.id!r}, num_envs=1024)` |\n"
        f"| class | `{module_name}.{class_name}` |",
        f"Arguments that this id sets:\n\n| argument | value |\n|---|---|\n{arguments}",
        "## Summary\n\n" + summary,
        _indented_arguments(sections),
        _world_section(card),
        _scores_section(card, folder),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _indented_arguments(text: str) -> str:
    """Google-style `Args:` and `Raises:` blocks as lists."""

    def listed(match: re.Match[str]) -> str:
        block = inspect.cleandoc("\n" + match.group(2))
        items = re.sub(r"^(\w[\w, ]*): ", r"- `\1`: ", block, flags=re.MULTILINE)
        return f"**{match.group(1)}**\n\n{items}\n"

    return re.sub(r"^(Args|Raises):\n((?:[ ]{4}.*\n?|\n)+)", listed, text, flags=re.MULTILINE)


def _world_section(card: EnvCard) -> str:
    from recosim.cards import find_card, read_toml
    from recosim.errors import UnknownNameError

    world = str(card.arguments.get("world", ""))
    try:
        data: dict[str, Any] = read_toml(find_card("data", world))
    except UnknownNameError:
        return ""
    lines = [f"## Data and Licence\n\nWorld `{world}`: {data.get('description', '')}"]
    for key in ("source", "licence"):
        if data.get(key):
            lines.append(f"- {key}: {data[key]}")
    return "\n".join([lines[0], "", *lines[1:]])


def _scores_section(card: EnvCard, folder: Path) -> str:
    """The table of a committed bench report, where there is one for this id."""
    report = folder.parent / _RESULTS / f"{card.id.split('/', 1)[1]}.md"
    if not report.is_file():
        return ""
    table = report.read_text(encoding="utf-8").split("\n### ", 1)[0]
    body = re.sub(r"^#.*\n", "", table, flags=re.MULTILINE).strip()
    body = body.replace("](plots/", f"](../{_RESULTS}/plots/")
    return f"## Reference Scores\n\n{body}"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for page in write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/envs")):
        print(page)
