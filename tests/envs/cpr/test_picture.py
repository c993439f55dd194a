"""The picture of a conversation: its size, that it is the same each time, what it gives away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from reference.six_items import ITEMS

from recosim.acts import Outcome, Verb
from recosim.envs.cpr.columns import COLUMNS
from recosim.envs.picture import HEIGHT, WIDTH, conversation_picture, draw_conversation
from recosim.errors import MissingExtraError, OptionError
from recosim.trace import Trace
from recosim.world.csr import csr_from_lists
from recosim.world.world import World, build_world

GOLD, GREEN, RED = (242, 183, 5), (46, 139, 87), (192, 57, 43)


def world(item_names: list[str] | None = None) -> World:
    return build_world(
        name="six",
        item_attributes=csr_from_lists(ITEMS),
        train=csr_from_lists([[4, 5]]),
        valid=csr_from_lists([[3]]),
        test=csr_from_lists([[0, 1, 2]]),
        n_attributes=6,
        item_names=item_names,
    )


def talk(*moves: dict[str, Any], target: int = 3, conversation: int = 7) -> Trace:
    """An opening and some moves; a reflection has no number of its own."""
    start: dict[str, Any] = dict.fromkeys(("seed", "outcome", "rank", "move", "step"), 0)
    start |= {"asked": [], "accepted": [], "items": [], "facet": -1, "user": 1}
    start |= {"terminated": False, "truncated": False, "reward": -0.1, "agent": "logic"}
    start |= {"target": target, "conversation": conversation, "candidates": 400}
    rows = [start | {"verb": Verb.OPEN, "accepted": [0]}]
    for move in moves:
        number = rows[-1]["move"] + (move["verb"] != Verb.REFLECT)
        rows.append(start | {"move": number, "step": len(rows)} | move)
    return Trace(pa.Table.from_pylist(rows, schema=COLUMNS.schema))


YES = {"verb": Verb.ASK, "outcome": Outcome.YES, "asked": [1], "accepted": [1], "candidates": 40}
NO = {"verb": Verb.ASK, "outcome": Outcome.NO, "asked": [2]}
UNSURE = {"verb": Verb.ASK, "outcome": Outcome.UNSURE, "asked": [2, 3]}
FACET = {"verb": Verb.ASK, "outcome": Outcome.YES, "facet": 0, "accepted": [1, 2]}
MISS = {"verb": Verb.RECOMMEND, "outcome": Outcome.MISS, "items": [0, 1, 2, 4, 5]}
REFLECT = {"verb": Verb.REFLECT}
HIT = {
    "verb": Verb.RECOMMEND,
    "outcome": Outcome.HIT,
    "items": [2, 3],
    "rank": 2,
    "terminated": True,
}
ILLEGAL = {"verb": Verb.ILLEGAL, "outcome": Outcome.ILLEGAL}
IGNORED = {"verb": Verb.IGNORED, "truncated": True}
LAST_MISS = MISS | {"truncated": True}


def share(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((picture == np.array(colour)).all(axis=2).mean())


def test_the_picture_has_one_size_and_is_the_same_each_time() -> None:
    for moves in ([], [YES, NO, UNSURE, FACET, MISS, REFLECT, ILLEGAL, HIT], [MISS] * 14):
        first = conversation_picture(talk(*moves), world())
        assert first.shape == (HEIGHT, WIDTH, 3) == (600, 900, 3)
        assert first.dtype == np.uint8
        assert (first == conversation_picture(talk(*moves), world())).all()


def test_answers_and_the_item_found_have_their_colours() -> None:
    opened = conversation_picture(talk(), world())
    assert share(opened, GREEN) > 0
    assert share(opened, RED) == share(opened, GOLD) == 0
    asked = conversation_picture(talk(YES), world())
    assert share(asked, GREEN) > share(opened, GREEN)
    assert share(conversation_picture(talk(NO), world()), RED) > 0
    assert share(conversation_picture(talk(UNSURE), world()), RED) == 0
    assert share(conversation_picture(talk(MISS), world()), RED) > 0
    assert share(conversation_picture(talk(HIT), world()), GOLD) > 0


def test_the_target_is_not_given_away_before_the_end() -> None:
    def pictures(*moves: dict[str, Any]) -> list[np.ndarray]:
        return [conversation_picture(talk(*moves, target=t), world()) for t in (3, 5)]

    going_on = pictures(YES, NO, MISS)
    assert (going_on[0] == going_on[1]).all()
    ended = pictures(YES, NO, LAST_MISS)
    assert (ended[0] != ended[1]).any()


@pytest.mark.parametrize("moves", [13, 15, 16, 17, 40, 200])
def test_conversations_of_any_length_fit(moves: int) -> None:
    both = [NO, MISS, REFLECT] * moves
    long = conversation_picture(talk(*both[: moves - 1], LAST_MISS), world())
    assert (long[:4] == 255).all(), "something is drawn over the upper edge"
    assert (long[-4:] == 255).all(), "something is drawn over the lower edge"


def test_names_of_any_kind_are_drawn() -> None:
    plain = world()
    odd = world(["A$AP $x^2$ Mob", "日本語の名前", "x" * 500, "$", "\\frac{", "naïve ☃"])
    picture = conversation_picture(talk(MISS, LAST_MISS, target=2), odd)
    assert (picture != conversation_picture(talk(MISS, LAST_MISS, target=2), plain)).any()
    # A name of 500 letters is cut before the half that shows the candidates.
    assert (picture[300:420, 672:686] == 255).all()


def test_a_style_of_the_caller_does_not_change_the_picture() -> None:
    import matplotlib

    before = conversation_picture(talk(YES, MISS), world())
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "text.usetex": True}):
        assert (conversation_picture(talk(YES, MISS), world()) == before).all()
        assert matplotlib.rcParams["font.size"] == 30


def test_a_picture_needs_exactly_one_conversation() -> None:
    several = Trace.concat([talk(YES), talk(YES, conversation=8)])
    for trace in (several, Trace(COLUMNS.schema.empty_table()), Trace(talk(YES).table.slice(1))):
        with pytest.raises(OptionError, match="one conversation"):
            conversation_picture(trace, world())


def test_it_is_written_as_png_with_equal_bytes(tmp_path: Path) -> None:
    paths = [
        draw_conversation(talk(YES, HIT), world(), tmp_path / name) for name in ("a.png", "b.PNG")
    ]
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert first.startswith(b"\x89PNG")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.PNG"]
    with pytest.raises(OptionError, match=r"ends in \.png"):
        draw_conversation(talk(YES), world(), tmp_path / "a.jpg")


def test_without_matplotlib_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"recosim\[plot\]"):
        conversation_picture(talk(YES), world())
