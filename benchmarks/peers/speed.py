"""How long models take to learn from, and to score, catalogs of a given size."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np

from benchmarks.peers.boosted import CATBOOST_SPACE, LIGHTGBM_SPACE, fit_catboost, fit_lightgbm
from benchmarks.peers.features import Encoder, read_columns
from benchmarks.peers.task import season_column
from core.catalog.catalog import Catalog, write_catalog
from core.catalog.roles import Role
from core.popularity.model import PopularityModel, log_target

TREES = 200


def enlarged(catalog: Catalog, items: int, out: Path) -> Catalog:
    """A catalog of that many items drawn from another, prices and target drawn a little anew."""
    rng = np.random.default_rng(0)
    rows = np.flatnonzero(np.isfinite(log_target(catalog)))
    frame = catalog.frame.iloc[rng.choice(rows, items)].reset_index(drop=True)
    target = str(catalog.column(Role.TARGET))
    changed = {
        catalog.columns(Role.ID)[0]: [f"B{i:07d}" for i in range(items)],
        target: (frame[target] * rng.lognormal(0, 0.3, items)).round(),
    }
    price = catalog.column(Role.PRICE)
    if price:
        changed[price] = (frame[price] * rng.lognormal(0, 0.1, items)).round(2)
    roles = {c: r for c, r in catalog.roles.items() if r != Role.GROUP}

    def photos(new: Path) -> None:
        (new / "images").rmdir()
        (new / "images").symlink_to(catalog.directory / "images")
        if (catalog.directory / "vectors").is_dir():
            copytree(catalog.directory / "vectors", new / "vectors")

    big = replace(catalog, frame=frame.assign(**changed), roles=roles)
    return write_catalog(big, out, add_files=photos)


def timed(
    catalog: Catalog, ours: dict[str, Callable[[], PopularityModel]], threads: int
) -> Iterator[tuple[str, float, float]]:
    """Name, seconds to learn from all items and items scored a second, one model after the other.

    The peers learn one model of 200 trees with the usual settings: tuning takes them settings x
    folds times as long. Ours choose their penalty and calibrate their intervals within the time.
    """
    rows = np.arange(len(catalog))
    for name, space, fit in (
        ("LightGBM", LIGHTGBM_SPACE, fit_lightgbm),
        ("CatBoost", CATBOOST_SPACE, fit_catboost),
    ):
        start = time.perf_counter()
        columns = read_columns(catalog, season_column(catalog), None)
        first = {key: values[0] for key, values in (space | columns.choices).items()}
        encoder = Encoder(columns, log_target(catalog), rows, 0)
        names = encoder.chosen(first)
        predict, _ = fit(
            first, encoder.train[names], log_target(catalog), seed=0, threads=threads, trees=TREES
        )
        learned = time.perf_counter()
        predict(encoder.transform(rows)[names])
        yield name, learned - start, len(rows) / (time.perf_counter() - learned)
    for name, make in ours.items():
        start = time.perf_counter()
        model = make().fit(catalog, rows)
        learned = time.perf_counter()
        model.predict(catalog, rows)
        yield name, learned - start, len(rows) / (time.perf_counter() - learned)
