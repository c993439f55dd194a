"""`Family`: what a family of environments provides. Everything outside a family reads this record.

A record holds references ("module:name", loaded when first read) and plain data, so that
registering a family imports nothing. `recosim.envs` adds those of RecoSim; a third party calls
`recosim.register_family`, or names its record in the entry-point group `recosim.families`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from typing import Any, Literal

from recosim.errors import OptionError, unknown

__all__ = ["UNNAMED", "Family", "add_family", "families", "family", "family_of"]

ENTRY_POINTS = "recosim.families"

# The family of files that name none: they were written when there was but one.
UNNAMED = "cpr"

# A "module:name" that is imported when it is read, or the thing itself.
Reference = Any


@dataclass(frozen=True)
class Family:
    """A family of environments: the same acts, other rules.

    Attributes:
        name: what cards, traces and results call it.
        title: for people.
        unit: what one episode is, in the plural: "conversations", "lives", "topics".
        stands_on: the family whose code and agents it uses, "" for none. No other family is
            imported.
        settings: the settings of users that its rules read; others are refused.
        plays_in: what its worlds must have: "users" (and their interactions; an estimator is
            fitted to them) or "topics" (and judgements: collections to search in).
        env, vector_env: classes of Gymnasium; the docstring of `env` is the page of its ids.
        rules: class of its rules, a subclass of `recosim.envs.rules.Rules`.
        batch: class that advances many episodes at once, of `recosim.envs.batch.Batch`.
        observer: class of what environments show, of `recosim.envs.observer.Observer`.
        acts: object that reads moves as typed acts, of `recosim.envs.acts.Acts`.
        columns: object that records and reads traces, of `recosim.trace.Columns`.
        metrics: function (rules) -> tuple of `recosim.metrics.Metric`.
        joint: a `recosim.metrics.Joint`: what all episodes of an agent give together; "" for none.
        plots: function (rules) -> tuple of `recosim.metrics.Scatter` and `Line`, drawn beside the
            usual plots of a bench; "" for none.
        timeline: object that parts long episodes, of `recosim.envs.timeline.Timeline`; "" where
            they are short.
        words: object that tells a move in words, of `recosim.envs.words.Words`.
        board: class of what a person sees and types, of `recosim.envs.board.Board`.
        player: class of the user's side as small choices, of `recosim.envs.player.Player`.
        picture: function (figure, moves, world) that draws an episode into a figure of matplotlib.
        probes: function (setup) -> tuple of `recosim.envs.probes.Probe`, for the audit of users.
        evidence: function (trace, world) -> `recosim.users.fitting.Log`: what a trace tells of its
            users, for fitting; "" where it tells nothing.
        agents: names of agents that recommend where nobody says who: the first that fits the rules.
        strict: arguments under which every move counts, for the conformance checks.
    """

    name: str
    title: str
    unit: str
    env: Reference
    vector_env: Reference
    rules: Reference
    batch: Reference
    observer: Reference
    columns: Reference
    metrics: Reference
    acts: Reference
    stands_on: str = ""
    settings: tuple[str, ...] = ()
    plays_in: Literal["users", "topics"] = "users"
    words: Reference = "recosim.envs.words:PlainWords"
    board: Reference = "recosim.envs.board:Board"
    player: Reference = "recosim.envs.player:Player"
    picture: Reference = "recosim.envs.picture:draw_words"
    probes: Reference = "recosim.envs.usual_probes:list_probes"
    joint: Reference = ""
    plots: Reference = ""
    timeline: Reference = ""
    evidence: Reference = ""
    agents: tuple[str, ...] = ()
    strict: Mapping[str, Any] = field(default_factory=dict)

    def load(self, part: str) -> Any:
        """A part by its name, imported if need be.

        Raises:
            UnknownNameError: not the name of a part.
        """
        names = [entry.name for entry in fields(self)]
        if part not in names:
            raise unknown("part of a family", part, names)
        return load_reference(getattr(self, part))

    def lineage(self) -> Iterator[str]:
        """Its name, then those of the families that it stands on."""
        yield self.name
        if self.stands_on:
            yield from family(self.stands_on).lineage()


def load_reference(reference: Reference) -> Any:
    """The thing that a reference names; what is no "module:name" is the thing itself."""
    if not isinstance(reference, str) or ":" not in reference:
        return reference
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)


_FAMILIES: dict[str, Family] = {}
_entry_points_read = False


def add_family(record: Family) -> Family:
    """Make a family known by its name; registering the same record again changes nothing.

    Raises:
        OptionError: another family has this name.
    """
    known = _FAMILIES.get(record.name)
    if known is not None and known != record:
        raise OptionError(f"there is a family {record.name!r} already: {known.title}.")
    _FAMILIES[record.name] = record
    return record


def families() -> dict[str, Family]:
    """Every family by its name, those of installed packages included."""
    global _entry_points_read
    if not _entry_points_read:
        _entry_points_read = True
        from importlib.metadata import entry_points

        for point in entry_points(group=ENTRY_POINTS):
            add_family(point.load())
    return dict(_FAMILIES)


def family(name: str) -> Family:
    """A family by its name.

    Raises:
        UnknownNameError: there is none; the nearest name is offered.
    """
    if name in _FAMILIES:
        return _FAMILIES[name]
    known = families()
    if name not in known:
        raise unknown("family", name, known)
    return known[name]


def family_of(metadata: Mapping[str, Any]) -> Family:
    """The family that the metadata of a trace name. Raises `UnknownNameError`."""
    return family(str(metadata.get("family", UNNAMED)))
