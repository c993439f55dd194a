"""The phrases of what only lines of several parts say: case -> style -> paraphrases. Data alone.

The rules of `recosim.language.phrases` hold here too. The words of these phrases do not decide
which names are bare: a line that has one of them is read back before it is said.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["TURN_PHRASES"]

TURN_PHRASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "request_item": {
        "plain": (
            "I am looking for something like {item}.", "I would like something similar to {item}.",
            "Can you find me something in the manner of {item}?",
        ),
        "terse": ("Like {item}.", "Similar to {item}."),
        "chatty": (
            "Hi! I have been raving about {item} all week, so do you know more of that kind?",
            "Hello! If you know {item}, then you know my taste. What else is there like it?",
        ),
    },
    "like": {
        "plain": ("Take {item} as an example.", "I have {item} in mind."),
        "terse": ("Like {item}.",),
        "chatty": ("To give you an idea, I adored {item}!",),
    },
    "take_several": {
        "plain": (
            "I will take {items}.", "I would like to have {items}.",
            "Please give me all of these: {items}.",
        ),
        "terse": ("Take {items}.", "{items}, all of them."),
        "chatty": (
            "Oh, how could I choose? I will have {items}!",
            "What a list! {items} are coming home with me!",
        ),
    },
    "note_seen": {
        "plain": ("I know {item} already.", "I am familiar with {item} already."),
        "terse": ("Know {item} already.", "{item}: known."),
        "chatty": ("Oh, {item} is an old acquaintance of mine!",),
    },
    "note_liked": {
        "plain": ("I know {item} already and liked it.", "I know {item} and was happy with it."),
        "terse": ("Know {item}, liked it.", "{item}: known, good."),
        "chatty": ("Oh, {item} is an old favourite of mine!",),
    },
    "note_disliked": {
        "plain": (
            "I know {item} already and did not like it.",
            "I know {item} and was not happy with it.",
        ),
        "terse": ("Know {item}, did not like it.", "{item}: known, bad."),
        "chatty": ("Oh dear, {item} was such a disappointment to me!",),
    },
    "note_unknown": {
        "plain": ("I have never heard of {item}.", "I do not know {item}."),
        "terse": ("Never heard of {item}.", "{item}: unknown."),
        "chatty": ("Goodness, I have not the faintest idea what {item} might be!",),
    },
    "note_later": {
        "plain": ("I will keep {item} for another time.", "I will come back to {item} later."),
        "terse": ("{item} later.", "Keep {item} for later."),
        "chatty": ("Ooh, {item} goes straight onto my list for another day!",),
    },
    "inquire_content": {
        "plain": ("What is {item} about?", "Can you tell me more about {item}?"),
        "terse": ("What is {item}?", "More about {item}?"),
        "chatty": ("I am all ears, what would {item} be about?",),
    },
    "inquire_content_any": {
        "plain": ("What are they about?", "Can you tell me more about them?"),
        "terse": ("About what?", "More about them?"),
        "chatty": ("I am all ears, what would they be about?",),
    },
    "inquire_quality": {
        "plain": ("Is {item} any good?", "Do people like {item}?"),
        "terse": ("{item}: any good?", "Good, {item}?"),
        "chatty": ("Be honest with me now, would you say that {item} is worth my time?",),
    },
    "inquire_quality_any": {
        "plain": ("Are they any good?", "Do people like them?"),
        "terse": ("Any good?",),
        "chatty": ("Be honest with me now, would you say that they are worth my time?",),
    },
    "inquire_maker": {
        "plain": ("Who made {item}?", "Who is behind {item}?"),
        "terse": ("{item}: by whom?", "Who made {item}"),
        "chatty": ("I always like to know: whose work is {item}, if you can tell?",),
    },
    "inquire_maker_any": {
        "plain": ("Who made them?", "Who is behind them?"),
        "terse": ("By whom?",),
        "chatty": ("I always like to know: whose work are they, if you can tell?",),
    },
    "thanks": {
        "plain": ("Thank you for your help.", "Thank you very much."),
        "terse": ("Thanks very much.", "Many thanks."),
        "chatty": ("You are so kind, a thousand thanks for all that!",),
    },
    "greeting": {
        "plain": ("A good day to you.", "I am pleased to meet you."),
        "terse": ("Greetings.", "Good day."),
        "chatty": ("Hello hello, how lovely to talk to you!",),
    },
    "goodbye": {
        "plain": ("Have a good day.", "All the best to you."),
        "terse": ("All the best.", "Until next time."),
        "chatty": ("Have a wonderful day, and all the very best!",),
    },
    "courtesy_other": {
        "plain": ("That is kind of you.", "It is nice to talk to you."),
        "terse": ("Kind of you.", "No problem."),
        "chatty": ("Aw, how sweet of you to say so!",),
    },
}  # fmt: skip
