"""Compiled code that is kept on disk is used until anything that it consists of changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import recosim
from recosim.agents.cpr.belief import look, prior, revise
from recosim.agents.cpr.unicorn import arrays as unicorn_arrays
from recosim.agents.cpr.unicorn import kernels as unicorn
from recosim.envs.cpr import answers, entries
from recosim.kernels.compiling import cached, kernel
from recosim.kernels.digest import digest_of
from recosim.kernels.table import Fields

PACKAGE = Path(recosim.__file__).parent
SHOW = (
    "from recosim.envs.cpr import entries; from recosim.kernels.digest import digest_of; "
    "print(digest_of(entries.advance), digest_of(entries.refresh_rows))"
)


def digests_of_copy(folder: Path, *changes: tuple[str, str, str]) -> list[str]:
    """Digests of `advance` and `refresh_rows` of a copy of the package: (file, old, new)."""
    shutil.copytree(
        PACKAGE, folder / "recosim", ignore=shutil.ignore_patterns("__pycache__", "*.nb?")
    )
    for cards in ("envs", "agents", "data", "users"):
        (folder / cards).symlink_to(PACKAGE.parent / cards)
    for file, old, new in changes:
        path = folder / "recosim" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONHASHSEED": "7"},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()


def test_digests_are_those_of_another_process(tmp_path: Path) -> None:
    expected = [digest_of(entries.advance), digest_of(entries.refresh_rows)]
    assert digests_of_copy(tmp_path) == expected


def test_swapping_two_fields_of_behaviour_gives_a_new_digest(tmp_path: Path) -> None:
    swap = [
        ("users/behaviour.py", "    answer_noise: float =", "    SWAPPED: float ="),
        ("users/behaviour.py", "    dont_know: float =", "    answer_noise: float ="),
        ("users/behaviour.py", "    SWAPPED: float =", "    dont_know: float ="),
    ]
    advance, refresh = digests_of_copy(tmp_path, *swap)
    assert advance != digest_of(entries.advance)
    assert refresh == digest_of(entries.refresh_rows)  # which reads neither of them


@pytest.mark.parametrize(
    "change",
    [
        ("acts.py", "    MISS = ", "    MISS = 7 + "),
        ("standing.py", "WANTED, AVOIDED, CONDITION,", "AVOIDED, WANTED, CONDITION,"),
        ("kernels/bits.py", "builder.ctpop(arguments[0])", "builder.neg(arguments[0])"),
        ("envs/cpr/fields.py", "# ---- sizes", 'dimension("one more")  #'),
    ],
)
def test_every_module_that_is_compiled_in_counts(
    tmp_path: Path, change: tuple[str, str, str]
) -> None:
    assert digests_of_copy(tmp_path, change)[0] != digest_of(entries.advance)


def test_the_values_of_constants_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_of(entries.answer_rows)
    monkeypatch.setattr(answers, "NOISE", answers.NOISE + 1)
    assert digest_of(entries.answer_rows) != before


def test_positions_in_named_tuples_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_of(unicorn.build_states)
    fields = unicorn_arrays.Graph._fields
    monkeypatch.setattr(unicorn_arrays.Graph, "_fields", fields[::-1])
    assert digest_of(unicorn.build_states) != before


@pytest.mark.parametrize("function", [look.look, prior.open_belief, revise.revise])
def test_kernels_of_agents_are_kept_by_their_digest(function: object) -> None:
    assert function._cache._cache_file._source_stamp == digest_of(function)  # type: ignore[attr-defined]


def test_slots_options_and_called_functions_count() -> None:
    def caller(factor: float, slot: int) -> object:
        fields = Fields("one")
        for k in range(slot):
            fields.dimension(f"other {k}")
        size = fields.dimension("size")

        @kernel
        def inner(t: np.ndarray) -> float:
            return factor * size(t)

        @kernel
        def outer(t: np.ndarray) -> float:
            return inner(t)

        return outer

    same, other, moved = digest_of(caller(1.0, 2)), digest_of(caller(2.0, 2)), caller(1.0, 3)
    assert digest_of(caller(1.0, 2)) == same
    assert len({same, other, digest_of(moved)}) == 3
    plain, fast = cached()(_double), cached(fastmath={"nsz", "reassoc"})(_double)
    assert (
        digest_of(plain)
        != digest_of(fast)
        == digest_of(cached(fastmath={"reassoc", "nsz"})(_double))
    )


def _double(x: float) -> float:
    return 2 * x


def test_what_cannot_be_told_by_content_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "NOISE", object())
    with pytest.raises(TypeError, match="numbers, strings"):
        digest_of(entries.answer_rows)
