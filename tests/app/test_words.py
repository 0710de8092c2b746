"""Numbers and names as people read them."""

import pytest

from app.words import interval, label, plain


def test_an_interval_in_words():
    assert interval(423.4, 311, 562) == "about 420, 310 to 560"


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


def test_text_of_a_catalog_is_not_a_format():
    assert plain("$5 or $10 *new* :red[x]") == r"\$5 or \$10 \*new\* \:red\[x\]"
    assert plain("T-shirt, 100% cotton (soft)") == "T-shirt, 100% cotton (soft)"
