"""The person is the user; an agent recommends."""

from __future__ import annotations

import numpy as np

from recosim.acts import Outcome, Verb
from recosim.agents.base import Agent
from recosim.cli.playing.game import Game, PersonLeft
from recosim.envs.cpr.acts import context_of, last_move, write_answer
from recosim.envs.cpr.words import question_text, recommendation_text
from recosim.envs.words import attribute_label, item_label
from recosim.errors import OptionError, RecosimError
from recosim.language import Parser
from recosim.language.names import find, find_all

__all__ = ["answer_as_person"]

_YES = ("yes", "y", "yep", "yeah", "sure")
_NO = ("no", "n", "nope", "none", "neither", "nothing", "0")
_UNSURE = ("d", "dk", "dont know", "don't know", "i don't know", "i dont know", "unsure")
_BOTH = ("both", "yes both")


def answer_as_person(game: Game, agent: Agent) -> None:
    """Let the person answer the agent until the conversation has ended.

    The person may answer against the facts: what then happens is what the protocol says of users
    that err (docs/protocols.md, "Noise").

    Args:
        agent: bound to the batch of the game.

    Raises:
        PersonLeft: they left before.
    """
    a, row = game.batch.arrays, np.array([True])
    _introduce(game)
    game.show_last()
    agent.reset(row)
    while not game.ended:
        game.batch.pose(agent.act())
        verb = int(a["verb"][0])
        if verb in (Verb.ASK, Verb.RECOMMEND):
            _hear(game)
            game.read_until(lambda line: _obey(game, line))
        game.batch.settle()
        game.record()
        _show_what_followed(game)
        agent.observe(row)


def _introduce(game: Game) -> None:
    user = int(game.batch.arrays["user"][0])
    game.say(f"You are user {user}, and the recommender knows what this user took before.")
    _show_targets(game)
    game.say("Answer as you like; 'help' says how.")
    game.console.print()


def _show_targets(game: Game) -> None:
    """What the person has in mind, with its attributes by facet."""
    world, a = game.world, game.batch.arrays
    for target in a["targets"][0, : a["n_targets"][0]].tolist():
        game.say(f"You have in mind: {item_label(world, target)}", "bold")
        if world.item_texts[target]:
            game.say(f"  {world.item_texts[target]}")
        groups: dict[str, list[str]] = {}
        for attribute in world.item_attributes.row(target).tolist():
            facet = int(world.attribute_facet[attribute])
            name = world.facet_names[facet] if facet >= 0 else "other"
            groups.setdefault(name, []).append(attribute_label(world, attribute))
        for name, labels in groups.items():
            game.say(f"  {name}: {', '.join(labels)}")


def _hear(game: Game) -> None:
    """Print the question or the list of the move that was posed."""
    world, a = game.world, game.batch.arrays
    game.console.print()
    protocol = game.batch.protocol
    number = f"{protocol.acting_turns - game.moves_left + 1:>2}."
    if a["verb"][0] == Verb.ASK:
        facet = int(a["asked_facet"][0])
        row = {"facet": facet, "asked": _asked(game)}
        game.say(f"{number} recommender  {question_text(row, world)}")
        if facet >= 0:
            inside = world.facet_attributes.row(facet).tolist()
            game.say(f"    {', '.join(attribute_label(world, i) for i in inside)}", "dim")
        return
    items = a["shown"][0, : a["n_shown"][0]].tolist()
    if len(items) == 1:
        game.say(f"{number} recommender  {recommendation_text(items, world)}")
        return
    game.say(f"{number} recommender  How about one of these?")
    for place, item in enumerate(items, start=1):
        game.say(f"    {place:>2}. {item_label(world, item)}")


def _show_what_followed(game: Game) -> None:
    world, a = game.world, game.batch.arrays
    if a["verb"][0] in (Verb.REFLECT, Verb.IGNORED):
        game.show_last()
        return
    n = int(a["n_candidates"][0])
    if a["outcome"][0] == Outcome.MISS:
        shown = a["shown"][0, : a["n_shown"][0]].tolist()
        targets = a["targets"][0, : a["n_targets"][0]].tolist()
        for place, item in enumerate(shown, start=1):
            if item in targets:
                game.say(f"    (number {place} was {item_label(world, item)}, your item)", "yellow")
    if not game.ended:
        game.say(f"    ({n:,} candidate{'s' * (n != 1)})", "dim")


