"""What spreading work refuses, with or without Ray, and files that are brought back.

`tests/ray` has what needs Ray itself.
"""

from __future__ import annotations

import pickle
import sys

import pytest

from recosim.cli import main
from recosim.cluster import NEEDED, Cluster, import_ray
from recosim.errors import MissingExtraError, OptionError
from recosim.spread import bring_files, lay_files, spread

SMALL = ["population", "RecoWorld-LastFM-Small", "--users", "4", "--days", "2"]


@pytest.mark.parametrize("actors", [0, -1, True, 2.0, "3"])
def test_shards_that_cannot_be(actors):
    with pytest.raises(OptionError, match=r"shards is .*; a whole number from 1"):
        Cluster(actors)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "here",
        "host:",
        ":6379",
        "host:port",
        "host:0",
        "host:70000",
        "ray://host:10001",
        "1:2/3",
    ],
)
def test_addresses_that_cannot_be(address):
    with pytest.raises(OptionError, match=r"no address of a cluster; HOST:PORT"):
        Cluster(1, address)


def test_addresses_that_can_be():
    for address in ("auto", "10.0.0.1:6379", "head.local:1", "[::1]:6379", None):
        assert Cluster(None, address).address == address


def test_without_ray_the_way_on_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    words = r"needs the package 'ray', which is not installed.*pip install 'recosim\[ray\]'"
    with pytest.raises(MissingExtraError, match=words):
        import_ray()
    with pytest.raises(MissingExtraError, match=words):
        list(spread(Cluster(1), dict, None, [1]))
    assert list(spread(Cluster(1), dict, None, [])) == []  # nothing to do needs nothing
    for command in (
        [*SMALL, "--out", str(tmp_path / "x")],
        ["bench", "CPR-LastFM-Small", "--out", str(tmp_path / "x")],
        ["train", "scpr", "CPR-LastFM-Small", "--checkpoints", str(tmp_path / "x")],
    ):
        with pytest.raises(SystemExit) as end:
            main([*command, "--ray"])
        assert end.value.code == 2
        assert "recosim[ray]" in capsys.readouterr().err
        assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--shards", "2"], "give --ray too"),
        (["--ray-address", "auto"], "give --ray too"),
        (["--ray", "--shards", "0"], "shards is 0"),
        (["--ray", "--ray-address", "nowhere"], "no address of a cluster"),
    ],
)
def test_options_that_cannot_be_are_told_before_anything_is_written(
    arguments, words, tmp_path, capsys
):
    with pytest.raises(SystemExit) as end:
        main([*SMALL, "--out", str(tmp_path / "x"), *arguments])
    assert end.value.code == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_creators_are_refused_with_the_reason(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("recosim.cluster.import_ray", lambda: None)
    with pytest.raises(SystemExit) as end:
        main([*SMALL, "--out", str(tmp_path / "x"), "--creators", "2", "--ray"])
    assert end.value.code == 2
    assert "creators look at all users day by day" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_an_error_of_a_missing_extra_travels(monkeypatch):
    error = MissingExtraError("ray", "ray", "this", found="2.9.3", needed=NEEDED)
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is MissingExtraError
    assert str(there) == str(error)
    assert f"this needs the package 'ray{NEEDED}', of which 2.9.3 is installed" in str(error)


def test_files_are_brought_back_as_they_were(tmp_path):
    (tmp_path / "a" / "episodes").mkdir(parents=True)
    (tmp_path / "a" / "episodes" / "1").write_bytes(b"\0\xff")
    (tmp_path / "a" / "traces").mkdir()
    (tmp_path / "a" / "traces" / "1").write_bytes(b"moves")
    (tmp_path / "a" / ".lock").touch()
    found = bring_files(tmp_path / "a")
    assert found == {"episodes/1": b"\0\xff", "traces/1": b"moves"}
    lay_files(found, tmp_path / "b", last="episodes")
    assert bring_files(tmp_path / "b") == found
    times = [(tmp_path / "b" / name).stat().st_mtime_ns for name in ("traces/1", "episodes/1")]
    assert times == sorted(times)
