"""Any table: CSV, TSV, Excel or Parquet, its roles guessed."""

from pathlib import Path

import pandas as pd

from core.catalog.importing.draft import Draft, photos_by_name
from core.catalog.importing.guessing import Guesses, guess_roles
from core.catalog.importing.report import Log
from core.catalog.importing.tables import read_table
from core.catalog.roles import Role


def read(source: Path, log: Log, *, images: Path | None = None) -> Draft:
    """Read a table and guess its roles.

    Args:
        source: the file.
        log: where skipped rows and notes go.
        images: folder with the photos; by default image cells are relative to the file's folder,
            or to `images/` in it.

    Raises:
        CatalogError: the file cannot be read as a table.
    """
    table = read_table(source, log)
    guesses = guess_roles(table.frame)
    root = images or source.parent
    _photos_named_by_id(table.frame, guesses, root)
    return Draft(table, guesses, root)


def _photos_named_by_id(frame: pd.DataFrame, guesses: Guesses, root: Path) -> None:
    """Where no column names the photos, take the files that are named by the item id."""
    id_column = next((c for c, r in guesses.roles.items() if r == Role.ID), None)
    if Role.IMAGE in guesses.roles.values() or id_column is None:
        return
    folder = root / "images" if (root / "images").is_dir() else root
    files = photos_by_name(folder)
    prefix = "images/" if folder != root else ""
    cells = frame[id_column].map(lambda item: "|".join(prefix + f for f in files.get(item, [])))
    if (cells.fillna("") != "").any():
        name = "photo" if "photo" not in frame.columns else "photo (by item id)"
        frame[name] = cells.where(cells != "").astype("str")
        guesses.give(name, Role.IMAGE, "files named by the item id")
