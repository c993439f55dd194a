"""What users of the style "human" say: rules of `recosim.language.grammar`. Data and little else.

Written for RecoSim; no line of a dialogue of people is in here. What decides how often something is
said is how often it stands in a bracket. So that a line has one reading:

- a filler (`FILLERS`) carries no act and no opinion: what is for or against something belongs to
  the rule of the act;
- no line that one rule can say is one that another can say in the same place (`ONLY` tells places).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CASES", "DOMAINS", "FILLERS", "JOINS", "ONLY", "SHARED"]

# What the things of a world are, and what is done with them: one of these comes first.
DOMAINS: Mapping[str, Mapping[str, str]] = {
    "films": {
        "thing": "(movie|movie|movie|film|flick)",
        "things": "(movies|movies|films)",
        "seen": "(seen|seen|seen|watched)",
        "saw": "(saw|saw|watched)",
        "see": "(watch|watch|see)",
        "seeing": "(watching|watching|seeing)",
        "who": "(stars in|is in|directed|made)",
        "occasion": "(movie night|family movie night|date night|movie marathon|sleepover)",
        "content": "(what is the (plot|story) (of|in)|what happens in)",
        "part": "(the (acting|ending|plot|story|cast|trailer|first half)|the main character)",
        "maker": "(actor|director|actress)",
    },
    "music": {
        "thing": "(band|artist|group|act)",
        "things": "(bands|artists|music|songs)",
        "seen": "(heard|heard|listened to|played)",
        "saw": "(heard|listened to|played)",
        "see": "(listen to|hear|play|put on)",
        "seeing": "(listening to|hearing|playing)",
        "who": "(plays in|sings in|writes for)",
        "occasion": "(party|road trip|playlist|long drive|workout)",
        "content": "(what is the sound of|what sort of songs are by)",
        "part": "(the (singing|lyrics|melody|rhythm|chorus|beat|last album)|the singer)",
        "maker": "(singer|songwriter|producer)",
    },
    "places": {
        "thing": "(place|place|spot|restaurant)",
        "things": "(places|spots)",
        "seen": "(been to|been to|tried|visited)",
        "saw": "(went to|tried|visited)",
        "see": "(go to|try|visit)",
        "seeing": "(going to|trying|visiting)",
        "who": "(runs|cooks at|owns)",
        "occasion": "(dinner|birthday|date night|lunch|night out)",
        "content": "(what is on the menu at|what do they have at)",
        "part": "(the (food|service|menu|staff|location|parking|view)|the owner)",
        "maker": "(chef|owner|cook)",
    },
    "things": {
        "thing": "(one|thing|option)",
        "things": "(things|ones|options)",
        "seen": "(tried|used|had)",
        "saw": "(tried|used|had)",
        "see": "(try|use|get)",
        "seeing": "(trying|using|getting)",
        "who": "(makes|made|is behind)",
        "occasion": "(weekend|birthday|trip|party)",
        "content": "(what is the idea of|what comes with)",
        "part": "(the (look|price|idea|name|style|shape|rest)|the name)",
        "maker": "(maker|brand|designer)",
    },
}

# ---- pieces of several rules ---------------------------------------------------------------------

SHARED: Mapping[str, str] = {
    "really": "(really|definitely|honestly|actually|kind of|totally|just|||||)",
    "am": "(i'm|i am|i'm)",
    "ive": "(i've|i have|i have|i've)",
    "id": "(i'd|i would)",
    "ill": "(i'll|i will|i think i'll|i think i will|i'm going to|i'm gonna|i guess i'll)",
    "dont": "(don't|do not|don't|don't really|do not really|never)",
    "didnt": "(didn't|did not|didn't really|never really)",
    "it": "(it|it|it|that|that one|that <thing>)",
    "when": "(tonight|this weekend|tomorrow|later today|this evening|this week|right now|today"
    "|on friday|on saturday|on sunday night|after work)",
    "whom": "(my (wife|husband|kids|son|daughter|sister|brother|friends|girlfriend|boyfriend"
    "|roommate|parents|mom|dad|family|cousins|nephew|niece|best friend|coworkers)|a friend"
    "|some friends|the kids|the family|the whole family|a couple of friends)",
    "one": "(a|a good|a great|a nice|some|any|another|one|a decent|a really good|the best)",
    "kindof": "(something|anything|something|<one> <thing>|<things>|good <things>|some <things>"
    "|a <thing>)",
    "with": "(with|with|with some|with a bit of|with a lot of|that is|that has|like|in the line of"
    "|that's|involving|more along the lines of|around)",
    "ago": "(already|before|a while ago|a few times|last (week|month|year|weekend|summer)"
    "|years ago|a long time ago|a couple of times|in the past|when it (first|) came out"
    "|with <whom>|too many times|twice|once|as a kid|back in (college|school|the day)|recently"
    "|the other (day|night)|several times|(a million|so many) times|when i was (a kid|younger))",
    "next": "((do you have|have you got|got|is there|are there|can you think of)"
    " (any (others|other (suggestions|ideas|recommendations|<things>|ones))|anything else"
    "|something else|another (one|suggestion|idea|<thing>))?"
    "|(any|any|got any) (other (suggestions|ideas|recommendations|<things>|ones|options)"
    "|others|more (ideas|suggestions))?"
    "|what else (do you have|have you got|is there|would you (suggest|recommend)"
    "|(can|could) you (suggest|recommend))?"
    "|(can|could) you (suggest|recommend|find|give me|try|show me|think of)"
    " (something else|another (one|<thing>|)|a different (one|<thing>)|a few more|some others)"
    "(, please|)?"
    "|(what|how) about (something|anything|one) (else|different|similar)?"
    "|anything (else|similar|different|newer or older)?|what else?)",
}

# ---- acts ----------------------------------------------------------------------------------------

_GOOD = (
    "(sounds|that sounds|it sounds|looks|that looks|this sounds|that one sounds)"
    " (good|great|perfect|interesting|awesome|fun|like (fun|a winner|a good (one|choice|pick))"
    "|really (good|interesting)|pretty (good|cool))"
)
_YES = (
    "(yes|yes|yeah|yeah|yep|sure|sure|ok|okay|definitely|absolutely|yes please|of course|oh yes"
    "|oh yeah|for sure|yes definitely|yeah sure|sure thing|why not|yeah definitely|ok sure)"
)
_YES_TAIL = (
    f"({_GOOD}( to me|)|(that would|that'd|that will) (be|work) (great|good|perfect|nice|fine"
    "|awesome)(, actually|)|(i|i really|i do|i always|i usually|we|we all) (like|love|enjoy)"
    " (that|those|that kind of <thing>|those kinds of <things>|that a lot|those a lot"
    "|<seeing> (that|those))"
    "|that's (exactly |just |) (what i (want|had in mind|was thinking|need)|my (thing|favorite))"
    "|<am> (up for|down for|always up for|okay with|good with|in the mood for|a (big|huge) fan of)"
    " (that|it)"
    "|(that|it) (works|fits|is fine|is good) (for me|)|i can (do|go with) that|let's do that"
    "|let's go (with|for) that)"
)
_NO = (
    "(no|no|nope|nah|no|not really|not really|no thanks|no thank you|not this time|probably not"
    "|no, not really|i don't think so|not (tonight|today|for me|at the moment)|hmm no|no, sorry"
    "|sorry no|eh, not really|not so much)"
)
_NO_TAIL = (
    "((i|i really|we) <dont> (like|enjoy|love|care for|care about|get|want|watch|go for|need)"
    " (that|those|that (kind|type|sort) of <thing>|that stuff|those kinds of <things>)"
    "( very much| at all| that much| these days|)"
    "|(i'm|i am|we're) not (really |) (in the mood for|into|a fan of|a big fan of|looking for"
    "|interested in|feeling|up for) (that|those|it|that one|that (kind|sort) of <thing>)"
    "( <when>|)"
    "|(that's|that is|it's) not (really |) (my thing|for me|what i (want|had in mind|am looking for"
    "|was looking for|like|need)|something i (like|want|enjoy))|<id> (rather|prefer) not"
    "|<whom> (wouldn't|would not) (like|enjoy) (that|it)|(i've had|i had) (enough|too much) of that"
    "( lately|)|that never (works|worked) for me)"
)
_UNSURE = (
    "(i don't know|i don't know|not sure|i'm not sure|not (really|too) sure|no idea|i have no idea"
    "|i don't (really|) (mind|care)|doesn't matter|it doesn't (really|) matter( to me|)"
    "|i (don't have|have no) (a|real|strong|) (preference|opinion)|(either|both) (is|are) (fine|ok)"
    "|either way is fine|it depends|hard to say|i (can't|couldn't) (really|) say|i'm open(| to it)"
    "|i'm not picky about that|whatever you think( is best|)|idk|i'm not familiar with (that|those)"
    "|i (haven't|never) (really|) thought about (that|it))"
)
_UNSURE_TAIL = (
    "((i'll|i will|i can|i could) (go with|take|leave that to) (whatever you|you)( have| like|)"
    "|i (haven't|have not) (decided|made up my mind)( yet|)|(i'd|i would) have to think about (it"
    "|that)|i (never|don't) (really|) know what (that|those) (is|are|means)|it's not (that|so)"
    " important( to me|)|(maybe|perhaps), maybe not|what do you (think|mean)?"
    "|what (is|are) (that|those)?|i guess it (depends|could be either)|you (can|could) (pick|choose"
    "|decide)( that|)( for me|))"
)
_SEEN = (
    "(<ive> (already |actually |) <seen> {item}( <ago>|)"
    "|<ive> <seen> {item}|(already|ya already|yeah already) <seen> {item}( <ago>|)"
    "|i (already |just |) <saw> {item}( <ago>|)|(i|we) (know|know about|remember) {item}( already"
    "| pretty well| quite well| very well|)|(we've|we have) (already |) <seen> {item}( <ago>|)"
    "|{item} is (one|one of the (ones|<things>)) (i've|i have|we've) (already |) <seen>( <ago>|))"
)
_LIKED = (
    "((i |we |) (really |absolutely |just |) (liked|loved|enjoyed|loved|adored) <it>( a lot"
    "| so much| very much|)|(it|that) (was|is) (a |) (really |so |pretty |very |) (good|great"
    "|awesome|amazing|fun|excellent|funny|one of my favorites|cool)|(good|great|awesome|fun|nice)"
    " (one|<thing>)|(it's|it is) one of my (favorites|favorite <things>|all time favorites)"
    "|i thought it was (great|good|really good|amazing|pretty good))"
)
_DISLIKED = (
    "((i |we |) (<didnt>) (like|enjoy|love|care for|get) <it>( (very|that) much| at all|)"
    "|(it|that) (was|is) (a bit |pretty |kind of |really |too |so |) (boring|bad|terrible|awful"
    "|disappointing|not good|not great|overrated|weird|slow|long|not for me)|(it|that) (wasn't"
    "|was not|isn't) (very |that |really |) (good|great|interesting|my thing|for me)"
    "|i (hated|disliked|couldn't finish|got bored with) <it>|wasn't (a fan|a big fan|my favorite)"
    "|(not|wasn't) my (thing|favorite|kind of <thing>))"
)
_UNKNOWN = (
    "((i've|i have|we've|) (never|not) heard of {item}( before| until now|)"
    "|(i|we) (haven't|have not|have never|never) (heard of|heard about|come across) {item}"
    "( before| yet|)|i (don't|do not) (know|think i know|recognize) {item}( at all|)"
    "|{item} (is (new|unfamiliar) to me|doesn't ring a bell|doesn't sound familiar)"
    "|<am> not familiar with {item}( at all|)|(not|never) heard of {item}( before|)"
    "|i (haven't|have not|never) <seen> {item}( yet| before|)"
    "|i (know nothing|don't know (anything|much|a thing)) about {item})"
)
_LATER = (
    "((i'll|i will|i might|i may|we might|maybe i'll|i'll have to|i will have to|i'm going to"
    "|i'll definitely|i should) (check {item} out|check out {item}|look into {item}|add {item} to"
    " my list"
    "|put {item} on my list|keep {item} in mind|look up {item}|give {item} a (try|chance)"
    "|save {item} for (later|another (day|time)))"
    "( some other time| some time| sometime| later( on|)| another (time|day|night)| one day| soon"
    "| when i have (more |) time|)"
    "|(maybe|perhaps) {item} (some other time|another time|later|one day)"
    "|{item} (goes|is going) on (my|the) list( for (later|another day)|))"
)
_TAKE = (
    "(<ill> (take|go with|try|watch|choose|pick|get|have) {items}( then| <when>|)"
    "|(let's|let us) (go with|try|do|take) {items}( then| <when>|)"
    "|{items} (sounds|sound|looks|look) (good|great|perfect|interesting|awesome|like fun"
    "|like a (good (one|choice|pick|<thing>)|winner)|really good|right up my alley)( to me| <when>"
    "|)"
    "|i (really |) (want|would (like|love)) to (try|<see>) {items}( <when>|)"
    "|{items} (it is|is (perfect|what i want|the one|just what i needed|exactly what i (want"
    "|need|was looking for))|would be (great|perfect|good|my pick|my choice)|works for me)"
    "|(yes|yeah|ok|okay|sure|great|perfect|awesome|nice|oh|oh nice|oh great|oh wow|cool), "
    "(i'll (take|try|go with|<see>) {items}|{items} (sounds|sound) good|{items} it is|let's do"
    " {items})"
    "( <really>|))"
)

CASES: Mapping[str, str] = {
    # ---- openings
    "request": (
        "((i'm|i am|i'm|we're|we are) (looking for|searching for|trying to find|in the mood for"
        "|hoping (to find|for)|after|in need of|looking to <see>) <kindof> <with> {attributes}"
        "( <when>| to <see>( <when>|)| that i can <see> with <whom>|)"
        "|(i'm|i am|we're) (looking for|in the mood for|after|into) {attributes}( <when>|)"
        "|(can|could|would) you (please |) (recommend|suggest|find|help me find|give me|help me"
        " pick"
        "|tell me about) (me |) <kindof> <with> {attributes}( please|)?"
        "|(can|could) you (recommend|suggest) (some |any |good |) {attributes}?"
        "|(do you (know|have)|know of|got|have you got) (of |) <kindof> <with> {attributes}?"
        "|(i|we) (want|need|would like|would love|feel like|want to <see>|would like to <see>"
        "|need to find) <kindof> <with> {attributes}( <when>|)"
        "|(i|we|i really|i usually|i mostly|i generally) (like|love|enjoy) {attributes}(|, can you"
        " help?|, what (do you have|would you (suggest|recommend))?|, so <kindof> like that)"
        "|any (suggestions for|recommendations for|ideas for|good) <kindof> <with> {attributes}?"
        "|(some|any|any good|maybe|preferably|looking for|something|please) {attributes}( please|)"
        "|what (are|is) (some|a|the best|your favorite) (good |) <kindof> <with> {attributes}?"
        "|<kindof> <with> {attributes}( would be (great|nice|good|perfect)| please|)"
        "|help me (find|pick|choose) <kindof> <with> {attributes}(, please|)"
        "|what (do you (have|suggest|recommend)|would you (suggest|recommend)|should i <see>) (for"
        " someone who (likes|loves|enjoys|wants)|if i want|if i like) {attributes}?)"
    ),
    "request_facet": (
        "((as for|when it comes to|regarding|about|as far as) {facet}( goes|), (i|we) (want|like"
        "|would like|need|prefer|love|am looking for) {attributes}( <when>|)"
        "|(my|my favorite|the) {facet} (would be|should be|has to be|is) {attributes}( <when>|)"
        "|(do you have|can you (find|suggest|recommend)|is there) <kindof> where the {facet} is"
        " {attributes}?"
        "|i (care about|think of|go by) {facet} first, (and|so) (i want|i like|it has to be"
        "|let's say) {attributes})"
    ),
    "request_facet_any": (
        "((i|we) (really |mostly |) care (most |) about {facet}( the most|)"
        "|(what matters|the thing that matters|the main thing) (to me |) is {facet}"
        "|(can|could) you (help me (find|pick)|recommend|suggest) <kindof>, {facet} (matters"
        "|is important) (most |) to me?|{facet} is (important|what counts) (for|to) me)"
    ),
    "request_any": (
        "((can|could|would) you (please |) (recommend|suggest|find|help me find|help me pick"
        "|give me) (me |) <kindof>( to <see>|)( <when>| with <whom>| please|)?"
        "|(i'm|i am|we're) (looking for|searching for|trying to find|in the mood for|hoping to"
        " find)"
        " <kindof>( to <see>|)( <when>| with <whom>|)"
        "|(i|we) (want|need|would like|would love) (a (suggestion|recommendation)|<kindof> to <see>"
        "|to <see> <kindof>)( <when>| with <whom>|)"
        "|(surprise me|you (pick|choose)|anything (goes|is fine)|whatever you like"
        "|i (have nothing|don't have anything) (special |specific |) in mind|i'm open to anything)"
        "|(do you have|got|have) any (good |) (suggestions|recommendations|ideas)( for me"
        "| for <when>|)?|what (do you (have|recommend|suggest)|(should|could|can) (i|we) <see>"
        "|would you (suggest|recommend)|is good)( <when>|)?|(what's|what is) (good|a good <thing>"
        "|worth <seeing>)( these days| <when>|)?"
        "|(want to|can you) help me (find|pick|choose) <kindof>( to <see>|)( <when>| with <whom>"
        "|)?)"
    ),
    "request_item": (
        "((i'm|i am) (looking for|after|in the mood for|hoping for) <kindof> (like|similar to|along"
        " the lines of|in the style of) {item}( <when>|)"
        "|(can|could) you (recommend|suggest|find|give me) (me |) <kindof> (like|similar to) {item}"
        "( please|)?|i (really |just |) (liked|loved|enjoyed|love|like|adore) {item}(, (what else"
        " (is there|would you suggest)?|anything like that?|so <kindof> like that|do you have"
        " (anything|something) (similar|like it|like that)?)|)"
        "|(do you (have|know)|is there) (of |) <kindof> (like|similar to) {item}?"
        "|{item} is (my|one of my) (favorite|favorites|favorite <things>)( of all time|)"
        "|i (just |recently |) <saw> {item} and (loved|liked|enjoyed) it( a lot|)"
        "|<kindof> (like|similar to) {item}( would be (great|nice|good)| please|))"
    ),
    # Behind a request that names something: an example.
    "like": (
        "((like|similar to|a bit like|kind of like|along the lines of|think of|for example|such as)"
        " {item}|<kindof> similar to {item}|i (really |) (liked|loved|enjoyed) {item}( a lot|)"
        "|{item} is (a good example|one i like|one of my favorites))"
    ),
    # ---- answers
    "yes": f"({_YES}|{_YES}|{_YES}( ,| ,| -| !) {_YES_TAIL}|{_YES_TAIL}|{_YES} {_YES_TAIL})",
    "yes_all": (
        "((yes|yeah|sure|ok|definitely|well|oh|honestly|)(,|) (both|both of them|both please"
        "|all of (them|those)|both (would be|are|sound) (great|good|fine|perfect)|i (like|love"
        "|enjoy|want) both( of (them|those)|)|(either one|any of (those|them)) (works|is good"
        "|sounds good)|let's (do|go with) both|why not both?|both of those (sound|are) (good"
        "|great)))"
    ),
    "yes_some": (
        "((yes|yeah|sure|ok|definitely|oh|well|hmm|yes please|oh yeah|) (,|) "
        "(i (really |) (like|love|want|enjoy|prefer|would (like|love|prefer)|am (into|in the mood"
        " for)) {accepted}( a lot| the most| best|)|{accepted}( please| sounds (good|great)"
        "| would be (great|good|nice|perfect)| is (good|fine|great|my favorite)| works( for me|)|)"
        "|(i'd|i would) (go with|say|pick|choose) {accepted}|let's (say|go with|do|try) {accepted}"
        "|(maybe|probably|preferably|mostly|definitely) {accepted}|<am> (a (big|huge) fan of|always"
        " up for|leaning towards|thinking) {accepted}))"
    ),
    "no": f"({_NO}|{_NO}(,| -|.) {_NO_TAIL}|{_NO}, {_NO_TAIL}|{_NO_TAIL})",
    "no_named": (
        f"(({_NO}(,|.) |)((i|we|i really) <dont> (like|enjoy|love|care for|want|need|go for"
        "|get) {asked}( very much| at all| that much|)|(i'm|i am|we're) not (really |) (in the mood"
        " for|into|a fan of|a big fan of|looking for|interested in|up for) {asked}( <when>|)"
        "|{asked} (is|are) not (really |) (my thing|for me|what i (want|am looking for|had in"
        " mind))"
        "|no {asked}( please| for me|)|not {asked}( please|)|anything but {asked}))"
    ),
    "unsure": f"({_UNSURE}|{_UNSURE}(,|.) {_UNSURE_TAIL}|{_UNSURE}|{_UNSURE_TAIL})",
    "also": (
        "((but |so |) (i'd|i would|we would|i) (rather|prefer|much rather|would rather)"
        " (have|see|get|try|<see>|go for) (something with |something |) {also}( instead| if"
        " possible"
        "| <when>|)|but (i|we) (do|would|really|always|usually) (like|love|want|enjoy) {also}"
        "( though| a lot|)|(what i (really |) (want|like|need) is|i'm (more |) (in the mood for"
        "|looking for)|i was (thinking|thinking of|hoping for)|more like|rather|instead) {also}"
        "( though| <when>|)|(what about|how about|do you have|is there|got) (something with"
        " |anything with |any |some |) {also}( instead|)?)"
    ),
    # ---- lists
    "take": _TAKE.replace("{items}", "{item}"),
    "take_several": _TAKE,
    "take_it": (
        f"({_YES}(,|!) <ill> (take it|try it|go with (it|that)|check it out (now|<when>)|<see> it"
        "( <when>|))|<ill> (take|try|<see>|go with) (it|that|that one|this one)( <when>|)"
        f"|{_GOOD}( to me|)(, (<ill> (take it|try it|<see> it)|thank you|thanks)|)"
        "|(perfect|great|awesome|excellent|nice|cool|great choice|good (choice|pick|call)"
        "|great (pick|suggestion|recommendation))( , (thank you|thanks)| , <ill> (take|<see>) it|)"
        "|(that's|that is|this is) (perfect|great|exactly what i (want|was looking for|need)|the"
        " one"
        "|just what i (wanted|needed))|(i'd|i would) (love|like) to <see> (that|it|that one))"
    ),
    "refuse": (
        "((no|no|nope|nah|hmm no|not really|no thanks|sorry|hmm|well|sorry, no|no, sorry|not quite"
        "|no thank you|eh)(,|.) (none of (those|these|them) (really |) (appeal to me|interest me"
        "|look"
        " good|sound good|is what i want|are (for me|my thing|what i'm looking for))"
        "|(those|these|they) (are not|aren't|don't seem to be|don't look) (really |) (for me"
        "|my (thing|kind of <thing>|taste)|what i (want|had in mind|am looking for|was looking for"
        "|was hoping for)|my cup of tea|quite right)( <when>|)|(i'm|i am) not (really |)"
        " (interested"
        " in|in the mood for|feeling|into|sold on) (those|these|any of (those|these|them))( <when>"
        "|)"
        "|i (don't|do not) (think (i'd like|i would like|i like)|really like|want|care for|like"
        "|feel like <seeing>) (those|these|any of (those|these|them))( <when>|)|<next>)"
        "|(none of (those|these|them)|no, none of (those|these)|not (those|these|any of these"
        "|that))"
        "(, sorry| , thanks| <really>|)(, <next>|)"
        "|(those|these|they) (are not|aren't|don't look|don't sound) (really |) (for me|my"
        " (thing|taste)|what i (want|had in mind|am looking for|was looking for)|like (something"
        " (i'd (like|enjoy)|i (like|enjoy))|my thing))(, sorry| <when>|)( . <next>|)"
        "|(i'm|i am) not (really |) (interested in|in the mood for|feeling|into|sold on) (those"
        "|these|any of (those|these|them))( <when>|)( . <next>|)"
        "|i (don't|do not) (think (i'd like|i would like|i like)|really like|want|care for|feel"
        " like"
        " <seeing>) (those|these|any of (those|these|them))( <when>|)|(no|nope|nah|not really|pass"
        "|no thanks|i'll pass|i'll pass on (those|these)|not interested|next)( , <next>|)|<next>)"
    ),
    "refuse_named": (
        "((no|nope|nah|hmm|well|sorry|not really|) (,|) (<am> not (really |) (interested in|in the"
        " mood for|feeling|into|a fan of|sold on) {item}( <when>|)|i <dont> (think (i would like"
        "|i'd like|i like)|want to <see>|feel like <seeing>|like the (look|sound) of|care for)"
        " {item}"
        "( <when>|)|{item} (doesn't|does not) (sound|look|seem) (good|interesting|right|like (my"
        " thing|something (i'd|i would) like)|great)( to me|)|{item} is not (really |) (for me|my"
        " thing"
        "|what i (want|am looking for|was looking for|had in mind)|my kind of <thing>)|i'll pass on"
        " {item}|not {item}( again|))( , <next>| . <next>|))"
    ),
    "note_seen": f"({_SEEN})",
    "note_liked": (
        f"({_SEEN}(, and| and|,|.|!|) {_LIKED}|(i|we) (already |) (love|loved|really liked|enjoyed"
        "|really enjoyed|liked) {item} (already|when i <saw> it|<ago>)|{item} (is|was) (great|good"
        "|fun|awesome|really good)"
        "(,|) (<ive> (already |) <seen> it|i know it)( already|))"
    ),
    "note_disliked": (
        f"({_SEEN}( but| and|,|.|) {_DISLIKED}|(i|we) <didnt> (like|enjoy|care for|love) {{item}}"
        "( when (i|we) <saw> it|)|i (tried|<saw>) {item} (before |once |)(and|but) (<didnt> (like|"
        "enjoy|finish) it|it was (boring|not for me|terrible|too long)|got bored))"
    ),
    "note_unknown": _UNKNOWN,
    "note_later": _LATER,
    # ---- questions about an item
    "inquire_content": (
        "((what is|what's|can you tell me what|do you know what) {named} (about|all about|like"
        "|about exactly)?|(can|could) you (tell me|say) (more|something|a bit more|a little"
        " more|anything) about {named}( first| please|)?|what (kind|type|sort) of <thing> is"
        " {named}?"
        "|<content> {named}?|(tell me (more|something|a bit)|i'd like to (know|hear) more) about"
        " {named}( first| please|)"
        "|is {named} (long|new|old|sad|like the others|for kids|for adults|scary|funny)?)"
    ),
    "inquire_content_any": (
        "(what (is|are) (it|that|they|those) (about|like|all about)?|what (kind|type|sort) of"
        " <things> are (they|those|these)?|(can|could) you (tell me|say) (more|a bit more"
        "|something)"
        " about (it|that|them|those|these)( first| please|)?|(what's|whats) (it|that) about?"
        "|tell me (more|a bit more) about (it|that|them|those|these)( first| please|))"
    ),
    "inquire_quality": (
        "(is {named} (any good|good|really good|worth it|worth <seeing>|as good as they say|well"
        " reviewed|better than the (others|rest))?|(did|do|would) (you|people|others|most"
        " people) (like|love|enjoy|recommend) {named}?|(how|how good) is {named}?|(does|did)"
        " {named}"
        " (have|get) good (reviews|ratings)?|what do (people|you|others) (think|say) (of|about)"
        " {named}?|(have you|did you ever) <seen> {named}( yourself|)?)"
    ),
    "inquire_quality_any": (
        "((is|are) (it|that|they|those|that one|these) (any good|good|really good|worth it"
        "|worth <seeing>)?|(did|do|would) (you|people|most people) (like|love|enjoy|recommend) (it"
        "|that|them|those|these)?|(have you|did you ever) <seen> (it|that|them|those|any of (them"
        "|these|those))( yourself|)?|(how good|how) (is|are) (it|that|they|those)?|(does|do|did)"
        " (it|they|that|those) (have|get) good (reviews|ratings)?|what do (people|you) think of"
        " (it|them|those|that)?)"
    ),
    "inquire_maker": (
        "(who <who> {named}?|who is (in|behind|the <maker> (of|in)) {named}?|(do you know|can you"
        " tell"
        " me) who <who> {named}?|who is {named} (by|from)?|is there (a|any) (famous |)"
        " <maker> in {named}?)"
    ),
    "inquire_maker_any": (
        "(who <who> (it|that|them|those|these)?|who (is|are) (in|behind|the <maker> (of|in)) (it"
        "|that"
        "|them|those|these)?|(do you know|can you tell me) who <who> (it|that|them|those|these)?"
        "|who (is|are) (it|that|they|those) by?)"
    ),
    # ---- what is wrong
    "less": (
        "((there is|there's|that's|that is|those have|these have|they have|it has) (way |a bit"
        " |a little |just |far |) too much {attribute}( in (those|these|that|it|there)| for (me"
        "|<whom>|my taste)|)|(too|way too|a bit too) much {attribute}( for me| there|)"
        "|(i'd|i would|i) (like|want|prefer|need) (something with |a <thing> with |) less"
        " {attribute}"
        "( please| <when>|)|(less|a bit less|a little less|something with less) {attribute}"
        "( please| if possible| this time|)|(i'm|i am) (tired|sick) of {attribute}( right now|)"
        "|(do you have|is there|can you find|got) (something|anything|one|a <thing>) (without so"
        " much|with less|with not so much|that is less) {attribute}?|(not|nothing) so much"
        " {attribute}( please| this time|)|(these|those|they) (are|all have|seem) (a bit |) too"
        " {attribute}( for me|))"
    ),
    "more": (
        "((there is|there's|those have|these have|they have|it has) (not enough|too little)"
        " {attribute}( in (those|these|that|it|there)| for (me|<whom>|my taste)|)"
        "|(i'd|i would|i|we) (like|want|prefer|need|would love) (something with |a <thing> with |)"
        " (a bit |a little |some |) more {attribute}( please| <when>|)|(more|a bit more|something"
        " with more|a little more) {attribute}( please| if possible| this time|)"
        "|(do you have|is there|can you find|got) (something|anything|one|a <thing>) (with more"
        "|with a bit more|that is more|that has more) {attribute}?|not enough {attribute}( for me"
        "| there|)|(these|those|they) (are|seem) not {attribute} enough( for me|))"
    ),
    "less_item": (
        "({named} (has|seems to have) (way |a bit |) too much {attribute}( for me|)"
        "|(there is|there's) too much {attribute} in {named}( for me|)"
        "|{named} is (a bit |way |) too {attribute}( for me|)"
        "|(do you have|is there) (something|anything) like {named} (but |)with less {attribute}?)"
    ),
    "more_item": (
        "({named} (has|seems to have) (not enough|too little) {attribute}( for me|)"
        "|(there is|there's) not enough {attribute} in {named}( for me|)"
        "|{named} is not {attribute} enough( for me|)"
        "|(do you have|is there) (something|anything) like {named} (but |)with more {attribute}?)"
    ),
    # ---- directives: `_instructions` makes the rules of these
    # ---- corrections
    "add": (
        "((you should know|just so you know|i forgot to (say|mention)|by the way|one more thing)"
        "(,|) (that |)(i|we) (do |also |really |) (like|love|want|enjoy) {add}( too| as well|)"
        "|(please |can you |)(add|put down) {add}( to (the|my) list|)( please|))"
    ),
    "remove": (
        "((i never|i didn't|i did not) (said|say|mean|ask for|asked for) (that i (want|like) |)"
        "{remove}|(please |can you |)(take (out|off)|remove|scratch|forget|drop) {remove}( please"
        "| from (the|my) list|)|(you got me wrong|that's wrong|that's a mistake)(,|) i (don't|do"
        " not)"
        " (want|like) {remove})"
    ),
    "edit_both": (
        "((please |can you |)(swap|trade|replace) {remove} (for|with) {add}( please|)"
        "|(i|we) (meant|want|would rather have|prefer) {add} (instead of|and not|rather than)"
        " {remove}|{add} (and|but) not {remove}( please|))"
    ),
    "edit_nothing": (
        "((nothing|there is nothing) (to (change|correct|fix)|i would change)( there|)"
        "|you (got|have) (me|it|everything) (all |) right( so far|)|no (changes|corrections)"
        "( from me|)|keep (it|everything) (as it is|that way))"
    ),
    # ---- ends and courtesies
    "impatient": (
        "((sorry|ok|well|listen|honestly|)(,|) (this is (taking (too long|forever)|going nowhere"
        "|not working|no use|a waste of time)|i (give up|am done with this|have had enough|can't do"
        " this anymore)|(i think|i guess) (i'll|i will) (just |) (look|search|find one|try) (on my"
        " own|myself|somewhere else|elsewhere)|(forget it|never mind)|i'm (getting tired|done"
        " waiting|out of patience)( of this|))(, (bye|goodbye|maybe another time)|))"
    ),
    "satisfied": (
        "((ok|great|perfect|alright|well|)(,|) (i (have|got|found) (what|everything) i (need|needed"
        "|wanted|was looking for)|(i'm|i am|we're) (all set|good now|happy with that|done here)"
        "|that's (all|it) (for (today|now|me)|i need|i needed)|that will be all)(, (thank you"
        "|thanks)( for (your|all the) help|)|, bye|))"
    ),
    "other": (
        "((sorry|ok|well|alright|oh|)(,|) (i (have to|need to|must|gotta|should) (go|run|leave|stop"
        " here|get going)( now|)|(i'm|i am) (leaving|heading out|off)( now|)|(let's|we can) (stop"
        " (here|now)|leave it (here|there|at that))|gotta (go|run))(, (bye|goodbye|see you|talk"
        " later|take care)|))"
    ),
    "thanks": (
        "((thank you|thanks) (so much|very much|a lot|a bunch|again|so so much)( for (the|your|all"
        " the|all your) (help|suggestions|recommendations|suggestion|time|ideas)|)|i (really |)"
        " appreciate (it|the help|your help)( a lot|)|(many thanks|thanks a million|much"
        " appreciated)|you (have been|were) (so |very |) helpful( today|))"
    ),
    "greeting": (
        "((hi|hello|hey) there( friend|)(, how (are you|is it going|are things)( today"
        "| this evening|)?|)|good (morning|evening|afternoon)( to you|)(, how are you( today|)?|)"
        "|nice to meet you|(hi|hello|hey), (i'm new here|it's me again))"
    ),
    "goodbye": (
        "((have a|have a) (great|good|nice|wonderful|lovely) (day|night|evening|weekend|one)"
        "( as well| too| ahead|)|(enjoy|take care of) (your|yourself) (day|evening|weekend|too"
        "|then)|(see|talk to) you (around|next time|again soon)|same to you|you too)"
    ),
    "courtesy_other": (
        "((that's|that is) (so |very |really |) (kind|nice|sweet|thoughtful) of you|no (worries"
        "|problem( at all|))|(you're|you are) (welcome|so funny|the best|very kind)|it was (nice"
        "|great|fun) (talking|chatting) (to|with) you|glad (to hear (it|that)|we agree)"
        "|my pleasure|haha (that's|that is) (funny|true|cute)|(i|i'm) (hope|sure) (you|we) (are"
        " doing"
        " well|will get along))"
    ),
}

_IF = "((when|whenever|if|every time) (i|we) (ask|am asking|come to you) for {condition}(,|) )"
_WANTING = {
    "want": "(make sure (there is|i get|it has)|keep in mind that i (want|like)|always think of"
    "|remember (that i like|to include)|stick (with|to)) {attributes}",
    "avoid": "(stay away from|leave out|skip|avoid|no|nothing with|keep away from|i can't stand"
    "|please no|spare me|i don't (want|like) any) {attributes:or}",
}
_SCOPE = {
    "turn": "(just this once|only this (once|time)|for the next one only|just for the next one)",
    "session": "((for|during) (this|our) (chat|talk|conversation)|while we (talk|chat)|for today)",
    "always": "(from now on|every time|in general|as a rule|no matter what)",
}


def _instructions() -> dict[str, str]:
    """A rule for each kind of directive: "want_turn", ..., "if_avoid_always"."""
    return {
        f"{prefix}{directive}_{scope}": f"{condition}{wanting} {when}"
        for prefix, condition in (("", ""), ("if_", _IF))
        for directive, wanting in _WANTING.items()
        for scope, when in _SCOPE.items()
    }


CASES = {
    **CASES,
    **_instructions(),
    # In answer to a list, and where they are asked what was wrong, a want needs no scope.
    "want_here": (
        "((do you have|have you got|is there|can you (find|suggest|recommend|show me)|got) (me |)"
        " <kindof> (with|that is|that has|like|involving) {attributes}( instead| please|)?"
        "|(i'm|i am|we're) (more |actually |really |) (in the mood for|looking for|into|after)"
        " (something with |something |) {attributes}( <when>|)"
        "|i was (really |) (hoping for|thinking of|looking for) (something with |something |)"
        " {attributes}|(i'd|i would) (rather|prefer|love to) (have|see|<see>|get) (something with"
        " |something |some |) {attributes}( <when>| instead|)|(what|how) about (something with"
        " |something |some |) {attributes}( instead|)?|i (really |usually |mostly |) (like|love"
        "|enjoy|prefer|want|need) (<things> with |something with |) {attributes}( better"
        "| a lot| the most|)|(maybe|perhaps|preferably) (something with |something |some |)"
        " {attributes}( instead| please|))"
    ),
    "avoid_here": (
        "((i|we|i really) (don't|do not) (like|enjoy|want|care for|need) {attributes:or}"
        "( very much| at all| that much|)|nothing (with|like) {attributes:or}( please|)"
        "|(please |)no {attributes:or}( please| for me|)|(i'm|i am) not (really |) (into|a fan of"
        "|in"
        " the mood for) {attributes:or}( <when>|))"
    ),
}

# Rules that are said in some places only: in answer to an ask, a list, a reflection, or nothing.
ONLY: Mapping[str, tuple[str, ...]] = {
    "want_here": ("Recommend", "Reflect"),
    "avoid_here": ("Recommend", "Reflect"),
}

# ---- what says nothing ---------------------------------------------------------------------------

_HEDGE = (
    "(i think|i guess|i suppose|honestly|to be honest|maybe|actually|i mean|if that makes sense)"
)
_NEWS = (
    "((i|we) (had|have had) a (long|rough|busy|crazy|stressful|lazy) (day|week|month)( at work|)"
    "|it's (raining|cold|late|so hot|my day off|my birthday) (here|today|tonight)( and we are"
    " staying in|)|(i|we) (usually|normally|always|often) (<see> <things>|do this) (on (weekends"
    "|friday nights|sundays)|at night|after (dinner|work)|with <whom>)|(it's|it is|this is) (for"
    "|going to be for) (<one> <occasion>|<whom>|<when>|<whom> and me)( <when>|)|(i'm|i am|we're)"
    " (planning|having|doing) <one> <occasion>( <when>| with <whom>|)|<whom> (and i|and me) (are"
    " (planning|having) <one> <occasion>|<see> (a lot of|too many) <things>)( together|)|<whom>"
    " (is|are) (coming over|visiting|staying with (us|me))( <when>|)|(i|we) (haven't|have not)"
    " <seen> (a good <thing>|much|anything|anything new|many <things>) (in a while|lately|in ages"
    "|for a long time|recently|this (month|year))|(i've|i have) been <seeing> (a lot of|so many|the"
    " same) <things> (lately|recently|these days)|(i'm|i am) <seeing> (it|this|that|something)"
    " with <whom>( <when>|)|<whom> (told me to ask|asked me to (pick|choose|find one)|picked (the"
    " last one|last time)|will be there( too|))|(i|we) (have|only have) (a few hours|all night"
    "|about two hours|the evening off|some free time)( <when>|)|(i'm|i am) (a bit |kind of |)(picky"
    "|hard to please|new to this)( with <things>| about these things|)|i (<see>|go through) (a"
    " lot of|too many) <things>( <when>| with <whom>|))"
)
_TALK = (
    "(let me think|let me see|good question|that's a (good|tough|hard) (question|one)"
    "|where do i (start|begin)|thanks for (asking|the suggestion|the suggestions)"
    "|i see|i see what you mean|hope that helps|does that (help|make sense)?|(you|do you) know what"
    " i mean?|if you know what i mean|just (a thought|saying)|that's what i (think|was thinking)"
    "|i (should|have to) say|to tell you the truth|for what it's worth|in my opinion"
    "|since you (ask|asked)|<part> (is|are) (what i (look at|care about|notice)|important to me)"
    "( most| first| the most|))"
)

# Where they may stand: "front" and "back" of a line. `Human` draws among those of the place.
FILLERS: Mapping[str, str] = {
    "sound": "(hmm|hmm|oh|oh|well|ok|okay|so|ah|haha|lol|um|alright|right|ooh|wow|aw)",
    "hello": (
        "(hi|hello|hey|hi|hello|hi, how are you?|hello, how are you?|hey, how are you (today"
        "|doing)?"
        "|hi, i (need|could use) (some|your|a little) help|hello, (can|could) you help me( out|)?"
        "|hi, hope you (can help|are well)|hi, are you there?)"
    ),
    "hedge": _HEDGE,
    "news": _NEWS,
    "talk": _TALK,
    "ask": (
        "((what|so what) (have you got( for me| for that| then|)|would you go (for|with)|comes to"
        " mind|are my options|could you offer)( then|)?|(do you have|have you got|know|got) (any"
        "|anything|something|one|some) like that?|(can|could) you (find|think of) (one|some"
        "|something|anything) like that?|any (ideas|suggestions|thoughts)?|(can|could) you help(|"
        " me"
        "| us)( with that| out)?|does that (exist|narrow it down|help you)?|where (do|should) we"
        " start?)"
    ),
}

# Words between pieces of a line; reading skips them.
JOINS = "(and|but|so|also|because|though|plus|then|or)"
