"""The phrases that acts are said in: case -> style -> paraphrases. Data and nothing else.

A slot is a name of `recosim.language.forms` in braces: {attributes}, {items}, {facet}. "{x:or}"
lists with "or", everything else with "and". An utterance is one case or several in a row, joined by
a space. What is written here decides which names can be said bare (`recosim.language.labels`), so:

- no "the" stands right before a slot: names may begin with it;
- between two slots there is a word or a colon, never a comma alone;
- no phrase is in two cases that are said in the same place.

`python -m pytest tests/language` holds these rules.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["LISTED", "PHRASES", "STYLES"]

# The styles whose phrases are listed here, and all: "human" is composed (`human_rules`).
LISTED = ("plain", "terse", "chatty")
STYLES = (*LISTED, "human")

_Styles = Mapping[str, tuple[str, ...]]

# ---- the user ------------------------------------------------------------------------------------

_USER: Mapping[str, _Styles] = {
    "request": {
        "plain": (
            "I am looking for something with {attributes}.",
            "I want something with {attributes}.",
            "I would like {attributes}.",
            "Can you find me something with {attributes}?",
            "I am in search of {attributes}.",
            "Please suggest something with {attributes}.",
            "What I have in mind is {attributes}.",
            "Today I would like to find {attributes}.",
            "Could you recommend something with {attributes}?",
        ),
        "terse": (
            "{attributes}",
            "{attributes}, please.",
            "Something with {attributes}.",
            "Need {attributes}.",
            "Want {attributes}.",
            "Find {attributes}.",
            "Looking for {attributes}.",
            "Any {attributes}?",
        ),
        "chatty": (
            "Hi there! I have been looking for {attributes} all day, can you help?",
            "Hello! You know what I would love right now? {attributes}!",
            "Hey, so I feel like something with {attributes}, what have you got?",
            "Good to meet you! I am really keen on {attributes} today.",
            "So, a friend told me to ask you. I would love something with {attributes}!",
            "Hi! It has been a long day, and all I need is {attributes}.",
            "Hello, I hope you can help me: I am dreaming of {attributes}.",
            "Oh hi! Do you happen to have anything with {attributes}? That would be wonderful.",
        ),
    },
    "request_facet": {
        "plain": (
            "As to {facet} I want {attributes}.",
            "Regarding {facet}: I would like {attributes}.",
            "When it comes to {facet}, I am looking for {attributes}.",
            "For {facet} I have {attributes} in mind.",
        ),
        "terse": ("{facet}: {attributes}", "{facet}: {attributes}, please."),
        "chatty": (
            "Hi! So as far as {facet} goes, I would really love {attributes}.",
            "Hello! If we talk about {facet}, then it has to be {attributes} for me.",
        ),
    },
    "request_facet_any": {
        "plain": ("I care about {facet} above all.", "What matters to me is {facet}."),
        "terse": ("{facet} matters.",),
        "chatty": ("Hi! You know, it is {facet} that makes or breaks it for me.",),
    },
    "request_any": {
        "plain": (
            "Show me something.",
            "Please recommend something.",
            "What do you have?",
            "I am open to suggestions.",
            "I would like a recommendation.",
            "I do not have anything special in mind.",
            "Can you suggest something to me?",
            "Please help me choose.",
        ),
        "terse": (
            "Anything.", "Surprise me.", "Something good.", "Suggestions?", "What is good?",
            "Anything goes.", "Recommend something.", "You start.",
        ),
        "chatty": (
            "Hi! I have no plan at all, so just surprise me!",
            "Hello there, I am up for anything today, what do you suggest?",
            "Hey! I am bored, show me something nice!",
            "Good day! Let us just see what you come up with, shall we?",
            "Hi, I honestly have nothing in mind, so inspire me!",
            "Oh hello! I thought I would let you choose for once.",
            "Hey, what would you show somebody like me?",
            "Hi! My head is empty today, so any suggestion will do.",
        ),
    },
    "yes": {
        "plain": (
            "Yes.", "Yes, please.", "Yes, I would like that.", "Yes, that is right.",
            "Yes, I want that.", "That would be good.", "Yes, that suits me.", "I would, yes.",
            "Yes, that is what I want.",
        ),
        "terse": ("Yes", "Yep.", "Yeah.", "Sure.", "OK.", "Yup.", "Right.", "Please."),
        "chatty": (
            "Oh yes, absolutely!",
            "Yes, that sounds lovely!",
            "Ha, you read my mind, yes please!",
            "Definitely, I am always happy with that!",
            "Ooh, yes, that is just what I like!",
            "Yes indeed, how did you know?",
            "Of course! I would be delighted.",
            "Yes, yes, that would make my day!",
        ),
    },
    "yes_all": {
        "plain": (
            "Yes, both.", "Both, please.", "I want both.", "Both of them.", "Yes, all of them.",
            "I would like both.", "Both are right.", "Yes to both.",
        ),
        "terse": (
            "Both.", "Both", "All.", "Yes both", "Yep, both.", "Both, yes.", "All of it.", "All",
        ),
        "chatty": (
            "Oh, do I have to choose? Both, please!",
            "Both, absolutely both!",
            "I could not possibly choose, so both!",
            "Can I have both? That would be wonderful!",
            "Why choose? I love both!",
            "Both sound great to me, to be honest!",
            "You know what, let us go for both!",
            "Both, and then some!",
        ),
    },
    "yes_some": {
        "plain": (
            "Yes: {accepted}.",
            "I would like {accepted}.",
            "I want {accepted}.",
            "I would go for {accepted}.",
            "My choice is {accepted}.",
            "Of these, {accepted}.",
            "I have {accepted} in mind.",
            "That would be {accepted}.",
        ),
        "terse": (
            "{accepted}", "{accepted}.", "{accepted}, please.", "Yes, {accepted}.",
            "Just {accepted}.", "Make it {accepted}.", "Rather {accepted}.", "Say, {accepted}.",
        ),
        "chatty": (
            "Oh, {accepted}, without a doubt!",
            "Let me think... I would say {accepted}!",
            "Well, I have a soft spot for {accepted}!",
            "I am a great fan of {accepted}, so let us go with that!",
            "Ha, that is easy: {accepted}!",
            "You cannot go wrong with {accepted}, can you?",
            "I do love {accepted}, so that is it!",
            "Today it has to be {accepted} for me!",
        ),
    },
    "no": {
        "plain": (
            "No.", "No, thank you.", "No, I do not want that.", "Not really.", "No, not that.",
            "That is not what I want.", "I would rather not.", "No, that is not for me.",
            "I do not think so.",
        ),
        "terse": (
            "No", "Nope.", "Nah.", "No thanks.", "Not for me.", "Not that.", "Neither.", "None.",
        ),
        "chatty": (
            "Oh no, that is really not my thing, sorry!",
            "Hmm, no, I do not think that is for me.",
            "Sorry, but no, I am not a fan!",
            "No, no, anything but that!",
            "Ha, no, you do not know me yet!",
            "Thanks for asking, but no!",
            "I am afraid not, that never was my taste.",
            "Nah, I am not in the mood for that at all!",
        ),
    },
    "unsure": {
        "plain": (
            "I don't know.", "I am not sure.", "I have no preference.", "It does not matter to me.",
            "I do not mind either way.", "I cannot say.", "I have no opinion on that.",
            "I am undecided.", "Hard to say.",
        ),
        "terse": (
            "Don't know.", "Dunno.", "Not sure.", "No idea.", "Whatever.", "Don't care.", "Maybe.",
            "Either way.",
        ),
        "chatty": (
            "Hmm, good question, I really do not know!",
            "Oh dear, I have never thought about it, no idea!",
            "To be honest, I could not say!",
            "Well, that depends, I am really not sure.",
            "You have got me there, I don't know!",
            "Oh, I am easy, it is all the same to me!",
            "Hmm, maybe, maybe not, who knows?",
            "I wish I knew, but I am not sure at all!",
        ),
    },
    "also": {
        "plain": (
            "I do want {also}.", "But I would like {also}.", "What I do want is {also}.",
            "I am looking for {also} though.",
        ),
        "terse": ("But {also}.", "Also {also}.", "Want {also} though."),
        "chatty": (
            "What I really do love is {also}, by the way!",
            "Oh, and between you and me, {also} would be great!",
            "But if you ask me about {also}, then yes!",
        ),
    },
    "take": {
        "plain": (
            "I will take {item}.", "Yes, {item}.", "I like {item}.", "{item} is what I want.",
            "I choose {item}.", "I would go with {item}.", "{item} sounds good.",
            "Please give me {item}.", "I will take number {number}.", "Number {number}, please.",
        ),
        "terse": (
            "{item}", "{item}.", "{item}, please.", "Take {item}.", "Go with {item}.", "{number}",
            "Number {number}.", "#{number}",
        ),
        "chatty": (
            "Oh, {item} sounds just right, I will take it!",
            "Wonderful, {item} it is, thank you so much!",
            "Yes! {item} is exactly what I was looking for!",
            "You found it, {item} is perfect for me!",
            "Now that is more like it: {item}!",
            "I cannot wait to try {item}, thanks!",
            "Ooh, number {number} caught my eye, I will have that one!",
            "That is a great list, and number {number} is the winner!",
        ),
    },
    "take_it": {
        "plain": (
            "Yes, I will take it.", "Yes, that is it.", "I like it.", "Yes, thank you.",
            "That is the one.", "It is what I want.", "Good, I will take that.", "I accept.",
        ),
        "terse": ("Yes", "Yes.", "OK.", "Take it.", "Perfect.", "Great.", "That one.", "Deal."),
        "chatty": (
            "Oh yes, that is exactly it, thank you!",
            "Perfect, you are a star!",
            "Yes! Where have you been hiding that?",
            "Lovely, I will take it straight away!",
            "Wow, that is spot on, thanks!",
            "Yes please, that looks fantastic!",
            "Brilliant, that is just what I needed!",
            "That is the one, I am so happy!",
        ),
    },
    "refuse": {
        "plain": (
            "None of these.", "No, none of them.", "I do not want any of these.",
            "Nothing here is for me.", "These are not what I want.", "I like none of these.",
            "No, please show me something else.", "None of these is right.",
        ),
        "terse": (
            "None.", "No", "Nope.", "None of them.", "Next.", "Nothing here.", "Not these.", "No.",
        ),
        "chatty": (
            "Hmm, sorry, none of these speaks to me!",
            "Thanks, but I am not in love with any of them.",
            "Oh no, that is not it at all, what else have you got?",
            "Nice try, but none of those is for me!",
            "I looked at them all, and no, sorry!",
            "Well, not quite, none of these made me smile.",
            "Hmm, I do not see it here, let us keep looking!",
            "No, no, these are not my cup of tea!",
        ),
    },
    "less": {
        "plain": (
            "Less {attribute}, please.", "There is too much {attribute} here.",
            "I would like less {attribute}.", "I do not care for {attribute} in these.",
            "These have too much {attribute} for me.",
        ),
        "terse": ("Less {attribute}.", "Too {attribute}.", "Too much {attribute}."),
        "chatty": (
            "Hmm, for my taste that is a bit too much {attribute}!",
            "Not bad, but could you go easy on {attribute}? Less would be more.",
            "Oh dear, so much {attribute}! A little less, please!",
        ),
    },
    "more": {
        "plain": (
            "More {attribute}, please.", "There is not enough {attribute} here.",
            "I would like more {attribute}.", "I was hoping for more {attribute}.",
            "These have too little {attribute} for me.",
        ),
        "terse": ("More {attribute}.", "More {attribute}", "Not enough {attribute}."),
        "chatty": (
            "Close, but I would love a bit more {attribute}!",
            "Hmm, where is {attribute}? More of that, please!",
            "We are getting there, just add some more {attribute} for me!",
        ),
    },
    "less_item": {
        "plain": (
            "{item} has too much {attribute}.", "I would like {item} with less {attribute}.",
            "There is too much {attribute} in {item}.",
        ),
        "terse": ("{item}: less {attribute}.", "{item}: too much {attribute}."),
        "chatty": (
            "You know, {item} would be great if it had less {attribute}!",
            "I nearly took {item}, but there is far too much {attribute} in it!",
        ),
    },
    "more_item": {
        "plain": (
            "{item} has too little {attribute}.", "I would like {item} with more {attribute}.",
            "There is not enough {attribute} in {item}.",
        ),
        "terse": ("{item}: more {attribute}.", "{item}: not enough {attribute}."),
        "chatty": (
            "You know, {item} would be great if it had more {attribute}!",
            "I nearly took {item}, but it needs a lot more {attribute}!",
        ),
    },
    "if": {
        "plain": ("When I ask for {condition}:", "If I ask for {condition}:"),
        "terse": ("With {condition}:",),
        "chatty": ("You know, when I come to you for {condition}, remember:",),
    },
    "want": {
        "plain": ("I want {attributes}", "please choose {attributes}"),
        "terse": ("want {attributes}",),
        "chatty": ("I would really love to get {attributes}",),
    },
    "avoid": {
        "plain": ("I want no {attributes:or}", "please avoid {attributes}"),
        "terse": ("no {attributes:or}",),
        "chatty": ("I would really rather be spared {attributes}",),
    },
    "turn": {
        "plain": ("just this once.", "for the next answer only."),
        "terse": ("this once.",),
        "chatty": ("this one time only, if you do not mind!",),
    },
    "session": {
        "plain": ("in this conversation.", "for this conversation."),
        "terse": ("for now.",),
        "chatty": ("as long as we are talking today!",),
    },
    "always": {
        "plain": ("always.", "from now on, always."),
        "terse": ("ever.",),
        "chatty": ("from now on and for all time!",),
    },
    "add": {
        "plain": ("A correction: I do want {add}.", "You should know that I do want {add}."),
        "terse": ("Add: {add}.", "Plus {add}."),
        "chatty": ("Hang on, I think you missed something about me: I am all for {add}!",),
    },
    "remove": {
        "plain": ("A correction: I do not want {remove}.", "You are wrong that I want {remove}."),
        "terse": ("Remove: {remove}.", "Scratch {remove}."),
        "chatty": ("Hang on, you got me wrong there: I never said that I want {remove}!",),
    },
    "edit_both": {
        "plain": (
            "A correction: I do want {add}, but I do not want {remove}.",
            "You got me wrong: I want {add} instead of {remove}.",
        ),
        "terse": ("Add: {add}. Remove: {remove}.",),
        "chatty": ("Hang on, you mixed me up: I am all for {add} and not at all for {remove}!",),
    },
    "edit_nothing": {
        "plain": ("What you believe about me is right.", "There is nothing to correct."),
        "terse": ("No corrections.",),
        "chatty": ("You know me well by now, I would not change a thing!",),
    },
    "impatient": {
        "plain": ("This takes too long, goodbye.", "I give up.", "I have had enough."),
        "terse": ("Enough.", "I give up"),
        "chatty": ("Sorry, this is taking forever, and I really have to go!",),
    },
    "satisfied": {
        "plain": ("Thank you, I have what I need.", "I am done, thanks for the help."),
        "terse": ("Done, thanks.", "All set."),
        "chatty": ("Thank you so much, you have been a great help, I am all set now!",),
    },
    "other": {
        "plain": ("Goodbye.", "I have to go now.", "I would like to stop here."),
        "terse": ("Bye.", "Stop."),
        "chatty": ("Oh, look at that, I have to run, see you another time!",),
    },
}  # fmt: skip

# ---- the recommender -----------------------------------------------------------------------------

_SYSTEM: Mapping[str, _Styles] = {
    "ask": {
        "plain": (
            "Do you want {attributes:or}?",
            "Would you like {attributes:or}?",
            "Do you like {attributes:or}?",
            "Are you looking for {attributes:or}?",
            "Should it have {attributes:or}?",
            "Are you interested in {attributes:or}?",
            "Is {attributes:or} what you have in mind?",
            "Would {attributes:or} suit you?",
            "May it be {attributes:or}?",
        ),
        "terse": (
            "{attributes:or}?", "Want {attributes:or}?", "With {attributes:or}?",
            "Like {attributes:or}?", "Perhaps {attributes:or}?", "And {attributes:or}?",
            "Interested in {attributes:or}?", "OK with {attributes:or}?",
        ),
        "chatty": (
            "So tell me, would you be in the mood for {attributes:or}?",
            "I am curious: how do you feel about {attributes:or}?",
            "Just so that I get you right, is it {attributes:or} that you are after?",
            "Let me ask you this: does {attributes:or} appeal to you?",
            "I have a hunch! Could it be that you want {attributes:or}?",
            "Great, we are getting somewhere! Do you fancy {attributes:or}?",
            "Thanks! Now, would {attributes:or} make you happy?",
            "Let us narrow it down together: do you care for {attributes:or}?",
        ),
    },
    "ask_facet": {
        "plain": (
            "Which {facet} do you have in mind?", "Which {facet} would you like?",
            "What {facet} do you want?", "What do you prefer as to {facet}?",
            "Do you have a preference as to {facet}?", "What are you looking for in {facet}?",
            "Can you tell me which {facet} you like?", "Is there any {facet} that you prefer?",
        ),
        "terse": (
            "Which {facet}?", "What {facet}?", "{facet}?", "Any {facet}?", "Preferred {facet}?",
            "And {facet}?", "Your {facet}?", "Some {facet} in particular?",
        ),
        "chatty": (
            "I would love to know more about you: which {facet} do you enjoy most?",
            "Let us talk about {facet}! What are you in the mood for?",
            "Help me out a little: what would be your favourite {facet}?",
            "So many possibilities! Which {facet} feels right to you today?",
            "Tell me, as far as {facet} goes, what makes you happy?",
            "And now for my favourite question: which {facet} shall it be?",
            "Just out of curiosity, what {facet} have you been enjoying lately?",
            "Good! Now if you could pick any {facet}, what would it be?",
        ),
    },
    "ask_facet_of": {
        "plain": (
            "Which {facet} would you like: {attributes:or}?",
            "As to {facet}: do you prefer {attributes:or}?",
        ),
        "terse": ("{facet}: {attributes:or}?",),
        "chatty": ("Let us talk about {facet}! Are you rather one for {attributes:or}?",),
    },
    "ask_any": {
        "plain": ("May I ask you something?", "What else should I know?"),
        "terse": ("What else?",),
        "chatty": ("I would love to get to know you better, may I ask you a question?",),
    },
    "recommend": {
        "plain": (
            "How about {items:or}?", "I recommend {items}.", "I would suggest {items:or}.",
            "You might like {items:or}.", "Please have a look at {items}.",
            "My suggestion is {items:or}.", "What do you think of {items:or}?",
            "I think you would enjoy {items:or}.", "Here is what I found: {items}.",
        ),
        "terse": (
            "{items:or}?", "Try {items:or}.", "Take {items:or}.", "See {items}.",
            "Suggested: {items}.", "Found: {items}.", "For you: {items}.", "Perhaps {items:or}?",
        ),
        "chatty": (
            "I have got just the thing for you! How does {items:or} sound?",
            "Drum roll, please... I give you {items}!",
            "Thanks for telling me all that! I believe you will love {items:or}.",
            "Ooh, I think I know what you need: have you tried {items:or}?",
            "If I were you, I would go for {items:or} in a heartbeat!",
            "Good news, I found something! What would you say to {items:or}?",
            "Let me show you my treasures: {items}!",
            "You have great taste, so {items:or} should be right up your street!",
        ),
    },
    "recommend_best": {
        "plain": (
            "Here is the best I have.", "Let me show you my best suggestions.",
            "These are my top picks.", "I have some recommendations for you.",
        ),
        "terse": ("My best.", "Top picks:", "Recommendations:"),
        "chatty": (
            "I think I know you well enough by now, so here comes my very best!",
            "Let me pull something out of my hat for you!",
        ),
    },
    "because": {
        "plain": (
            "For {because}.", "Because you want {because}.", "The reason is {because}.",
            "This should give you {because}.", "I chose this for {because}.",
        ),
        "terse": ("Why: {because}.", "Has {because}.", "Good for {because}."),
        "chatty": (
            "And you know why? Because you told me about {because}!",
            "I picked it with {because} in mind, just for you!",
            "It is all about {because}, which is just like you!",
        ),
    },
    "reflect": {
        "plain": (
            "What was wrong with these?", "What did you not like about them?",
            "Why were these not right?", "What should be different?",
        ),
        "terse": ("What was wrong?", "Why not?", "What to change?"),
        "chatty": (
            "Oh, I am sorry to hear that! What could I do better?",
            "Fair enough! Help me understand, what put you off?",
        ),
    },
    "pass": {
        "plain": ("Let me think.", "One moment, please.", "I see."),
        "terse": ("Hm.", "..."),
        "chatty": ("Hm, give me a second to think about all that!",),
    },
}  # fmt: skip

PHRASES: Mapping[str, Mapping[str, _Styles]] = {"user": _USER, "system": _SYSTEM}
