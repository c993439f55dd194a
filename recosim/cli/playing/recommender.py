"""The person recommends; a rule user answers."""

from __future__ import annotations

import difflib

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from recosim.acts import Ask, Moves, Recommend, Reflect, SystemAct
from recosim.cli.playing.game import Game, PersonLeft
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.words import attribute_label, facet_label, item_label
from recosim.errors import IllegalActionError, OptionError, RecosimError
from recosim.language.names import find, find_all

__all__ = ["recommend_as_person"]

_COMMANDS = {
    "ask": "ask NAME         ask whether the user wants it: ask 12, ask indie, ask indi",
    "recommend": "recommend        show the best candidates; recommend 3 17 5 shows those items",
    "reflect": "reflect          revise what is believed about the user, after a refusal; no turn",
    "questions": "questions [N]    the N best questions (20), by entropy",
    "candidates": "candidates [N]   the N best candidates (20) and their attributes",
    "history": "history          everything said so far",
    "help": "help             this list",
    "quit": "quit             leave the conversation; also ctrl-C, ctrl-D",
}
_SYNONYMS = {"q": "quit", "exit": "quit", "?": "help", "bye": "quit"}
_FEW, _MANY = 5, 20


def recommend_as_person(game: Game) -> None:
    """Let the person make moves until the conversation has ended.

    Raises:
        PersonLeft: they left before.
    """
    _introduce(game)
    while not game.ended:
        if game.moves_left < 1:  # the protocol ignores the move of the last turn, whatever it is
            _step(game, Recommend())
            continue
        _show_board(game)
        game.read_until(lambda line: _obey(game, line))


def _introduce(game: Game) -> None:
    world = game.world
    user = int(game.batch.arrays["user"][0])
    took = world.train.row(user)
    if len(took):
        # The best known items say most to a person.
        known = sorted(took.tolist(), key=lambda v: (-int(world.popularity[v]), v))[:4]
        names = ", ".join(item_label(world, v) for v in known)
        game.say(f"User {user} took {len(took)} items before, such as {names}.")
    game.say("Find the item this user has in mind. 'help' lists the commands.")
    game.show_last()


# ---- commands ------------------------------------------------------------------------------------


def _obey(game: Game, line: str) -> bool:
    """Do what a line says; whether it was a move.

    Raises:
        RecosimError: the line is not a command, or what it says cannot be done; nothing changed.
    """
    if not line:
        raise OptionError(f"type a command: {', '.join(_legal_commands(game))}.")
    word, _, rest = line.partition(" ")
    command = _command(game, word, line)
    rest = rest.strip()
    if rest and command in ("reflect", "history", "help", "quit"):
        raise OptionError(f"{command!r} stands alone; given {line!r}.")
    if command == "ask":
        _ask(game, rest)
    elif command == "recommend":
        _recommend(game, rest)
    elif command == "reflect":
        _reflect(game)
    elif command == "questions":
        _show_questions(game, _how_many(rest, "questions"))
    elif command == "candidates":
        _show_candidates(game, _how_many(rest, "candidates"))
    elif command == "history":
        game.show_history()
    elif command == "help":
        _help(game)
    else:
        raise PersonLeft
    return command in ("ask", "recommend", "reflect")


def _command(game: Game, word: str, line: str) -> str:
    """The command that a word begins, if it begins one only."""
    given = word.casefold()
    if given in _SYNONYMS:
        return _SYNONYMS[given]
    begun = [command for command in _COMMANDS if command.startswith(given)]
    if len(begun) == 1 or given in begun:
        return begun[0] if len(begun) == 1 else given
    if begun:
        raise OptionError(f"{word!r} may be {' or '.join(map(repr, begun))}; type more of it.")
    near = difflib.get_close_matches(given, _COMMANDS, n=1, cutoff=0.6)
    message = f"{word!r} is not a command."
    if near:
        message += f" Did you mean {near[0]!r}?"
    else:
        try:
            askable = find(line, _askable_names(game), _kind(game))
            message += f" To ask about {_askable_label(game, askable)}, type: ask {line}."
        except RecosimError:
            message += f" Commands: {', '.join(_legal_commands(game))}."
    raise OptionError(message)


