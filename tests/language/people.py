"""How the parser reads people: dialogues of IARD in a world of their films, against their intents.

`python tests/language/people.py [seen|unseen]` prints the figures of one half of the conversations;
the parser was made beside the half `seen` alone. Nothing that people wrote is printed or kept.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Critique,
    Edit,
    Inquire,
    Instruct,
    Leave,
    Note,
    React,
    Recommend,
    Request,
    UserAct,
)
from recosim.cards import find_card, read_toml
from recosim.errors import NotUnderstood
from recosim.language import Context, Parser
from recosim.world.csr import csr_from_lists
from recosim.world.world import World, build_world

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
DIALOGUES = HERE.parents[2] / "shared" / "data" / "human" / "iard_half.json"
LABELS = HERE / "people_labels.toml"
GENRES = (
    "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "IMAX", "Musical", "Mystery", "Romance", "Sci-Fi",
    "Thriller", "War", "Western",
)  # fmt: skip
_FILM = re.compile(r"@(\d+) <\s*(.*?)\s*>")
_YEAR = re.compile(r"\s*\((\d{4})\)\s*$")


class Turn(NamedTuple):
    """One turn of a seeker, in its context."""

    dialogue: str
    name: str  # "S5"
    text: str
    context: Context
    intents: tuple[str, ...]


def is_unseen(dialogue: str) -> bool:
    """Whether a conversation is of the half that the parser was not made beside."""
    return int(hashlib.sha256(dialogue.encode()).hexdigest(), 16) % 2 == 1


@cache
def read_iard(path: Path = DIALOGUES) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def world_of_films(path: Path = DIALOGUES) -> World:
    """The films that are named, with their decade; genres can be asked for and nothing has one."""
    texts = [
        t["utterance_text"] for d in read_iard(path).values() for t in d["dialogue_info"].values()
    ]
    films = {i: _title(title) for text in texts for i, title in _FILM.findall(text)}
    years = {i: _YEAR.search(title) for text in texts for i, title in _FILM.findall(text)}
    known = read_toml(find_card("data", "movielens"))["synonyms"]
    decades = [f"{decade}s" for decade in range(1910, 2020, 10)]
    names = [*GENRES, *decades]
    rows = [[names.index(f"{year[1][:3]}0s")] if (year := years[i]) else [0] for i in films]
    return build_world(
        name="films",
        item_attributes=csr_from_lists(rows),
        train=csr_from_lists([[0]]),
        valid=csr_from_lists([[1]]),
        test=csr_from_lists([[2]]),
        n_attributes=len(names),
        attribute_facet=[0] * len(GENRES) + [1] * len(decades),
        facet_names=["genre", "decade"],
        attribute_names=names,
        item_names=list(films.values()),
        synonyms={a: words for a, words in known.items() if a in names},
    )


def _title(title: str) -> str:
    return " ".join(_YEAR.sub("", title).replace("%3F", "?").split())


def turns(path: Path = DIALOGUES, unseen: bool | None = None) -> Iterator[Turn]:
    """The turns of the seekers; of one half (`unseen`), or of both (None)."""
    ids: dict[str, int] = {}
    for dialogue in read_iard(path).values():
        for turn in dialogue["dialogue_info"].values():
            for i, _ in _FILM.findall(turn["utterance_text"]):
                ids.setdefault(i, len(ids))
    for name, dialogue in read_iard(path).items():
        if unseen is not None and is_unseen(name) != unseen:
            continue
        context = Context()
        for place, turn in dialogue["dialogue_info"].items():
            intents = tuple(turn["sub-intent/action"])
            if turn["role"] == "seeker":
                text = _FILM.sub(lambda found: found[2], turn["utterance_text"])
                yield Turn(name, place, text, context, intents)
                continue
            named = [ids[i] for i, _ in _FILM.findall(turn["utterance_text"])]
            shows = named and any(intent.startswith("REC") for intent in intents)
            context = Context(Recommend(tuple(dict.fromkeys(named))) if shows else Ask())


# ---- what was read -------------------------------------------------------------------------------


def read(parser: Parser, turn: Turn) -> tuple[UserAct, ...]:
    """The acts that were read; () where a question came back."""
    try:
        return parser.parse_turn(turn.text, turn.context)
    except NotUnderstood:
        return ()


def kinds_of(acts: tuple[UserAct, ...], shown: tuple[int, ...]) -> set[str]:
    """Acts as in `people_labels.toml`, items by their place in the list."""

    def at(item: int) -> str:
        return str(shown.index(item)) if item in shown else ""

    kinds: set[str] = set()
    for act in acts:
        if isinstance(act, React):
            kinds |= {f"take{at(i)}" for i in act.taken}
            kinds |= {f"{note.name.lower()}{at(i)}" for i, note in act.notes}
            if not act.taken and not act.notes:
                kinds.add("refuse")
        elif isinstance(act, Answer):
            kinds |= {"want"} if act.accepted or act.also else set()
            if act.kind != "yes" or not kinds & {"want"}:
                kinds.add(act.kind)
        elif isinstance(act, Request):
            kinds |= {"want"} if act.attributes else set()
            kinds |= {"item"} if act.item is not None else set()
            kinds |= {"any"} if not act.attributes and act.item is None else set()
        elif isinstance(act, (Critique, Instruct, Edit)):
            less = (
                getattr(act, "remove", ())
                or "less" in vars(act).values()
                or "avoid" in vars(act).values()
            )
            more = (
                getattr(act, "add", ())
                or "more" in vars(act).values()
                or "want" in vars(act).values()
            )
            kinds |= {name for name, is_so in (("less", less), ("want", more)) if is_so}
        elif isinstance(act, Inquire):
            kinds.add("ask")
        elif isinstance(act, Courtesy):
            kinds.add("courtesy")
        elif isinstance(act, Leave):
            kinds.add("leave")
    return kinds


def labelled(kinds: set[str], label: str) -> str:
    """Whether the acts that were read are those of a label: "right", "wrong" or "asked"."""
    words = label.split()
    needed = {word for word in words if not word.startswith("?")}
    allowed = {word.lstrip("?") for word in words}

    def among(kind: str, names: set[str]) -> bool:
        """An item that the label leaves open is any."""
        return kind in names or kind.rstrip("0123456789") in names

    real = kinds - {"courtesy"}
    if needed <= {"none", "courtesy", "leave"}:  # "leave" and "courtesy" are near
        if not real - {"leave"} - allowed:
            return "right"
        return "wrong"
    real = real - {"leave"}
    if not real:
        return "asked"
    if not all(among(kind, allowed) for kind in real):
        return "wrong"
    return "right" if any(among(kind, needed) for kind in real) else "asked"


# ---- figures -------------------------------------------------------------------------------------


class Figures(NamedTuple):
    """Replies to a recommendation, as counts.

    Attributes:
        replies: turns after a recommendation.
        accepts: of them, those with the intent ACC; read: read as accept; both: rightly.
        rejects: those with REJ and without ACC; rejects_read: of them, read as accept.
        asked_back: of the replies, those that were asked back.
    """

    replies: int
    accepts: int
    read: int
    both: int
    rejects: int
    rejects_read: int
    asked_back: int

    def __str__(self) -> str:
        believed, true = self.read / self.replies, self.accepts / self.replies
        return (
            f"{self.replies} replies, {self.accepts} accept, {self.asked_back} asked back\n"
            f"accept: precision {self.both / max(self.read, 1):.3f} of {self.read}, "
            f"recall {self.both / max(self.accepts, 1):.3f}\n"
            f"rejections read as accept: {self.rejects_read} of {self.rejects}\n"
            f"hit rate believed {believed:.3f}, true {true:.3f}"
        )


def takes(acts: tuple[UserAct, ...]) -> bool:
    """Whether an item is taken, or kept for later: people label both as accepting."""
    reacts = [act for act in acts if isinstance(act, React)]
    return any(act.taken or Note.LATER in dict(act.notes).values() for act in reacts)


def replies(unseen: bool | None, path: Path = DIALOGUES) -> Figures:
    """What is made of the replies to recommendations."""
    parser = Parser(world_of_films(path))
    counts: Counter[str] = Counter()
    for turn in turns(path, unseen):
        if not isinstance(turn.context.answers, Recommend):
            continue
        acts = read(parser, turn)
        accepts, took = "ACC" in turn.intents, takes(acts)
        rejects = "REJ" in turn.intents and not accepts
        counts.update(
            replies=1, accepts=accepts, read=took, both=accepts and took, rejects=rejects,
            rejects_read=rejects and took, asked_back=not acts,
        )  # fmt: skip
    return Figures(*(counts[name] for name in Figures._fields))


def labels(path: Path = DIALOGUES) -> dict[tuple[str, str], str]:
    """(dialogue, turn) -> "right", "wrong" or "asked", of the labelled lines."""
    given = tomllib.loads(LABELS.read_text(encoding="utf-8"))
    parser = Parser(world_of_films(path))
    found = {}
    for turn in turns(path, unseen=False):
        label = given.get(turn.dialogue, {}).get(turn.name)
        if label is not None:
            kinds = kinds_of(read(parser, turn), turn.context.items)
            found[turn.dialogue, turn.name] = labelled(kinds, label)
    return found


def main(half: str) -> None:
    unseen = half == "unseen"
    print(replies(unseen))
    if not unseen:
        counts = Counter(labels().values())
        n = sum(counts.values())
        print(
            f"{n} labelled lines: "
            + ", ".join(f"{k} {counts[k] / n:.3f}" for k in ("right", "wrong", "asked"))
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "seen")
