"""Writing tables for people and for programs.

Three formats, told apart by the file name: ``.csv``, ``.xlsx`` and ``.parquet``. A CSV comes in
two styles. *machines* holds the exact values: UTF-8 without a byte order mark, RFC 4180 quoting,
and nothing added to any cell. *excel* is safe and faithful when opened with a double click: a byte
order mark; an apostrophe before any text that a spreadsheet would run as a formula (OWASP, "CSV
Injection"), and before codes that it would read as numbers and damage (leading zeros, more digits
than it keeps). Numbers are never touched: a negative number is data. In ``.xlsx`` all text is
written as text cells, so nothing has to be added.
"""

import os
import re
import tempfile
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.catalog import suggestions
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import CatalogError

Style = Literal["machines", "excel"]

FORMULA_STARTS = tuple("=+-@\t\r\n\x00＝＋－＠")
"""First characters that make a spreadsheet run a CSV cell as a formula (OWASP)."""

EXCEL_ROWS = 1_048_576
EXCEL_CELL = 32_767

SEEN_COLUMNS = {
    "articles": "seen_in_photo",
    "worn": "worn_by_a_person",
    "checkpoint": "seen_by_checkpoint",
}
"""What was seen in the photos, and what it is called in an export."""

_CHANGED_BY_EXCEL = re.compile(r"0\d+|\d{12,}|\d+(\.\d+)?[eE]\+?\d+")
_DIGITS = re.compile(r"\d+")


