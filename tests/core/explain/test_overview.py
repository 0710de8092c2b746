import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.explain import overview
from core.explain.modality import MODALITIES, modality_shares
from core.explain.overview import compare, importance, shares_by_category

VALUES = arrays(np.float64, (12, 4), elements=st.floats(-3, 3, allow_subnormal=False))
PLAYERS = ["price", "colour", "description", "image"]
KINDS = dict(zip(PLAYERS, ["metadata", "metadata", "text", "photo"], strict=True))


def table(values):
    return pd.DataFrame(values, columns=PLAYERS)


def drawn_by_hand(groups, seed, mean):
    """Bootstrap means with the styles of each draw listed one by one."""
    names = np.unique(groups)
    rng, found = np.random.default_rng(seed), []
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=overview.DRAWS)
    for count in counts:
        rows = [
            i
            for name, times in zip(names, count, strict=True)
            for _ in range(times)
            for i in np.flatnonzero(groups == name)
        ]
        found.append(mean(np.array(rows, dtype=int)))
    return np.array(found)


def test_importance_and_its_range_are_those_of_styles_drawn_one_by_one():
    rng = np.random.default_rng(3)
    values = table(rng.normal(size=(30, 4)) * [1.0, 0.2, 0.5, 0.0])
    groups = np.array([f"s{i}" for i in rng.integers(0, 9, 30)])
    found = importance(values, groups, seed=5).set_index("player")
    assert list(found.index) == ["price", "description", "colour", "image"]
    drawn = drawn_by_hand(groups, 5, lambda rows: values.abs().to_numpy()[rows].mean(axis=0))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(found.loc[PLAYERS, "value"], values.abs().mean())
    np.testing.assert_allclose(found.loc[PLAYERS, "low"], low, atol=1e-6)
    np.testing.assert_allclose(found.loc[PLAYERS, "high"], high, atol=1e-6)


def test_variants_of_few_styles_make_the_range_wider_than_items_of_their_own():
    values = table(np.repeat(np.random.default_rng(0).normal(size=(10, 4)), 20, axis=0))
    own = importance(values, np.arange(200))
    styles = importance(values, np.repeat(np.arange(10), 20))
    assert ((styles["high"] - styles["low"]) > 2 * (own["high"] - own["low"])).all()


def test_nothing_has_no_importance():
    with pytest.raises(ValueError, match="draw"):
        importance(table(np.zeros((0, 4))), np.zeros(0))


def test_categories_have_the_mean_of_their_items_and_the_largest_comes_first():
    shares = modality_shares(
        table([[1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 3]]), KINDS
    )
    kinds = pd.Series(["bag", "coat", "coat", "coat", None], dtype="category")
    found = shares_by_category(shares, kinds)
    assert found["category"].tolist() == ["coat", "bag"]
    assert found["items"].tolist() == [2, 1], "one of the coats has no shares"
    assert found[list(MODALITIES)].to_numpy().tolist() == [[0.5, 0, 0.5], [0.5, 0.5, 0]]


def test_seasons_are_compared_as_styles_drawn_one_by_one():
    rng = np.random.default_rng(8)
    values = table(rng.normal(size=(40, 4)))
    values.loc[20:, "colour"] += 3.0
    groups = rng.integers(0, 15, 40)
    before, now = np.arange(18), np.arange(20, 40)
    found = compare(values, before, now, groups, seed=2)
    assert found["player"].iloc[0] == "colour" and found["clear"].iloc[0]
    both = np.concatenate([before, now])
    cells, later = values.to_numpy()[both], np.arange(38) >= 18

    def change(rows):
        old, new = rows[~later[rows]], rows[later[rows]]
        return cells[new].mean(axis=0) - cells[old].mean(axis=0)

    low, high = np.quantile(drawn_by_hand(groups[both], 2, change), [0.025, 0.975], axis=0)
    found = found.set_index("player").loc[PLAYERS]
    np.testing.assert_allclose(found["low"], low, atol=1e-6)
    np.testing.assert_allclose(found["high"], high, atol=1e-6)
    np.testing.assert_allclose(found["change"], found["now"] - found["before"])
    np.testing.assert_allclose(found["before"], values.iloc[before].mean())


def test_a_season_against_itself_has_not_changed():
    values = table(np.random.default_rng(0).normal(size=(40, 4)))
    twice = pd.concat([values, values], ignore_index=True)
    found = compare(twice, np.arange(40), np.arange(40, 80), np.arange(80))
    assert not found["clear"].any() and (found["change"].abs() < 1e-12).all()


def test_a_season_without_items_is_refused():
    with pytest.raises(ValueError, match="without items"):
        compare(table(np.ones((3, 4))), np.arange(3), np.arange(0), np.arange(3))
