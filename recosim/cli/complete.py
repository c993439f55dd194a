"""Shell completion of names: of environments, agents, users, worlds, protocols and estimators.

`recosim --install-completion` sets it up for the shell at hand. What is offered is read from the
cards: nothing heavy is imported while somebody waits for a key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

__all__ = [
    "complete_agents",
    "complete_environments",
    "complete_estimators",
    "complete_protocols",
    "complete_users",
    "complete_worlds",
]

Completer: TypeAlias = Callable[[str], list[str]]


def _completer(names: Callable[[], Iterable[str]], *, several: bool = False) -> Completer:
    """What completes a name that was begun; with `several` the last one of a list with commas."""

    def complete(incomplete: str) -> list[str]:
        before, comma, begun = incomplete.rpartition(",") if several else ("", "", incomplete)
        given = set(before.split(","))
        try:
            there = sorted(names())
        except Exception:  # a broken card is told by the command, not between two keys
            return []
        return [
            f"{before}{comma}{name}"
            for name in there
            if name.casefold().startswith(begun.casefold()) and name not in given
        ]

    return complete


def _environments() -> Iterable[str]:
    from recosim.envs.registration import env_cards

    return [card.name for card in env_cards().values()]


def _cards(kind: str, *more: str) -> Callable[[], Iterable[str]]:
    def names() -> Iterable[str]:
        from recosim.cards import list_cards

        return [*list_cards(kind), *more]

    return names


def _worlds() -> Iterable[str]:
    from recosim.cards import list_cards
    from recosim.files import cache_folder

    stored = cache_folder() / "worlds"
    return {*list_cards("data"), *(path.parent.name for path in stored.glob("*/world.json"))}


def _protocols() -> Iterable[str]:
    from recosim.cli.listing import protocols

    return {name for name, *_ in protocols()}


def _estimators() -> Iterable[str]:
    from recosim.estimators import ESTIMATORS

    return list(ESTIMATORS)


complete_environments = _completer(_environments)
complete_agents = _completer(_cards("agents", "all", "rules"), several=True)
complete_users = _completer(_cards("users"), several=True)
complete_worlds = _completer(_worlds)
complete_protocols = _completer(_protocols)
complete_estimators = _completer(_estimators)
