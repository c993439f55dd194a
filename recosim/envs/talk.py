"""`Talk`: the conversations of a batch in words, and users whose answers come from a speaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Inquire, Moves, Reflect, Verb
from recosim.envs.acts import Acts, Move
from recosim.envs.batch import Batch
from recosim.envs.recorder import Words
from recosim.envs.setup import Setup
from recosim.kernels import random
from recosim.users.speaker import Occasion, Speaker, TemplateSpeaker

__all__ = ["Line", "Talk", "speaker_of"]


class Line(NamedTuple):
    """One line of a conversation; a note parts two sessions of it."""

    who: Literal["recommender", "user", "note"]
    text: str

    def __str__(self) -> str:
        return f"{self.who}: {self.text}"


def speaker_of(setup: Setup) -> Speaker:
    """Who speaks for the users of a setup: templates, or the language model of their card.

    Raises:
        ChatError: the model cannot be asked, and why.
    """
    language = setup.family.load("acts").language(setup.world, setup.protocol)
    if setup.users.llm is None:
        return TemplateSpeaker(setup.world, setup.users.style, language)
    from recosim.users.llm import LLMSpeaker

    speaker = LLMSpeaker(setup.world, setup.users, language=language)
    speaker.check()
    return speaker


class Talk:
    """Steps a batch whose users talk. Acts, rewards and ends are those of `Batch.step`.

    Where the speaker decides nothing, what happens is what happens without it, bit by bit. Where it
    decides answers, they take the place of the rules' own; whether a user leaves stays with these.

    Args:
        dialogues: the batch; opened by the caller, then by `open`.
        speaker: of the users.
        acts: of the family.

    Attributes:
        lines: of each row, what was said so far, in order.
        memory: of each row, a line about each session that is over.
        thoughts: of each row, what its user thought last, in the session; "" for nothing.
        told, said: object arrays (B,), the words of the last move, None for nothing.
    """

    def __init__(self, batch: Batch, speaker: Speaker, acts: Acts) -> None:
        self.batch, self.speaker, self.acts = batch, speaker, acts
        self.lines: list[list[Line]] = [[] for _ in range(batch.size)]
        self.memory: list[list[str]] = [[] for _ in range(batch.size)]
        self.thoughts: list[str] = [""] * batch.size
        self._session: list[list[Move]] = [[] for _ in range(batch.size)]
        self.told = np.full(batch.size, None, dtype=object)
        self.said = np.full(batch.size, None, dtype=object)
        self._templates = acts.language(batch.world, batch.protocol).templates
        self._sessions = type(acts).return_acts is not Acts.return_acts

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
            self.thoughts[b] = ""
            for kept in (self.lines, self.memory, self._session):
                kept[b].clear()
        self._speak(np.flatnonzero(rows).tolist(), decides=False)

    def step(self, moves: Moves, *, told: Mapping[int, str] | None = None) -> None:
        """One move of every running row, with its words.

        Args:
            moves: see `Batch.step`.
            told: the recommender's own words by row; templates say the rest.

        Raises:
            IllegalActionError: see `Batch.step`.
            ChatError, BudgetError, CassetteError: the model could not be asked. The move is posed
                and not answered then: these conversations cannot go on.
        """
        d = self.batch
        running = np.flatnonzero(d.arrays["done"] == 0).tolist()
        d.pose(moves)
        self._silence()
        self._tell(running, told or {})
        d.answer()
        self._speak(running, decides=self.speaker.decides == "answers")
        d.settle()
        if self._sessions:
            self._come_back(running)

    def state(self) -> Any:
        """What was said, and what is remembered of it, to be pickled."""
        return self.lines, self.memory, self.thoughts, self._session

    def set_state(self, state: Any) -> None:
        """Take back a `state`."""
        self.lines, self.memory, self.thoughts, self._session = state

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
                act = self.acts.system_act(self.acts.last_move(self.batch, b))
                # A reflection is a question only if it is answered; `_speak` puts it in then.
                if act is not None and not isinstance(act, Reflect):
                    text = self._templates.system(act, key=keys[b])
            if text is not None:
                self.told[b] = text
                self.lines[b].append(Line("recommender", text))

    def _speak(self, rows: Sequence[int], *, decides: bool) -> None:
        """What users say, where they say anything, into `said`, `lines` and the fields."""
        moves = {b: self.acts.last_move(self.batch, b) for b in rows}
        speaking = {b: acts for b in rows if (acts := self.acts.user_acts(moves[b]))}
        keys, tell = self._keys(random.SAY), self._keys(random.TELL)
        for b in speaking:
            if moves[b]["verb"] == Verb.REFLECT and self.told[b] is None:
                act = self.acts.system_act(moves[b])
                assert act is not None
                self.told[b] = self._templates.system(act, key=tell[b])
                self.lines[b].append(Line("recommender", str(self.told[b])))
        occasions = [self._occasion(b, moves[b], acts, keys[b]) for b, acts in speaking.items()]
        utterances = self.speaker.speak(occasions)
        for b, utterance in zip(speaking, utterances, strict=True):
            self.said[b], self.thoughts[b] = utterance.text, utterance.thought
            self.lines[b].append(Line("user", utterance.text))
            self._inform(b, utterance.acts, moves[b], tell[b])
            if decides and utterance.acts != speaking[b]:
                self.acts.write_answer(self.batch, b, utterance.acts)

    def _come_back(self, rows: Sequence[int]) -> None:
        """What users say whose next session was opened with the move; what was before is summed up.

        Their words stand on a line of their own in `said`.
        """
        moves = {b: self.acts.last_move(self.batch, b) for b in rows}
        for b, move in moves.items():
            self._session[b].append(move)
        back = {b: acts for b in rows if (acts := self.acts.return_acts(moves[b]))}
        if not back:
            return
        keys = self._keys(random.SAY)  # of the step that comes next: not those of the move
        occasions = []
        for b, acts in back.items():
            self.memory[b].append(self.acts.summary(self._session[b]))
            self._session[b].clear()
            self.thoughts[b] = ""
            self.lines[b].append(Line("note", self.acts.return_note(moves[b])))
            opening = {**moves[b], "verb": Verb.OPEN, "items": []}
            occasions.append(self._occasion(b, opening, acts, keys[b]))
        for b, utterance in zip(back, self.speaker.speak(occasions), strict=True):
            before = self.said[b]
            self.said[b] = utterance.text if before is None else f"{before}\n{utterance.text}"
            self.lines[b].append(Line("user", utterance.text))

    def _inform(self, b: int, acts: Sequence[Any], move: Mapping[str, Any], key: int) -> None:
        """What the recommender answers to questions about items; without a name, the first shown.

        What becomes of the question under the rules is up to the batch (`inquiries`).
        """
        for act in acts:
            if isinstance(act, Inquire):
                item = next(iter(move["items"]), None) if act.item is None else act.item
                if item is not None:
                    text = self._templates.about(item, key=key)
                    self.lines[b] += [Line("recommender", text)] * bool(text)

    def _occasion(self, b: int, move: Mapping[str, Any], acts: Any, key: int) -> Occasion:
        secrets, wants = self.acts.hidden(self.batch, b)
        portrait, lines = self.acts.portrait(self.batch, b), self.lines[b]
        if self._sessions:  # what was before this session is told by its summary
            notes = [at for at, line in enumerate(lines) if line.who == "note"]
            lines = lines[notes[-1] + 1 :] if notes else lines
        return Occasion(
            user=int(self.batch.arrays["user"][b]),
            key=key,
            acts=acts,
            context=self.acts.context(move, self.batch.protocol),
            heard=tuple(map(str, lines)),
            secrets=secrets,
            wants=wants,
            feedback=self.acts.invites_feedback(self.batch, move),
            likes=portrait.likes,
            dislikes=portrait.dislikes,
            moods=portrait.mood,
            weary=portrait.weary,
            sessions=tuple(self.memory[b]),
            thought=self.thoughts[b],
            lengths=portrait.lengths,
            search=portrait.search,
        )

    def _keys(self, purpose: int) -> list[int]:
        """A number for the luck of each row's words: of (seed, conversation, move)."""
        a = self.batch.arrays
        units = random.draw_units(a["seed"], a["conversation"], a["step"], purpose)
        return [int(unit * 2**53) for unit in units]
