"""The tone in which names are said: "less rock, but I love folk"."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from recosim.language.cues import NO, TONES, YES
from recosim.language.mentions import Mention
from recosim.language.words import Token

__all__ = ["cues_in", "first_reply", "has_cue", "scope_of", "spoken", "tones_of"]

_LONGEST = 5  # words of a cue
# "no" before one of these is a reply, not a "no" to the name that follows.
_AFTER_REPLY = frozenset((
    "i", "id", "im", "ill", "its", "thats", "this", "but", "thanks", "thank", "please", "show",
    "lets", "rather", "give", "sorry", "what", "how",
))  # fmt: skip
_FILLERS = frozenset((
    "oh", "hmm", "hm", "well", "ah", "uh", "um", "hey", "so", "the", "hi", "hello", "mm", "hell",
    "honestly", "haha",
))  # fmt: skip

_BEFORE_DENIAL = frozenset(("is", "are", "was", "were", "would", "music", "just", "really"))
_DENIALS = frozenset((
    "not", "isnt", "arent", "wasnt", "werent", "doesnt", "dont", "wont", "never", "wouldnt",
    "bores", "annoys", "sucks", "boring", "awful", "terrible",
))  # fmt: skip
_AFTER_ALSO = frozenset((
    "and", "i", "id", "im", "we", "want", "would", "like", "love", "need", "some", "more", "please",
))  # fmt: skip
_PRAISE = frozenset(("bad", "wrong", "enough", "hurt", "mind", "disappoint"))


def spoken(tokens: Sequence[Token]) -> str:
    """The words with a space on both sides, to look cues up in; marks and pauses are "|"."""
    return f" {' '.join((token.gap and '| ') + (token.word or '|') for token in tokens)} "


def has_cue(said: str, cues: Iterable[str]) -> bool:
    """Whether one of the cues is in a text that `spoken` made."""
    return any(f" {cue} " in said for cue in cues)


def tones_of(
    tokens: Sequence[Token], mentions: Sequence[Mention], fresh: Collection[int] = ()
) -> list[str]:
    """For each mention "no", "less", "more", "like" or "" (nothing was said about it).

    Args:
        fresh: words that begin a clause of their own, so that no tone reaches over to it.
    """
    starts = {mention.start: k for k, mention in enumerate(mentions)}
    ends = {mention.end for mention in mentions}
    tones = [""] * len(mentions)
    tone, at = "", 0
    while at < len(tokens):
        if (
            at
            and tokens[at].gap
            and not (tone in ("no", "less") and _goes_on(tokens, at, mentions))
        ):
            tone = ""
        if at in fresh and not tokens[at].gap:
            tone = ""
        if at in starts:
            mention = mentions[starts[at]]
            after = tokens[mention.end].word if mention.end < len(tokens) else ""
            not_enough = tone == "no" and after == "enough"
            tones[starts[at]] = "more" if not_enough else tone
            if not tone and _is_denied(tokens, mention.end, mention.kind == "a"):
                tones[starts[at]] = "no"
            at = mention.end
            continue
        cue, words = _cue_at(tokens, at, TONES)
        if cue is None:
            at += 1
            continue
        tone = _next_tone(tone, cue, tokens, at, at + words, starts, ends)
        at += words
    return tones


def _is_denied(tokens: Sequence[Token], at: int, too: bool) -> bool:
    """Whether what was named before a word is refused after it: "jazz isn't for me".

    Args:
        too: whether "is too loud" refuses it.
    """
    words = []
    for token in tokens[at : at + 4]:
        if token.gap:
            break
        words.append(token.word)
    linked = False
    while words and words[0] in _BEFORE_DENIAL:
        linked = True
        del words[0]
    if too and linked and words[:1] == ["too"] and len(words) > 1:  # "jazz is too loud"
        return True
    return bool(words) and words[0] in _DENIALS and not _PRAISE & set(words[1:])


def _next_tone(
    tone: str,
    cue: str,
    tokens: Sequence[Token],
    at: int,
    end: int,
    starts: Mapping[int, int],
    mention_ends: set[int],
) -> str:
    """The tone after a cue: a "no" stays one through "I don't want", up to a "but"."""
    new = TONES[cue]
    after = tokens[end].word if end < len(tokens) else ""
    if cue == "no" and (end == len(tokens) or tokens[end].gap or after in _AFTER_REPLY):
        return tone
    if cue == "too" and not _name_follows(tokens, end, starts):
        return tone
    if cue == "with":
        return "" if at in mention_ends else tone
    if tone in ("no", "less") and new in ("more", "like"):
        joined = at > 0 and tokens[at - 1].word in ("and", "then", "but")
        return new if joined or cue in ("rather", "instead") else tone
    if tone == "more" and new == "like":
        return tone
    return new


def _name_follows(tokens: Sequence[Token], at: int, starts: Mapping[int, int]) -> bool:
    """Whether a "too" belongs to a name: "too dark and loud", not "me too, I want"."""
    for place in range(at, min(at + 3, len(tokens))):
        if place > at and tokens[place].gap:
            return False
        if place in starts:
            return True
        if tokens[place].word in _AFTER_ALSO:
            return False
    return False


def _goes_on(tokens: Sequence[Token], at: int, mentions: Sequence[Mention]) -> bool:
    """Whether the clause at a comma goes on with a list: only names, the last after and/or."""
    inside = {place for mention in mentions for place in range(mention.start, mention.end)}
    joined = False
    for place in range(at, len(tokens)):
        if place > at and set(tokens[place].gap) - {","}:
            break
        if place in inside:
            continue
        if tokens[place].word not in ("and", "or", "nor"):
            return False
        joined = True
    return joined and tokens[at].gap == ","


def _cue_at(
    tokens: Sequence[Token], at: int, cues: Iterable[str] | Mapping[str, str]
) -> tuple[str | None, int]:
    """The longest cue that begins at a word, and its number of words."""
    for words in range(min(_LONGEST, len(tokens) - at), 0, -1):
        if any(token.gap for token in tokens[at + 1 : at + words]):
            continue
        cue = " ".join(token.word for token in tokens[at : at + words])
        if cue in cues:
            return cue, words
    return None, 1


def cues_in(tokens: Sequence[Token], cues: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """The longest cues of a line in its order: first word, word behind it, what it stands for."""
    found, at = [], 0
    while at < len(tokens):
        cue, words = _cue_at(tokens, at, cues)
        if cue is not None:
            found.append((at, at + words, cues[cue]))
        at += words
    return found


_REPLIES = {**dict.fromkeys(YES, "yes"), **dict.fromkeys(NO, "no")}
# Words of approval that say yes where they lead, or where nothing says no.
_PLAIN_YES = frozenset(("yes", "yep", "yeah", "yup", "yea", "ya", "aye", "y", "sure", "absolutely"))


def first_reply(
    tokens: Sequence[Token], mentions: Sequence[Mention], left_out: Collection[int] = ()
) -> str:
    """ "yes", "no" or "": the leading yes or no, else any no, else any yes.

    Args:
        left_out: words that are no reply.
    """
    inside = {place for mention in mentions for place in range(mention.start, mention.end)}
    replies: list[str] = []
    at, leading = 0, True
    while at < len(tokens):
        if at in inside or at in left_out:
            at, leading = at + 1, False
            continue
        cue, words = _cue_at(tokens, at, _REPLIES)
        if cue is None or (cue == "no" and at + 1 in inside and not tokens[at + 1].gap):
            leading = leading and tokens[at].word in _FILLERS
            at += 1
            continue
        reply = _REPLIES[cue]
        if leading and (reply == "no" or cue in _PLAIN_YES):
            return reply
        if not (reply == "no" and cue in ("no", "n") and at and not tokens[at].gap and not leading):
            replies.append(reply)
        leading = False
        at += words
    return "no" if "no" in replies else "yes" if replies else ""


def scope_of(said: str, scopes: Mapping[str, str]) -> str | None:
    """How long an instruction holds, if the text says so; the longest cue decides."""
    for cue in sorted(scopes, key=len, reverse=True):
        if f" {cue} " in said:
            return scopes[cue]
    return None
