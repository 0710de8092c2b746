import numpy as np
import pandas as pd
import pytest

from core.catalog.roles import Role
from core.popularity.blocks import OTHER, DateBlock, LevelBlock, NumberBlock, TextBlock
from core.popularity.columns import Feature
from core.popularity.kernel import Kernel
from core.popularity.kernel_search import search

RNG = np.random.default_rng(4)
COUNT = 40
LEVELS = pd.Series(RNG.choice(["a", "b", "c", "rare"], p=[0.4, 0.3, 0.25, 0.05], size=COUNT))
PRICES = pd.Series(np.round(np.exp(RNG.normal(4, 0.5, COUNT)), 2))
LISTED = pd.Series(np.round(PRICES * np.exp(RNG.gamma(1, 0.3, COUNT)), 2))
DATES = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 700, COUNT), "D"))
WORDS = [" ".join(RNG.choice(["red", "blue", "silk", "wool", "dress"], 3)) for _ in range(COUNT)]


@pytest.fixture
def blocks():
    return [
        LevelBlock.fit(Feature("Type", Role.CATEGORY), LEVELS, 5),
        NumberBlock.fit(Feature("Price", Role.PRICE), PRICES),
        NumberBlock.fit(Feature("List", Role.NUMBER), LISTED),
        DateBlock.fit(Feature("Date", Role.RELEASE_DATE), DATES),
        TextBlock.fit((Feature("Text", Role.DESCRIPTION),), WORDS),
    ]


@pytest.fixture
def encoded(blocks):
    return [
        b.encode(c) for b, c in zip(blocks, (LEVELS, PRICES, LISTED, DATES, WORDS), strict=True)
    ]


def lengthened(kernel, lengths):
    return Kernel(
        kernel.blocks, kernel.centres, kernel.scales, lengths, kernel.ratios, kernel.ratio_scales
    )


def test_values_are_products_over_players_and_the_ratio(blocks, encoded):
    kernel = Kernel.at(blocks, encoded)
    assert kernel.ratios == ((1, 2),)
    lengths = np.array([0.5, 1.0, 2.0, 0.7, 3.0, 1.5])
    kernel = lengthened(kernel, lengths)
    found = kernel.values(kernel.summed(encoded))
    ratio = np.log(PRICES / LISTED).to_numpy()
    apart = np.abs(ratio[:, None] - ratio)
    expected = np.exp(-apart / (apart.mean() * 1.5))
    log_prices = np.log(PRICES.to_numpy())
    for i, own in enumerate([None, log_prices, np.log(LISTED.to_numpy())]):
        if own is not None:
            distance = np.abs(own[:, None] - own)
            expected *= np.exp((1 - distance / distance.mean()) / lengths[i])
    day = 2 * np.pi * (DATES.dt.day_of_year.to_numpy() - 1) / 365.25
    distance = 2 * np.abs(np.sin((day[:, None] - day) / 2))
    expected *= np.exp((1 - distance / distance.mean()) / lengths[3])
    rare = (LEVELS == "rare").to_numpy()
    distance = 1.0 - ((LEVELS.to_numpy()[:, None] == LEVELS.to_numpy()) & ~rare)
    expected *= np.exp((1 - distance / distance.mean()) / lengths[0])
    words = encoded[4][0].toarray()
    distance = 1 - words @ words.T
    expected *= np.exp((1 - distance / distance.mean()) / lengths[4])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_merged_levels_are_near_nothing_and_average_items_have_the_factor_one(blocks, encoded):
    kernel = Kernel.at(blocks, encoded)
    assert OTHER in blocks[0].levels
    rare = (LEVELS == "rare").to_numpy()
    apart = kernel.distance(0, kernel.centres[0])
    assert rare.any() and (apart[rare] > 1).all()
    places, average = kernel.centres[0]
    gone = average.copy()
    gone[3] = True
    assert (kernel.terms(0, (places, gone))[3] == 0).all()


def test_the_kernel_of_its_centres_is_positive_definite(blocks, encoded):
    kernel = lengthened(Kernel.at(blocks, encoded), np.array([0.3, 0.2, 0.5, 0.2, 0.3, 0.2]))
    among = kernel.values(kernel.summed(encoded))
    np.testing.assert_allclose(among, among.T, rtol=1e-4)
    assert np.linalg.eigvalsh(among).min() > -1e-6 * among.max()


