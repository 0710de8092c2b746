"""The two ridge models: ``linear`` on metadata and text, ``image`` on CLIP embeddings.

Both predict ``intercept + sum over players of b . (x - mean)``, where a player is a column, the
text or the photo and the mean is over the training items. So each player's term is its exact
Shapley value against the training items as background (Lundberg & Lee 2017, section 4.2).
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity import model as base
from core.popularity.blocks import (
    COLUMN_BLOCKS,
    Block,
    Encoded,
    ImageBlock,
    TextBlock,
    block_from_json,
    block_to_json,
)
from core.popularity.columns import Feature, feature_columns, match_columns
from core.popularity.intervals import Calibration, calibrate
from core.popularity.model import log_target
from core.popularity.ridge import Design, fit_ridge
from core.popularity.splits import group_codes, grouped_folds
from core.popularity.vectors import image_vectors

IMAGE_PLAYER = "image"
TEXT_PLAYER = "description"
REVIEW_PLAYER = "reviews"
TEXT_ROLES = (Role.TITLE, Role.DESCRIPTION)


class BlockModel(ABC):
    """What models that read a catalog block by block share.

    Attributes:
        blocks: what is read, in the order of the coefficients.
        players: one name a block: the training catalog's column, ``description`` (title and
            descriptions together), ``reviews`` or ``image``.
        intercept: output for the average training item, in log units.
    """

    kind = ""

    def __init__(
        self,
        name: str,
        *,
        include_post_launch: bool = False,
        checkpoint: str = "",
    ) -> None:
        """Name a model; one with a CLIP `checkpoint` reads the photo, one without the columns."""
        self.name = name
        self.include_post_launch = include_post_launch
        self.checkpoint = checkpoint
        self.blocks: list[Block] = []
        self.calibration: Calibration | None = None
        self.intercept = 0.0
        self.info: dict[str, Any] = {}

    @property
    def players(self) -> list[str]:
        """One name a block."""
        return [player_name(block) for block in self.blocks]

    @property
    def features(self) -> list[Feature]:
        """The columns that the model reads, by their names in the training catalog."""
        found: list[Feature] = []
        for block in self.blocks:
            if isinstance(block, TextBlock):
                found.extend(block.features)
            elif not isinstance(block, ImageBlock):
                found.append(block.feature)
        return found

    @abstractmethod
    def fit(self, catalog: Catalog, rows: np.ndarray) -> Self:
        """Learn from these rows, which must have a target."""

    @abstractmethod
    def output(self, catalog: Catalog, rows: np.ndarray | None = None) -> np.ndarray:
        """Predicted ``log1p`` of the target, one value a row."""

    @abstractmethod
    def contributions(self, catalog: Catalog, rows: np.ndarray | None = None) -> pd.DataFrame:
        """Shapley values in log units: one line a row, one column a player."""

    @abstractmethod
    def block_values(self, position: int, cells: pd.Series) -> np.ndarray:
        """What a column's cells alone make of the average item, in log units."""

    @abstractmethod
    def save(self, directory: Path) -> None:
        """Write `model.safetensors` and `model.json`."""

    def predict(self, catalog: Catalog, rows: np.ndarray | None = None) -> pd.DataFrame:
        """Median, mean and intervals in the target's unit; see `core.popularity.model`."""
        return base.predict(self, catalog, rows)

    def missing_columns(self, catalog: Catalog) -> list[str]:
        """Columns that the model learned from and this catalog does not have."""
        return [
            name for name, column in match_columns(self.features, catalog).items() if not column
        ]

    def _start(self, catalog: Catalog, rows: np.ndarray) -> np.ndarray:
        """Fit the blocks; the log targets of the rows."""
        y = log_target(catalog, rows)
        if not np.isfinite(y).all():
            raise ModelError("Every item that a model learns from needs a target value.")
        self._fit_blocks(catalog, rows)
        if not any(block.width for block in self.blocks):
            raise ModelError(
                f"The catalog “{catalog.name}” has no column that the {self.name} model can learn"
                " from. Give the columns roles (category, attribute, price, ...) when importing."
            )
        return y

    def _block_tensors(self) -> dict[str, np.ndarray]:
        return {
            f"idf.{i}": block.idf
            for i, block in enumerate(self.blocks)
            if isinstance(block, TextBlock)
        }

    def _plain(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "name": self.name,
            "include_post_launch": self.include_post_launch,
            "checkpoint": self.checkpoint,
            "calibration": self.calibration.to_json() if self.calibration else None,
            "info": self.info,
            "blocks": [block_to_json(block) for block in self.blocks],
        }

    def _restore(self, tensors: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        self.blocks = [
            block_from_json(block, tensors.get(f"idf.{i}"))
            for i, block in enumerate(values["blocks"])
        ]
        self.intercept = float(tensors["intercept"][0])
        self.calibration = Calibration.from_json(values["calibration"])
        self.info = values["info"]

    def _fit_blocks(self, catalog: Catalog, rows: np.ndarray) -> None:
        features = feature_columns(catalog, include_post_launch=self.include_post_launch)
        self.blocks = [
            COLUMN_BLOCKS[f.role](f, catalog.frame[f.name].iloc[rows])
            for f in features
            if f.role in COLUMN_BLOCKS
        ]
        for roles in (TEXT_ROLES, (Role.REVIEW,)):
            text = [f for f in features if f.role in roles]
            if text:
                names = [f.name for f in text]
                self.blocks.append(TextBlock.fit(text, joined_text(catalog, names, rows)))

    def _design(self, catalog: Catalog, rows: np.ndarray) -> Design:
        found = match_columns(self.features, catalog)
        encoded = [self._encode(block, catalog, rows, found) for block in self.blocks]
        return Design([m for m, _ in encoded], np.column_stack([a for _, a in encoded]))

    def _encode(
        self, block: Block, catalog: Catalog, rows: np.ndarray, found: dict[str, str | None]
    ) -> Encoded:
        if isinstance(block, ImageBlock):
            return block.encode(image_vectors(catalog, self.checkpoint)[rows])
        if isinstance(block, TextBlock):
            names = [c for f in block.features if (c := found[f.name])]
            if names:
                return block.encode(joined_text(catalog, names, rows))
        elif column := found[block.feature.name]:
            return block.encode(catalog.frame[column].iloc[rows])
        return _average_item(block, len(rows))


class AdditiveModel(BlockModel):
    """Ridge on blocks; see the module's text."""

    kind = "ridge"

    def __init__(
        self, name: str, *, include_post_launch: bool = False, checkpoint: str = ""
    ) -> None:
        super().__init__(name, include_post_launch=include_post_launch, checkpoint=checkpoint)
        self.coefficients = np.zeros(0)
        self.centre = np.zeros(0)

    def fit(self, catalog: Catalog, rows: np.ndarray) -> Self:
        """Learn from these rows; the penalty is chosen and the intervals calibrated inside them.

        Raises:
            ModelError: no target, no usable column, or no photo.
        """
        rows = np.asarray(rows)
        y = self._start(catalog, rows)
        folds = grouped_folds(group_codes(catalog)[rows], 4)
        fit = fit_ridge(self._design(catalog, rows), y, folds)
        self.coefficients, self.centre, self.intercept = fit.coefficients, fit.centre, fit.intercept
        self.calibration = calibrate(
            catalog, rows, self.features, y, fit.residuals, folds, "held-out styles"
        )
        self.info = {
            "alpha": fit.alpha,
            "items": len(rows),
            "currency": catalog.currency,
        }
        return self

    def output(self, catalog: Catalog, rows: np.ndarray | None = None) -> np.ndarray:
        """Predicted ``log1p`` of the target, one value a row."""
        rows = np.arange(len(catalog)) if rows is None else np.asarray(rows)
        design = self._design(catalog, rows)
        return self.intercept + design.products(self.coefficients, self.centre)

    def contributions(self, catalog: Catalog, rows: np.ndarray | None = None) -> pd.DataFrame:
        """Each player's part of the output, in log units: one line a row, one column a player.

        A column that the catalog lacks, a level that training never saw and a missing photo
        contribute exactly 0.
        """
        rows = np.arange(len(catalog)) if rows is None else np.asarray(rows)
        design = self._design(catalog, rows)
        return pd.DataFrame(design.values(self.coefficients, self.centre), columns=self.players)

    def block_values(self, position: int, cells: pd.Series) -> np.ndarray:
        """What a column's cells alone make of the average item, in log units."""
        block = self.blocks[position]
        assert not isinstance(block, TextBlock | ImageBlock)
        matrix, average = block.encode(cells)
        start = sum(b.width for b in self.blocks[:position])
        part = slice(start, start + self.blocks[position].width)
        values = (matrix @ self.coefficients[part]) - self.centre[part] @ self.coefficients[part]
        return np.where(average, 0.0, values)

    def save(self, directory: Path) -> None:
        """Write `model.safetensors` and `model.json`."""
        tensors = {
            "coefficients": self.coefficients,
            "centre": self.centre,
            "intercept": np.array([self.intercept]),
            **self._block_tensors(),
        }
        base.write_model(directory, tensors, self._plain())

    @classmethod
    def load(cls, directory: Path) -> "AdditiveModel":
        """The model that `save` wrote; it predicts the same numbers.

        Raises:
            ModelError: the files are missing or damaged.
        """
        tensors, values = base.read_model(directory)
        try:
            model = cls(
                values["name"],
                include_post_launch=values["include_post_launch"],
                checkpoint=values["checkpoint"],
            )
            model._restore(tensors, values)
            model.coefficients, model.centre = tensors["coefficients"], tensors["centre"]
            if sum(b.width for b in model.blocks) != len(model.coefficients):
                raise ValueError("coefficients do not fit the blocks")
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"The model in {directory} is damaged ({error}). Train it again with"
                " scripts/train_models.py."
            ) from error
        return model

    def _fit_blocks(self, catalog: Catalog, rows: np.ndarray) -> None:
        if self.checkpoint:
            vectors = image_vectors(catalog, self.checkpoint)
            self.blocks = [ImageBlock(self.checkpoint, vectors.shape[1])]
        else:
            super()._fit_blocks(catalog, rows)


def player_name(block: Block) -> str:
    """What an explanation calls a block: its column, or description, reviews, image."""
    if isinstance(block, ImageBlock):
        return IMAGE_PLAYER
    if isinstance(block, TextBlock):
        late = any(f.role == Role.REVIEW for f in block.features)
        return REVIEW_PLAYER if late else TEXT_PLAYER
    return block.feature.name


def joined_text(catalog: Catalog, columns: Sequence[str], rows: np.ndarray) -> list[str]:
    """The texts of several columns as one text an item; empty where all of them are."""
    parts = [catalog.frame[c].iloc[rows].fillna("").astype(str).to_numpy() for c in columns]
    return ["\n".join(cells) for cells in zip(*parts, strict=True)]


def _average_item(block: Block, count: int) -> Encoded:
    from scipy.sparse import csr_array

    return csr_array((count, block.width)), np.ones(count, dtype=bool)
