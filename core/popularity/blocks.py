"""How one column, the text or the photo of an item becomes numbers that a linear model adds up.

A block is fitted without the target. `encode` gives one sparse row an item and marks the rows that
count as the average item (a level that training never saw, a photo that is missing), to which a
linear model gives no credit and no blame.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from core.catalog.roles import Role
from core.popularity.columns import Feature

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MISSING = "(missing)"
OTHER = "(other)"
MIN_LEVEL_ITEMS = 3
MAX_LEVELS = 300
MAX_WORDS = 1000
HARMONICS = 4
TOKEN = re.compile(r"(?u)\b\w\w+\b")

Encoded = tuple["csr_array", np.ndarray]
"""Rows of features, and a boolean mask of the rows that count as the average item."""


@dataclass(frozen=True)
class LevelBlock:
    """One-hot levels of a category or attribute, compared without case.

    Levels with fewer than `min_items` training items share the level ``(other)``, which also
    takes levels that training never saw. Where there is no ``(other)``, an unseen level counts as
    the average item. An empty cell is a level of its own if training had one.
    """

    feature: Feature
    levels: tuple[str, ...]
    kind: str = "levels"

    @classmethod
    def fit(
        cls, feature: Feature, cells: pd.Series, min_items: int = MIN_LEVEL_ITEMS
    ) -> "LevelBlock":
        """Learn the levels of a column; those with fewer than `min_items` items are merged."""
        counts = _level_keys(cells).value_counts()
        counts = counts[counts > 0].sort_index().sort_values(ascending=False, kind="stable")
        kept = [str(k) for k in counts.index[counts >= min_items][:MAX_LEVELS]]
        levels = sorted(kept) + ([OTHER] if len(kept) < len(counts) else [])
        return cls(feature, tuple(levels))

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self.levels)

    def encode(self, cells: pd.Series) -> Encoded:
        """One row an item with a single 1, or none where the item counts as average."""
        position = {level: i for i, level in enumerate(self.levels)}
        keys = _level_keys(cells)
        codes = keys.map(position).fillna(position.get(OTHER, -1)).to_numpy(dtype=np.int64)
        return _one_hot(codes, self.width), codes < 0


@dataclass(frozen=True)
class NumberBlock:
    """A linear spline of a number with knots at the training quartiles, and a missing mark.

    Prices are taken as logarithms, and so are numbers that are all above zero and less skewed as
    logarithms (list prices, counts). Values outside the training range count as its nearest end, so
    the model never extrapolates.
    """

    feature: Feature
    logarithm: bool
    low: float
    high: float
    knots: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    kind: str = "number"

    @classmethod
    def fit(cls, feature: Feature, cells: pd.Series) -> "NumberBlock":
        """Learn range, knots and scales of a column."""
        logarithm = feature.role == Role.PRICE or _skewed(_numbers(cells, False))
        values = _numbers(cells, logarithm)
        known = values[np.isfinite(values)]
        if known.size == 0:
            return cls(feature, logarithm, 0.0, 0.0, (), (0.0,), (1.0,))
        low, high = float(known.min()), float(known.max())
        quartiles = np.unique(np.quantile(known, [0.25, 0.5, 0.75]))
        knots = tuple(float(k) for k in quartiles if low < k < high)
        basis = _spline(known, knots)
        scales = basis.std(axis=0)
        return cls(
            feature,
            logarithm,
            low,
            high,
            knots,
            tuple(map(float, basis.mean(axis=0))),
            tuple(map(float, np.where(scales > 1e-12, scales, 1.0))),
        )

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self.means) + 1

    def encode(self, cells: pd.Series) -> Encoded:
        """Standardised spline values and 0/1 for missing."""
        values = _numbers(cells, self.logarithm)
        missing = ~np.isfinite(values)
        inside = np.clip(np.where(missing, self.low, values), self.low, self.high)
        basis = (_spline(inside, self.knots) - np.array(self.means)) / np.array(self.scales)
        basis[missing] = 0.0
        return _sparse(np.column_stack([basis, missing])), np.zeros(len(values), dtype=bool)


@dataclass(frozen=True)
class DateBlock:
    """Place in the year of the release date: four harmonics, and a missing mark.

    No trend: a line through past years tells nothing about the order of items within the next one,
    and following it made forecasts of later seasons worse on real sales.
    """

    feature: Feature
    kind: str = "date"

    @classmethod
    def fit(cls, feature: Feature, cells: pd.Series) -> "DateBlock":
        """Nothing to learn."""
        return cls(feature)

    @property
    def width(self) -> int:
        """Number of features."""
        return 2 * HARMONICS + 1

    def encode(self, cells: pd.Series) -> Encoded:
        """Sine and cosine of the year's first harmonics, and 0/1 for missing."""
        dates = pd.to_datetime(cells)
        missing = dates.isna().to_numpy()
        angle = 2 * np.pi * (dates.dt.day_of_year.fillna(0).to_numpy(dtype=float) - 1) / 365.25
        waves = np.column_stack(
            [f(k * angle) for k in range(1, HARMONICS + 1) for f in (np.sin, np.cos)]
        )
        waves[missing] = 0.0
        return _sparse(np.column_stack([waves, missing])), np.zeros(len(dates), dtype=bool)


