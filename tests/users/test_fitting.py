"""Fitting users: known settings are found again, unknown ones are said to be, cards read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from recosim.cli import main
from recosim.errors import ImportDataError, OptionError
from recosim.users import Behaviour, Population, population
from recosim.users.dialogues import read_dialogues
from recosim.users.fitting import (
    Gathering,
    fit_users,
    judge,
    log_of_choices,
    log_of_dialogues,
    select,
    write_card,
)
from recosim.users.fitting.kinds import KINDS
from recosim.users.fitting.likelihood import maximise
from recosim.users.fitting.reading import read_log
from recosim.users.fitting.scoring import calibration_error
from recosim.users.population import read_population

HUMAN = Path(__file__).parents[3] / "shared" / "data" / "human"


def rates_log(seed, kind="seen", users=80, tried=12, a=2.0, b=6.0, **given):
    luck = np.random.default_rng(seed)
    gathering = Gathering()
    for user, p in enumerate(luck.beta(a, b, size=users)):
        for k in range(tried):
            gathering.add(kind, user, (user, k // 4), luck.random() < p, **given)
    return gathering.log("drawn")


def lists_log(seed, users=150, lists=12, reads=(9.0, 1.0), heat=0.5):
    """Lists whose first wanted item is anywhere, read and taken as the rules say."""
    luck = np.random.default_rng(seed)
    gathering = Gathering()
    for user, e in enumerate(luck.beta(*reads, size=users)):
        for k in range(lists):
            before = int(luck.integers(10))
            read = luck.random() < e**before
            taken = read and luck.random() < 1 / (1 + np.exp(-1 / heat))
            gathering.add("takes_it", user, (user, k), taken, before=before, utility=1.0)
    return gathering.log("drawn")


def leaving_log(seed, users=300, hazard=0.05, patience=(3, 6), bad=0.0, rise=0.0):
    """Lists that are all refused, until the user leaves or 8 were shown; three conversations."""
    luck = np.random.default_rng(seed)
    gathering = Gathering()
    for user in range(users):
        borne = luck.choice(patience) if patience else 99
        for talk in range(3):
            for d in range(1, 9):
                tired = d >= borne or luck.random() < hazard
                left = tired or luck.random() < min(1, bad + (d - 1) * rise)
                gathering.add(
                    "leaves", user, (user, talk), left, disappointments=d, questions=0, refused=d
                )
                if left:
                    break
    return gathering.log("drawn")


def figures(log, setting):
    return {f.name: f for f in fit_users(log).estimates[setting].figures}


def within(found, truth, errors=2.0):
    return abs(found.value - truth) <= errors * found.error


# ---- known settings are found again --------------------------------------------------------------


def test_probabilities_and_their_spread_are_found_within_two_standard_errors():
    """Two standard errors hold about 95 % of the time: over 40 logs, not in one lucky one."""
    mean, sd = [], []
    for seed in range(40):
        found = figures(rates_log(seed), "seen")
        mean.append(within(found["mean"], 0.25))
        sd.append(within(found["sd over users"], np.sqrt(0.25 * 0.75 / 9)))
    assert np.mean(mean) >= 0.875
    assert np.mean(sd) >= 0.875


def test_reading_and_choosing_are_found_within_two_standard_errors():
    mean, heat = [], []
    for seed in range(8):
        log = lists_log(seed, users=100)
        mean.append(within(figures(log, "examination")["mean"], 0.9))
        heat.append(within(figures(log, "choice_temperature")["mean"], 0.5))
    assert sum(mean) >= 7
    assert sum(heat) >= 7


def test_users_who_read_all_and_take_what_they_want():
    log = lists_log(0, reads=(1e9, 1e-3), heat=1e-3)
    found = fit_users(log)
    assert found.estimates["examination"].value == 1.0
    assert found.estimates["choice_temperature"].value == 0.0
    assert found.population().behaviour(0) == Behaviour()


def test_patience_and_hazard_are_told_apart():
    found = fit_users(leaving_log(0))
    assert set(found.population().settings["patience"]["choice"]) == {3, 6}
    shares = {f.name: f for f in found.estimates["patience"].figures}
    assert within(shares["share of 3"], 0.5)
    assert within(found.estimates["leave_hazard"].figures[0], 0.05)
    assert "bad_list_hazard" in found.unknown


def test_a_hazard_that_rises_with_bad_lists_is_no_patience():
    found = fit_users(leaving_log(1, users=200, hazard=0.0, patience=(), bad=0.08, rise=0.06))
    assert within(found.estimates["bad_list_hazard"].figures[0], 0.08)
    assert within(found.estimates["bad_list_rise"].figures[0], 0.06)
    assert "patience" in found.unknown


@pytest.mark.parametrize("trend", ["constant", "rising", "falling"])
def test_cooperativeness_and_its_trend(trend):
    luck = np.random.default_rng(5)
    gathering = Gathering()
    for user, p in enumerate(luck.beta(4, 6, size=200)):
        for turn in range(1, 13):
            x = (turn - 1) / 14
            times = {"constant": 1.0, "rising": x, "falling": 1 - x}[trend]
            gathering.add("adds", user, user, luck.random() < p * times, x=x)
    found = fit_users(gathering.log("drawn"))
    assert found.estimates["cooperation_trend"].value == trend
    assert within(found.estimates["cooperativeness"].figures[0], 0.4)


def test_shares_of_openings_and_of_items_taken():
    luck = np.random.default_rng(2)
    gathering = Gathering()
    for user in range(400):
        word = luck.choice(5, p=[0.4, 0.1, 0.3, 0.1, 0.1])
        takes = int(luck.choice([1, 2, 4], p=[0.5, 0.3, 0.2]))
        for talk in range(2):
            gathering.add("opens", user, (user, talk), word, more=1, item=1)
            for k in range(1, takes + 1):
                gathering.add("goes_on", user, (user, talk), k < takes, taken=k)
    found = fit_users(gathering.log("drawn"))
    opening = {f.name: f for f in found.estimates["opening"].figures}
    assert within(opening["share of item"], 0.3)
    assert found.population().settings["takes"]["choice"] == [1, 2, 4]
    assert within({f.name: f for f in found.estimates["takes"].figures}["share of 2"], 0.3)


def test_the_standard_error_is_that_of_a_normal_mean():
    values = np.random.default_rng(0).normal(size=500)
    found = maximise(lambda x: -0.5 * float(((values - x[0]) ** 2).sum()), [[3.0]], [(-9, 9)])
    assert found.at[0] == pytest.approx(values.mean(), abs=1e-4)
    assert found.error(lambda x: float(x[0])) == pytest.approx(500**-0.5, rel=1e-3)


# ---- what is not to be found ---------------------------------------------------------------------


def test_what_never_happens_is_zero_with_an_error_and_what_has_no_occasion_is_unknown():
    gathering = Gathering()
    for k in range(50):
        gathering.add("seen", k % 7, k, 0)
        if k < 3:
            gathering.add("inquires", k, k, 1)
    found = fit_users(gathering.log("drawn"))
    seen = found.estimates["seen"]
    assert (seen.value, seen.figures[0].error) == (0.0, 1 / 50)
    assert found.unknown["asks_about"] == "only 3 occasions, and 10 are needed"
    assert "asks_about" not in found.population().settings
    assert set(found.unknown) | set(found.estimates) == set(Behaviour().to_dict())


def test_one_occasion_a_user_says_nothing_of_spread():
    luck = np.random.default_rng(1)
    gathering = Gathering()
    for user in range(200):
        gathering.add("seen", user, user, luck.random() < 0.4)
    (figure,) = fit_users(gathering.log("drawn")).estimates["seen"].figures
    assert within(figure, 0.4)


def test_a_log_that_tells_nothing_is_refused():
    gathering = Gathering()
    gathering.add("seen", 0, 0, 1)
    with pytest.raises(
        OptionError, match=r"my.csv tells of no setting of users: .*only 1 occasion,"
    ):
        fit_users(gathering.log("my.csv"))


# ---- scores --------------------------------------------------------------------------------------


def test_the_fit_foretells_better_than_a_card_and_than_constant_guesses():
    log = rates_log(3, users=60, tried=20, a=1.0, b=2.0)
    held = judge(log, population("typical"))
    loss = {name: score.log_loss for name, score in held.overall.items()}
    # What a user did before says how they are: no constant guess knows that.
    assert loss["fitted"] < loss["shares"] - 0.03 < loss["alike"]
    assert loss["fitted"] < loss["unfitted"]
    assert held.gain == pytest.approx(loss["unfitted"] - loss["fitted"])
    assert held.gain > 4 * held.gain_error
    assert held.overall["fitted"].calibration_error < 0.05


def test_the_truth_is_not_beaten_by_the_fit():
    log = rates_log(4)
    held = judge(log, Population("true", {"seen": {"beta": [2.0, 6.0]}}))
    assert abs(held.gain) < max(0.01, 3 * held.gain_error)


def test_calibration_error_of_sure_and_wrong():
    right = np.array([True, False] * 50)
    assert calibration_error(np.full(100, 0.5), right) == pytest.approx(0.0)
    assert calibration_error(np.full(100, 1.0), right) == pytest.approx(0.5)


def test_the_informative_part_is_worth_more_where_occasions_are_unlike():
    """Rare kinds of occasions: at random few of them are drawn, and their settings stay unknown."""
    luck = np.random.default_rng(0)
    gathering = Gathering()
    for user in range(70):
        for k in range(20):
            gathering.add("seen", user, (user, k), luck.random() < 0.3)
            if k == 0:
                gathering.add("inquires", user, (user, k), luck.random() < 0.3)
    found = select(gathering.log("drawn"), 0.1, seeds=3)
    gain, error = found.gain
    assert gain > 0
    assert np.mean(found.whole) <= np.mean(found.informative) + 0.01
    assert error < 1


def test_an_impossible_share_is_refused():
    with pytest.raises(OptionError, match="between 0 and 1"):
        select(rates_log(0), 1.5)


def test_every_kind_gives_probabilities():
    traits = population("typical").traits(9)
    given = {
        "x": 0.5, "before": 2.0, "utility": 1.0, "disappointments": 3.0, "questions": 0.0,
        "refused": 2.0, "more": 1.0, "item": 0.0, "taken": 1.0, "fatigue": 0.4, "letdown": 0.3,
        "loyalty": -0.2, "fit": 0.5, "appeal": 0.1, "read": 0.0, "top": 1.0, "skips": 2.0,
    }  # fmt: skip
    cells = {name: np.array([value, value]) for name, value in given.items()}
    for kind in KINDS.values():
        chance = kind.probabilities(traits, cells, 2)
        assert chance.shape == (2, 9, len(kind.outcomes))
        assert chance.min() >= 0
        assert np.allclose(chance.sum(axis=2), 1)


# ---- people --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iard_half.json", "redial_valid_half.jsonl"])
def test_on_people_the_fit_beats_the_unfitted_card_on_conversations_it_has_not_seen(name):
    if not (HUMAN / name).is_file():
        pytest.skip(f"the collection {name} is not at {HUMAN}")
    log = log_of_dialogues(read_dialogues(HUMAN / name), name)
    held = judge(log, population("typical"))
    assert held.gain > 10 * held.gain_error
    assert held.overall["fitted"].log_loss < held.overall["shares"].log_loss
    assert held.overall["fitted"].calibration_error < 0.03
    found = fit_users(log).estimates
    assert within(found["seen"].figures[0], {"i": 0.344, "r": 0.520}[name[0]])


# ---- files ---------------------------------------------------------------------------------------


def choices(folder, rows, name="c.csv", header="user,list,taken,utilities"):
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_lists_and_choices_of_a_file(tmp_path):
    rows = [f"u{k % 5},a b;c,{'b' if k % 3 else ''},0 1 0.5" for k in range(60)]
    log = log_of_choices(choices(tmp_path, rows))
    own = log.occasions["takes_it"]
    assert own.given["before"].tolist() == [1.0] * 60
    assert own.outcome.sum() == 40
    against = log_of_choices(choices(tmp_path, [*rows, "u1,a b c,c,0 1 1"], "d.csv"))
    assert "1 of them left out" in against.source


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("u,a b,c,1 0", ":2: item 'c' was taken, but is not in the list"),
        ("u,a a,a,1 0", ":2: the list is empty, or has an item twice"),
        ("u,a b,a,1", ":2: 1 utilities for 2 items"),
        ("u,a b,a,1 x", ":2: utilities are '1 x'"),
        ("u,a b,a,1 -1", "one from 0 for each"),
    ],
)
def test_lists_that_mean_nothing_are_refused(tmp_path, row, told):
    with pytest.raises(ImportDataError, match=told):
        log_of_choices(choices(tmp_path, [row]))


def test_lists_of_which_nothing_says_what_is_wanted_are_refused(tmp_path):
    path = choices(tmp_path, ["u,a b,a"], header="user,list,taken")
    with pytest.raises(OptionError, match=":2: nothing says what is wanted"):
        log_of_choices(path)


def test_dialogues_without_acts_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("conversation,turn,role,act\na,1,user,\n", encoding="utf-8")
    with pytest.raises(OptionError, match="has no acts"):
        read_log(path, None)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.csv", "a,b\n1,2\n", "no log that is known here"),
        ("x.txt", "hello", "no log that is known here"),
        ("x.json", "[1, 2", "cut in the middle"),
        ("x.parquet", "hello", "not a readable Parquet file"),
    ],
)
def test_files_that_are_no_logs_are_refused(tmp_path, name, text, told):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ImportDataError, match=told):
        read_log(path, None)
    with pytest.raises(ImportDataError, match="no such file"):
        read_log(tmp_path / "gone.csv", None)


def acted(folder):
    """A film club's dialogues: turns with acts, drawn."""
    luck = np.random.default_rng(7)
    lines = ["conversation,user,turn,role,act,item,attributes"]
    for c in range(60):
        lines.append(f"{c},p{c % 20},1,user,request,,{'folk' if c % 4 else ''}")
        for turn in range(2, 10, 2):
            asks = luck.random() < 0.5
            if asks:
                said = luck.choice(["yes", "no", "no;want", "unsure", "prefer"])
            else:
                said = luck.choice(["accept", "seen", "reject", "reject;criticise", "inquire"])
            lines.append(f"{c},p{c % 20},{turn},system,{'confirm' if asks else 'recommend'},,")
            lines.append(f"{c},p{c % 20},{turn + 1},user,{said},,")
    path = folder / "club.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_dialogues_of_ones_own_become_a_card_that_reads_back(tmp_path):
    log = read_log(acted(tmp_path), None)
    found = fit_users(log)
    for name in ("dont_know", "deflects", "cooperativeness", "seen", "asks_about", "opening"):
        assert name in found.estimates
    assert found.unknown["answer_noise"].startswith("nothing says what people wanted")
    write_card(tmp_path / "club_users.toml", found, log, None)
    card = read_population(tmp_path / "club_users.toml", "club_users")
    assert card.settings == found.population().settings
    assert card.behaviour(3).seen <= 1


