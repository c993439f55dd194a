"""`audit_users`: measurements of a population of users, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recosim.agents.registry import make_agent
from recosim.agents.usual import usual_agent
from recosim.audit.against import against, rows_to_dict
from recosim.audit.dialogues import Collection, conversations_of
from recosim.audit.figures import Figures, figures
from recosim.audit.likeness import likeness
from recosim.audit.measures import count, told_by
from recosim.audit.recommenders import good_against_bad
from recosim.audit.talks import Talks
from recosim.bench.rollout import play_batch
from recosim.envs.probes import Probe, Sample
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.envs.talk import Talk, speaker_of
from recosim.errors import OptionError
from recosim.progress import Progress
from recosim.users.speaker import Speaker

__all__ = ["Audit", "audit_users"]

LISTS = "abs_greedy"  # an agent that only recommends


@dataclass(frozen=True)
class Audit:
    """What was measured; `values` are JSON values, described on the page and in docs/audit.md.

    Attributes:
        examples: of what was said, by what they are examples of.
        probes: those that the family declares.
    """

    values: dict[str, Any]
    examples: dict[str, list[str]]
    probes: tuple[Probe, ...]

    def to_dict(self) -> dict[str, Any]:
        return {**self.values, "examples": self.examples}


def audit_users(
    setup: Setup,
    *,
    agent: str | None = None,
    conversations: int = 100,
    probes: int = 100,
    seed: int = 0,
    people: Figures | None = None,
    human: Sequence[Collection] = (),
    progress: Progress | None = None,
) -> Audit:
    """Measure the users of a setup in conversations with an agent, and by probes.

    Args:
        agent: name of an agent card that needs no training; by default `usual_agent`.
        conversations: of the setup's split, drawn by the seed.
        probes: users that each probe asks.
        people: figures that the users are held against; None: those that ship.
        human: dialogues of people (`recosim.audit.human.read_people`), whose words are held against
            those of the users; () measures no likeness.
        progress: called with steps done, in all, and what is measured.

    Raises:
        ChatError, BudgetError, CassetteError: a language model could not be asked.
        OptionError: no conversations, or no probes.
    """
    for name, value in (("conversations", conversations), ("probes", probes)):
        if value < 1:
            raise OptionError(f"{name} is {value}; at least 1 is needed.")
    given, agent = agent, agent or usual_agent(setup)
    declared: tuple[Probe, ...] = setup.family.load("probes")(setup)

    def tell(done: int, what: str) -> None:
        if progress is not None:
            progress(done, len(declared) + 2, what)

    speaker = speaker_of(setup)
    tell(0, "conversations")
    talks = Talks(setup, _converse(setup, speaker, agent, conversations, seed))
    talked = speaker.report()
    values: dict[str, Any] = {
        "users": setup.users.to_dict(),
        "env": setup.protocol.to_dict(),
        "world": {"name": setup.world.name, "fingerprint": setup.world.fingerprint},
        "agent": agent,
        "conversations": conversations,
        "probes": probes,
        "seed": seed,
        "utterances": len(talks.said),
    }
    examples: dict[str, list[str]] = {"said": [row["said"] for row in talks.said[:12]]}
    values["leakage"], examples["leaks"] = talks.leakage(talked)
    values["reading"], values["wording"] = talks.reading(), talks.wording()
    values["people"] = talks.people()
    for done, probe in enumerate(declared, start=1):
        tell(done, probe.title)
        found = probe.measure(Sample(setup, speaker, talks.rows, probes, seed))
        values |= found.values
        if found.examples is not None:
            examples[probe.name] = found.examples
    values["decisions"] = talked.get("decisions")
    values["speaking"] = {k: v for k, v in talked.items() if k not in ("chat", "decisions")}
    values["cost"] = _cost(talked, conversations)
    tell(len(declared) + 1, "people")
    agents, ours = _crowd(setup, speaker, talks, given, conversations, seed)
    people = people or figures()
    rows = against(count(ours), people, ours.tells)
    told, read = setup.users.unsupported, setup.family.settings
    values["against_people"] = {
        "agents": [agent, *agents],
        **rows_to_dict(rows, people, {name: told[name] for name in told if name in read}),
    }
    values["good_against_bad"] = good_against_bad(
        setup, people, conversations=conversations, seed=seed
    )
    values["likeness"] = likeness(ours, human, seed) if human else None
    tell(len(declared) + 2, "done")
    return Audit(values, examples, declared)


def _converse(
    setup: Setup, speaker: Speaker, agent_name: str, n: int, seed: int
) -> list[dict[str, Any]]:
    """The rows of n conversations of an agent with the users."""
    agent = make_agent(agent_name)
    batch = setup.batch(min(n, 256), track=agent.track)
    agent.bind(batch)
    talk, recorder = Talk(batch, speaker, setup.family.load("acts")), Recorder(batch)
    units = batch.units().table
    chosen = np.sort(np.random.default_rng(seed).permutation(len(units))[:n])
    rows: list[dict[str, Any]] = []
    for start in range(0, len(chosen), batch.size):
        play_batch(batch, agent, units, chosen[start : start + batch.size], seed, recorder, talk)
        rows += recorder.trace().table.to_pylist()
        recorder.clear()
    return rows


def _crowd(
    setup: Setup, speaker: Speaker, talks: Talks, agent: str | None, n: int, seed: int
) -> tuple[list[str], Collection]:
    """The conversations that are held against people's, and which agents' came on top.

    A person is recommended something every second turn; the usual agent asks until it is sure, and
    few lists are refused. Where nobody named an agent, as many conversations with one that only
    recommends stand beside those with the usual one. A language model is not asked again for them.
    """
    found = conversations_of(talks.rows, talks.acts, setup.world)
    more = []
    if agent is None and setup.users.llm is None and not make_agent(LISTS).misfit_of(setup):
        rows = _converse(setup, speaker, LISTS, n, seed)
        found = (*found, *conversations_of(rows, talks.acts, setup.world))
        more.append(LISTS)
    names = (*map(str, setup.world.item_names), *map(str, setup.world.attribute_names))
    return more, Collection(setup.users.name, found, told_by(found), names)


def _cost(talked: Mapping[str, Any], conversations: int) -> dict[str, Any] | None:
    """Tokens of the conversations alone, without the probes."""
    chat = talked.get("chat")
    if chat is None:
        return None
    tokens = chat["tokens"]
    total = tokens["prompt"] + tokens["completion"]
    return {
        "tokens": total,
        "tokens_a_conversation": total / conversations,
        "calls": chat["calls"]["sent"],
        "from_cassette": chat["cassette"]["hits"],
        "money": chat["money"],
        "faults": chat["faults"]["seen"],
    }
