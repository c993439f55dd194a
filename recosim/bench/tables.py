"""Tables of one environment: what a reader compares, as Markdown and for the terminal.

A table never mixes protocols: there is one for each environment of a run, and its header states
world, protocol, users, estimator, split and seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from recosim.bench.schema import AgentResult, EnvResult, Users
from recosim.bench.stats import Estimate
from recosim.envs.cpr.protocol import PRESETS, Protocol

if TYPE_CHECKING:
    from rich.table import Table as RichTable

__all__ = [
    "Table",
    "behaviour_table",
    "comparison_table",
    "header",
    "leader",
    "leader_sentence",
    "main_table",
    "markdown",
    "protocol_label",
    "ranked",
    "rich_table",
    "users_label",
]


class Table(NamedTuple):
    """Cells as text; the first column is aligned left, the others right."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: tuple[str, ...] = ()


def header(env: EnvResult) -> str:
    """One line that says exactly what was measured."""
    setup, world = env.setup, env.setup.world
    drawn = (
        f"all {setup.conversations:,} conversations"
        if setup.conversations == setup.available
        else f"{setup.conversations:,} of {setup.available:,} conversations"
    )
    return " · ".join(
        [
            setup.env,
            f"world {world.name} ({world.fingerprint[:12]}; {world.users:,} users, "
            f"{world.items:,} items, {world.attributes:,} attributes)",
            f"protocol {protocol_label(setup.rules)}",
            f"users {users_label(setup.users)}",
            f"estimator {setup.estimator.name}",
            f"{setup.split} split, {drawn}",
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


def protocol_label(rules: Protocol) -> str:
    """The nearest preset, and every choice in which the protocol differs from it."""
    name, choices = min(
        ((name, _choices(preset, rules)) for name, preset in PRESETS.items()),
        key=lambda entry: len(entry[1]),
    )
    return f"{name} with {', '.join(choices)}" if choices else name


def ranked(env: EnvResult) -> list[AgentResult]:
    """Fewest turns first; agents that see the target come last, as the ceiling."""
    return sorted(
        env.agents,
        key=lambda agent: (env.privileged(agent.name), agent.summary.average_turns.value),
    )


def leader(env: EnvResult) -> tuple[AgentResult | None, list[str], list[str]]:
    """Who needs the fewest turns among the agents that do not see the target.

    Returns:
        The agent of the lowest AT; the agents that need more turns by an interval that excludes 0;
        the others, which are not separable from it.
    """
    rivals = [agent for agent in ranked(env) if not env.privileged(agent.name)]
    if not rivals:
        return None, [], []
    best, *others = rivals
    behind: list[str] = []
    level: list[str] = []
    for other in others:
        difference = env.compare(best.name, other.name).average_turns
        (behind if difference.excludes_zero() else level).append(other.name)
    return best, behind, level


def leader_sentence(env: EnvResult, level: float = 0.95) -> str:
    """Who needs the fewest turns, and whether the paired intervals bear it out; Markdown."""
    best, behind, tied = leader(env)
    if best is None:
        return "No agent was run that does not see the target."
    needed = estimate(best.summary.average_turns, 2)
    if not behind and not tied:
        return f"`{best.name}` needs {needed} turns; there is no other agent to compare it with."
    turns = f"`{best.name}` needs the fewest turns: {needed}"
    interval_text = f"{100 * level:g} % paired interval"
    if tied:
        names = ", ".join(
            f"`{name}` ({estimate(env.compare(name, best.name).average_turns, 2, sign=True)})"
            for name in tied
        )
        rest = f"; {_names(behind)} {_need(behind)} more" if behind else ""
        return f"{turns}, but the {interval_text} does not separate it from {names}{rest}."
    nearest = behind[0]
    margin = estimate(env.compare(nearest, best.name).average_turns, 2, sign=True)
    every = "" if len(behind) == 1 else "; every other agent is separated from it too"
    return f"{turns}. The next, `{nearest}`, needs {margin} ({interval_text}){every}."


def main_table(env: EnvResult) -> Table:
    """Agent | SR@t at a third, two thirds and all of the turns | AT | hDCG | accepted | reward.

    Where no questions can be asked, the faithfulness of the reasons stands in place of "accepted".
    """
    asks = env.setup.rules.question != "none"
    turns = env.setup.rules.max_turns
    marks = sorted({max(1, turns // 3), max(1, 2 * turns // 3), turns})
    rows = []
    for agent in ranked(env):
        s = agent.summary
        rates = [estimate(s.success_rate[t - 1], 3, ends=t == turns) for t in marks]
        share = s.acceptance if asks else s.faithfulness
        rows.append(
            (
                _label(env, agent.name),
                *rates,
                estimate(s.average_turns, 2),
                estimate(s.hdcg, 3),
                "-" if share is None else estimate(share, 3, ends=False),
                estimate(s.reward, 3, ends=False),
            )
        )
    success = (f"SR@{t}" for t in marks)
    third = "Questions accepted" if asks else "Faithfulness"
    columns = ("Agent", *success, "AT", "hDCG", third, "Reward")
    notes = ["SR@t: share of conversations with a hit within t moves."]
    notes.append(f"AT: mean number of the move that hit, a failure counts {turns}.")
    if not asks:
        notes.append(
            "Faithfulness: share of shown items that have the attribute given as a reason."
        )
    if any(env.privileged(agent.name) for agent in env.agents):
        notes.append("* sees the target: a ceiling, not a rival.")
    return Table(columns, rows, tuple(notes))


def behaviour_table(env: EnvResult) -> Table:
    """What the agents did in a conversation, on average."""
    rows = []
    for agent in ranked(env):
        s = agent.summary
        means = (s.asks, s.recommends, s.reflects, s.illegal)
        rows.append(
            (
                _label(env, agent.name),
                *(estimate(mean, 2, ends=False) for mean in means),
                estimate(s.nothing_left, 3, ends=False),
                estimate(s.left, 3, ends=False),
                _spread([seed.average_turns for seed in agent.seeds]),
            )
        )
    columns = (
        "Agent",
        "Asks",
        "Recommends",
        "Reflects",
        "Illegal",
        "Nothing left",
        "Left",
        "AT by seed",
    )
    notes = (
        "Moves of a conversation; the shares that ended with nothing left to ask or recommend, "
        "and by the user leaving; the lowest and highest AT of a single seed.",
    )
    return Table(columns, rows, notes)


def comparison_table(env: EnvResult) -> Table:
    """Every pair of agents: first minus second on the same conversations."""
    order = [agent.name for agent in ranked(env)]
    rows = []
    for n, a in enumerate(order):
        for b in order[n + 1 :]:
            pair = env.compare(a, b)
            rows.append(
                (
                    f"{_label(env, a)} − {_label(env, b)}",
                    _difference(pair.success_rate, 3),
                    _difference(pair.average_turns, 2),
                    _difference(pair.hdcg, 3),
                    f"{pair.wins:,} / {pair.ties:,} / {pair.losses:,}",
                )
            )
    turns = env.setup.rules.max_turns
    columns = ("Pair", f"SR@{turns}", "AT", "hDCG", "Earlier / together / later")
    notes = (
        "Differences with paired intervals, each for itself (not corrected for the number of "
        "pairs); ≈ marks an interval that holds 0. Earlier: the first hits at an earlier move.",
    )
    return Table(columns, rows, notes)


def markdown(table: Table) -> str:
    """The table as GitHub-flavoured Markdown, notes below it."""
    rule = [":--"] + ["--:"] * (len(table.columns) - 1)
    lines = [_row(table.columns), _row(rule), *(_row(row) for row in table.rows)]
    if table.notes:
        lines += ["", " ".join(table.notes)]
    return "\n".join(lines)


def rich_table(table: Table, title: str = "") -> RichTable:
    """The table for the terminal."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table as RichTable

    drawn = RichTable(
        box=box.SIMPLE_HEAD,
        title=escape(title) if title else None,
        caption=escape(" ".join(table.notes)) or None,
        title_justify="left",
        caption_justify="left",
    )
    for n, column in enumerate(table.columns):
        drawn.add_column(column, justify="left" if n == 0 else "right", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(escape(cell) for cell in row))
    return drawn


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


def _difference(given: Estimate, digits: int) -> str:
    return estimate(given, digits, sign=True) + ("" if given.excludes_zero() else " ≈")


def _label(env: EnvResult, name: str) -> str:
    return f"{name}*" if env.privileged(name) else name


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("*", "\\*").replace("|", "\\|") for cell in cells) + " |"


def _names(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _need(names: Sequence[str]) -> str:
    return "needs" if len(names) == 1 else "need"


def _spread(values: Sequence[float]) -> str:
    return f"{min(values):.2f}–{max(values):.2f}" if len(values) > 1 else f"{values[0]:.2f}"


def _ranges(seeds: Sequence[int]) -> str:
    whole = len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    return f"{seeds[0]} to {seeds[-1]}" if whole else ", ".join(map(str, seeds))


def _choices(preset: Protocol, rules: Protocol) -> list[str]:
    """The choices in which `rules` differs, e.g. "on_reject = remove", "rewards.hit = 2"."""

    def different(a: Any, b: Any, prefix: str) -> list[str]:
        return [
            f"{prefix}{entry.name} = {_value(getattr(b, entry.name))}"
            for entry in fields(a)
            if entry.name != "rewards" and getattr(a, entry.name) != getattr(b, entry.name)
        ]

    return different(preset, rules, "") + different(preset.rewards, rules.rewards, "rewards.")


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
