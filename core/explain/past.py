"""Items whose sales are known, as a space: how far they lie from an item, and what counts as near.

The distance by columns is Gower's (1971) over the launch-time columns, each scaled so that two
random past items differ by 1 in it, averaged; the category weighs as much as `CATEGORY_WEIGHT`
columns, and a column that names the season nothing where there are release dates, as no past item
has a new season's name. The distance by photo is ``1 - cosine`` of CLIP vectors, scaled the same
way; that by both is their mean. So 1 is as far apart as two random items.

What counts as near is learned from the past items themselves: each has a nearest item of another
style among those sold before its release, and 95 % of these distances are at most the limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity.columns import feature_columns, match_columns
from core.popularity.neighbours import RANGE, UNKNOWN, Neighbours
from core.popularity.splits import sales_window

By = Literal["attributes", "photo", "both"]
MIN_PAST = 20
"""Past items that an item must have for its nearest one to count in the limit; limits need as many
such items."""
QUERIES = 512
"""Most past items that the limits are learned from, drawn by lot."""
NEAR_SHARE = 0.95
CATEGORY_WEIGHT = 3.0
SEASON_NAMES = ("season", "collection")


@dataclass(frozen=True)
class Past:
    """The items of a catalog whose sales are known.

    Attributes:
        catalog: their catalog.
        rows: (items,) their rows in it.
        sold: (items,) the target, in its own unit.
        neighbours: the columns that distances are by.
        cells: (columns, items) steps of the items.
        weights: (columns,) what a column counts in the mean.
        vectors: (items, dimensions) unit vectors of the photos, NaN without one; None where the
            photos have not been read.
        dates: (items,) release dates, None where the catalog has none.
        known: (items,) when the target was: `dates` and the weeks of the sales series.
        styles: (items,) the group cells as one text, empty where there are none.
        photo_scale: mean ``1 - cosine`` of two random photos.
        limits: the largest distance that counts as near; without a kind that cannot be told.
    """

    catalog: Catalog
    rows: np.ndarray
    sold: np.ndarray
    neighbours: Neighbours
    cells: np.ndarray
    weights: np.ndarray
    vectors: np.ndarray | None
    dates: np.ndarray | None
    known: np.ndarray | None
    styles: np.ndarray
    photo_scale: float
    limits: Mapping[By, float]

    @classmethod
    def of(cls, catalog: Catalog, vectors: np.ndarray | None = None, *, seed: int = 0) -> "Past":
        """Read a catalog's past.

        Args:
            catalog: with a target.
            vectors: (items of the catalog, dimensions) CLIP unit vectors, NaN without a photo.
            seed: of the items that limits are learned from, and of the pairs of photos.

        Raises:
            ModelError: the catalog has no target, or no known value in it.
        """
        target = catalog.target()
        rows = np.flatnonzero([] if target is None else target.notna())
        if target is None or not len(rows):
            raise ModelError(
                f"The catalog “{catalog.name}” holds no item whose sales are known, so nothing can"
                " be compared with the past."
            )
        neighbours = Neighbours.fit(
            catalog, rows, feature_columns(catalog), np.arange(len(rows), dtype=np.int64)
        )
        cells = np.array([c.cells for c in neighbours.columns], dtype=np.int32)
        date = catalog.column(Role.RELEASE_DATE)
        dates = None if date is None else catalog.frame[date].to_numpy(dtype="datetime64[ns]")[rows]
        known = None if dates is None else dates + sales_window(catalog).to_timedelta64()
        rng = np.random.default_rng(seed)
        photos = None if vectors is None else np.asarray(vectors[rows], dtype=np.float32)
        past = cls(
            catalog,
            rows,
            target.to_numpy(dtype=np.float64)[rows],
            neighbours,
            cells.reshape(len(neighbours.columns), len(rows)),
            _weights(neighbours, dated=date is not None),
            photos,
            dates,
            known,
            _styles(catalog, rows),
            _photo_scale(photos, rng),
            {},
        )
        object.__setattr__(past, "limits", _limits(past, rng))
        return past

    def allowed(self, catalog: Catalog, row: int) -> np.ndarray:
        """(items,) which of them are an item's past: sold before its release, of another style.

        Where its release date, or that of all, is not known, every item counts as released before.
        """
        column = catalog.column(Role.RELEASE_DATE)
        date = pd.NaT if column is None else catalog.frame[column].iloc[row]
        found = self._before(_styles(catalog, np.array([row]))[0], date)
        return found & np.asarray(self.catalog.ids[self.rows] != catalog.ids[row])

    def distances(
        self, catalog: Catalog, row: int, by: By, photo: np.ndarray | None = None
    ) -> np.ndarray:
        """(items,) distance to each of them; infinite where one of the two has no photo.

        Args:
            catalog, row: the item; of this catalog or of another one.
            by: what is compared.
            photo: (dimensions,) the item's unit vector, where `by` needs it.
        """
        columns = np.zeros(len(self.rows))
        if by != "photo":
            columns = self._columns_apart(self.steps(catalog, row))
        if by == "attributes":
            return columns
        looks = self._photos_apart(photo)
        return looks if by == "photo" else (columns + looks) / 2

    def steps(self, catalog: Catalog, row: int) -> np.ndarray:
        """(columns,) the steps of an item, as `cells` are; `UNKNOWN` for what no past item has."""
        columns = self.neighbours.columns
        named = match_columns([c.feature for c in columns], catalog)
        return np.array(
            [
                c.encode(catalog.frame[name].iloc[[row]])[0] if name else UNKNOWN
                for c in columns
                for name in [named[c.feature.name]]
            ],
            dtype=np.int32,
        )

    def density(self, catalog: Catalog, row: int) -> tuple[int, float]:
        """How many of an item's past are near it by columns, and the distance of the nearest."""
        apart = self.distances(catalog, row, "attributes")[self.allowed(catalog, row)]
        limit = self.limits.get("attributes", np.inf)
        return int((apart <= limit).sum()), float(apart.min(initial=np.inf))

    def _before(self, style: str, date: Any) -> np.ndarray:
        found = np.ones(len(self.rows), dtype=bool)
        if style:
            found &= self.styles != style
        if self.known is not None and not pd.isna(date):
            found &= self.known < pd.Timestamp(date).to_datetime64()
        return found

    def _columns_apart(self, steps: np.ndarray) -> np.ndarray:
        total = np.zeros(len(self.rows))
        columns = self.neighbours.columns
        for column, cells, step, count in zip(
            columns, self.cells, steps, self.weights, strict=True
        ):
            if step == UNKNOWN:
                total += count
                continue
            if column.levels:
                apart = (cells != step) * column.weight
            else:
                share = np.abs(cells - step) / RANGE
                if not column.quantiles:  # a place in the year, which is a circle
                    share = np.minimum(share, 1 - share)
                apart = share * column.weight
            total += count * np.where(cells == UNKNOWN, 1.0, apart)
        return total / max(float(self.weights.sum()), 1.0)

    def _photos_apart(self, photo: np.ndarray | None) -> np.ndarray:
        if self.vectors is None or photo is None:
            return np.full(len(self.rows), np.inf)
        looks = (1 - self.vectors @ photo.astype(np.float32)) / self.photo_scale
        return np.where(np.isnan(looks), np.inf, np.maximum(looks, 0.0))


