"""The two ridge models: ``linear`` on metadata and text, ``image`` on CLIP embeddings.

Both predict ``intercept + sum over players of b . (x - mean)``, where a player is a column, the
text or the photo and the mean is over the training items. Against background items a player's exact
Shapley value is ``b . (x - mean over the background)`` (Lundberg & Lee 2017, section 4.2).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity import model as base
from core.popularity.background import Background, categories_of
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
        background: training items that credit is measured against.
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
        self.background = Background.average_item([])
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

    @property
    def exact(self) -> bool:
        """Whether contributions are exact Shapley values and there are interactions."""
        return True

    @abstractmethod
    def fit(self, catalog: Catalog, rows: np.ndarray) -> Self:
        """Learn from these rows, which must have a target."""

    @abstractmethod
    def output(self, catalog: Catalog, rows: np.ndarray | None = None) -> np.ndarray:
        """Predicted ``log1p`` of the target, one value a row."""

    @abstractmethod
    def base_output(self, category: str | None = None) -> float:
        """Mean output over the background, or over that of a category, in log units.

        Raises:
            ModelError: the category has no background of its own.
        """

    @abstractmethod
    def _values(self, catalog: Catalog, rows: np.ndarray, category: str | None) -> np.ndarray:
        """Shapley values (rows, players) against the background, or that of a category."""

    @abstractmethod
    def interactions(self, catalog: Catalog, row: int) -> pd.DataFrame:
        """Shapley interaction index of each two players of an item, against the background.

        Log units; a symmetric table with a line and a column a player, 0 on the diagonal.

        Raises:
            ModelError: there are too many players to try all coalitions.
        """

    @abstractmethod
    def block_values(self, position: int, cells: pd.Series) -> np.ndarray:
        """What a column's cells alone make of the background items, on average, in log units."""

    @abstractmethod
    def save(self, directory: Path) -> None:
        """Write `model.safetensors` and `model.json`."""

    def predict(self, catalog: Catalog, rows: np.ndarray | None = None) -> pd.DataFrame:
        """Median, mean and intervals in the target's unit; see `core.popularity.model`."""
        return base.predict(self, catalog, rows)

    def contributions(
        self, catalog: Catalog, rows: np.ndarray | None = None, *, same_category: bool = False
    ) -> pd.DataFrame:
        """Shapley values in log units: one line a row, one column a player.

        Where the model is not `exact`, Owen values, with details, words and photo taken together,
        over sampled orders (`core.popularity.kernel_game`). They add up to the output less
        `base_output`; with `same_category`, each item's less that of its category.

        Raises:
            ModelError: an item's category has no background of its own.
        """
        rows = np.arange(len(catalog)) if rows is None else np.asarray(rows)
        values = np.zeros((len(rows), len(self.blocks)))
        for category, own in _by_category(catalog, rows, same_category):
            values[own] = self._values(catalog, rows[own], category)
        return pd.DataFrame(values, columns=self.players)

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
        } | self.background.tensors()

    def _plain(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "name": self.name,
            "include_post_launch": self.include_post_launch,
            "checkpoint": self.checkpoint,
            "calibration": self.calibration.to_json() if self.calibration else None,
            "info": self.info,
            "blocks": [block_to_json(block) for block in self.blocks],
            "background": self.background.to_json(),
        }

    def _restore(self, tensors: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        self.blocks = [
            block_from_json(block, tensors.get(f"idf.{i}"))
            for i, block in enumerate(values["blocks"])
        ]
        widths = [block.width for block in self.blocks]
        if "background" in values:
            self.background = Background.restore(tensors, values["background"], widths)
        else:  # trained before models had one
            self.background = Background.average_item(widths)
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
        design = self._design(catalog, rows)
        fit = fit_ridge(design, y, folds)
        self.background = Background.draw(catalog, rows, design)
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

    def base_output(self, category: str | None = None) -> float:
        """Mean output over the background, or over that of a category, in log units.

        Raises:
            ModelError: the category has no background of its own.
        """
        return self.intercept + float(self._background_values(category).sum())

    def _background_values(self, category: str | None) -> np.ndarray:
        """(players,): mean over the background of ``b . (x - centre)``."""
        design = self.background.among(category)
        return design.values(self.coefficients, self.centre).mean(axis=0)

    def _values(self, catalog: Catalog, rows: np.ndarray, category: str | None) -> np.ndarray:
        own = self._design(catalog, rows).values(self.coefficients, self.centre)
        return own - self._background_values(category)

    def interactions(self, catalog: Catalog, row: int) -> pd.DataFrame:
        """All 0: what is added up does not interact."""
        players = len(self.players)
        return pd.DataFrame(np.zeros((players, players)), self.players, self.players)

    def block_values(self, position: int, cells: pd.Series) -> np.ndarray:
        """What a column's cells alone make of the background items, on average, in log units."""
        block = self.blocks[position]
        assert not isinstance(block, TextBlock | ImageBlock)
        matrix, average = block.encode(cells)
        start = sum(b.width for b in self.blocks[:position])
        part = slice(start, start + self.blocks[position].width)
        values = (matrix @ self.coefficients[part]) - self.centre[part] @ self.coefficients[part]
        return np.where(average, 0.0, values) - self._background_values(None)[position]

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
            raise base.damaged(directory, error) from error
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


def _by_category(
    catalog: Catalog, rows: np.ndarray, same_category: bool
) -> Iterator[tuple[str | None, np.ndarray]]:
    """Whose background the items are held against, with their positions in `rows`."""
    if not same_category:
        yield None, np.arange(len(rows))
        return
    categories = categories_of(catalog, rows)
    for category in dict.fromkeys(categories):
        yield category, np.flatnonzero(categories == category)


def _average_item(block: Block, count: int) -> Encoded:
    from scipy.sparse import csr_array

    return csr_array((count, block.width)), np.ones(count, dtype=bool)
