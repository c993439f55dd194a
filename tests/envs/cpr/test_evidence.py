"""Traces as logs: users of known settings, simulated by the kernels, are found again."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.acts import Moves, Verb
from recosim.agents.cpr.base import CPRAgent
from recosim.agents.registry import make_agent
from recosim.bench.rollout import play_batch
from recosim.envs.cpr.evidence import log_of_trace
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.errors import ImportDataError, OptionError
from recosim.trace import Trace
from recosim.users import Population
from recosim.users.fitting import fit_users
from recosim.users.fitting.reading import read_log

SEED = 7


class Reflects(CPRAgent):
    """Recommends, and asks what was wrong after each refusal."""

    name = "reflects"

    def act(self) -> Moves:
        refused = self.batch.arrays["n_shown_last"] > 0
        verb = np.where(refused, Verb.REFLECT, Verb.RECOMMEND).astype(np.int8)
        return Moves(verb, np.full(len(verb), -1))


def played(settings, name="max_entropy", n=2000, **options):
    """A trace of an agent with users, and their world."""
    setup = Setup.prepare(
        "cpr",
        world="lastfm-small",
        split="train",
        users=Population("true", settings),
        protocol_options=options,
    )
    agent = Reflects() if name == Reflects.name else make_agent(name)
    batch = setup.batch(500, track=agent.track)
    agent.bind(batch)
    recorder, parts = Recorder(batch), []
    units = batch.units().table
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(units))[:n])
    for start in range(0, n, batch.size):
        play_batch(batch, agent, units, chosen[start : start + batch.size], SEED, recorder)
        parts.append(recorder.trace(name, SEED, setup.metadata("test")))
        recorder.clear()
    return Trace.concat(parts), setup.world


def check(found, truth):
    """Each figure within two standard errors: (setting, figure) -> value."""
    wrong = {}
    for (setting, name), value in truth.items():
        figure = {f.name: f for f in found.estimates[setting].figures}[name]
        if abs(figure.value - value) > 2 * figure.error:
            wrong[setting, name] = (figure.value, figure.error, value)
    assert not wrong


def test_answers_reading_and_leaving_are_found_within_two_standard_errors():
    trace, world = played(
        {
            "answer_noise": {"beta": [2.0, 18.0]},
            "dont_know": 0.06,
            "cooperativeness": {"beta": [4.0, 6.0]},
            "cooperation_trend": "falling",
            "examination": {"beta": [9.0, 1.0]},
            "choice_temperature": 0.6,
            "leave_hazard": 0.05,
            "patience": {"choice": [3, 6, 9]},
        }
    )
    found = fit_users(log_of_trace(trace, world))
    check(
        found,
        {
            ("answer_noise", "mean"): 0.1,
            ("answer_noise", "sd over users"): np.sqrt(0.09 / 21),
            ("dont_know", "mean"): 0.06,
            ("cooperativeness", "mean"): 0.4,
            ("cooperativeness", "sd over users"): np.sqrt(0.24 / 11),
            ("examination", "mean"): 0.9,
            ("choice_temperature", "mean"): 0.6,
            ("leave_hazard", "mean"): 0.05,
            ("patience", "share of 3"): 1 / 3,
            ("patience", "share of 6"): 1 / 3,
            ("patience", "share of 9"): 1 / 3,
        },
    )
    assert found.estimates["cooperation_trend"].value == "falling"
    # What these users never do is found to be zero, what nothing tells of is said to be unknown.
    assert found.estimates["seen"].value == 0.0
    assert found.unknown["feedback"] == "no reflection asked for it"


def test_what_is_said_of_lists_is_found_within_two_standard_errors():
    trace, world = played(
        {
            "seen": {"beta": [4.0, 8.0]},
            "asks_about": 0.1,
            "critique_unasked": 0.27,
            "want_unasked": {"beta": [3.0, 9.0]},
            "opening": {
                "choice": ["attribute", "several", "item", "item_attribute", "nothing"],
                "weights": [3, 2, 2, 2, 1],
            },
            "bad_list_hazard": 0.1,
            "bad_list_rise": 0.05,
        },
        "abs_greedy",
    )
    check(
        fit_users(log_of_trace(trace, world)),
        {
            ("seen", "mean"): 1 / 3,
            ("seen", "sd over users"): np.sqrt(2 / 9 / 13),
            ("asks_about", "mean"): 0.1,
            ("critique_unasked", "mean"): 0.27,
            ("want_unasked", "mean"): 0.25,
            ("bad_list_hazard", "mean"): 0.1,
            ("bad_list_rise", "mean"): 0.05,
            ("opening", "share of attribute"): 0.3,
            ("opening", "share of several"): 0.2,
            ("opening", "share of item"): 0.2,
            ("opening", "share of item_attribute"): 0.2,
            ("opening", "share of nothing"): 0.1,
        },
    )


def test_deflecting_several_items_and_questions_borne():
    trace, world = played(
        {
            "deflects": 0.2,
            "dont_know": 0.05,
            "takes": 3,
            "acceptable": 16,
            "question_patience": {"choice": [3, 5]},
        }
    )
    found = fit_users(log_of_trace(trace, world))
    check(
        found,
        {
            ("deflects", "mean"): 0.2,
            ("dont_know", "mean"): 0.05,
            ("question_patience", "share of 3"): 0.5,
            ("question_patience", "share of 5"): 0.5,
        },
    )
    assert found.estimates["takes"].value == 3
    # Items other than the target were taken, and a trace does not say which would have been.
    assert "examination" in found.unknown


@pytest.mark.parametrize("question", ["choice", "facet"])
def test_the_other_kinds_of_questions(question):
    trace, world = played(
        {"answer_noise": 0.1, "dont_know": 0.1, "cooperativeness": 0.5},
        n=1000,
        question=question,
        **({"choices": 2} if question == "choice" else {}),
    )
    found = fit_users(log_of_trace(trace, world))
    check(
        found,
        {
            ("answer_noise", "mean"): 0.1,
            ("dont_know", "mean"): 0.1,
            ("cooperativeness", "mean"): 0.5,
        },
    )
    # Nobody deflects a question about a facet.
    assert ("deflects" in found.unknown) == (question == "facet")


def test_what_is_said_of_lists_when_asked():
    """In the wording of `feedback`: two users in five criticise, and so on."""
    words = ["binary", "critique", "instruction", "edit"]
    feedback = {"choice": words, "weights": [1, 2, 1, 1]}
    trace, world = played({"feedback": feedback}, "reflects", n=1500, on_reject="keep")
    found = fit_users(log_of_trace(trace, world))
    shares = dict(zip(words, (0.2, 0.4, 0.2, 0.2), strict=True))
    check(found, {("feedback", f"share of {w}"): share for w, share in shares.items()})


def test_a_trace_on_disk_is_read_with_its_world(tmp_path):
    trace, world = played({"dont_know": 0.1}, n=500)
    path = tmp_path / "trace.parquet"
    trace.write(path)
    log = read_log(path, None, lambda trace, path: world)
    assert log.conversations == 500
    with pytest.raises(OptionError, match="give the world"):
        read_log(path, None)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ImportDataError, match="not a readable Parquet file"):
        read_log(path, None)


def test_several_agents_are_no_further_evidence():
    trace, world = played({"dont_know": 0.1}, n=500)
    other, _ = played({"dont_know": 0.1}, "abs_greedy", n=500)
    with pytest.raises(OptionError, match="abs_greedy, max_entropy"):
        log_of_trace(Trace.concat([trace, other]), world)
