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
from rich.text import Text

from recosim.cli.options import (
    AgentLLMOption,
    BaseURLOption,
    ProtocolOption,
    UserLLMOption,
    UserSetOption,
    UsersOption,
    WorldOption,
    check_picture,
    model_settings,
    spoken_users,
    user_settings,
)
from recosim.terminal import terminal

if TYPE_CHECKING:
    from rich.console import Console

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
        typer.Option(help="Who recommends to you, with --as user; by default a plain one."),
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
    user_llm: UserLLMOption = None,
    agent_llm: AgentLLMOption = None,
    base_url: BaseURLOption = None,
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

    As the recommender you see what the user says and what is open, and type
    moves: ask 12, ask indie, recommend, recommend 3 17 5, reflect; #2 is the
    second of the last list. Sentences do too. To look around: history, help, and
    what help lists; undo takes a slip back. To leave: quit, ctrl-C or ctrl-D.

    As the user you know what you have in mind, answer questions, and take one of
    the items shown by its number. You may answer wrongly: users do.

    With --user llm a language model speaks for the user (OPENAI_BASE_URL,
    RECOSIM_LLM_MODEL); with --user llm_decides it decides the answers too.

    Users and items are drawn from the test split. Conversation c under seed s
    is the one that `recosim bench` has under this number and seed, so you can
    be compared with the agents.

    Examples:

      recosim play CPR-LastFM-Small

      recosim play CPR-LastFM-Small --as user --agent max_entropy

      recosim play RecoWorld-LastFM-Small --as user

      recosim play EAR-Yelp-Small --as user --item 88 --save talk.parquet

    A saved conversation is shown again by `recosim show talk.parquet`.
    """
    console = terminal()
    if picture is not None:
        check_picture(picture)
    if seat is Seat.recommender:
        _check_no_agent(agent)
    _check_save(save)
    number, crowd = _who(user, users)
    named = {"user": number, "item": item}
    wanted = {name: text for name, text in named.items() if text is not None}
    spoken = spoken_users(crowd, environment or "", user_llm, base_url)
    arguments = {"world": world, "protocol": protocol, "users": spoken, **user_settings(user_set)}
    own = model_settings("--agent-llm", agent_llm, base_url)
    env = _prepare(environment, arguments)
    _play(env, seat, agent, seed, wanted, save, picture, console, own)


# ---- before the conversation ---------------------------------------------------------------------


def _check_no_agent(agent: str | None) -> None:
    from recosim.errors import OptionError

    if agent is not None:
        raise OptionError("you recommend yourself, unless you play --as user; leave out --agent.")


def _who(user: str | None, users: str | None) -> tuple[str | None, str | None]:
    """(id, population) of --user, which may be either, and --users."""
    from recosim.errors import OptionError

    if user is None or user.lstrip("-").isdecimal():
        return user, users
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


# ---- the conversation ----------------------------------------------------------------------------


def _play(
    env: BenchEnv,
    seat: Seat,
    agent_name: str | None,
    seed: int | None,
    wanted: dict[str, str],
    save: Path | None,
    picture: Path | None,
    console: Console,
    agent_settings: dict[str, Any],
) -> None:
    import numpy as np

    from recosim.agents.registry import make_agent
    from recosim.agents.usual import usual_agent
    from recosim.cli.playing.game import Game, PersonLeft
    from recosim.cli.playing.outcome import tell_outcome
    from recosim.cli.playing.seats import answer_as_person, recommend_as_person
    from recosim.envs.picture import draw_conversation
    from recosim.envs.talk import Talk, speaker_of

    # A stray byte is a wrong answer and no crash; a stream that was read before stays as it is.
    with suppress(AttributeError, UnsupportedOperation):
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    setup = env.setup
    board = setup.family.load("board")(setup.batch(1, threads=1))
    chosen = board.choose(setup.units(), np.random.default_rng(seed), wanted)
    if seat is Seat.user:
        agent_name = agent_name or usual_agent(setup, env.name)
    own = agent_settings if agent_name == "llm" else {}
    agent = make_agent(agent_name, env.name, **own) if agent_name is not None else None
    batch = setup.batch(1, track=agent is None or agent.track, threads=1)
    talk = None
    if agent is not None:
        agent.bind(batch)
    elif setup.users.llm is not None:
        talk = Talk(batch, speaker_of(setup), setup.family.load("acts"))
    batch.open(seeds=[seed], conversations=[chosen.number], units=[chosen.unit])
    console.print(
        Text.assemble(
            (env.name, "bold"),
            f": world {setup.world.name} ({setup.world.n_items:,} items, "
            f"{setup.world.n_attributes:,} attributes), {setup.protocol.acting_turns} moves, "
            f"seed {seed}",
        ),
        soft_wrap=True,
    )
    game = Game(
        batch,
        agent=agent_name or "person",
        seed=seed,
        metadata={
            **setup.metadata(env.id),
            "user": "person" if agent is not None else "llm" if talk is not None else "rules",
        },
        save=save,
        console=console,
        talk=talk,
    )
    board = setup.family.load("board")(batch)
    try:
        if agent is None:
            recommend_as_person(game, board.seat("recommender"))
        else:
            answer_as_person(game, board.seat("user"), agent)
    except PersonLeft:
        moves = game.moves
        game.say(f"You left after {moves} move{'s' * (moves != 1)}.")
    console.print()
    tell_outcome(game, board, env, chosen, by_person=agent is None)
    if save is not None:
        game.say(f"wrote {save}; show it with: recosim show {shlex.quote(str(save))}")
    if picture is not None:
        draw_conversation(game.trace(), setup.world, picture)
        game.say(f"wrote {picture}")
