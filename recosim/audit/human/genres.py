"""Words of kinds of films, by which an opening is found to name one, and which masks take out."""

from __future__ import annotations

import re

__all__ = ["GENRES", "names_genre"]

GENRES = (
    "action", "adventure", "adventures", "animated", "animation", "anime", "biography", "cartoon",
    "cartoons", "children", "children's", "chick flick", "classic", "classics", "comedies",
    "comedy", "comic", "crime", "cult", "detective", "disney", "documentaries", "documentary",
    "drama", "dramas", "dramatic", "family", "fantasy", "feel good", "feel-good", "foreign",
    "funny", "gangster", "gory", "gore", "heist", "historical", "history", "horror", "horrors",
    "independent", "indie", "kid", "kids", "martial arts", "marvel", "musical", "musicals",
    "mysteries", "mystery", "noir", "old", "paranormal", "parody", "psychological", "rom com",
    "rom-com", "rom coms", "romance", "romances", "romantic", "romcom", "romcoms", "sad", "scary",
    "sci fi", "sci-fi", "scifi", "scifi's", "science fiction", "slasher", "spoof", "spy", "sport",
    "sports", "superhero", "superheroes", "supernatural", "suspense", "suspenseful", "tear jerker",
    "thriller", "thrillers", "true story", "vampire", "war", "western", "westerns", "zombie",
    "zombies",
)  # fmt: skip

_PATTERN = re.compile(
    r"\b(?:" + "|".join(re.escape(word) for word in sorted(GENRES, key=len, reverse=True)) + r")\b",
    re.IGNORECASE,
)


def names_genre(text: str) -> bool:
    """Whether a text holds one of these words."""
    return _PATTERN.search(text) is not None
