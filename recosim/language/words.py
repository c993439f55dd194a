"""Words of free text: cut, folded and compared. No names of a world in here."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

__all__ = [
    "COMMON", "EVERYDAY", "Token", "distance", "ending", "fold", "is_year", "stem", "tokens_of",
]  # fmt: skip


class Token(NamedTuple):
    """One word, or one mark of an explicit id."""

    word: str  # folded; "" for a mark
    stem: str
    mark: tuple[str, int] | None  # (kind, id)
    gap: str  # punctuation between the word before and this one


# Words that carry no name by themselves: never a part of a name, never a misspelt one.
_COMMON = """
    a about above actually after again ah all already also although am an and another any anybody
    anyone anything anyway are area around artist artists as at back bad band bands be because been
    before being best better bit both but by call can cant cheap choose come could couldnt cuisine
    day did didnt different discover do does doesnt doing done dont down drink each eat either else
    end enjoy enough ever every everything exactly except fan far favourite favorite feel feeling
    feels few film films find fine first fit food for forget free from get gets getting give gives
    glad go goes going good got great had hand happy has have havent having hear heard hello help
    her here hey hi him his hm hmm honest honestly hope hoping how however i id idea if ill im in
    indeed instead into is isnt it item items its ive just keen kind know last late later least less
    let lets like likes little live ll look looking looks lot lots love lovely loved made make makes
    many may maybe me mean mention might mind mine minute mm moment more morning most mostly movie
    movies much music must my myself name nah need needs never new next nice night no none nope nor
    not nothing now of off oh ok okay old on once one ones only open option or other others our out
    over own particular pass people perfect perhaps person pick place places play please pls
    possible possibly prefer preference preferences pretty price prices probably put question quite
    rather rating ratings ready really recommend recommendation recommendations restaurant right
    said same say says see seem seems series set shall she shop should show shown since so some
    somebody someone something sometimes somewhere song songs soon sorry sort sound sounds special
    specific spot start stay still stop store stuff style suggest suggestion suggestions sure
    surprise take taking taste tbh tell than thank thanks that thats the their them then there
    these they thing things think thinking this those though thought through time to today
    together told tonight too town track tracks tried true try two type u uh um under up us use
    very visit vibe wait want wanted wants was wasnt way we well went were what whatever whats when
    whenever where whether which while who whole why will wish with without wont work works worth
    would wouldnt wrong y yea yeah year yep yes yet you your youre yours yup zero n anymore
    definitely absolutely certainly totally particularly especially based ask avoid skip drop
    appreciate interested appeal mood decade genre liked check option options picks top number
    always general conversation session leave scratch remove add fresh amazing awesome cool wow
    care evening afternoon first second third fourth fifth sixth seventh eighth ninth tenth
    last former latter
    """
COMMON = frozenset(_COMMON.split())

# Words of talk that can be a name or a part of one, but are spelt as they are meant: never taken
# for another word, and alone no name of an item that is not on the table.
_EVERYDAY = """
    able accept across act acting action actor actors actress add adult adults against age ago
    agree ahead alive almost alone along amazed american anyways apart apparently asked ate
    attention aunt away awhile awful baby bet bear beat beautiful became become began begin
    behind believe big birthday bit black blue bored boring born boss both bother bought boy
    boys brand bread break bright bring brother brothers brought build busy buy called came
    camera car care careful cast catch caught cause certain chance change character characters
    chat check checked child chill choice christmas cinema city class classic clean clear clever
    close clue coffee cold color comes coming complete completely confused confusing content
    control cook cost count couple course crap crazy critic cross crush crying cut cute dad dark
    date daughter dead deal death decent decide deep deeper desire die died difference different
    difficult dinner direct director disappointed dog dogs door double doubt dream drive dry due
    dull dumb during early earlier easy effects eight ending enjoyed enjoying enough entire
    especially even evening event ever everybody everywhere evil exact excellent excited
    exciting expect experience explain extra eye eyes face fact fair fall familiar family famous
    fantastic far fast father fear felt fell female fight figure final finally finish fire five
    fix fly follow football forever forgot form forward found four free friday friend friends
    front full fun funny future game games gave genres genuine girl girls given giving glass
    goes gone gory gotten grab grand grandma great green ground group grow guess guy guys hair
    half hall hands hang happen happened happens hard hardly hate hated head hear heart heat
    heavy held hell helped helpful helps herself hidden high hilarious himself history hit hold
    hole holiday home honest hot hour hours house huge human hurt husband imagine important
    include including inside intense interest interesting intriguing introduce involved issue
    job join joke jokes keep kept kid kids kill killed killer kinda king kiss knew knows lady
    lame land large laugh laughed laughing lead learn leaving led left legend lets level life
    light liked likely line list listen listening lively living lol london long longer loose
    lord lose lost loud loves loving low luck luckily lunch mad main major male man manner mark
    married material matter mean meaning means meant meet men mess message middle mile million
    mine missed missing mistake mom moments monday money mood mother mouth move moved moving mum
    murder myself named names near nearly neat neither nervous newer newest news nights nine
    normal normally note noted notice number obvious obviously odd offer office often older
    oldest ones online onto opinion option order ordinary original otherwise ourselves outside
    overall overrated page paid paper parent parents part parts party past pay perfect perfectly
    period perhaps person personal personally phone picked picture piece plan plane planning
    play played playing plays plenty plot plus point pool poor popular positive power premise
    present pretty previous private problem producer proper public pull purple push quick
    quickly quiet quirky rate rated rather reach read reading real realistic reality realize
    reason recent recently red regular related relax released remake remember remind reminds
    rent review reviews rich ride rings road rock role romance room rough round run running sad
    safe sake saturday saved saw saying says scare scared scary scene scenes school screen
    season seat second secret seeing seek seeking seen sell send sense sequel serious seriously
    set seven several sex shame share shoot short shot shows sick side sides sight sign silly
    similar simple simply since sing single sister sisters sit six size sky slept slow slower
    small smart smile smooth social soft sold solid someone son soul speak speed spend spent
    split spoke sports stand star starring stars start started starting state stayed step stick
    stories story straight strange street strong stuck stupid suck sucks summer sunday super
    support suppose supposed surely surprised sweet table takes talk talked talking tall tastes
    team tears teen teenager teens ten tend term terrible test theater theaters theatre theatres
    themselves theyre third thrilling thought three throw title titles total touch tough toward
    trailer train travel trip trouble trust truth turn turned tv twice twist twists type types
    typical ugh uncle understand understood unless until upset usual usually version video view
    voice waited waiting walk wall warm wasted watch watched watches watching water wear weather
    week weekend weeks weird welcome whatever wherever whichever white whoever wife wild win
    window winner winter wish woman women wonder wonderful wondering word words work worked
    working world worry worse worst worth write writer writing written wrote yea years yesterday
    young younger yourself zone fresh wanna gonna gotta sorta wont lemme dude bro yo haha hahaha
    omg btw thx pls ty np rly prob probs spending cooking eaten drank drunk drinking eating
    ordered delicious tasty yummy spicy chapter chapters novel novels author authors album
    albums singer singers lyrics tune tunes concert gig crowd waiter service menu dish dishes
    meal meals noise noisy parking located
