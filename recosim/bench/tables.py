"""Tables of one environment: what a reader compares, as text and as Markdown.

Which metrics stand in them, in which words, the family declares (`recosim.metrics`). A table never
mixes protocols: there is one for each environment of a run, and its header states world, protocol,
users, estimator, split and seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from recosim.bench.own import KINDS, own_share
from recosim.bench.schema import AgentResult, EnvResult, Users
from recosim.bench.stats import Estimate
from recosim.metrics import Metric, headlines, ranking

__all__ = [
    "Table",
    "behaviour_table",
    "comparison_table",
    "header",
    "joint_mean",
    "joint_table",
    "leader",
    "leader_sentence",
    "main_table",
    "markdown",
    "ranked",
    "users_label",
]


OWN_HELP = (
    "By model: of what the language model was asked for, the share that it gave itself; templates "
    "spoke, and rules decided and moved, in its place."
)


class Table(NamedTuple):
    """Cells as text; the first column is aligned left, the others right."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: tuple[str, ...] = ()


def header(env: EnvResult) -> str:
    """One line that says exactly what was measured."""
    setup, world = env.setup, env.setup.world
    drawn = (
        f"all {setup.conversations:,}"
        if setup.conversations == setup.available
        else f"{setup.conversations:,} of {setup.available:,}"
    )
    return " · ".join(
        [
            setup.env,
            f"world {world.name} ({world.fingerprint[:12]}; {world.told})",
            f"protocol {setup.rules.label}",
            f"users {users_label(setup.users)}",
            *filter(None, [setup.estimator.told]),
            f"{setup.split} split, {drawn} {setup.record.unit}",
            f"seed {setup.seeds[0]}"
            if len(setup.seeds) == 1
            else f"{len(setup.seeds)} seeds ({_ranges(setup.seeds)})",
        ]
    )


def users_label(users: Users) -> str:
    """The population, and every constant in which it differs from the users of the papers."""
    said = [
        f"{name.replace('_', ' ')} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in users.settings.items()
        if not isinstance(value, dict)
    ]
    if any(isinstance(value, dict) for value in users.settings.values()):
        return users.name  # a crowd is what its card says
    return f"{users.name} with {', '.join(said)}" if said else users.name


def ranked(env: EnvResult) -> list[AgentResult]:
    """The best by the metric that ranks first; privileged agents come last, as the ceiling."""
    metric = ranking(env.metrics)

    def place(agent: AgentResult) -> tuple[bool, bool, float]:
        found = agent.metrics[metric.name]
        value = 0.0 if found is None else metric.sign * found.value
        return env.privileged(agent.name), found is None, value

    return sorted(env.agents, key=place)


def leader(env: EnvResult) -> tuple[AgentResult | None, list[str], list[str]]:
    """Who is best by the metric that ranks, among the agents that are not privileged.

    Returns:
        The best agent; the agents that are worse by an interval that excludes 0; the others, which
        are not separable from it.
    """
    metric = ranking(env.metrics)
    rivals = [
        agent
        for agent in ranked(env)
        if not env.privileged(agent.name) and agent.metrics[metric.name] is not None
    ]
    if not rivals:
        return None, [], []
    best, *others = rivals
    behind: list[str] = []
    level: list[str] = []
    for other in others:
        difference = env.compare(best.name, other.name).differences[metric.name]
        (behind if difference.excludes_zero() else level).append(other.name)
    return best, behind, level


def leader_sentence(env: EnvResult, level: float = 0.95) -> str:
    """Who is best, and whether the paired intervals bear it out; Markdown."""
    metric = ranking(env.metrics)
    said = metric.spoken
    best, behind, tied = leader(env)
    if best is None:
        return f"No agent was run that does not see {said.hidden}."
    value = estimate(best.estimate(metric), metric.digits)
    if not behind and not tied:
        alone = said.alone.format(value=value)
        return f"`{best.name}` {alone}; there is no other agent to compare it with."

    def margin(name: str) -> str:
        difference = env.compare(name, best.name).differences[metric.name]
        return estimate(difference, metric.digits, sign=True)

    first = f"`{best.name}` {said.best}: {value}"
    interval_text = f"{100 * level:g} % paired interval"
    if tied:
        names = ", ".join(f"`{name}` ({margin(name)})" for name in tied)
        verb = said.verb[len(behind) != 1]
        rest = f"; {_names(behind)} {verb} {said.worse}" if behind else ""
        return f"{first}, but the {interval_text} does not separate it from {names}{rest}."
    every = "" if len(behind) == 1 else "; every other agent is separated from it too"
    nearest = behind[0]
    needs = f"{said.verb[0]} {margin(nearest)} ({interval_text}){every}"
    return f"{first}. The next, `{nearest}`, {needs}."


def main_table(env: EnvResult) -> Table:
    """Every agent by the metrics that compare, those without an interval of their own bare."""
    shown = [metric for metric in env.metrics if metric.place == "main"]
    notes = [metric.help for metric in shown if metric.help]
    if any(env.privileged(agent.name) for agent in env.agents):
        hidden = ranking(env.metrics).spoken.hidden
        notes.append(f"* sees {hidden}: a ceiling, not a rival.")
    shares = _own_shares(env)
    if shares:
        notes.append(OWN_HELP)
        if any(share is not None and share < 0.5 for each in shares.values() for share in each):
            notes.append("Rows with less than half say little of the model.")
    return Table(
        ("Agent", *(metric.label for metric in shown), *(KINDS[kind] for kind in shares)),
        [
            (
                _label(env, a.name),
                *(_cell(a, metric, ends=metric.interval) for metric in shown),
                *("-" if each[n] is None else _percent(each[n]) for each in shares.values()),
            )
            for n, a in enumerate(ranked(env))
        ],
        tuple(dict.fromkeys(notes)),
    )


