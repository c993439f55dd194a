"""Pieces of the rules of the style "human", and the fillers: what a line has beside its acts. Data.

A filler carries no act and no opinion: what is for or against something belongs to the rule of the
act (`recosim.language.human_rules`).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DOMAINS", "FILLERS", "JOINS", "SHARED"]

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
    "am": "(i'm|i'm|i am|i am|we are)",
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
    "one": "(a|a good|a great|a nice|some|any|another|a decent|a really good|the best)",
    "kindof": (
        "(something|something|anything|a <thing>|a <thing>|a good <thing>|a good <thing>|<one>"
        " <thing>|<things>|<things>|good <things>|some <things>|some good <things>|any <things>)"
    ),
    "with": (
        "(with|with|with some|with a bit of|with a lot of|that is|that has|like|involving|that are"
        "|more along the lines of|in the)"
    ),
    "an": "(a|a|an|a good|a great|some|some good|any|any good|good|another|more|other|new|)",
    "ago": "(already|before|a while ago|a few times|last (week|month|year|weekend|summer)"
    "|years ago|a long time ago|a couple of times|in the past|when it (first|) came out"
    "|with <whom>|too many times|twice|once|as a kid|back in (college|school|the day)|recently"
    "|the other (day|night)|several times|(a million|so many) times|when i was (a kid|younger))",
    "next": (
        "((do you have|have you got|is there|are there|can you think of) (any (others|other"
        " (suggestions|ideas|recommendations|<things>|ones))|anything else|something else|another"
        " (one|suggestion|<thing>))?|any other (suggestions|ideas|recommendations|<things>|ones)?"
        "|any"
        " (others|more (ideas|suggestions))?|what else (do you have|is there|would you (suggest"
        "|recommend)|can you (suggest|recommend))?|(can|could) you (suggest|recommend|find|give me"
        "|show me) (something else|another (one|<thing>)|a different (one|<thing>)|a few more|some"
        " others|some other <things>)( please|)?|(what|how) about (something|a <thing>) (else"
        "|different)?|(anything|something) else( please|)?|what else?)"
    ),
}

# ---- what says nothing ---------------------------------------------------------------------------

_HEDGE = "(i think|i think|i guess|honestly|actually|maybe|i mean)"
_NEWS = (
    "((i|we) (had|have had) a (long|rough|busy|crazy|stressful|lazy) (day|week|month)( at work|)"
    "|it's (raining|cold|late|so hot|my day off|my birthday) (here|today|tonight)( and we are"
    " staying in|)|(i|we) (usually|normally|always|often) (<see> <things>|do this) (on (weekends"
    "|friday nights|sundays)|at night|after (dinner|work)|with <whom>)|(it's|it is|this is) (for"
    "|going to be for) (<one> <occasion>|<whom>|<when>|<whom> and me)( <when>||||)|(i'm|i am|we're)"
    " (planning|having|doing) <one> <occasion>( <when>| with <whom>|)|<whom> (and i|and me) (are"
    " (planning|having) <one> <occasion>|<see> (a lot of|too many) <things>)( together|)|<whom>"
    " (is|are) (coming over|visiting|staying with (us|me))( <when>||||)|(i|we) (haven't|have not)"
    " <seen> (a good <thing>|much|anything|anything new|many <things>) (in a while|lately|in ages"
    "|for a long time|recently|this (month|year))|(i've|i have) been <seeing> (a lot of|so many|the"
    " same) <things> (lately|recently|these days)|(i'm|i am) <seeing> (it|this|that|something)"
    " with <whom>( <when>||||)|<whom> (told me to ask|asked me to (pick|choose|find one)|picked"
    " (the"
    " last one|last time)|will be there( too|))|(i|we) (have|only have) (a few hours|all night"
    "|about two hours|the evening off|some free time)( <when>||||)|(i'm|i am) (a bit |kind of "
    "|)(picky"
    "|hard to please|new to this)( with <things>| about these things|)|i (<see>|go through) (a"
    " lot of|too many) <things>( <when>| with <whom>|))"
)
_TALK = (
    "(let me think|let me see|good question|i see|hope that helps|(you|do you)"
    " know what i mean?|that's what i (think|was thinking)|i (should|have to) say|<part> (is|are)"
    " (what i (look at|care about|notice)|important to me)( most| first|)|i (love|like) <seeing>"
    " <things>( with <whom>| at home| on (weekends|my days off)|)|i will let you know (what i think"
    "|how it goes|how i like it)|<whom> (and i |) (love|loves|like|likes) (<seeing> <things>"
    "|a good <thing>)( too| as well|)|i am (so |very |) (glad|happy) (you|that you) (asked|are here"
    "|can help))"
)

# Where they may stand: "front" and "back" of a line. `Human` draws among those of the place.
FILLERS: Mapping[str, str] = {
    "sound": "(hmm|oh|oh|oh|well|well|so|haha|lol|alright|wow|i see|ah)",
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