def test_a_column_without_spread_is_no_division_by_zero(blocks):
    same = pd.Series([50.0] * COUNT)
    block = NumberBlock.fit(Feature("Price", Role.PRICE), same)
    kernel = Kernel.at([block], [block.encode(same)])
    assert np.isfinite(kernel.values(kernel.summed([block.encode(PRICES)]))).all()


def test_the_search_finds_who_matters_and_how():
    rng = np.random.default_rng(0)
    a, b, c = (rng.uniform(-1, 1, 150) for _ in range(3))
    y = np.sign(a) * np.sign(b) + rng.normal(0, 0.1, 150)
    linear = [np.outer(v, v) / (v**2).mean() for v in (a, b, c)]
    distances = [np.abs(v[:, None] - v) / np.abs(v[:, None] - v).mean() for v in (a, b, c)]
    parts = [np.array([i]) for i in range(150)]
    shares = search(linear, distances, [], y, parts)
    assert shares.lengths[2] > 3 * max(shares.lengths[:2])
    assert shares.product > 2 * shares.linear.sum()


def test_the_error_that_is_searched_is_that_of_leaving_parts_out():
    import torch

    from core.popularity.kernel_search import _held_out, _same_size

    rng = np.random.default_rng(1)
    x = rng.normal(size=(20, 3))
    kernel, y = x @ x.T + 0.5 * np.eye(20), rng.normal(size=20)
    parts = [np.arange(0, 5), np.arange(5, 10), np.arange(10, 12), np.arange(12, 20)]
    expected = 0.0
    for part in parts:
        rest = np.setdiff1d(np.arange(20), part)
        guess = kernel[np.ix_(part, rest)] @ np.linalg.solve(kernel[np.ix_(rest, rest)], y[rest])
        expected += ((y[part] - guess) ** 2).sum()
    found = _held_out(torch.from_numpy(kernel), torch.from_numpy(y), _same_size(parts))
    assert float(found) == pytest.approx(expected)


def extreme(kind, count=60):
    """Items whose target no noise is needed for, or that no weight is too great for."""
    rng = np.random.default_rng(5)
    x = np.repeat(rng.integers(0, 12, (count // 3, 3)), 3, axis=0).astype(float)
    y = {"twins": np.repeat(rng.normal(size=count // 3), 3), "smooth": x @ [3.0, -2, 1] * 1e6}
    return x, y.get(kind, np.where(np.arange(count) == 7, 1e9, 0.0))


@pytest.mark.parametrize("kind", ["twins", "smooth", "outlier"])
@pytest.mark.parametrize("whole", [True, False])
def test_the_search_ends_within_reach_on_extreme_targets(kind, whole):
    x, y = extreme(kind)
    linear = [np.outer(v, v) / (v**2).mean() for v in x.T]
    distances = [np.abs(v[:, None] - v) / np.abs(v[:, None] - v).mean() for v in x.T]
    size = 3 if whole else 1
    parts = [np.arange(i, i + size) for i in range(0, 60, size)]
    shares = search(linear, distances, distances[:1], y, parts, steps=200)
    found = np.concatenate([shares.linear, shares.lengths, [shares.product, shares.noise]])
    start = np.concatenate([np.full(3, 0.5 / 3), np.full(3, 1.5), [2.0], [0.5], [0.5]])
    assert np.isfinite(found).all()
    assert (np.abs(np.log(found / start)) <= 5.01).all()


def test_no_step_of_the_search_leaves_what_can_be_inverted():
    import torch

    from core.popularity.kernel_search import REACH, _within_reach

    first = {"noise": torch.log(torch.tensor(0.5)), "product": torch.log(torch.tensor(0.5))}
    far = {"noise": torch.tensor(-80.0), "product": torch.tensor(80.0)}
    near = {k: float(torch.exp(v)) for k, v in _within_reach(far, first).items()}
    twins = near["product"] * np.ones((400, 400)) + near["noise"] * np.eye(400)
    assert np.isfinite(np.linalg.cholesky(twins)).all()
    assert near["product"] == pytest.approx(0.5 * np.exp(REACH))


def test_an_outlier_is_far_away_but_its_terms_can_be_taken_back(blocks):
    block = blocks[1]
    prices = PRICES.copy()
    kernel = lengthened(Kernel.at([block], [block.encode(prices)]), np.array([1e-3]))
    terms = kernel.terms(0, kernel.centres[0])
    assert terms.min() == -30
    assert np.isfinite(np.exp(-terms)).all(), "credit divides by a player's factor"
