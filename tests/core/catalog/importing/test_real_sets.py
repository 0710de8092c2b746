"""The public sets, where they lie beside the checkout: the report accounts for every row."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.catalog import Role

SHARED = Path(__file__).resolve().parents[4] / "../shared/data"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the public sets are not beside the checkout"),
]


def test_visuelle(load):
    report = load(SHARED / "visuelle")
    catalog = report.catalog
    assert (report.read, report.items, report.photos) == (5080, 5080, 491)
    assert report.problems == {"photo not found": 5080 - 491}
    source = pd.read_csv(SHARED / "visuelle/train.csv")
    units = (source[[str(w) for w in range(12)]] * 1065).sum(axis=1)
    assert np.abs(catalog.target().to_numpy() - units.to_numpy()).max() < 0.5
    assert catalog.series().groupby("item")["value"].sum().sum() == catalog.target().sum()
    assert len(catalog.trends()) == 220 * 96 - 660
    assert sum(bool(catalog.image_paths(row)) for row in range(5080)) == 491


@pytest.mark.slow
def test_styles(load):
    report = load(SHARED / "fashion_products")
    assert (report.read, report.items, report.photos) == (8583, 8583, 8583)
    assert not report.issues


def test_hm(load):
    report = load(SHARED / "hm_slice")
    assert (report.read, report.items) == (4903, 4903)
    assert report.catalog.target().sum() == 10_000
    assert report.catalog.frame["product_code"].nunique() == 3164


def test_flipkart(load):
    report = load(SHARED / "flipkart/flipkart.csv")
    catalog = report.catalog
    assert (report.read, report.items, report.issues) == (692, 692, [])
    assert (catalog.column(Role.ID), catalog.column(Role.TARGET)) == ("item", "NUMBER OF RATINGS")
    assert (catalog.currency, catalog.unit) == ("INR", "ratings")
    assert catalog.frame["DISCOUNTED PRICE"].notna().all()
    assert {"ID", "NUMBER OF REVIEWS"}.isdisjoint(catalog.roles)
    assert {"STARS", "LIST OF REVIEWS", "NUMBER OF REVIEWS"} <= catalog.post_launch


def test_adidas(load):
    report = load(SHARED / "adidas/adidas.csv")
    catalog = report.catalog
    assert (report.read, report.items, report.issues) == (591, 591, [])
    assert (catalog.column(Role.ID), catalog.column(Role.TARGET)) == ("sku", "reviews_count")
    assert (catalog.currency, catalog.unit) == ("USD", "reviews")
    assert catalog.frame["style"].nunique() == 318
    assert catalog.frame["images"][0].count("|") > 3
    assert "index" not in catalog.roles
