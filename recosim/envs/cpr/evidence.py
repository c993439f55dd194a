"""What a trace of CPR tells of its users: occasions on which the rules left something to them.

The rules are replayed far enough to know what was open to the user at each move: what was left to
say, what the list lacked, which item was wanted. The truth is in the trace (`target`) and in the
world; nothing is read from the settings that it was recorded with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recosim.acts import Outcome, Verb
from recosim.envs.cpr.protocol import Protocol
from recosim.standing import wanted_by_standing
from recosim.trace import Trace
from recosim.users.behaviour import WORDS
from recosim.users.fitting.occasions import Gathering, Log
from recosim.users.fitting.traces import Row, agent_of, episodes_of
from recosim.world.world import World

__all__ = ["log_of_trace"]

READ = (
    "agent", "seed", "conversation", "step", "user", "verb", "move", "target", "facet", "asked",
    "accepted", "standing", "items", "taken", "notes", "inquired", "outcome", "rank", "left",
    "terminated",
)  # fmt: skip
YES, NO, UNSURE = 1, -1, 2  # of an attribute; unsure is open again to feedback


def log_of_trace(trace: Trace, world: World) -> Log:
    """What a trace tells of its users.

    Args:
        world: that which it was recorded on.

    Raises:
        OptionError: the trace holds several agents: they meet the same luck.
    """
    agent = agent_of(trace)
    rules = Protocol.from_dict(trace.metadata["protocol"])
    gathering = Gathering()
    _silent(gathering, rules)
    others = False
    for rows in episodes_of(trace, READ):
        others |= _Conversation(gathering, rules, world, rows).replay()
    log = gathering.log(
        f"trace of {agent} on {world.name}: {trace.metadata.get('env', 'an environment')}"
    )
    if others:
        # An acceptable item above the target hides it: the lists say too little of reading.
        why = "users took items other than the target, and the trace does not say which they would"
        kept = {kind: own for kind, own in log.occasions.items() if kind != "takes_it"}
        silent = {**log.silent, "examination": why, "choice_temperature": why}
        return Log(kept, log.conversations, log.source, silent)
    return log


def _silent(gathering: Gathering, rules: Protocol) -> None:
    """What the rules keep a trace from telling."""
    silent = gathering.silent
    if rules.targets > 1:
        for name in ("answer_noise", "examination", "choice_temperature"):
            silent[name] = "there are several targets, and a trace names the first"
    if rules.feedback_on == "refusal":
        for name in ("critique_unasked", "want_unasked"):
            silent[name] = "criticism comes with every refusal here, asked for or not"
    else:
        silent["feedback"] = "no reflection asked for it"
    if rules.question == "none":
        for name in ("dont_know", "answer_noise", "cooperativeness", "deflects"):
            silent[name] = "nothing was asked"
    for name in ("critic", "acceptable", "musts", "weighting", "drift", "standing"):
        silent[name] = "it is not fitted: a trace tells of it only together with others"


class _Conversation:
    """One conversation as it is replayed."""

    def __init__(
        self, gathering: Gathering, rules: Protocol, world: World, rows: Sequence[Row]
    ) -> None:
        first = rows[0]
        self.gathering, self.rules, self.world, self.rows = gathering, rules, world, rows
        self.user = int(first["user"])
        self.name = (int(first["seed"]), int(first["conversation"]))
        self.status: dict[int, int] = {}  # of attributes: YES, NO or UNSURE
        self.target = int(first["target"])  # as it was before the move
        self.disappointments = self.questions = self.refused = self.taken = 0
        self.shown: list[int] = []  # of the last refused list, without what was noted

    def replay(self) -> bool:
        """Read all rows; returns whether an item other than the target was taken."""
        self.gathering.conversation(self.name)
        others = False
        self._open(self.rows[0])
        for row in self.rows[1:]:
            verb = row["verb"]
            if verb == Verb.ASK:
                self.target = int(row["target"])
                self._ask(row)
            elif verb == Verb.RECOMMEND:
                others |= self._recommend(row)
            elif verb == Verb.REFLECT:
                self._reflect(row)
            self.target = int(row["target"])
        return others

    def add(self, kind: str, outcome: int, **given: float) -> None:
        """One occasion of the user."""
        self.gathering.add(kind, self.user, self.name, outcome, **given)

    # ---- what items and users have -------------------------------------------------------------

    def has(self, item: int) -> set[int]:
        """The attributes of an item."""
        return set(self.world.item_attributes.row(item).tolist())

    def untold(self) -> set[int]:
        """The target's attributes of which nothing was said."""
        return {a for a in self.has(self.target) if a not in self.status}

    def open_to_feedback(self, attributes: set[int]) -> set[int]:
        """Those of which nothing was said, or nothing for sure."""
        return {a for a in attributes if self.status.get(a, 0) in (0, UNSURE)}

    def in_facet(self, facet: int) -> set[int]:
        return set(np.flatnonzero(self.world.attribute_facet == facet).tolist())

    # ---- the opening ---------------------------------------------------------------------------

    def _open(self, row: Row) -> None:
        named, facet = list(row["accepted"]), int(row["facet"])
        item = bool(row["items"])
        self.status.update(dict.fromkeys(named, YES))
        first = self.in_facet(facet) & set(named) if facet >= 0 else set(named[:1])
        for attribute in self.in_facet(facet) if facet >= 0 else ():
            self.status.setdefault(attribute, NO)
        for attribute in wanted_by_standing(row["standing"], named):
            self.status[attribute] = YES
        words = WORDS["opening"]
        if not named:
            word = "item" if item else "nothing"
        elif item:
            word = "item_attribute"
        else:
            word = "several" if set(named) - first else "attribute"
        more = self.has(self.target) - (self.in_facet(facet) if facet >= 0 else first)
        example = set(self.world.train.row(self.user).tolist()) - {self.target}
        self.add("opens", words.index(word), more=float(bool(more)), item=float(bool(example)))

    # ---- questions -----------------------------------------------------------------------------

    def _ask(self, row: Row) -> None:
        facet, asked = int(row["facet"]), list(row["asked"])
        accepted, outcome = set(row["accepted"]), int(row["outcome"])
        about = self.in_facet(facet) if facet >= 0 else set(asked)
        sayable = self.untold() - about
        if facet >= 0:
            self.add("unsure", outcome == Outcome.UNSURE)
        elif sayable:
            # Where nothing is left to say, who deflects looks like one who does not know.
            deflected = outcome == Outcome.UNSURE and bool(accepted)
            self.add("unsure", outcome == Outcome.UNSURE and not deflected)
            if deflected or outcome != Outcome.UNSURE:
                self.add("deflects", deflected)
        if outcome != Outcome.UNSURE:
            if self.rules.targets == 1 and self.rules.yes_if == "item":
                self.add("errs", self._errs(facet, asked, accepted, outcome))
            if outcome == Outcome.NO and sayable:
                turn = self.rules.first_turn + int(row["move"]) - 1
                x = (turn - 1) / (self.rules.max_turns - 1)
                self.add("adds", bool(accepted), x=x)
        self._settle(facet, about, accepted, outcome)
        self.questions += 1
        disappointing = outcome in (Outcome.NO, Outcome.UNSURE)
        self._leave(row, disappointing=disappointing, question=True)

    def _errs(self, facet: int, asked: list[int], accepted: set[int], outcome: int) -> bool:
        """Whether the answer goes against what the target has."""
        wanted = self.has(self.target)
        if facet >= 0:
            return bool(self.in_facet(facet) & wanted) != (outcome == Outcome.YES)
        # Of several attributes all answers flip together.
        return (asked[0] in wanted) != (asked[0] in accepted)

    def _settle(self, facet: int, about: set[int], accepted: set[int], outcome: int) -> None:
        unsure = outcome == Outcome.UNSURE
        for attribute in about:
            if attribute in accepted:
                self.status[attribute] = YES
            elif facet >= 0 or unsure:
                self.status.setdefault(attribute, UNSURE if unsure else NO)
            else:
                self.status[attribute] = NO
        self.status.update(dict.fromkeys(accepted, YES))

    # ---- lists ---------------------------------------------------------------------------------

    def _recommend(self, row: Row) -> bool:
        items, outcome = list(row["items"]), int(row["outcome"])
        noted = set(row["notes"][::2])
        hit = outcome == Outcome.HIT
        if not hit and int(row["target"]) != self.target:
            self.target = int(row["target"])  # they changed their mind before they read
        asks = int(row["inquired"]) >= 0
        only_asks = asks and self.rules.inquiries == "turn"
        if any(item != self.target for item in items) and not only_asks:
            self.add("seen", bool(noted))
        if len(noted) < len(items):
            self.add("inquires", asks)
        if only_asks:
            self.shown = []
            return False
        taken = list(row["taken"]) or ([items[int(row["rank"]) - 1]] if hit else [])
        if self.rules.targets == 1 and self.target in items:
            before = float(items.index(self.target))
            self.add("takes_it", self.target in taken, before=before, utility=1.0)
        self.shown = [] if hit else [item for item in items if item not in noted]
        if hit:
            self._take(row, taken)
        else:
            self._refuse(row)
        return any(item != self.target for item in taken)

    def _take(self, row: Row, taken: list[int]) -> None:
        for _ in taken[:-1]:
            self.taken += 1
            self.add("goes_on", 1, taken=float(self.taken))
        self.taken += 1
        self.add("goes_on", not row["terminated"], taken=float(self.taken))

    def _refuse(self, row: Row) -> None:
        less, more = list(row["asked"]), list(row["accepted"])
        if self.rules.feedback_on == "reflect" and self.shown:
            shown: set[int] = set().union(*(self.has(item) for item in self.shown))
            wanted = self.has(self.target)
            # Both what is right to say and what an error says are there to be said.
            if self.open_to_feedback(shown - wanted) and self.open_to_feedback(shown & wanted):
                self.add("criticises", bool(less))
            if not less and self.open_to_feedback(wanted) and self.open_to_feedback(shown - wanted):
                self.add("wants", bool(more))
        self.status.update(dict.fromkeys(less, NO))
        self.status.update(dict.fromkeys(more, YES))
        self.refused += 1
        self._leave(row, disappointing=True, refusal=True)

    def _reflect(self, row: Row) -> None:
        less, more = list(row["asked"]), list(row["accepted"])
        if self.rules.feedback_on == "reflect" and self.shown:
            shown: set[int] = set().union(*(self.has(item) for item in self.shown))
            wanted = self.has(self.target)
            less_of = self.open_to_feedback(shown - wanted), self.open_to_feedback(shown & wanted)
            more_of = self.open_to_feedback(wanted), self.open_to_feedback(shown - wanted)
            if all(less_of) and all(more_of):
                self.add("feeds_back", bool(less) + 2 * bool(more))
        self.status.update(dict.fromkeys(less, NO))
        self.status.update(dict.fromkeys(more, YES))
        self.shown = []

    # ---- leaving -------------------------------------------------------------------------------

    def _leave(
        self, row: Row, *, disappointing: bool, question: bool = False, refusal: bool = False
    ) -> None:
        self.disappointments += disappointing
        if disappointing or question:
            self.add(
                "leaves",
                bool(row["left"]),
                disappointments=float(disappointing * self.disappointments),
                questions=float(question * self.questions),
                refused=float(refusal * self.refused),
            )
