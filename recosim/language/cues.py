"""What words say beside names: yes, no, unsure, less, more, for how long, goodbye. Data.

All cues are folded as `recosim.language.words.fold` does it: no capitals, no apostrophes.
"""

from __future__ import annotations

__all__ = [
    "ANY", "ASKING", "BECAUSE", "BEST", "EDITING", "IMPATIENT", "NO", "PASSING", "REFLECTING",
    "SATISFIED", "SCOPES", "STOPPING", "TONES", "UNSURE", "UNSURE_IF_NOTHING_ELSE", "YES",
]  # fmt: skip


def _cues(text: str) -> tuple[str, ...]:
    return tuple(" ".join(cue.split()) for cue in text.split("|"))


YES = _cues("""
    yes|yep|yeah|yup|yea|ya|aye|y|sure|ok|okay|of course|absolutely|definitely|certainly|why not|
    sounds good|sounds great|sounds nice|sounds lovely|sounds perfect|guess so|suppose so|go for it|
    please do|wouldnt mind|would not mind|correct|indeed|perfect|great|exactly|ill take|i will take|
    take it|that one|this one|deal|works for me|that works|it works|give it a go|give it a try|
    fine by me|no problem|i do|i would|id like that|
    id love|i love|with pleasure|by all means|good|nice|lovely|wonderful|spot on|please|right|
    cant say no|cant wait|you bet|for sure|totally|brilliant|excellent|awesome|love it|like it|
    fine|is great
""")

NO = _cues("""
    no|nah|nope|nay|n|naw|not really|not my thing|cant stand|cannot stand|rather not|dont think so|
    do not think so|no way|anything but|neither|none|not interested|not for me|definitely not|
    absolutely not|of course not|certainly not|no particular|nothing specific|nothing special|
    nothing in particular|nothing here|not today|not these|not those|not that|not this|not any|
    something else|not quite|dont like any|not a fan|not keen|not a big fan|next|pass|skip|meh|
    dont care for|do not care for|not my cup of tea|not particularly|not exactly|not at all|
    not what i|im good|i do not|i would not|i dont|id not|hate it|dislike it|
    nothing|not a single one|wouldnt say so|would not say so|what else|anything else|
    prefer not|prefer not to
""")

UNSURE = _cues("""
    dont know|do not know|dont really know|dunno|idk|no idea|no clue|not sure|unsure|
    not really sure|not entirely sure|not quite sure|not too sure|not so sure|not certain|
    no preference|no preferences|no strong preference|no strong feelings|no opinion|doesnt matter|
    does not matter|does it matter|doesnt really matter|dont care|do not care|dont mind|do not mind|
    hard to say|tough to say|either is|either one|either works|either would|either way|up to you|
    you choose|you pick|you decide|surprise me|cant say|cannot say|cant decide|undecided|
    couldnt care less|couldnt say|couldnt tell|could not say|whichever|you tell me|tough one|
    all the same|show me something already|just show me|who knows|beats me|whatever|
    anything is fine|anything works|anything goes|no matter|indifferent|makes no difference|
    make a difference|make any difference|maybe not
""")

UNSURE_IF_NOTHING_ELSE = _cues(
    "maybe|perhaps|possibly|could be|might be|show me something|hmm|anything|depends"
)

# The tone of the names that follow, until the clause ends or another tone is set.
TONES = {
    **dict.fromkeys(
        _cues("""
            not|no|dont|do not|doesnt|does not|isnt|arent|wasnt|werent|never|without|hate|dislike|
            avoid|skip|except|anything but|instead of|rather than|leave out|cant stand|nothing|
            neither|nor|wont|no more|drop|forget|forget about|scratch|remove|not interested in|
            not into|not a fan of|tired of|sick of|enough of|other than|apart from|exclude|than
        """),
        "no",
    ),
    **dict.fromkeys(
        _cues("""
            less|fewer|too much|too many|not so much|not so|way too|far too|much too|too|so much|
            tone down|go easy on|a bit less|not as
        """),
        "less",
    ),
    **dict.fromkeys(
        _cues("""
            more|prefer|rather|want|wanted|need|asked for|looking for|hoping for|instead|add|
            better|a bit more|not enough|too little|too few|missing|lacks|lacking|wish for|
            put back|include
        """),
        "more",
    ),
    **dict.fromkeys(_cues("like|love|enjoy|into|fan of|adore|fond of|keen on"), "like"),
    **dict.fromkeys(_cues("but|however|though|although|yet|with"), ""),
}

SCOPES = {
    **dict.fromkeys(
        _cues("""
            always|never|from now on|ever again|every time|each time|whenever|in general|for good|
            in future|in the future|at all times
        """),
        "always",
    ),
    **dict.fromkeys(
        _cues("in this conversation|for this conversation|this session|for now|for this session"),
        "session",
    ),
    **dict.fromkeys(
        _cues("""
            just this once|this once|for the next|the next ones only|only this time|
            this one time|just this time
        """),
        "turn",
    ),
}

EDITING = _cues("""
    got me wrong|me wrong|wrong about me|misunderstood|correction|scratch|forget|forget about|
    remove|mistaken|mixed me up|take out|put back|i said|not what i said
""")

IMPATIENT = _cues("""
    give up|too long|had enough|enough of this|enough questions|im out|waste of time|forever|
    forget it|forget this|tired of this|sick of this|no more questions|losing patience|
    this is pointless
""")

SATISFIED = _cues("""
    found what i wanted|found what i needed|found what i was looking for|all set|
    all i needed|thats all|im done|i am done|have what i need|got what i need|got what i needed
""")

STOPPING = _cues("""
    bye|goodbye|bye bye|stop|quit|exit|see you|see ya|good night|gotta go|got to go|have to go|
    end|cancel|leave|im leaving|ciao|farewell|i have to go|i gotta go|please stop|stop it|stop here|
    lets stop|lets stop here|ok bye|thanks bye
""")

# An opening that asks for nothing in particular may have these words beside the common ones.
ANY = frozenset(("inspire", "bored", "greetings", "dear", "friend"))

# ---- the recommender -----------------------------------------------------------------------------

REFLECTING = _cues("""
    what was wrong|whats wrong|what is wrong|didnt you like|did you not like|dont you like|
    dislike about|why did these|why didnt|why not|why were|why did|reflect|what went wrong|
    what should be different|what would you change|put you off|what was missing|whats missing|
    not work for you|didnt work for you|what could be better
""")

BEST = _cues("""
    recommend|best i have|top picks|my picks|my best|best matches|best candidates|recommendations|
    my suggestions|show you what|some suggestions|top recommendations
""")

ASKING = _cues("ask|may i ask|ask you|what else|anything else|should i know|tell me more")

# What follows is a reason to show something.
BECAUSE = _cues("because|since you|as you like|as you want|given that you|reason")

PASSING = _cues("let me think|pass|one moment|give me a moment|give me a second|hold on|hm|i see")
