import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import Ridge

from core.popularity.ridge import ALPHAS, Design, fit_ridge, fit_ridges
from core.popularity.splits import grouped_folds


def make_design(n=120, seed=0, missing=0.0, noise_features=0):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(n, 3)), rng.random((n, 4)) * (rng.random((n, 4)) < 0.5)
    average = np.zeros((n, 2), dtype=bool)
    average[:, 1] = rng.random(n) < missing
    second[average[:, 1]] = 0
    y = first @ [1.0, -0.5, 0.0] + second @ [2.0, 0, 0, -1] + 3 + 0.3 * rng.normal(size=n)
    first = np.hstack([first, rng.normal(size=(n, noise_features))])
    return Design([csr_array(first), csr_array(second)], average), y


wide = pytest.mark.parametrize("noise_features", [0, 150], ids=["more items", "more features"])
"""Both ways to solve: fewer features than items, and more."""


@wide
def test_agrees_with_scikit_learn(noise_features):
    design, y = make_design(noise_features=noise_features)
    fit = fit_ridge(design, y, grouped_folds(np.arange(len(y)), 4))
    x = np.hstack([m.toarray() for m in design.matrices])
    theirs = Ridge(alpha=fit.alpha).fit(x, y)
    np.testing.assert_allclose(fit.coefficients, theirs.coef_, rtol=1e-8)
    ours = fit.intercept + design.products(fit.coefficients, fit.centre)
    np.testing.assert_allclose(ours, theirs.predict(x), rtol=1e-8)


@wide
def test_the_penalty_is_the_one_that_scikit_learn_scores_best_on_the_same_folds(noise_features):
    design, y = make_design(seed=3, noise_features=noise_features)
    folds = grouped_folds(np.arange(len(y)), 4)
    fit = fit_ridge(design, y, folds)
    x = np.hstack([m.toarray() for m in design.matrices])

    def error(alpha):
        total = 0.0
        for fold in folds:
            rest = np.delete(np.arange(len(y)), fold)
            residual = y[fold] - Ridge(alpha=alpha).fit(x[rest], y[rest]).predict(x[fold])
            total += residual @ residual
        return total

    errors = [error(a) for a in ALPHAS]
    assert fit.alpha == ALPHAS[int(np.argmin(errors))]
    assert fit.residuals @ fit.residuals == pytest.approx(min(errors), rel=1e-6)
    fold = folds[0]
    rest = np.delete(np.arange(len(y)), fold)
    theirs = y[fold] - Ridge(alpha=fit.alpha).fit(x[rest], y[rest]).predict(x[fold])
    np.testing.assert_allclose(fit.residuals[fold], theirs, atol=1e-8)


@wide
def test_items_that_count_as_average_get_no_credit(noise_features):
    design, y = make_design(missing=0.4, noise_features=noise_features)
    fit = fit_ridge(design, y, grouped_folds(np.arange(len(y)), 4))
    values = design.values(fit.coefficients, fit.centre)
    assert (values[design.average] == 0).all()
    total = values.sum(axis=1)
    np.testing.assert_allclose(total, design.products(fit.coefficients, fit.centre), atol=1e-10)
    known = ~design.average[:, 1]
    np.testing.assert_allclose(values[known, 1].mean(), 0, atol=1e-12)


@pytest.mark.parametrize("features", [6, 90])
def test_several_targets_are_fitted_as_each_by_itself(features):
    rng = np.random.default_rng(7)
    x = rng.normal(size=(60, features))
    average = rng.random((60, 2)) < 0.1
    x[average[:, 0], :4], x[average[:, 1], 4:] = 0, 0
    design = Design([csr_array(x[:, :4]), x[:, 4:]], average)
    targets = [rng.normal(size=60), x[:, 0] * 3 + rng.normal(size=60), x[:, 5] - 2]
    folds = grouped_folds(np.arange(60), 4)
    for y, fit in zip(targets, fit_ridges(design, targets, folds), strict=True):
        alone = fit_ridge(design, y, folds)
        assert fit.alpha == alone.alpha
        np.testing.assert_allclose(fit.coefficients, alone.coefficients, atol=1e-9)
        np.testing.assert_allclose(fit.residuals, alone.residuals, atol=1e-9)
        together = design.products(fit.coefficients, fit.centre)
        apart = design.values(fit.coefficients, fit.centre).sum(axis=1)
        np.testing.assert_allclose(together, apart, atol=1e-9)
