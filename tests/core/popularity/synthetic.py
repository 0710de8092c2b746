"""A small made-up catalog whose target is known, for the tests of several folders."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog, conform, write_catalog
from core.catalog.roles import Role

ROLES = {
    "sku": Role.ID,
    "Name": Role.TITLE,
    "Text": Role.DESCRIPTION,
    "Type": Role.CATEGORY,
    "Colour": Role.ATTRIBUTE,
    "season": Role.ATTRIBUTE,
    "Price": Role.PRICE,
    "Weight": Role.NUMBER,
    "Launch": Role.RELEASE_DATE,
    "Style": Role.GROUP,
    "Stars": Role.RATING,
    "Returns": Role.NUMBER,
    "Sold": Role.TARGET,
}

TYPES = {"dress": 0.8, "shirt": 0.0, "coat": -0.5, "skirt": 0.2}
COLOURS = {"black": 0.4, "red": 0.0, "green": -0.4}
WORDS = {"linen": 0.5, "recycled": 0.0, "scratchy": -0.5, "classic": 0.1, "soft": 0.3}


def make_frame(n: int = 240, seed: int = 0, noise: float = 0.4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    style = rng.integers(0, max(n // 2, 1), n)
    kind = np.array(list(TYPES))[style % 4]
    colour = rng.choice(list(COLOURS), n)
    first, second = rng.choice(list(WORDS), n), rng.choice(list(WORDS), n)
    price = np.round(np.exp(rng.normal(3.5, 0.4, n)), 2)
    season = style % 5
    day = pd.Timestamp("2022-01-10") + pd.to_timedelta(season * 180 + rng.integers(0, 90, n), "D")
    log_sold = (
        4.0
        + np.array([TYPES[k] for k in kind])
        + np.array([COLOURS[c] for c in colour])
        + np.array([WORDS[a] + WORDS[b] for a, b in zip(first, second, strict=True)])
        - 0.6 * (np.log(price) - 3.5)
        + noise * rng.normal(size=n)
    )
    return pd.DataFrame(
        {
            "sku": [f"{seed}-{i:05d}" for i in range(n)],
            "Name": [f"{a} {k}" for a, k in zip(first, kind, strict=True)],
            "Text": [f"A {b} piece" for b in second],
            "Type": kind,
            "Colour": colour,
            "season": [f"S{s + 1}" for s in season],
            "Price": price,
            "Weight": rng.normal(300, 50, n),
            "Launch": day,
            "Style": [f"style {s}" for s in style],
            "Stars": np.clip(3 + log_sold - 4, 1, 5),
            "Returns": np.round(np.exp(log_sold) / 10),
            "Sold": np.round(np.exp(log_sold)),
            "Shelf": rng.integers(0, 9, n),
        }
    )


def make_catalog(
    n: int = 240, seed: int = 0, noise: float = 0.4, *, drop: tuple[str, ...] = ()
) -> Catalog:
    frame = make_frame(n, seed, noise).drop(columns=list(drop))
    return as_catalog(frame, name=f"made-{seed}")


def as_catalog(frame: pd.DataFrame, name: str = "made") -> Catalog:
    roles = {c: r for c, r in ROLES.items() if c in frame}
    post_launch = frozenset({"Stars", "Returns"} & set(frame.columns))
    key = str(pd.util.hash_pandas_object(frame).sum())
    return Catalog(
        Path("nowhere"), name, conform(frame, roles), roles, post_launch, content_hash=key
    )


def written(catalog: Catalog, directory: Path) -> Catalog:
    return write_catalog(catalog, directory)


def with_series(catalog: Catalog, units: np.ndarray, directory: Path) -> Catalog:
    """The catalog written with a sales series: units (items, periods), NaN where there is none."""

    def add(folder: Path) -> None:
        table = pd.DataFrame(units, index=pd.Index(catalog.ids, name="item")).reset_index()
        long = table.melt("item", var_name="period").dropna().astype({"period": "int64"})
        long.to_parquet(folder / "series.parquet", index=False)

    return write_catalog(catalog, directory, add_files=add)