def _weights(neighbours: Neighbours, *, dated: bool) -> np.ndarray:
    features = [column.feature for column in neighbours.columns]
    return np.array(
        [
            CATEGORY_WEIGHT
            if f.role == Role.CATEGORY
            else float(not dated or f.name.casefold().strip() not in SEASON_NAMES)
            for f in features
        ]
    )


def _limits(past: Past, rng: np.random.Generator) -> dict[By, float]:
    chosen = rng.permutation(len(past.rows))[:QUERIES]
    nearest: dict[By, list[float]] = {by: [] for by in get_args(By)}
    for position in chosen:
        date = None if past.dates is None else past.dates[position]
        before = past._before(past.styles[position], date)
        before[position] = False
        if before.sum() < MIN_PAST:
            continue
        columns = past._columns_apart(past.cells[:, position])
        looks = past._photos_apart(None if past.vectors is None else past.vectors[position])
        apart: dict[By, np.ndarray] = {
            "attributes": columns,
            "photo": looks,
            "both": (columns + looks) / 2,
        }
        for by, distances in apart.items():
            least = float(distances[before].min())
            if np.isfinite(least):
                nearest[by].append(least)
    return {
        by: float(np.quantile(values, NEAR_SHARE))
        for by, values in nearest.items()
        if len(values) >= MIN_PAST
    }


def _photo_scale(vectors: np.ndarray | None, rng: np.random.Generator) -> float:
    if vectors is None:
        return 1.0
    known = vectors[np.isfinite(vectors).all(axis=1)]
    if len(known) < 2:
        return 1.0
    one, other = (rng.permutation(len(known)) for _ in range(2))
    cosine = (known[one] * known[other]).sum(axis=1)[one != other]
    return max(float((1 - cosine).mean()), 1e-6) if len(cosine) else 1.0


def _styles(catalog: Catalog, rows: np.ndarray) -> np.ndarray:
    columns = catalog.columns(Role.GROUP)
    cells = [catalog.frame[c].iloc[rows].fillna("").astype(str).to_numpy() for c in columns]
    texts = ["\n".join(parts) for parts in zip(*cells, strict=True)] if cells else [""] * len(rows)
    return np.array(["" if not text.strip() else text for text in texts], dtype=object)
