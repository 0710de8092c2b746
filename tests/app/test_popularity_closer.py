"""Charts and sentences of the closer look at the models, without a page around them."""

import numpy as np
import pandas as pd
import pytest

from app.popularity_curve import curve_chart, summary
from app.popularity_curve import sentences as curve_sentences
from app.popularity_drift import drift_chart
from app.popularity_drift import sentences as drift_sentences
from app.popularity_scatter import (
    INSIDE,
    OTHERS,
    OUTSIDE,
    alt_text,
    scatter_chart,
    spread_sentence,
    ticks,
)
from app.popularity_slices import chosen, coverage_chart
from app.popularity_slices import sentences as slice_sentences
from app.popularity_versions import change_sentence, decided
from core.popularity.learning_curve import LearningCurve, Point
from core.popularity.scoreboard import Choice, ModelScores, Scoreboard
from core.popularity.versions import RankingChange


def points(n=60, **columns):
    rng = np.random.default_rng(0)
    predicted = np.exp(rng.normal(5, 0.5, n))
    table = pd.DataFrame(
        {
            "predicted": predicted,
            "actual": np.round(predicted * np.exp(rng.normal(0, 0.8, n))),
            "low": predicted / 3,
            "high": predicted * 3,
            "fold": np.repeat(["SS24", "AW24", "SS25"], n // 3),
            "name": [f"Item <{i}>" for i in range(n)],
            "kind": INSIDE,
        }
    )
    return table.assign(**columns)


def test_every_item_is_one_point_on_log_axes_with_its_range_on_hover():
    table = points()
    line, cloud = scatter_chart(table, "units").data
    assert list(line.x) == list(line.y), "the line where both agree"
    np.testing.assert_allclose(np.expm1(cloud.x), table["predicted"])
    np.testing.assert_allclose(np.expm1(cloud.y), table["actual"])
    first = table.iloc[0]
    assert cloud.text[0].startswith("Item &lt;0&gt;<br>predicted about ")
    assert f"actual {first['actual']:,.0f} units" in cloud.text[0]
    axes = scatter_chart(table, "units").layout
    assert axes.xaxis.range == axes.yaxis.range


def test_an_item_that_never_sold_is_drawn():
    table = points().assign(actual=0.0)
    figure = scatter_chart(table, "units")
    assert set(figure.data[1].y) == {0.0} and figure.layout.yaxis.range[0] == 0.0


def test_the_largest_categories_have_a_colour_and_all_others_share_one():
    kinds = np.repeat(list("abcdefgh"), [20, 10, 8, 7, 6, 4, 3, 2])
    names = [trace.name for trace in scatter_chart(points(kind=kinds), "units").data[1:]]
    assert names == [f"{OTHERS} (9)", "a (20)", "b (10)", "c (8)", "d (7)", "e (6)"]
    inside = np.where(np.arange(60) < 50, INSIDE, OUTSIDE)
    names = [trace.name for trace in scatter_chart(points(kind=inside), "units").data[1:]]
    assert names == [f"{INSIDE} (50)", f"{OUTSIDE} (10)"]


def test_marks_on_the_axes_are_round_numbers():
    assert ticks(0.0, np.log1p(5e6))[1] == [
        "0", "1", "10", "100", "1,000", "10,000", "100,000", "1,000,000"
    ]  # fmt: skip
    values, labels = ticks(np.log1p(40), np.log1p(2500))
    assert labels == ["100", "300", "1,000"]
    np.testing.assert_allclose(np.expm1(values), [100, 300, 1000])


def test_the_cloud_in_words():
    table = points()
    inside = ((table["actual"] >= table["low"]) & (table["actual"] <= table["high"])).mean()
    assert f"{inside * 100:.0f} % of the actual values" in alt_text(table, "likes")
    assert "stay closer to the average" in spread_sentence(table, "likes")
    assert "closer" not in spread_sentence(table.assign(actual=100.0), "likes")


def slices(**verdicts):
    lines = [
        ("all", "All items", 500, 240, 0.45, 0.91, 0.87, 0.94, "kept"),
        ("season", "SS25", 99, 54, 0.66, 0.99, 0.92, 1.0, "wide"),
        ("category", "Jeans", 35, 18, -0.2, 0.71, 0.48, 0.87, "short"),
        ("category", "Coat", 40, 16, 0.05, 0.85, 0.61, 0.95, "few"),
        ("price", "Price up to 40 EUR", 120, 60, 0.29, 0.88, 0.8, 0.94, "kept"),
    ]
    names = ["kind", "label", "items", "styles", "spearman", "coverage_90"]
    return pd.DataFrame(lines, columns=[*names, "coverage_low", "coverage_high", "verdict"])


def test_slices_that_fall_short_are_named_and_few_items_are_no_verdict():
    text = "\n".join(slice_sentences(slices()))
    assert "- Jeans: 71 % of 35 items (48 to 87 %)" in text and "do not lean on them" in text
    assert "wider than they need to be: SS25." in text
    assert "best for SS25 (rank correlation 0.66) and worst for Price up to 40 EUR (0.29)" in text
    assert "1 of 5 slices have few items" in text
    fine = slices().query("verdict == 'kept'")
    assert "No slice falls short" in slice_sentences(fine)[0]


def test_the_coverage_chart_has_a_line_and_a_dot_for_each_slice():
    figure, alt = coverage_chart(slices())
    assert len(figure.data) == 10
    assert figure.layout.shapes[0].x0 == 0.9
    jeans = figure.data[5]
    assert jeans.x == (0.71,) and jeans.marker.color != figure.data[1].marker.color
    assert figure.data[7].marker.symbol == "circle-open", "few items"
    assert "Coat 85 % of 40 items (61 to 95 %)" in alt


def test_the_chart_leaves_small_categories_out_that_keep_the_promise():
    lines = [("category", f"c{i}", "short" if i == 19 else "kept") for i in range(20)]
    table = pd.DataFrame(
        [("all", "All items", "kept"), *lines], columns=["kind", "label", "verdict"]
    )
    assert list(chosen(table)["label"]) == ["All items", *(f"c{i}" for i in range(12)), "c19"]


def drift(psi):
    """Two columns, three seasons; `psi` of the first in each."""
    lines = []
    for season, value in zip(("SS24", "AW24", "SS25"), psi, strict=True):
        verdict = "large" if value >= 0.25 else "changed" if value >= 0.1 else "steady"
        lines.append((season, "Colour", value, 0.02, 0.3, 0.0, verdict))
        lines.append((season, "Brand", 0.01, 0.02, 0.0, 0.05, "steady"))
    names = ["season", "label", "psi", "chance", "missing_share", "new_share", "verdict"]
    table = pd.DataFrame(lines, columns=names)
    return table.assign(items=100, items_before=300, missing_before=0.0)


def test_what_stands_out_in_the_newest_season_is_told_with_how_usual_it_is():
    text = "\n".join(drift_sentences(drift([0.05, 0.15, 0.4])))
    assert (
        "- Colour: large change (0.40), not given for 30 % of items, before 0 %; as in 1 of 2"
        " seasons before" in text
    )
    assert "never seen before: Brand 5 %" in text
    assert "looks like the seasons before" in drift_sentences(drift([0.3, 0.3, 0.02]))[0]


def test_the_heat_map_has_a_cell_for_each_column_and_season():
    figure, alt = drift_chart(drift([0.05, 0.15, 0.4]))
    (cells,) = figure.data
    assert list(cells.x) == ["SS24", "AW24", "SS25"] and list(cells.y) == ["Brand", "Colour"]
    np.testing.assert_array_equal(cells.z, [[0, 0, 0], [0, 1, 2]])
    assert cells.text[1][2] == "0.40" and "100 items against 300 before" in cells.customdata[1][2]
    assert alt.endswith("What stands out: Colour in SS25 0.40, Colour in AW24 0.15.")


def curve(*values):
    """Three draws a share, .02 apart, around these scores."""
    given = [
        Point("linear", share, draw, round(share * 500), value + 0.01 * (draw - 1))
        for share, value in zip((0.2, 0.4, 0.7), values, strict=False)
        for draw in range(3)
    ]
    last = Point("linear", 1.0, 0, 500, values[-1])
    return LearningCurve("t", "2026-01-02T00:00:00", "forward", "AW25", 99, [*given, last])


def board(**changes):
    score = {"value": 0.4, "low": 0.2, "high": 0.6}
    folds = [{"split": "forward", "label": "AW25", "scored_on": 99, "spearman": score}]
    values = dict(
        date="2026-01-01T10:00:00+00:00", catalog="Made", data_hash="x", target="Sold",
        unit="units", items=600, items_without_target=0, include_post_launch=False, split="",
        columns=[], promoted="linear", models={"linear": ModelScores({}, {}, folds)},
    )  # fmt: skip
    return Scoreboard(**{**values, **changes})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.1, 0.2, 0.3, 0.4), "still rising"),
        ((0.1, 0.2, 0.4, 0.4), "levelled off"),
        ((0.3, 0.3, 0.3, 0.3), "no clear rise"),
        ((0.3, 0.3, 0.315, 0.3), "no clear rise"),
        ((0.3, 0.4, 0.3, 0.2), "it fell"),
    ],
)
def test_what_the_curve_says(values, said):
    made = curve(*values)
    lines = curve_sentences(summary(made), made, board())
    assert said in lines[1] and f"{values[-1]:.2f} from all 500" in lines[1]
    assert "about 0.20 to 0.60" in lines[-1]