def test_answers_that_are_marked_as_wrong_are_fitted(tmp_path):
    path = acted(tmp_path)
    marked = path.read_text(encoding="utf-8").replace("user,yes,", "user,yes;wrong,")
    path.write_text(marked, encoding="utf-8")
    log = read_log(path, None)
    wrong = marked.count("yes;wrong")
    share = wrong / (wrong + marked.count("user,no,") + marked.count("user,no;want,"))
    errs = log.occasions["errs"]
    assert (len(errs), errs.outcome.mean()) == (wrong / share, pytest.approx(share))
    assert fit_users(log).estimates["answer_noise"].figures[0].value == pytest.approx(
        share, abs=0.02
    )


def test_the_command_writes_a_card_and_says_what_it_cannot_tell(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    path, out = acted(tmp_path), tmp_path / "users" / "club.toml"
    report = tmp_path / "club.json"
    with pytest.raises(SystemExit) as end:
        main(["users", "fit", str(path), "--out", str(out), "--report", str(report)])
    assert not end.value.code
    told = capsys.readouterr().out
    assert "Not identified, and left out of the card:" in told
    assert "The fit is better than typical by" in told
    values = json.loads(report.read_text(encoding="utf-8"))
    assert values["held_out"]["gain"]["value"] > 0
    assert values["settings"]["seen"]["figures"][0]["error"] > 0
    monkeypatch.setenv("RECOSIM_PATH", str(tmp_path))
    assert population("club").settings["seen"] == values["settings"]["seen"]["value"]
    with pytest.raises(SystemExit):
        main(["users", "fit", str(path), "--out", str(out)])
    assert "is there already" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("name", ["typical.toml", "my card.toml", "my.json"])
def test_names_that_no_card_can_have_are_refused_before_the_fit(tmp_path, capsys, name):
    with pytest.raises(SystemExit) as end:
        main(["users", "fit", str(acted(tmp_path)), "--out", str(tmp_path / name)])
    assert end.value.code == 2
    assert "error:" in capsys.readouterr().err
