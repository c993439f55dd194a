"""Golden transcripts: readable playthroughs of every environment on a generated world.

`make golden` writes `envs/<name>/golden/*.txt` again. `tests/envs/test_golden.py` plays them and
compares. A line that changes is a change of behaviour: it bumps the version of the environment.

Each step is told in words, then comes what was put in and what came out:

    > the action, as JSON
    < reward, how it ended, sums of the float observations, a digest of the whole-number ones
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import recosim
from recosim.acts import Verb
from recosim.envs.registration import EnvCard, env_cards
from recosim.envs.words import words_of
from recosim.files import write_text

ROOT = Path(__file__).resolve().parent.parent
# Titles of real films and texts of real pages are not ours to print.
LEFT_OUT = ("movielens", "docs")
CONVERSATIONS = 2


@dataclass(frozen=True)
class Play:
    """One playthrough: arguments of the environment, a seed, and who chooses the actions."""

    name: str
    about: str
    seed: int
    agent: str | None = None  # None: the script of `scripted`
    options: dict[str, Any] = field(default_factory=dict)
    script: tuple[Verb, ...] = (Verb.ASK, Verb.ASK, Verb.RECOMMEND, Verb.REFLECT)


CONVERSATIONAL = (
    Play("max_entropy", "the agent max_entropy", 1, "max_entropy", {"actions": "slate"}),
    Play(
        "logic", "the agent logic, which shows lists of its own", 2, "logic", {"actions": "slate"}
    ),
    Play(
        "scripted",
        "the verbs ask, ask, recommend, reflect by turns, with a user who errs",
        3,
        None,
        {"actions": "verb", "answer_noise": 0.15, "dont_know": 0.1},
    ),
)
LIVED = (
    Play(
        "follow",
        "the agent follow, which keeps to what users instruct",
        1,
        "follow",
        {"actions": "slate", "users": "vocal", "horizon": 8},
    ),
    Play(
        "scripted",
        "the verbs recommend, recommend, ask, reflect, pass by turns, with users who say what to "
        "change",
        2,
        None,
        {"actions": "verb", "users": "vocal", "feedback": "instruction", "horizon": 8},
        (Verb.RECOMMEND, Verb.RECOMMEND, Verb.ASK, Verb.REFLECT, Verb.PASS),
    ),
)
SEARCHED = (
    Play(
        "append",
        "the agent append, which searches again with what was named",
        1,
        "append",
        {"actions": "slate", "users": "helpful"},
    ),
    Play(
        "scripted",
        "the verbs ask, recommend, reflect by turns, with users who err and are not always sure",
        2,
        None,
        {"actions": "verb", "users": "typical", "answer_noise": 0.15, "dont_know": 0.1},
        (Verb.ASK, Verb.RECOMMEND, Verb.REFLECT),
    ),
)
PLAYS = {"recoworld": LIVED, "convsim": SEARCHED}


def plays_of(card: EnvCard) -> tuple[Play, ...]:
    """The playthroughs of a card: those of its family."""
    return PLAYS.get(card.family, CONVERSATIONAL)


def golden_cards() -> list[EnvCard]:
    """The cards of this repository that have golden transcripts."""
    cards = [card for card in env_cards().values() if ROOT in card.path.parents]
    return [card for card in cards if card.arguments["world"] not in LEFT_OUT]


def golden_file(card: EnvCard, play: Play) -> Path:
    return card.path.parent / "golden" / f"{play.name}.txt"


def make_env(card: EnvCard, play: Play) -> Any:
    options = {"split": "test", "render_mode": "ansi", **play.options}
    return gym.make(card.id, disable_env_checker=True, **options).unwrapped


def transcript_of(card: EnvCard, play: Play) -> str:
    """The playthrough, played now."""
    env = make_env(card, play)
    name = play.agent
    choose = scripted(env, play.script) if name is None else played_by(env, name, card.name)
    return "\n".join(played(card, play, env, choose)) + "\n"


def replay_of(card: EnvCard, play: Play, text: str) -> str:
    """The playthrough with the actions that a text records, whatever agents would do today."""
    lines = text.splitlines()
    recorded = iter([json.loads(line[6:]) for line in lines if line.startswith("    > ")])
    env = make_env(card, play)
    return "\n".join(played(card, play, env, lambda: next(recorded, None))) + "\n"


def played(card: EnvCard, play: Play, env: Any, choose: Callable[[], Any]) -> Iterator[str]:
    world = env.setup.world
    options = ", ".join(f"{name}={value!r}" for name, value in play.options.items())
    yield f"{card.id}: {play.about}"
    yield f"world {world.name} {world.fingerprint}"
    yield f"arguments split='test', {options}; reset(seed={play.seed})"
    for number in range(CONVERSATIONS):
        observation, info = env.reset(seed=play.seed if number == 0 else None)
        yield ""
        yield from words(env)
        yield f"    < {digest(observation, info)}"
        done = False
        while not done:
            action = choose()
            if action is None:
                yield "    (no more actions were recorded)"
                return
            observation, reward, terminated, truncated, info = env.step(action)
            yield from words(env)
            yield f"    > {json.dumps(action)}"
            end = "terminated, " if terminated else "truncated, " if truncated else ""
            yield f"    < reward {reward:.4g}, {end}{digest(observation, info)}"
            done = terminated or truncated


def words(env: Any) -> list[str]:
    """The last move, told."""
    last = env.trace().table.slice(len(env.trace()) - 1).to_pylist()[0]
    return words_of(env.family).describe_move(last, env.setup.world)


def digest(observation: dict[str, np.ndarray], info: dict[str, Any]) -> str:
    """Sums of the float arrays, which may differ in a last bit elsewhere; sha256 of the others."""
    whole = hashlib.sha256()
    sums = []
    # Transcripts call what was shown "items", as environments did before.
    shown = {**observation, "items": info["shown_items"]}
    shown.pop("shown_items", None)
    for key, value in sorted(shown.items()):
        if value.dtype.kind == "f":
            sums.append(f"{key} {value.sum(dtype=np.float64):.3f}")
        else:
            whole.update(f"{key} {value.dtype} {value.tolist()}".encode())
    return f"{', '.join(sums)}, rest {whole.hexdigest()[:12]}"


def played_by(env: Any, name: str, environment: str) -> Callable[[], Any]:
    """An agent's actions, in the "slate" view."""
    agent = recosim.make_agent(name, environment)
    agent.bind(env.batch)
    everyone = np.ones(1, dtype=bool)

    def choose() -> dict[str, Any]:
        if env.batch.arrays["step"][0] == 0:
            agent.reset(everyone)
        else:
            agent.observe(everyone)
        moves = agent.act()
        if moves.verb[0] == Verb.ASK:
            return {"verb": int(Verb.ASK), "attribute": int(moves.about[0])}
        if moves.verb[0] != Verb.RECOMMEND:
            return {"verb": env.batch.verbs.index(moves.verb[0])}
        act = moves.act(0)
        action = {"verb": int(Verb.RECOMMEND), "items": list(act.items) or [-1]}
        return action if moves.because is None else {**action, "because": list(act.because)}

    return choose


def scripted(env: Any, verbs: tuple[Verb, ...]) -> Callable[[], int]:
    """Some verbs, one after the other and again; what is not legal now is left out."""
    script = [env.batch.verbs.index(verb) for verb in verbs]
    place = -1

    def choose() -> int:
        nonlocal place
        place = 0 if env.batch.arrays["step"][0] == 0 else place + 1
        while not env.action_masks()[script[place % len(script)]]:
            place += 1
        return script[place % len(script)]

    return choose


def main() -> None:
    for card in golden_cards():
        wanted = {golden_file(card, play): play for play in plays_of(card)}
        for path, play in wanted.items():
            text = transcript_of(card, play)
            before = path.read_text(encoding="utf-8") if path.exists() else None
            if text != before:
                write_text(path, text)
                print(f"{path.relative_to(ROOT)}: {'changed' if before else 'new'}")
        for path in set((card.path.parent / "golden").glob("*.txt")) - set(wanted):
            path.unlink()
            print(f"{path.relative_to(ROOT)}: removed")


if __name__ == "__main__":
    main()
