"""Talk: users who ask about what they are shown are told, in lines of the conversation."""

from __future__ import annotations

import numpy as np

from recosim.acts import Ask, Inquire, Moves, Recommend
from recosim.envs.setup import Setup
from recosim.envs.talk import Line, Talk
from recosim.language import Templates
from recosim.users.speaker import TemplateSpeaker, Utterance


class Curious(TemplateSpeaker):
    """Asks about the second item of every list, and about no item by name of every question."""

    def speak(self, occasions):
        return [self._ask(*pair) for pair in zip(occasions, super().speak(occasions), strict=True)]

    def _ask(self, occasion, utterance):
        if isinstance(occasion.context.answers, Recommend):
            question = Inquire(occasion.context.items[1])
        elif isinstance(occasion.context.answers, Ask):
            question = Inquire()
        else:
            return utterance
        acts = (question, *occasion.acts)
        text = self._templates.turn(acts, occasion.context, key=occasion.key, style="human")
        return Utterance(text, acts)


def test_a_question_about_an_item_is_answered_from_what_the_world_knows_of_it():
    setup = Setup.prepare("cpr", world="lastfm-small")
    batch = setup.batch(2)
    talk = Talk(batch, Curious(setup.world), setup.family.load("acts"))
    rows = np.ones(2, dtype=bool)
    batch.open(seeds=np.arange(2, dtype=np.uint64), conversations=np.arange(2))
    talk.open(rows)
    assert [len(lines) for lines in talk.lines] == [1, 1]
    question = int(np.flatnonzero(batch.legal_actions()[1])[0])
    codes = [batch.n_askables, question]
    talk.step(Moves.from_flat(codes, batch.n_askables, verbs=batch.verbs))
    shown, asked = talk.lines
    second = int(batch.arrays["shown"][0, 1])
    told = {Templates(setup.world).about(second, key=key) for key in range(200)}
    assert [line.who for line in shown] == ["user", "recommender", "user", "recommender"]
    assert shown[-1] in {Line("recommender", text) for text in told}
    # Nothing was shown: there is nothing to tell.
    assert [line.who for line in asked] == ["user", "recommender", "user"]
