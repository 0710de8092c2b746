"""The columns of a catalog as peers read them: the same ones that this project's models may read.

`Columns` is raw and knows no target. `Encoder` learns what has to be learned (levels, words, the
text's own forecast) from training rows alone.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.popularity.additive import TEXT_ROLES, joined_text
from core.popularity.columns import feature_columns
from core.popularity.splits import group_codes, grouped_folds

MISSING = "(missing)"
TEXT_PARTS = 24
PHOTO_PARTS = 24
MIN_PHOTOS = 40
TEXT_ALPHAS = (0.3, 1.0, 3.0, 10.0, 30.0)


@dataclass(frozen=True)
class Columns:
    """Launch-time columns, one line an item.

    Attributes:
        levels: categories and attributes, as text; the season is in `seasons`.
        numbers: logarithm of prices, other numbers, and price over each other number.
        year: place in the year of the release date.
        time: days since the first release; what a trend can be learned from.
        seasons: season names, a frame of one column or none.
        texts: title and descriptions together, or None.
        photos: CLIP vectors (items, dimensions), NaN rows without a photo, or None.
        groups: one integer a style.
    """

    levels: pd.DataFrame
    numbers: pd.DataFrame
    year: pd.DataFrame
    time: pd.DataFrame
    seasons: pd.DataFrame
    texts: np.ndarray | None
    photos: np.ndarray | None
    groups: np.ndarray

    @property
    def choices(self) -> dict[str, tuple]:
        """What a peer can choose to read or to leave, with the values to try."""
        found: dict[str, tuple] = {}
        if len(self.time.columns) or len(self.seasons.columns):
            found["time"] = (False, True)
        if self.texts is not None:
            found["text"] = (("ridge",), ("parts",), ("ridge", "parts"))
        if self.photos is not None:
            found["photo"] = (False, True)
        return found


def read_columns(catalog: Catalog, season: str | None, photos: np.ndarray | None) -> Columns:
    """The columns of a catalog that models may read, for peers.

    Args:
        catalog: any.
        season: the column that names the season.
        photos: CLIP vectors, or None; few photos count as none.
    """
    features = feature_columns(catalog)
    every = np.arange(len(catalog))
    levels, numbers, seasons = {}, {}, {}
    year, time = pd.DataFrame(index=every), pd.DataFrame(index=every)
    for feature in features:
        cells = catalog.frame[feature.name].reset_index(drop=True)
        if feature.role in LEVEL_ROLES:
            text = cells.astype(object).where(cells.notna(), MISSING).astype(str)
            kept = seasons if feature.name == season else levels
            kept[feature.name] = text.str.strip().str.casefold()
        elif feature.role == Role.PRICE:
            numbers[feature.name] = np.log(cells.where(cells > 0))
        elif feature.role == Role.NUMBER:
            numbers[feature.name] = cells
        elif feature.role == Role.RELEASE_DATE:
            dates = pd.to_datetime(cells)
            year = pd.DataFrame(
                {
                    "day of year": dates.dt.day_of_year.astype(float),
                    "month": dates.dt.month.astype(float),
                    "weekday": dates.dt.day_of_week.astype(float),
                }
            )
            time = pd.DataFrame({"days": (dates - dates.min()).dt.days.astype(float)})
    price = catalog.column(Role.PRICE)
    if price in numbers:
        for feature in features:
            other = catalog.frame[feature.name].reset_index(drop=True)
            if feature.role == Role.NUMBER and (other.dropna() > 0).all():
                numbers[f"{price} / {feature.name}"] = numbers[price] - np.log(other)
    names = [f.name for f in features if f.role in TEXT_ROLES]
    texts = np.array(joined_text(catalog, names, every), dtype=object) if names else None
    if photos is not None and np.isfinite(photos).all(axis=1).sum() < MIN_PHOTOS:
        photos = None
    return Columns(
        pd.DataFrame(levels, index=every),
        pd.DataFrame(numbers, index=every),
        year,
        time,
        pd.DataFrame(seasons, index=every),
        texts,
        photos,
        group_codes(catalog),
    )


class Encoder:
    """Features for trees: levels as categories, numbers as they are, text and photo as few numbers.

    The text enters as its ridge forecast (out of fold for the training rows, or a tree would trust
    it too much) and as the first parts of its TF-IDF matrix, the photo as its first parts; which of
    these a tree reads is one of its settings.
    """

    def __init__(self, columns: Columns, y: np.ndarray, train: np.ndarray, seed: int) -> None:
        self.columns = columns
        self.names: dict[str, list[str]] = {"time": [], "ridge": [], "parts": [], "photo": []}
        self.categories = {
            name: pd.Index(sorted(cells.iloc[train].unique()))
            for frame in (columns.levels, columns.seasons)
            for name, cells in frame.items()
        }
        self.names["time"] = [*columns.time.columns, *columns.seasons.columns]
        blocks = [self._table(train)]
        if columns.texts is not None:
            blocks.append(self._fit_text(y, train, seed))
        if columns.photos is not None:
            self._fit_photo(train, seed)
            blocks.append(self._photo(train))
        self.train = pd.concat(blocks, axis=1)

    def transform(self, rows: np.ndarray) -> pd.DataFrame:
        """Features of any rows, in the columns of `train`."""
        blocks = [self._table(rows)]
        if self.columns.texts is not None:
            words = self.words.transform(self.columns.texts[rows])
            blocks.append(self._text(words, self.text_ridge.predict(words)))
        if self.columns.photos is not None:
            blocks.append(self._photo(rows))
        return pd.concat(blocks, axis=1)

    def chosen(self, setting: dict) -> list[str]:
        """The columns that a setting reads."""
        left: set[str] = set()
        if not setting.get("time", False):
            left.update(self.names["time"])
        if not setting.get("photo", False):
            left.update(self.names["photo"])
        for part in ("ridge", "parts"):
            if part not in setting.get("text", ()):
                left.update(self.names[part])
        return [c for c in self.train.columns if c not in left]

    def _table(self, rows: np.ndarray) -> pd.DataFrame:
        columns = self.columns
        frames = [f.iloc[rows] for f in (columns.numbers, columns.year, columns.time)]
        levels = {
            name: pd.Categorical.from_codes(
                self.categories[name].get_indexer(frame[name].iloc[rows]),
                categories=self.categories[name],
            )
            for frame in (columns.levels, columns.seasons)
            for name in frame.columns
        }
        frames.append(pd.DataFrame(levels, index=rows))
        return pd.concat(frames, axis=1).reset_index(drop=True)

    def _fit_text(self, y: np.ndarray, train: np.ndarray, seed: int) -> pd.DataFrame:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import Ridge

        self.words = TfidfVectorizer(
            sublinear_tf=True, min_df=2, ngram_range=(1, 2), max_features=5000
        )
        words = self.words.fit_transform(self.columns.texts[train])
        folds = grouped_folds(self.columns.groups[train], 5, seed=seed)
        outputs = {}
        for alpha in TEXT_ALPHAS:
            out = np.empty(len(train))
            for held in folds:
                rest = np.delete(np.arange(len(train)), held)
                fit = Ridge(alpha, solver="sparse_cg").fit(words[rest], y[train][rest])
                out[held] = fit.predict(words[held])
            outputs[alpha] = out
        alpha = min(outputs, key=lambda a: float(((outputs[a] - y[train]) ** 2).sum()))
        self.text_ridge = Ridge(alpha, solver="sparse_cg").fit(words, y[train])
        self.text_parts = TruncatedSVD(min(TEXT_PARTS, words.shape[1] - 1), random_state=seed)
        self.text_parts.fit(words)
        self.names["ridge"] = ["text ridge"]
        self.names["parts"] = [f"text {i}" for i in range(self.text_parts.n_components)]
        return self._text(words, outputs[alpha])

    def _text(self, words: object, forecast: np.ndarray) -> pd.DataFrame:
        table = pd.DataFrame(self.text_parts.transform(words), columns=self.names["parts"])
        table.insert(0, "text ridge", forecast)
        return table

    def _fit_photo(self, train: np.ndarray, seed: int) -> None:
        from sklearn.decomposition import PCA

        vectors = self.columns.photos[train]
        vectors = vectors[np.isfinite(vectors).all(axis=1)]
        self.photo_parts = None
        if len(vectors) >= MIN_PHOTOS:
            self.photo_parts = PCA(min(PHOTO_PARTS, len(vectors) - 1), random_state=seed)
            self.photo_parts.fit(vectors)
            self.names["photo"] = [f"photo {i}" for i in range(self.photo_parts.n_components_)]

    def _photo(self, rows: np.ndarray) -> pd.DataFrame:
        vectors = self.columns.photos[rows]
        table = np.full((len(rows), len(self.names["photo"])), np.nan)
        seen = np.isfinite(vectors).all(axis=1)
        if self.photo_parts is not None and seen.any():
            table[seen] = self.photo_parts.transform(vectors[seen])
        return pd.DataFrame(table, columns=self.names["photo"])
