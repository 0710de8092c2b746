import numpy as np
import pandas as pd
import pytest

from app import what_if_heat
from app.what_if_heat import caption, heat_chart
from core.explain.heat import Axis, Heat


@pytest.fixture(autouse=True)
def light(monkeypatch):
    """Charts ask for the theme, which only a session has."""
    tones = {"raises": "#000001", "context": "#000002", "line": "#000003", "ink": "#000004"}
    monkeypatch.setattr(what_if_heat, "colours", lambda: tones)
    monkeypatch.setattr("app.popularity_view.colours", lambda: tones)


def made(across, down, items, seen):
    predicted = np.arange(100.0, 100.0 + 10 * np.size(items), 10).reshape(np.shape(items))
    return Heat(
        across, down, predicted, predicted / 2, 2 * predicted, np.array(items), seen, "coat"
    )


def test_two_levels_show_counts_where_past_items_are_and_crosses_elsewhere():
    seen = pd.DataFrame({"across": ["red"] * 3, "down": ["knit"] * 3, "sold": [1.0, 2, 3]})
    found = made(
        Axis("Colour", ["red", "blue"], 1),
        Axis("Cloth", ["knit", "lace"], 0),
        [[3, 0], [0, 1]],
        seen,
    )
    figure, alt = heat_chart(found, ("Colour", ""), ("Cloth", ""), "units")
    known, unknown = (t for t in figure.data if t.type == "heatmap")
    np.testing.assert_array_equal(np.isfinite(known.z), [[True, False], [False, True]])
    np.testing.assert_array_equal(np.isfinite(unknown.z), [[False, True], [True, False]])
    crosses, counts = (t for t in figure.data if t.type == "scatter")
    assert list(zip(crosses.x, crosses.y, strict=True)) == [(1, 0), (0, 1)]
    assert list(zip(counts.x, counts.y, counts.text, strict=True)) == [(0, 0, "3"), (1, 1, "1")]
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, -0.5, 0.5)
    assert known.text[0][0] == "Colour red, Cloth knit: about 100, 50 to 200 units; 3 past items"
    assert alt == (
        "Prediction by Colour and Cloth: highest about 130 units at Colour blue and Cloth lace,"
        " lowest about 100 units at Colour red and Cloth knit. 2 of 4 cells have past items."
    )
    assert "the numbers count past items of “coat”; the frame is this item" in caption(found, False)


def test_numbers_and_dates_have_dots_at_their_own_places():
    days = [pd.Timestamp("2024-01-15"), pd.Timestamp("2024-02-15"), pd.Timestamp("2024-03-15")]
    seen = pd.DataFrame(
        {
            "across": [20.0, 25.0, 40.0],
            "down": pd.to_datetime(["2024-01-15", "2024-03-15", "2024-03-01"]),
            "sold": 1.0,
        }
    )
    found = made(
        Axis("Price", [20.0, 30.0, 40.0], None), Axis("Day", days, 1), np.eye(3, dtype=int), seen
    )
    figure, _ = heat_chart(found, ("Price", "EUR"), ("Release date", ""), "units")
    dots = figure.data[-1]
    np.testing.assert_allclose(dots.x, [0, 0.5, 2])
    np.testing.assert_allclose(dots.y, [0, 2, 1 + 15 / 29])
    assert figure.layout.xaxis.ticktext == ("20 EUR", "30 EUR", "40 EUR")
    assert figure.layout.yaxis.ticktext == ("Jan 2024", "Feb 2024", "Mar 2024")
    assert tuple(figure.layout.yaxis.range) == (-0.5, 2.5), "later is higher"
    assert not figure.layout.shapes, "no frame where the item has no value"
    assert "the dots are past items of “coat”; Grey" in caption(found, True)
    assert "stay as you edited them" in caption(found, True)
