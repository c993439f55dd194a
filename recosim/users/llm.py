"""`LLMSpeaker`: a language model speaks for users, and decides no more than it may.

The act is the truth, the words are a view of it. Whatever the model writes, no utterance leaves
here that names what a user has in mind, or that is not read as the act.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast

from recosim.acts import Answer, Ask, Edit, Instruct, Leave, React, Recommend, Reflect, UserAct
from recosim.chat import Chat, ChatReply, ChatRequest, OwnShare
from recosim.errors import NotUnderstood
from recosim.language import Language
from recosim.users.carried import missed
from recosim.users.decisions import acts_of, decision_form, decision_prompt
from recosim.users.facts import KINDS, VERDICTS, Kind, Verdict, kind_of, verdict
from recosim.users.leaks import KINDS as LEAKS
from recosim.users.leaks import Secrets
from recosim.users.llm_settings import LLMSettings
from recosim.users.persona import Personas
from recosim.users.population import Population
from recosim.users.prompts import Thought, Words, wording_prompt
from recosim.users.searching import search_acts, search_form, search_prompt
from recosim.users.speaker import Occasion, Utterance, in_words
from recosim.users.walking import lived, portrayed
from recosim.world.world import World

__all__ = ["Decision", "LLMSpeaker"]

SLICE = 64  # occasions that are asked at once where a run may stop
REGENERATE = 1  # second tries at words that name what they must not, or do not say what is meant
# What is said of documents in a line of the system: titles, each with its id.
_LISTED = re.compile(r"(?<=: ).*\[i\d+\]", re.DOTALL)
_T = TypeVar("_T")
_SEEDS = 2**31 - 1  # servers take seeds of 31 bits


@dataclass(frozen=True)
class Decision:
    """What a model decided on an occasion.

    Attributes:
        acts: what it did; those of the rules where no valid answer came.
        made: whether they are the model's.
        kind: of the question that it decided.
        words: what the model says with it, where it is asked for both at once; "" elsewhere.
        thought: the same of what is behind it.
        verdict: what the facts in its prompt say of that; "open" where it decided nothing.
        outcome: of the call, see `ChatReply`.
    """

    acts: tuple[UserAct, ...]
    made: bool
    kind: Kind
    verdict: Verdict
    outcome: str
    words: str = ""
    thought: str = ""


@dataclass
class _Draft:
    """What is known so far of one utterance."""

    occasion: Occasion
    acts: tuple[UserAct, ...]
    text: str = ""  # "": the template's turn
    thought: str = ""
    waits: bool = True
    wrong: str = ""  # why the model's words, if it was asked, are not said
    detail: str = ""
    asked: bool = False


class LLMSpeaker:
    """Words, and where it may decides, what users say.

    What is decided is asked in a call of its own, before the words. Each utterance is searched for
    the items in mind (`Secrets`) and read (`Parser`). If it names one, or is not read as the act,
    the model is asked once more, then a template speaks; so it is where no valid answer comes. All
    of this is counted in `report()`.

    Args:
        world: the world.
        users: who they are; `users.llm` says what may be decided.
        chat: the model; by default the one that the settings name.
        language: whose words they are; by default that of the world's attributes.

    Attributes:
        share: which of the words and decisions that the model was asked for are its own; it stops
            a run that sets its `limit`.
    """

    def __init__(
        self,
        world: World,
        users: Population,
        chat: Chat | None = None,
        language: Language | None = None,
    ) -> None:
        self.settings = users.llm or LLMSettings()
        self.chat = chat or self.settings.open()
        self.world, self.style = world, users.style
        self.personas = Personas(world, users)
        self.secrets = Secrets(world)
        # A line is heard again at each move that follows it.
        self._hide = lru_cache(maxsize=16_384)(self._hidden)
        self._language = language or Language(world)
        self._templates, self._parser = self._language.templates, self._language.parser
        self.share = OwnShare(f"the users {users.name!r}")
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    @property
    def decides(self) -> Literal["nothing", "answers"]:
        return self.settings.decides

    def check(self) -> None:
        """Find out before a run whether the model can be asked; see `Chat.check`."""
        self.chat.check()

    def report(self) -> dict[str, Any]:
        """Counts since the speaker was made, and those of its `Chat`.

        `by`: whose words were said. `fallbacks`: why templates spoke: an outcome of the call, a
        "leak", or words that do not carry the act (`recosim.users.carried`). `leaks`: answers of
        the model that named an item in mind, by the kind of the plainest naming; none of them was
        said. `regenerated`: first tries after which a second one was clean. `decisions`: answers
        that the model decided, how many are what the rules would have said, how many the rules had
        to make because no valid answer came, and, under `facts`, by kind of question how many agree
        with the wants in the model's own prompt, contradict them, or leave it open.
        """
        with self._lock:
            c = dict(self._counts)
        groups: dict[str, dict[str, Any]] = {
            "by": {"llm": 0, "template": 0},
            "fallbacks": {},
            "leaks": dict.fromkeys(LEAKS, 0),
            "decisions": {"made": 0, "as_the_rules": 0, "left_to_the_rules": 0},
        }
        facts = {kind: dict.fromkeys(VERDICTS, 0) for kind in KINDS}
        for name, count in c.items():
            group, _, key = name.partition(":")
            if group == "facts":
                kind, _, found = key.partition(":")
                facts[cast(Kind, kind)][cast(Verdict, found)] = count
            elif key:
                groups[group][key] = count
        met = {kind: found for kind, found in facts.items() if any(found.values())}
        groups["decisions"]["facts"] = met
        return {
            "utterances": c.get("utterances", 0),
            **groups,
            "regenerated": c.get("regenerated", 0),
            "chat": self.chat.report.to_dict(),
        }

    # ---- deciding --------------------------------------------------------------------------------

    def decide(self, occasions: Sequence[Occasion]) -> list[Decision]:
        """What the model decides on each occasion, in their order, without a word said.

        Openings are decided by nobody: those occasions must answer a question, a list or a
        reflection. Whether a user leaves stays with the rules.

        Raises:
            ChatError, BudgetError, CassetteError: see `Chat.complete`.
            FallbackError: too few are the model's own for the run that set the limit.
        """
        return [made for part in self._slices(occasions) for made in self._decide(part)]

    def _decide(self, occasions: Sequence[Occasion]) -> list[Decision]:
        requests = [self._question(occasion) for occasion in occasions]
        replies = self.chat.complete_all(requests, workers=self.settings.workers)
        decisions = [self._decision(*pair) for pair in zip(occasions, replies, strict=True)]
        for occasion, each, reply in zip(occasions, decisions, replies, strict=True):
            self.share.add("decisions", "" if each.made else each.outcome, reply.detail)
            if each.made:
                as_ruled = int(each.acts == occasion.acts)
                facts = f"facts:{each.kind}:{each.verdict}"
                self._count("decisions:made", **{"decisions:as_the_rules": as_ruled, facts: 1})
            else:
                self._count("decisions:left_to_the_rules")
        self.share.check()
        return decisions

    def _slices(self, given: Sequence[_T]) -> list[Sequence[_T]]:
        """All at once; where a run may stop, in parts, so that it does before much is asked."""
        size = SLICE if self.share.limit < 1 else max(1, len(given))
        return [given[start : start + size] for start in range(0, len(given), size)]

    def _question(self, occasion: Occasion) -> ChatRequest:
        manner = self.personas.answering(occasion.user) if self.settings.persona else ""
        seen, hears = self._masked(occasion, self._names(occasion.wants)), self.settings.hears
        if occasion.search is None:
            prompt = decision_prompt(seen, manner, self.world, hears=hears)
            form = decision_form(occasion, self.world)
        else:
            prompt = search_prompt(seen, manner, self._language.names, hears=hears)
            form = search_form(occasion, self._language.names)
        return ChatRequest(
            prompt,
            answer=form,
            temperature=self.settings.temperature,
            max_tokens=self.settings.max_tokens,
            seed=(occasion.key + REGENERATE + 1) % _SEEDS,  # not one of the words' seeds
            purpose="user",
        )

    def _decision(self, occasion: Occasion, reply: ChatReply) -> Decision:
        kind = kind_of(occasion)
        if reply.outcome != "ok" or reply.value is None:
            return Decision(occasion.acts, False, kind, "open", reply.outcome)
        if occasion.search is None:
            acts = acts_of(reply.value, occasion, self.world)
        else:
            acts = search_acts(reply.value, occasion, self._language.names)
        found = verdict(acts, occasion, self.world)
        if occasion.context.walks:
            filled = cast(Any, reply.value)
            words = " ".join(filled.words.split())
            return Decision(acts, True, kind, found, "ok", words, filled.mindset)
        leaves = tuple(act for act in occasion.acts if isinstance(act, Leave))
        if occasion.search is not None:  # satisfied is who says so, and who is does not give up
            gone = any(isinstance(act, Leave) for act in acts)
            leaves = tuple(act for act in leaves if act.reason != "satisfied" and not gone)
        return Decision((*acts, *leaves), True, kind, found, "ok")

    def _may_decide(self, occasion: Occasion) -> bool:
        """Openings, and words about nothing, are never decided by the model."""
        asked = isinstance(occasion.context.answers, (Ask, Recommend, Reflect))
        return self.settings.decides == "answers" and asked and not self._left_alone(occasion)

    def _left_alone(self, occasion: Occasion) -> bool:
        """Whether the model is not asked at all: the user is not weary, and nobody else matters."""
        return self.settings.when == "weary" and occasion.context.walks and not occasion.weary

    # ---- speaking --------------------------------------------------------------------------------

    def speak(self, occasions: Sequence[Occasion]) -> list[Utterance]:
        """One utterance for each occasion, in their order; the model is asked for all at once.

        Raises:
            ChatError, BudgetError, CassetteError: see `Chat.complete`; nothing is said then.
            FallbackError: too few are the model's own for the run that set the limit.
        """
        drafts = [_Draft(occasion, occasion.acts) for occasion in occasions]
        deciding = [draft for draft in drafts if self._may_decide(draft.occasion)]
        decisions = self.decide([draft.occasion for draft in deciding])
        for draft, decision in zip(deciding, decisions, strict=True):
            draft.acts = decision.acts
            if draft.occasion.context.walks:
                self._take_with(draft, decision)
        for draft in drafts:
            if draft.occasion.context.utterance:  # said word for word, by nobody else
                draft.waits = False
            if self.settings.decides == "answers" and self._left_alone(draft.occasion):
                draft.waits = False
        for part in self._slices(drafts):
            self._word(part)
        return [self._utterance(draft) for draft in drafts]

    def _word(self, drafts: Sequence[_Draft]) -> None:
        """Ask for the words of those that wait for them, and once more where they will not do."""
        for attempt in range(1 + REGENERATE):
            waiting = [draft for draft in drafts if draft.waits]
            if waiting:
                requests = [self._request(draft, attempt) for draft in waiting]
                replies = self.chat.complete_all(requests, workers=self.settings.workers)
                for draft, reply in zip(waiting, replies, strict=True):
                    self._take(draft, reply, attempt)
        for draft in drafts:
            if draft.asked:
                self.share.add("words", draft.wrong, draft.detail)
        self.share.check()

    def _request(self, draft: _Draft, attempt: int) -> ChatRequest:
        occasion = draft.occasion
        persona = ""
        if self.settings.persona:
            searches = occasion.search is not None
            persona = (self.personas.manner if searches else self.personas.of)(occasion.user)
        seen = self._masked(occasion, self._attributes(draft))
        before: list[str] = []
        if occasion.context.walks:
            before = [portrayed(occasion, self.world), *lived(occasion)]
        if occasion.search is not None:
            before = [f"You want to know: {occasion.search.need}"]
        return ChatRequest(
            wording_prompt(
                seen,
                persona,
                self._meaning(draft),
                again=attempt > 0,
                before=[line for line in before if line],
            ),
            answer=Thought if occasion.context.walks else Words,
            temperature=self.settings.temperature,
            max_tokens=self.settings.max_tokens,
            seed=(occasion.key + attempt) % _SEEDS,
            purpose="user",
        )

    def _meaning(self, draft: _Draft) -> str:
        """What is to be said, in plain words; an item that is taken is told by its place."""
        said = []
        for act in draft.acts:
            hides = not draft.occasion.context.walks
            if isinstance(act, React) and act.accepted is not None and hides:
                place = 1 + draft.occasion.context.items.index(act.accepted)
                said.append(f"I take number {place} of those.")
            else:
                only = replace(draft.occasion, acts=(act,))
                said.append(in_words(self._templates, only, "plain"))
        return " ".join(said)

    def _take(self, draft: _Draft, reply: ChatReply, attempt: int) -> None:
        """Make what came of a request an utterance, or leave it for the next attempt."""
        draft.waits, draft.asked, draft.wrong = False, True, ""
        if reply.outcome != "ok" or reply.value is None:
            draft.wrong, draft.detail = reply.outcome, reply.detail
            self._count(f"fallbacks:{reply.outcome}")
            return
        draft.thought = " ".join(str(getattr(reply.value, "thought", "")).split())
        text = " ".join(cast(Words, reply.value).words.split())
        wrong = self._wrong(text, draft)
        if wrong is None:
            draft.text = text
            if attempt:
                self._count("regenerated")
        elif attempt < REGENERATE:
            draft.waits = True
        else:
            draft.wrong, draft.detail = wrong, f"{text[:100]!r} does not say what is meant"
            self._count(f"fallbacks:{wrong}")

    def _take_with(self, draft: _Draft, decision: Decision) -> None:
        """Words that came with a decision; they are not asked for again."""
        draft.waits, draft.asked = False, True
        draft.thought = " ".join(decision.thought.split())
        wrong = self._wrong(decision.words, draft) if decision.made else decision.outcome
        draft.wrong = wrong or ""
        if wrong is None:
            draft.text = decision.words
        else:
            self._count(f"fallbacks:{wrong}")

    def _wrong(self, text: str, draft: _Draft) -> str | None:
        """Why words cannot be said: they leak, or do not carry the acts; None: they can."""
        leaks = self.secrets.find(text, self._secret(draft), allowed=self._sayable(draft))
        if leaks:
            self._count(f"leaks:{min((leak.kind for leak in leaks), key=LEAKS.index)}")
            return "leak"
        walks = draft.occasion.context.walks
        return missed(draft.acts, self._read(text, draft), walks=walks)

    def _secret(self, draft: _Draft) -> tuple[int, ...]:
        """What must not be named: an item that is taken with these words may be."""
        taken = [v for act in draft.acts if isinstance(act, React) for v in act.taken]
        return tuple(v for v in draft.occasion.secrets if v not in taken)

    def _sayable(self, draft: _Draft) -> list[str]:
        """Names that the words may hold: of attributes, of other items shown, of what is taken."""
        secret = set(self._secret(draft))
        items = [v for v in draft.occasion.context.items if v not in secret]
        return [str(self.world.item_names[v]) for v in items] + self._attributes(draft)

    def _attributes(self, draft: _Draft) -> list[str]:
        """Names of what is wanted, and of what an instruction is about."""
        said = [act for act in draft.acts if isinstance(act, Instruct)]
        about = [a for act in said for a in (*act.attributes, *act.condition)]
        if draft.occasion.search is not None:
            about += [t for act in draft.acts if isinstance(act, Answer) for t in act.also]
            edits = [act for act in draft.acts if isinstance(act, Edit)]
            about += [t for act in edits for t in (*act.add, *act.remove)]
        return self._names([*draft.occasion.wants, *about])

    def _names(self, attributes: Sequence[int]) -> list[str]:
        return self._language.names(attributes)

    def _masked(self, occasion: Occasion, allowed: Sequence[str]) -> Occasion:
        """The occasion without the names of the items in mind in what was heard."""
        secrets, names, heard = occasion.secrets, tuple(allowed), occasion.heard
        if occasion.search is not None:
            heard = tuple(_LISTED.sub("(a list of documents)", line) for line in heard)
        heard = tuple(self._hide(line, secrets, names) for line in heard)
        return replace(occasion, heard=heard)

    def _hidden(self, line: str, secrets: tuple[int, ...], allowed: tuple[str, ...]) -> str:
        return self.secrets.hide(line, secrets, allowed=allowed)

    def _read(self, text: str, draft: _Draft) -> tuple[UserAct, ...]:
        """The acts that whoever hears the words will take them for."""
        try:
            return self._parser.parse_turn(text, draft.occasion.context)
        except NotUnderstood:
            return ()

    def _utterance(self, draft: _Draft) -> Utterance:
        by: Literal["llm", "template"] = "llm" if draft.text else "template"
        self._count("utterances", **{f"by:{by}": 1})
        if draft.text:
            return Utterance(draft.text, draft.acts, "llm", draft.thought)
        said = replace(draft.occasion, acts=draft.acts)
        text = in_words(self._templates, said, self.style)
        return Utterance(text, draft.acts, thought=draft.thought)

    def _count(self, name: str, **more: int) -> None:
        with self._lock:
            self._counts[name] += 1
            self._counts.update(more)
