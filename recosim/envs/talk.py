"""`Talk`: the conversations of a batch in words, and users whose answers come from a speaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.acts import Reflect, Verb
from recosim.envs.cpr.acts import context_of, last_move, system_act, user_acts, write_answer
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.recorder import Words
from recosim.kernels import random
from recosim.language import Context, Templates
from recosim.users.population import Population
from recosim.users.speaker import Occasion, Speaker, TemplateSpeaker
from recosim.world.world import World

__all__ = ["Line", "Talk", "speaker_of"]


class Line(NamedTuple):
    """One line of a conversation."""

    who: Literal["recommender", "user"]
    text: str

    def __str__(self) -> str:
        return f"{self.who}: {self.text}"


def speaker_of(world: World, users: Population) -> Speaker:
    """Who speaks for the users of a population: templates, or the language model of its card.

    Raises:
        ChatError: the model cannot be asked, and why.
    """
    if users.llm is None:
        return TemplateSpeaker(world, users.style)
    from recosim.users.llm import LLMSpeaker

    speaker = LLMSpeaker(world, users)
    speaker.check()
    return speaker


class Talk:
    """Steps a batch whose users talk. Acts, rewards and ends are those of `Dialogues.step`.

    Where the speaker decides nothing, what happens is what happens without it, bit by bit. Where it
    decides answers, they take the place of the rules' own; whether a user leaves stays with these.

    Args:
        dialogues: the batch; opened by the caller, then by `open`.
        speaker: of the users.

    Attributes:
        lines: of each row, what was said so far, in order.
        told, said: object arrays (B,), the words of the last move, None for nothing.
    """

    def __init__(self, dialogues: Dialogues, speaker: Speaker) -> None:
        self.batch, self.speaker = dialogues, speaker
        self.lines: list[list[Line]] = [[] for _ in range(dialogues.size)]
        self.told = np.full(dialogues.size, None, dtype=object)
        self.said = np.full(dialogues.size, None, dtype=object)
        self._templates = Templates(dialogues.world)

    @property
    def words(self) -> Words:
        """For `Recorder.record`."""
        return self.told, self.said

    def open(self, rows: NDArray[np.bool_]) -> None:
        """Say the openings of rows (bool (B,)) that were just opened; what was said before goes.

        Raises:
            ChatError, BudgetError, CassetteError: the model could not be asked.
        """
        self._silence()
        for b in np.flatnonzero(rows):
            self.lines[b].clear()
        self._speak(np.flatnonzero(rows).tolist(), decides=False)

    def step(
        self,
        actions: ArrayLike,
        slates: ArrayLike | None = None,
        aspects: ArrayLike | None = None,
        *,
        told: Mapping[int, str] | None = None,
    ) -> None:
        """One move of every running row, with its words.

        Args:
            actions, slates, aspects: see `Dialogues.step`.
            told: the recommender's own words by row; templates say the rest.

        Raises:
            IllegalActionError: see `Dialogues.step`.
            ChatError, BudgetError, CassetteError: the model could not be asked. The move is posed
                and not answered then: these conversations cannot go on.
        """
        d = self.batch
        running = np.flatnonzero(d.arrays["done"] == 0).tolist()
        d.pose(actions, slates, aspects)
        self._silence()
        self._tell(running, told or {})
        d.answer()
        self._speak(running, decides=self.speaker.decides == "answers")
        d.settle()

    def hear(self, row: int, question: str, told: str) -> None:
        """Note words of the recommender that were no move, and the question back."""
        self.lines[row] += [Line("recommender", told), Line("user", question)]

    # ---- inside ----------------------------------------------------------------------------------

    def _silence(self) -> None:
        self.told[:] = None
        self.said[:] = None

    def _tell(self, rows: Sequence[int], told: Mapping[int, str]) -> None:
        keys = self._keys(random.TELL)
        for b in rows:
            text = told.get(b)
            if text is None:
                act = system_act(last_move(self.batch, b))
                # A reflection is a question only if it is answered; `_speak` puts it in then.
                if act is not None and not isinstance(act, Reflect):
                    text = self._templates.system(act, key=keys[b])
            if text is not None:
                self.told[b] = text
                self.lines[b].append(Line("recommender", text))

    def _speak(self, rows: Sequence[int], *, decides: bool) -> None:
        """What users say, where they say anything, into `said`, `lines` and the fields."""
        moves = {b: last_move(self.batch, b) for b in rows}
        speaking = {b: acts for b in rows if (acts := user_acts(moves[b]))}
        keys, tell = self._keys(random.SAY), self._keys(random.TELL)
        for b in speaking:
            if moves[b]["verb"] == Verb.REFLECT and self.told[b] is None:
                act = system_act(moves[b])
                assert act is not None
                self.told[b] = self._templates.system(act, key=tell[b])
                self.lines[b].append(Line("recommender", str(self.told[b])))
        occasions = [self._occasion(b, moves[b], acts, keys[b]) for b, acts in speaking.items()]
        utterances = self.speaker.speak(occasions)
        for b, utterance in zip(speaking, utterances, strict=True):
            self.said[b] = utterance.text
            self.lines[b].append(Line("user", utterance.text))
            if decides and utterance.acts != speaking[b]:
                write_answer(self.batch, b, utterance.acts)

    def _occasion(self, b: int, move: Mapping[str, Any], acts: Any, key: int) -> Occasion:
        a, world = self.batch.arrays, self.batch.world
        targets = tuple(a["targets"][b, : a["n_targets"][b]].tolist())
        others = tuple(a["acceptable"][b, : a["n_acceptable"][b]].tolist())
        facets = self.batch.protocol.question == "facet"
        opening = move["verb"] == Verb.OPEN
        asked = self.batch.protocol.feedback_on == "refusal" or move["verb"] == Verb.REFLECT
        return Occasion(
            user=int(a["user"][b]),
            key=key,
            acts=acts,
            context=Context(facets=facets) if opening else context_of(move, facets=facets),
            heard=tuple(map(str, self.lines[b])),
            secrets=(*targets, *others),
            wants=tuple(world.item_attributes.row(targets[0]).tolist()) if targets else (),
            feedback=asked,
        )

    def _keys(self, purpose: int) -> list[int]:
        """A number for the luck of each row's words: of (seed, conversation, move)."""
        a = self.batch.arrays
        units = random.draw_units(a["seed"], a["conversation"], a["step"], purpose)
        return [int(unit * 2**53) for unit in units]
