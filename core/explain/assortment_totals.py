"""Totals of many items before and after edits, by simulation, and who reaches the first places.

A draw gives every item an outcome from its predictive distribution; totals and places are counted
in it, and their ranges hold the middle of all draws. Adding up the ends of single ranges would be
wrong: errors of different items partly cancel. How far they do depends on what they share:

- **The item before and after** has the same draw on both sides (common random numbers; Glasserman
  and Yao 1992): what the model does not know of an item is assumed to stay with it. That gives the
  range of the difference. As the other end of what is possible, ``apart`` is the difference when
  every edited item draws anew. Neither holds how wrong the model is about the edit itself.
- **Items of one style** err together. Their draws are tied by a Gaussian copula (Nelsen 2006) whose
  correlation is the intraclass correlation (Fisher 1925; ANOVA) of errors on held-out styles.
- **A season that the model has not learned from** can sell better or worse as a whole. Its items
  share a shift, drawn from the predictive distribution of a next one after those of the seasons
  that were forecast: Student's t around their mean (Gelman et al. 2013, section 3.2).

Items of a season that the model has learned from share no shift; different styles and seasons err
independently. Places count these shifts too, unlike `core.popularity.rank_intervals`. An item that
the model learned from, which is ranked out of fold, has the errors of such predictions as its own;
others have those of the model's calibration.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.explain.past import SEASON_NAMES
from core.popularity.intervals import SHAPE
from core.popularity.splits import group_codes

DRAWS = 1000
BLOCK = 50
"""Draws that are held in memory at once."""
MIN_SEASONS = 2
MIN_STYLES = 20
"""Styles of several items from which the correlation of their errors is told."""


@dataclass(frozen=True)
class ErrorShape:
    """How items' errors are spread, and what those of different items have in common.

    Attributes:
        own: quantiles (at `SHAPE`) of the error of an item that no model learned from, multiples
            of its 80 % interval's half below and above the prediction, without what a season has
            in common (`core.popularity.intervals.Calibration.shape`).
        held_out: the same of predictions out of fold.
        style: correlation of the errors of items of one style, 0..1.
        styles: styles of several items that it was told from; 0: it is not known.
        shift: quantiles (at `SHAPE`) of what a new season has in common, log units; empty where no
            season was forecast.
        seasons: seasons that were forecast.
    """

    own: tuple[float, ...]
    held_out: tuple[float, ...]
    style: float = 0.0
    styles: int = 0
    shift: tuple[float, ...] = ()
    seasons: int = 0


@dataclass(frozen=True)
class Lines:
    """What is simulated, a line an item in all arrays.

    Attributes:
        before, after: ``predicted, low_80, high_80`` in units; NaN where an item left.
        changed: whether the item was edited; not where it left.
        held_out: whether its prediction is out of fold.
        styles: int, equal for items of one style.
        seasons_before, seasons_after: season labels.
        seen: labels of seasons that the model has learned from.
    """

    before: pd.DataFrame
    after: pd.DataFrame
    changed: np.ndarray
    held_out: np.ndarray
    styles: np.ndarray
    seasons_before: np.ndarray
    seasons_after: np.ndarray
    seen: frozenset[str]


@dataclass(frozen=True)
class Range:
    """The median of simulated numbers, and the middle 80 and 90 % of them."""

    middle: float
    low: float
    high: float
    low_80: float
    high_80: float

    @classmethod
    def of(cls, drawn: np.ndarray) -> "Range":
        """Of simulated numbers."""
        low, low_80, middle, high_80, high = np.quantile(drawn, [0.05, 0.1, 0.5, 0.9, 0.95])
        return cls(*map(float, (middle, low, high, low_80, high_80)))


@dataclass(frozen=True)
class Total:
    """A sum over items: before, after, and the difference as the module's head says."""

    before: Range
    after: Range
    difference: Range
    apart: Range


@dataclass(frozen=True)
class Simulated:
    """What the draws come to.

    Attributes:
        totals: by the name of the sum.
        top_before, top_after: (items,) the share of draws in which an item takes a first place.
    """

    totals: dict[str, Total]
    top_before: np.ndarray
    top_after: np.ndarray


