"""Dense retrieval: vectors of texts by an encoder that the user names, kept beside the world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recosim.errors import MissingExtraError, OptionError, unknown
from recosim.retrieval.beside import kept_beside
from recosim.retrieval.index import searched_text
from recosim.retrieval.retriever import Ranking, empty_ranking
from recosim.world.world import World

__all__ = ["ENCODERS", "Dense", "Encoder", "WordLlama"]

FORMAT = 1
BATCH = 1024  # queries whose scores are held at once

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into vectors; what a sentence encoder has to offer to be one.

    Attributes of the object:
        name: names the encoder and its weights; vectors that are kept are found by it.
    """

    name: str

    def encode(self, texts: Sequence[str]) -> Any:
        """Vectors, float (len(texts), dimensions)."""
        ...


class Dense:
    """Ranks items by the cosine of the query's vector with theirs, exactly.

    Attributes of the object:
        vectors: float32 (n_items, dimensions), of unit length (a text without any is all 0).
    """

    def __init__(self, world: World, encoder: Encoder | str = "wordllama") -> None:
        """
        Args:
            encoder: anything with `name` and `encode`, or a name of `ENCODERS`.

        Raises:
            UnknownNameError: no encoder of this name. MissingExtraError: its package is not
            installed. OptionError: it gives no table of finite numbers, a row for each text.
        """
        if isinstance(encoder, str) and encoder not in ENCODERS:
            hint = "Or give an object with a name and a method encode(texts)."
            raise unknown("encoder", encoder, ENCODERS, hint)
        chosen: Encoder = ENCODERS[encoder]() if isinstance(encoder, str) else encoder
        self.encoder, self.name = chosen, f"dense({chosen.name})"

        def make() -> dict[str, Vectors]:
            return {"items": self.encode([searched_text(world, v) for v in range(world.n_items)])}

        self.vectors: Vectors = kept_beside(world, "vectors", FORMAT, chosen.name, make)["items"]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit length, float32 (len(texts), dimensions).

        Raises:
            OptionError: the encoder gives no table of finite numbers, a row for each text.
        """
        vectors = np.asarray(self.encoder.encode(list(texts)), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise OptionError(
                f"the encoder {self.encoder.name!r} gave an array of shape {vectors.shape} for "
                f"{len(texts)} texts; finite numbers, one row for each text, are needed."
            )
        norm = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = vectors / np.where(norm > 0, norm, np.float32(1.0))
        return unit

    def search(self, texts: Sequence[str], k: int) -> Ranking:
        """The best k items for each text: see `Retriever`. Every item has a score."""
        from recosim.retrieval.scoring import best_dense

        found = empty_ranking(len(texts), k, len(self.vectors))
        for start in range(0, len(texts), BATCH):
            rows = slice(start, start + BATCH)
            scores = self.encode(texts[rows]) @ self.vectors.T
            best_dense(np.ascontiguousarray(scores), found.items[rows], found.scores[rows])
        return found


class WordLlama:
    """Token vectors of WordLlama, averaged; the weights are in the package, nothing is fetched."""

    def __init__(self) -> None:
        """
        Raises:
            MissingExtraError: `wordllama` is not installed.
        """
        try:
            import wordllama
        except ImportError:
            raise MissingExtraError("wordllama", "search", "The encoder 'wordllama'") from None
        from pathlib import Path

        weights = Path(wordllama.__file__).parent
        self.model = wordllama.WordLlama.load(cache_dir=weights, disable_download=True)
        self.name = f"wordllama-{getattr(wordllama, '__version__', 'unknown')}"

    def encode(self, texts: Sequence[str]) -> Any:
        """Vectors, float32 (len(texts), 256)."""
        return self.model.embed(list(texts))


ENCODERS: dict[str, type[Any]] = {"wordllama": WordLlama}