"""
EVERYDAY = frozenset(_EVERYDAY.split()) | COMMON

# How a word may also be spelt; the right side is what both become.
_SPELLINGS = {
    "draft": "draught", "colour": "color", "yoghurt": "yogurt", "doughnut": "donut",
    "doughnuts": "donuts", "theatre": "theater", "grey": "gray", "centre": "center",
    "synthesiser": "synthesizer", "synthesisers": "synthesizers", "favourite": "favorite",
    "lower": "low", "lowest": "low", "higher": "high", "highest": "high",
    "20s": "twenties", "30s": "thirties", "40s": "forties", "50s": "fifties", "60s": "sixties",
    "70s": "seventies", "80s": "eighties", "90s": "nineties", "1920s": "twenties",
    "1930s": "thirties", "1940s": "forties", "1950s": "fifties", "1960s": "sixties",
    "1970s": "seventies", "1980s": "eighties", "1990s": "nineties",
}  # fmt: skip

_LABEL = re.compile(
    r"^\W*(?:(?:final )?answer|user|seeker|me|response|reply|assistant|recommender|system|bot"
    r"|agent)\W*:\W*"
)
_TOKEN = re.compile("\ue000([aif])(\\d+)\ue001|[^\\W_]+")
_DRAWN = re.compile(r"([a-z])\1{2,}")
_PAUSE = re.compile(r"[.,;:!?()\n—–]")
_HANDLE = re.compile(r"@\d+ ?")  # the number that collections of dialogues put before a title
_YEARS = range(1900, 2100)


def fold(text: str) -> str:
    """Lower case, no accents, no apostrophes; "&" is "and", "#3" is "number 3"."""
    text = text.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in text if not unicodedata.combining(c)).replace("’", "'")
    text = text.replace("'", "").replace("&", " and ")
    return re.sub(r"#\s*(\d)", r" number \1", text) if "#" in text else text


def stem(word: str) -> str:
    """A word without its plural, in one spelling."""
    word = _SPELLINGS.get(word, word)
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us")):
        return word[:-1]
    return word


def _undrawn(word: str) -> str:
    """A word that is drawn out, as it is written: "nooo" is "no"."""
    short = _DRAWN.sub(r"\1", word)
    return short if short != word and word not in COMMON and short in COMMON else word


def tokens_of(text: str) -> list[Token]:
    """The words and marks of a text, without a label before it ("User: ...")."""
    folded = fold(text)
    folded = _LABEL.sub("", _HANDLE.sub("", folded) if "@" in folded else folded)
    tokens: list[Token] = []
    end = 0
    for found in _TOKEN.finditer(folded):
        gap = "".join(_PAUSE.findall(folded, end, found.start()))
        if found[1]:
            tokens.append(Token("", "", (found[1], int(found[2])), gap))
        else:
            word = _undrawn(found[0])
            tokens.append(Token(word, stem(word), None, gap))
        end = found.end()
    return tokens


def ending(text: str) -> str:
    """The marks after the last word of a text."""
    at = len(text)
    while at and not (text[at - 1].isalnum() or text[at - 1] == "\ue001"):
        at -= 1
    return "".join(_PAUSE.findall(text, at))


def is_year(word: str) -> bool:
    """Whether a word is a year in digits."""
    return len(word) == 4 and word.isdecimal() and word.isascii() and int(word) in _YEARS


def distance(a: str, b: str, most: int) -> int:
    """Letters to change, add, drop or swap with a neighbour (optimal string alignment).

    Returns:
        The distance, or `most + 1` where it is larger than `most`.
    """
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        last, before, row = before, row, [i] + [0] * len(b)
        for j, y in enumerate(b, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row[j] = cost
        if min(row) > most:
            return most + 1
    return row[-1]
