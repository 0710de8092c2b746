"""H&M (Kaggle competition): `articles.csv`, and units per article from `transactions_train.csv`."""

import datetime
from pathlib import Path

import pandas as pd

from core.catalog.importing.draft import Draft, Progress, preset
from core.catalog.importing.report import Log
from core.catalog.importing.tables import Table, read_table
from core.catalog.roles import Role
from core.errors import CatalogError

Window = tuple[datetime.date, datetime.date]

TARGET = "units"
ROLES = {
    "article_id": Role.ID,
    "product_code": Role.GROUP,
    "prod_name": Role.TITLE,
    "detail_desc": Role.DESCRIPTION,
    "product_type_name": Role.CATEGORY,
    **dict.fromkeys(
        (
            "product_group_name",
            "graphical_appearance_name",
            "colour_group_name",
            "perceived_colour_value_name",
            "perceived_colour_master_name",
            "department_name",
            "index_name",
            "index_group_name",
            "section_name",
            "garment_group_name",
        ),
        Role.ATTRIBUTE,
    ),
    "first_price": Role.PRICE,
    "first_sold": Role.RELEASE_DATE,
    "image": Role.IMAGE,
    TARGET: Role.TARGET,
}
BLOCK = 32 * 1024 * 1024


def read(
    source: Path,
    log: Log,
    *,
    window: Window | None = None,
    sales: bool = True,
    on_progress: Progress | None = None,
) -> Draft:
    """Read an H&M folder; without transactions the catalog has no target.

    The target counts the sold units of an article from the first to the last day of the window
    (default: all days). An article that was first sold after the window, or never, has no target:
    nobody could have bought it. `first_price` is the price of its first sale, in H&M's own
    scaled unit; the highest or the average of all sales would tell how many there were.

    Args:
        source: the folder.
        log: where skipped rows and notes go.
        window: first and last day, both counted.
        sales: False leaves the transactions unread, for a preview.
        on_progress: called with a share (0..1) and a sentence.

    Raises:
        CatalogError: `articles.csv` is missing or another table, or nothing was sold in the window.
    """
    table = read_table(source / "articles.csv", log)
    if "article_id" not in table.frame.columns:
        raise CatalogError("articles.csv has no column “article_id”; it is not H&M's.")
    facts: dict[str, object] = {}
    transactions = source / "transactions_train.csv"
    if not transactions.is_file():
        log.note("transactions_train.csv is not there: the catalog has no target.")
    elif sales:
        facts = _add_sales(table.frame, transactions, window, log, on_progress)
    _photos(table, source / "images", log)
    guesses = preset(table.frame, ROLES, "H&M's own columns")
    if "first_sold" in guesses.roles and table.frame["first_sold"].nunique() < 2:
        del guesses.roles["first_sold"]  # a slice of one day dates nothing
    return Draft(table, guesses, source / "images", unit="units", facts=facts)


def _add_sales(
    frame: pd.DataFrame,
    path: Path,
    window: Window | None,
    log: Log,
    on_progress: Progress | None,
) -> dict[str, object]:
    sums = _totals(path, window, on_progress)
    rows = int(sums["rows"].sum())
    first, last = sums["first"].min().date(), sums["last"].max().date()
    start, end = window or (first, last)
    log.note(
        f"The target counts units sold from {start} to {end}"
        + ("" if window else " (all days of the transactions)")
        + f": {int(sums['units'].sum()):,} of {rows:,} transactions."
    )
    if not sums["units"].sum():
        raise CatalogError(
            f"Nothing was sold from {start} to {end}; the transactions run from {first} to {last}."
            " Choose a window inside."
        )
    # Some copies of the data lost the leading zero of the ids in one of the two tables.
    keys = frame["article_id"].str.lstrip("0")
    unknown = int(sums.loc[~sums.index.isin(keys), "rows"].sum())
    if unknown:
        log.note(f"{unknown:,} transactions are of articles that are not in articles.csv.")
    matched = sums.reindex(keys)
    launched = (matched["first"] <= pd.Timestamp(end)).to_numpy()
    frame[TARGET] = matched["units"].where(launched).to_numpy(dtype="float64")
    frame["first_price"] = matched["price"].to_numpy(dtype="float64")
    days = matched["first"].dt.strftime("%Y-%m-%d").astype("str")
    frame["first_sold"] = days.set_axis(frame.index)
    without = int((~launched).sum())
    if without:
        log.note(f"{without:,} articles were not yet, or never, sold by {end}: no target for them.")
    return {"window_start": str(start), "window_end": str(end), "transactions": rows}


