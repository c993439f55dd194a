"""The phrases of lives (`Context.walks`): case -> style -> paraphrases. Data alone.

What is said by users who walk through lists item by item, come back, and go. The rules of
`recosim.language.phrases` hold here too; as with `TURN_PHRASES`, the words of these phrases do not
decide which names are bare.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["LIFE_PHRASES"]

LIFE_PHRASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # ---- a list
    "walked": {
        "plain": ("I looked at the first {number}.", "I read as far as number {number}."),
        "terse": ("Read {number}.", "Got to number {number}."),
        "chatty": ("I made it all the way to number {number} and had to stop there!",),
    },
    "tried": {
        "plain": (
            "I tried {items} and was not convinced.",
            "I opened {items}, which was not quite what I hoped for.",
        ),
        "terse": ("Tried {items}, so so.", "{items}: so so."),
        "chatty": ("I gave {items} a chance, and well, we did not really click!",),
    },
    "enjoyed": {
        "plain": ("I tried {items} and liked what I got.", "I had a good time with {items}."),
        "terse": ("Tried {items}, fine.", "{items}: fine."),
        "chatty": ("I dipped into {items}, and that made my day a little better!",),
    },
    "loved": {
        "plain": ("I tried {items} and was delighted.", "I was thrilled by {items}."),
        "terse": ("Tried {items}, superb.", "{items}: superb."),
        "chatty": ("Oh my, {items} had me over the moon!",),
    },
    # ---- instructions: a condition or none, what is wanted, how long
    "when_it": {
        "plain": ("When it is {condition}:", "As long as it has {condition}:"),
        "terse": ("If {condition}:",),
        "chatty": ("You know, whenever it is something with {condition}:",),
    },
    "more_of": {
        "plain": (
            "more {attributes},", "show me more {attributes},",
            "something different but related: more {attributes},",
        ),
        "terse": ("more {attributes},",),
        "chatty": ("I would be so glad to see more {attributes} around here,",),
    },
    "none_of": {
        "plain": ("no more {attributes:or},", "show me nothing with {attributes:or},"),
        "terse": ("no {attributes:or},",),
        "chatty": ("I have had it up to here with {attributes:or},",),
    },
    "for_turn": {
        "plain": ("just in the next list.", "but only this next time."),
        "terse": ("next list.",),
        "chatty": ("at least in the very next list!",),
    },
    "for_session": {
        "plain": ("for now.", "for today."),
        "terse": ("today.",),
        "chatty": ("at least until tomorrow!",),
    },
    "for_ever": {
        "plain": ("from now on.", "today and on all other days."),
        "terse": ("always.",),
        "chatty": ("now and until the end of days!",),
    },
    # ---- going, and coming back
    "tired": {
        "plain": ("That is enough for today, I am tired.", "I will stop here for today."),
        "terse": ("Tired now.", "Enough for today."),
        "chatty": ("Goodness, look at the time, my eyes are closing, I am off to bed!",),
    },
    "disappointed": {
        "plain": ("This is not working for me today.", "I had hoped for better, I am leaving."),
        "terse": ("Not worth it, leaving.", "Disappointed, leaving."),
        "chatty": ("Well, that was a let-down, I really expected more, I am out of here!",),
    },
    "for_good": {
        "plain": ("I will not come back.", "You will not see me again."),
        "terse": ("For good.", "Not coming back."),
        "chatty": ("And do not wait for me, I am never ever coming back!",),
    },
    "back_tomorrow": {
        "plain": ("I am back after a day.", "Here I am again, a day later."),
        "terse": ("Back, a day later.",),
        "chatty": ("Hello again, it feels like I was here only yesterday!",),
    },
    "back_days": {
        "plain": ("I am back after {number} days.", "Here I am again, {number} days later."),
        "terse": ("Back, {number} days later.",),
        "chatty": ("Hello again, can you believe that it has been {number} days?",),
    },
}  # fmt: skip
