"""Kaggle “Fashion Product Images”: `styles.csv`, unquoted commas in its last column; `images/`."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from core.catalog.importing import encoding
from core.catalog.importing.draft import Draft, preset
from core.catalog.importing.limits import check_size
from core.catalog.importing.report import Log
from core.catalog.importing.tables import assemble
from core.catalog.roles import Role
from core.errors import CatalogError

ROLES = {
    "id": Role.ID,
    "articleType": Role.CATEGORY,
    "gender": Role.ATTRIBUTE,
    "masterCategory": Role.ATTRIBUTE,
    "subCategory": Role.ATTRIBUTE,
    "baseColour": Role.ATTRIBUTE,
    "season": Role.ATTRIBUTE,
    "year": Role.NUMBER,
    "usage": Role.ATTRIBUTE,
    "productDisplayName": Role.TITLE,
    "image": Role.IMAGE,
}


def read(source: Path, log: Log) -> Draft:
    """Read the folder that holds `styles.csv`. The set has no popularity signal.

    Raises:
        CatalogError: `styles.csv` is missing, or is another table.
    """
    path = source / "styles.csv"
    check_size(path)
    text, warning = encoding.decode(path.read_bytes(), path.name)
    if warning:
        log.note(warning)
    table = assemble(_records(text), path.name, log)
    if not {"id", "productDisplayName"} <= set(table.frame.columns):
        raise CatalogError(
            f"{path.name} has no columns “id” and “productDisplayName”."
            " Import it with --format csv."
        )
    if not (source / "images").is_dir():
        log.note("There is no images/ folder: the items have no photos.")
        return Draft(table, preset(table.frame, ROLES, "columns of styles.csv"), source)
    files = {p.stem: p.name for p in (source / "images").glob("*.*")}
    cells = []
    for position, item in enumerate(table.frame["id"]):
        name = files.get(item) if isinstance(item, str) else None
        cells.append(name)
        if name is None:
            table.problem(
                log,
                "photo not found",
                f"there is no images/{item}.jpg; the item was kept without it",
                position,
            )
    if files:
        table.frame["image"] = pd.Series(cells, index=table.frame.index, dtype="str")
    return Draft(table, preset(table.frame, ROLES, "columns of styles.csv"), source / "images")


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    lines = io.StringIO(text, newline=None)
    header = next(lines, "").rstrip("\n").split(",")
    yield 1, header
    for row, line in enumerate(lines, start=2):
        cells = line.rstrip("\n").split(",", len(header) - 1) if line.strip() else []
        if cells and cells[-1].startswith('"'):  # a copy that does quote
            cells = next(csv.reader([line]))
        yield row, cells
