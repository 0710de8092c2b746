"""The filters on what is seen in photos: several articles an item, worn or not, links, exports."""

import numpy as np
import pandas as pd
import pytest

from core.catalog.catalog import Catalog, conform
from core.catalog.export import export_frame, write_table
from core.catalog.facets import MISSING, NOTHING, SEEN, WORN
from core.catalog.query import Filters, Listing, Query
from core.catalog.roles import Role

ROLES = {"sku": Role.ID, "kind": Role.CATEGORY}


@pytest.fixture
def catalog(tmp_path):
    frame = pd.DataFrame({"sku": list("abcdef"), "kind": ["x", "x", "x", "y", "y", "y"]})
    return Catalog(tmp_path, "Six", conform(frame, ROLES), ROLES)


@pytest.fixture
def seen():
    return pd.DataFrame(
        {
            "articles": pd.array(
                ["dress|bag", "dress", "bag|shoes", "", None, "dress|shoes"], dtype="string"
            ),
            "worn": pd.array([True, True, False, False, None, True], dtype="boolean"),
            "checkpoint": pd.array(["p-1"] * 4 + [None, "p-1"], dtype="string"),
        }
    )


def matched(listing, **levels):
    filters = Filters()
    for column, wanted in levels.items():
        filters = filters.with_levels({"seen": SEEN, "worn": WORN, "kind": "kind"}[column], wanted)
    return "".join(listing.catalog.ids[listing.match(filters)])


def test_without_a_run_there_are_no_such_filters(catalog):
    assert [f.column for f in Listing(catalog, None).facets] == ["kind"]


def test_the_levels_are_the_articles_by_frequency_and_then_what_is_not_known(catalog, seen):
    articles, worn = Listing(catalog, None, seen).facets[-2:]
    assert (articles.column, worn.column) == (SEEN, WORN)
    assert articles.levels[0] == "dress" and set(articles.levels[1:3]) == {"bag", "shoes"}
    assert articles.levels[3:] == (NOTHING, MISSING)
    assert worn.levels == ("yes", "no", MISSING)


def test_items_pass_with_any_of_the_articles_wanted(catalog, seen):
    listing = Listing(catalog, None, seen)
    assert matched(listing, seen=["dress"]) == "abf"
    assert matched(listing, seen=["bag", "shoes"]) == "acf"
    assert matched(listing, seen=[NOTHING]) == "d"
    assert matched(listing, seen=[MISSING]) == "e"
    assert matched(listing, worn=["no"]) == "cd"
    assert matched(listing, seen=["bag"], worn=["yes"]) == "a"
    assert matched(listing, seen=["shoes"], kind=["y"]) == "f"


def test_counts_are_what_a_click_would_show(catalog, seen):
    listing = Listing(catalog, None, seen)
    filters = Filters().with_levels(SEEN, ["bag"]).with_levels("kind", ["x"])
    counts = listing.counts(filters)
    for facet in listing.facets:
        for level, count in zip(facet.levels, counts[facet.column], strict=True):
            assert count == listing.match(filters.with_levels(facet.column, [level])).sum()


def test_a_link_holds_both_and_forgets_articles_that_are_not_there(catalog, seen):
    listing = Listing(catalog, None, seen)
    filters = Filters().with_levels(SEEN, ["bag", "dress"]).with_levels(WORN, ["no", MISSING])
    params = Query(filters=filters).to_params()
    assert Query.from_params(params, listing).filters == filters
    params[f"f.{SEEN}"] = ["bag", "cape"]
    assert Query.from_params(params, listing).filters.chosen(SEEN) == ("bag",)
    assert Query.from_params(params, Listing(catalog, None)).filters == Filters()


def test_a_column_of_the_table_comes_before_a_facet_of_the_same_name(catalog, seen):
    frame = catalog.frame.assign(**{SEEN: list("uuvvww")})
    roles = ROLES | {SEEN: Role.ATTRIBUTE}
    own = Catalog(catalog.directory, "Six", conform(frame, roles), roles)
    facets = [f for f in Listing(own, None, seen).facets if f.column == SEEN]
    assert len(facets) == 1 and set(facets[0].levels) == {"u", "v", "w"}


def test_one_answer_for_all_is_no_filter(catalog, seen):
    same = seen.assign(articles="dress", worn=True)
    assert [f.column for f in Listing(catalog, None, same).facets] == ["kind"]


def test_exports_carry_what_was_seen_and_by_what(catalog, seen, tmp_path):
    frame = export_frame(catalog, None, np.array([2, 4]), seen)
    write_table(frame, tmp_path / "out.csv")
    read = pd.read_csv(tmp_path / "out.csv")
    assert read["seen_in_photo"].tolist()[0] == "bag|shoes"
    assert str(read["worn_by_a_person"][0]) == "False"
    assert read["seen_by_checkpoint"][0] == "p-1"
    assert read.iloc[1][["seen_in_photo", "worn_by_a_person", "seen_by_checkpoint"]].isna().all()
    assert "seen_in_photo" not in export_frame(catalog, None).columns
