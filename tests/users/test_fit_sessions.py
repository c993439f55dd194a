"""Logs of sessions: hazards, reading and clicks are found again; bad logs say what and where."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import betaln

from recosim.cli import main
from recosim.errors import ImportDataError
from recosim.users import population
from recosim.users.fitting import Gathering, fit_users, judge, log_of_sessions
from recosim.users.fitting.kinds import KINDS
from recosim.users.fitting.reading import read_log
from recosim.users.population import read_population

DAY = 86_400
HAZARD, RATE = (2.21, 2.93), (1.42, 0.88)  # beta-geometric laws of RSC15 and KuaiRand


def lives(seed, users=400, hazard=HAZARD, rate=RATE, horizon=60, slate=0, reads=0.8, click=0.3):
    """Rows (user, time, session, item or list, reaction): lives under the two laws.

    Sessions are rounds a minute apart; with `slate` a round is a list of which users read on with
    probability `reads` and click what they read with probability `click`.
    """
    luck = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        h, r = luck.beta(*hazard), luck.beta(*rate)
        day = 0
        while day < horizon:
            for k in range(1000):
                reactions = ["click"]
                if slate:
                    depth = min(int(luck.geometric(1 - reads)), slate)
                    clicked = luck.random(slate) < click
                    reactions = ["click" if c and j < depth else "skip"
                                 for j, c in enumerate(clicked)]  # fmt: skip
                rows.append((f"u{user}", day * DAY + 60 * k, reactions))
                if luck.random() < h:
                    break
            day += int(luck.geometric(r)) if r > 1e-6 else horizon
    return rows


def written(path, rows, more=""):
    """A log with the rows, one list a row, and one row of somebody else at the end of the time."""
    lines = ["user,time,list,reaction" + more]
    for user, time, reactions in rows:
        items = ";".join(f"i{k}" for k in range(len(reactions)))
        lines.append(f"{user},{time},{items},{';'.join(reactions)}")
    path.write_text("\n".join(lines) + "\n")
    return path


def within(found, truth, errors=2.0):
    return abs(found.value - truth) <= errors * found.error


def spread(a, b):
    return a / (a + b), np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1)))


def test_the_laws_of_sessions_and_gaps_are_found_within_two_standard_errors(tmp_path):
    """Two standard errors hold about 95 % of the time: over 12 logs, not in one lucky one."""
    held = {"session_hazard": [], "return_rate": []}
    for seed in range(8):
        rows = lives(seed, users=120, horizon=30)
        found = fit_users(log_of_sessions(written(tmp_path / f"{seed}.csv", rows)))
        for name, law in (("session_hazard", HAZARD), ("return_rate", RATE)):
            for figure, truth in zip(found.estimates[name].figures, spread(*law), strict=True):
                held[name].append(within(figure, truth))
    assert {name: np.mean(own) >= 0.8 for name, own in held.items()} == dict.fromkeys(held, True)


def test_the_likelihood_is_that_of_the_beta_geometric_law():
    """Rounds as occasions: B(a + 1, b + n - 1) / B(a, b) for a session that ended after n."""
    lengths, cut = [3, 1, 7], [4]
    gathering = Gathering()
    for user, n in enumerate([*lengths, *cut]):
        for k in range(1, n + 1):
            left = k == n and user < len(lengths)
            gathering.add("stops", user, user, left, fatigue=0.0, letdown=0.0)
    own = gathering.log("drawn").occasions["stops"]
    a, b = HAZARD
    crowd = population({"session_hazard": {"beta": [a, b]}}).traits(100_000)
    chance = KINDS["stops"].chance(crowd, {k: v[:1] for k, v in own.given.items()})[0]
    for user, n in enumerate([*lengths, *cut]):
        left = int(own.outcome[own.user == user].sum())
        law = np.exp(betaln(a + left, b + n - left) - betaln(a, b))
        assert np.mean(chance**left * (1 - chance) ** (n - left)) == pytest.approx(law, rel=0.03)


def test_a_law_with_spread_foretells_users_that_were_not_fitted_better_than_one_rate(tmp_path):
    log = log_of_sessions(written(tmp_path / "log.csv", lives(1, users=150, horizon=30)))
    assert log.unit == "users"
    held = judge(log, population("typical"))
    for kind in ("stops", "returns"):
        fitted, geometric = held.by_kind[kind]["fitted"], held.by_kind[kind]["shares"]
        assert fitted.log_loss < geometric.log_loss - 0.01
        assert fitted.calibration_error < 0.03
    alike = log_of_sessions(
        written(
            tmp_path / "alike.csv",
            lives(2, users=80, horizon=20, hazard=(4e6, 6e6), rate=(5e6, 5e6)),
        )
    )
    found = fit_users(alike)
    assert found.estimates["session_hazard"].note == "no sign that users differ"
    held = judge(alike, population("typical"))
    gain = held.by_kind["stops"]["shares"].log_loss - held.by_kind["stops"]["fitted"].log_loss
    assert abs(gain) < 0.003, "there is nothing to gain where users are alike"


def test_reading_and_clicking_are_found_where_the_log_does_not_say_what_was_read(tmp_path):
    reads, clicks = [], []
    for seed in range(8):
        rows = lives(seed, users=40, horizon=20, slate=6, reads=0.8, click=0.3)
        found = fit_users(log_of_sessions(written(tmp_path / f"{seed}.csv", rows)))
        reads.append(within(found.estimates["examination"].figures[0], 0.8))
        clicks.append(within(found.estimates["click_bias"].figures[0], np.log(0.3 / 0.7)))
        assert found.estimates["choice_temperature"].value == 1.0
    assert sum(reads) >= 7
    assert sum(clicks) >= 7


def test_how_users_differ_in_clicking_is_found(tmp_path):
    luck, held = np.random.default_rng(11), []
    for _ in range(6):
        gathering = Gathering()
        for user, bias in enumerate(luck.uniform(-2.0, 1.0, size=150)):
            for k in range(40):
                did = luck.random() < 1 / (1 + np.exp(-bias))
                given = {"fit": 0.0, "appeal": 0.0, "read": 1.0, "top": 1.0, "skips": 0.0}
                gathering.add("clicks", user, (user, k), did, **given)
        bias = fit_users(gathering.log("drawn")).estimates["click_bias"]
        low, high = bias.value["uniform"]
        assert (low + high) / 2 == pytest.approx(bias.figures[0].value, abs=0.01)
        held += [within(bias.figures[0], -0.5), within(bias.figures[1], 3 / np.sqrt(12))]
    assert sum(held) >= 10


def test_reading_is_counted_where_the_log_says_what_was_read(tmp_path):
    luck, rows = np.random.default_rng(3), []
    for user in range(200):
        for k in range(6):
            depth = min(int(luck.geometric(0.25)), 5)
            rows.append(
                (f"u{user}", 60 * k, ["skip"] * depth + ["unread"] * (5 - depth))
            )  # fmt: skip
    found = fit_users(log_of_sessions(written(tmp_path / "log.csv", rows)))
    assert within(found.estimates["examination"].figures[0], 0.75)
    assert "no item that was shown was clicked" in found.unknown["click_bias"]


@pytest.mark.parametrize("pull", [0.0, 1.2])
def test_what_moves_the_odds_of_leaving_is_found(pull):
    luck, held = np.random.default_rng(8), []
    for _ in range(5):
        gathering = Gathering()
        for user, h in enumerate(luck.beta(3, 9, size=400)):
            for _session in range(3):
                for k in range(20):
                    fatigue = 0.2 * k
                    odds = h / (1 - h) * np.exp(pull * fatigue)
                    left = luck.random() < odds / (1 + odds)
                    gathering.add("stops", user, user, left, fatigue=fatigue, letdown=0.0)
                    if left:
                        break
        found = fit_users(gathering.log("drawn"))
        held.append(within(found.estimates["fatigue_pull"].figures[0], pull))
        held.append(within(found.estimates["session_hazard"].figures[0], 0.25))
        assert found.estimates["letdown_pull"].note.startswith("set, not fitted")
    assert sum(held) >= 9


# ---- logs ----------------------------------------------------------------------------------------


def events(tmp_path, *lines, header="user,time,item,reaction"):
    path = tmp_path / "log.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_sessions_are_cut_where_nothing_happens_and_gaps_are_counted_in_days(tmp_path):
    path = events(
        tmp_path,
        "ann,2026-01-01T10:00:00,a,click",
        "ann,2026-01-01T10:20:00,b,skip",
        "ann,2026-01-01T11:30:00,c,click",  # another session, the same day
        "ann,2026-01-04T09:00:00,d,click",
        "bob,2026-01-10T09:00:00,d,click",
    )
    log = log_of_sessions(path)
    assert "4 sessions of 2 users" in log.source
    stops = log.occasions["stops"]
    # Bob's session is under way when the log ends: cut off, it tells nothing of leaving.
    assert stops.outcome.tolist() == [0, 1, 1, 1]
    returns = log.occasions["returns"]
    assert returns.outcome.tolist() == [0, 0, 1, *[0] * 6]
    assert set(log.occasions) == {"stops", "returns", "clicks"}


def test_minutes_say_when_nothing_happens(tmp_path):
    rows = ("ann,0,a,click,50", "ann,3600,b,click,1", "bob,999999,a,click,")
    log = log_of_sessions(events(tmp_path, *rows, header="user,time,item,reaction,minutes"))
    assert "2 sessions of 2 users" in log.source


def test_who_is_away_is_followed_for_thirty_days(tmp_path):
    log = log_of_sessions(events(tmp_path, "ann,0,a,click", f"ann,{90 * DAY},a,click"))
    assert log.occasions["returns"].outcome.tolist() == [0] * 30


def test_rows_out_of_order_are_sorted_with_a_word(tmp_path):
    rows = [f"ann,{t},a{t},click" for t in (0, 600, 1200)] + ["bob,99999,b,click"]
    log = log_of_sessions(events(tmp_path, *rows))
    other = log_of_sessions(events(tmp_path, rows[2], rows[0], rows[3], rows[1]))
    assert "sorted by time" not in log.source
    assert "sorted by time: 1 rows came before an earlier one of their user" in other.source
    for kind, own in log.occasions.items():
        assert own.outcome.tolist() == other.occasions[kind].outcome.tolist()


def test_items_with_positions_are_a_list(tmp_path):
    header = "user,time,item,reaction,position"
    rows = ("ann,0,b,click,2", "ann,0,a,skip,1", "ann,0,c,skip,3", "bob,99999,a,skip,1")
    clicks = log_of_sessions(events(tmp_path, *rows, header=header)).occasions["clicks"]
    assert clicks.outcome.tolist()[:3] == [0, 1, 0]
    assert clicks.given["skips"].tolist()[:3] == [0, 1, 0]
    assert clicks.given["top"].tolist()[:3] == [1, 1, 0]


def test_parquet_with_lists_reads_as_csv_does(tmp_path):
    rows = lives(4, users=20, slate=4)
    table = pa.table(
        {
            "user": [user for user, _, _ in rows],
            "time": [float(time) for _, time, _ in rows],
            "list": [[f"i{k}" for k in range(len(r))] for _, _, r in rows],
            "reaction": [reactions for _, _, reactions in rows],
        }
    )
    pq.write_table(table, tmp_path / "log.parquet")
    one = read_log(tmp_path / "log.parquet", None)
    other = read_log(written(tmp_path / "log.csv", rows), None)
    assert one.occasions.keys() == other.occasions.keys() == {"stops", "returns", "clicks"}
    for kind, own in one.occasions.items():
        assert np.array_equal(own.outcome, other.occasions[kind].outcome)


@pytest.mark.parametrize(
    ("header", "rows", "says"),
    [
        ("user,time,item", ["ann,noon,a"], "log.csv:2: the time is 'noon'; a date and time like"),
        ("user,time,item,reaction", ["ann,1,a,buy"], "log.csv:2: unknown reaction 'buy'"),
        ("user,time,item,reaction", [",1,a,click"], "log.csv:2: the user has no name"),
        ("user,time,list", ["ann,1,a;a"], "log.csv:2: the list has an item twice"),
        ("user,time,list,reaction", ["ann,1,a;b,click"], "2: 2 items and 1 reactions"),
        ("user,time,list,reaction", ["ann,1,a;b,"], "2: 2 items, and no reaction"),
        ("user,time,list,reaction", ["ann,1,a;b,unread;skip"], "2: an item was read below one"),
        ("user,time,list,position", ["ann,1,a;b,2"], "2: a position goes with an item"),
        ("user,time,item,minutes", ["ann,1,a,-3"], "2: minutes is '-3'; a number from 0 is"),
        ("user,time,item,position", ["ann,1,a,2", "ann,1,b,2"], "3: position 2 twice in one list"),
        ("user,time", ["ann,1"], "2: a row needs an item or a list"),
        ("user,time,item,colour", ["ann,1,a,red"], "1: unknown column 'colour'"),
        ("user,time,item", [], "1: no rows in it"),
        (
            "user,time,item,session",
            ["ann,1,a,x", "ann,2,b,y", "ann,3,c,x"],
            "4: session 'x' of user 'ann' goes on after another one began; give each session",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_log_is_said_with_its_line(tmp_path, header, rows, says):
    with pytest.raises(ImportDataError) as error:
        read_log(events(tmp_path, *rows, header=header), None)
    assert says in str(error.value)


def test_the_command_writes_a_card_that_plays(tmp_path, capsys):
    rows = lives(6, users=60, horizon=20, slate=3)
    late = next(row for row in rows if row[1] == 0 and rows.count(row) == 1)
    log = written(tmp_path / "log.csv", [*(row for row in rows if row != late), late])
    card = tmp_path / "listeners.toml"
    with pytest.raises(SystemExit) as end:
        main(["users", "fit", str(log), "--out", str(card)])
    assert not end.value.code
    told = capsys.readouterr().out
    assert "60 users" in told
    assert "sorted by time: 1 rows came before an earlier one of their user" in told
    assert "Users held out, in 5 parts" in told
    crowd = read_population(card, "listeners")
    a, b = crowd.settings["session_hazard"]["beta"]
    assert a / (a + b) == pytest.approx(0.43, abs=0.1)
    assert crowd.settings["fatigue_pull"] == 0
    assert "set, not fitted" in crowd.sources["loyalty_pull"]
