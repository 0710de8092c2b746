import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.importing.numbers import parse_numbers


def parse(*cells, kind="price"):
    return parse_numbers(pd.Series(list(cells), dtype="str"), kind)


@pytest.mark.parametrize(
    ("cell", "value", "currency"),
    [
        ("€ 1.299,00", 1299.0, "EUR"),
        ("1.299,00 €", 1299.0, "EUR"),
        ("Rs. 1,299", 1299.0, "INR"),
        ("₹1,099", 1099.0, "INR"),
        ("₹1,29,900.00", 129900.0, "INR"),
        ("$12.50", 12.5, "USD"),
        ("US$ 12.50", 12.5, "USD"),
        ("1 299,00 kr", 1299.0, "kr"),
        ("1\u00a0299,00\u00a0kr", 1299.0, "kr"),
        ("CHF 1'299.00", 1299.0, "CHF"),
        ("15.00 USD", 15.0, "USD"),
        ("EUR15", 15.0, "EUR"),
        ("12,-", 12.0, ""),
        ("1299", 1299.0, ""),
        ("0,5", 0.5, ""),
        (".5", 0.5, ""),
        ("-3.50", -3.5, ""),
        ("(3.50)", -3.5, ""),
        ("−€3.50", -3.5, "EUR"),
        ("1.5e3", 1500.0, ""),
    ],
)
def test_one_price(cell, value, currency):
    parsed = parse(cell)
    assert parsed.values[0] == value
    assert list(parsed.currencies) == ([currency] if currency else [])
    assert not len(parsed.bad)


@pytest.mark.parametrize(
    "cell",
    [
        "on request",
        "10-20",
        "1.2.3",
        "12 34",
        "12 apples",
        "1,2,3,4",
        "1e999",
        "9" * 50,
        "$",
        "x 5 y",
    ],
)
def test_what_is_not_a_number_is_bad_not_guessed(cell):
    parsed = parse(cell)
    assert list(parsed.bad) == [0]
    assert np.isnan(parsed.values[0])


@pytest.mark.parametrize("cell", ["", "NA", "n/a", "nan", "-", "None"])
def test_no_value_is_not_bad(cell):
    parsed = parse(cell, "5")
    assert not len(parsed.bad)
    assert np.isnan(parsed.values[0])


def test_a_cell_without_doubt_decides_for_the_column():
    assert list(parse("1.299", "12,50").values) == [1299.0, 12.5]
    assert list(parse("1,299", "12.50").values) == [1299.0, 12.5]
    assert list(parse("1.299", "12.50", kind="number").values) == [1.299, 12.5]


def test_in_doubt_a_price_is_thousands_and_a_measure_is_not():
    assert list(parse("1.299", "2.499").values) == [1299.0, 2499.0]
    assert list(parse("1.125", "2.375", kind="number").values) == [1.125, 2.375]
    assert list(parse("1.299", "857", "12", kind="count").values) == [1299.0, 857.0, 12.0]
    assert any("thousands" in note for note in parse("1.299", "2.499").notes)


def test_mixed_conventions_are_read_cell_by_cell_and_noted():
    parsed = parse("1.299,00", "1,299.00", "3,50")
    assert list(parsed.values) == [1299.0, 1299.0, 3.5]
    assert any("mixed" in note for note in parsed.notes)


def test_percent_signs_of_a_measure_are_dropped():
    assert list(parse("15%", "20%", kind="number").values) == [15.0, 20.0]


CENTS = st.integers(min_value=0, max_value=99_999_999)


def written(cents: int, group: str, decimal: str) -> str:
    whole = f"{cents // 100:,}".replace(",", group)
    return f"{whole}{decimal}{cents % 100:02d}"


@given(
    st.lists(CENTS, min_size=1, max_size=20),
    st.sampled_from([(",", "."), (".", ","), ("", "."), ("", ","), (" ", ","), ("'", ".")]),
    st.sampled_from(["{}", "€ {}", "{} €", "${}", "Rs. {}", "{} kr", "{} USD", "\u00a0{}\u00a0"]),
)
def test_prices_come_back_as_they_were_written(cents, signs, frame):
    cells = [frame.format(written(c, *signs)) for c in cents]
    parsed = parse(*cells)
    assert not len(parsed.bad)
    assert np.allclose(parsed.values, np.array(cents) / 100, atol=1e-9, rtol=0)


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=20))
def test_whole_counts_come_back_without_and_with_groups(values):
    assert list(parse(*map(str, values), kind="count").values) == values
    grouped = parse(*(f"{v:,}" for v in values), kind="count")
    assert list(grouped.values) == values


@given(st.lists(st.floats(min_value=0.0, max_value=1e6, allow_nan=False), min_size=1, max_size=20))
def test_numbers_written_by_a_program_are_exact(values):
    cells = [repr(v) for v in values]
    # A lone 1.125 may be thousands to a price list; a first cell without doubt settles it.
    assert list(parse("0.5", *cells, kind="number").values[1:]) == values


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text):
    parsed = parse(text)
    assert len(parsed.values) == 1
    assert not (len(parsed.bad) and not np.isnan(parsed.values[0]))
