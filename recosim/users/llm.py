"""`LLMSpeaker`: a language model speaks for users, and decides no more than it may.

The act is the truth, the words are a view of it. Whatever the model writes, no utterance leaves
here that names what a user has in mind, or that says the opposite of the act.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from recosim.acts import (
    Answer,
    Ask,
    Critique,
    Instruct,
    Leave,
    React,
    Recommend,
    Reflect,
    UserAct,
)
from recosim.chat import Chat, ChatReply, ChatRequest
from recosim.errors import NotUnderstood
from recosim.language import Parser, Templates
from recosim.users.leaks import Secrets
from recosim.users.llm_settings import LLMSettings
from recosim.users.persona import Personas
from recosim.users.population import Population
from recosim.users.prompts import Words, acts_of, decision_form, decision_prompt, wording_prompt
from recosim.users.speaker import Occasion, Utterance, in_words
from recosim.world.world import World

__all__ = ["LLMSpeaker"]

REGENERATE = 1  # second tries at words that name what they must not
_SEEDS = 2**31 - 1  # servers take seeds of 31 bits


@dataclass
class _Draft:
    """What is known so far of one utterance."""

    occasion: Occasion
    acts: tuple[UserAct, ...]
    text: str = ""  # "": the template's turn
    waits: bool = True
    decided: bool = False


class LLMSpeaker:
    """Words, and where it may decides, what users say.

    Each utterance is searched for the items in mind (`Secrets`). If it names one, the model is
    asked once more, then a template speaks. So it is where no valid answer comes, and where the
    words say the opposite of the act as `Parser` reads them. All of this is counted in `report()`.

    Args:
        world: the world.
        users: who they are; `users.llm` says what may be decided.
        chat: the model; by default the one that the settings name.
    """

    def __init__(self, world: World, users: Population, chat: Chat | None = None) -> None:
        self.settings = users.llm or LLMSettings()
        self.chat = chat or self.settings.open()
        self.world, self.style = world, users.style
        self.personas = Personas(world, users)
        self.secrets = Secrets(world)
        self._templates, self._parser = Templates(world), Parser(world)
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

        `by`: whose words were said. `fallbacks`: why templates spoke. `leaks`: answers of the model
        that named an item in mind, by the kind of the plainest naming; none of them was said.
        `regenerated`: leaking answers after which a second one was clean. `unclear`: words that
        `Parser` makes nothing of; they are said. `decisions`: answers that the model decided, and
        how many are what the rules would have said.
        """
        with self._lock:
            c = dict(self._counts)
        groups: dict[str, dict[str, int]] = {
            "by": {"llm": 0, "template": 0},
            "fallbacks": {},
            "leaks": {"exact": 0, "alias": 0, "fuzzy": 0},
            "decisions": {"made": 0, "as_the_rules": 0},
        }
        for name, count in c.items():
            group, _, key = name.partition(":")
            if key:
                groups[group][key] = count
        return {
            "utterances": c.get("utterances", 0),
            **groups,
            "regenerated": c.get("regenerated", 0),
            "unclear": c.get("unclear", 0),
            "chat": self.chat.report.to_dict(),
        }

    # ---- speaking --------------------------------------------------------------------------------

    def speak(self, occasions: Sequence[Occasion]) -> list[Utterance]:
        """One utterance for each occasion, in their order; the model is asked for all at once.

        Raises:
            ChatError, BudgetError, CassetteError: see `Chat.complete`; nothing is said then.
        """
        drafts = [_Draft(occasion, occasion.acts) for occasion in occasions]
        for attempt in range(1 + REGENERATE):
            waiting = [draft for draft in drafts if draft.waits]
            if waiting:
                requests = [self._request(draft.occasion, attempt) for draft in waiting]
                replies = self.chat.complete_all(requests, workers=self.settings.workers)
                for draft, reply in zip(waiting, replies, strict=True):
                    self._take(draft, reply, attempt)
        return [self._utterance(draft) for draft in drafts]

    def _request(self, occasion: Occasion, attempt: int) -> ChatRequest:
        persona = self.personas.of(occasion.user) if self.settings.persona else ""
        names = self._attributes(occasion)
        masked = tuple(
            self.secrets.hide(line, occasion.secrets, allowed=names) for line in occasion.heard
        )
        seen = replace(occasion, heard=masked)
        form: type[Any]
        if self._may_decide(occasion):
            form = decision_form(occasion, self.world)
            messages = decision_prompt(seen, persona, self.world, form)
        else:
            form = Words
            messages = wording_prompt(seen, persona, self._meaning(occasion))
        return ChatRequest(
            messages,
            answer=form,
            temperature=self.settings.temperature,
            max_tokens=self.settings.max_tokens,
            seed=(occasion.key + attempt) % _SEEDS,
            purpose="user",
        )

    def _may_decide(self, occasion: Occasion) -> bool:
        """Openings, and words about nothing, are never decided by the model."""
        asked = isinstance(occasion.context.answers, (Ask, Recommend, Reflect))
        return self.settings.decides == "answers" and asked

    def _meaning(self, occasion: Occasion) -> str:
        """What is to be said, in plain words; an item that is taken is told by its place."""
        said = []
        for act in occasion.acts:
            if isinstance(act, React) and act.accepted is not None:
                place = 1 + occasion.context.items.index(act.accepted)
                said.append(f"I take number {place} of those.")
            else:
                only = replace(occasion, acts=(act,))
                said.append(in_words(self._templates, only, "plain"))
        return " ".join(said)

    def _take(self, draft: _Draft, reply: ChatReply, attempt: int) -> None:
        """Make what came of a request an utterance, or leave it for the next attempt."""
        occasion, last = draft.occasion, attempt == REGENERATE
        draft.waits = False
        if reply.outcome != "ok" or reply.value is None:
            self._count(f"fallbacks:{reply.outcome}")
            return
        value = cast(Any, reply.value)
        if self._may_decide(occasion):
            leaves = tuple(act for act in occasion.acts if isinstance(act, Leave))
            draft.acts = (*acts_of(value, occasion, self.world), *leaves)
            draft.decided = True
        text = " ".join(value.words.split())
        leaks = self.secrets.find(text, self._secret(draft), allowed=self._sayable(draft))
        if leaks:
            kinds = [leak.kind for leak in leaks]
            self._count(f"leaks:{min(kinds, key=('exact', 'alias', 'fuzzy').index)}")
            draft.waits = not last
            if last:
                self._count("fallbacks:leak")
            return
        if attempt:
            self._count("regenerated")
        if self._contradicts(text, draft):
            self._count("fallbacks:contradiction")
            return
        draft.text = text

    def _secret(self, draft: _Draft) -> tuple[int, ...]:
        """What must not be named: an item that is taken with these words may be."""
        taken = [act.accepted for act in draft.acts if isinstance(act, React)]
        return tuple(v for v in draft.occasion.secrets if v not in taken)

    def _sayable(self, draft: _Draft) -> list[str]:
        """Names that the words may hold: of attributes, of other items shown, of what is taken."""
        secret = set(self._secret(draft))
        world, occasion = self.world, draft.occasion
        items = [v for v in occasion.context.items if v not in secret]
        names = [str(world.item_names[v]) for v in items]
        return names + self._attributes(occasion)

    def _attributes(self, occasion: Occasion) -> list[str]:
        """Names of what is wanted, and of what an instruction is about."""
        said = [act for act in occasion.acts if isinstance(act, Instruct)]
        about = [a for act in said for a in (*act.attributes, *act.condition)]
        return [str(self.world.attribute_names[a]) for a in (*occasion.wants, *about)]

    def _contradicts(self, text: str, draft: _Draft) -> bool:
        """Whether words are read as another act of the same kind: a yes as a no, and the like."""
        try:
            read = self._parser.parse_user(text, draft.occasion.context)
        except NotUnderstood:
            self._count("unclear")
            return False
        return any(type(act) is type(read) and not _agree(act, read) for act in draft.acts)

    def _utterance(self, draft: _Draft) -> Utterance:
        by: Literal["llm", "template"] = "llm" if draft.text else "template"
        self._count("utterances", **{f"by:{by}": 1})
        if draft.decided:
            as_ruled = draft.acts == draft.occasion.acts
            self._count("decisions:made", **{"decisions:as_the_rules": int(as_ruled)})
        if draft.text:
            return Utterance(draft.text, draft.acts, "llm")
        said = replace(draft.occasion, acts=draft.acts)
        return Utterance(in_words(self._templates, said, self.style), draft.acts)

    def _count(self, name: str, **more: int) -> None:
        with self._lock:
            self._counts[name] += 1
            self._counts.update(more)


def _agree(act: UserAct, read: UserAct) -> bool:
    """Whether words that were read as an act of the same kind say what was meant."""
    if isinstance(act, Answer) and isinstance(read, Answer):
        named = set(read.accepted)
        return act.kind == read.kind and (not named or named == set(act.accepted))
    if isinstance(act, Critique) and isinstance(read, Critique):
        return (act.attribute, act.direction) == (read.attribute, read.direction)
    return not isinstance(act, React) or act == read
