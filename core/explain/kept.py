"""Contributions of all items of a catalog, computed once and kept on disk.

They are kept in pieces of `PIECE` items, so that an interrupted run goes on where it stopped and
one item is read without the others. A piece belongs to one model, background, catalog and its
photos; whatever of these changes, it is computed again.
"""

import hashlib
import io
from collections.abc import Callable

import diskcache
import numpy as np
import pandas as pd

from core.cache import artefacts
from core.catalog.catalog import Catalog
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard
from core.vision.embeddings import embeddings_version

PIECE = 32


class KeptContributions:
    """Contributions by one model to the items of one catalog."""

    def __init__(
        self,
        model: BlockModel,
        catalog: Catalog,
        version: str,
        cache: diskcache.Cache | None = None,
    ) -> None:
        """Nothing is computed yet.

        Args:
            model: a trained model.
            catalog: with a content hash.
            version: names the training run that the model is of.
            cache: where pieces lie; the project's own by default.

        Raises:
            ValueError: the catalog has no content hash, as one that was edited.
        """
        if not catalog.content_hash:
            raise ValueError("nothing is kept of a catalog without a content hash")
        self.model, self.catalog = model, catalog
        self._cache = artefacts() if cache is None else cache
        method = "shapley" if model.exact else "owen"
        photos = embeddings_version(catalog, model.checkpoint) if model.checkpoint else ""
        named = (version, model.name, model.background.version, catalog.content_hash)
        key = repr((*named, method, photos, PIECE, len(catalog)))
        self._key = hashlib.sha256(key.encode()).hexdigest()

    @classmethod
    def of(cls, model: BlockModel, catalog: Catalog, board: Scoreboard) -> "KeptContributions":
        """Those by a model of a folder of models.

        Args:
            model: of the folder of `board`.
            catalog: with a content hash.
            board: names the training run.

        Raises:
            ValueError: the catalog has no content hash, as one that was edited.
        """
        return cls(model, catalog, f"{board.data_hash} {board.date}")

    def compute(self, on_progress: Callable[[int, int], None] | None = None) -> pd.DataFrame:
        """All of them, one line an item; pieces that are there already are read.

        Args:
            on_progress: called with items done and items in all after each piece.
        """
        count, found = len(self.catalog), []
        for start in range(0, count, PIECE):
            values = self._read(start)
            if values is None:
                rows = np.arange(start, min(start + PIECE, count))
                values = self.model.contributions(self.catalog, rows).to_numpy()
                self._write(start, values)
            found.append(values)
            if on_progress:
                on_progress(min(start + PIECE, count), count)
        values = np.concatenate([*found, np.zeros((0, len(self.model.players)))])
        return pd.DataFrame(values, columns=self.model.players)

    def known(self) -> int:
        """How many items are there already; 0 to all of them."""
        starts = range(0, len(self.catalog), PIECE)
        there = (s for s in starts if self._name(s) in self._cache)
        return sum(min(PIECE, len(self.catalog) - start) for start in there)

    def item(self, row: int) -> pd.Series | None:
        """One item's, a value a player; None where its piece is not there yet."""
        values = self._read(row - row % PIECE)
        if values is None:
            return None
        return pd.Series(values[row % PIECE], index=self.model.players)

    def _read(self, start: int) -> np.ndarray | None:
        stored = self._cache.get(self._name(start))
        if stored is None:
            return None
        values = np.load(io.BytesIO(stored), allow_pickle=False)
        wanted = (min(PIECE, len(self.catalog) - start), len(self.model.players))
        return values if values.shape == wanted else None

    def _write(self, start: int, values: np.ndarray) -> None:
        file = io.BytesIO()
        np.save(file, values, allow_pickle=False)
        self._cache.set(self._name(start), file.getvalue())

    def _name(self, start: int) -> str:
        return f"contributions:{self._key}:{start}"
