"""Collections: worlds with topics and judgements, how they are stored, and their importers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from recosim.cli import app
from recosim.errors import ImportDataError, OptionError, UnknownNameError, WorldError
from recosim.world.csr import Csr, csr_from_lists
from recosim.world.importers import import_data
from recosim.world.importers.source import LATIN
from recosim.world.storage import open_folder, save_world
from recosim.world.strings import StringTable
from recosim.world.topics import Judgements, Topics, judgements_of, split_topics
from recosim.world.world import World, build_world

NOBODY = Csr(np.zeros(1, np.int64), np.zeros(0, np.int32))


def topics(**changes: Any) -> Topics:
    """Two topics: one of three turns, of which the third stands on the first, and one of one."""
    given: dict[str, Any] = {
        "names": StringTable.of(["a", "b"]),
        "split": np.array([0, 2], dtype=np.int8),
        "turn_topic": np.array([0, 0, 0, 1], dtype=np.int32),
        "turn_names": StringTable.of(["a1", "a2", "a3", "b1"]),
        "utterances": StringTable.of(["tell me of harbours", "and ships", "or quays?", "tea"]),
        "needs": StringTable.of(["harbours", "ships in harbours", "quays of harbours", "tea"]),
        "rewrites": StringTable.of([""] * 4),
        "answers": StringTable.of([""] * 4),
        "history": csr_from_lists([[], [0], [0], []]),
    }
    return Topics(**{**given, **changes})


def collection(**changes: Any) -> World:
    parts: dict[str, Any] = {
        "name": "c",
        "item_attributes": csr_from_lists([[], [], []]),
        "n_attributes": 0,
        "train": NOBODY,
        "valid": NOBODY,
        "test": NOBODY,
        "item_ids": ["d1", "d2", "d3"],
        "item_texts": ["a harbour with ships", "quays", "green tea"],
        "topics": topics(),
        "judgements": judgements_of([{0: 2, 1: 0}, {0: 1}, {1: 3}, {}]),
    }
    return build_world(**{**parts, **changes})


def test_a_collection_is_a_world_without_users() -> None:
    world = collection()
    assert (world.n_users, world.n_items, world.n_attributes) == (0, 3, 0)
    assert world.topics is not None
    assert world.judgements is not None
    assert world.topics.earlier(2) == ["tell me of harbours"]
    assert world.topics.earlier(2, last=0) == []
    assert world.topics.turns_of(0).tolist() == [0, 1, 2]
    assert world.judgements.of(0) == {0: 2, 1: 0}
    assert world.judgements.answerable().tolist() == [True, True, True, False]


def test_a_stored_collection_comes_back_memory_mapped(tmp_path: Path) -> None:
    world = collection()
    again = save_world(world, tmp_path / "c")
    assert again.fingerprint == world.fingerprint
    for part in ("topics", "judgements"):
        for name, mine in getattr(world, part)._asdict().items():
            theirs = getattr(getattr(again, part), name)
            for a, b in _arrays(mine, theirs):
                np.testing.assert_array_equal(a, b)
                assert not b.flags.writeable
    assert list(again.item_ids or ()) == ["d1", "d2", "d3"]
    assert again.topics is not None
    mapped: Any = again.topics.turn_topic
    while mapped is not None and not isinstance(mapped, np.memmap):
        mapped = mapped.base
    assert isinstance(mapped, np.memmap)


def _arrays(mine: Any, theirs: Any) -> list[tuple[Any, Any]]:
    if isinstance(mine, Csr):
        return list(zip(mine, theirs, strict=True))
    if isinstance(mine, StringTable):
        return [(mine.offsets, theirs.offsets), (mine.blob, theirs.blob)]
    return [(mine, theirs)]


def test_worlds_without_topics_keep_their_fingerprint() -> None:
    """That of the sound world of tests/world/test_world.py, as it was before there were topics."""
    from recosim.world.arrays import PRIMARY, arrays_of

    world = build_world(
        name="w",
        item_attributes=csr_from_lists([[0, 2], [1], [0], []]),
        train=csr_from_lists([[0], [1]]),
        valid=csr_from_lists([[1], []]),
        test=csr_from_lists([[3], [0, 2]]),
        n_attributes=3,
    )
    assert world.fingerprint == "7e865f23b7176a4a4c7cab58c99b7c35e5ac0e5daa5261dac193b67ed85a0c40"
    assert not [label for label in arrays_of(world, PRIMARY) if label.startswith(("topics", "jud"))]


@pytest.mark.parametrize(
    "changes",
    [
        {"judgements": judgements_of([{0: 2, 1: 0}, {0: 1}, {1: 2}, {}])},
        {"topics": topics(needs=StringTable.of(["harbours", "ships", "quays", "tea"]))},
        {"item_ids": ["d1", "d2", "d4"]},
        {"item_ids": None},
        {"judgements": None},
    ],
)
def test_topics_judgements_and_ids_enter_the_fingerprint(changes: dict[str, Any]) -> None:
    assert collection(**changes).fingerprint != collection().fingerprint


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"topics": None}, "no users"),
        ({"item_ids": ["d1", "d2", "d2"]}, "an item id occurs twice"),
        ({"item_ids": ["d1"]}, "1 item_ids for 3"),
        ({"judgements": judgements_of([{0: 1}])}, "judgements of 1 turns"),
        ({"judgements": judgements_of([{3: 1}, {}, {}, {}])}, r"outside 0\.\.2"),
        ({"judgements": judgements_of([{1: -1}, {}, {}, {}])}, "a grade is below 0"),
        ({"judgements": Judgements(csr_from_lists([[0], [], [], []]), np.zeros(2, np.int16))},
         "2 grades for 1 judgements"),
        ({"topics": topics(history=csr_from_lists([[], [0], [2], []]))}, "not an earlier one"),
        ({"topics": topics(history=csr_from_lists([[], [0], [0], [0]]))}, "same topic"),
        ({"topics": topics(history=csr_from_lists([[], []]))}, "a history of 2 turns"),
        ({"topics": topics(turn_topic=np.array([0, 1, 0, 1], np.int32))}, "order of topics"),
        ({"topics": topics(turn_topic=np.array([0, 0, 0, 2], np.int32))}, "order of topics"),
        ({"topics": topics(split=np.array([0, 3], np.int8))}, "a split of topics"),
        ({"topics": topics(split=np.array([0], np.int8))}, "1 splits for 2 topics"),
        ({"topics": topics(needs=StringTable.of(["x"]))}, "1 needs for 4 turns"),
        ({"topics": topics(names=StringTable.of([]))}, "no topics"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(WorldError, match=problem):
        collection(**changes)


def test_a_collection_goes_through_a_graph_and_back() -> None:
    world = collection()
    again = World.from_networkx(world.to_networkx(), "again")
    assert again.fingerprint == world.fingerprint


def test_an_environment_of_recommendation_refuses_a_collection(tmp_path: Path) -> None:
    import gymnasium as gym

    with pytest.raises(OptionError, match="has no users and no interactions"):
        gym.make("recosim/CPR-LastFM-Small-v0", world=collection())


def test_a_collection_without_users_cannot_be_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra [plot]")
    from recosim.world.draw import draw_world

    with pytest.raises(OptionError, match="no users and no interactions to draw"):
        draw_world(collection(), tmp_path / "c.png")


def test_topics_are_split_seventy_fifteen_fifteen() -> None:
    split = split_topics(200, seed=1)
    assert np.bincount(split).tolist() == [140, 30, 30]
    assert (split_topics(200, seed=1) == split).all()
    assert (split_topics(200, seed=2) != split).any()


# --- the three layouts, on small files written here ---


def lines(path: Path, rows: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")


def beir(folder: Path) -> Path:
    lines(folder / "corpus.jsonl", [
        {"_id": "d1", "title": "Harbours", "text": "where ships lie", "metadata": {}},
        {"_id": "d2", "title": "", "text": "green tea"},
        {"_id": "d3", "title": "", "text": " "},
        {"_id": "d2", "title": "", "text": "green tea"},
    ])  # fmt: skip
    lines(folder / "queries.jsonl", [
        {"_id": "q1", "text": "ships"},
        {"_id": "q2", "text": "tea"},
        {"_id": "q3", "text": "nobody judged this"},
        {"_id": 4, "text": "green"},
    ])  # fmt: skip
    (folder / "qrels").mkdir()
    head = "query-id\tcorpus-id\tscore\n"
    (folder / "qrels" / "test.tsv").write_text(
        head + "q1\td1\t2\nq1\td9\t1\nq1\td3\t1\nq4\td1\t1\n4\td2\t-1\n"
    )
    (folder / "qrels" / "train.tsv").write_text(head + "q2\td2\t1\nq2\td2\t3\n")
    return folder


def test_beir_is_read_and_what_is_dropped_is_counted_with_its_first(tmp_path: Path) -> None:
    world = import_data("beir", beir(tmp_path), "b", licence="CC BY 4.0")
    assert list(world.item_ids or ()) == ["d1", "d2"]
    assert list(world.item_names) == ["Harbours", "d2"]
    assert list(world.item_texts) == ["where ships lie", "green tea"]
    assert world.topics is not None
    assert world.judgements is not None
    assert list(world.topics.turn_names) == ["q1", "q2", "4"]
    assert list(world.topics.needs) == list(world.topics.utterances) == ["ships", "tea", "green"]
    assert world.topics.split.tolist() == [2, 0, 2]
    assert [world.judgements.of(t) for t in range(3)] == [{0: 2}, {1: 3}, {1: 0}]
    assert world.licence == "CC BY 4.0"
    assert world.settings["dropped"] == {
        "empty documents (the first: 'd3', corpus.jsonl:3)": 1,
        "repeated documents (the first: 'd2', corpus.jsonl:4)": 1,
        "queries that no file of judgements names (the first: 'q3', queries.jsonl:3)": 1,
        "judgements of unknown documents (the first: 'd9', test.tsv:3)": 1,
        "judgements of empty documents (the first: 'd3', test.tsv:4)": 1,
        "judgements of unknown topics (the first: 'q4', test.tsv:5)": 1,
        "repeated judgements, the highest grade stays (the first: 'd2', train.tsv:3)": 1,
    }
    assert world.settings["notes"] == {"grades below 0, read as 0 (the first: 'd2', test.tsv:6)": 1}


def test_beir_reads_gzip(tmp_path: Path) -> None:
    plain = import_data("beir", beir(tmp_path), "b")
    for file in ("corpus.jsonl", "queries.jsonl"):
        data = (tmp_path / file).read_bytes()
        (tmp_path / file).unlink()
        (tmp_path / f"{file}.gz").write_bytes(gzip.compress(data))
    assert import_data("beir", tmp_path, "b").fingerprint == plain.fingerprint


def test_a_huge_document_is_cut_and_counted(tmp_path: Path) -> None:
    beir(tmp_path)
    lines(tmp_path / "corpus.jsonl", [{"_id": "d1", "text": "ship " * 300_000}])
    world = import_data("beir", tmp_path, "b")
    assert len(world.item_texts[0]) == 1_000_000
    note = "documents cut at 1,000,000 characters (the first: 'd1', corpus.jsonl:1)"
    assert world.settings["notes"][note] == 1


def append(file: str, text: str | bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = text if isinstance(text, bytes) else text.encode()
        (folder / file).write_bytes((folder / file).read_bytes() + data)

    return change


def drop_qrels(folder: Path) -> None:
    for file in (folder / "qrels").iterdir():
        file.unlink()


def write(file: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).write_text(text, encoding="utf-8") and None


BEIR_FAULTS = [
    (append("corpus.jsonl", "{"), r"corpus\.jsonl:5: not valid JSON"),
    (append("corpus.jsonl", "[1]"), r"corpus\.jsonl:5: expected an object a line, found list"),
    (append("corpus.jsonl", '{"text": "x"}'), r"corpus\.jsonl:5: a document has no id"),
    (append("corpus.jsonl", '{"_id": "d1", "text": "x"}'), r":5: the document 'd1' occurs twice"),
    (append("corpus.jsonl", '{"_id": "d5", "text": 1.5}'), r":5: 'text' is float, not a text"),
    (append("corpus.jsonl", b'{"_id": "d5", "text": "\0"}'), r"corpus\.jsonl:5: a zero byte"),
    (append("corpus.jsonl", "[" * 10_000), r"corpus\.jsonl:5: .*nested too deeply"),
    (append("queries.jsonl", '{"_id": "q1", "text": "x"}'), r":5: the topic 'q1' occurs twice"),
    (append("qrels/test.tsv", "q1 d1 1\n"), r"test\.tsv:7: expected query-id, corpus-id, score"),
    (append("qrels/test.tsv", "q1\td1\tyes\n"), r"test\.tsv:7: the grade 'yes' is not a whole"),
    (append("qrels/test.tsv", "q1\td1\t99999\n"), r"test\.tsv:7: the grade '99999' is beyond"),
    (drop_qrels, r"has no judgements: expected qrels/\*\.tsv"),
    (lambda folder: (folder / "corpus.jsonl").unlink(), r"expected corpus\.jsonl or corpus"),
    (append("qrels/test.tsv", "q1\td1\t0.5\n"), r"test\.tsv:7: the grade '0.5' is not a whole"),
    (
        lambda folder: (
            [(folder / "qrels" / f"{part}.tsv").write_text("") for part in ("test", "train")]
            and None
        ),
        r"no topics that could be read\. .* queries that no file .* names \(the first: 'q1'",
    ),
    (write("corpus.jsonl", '{"_id": "x9", "text": "y"}\n'), "no judgement could be kept"),
]


@pytest.mark.parametrize(("change", "problem"), BEIR_FAULTS)
def test_faults_of_beir_are_named_with_their_place(
    change: Callable[[Path], None], problem: str, tmp_path: Path
) -> None:
    change(beir(tmp_path))
    with pytest.raises(ImportDataError, match=problem):
        import_data("beir", tmp_path, "b")


def trec(folder: Path) -> Path:
    (folder / "docs.xml").write_text(
        "<doc>\n<docno>7</docno>\n<title>Wings &amp;\nflaps</title>\n<author>n.n.</author>\n"
        "<text>of <i>aircraft</i></text>\n</doc>\n"
        "<DOC><DOCNO> 9 </DOCNO><TEXT>heat in slabs</TEXT><TEXT>and plates</TEXT></DOC>\n"
    )
    (folder / "topics.xml").write_text(
        "<xml>\n<top>\n<num> Number: 301\n<title> wings\n<desc> Description of wings\n"
        "<narr> only aircraft\n</top>\n<top>\n<num>302</num><title>heat</title>\n</top>\n</xml>\n"
    )
    (folder / "qrels.txt").write_text("301 0 7 1\n302 0 9 2\n302 0 7 0\n")
    return folder


def test_trec_reads_tags_with_and_without_ends(tmp_path: Path) -> None:
    world = import_data("trec", trec(tmp_path), "t")
    assert list(world.item_names) == ["Wings &\nflaps", "9"]
    assert [" ".join(text.split()) for text in world.item_texts] == [
        "of aircraft", "heat in slabs and plates",
    ]  # fmt: skip
    assert world.topics is not None
    assert world.judgements is not None
    assert list(world.topics.utterances) == ["wings", "heat"]
    assert list(world.topics.needs) == ["wings Description of wings only aircraft", "heat"]
    assert [world.judgements.of(t) for t in range(2)] == [{0: 1}, {0: 0, 1: 2}]


def test_trec_reads_json_lines_and_topics_by_position(tmp_path: Path) -> None:
    lines(tmp_path / "documents.jsonl", [{"id": 1, "contents": "a"}, {"id": 2, "text": "b"}])
    lines(tmp_path / "topics.jsonl", [{"id": "x", "text": "a?", "need": "a"}, {"id": "y",
          "text": "b?"}])  # fmt: skip
    (tmp_path / "x.qrel").write_text("2 0 2 1\n")
    world = import_data("trec", tmp_path, "t", topic_ids="position")
    assert world.topics is not None
    assert world.judgements is not None
    assert list(world.topics.needs) == ["a", "b?"]
    assert [world.judgements.of(t) for t in range(2)] == [{}, {1: 1}]
    assert world.settings["notes"] == {"turns without a judgement (the first: 'x')": 1}
    with pytest.raises(UnknownNameError, match="topic_ids"):
        import_data("trec", tmp_path, "t", topic_ids="rank")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (append("docs.xml", "<doc>\n<docno>1</docno>\n"), r"docs\.xml:9: the <doc> of this line"),
        (append("docs.xml", "</doc>\n"), r"docs\.xml:9: </doc> without a <doc>"),
        (append("docs.xml", "<doc>\n<doc>\n"), r"docs\.xml:10: <doc> inside the <doc> of line 9"),
        (append("docs.xml", "<doc>\n<text>x</text></doc>\n"), r":9: a record has no id"),
        (append("qrels.txt", "301 7 1\n"), r"qrels\.txt:4: expected topic, iteration, document"),
        (
            lambda folder: (folder / "docs.xml").write_text("<doc>", "utf-16") and None,
            r"docs\.xml:1: the <doc> of this line is never closed",
        ),
        (lambda folder: (folder / "qrels.txt").unlink(), "has no qrels: expected a file with"),
        (lambda folder: (folder / "topics.xml").unlink(), "has no topics: expected a file with"),
    ],
)
def test_faults_of_trec_are_named_with_their_place(
    change: Callable[[Path], None], problem: str, tmp_path: Path
) -> None:
    change(trec(tmp_path))
    with pytest.raises(ImportDataError, match=problem):
        import_data("trec", tmp_path, "t")


def cast(folder: Path) -> Path:
    def turn(number: str, said: str, **more: str) -> dict[str, str]:
        return {"number": number, "utterance": said, **more}

    first = turn("1-1", "Tell me of tea.", information_need="tea", response="Tea is a drink.")
    second = turn("1-3", "And of green?", manual_rewritten_utterance="And of green tea?")
    other = turn("2-1", "Of black, then.", information_need="black tea")
    entries = [
        {"number": 5, "turn": [first, second]},
        {"number": 5, "turn": [first, other]},
    ]
    (folder / "annotated_topics.json").write_text(json.dumps(entries))
    lines(folder / "a_passages.ndjson", [
        {"id": "MARCO_1-2", "text": "green tea", "title": "Tea"},
        {"id": "KILT_3", "text": "black tea is strong and hot", "title": "Black tea"},
    ])  # fmt: skip
    lines(folder / "talk.ndjson", [{"id": "x", "turns": []}])
    (folder / "c.qrel").write_text("5_1-1 0 MARCO_1-2 1\n5_2-1 0 KILT_3#0 4\n5_1-1 0 WAPO_1-1 3\n")
    return folder


def test_cast_reads_paths_of_one_topic_as_turns_with_histories(tmp_path: Path) -> None:
    world = import_data("cast", cast(tmp_path), "c", passage_words=4)
    assert list(world.item_ids or ()) == ["MARCO_1-2", "KILT_3#0", "KILT_3#1"]
    assert list(world.item_texts) == ["green tea", "black tea is strong", "and hot"]
    assert world.topics is not None
    assert world.judgements is not None
    assert (world.topics.n_topics, world.topics.n_turns) == (1, 3)
    assert list(world.topics.turn_names) == ["5_1-1", "5_1-3", "5_2-1"]
    assert list(world.topics.needs) == ["tea", "And of green tea?", "black tea"]
    assert list(world.topics.answers) == ["Tea is a drink.", "", ""]
    assert [world.topics.history.row(t).tolist() for t in range(3)] == [[], [0], [0]]
    assert [world.judgements.of(t) for t in range(3)] == [{0: 1}, {}, {1: 4}]
    assert world.settings["dropped"] == {
        "judgements of unknown documents (the first: 'WAPO_1-1', c.qrel:3)": 1
    }
    assert world.settings["notes"] == {
        "turns without a need (theirs is what they say) (the first: '5_1-3', "
        "annotated_topics.json)": 1,
        "turns without a judgement (the first: '5_1-3')": 1,
    }
    whole = import_data("cast", tmp_path, "c", passage_words=0)
    assert list(whole.item_ids or ()) == ["MARCO_1-2", "KILT_3"]


def test_faults_of_cast_are_named(tmp_path: Path) -> None:
    topics = cast(tmp_path) / "annotated_topics.json"
    entries = json.loads(topics.read_text())
    entries[1]["turn"][0]["utterance"] = "Tell me of coffee."
    for text, problem in (
        (json.dumps(entries), r"the turn '5_1-1' differs between two paths"),
        ("{}", "expected a list of topics, found dict"),
        ("[{}]", "a topic has no number or no turns"),
        ('[{"number": 1, "turn": [{"utterance": "x"}]}]', "a turn of topic 1 has no number"),
        ("[\n{", r"annotated_topics\.json:2: not valid JSON"),
    ):
        topics.write_text(text)
        with pytest.raises(ImportDataError, match=problem):
            import_data("cast", tmp_path, "c")
    topics.unlink()
    with pytest.raises(ImportDataError, match=r"expected annotated_topics\.json or one file"):
        import_data("cast", tmp_path, "c")
    with pytest.raises(OptionError, match="passage_words is -1"):
        import_data("cast", tmp_path, "c", passage_words=-1)


@pytest.mark.parametrize(
    ("how", "splits"), [("source", [2, 0, 2]), ("test", [2, 2, 2]), ("seed", None)]
)
def test_topics_are_split_as_the_source_says_by_the_seed_or_not_at_all(
    how: Any, splits: list[int] | None, tmp_path: Path
) -> None:
    world = import_data("beir", beir(tmp_path), "b", topics_split=how, seed=3)
    assert world.topics is not None
    assert world.topics.split.tolist() == (splits or split_topics(3, 3).tolist())
    assert world.settings["topics_split"] == how


@pytest.mark.parametrize(("kind", "write"), [("trec", trec), ("cast", cast)])
def test_a_collection_of_few_topics_can_be_judged_whole(
    kind: str, write: Callable[[Path], Path], tmp_path: Path
) -> None:
    world = import_data(kind, write(tmp_path), "c", topics_split="test")
    assert world.topics is not None
    assert set(world.topics.split.tolist()) == {2}
    with pytest.raises(UnknownNameError, match="topics_split 'all'"):
        import_data(kind, tmp_path, "c", topics_split="all")


@pytest.mark.parametrize(
    ("kind", "write", "file", "word"),
    [("trec", trec, "docs.xml", "slabs"), ("trec", trec, "topics.xml", "wings"),
     ("cast", cast, "annotated_topics.json", "Of black"),
     ("cast", cast, "a_passages.ndjson", "hot"),
     ("beir", beir, "corpus.jsonl", "lie"), ("beir", beir, "queries.jsonl", "ships")],
)  # fmt: skip
def test_lines_that_are_not_utf8_are_latin1_and_counted(
    kind: str, write: Callable[[Path], Path], file: str, word: str, tmp_path: Path
) -> None:
    path, other = write(tmp_path) / file, word[:-1] + "\xe9"
    path.write_bytes(path.read_bytes().replace(word.encode(), other.encode("latin-1")))
    world = import_data(kind, tmp_path, "c")
    (note,) = (what for what in world.settings["notes"] if what.startswith(LATIN))
    assert path.name in note
    assert world.topics is not None
    texts = [*(world.item_texts or ()), *world.topics.utterances]
    assert any(other in text for text in texts)


def test_trec_reads_utf16(tmp_path: Path) -> None:
    path = trec(tmp_path) / "docs.xml"
    usual = import_data("trec", tmp_path, "t").fingerprint
    path.write_text(path.read_text(), "utf-16")
    assert import_data("trec", tmp_path, "t").fingerprint == usual


def test_the_command_tells_counts_licence_and_what_was_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECOSIM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    source = str(beir(tmp_path / "data"))
    run = CliRunner().invoke(
        app, ["data", "import", "beir", source, "--name", "my-b", "--licence", "CC0-1.0"]
    )
    assert run.exit_code == 0, run.output
    assert "imported my-b: 2 items, 3 topics, 3 turns, 3 judgements" in run.output
    assert "2 turns with a relevant item" in run.output
    assert "licence: CC0-1.0" in run.output
    assert "dropped 1 judgements of unknown documents (the first: 'd9', test.tsv:3)" in run.output
    assert "note: 1 grades below 0, read as 0" in run.output
    shown = CliRunner().invoke(app, ["data", "info", "my-b", "--verify"])
    assert shown.exit_code == 0, shown.output
    told = " ".join(shown.output.split())
    assert "documents 2 of 2 words on average, 0 attributes" in told
    assert "topics 3 (train / valid / test: 1 / 0 / 2)" in told
    assert "turns 3, 0 of them with earlier ones; 0 with a rewrite" in told
    assert "needs said whole from the start in every turn: use start=partial" in told
    assert "3 (1 of grade 0, 1 of grade 2, 1 of grade 3); 3 turns are judged, 2 have a" in told
    assert "interactions" not in told
    monkeypatch.setenv("COLUMNS", "100")
    listed = CliRunner().invoke(app, ["data", "list"])
    (line,) = [line for line in listed.output.splitlines() if line.startswith("my-b")]
    assert line.split()[1:6] == ["imported", "stored", "2", "3", "3"]
    assert open_folder(tmp_path / "cache" / "worlds" / "my-b").topics is not None
