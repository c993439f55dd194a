"""What documents and needs of a world to search in are made of: details, other words, sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["LANGUAGES", "DetailFacet", "Language"]

Lines = Sequence[str]


@dataclass(frozen=True)
class DetailFacet:
    """A facet that documents have beside those of the world: small things that texts tell.

    Attributes:
        attributes: from the most frequent to the rarest one.
        numbers: probability that a document has none, one, two, ... of them.
    """

    name: str
    attributes: Lines
    numbers: Sequence[float]


@dataclass(frozen=True)
class Language:
    """How one kind of world is told. `{}` stands for attributes.

    Attributes:
        details: facets that documents have beside those of the world.
        openings: first, and then further sentences, `{}` for clauses.
        clauses: facet -> what a text says of its attributes; "" is for all other facets.
        wishes: facet -> how a person asks for its attributes; "" is for all other facets.
        needs: whole lines of what a person wants, `{}` for wishes.
        first, later: what the person says, in the first and in later turns.
        resolved: a later utterance as a person rewrites it.
        other: attribute -> other words for it. One without any is told by its facet.
        plain: facets whose attributes are always told by their names.
    """

    details: Sequence[DetailFacet]
    openings: tuple[Lines, Lines]
    clauses: Mapping[str, Lines]
    wishes: Mapping[str, Lines]
    needs: Lines
    first: Lines
    later: Lines
    resolved: Lines
    other: Mapping[str, str] = field(default_factory=dict)
    plain: Lines = ()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().split("|")]


MUSIC = Language(
    details=(
        DetailFacet(
            "line-up",
            _lines("a quartet|a trio|a duo|a solo act|a quintet|a big band|a family band|a choir"),
            (0.0, 1.0),
        ),
        DetailFacet(
            "theme",
            _lines(
                "the sea|trains|winter|first love|old houses|city lights|rivers|ghosts|lost letters"
                "|mountains|dogs|homesickness|factories|harvests|sailors|night shifts|market days"
                "|motorways|storms|moonlight|summer holidays|gardens|orphans|fairgrounds"
            ),
            (0.1, 0.55, 0.35),
        ),
        DetailFacet(
            "occasion",
            _lines(
                "long drives|late nights|cooking|parties|rainy afternoons|running|studying"
                "|breakfast|weddings|falling asleep|housework|campfires"
            ),
            (0.3, 0.5, 0.2),
        ),
    ),
    openings=(
        _lines(
            "They {}.|Here are players who {}.|This is a group whose members {}."
            "|Friends since school, they {}.|Small halls know them well: they {}."
        ),
        _lines(
            "They also {}.|On stage they {}.|On record they {}.|At their best they {}."
            "|Critics say that they {}.|Year after year they {}."
        ),
    ),
    clauses={
        "style": _lines("play {}|mix {}|are at home in {}|grew up with {}|owe most to {}"),
        "mood": _lines("sound {}|are {} from the first note|keep things {}"),
        "sound": _lines("lean on {}|are fond of {}|put {} up front|fill the room with {}"),
        "era": _lines("look back to {}|could come from {}|take their cue from {}"),
        "line-up": _lines("are {}|perform as {}|travel as {}"),
        "theme": _lines("sing about {}|write about {}|tell stories of {}"),
        "occasion": _lines("go well with {}|are made for {}|suit {}"),
        "": _lines("are known for {}|stand for {}"),
    },
    wishes={
        "mood": _lines("{}|{} in tone"),
        "sound": _lines("with {}|full of {}"),
        "era": _lines("from {}|as in {}"),
        "line-up": _lines("by {}|from {}"),
        "theme": _lines("about {}"),
        "occasion": _lines("for {}|that goes with {}"),
        "": _lines("{}"),
    },
    needs=_lines(
        "I am looking for something {}.|What I want is something {}.|It should be {}."
        "|I would be glad of something {}.|Ideally it is {}."
    ),
    first=_lines(
        "Do you have anything {}?|Something {}, please.|I fancy something {}."
        "|Is there anything {}?|Could you recommend something {}?"
    ),
    later=_lines("And now something {}?|What else, {}?|Rather {} this time.|And {}?"),
    resolved=_lines("Do you have anything {}?|I fancy something {}."),
    other={
        "rock": "amplifier anthems",
        "electronic": "machine beats",
        "indie": "home-grown records",
        "pop": "chart hits",
        "folk": "village tunes",
        "metal": "heavy riffs",
        "jazz": "swing",
        "hip hop": "rhymes",
        "punk": "three-chord anger",
        "soul": "gospel singing",
        "ambient": "slow drones",
        "blues": "twelve-bar laments",
        "house": "club tracks",
        "country": "prairie ballads",
        "reggae": "island rhythms",
        "chamber music": "recital pieces",
        "mellow": "laid-back",
        "upbeat": "cheerful",
        "melancholy": "sad",
        "dreamy": "hazy",
        "fierce": "angry",
        "romantic": "tender",
        "hypnotic": "trance-like",
        "guitars": "six strings",
        "synthesizers": "keyboards",
        "female vocals": "women singing",
        "live strings": "violins",
        "brass": "horns",
        "the eighties": "the cassette decade",
        "the nineties": "the end of the century",
        "the seventies": "the flared years",
        "the sixties": "the beat years",
        "the fifties": "the jukebox years",
        "the sea": "the ocean",
        "trains": "railways",
        "winter": "snow",
        "first love": "crushes",
        "city lights": "downtown",
        "rivers": "streams",
        "ghosts": "spirits",
        "mountains": "peaks",
        "sailors": "mariners",
        "storms": "thunder",
        "long drives": "the open road",
        "late nights": "the small hours",
        "cooking": "the kitchen",
        "parties": "celebrations",
        "running": "jogging",
        "falling asleep": "bedtime",
    },
    plain=("line-up", "theme", "occasion"),
)

PLACES = Language(
    details=(
        DetailFacet(
            "setting",
            _lines(
                "the old harbour|a courtyard|the station hall|a vaulted cellar|a former mill"
                "|a side street|a converted chapel|the castle grounds|a glasshouse|a canal barge"
                "|a railway carriage|a lighthouse"
            ),
            (0.2, 0.8),
        ),
        DetailFacet(
            "extras",
            _lines(
                "a terrace|board games|free wifi|a fireplace|long tables|a playground"
                "|wheelchair ramps|a cloakroom|a fountain|a reading corner|hammocks|a jukebox"
            ),
            (0.2, 0.45, 0.35),
        ),
        DetailFacet(
            "company",
            _lines(
                "families with children|first dates|business guests|large groups|students"
                "|solo travellers|dog owners|night owls|pensioners|honeymooners"
            ),
            (0.2, 0.6, 0.2),
        ),
    ),
    openings=(
        _lines(
            "It {}.|This house {}.|The sign is small, but inside it {}.|Newcomers hear that it {}."
            "|Three generations have seen to it that it {}."
        ),
        _lines(
            "It also {}.|The owner adds that it {}.|At weekends it {}.|Regulars say that it {}."
            "|By its own account it {}."
        ),
    ),
    clauses={
        "rating": _lines("comes with {}|has earned {}"),
        "price": _lines("keeps to {}|works at {}"),
        "town": _lines("is in {}|stands in {}|opened in {}"),
        "setting": _lines("has settled in {}|makes its home in {}"),
        "extras": _lines("keeps {}|boasts {}"),
        "company": _lines("welcomes {}|likes to see {}|looks after {}"),
        "": _lines("is known for {}|offers {}|draws people with {}|does {} well"),
    },
    wishes={
        "price": _lines("at {}"),
        "town": _lines("in {}|near {}"),
        "setting": _lines("in {}"),
        "company": _lines("for {}|fit for {}"),
        "": _lines("with {}"),
    },
    needs=_lines(
        "I am looking for somewhere {}.|What I want is somewhere {}.|It should be somewhere {}."
        "|I would love somewhere {}.|Ideally it is somewhere {}."
    ),
    first=_lines(
        "Do you know anywhere {}?|Somewhere {}, please.|I need somewhere {}."
        "|Is there anywhere {}?|Could you recommend somewhere {}?"
    ),
    later=_lines("And somewhere {}?|Anywhere else, {}?|Rather {} this time.|And {}?"),
    resolved=_lines("Do you know anywhere {}?|I need somewhere {}."),
    other={
        "one-star ratings": "dreadful reviews",
        "two-star ratings": "poor reviews",
        "three-star ratings": "fair reviews",
        "four-star ratings": "good reviews",
        "five-star ratings": "glowing reviews",
        "low prices": "small bills",
        "moderate prices": "fair bills",
        "high prices": "large bills",
        "luxury prices": "enormous bills",
        "sit-down meals": "dinner",
        "takeaway counters": "food to go",
        "evening drinks": "a nightcap",
        "draught beer": "pints from the tap",
        "Italian food": "trattoria dishes",
        "French food": "brasserie dishes",
        "German food": "beer-hall dishes",
        "a terrace": "seats outside",
        "free wifi": "internet for all",
        "a fireplace": "an open fire",
        "a playground": "swings and slides",
        "students": "young people",
        "large groups": "whole crowds",
        "first dates": "new couples",
    },
    plain=("town", "setting", "extras", "company"),
)

LANGUAGES: Mapping[str, Language] = {"music": MUSIC, "places": PLACES}