@dataclass(frozen=True)
class TextBlock:
    """TF-IDF of all words of the title and the descriptions together (or of the reviews).

    The definition is scikit-learn's ``TfidfVectorizer(sublinear_tf=True, min_df=..,
    max_features=1000)``; a test compares the two. An item without words has an empty row.
    """

    features: tuple[Feature, ...]
    words: tuple[str, ...]
    idf: np.ndarray = field(repr=False)
    kind: str = "text"

    @classmethod
    def fit(cls, features: Sequence[Feature], texts: Sequence[str]) -> "TextBlock":
        """Learn the vocabulary: words of at least 3 items, the 1,000 most frequent."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=3, max_features=MAX_WORDS)
        try:
            vectorizer.fit(texts)
        except ValueError:  # no word stands in three items
            return cls(tuple(features), (), np.zeros(0, dtype=np.float64))
        words = tuple(map(str, vectorizer.get_feature_names_out()))
        return cls(tuple(features), words, vectorizer.idf_.astype(np.float64))

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self.words)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Rows of unit length (or empty): (1 + log count) x idf of the known words."""
        from scipy.sparse import csr_array

        position = {word: i for i, word in enumerate(self.words)}
        columns: list[int] = []
        values: list[float] = []
        ends = [0]
        for text in texts:
            counts = Counter(position.get(word, -1) for word in TOKEN.findall(text.lower()))
            counts.pop(-1, None)
            if counts:
                index = np.fromiter(counts.keys(), dtype=np.int64)
                weight = (1 + np.log(np.fromiter(counts.values(), dtype=float))) * self.idf[index]
                columns.extend(index)
                values.extend(weight / np.sqrt(weight @ weight))
            ends.append(len(columns))
        shape = (len(ends) - 1, self.width)
        matrix = csr_array((np.array(values), np.array(columns, dtype=np.int64), ends), shape=shape)
        return matrix, np.zeros(shape[0], dtype=bool)


@dataclass(frozen=True)
class ImageBlock:
    """The CLIP embedding of an item's main photo; an item without one counts as average."""

    checkpoint: str
    dimensions: int
    kind: str = "image"

    @property
    def width(self) -> int:
        """Number of features."""
        return self.dimensions

    def encode(self, vectors: np.ndarray) -> Encoded:
        """The vectors as they are; rows with NaN mean that there is no photo."""
        missing = ~np.isfinite(vectors).all(axis=1)
        return _sparse(np.where(missing[:, None], 0.0, vectors)), missing


Block = LevelBlock | NumberBlock | DateBlock | TextBlock | ImageBlock
Modality = Literal["metadata", "text", "photo"]
MODALITIES: tuple[Modality, ...] = get_args(Modality)


def modality_of(block: Block) -> Modality:
    """Of what a model reads through this block: a column, texts or the photo."""
    if isinstance(block, ImageBlock):
        return "photo"
    return "text" if isinstance(block, TextBlock) else "metadata"


COLUMN_BLOCKS: dict[Role, Callable[[Feature, pd.Series], Block]] = {
    Role.CATEGORY: LevelBlock.fit,
    Role.ATTRIBUTE: LevelBlock.fit,
    Role.PRICE: NumberBlock.fit,
    Role.NUMBER: NumberBlock.fit,
    Role.RATING: NumberBlock.fit,
    Role.RELEASE_DATE: DateBlock.fit,
}
"""How a block is fitted for a column of a role; text roles share a `TextBlock`."""


def block_to_json(block: Block) -> dict[str, Any]:
    """Plain values of a block; the arrays of a text block are left to the caller."""
    values = asdict(block)
    values.pop("idf", None)
    return values


def block_from_json(values: dict[str, Any], idf: np.ndarray | None) -> Block:
    """The block that `block_to_json` described.

    Raises:
        KeyError, TypeError, ValueError: the values are not a block's.
    """
    kinds: dict[str, Any] = {
        "levels": LevelBlock,
        "number": NumberBlock,
        "date": DateBlock,
        "text": TextBlock,
        "image": ImageBlock,
    }
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    if "feature" in values:
        values["feature"] = Feature(values["feature"]["name"], Role(values["feature"]["role"]))
    if "features" in values:
        values["features"] = tuple(Feature(f["name"], Role(f["role"])) for f in values["features"])
    if idf is not None:
        values["idf"] = idf
    return kinds[values["kind"]](**values)


def _level_keys(cells: pd.Series) -> pd.Series:
    """Cells as lower-case text without outer blanks; empty ones as `MISSING`."""
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    keys = np.array([str(u).strip().casefold() or MISSING for u in uniques] + [MISSING], object)
    return pd.Series(keys[codes], index=cells.index)


def _numbers(cells: pd.Series, logarithm: bool) -> np.ndarray:
    values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if logarithm:
        values = np.where(values > 0, values, np.nan)
        return np.log(values)
    return np.where(np.isfinite(values), values, np.nan)


def _skewed(values: np.ndarray) -> bool:
    """Whether values above zero lie more evenly as logarithms."""
    from scipy.stats import skew

    known = values[np.isfinite(values)]
    if len(np.unique(known)) < 3 or known.min() <= 0:
        return False
    return bool(skew(known) > 0.5 and abs(skew(np.log(known))) < skew(known))


def _spline(values: np.ndarray, knots: tuple[float, ...]) -> np.ndarray:
    return np.column_stack([values] + [np.maximum(values - knot, 0.0) for knot in knots])


def _one_hot(codes: np.ndarray, width: int) -> "csr_array":
    from scipy.sparse import csr_array

    known = codes >= 0
    ends = np.concatenate([[0], np.cumsum(known)])
    return csr_array((np.ones(known.sum()), codes[known], ends), shape=(len(codes), width))


def _sparse(matrix: np.ndarray) -> "csr_array":
    from scipy.sparse import csr_array

    return csr_array(matrix.astype(np.float64))
