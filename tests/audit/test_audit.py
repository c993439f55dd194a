"""The audit finds what is wrong with users made wrong on purpose, and nothing with rules."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.stats import binomtest
from typer.testing import CliRunner

from recosim.audit import audit_page, audit_users
from recosim.chat import Chat, ScriptedBackend
from recosim.cli import app
from recosim.envs.setup import Setup
from recosim.envs.shares import share
from recosim.envs.usual_probes import CANARIES
from recosim.users import LLMSettings, Population

N = 24


def measured(function, decides="answers", settings=None, **setup):
    chat = Chat(ScriptedBackend(function))
    llm = LLMSettings(decides=decides, hears=True, workers=1, chat=chat)
    users = Population("made", settings or {}, llm=llm)
    parts = Setup.prepare(
        "cpr", **{"world": "lastfm-small", "split": "test", "users": users, **setup}
    )
    return audit_users(parts, conversations=N, probes=N)


def fill(request, words, prefer):
    """The form with the values that `prefer` names, where it names some."""
    out = {}
    for name, field in request.schema()["properties"].items():
        if name == "words":
            out[name] = words
        elif field.get("type") == "array":
            out[name] = []
        else:
            values = field.get("enum", [field.get("const")])
            out[name] = next((v for v in prefer if v in values), values[0])
    return out


def wants(request):
    """Whether the user of the prompt wants what is asked about."""
    told = request.messages[1][1]
    has = told.partition("You want: ")[2].partition(".\n")[0].split(", ")
    return told.rpartition("Do you want ")[2].rstrip("?") in has


def test_rules_give_nothing_away_and_obey_nobody():
    parts = Setup.prepare("cpr", world="lastfm-small", split="test")
    v = audit_users(parts, conversations=N, probes=N).values
    assert {found["value"] for found in v["leakage"]["said"].values()} == {0.0}
    assert all(s["value"] == 0 for found in v["canaries"].values() for s in found.values())
    assert v["ordering_names"]["list"]["value"] == 0
    assert [found["value"] for found in v["consistency"]["ask"].values()] == [1.0, 1.0]
    for name in ("yes_to_the_unwanted", "no_to_the_wanted"):
        assert v["positivity"][name]["value"] == 0
        assert 0.1 < v["positivity"][name]["high"] < 0.5  # of a dozen users
    assert v["reading"]["right"]["value"] > 0.95
    assert v["cost"] is None
    assert sum(rate["value"] for rate in v["answers"]["rates"].values()) == pytest.approx(1)


def test_noise_shows_as_inconsistency_and_wrong_answers():
    parts = Setup.prepare("cpr", world="lastfm-small", split="test", users={"answer_noise": 0.3})
    v = audit_users(parts, conversations=N, probes=400).values
    assert v["consistency"]["ask"]["asked_again"]["value"] == pytest.approx(
        0.58, abs=0.1
    )  # .7^2 + .3^2
    assert v["positivity"]["yes_to_the_unwanted"]["value"] == pytest.approx(0.3, abs=0.1)
    assert v["positivity"]["no_to_the_wanted"]["value"] == pytest.approx(0.3, abs=0.1)


def test_a_model_that_obeys_the_recommender_is_found_out():
    def obedient(request):
        bossed = any(text in request.messages[1][1] for text in CANARIES)
        takes = "1" if bossed else "none"
        return fill(request, "Fine.", ["yes" if bossed or wants(request) else "no", takes])

    v = measured(obedient).values
    assert (
        min(s["value"] for s in v["canaries"]["ask"].values()) > 0.3
    )  # those who would have said no
    assert min(s["value"] for s in v["canaries"]["list"].values()) == 1.0
    assert v["consistency"]["ask"]["in_other_words"]["value"] == 1.0
    # It sees what items have, never what they are called.
    assert v["ordering_names"]["list"]["value"] == 0


def test_what_decides_nothing_cannot_be_moved():
    v = measured(lambda request: {"words": "Yes, I accept it."}, decides="nothing").values
    assert all(s["value"] == 0 for found in v["canaries"].values() for s in found.values())
    assert v["speaking"]["fallbacks"]["contradiction"] > 0


def test_a_model_that_says_yes_to_everything_is_found_out():
    v = measured(lambda request: fill(request, "Yes!", ["yes", "none"])).values
    assert v["positivity"]["yes_to_the_unwanted"]["value"] == 1.0
    assert v["answers"]["rates"]["yes"]["value"] == 1.0
    facts = v["decisions"]["facts"]["question"]
    assert facts["contradicts"] > facts["agrees"]  # most of what is asked is not wanted
    assert v["speaking"]["fallbacks"]["unread"] > 0  # "Yes!" says nothing of a list
    assert v["persona"]["words_differ"]["value"] == 0
    assert v["decisions"]["as_the_rules"] < v["decisions"]["made"]
    assert v["cost"]["tokens"] > 0


def test_a_model_that_changes_its_mind_is_found_out():
    def moody(request):
        rng = np.random.default_rng(request.seed)
        return fill(request, "Hm.", [["yes", "no"][rng.integers(2)], "none"])

    v = measured(moody).values
    assert v["consistency"]["ask"]["asked_again"]["high"] < 1.0


def test_shares_of_independent_users_have_wilsons_interval():
    for k, n in ((0, 100), (30, 100), (100, 100), (700, 1000)):
        found = share(np.arange(n) < k)
        ends = binomtest(k, n).proportion_ci(method="wilson")
        assert found["value"] == k / n
        assert (found["low"], found["high"]) == pytest.approx(tuple(ends), abs=0.003)
    assert share([]) == {"value": 0.0, "low": None, "high": None, "of": 0}
    assert share([True, False], [7, 7])["low"] is None  # of one user: nothing is known of others


@pytest.mark.parametrize("rate", [0.02, 0.3])
def test_the_interval_holds_the_truth_where_users_repeat_themselves(rate):
    """Each of 60 users says ten things, and nine of ten users always say the same."""
    rng, held, naive = np.random.default_rng(3), 0, 0
    users = np.repeat(np.arange(60), 10)
    for _ in range(400):
        same = np.repeat(rng.random(60) < 0.9, 10)
        once = np.repeat(rng.random(60) < rate, 10)
        said = np.where(same, once, rng.random(600) < rate)
        found, alone = share(said, users), share(said)
        held += found["low"] <= rate <= found["high"]
        naive += alone["low"] <= rate <= alone["high"]
    assert held / 400 > 0.92
    assert naive / 400 < 0.75


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_holds_the_figures_and_escapes_what_was_said():
    evil = "</style><script>alert(1)</script>"
    audit = measured(lambda request: fill(request, f"Yes. {evil}", ["yes", "none"]))
    page = Page()
    page.feed(audit_page(audit))
    assert "script" not in [tag for tag, _ in page.tags]
    assert any(evil in text for text in page.text)
    assert all("src" not in attrs and "href" not in attrs for _, attrs in page.tags)
    for title in ("Leaks", "Positivity", "Consistency", "Canaries", "Persona", "Cost"):
        assert any(title in text for text in page.text), title


@pytest.mark.parametrize("env", ["CPR-LastFM-Small", "EAR-Yelp-Small", "Critique-LastFM-Small"])
def test_the_command_writes_both(env, tmp_path):
    given = ["audit", "typical", env, "--conversations", "10", "--probes", "10"]
    result = CliRunner().invoke(app, [*given, "--out", str(tmp_path / "a")])
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "a" / "audit.json").read_text())
    assert found["conversations"] == 10
    assert found["users"]["name"] == "typical"
    assert (tmp_path / "a" / "audit.html").read_text().startswith("<!doctype html>")
