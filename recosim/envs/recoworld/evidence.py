"""What a trace of RecoWorld tells of its users: where they stop, return, read on, click, speak up.

What moves their hazards is replayed from what happened: fatigue and disappointment after each
round, loyalty after each session (docs/recoworld.md, sections 6 and 7). Nothing is read from the
settings that the trace was recorded with. Three things are taken as they cannot be seen: the order
of disappointments within one list, `loyalty_memory` (as in `Behaviour`), and the mood of clicks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Level, Verb
from recosim.envs.recoworld.rules import LifeRules
from recosim.trace import Trace
from recosim.users.behaviour import Behaviour
from recosim.users.fitting.occasions import Gathering, Log
from recosim.users.fitting.traces import Row, agent_of, episodes_of
from recosim.world.world import World

__all__ = ["log_of_trace"]

READ = (
    "agent", "seed", "conversation", "step", "user", "verb", "used", "day", "items", "levels",
    "minutes", "given", "obeyed", "ignored", "let_down", "regret", "utility", "ended", "gone",
    "gap", "truncated",
)  # fmt: skip
LEFT, DISAPPOINTED = 1, 2  # in `ended`
STEP = 0.05  # to which what a chance hangs on is rounded, so that occasions can be counted together

SILENT = {
    **dict.fromkeys(
        ("mood", "learning", "boredom", "boredom_decay", "wish_weight", "drift"),
        "it is not fitted: a trace tells of it only together with others",
    ),
    **dict.fromkeys(
        ("instructs", "instruct_scope", "conditional", "critic", "tolerance", "loyalty_memory"),
        "it is not fitted to lives",
    ),
    "stay": "how long they mean to stay shows in regret alone",
    "dont_know": "who has no opinion says the same as who does not know",
    "answer_noise": "what is right is hidden in a mood",
    "feedback": "it is not fitted to lives",
    "standing": "it is not fitted to lives",
}


def log_of_trace(trace: Trace, world: World) -> Log:
    """What a trace tells of its users. What is held out of it later is users, whole.

    Args:
        world: that which it was recorded on.

    Raises:
        OptionError: the trace holds several agents: they meet the same luck.
    """
    agent = agent_of(trace)
    rules = LifeRules.from_dict(trace.metadata["protocol"])
    gathering = Gathering()
    gathering.silent.update(SILENT)
    worth = _Worth(world, rules)
    for rows in episodes_of(trace, READ):
        _Life(gathering, rules, worth, rows).replay()
    return gathering.log(
        f"trace of {agent} on {world.name}: {trace.metadata.get('env', 'an environment')}",
        unit="users",
    )


class _Worth:
    """What clicks hang on that a log can know: the fit of an item to a user's taste, its appeal."""

    def __init__(self, world: World, rules: LifeRules) -> None:
        self.world = world
        self.appeal = world.item_worth("appeal")
        self.minutes = world.item_minutes(rules.usual_minutes)
        links = world.item_attributes
        self.scale = 1.0 / np.sqrt(np.maximum(links.degrees(), 1))

    def fit(self, user: int, item: int) -> float:
        own = self.world.item_attributes.row(item)
        taste: NDArray[np.float32] = self.world.taste[user]
        return float(taste[own].astype(np.float64).sum() * self.scale[item])


class _Life:
    """One life as it is replayed."""

    def __init__(
        self, gathering: Gathering, rules: LifeRules, worth: _Worth, rows: Sequence[Row]
    ) -> None:
        self.gathering, self.rules, self.worth, self.rows = gathering, rules, worth, rows
        self.user = int(rows[0]["user"])
        self.known = set(map(int, worth.world.train.row(self.user)))  # consumed at some time
        self.fatigue = self.loyalty = self.utility = 0.0
        self.memory = Behaviour().loyalty_memory
        self._open()

    def _open(self) -> None:
        self.letdown = self.gain = self.regret = self.minutes = 0.0

    def add(self, kind: str, outcome: bool, **given: float) -> None:
        self.gathering.add(kind, self.user, self.user, outcome, **given)

    def replay(self) -> None:
        for row in self.rows[1:]:
            verb = int(row["verb"])
            if verb == Verb.RECOMMEND:
                self._list(row)
            elif verb == Verb.ASK:
                self.fatigue += self.rules.ask_effort
            if row["used"]:
                self._leave(row, verb == Verb.RECOMMEND)
            if row["ended"]:
                self._return(row)

    # ---- lists -----------------------------------------------------------------------------------

    def _list(self, row: Row) -> None:
        rules, worth = self.rules, self.worth
        # Where an instruction is in force, clicks hang on it.
        free = row["obeyed"] + row["ignored"] == 0
        self.letdown += row["let_down"]
        taken = 0
        triples = zip(row["items"], row["levels"], row["minutes"], strict=True)
        for place, (item, level, minutes) in enumerate(triples):
            if place > 0:
                self.add("reads_on", level >= 0)
            if level < 0:
                break
            self.fatigue += rules.read_effort
            if item in self.known:
                self.add("seen", level == Level.SEEN)
            if level == Level.SEEN:
                continue
            if free:
                fit, appeal = _near(worth.fit(self.user, item)), _near(worth.appeal[item])
                self.add(
                    "clicks", level >= Level.CLICK, fit=fit, appeal=appeal, read=1, top=0, skips=0
                )
            if level >= Level.CLICK:
                share = min(1.0, minutes / worth.minutes[item])
                self.known.add(item)
                self.fatigue += rules.use_effort * share
                if share >= rules.like_at:
                    self.letdown = max(0.0, self.letdown - (share - rules.like_at))
                self.minutes += minutes
                taken += 1
        if not taken:
            self.letdown += rules.poor_list
        self.letdown = self.letdown * rules.hope ** row["obeyed"] + rules.ignored * row["ignored"]
        self.gain += 2 * (row["utility"] - self.utility) - taken
        self.utility = row["utility"]
        self.regret += row["regret"]

    # ---- leaving and coming back -----------------------------------------------------------------

    def _leave(self, row: Row, listed: bool) -> None:
        exits = row["ended"] == DISAPPOINTED
        if exits or (listed and row["given"]):
            self.add("speaks", not exits)
        if exits:
            self.add("for_good", bool(row["gone"]))
            return
        self.add(
            "stops",
            row["ended"] == LEFT,
            fatigue=_near(self.fatigue),
            letdown=_near(self.letdown),
        )

    def _return(self, row: Row) -> None:
        # With no regret it does not matter how long they meant to stay; else it is known.
        meant = self.minutes - self.regret if self.regret > 0 else 1.0
        gone_by = self.rules.regret_weight * self.regret / max(meant, 1.0)
        value = math.tanh((self.gain - self.letdown - gone_by) / 2)
        self.loyalty += self.memory * (value - self.loyalty)
        if not row["gone"]:
            gap = int(row["gap"])
            away = gap - 1 if gap > 0 else self.rules.horizon - 1 - row["day"]
            loyalty = _near(self.loyalty)
            for _ in range(away):
                self.add("returns", False, loyalty=loyalty)
            if gap > 0:
                self.add("returns", True, loyalty=loyalty)
                self.fatigue *= self.rules.rest**gap
        self._open()


def _near(value: float) -> float:
    return round(float(value) / STEP) * STEP
