"""SciFact (Wadden et al. 2020) as its authors publish it, made into a folder of BEIR's layout."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

__all__ = ["scifact_as_beir"]


def scifact_as_beir(source: Path, folder: Path) -> Path:
    """SciFact's CSV files as a BEIR folder: claims are queries, cited abstracts relevant."""
    (folder / "qrels").mkdir(parents=True)
    csv.field_size_limit(1 << 24)
    with (
        (source / "corpus_train.csv").open(encoding="utf-8", newline="") as file,
        (folder / "corpus.jsonl").open("w", encoding="utf-8") as out,
    ):
        for row in csv.DictReader(file):
            abstract = row["abstract"].strip("[]")  # a list of sentences, as numpy prints it
            text = re.sub(r"['\"]\s*\n\s*['\"]", " ", abstract).strip("'\"")
            made = {"_id": row["doc_id"], "title": row["title"], "text": text}
            out.write(json.dumps(made) + "\n")
    claims: dict[str, str] = {}
    for part, split in (("train", "train"), ("validation", "test")):
        seen: set[tuple[str, str]] = set()
        with (source / f"claims_{part}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                claims[row["id"]] = row["claim"]
                seen |= {(row["id"], d) for d in re.findall(r"\d+", row["cited_doc_ids"])}
        lines = [f"{claim}\t{document}\t1" for claim, document in sorted(seen)]
        head = "query-id\tcorpus-id\tscore"
        (folder / "qrels" / f"{split}.tsv").write_text("\n".join([head, *lines]) + "\n")
    with (folder / "queries.jsonl").open("w", encoding="utf-8") as out:
        for key, text in claims.items():
            out.write(json.dumps({"_id": key, "text": text}) + "\n")
    return folder
