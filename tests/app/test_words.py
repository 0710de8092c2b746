"""Numbers and names as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.words import about, interval, label, money, plain, rounded


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (423.4, 310, 560, "420"),
        (7.4, 5, 9, "7"),
        (12_345, 4_000, 40_000, "12,000"),
        (1_612, 1_612, 1_460_000, "1,600"),
        (0, 0, 0, "0"),
    ],
)
def test_a_number_is_rounded_to_what_its_interval_supports(value, low, high, expected):
    assert about(value, low, high) == expected


def test_an_interval_in_words():
    assert interval(423.4, 311, 562) == "about 420, 310 to 560"


@given(st.floats(0, 1e7), st.floats(0, 1e7), st.floats(0, 1e7))
def test_rounding_moves_a_number_by_less_than_the_interval_is_wide(value, low, high):
    low, high = sorted((low, high))
    assert abs(rounded(value, low, high) - value) <= max(0.5, (high - low) / 40)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("articleType", "Article type"),
        ("UNITS_SOLD", "Units sold"),
        ("colour_group_name", "Colour group name"),
        ("Option1 Value", "Option1 value"),
        ("SKU", "SKU"),
        ("units_12w", "Units 12w"),
        ("  ", ""),
    ],
)
def test_columns_lose_their_code_look(column, expected):
    assert label(column) == expected


def test_money():
    assert money(49.9, "EUR") == "49.90 EUR"
    assert money(1200.0, "$") == "$1,200"
    assert money(5.0) == "5"


def test_text_of_a_catalog_is_not_a_format():
    assert plain("$5 or $10 *new* :red[x]") == r"\$5 or \$10 \*new\* \:red\[x\]"
    assert plain("T-shirt, 100% cotton (soft)") == "T-shirt, 100% cotton (soft)"
