"""VISUELLE (Skenderi et al. 2022): fast-fashion products with 12 weeks of sales and search trends.

`train.csv` and/or `test.csv` hold weekly sales divided by 1065; `gtrends.csv` weekly search
interest of the attribute words; `images/` the photos, named by `external_code` or as `image_path`
says.
"""

from pathlib import Path

import pandas as pd

from core.catalog.importing.draft import Draft, photos_by_name, preset
from core.catalog.importing.numbers import parse_numbers
from core.catalog.importing.report import Log
from core.catalog.importing.tables import Table, read_table, stacked
from core.catalog.roles import Role
from core.errors import CatalogError

WEEKS = [str(week) for week in range(12)]
SCALE = 1065
"""Units of one week's sales of 1.0: the factor that the data set's authors divided by."""

TARGET = "units_12w"
ROLES = {
    "external_code": Role.ID,
    "category": Role.CATEGORY,
    "season": Role.ATTRIBUTE,
    "color": Role.ATTRIBUTE,
    "fabric": Role.ATTRIBUTE,
    "extra": Role.ATTRIBUTE,
    "release_date": Role.RELEASE_DATE,
    "image_path": Role.IMAGE,
    TARGET: Role.TARGET,
}


def read(source: Path, log: Log) -> Draft:
    """Read a VISUELLE folder; it may hold only one of the two tables, with or without sales.

    The calendar columns (day, week, month, year, scaled to 0..1) are kept without a role, since the
    release date says the same. Which table a row came from is kept as `split`.

    Raises:
        CatalogError: neither table is there, or one lacks `external_code`.
    """
    parts = [
        _part(source / f"{name}.csv", name, log)
        for name in ("train", "test")
        if (source / f"{name}.csv").is_file()
    ]
    if not parts:
        raise CatalogError(f"{source} holds neither train.csv nor test.csv of VISUELLE.")
    table = stacked(parts)
    series = _sales(table, log)
    _photos(table, source, log)
    return Draft(
        table,
        preset(table.frame, ROLES, "VISUELLE's own columns"),
        source / "images",
        series=series,
        trends=_trends(source / "gtrends.csv", log),
        unit="units",
    )


def _part(path: Path, name: str, log: Log) -> Table:
    table = read_table(path, log)
    if "external_code" not in table.frame.columns:
        raise CatalogError(f"{path.name} has no column “external_code”; it is not VISUELLE's.")
    table.frame["split"] = pd.Series(name, index=table.frame.index, dtype="str")
    return table


def _sales(table: Table, log: Log) -> pd.DataFrame | None:
    """Weekly columns in units as a long table; their sum becomes the target column."""
    weeks = [w for w in WEEKS if w in table.frame.columns]
    if not weeks:
        log.note("No weekly sales are in the table: the catalog has no target.")
        return None
    units = pd.DataFrame(index=table.frame.index)
    for week in weeks:
        parsed = parse_numbers(table.frame[week])
        for position in parsed.bad.tolist():
            table.problem(log, "not a number", "the week was left empty", position, week)
        units[week] = (parsed.values * SCALE).round(3)
    table.frame = table.frame.drop(columns=weeks)
    # The published fractions are cut at 16 digits; sales are whole units.
    total = units.sum(axis=1, min_count=1).round()
    if total.notna().any():
        table.frame[TARGET] = total
    if len(weeks) < len(WEEKS):
        log.note(f"Only {len(weeks)} of 12 weeks are in the table; the target is their sum.")
    long = units.round().set_axis([int(w) for w in weeks], axis=1)
    long.insert(0, "item", table.frame["external_code"])
    long = long.melt("item", var_name="period", value_name="value").dropna()
    return long.astype({"period": "int64"})


def _photos(table: Table, source: Path, log: Log) -> None:
    frame = table.frame
    if not (source / "images").is_dir():
        log.note("There is no images/ folder: the items have no photos.")
        if "image_path" in frame.columns:
            frame["image_path"] = pd.Series(None, index=frame.index, dtype="str")
        return
    files = photos_by_name(source / "images")
    everything = {path for paths in files.values() for path in paths}
    cells: list[str | None] = []
    named = frame["image_path"] if "image_path" in frame.columns else pd.Series(index=frame.index)
    for position, (code, path) in enumerate(zip(frame["external_code"], named, strict=True)):
        stem = str(code).zfill(5)
        wanted = path if isinstance(path, str) else ""
        found = wanted if wanted in everything else next(iter(files.get(stem, [])), None)
        if found is None:
            table.problem(
                log,
                "photo not found",
                f"there is no photo {stem}.* in images/; the item was kept without it",
                position,
                "image_path" if wanted else "",
            )
        cells.append(found)
    frame["image_path"] = pd.Series(cells, index=frame.index, dtype="str")


def _trends(path: Path, log: Log) -> pd.DataFrame | None:
    if not path.is_file():
        return None
    table = read_table(path, log)
    frame = table.frame
    if "date" not in frame.columns:
        log.note("gtrends.csv has no column “date” and was left out.")
        return None
    words = [c for c in frame.columns if c != "date"]
    values = pd.DataFrame({w: parse_numbers(frame[w]).values for w in words})
    values.insert(0, "date", pd.to_datetime(frame["date"], errors="coerce"))
    long = values.melt("date", var_name="word", value_name="value").dropna()
    below = int((long["value"] < 0).sum())
    if below:
        log.note(f"gtrends.csv: {below:,} cells of -1 mean “no data” and were left out.")
    return long[long["value"] >= 0].reset_index(drop=True)
