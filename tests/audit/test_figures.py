"""Cards of figures: what ships is whole; an impossible figure is refused with its line."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from recosim.audit.figures import figures, figures_of, write_figures
from recosim.audit.measures import MEASURES
from recosim.errors import CardError, UnknownNameError

GOOD = """name = "mine"
title = "Mine"
description = "Counted by me."

[[figure]]
measure = "seen"
collection = "ours"
value = 0.3
low = 0.2
high = 0.4
n = 90
source = "our log"
bias = "few"
"""


def card(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_ships_has_a_source_and_a_bias_for_each_figure():
    shipped = figures()
    assert {figure.measure for figure in shipped.figure} <= MEASURES.keys()
    for figure in shipped.figure:
        assert len(figure.source) > 10
        assert figure.bias
    # Everything that the population `human` takes from people can be held against them.
    for name in ("seen", "asks_about", "critique_with_rejection", "volunteers_with_rejection"):
        assert shipped.of(name)


@pytest.mark.parametrize("name", ["accepts", "seen", "rejects", "asks_about", "leaves_5"])
def test_intervals_that_ship_are_wilsons(name):
    (figure,) = figures().of(name)
    ends = binomtest(round(figure.value * figure.n), figure.n).proportion_ci(method="wilson")
    assert (figure.low, figure.high) == pytest.approx((ends.low, ends.high), abs=0.01)


def test_a_card_is_written_and_read_back(tmp_path):
    shipped = figures()
    write_figures(tmp_path / "people.toml", shipped)
    assert figures(tmp_path / "people.toml") == shipped
    counted = figures_of(
        {'a "b" \\ c': {"seen": {"value": 1 / 3, "low": 0.2, "high": 0.5, "of": 30}}}, "x"
    )
    write_figures(tmp_path / "x.toml", counted)
    assert figures(tmp_path / "x.toml") == counted


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("value = 0.3", "value = 0.5", r"0\.5 lies outside its interval \[0\.2, 0\.4\]"),
        ("low = 0.2\nhigh = 0.4", "low = 0.4\nhigh = 0.2", "lies outside its interval"),
        ("high = 0.4", "high = 1.4", "a share lies between 0 and 1"),
        ("low = 0.2", "low = -0.2", "a share lies between 0 and 1"),
        ("low = 0.2\n", "", "low and high go together"),
        ("high = 0.4", "high = nan", "not finite"),
        ("n = 90", "n = 0", "at least 1 observation"),
        ('source = "our log"', 'source = " "', "the source is empty"),
        ("bias =", "biass =", "Did you mean 'bias'"),
        ('"seen"', '"seeen"', "Did you mean 'seen'"),
        ("value = 0.3", 'value = "much"', "value: Input should be a valid number"),
        ('bias = "few"\n', "", "bias: Field required"),
    ],
)
def test_an_impossible_figure_names_its_line(tmp_path, old, new, told):
    first = GOOD + GOOD.split("\n\n")[1].replace("ours", "theirs").join(["\n", ""])
    assert len(figures(card(tmp_path, first)).figure) == 2
    head, tail = first.rsplit("[[figure]]", 1)
    assert old in tail
    text = head + "[[figure]]" + tail.replace(old, new)
    line = head.count("\n") + 1
    with pytest.raises(CardError, match=rf"mine\.toml:{line}: figure 2 .*{told}"):
        figures(card(tmp_path, text))


def test_twice_the_same_figure_none_and_an_unknown_card_are_refused(tmp_path):
    again = GOOD + "\n" + GOOD.split("\n\n")[1]
    with pytest.raises(CardError, match=r"mine\.toml:15: seen of ours is given twice"):
        figures(card(tmp_path, again))
    with pytest.raises(CardError, match="holds no figure"):
        figures(card(tmp_path, GOOD.split("\n\n")[0]))
    with pytest.raises(CardError, match="titel"):
        figures(card(tmp_path, GOOD.replace("title", "titel", 1)))
    with pytest.raises(UnknownNameError, match="Did you mean 'people'"):
        figures("peopel")


def test_a_folder_of_ones_own_holds_cards_of_figures(tmp_path, monkeypatch):
    (tmp_path / "users" / "figures").mkdir(parents=True)
    card(tmp_path / "users" / "figures", GOOD)
    monkeypatch.setenv("RECOSIM_PATH", str(tmp_path))
    assert figures("mine").of("seen")[0].value == 0.3
