import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import OneHotEncoder

from core.catalog.roles import Role
from core.popularity.blocks import (
    MISSING,
    OTHER,
    DateBlock,
    ImageBlock,
    LevelBlock,
    NumberBlock,
    TextBlock,
    block_from_json,
    block_to_json,
)
from core.popularity.columns import Feature

COLOUR = Feature("colour", Role.ATTRIBUTE)
PRICE = Feature("price", Role.PRICE)


def test_levels_agree_with_scikit_learn():
    cells = pd.Series(["red"] * 6 + ["blue"] * 7 + ["green"] * 9)
    matrix, average = LevelBlock.fit(COLOUR, cells).encode(cells)
    expected = OneHotEncoder().fit_transform(cells.to_frame()).toarray()
    np.testing.assert_array_equal(matrix.toarray(), expected)
    assert not average.any()


def test_rare_and_unseen_levels_share_one_and_case_does_not_matter():
    cells = pd.Series(["Red"] * 6 + ["rust"] * 2 + ["teal"] * 2)
    block = LevelBlock.fit(COLOUR, cells)
    assert block.levels == ("red", OTHER)
    matrix, average = block.encode(pd.Series(["RED ", "rust", "never seen"]))
    np.testing.assert_array_equal(matrix.toarray(), [[1, 0], [0, 1], [0, 1]])
    assert not average.any()


def test_an_unseen_level_counts_as_average_where_nothing_was_rare():
    block = LevelBlock.fit(COLOUR, pd.Series(["red"] * 6 + ["blue"] * 6))
    matrix, average = block.encode(pd.Series(["green", "red", None]))
    assert average.tolist() == [True, False, True]
    assert matrix.toarray()[0].sum() == 0


def test_an_empty_cell_is_a_level_of_its_own():
    cells = pd.Series(pd.Categorical(["red"] * 6 + [None] * 6))
    assert LevelBlock.fit(COLOUR, cells).levels == (MISSING, "red")


def test_numbers_are_standardised_and_missing_is_marked():
    cells = pd.Series([10.0, 20, 40, 80, np.nan, 0])
    block = NumberBlock.fit(PRICE, cells)
    matrix = block.encode(cells)[0].toarray()
    assert matrix[:, -1].tolist() == [0, 0, 0, 0, 1, 1], "a price of 0 is no price"
    np.testing.assert_allclose(matrix[:4, :-1].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(matrix[:4, :-1].std(axis=0), 1)
    assert (matrix[4:, :-1] == 0).all()


@given(st.floats(0.01, 1e9))
def test_prices_outside_the_training_range_count_as_its_ends(price):
    block = NumberBlock.fit(PRICE, pd.Series([10.0, 20, 40, 80]))
    inside = min(max(price, 10.0), 80.0)
    both = block.encode(pd.Series([price, inside]))[0].toarray()
    np.testing.assert_allclose(both[0], both[1])


@pytest.mark.parametrize("cells", [[5.0, 5.0, 5.0], [np.nan, np.nan]])
def test_a_constant_or_empty_number_column_adds_nothing(cells):
    block = NumberBlock.fit(Feature("weight", Role.NUMBER), pd.Series(cells))
    assert np.isfinite(block.encode(pd.Series([1.0, np.nan, 9e9]))[0].toarray()).all()
    np.testing.assert_array_equal(block.encode(pd.Series(cells))[0].toarray()[:, :-1], 0)


def test_dates_are_a_place_in_the_year():
    block = DateBlock.fit(Feature("d", Role.RELEASE_DATE), pd.Series(dtype="datetime64[ns]"))
    dates = pd.Series(pd.to_datetime(["2020-01-01", "2024-01-01", None]))
    rows = block.encode(dates)[0].toarray()
    np.testing.assert_allclose(rows[0], rows[1])
    np.testing.assert_array_equal(rows[2], [0] * 8 + [1])
    year = pd.Series(pd.to_datetime(["2021-01-01", "2021-12-31", "2021-07-02"]))
    opened, closed, summer = block.encode(year)[0].toarray()
    assert np.abs(opened - closed).max() < 0.1, "the year closes on itself"
    assert np.abs(opened - summer).max() > 1.9, "half a year away is as far as it gets"


def test_text_agrees_with_scikit_learn():
    texts = [
        "Red linen dress, red!",
        "linen shirt",
        "Red wool dress",
        "wool dress linen",
        "",
        "été",
    ]
    texts = [*texts, "red linen", "a b c", "Dress DRESS dress"]
    block = TextBlock.fit([Feature("t", Role.TITLE)], texts)
    theirs = TfidfVectorizer(sublinear_tf=True, min_df=3, max_features=1000).fit(texts)
    assert list(block.words) == list(theirs.get_feature_names_out())
    new = [*texts, "linen of another red dress", "nothing known"]
    matrix, average = block.encode(new)
    np.testing.assert_allclose(matrix.toarray(), theirs.transform(new).toarray(), atol=1e-12)
    assert not average.any()


def test_texts_without_a_common_word_give_no_features():
    block = TextBlock.fit([Feature("t", Role.TITLE)], ["one", "two", ""])
    assert block.width == 0
    assert block.encode(["one"])[0].shape == (1, 0)


def test_a_missing_photo_counts_as_average():
    matrix, average = ImageBlock("clip", 2).encode(np.array([[0.6, 0.8], [np.nan, np.nan]]))
    assert average.tolist() == [False, True]
    np.testing.assert_array_equal(matrix.toarray(), [[0.6, 0.8], [0, 0]])


def test_blocks_survive_json():
    cells = pd.Series([10.0, 20, 40, 80])
    text = TextBlock.fit([Feature("t", Role.TITLE)], ["red dress"] * 4)
    for block in (
        LevelBlock.fit(COLOUR, pd.Series(["red"] * 6 + ["rust"])),
        NumberBlock.fit(PRICE, cells),
        DateBlock(Feature("d", Role.RELEASE_DATE)),
        ImageBlock("clip", 4),
    ):
        assert block_from_json(block_to_json(block), None) == block
    again = block_from_json(block_to_json(text), text.idf)
    assert again.words == text.words and again.features == text.features
