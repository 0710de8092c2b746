"""Shopify's product CSV, both generations of its header; variants and photos joined by handle.

Source of the columns: help.shopify.com, “Using CSV files to import and export products”.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from core.catalog.importing.draft import Draft, preset
from core.catalog.importing.guessing import Guesses, guess_roles
from core.catalog.importing.numbers import parse_numbers
from core.catalog.importing.report import Log
from core.catalog.importing.tables import Table, read_table
from core.catalog.roles import SINGLE_ROLES, Role
from core.errors import CatalogError

ALIASES = {
    # meaning: header in lower case, the current template's first
    "handle": ("url handle", "handle"),
    "title": ("title",),
    "description": ("description", "body (html)", "body html"),
    "vendor": ("vendor",),
    "type": ("type", "custom product type"),
    "category": ("product category", "standardized product type", "standard product type"),
    "published": ("published at", "created at"),
    "price": ("price", "variant price"),
    "compare": ("compare-at price", "variant compare at price", "compare at price"),
    "cost": ("cost per item",),
    "stock": ("inventory quantity", "variant inventory qty"),
    "image": ("product image url", "image src"),
    "position": ("image position",),
    "variant_image": ("variant image url", "variant image"),
    "sku": ("sku", "variant sku"),
}
OWN = re.compile(
    r"option\d .*|variants? .*|google shopping / .*|tags|published.*|status|gift card|seo .*|sku"
    r"|barcode|included / .*|.*price.*|charge tax|tax code|inventory .*|continue selling .*"
    r"|weight .*|requires shipping|fulfillment .*|.*image.*|packed product .*|cost per item"
    r"|custom product type|standard(ized)? product type"
)
"""Shopify's further columns, in lower case: their meaning is known; models do not read them."""

ADDED = frozenset(
    {Role.ATTRIBUTE, Role.NUMBER, Role.RELEASE_DATE, Role.RATING, Role.REVIEW, Role.TARGET}
)
"""Roles that a column beside Shopify's own may have: a shop's own properties, and what it sold."""

VARIANTS = "variants"
PHOTOS = "photos"
UNINFORMATIVE = ("title", "size", "größe", "groesse", "taille", "talla", "taglia", "storlek")
"""Options that say nothing of a style: the default one, and sizes."""


def read(source: Path, log: Log, *, images: Path | None = None) -> Draft:
    """Read a product export: one item a handle.

    Product fields come from the handle's first row that has a title, every other column from the
    first of its rows that fills it, so columns that are not understood are kept in their order.
    The price is the lowest of the variants'. Added columns: `variants` (how many), `photos` (all of
    them, in their position), and one a product option (its values, in order).

    Args:
        source: the file.
        log: where skipped rows and notes go.
        images: folder that photo paths are relative to; by default the file's.

    Raises:
        CatalogError: no handle column.
    """
    table = read_table(source, log)
    columns = _columns(table.frame)
    if "handle" not in columns:
        raise CatalogError(
            f"{source.name} has no column “Handle” or “URL handle”, so it is not a Shopify product"
            " export. Import it with --format csv."
        )
    table = _with_handles(table, columns, log)
    if table.frame.empty:
        raise CatalogError(f"No row of {source.name} has a handle: {log.issues[-1]}")
    items, options = _joined(table, columns, log)
    roles = _roles(items.frame, columns, options)
    guesses = preset(items.frame, roles, "Shopify's own column")
    _add_own(items.frame, table, columns, guesses, log)
    merged = len(table.rows) - len(items.rows)
    return Draft(items, guesses, images or source.parent, merged=merged)


def _add_own(
    frame: pd.DataFrame, table: Table, columns: dict[str, str], guesses: Guesses, log: Log
) -> None:
    """Guess the columns that the shop added, in place; sales by variant become the product's."""
    added = [
        c
        for c in frame.columns
        if c not in guesses.roles
        and c in table.frame
        and not OWN.fullmatch(c.strip().lower())
        and c not in columns.values()
    ]
    found = guess_roles(frame[added], taken=frozenset({Role.ID}))
    for column, role in found.roles.items():
        single = role in SINGLE_ROLES and role in guesses.roles.values()
        if role not in ADDED or single:
            continue
        guesses.give(column, role, found.reasons[column])
        handles = table.frame[columns["handle"]]
        if role == Role.TARGET and table.frame[column].groupby(handles).count().max() > 1:
            sold = pd.Series(parse_numbers(table.frame[column], "count").values, handles.index)
            totals = sold.groupby(handles).sum(min_count=1)
            frame[column] = frame[columns["handle"]].map(totals)
            log.note(f"The column “{column}” was summed over the variants of each product.")


def _columns(frame: pd.DataFrame) -> dict[str, str]:
    lower = {c.strip().lower(): c for c in reversed(frame.columns)}
    return {
        meaning: next(lower[a] for a in aliases if a in lower)
        for meaning, aliases in ALIASES.items()
        if any(a in lower for a in aliases)
    }


def _with_handles(table: Table, columns: dict[str, str], log: Log) -> Table:
    """Rows without a handle get the title's (as Shopify does on upload), or are left out."""
    frame, column = table.frame, columns["handle"]
    empty = frame[column].isna()
    if "title" in columns:
        titles = frame.loc[empty, columns["title"]].dropna()
        made = titles.str.lower().str.replace(r"[^\w]+", "-", regex=True).str.strip("-")
        frame.loc[made.index, column] = made
        for position in made.index:
            table.problem(
                log,
                "handle made from the title",
                f"the cell is empty; the item's id is “{made[position]}”",
                int(position),
                column,
            )
    lost = frame[column].isna().to_numpy()
    for position in np.flatnonzero(lost).tolist():
        message = "the cell is empty; without a handle or a title the row was left out"
        table.skip(log, "no item id", message, position, column)
    return table.take(~lost)


