"""The golden transcripts under `envs/*/golden` are what the environments do today."""

from __future__ import annotations

import difflib
import re

import pytest
from golden import ROOT, golden_cards, golden_file, plays_of, replay_of, transcript_of

HELP = (
    "The behaviour of an environment has changed. If it is meant: raise the version of its id, say "
    "so in CHANGELOG.md, and run `make golden`."
)


def cases():
    found = []
    for card in golden_cards():
        world = card.arguments["world"]
        marks = [] if world.endswith("-small") else [pytest.mark.xdist_group(world)]
        for play in plays_of(card):
            found.append(pytest.param(card, play, marks=marks, id=f"{card.name}-{play.name}"))
    return found


def assert_equal(recorded, played, path):
    if recorded != played:
        name = str(path.relative_to(ROOT))
        before, now = recorded.splitlines(), played.splitlines()
        lines = difflib.unified_diff(before, now, name, "now", lineterm="")
        pytest.fail("\n".join([HELP, *list(lines)[:60]]), pytrace=False)


@pytest.mark.parametrize(("card", "play"), cases())
def test_the_recorded_actions_bring_about_what_was_recorded(card, play):
    path = golden_file(card, play)
    recorded = path.read_text(encoding="utf-8")
    assert_equal(recorded, replay_of(card, play, recorded), path)


@pytest.mark.parametrize(("card", "play"), cases())
def test_agents_choose_what_was_recorded(card, play):
    path = golden_file(card, play)
    assert_equal(path.read_text(encoding="utf-8"), transcript_of(card, play), path)


def test_the_transcripts_show_every_kind_of_move():
    """Else a change of a rule would pass unseen."""
    text = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("envs/*/golden/*.txt"))
    for pattern in (
        "I am looking for", "As to ", "Do you want", "Which ", "How about", "Yes", r"\bNo\b",
        "I don't know", "None of these", "revises what it believes", "found at move", "not found",
        "terminated", "truncated", "ignores",
        # of lives:
        "day 0", "No more ", "shows nothing", "does not come back", "How is this going",
    ):  # fmt: skip
        assert re.search(pattern, text), pattern


def test_there_is_nothing_else_in_the_golden_folders():
    wanted = {golden_file(card, play) for card in golden_cards() for play in plays_of(card)}
    assert set(ROOT.glob("envs/*/golden/*")) == wanted