def _totals(path: Path, window: Window | None, on_progress: Progress | None) -> pd.DataFrame:
    """Per article (id less leading zeros): rows, units in the window, first price, first, last."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pc_csv

    wanted = {"t_dat": pa.date32(), "article_id": pa.string(), "price": pa.float64()}
    try:
        with path.open("rb") as file:
            present = file.readline().decode("utf-8-sig").strip().replace('"', "").split(",")
        missing = [c for c in ("t_dat", "article_id") if c not in present]
        if missing:
            raise CatalogError(f"{path.name} has no column “{missing[0]}”; it is not H&M's.")
        reader = pc_csv.open_csv(
            path,
            read_options=pc_csv.ReadOptions(block_size=BLOCK),
            convert_options=pc_csv.ConvertOptions(
                column_types=wanted, include_columns=[c for c in wanted if c in present]
            ),
        )
        parts, size, done = [], path.stat().st_size, 0
        for batch in reader:
            part = pa.table(batch)
            if "price" not in part.column_names:
                part = part.append_column("price", pa.nulls(len(part), pa.float64()))
            day = part["t_dat"]
            if window is None:
                inside = pa.chunked_array([pa.repeat(pa.scalar(1), len(part))])
            else:
                inside = pc.and_(
                    pc.greater_equal(day, window[0]), pc.less_equal(day, window[1])
                ).cast(pa.int64())
            part = part.append_column("inside", inside).sort_by("t_dat")
            grouped = part.group_by("article_id", use_threads=False).aggregate(
                [
                    ("inside", "count"),
                    ("inside", "sum"),
                    ("price", "first"),
                    ("t_dat", "min"),
                    ("t_dat", "max"),
                ]
            )
            parts.append(grouped.to_pandas())
            done += batch.nbytes
            if on_progress is not None:
                on_progress(min(done / size, 1.0), "Counting sold units")
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise CatalogError(f"{path.name} cannot be read ({error}).") from error
    if not parts:
        raise CatalogError(f"{path.name} holds a header but no rows.")
    whole = pd.concat(parts, ignore_index=True)
    whole["article_id"] = whole["article_id"].str.lstrip("0")
    for edge in ("t_dat_min", "t_dat_max"):
        whole[edge] = pd.to_datetime(whole[edge])
    whole = whole.sort_values("t_dat_min", kind="stable")
    return whole.groupby("article_id").agg(
        rows=("inside_count", "sum"),
        units=("inside_sum", "sum"),
        price=("price_first", "first"),
        first=("t_dat_min", "min"),
        last=("t_dat_max", "max"),
    )


def _photos(table: Table, folder: Path, log: Log) -> None:
    """Photos lie at images/<first 3 digits>/<10-digit id>.jpg."""
    if not folder.is_dir():
        log.note("There is no images/ folder: the items have no photos.")
        return
    cells: list[str | None] = []
    for position, item in enumerate(table.frame["article_id"]):
        code = str(item).zfill(10)
        name = f"{code[:3]}/{code}.jpg"
        there = (folder / name).is_file()
        cells.append(name if there else None)
        if not there:
            table.problem(
                log,
                "photo not found",
                f"there is no images/{name}; the item was kept without it",
                position,
            )
    table.frame["image"] = pd.Series(cells, index=table.frame.index, dtype="str")