# ---- answers -------------------------------------------------------------------------------------


def _obey(game: Game, line: str) -> bool:
    """Do what a line says; whether it answered, in which case the fields of the move are set.

    Raises:
        RecosimError: the line cannot be an answer; nothing changed.
    """
    given = " ".join(line.casefold().replace("’", "'").rstrip(".!").split())
    if given in ("quit", "exit", "q"):
        raise PersonLeft
    if given in ("help", "?"):
        game.say(_how_to_answer(game))
        game.say("'item' shows what you have in mind, 'history' what was said, 'quit' leaves.")
    elif given == "item":
        _show_targets(game)
    elif given == "history":
        game.show_history()
    else:
        try:
            react = game.batch.arrays["verb"][0] == Verb.RECOMMEND
            (_react if react else _answer)(game, given)
        except RecosimError as problem:
            _understand(game, line, problem)
        return True
    return False


def _understand(game: Game, line: str, problem: RecosimError) -> None:
    """Write a sentence into the fields of the move: "no, and less electronic, please".

    Raises:
        RecosimError: `problem`, where the sentence is no answer either.
    """
    facets = game.batch.protocol.question == "facet"
    move = last_move(game.batch, 0)
    try:
        act = Parser(game.world).parse_user(line, context_of(move, facets=facets))
        write_answer(game.batch, 0, (act,))
    except RecosimError:
        raise problem from None


def _answer(game: Game, given: str) -> None:
    """Write the answer to a question into the fields of the move."""
    a = game.batch.arrays
    if given in _UNSURE:
        a["outcome"][0] = Outcome.UNSURE
        return
    if given in _NO:
        a["outcome"][0] = Outcome.NO
        return
    accepted = _wanted(game, given)
    room = a["accepted"].shape[1]
    if len(accepted) > room:
        raise OptionError(f"{len(accepted)} were named; no item has more than {room}.")
    a["outcome"][0] = Outcome.YES
    a["accepted"][0, : len(accepted)] = accepted
    a["n_accepted"][0] = len(accepted)


def _wanted(game: Game, given: str) -> list[int]:
    """The attributes that an answer accepts, in the order of the rules."""
    world, a = game.world, game.batch.arrays
    asked, facet = _asked(game), int(a["asked_facet"][0])
    if facet < 0 and len(asked) == 1:
        if given in _YES:
            return asked
    elif facet < 0 and given in _BOTH:
        return asked
    elif given and given not in _YES:
        inside = asked if facet < 0 else world.facet_attributes.row(facet).tolist()
        names, hint = world.attribute_names, _how_to_answer(game)
        return sorted(find_all(given, names, "attribute", hint, inside), key=inside.index)
    raise OptionError(_how_to_answer(game))


def _react(game: Game, given: str) -> None:
    """Write the reaction to a list into the fields of the move."""
    world, a = game.world, game.batch.arrays
    items = a["shown"][0, : a["n_shown"][0]].tolist()
    if given in _NO:
        a["outcome"][0] = Outcome.MISS
        return
    if given in _YES and len(items) == 1:
        place = 1
    elif given in _YES or not given:
        raise OptionError(_how_to_answer(game))
    elif given.isdecimal():
        place = int(given)
        if not 1 <= place <= len(items):
            raise OptionError(f"there is no number {place}. {_how_to_answer(game)}")
    else:
        chosen = find(given, world.item_names, "item", _how_to_answer(game), items)
        place = 1 + items.index(chosen)
    a["outcome"][0] = Outcome.HIT
    a["rank"][0] = place


def _how_to_answer(game: Game) -> str:
    a = game.batch.arrays
    if a["verb"][0] == Verb.RECOMMEND:
        n = int(a["n_shown"][0])
        return (
            "Take it with 'yes', or refuse it with 'no'."
            if n == 1
            else f"Take one by its number (1 to {n}) or its name, or refuse them all with 'no'; or "
            "say what there should be less or more of."
        )
    if a["asked_facet"][0] >= 0:
        return "Name what you want, separated by commas, or answer 'none' or 'don't know'."
    if len(_asked(game)) == 2:
        return "Answer 'both', one of the two by its name or id, 'neither', or 'don't know'."
    return "Answer 'yes', 'no' or 'don't know'."


def _asked(game: Game) -> list[int]:
    asked = game.batch.arrays["asked"][0]
    return [int(attribute) for attribute in asked if attribute >= 0]
