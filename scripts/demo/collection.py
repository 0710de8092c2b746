"""The demo catalog as tables: items with all their columns, and the true parts of their sales."""

from pathlib import Path

import pandas as pd

from core.catalog import Catalog, Role
from scripts.demo.assortment import Item, draw_assortment
from scripts.demo.sales import draw_sales
from scripts.demo.wording import description, reviews, title

ITEMS = 800
SEED = 20230201
EXTRA_PHOTOS = (3, 41, 97, 150, 288, 402, 555, 700)
"""Rows that have a second photo, a close-up of the cloth."""

NOTICE = (
    "Rendered garments, simulated sales: this catalog shows how the product works, not what sells."
)
ROLES = {
    "id": Role.ID,
    "style": Role.GROUP,
    "image": Role.IMAGE,
    "title": Role.TITLE,
    "description": Role.DESCRIPTION,
    "brand": Role.ATTRIBUTE,
    "category": Role.CATEGORY,
    "colour": Role.ATTRIBUTE,
    "pattern": Role.ATTRIBUTE,
    "material": Role.ATTRIBUTE,
    "sleeve": Role.ATTRIBUTE,
    "neckline": Role.ATTRIBUTE,
    "season": Role.ATTRIBUTE,
    "price": Role.PRICE,
    "release_date": Role.RELEASE_DATE,
    "stars": Role.RATING,
    "review_count": Role.NUMBER,
    "reviews": Role.REVIEW,
    "units_12w": Role.TARGET,
}
POST_LAUNCH = frozenset({"stars", "review_count", "reviews"})


def photos(row: int, item: Item) -> list[str]:
    """File names of an item's photos, main photo first."""
    return [f"{item.id}.webp"] + ([f"{item.id}-2.webp"] if row in EXTRA_PHOTOS else [])


def draw_collection(
    seed: int = SEED, items: int = ITEMS
) -> tuple[list[Item], Catalog, pd.DataFrame]:
    """Draw everything but the pictures: items to render, the catalog, and the true parts of sales.

    The same seed gives the same tables, byte for byte.
    """
    rows = draw_assortment(seed, items)
    texts = [description(item) for item in rows]
    sales = draw_sales(seed, rows, texts)
    appeal = sales["mean"] + sales["noise"].fillna(0) - sales["mean"].mean()
    said = [
        reviews(seed, item, units, float(liked))
        for item, units, liked in zip(rows, sales["units"], appeal, strict=True)
    ]
    frame = pd.DataFrame(
        {
            "id": [item.id for item in rows],
            "style": [f"S{item.style:03d}" for item in rows],
            "image": ["|".join(photos(n, item)) for n, item in enumerate(rows)],
            "title": [title(item) for item in rows],
            "description": texts,
            "brand": [item.brand for item in rows],
            "category": [item.category for item in rows],
            "colour": [item.colour for item in rows],
            "pattern": [item.pattern for item in rows],
            "material": [item.material for item in rows],
            "sleeve": [item.sleeve for item in rows],
            "neckline": [item.neckline for item in rows],
            "season": [item.season for item in rows],
            "price": [item.price for item in rows],
            "release_date": pd.to_datetime([item.release for item in rows]),
            "stars": [s for s, _, _ in said],
            "review_count": [n for _, n, _ in said],
            "reviews": [t for _, _, t in said],
            "units_12w": sales["units"],
        }
    )
    catalog = Catalog(
        directory=Path(),
        name="Demo collection",
        frame=frame,
        roles=ROLES,
        post_launch=POST_LAUNCH,
        unit="units",
        currency="EUR",
        notice=NOTICE,
        provenance={"source": "scripts/make_demo_catalog.py", "seed": seed, "items": items},
    )
    return rows, catalog, sales.drop(columns="units")
