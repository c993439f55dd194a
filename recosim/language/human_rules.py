"""What users of the style "human" say: rules of `recosim.language.grammar`. Data and little else.

Written for RecoSim; no line of a dialogue of people is in here. What decides how often something is
said is how often it stands in a bracket. So that a line has one reading:

- a filler (`FILLERS`) carries no act and no opinion: what is for or against something belongs to
  the rule of the act;
- no line that one rule can say is one that another can say in the same place (`ONLY` tells places).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CASES", "ONLY"]

# ---- acts ----------------------------------------------------------------------------------------

_GOOD = (
    "(sounds|that sounds|it sounds|looks|that looks|this sounds|that one sounds)"
    " (good|great|perfect|interesting|awesome|fun|like (fun|a winner|a good (one|choice|pick))"
    "|really (good|interesting)|pretty (good|cool))"
)
_YES = (
    "(yes|yes|yes|yes|yes|yeah|yeah|yep|sure|ok|okay|definitely|absolutely|yes please|of course"
    "|oh yes|for sure|yes definitely|yes i do|yes i would|yes that is fine|yes sure)"
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
    "(no|no|no|no|no|no|nope|not really|no thanks|no thank you|not this time|i don't think so"
    "|no i don't|not for me|no sorry|no not really|sorry, no)"
)
_NO_TAIL = (
    "((i|i really|we) <dont> (like|enjoy|love|care for|care about|get|want|need|<see>)"
    " (that|those|that (kind|type|sort) of <thing>|that stuff|those kinds of <things>)"
    "( very much| at all| that much| these days|)"
    "|(i'm|i am|we're) not (really |) (in the mood for|into|a fan of|a big fan of|looking for"
    "|interested in|feeling|up for) (that|those|it|that one|that (kind|sort) of <thing>)"
    "( <when>||||)"
    "|(that's|that is|it's) not (really |) (my thing|for me|what i (want|had in mind|am looking for"
    "|was looking for|like|need)|something i (like|want|enjoy))|<id> (rather|prefer) not"
    ")"
)
_UNSURE = (
    "(i don't know|i don't know|not sure|i'm not sure|not (really|too) sure|no idea|i have no idea"
    "|i don't (really|) (mind|care)|doesn't matter|it doesn't (really|) matter( to me|)"
    "|i (don't have|have no) (a|real|strong|) (preference|opinion)|either is (fine|ok)"
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
_LOVED = (
    "((i|i|we) (really |absolutely |) (love|loved|enjoyed|adore) {item}( a lot| so much| when i"
    " <saw> it| <ago>||)|{item} (is|was) (a |such a |) (really |very |) (great|good|fun|awesome"
    "|funny|amazing|classic|excellent) (one|<thing>|<thing>)(, (<ive> (already |) <seen> it|i know"
    " it|i love it|i loved it)( already|)|)|{item} is (one of my (favorites|favorite <things>)|my"
    " favorite)( of all time|))"
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
    "(<ive> (never|not) (heard of|heard about) {item}( before| until now|)|(i|i|we) (haven't|have"
    " not|have never|never) (heard of|heard about|<seen>|<seen>) {item}( before| yet|||)|i (don't"
    "|do not) (know|think i know|think i have <seen>|think i've <seen>) {item}( at all|)|{item} (is"
    " new to me|doesn't ring a bell|doesn't sound familiar)|<am> not familiar with {item}( at all|)"
    "|(not|never) (heard of|<seen>) {item}( before|)|no i (haven't|have not|have never) (<seen>"
    "|heard of) {item}( yet| before|))"
)
_LATER = (
    "((<ill>|i might|i may|maybe i'll|i'll have to|i should) (check {item} out|check out {item}"
    "|look"
    " into {item}|give {item} a (try|chance)|<see> {item}) (some other time|some time later|another"
    " (time|day|night)|one day|when i have (more |)time)|(<ill>|i might|let me) (add {item} to my"
    " list|put {item} on my list|keep {item} in mind|save {item} for (later|another (day|time)))"
    "|(maybe|perhaps) {item} (some other time|another time|later|one day)|{item} (goes|is going) on"
    " (my|the) list( for (later|another day)|))"
)
_TAKE = (
    "(<ill> (take|go with|go with|try|choose|pick|have|have to <see>|definitely <see>) {items}"
    "( then| <when>|||)|(let's|let us) (go with|try|do) {items}( then| <when>||)|{items} (sounds"
    "|sound|looks) (good|great|great|perfect|interesting|awesome|like fun|like a (good|great|fun)"
    " (one|choice|<thing>)|really (good|interesting)|right up my alley)( to me| <when>|||)(, (i"
    " will <see> it|i haven't <seen> (it|that one)( yet|)|great (suggestion"
    "|recommendation|choice))|||)|i (really |) (want|would like|would love|will have) to (try|<see>"
    "|<see>) {items}( <when>|||)|{items} (it is|is (perfect|what i want|the one|just what i needed"
    "|exactly what i was looking for|a great (suggestion|choice|recommendation))|would be (great"
    "|perfect|good|my pick))|i (haven't|have not|have never) <seen> {items}( yet| before|)(,|) (but"
    " |)(it sounds (good|great|interesting)|i (want|would like|would love) to|i will <see> it"
    "|sounds good)|(yes|yes|yeah|ok|okay|sure|great|perfect|awesome|oh|wow|cool), ((i'll|i will)"
    " (take|try|go with|<see>) {items}|{items} (sounds|sound) (good|great)|{items} it is))"
)

CASES: Mapping[str, str] = {
    # ---- openings
    "request": (
        "(<am> (looking for|looking for|looking for|searching for|trying to find|in the mood for"
        "|hoping (to find|for)|wanting to <see>|looking to <see>) (<kindof> <with> {attributes}"
        "|<an> {attributes} (<thing>|<things>|<thing> to <see>|<things> to <see>)|{attributes})"
        "( <when>| to <see>( <when>|)| to <see> with <whom>| that i can <see> with <whom>||||)"
        "|(can|could|would) you (please |) (recommend|recommend|suggest|suggest|find|help me find"
        "|give me|help me with) (me |) (<kindof> <with> {attributes}|<an> {attributes} (<thing>"
        "|<things>))( please|||)?|(do you (know|have)|do you know|have you got) (of |)(<kindof>"
        " <with> {attributes}|<an> {attributes} <things>)( to (suggest|recommend)|)?|(i|i|we) (want"
        "|would like|would love|need|feel like|want to <see>|would like to <see>|am hoping to find)"
        " (<kindof> <with> {attributes}|<an> {attributes} (<thing>|<things>))( <when>||)|(i|i|we"
        "|i really|i usually|i mostly) (like|like|love|love|enjoy|am into|am a (big |) fan of)"
        " {attributes}( <things>|)(|, can you help( me|)?|, what do you (have|suggest|recommend)?"
        "|, do you have (any|a) (suggestions|suggestion|recommendations)?|, any suggestions?)|any"
        " (suggestions for|recommendations for|ideas for|good) (<kindof> <with> {attributes}"
        "|{attributes} <things>)?|(some|any good|maybe|preferably|something|) {attributes}"
        "( <things>|)( please|)|what (are|is) (some|a|the best|your favorite) (good |)"
        " {attributes} (<thing>|<things>)?|my favorite (kind of <thing> is|<things> are)"
        " {attributes}|<an> {attributes} <thing>( would be (great|nice|good)| please|))"
    ),
    "request_facet": (
        "((as for|when it comes to|regarding|about|as far as) {facet}( goes|), (i|we) (want|like"
        "|would like|need|prefer|love|am looking for) {attributes}( <when>||||)"
        "|(my|my favorite|the) {facet} (would be|should be|has to be|is) {attributes}( <when>||||)"
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
        "|would you (suggest|recommend)|is good)( <when>||||)?|(what's|what is) (good|a good"
        " <thing>"
        "|worth <seeing>)( these days| <when>|)?"
        "|(want to|can you) help me (find|pick|choose) <kindof>( to <see>|)( <when>| with <whom>"
        "|)?)"
    ),
    "request_item": (
        "(<am> (looking for|looking for|in the mood for|hoping for|hoping to find) <kindof> (like"
        "|like|similar to|along the lines of) {item}( <when>||)|(can|could) you (recommend|suggest"
        "|find|give me) (me |) <kindof> (like|similar to) {item}( please|)?|(i|i|i really|i just)"
        " (liked|loved|enjoyed|love|like|like|love) {item}( a lot|||)(, (what else (is there|do you"
        " have)?|do you have (anything|something) (similar|like (it|that))?|can you (recommend"
        "|suggest) (a similar <thing>|<kindof> like that)?)|||)|(do you (have|know)|is there|are"
        " there) (of |any |) <kindof> (like|similar to) {item}?|{item} is (my favorite|one of my"
        " favorites|one of my favorite <things>|my favorite <thing>|a great <thing>)( of all time|)"
        "|i (just|recently|last) <saw> {item} and (loved|liked|really liked|enjoyed) it( a lot|)"
        "|(i like |i love |looking for |)<things> (like|similar to) {item}( please||))"
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
        " for|into|a fan of|a big fan of|looking for|interested in|up for) {asked}( <when>||||)"
        "|{asked} (is|are) not (really |) (my thing|for me|what i (want|am looking for|had in"
        " mind))"
        "|no {asked}( please| for me|)|not {asked}( please|)|anything but {asked}))"
    ),
    "unsure": f"({_UNSURE}|{_UNSURE}(,|.) {_UNSURE_TAIL}|{_UNSURE}|{_UNSURE_TAIL})",
    "also": (
        "((but |)(i'd|i would|we would) (rather|prefer to|love to|like to) (have|see|get|try|<see>)"
        " (something with |something |some |a |) {also}( <thing>| <things>|)( instead| <when>|||)"
        "|(but |)(i|i|we) (do like|also like|also love|also enjoy|also want|do love|would like"
        "|would love|usually like|really like) {also}( <things>|)( though| a lot| too| as well||)"
        "|i like {also} (too|as well|also|better|more|the most)|(but |)i (was|am) (thinking of"
        "|hoping for|looking for|in the mood for) (something with |a |an |some |) {also}( <thing>"
        "| <things>|)|(more like|rather|instead|but) {also}( <things>|)( though|)|(what about"
        "|how about|do you have|is there|are there) (something with |anything with |any |some |)"
        " {also}( <things>| <thing>|)( instead|)?)"
    ),
    # ---- lists
    "take": _TAKE.replace("{items}", "{item}"),
    "take_several": _TAKE,
    "take_it": (
        f"((yes|yes|ok|okay|great|sure)(,|!) <ill> (take it|try it|go with (it|that)|<see> (it"
        "|that)"
        f"( <when>||))|<ill> (take|try|<see>|go with) (it|that|that one|this one)( <when>||)"
        f"|{_GOOD}"
        "( to me|)(, <ill> (take it|try it|<see> it)|)|(perfect|great|awesome"
        "|excellent|nice|cool|great choice|good (choice|pick|call)|great (pick|suggestion"
        "|recommendation))( , <ill> (take|<see>) it|)|(yes , |yes ! |great !"
        " |)"
        "(that's|that is|this is) (perfect|great|exactly what i (want|was looking for|need)|the one"
        "|just what i (wanted|needed)|a (great|good) (choice|suggestion|one|idea))|(i'd|i would)"
        " (love|like) to <see> (that|it|that one|that <thing>)( <when>||)|yes , (i want to <see>"
        " (it|that)|i would like that|please)|i (haven't|have not) <seen> (it|that one"
        "|that <thing>)( yet|)(,|) (but |)(i will|i'll|i would love to|i want to) <see> it)"
    ),
    "refuse": (
        "((no|no|no|nope|hmm|well|sorry|no thanks|no thank you|not really|)(,|.) ((those|these"
        "|they)"
        " (are not|aren't|are not really|aren't really) (for me|my (thing|kind of <thing>|taste)"
        "|what i"
        " (want|had in mind|am looking for|was looking for))( <when>||)|<am> not (really |)"
        " (interested in|in the mood for|a fan of|into) (those|these|any of (those|these|them)|that"
        "|that one)( <when>||)|i (don't|do not) (think i would like|really like|want|care for|like"
        "|want to <see>) (those|these|any of (those|these|them)|that|that one|that <thing>)( <when>"
        "||)|(that|that one|it) (is not|isn't) (really |) (for me|my (thing|kind of <thing>|taste)"
        "|what i (want|had in mind|am looking for|was looking for))|i was (looking|hoping) for"
        " something (else|different|a (bit|little) different))( , <next>| . <next>|||||)|(none of"
        " (those|these|them)|not (those|these|any of these|that|that one))(, sorry||)(,"
        " <next>||)|(no|no|nope|nah|not really), <next>|(i'll pass|not interested|not for me)( ,"
        " <next>||)|<next>)"
    ),
    "refuse_named": (
        "((no|nope|nah|hmm|well|sorry|not really|) (,|) (<am> not (really |) (interested in|in the"
        " mood for|feeling|into|a fan of|sold on) {item}( <when>||||)|i <dont> (think (i would"
        " like|i'd like|i will like)|want to <see>|feel like <seeing>|like the (look|sound) of"
        "|care for)"
        " {item}"
        "( <when>||||)|{item} (doesn't|does not) (sound|look|seem) (good|interesting|right|like (my"
        " thing|something (i'd|i would) like)|great)( to me|)|{item} is not (really |) (for me|my"
        " thing"
        "|what i (want|am looking for|was looking for|had in mind)|my kind of <thing>)|i'll pass on"
        " {item}|not {item}( again|))( , <next>||))"
    ),
    "note_seen": f"({_SEEN})",
    "note_liked": (f"({_SEEN}(, and| and|,|.|!|) {_LIKED}|{_LOVED})"),
    "note_disliked": (
        f"({_SEEN}( but| and|,|.|) {_DISLIKED}|(i|we) <didnt> (like|enjoy|care for|love) {{item}}"
        "( when (i|we) <saw> it|)|i (tried|<saw>) {item} (before |once |)(and|but) (<didnt> (like|"
        "enjoy|finish) it|it was (boring|not for me|terrible|too long)|got bored))"
    ),
    "note_unknown": _UNKNOWN,
    "note_later": _LATER,
    # ---- questions about an item
    "inquire_content": (
        "((what is|what's|can you tell me what|do you know what) {item} (about|all about|like"
        "|about exactly)?|(can|could) you (tell me|say) (more|something|a bit more|a little"
        " more|anything) about {item}( first| please|)?|what (kind|type|sort) of <thing> is"
        " {item}?"
        "|<content> {item}?|(tell me (more|something|a bit)|i'd like to (know|hear) more) about"
        " {item}( first| please|)"
        "|is {item} (long|new|old|sad|like the others|for kids|for adults|scary|funny)?)"
    ),
    "inquire_content_any": (
        "(what are (they|those) (about|like|all about)?|what (kind|type|sort) of"
        " <things> are (they|those|these)?|(can|could) you (tell me|say) (more|a bit more"
        "|something)"
        " about (them|those|these)( first| please|)?"
        "|tell me (more|a bit more) about (them|those|these)( first| please|))"
    ),
    "inquire_quality": (
        "(is {item} (any good|good|really good|worth it|worth <seeing>|as good as they say|well"
        " reviewed|better than the (others|rest))?|(did|do|would) (you|people|others|most"
        " people) (like|love|enjoy|recommend) {item}?|(how|how good) is {item}?|(does|did)"
        " {item}"
        " (have|get) good (reviews|ratings)?|what do (people|you|others) (think|say) (of|about)"
        " {item}?)"
    ),
    "inquire_quality_any": (
        "(are (they|those|these) (any good|good|really good|worth it"
        "|worth <seeing>)?|(did|do|would) (you|people|most people) (like|love|enjoy|recommend)"
        " (them|those|these)?|(how good|how) are (they|those)?|(does|do|did)"
        " (they|those) (have|get) good (reviews|ratings)?|what do (people|you) think of"
        " (them|those)?)"
    ),
    "inquire_maker": (
        "(who <who> {item}?|who is (in|behind|the <maker> (of|in)) {item}?|(do you know|can you"
        " tell"
        " me) who <who> {item}?|who is {item} (by|from)?|is there (a|any) (famous |)"
        " <maker> in {item}?)"
    ),
    "inquire_maker_any": (
        "(who <who> (them|those|these)?|who (is|are) (in|behind|the <maker> (of|in)) (them|those"
        "|these)?|(do you know|can you tell me) who <who> (them|those|these)?"
        "|who are (they|those) by?)"
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
        " {remove})"
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
        "|that's (all|it) (for (today|now|me)|i need|i needed)|that will be all)(, bye|))"
    ),
    "other": (
        "((sorry|ok|well|alright|oh|)(,|) (i (have to|need to|must|gotta|should) (go|run|leave|stop"
        " here|get going)( now|)|(i'm|i am) (leaving|heading out|off)( now|)|(let's|we can) (stop"
        " (here|now)|leave it (here|there|at that))|gotta (go|run))(, (bye|goodbye|see you|talk"
        " later|take care)|))"
    ),
    "thanks": (
        "((thank you|thank you|thanks|thanks)( so much| very much| a lot| again|||||)( for (the"
        "|your"
        "|all the|all your) (help|suggestions|recommendations|recommendation|suggestion|time"
        "|ideas)||)|i (really |) appreciate (it|the help|your help)( a lot|)|(many thanks|thanks a"
        " million|much appreciated)|you (have been|were) (so |very |) helpful( today|))"
    ),
    "greeting": (
        "((hi|hello|hey) there( friend|)(, how (are you|is it going|are things)( today"
        "| this evening|)?|)|good (morning|evening|afternoon)( to you|)(, how are you( today|)?|)"
        "|nice to meet you|(hi|hello|hey), (i'm new here|it's me again))"
    ),
    "goodbye": (
        "(it was (nice|great|fun) (talking|chatting) (to|with) you|(have a|have a) (great|good"
        "|nice|wonderful|lovely) (day|night|evening|weekend|one)"
        "( as well| too| ahead|)|(enjoy|take care of) (your|yourself) (day|evening|weekend|too"
        "|then)|(see|talk to) you (around|next time|again soon)|same to you|you too)"
    ),
    "courtesy_other": (
        "((that's|that is) (so |very |really |) (kind|nice|sweet|thoughtful) of you|no (worries"
        "|problem( at all|))|(you're|you are) (welcome|so funny|the best|very kind)|glad (to hear"
        " (it|that)|we agree)"
        "|my pleasure|haha (that's|that is) (funny|true|cute)|(i hope|i'm sure) (you|we) (are"
        " doing well|will get along))"
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
        "((do you have|is there|can you (find|suggest|recommend|show me)|have you got) (me "
        "|)<kindof>"
        " <with> {attributes} for (<when>|<whom>)?|<am> (more |really |)(in the mood for|looking"
        " for)"
        " (something with |something |a |some |){attributes}( <thing>| <things>|) (<when>|for"
        " <whom>)"
        "|i was (really |)(hoping for|looking for) (something with |something |a |some "
        "|){attributes}"
        "( <thing>| <things>|) (<when>|for <whom>)|(i'd|i would|we would) (rather|love to|like to)"
        " (have|see|<see>|get) (something with |something |some |a |){attributes}( <thing>|"
        " <things>|)"
        " (<when>|with <whom>)|(what|how) about (something with |something |some |a |){attributes}"
        "( <thing>| <things>|) (for |)<when>?)"
    ),
    "avoid_here": (
        "((i|we) (don't|do not) (want|need|feel like) (any |){attributes:or}( <things>|) (<when>"
        "|for"
        " <whom>)|<am> not (really |)in the mood for {attributes:or}( <things>|) <when>|(please "
        "|)no"
        " {attributes:or}( <things>|) (for <whom>|<when>)( please|))"
    ),
}

# Rules that are said in some places only: in answer to an ask, a list, a reflection, or nothing.
ONLY: Mapping[str, tuple[str, ...]] = {
    "want_here": ("Recommend", "Reflect"),
    "avoid_here": ("Recommend", "Reflect"),
    "inquire_content_any": ("Recommend", "Reflect"),
    "inquire_quality_any": ("Recommend", "Reflect"),
    "inquire_maker_any": ("Recommend", "Reflect"),
}
