import pandas as pd
import pytest

from core.catalog import Role
from core.catalog.importing.guessing import guess_roles, late_name, normal, unit_of


def guess(**columns):
    return guess_roles(pd.DataFrame({k: pd.Series(v, dtype="str") for k, v in columns.items()}))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Selling Price ($)", "selling_price"),
        ("productDisplayName", "product_display_name"),
        ("NUMBER OF REVIEWS", "number_of_reviews"),
        (" Größe ", "größe"),
    ],
)
def test_names_are_compared_in_one_form(name, plain):
    assert normal(name) == plain


@pytest.mark.parametrize(
    "name",
    [
        "STARS",
        "average_rating",
        "NUMBER OF REVIEWS",
        "Sold out",
        "in_stock",
        "discount %",
        "likes",
        "markdown_pct",
        "sell-through",
        "Return rate",
        "bestseller",
        "revenue",
        "inventory quantity",
    ],
)
def test_names_of_what_is_known_only_later(name):
    assert late_name(name)


@pytest.mark.parametrize(
    "name",
    ["color", "release_date", "start", "preview image", "soldier print", "reorder", "united"],
)
def test_names_of_what_is_known_at_launch(name):
    assert not late_name(name)


def test_an_id_column_must_tell_items_apart():
    crawl = guess(ID=["0", "0", "1", "1"] * 3, item=[f"itm{i:03}x" for i in range(12)])
    assert crawl.roles["item"] == Role.ID
    assert "ID" not in crawl.roles
    assert guess(id=["a", "a", "b"], title=["One", "Two", "Three"]).roles["id"] == Role.ID
    codes = guess(art=["AX-101", "AX-102", "AX-103"], vk=["12", "13", "14"])
    assert codes.roles["art"] == Role.ID
    assert guess(vk=["12", "13", "14"], title=["One", "Two", "Two"]).roles.get("vk") is None


def test_units_sold_are_a_better_target_than_ratings_and_ratings_than_reviews():
    numbers = ["1", "2", "3"]
    ids = ["a", "b", "c"]
    both = guess(id=ids, reviews_count=numbers, number_of_ratings=numbers, units_sold=numbers)
    assert [c for c, r in both.roles.items() if r == Role.TARGET] == ["units_sold"]
    two = guess(id=ids, reviews_count=numbers, number_of_ratings=numbers)
    assert [c for c, r in two.roles.items() if r == Role.TARGET] == ["number_of_ratings"]
    assert "reviews_count" not in two.roles, "another count of popularity is never a feature"
    one = guess(id=ids, reviews_count=numbers)
    assert one.roles["reviews_count"] == Role.TARGET


def test_columns_that_say_nothing_get_no_role():
    ids = [f"a{i}" for i in range(30)]
    found = guess(
        id=ids,
        country=["US"] * 30,
        mystery=[str(i % 7) for i in range(30)],
        url=[f"http://x/{i % 3}" for i in range(30)],
        crawled_at=["2024-01-01", "2024-01-02"] * 15,
    )
    assert set(found.roles) == {"id"}


def test_a_range_of_one_brand_and_season_keeps_their_meaning():
    found = guess(id=["a", "b", "c"], brand=["Acme"] * 3, season=["AW26"] * 3, units_sold=["0"] * 3)
    assert found.roles["brand"] == found.roles["season"] == Role.ATTRIBUTE
    assert "units_sold" not in found.roles, "nothing has sold yet: there is no target"


def test_few_different_short_texts_are_an_attribute_and_the_reason_says_so():
    found = guess(id=[f"a{i}" for i in range(40)], kragen=["rund", "spitz"] * 20)
    assert found.roles["kragen"] == Role.ATTRIBUTE
    assert found.reasons["kragen"] == "2 different short texts"


def test_a_name_alone_is_not_enough():
    found = guess(
        id=["a", "b", "c"], price=["low", "mid", "high"], release_date=["soon", "no", "x"]
    )
    assert found.roles.get("price") != Role.PRICE
    assert found.roles.get("release_date") != Role.RELEASE_DATE


def test_one_price_and_the_others_as_numbers():
    found = guess(
        id=["a", "b", "c"],
        MRP=["₹1,099", "₹999", "₹500"],
        **{"DISCOUNTED PRICE": ["₹569", "₹400", "₹399"]},
    )
    assert found.roles["DISCOUNTED PRICE"] == Role.PRICE
    assert found.roles["MRP"] == Role.NUMBER


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("units_12w", "units"),
        ("likes", "likes"),
        ("NUMBER OF RATINGS", "ratings"),
        ("reviews_count", "reviews"),
        ("orders", "orders"),
    ],
)
def test_the_unit_follows_the_target(column, unit):
    assert unit_of(column) == unit
