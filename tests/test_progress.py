"""Progress: the caller's callback, a bar for a terminal, a line for a log."""

from __future__ import annotations

import io
import re

from recosim.progress import show_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def text(self) -> str:
        """What was written, without colours and moves of the cursor."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())


def test_the_callers_own_callback_is_used_and_nothing_is_shown(capsys):
    calls = []
    with show_progress("fitting", lambda *call: calls.append(call), log="a line") as report:
        report(1, 2, "half")
    assert calls == [(1, 2, "half")]
    assert capsys.readouterr() == ("", "")


def test_a_log_gets_one_line_and_no_bar(capsys):
    with show_progress("building", log="building it, once") as report:
        for done in range(100):
            report(done, 100, "items")
    assert capsys.readouterr() == ("", "building it, once\n")
    with show_progress("building") as report:
        report(1, 1, "items")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_that_says_what_is_happening(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with show_progress("reading [a]", log="a line") as report:
        report(1, 4, "tags [b].json")
    shown = terminal.text()
    assert "reading [a]: tags [b].json" in shown
    assert "25%" in shown
    assert "a line" not in shown


def test_with_a_unit_the_bar_counts(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with show_progress("bench", unit="conversations") as report:
        report(30, 400, "random")
    assert "30/400 conversations" in terminal.text()
