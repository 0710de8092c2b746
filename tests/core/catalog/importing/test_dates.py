import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.importing.dates import parse_dates


def parse(*cells, **options):
    return parse_dates(pd.Series(list(cells), dtype="str"), **options)


def days(parsed):
    return [None if pd.isna(v) else str(v.date()) for v in parsed.values]


@pytest.mark.parametrize(
    "cell",
    [
        "2024-03-05",
        "2024/3/5",
        "2024.03.05",
        "20240305",
        "2024-03-05T10:20:30+02:00",
        "2024-03-05 23:59:59.5",
        "5 Mar 2024",
        "March 5, 2024",
        "5th March 2024",
        "Tue, 05 Mar 2024 10:00:00 GMT",
        "45356",
        "45356.5",
        "5/3/2024",
        "05.03.24",
    ],
)
def test_one_date_in_many_hands(cell):
    assert days(parse(cell)) == ["2024-03-05"]


def test_a_day_above_twelve_decides_the_order_and_the_order_is_said():
    parsed = parse("03/04/2024", "03/25/2024")
    assert days(parsed) == ["2024-03-04", "2024-03-25"]
    assert any("month first" in note for note in parsed.notes)
    assert days(parse("03/04/2024", "25/03/2024")) == ["2024-04-03", "2024-03-25"]


def test_in_doubt_the_day_comes_first_and_the_reader_is_told_to_check():
    parsed = parse("03/04/2024")
    assert days(parsed) == ["2024-04-03"]
    assert any("check" in note for note in parsed.notes)
    assert days(parse("03/04/2024", day_first=False)) == ["2024-03-04"]


def test_a_cell_of_the_other_order_is_bad_not_turned_around():
    parsed = parse("25/03/2024", "26/03/2024", "03/25/2024")
    assert days(parsed) == ["2024-03-25", "2024-03-26", None]
    assert list(parsed.bad) == [2]


@pytest.mark.parametrize("cell", ["soon", "31/02/2024", "2024-13-01", "12", "0000-00-00", "3.5"])
def test_what_is_no_date_is_bad(cell):
    assert list(parse(cell).bad) == [0]


def test_years_and_months_alone():
    parsed = parse("2021", "2024-05", "May 2023")
    assert days(parsed) == ["2021-01-01", "2024-05-01", "2023-05-01"]
    assert any("1 January" in note for note in parsed.notes)


@given(
    st.lists(
        st.dates(
            min_value=pd.Timestamp("1990-01-01").date(), max_value=pd.Timestamp("2090-12-31").date()
        ),
        min_size=1,
        max_size=10,
    ),
    st.sampled_from(["%Y-%m-%d", "%d %b %Y", "%Y%m%d"]),
)
def test_dates_come_back_as_they_were_written(dates, form):
    assert days(parse(*(d.strftime(form) for d in dates))) == [d.isoformat() for d in dates]