def _own_shares(env: EnvResult) -> dict[str, list[float | None]]:
    """By kind of what a language model was asked for: the share that is its own, agent by agent."""
    counts = [[seed.own for seed in agent.seeds] for agent in ranked(env)]
    shares = {kind: [own_share(each, kind) for each in counts] for kind in KINDS}
    return {kind: each for kind, each in shares.items() if any(s is not None for s in each)}


def _percent(share: float | None) -> str:
    """Whole percents; 0 and 100 are said of nothing else."""
    assert share is not None
    low, high = (share > 0), 99 if share < 1 else 100
    return f"{min(max(round(100 * share), int(low)), high)} %"


def behaviour_table(env: EnvResult) -> Table:
    """What the agents did in an episode, on average, and how far single seeds lie apart."""
    shown = [metric for metric in env.metrics if metric.place == "behaviour"]
    first = ranking(env.metrics)
    rows = [
        (
            _label(env, agent.name),
            *(_cell(agent, metric, ends=False) for metric in shown),
            _spread([seed.metrics.get(first.name) for seed in agent.seeds], first.digits),
        )
        for agent in ranked(env)
    ]
    clauses = [metric.help for metric in shown if metric.help]
    clauses.append(f"the lowest and highest {first.label} of a single seed")
    note = "; ".join(dict.fromkeys(clauses))
    columns = ("Agent", *(metric.label for metric in shown), f"{first.label} by seed")
    return Table(columns, rows, (f"{note[0].upper()}{note[1:]}.",))


def comparison_table(env: EnvResult) -> Table:
    """Every pair of agents: first minus second on the same episodes."""
    order = [agent.name for agent in ranked(env)]
    shown, said = headlines(env.metrics), ranking(env.metrics).spoken
    rows = []
    for n, a in enumerate(order):
        for b in order[n + 1 :]:
            pair = env.compare(a, b)
            rows.append(
                (
                    f"{_label(env, a)} − {_label(env, b)}",
                    *(_difference(pair.differences.get(m.name), m.digits) for m in shown),
                    f"{pair.wins:,} / {pair.ties:,} / {pair.losses:,}",
                )
            )
    columns = ("Pair", *(metric.label for metric in shown), said.race_label)
    notes = (
        f"Differences with paired intervals, each for itself (not corrected for the number of "
        f"pairs); ≈ marks an interval that holds 0. {said.race_help}",
    )
    return Table(columns, rows, notes)


def joint_mean(agent: AgentResult, name: str) -> float | None:
    """A number of what all episodes give together (`recosim.metrics.Joint`), mean over seeds.

    None where no seed has it.
    """
    found = [seed.joint.get(name) for seed in agent.seeds]
    known = [value for value in found if isinstance(value, float)]
    return sum(known) / len(known) if known else None


def joint_table(env: EnvResult) -> Table | None:
    """What all episodes of an agent give together; None where the family says nothing."""
    joint = env.setup.joint
    if joint is None:
        return None
    rows = []
    for agent in ranked(env):
        values = [(joint_mean(agent, figure.name), figure.digits) for figure in joint.figures]
        cells = ("-" if value is None else f"{value:.{digits}f}" for value, digits in values)
        rows.append((_label(env, agent.name), *cells))
    columns = ("Agent", *(figure.label for figure in joint.figures))
    return Table(columns, rows, tuple(figure.help for figure in joint.figures if figure.help))


def markdown(table: Table) -> str:
    """The table as GitHub-flavoured Markdown, notes below it."""
    rule = [":--"] + ["--:"] * (len(table.columns) - 1)
    lines = [_row(table.columns), _row(rule), *(_row(row) for row in table.rows)]
    if table.notes:
        lines += ["", " ".join(table.notes)]
    return "\n".join(lines)


def estimate(given: Estimate, digits: int, *, ends: bool = True, sign: bool = False) -> str:
    """A value with its interval, e.g. "0.874 [0.868, 0.880]"."""
    form = f"{'+' if sign else ''}.{digits}f"
    text = _number(given.value, form)
    if ends and given.low is not None and given.high is not None:
        text += f" [{_number(given.low, form)}, {_number(given.high, form)}]"
    return text


def _number(value: float, form: str) -> str:
    text = format(value, form)
    return text if text.strip("+-0.") else format(0.0, form)  # no "-0.000"


def _cell(agent: AgentResult, metric: Metric, *, ends: bool) -> str:
    """A metric of an agent; "-" where it has no value, or is newer than the results."""
    found = agent.metrics.get(metric.name)
    return "-" if found is None else estimate(found, metric.digits, ends=ends)


def _difference(given: Estimate | None, digits: int) -> str:
    if given is None:
        return "-"
    return estimate(given, digits, sign=True) + ("" if given.excludes_zero() else " ≈")


def _label(env: EnvResult, name: str) -> str:
    return f"{name}*" if env.privileged(name) else name


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("*", "\\*").replace("|", "\\|") for cell in cells) + " |"


def _names(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _spread(values: Sequence[float | None], digits: int) -> str:
    """The lowest and the highest of some values."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    low, high = f"{min(known):.{digits}f}", f"{max(known):.{digits}f}"
    return f"{low}–{high}" if len(known) > 1 else low


def _ranges(seeds: Sequence[int]) -> str:
    whole = len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    return f"{seeds[0]} to {seeds[-1]}" if whole else ", ".join(map(str, seeds))
