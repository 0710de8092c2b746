"""Filters, counts, orders and links, against a slow and plain reading of the same rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog.catalog import Catalog, conform
from core.catalog.facets import MISSING
from core.catalog.query import SORTS, Filters, Listing, Query, pages
from core.catalog.roles import Role

ROLES = {
    "sku": Role.ID,
    "name": Role.TITLE,
    "text": Role.DESCRIPTION,
    "kind": Role.CATEGORY,
    "colour": Role.ATTRIBUTE,
    "fit": Role.ATTRIBUTE,
    "price": Role.PRICE,
    "weight": Role.NUMBER,
    "day": Role.RELEASE_DATE,
    "sold": Role.TARGET,
}
COLUMNS = ("kind", "colour", "fit")


def make(frame: pd.DataFrame) -> Catalog:
    roles = {c: r for c, r in ROLES.items() if c in frame}
    return Catalog(directory=Path("none"), name="made", frame=conform(frame, roles), roles=roles)


def ranking_of(catalog: Catalog, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    middle = rng.gamma(2, 100, len(catalog))
    frame = pd.DataFrame(
        {
            "item_id": catalog.ids,
            "predicted": middle,
            "low": middle * rng.uniform(0.1, 0.9, len(catalog)),
            "high": middle * rng.uniform(1.1, 4, len(catalog)),
        }
    ).sort_values("predicted", ascending=False)
    frame.insert(1, "rank", np.arange(1, len(frame) + 1))
    return frame.reset_index(drop=True)


WORDS = st.sampled_from(["red", "Red", "dress", "SHIRT", "été", "a+b", "(", "50%", "nil"])
ITEM = st.fixed_dictionaries(
    {
        "name": st.lists(WORDS, max_size=3).map(" ".join),
        "text": st.none() | st.lists(WORDS, max_size=3).map(" ".join),
        "kind": st.sampled_from(["Dress", "Shirt", "Été"]),
        "colour": st.sampled_from(["red", "blue", None, ""]),
        "fit": st.sampled_from(["slim", None]),
        "price": st.none() | st.integers(0, 9).map(float),
        "weight": st.none() | st.sampled_from([-1.5, 0.0, 2.0]),
        "day": st.none() | st.sampled_from(["2024-01-01", "2025-06-01"]),
        "sold": st.none() | st.integers(0, 99).map(float),
    }
)
ITEMS = st.lists(ITEM, min_size=1, max_size=25)
LEVELS = {
    "kind": ["Dress", "Shirt", "Été"],
    "colour": ["red", "blue", MISSING],
    "fit": ["slim", MISSING],
}
WANTED = st.fixed_dictionaries(
    {c: st.lists(st.sampled_from(v), max_size=2, unique=True) for c, v in LEVELS.items()}
)
ENDS = st.none() | st.integers(-2, 9).map(float)


def catalog_of(items: list[dict]) -> Catalog:
    frame = pd.DataFrame(items)
    frame.insert(0, "sku", [f"{i:03d}" for i in range(len(items))])
    frame["day"] = pd.to_datetime(frame["day"])
    for column in ("price", "weight", "sold"):
        frame[column] = frame[column].astype("float64")
    return make(frame)


def filters_for(listing: Listing, text: str, wanted: dict, price: tuple) -> Filters:
    filters = Filters(text)
    for facet in listing.facets:
        filters = filters.with_levels(
            facet.column, [v for v in wanted[facet.column] if v in facet.levels]
        )
    return filters.with_span("price", *price) if "price" in listing.spans else filters


def passes(row: dict, filters: Filters, skip: str = "") -> bool:
    """The meaning of `Filters`, one item at a time."""
    for column, levels in filters.levels:
        value = row[column]
        if column != skip and (MISSING if pd.isna(value) else value) not in levels:
            return False
    for column, low, high in filters.ranges:
        value = row[column]
        if pd.isna(value) or (low is not None and value < low):
            return False
        if high is not None and value > high:
            return False
    seen = [row[c] for c in ("sku", "name", "text", *COLUMNS)]
    seen = "\n".join("" if pd.isna(s) else s for s in seen).lower()
    return all(word in seen for word in filters.text.lower().split())


@settings(max_examples=80)
@given(ITEMS, st.lists(WORDS, max_size=2).map(" ".join), WANTED, st.tuples(ENDS, ENDS))
def test_match_and_counts_are_what_one_row_at_a_time_gives(items, text, wanted, price):
    catalog = catalog_of(items)
    listing = Listing(catalog, None)
    filters = filters_for(listing, text, wanted, price)
    rows = catalog.frame.astype(object).to_dict("records")
    assert listing.match(filters).tolist() == [passes(r, filters) for r in rows]
    counts = listing.counts(filters)
    assert set(counts) == {f.column for f in listing.facets}
    for facet in listing.facets:
        left = [r for r in rows if passes(r, filters, skip=facet.column)]
        values = [MISSING if pd.isna(r[facet.column]) else r[facet.column] for r in left]
        expected = [values.count(level) for level in facet.levels]
        assert counts[facet.column].tolist() == expected


@settings(max_examples=60)
@given(ITEMS, st.sampled_from(SORTS), st.booleans(), st.randoms(use_true_random=False))
def test_order_is_a_stable_sort_with_missing_values_last(items, sort, ranked, random):
    catalog = catalog_of(items)
    ranking = ranking_of(catalog) if ranked else None
    listing = Listing(catalog, ranking)
    mask = np.array([random.random() < 0.8 for _ in items])
    near = np.array([random.choice([np.nan, 0.1, 0.5]) for _ in items], dtype=np.float32)
    found = listing.order(mask, sort, near)
    assert sorted(found) == np.flatnonzero(mask).tolist()

    frame = catalog.frame.assign(near=near, rank=np.nan, width=np.nan)
    if ranking is not None:
        by_id = ranking.set_index("item_id").loc[catalog.ids]
        frame["rank"] = by_id["rank"].to_numpy(dtype=float)
        frame["width"] = np.log1p(by_id["high"].to_numpy()) - np.log1p(by_id["low"].to_numpy())
    column, up = {
        "rank": ("rank", True),
        "price": ("price", True),
        "-price": ("price", False),
        "newest": ("day", False),
        "actual": ("sold", False),
        "certain": ("width", True),
        "uncertain": ("width", False),
        "similar": ("near", False),
    }[sort]
    kept = frame[mask].sort_values("rank", kind="stable")
    expected = kept.sort_values(column, ascending=up, kind="stable", na_position="last")
    assert found.tolist() == expected.index.tolist()


@settings(max_examples=60)
@given(
    ITEMS,
    st.lists(WORDS, max_size=2).map(" ".join),
    WANTED,
    st.tuples(ENDS, ENDS),
    st.sampled_from(SORTS),
    st.integers(1, 40),
    st.sampled_from(["", "floral dress"]),
)
def test_a_link_reopens_the_view(items, text, wanted, price, sort, page, look):
    catalog = catalog_of(items)
    listing = Listing(catalog, ranking_of(catalog))
    query = Query(
        filters_for(listing, text, wanted, price),
        sort=sort, page=page, per_page=48, view="table", look=look, like="000", item="000",
    )  # fmt: skip
    assert Query.from_params(query.to_params(), listing) == query
    assert Query().to_params() == {}


def test_a_link_that_makes_no_sense_opens_the_plain_view():
    listing = Listing(catalog_of([{c: None for c in ROLES if c != "sku"}] * 2), None)
    params = {
        "sort": ["sideways"], "page": ["-3"], "per": ["1000000"], "view": ["<script>"],
        "f.kind": ["Nothing"], "f.price": ["nan..inf"], "f.nowhere": ["x"], "like": ["no such id"],
    }  # fmt: skip
    assert Query.from_params(params, listing) == Query()
    assert Query.from_params({"page": ["9" * 30]}, listing).page == 1


@pytest.mark.parametrize(("items", "per", "expected"), [(0, 24, 1), (24, 24, 1), (25, 24, 2)])
def test_pages(items, per, expected):
    assert pages(items, per) == expected


def test_orders_on_offer_are_those_the_catalog_can_give():
    plain = make(pd.DataFrame({"sku": ["1", "2"], "kind": ["a", "b"]}))
    assert Listing(plain, None).sorts() == ["rank"]
    full = catalog_of([{c: None for c in ROLES if c != "sku"}] * 2)
    assert Listing(full, ranking_of(full)).sorts() == [s for s in SORTS if s != "similar"]


def test_twenty_thousand_items_filter_in_a_moment():
    import time

    rng = np.random.default_rng(0)
    size = 20_000
    frame = pd.DataFrame(
        {
            "sku": [f"{i:06d}" for i in range(size)],
            "name": rng.choice(["red dress", "blue shirt", "green coat"], size),
            "kind": rng.choice([f"k{i}" for i in range(40)], size),
            "colour": rng.choice([f"c{i}" for i in range(30)], size),
            "fit": rng.choice(["slim", "wide"], size),
            "price": rng.uniform(5, 200, size).round(2),
        }
    )
    listing = Listing(make(frame), None)
    filters = Filters("dress").with_levels("kind", ["k1", "k2"]).with_span("price", 10, 90)
    listing.match(filters)
    start = time.perf_counter()
    found = listing.order(listing.match(filters), "price")
    listing.counts(filters)
    took = time.perf_counter() - start
    assert len(found) > 50
    assert took < 0.5, f"{took:.2f} s; measured at 0.025 s"
