"""`recosim play`: a person is the recommender or the user, at the terminal."""

from __future__ import annotations

import shlex
import sys
from contextlib import suppress
from enum import Enum
from io import UnsupportedOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from recosim.cli.options import (
    ProtocolOption,
    UserSetOption,
    UsersOption,
    WorldOption,
    check_picture,
    user_settings,
)

if TYPE_CHECKING:
    from recosim.bench.setup import BenchEnv

__all__ = ["play"]


class Seat(str, Enum):
    """Whose part the person plays."""

    recommender = "recommender"
    user = "user"


def play(
    environment: Annotated[
        str | None,
        typer.Argument(help="Environment by id or short name, e.g. CPR-LastFM-Small."),
    ] = None,
    seat: Annotated[Seat, typer.Option("--as", help="Whose part you play.")] = Seat.recommender,
    agent: Annotated[
        str | None,
        typer.Option(help="Who recommends to you, with --as user; max_entropy by default."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="The same seed is the same conversation; drawn by default.", min=0, max=2**31 - 1
        ),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(help="Id of the user, drawn by default; or a kind of users, as --users."),
    ] = None,
    item: Annotated[
        str | None,
        typer.Option(help="Id or name, or a part of it, of the item in mind; drawn by default."),
    ] = None,
    world: WorldOption = None,
    protocol: ProtocolOption = None,
    users: UsersOption = None,
    user_set: UserSetOption = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Keep the conversation in a new Parquet file, move by move."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw the conversation into a PNG file (needs the extra `plot`)."),
    ] = None,
) -> None:
    """Talk: recommend to a simulated user, or be the user of an agent.

    As the recommender you see what the user says, how many candidates are
    left, and the best questions. You type moves: ask 12, ask indie, recommend,
    recommend 3 17 5, reflect. To look around: questions, candidates, history,
    help. To leave: quit, ctrl-C or ctrl-D.

    As the user you have an item in mind, answer yes, no or don't know, and take
    one of the items shown by its number. You may answer wrongly: users do.

    With --user llm a language model speaks for the user (OPENAI_BASE_URL,
    RECOSIM_LLM_MODEL); with --user llm_decides it decides the answers too.

    Users and items are drawn from the test split. Conversation c under seed s
    is the one that `recosim bench` has under this number and seed, so you can
    be compared with the agents.

    Examples:

      recosim play CPR-LastFM-Small

      recosim play CPR-LastFM-Small --as user --agent max_entropy

      recosim play EAR-Yelp-Small --as user --item 88 --save talk.parquet

    A saved conversation is shown again by `recosim show talk.parquet`.
    """
    console = Console(highlight=False)
    if picture is not None:
        check_picture(picture)
    if seat is Seat.recommender:
        _check_no_agent(agent)
    _check_save(save)
    number, crowd = _who(user, users)
    arguments = {"world": world, "protocol": protocol, "users": crowd, **user_settings(user_set)}
    env = _prepare(environment, arguments)
    _play(env, seat, agent or "max_entropy", seed, number, item, save, picture, console)


# ---- before the conversation ---------------------------------------------------------------------


def _check_no_agent(agent: str | None) -> None:
    from recosim.errors import OptionError

    if agent is not None:
        raise OptionError("you recommend yourself, unless you play --as user; leave out --agent.")


def _who(user: str | None, users: str | None) -> tuple[int | None, str | None]:
    """(user, population) of --user, which may be either, and --users."""
    from recosim.errors import OptionError

    if user is None or user.lstrip("-").isdecimal():
        return None if user is None else int(user), users
    if users is not None:
        raise OptionError(f"--user {user} and --users {users} both name a kind of users; name one.")
    return None, user


def _check_save(path: Path | None) -> None:
    from recosim.errors import OptionError

    if path is None:
        return
    if path.suffix.lower() != ".parquet":
        raise OptionError(f"a conversation is kept in a .parquet file; {path.name!r} is none.")
    if path.exists():
        raise OptionError(f"{path} exists; name a new file, so that what it holds is not lost.")


def _prepare(environment: str | None, arguments: dict[str, Any]) -> BenchEnv:
    from recosim.bench.setup import prepare_env
    from recosim.envs.registration import env_cards
    from recosim.errors import OptionError

    if environment is None:
        names = ", ".join(card.name for card in env_cards().values())
        raise OptionError(f"name an environment to play: {names}.")
    return prepare_env(environment, overrides=arguments)


