import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.roles import Role
from core.explain.linear import Part
from core.explain.wording import (
    about,
    clean,
    field,
    label,
    money,
    ordinal,
    part_words,
    rounded,
    times,
)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("articleType", "article type"),
        ("ARTICLE_TYPE", "article type"),
        ("SKU", "SKU"),
        ("Type", "type"),
        ("sleeve-length ", "sleeve length"),
        ("__", "field"),
    ],
)
def test_columns_are_told_in_words(column, words):
    assert label(column) == words


@pytest.mark.parametrize(
    ("part", "modality", "role", "words"),
    [
        (Part("cost", 1, "39.9"), "metadata", Role.PRICE, "the price of 39.90 EUR"),
        (Part("cost", 1, "1,200"), "metadata", Role.PRICE, "the price of 1,200 EUR"),
        (Part("cost", 1, "not given"), "metadata", Role.PRICE, "the missing price"),
        (
            Part("day", 1, "3 May 2023"),
            "metadata",
            Role.RELEASE_DATE,
            "the release date 3 May 2023",
        ),
        (Part("bodyWeight", 1, "300.5"), "metadata", Role.NUMBER, "the body weight of 300.5"),
        (Part("Colour", 1, "red"), "metadata", Role.ATTRIBUTE, "the colour “red”"),
        (
            Part("Colour", 1, "not in this catalog"),
            "metadata",
            Role.ATTRIBUTE,
            "the missing colour",
        ),
        (Part("image", 1, ""), "photo", None, "the photo"),
        (Part("image", 1, "no photo"), "photo", None, "the missing photo"),
        (Part("image", 1, "side view"), "metadata", Role.ATTRIBUTE, "the image “side view”"),
        (Part("description", 1, "A dress"), "text", None, "the name and description"),
        (Part("description", 1, "not given"), "text", None, "the name and description"),
        (Part("reviews", 1, "Nice"), "text", None, "the review texts"),
    ],
)
def test_a_part_is_told_with_the_items_own_cell(part, modality, role, words):
    assert part_words(part, modality, role, "EUR") == words


def test_a_column_named_as_a_text_is_told_by_what_it_is():
    assert field("description", "metadata", Role.ATTRIBUTE) == "description"
    assert field("description", "text") == "name and description"


@given(st.text())
def test_cleaned_text_is_one_visible_line(text):
    found = clean(text)
    assert found == " ".join(found.split())
    assert all(c.isprintable() for c in found)
    assert clean("a\u202eb\nc\x00") == "a b c"


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


@given(st.floats(0, 1e7), st.floats(0, 1e7), st.floats(0, 1e7))
def test_rounding_moves_a_number_by_less_than_the_interval_is_wide(value, low, high):
    low, high = sorted((low, high))
    assert abs(rounded(value, low, high) - value) <= max(0.5, (high - low) / 40)


def test_money():
    assert money(49.9, "EUR") == "49.90 EUR"
    assert money(1200.0, "$") == "$1,200"
    assert money(5.0) == "5"


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1.12, "+12 %"),
        (0.92, "−8 %"),
        (1.003, "+0.3 %"),
        (0.998, "−0.2 %"),
        (2.4, "× 2.4"),
        (0.31, "× 0.31"),
    ],
)
def test_factors_in_words(factor, words):
    assert times(factor) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        *((1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th")),
        *((13, "13th"), (21, "21st"), (102, "102nd"), (111, "111th"), (1203, "1,203rd")),
    ],
)
def test_places_are_told_in_words(number, words):
    assert ordinal(number) == words
