"""What words say beside names: yes, no, unsure, less, more, for how long, goodbye. Data.

Patterns are long lines, one alternative after the other: wrapped, they would be no easier to read.
All cues are folded as `recosim.language.words.fold` does it: no capitals, no apostrophes.
"""

# ruff: noqa: E501

from __future__ import annotations

__all__ = [
    "ANY", "ASKING", "BECAUSE", "BEST", "COURTESIES", "COURTESY_WORDS", "DISAPPOINTED", "EDITING", "FOR_GOOD", "IDIOMS", "IMPATIENT", "LIFE_SCOPES", "NO", "PASSING", "PLAIN_YES", "REFLECTING",
    "SATISFIED", "SCOPES", "STANCES", "STOPPING", "STOPPING_WORDS", "TIRED", "TONES", "UNSURE", "UNSURE_IF_NOTHING_ELSE", "YES",
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
    fine|is great|not bad|thats not bad|not too bad|not half bad|wouldnt hurt|would not hurt|
    couldnt hurt
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
    make a difference|make any difference|maybe not|no restriction|no restrictions|no limits|
    no constraints|no requirements|not picky|im not picky|im easy|open to anything|im open|
    open to suggestions|open to all|anything will do|anything would do|anything is good|
    anything is okay|anything is ok|all of them are fine|any of them|any of those|any will do|
    no favorite|no favourite|no favorites|dont have a preference|dont have any preference|
    dont have a preference|not fussy|no strong opinion|have no idea|not really a preference|
    everything is fine|everything but|anything but|anything except|anything other than|all but
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

# The same in lives, where days and lists go by.
LIFE_SCOPES = {
    **SCOPES,
    **dict.fromkeys(
        _cues(
            "today|tonight|right now|for today|for the moment|until tomorrow|now|this time|this evening"
        ),
        "session",
    ),
    **dict.fromkeys(
        _cues("""
            next list|next time|next round|the next one|in the next list|for the next list|
            just this once|this once|for the next|the next ones only|only this time|this one time|
            just this time|once
        """),
        "turn",
    ),
    **dict.fromkeys(
        _cues("from today on|for ever|forever|any more ever|ever|all the time"), "always"
    ),
}

TIRED = _cues("""
    tired|sleepy|enough for today|enough for now|thats enough|done for today|time for bed|good night|
    need a break|see you tomorrow|more tomorrow|call it a day|call it a night
""")
DISAPPOINTED = _cues("""
    disappointed|disappointing|let down|waste of time|not working for me|useless|hopeless|
    expected more|expected better|hoped for better|hoped for more|sick of this|fed up
""")
FOR_GOOD = _cues("""
    never coming back|not coming back|wont come back|will not come back|never come back|
    leaving for good|leave for good|gone for good|never ever|not see me again|uninstall|
    delete my account|cancel my account|cancel my subscription
""")

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
    adios|cya|later|laters|peace|peace out|bye now|bye for now|goodbye now|
    lets stop|lets stop here|ok bye|thanks bye
""")

# Words that are a yes by themselves, where "great" is none.
PLAIN_YES = frozenset((
    "yes", "yep", "yeah", "yup", "yea", "ya", "aye", "y", "sure", "absolutely", "definitely",
))  # fmt: skip

STOPPING_WORDS = frozenset(cue.split()[-1] for cue in STOPPING)

# An opening that asks for nothing in particular may have these words beside the common ones.
ANY = frozenset((
    "inspire", "bored", "greetings", "dear", "friend", "newer", "older", "recent", "recently",
    "interesting", "entertaining", "enjoyable", "relaxing", "ideas", "decent", "tonight", "weekend",
    "watch", "fun",
))  # fmt: skip

# ---- what is said of items -----------------------------------------------------------------------

# Idioms whose "not" denies nothing, and what is heard in their place.
IDIOMS = {
    "not bad": "good", "not too bad": "good", "not half bad": "good", "isnt bad": "is good",
    "wasnt bad": "was good", "not too shabby": "good", "wouldnt mind": "want to", "wont mind": "want to",
    "would not mind": "want to", "dont mind": "want to", "cant wait": "want", "can not wait": "want",
    "cannot wait": "want", "cant go wrong": "is a classic", "can not go wrong": "is a classic",
    "cannot go wrong": "is a classic", "cant beat": "is a classic", "cant say no": "ok",
    "dont get me wrong": "", "not only": "", "no doubt": "definitely", "why not": "ok",
    "no problem": "ok", "not a problem": "ok", "cant argue with": "ok", "couldnt agree more": "ok",
    "wouldnt hurt": "want to see it", "couldnt hurt": "want to see it", "nothing wrong with": "ok",
    "no complaints": "ok", "not to mention": "and",
}  # fmt: skip

# Pieces of the patterns below. In a clause {X} is an item of the list, Z another one, A an attribute.
_NOUN = (
    "(?:ones?|movies?|films?|flicks?|books?|novels?|songs?|tracks?|albums?|bands?|artists?|singers?"
    "|places?|restaurants?|spots?|shows?|series|games?|guys?|cafes?|bars?|suggestions?|options?"
    "|choices?|recommendations?|picks?|stuff|item|items|product)"
)
_THAT = "(?:that|this|those|these|the|both|all|either|any|your|some)"
_WHICH = "(?: (?:first|second|third|last|latter|former|two|three|four|same|whole|A))"
_OBJ = (
    "(?:X|it|em|them|him|her|both|all|either|there|(?:that|this|those|these|both|all|either)(?: of)?"
    f"(?: {_THAT})?{_WHICH}*(?: {_NOUN})?|(?:the|your|any){_WHICH}*(?:{_WHICH}| {_NOUN})|{_NOUN})"
)
_GOOD = (
    "(?:good|great|goood|gr8|funny|fun|awesome|amazing|excellent|fantastic|brilliant|nice|cute|wonderful"
    "|entertaining|enjoyable|hilarious|incredible|cool|perfect|beautiful|decent|solid|lovely"
    "|delicious|tasty|superb|outstanding|terrific|phenomenal|fabulous|epic|neat|sweet|fine|ok|okay"
    "|alright|interesting|catchy|moving|better|best|impressive|dope|sick|lit)"
)
_BAD = (
    "(?:boring|dull|slow|confusing|weird|dumb|stupid|silly|bad|mediocre|awful|terrible|horrible|lame"
    "|annoying|cheesy|bland|disappointing|overrated|pretentious|predictable|depressing|trash|crap"
    "|rubbish|garbage|meh|worst|worse|gross|disgusting|dreadful|unwatchable|forgettable|weak|poor|dry"
    "|ridiculous|nonsense|overpriced|blah|underwhelming|ehh*|so so|a mess|a letdown|a let down"
    "|a waste|over the top|over hyped|overhyped|not worth|tedious|bored)"
)
_TOO = "(?:too|a little|a bit|a tad|(?<!my )kind of|kinda) (?!A)[a-z]+"
_SEE = (
    "(?:seen|saw|watched|heard|read|listened to|been to|been|eaten|visited|played|tried|owned|known|rented"
    "|finished|caught|bought)"
)
_NOT = (
    "(?:not|dont|doesnt|didnt|wont|wouldnt|cant|cannot|couldnt|isnt|wasnt|arent|werent|aint|never|no|havent"
    "|hasnt|hadnt|shouldnt|nor|neither|hardly|barely|without|don|didn)"
)
_MODAL = "(?:will|should|shall|might|may|could|can|must|would|need to|have to|has to|want to|plan to|definitely)"
_WILL = (
    f"(?:(?:^|\\b(?:i|we|maybe|probably|definitely|so|and|then|but|they|also|just|guess|we all) ){_MODAL}|ill|well|id"
    "|i will|we will|gonna|going to|goin to|have to|had to|got to|gotta|need to|want to|wanna|let me|lets|let us|like to|love to"
    "|plan to|plan on|planning to|meaning to|time to|ready to|decided to|try to|think ill|happy to|willing to|excited to"
    "|down to|keen to|interested in|curious to|look forward to|looking forward to|intend to|hope to|tempted to|rather"
    "|might as well|ima|imma|about to|think i)"
)
_DO = (
    "(?:check|checking|watch|watching|rewatch|see|seeing|look|looking|try|trying|give|giving|go|going|pick|rent|stream"
    "|read|reading|listen|listening|get|take|taking|add|choose|start|order|book|visit|download|grab|catch"
    "|buy|have|find|play|use|eat|hit|settle|google|research|explore|investigate|do|borrow|purchase)"
)
_AGREEABLE = (
    "(?:good|great|interesting|fun|funny|fine|perfect|nice|awesome|amazing|excellent|cool|promising|intriguing"
    "|wonderful|lovely|right|excited|terrific|neat|better|appealing|delicious|tasty|fantastic|decent"
    "|exciting|hilarious|incredible|ideal|brilliant|cute|solid|yummy|tempting|like (?:a|an|something|fun|it)"
    "(?: \\w+){0,3}? (?:plan|winner|fun|one|movie|film|idea|choice|match|fit|enjoy|like|love|for|up)|plan|up my alley"
    "|right up|what i|the best)"
)
_CHOICE = (
    "(?:choices?|suggestions?|ideas?|picks?|call|options?|recommendations?|recs?|selections?|shout)"
)

# What a clause says of an item: the first pattern that fits decides. Questions come first.
STANCES = (
    (
        "maker",
        rf"""
        ^(?:(?:so|and|oh|ok|but|also|hm+|wait) )*who (?:is|was|are|were|else|all|stars?|starred|directed|made|sings?|sang|plays?|played|wrote|acts?|acted|performs?|produced|does|did)\b
        |\bwho(?:s|se) (?:in|it|that|the|its|this|X|all|song|book|directing|starring)\b|\b(?:director|directed by|written by|the cast|any (?:big |famous |good )?(?:actors?|stars|names))\b(?=.*\?)|\bwho\b(?!.* you ).* \?
        |\b(?:is|isnt|does|was|wasnt|with|has) (?:\w+ ){{1,4}}?(?:in (?:it|that|this|X|them)|the (?:director|author|singer|actor)|star in|directed|direct)\b(?=.*\?)
        |\bby whom\b|\bwho.*\b(?:in|by)(?: {_OBJ})? \?""",
    ),
    (
        "quality",
        rf"""
        \b(?:is|was|are|were|isnt|wasnt) (?:X|it|that|this|they|those|these|both|{_OBJ})(?: (?:any|really|actually|very|that|a|as|supposed|to|be|worth|considered|pretty))* ?(?:{_GOOD}|any good|worth|{_BAD}|rated|popular)\b(?=.*\?)
        |\bany good(?: \?|$)|\bworth (?:it|watching|seeing|reading|a|checking|the|going|listening)\b.*\?|(?:good|bad|any|the|great|what|decent) (?:reviews?|ratings?)\b(?=.*\?)
        |\bhow (?:is|was|are|were|good|about the)\b(?!.*\b(?:you|A)\b)|\bhows (?:X|it|that|the)\b|\bhow(?:d| did| do) you (?:like|find|rate|feel about) (?:X|it|that|them)\b
        |\b(?:did|do|would|have) you (?:like|liked|enjoy|enjoyed|love|recommend) (?:X|it|that(?: one| movie| film)?|this one|them)\b(?=.*\?)|\bbetter than\b.*\?|\b(?:what|how).*\b(?:rated|rating|reviews)\b""",
    ),
    (
        "content",
        rf"""
        \b(?:what|whats|wats|what is|what are)\b(?! about)(?:(?!\byou\b|\belse\b).)*\b(?:about|plot|premise|story|storyline|synopsis|genre|happens|menu)\b(?! (?:a |an |some )?A)
        |\btell (?:me|us)(?: \w+){{0,3}}? about\b(?! (?:something|your)\b)|\b(?:more|some|any|further) (?:info|information|details?)\b|\bdescribe (?:X|it|that)\b|\bmore about\b
        |\bwhat (?:kind|type|sort|genre|style|year|language) (?:of )?(?:\w+ )?(?:is|was|are) (?:X|it|that|this|they)\b|\bwhats? (?:is )?(?:X|it|that|this) (?:like|rated)?\s*\?
        |^(?:what|whats|what is|what are) (?:X|that|it|this|those)(?: one)? \?|\b(?:when|where|what year) (?:did|was|is|are|can) (?:X|it|that|this|they|{_OBJ})\b|\bhow (?:long|old|scary|far|expensive|much|violent|gory|many) (?:is|are|does|was)\b
        |^(?:\w+ ){{0,2}}?(?:is|was|are|were|isnt|wasnt|does|did|do|doesnt|has|have) (?:X|it|that|this|they|those|these|he|she|there)\b(?!.* (?:you|i) ).*\?
        |^any A in (?:it|that|X|this)\b|\bremind me (?:what|about)\b|\bis(?:nt)? (?:that|it|this|X) (?:the|a|an|with|about)\b.*\?|^(?:so )?(?:its|thats|it is|that is|X is) (?:the|a|an|about|like)\b.*(?:right|correct|isnt it) \?
        |^(?:won|wasnt|isnt|didnt|doesnt|wont|hasnt)\b.*\?""",
    ),
    (
        "more",
        rf"""
        \b(?:any|some|one|anything|something|someone|somewhere|what|whats|what is|how about|another|couple|few|anyone|give me|show me|more|two|have)(?: (?:thing|good|of|more|you|have|got|do|a))*? (?:other|others|else|more|another|different)\b(?! (?:about|info|details?)\b)
        |\banother (?:suggestion|recommendation|idea|option|{_NOUN})\b(?! of)|\bother (?:ideas?|suggestions?|recommendations?|options?|{_NOUN})\b|\bmore (?:suggestions?|recommendations?|options?|ideas?|like|please|{_NOUN})\b
        |\bkeep (?:going|them coming)\b|^next\b|\bsomething (?:different|new|newer|older)\b|\btry again\b|^more \?$|\b(?:any|some|have|got|give me|do you have|can you give)(?: \w+)? (?:ideas?|suggestions?|recommendations?)\b
        |\b(?:can|could|would|will|do) you (?:please |maybe |also |perhaps )?(?:recommend|suggest|think|know|find|give|show|offer|name|have)\b|\bwhat (?:else )?(?:do|would|can|could) you (?:recommend|suggest|have|got)\b""",
    ),
    (
        "later",
        r"""
        \b(?:on|to|onto) (?:my|the|our)(?: \w+){0,3}? (?:list|queue|watchlist|playlist)\b|\bkeep (?:\w+ ){0,5}?(?:mind|possibility|option|later)\b|\b(?:watch ?list|bookmark(?:ed|ing)?)\b
        |\b(?:another|some other|a different) (?:time|day|night|evening)\b|\bsave (?:\w+ ){0,3}?(?:for|later)\b|\bmaybe (?:later|next time|some ?day|one day|another)\b|\b(?:note|jot|write) (?:\w+ ){0,2}?down\b|\bnext time\b|\bremember (?:that|it|this|X) for\b|\bnot (?:now|today|tonight|yet) but (?:maybe )?later\b""",
    ),
    (
        "seen",
        rf"""
        \b(?:havent|have not|hadnt|not|never|didnt)\b.*\b{_SEE}\b.*\b(?:in (?:a|ages|years|forever|so|quite|some)|for (?:a|ages|years|so)|since|lately|recently|again|all of|the whole|enough times|long time)\b(?! that)
        |\bhavent we all\b""",
    ),
    (
        "refuse",
        rf"""\b(?:heard|hear|read)(?: \w+){{0,4}}? (?:{_BAD}|mixed|negative|sucks|sucked|bad|not (?:good|great|that))\b""",
    ),
    (
        "unknown",
        rf"""
        \b(?:havent|have not|havnt|hadnt|hasnt|never|not|dont think (?:ive|i have|we have|weve)|dont believe (?:ive|i have)|aint|yet to|no i)(?: \w+){{0,4}}? (?:seen|saw|watched|heard(?: (?:of|about))?|listened|tried|been|eaten|visited|played|checked|come across|known|familiar|gotten|got around|got to|caught)\b(?!.*\bbetter\b)
        |\b(?:havent|have not|not|yet to|never) (?:\w+ )?read\b|\b(?:didnt|did not|yet to|never|dont think i(?: ever)?)(?: (?:\w+)){{0,2}}? (?:see|saw|watch|hear|heard|try|visit|get to|read)\b
        |\b(?:dont|do not|didnt|did not|dunno)(?: \w+)? (?:know|recognize|recognise|remember)(?: (?:of|about|if))?(?: {_OBJ}|$)|\b(?:unfamiliar|unaware|not aware|new to me|doesnt ring a bell|first time hearing|no idea (?:what|who))\b
        |^(?:no |nope |nah |sorry )*(?:i |we )?(?:actually |honestly |still )*(?:havent|have not|havnt|never have|never did|have never|never|didnt|did not)(?: yet| sorry| actually)*$|^(?:no )?(?:not yet|never)$|^never (?:seen|heard|watched|saw)""",
    ),
    (
        "disliked",
        rf"""
        \b(?:didnt|did not|never|wasnt|was not|werent|were not|couldnt|could not|havent|have not|hasnt|didn|nor did i)(?: \w+){{0,5}}? (?:like|liked|love|loved|enjoy|enjoyed|care|cared|impress(?:ed)?|fan|{_GOOD}|favou?rite|into|finish|worth|stand|my thing|my taste|my cup|thrilled|keen|much of|what i|for me|get into|get it|do it for me|all that|crazy|that into|feel it|dig|appeal|huge|big|live up|hold up|work for me|like it)\b
        |\b(?:hated|disliked|disappoint(?:ed|ing|ment)|sucked|sucks|regret(?:ted)?|overrated|crap|rubbish|garbage|trash|worst|waste of|bored me|fell asleep|walked out|quit watching|stopped watching|turned it off|puked|let ?down|not worth)\b
        |\b(?:was|were|been|got|found (?:X|it|that|them))(?: (?!not\b)\w+){{0,4}}? (?:{_BAD}|{_TOO})\b|\b(?:is|are|its|it|thats)(?: (?!not\b)\w+){{0,4}}? {_BAD}\b|\b(?:stupid|boring|terrible|awful|horrible|bad|lame|worst|dumb) {_NOUN}\b|^(?:so |very |pretty |kinda |kind of |really |just )*(?:{_BAD}|{_TOO})$""",
    ),
    (
        "refuse",
        rf"""
        \b(?:no|zero|not much|not any|little|lost|never had)(?: \w+){{0,2}}? (?:interest|desire|intention|appetite)\b|\b(?:not|isnt|arent|aint|wasnt|never been|never|nor am i)(?: \w+){{0,4}}? (?:interested|interests?|appeal(?:s|ing)?|for me|my (?:thing|taste|style|cup|kind|type|speed|jam|genre|favou?rite|first choice)|keen|in the mood|feeling|looking for|what i|going to|gonna|into|sure (?:about|i|if|id)|sold|convinced|crazy|big on|a fit|fit|right|a match|it|really|quite|so much|these|this|that(?: one)?|those|today|tonight|now|again)\b(?! (?:seen|heard))
        |\b(?:dont|do not|doesnt|does not|wont|will not|wouldnt|would not|cant|can not|cannot)(?: \w+){{0,4}}? (?:like|love|enjoy|care|want|watch|see|appeal|do it|stand|need|fancy|feel|think (?:so|i|id|ill|its|it|that|thats)|sound|seem|look|interest|work|suit|bother|tolerate|take|handle|go (?:for|with)|try|trust|eat|listen|read|do|fit|dig|choose|speak)\b
        |\b(?:nor do|neither do)\b|\b(?:ill|i will|id|gonna|going to|have to|think i|will|i) (?:have to )?(?:pass|skip|decline)\b|\b(?:pass|miss|skip) (?:on )?(?:{_OBJ}|for)\b|\bgive (?:\w+ ){{1,3}}?(?:pass|miss)\b|^(?:\w+ ){{0,2}}?(?:pass|skip|hard pass|next)$
        |\b(?:rather not|prefer not|id rather|no (?:thanks|thank)|no way|leave it|stay away|hard no|forget it)\b|\b(?:hate|dislike|despise|detest|loathe|cant stand|tired of|sick of|bores? me|puts me off|turn off|not a)\b
        |\b(?:none|neither|nothing (?:here|for me|appeals|like that)|not a single)\b|\bheard(?: \w+){{0,4}}? (?:bad|terrible|awful|horrible|mixed|negative|poor|sucks|sucked|worse)\b|\b(?:bad|terrible|awful|poor|mixed|mediocre) reviews\b|\b(?:looks?|sounds?|seems?|looked|sounded|seemed)(?: \w+){{0,3}}? (?:{_BAD}|too(?! \?|$)|not)\b|\bnot (?:a|the|an|really|too|so|very|that|quite|exactly)\b|\bisnt (?:a|the|an|really|quite|exactly)\b|\b(?:a bit|a little|little|kinda|kind of|way|far|bit) too\b|\btoo \w+ for\b|\b(?:is|are|its|thats|theyre|seems|looks|sounds)(?: \w+){{0,2}}? {_TOO}\b""",
    ),
    (
        "take",
        rf"""
        \b{_WILL}(?: (?!not\b|never\b|dont\b|you\b)\w+){{0,4}}? {_DO}(?: (?:out|into|up|for|with|at|down|again|through|to|on|of|around))*(?: (?:a|an|some|the|about|more|just|first))*(?: \w+)?(?: {_OBJ}\b| out\b| into\b| try\b| shot\b| go\b| chance\b| watch\b| look\b| listen\b| read\b| whirl\b| Z\b)
        |\b(?:ill|i will|well|we will|lets|let us)(?: \w+){{0,2}}? (?:have|take|try|watch|do|get|see|go|choose|pick|order|check|start|settle|read|hear|visit)(?: (?:with|for|on|out|to))* (?:{_OBJ}|one)\b|\b(?:check|look|try|try(?:ing)?) (?:{_OBJ} )?(?:out|up|into)(?: {_OBJ})?\b(?! if)|\bgive (?:{_OBJ} |X )(?:a |another )?(?:try|shot|go|chance|watch|look|listen|whirl|read)
        |\b(?:take|choose|pick|want|book|reserve|order|go for|go with|going with|settle on|settled on|settle for|decided on|went with|have) (?:{_OBJ})(?: (?:of (?:those|these|them)|please|then|thanks|instead|too|as well))*$|\b(?:settled|decided|going|go) (?:on|with|for) (?:{_OBJ})\b
        |\b(?:am|im|were|was|really|very|definitely|now|be|id be|sort of|kind of|kinda|so|quite) (?:\w+ ){{0,2}}?(?:interested|intrigued|sold|curious|excited)\b|^(?:interested|intrigued|sold|count me in|im in|deal|done|on it)\b|\binterests me\b|\bpiqued\b
        |\b(?:been|am|im|was|i) (?:\w+ ){{0,2}}?(?:meaning|wanting|dying|hoping|planning|waiting|looking forward|itching|eager|excited) to\b|\b(?:want|wanted|like|love|wanna|need|hope|wish|plan) (?:to |too )?(?:\w+ )?(?:see|watch|try|read|hear|visit|check|go|listen|eat)(?: (?:to|out|at))? (?:{_OBJ}|that)\b|\b(?:id|would|i would) (?:\w+ )?(?:like|love|want|be up) (?:to|that|it|X|this|for)(?: (?:see|watch|try|read|one|it))?$
        |\b(?:sounds?|sounded|looks?|looked|seems?|seemed|souds|soudns)(?: (?!not\b|too\b)(?:\w+)){{0,3}}? {_AGREEABLE}\b
        |\b(?:thats|that is|this is|it is|its|thatll be|that will be|X is|X it|that one is|will be|would be|be|is)(?: (?!not\b)\w+){{0,3}}? (?:exactly|perfect|ideal|fine|what i (?:want|need|am|was|wanted|needed)|just what|the one|a winner|my choice|my pick|the ticket|right|a plan|works?|wonderful)\b|\b(?:thats|that is|that might be|this is|is) what (?:ill|i will|im|i am|well|we will)\b|\b(?:X|that|it|that one|this one) (?:may|might|could|would|will|should) (?:work|do|be {_AGREEABLE}|fit)\b|\b(?:thats|this is|that is) it$|\bwill do\b|\bworth (?:a|checking|watching|seeing|trying|it)\b|\b(?:thatd|itd|that would|it would|that will) be {_GOOD}|\bup for (?:{_OBJ})|^(?:maybe |then |yes |ok |perhaps )*i should$|\bmy kind of {_NOUN}|\bhave a winner\b|\bworks? for me\b|\b(?:X|that) it is\b|\b(?:that|this) (?:one )?(?:works|will do|ll do|fits)\b|\b(?:give me|show me|bring me|get me|book me|play|play me|order) X|^(?:ok |oh |okay |yes |yeah |great |maybe |perhaps |probably |then |i guess |just )*(?:that|this) one(?: please)?$|\bup my alley\b|\blook(?:ing)? forward\b|\bcant wait\b|\bon my way\b|\b(?:watch|do|try|take|have) (?:it|that|X)(?: (?:tonight|then|now|later|soon|this weekend))*$|\b(?:love|like) the (?:sound|look|idea) of\b|\bsign me up\b|\bwant to see\b|\bwant (?:it|that|X|this)\b""",
    ),
    (
        "praise",
        rf"""\b(?:good|better|best|great|nice|excellent|perfect|awesome|solid|wonderful|amazing|fantastic|terrific|cool|lovely|brilliant|interesting) {_CHOICE}\b""",
    ),
    (
        "hearsay",
        rf"""\b(?:heard|read|hear)(?: (?!not\b|bad\b)\w+){{0,5}}? (?:{_GOOD}|things|of|about)\b|\bcome recommended\b""",
    ),
    (
        "liked",
        rf"""
        (?<!would )(?<!id )(?<!might )(?<!may )(?<!ill )(?<!will )(?<!to )(?<!you )(?<!if i )\b(?:loved?|liked?|luv|enjoy(?:ed)?|adored?|dug)(?: (?:the|both|all|most|many|much|of|really|also|watching|seeing|reading|love))*? (?:{_OBJ}|{_OBJ} (?:a lot|too|so much))\b(?! (?:of )?A\b)|^(?:i |we |really |absolutely |totally |just |and |both |also |still |do |did |it |all |kids |my |they )*(?:loved|enjoyed|liked|adored|love|like|lovd)(?: (?:too|a lot|so much|very much|alot|really))*$
        |\b(?:favou?rites?|faves?|favs?|classics?|masterpiece|hilarious|cant go wrong|gem|cult|iconic|legendary)\b|\b(?:big|huge|massive|a) fan\b|\bwas into\b|\buse(?:d)? to (?:love|like|enjoy|adore)\b
        |\b(?:was|were|been|thought|found|had)(?: (?!not\b)\w+){{0,5}}? (?:{_GOOD}|A)\b|\b(?:is|are|its|thats|theyre)(?: (?!not\b|if\b)\w+){{0,3}}? {_GOOD}(?: (?:old|A|family|kids))? {_NOUN}\b|\b(?:X|it|that one|this one|they|both|all|that {_NOUN}|its|theyre)(?: (?:is|are|of them are))?(?: (?:so|very|really|pretty|also|a|just|both|all|quite|super|an|always|actually|such))* (?:{_GOOD}|superb)\b|^(?:so |very |really |pretty |such |what |a |an |oh |an absolute |it |too )*{_GOOD}(?: A)? {_NOUN}$|^(?:so|very|really|pretty|super) (?:{_GOOD}|A)$|\bone of (?:my|the)\b|\bworth (?:the|it|every)\b|\bcountless\b|\bcracks? me up\b|\bmade me (?:laugh|cry|smile)\b|\bnever (?:gets? old|fails)\b|\bhad me\b""",
    ),
    (
        "seen",
        rf"""
        \b(?:have|ive|i|already|did|we|weve|has|had|just|ve|must have|of course|all|kids|she|he|they|and|also|only)(?: \w+){{0,3}}? (?:seen|saw|watched|watch it|owned?|visited|rented|finished|rewatched)\b(?! (?:the |a |some )?(?:trailers?|previews?|ads?))|\bdid (?:\w+ )?(?:see|watch|read|hear|try|visit)\b|\b(?:seen|saw|watched|read|visited|tried|heard|played|know|knew|own|remember|knows) (?:{_OBJ}|X|most|part|some|many|every)\b|^(?:yes |yeah |yep |oh |already |and |also )*(?:seen|saw|watched|heard it|read it|been there|done that)\b
        |\b(?:been|went|eaten|ate|gone|dined|stayed) (?:\w+ )?(?:there|(?:to|at|in) (?:the )?(?:X|it|that|them|both|all))\b|\balready (?:know|knew|have|own|got|listen|did|read|heard|been|tried|seen)\b|\bfamiliar\b|\bi know (?:X|that|this|it|them|of)\b|^(?:\w+ )?(?:yes |yeah |yep |oh |of course |sure |and |course )*(?:i |we )(?:have|did|had)(?: (?:indeed|too|actually|already|yes))*$|^(?:have|did)$|\bof course i (?:have|did)\b|\bi (?:have|did) (?:indeed|already|and)\b|\b(?:have|own) (?:it|X|that|them) (?:already|on dvd|at home)\b|\b(?:listen|listened) to (?:{_OBJ})(?: (?:already|all|before|a lot))""",
    ),
    (
        "no",
        r"""^(?:(?:oh|well|um|hmm?|hm|uh|haha|sorry|ok|ugh|yeah|actually|and|but|ah|eh) )*(?:no|nope|nah|naw|nay|not really|not quite|not exactly|not particularly|not at all|not much|no thanks|no thank you|no sorry|no good|nothing|negative|meh|ehh?|sorry|no no|no no no|hell no|definitely not|absolutely not|of course not|certainly not|not interested|not those|not that|not this|not these|not any|not for me|n|not so much|nothing really|i dont|i do not|i would not)(?: (?:really|sorry|thanks|thank you|please|at all|actually|no|not really|there|tonight|today|man|bro|i dont))*$|^(?:no |nope |well |sorry )*(?:im|i am|i|we|it|its|that|thats|this)? ?(?:dont|do not|wouldnt|would not|isnt|is not|doesnt|does not|not|wont|will not)(?: really| sorry| thanks)*$""",
    ),
    (
        "yes",
        r"""^(?:(?:oh|well|um|hmm?|hm|uh|haha|ah|wow|ooh|and|but|alright|a|that|this|it|really|very|so|hey|now|actually|its|thats|you know what) )*(?:yes|yep|yeah|yup|yea|ya|yess+|y|aye|sure|ok|okay|k|kk|great|perfect|awesome|cool|nice|excellent|good|wonderful|brilliant|fantastic|amazing|lovely|alright|all right|of course|absolutely|definitely|certainly|why not|deal|indeed|exactly|correct|right|totally|for sure|fine|you bet|by all means|with pleasure|please do|please|go for it|i guess|i guess so|i suppose so|i suppose|guess so|suppose so|works|agreed|true|sweet|neat|bet|love it|works for me|i would|i do|done|interesting|sold)(?: (?:yes|yeah|sure|please|thanks|then|great|sounds|good|cool|i guess|do|thing|enough|ok|okay|perfect|i do|i would|of course|that|it|one|this|with me|by me|me|for me|awesome|absolutely|definitely|nice|very|works|course|is|man|dude|indeed|why not))*$""",
    ),
)

# ---- politeness ----------------------------------------------------------------------------------

# Whole clauses, verbose regular expressions. "No thanks" is none: it refuses.
_PRAISING = "nice|great|good|wonderful|lovely|awesome|amazing|fantastic|blessed|fun|pleasant|safe"
COURTESIES = {
    "goodbye": rf"""
        (?:(?:i\ )?hope\ you\ |you\ |and\ |please\ |now\ |well\ |then\ )*(?:have|had)\ (?:an?\ |the\ |your\ )?
            (?:very\ |really\ |so\ |pretty\ )*(?:{_PRAISING})\ (?:day|night|evening|weekend|one|time|
            afternoon|morning|rest|week|trip|holiday|christmas|new\ year)(?:\ .*)?
        |(?:you\ )?(?:have\ )?take\ care(?:\ .*)?|(?:and\ )?(?:you|u|same)(?:\ too|\ to\ you|\ as\ well|\ also)(?:\ too)?
        |enjoy(?:\ (?:your|the)\ (?:rest|day|night|evening|weekend|popcorn).*)?|happy\ (?:watching|viewing|listening|eating|reading)
        |(?:it\ )?(?:was|is|its|been)?\ ?(?:so\ |very\ |really\ |a\ )*(?:nice|great|good|fun|pleasure|lovely|pleasant)
            \ (?:chatting|talking|speaking|chat|talk|meeting|to\ (?:meet|talk|chat|speak))(?:\ .*)?
        |until\ next\ time|talk\ (?:to\ you\ )?(?:soon|later)|i\ (?:will|wish\ you).{0, 20}(?:day|night)
    """,
    "thanks": r"""
        (?:(?:oh|well|and|so|but|again|hey|anyway|now|then)\ )*
        (?:many\ |much\ )?(?:thanks?|thx|thanx|ty|tysm|cheers|appreciated|appreciate)(?:\ (?:you|u|ya))?
        (?:\ (?:so|very|much|again|a|lot|lots|bunch|ton|million|loads|all|anyway|anyways|though|kindly|
            bro|man|mate|dude|friend|sir|everyone|and|thank|thanks|you|ahead|advance|in|for\ now|
            the|that|it|this|your|these|those|of|great|good|nice|suggestions?|recommendations?|recs?|
            help|ideas?|advice|tips?|time|really|both))*
        (?:\ (?:for|to)\ (?:(?!(?:i|ill|id|im|ive|but|we|no|can|could)\b)\S+\ ?)+)?
        |(?:i\ |we\ |and\ |really\ |do\ |very\ |truly\ |greatly\ )*appreciate(?:d)?\ (?:(?:it|that|this|you|your|the|all|
            everything)(?:\ .*)?)
        |much\ appreciated|(?:youve|you\ have|you\ were|youre|you\ are|thats|that\ is|that\ was|this\ was|this\ is)
            (?:\ been)?(?:\ (?:so|very|really|super|a|great|big|an|awesome|such|most|extremely|of))*\ (?:help|helpful|kind|
            nice|sweet|the\ best)(?:\ .*)?
        |thats\ very\ helpful|(?:very|so|super)\ helpful|for\ (?:your|the|all\ your)\ (?:help|time|suggestions?|recommendations?|.*help)
    """,
    "greeting": r"""
        (?:(?:oh|well|and|ok)\ )*(?:hi+|hello+|hey+|hiya|hola|howdy|greetings|yo|sup|heya|good\ (?:morning|evening|afternoon|day))
            (?:\ (?:there|all|again|friend|to|you|too|everyone|man|buddy|how|are|today|doing|is|it|going|
            sir|bot|and|good|morning|evening|afternoon|everything|well|great|hope|your|day|whats|up))*
        |(?:and\ |so\ )*how\ (?:are|r)\ (?:you|u|ya|things)(?:\ (?:doing|today|this|evening|morning|afternoon|now|going))*
        |(?:and\ )?hows\ (?:it\ going|your\ \w+|everything)(?:\ .*)?|hope\ (?:you\ are|youre|your|all\ is|you)\ .{0,40}(?:well|day|good|great)
        |(?:im|i\ am|all|doing|everything\ is|i)?\ ?(?:doing\ |very\ |pretty\ |just\ |really\ |feeling\ )*(?:good|fine|well|great|ok)
            \ (?:thanks|thank\ you|how|and\ (?:you|yourself)|yourself|and\ how)(?:\ .*)?
        |(?:and\ )?(?:how\ about\ )?(?:you|yourself)|nice\ to\ meet\ you(?:\ .*)?|happy\ new\ year|merry\ christmas
        |(?:im|i\ am)\ (?:doing\ )(?:good|fine|well|great|ok)
    """,
    "other": r"""
        (?:lol|lmao|rofl|ha(?:ha)+h?|hehe|heh|xd|aww?|ooh|oohh|wow|oops|ah)(?:\ (?:yes|yeah|lol|ok|nice|true))?
        |no\ worries|youre\ welcome|you\ are\ welcome|welcome|my\ pleasure|(?:i\ )?(?:am\ )?sorry\ about\ (?:that|it)
        |gotcha|i\ see|i\ understand|me\ neither|let\ me\ (?:think|see)
        |one\ (?:moment|second|sec)|hold\ on
    """,
}

# One of these words at least is in every courtesy.
COURTESY_WORDS = frozenset((
    "day", "night", "evening", "weekend", "one", "time", "afternoon", "morning", "rest", "week",
    "trip", "holiday", "christmas", "year", "care", "too", "same", "also", "well", "enjoy", "happy",
    "chatting", "talking", "speaking", "chat", "talk", "meeting", "meet", "speak", "until", "soon",
    "thanks", "thank", "thx", "thanx", "ty", "tysm", "cheers", "appreciated", "appreciate", "help",
    "helpful", "kind", "nice", "sweet", "best", "hi", "hii", "hiii", "hello", "helloo", "hey",
    "heyy", "hiya", "hola", "howdy", "greetings", "yo", "sup", "heya", "how", "hows", "hope", "you",
    "yourself", "merry", "doing", "good", "fine", "great", "ok", "lol", "lmao", "rofl", "haha",
    "hahaha", "ha", "hehe", "heh", "xd", "aw", "aww", "ooh", "oohh", "wow", "oops", "ah",
    "worries", "welcome", "pleasure", "sorry", "gotcha", "see", "understand", "neither", "think",
    "moment", "second", "sec", "hold", "suggestions", "suggestion", "recommendations", "as",
))  # fmt: skip

# ---- the recommender -----------------------------------------------------------------------------

REFLECTING = _cues("""
    what was wrong|whats wrong|what is wrong|didnt you like|did you not like|dont you like|
    dislike about|why did these|why didnt|why not|why were|why did|reflect|what went wrong|
    what should be different|what would you change|put you off|what was missing|whats missing|
    not work for you|didnt work for you|what could be better|how is this going|how is it going|
    hows this going|hows it going|how am i doing
""")

BEST = _cues("""
    recommend|best i have|top picks|my picks|my best|best matches|best candidates|recommendations|
    my suggestions|show you what|some suggestions|top recommendations
""")

ASKING = _cues("ask|may i ask|ask you|what else|anything else|should i know|tell me more")

# What follows is a reason to show something.
BECAUSE = _cues("because|since you|as you like|as you want|given that you|reason")

PASSING = _cues("let me think|pass|one moment|give me a moment|give me a second|hold on|hm|i see")
