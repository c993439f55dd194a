"""The phrases of searches: case -> style -> paraphrases. Data alone.

`{terms}` is a list of terms, `{places}` of documents by their place in the list, `{items}` of
documents by their titles, `{facet}` the name of a facet. A phrase begins with a word of its own or
with terms, and ends a sentence, so that a line is read back phrase by phrase.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["SYSTEM_PHRASES", "USER_PHRASES", "Phrases"]

Phrases = Mapping[str, Mapping[str, tuple[str, ...]]]

SYSTEM_PHRASES: Phrases = {
    "ask_term": {
        "plain": (
            "Is it about {terms:or}?", "Does it have to do with {terms:or}?",
            "Are you thinking of {terms:or}?", "Should I look for {terms:or}?",
        ),
        "terse": ("About {terms:or}?", "Do you mean {terms:or}?"),
        "chatty": (
            "So that I do not go astray, is it about {terms:or}?",
            "Let me see if I follow you, has it to do with {terms:or}?",
        ),
    },
    "ask_facet": {
        "plain": (
            "Which {facet} do you have in mind?", "What {facet} are you thinking of?",
            "Is there a certain {facet} that you mean?",
        ),
        "terse": ("Which {facet}?", "What {facet}?"),
        "chatty": ("Tell me, which {facet} would you like to read about?",),
    },
    "ask_open": {
        "plain": (
            "What else can you tell me?", "Can you tell me more about it?",
            "What would you like to know more precisely?",
        ),
        "terse": ("What else?", "Anything to add?"),
        "chatty": ("I would love to help, so what else can you tell me about it?",),
    },
    "show": {
        "plain": ("Here is what I found: {items}.", "These may help: {items}."),
        "terse": ("Found: {items}.",),
        "chatty": ("I had a good look around, and this is what I came back with: {items}.",),
    },
    "show_best": {
        "plain": ("Here is what I found.", "Let me show you what I found."),
        "terse": ("Found this.",),
        "chatty": ("I had a good look around, and this is what I came back with.",),
    },
    "reflect": {
        "plain": ("Let me search again with what you said.", "I will take that into account."),
        "terse": ("Searching again.",),
        "chatty": ("Good to know, I will put all of that into the next search.",),
    },
}  # fmt: skip

USER_PHRASES: Phrases = {
    # ---- to a question
    "yes": {
        "plain": ("Yes.", "Yes, it is.", "That is right.", "Yes, that is part of it."),
        "terse": ("Yes.", "Yep.", "Right."),
        "chatty": ("Oh yes, you got it.", "Exactly, you read my mind."),
    },
    "no": {
        "plain": ("No.", "No, it is not.", "No, that is not it.", "Not really."),
        "terse": ("No.", "Nope."),
        "chatty": ("Hm, no, that is not what I am after.", "I am afraid that is not it."),
    },
    "unsure": {
        "plain": ("I don't know.", "I am not sure.", "I cannot say.", "Hard to say."),
        "terse": ("Don't know.", "Not sure."),
        "chatty": ("To be honest, I have no idea.", "Good question, I could not tell you."),
    },
    "tell": {
        "plain": (
            "It is about {terms}.", "It has to do with {terms}.", "I mean {terms}.",
            "I would like to know about {terms}.",
        ),
        "terse": ("About {terms}.", "I mean {terms}."),
        "chatty": (
            "What I would really love to know about is {terms}.",
            "You see, I keep wondering about {terms}.",
        ),
    },
    "aside": {
        "plain": ("By the way, what about {terms}?", "I was thinking of {terms}."),
        "terse": ("And {terms}?", "Rather {terms}."),
        "chatty": (
            "That reminds me of something, what about {terms}?",
            "Now that we talk, I keep coming back to {terms}.",
        ),
    },
    # ---- to a list
    "up": {
        "plain": ("I like {places}.", "What helps is {places}.", "I can use {places}."),
        "terse": ("Good: {places}.",),
        "chatty": ("I am quite happy with {places}.", "Well spotted, I mean {places}."),
    },
    "down": {
        "plain": (
            "I do not need {places}.", "What does not help is {places}.", "I cannot use {places}.",
        ),
        "terse": ("Not {places}.",),
        "chatty": ("I am not so happy with {places}.", "I would not bother with {places}."),
    },
    "nothing_there": {
        "plain": ("That is not what I need.", "This does not answer it.", "Not quite."),
        "terse": ("Not it.", "No good."),
        "chatty": (
            "Thanks for looking, but that does not get me anywhere.",
            "I can see that you tried, but this is not at all what I had in mind.",
        ),
    },
    "again": {
        "plain": ("Can you find something else?", "Is there anything better?"),
        "terse": ("Anything else?", "Try again."),
        "chatty": ("Would you mind looking around once more for me?",),
    },
    "missing": {
        "plain": (
            "I miss {terms}.", "It should be about {terms}.", "What is missing is {terms}.",
            "There is nothing about {terms} in it.",
        ),
        "terse": ("More about {terms}.", "Lacks {terms}."),
        "chatty": (
            "It would be so much better with something on {terms}.",
            "If only there were a little more about {terms}.",
        ),
    },
    "wrong": {
        "plain": (
            "Leave out {terms}.", "It has nothing to do with {terms}.",
            "Please forget about {terms}.",
        ),
        "terse": ("Without {terms}.", "Less {terms}."),
        "chatty": ("And goodness knows why you brought up {terms}.",),
    },
    # ---- going, and politeness
    "satisfied": {
        "plain": ("That is what I needed, thank you.", "Thank you, that answers it."),
        "terse": ("That's it.", "Got it, thanks."),
        "chatty": ("Wonderful, that is just what I was looking for, thank you so much.",),
    },
    "impatient": {
        "plain": ("This takes too long, I give up.", "Never mind, I will look elsewhere."),
        "terse": ("I give up.", "Never mind."),
        "chatty": ("I am sorry, but this leads nowhere and I really have to go.",),
    },
    "goodbye": {"plain": ("Goodbye.",), "terse": ("Bye.",), "chatty": ("Bye for now.",)},
    "thanks": {
        "plain": ("Thank you.", "Thanks for looking."), "terse": ("Thanks.",),
        "chatty": ("Thank you so much for your help.",),
    },
    "greeting": {"plain": ("Hello.",), "terse": ("Hi.",), "chatty": ("Hello there.",)},
    "other": {"plain": ("I see.",), "terse": ("Hm.",), "chatty": ("Well, well.",)},
    "wish": {
        "plain": ("I want to know about {terms}.", "I am looking for something on {terms}."),
        "terse": ("On {terms}.",),
        "chatty": ("I wonder if you could find me something on {terms}.",),
    },
}  # fmt: skip
