"""A command line as it is typed, run in this process."""

from __future__ import annotations

import pytest

from recosim.cli import main

__all__ = ["run"]


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Status, output and errors of a command line."""
    try:
        main([str(word) for word in words])
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    captured = capsys.readouterr()
    return status, captured.out, captured.err
