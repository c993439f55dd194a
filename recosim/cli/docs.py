"""`python -m recosim.cli.docs FOLDER`: one page for each environment, from its card and its class.

A page depends on the cards and the docstrings alone, and not on what is built on this machine.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from recosim.cards import find_card
from recosim.envs.options import EnvOptions, check_observe, options_by_name, read_options
from recosim.envs.registration import EnvCard, env_cards
from recosim.envs.rules import Rules
from recosim.envs.spaces import action_space
from recosim.files import write_text
from recosim.schema import load_card
from recosim.world.data_card import DataCard
from recosim.world.generate.search_settings import SearchSettings
from recosim.world.generate.search_words import LANGUAGES

__all__ = ["SCORES", "env_page", "spaces_of", "write_pages"]

SCORES = "Reference Scores"  # the section that comes from a bench, not from the code
RESULTS = "results"  # beside the folder of the pages: `<Name-vN>.md`, a report of `recosim bench`


class Sizes(NamedTuple):
    """What the spaces of an environment hang on, as its data card says."""

    users: int
    items: int
    interactions: int
    attributes: int
    facets: int
    largest_facet: int | None  # attributes of it; None where the card does not say
    topics: int = 0  # of a collection to search in whose card says so


def write_pages(folder: Path) -> list[Path]:
    """Write `<name>.md` for every environment card, and an index; returns what was written."""
    written = []
    rows = ["| id | what it is | actions | items |", "|---|---|---|---|"]
    for card in env_cards().values():
        path = folder / f"{card.name}.md"
        write_text(path, env_page(card, folder))
        written.append(path)
        sizes, (actions, _) = _sizes(_data_card(card)), spaces_of(card)
        rows.append(
            f"| [`{card.id}`]({card.name}.md) | {card.title} | `{actions}` | {sizes.items:,} |"
        )
    index = folder / "README.md"
    write_text(index, "\n".join(["# Environments", "", *rows, "", INDEX_NOTE]) + "\n")
    return [*written, index]


INDEX_NOTE = """Ids are registered by `import recosim`. The rules of a conversation are in
[protocols.md](../protocols.md); using the environments for RL is in [rl.md](../rl.md). These pages
are written by `make docs`."""


def env_page(card: EnvCard, folder: Path) -> str:
    """The page of one environment as Markdown, in the order of Gymnasium's pages.

    Args:
        folder: where the page will lie, for its links.
    """
    given = _sections_of(inspect.cleandoc(card.record.load("env").__doc__))
    rules = _rules(card)
    sections = {
        "Description": f"{card.description}\n\n{given.pop('Description')}",
        "Action Space": given.pop("Action Space"),
        "Observation Space": given.pop("Observation Space"),
        "Rewards": f"{given.pop('Rewards')}{_rewards(rules)}",
        "Starting State": given.pop("Starting State"),
        "Episode End": given.pop("Episode End"),
        "Information": given.pop("Information"),
        "Arguments": f"{_set_by_card(card)}\n\n{_markdown_arguments(given.pop('Arguments'))}",
        "Data and Licence": _data_section(card, folder),
        SCORES: _scores_section(card, folder),
        **given,  # references and version history
    }
    head = f"# {card.id}\n\n{card.title}.\n\n{_summary(card, folder, rules)}"
    body = [f"## {name}\n\n{_linked(text)}" for name, text in sections.items()]
    return "\n\n".join([head, *body]) + "\n"


def spaces_of(card: EnvCard) -> tuple[Any, Any]:
    """The action and the observation space of an id with its default arguments.

    They are those of the environment itself, made from the sizes in the data card, so that no world
    has to be built.
    """
    record, rules, sizes = card.record, _rules(card), _sizes(_data_card(card))
    kind, observer = record.load("batch"), record.load("observer")
    facets = SimpleNamespace(degrees=lambda: _Largest(card.id, sizes.largest_facet))
    world = SimpleNamespace(
        n_items=sizes.items,
        n_users=sizes.users,
        n_attributes=sizes.attributes,
        n_facets=sizes.facets,
        facet_names=range(sizes.facets),
        facet_attributes=facets,
    )
    n = kind.count_askables(rules, world)
    # Only what the spaces read of a batch.
    batch: Any = SimpleNamespace(
        protocol=rules,
        verbs=kind.verbs,
        n_askables=n,
        n_actions=n + len(kind.verbs) - 1 + kind.count_reasons(rules, world),
        aspects=getattr(rules, "aspects", kind.aspects),
        world=world,
    )
    options = _options(card)
    keys = check_observe(options.observe, observer.KEYS)
    return action_space(options.actions, batch, None), observer.space(batch, keys, options.actions)


class _Largest(NamedTuple):
    """The one number that is asked of the sizes of facets."""

    env: str
    size: int | None

    def max(self) -> int:
        if self.size is None:
            raise AssertionError(f"{self.env} asks about facets, and its data card names none")
        return self.size


def _options(card: EnvCard) -> EnvOptions:
    return read_options(card.record, EnvOptions, card.arguments)


def _rules(card: EnvCard) -> Rules:
    options = _options(card)
    changed = options_by_name("protocol_options", options.protocol_options)
    rules: Rules = card.record.load("rules").read(
        options.protocol, **{**changed, **options.choices}
    )
    return rules


def _data_card(card: EnvCard) -> DataCard:
    return load_card(DataCard, find_card("data", str(card.arguments["world"])))


def _sizes(data: DataCard) -> Sizes:
    made, measured = data.generator, data.statistics
    if made is not None:
        parts = [facet.size for facet in made.facets]
        return Sizes(
            made.users, made.items, made.interactions, sum(parts), len(parts), max(parts, default=0)
        )
    if data.search is not None:
        return _searched(data.search)
    if measured is None:
        raise AssertionError(f"the data card {data.name!r} has neither [generator] nor sizes")
    names = ("users", "items", "interactions", "attributes", "facets")
    # Of a collection there are no users to be named.
    return Sizes(**{name: int(getattr(measured, name) or 0) for name in names}, largest_facet=None)


def _searched(settings: SearchSettings) -> Sizes:
    """The items of a generated world as documents: what they are told with is added to it."""
    base = load_card(DataCard, find_card("data", settings.world))
    assert base.generator is not None
    told, details = _sizes(base), LANGUAGES[base.generator.kind].details
    return Sizes(
        users=0,
        items=told.items,
        interactions=0,
        attributes=told.attributes + sum(len(facet.attributes) for facet in details),
        facets=told.facets + len(details),
        largest_facet=None,
        topics=settings.topics,
    )


def _told(sizes: Sizes) -> str:
    """What a world has, in words."""
    attributes = f"{sizes.attributes:,} attributes in {sizes.facets} facets" * bool(
        sizes.attributes
    )
    if sizes.users:
        return (
            f"{sizes.users:,} users, {sizes.items:,} items, {attributes}, "
            f"{sizes.interactions:,} interactions"
        )
    topics = f"{sizes.topics:,} topics" * bool(sizes.topics)
    return ", ".join(filter(None, (f"{sizes.items:,} documents", topics, attributes)))


def _summary(card: EnvCard, folder: Path, rules: Rules) -> str:
    actions, observations = spaces_of(card)
    data = _data_card(card)
    sizes = _sizes(data)
    record = card.record
    rows = {
        "Action Space": f"`{actions}`",
        "Observation Space": f"`{observations}`",
        "make": f'`gymnasium.make("{card.id}")`',
        "make many": f'`gymnasium.make_vec("{card.id}", num_envs=1024)`',
        "world": f"`{data.name}`: {_told(sizes)}",
        "protocol": f"[`{rules.label}`]({_relative(folder, 'docs/protocols.md', card)}): "
        f"{rules.max_turns} turns, {rules.acting_turns} moves that act, lists of {rules.top_k}",
        "classes": ", ".join(
            f"`{kind.__module__}.{kind.__qualname__}`"
            for kind in (record.load("env"), record.load("vector_env"))
        ),
    }
    if any((card.path.parent / "golden").glob("*.txt")):
        there = _relative(folder, f"envs/{card.name}/golden", card)
        rows["transcripts"] = f"[conversations to read]({there})"
    return "\n".join(["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())])


def _relative(folder: Path, there: str, card: EnvCard) -> str:
    """A link from a page to a place in the folder that the cards lie in."""
    root = card.path.resolve().parent.parent.parent
    return Path(os.path.relpath(root / there, folder.resolve())).as_posix()


def _rewards(rules: Rules) -> str:
    rewards = rules.to_dict().get("rewards")
    if not rewards:
        return ""
    rows = "\n".join(f"| `{name}` | {value:g} |" for name, value in rewards.items())
    return f"\n\nOf this id:\n\n| event | reward |\n|---|---|\n{rows}"


def _set_by_card(card: EnvCard) -> str:
    rows = "\n".join(f"| `{name}` | `{value!r}` |" for name, value in card.arguments.items())
    return (
        f"This id sets the following; `gymnasium.make` overrides them.\n\n"
        f"| argument | value |\n|---|---|\n{rows}"
    )


def _data_section(card: EnvCard, folder: Path) -> str:
    data = _data_card(card)
    where = f"data/{data.name}.toml"
    lines = [
        f"World `{data.name}` ([{where}]({_relative(folder, where, card)})): "
        + " ".join(data.description.split()),
        "",
        f"- Source: {data.source}.",
        f"- Licence: {data.licence.rstrip('.')}.",
    ]
    if data.fingerprint is not None:
        lines.append(f"- Fingerprint: `{data.fingerprint}`.")
    return "\n".join(lines)


def _scores_section(card: EnvCard, folder: Path) -> str:
    """The table of a committed bench report, where there is one for this id."""
    report = folder.parent / RESULTS / f"{card.id.split('/', 1)[1]}.md"
    if not report.is_file():
        return f"`recosim bench {card.name} --agents rules` makes the table."
    table = report.read_text(encoding="utf-8").split("\n### ", 1)[0]
    body = re.sub(r"^#.*\n", "", table, flags=re.MULTILINE).strip()
    return body.replace("](plots/", f"](../{RESULTS}/plots/")


def _sections_of(docstring: str) -> dict[str, str]:
    """Title -> text of the sections that begin with `## Title`."""
    parts = re.split(r"^## (.+)\n", docstring, flags=re.MULTILINE)
    titles, texts = parts[1::2], parts[2::2]
    return {title.strip(): text.strip() for title, text in zip(titles, texts, strict=True)}


def _markdown_arguments(text: str) -> str:
    """Google-style `Args:` and `Raises:` blocks as lists; the rest of the text as it is.

    A name at the depth of the block begins an entry; deeper lines go on with it.
    """

    def listed(match: re.Match[str]) -> str:
        block = inspect.cleandoc("\n" + match.group(2))
        entries = [
            re.sub(r"^(\w+(?:, (?:\w+|\.{3}))*): ", r"- `\1`: ", " ".join(entry.split()))
            for entry in re.split(r"\n(?=\S)", block)
        ]
        return f"**{match.group(1)}**\n\n" + "\n".join(entries) + "\n\n"

    blocks = re.compile(r"^(Args|Raises):\n((?:[ ]{4}.*\n?|\n)+)", re.MULTILINE)
    return blocks.sub(listed, text + "\n").strip()


def _linked(text: str) -> str:
    """The pages that a docstring names, as links from the folder of the environments."""
    return re.sub(r"(?<![\w/(`])docs/([\w-]+\.md)", r"[docs/\1](../\1)", text)


if __name__ == "__main__":
    for page in write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/envs")):
        print(page)