def error_shape(
    own_shape: Sequence[float], out_of_fold: pd.DataFrame, model: str, trained: Catalog | None
) -> ErrorShape:
    """How the errors of a model on items that it had not seen were spread.

    Args:
        own_shape: `core.popularity.intervals.Calibration.shape` of the model.
        out_of_fold: of the training (`core.popularity.scoreboard.load_out_of_fold`).
        model: its name.
        trained: the catalog that it learned from, for the styles; None where it is gone.
    """
    from scipy.special import stdtrit

    own = out_of_fold[out_of_fold["model"] == model]
    forward, grouped = own[own["split"] == "forward"], own[own["split"] == "grouped"]
    medians = _residuals(forward).groupby(forward["fold"].to_numpy()).median().to_numpy()
    count, shift = len(medians), np.zeros(0)
    if count >= MIN_SEASONS:
        width = medians.std(ddof=1) * np.sqrt(1 + 1 / count)
        shift = medians.mean() + width * stdtrit(count - 1, SHAPE)
    style, styles = 0.0, 0
    if trained is not None and len(grouped):
        rows = trained.ids.get_indexer(pd.Index(grouped["item_id"]))
        known = rows >= 0
        style, styles = _intraclass(
            _residuals(grouped).to_numpy()[known], group_codes(trained)[rows[known]]
        )
    own_shape = tuple(map(float, own_shape))
    held_out = _multiples(grouped) if len(grouped) else own_shape
    return ErrorShape(own_shape, held_out, style, styles, tuple(map(float, shift)), count)


def seasons(catalog: Catalog) -> np.ndarray:
    """The season of each item as a text: its column of that name, else the half-year of release.

    Half-years are December to May and June to November. Empty where nothing tells.
    """
    for column, role in catalog.roles.items():
        if role in LEVEL_ROLES and column.casefold().strip() in SEASON_NAMES:
            cells = catalog.frame[column].astype(object)
            return cells.fillna("").astype(str).to_numpy()
    date = catalog.column(Role.RELEASE_DATE)
    if date is None:
        return np.full(len(catalog), "", dtype=object)
    shifted = catalog.frame[date] + pd.DateOffset(months=1)
    half = shifted.dt.year * 2 + (shifted.dt.month > 6)
    return half.map(lambda h: "" if pd.isna(h) else f"{int(h)}").to_numpy(dtype=object)


