"""Totals before and after edits, against exact distributions and a simulation written plainly."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.explain.assortment_totals import (
    ErrorShape,
    Lines,
    error_shape,
    seasons,
    simulate,
)
from core.popularity.intervals import SHAPE
from tests.core.popularity.synthetic import make_catalog

OWN = tuple(stats.norm.ppf(SHAPE) / 1.2816)
ENDS = ("middle", "low", "high", "low_80", "high_80")
LEVELS = (0.5, 0.05, 0.95, 0.1, 0.9)


def predictions(logs, half=0.8):
    logs = np.asarray(logs, dtype=float)
    return pd.DataFrame(
        {
            "predicted": np.expm1(logs),
            "low_80": np.expm1(logs - half),
            "high_80": np.expm1(logs + 1.5 * half),
        }
    )


def lines(before, after, changed, *, styles=None, own=None, seen=(), new=None):
    n = len(before)
    own = np.full(n, "S1", dtype=object) if own is None else np.array(own, dtype=object)
    return Lines(
        predictions(before),
        predictions(after),
        np.asarray(changed),
        np.zeros(n, dtype=bool),
        np.arange(n) if styles is None else np.asarray(styles),
        own,
        own if new is None else np.array(new, dtype=object),
        frozenset(seen),
    )


def errors(**given):
    return ErrorShape(OWN, OWN, **given)


def outcomes(log, half=0.8):
    own = np.array(OWN)
    moved = log + half * np.minimum(own, 0) + 1.5 * half * np.maximum(own, 0)
    return np.maximum(np.expm1(moved), 0)


def close(found, drawn, tolerance):
    for name, level in zip(ENDS, LEVELS, strict=True):
        expected = np.quantile(drawn, level)
        assert getattr(found, name) == pytest.approx(expected, rel=tolerance), name


def test_a_total_of_two_items_has_the_ends_of_its_exact_distribution():
    every = (outcomes(4.0)[:, None] + 2 * outcomes(4.5)).ravel()
    made = lines([4.0, 4.5], [4.0, 4.5], [False, False], seen={"S1"})
    weights = np.array([1.0, 2.0])
    found = simulate(made, errors(), {"all": (weights, weights)}, 1, draws=40_000)
    close(found.totals["all"].before, every, 0.02)
    close(found.totals["all"].after, every, 0.02)


def test_an_item_keeps_its_error_and_anew_it_does_not():
    made = lines([4.0], [4.3], [True], seen={"S1"})
    one = np.ones(1)
    total = simulate(made, errors(), {"all": (one, one)}, 1, draws=40_000).totals["all"]
    kept = outcomes(4.3) - outcomes(4.0)
    for name, level in zip(ENDS, LEVELS, strict=True):
        near = np.quantile(kept, [level - 0.012, level + 0.012])  # it has 100 steps
        assert near[0] <= getattr(total.difference, name) <= near[1], name
    anew = (outcomes(4.3)[:, None] - outcomes(4.0)).ravel()
    for name, level in zip(ENDS[1:], LEVELS[1:], strict=True):
        assert getattr(total.apart, name) == pytest.approx(np.quantile(anew, level), rel=0.03)
    assert total.difference.low > 0 > total.apart.low


def plain_simulation(made, error, top, draws, seed):
    """The same, an item and a draw at a time, by another route to each number."""
    rng = np.random.default_rng(seed)
    n, correlation = len(made.changed), error.style
    names = sorted((set(made.seasons_before) | set(made.seasons_after)) - made.seen)
    totals, first = [], np.zeros((2, n))
    cover = np.where(made.styles[:, None] == made.styles, correlation, 0.0)
    np.fill_diagonal(cover, 1.0)
    normal = rng.multivariate_normal(np.zeros(n), cover, size=draws)
    for draw in range(draws):
        shift = {name: rng.choice(error.shift) for name in names}
        both = []
        for table, labels in (
            (made.before, made.seasons_before),
            (made.after, made.seasons_after),
        ):
            units = []
            for i in range(n):
                share = stats.norm.cdf(normal[draw, i])
                place = min(int(share * len(SHAPE)), len(SHAPE) - 1)
                q = (error.held_out if made.held_out[i] else error.own)[place]
                middle, low, high = np.log1p(table.iloc[i].to_numpy())
                log = middle + q * ((middle - low) if q < 0 else (high - middle))
                units.append(max(np.expm1(log + shift.get(labels[i], 0.0)), 0.0))
            both.append(units)
        totals.append([sum(side) for side in both])
        for side in (0, 1):
            first[side, np.argsort(both[side])[::-1][:top]] += 1
    return np.array(totals), first / draws


def test_styles_seasons_and_places_are_as_in_a_plain_simulation():
    rng = np.random.default_rng(3)
    start = rng.normal(4, 0.5, 8)
    made = lines(
        start, start + np.array([0.4] * 4 + [0.0] * 4), [True] * 4 + [False] * 4,
        styles=[0, 0, 0, 1, 1, 2, 3, 3], own=["old"] * 3 + ["new"] * 5, seen={"old"},
        new=["old"] * 2 + ["new"] * 6,
    )  # fmt: skip
    made = replace(made, held_out=np.arange(8) < 4)
    shift = tuple(0.3 + 0.2 * stats.t.ppf(SHAPE, 3))
    error = ErrorShape(OWN, tuple(np.array(OWN) * 0.5), 0.6, 30, shift, 4)
    one = np.ones(8)
    found = simulate(made, error, {"all": (one, one)}, 3, draws=20_000)
    totals, first = plain_simulation(made, error, 3, 2_500, 1)
    close(found.totals["all"].before, totals[:, 0], 0.05)
    close(found.totals["all"].after, totals[:, 1], 0.05)
    close(found.totals["all"].difference, totals[:, 1] - totals[:, 0], 0.12)
    np.testing.assert_allclose(found.top_before, first[0], atol=0.03)
    np.testing.assert_allclose(found.top_after, first[1], atol=0.03)
    assert found.top_before.sum() == pytest.approx(3)


def test_shared_errors_widen_totals_and_seen_seasons_share_none():
    logs = np.full(40, 4.0)
    one = {"all": (np.ones(40), np.ones(40))}

    def width(**given):
        seen = given.pop("seen", {"S1"})
        made = lines(logs, logs, [False] * 40, styles=np.arange(40) // 4, seen=seen)
        total = simulate(made, errors(**given), one, 5).totals["all"].before
        return total.high_80 - total.low_80

    shift = tuple(0.3 * stats.t.ppf(SHAPE, 3))
    alone, styled = width(), width(style=0.5, styles=10)
    assert styled > 1.3 * alone
    assert width(shift=shift, seasons=4) == pytest.approx(alone)
    assert width(shift=shift, seasons=4, seen=()) > 2 * alone


def test_without_edits_nothing_differs_and_dropped_items_count_no_more():
    made = lines([4.0, 4.5, 3.0], [4.0, 4.5, 3.0], [False] * 3, seen={"S1"})
    one = {"all": (np.ones(3), np.ones(3))}
    same = simulate(made, errors(style=0.3), one, 2)
    difference = same.totals["all"].difference
    assert {getattr(difference, name) for name in ENDS} == {0.0}
    np.testing.assert_array_equal(same.top_before, same.top_after)
    gone = made.after.copy()
    gone.iloc[1] = np.nan
    less = simulate(replace(made, after=gone), errors(style=0.3), one, 2)
    assert less.top_after[1] == 0 and less.top_after.sum() == pytest.approx(2)
    only = {"left": (np.array([1.0, 0, 1]),) * 2}
    left = simulate(made, errors(style=0.3), only, 2).totals["left"]
    assert less.totals["all"].after == left.after
    assert less.totals["all"].difference.high < 0


def test_edits_do_not_change_what_is_drawn_as_it_is():
    one = {"all": (np.ones(3), np.ones(3))}
    made = lines([4.0, 4.5, 3.0], [4.0, 4.5, 3.0], [False] * 3)
    edited = lines([4.0, 4.5, 3.0], [4.2, 4.5, 3.1], [True, False, True])
    before, after = (simulate(m, errors(style=0.4), one, 2) for m in (made, edited))
    assert before.totals["all"].before == after.totals["all"].before
    np.testing.assert_array_equal(before.top_before, after.top_before)


def test_progress_reaches_the_end():
    made, told = lines([4.0], [4.0], [False]), []
    one = {"all": (np.ones(1), np.ones(1))}
    simulate(made, errors(), one, 1, draws=120, on_progress=lambda *step: told.append(step))
    assert told == [(50, 120), (100, 120), (120, 120)]


def test_what_errors_share_is_read_from_those_on_unseen_items():
    catalog = make_catalog(400)
    rng = np.random.default_rng(0)
    codes = catalog.frame.groupby("Style").ngroup().to_numpy()
    common = rng.normal(size=codes.max() + 1)[codes]
    error = np.sqrt(0.4) * common + np.sqrt(0.6) * rng.normal(size=400)
    table = predictions(np.full(400, 6.0), half=1.0)
    actual = np.expm1(6.0 + error)
    held_out = table.assign(item_id=catalog.ids, model="m", split="grouped", fold="1")
    held_out["actual"] = actual
    medians = [0.1, 0.4, -0.2]
    later = [
        predictions(np.full(21, 6.0)).assign(
            item_id="x", model="m", split="forward", fold=f"S{i}",
            actual=np.expm1(6.0 + m + np.linspace(-1, 1, 21)),
        )
        for i, m in enumerate(medians)
    ]  # fmt: skip
    other = held_out.assign(model="other", actual=0.0)
    found = error_shape(OWN, pd.concat([held_out, *later, other]), "m", catalog)
    assert found.own == OWN and found.seasons == 3
    assert found.style == pytest.approx(0.4, abs=0.12)
    assert found.styles == (np.bincount(codes) > 1).sum()
    width = np.std(medians, ddof=1) * np.sqrt(1 + 1 / 3)
    np.testing.assert_allclose(
        found.shift, stats.t.ppf(SHAPE, 2, loc=np.mean(medians), scale=width), rtol=1e-6
    )
    half = np.where(error < 0, 1.0, 1.5)
    np.testing.assert_allclose(found.held_out, np.quantile(error / half, SHAPE), rtol=1e-6)
    same = error_shape(OWN, held_out.assign(actual=500.0), "m", catalog)
    assert same.style == 0.0 and same.styles == found.styles, "equal errors tell of no style"
    lone = error_shape(OWN, pd.concat([held_out, later[0]]), "m", None)
    assert lone.shift == () and lone.style == 0.0 and lone.seasons == 1


def test_seasons_are_a_column_or_half_years():
    catalog = make_catalog(40)
    assert set(seasons(catalog)) == {f"S{i}" for i in range(1, 6)}
    bare = make_catalog(40, drop=("season",))
    labels = seasons(bare)
    dates = bare.frame["Launch"]
    for label in set(labels):
        months = dates[labels == label].dt.month
        spring = months.isin([12, 1, 2, 3, 4, 5])
        assert spring.all() or not spring.any()
        own = dates[labels == label]
        assert own.max() - own.min() < pd.Timedelta(days=184)
    assert set(seasons(make_catalog(40, drop=("season", "Launch")))) == {""}
