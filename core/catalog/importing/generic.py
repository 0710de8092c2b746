"""Any table: CSV, TSV, Excel or Parquet, its roles guessed."""

from pathlib import Path

import pandas as pd

from core.catalog.importing.draft import Draft, photos_by_name
from core.catalog.importing.guessing import Guesses, guess_roles, normal
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
    source_columns = set(table.frame.columns)
    guesses = guess_roles(table.frame)
    root = images or source.parent
    _id_from_photo(table.frame, guesses)
    _photos_named_by_id(table.frame, guesses, root)
    _group_by_title(table.frame, guesses)
    derived = tuple(c for c in table.frame.columns if c not in source_columns)
    return Draft(table, guesses, root, currency=_currency(table.frame), derived=derived)


def _currency(frame: pd.DataFrame) -> str:
    """The one code in a column named currency, or an empty string."""
    for column in frame.columns:
        if normal(column) in ("currency", "currency_code", "price_currency"):
            codes = frame[column].dropna().unique()
            if len(codes) == 1:
                return str(codes[0])
    return ""


def _group_by_title(frame: pd.DataFrame, guesses: Guesses) -> None:
    """Where no column names the style, items of the same brand and title are one style.

    Colours of a style share its popularity, so a model must not be tested on one after learning
    from another. Titles that are too general to tell styles apart group nothing.
    """
    by_role = {role: column for column, role in guesses.roles.items()}
    title = by_role.get(Role.TITLE)
    if title is None or Role.GROUP in by_role:
        return
    brand = next(
        (c for c in guesses.roles if normal(c) in ("brand", "vendor", "manufacturer", "marke")),
        None,
    )
    columns = [title] if brand is None else [brand, title]
    sizes = frame.groupby(columns).size()
    general = sizes.max() > max(20, 0.1 * len(frame)) or len(sizes) < 0.2 * len(frame)
    if sizes.max() < 2 or general or "style" in frame.columns:
        return
    cells = frame[columns[0]].fillna("")
    for column in columns[1:]:
        cells = cells + " | " + frame[column].fillna("")
    frame["style"] = cells.where(frame[title].notna())
    shown = " and ".join(f"“{c}”" for c in columns)
    guesses.give("style", Role.GROUP, f"made from {shown}: equal ones are variants of one style")


def _id_from_photo(frame: pd.DataFrame, guesses: Guesses) -> None:
    """A table of photos without ids of their own: the name of the photo is the item's id."""
    by_role = {role: column for column, role in guesses.roles.items()}
    column = by_role.get(Role.IMAGE)
    if column is None or Role.ID in by_role or "photo name" in frame.columns:
        return
    names = frame[column].str.replace(r".*/|\.\w{3,4}$", "", regex=True)
    if names.notna().all() and names.is_unique:
        frame["photo name"] = names
        guesses.give("photo name", Role.ID, f"made from “{column}”, as no column holds ids")


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