def simulate(
    lines: Lines,
    errors: ErrorShape,
    sums: Mapping[str, tuple[np.ndarray, np.ndarray]],
    top: int,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Simulated:
    """Simulate totals and first places before and after edits.

    Args:
        lines: the items.
        errors: how they are spread, and what they have in common.
        sums: by name, what a unit of each item counts before and after: 1 or 0 for units of some
            items, the price for their value.
        top: how many first places.
        draws: simulated outcomes an item.
        seed: of the draws.
        on_progress: called with draws done and in all.
    """
    rng = np.random.default_rng(seed)
    other = np.random.default_rng([seed, 1])  # so that edits do not change the draws as it is
    shape = np.array([errors.own, errors.held_out], dtype=np.float32)
    kind = lines.held_out.astype(np.intp)
    here, there = _Outcomes(lines.before, kind, shape), _Outcomes(lines.after, kind, shape)
    season = _Seasons(lines, errors)
    _, styles = np.unique(lines.styles, return_inverse=True)
    changed = np.flatnonzero(lines.changed)
    edited = _Outcomes(lines.after.iloc[changed], kind[changed], shape)
    weights = [
        np.column_stack([np.nan_to_num(both[side]) for both in sums.values()]).astype(np.float64)
        for side in (0, 1)
    ]
    sides = np.empty((3, draws, len(sums)))
    reached = np.zeros((2, len(lines.changed)))
    for start in range(0, draws, BLOCK):
        part = slice(start, min(start + BLOCK, draws))
        size = part.stop - start
        own = _places(rng, size, styles, errors.style)
        shift = season.draw(rng, size)
        before = here.of(own, shift[:, season.before])
        after = there.of(own, shift[:, season.after])
        anew = edited.of(
            _places(other, size, styles[changed], errors.style), shift[:, season.after[changed]]
        )
        sides[0, part] = np.nan_to_num(before) @ weights[0]
        sides[1, part] = np.nan_to_num(after) @ weights[1]
        sides[2, part] = sides[1, part] + (anew - after[:, changed]) @ weights[1][changed]
        for side, outcome in enumerate((before, after)):
            reached[side] += _first(outcome, top)
        if on_progress:
            on_progress(part.stop, draws)
    totals = {
        name: Total(
            Range.of(sides[0, :, i]),
            Range.of(sides[1, :, i]),
            Range.of(sides[1, :, i] - sides[0, :, i]),
            Range.of(sides[2, :, i] - sides[0, :, i]),
        )
        for i, name in enumerate(sums)
    }
    return Simulated(totals, reached[0] / draws, reached[1] / draws)


class _Outcomes:
    """Outcomes of items in units from places in their own distribution."""

    def __init__(self, predictions: pd.DataFrame, kind: np.ndarray, shape: np.ndarray) -> None:
        middle, low, high = (
            np.log1p(predictions[c].to_numpy(dtype=np.float32))
            for c in ("predicted", "low_80", "high_80")
        )
        self.middle, self.below, self.above = middle, middle - low, high - middle
        self.kind, self.down, self.up = kind, np.minimum(shape, 0), np.maximum(shape, 0)

    def of(self, places: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """(draws, items) units; NaN where an item left."""
        down, up = self.down[self.kind, places], self.up[self.kind, places]
        log = self.middle + self.below * down + self.above * up + shift
        return np.maximum(np.expm1(log), 0.0)


class _Seasons:
    """Which shift each item takes; the last one is always 0."""

    def __init__(self, lines: Lines, errors: ErrorShape) -> None:
        labels = set(lines.seasons_before) | set(lines.seasons_after)
        new = sorted(labels - lines.seen) if errors.shift else []
        place = {label: i for i, label in enumerate(new)}
        self.quantiles = np.array(errors.shift, dtype=np.float32)
        self.count = len(new)
        self.before, self.after = (
            np.array([place.get(label, len(new)) for label in side], dtype=np.int64)
            for side in (lines.seasons_before, lines.seasons_after)
        )

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """(draws, seasons + 1) shifts in log units."""
        found = np.zeros((size, self.count + 1), dtype=np.float32)
        if self.count:
            places = rng.integers(0, len(self.quantiles), (size, self.count))
            found[:, :-1] = self.quantiles[places]
        return found


def _places(
    rng: np.random.Generator, size: int, styles: np.ndarray, correlation: float
) -> np.ndarray:
    """(draws, items) places in `SHAPE`, tied within a style; each place is equally likely."""
    from scipy.special import ndtr

    if not correlation:
        return rng.integers(0, len(SHAPE), (size, len(styles)), dtype=np.uint8)
    own = rng.standard_normal((size, len(styles)), dtype=np.float32)
    own *= np.float32(np.sqrt(1 - correlation))
    common = rng.standard_normal((size, int(styles.max(initial=-1)) + 1), dtype=np.float32)
    own += np.float32(np.sqrt(correlation)) * common[:, styles]
    return np.minimum(ndtr(own) * len(SHAPE), len(SHAPE) - 1).astype(np.uint8)


def _first(outcome: np.ndarray, top: int) -> np.ndarray:
    """(items,) in how many draws an item is among the first."""
    values = np.where(np.isnan(outcome), -np.inf, outcome)
    there = int(np.isfinite(values[0]).sum()) if len(values) else 0
    count = min(top, there)
    if not count:
        return np.zeros(values.shape[1])
    first = np.argpartition(-values, count - 1, axis=1)[:, :count]
    return np.bincount(first.ravel(), minlength=values.shape[1]).astype(np.float64)


def _residuals(table: pd.DataFrame) -> pd.Series:
    """Errors in log units."""
    actual, predicted = (table[c].astype(np.float64) for c in ("actual", "predicted"))
    return pd.Series(np.log1p(actual) - np.log1p(predicted))


def _multiples(table: pd.DataFrame) -> tuple[float, ...]:
    """Quantiles of errors as multiples of the halves of their own 80 % intervals."""
    middle, low, high = (
        np.log1p(table[c].to_numpy(dtype=np.float64)) for c in ("predicted", "low_80", "high_80")
    )
    error = _residuals(table).to_numpy()
    half = np.maximum(np.where(error < 0, middle - low, high - middle), 1e-9)
    return tuple(map(float, np.nanquantile(error / half, SHAPE)))


def _intraclass(errors: np.ndarray, styles: np.ndarray) -> tuple[float, int]:
    """Correlation of normal scores within styles, at least 0, and the styles of several items."""
    from scipy.special import ndtri

    known = np.isfinite(errors)
    place = pd.Series(errors[known]).rank().to_numpy()
    score = ndtri((place - 0.5) / max(len(place), 1))
    by_style = pd.Series(score).groupby(styles[known])
    sizes = by_style.size().to_numpy(dtype=np.float64)
    several = int((sizes > 1).sum())
    count, total = len(sizes), float(sizes.sum())
    if several < MIN_STYLES or count < 2:
        return 0.0, 0
    usual = (total - (sizes**2).sum() / total) / (count - 1)
    between = float((sizes * (by_style.mean().to_numpy() - score.mean()) ** 2).sum()) / (count - 1)
    within = float(((score - by_style.transform("mean").to_numpy()) ** 2).sum()) / (total - count)
    if not between + within:
        return 0.0, several  # all errors are the same: none tells more of its style than another
    found = (between - within) / (between + (usual - 1) * within)
    return float(np.clip(found, 0.0, 0.99)), several
