"""How often rule users do what their settings say, on many conversations at once.

That each single answer follows the rules is held by the plain-Python reference; probabilities that
are a little wrong would hardly show there.
"""

from __future__ import annotations

import numpy as np
import pytest

from recosim.acts import Moves, Outcome
from recosim.envs.setup import Setup
from recosim.users import Behaviour


def opened(n: int, behaviour: Behaviour, **options: object):
    setup = Setup.prepare(
        "cpr", world="lastfm-small", split="test", users=behaviour, protocol_options=options
    )
    d = setup.batch(n, raise_illegal=True)
    d.open(seeds=np.arange(n, dtype=np.uint64), conversations=np.zeros(n, np.int64))
    return d


def near(share: float, expected: float, n: int) -> None:
    """Within four standard errors."""
    error = max((expected * (1 - expected) / n) ** 0.5, 1 / n)
    assert share == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("trend", ["constant", "rising", "falling"])
def test_a_no_informs_as_often_as_it_should(trend):
    users = Behaviour(cooperativeness=0.6, cooperation_trend=trend)
    d = opened(6000, users, max_turns=6, last_turn_acts=True)
    a = d.arrays
    for turn in range(1, 5):
        x = (turn - 1) / 5
        expected = 0.6 * {"constant": 1.0, "rising": x, "falling": 1 - x}[trend]
        # Who has something left to say: the target has an attribute of which nothing was said.
        untold = np.array(
            [
                (a["status"][b][d.world.item_attributes.row(v)] == 0).sum() > 1
                for b, v in enumerate(a["targets"][:, 0])
            ]
        )
        asks = d.best_asks("entropy").copy()
        running = (a["done"] == 0) & (asks >= 0)
        d.step(Moves.from_flat(np.where(asks >= 0, asks, d.n_askables), d.n_askables))
        no = running & untold & (a["outcome"] == Outcome.NO)
        assert no.sum() > 500
        near((a["n_accepted"][no] > 0).mean(), expected, int(no.sum()))


@pytest.mark.parametrize("examination", [1.0, 0.8, 0.5])
@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_an_item_is_taken_as_often_as_its_place_allows(examination, temperature):
    n = 4000
    users = Behaviour(examination=examination, choice_temperature=temperature)
    taken = 1.0 if temperature == 0 else 1 / (1 + np.exp(-1 / temperature))
    for place in (0, 1, 4):
        d = opened(n, users)
        target = d.arrays["targets"][:, :1]
        others = (target + np.arange(1, 6)) % d.world.n_items
        slates = np.full((n, 10), -1, dtype=np.int32)
        slates[:, :6] = np.concatenate([others[:, :place], target, others[:, place:]], axis=1)
        d.step(Moves.from_flat(np.full(n, d.n_askables), d.n_askables, slates))
        near((d.arrays["rank"] == place + 1).mean(), examination**place * taken, n)


def test_users_leave_when_their_patience_ends_or_by_their_hazard():
    n = 4000
    for users, expected in (
        (Behaviour(patience=2), [0.0, 1.0]),
        (Behaviour(leave_hazard=0.25), [0.25, 0.25]),
    ):
        d = opened(n, users)
        a = d.arrays
        wrong = (a["targets"][:, :1] + np.arange(1, 11)) % d.world.n_items
        for share in expected:
            running = a["done"] == 0
            d.step(Moves.from_flat(np.full(n, d.n_askables), d.n_askables, wrong.astype(np.int32)))
            near(a["left"][running].mean(), share, int(running.sum()))
            assert (a["reward_terms"][running & (a["left"] > 0), 5] == -0.3).all()
