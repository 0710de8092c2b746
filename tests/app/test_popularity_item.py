import pandas as pd
import pytest

from app.popularity_item import ordinal, rank_sentence


@pytest.mark.parametrize(
    ("number", "words"),
    [
        *((1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th")),
        *((13, "13th"), (21, "21st"), (102, "102nd"), (111, "111th"), (1203, "1,203rd")),
    ],
)
def test_places_are_told_in_words(number, words):
    assert ordinal(number) == words


def test_the_range_of_places_is_a_sentence():
    line = pd.Series({"rank_low_80": 5.0, "rank_high_80": 40.0})
    assert rank_sentence(line) == "Its place in 80 of 100 cases: 5th to 40th"
    sure = pd.Series({"rank_low_80": 1, "rank_high_80": 1})
    assert rank_sentence(sure) == "Its place in 80 of 100 cases: 1st"
