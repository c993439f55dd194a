"""Markets: one platform is the single environment; minds travel, and knowledge stays."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.agents.recoworld.rules import Follow
from recosim.agents.registry import make_agent
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.errors import OptionError, UnknownNameError
from recosim.kernels.random import PLATFORM, draw_units
from recosim.multi.market import Market
from recosim.multi.measures import likeness
from recosim.multi.plan import Plan
from recosim.multi.platforms import Ranking, make_platforms
from recosim.multi.shard import Tracer, play_chunk
from recosim.multi.tally import Tally
from recosim.multi.travel import MIND

SHORT = {"horizon": 9, "max_steps": 80}


def prepare(users: str = "vocal", **changed: object) -> Setup:
    given = {"world": "lastfm-small", "split": "train", "protocol_options": SHORT, **changed}
    return Setup.prepare("recoworld", users=users, tolerance=0.4, return_rate=0.5, **given)


def market(names: str, size: int, setup: Setup | None = None, **settings: object) -> Market:
    setup = setup or prepare()
    return Market(setup, make_platforms(names.split(), setup), size, threads=1, **settings)


def trace_of(names: str, size: int, n: int, **settings: object):
    """The trace of lives 0 to n-1 as `recosim population` plays them, and what was counted."""
    setup = prepare()
    made = market(names, size, setup, **settings)
    tracer = Tracer(made, Plan("recosim/x", setup, tuple(names.split()), n))
    tally = Tally.of(made)
    play_chunk(made, np.arange(n), 0)
    return tracer.take().table, tally


@pytest.mark.parametrize("name", ["static", "follow", "apply_all", "greedy_clicks", "gardener"])
def test_one_platform_is_the_single_environment_bit_by_bit(name):
    setup, n = prepare(), 24
    batch, agent = setup.batch(n, threads=1), make_agent(name)
    agent.bind(batch)
    recorder = Recorder(batch)
    batch.open(seeds=np.zeros(n, np.uint64), conversations=np.arange(n))
    running = np.ones(n, dtype=bool)
    recorder.record(running)
    agent.reset(running)
    while running.any():
        batch.step(agent.act())
        recorder.record(running)
        agent.observe(running)
        running = batch.arrays["done"] == 0
    alone = recorder.trace(name, 0).table
    table, tally = trace_of(name, 10, n)
    assert table.num_rows == alone.num_rows > 10 * n
    for column in alone.schema.names:
        assert table.column(column).to_pylist() == alone.column(column).to_pylist(), column
    assert tally.arrays["lives"][0] == n
    assert tally.arrays["steps"][0] == alone.num_rows - n


KEYS = ("conversation", "session")
PLATFORMS = "follow gardener greedy_clicks service"


def test_days_together_are_lives_apart():
    """Held from day to day, or each as fast as they live: the same lives."""
    table, tally = trace_of(PLATFORMS, 20, 20)
    setup = prepare()
    made = market(PLATFORMS, 20, setup)
    tracer = Tracer(made, Plan("recosim/x", setup, tuple(PLATFORMS.split()), 20))
    other = Tally.of(made)
    made.open(np.arange(20), np.arange(20), 0)
    for day in range(setup.protocol.horizon):
        before = made.day[made.at >= 0]
        assert (before >= day).all()
        made.play_day(day)
        assert not made.running.any()
    assert (made.at == -1).all()
    assert tracer.take().table.equals(table)
    for name, array in tally.arrays.items():
        assert (other.arrays[name] == array).all(), name
    assert len(set(table.column("agent").to_pylist())) == 4


def test_lives_hang_on_no_other_user():
    table, tally = trace_of(PLATFORMS, 5, 20)
    whole, other = trace_of(PLATFORMS, 20, 20)
    assert table.equals(whole)
    for name, array in tally.arrays.items():
        assert (other.arrays[name] == array).all(), name


def test_counts_are_those_of_the_trace():
    table, tally = trace_of("follow static", 30, 30)
    moves = table.filter(np.asarray(table.column("step")) > 0)
    levels = np.asarray(moves.column("levels").combine_chunks().flatten())
    a = tally.arrays
    assert a["clicks"].sum() == (levels >= 2).sum()
    assert a["likes"].sum() == (levels >= 3).sum()
    assert a["items_shown"].sum() == a["shown"].sum() == len(levels)
    assert a["exits"].sum() == (np.asarray(moves.column("ended")) == 2).sum()
    assert a["gone"].sum() == np.asarray(moves.column("gone")).sum()
    for column in ("regret", "let_down"):
        counted = a[column].sum() / 2**20
        assert counted == pytest.approx(np.asarray(moves.column(column)).sum(), abs=1e-3)
    last = np.asarray(table.column("terminated")) | np.asarray(table.column("truncated"))
    utility = np.asarray(table.column("utility"))[last].sum()
    assert a["utility"].sum() / 2**20 == pytest.approx(utility, abs=1e-3)
    both = set(
        zip(*(table.column(c).to_pylist() for c in ("conversation", "session")), strict=True)
    )
    gaps = int((np.asarray(moves.column("gap")) > 0).sum())
    cut = int(np.asarray(table.column("truncated")).sum())
    assert a["sessions"].sum() == a["active"].sum() >= len(both)
    assert gaps + 30 - cut <= a["sessions"].sum() <= gaps + 30
    # How alike two users' first weeks are: the cosine of what they consumed, pair by pair.
    links = prepare().world.item_attributes
    week = moves.filter(np.asarray(moves.column("day")) < 7)
    taken = np.zeros((30, prepare().world.n_attributes))
    for life, items, found in zip(
        *(week.column(c).to_pylist() for c in ("conversation", "items", "levels")), strict=True
    ):
        for item, level in zip(items, found, strict=True):
            if level >= 2:
                np.add.at(taken[life], links.row(item), 1)
    units = taken[taken.sum(axis=1) > 0]
    assert a["consumers"][0] == len(units)
    shares = units / units.sum(axis=1, keepdims=True)
    assert a["variety"][0] / 2**20 == pytest.approx((1 - (shares**2).sum(axis=1)).sum(), abs=1e-4)
    units = units / np.linalg.norm(units, axis=1, keepdims=True)
    pairs = (units @ units.T)[np.triu_indices(len(units), 1)]
    assert likeness(a)[0] == pytest.approx(pairs.mean(), abs=1e-4)


def test_users_go_by_the_logit_of_loyalty():
    made = market("static static static", 400, choice_pull=3.0)
    made.open(np.arange(400), np.arange(400), 7)
    drawn = np.random.default_rng(0).uniform(-1, 1, (3, 400)).astype(np.float32)
    for batch, loyalty in zip(made.lives, drawn, strict=True):
        batch.arrays["loyalty"][:] = loyalty
    made.day[:] = 5
    weights = np.exp(3.0 * drawn.astype(float))
    share = (weights / weights.sum(axis=0)).cumsum(axis=0)
    luck = draw_units(np.full(400, 7, np.uint64), np.arange(400), np.full(400, 5), PLATFORM)
    expected = (share <= luck).sum(axis=0)
    assert (made.choose(np.arange(400)) == expected).all()
    assert np.bincount(expected, minlength=3).min() > 80


def test_minds_travel_and_knowledge_stays():
    made = market("follow static", 40, choice_pull=0.0)
    made.open(np.arange(40), np.arange(40), 0)
    moves = 0
    for _ in range(60):
        at, old = made.at.copy(), [batch.state() for batch in made.lives]
        made.step()
        for b in np.flatnonzero((made.at != at) & (made.at >= 0)):
            new, left = made.lives[made.at[b]].arrays, made.lives[at[b]].arrays
            moves += 1
            for name in MIND:
                assert (new[name][b] == left[name][b]).all(), name
            before = old[made.at[b]]
            for name in ("withheld", "shown_counts", "taken_counts", "loyalty", "shown", "verb"):
                assert (new[name][b] == before[name][b]).all(), name
            assert new["done"][b] == 0
            assert left["done"][b] == 1
            assert (new["answers"][b] == 0).all()
            assert new["mask"][b, : made.lives[0].n_askables].all()
    assert moves > 50


def test_what_is_said_at_an_opening_is_said_where_the_session_is_opened():
    setup = Setup.prepare(
        "recoworld", world="lastfm-small", split="train", users="typical", standing="session",
        voice=0.0, feedback="binary", protocol_options=SHORT,
    )  # fmt: skip
    made = market("follow static", 40, setup, choice_pull=0.0)
    made.open(np.arange(40), np.arange(40), 0)
    moves = 0
    for _ in range(60):
        at, session = made.at.copy(), np.array([batch.session.copy() for batch in made.lives])
        made.step()
        for b in np.flatnonzero((made.at != at) & (made.at >= 0)):
            a = made.lives[made.at[b]].arrays
            wish = [1, int(np.argmax(a["mindset"][b])), -1, 1, 0]
            assert a["instructions"][b][0].tolist() == wish
            assert (a["instructions"][b][1:] == -1).all()
            assert a["given"][b, 2].tolist() == wish[:4]
            assert a["session"][b] > session[at[b], b]
            moves += 1
    assert moves > 30


def test_a_platform_knows_its_own_days():
    """What it sees of a user who was elsewhere: the days since they were here."""

    class Diary(Follow):
        def bind(self, batch):
            super().bind(batch)
            self.days = [[] for _ in range(batch.size)]

        def reset(self, rows):
            super().reset(rows)
            for b in np.flatnonzero(rows):
                self.days[b] = [0]

        def observe(self, rows):
            for b in np.flatnonzero(rows & (self.batch.arrays["gap"] > 0)):
                self.days[b].append(int(self.batch.arrays["gap"][b]))

    setup = prepare(protocol_options={"horizon": 20})
    agents = [Diary(), Diary()]
    made = Market(setup, agents, 30, choice_pull=0.0, threads=1)
    sessions = {(m, b): [] for m in range(2) for b in range(30)}
    made.open(np.arange(30), np.arange(30), 1)

    class Watch:
        def opened(self, market, rows): ...
        def moved(self, market, platform, rows): ...
        def ended(self, market, rows): ...
        def chose(self, market, rows):
            for b in rows:
                sessions[int(market.at[b]), int(b)].append(int(market.day[b]))

    watch = Watch()
    watch.chose(made, np.arange(30))
    made.followers.append(watch)
    while made.running.any():
        made.step()
    several = 0
    for (m, b), days in sessions.items():
        if days:
            gaps = np.diff(days).tolist()
            assert agents[m].days[b] == [0, *gaps], (m, b)
            several += len(gaps) > 1
    assert several > 20


def test_followers_win_users_who_speak_and_none_who_do_not():
    def share(users: str) -> float:
        setup = Setup.prepare("recoworld", world="lastfm-small", split="train", users=users)
        made = market("follow static", 300, setup)
        tally = Tally.of(made)
        play_chunk(made, np.arange(300), 0)
        sessions = tally.arrays["sessions"].sum(axis=1)
        return sessions[0] / sessions.sum()

    assert share("vocal") > share("voiceless") + 0.03


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("statik", UnknownNameError, "static"),
        ("oracle", OptionError, "reads what users hide"),
        ("orchard", OptionError, "trained first"),
        ("llm", OptionError, "server"),
        ("max_entropy", OptionError, "another family"),
    ],
)
def test_platforms_that_cannot_be(name, error, words):
    with pytest.raises(error, match=words):
        make_platforms([name], prepare())


def test_rankings_that_look_at_all_users_do_not_live_in_chunks():
    make_platforms(["clicks"], prepare())
    with pytest.raises(OptionError, match="counts the clicks of all users"):
        make_platforms(["clicks"], prepare(), apart=True)


@pytest.mark.parametrize("weights", ["relevanze", [1, 2], [1, 2, 3, 4, float("nan")], "x y", None])
def test_weights_that_are_none(weights):
    with pytest.raises((OptionError, UnknownNameError)):
        Ranking(weights)


def test_markets_that_cannot_be():
    setup = prepare()
    with pytest.raises(OptionError, match="needs a platform"):
        Market(setup, [], 5)
    agent = make_agent("static")
    with pytest.raises(OptionError, match="share one agent"):
        Market(setup, [agent, agent], 5)
    with pytest.raises(OptionError, match="choice_pull"):
        Market(setup, [agent], 5, choice_pull=float("inf"))
    talkers = Setup.prepare("cpr", world="lastfm-small")
    with pytest.raises(OptionError, match="RecoWorld"):
        Market(talkers, [agent], 5)
