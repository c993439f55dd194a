"""Dialogues of people as a log: what they did when shown an item or asked a question.

What collections leave out is said, and left out of the fit. `takes` and the opening vary from one
conversation of a person to the next, so there each conversation counts as a user.
"""

from __future__ import annotations

from collections.abc import Sequence

from recosim.errors import OptionError
from recosim.users.behaviour import WORDS
from recosim.users.dialogues import Dialogue, Reply
from recosim.users.fitting.occasions import Gathering, Log

__all__ = ["log_of_dialogues"]

KNOWN = {"seen", "liked", "disliked"}
ASKS = {"ask", "confirm", "clarify"}
ANSWERS = {"yes", "no", "unsure"}
ADDITIONS = {"want", "prefer", "compare"}


def log_of_dialogues(dialogues: Sequence[Dialogue], source: str) -> Log:
    """What dialogues tell of users.

    Args:
        source: what they are, for cards.

    Raises:
        OptionError: they have neither acts nor judgements of items.
    """
    acts = {kind for d in dialogues for turn in d.turns for kind in turn.kinds}
    judged = any(d.judged for d in dialogues)
    if not acts and not judged:
        raise OptionError(
            f"{source} has no acts: users are fitted to what people did, not to their words alone. "
            "Annotate the turns (a CSV file with a column `act`), or give IARD or ReDial."
        )
    gathering = Gathering()
    attributes = _names_attributes(dialogues)
    for dialogue in dialogues:
        gathering.conversation(dialogue.name)
        if dialogue.has_acts:
            _acts(gathering, dialogue, acts)
        if attributes:
            _opening(gathering, dialogue)
        _judgements(gathering, dialogue)
    _silent(gathering, dialogues, acts)
    return gathering.log(source)


def _acts(gathering: Gathering, dialogue: Dialogue, acts: set[str]) -> None:
    """`acts`: the kinds that the collection annotates at all."""
    name, user = dialogue.name, dialogue.user
    replies = list(dialogue.replies())
    counts = {"disappointments": 0, "questions": 0, "refused": 0}
    for reply in replies:
        did = reply.said.kinds
        now = dict.fromkeys(counts, 0)
        if "recommend" in reply.told_kinds:
            gathering.add("seen", user, name, bool(did & KNOWN))
            gathering.add("inquires", user, name, "inquire" in did)
            if "reject" in did:
                _refusal(gathering, user, name, did)
                for key in ("disappointments", "refused"):
                    counts[key] += 1
                    now[key] = counts[key]
        elif reply.told_kinds & ASKS:
            counts["questions"] += 1
            now["questions"] = counts["questions"]
            if did & {"no", "unsure"}:
                counts["disappointments"] += 1
                now["disappointments"] = counts["disappointments"]
            if acts & ANSWERS:
                _answer(gathering, user, name, reply, acts)
        if "leave" in acts and any(now.values()):
            gathering.add("leaves", user, name, "leave" in did, **now)
    takes = sum("accept" in reply.said.kinds for reply in replies)
    _taken(gathering, name, takes)


def _refusal(gathering: Gathering, user: str, name: str, did: frozenset[str]) -> None:
    criticises = "criticise" in did
    gathering.add("criticises", user, name, criticises)
    if not criticises:
        gathering.add("wants", user, name, bool(did & ADDITIONS))


def _answer(gathering: Gathering, user: str, name: str, reply: Reply, acts: set[str]) -> None:
    did = reply.said.kinds
    gathering.add("unsure", user, name, "unsure" in did)
    if "wrong" in acts and did & {"yes", "no"}:
        gathering.add("errs", user, name, "wrong" in did)
    if "confirm" in reply.told_kinds and "unsure" not in did:
        gathering.add("deflects", user, name, not did & {"yes", "no"})
    if "no" in did:
        gathering.add("adds", user, name, bool(did & ADDITIONS), x=0.0)


def _judgements(gathering: Gathering, dialogue: Dialogue) -> None:
    """ReDial: whether a suggested item was seen; one that was not, and was liked, is taken."""
    name, user, taken = dialogue.name, dialogue.user, 0
    for judged in dialogue.judged.values():
        if judged.suggested and judged.seen is not None:
            gathering.add("seen", user, name, judged.seen)
            taken += judged.seen is False and judged.liked is True
    _taken(gathering, name, taken)


def _taken(gathering: Gathering, name: str, taken: int) -> None:
    """After each item taken: whether another one was. Eight is the most that a setting says."""
    for k in range(1, min(taken, 8)):
        gathering.add("goes_on", ("conversation", name), name, 1, taken=k)
    if 0 < taken < 8:
        gathering.add("goes_on", ("conversation", name), name, 0, taken=taken)


def _opening(gathering: Gathering, dialogue: Dialogue) -> None:
    """The first request: what its acts name."""
    said = next((turn for turn in dialogue.turns if "request" in turn.kinds), None)
    if said is None:
        return
    items = any(act.items for act in said.acts)
    named = len({a for act in said.acts for a in act.attributes})
    if items:
        word = "item_attribute" if named else "item"
    else:
        word = "several" if named > 1 else "attribute" if named else "nothing"
    user, outcome = ("conversation", dialogue.name), WORDS["opening"].index(word)
    gathering.add("opens", user, dialogue.name, outcome, more=1.0, item=1.0)


def _names_attributes(dialogues: Sequence[Dialogue]) -> bool:
    return any(act.attributes for d in dialogues for turn in d.turns for act in turn.acts)


def _silent(gathering: Gathering, dialogues: Sequence[Dialogue], acts: set[str]) -> None:
    """What such dialogues do not tell, and why."""
    silent = gathering.silent
    for name in ("examination", "choice_temperature"):
        silent[name] = "nothing says which of the items shown were wanted"
    if "wrong" not in acts:
        silent["answer_noise"] = "nothing says what people wanted, and so which answers were wrong"
    if not acts & ANSWERS:
        for name in ("dont_know", "deflects", "cooperativeness", "cooperation_trend"):
            silent[name] = "no act says yes, no or unsure"
    elif "confirm" not in acts:
        silent["deflects"] = "no question is marked as one to be answered with yes or no"
    if "reject" not in acts:
        for name in ("critique_unasked", "want_unasked"):
            silent[name] = "no act refuses"
    if "leave" not in acts:
        for name in (
            "leave_hazard", "patience", "question_patience", "bad_list_hazard", "bad_list_rise",
        ):  # fmt: skip
            silent[name] = "no act says that somebody left"
    if "inquire" not in acts:
        silent["asks_about"] = "no act asks about an item"
    if not _names_attributes(dialogues):
        silent["opening"] = "acts name no attributes: a request for a genre looks like any other"