def _ask(game: Game, name: str) -> None:
    dialogues = game.batch
    hint = "'questions' lists what can be asked."
    askable = find(name, _askable_names(game), _kind(game), hint)
    if not dialogues.legal_actions()[0, askable]:
        raise IllegalActionError(
            f"{_askable_label(game, askable)} {_why_not(game, askable)} {hint}"
        )
    _step(game, Ask(facet=askable) if _kind(game) == "facet" else Ask((askable,)))


def _why_not(game: Game, askable: int) -> str:
    a = game.batch.arrays
    if _kind(game) == "facet":
        if a["facet_asked"][0, askable]:
            return "was asked already."
        return "cannot be asked: no candidate has an attribute in it."
    status = int(a["status"][0, askable])
    said = {1: "the user wants it", -1: "the user does not want it", 2: "the user does not know"}
    if status:
        return f"was asked already: {said[status]}."
    return "cannot be asked: no candidate has it."


def _recommend(game: Game, names: str) -> None:
    dialogues, world = game.batch, game.world
    if not dialogues.legal_actions()[0, dialogues.n_askables]:
        raise IllegalActionError("nothing is left to recommend.")
    if not names:
        _step(game, Recommend())
        return
    items = find_all(names, world.item_names, "item", "'candidates' lists items.")
    top_k = dialogues.protocol.top_k
    if len(items) > top_k:
        raise IllegalActionError(f"{len(items)} items were given; at most {top_k} can be shown.")
    inside = set(dialogues.candidate_ids(0).tolist())
    outside = [item_label(world, v) for v in items if v not in inside]
    if outside:
        game.say(f"(shown although not among the candidates: {', '.join(outside)})", "dim")
    _step(game, Recommend(tuple(items)))


def _reflect(game: Game) -> None:
    if not game.batch.legal_actions()[0, game.batch.n_askables + 1]:
        raise IllegalActionError(
            "a reflection needs a refused recommendation that was not reflected on yet."
        )
    _step(game, Reflect())


def _step(game: Game, act: SystemAct) -> None:
    game.step(Moves.of([act], game.batch.protocol.top_k))
    game.record()
    game.show_last()


def _how_many(text: str, command: str) -> int:
    if not text:
        return _MANY
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise OptionError(f"{command!r} takes how many to list, a whole number from 1; given {text!r}.")


# ---- what the person sees ------------------------------------------------------------------------


def _show_board(game: Game) -> None:
    protocol, a = game.batch.protocol, game.batch.arrays
    number = protocol.acting_turns - game.moves_left + 1
    n = int(a["n_candidates"][0])
    game.console.print()
    game.say(f"move {number} of {protocol.acting_turns}: {n:,} candidate{'s' * (n != 1)}", "bold")
    _show_questions(game, _FEW)
    game.say(f"commands: {', '.join(_legal_commands(game))}", "dim")


def _show_questions(game: Game, most: int) -> None:
    """The askables by falling entropy, with how many candidates have each."""
    dialogues = game.batch
    legal = np.flatnonzero(dialogues.legal_actions()[0, : dialogues.n_askables])
    entropy = dialogues.entropy()[0]
    order = legal[np.lexsort((legal, -entropy[legal].astype(np.float64)))][:most]
    if not len(order):
        game.say("nothing is left to ask")
        return
    facets = _kind(game) == "facet"
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("  best questions", no_wrap=True)
    table.add_column("entropy", justify="right")
    table.add_column("attributes" if facets else "candidates", justify="right")
    if not facets:
        table.add_column("facet", no_wrap=True)
    n = int(dialogues.arrays["n_candidates"][0])
    for askable in order.tolist():
        cells = [f"  {_askable_label(game, askable)}", f"{entropy[askable]:.2f}"]
        if facets:
            cells.append(str(len(game.world.facet_attributes.row(askable))))
        else:
            facet = int(game.world.attribute_facet[askable])
            cells.append(f"{dialogues.arrays['counts'][0, askable]} of {n}")
            cells.append(game.world.facet_names[facet] if facet >= 0 else "")
        table.add_row(*map(Text, cells))
    game.console.print(table)
    if len(legal) > most:
        game.say(f"  and {len(legal) - most} more", "dim")


