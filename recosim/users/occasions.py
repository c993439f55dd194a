"""Occasions in a file: moments at which users spoke, to be put to language models again.

Two ways to ask a model differ by a few decisions in a hundred. Played, each of them leads to other
conversations; on recorded occasions both are asked the same.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from recosim import acts as acts_of_recosim
from recosim.errors import OptionError, shown
from recosim.files import write_text
from recosim.language import Context
from recosim.users.speaker import Occasion, Search, Speaker, Utterance
from recosim.world.world import World

__all__ = ["OccasionLog", "load_occasions", "save_occasions"]

HEAD = "recosim_occasions"
FORMAT = 1
_ACTS: dict[str, Any] = {
    name: kind
    for name in acts_of_recosim.__all__
    if dataclasses.is_dataclass(kind := getattr(acts_of_recosim, name))
}


class OccasionLog:
    """A speaker that keeps the occasions on which another one speaks.

    Args:
        speaker: who speaks, and decides what it may.

    Attributes:
        occasions: in the order in which they came.
    """

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self.occasions: list[Occasion] = []

    @property
    def decides(self) -> Literal["nothing", "answers"]:
        return self.speaker.decides

    def speak(self, occasions: Sequence[Occasion]) -> list[Utterance]:
        """What the other speaker says."""
        self.occasions += occasions
        return self.speaker.speak(occasions)

    def report(self) -> dict[str, Any]:
        return self.speaker.report()


def save_occasions(path: Path | str, occasions: Sequence[Occasion], world: World) -> None:
    """Write occasions as JSON lines, atomically; the first line names the world.

    Args:
        path: of the file. world: whose ids the occasions hold.
    """
    head = {HEAD: FORMAT, "world": world.name, "fingerprint": world.fingerprint}
    lines = [json.dumps(head), *(json.dumps(_written(each)) for each in occasions)]
    write_text(Path(path), "\n".join(lines) + "\n")


def load_occasions(path: Path | str, world: World) -> list[Occasion]:
    """Occasions from a file of `save_occasions`.

    Raises:
        OptionError: not such a file (file and line), or one of another world.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} cannot be read as text: {error}.") from error
    try:
        head = json.loads(lines[0])
        version, fingerprint = head[HEAD], str(head["fingerprint"])
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        raise OptionError(
            f"{path}:1: not a file of occasions; recosim.users.occasions.save_occasions writes one."
        ) from None
    if version != FORMAT:
        raise OptionError(f"{path}:1: format {shown(version)}; this RecoSim reads format {FORMAT}.")
    if not world.known_as(fingerprint):
        raise OptionError(
            f"{path}:1: occasions of the world {head.get('world')} ({fingerprint[:12]}); this one "
            f"is {world.name} ({world.fingerprint[:12]}). Open that one, or record them anew."
        )
    return [_read(path, number, line) for number, line in enumerate(lines[1:], 2)]


def _written(occasion: Occasion) -> dict[str, Any]:
    """JSON values; acts as {"act": name of the class, ...}."""
    plain = {f.name: getattr(occasion, f.name) for f in dataclasses.fields(occasion)}
    context = occasion.context
    plain["acts"] = [_act_written(act) for act in occasion.acts]
    plain["context"] = {
        "answers": None if context.answers is None else _act_written(context.answers),
        "shown": context.shown,
        "facets": context.facets,
        "walks": context.walks,
        "utterance": context.utterance,
    }
    return plain


def _read(path: Path, number: int, line: str) -> Occasion:
    try:
        entry = json.loads(line)
        context = entry["context"]
        answers = context["answers"]
        entry["acts"] = tuple(_act_read(act) for act in entry["acts"])
        entry["context"] = Context(
            None if answers is None else _act_read(answers),
            tuple(context["shown"]),
            context["facets"],
            context.get("walks", False),
            context.get("utterance", ""),
        )
        if entry.get("search") is not None:
            entry["search"] = Search(*map(_tuples, entry["search"]))
        return Occasion(**{k: _tuples(v) for k, v in entry.items()})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise OptionError(
            f"{path}:{number}: not an occasion ({error!r}). Record it anew."
        ) from error


def _act_written(act: Any) -> dict[str, Any]:
    return {"act": type(act).__name__, **dataclasses.asdict(act)}


def _act_read(given: Mapping[str, Any]) -> Any:
    values = {name: _tuples(value) for name, value in given.items() if name != "act"}
    return _ACTS[given["act"]](**values)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value
