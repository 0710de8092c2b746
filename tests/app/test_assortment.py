"""Words, charts and photos of the assortment what-if."""

from dataclasses import replace

import pandas as pd
import pytest

from app import assortment_photos
from app.assortment_charts import differences_chart, mix_chart, percent
from app.assortment_photos import cell
from app.assortment_state import Tried
from app.assortment_words import (
    difference_words,
    edit_sentence,
    items_sentence,
    outside_sentence,
    step_sentence,
    total_words,
)
from core.catalog.query import Filters
from core.catalog.selection import Selection
from core.explain.assortment import Edit, Step
from core.explain.assortment_outside import Outside
from core.explain.assortment_totals import Range, Total
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def catalog():
    return replace(make_catalog(20), currency="EUR")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Edit("scale", "Price", -10.0, 0.95), "Price −10 %, ending in .95"),
        (Edit("scale", "Price", 5.0), "Price +5 %"),
        (Edit("scale", "Price", 5.0, 0.0), "Price +5 %, whole"),
        (Edit("scale", "Weight", 5.0, 0.95), "Weight +5 %"),
        (Edit("set", "Colour", "sky*blue"), "Colour set to “sky\\*blue”"),
        (Edit("set", "Colour", None), "Colour not given"),
        (Edit("set", "Price", 20.0), "Price set to 20 EUR"),
        (Edit("shift", "Launch", -1.0), "Release date 1 week earlier"),
        (Edit("shift", "Launch", 3.0), "Release date 3 weeks later"),
        (Edit("drop"), "Dropped"),
    ],
)
def test_edits_in_words(catalog, edit, words):
    assert edit_sentence(edit, catalog) == words


def test_items_in_words(catalog):
    filters = Filters("linen", (("Type", ("coat", "dress")), ("Colour", ("",))))
    filters = filters.with_span("Price", None, 40.0)
    assert items_sentence(Selection(filters), catalog) == (
        "with “linen”, Type coat or dress, Colour not given, Price up to 40 EUR"
    )
    both = Selection(Filters().with_span("Price", 5, 9.5), removed=frozenset({"1"}))
    assert items_sentence(both, catalog) == "Price 5 EUR to 9.50 EUR, 1 picked by hand"
    assert items_sentence(Selection(Filters()), catalog) == "the whole range"
    picked = Selection(added=frozenset({"1"}))
    assert step_sentence(Step(Edit("drop"), picked), 1, catalog) == (
        "Dropped · 1 item: picked on the Catalog page"
    )


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (
            Outside("below", "Price", "dress", 12, 40, limit=39.95),
            "12 of 40 edited items of “dress” would cost less than any past item of that kind"
            " (39.95 EUR).",
        ),
        (
            Outside("above", "Weight", "", 3, 9, limit=500.0),
            "3 of 9 edited items would have more in Weight than any past item (500).",
        ),
        (
            Outside("level", "Colour", "neon", 4, 4),
            "4 of 4 edited items would have Colour “neon”, which no past item has.",
        ),
        (
            Outside("together", "Colour", "green", 4, 8, "Type", "coat"),
            "4 of 8 edited items with Colour “green” have Type “coat”; no past item has both.",
        ),
        (
            Outside("season", "Type", "skirt", 4, 8, "Launch"),
            "4 of 8 edited items with Type “skirt” would come out at a time of the year when no"
            " past item with it did.",
        ),
        (
            Outside("far", "", "", 2, 30),
            "2 of 30 edited items that were looked at, drawn by lot, would have fewer than 3 past"
            " items near them; more are near as they are.",
        ),
    ],
)
def test_what_leaves_the_past_in_words(catalog, one, words):
    assert outside_sentence(one, catalog) == words


def test_totals_are_rounded_to_what_their_ranges_support():
    total = Range(325_614.3, 305_388.3, 346_827.6, 309_000, 342_000)
    assert total_words(total, "units") == "about 326,000 units, 305,000 to 347,000"
    moved = Range(-1382.6, -1742.8, -1099.3, -1669, -1151)
    assert difference_words(moved, "units") == "−1,380 units, −1,740 to −1,100"
    assert [percent(v) for v in (4.94, -12.4, 0.0)] == ["+4.9 %", "−12 %", "+0.0 %"]


def test_the_chart_of_differences_shows_both_assumptions():
    def some(low, middle, high):
        return Range(middle, low, high, low, high)

    total = Total(
        some(900, 1000, 1100), some(950, 1050, 1150), some(40, 50, 60), some(-20, 50, 120)
    )
    less = replace(total, difference=some(-60, -50, -40))
    figure, words = differences_chart([("Whole range", total), ("Value", less)])
    assert words == (
        "Change of totals. Whole range: +5.0 %, +4.0 % to +6.0 %; with new errors −2.0 % to +12 %;"
        " Value: −5.0 %, −6.0 % to −4.0 %; with new errors −2.0 % to +12 %."
    )
    thin, thick, dot = figure.data[:3]
    assert list(thin.x) == pytest.approx([-2, 12]) and list(thick.x) == pytest.approx([4, 6])
    assert dot.x[0] == pytest.approx(5)
    assert figure.data[1].line.color != figure.data[4].line.color, "up and down differ"


def test_the_mix_shows_a_second_bar_only_for_edits():
    mix = pd.DataFrame({"category": ["dress", "coat"], "before": [3, 2], "after": [4, 1]})
    figure, words = mix_chart(mix, 5, edited=True)
    assert words == "Categories of the first 5 places. Dress 3 to 4, Coat 2 to 1."
    assert [trace.name for trace in figure.data] == ["With the edits", "As it is"]
    figure, words = mix_chart(mix, 5, edited=False)
    assert words == "Categories of the first 5 places. Dress 3, Coat 2."
    assert len(figure.data) == 1


def test_a_photo_cell_escapes_what_a_catalog_says(catalog, monkeypatch):
    monkeypatch.setattr(assortment_photos.st, "query_params", {"catalog": "a b"})
    html = cell(catalog, 3, "<b>*bold* [x](y) $1$</b>\n\nnew", ["1st → 2nd", "<i>edited</i>"])
    for mark in ("<b>", "<i>", "*", "[", "$", "\n"):
        assert mark not in html
    assert 'href="?catalog=a+b&amp;item=0-00003&amp;view=This+item"' in html
    assert "<strong>1st → 2nd</strong>" in html and "&lt;i&gt;edited" in html


def test_every_change_is_undone_in_turn():
    tried = Tried("x")
    one, two = (Step(Edit("drop"), Selection(added=frozenset({i}))) for i in "ab")
    tried.undo()
    tried.take([one])
    tried.take([one])
    tried.take([one, two])
    tried.take([])
    found = []
    for _ in range(4):
        found.append(tried.current)
        tried.undo()
    assert found == [(), (one, two), (one,), ()]