def _choose(env: BenchEnv, seed: int, user: int | None, item: str | None) -> tuple[int, int, int]:
    """(conversation, user, item): what is given, the rest drawn from the test split.

    A pair of the test split has the number that it has in a bench; any other pair comes after them.
    """
    import numpy as np

    from recosim.errors import OptionError
    from recosim.language.names import find

    world, pairs, rng = env.setup.world, env.units, np.random.default_rng(seed)
    dialogues = env.setup.batch(1, threads=1)
    v = None if item is None else find(item, world.item_names, "item")
    if v is not None and not len(dialogues.openings_of(v)):
        raise OptionError(f"item {v} has nothing to open a conversation with; name another one.")
    if user is not None and not 0 <= user < world.n_users:
        raise OptionError(f"user {user} does not exist; users are 0 to {world.n_users - 1}.")
    fits = np.ones(len(pairs), dtype=bool)
    fits &= (user is None) | (pairs[:, 0] == user)
    fits &= (v is None) | (pairs[:, 1] == v)
    if fits.any():
        chosen = int(rng.choice(np.flatnonzero(fits)))
        return chosen, int(pairs[chosen, 0]), int(pairs[chosen, 1])
    if v is None:
        raise OptionError(f"user {user} has no item in the test split; name one with --item.")
    if user is not None:
        dialogues.check_pair(user, v)
        return len(pairs), user, v
    # Nobody took it in the test split: whoever took it at all, or else anybody.
    takers = [
        users[items == v]
        for users, items in (world.split(split).pairs() for split in ("valid", "train"))
    ]
    people = np.concatenate(takers) if any(map(len, takers)) else np.arange(world.n_users)
    return len(pairs), int(rng.choice(people)), v


# ---- the conversation ----------------------------------------------------------------------------


def _play(
    env: BenchEnv,
    seat: Seat,
    agent_name: str,
    seed: int | None,
    user: int | None,
    item: str | None,
    save: Path | None,
    picture: Path | None,
    console: Console,
) -> None:
    from importlib.metadata import version

    import numpy as np

    from recosim.agents.registry import make_agent
    from recosim.cli.playing.game import Game, PersonLeft
    from recosim.cli.playing.outcome import tell_outcome
    from recosim.cli.playing.recommender import recommend_as_person
    from recosim.cli.playing.user import answer_as_person
    from recosim.envs.picture import draw_conversation
    from recosim.envs.talk import Talk, speaker_of

    # A stray byte is a wrong answer and no crash; a stream that was read before stays as it is.
    with suppress(AttributeError, UnsupportedOperation):
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    number, u, v = _choose(env, seed, user, item)
    world, rules = env.setup.world, env.setup.protocol
    agent = make_agent(agent_name, env.name) if seat is Seat.user else None
    dialogues = env.setup.batch(1, track=agent is None or agent.track, threads=1)
    talk = None
    if agent is not None:
        agent.bind(dialogues)
    elif env.setup.users.llm is not None:
        talk = Talk(dialogues, speaker_of(world, env.setup.users))
    dialogues.open(seeds=[seed], conversations=[number], users=[u], items=[v])
    console.print(
        f"[bold]{env.name}[/bold]: world {world.name} ({world.n_items:,} items, "
        f"{world.n_attributes:,} attributes), {rules.acting_turns} moves, seed {seed}",
        soft_wrap=True,
    )
    game = Game(
        dialogues,
        agent=agent_name if agent is not None else "person",
        seed=seed,
        metadata={
            "env": env.id,
            "world": world.name,
            "fingerprint": world.fingerprint,
            "protocol": rules.to_dict(),
            "users": env.setup.users.to_dict(),
            "split": env.setup.split,
            "user": "person" if agent is not None else "llm" if talk is not None else "rules",
            "version": version("recosim"),
        },
        save=save,
        console=console,
        talk=talk,
    )
    try:
        if agent is None:
            recommend_as_person(game)
        else:
            answer_as_person(game, agent)
    except PersonLeft:
        moves = game.last_row()["move"]
        game.say(f"You left after {moves} move{'s' * (moves != 1)}.")
    console.print()
    tell_outcome(game, env, by_person=agent is None)
    if save is not None:
        game.say(f"wrote {save}; show it with: recosim show {shlex.quote(str(save))}")
    if picture is not None:
        draw_conversation(game.trace(), world, picture)
        game.say(f"wrote {picture}")
