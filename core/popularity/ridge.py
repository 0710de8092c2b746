"""Ridge regression on sparse blocks: the design, its moments, and the choice of the penalty."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ALPHAS = tuple(float(a) for a in np.logspace(-1, 4, 11))
CHUNK = 4096


@dataclass(frozen=True)
class Design:
    """Encoded items: one matrix a block, and who counts as the average item in which block.

    Attributes:
        matrices: one (items, width) matrix a block, sparse or dense.
        average: boolean (items, blocks).
    """

    matrices: Sequence["csr_array | np.ndarray"]
    average: np.ndarray

    @property
    def slices(self) -> list[slice]:
        """The features of each block in the joint coefficient vector."""
        ends = accumulate((m.shape[1] for m in self.matrices), initial=0)
        return [slice(a, b) for a, b in pairwise(ends)]

    def centre(self) -> np.ndarray:
        """Mean of every feature over the items that do not count as average."""
        parts = []
        for i, matrix in enumerate(self.matrices):
            known = ~self.average[:, i]
            total = np.asarray(matrix[known].sum(axis=0)).ravel()
            parts.append(total / max(int(known.sum()), 1))
        return np.concatenate(parts) if parts else np.zeros(0)

    def values(self, coefficients: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """(items, blocks): ``b . (x - centre)`` of each block; 0 where an item counts as average.

        For a linear model these are the exact Shapley values of the blocks against a background
        whose mean is `centre`.
        """
        out = np.zeros(self.average.shape)
        for i, (matrix, part) in enumerate(zip(self.matrices, self.slices, strict=True)):
            out[:, i] = matrix @ coefficients[part] - centre[part] @ coefficients[part]
        out[self.average] = 0.0
        return out

    def products(self, coefficients: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """(items,): ``b . (x - centre)`` over all blocks at once, as a prediction needs it."""
        offsets = np.array([centre[part] @ coefficients[part] for part in self.slices])
        joint = np.zeros(len(self.average))
        for matrix, part in zip(self.matrices, self.slices, strict=True):
            joint += matrix @ coefficients[part]
        return joint - (~self.average).astype(float) @ offsets

    def rows(self, rows: np.ndarray) -> "Design":
        """Some of the items."""
        return Design([m[rows] for m in self.matrices], self.average[rows])

    def centred(self, rows: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """Dense ``x - centre`` of some rows."""
        parts = []
        for i, (matrix, part) in enumerate(zip(self.matrices, self.slices, strict=True)):
            block = matrix[rows]
            block = (block if isinstance(block, np.ndarray) else block.toarray()) - centre[part]
            block[self.average[rows, i]] = 0.0
            parts.append(block)
        return np.hstack(parts)


@dataclass(frozen=True)
class _Moments:
    """Sums over a set of items: what ridge needs, and what its squared error needs.

    `y`, `yy` (targets,) and `xy` (features, targets) are of several targets at once.
    """

    count: float
    x: np.ndarray
    y: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray

    def __add__(self, other: "_Moments") -> "_Moments":
        return _Moments(*(a + b for a, b in zip(self._parts(), other._parts(), strict=True)))

    def __sub__(self, other: "_Moments") -> "_Moments":
        return _Moments(*(a - b for a, b in zip(self._parts(), other._parts(), strict=True)))

    def _parts(self) -> tuple:
        return (self.count, self.x, self.y, self.xx, self.xy, self.yy)

    def solve(self, alpha: float) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients (features, targets), intercepts (targets,); those are not penalised."""
        from scipy.linalg import solve

        mean = self.x / self.count
        left = self.xx - self.count * np.outer(mean, mean)
        left[np.diag_indices_from(left)] += alpha
        right = self.xy - np.outer(mean, self.y)
        coefficients = solve(left, right, assume_a="pos") if len(right) else right
        return coefficients, self.y / self.count - mean @ coefficients

    def squared_errors(self, coefficients: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
        """Sums of squared residuals of linear models on these items, one a target."""
        fitted = (coefficients * (self.xx @ coefficients)).sum(axis=0)
        fitted += 2 * intercepts * (self.x @ coefficients) + self.count * intercepts**2
        told = (coefficients * self.xy).sum(axis=0) + intercepts * self.y
        return self.yy - 2 * told + fitted


@dataclass(frozen=True)
class RidgeFit:
    """A fitted ridge: output = intercept + sum of ``coefficients * (x - centre)``.

    `residuals` are out-of-fold (actual - predicted), at the penalty that was chosen.
    """

    coefficients: np.ndarray
    centre: np.ndarray
    intercept: float
    alpha: float
    residuals: np.ndarray


def fit_ridge(
    design: Design,
    y: np.ndarray,
    folds: Sequence[np.ndarray],
    alphas: Sequence[float] = ALPHAS,
) -> RidgeFit:
    """Fit at the penalty with the least squared error over held-out folds.

    Args:
        design: the encoded training items.
        y: their log targets.
        folds: positions held out in turn; together every item once.
        alphas: penalties to choose from.
    """
    return fit_ridges(design, [y], folds, alphas)[0]


def fit_ridges(
    design: Design,
    targets: Sequence[np.ndarray],
    folds: Sequence[np.ndarray],
    alphas: Sequence[float] = ALPHAS,
) -> list[RidgeFit]:
    """`fit_ridge` for several targets of the same items, at little more than the cost of one."""
    from threadpoolctl import threadpool_limits

    centre, y = design.centre(), np.column_stack(targets)
    # Threads gain nothing on matrices of this size, and wait for each other on a busy machine.
    with threadpool_limits(1):
        if len(y) <= len(centre):
            x = design.centred(np.arange(len(y)), centre)
            return _fit_in_item_space(x, y, folds, centre, alphas)
        return _fit_in_feature_space(design, y, folds, centre, alphas)


def _fit_in_feature_space(
    design: Design,
    y: np.ndarray,
    folds: Sequence[np.ndarray],
    centre: np.ndarray,
    alphas: Sequence[float],
) -> list[RidgeFit]:
    """By way of (features, features) sums, one set a fold, for more items than features."""
    moments = [_moments(design, y, fold, centre) for fold in folds]
    whole = moments[0]
    for part in moments[1:]:
        whole = whole + part
    errors = np.zeros((len(alphas), y.shape[1]))
    found = []
    for part in moments:
        found.append([(whole - part).solve(alpha) for alpha in alphas])
        errors += [part.squared_errors(*fit) for fit in found[-1]]
    best = errors.argmin(axis=0)
    residuals = np.empty_like(y)
    for fold, fits in zip(folds, found, strict=True):
        for target, choice in enumerate(best):
            coefficients, intercepts = fits[choice]
            fitted = design.rows(fold).products(coefficients[:, target], centre)
            residuals[fold, target] = y[fold, target] - fitted - intercepts[target]
    final = {choice: whole.solve(alphas[choice]) for choice in set(best)}
    return [
        RidgeFit(
            final[choice][0][:, target],
            centre,
            float(final[choice][1][target]),
            alphas[choice],
            residuals[:, target],
        )
        for target, choice in enumerate(best)
    ]


def _fit_in_item_space(
    x: np.ndarray,
    y: np.ndarray,
    folds: Sequence[np.ndarray],
    centre: np.ndarray,
    alphas: Sequence[float],
) -> list[RidgeFit]:
    """The same fit by way of the (items, items) matrix, for fewer items than features.

    One eigendecomposition serves every penalty, and a fold's held-out residuals follow from the fit
    of all items without fitting again: ``(I - H_ff)^-1 (y - H y)_f`` with the hat matrix H (the
    leave-out identity of penalised least squares; Allen 1974, Hastie et al. 2009, section 7.10).
    """
    from scipy.linalg import eigh, solve

    mean, level = x.mean(axis=0), y.mean(axis=0)
    x = x - mean
    values, vectors = eigh(x @ x.T)
    values = np.maximum(values, 0.0)
    turned = vectors.T @ (y - level)

    def held_out(alpha: float) -> np.ndarray:
        shrink = values / (values + alpha)
        left = y - level - vectors @ (shrink[:, None] * turned)
        residuals = np.empty_like(y)
        for fold in folds:
            own = vectors[fold]
            hat = (own * shrink) @ own.T + 1 / len(y)
            residuals[fold] = solve(np.eye(len(fold)) - hat, left[fold], assume_a="pos")
        return residuals

    candidates = [held_out(alpha) for alpha in alphas]
    fits = []
    for target in range(y.shape[1]):
        errors = [residuals[:, target] @ residuals[:, target] for residuals in candidates]
        best = int(np.argmin(errors))
        coefficients = x.T @ (vectors @ (turned[:, target] / (values + alphas[best])))
        intercept = float(level[target] - mean @ coefficients)
        fits.append(
            RidgeFit(coefficients, centre, intercept, alphas[best], candidates[best][:, target])
        )
    return fits


def _moments(design: Design, y: np.ndarray, rows: np.ndarray, centre: np.ndarray) -> _Moments:
    width, targets = len(centre), y.shape[1]
    total = _Moments(
        0.0,
        np.zeros(width),
        np.zeros(targets),
        np.zeros((width, width)),
        np.zeros((width, targets)),
        np.zeros(targets),
    )
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        x, target = design.centred(part, centre), y[part]
        total = total + _Moments(
            len(part),
            x.sum(axis=0),
            target.sum(axis=0),
            x.T @ x,
            x.T @ target,
            (target**2).sum(axis=0),
        )
    return total