def test_too_few_items_for_a_curve_are_told():
    made = LearningCurve("t", "d", "grouped", "1", 9, [Point("linear", 1.0, 0, 45, None)])
    lines = curve_sentences(summary(made), made, board())
    assert "9 held-out items" in lines[0] and "too few items" in lines[1] and len(lines) == 2


def test_the_curve_is_drawn_with_the_spread_of_its_draws():
    made = curve(0.1, 0.2, 0.3, 0.4)
    figure, alt = curve_chart(summary(made), made, "linear")
    band, line = figure.data
    np.testing.assert_allclose(line.y, [0.1, 0.2, 0.3, 0.4])
    assert list(line.x) == [100, 200, 350, 500]
    assert max(band.y[:4]) == pytest.approx(0.4) and band.y[0] == pytest.approx(0.11)
    assert alt.startswith("Rank correlation on 99 items of AW25") and "0.30 from 350 items" in alt


def test_decisions_in_words():
    assert "it scored best" in decided(board())
    chosen = Choice("2026-01-03T09:05:00+00:00", "promoted", "image", "linear", "Ada", "a *try*")
    told = decided(board(choices=[chosen]))
    assert "Ada chose “Photo alone” instead of “Details and text” on 2026-01-03, 09:05 UTC" in told
    assert told.endswith(": “a \\*try\\*”.")
    back = Choice("2026-01-04T09:05:00+00:00", "restored", "linear", "2026-01-02T08:00:00+00:00")
    assert "somebody went back from the models of 2026-01-02, 08:00 UTC" in decided(
        board(choices=[chosen, back])
    )


def test_a_change_of_ranking_in_words():
    assert "would stay as it is" in change_sentence(RankingChange(800, 1.0, 50, 0))
    told = change_sentence(RankingChange(800, 0.531, 50, 33))
    assert "first 50 would have **33** others" in told and "correlation of 0.53" in told
