"""Which columns become filters, and in which order they and their levels come."""

from pathlib import Path

import pandas as pd

from core.catalog.catalog import Catalog, conform
from core.catalog.facets import MISSING, column_facets
from core.catalog.roles import Role


def test_the_first_filters_are_the_ones_a_merchandiser_looks_for():
    size = 40
    frame = pd.DataFrame(
        {
            "sku": [str(i) for i in range(size)],
            "material": [f"m{i % 3}" for i in range(size)],
            "brand": [f"b{i % 7}" for i in range(size)],
            "season": [f"s{i % 2}" for i in range(size)],
            "base_colour": [f"c{i % 5}" for i in range(size)],
            "colour_depth": [f"d{i % 2}" for i in range(size)],
            "kind": [f"k{i % 4}" for i in range(size)],
            "only": ["one"] * size,
            "code": [f"unique {i}" for i in range(size)],
        }
    )
    roles = {c: Role.ATTRIBUTE for c in frame if c not in ("sku", "kind")}
    roles |= {"sku": Role.ID, "kind": Role.CATEGORY}
    catalog = Catalog(directory=Path("none"), name="", frame=conform(frame, roles), roles=roles)
    facets = column_facets(catalog)
    assert [f.column for f in facets if f.first] == ["kind", "base_colour", "season", "brand"]
    assert [f.column for f in facets if not f.first] == ["colour_depth", "material", "code"]
    assert "only" not in {f.column for f in facets}, "a single level filters nothing"


def test_levels_come_most_frequent_first_and_missing_last():
    kinds = ["b", "a", None, "b", None, None, "c", "a"]
    frame = pd.DataFrame({"sku": [str(i) for i in range(8)], "kind": kinds})
    roles = {"sku": Role.ID, "kind": Role.CATEGORY}
    catalog = Catalog(directory=Path("none"), name="made", frame=conform(frame, roles), roles=roles)
    (facet,) = column_facets(catalog)
    assert facet.levels == ("a", "b", "c", MISSING)


def test_seasons_come_newest_first_and_undated_ones_last():
    days = {"SS24": "2024-03-01", "AW24": "2024-09-01", "SS25": "2025-03-01", "Evergreen": None}
    seasons = ["AW24"] * 5 + ["SS24"] * 3 + ["Evergreen"] * 4 + ["SS25"]
    frame = pd.DataFrame(
        {
            "sku": [str(i) for i in range(len(seasons))],
            "season": seasons,
            "day": [days[s] for s in seasons],
        }
    )
    roles = {"sku": Role.ID, "season": Role.ATTRIBUTE, "day": Role.RELEASE_DATE}
    catalog = Catalog(directory=Path("none"), name="made", frame=conform(frame, roles), roles=roles)
    (facet,) = column_facets(catalog)
    assert facet.levels == ("SS25", "AW24", "SS24", "Evergreen")