def _joined(table: Table, columns: dict[str, str], log: Log) -> tuple[Table, dict[str, str]]:
    frame, handle = table.frame, columns["handle"]
    price = _price(table, columns, log)
    groups = frame.groupby(handle, sort=False)
    # The first filled cell of each column; for product fields that is the row with the title.
    first = groups.first().reset_index()[frame.columns]
    positions = groups.head(1).index.to_numpy()
    ids = first[handle]
    if price is not None:
        first[columns["price"]] = ids.map(price.groupby(frame[handle]).min())
    options, values = _options(frame, handle)
    for name, cells in values.items():
        first[name] = ids.map(cells).astype("str")
    is_variant = _variant_rows(frame, columns)
    counted = is_variant.groupby(frame[handle]).sum()
    first[VARIANTS] = ids.map(counted).clip(lower=1).astype("float64")
    photos = _photos(frame, columns)
    if photos is not None:
        first[PHOTOS] = ids.map(photos).astype("str")
    return Table(first, table.rows[positions], table.files[positions], table.read), options


def _price(table: Table, columns: dict[str, str], log: Log) -> pd.Series | None:
    if "price" not in columns:
        return None
    column = columns["price"]
    parsed = parse_numbers(table.frame[column], "price")
    for position in parsed.bad.tolist():
        cell = table.frame[column].iloc[position]
        message = f"“{cell}” is not a price; the cell was left empty"
        table.problem(log, "not a price", message, position, column)
    for position in np.flatnonzero(parsed.values < 0).tolist():
        message = f"“{table.frame[column].iloc[position]}” is below zero; the cell was left empty"
        table.problem(log, "price below zero", message, position, column)
    return pd.Series(np.where(parsed.values < 0, np.nan, parsed.values), index=table.frame.index)


def _variant_rows(frame: pd.DataFrame, columns: dict[str, str]) -> pd.Series:
    """Rows that stand for a variant, not only for a further photo."""
    marks = [columns[m] for m in ("price", "sku") if m in columns]
    marks += [c for c in frame.columns if re.fullmatch(r"option1 value", c.strip().lower())]
    return frame[marks].notna().any(axis=1) if marks else pd.Series(True, index=frame.index)


def _options(frame: pd.DataFrame, handle: str) -> tuple[dict[str, str], dict[str, pd.Series]]:
    """Values of each named option by handle: new column to option name, new column to values."""
    lower = {c.strip().lower(): c for c in frame.columns}
    parts = []
    for number in (1, 2, 3):
        name, value = (lower.get(f"option{number} {what}") for what in ("name", "value"))
        if name and value:
            part = pd.DataFrame(
                {
                    "handle": frame[handle],
                    "name": frame.groupby(handle)[name].transform("first").str.strip(),
                    "value": frame[value],
                }
            ).dropna()
            parts.append(part)
    if not parts:
        return {}, {}
    long = pd.concat(parts)
    long = long[long["value"] != "Default Title"].drop_duplicates()
    names, values = {}, {}
    for option, rows in long.groupby(long["name"].str.lower(), sort=False):
        column = str(rows["name"].iloc[0])
        if column.lower() in lower:
            column = f"Option: {column}"
        names[column] = str(option)
        values[column] = rows.groupby("handle", sort=False)["value"].agg(", ".join)
    return names, values


def _photos(frame: pd.DataFrame, columns: dict[str, str]) -> pd.Series | None:
    """Photos of each handle in their position, then the variants' own."""
    if "image" not in columns:
        return None
    order = (
        parse_numbers(frame[columns["position"]]).values
        if "position" in columns
        else np.arange(len(frame), dtype=float)
    )
    handle = frame[columns["handle"]]
    main = pd.DataFrame({"handle": handle, "url": frame[columns["image"]], "order": order})
    parts = [main.sort_values("order", kind="stable", na_position="last")]
    if "variant_image" in columns:
        parts.append(pd.DataFrame({"handle": handle, "url": frame[columns["variant_image"]]}))
    urls = pd.concat(parts).dropna(subset=["url"]).drop_duplicates(["handle", "url"])
    return urls.groupby("handle", sort=False)["url"].agg("|".join)


def _roles(
    frame: pd.DataFrame, columns: dict[str, str], options: dict[str, str]
) -> dict[str, Role]:
    roles = {
        columns[meaning]: role
        for meaning, role in {
            "handle": Role.ID,
            "title": Role.TITLE,
            "description": Role.DESCRIPTION,
            "vendor": Role.ATTRIBUTE,
            "price": Role.PRICE,
            "compare": Role.NUMBER,
            "cost": Role.NUMBER,
            "published": Role.RELEASE_DATE,
        }.items()
        if meaning in columns
    }
    kinds = [columns[m] for m in ("type", "category") if m in columns]
    kinds = [c for c in kinds if frame[c].notna().any()]
    roles |= dict(zip(kinds, (Role.CATEGORY, Role.ATTRIBUTE), strict=False))
    roles |= {c: Role.ATTRIBUTE for c, o in options.items() if o not in UNINFORMATIVE}
    for column in frame.columns:
        metafield = re.search(r"\(product\.metafields\.shopify\.", column)
        if metafield or re.fullmatch(r"google shopping / (gender|age group)", column.lower()):
            roles.setdefault(column, Role.ATTRIBUTE)
    roles[VARIANTS] = Role.NUMBER
    roles[PHOTOS] = Role.IMAGE
    return roles
