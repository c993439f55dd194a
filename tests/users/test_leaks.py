"""Names of items in texts: in full, by alias, nearly; and what is no name."""

from __future__ import annotations

import pytest
from language.speakers import world_of

from recosim.users.leaks import Secrets

ITEMS = [
    "The Midnight Ferrymen", "Blue Lake (2011)", "Sigur & the Rós", "Yes", "!!!", "Rock",
    "Canoe: A Story", "日本の歌", "Red Sun", "To Day",
]  # fmt: skip


@pytest.fixture(scope="module")
def secrets():
    return Secrets(world_of("leaks", ITEMS, ["rock", "calm"], ["style"]))


@pytest.mark.parametrize(
    ("text", "item", "kind"),
    [
        ("I want the midnight ferrymen!", 0, "exact"),
        ("It's THE MIDNIGHT-FERRYMEN.", 0, "exact"),
        ("Midnight Ferrymen, please", 0, "alias"),
        ("themidnightferrymen", 0, "alias"),
        ("the midnigth ferrymen", 0, "fuzzy"),
        ("Midnight Ferymen", 0, "fuzzy"),
        ("that is [i0], no?", 0, "alias"),
        ("item 0", 0, "alias"),
        ("blue lake", 1, "alias"),
        ("Blue Lake, 2011", 1, "exact"),
        ("sigur and the ros", 2, "exact"),
        ('it is called "Yes"', 3, "exact"),
        ("I like !!! a lot", 4, "exact"),
        ("Canoe", 6, "alias"),
        ("それは日本の歌", 7, None),
        ("日本の歌 please", 7, "exact"),
        ("I want redsun, please", 8, "alias"),
        ("REDSUN", 8, "alias"),
        ("red sun", 8, "exact"),
    ],
)
def test_names_are_found(secrets, text, item, kind):
    found = secrets.find(text, [item])
    assert [leak.kind for leak in found[:1]] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("Yes, I do", 3),
        ("the ferry at midnight", 0),
        ("a lake that is blue", 1),
        ("[i10] or item 01", 0),
        ("", 0),
        ("wow!!", 4),
        ("tired sunday", 8),
        ("not today", 9),
    ],
)
def test_what_is_no_name_is_none(secrets, text, item):
    assert not secrets.find(text, [item])


def test_what_may_be_said_is_no_leak(secrets):
    assert secrets.find("I want rock", [5])
    assert not secrets.find("I want rock", [5], allowed=["rock"])


def test_hiding_leaves_no_name(secrets):
    text = "Not Blue Lake (2011), but the midnight ferrymen or [i0] or blue lake."
    hidden = secrets.hide(text, [0, 1])
    assert not secrets.find(hidden, [0, 1])
    assert hidden.startswith("Not (an item)")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # 15 % of the letters may be wrong: one from 7 on, two from 14 on.
        ("the wombxt", False),
        ("the girxffe", True),
        ("the girafe", True),
        ("the girxxfe", False),
        ("the rhinocerosesx", True),
        ("the rhinocerosexx", False),
        ("the hippopotamusxx", True),
        ("the hippopotamuxxx", False),
    ],
)
def test_a_misspelt_name_is_one_as_long_as_few_of_its_letters_are_wrong(text, found):
    names = ["Wombat", "Giraffe", "Rhinocerosess", "Hippopotamuses"]
    assert [len(name) for name in names] == [6, 7, 13, 14]
    leaks = Secrets(world_of("animals", names, ["rock"], ["style"])).find(text, range(4))
    assert [leak.kind for leak in leaks] == ["fuzzy"] * found