def export_frame(
    catalog: Catalog,
    ranking: pd.DataFrame | None,
    rows: np.ndarray | None = None,
    seen: pd.DataFrame | None = None,
    contributions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What leaves the dashboard: the ranking's columns, then the catalog's own.

    Args:
        catalog: the items.
        ranking: a table of `core.popularity.ranking.RANKING_COLUMNS`, or None where no model ranks.
        rows: row positions of the catalog to keep, in the order to write; all by rank if None.
        seen: what the human parser saw in the photos (`core.catalog.query.Listing.seen`), which
            becomes the columns of `SEEN_COLUMNS`; None where it has not looked.
        contributions: columns on what predictions are made of, a line an item in row order
            (`core.explain.strongest`), which follow the ranking's; None without.

    Returns:
        One row an item. Titles and descriptions that a model suggested come last, each with what
        was decided about it (`core.catalog.suggestions.columns`). A catalog column whose name the
        ranking uses too gets the suffix ``_catalog``; an id column called ``item_id`` is the same
        thing and stands once.
    """
    own = catalog.frame
    ids = catalog.ids.rename("item_id")
    if ranking is None:
        left = ids.to_frame(index=False)
        order = np.arange(len(own))
    else:
        left = ranking.set_index("item_id").reindex(ids).reset_index()
        left["rank"] = left["rank"].astype("Int64")  # stays whole where some have none
        order = np.argsort(left["rank"].fillna(len(own) + 1).to_numpy(), kind="stable")
    if contributions is not None:
        left = pd.concat([left, contributions.reset_index(drop=True)], axis=1)
    order = order if rows is None else np.asarray(rows)
    if catalog.column(Role.ID) == "item_id":
        own = own.drop(columns="item_id")
    own = own.rename(columns={c: f"{c}_catalog" for c in own.columns if c in left.columns})
    parts = [left, own, suggestions.columns(catalog)]
    if seen is not None:
        parts.append(seen[list(SEEN_COLUMNS)].rename(columns=SEEN_COLUMNS))
    frame = pd.concat(parts, axis=1).iloc[order].reset_index(drop=True)
    frame.attrs = {}
    return frame


def about_table(catalog: Catalog, ranking: pd.DataFrame | None) -> dict[str, str]:
    """The facts that travel with an export: model, data hash, date and unit."""
    if ranking is None:
        return {"data_hash": catalog.content_hash}
    return {
        "model": str(ranking.attrs.get("model", "")),
        "data_hash": catalog.content_hash,
        "date": str(ranking.attrs.get("date", "")),
        "unit": str(ranking.attrs.get("unit", catalog.unit)),
    }


def file_name(*parts: str, suffix: str) -> str:
    """A plain file name from words: lower-case ASCII, words joined by hyphens."""
    text = unicodedata.normalize("NFKD", "-".join(parts)).encode("ascii", "ignore").decode()
    return (re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "catalog") + suffix


def write_table(
    frame: pd.DataFrame,
    path: str | Path,
    style: Style = "machines",
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write a table as a whole, or leave what stood there before.

    Args:
        frame: what to write; the index is left out.
        path: ends in ``.csv``, ``.xlsx`` or ``.parquet``.
        style: for whom a CSV is; the other formats are the same for both.
        about: facts of the whole table (model, data hash, date). Each that is not a column yet
            becomes one, so that rows keep it when files are joined; an Excel file also has them on
            a sheet of their own, a Parquet file in its schema.

    Raises:
        CatalogError: the ending is none of the three, or the table is too long for Excel.
        OSError: the file cannot be written.
    """
    path = Path(path)
    about = {key: value for key, value in (about or {}).items() if value not in (None, "")}
    frame = frame.assign(**{k: v for k, v in about.items() if k not in frame.columns})
    writers = {".csv": _write_csv, ".xlsx": _write_xlsx, ".parquet": _write_parquet}
    if path.suffix.lower() not in writers:
        raise CatalogError(
            f"{path.name} has an ending that is not known. Use .csv, .xlsx or .parquet."
        )
    handle, name = tempfile.mkstemp(prefix=".", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        writers[path.suffix.lower()](frame, temporary, style, about)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def table_bytes(
    frame: pd.DataFrame,
    suffix: str = ".csv",
    style: Style = "excel",
    about: Mapping[str, Any] | None = None,
) -> bytes:
    """What `write_table` writes to a file with this ending, for a browser to save.

    Raises:
        CatalogError: as `write_table`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        write_table(frame, path, style, about)
        return path.read_bytes()


def neutralise(frame: pd.DataFrame) -> pd.DataFrame:
    """Text as a spreadsheet must meet it in a CSV: see the module's head. Headers too."""
    out = pd.DataFrame(
        {i: _safe(frame.iloc[:, i]) for i in range(frame.shape[1])}, index=frame.index
    )
    out.columns = pd.Index([_escape(c) if isinstance(c, str) else c for c in frame.columns])
    return out


def _escape(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _safe(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return column
    values = column.astype(object)
    texts = [v for v in values if isinstance(v, str) and v]
    codes = len(texts) > 0 and all(_DIGITS.fullmatch(v) for v in texts)
    whole_column = codes and any(_CHANGED_BY_EXCEL.fullmatch(v) for v in texts)

    def cell(value: Any) -> Any:
        if not isinstance(value, str) or not value:
            return value
        if whole_column or _CHANGED_BY_EXCEL.fullmatch(value):
            return f"'{value}"
        return _escape(value)

    return values.map(cell)


def _write_csv(frame: pd.DataFrame, path: Path, style: Style, about: Mapping[str, Any]) -> None:
    if style == "excel":
        frame = neutralise(frame)
    encoding = "utf-8-sig" if style == "excel" else "utf-8"
    frame.to_csv(path, index=False, encoding=encoding, lineterminator="\r\n")


def _write_parquet(frame: pd.DataFrame, path: Path, style: Style, about: Mapping[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    facts = {key.encode(): str(value).encode() for key, value in about.items()}
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **facts}), path)


def _write_xlsx(frame: pd.DataFrame, path: Path, style: Style, about: Mapping[str, Any]) -> None:
    import xlsxwriter

    if len(frame) >= EXCEL_ROWS:
        raise CatalogError(
            f"Excel holds {EXCEL_ROWS - 1:,} rows and this table has {len(frame):,}."
            " Export it as CSV or Parquet, or filter it first."
        )
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    head = book.add_format({"bold": True, "bottom": 1})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet("Catalog")
    sheet.freeze_panes(1, 0)
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
    for i, (name, column) in enumerate(zip(frame.columns, columns, strict=True)):
        sheet.set_column(i, i, _width(name, column))
        sheet.write_string(0, i, str(name)[:EXCEL_CELL], head)
    cut = 0
    values = [column.astype(object).where(column.notna(), None).tolist() for column in columns]
    for row, cells in enumerate(zip(*values, strict=True), start=1):
        for i, value in enumerate(cells):
            if value is None:
                continue
            if isinstance(value, bool | np.bool_):
                sheet.write_boolean(row, i, bool(value))
            elif isinstance(value, int | float | np.number) and _excel_holds(value):
                sheet.write_number(row, i, float(value))
            elif isinstance(value, pd.Timestamp) and value.year >= 1900:
                shape = day if value == value.normalize() else moment
                sheet.write_datetime(row, i, value.to_pydatetime().replace(tzinfo=None), shape)
            else:
                text = str(value)
                if len(text) > EXCEL_CELL:
                    text, cut = text[: EXCEL_CELL - 1] + "…", cut + 1
                sheet.write_string(row, i, text)
    if len(frame) and len(columns):
        sheet.autofilter(0, 0, len(frame), len(columns) - 1)
    facts = {str(key): str(value) for key, value in about.items()}
    facts["rows"] = f"{len(frame):,}"
    if cut:
        facts["cut"] = f"{cut:,} texts longer than Excel's {EXCEL_CELL:,} characters were cut."
    note = book.add_worksheet("About")
    note.set_column(0, 0, 14)
    note.set_column(1, 1, 72)
    for row, (key, value) in enumerate(facts.items()):
        note.write_string(row, 0, key, head)
        note.write_string(row, 1, value)
    book.close()


def _excel_holds(value: Any) -> bool:
    """Whether a number survives as a number: 15 digits, below 1e308, finite."""
    whole = isinstance(value, int | np.integer)
    return abs(value) < 1e15 if whole else abs(value) < 9.99e307


def _width(name: Any, column: pd.Series) -> float:
    longest = max((len(str(value)) for value in column.dropna().head(50)), default=0)
    return float(min(max(len(str(name)), longest) + 2, 48))
