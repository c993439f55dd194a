"""What errors offer where a name is unknown: what was meant, or nothing."""

from __future__ import annotations

import pytest

from recosim.envs.registration import env_cards
from recosim.errors import nearest

ENVS = [card.name for card in env_cards().values()]


@pytest.mark.parametrize(
    ("given", "names", "offered"),
    [
        ("cpr-lastfm", ENVS, "CPR-LastFM"),
        ("CPR-LstFM-Smal", ENVS, "CPR-LastFM-Small"),
        ("recoworld-lastfn", ENVS, "RecoWorld-LastFM"),
        ("cpr-zzzzzzzz", ENVS, ""),  # a family that is known, and nothing like it in it
        ("critique-yelp", ["CPR-Yelp", "Critique-LastFM", "EAR-Yelp"], "Critique-LastFM"),
        ("delete", ["keep", "remove"], ""),
        ("als", ["mf", "fm", "transe"], ""),
        ("keep_failed", ["remove_failed"], ""),
        ("min_entropy", ["max_entropy", "mean_entropy"], "mean_entropy"),
        ("uncooperative", ["cooperative"], ""),
        ("not_seen", ["seen"], ""),
        ("pacience", ["patience", "examination"], "patience"),
        ("", ["keep"], ""),
    ],
)
def test_only_what_may_have_been_meant_is_offered(given, names, offered):
    assert nearest(given, names) == offered
