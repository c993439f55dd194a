"""`recosim users annotate`: what it reads, writes, prints and refuses."""

from __future__ import annotations

import json
from importlib.util import find_spec

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from recosim.acts import Verb
from recosim.audit.agreement import agreement
from recosim.cli import app, main
from recosim.trace import CORE, Trace
from recosim.users.annotators.files import read_annotation
from recosim.world.catalog import open_world

HERE = ("users", "annotate", "lastfm-small", "--users", "8", "--lists", "3", "--no-plots")


def run(*words):
    result = CliRunner().invoke(app, [*words], catch_exceptions=False)
    return result.exit_code, " ".join(result.output.split())


def test_lists_of_a_world_are_judged_and_kept(tmp_path):
    code, text = run(*HERE, "--population", "peering", "--out", str(tmp_path / "one"))
    assert code == 0
    assert "8 users, 24 lists, 24 pairs, 4 annotators (peering) in lastfm-small" in text
    said = read_annotation(tmp_path / "one")
    note = json.loads((tmp_path / "one" / "annotation.json").read_text())
    for own in agreement(said):
        e = own.estimate
        assert note["agreement"][own.name] == e.model_dump()
        assert f"{own.title} {e.value:.3f} [{e.low:.3f}, {e.high:.3f}]" in text
    assert note["world"] == "lastfm-small"
    assert note["annotators"]["rate"] == {"worth": 0.3, "length": 1.0}
    run(*HERE, "--population", "peering", "--out", str(tmp_path / "two"))
    for name in ("lists", "ratings", "comparisons"):
        files = [(tmp_path / k / f"{name}.parquet").read_bytes() for k in ("one", "two")]
        assert files[0] == files[1]


def test_settings_are_given_by_name(tmp_path):
    clean = ("--user-set", "answer_noise=0", "--annotator-set", "pool=2")
    more = ("--annotator-set", "rate=length:1", "--annotator-set", "spread=0")
    code, text = run(
        *HERE,
        "--size",
        "5",
        *clean,
        *more,
        "--out",
        str(tmp_path / "clean"),
        "--annotator-set",
        "own_taste=0",
    )
    assert code == 0
    assert "a comparison agrees with the truth 1.000" in text
    said = read_annotation(tmp_path / "clean")
    assert (said.ratings == said.ratings[0, 0]).all()  # all are of one length
    assert said.annotators == 2


def trace(world, agent, shift=0):
    """Each of six users is shown a list by an agent; the columns of a conversation are empty."""
    n = 12
    columns = {
        "agent": pa.array([agent] * n).dictionary_encode(),
        "seed": np.zeros(n, np.int32),
        "conversation": np.repeat(np.arange(6, dtype=np.int32), 2),
        "step": np.tile(np.array([0, 1], np.int16), 6),
        "user": np.repeat(np.arange(6, dtype=np.int32), 2),
        "verb": np.tile(np.array([Verb.OPEN, Verb.RECOMMEND], np.int8), 6),
        "reward": np.zeros(n, np.float32),
        "terminated": np.tile([False, True], 6),
        "truncated": np.zeros(n, bool),
        "told": pa.nulls(n, pa.string()),
        "said": pa.nulls(n, pa.string()),
    }
    assert list(columns) == [column.name for column in CORE]
    from recosim.family import family

    for column in family("cpr").load("columns").extra:
        if column.name == "items":
            shown = [[] if k % 2 == 0 else [k + shift, k + 1 + shift] for k in range(n)]
            columns["items"] = pa.array(shown, column.type)
        elif pa.types.is_list(column.type):
            columns[column.name] = pa.array([[]] * n, column.type)
        else:
            columns[column.name] = pa.array([0] * n, pa.int64()).cast(column.type)
    about = {"family": "cpr", "world": world.name, "fingerprint": world.fingerprint}
    return Trace(pa.table(columns), about)


def test_lists_of_a_trace_are_judged(tmp_path):
    world = open_world("lastfm-small")
    trace(world, "some").write(tmp_path / "t.parquet")
    words = ("users", "annotate", str(tmp_path / "t.parquet"), "--no-plots")
    code, text = run(*words, "--out", str(tmp_path / "said"))
    assert code == 0
    assert "6 users, 6 lists, 0 pairs, 13 annotators" in text
    assert "Each user has one list: there is nothing to compare." in text
    said = read_annotation(tmp_path / "said")
    assert said.lists.agents == ("some",)
    assert said.lists.items.tolist() == [[k, k + 1] for k in range(1, 12, 2)]


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs the extra [plot]")
def test_a_picture_is_drawn(tmp_path):
    code, text = run(*HERE[:-1], "--out", str(tmp_path / "said"))
    assert code == 0
    assert "agreement.png" in text
    assert (tmp_path / "said" / "agreement.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--annotator-set", "spred=1"), "spread"),
        (("--annotator-set", "spread"), "NAME=VALUE is needed"),
        (("--annotator-set", "spread=much"), "spread is 'much'"),
        (("--annotator-set", "rate=lenght:1"), "length"),
        (("--user-set", "patience=4"), "patience"),
        (("--size", "a-b"), "5, or 3-12"),
        (("--size", "9-3"), "the smaller number first"),
        (("--split", "tset"), "test"),
        (("--population", "alpacafrm"), "alpacafarm"),
        (("--lists", "5000"), "allowed: 1 to 1,024"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(words, says, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*HERE, "--out", str(tmp_path / "said"), *words])
    assert stopped.value.code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "said").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SystemExit):
        main([*HERE, "--out", str(tmp_path)])
    assert "holds no annotations; give another folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
