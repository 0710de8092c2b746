"""How large a model's errors tend to be for an item, from what is known at launch.

Two things may tell: how far the item lies from those that the model learned from, and how much the
model predicts for it. What they are worth is learned from errors on held-out items, as an
exponential regression of the absolute error (log link). A part of the items is held out at a time;
the regression is shrunk as far as their errors allow, to nothing where a constant does as well
(the rule of one standard error, Hastie et al. 2009, section 7.10). Intervals stay valid whatever it
finds: they are calibrated after it (normalised conformal prediction, Papadopoulos et al. 2011).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.catalog.catalog import Catalog
from core.popularity.columns import Feature
from core.popularity.neighbours import NEAREST, REFERENCES, Neighbours

PENALTIES = (np.inf, 0.3, 0.1, 0.03, 0.01, 0.003)
"""Ridge penalties of the regression per item, strongest first; infinite leaves a constant."""
LOWEST = 0.3
"""The share of smallest predictions for which the regression has a slope of its own."""
STEPS = 30


@dataclass(frozen=True)
class Difficulty:
    """Expected absolute error of an item, in log units: ``exp(base + weights . signs)``.

    The signs are the log of the distance to training items, the prediction, and how far it lies
    below the lowest 30 %; each clipped to the range of held-out items and standardised.

    Attributes:
        base: log of the error of an average item.
        weights: of the three signs; all 0 where a constant did as well.
        ends: (low, high) of each sign.
        scales: (mean, deviation) of each sign.
        knot: the prediction that 30 % of training items lie below, log units.
        neighbours: None where distance has no weight.
    """

    base: float
    weights: tuple[float, ...] = (0.0, 0.0, 0.0)
    ends: tuple[tuple[float, float], ...] = ()
    scales: tuple[tuple[float, float], ...] = ()
    knot: float = 0.0
    neighbours: Neighbours | None = None

    @classmethod
    def constant(cls, residuals: np.ndarray) -> "Difficulty":
        """The same for all items."""
        return cls(float(np.log(max(np.abs(residuals).mean(), 1e-9))))

    def of(self, catalog: Catalog, rows: np.ndarray, output: np.ndarray) -> np.ndarray:
        """(items,) expected absolute error, log units, of these rows with these predictions."""
        if not any(self.weights):
            return np.full(len(output), np.exp(self.base))
        apart = np.ones(len(output))
        if self.neighbours:
            apart = self.neighbours.distances(catalog, rows)
        return self._of(_signs(apart, output, self.knot))

    def _of(self, signs: np.ndarray) -> np.ndarray:
        return np.exp(self.base + self._scaled(signs) @ np.array(self.weights))

    def _scaled(self, signs: np.ndarray) -> np.ndarray:
        low, high = np.array(self.ends).T
        mean, deviation = np.array(self.scales).T
        return (np.clip(signs, low, high) - mean) / deviation

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        values: dict[str, Any] = {"base": self.base, "weights": list(self.weights)}
        if any(self.weights):
            values |= {"ends": self.ends, "scales": self.scales, "knot": self.knot}
        if self.neighbours:
            values["neighbours"] = self.neighbours.to_json()
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Difficulty":
        """What `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        neighbours = values.get("neighbours")
        return cls(
            float(values["base"]),
            tuple(map(float, values["weights"])),
            tuple((float(a), float(b)) for a, b in values.get("ends", ())),
            tuple((float(a), float(b)) for a, b in values.get("scales", ())),
            float(values.get("knot", 0.0)),
            Neighbours.from_json(neighbours) if neighbours else None,
        )


def fit_difficulty(
    catalog: Catalog,
    rows: np.ndarray,
    features: Sequence[Feature],
    output: np.ndarray,
    residuals: np.ndarray,
    parts: Sequence[np.ndarray],
) -> tuple[Difficulty, np.ndarray]:
    """Learn the difficulty from errors on held-out items.

    Args:
        catalog, rows: the items that a model learned from.
        features: the columns that it reads.
        output: (items,) held-out predictions, log units.
        residuals: (items,) actual minus `output`.
        parts: positions that were held out together; every item once.

    Returns:
        The difficulty, and that of the held-out items themselves, whose distances leave their own
        part out.
    """
    part_of = np.empty(len(rows), dtype=np.int64)
    for i, part in enumerate(parts):
        part_of[part] = i
    neighbours, apart = _neighbours(catalog, rows, features, part_of)
    knot = float(np.quantile(output, LOWEST))
    signs = _signs(apart, output, knot)
    ends = tuple((float(a), float(b)) for a, b in np.quantile(signs, [0.01, 0.99], axis=0).T)
    clipped = np.clip(signs, *np.array(ends).T)
    deviation = clipped.std(axis=0)
    scales = tuple(
        (float(m), float(d) if d > 1e-9 else 1.0)
        for m, d in zip(clipped.mean(axis=0), deviation, strict=True)
    )
    size = np.abs(residuals)
    size = np.maximum(size, 1e-3 * max(float(size.mean()), 1e-9))
    base, weights = _choose(
        (clipped - clipped.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1.0), size, parts
    )
    kept = neighbours if neighbours is not None and weights[0] else None
    difficulty = Difficulty(base, weights, ends, scales, knot, kept)
    if not any(weights):
        difficulty = Difficulty.constant(residuals)
        return difficulty, np.full(len(rows), np.exp(difficulty.base))
    return difficulty, difficulty._of(signs)


def _neighbours(
    catalog: Catalog, rows: np.ndarray, features: Sequence[Feature], part_of: np.ndarray
) -> tuple[Neighbours | None, np.ndarray]:
    """References, and the distance of each item to those of other parts."""
    chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:REFERENCES])
    if min((part_of[chosen] != p).sum() for p in np.unique(part_of)) < NEAREST:
        return None, np.ones(len(rows))
    neighbours = Neighbours.fit(catalog, rows, features, chosen)
    if not neighbours.columns:
        return None, np.ones(len(rows))
    return neighbours, neighbours.distances(catalog, rows, (part_of, part_of[chosen]))


def _choose(
    signs: np.ndarray, size: np.ndarray, parts: Sequence[np.ndarray]
) -> tuple[float, tuple[float, ...]]:
    """The regression at the strongest penalty within one standard error of the best one."""
    errors = np.empty((len(PENALTIES), len(size)))
    for i, penalty in enumerate(PENALTIES):
        for part in parts:
            rest = np.delete(np.arange(len(size)), part)
            fitted = _regress(signs[rest], size[rest], penalty)
            log = fitted[0] + signs[part] @ fitted[1:]
            errors[i, part] = log + size[part] * np.exp(-log)
    worse = errors - errors[int(errors.mean(axis=1).argmin())]
    close = worse.mean(axis=1) <= worse.std(axis=1) / np.sqrt(len(size))
    fitted = _regress(signs, size, PENALTIES[int(np.argmax(close))])
    return float(fitted[0]), tuple(map(float, fitted[1:]))


def _regress(signs: np.ndarray, size: np.ndarray, penalty: float) -> np.ndarray:
    """Coefficients, the constant first, of the exponential regression of `size` by Newton steps."""
    found = np.zeros(signs.shape[1] + 1)
    found[0] = np.log(size.mean())
    if not np.isfinite(penalty):
        return found
    x = np.column_stack([np.ones(len(signs)), signs])
    ridge = np.diag(np.r_[0.0, np.full(signs.shape[1], penalty * len(signs))])
    for _ in range(STEPS):
        share = size * np.exp(-(x @ found))
        gradient = x.T @ (1 - share) + ridge @ found
        curvature = (x * share[:, None]).T @ x + ridge
        step = np.linalg.solve(curvature + 1e-9 * np.eye(len(found)), gradient)
        step /= max(1.0, float(np.abs(step).max()))
        found = found - step
        if np.abs(step).max() < 1e-9:
            break
    return found


def _signs(apart: np.ndarray, output: np.ndarray, knot: float) -> np.ndarray:
    return np.column_stack([np.log1p(apart), output, np.minimum(output - knot, 0.0)])
