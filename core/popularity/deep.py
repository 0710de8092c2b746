"""The deep model: details, text and photo together, with interactions that a sum cannot hold.

Each player (a column, the text, the photo) adds one learned term to a shared first layer:

    hidden = activation(bias + sum over players of ``(x - mean) W``),  output = head(hidden)

Eight small networks (32 - 16 - 1) share the form and are averaged; one more hidden unit without
activation carries a ridge regression on the same encodings ("wide and deep", Cheng et al. 2016).
How much of either the mean holds is chosen on held-out items, so that the networks count where they
find what a sum of players misses. A photo or text that is missing has the term 0, the average
item's; modality dropout in training makes that a case that the networks know.

Encodings are those of `core.popularity.blocks` and never see the target: one vector a level, linear
splines of numbers, harmonics of the calendar, TF-IDF, frozen CLIP vectors. The head costs 8,500
floating-point operations an item, 7 GFLOP for 8,192 coalitions x 100 background items.
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity import model as base
from core.popularity.additive import BlockModel
from core.popularity.blocks import ImageBlock, LevelBlock, TextBlock
from core.popularity.deep_training import Networks, fit_networks
from core.popularity.intervals import calibrate
from core.popularity.ridge import Design, RidgeFit, fit_ridge
from core.popularity.shapley import shapley_values
from core.popularity.splits import MIN_DATED_SHARE, group_codes, grouped_folds
from core.popularity.vectors import MIN_PHOTOS, image_vectors

PARTS = 4
"""Parts of the training items that are held out in turn to choose penalty, epochs and weight."""
MIN_LEVEL_ITEMS = 2
"""From how many items on a level has a vector of its own; two of a brand tell about a third."""
IMAGE_SCALES = (0.0, 0.5, 1.0, 2.0)
"""Weights of the photo against the columns in the ridge part; 0 leaves it to the networks."""
CHUNK = 8192


class DeepModel(BlockModel):
    """See the module's text. With a CLIP `checkpoint` it also reads the photos."""

    kind = "deep"

    def __init__(
        self, name: str = "deep", *, include_post_launch: bool = False, checkpoint: str = ""
    ) -> None:
        super().__init__(name, include_post_launch=include_post_launch, checkpoint=checkpoint)
        self.first = np.zeros((0, 1))
        self.centre = np.zeros(0)
        self.networks = Networks.empty()

    def fit(self, catalog: Catalog, rows: np.ndarray) -> Self:
        """Learn from these rows; all choices are made and the intervals calibrated inside them.

        Raises:
            ModelError: no target, no usable column, or photos that were not read.
        """
        rows = np.asarray(rows)
        y = self._start(catalog, rows)
        design = self._design(catalog, rows)
        parts = held_out_parts(catalog, rows)
        ridge = self._ridge(design, y, parts)
        modalities = [isinstance(block, TextBlock | ImageBlock) for block in self.blocks]
        found = fit_networks(design, ridge.centre, y, ridge.residuals, parts, modalities)
        self.networks, self.centre = found.networks, ridge.centre
        linear = (ridge.coefficients * (1 - found.weight)).astype(np.float32)
        self.first = np.column_stack([linear, found.first]).astype(np.float64)
        self.intercept = (1 - found.weight) * ridge.intercept + found.weight * found.level
        dated = catalog.column(Role.RELEASE_DATE) is not None
        source = "held-out periods" if dated else "held-out styles"
        self.calibration = calibrate(
            catalog, rows, self.features, y, found.residuals, parts, source
        )
        self.info = {
            "alpha": ridge.alpha,
            "epochs": found.epochs,
            "weight_of_networks": found.weight,
            "items": len(rows),
            "currency": catalog.currency,
        }
        return self

    def output(self, catalog: Catalog, rows: np.ndarray | None = None) -> np.ndarray:
        """Predicted ``log1p`` of the target, one value a row."""
        rows = np.arange(len(catalog)) if rows is None else np.asarray(rows)
        parts = [
            self.head(self.terms(catalog, rows[start : start + CHUNK]).sum(axis=0))
            for start in range(0, len(rows), CHUNK)
        ]
        return np.concatenate([*parts, np.zeros(0)])

    def terms(self, catalog: Catalog, rows: np.ndarray) -> np.ndarray:
        """First-layer terms, (players, items, units); all zeros where a player counts as average.

        Unit 0 is the ridge part, in log units; the others go through the activation.
        """
        design = self._design(catalog, rows)
        return np.stack([self._block_terms(i, *e) for i, e in enumerate(_encoded(design))])

    def head(self, summed: np.ndarray) -> np.ndarray:
        """Outputs, log units, of sums of terms (..., units); a sum of 0 is the average item."""
        return self.intercept + summed[..., 0] + self.networks.output(summed[..., 1:])

    def contributions(self, catalog: Catalog, rows: np.ndarray | None = None) -> pd.DataFrame:
        """Shapley values of the players against the average item (every term 0), log units.

        One line a row, one column a player; they add up to ``output - intercept``. All coalitions
        are enumerated for up to 13 players; for more, sampled orders stand in.
        """
        rows = np.arange(len(catalog)) if rows is None else np.asarray(rows)
        terms = self.terms(catalog, rows)
        values = [shapley_values(terms[:, i], self.head) for i in range(len(rows))]
        return pd.DataFrame(np.reshape(values, (len(rows), len(self.blocks))), columns=self.players)

    def block_values(self, position: int, cells: pd.Series) -> np.ndarray:
        """What a column's cells alone make of the average item, in log units."""
        block = self.blocks[position]
        assert not isinstance(block, TextBlock | ImageBlock)
        matrix, average = block.encode(cells)
        return self.head(self._block_terms(position, matrix, average)) - self.intercept

    def save(self, directory: Path) -> None:
        """Write `model.safetensors` and `model.json`."""
        tensors = {
            "first": self.first.astype(np.float32),
            "centre": self.centre,
            "intercept": np.array([self.intercept]),
            **{f"networks.{k}": v for k, v in asdict(self.networks).items()},
            **self._block_tensors(),
        }
        base.write_model(directory, tensors, self._plain())

    @classmethod
    def load(cls, directory: Path) -> "DeepModel":
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
            model.first, model.centre = tensors["first"].astype(np.float64), tensors["centre"]
            model.networks = Networks(
                **{k.partition(".")[2]: v for k, v in tensors.items() if k.startswith("networks.")}
            )
            width = sum(b.width for b in model.blocks)
            if model.first.shape != (width, 1 + model.networks.units) or len(model.centre) != width:
                raise ValueError("weights do not fit the blocks")
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"The model in {directory} is damaged ({error}). Train it again with"
                " scripts/train_models.py."
            ) from error
        return model

    def _fit_blocks(self, catalog: Catalog, rows: np.ndarray) -> None:
        super()._fit_blocks(catalog, rows)
        for i, block in enumerate(self.blocks):
            if isinstance(block, LevelBlock):
                cells = catalog.frame[block.feature.name].iloc[rows]
                self.blocks[i] = LevelBlock.fit(block.feature, cells, MIN_LEVEL_ITEMS)
        if self.checkpoint:
            vectors = image_vectors(catalog, self.checkpoint)
            if np.isfinite(vectors[rows]).all(axis=1).sum() >= MIN_PHOTOS:
                self.blocks.append(ImageBlock(self.checkpoint, vectors.shape[1]))

    def _ridge(self, design: Design, y: np.ndarray, parts: list[np.ndarray]) -> RidgeFit:
        """Ridge on all blocks; the photo's weight against the columns is chosen held out."""
        if not isinstance(self.blocks[-1], ImageBlock):
            return fit_ridge(design, y, parts)
        candidates = []
        for scale in IMAGE_SCALES if len(self.blocks) > 1 else (1.0,):
            matrices = [*design.matrices[:-1], design.matrices[-1] * scale]
            fit = fit_ridge(Design(matrices, design.average), y, parts)
            fit.coefficients[design.slices[-1]] *= scale
            candidates.append(fit)
        best = min(candidates, key=lambda fit: float(fit.residuals @ fit.residuals))
        return replace(best, centre=design.centre())

    def _block_terms(self, position: int, matrix: np.ndarray, average: np.ndarray) -> np.ndarray:
        start = sum(b.width for b in self.blocks[:position])
        part = slice(start, start + self.blocks[position].width)
        terms = np.asarray(matrix @ self.first[part]) - self.centre[part] @ self.first[part]
        terms[average] = 0.0
        return terms


def _encoded(design: Design) -> list[tuple]:
    return [(m, design.average[:, i]) for i, m in enumerate(design.matrices)]


def held_out_parts(catalog: Catalog, rows: np.ndarray) -> list[np.ndarray]:
    """Positions in `rows` to hold out in turn: periods where there are dates, else styles.

    Styles are whole in either; a style that was released several times stands in its first period.
    """
    groups = group_codes(catalog)[rows]
    column = catalog.column(Role.RELEASE_DATE)
    if column is None:
        return grouped_folds(groups, PARTS)
    dates = catalog.frame[column].iloc[rows].reset_index(drop=True)
    first = dates.groupby(groups).transform("min")
    if first.notna().mean() < MIN_DATED_SHARE or first.nunique() < PARTS:
        return grouped_folds(groups, PARTS)
    period = pd.qcut(first.rank(method="min"), PARTS, labels=False, duplicates="drop")
    codes = period.fillna(0).to_numpy(dtype=int)
    parts = [np.flatnonzero(codes == c) for c in np.unique(codes)]
    return parts if len(parts) > 1 else grouped_folds(groups, PARTS)