def _show_candidates(game: Game, most: int) -> None:
    """The candidates by falling score, and what they have."""
    dialogues, world = game.batch, game.world
    candidates = dialogues.candidate_ids(0)
    if not len(candidates):
        game.say("no candidate is left")
        return
    scores = _scores(dialogues, candidates)
    order = np.lexsort((candidates, -scores.astype(np.float64)))[:most]
    status = dialogues.arrays["status"][0]
    known = {1: ("green", " (yes)"), -1: ("red", " (no)"), 2: ("dim", " (?)")}
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("  best candidates", no_wrap=True)
    table.add_column("score", justify="right")
    table.add_column("attributes")
    for item, score in zip(candidates[order].tolist(), scores[order].tolist(), strict=True):
        has = []
        for attribute in world.item_attributes.row(item).tolist():
            style, remark = known.get(int(status[attribute]), ("", ""))
            has.append(Text(world.attribute_names[attribute] + remark, style))
        table.add_row(Text(f"  {item_label(world, item)}"), f"{score:.2f}", Text(", ").join(has))
    game.console.print(table)
    if len(candidates) > most:
        game.say(f"  and {len(candidates) - most} more", "dim")


def _scores(dialogues: Dialogues, items: NDArray[np.int64]) -> NDArray[np.float32]:
    """The estimator's scores of items as docs/protocols.md defines them, float32 (items,)."""
    vectors, a = dialogues.vectors, dialogues.arrays
    vector = vectors.item[items]
    scores: NDArray[np.float32] = vectors.item_bias[items] + vector @ a["query"][0]
    if vectors.penalise_rejected:
        for rejected in np.flatnonzero(a["status"][0] == -1):
            has = np.isin(items, dialogues.world.attribute_items.row(int(rejected)))
            scores[has] -= 1 / (1 + np.exp(-(vector[has] @ vectors.attribute[rejected])))
    return scores


def _legal_commands(game: Game) -> list[str]:
    dialogues = game.batch
    mask = dialogues.legal_actions()[0]
    legal = {
        "ask": bool(mask[: dialogues.n_askables].any()),
        "recommend": bool(mask[dialogues.n_askables]),
        "reflect": bool(mask[dialogues.n_askables + 1]),
    }
    return [command for command in _COMMANDS if legal.get(command, True)]


def _help(game: Game) -> None:
    protocol = game.batch.protocol
    for line in _COMMANDS.values():
        game.say(f"  {line}")
    question = {
        "binary": "A question is about one attribute; the user says yes, no, or don't know.",
        "choice": "A question is about the attribute you name and a second one of its facet.",
        "facet": "A question is about a facet; the user names what they want in it.",
    }[protocol.question]
    refused = {
        "keep": "A 'no' leaves the candidates as they are.",
        "remove": "After a 'no' the items that have the attribute leave the candidates.",
    }[protocol.on_reject]
    game.say(f"{question} {refused} A list shows up to {protocol.top_k} items.")


def _kind(game: Game) -> str:
    return "facet" if game.batch.protocol.question == "facet" else "attribute"


def _askable_names(game: Game) -> list[str]:
    world = game.world
    return list(world.facet_names if _kind(game) == "facet" else world.attribute_names)


def _askable_label(game: Game, askable: int) -> str:
    label = facet_label if _kind(game) == "facet" else attribute_label
    return label(game.world, askable)
