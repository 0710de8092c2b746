"""Sentences of the what-if: where an edit leaves the past, and what the photo still shows."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from app.popularity_view import column_label
from app.words import plain
from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.explain.density import Flag
from core.explain.photos import Kind, kind_of
from core.explain.what_if import photo_column
from core.explain.wording import money

PHOTOS: dict[Kind, str] = {
    "uploaded": "Your photo instead of its own",
    "other": "Photo of another item",
    "recoloured": "Photo recoloured",
}


def flag_sentence(flag: Flag, catalog: Catalog) -> str:
    """One way in which an edited item is outside the past, in a sentence."""
    name = plain(column_label(flag.column, catalog.roles)) if flag.column else ""
    value = plain(str(flag.value))
    if flag.kind == "level":
        return f"No past item has {name} “{value}”."
    if flag.kind == "together":
        other = plain(column_label(flag.other_column, catalog.roles))
        return (
            f"No past item has {name} “{value}” together with {other} “{plain(flag.other_value)}”."
        )
    if flag.kind == "season":
        return f"No past item with {name} “{value}” was released around {plain(flag.other_value)}."
    if flag.kind == "range":
        currency = catalog.currency if catalog.roles.get(flag.column) == Role.PRICE else ""
        which = f"“{plain(flag.other_value)}”" if flag.other_value else "all categories"
        ends = f"{money(flag.low)} to {money(flag.high, currency)}"
        return (
            f"{name} {money(float(flag.value), currency)} is outside what past items of {which}"
            f" had, {ends}."
        )
    count = {0: "No past item is", 1: "Only 1 past item is"}.get(
        flag.near, f"Only {flag.near} past items are"
    )
    return (
        f"{count} near this combination of details; {flag.near_before} are near the item as it is."
    )


def photo_sentence(
    catalog: Catalog, row: int, changes: Mapping[str, Any], reads_photo: bool
) -> str:
    """Where the colour and the photo say different things; empty where they agree."""
    column, photo = colour_column(catalog), photo_column(catalog)
    if column is None or photo is None:
        return ""
    before, recoloured = catalog.frame[column].iloc[row], photo in changes
    if recoloured and column not in changes:
        if not reads_photo or pd.isna(before) or kind_of(changes[photo]) != "recoloured":
            return ""
        name = plain(column_label(column, catalog.roles))
        return (
            f"The photo has another colour now, but {name} still says “{plain(str(before))}”."
            " Change the field as well if the model is to read both alike."
        )
    if recoloured or column not in changes or not catalog.image_paths(row):
        return ""
    after = changes[column]
    shown = "the old colour" if pd.isna(before) else f"“{plain(str(before))}”"
    now = "not given" if pd.isna(after) else f"“{plain(str(after))}”"
    return f"The colour is {now} now, but the photo still shows {shown}. " + (
        "This model reads the photo too, so its prediction mixes the two."
        if reads_photo
        else "This model does not read the photo, so the prediction follows the field alone."
    )


def colour_column(catalog: Catalog) -> str | None:
    """The column that names an item's colour, or None."""
    named = (c for c in catalog.frame.columns if re.search("colou?r", c.lower()))
    return next((c for c in named if catalog.roles.get(c) in LEVEL_ROLES), None)


def changes_sentence(catalog: Catalog, row: int, changes: Mapping[str, Any]) -> str:
    """What was edited, from and to: ``Price 39.95 → 29.95 EUR; Colour red → blue``."""
    parts = []
    for column, value in changes.items():
        role = catalog.roles.get(column)
        name = plain(column_label(column, catalog.roles))
        if role in (Role.TITLE, Role.DESCRIPTION, Role.REVIEW):
            parts.append(f"{name} rewritten")
            continue
        if role == Role.IMAGE:
            parts.append(PHOTOS[kind_of(value)])
            continue
        old, new = (shown(v, catalog, column) for v in (catalog.frame[column].iloc[row], value))
        parts.append(f"{name} {plain(old)} → {plain(new)}")
    return "; ".join(parts)


def shown(value: Any, catalog: Catalog, column: str) -> str:
    """A cell as people read it."""
    if pd.isna(value) or value == "":
        return "not given"
    role = catalog.roles.get(column)
    if isinstance(value, pd.Timestamp):
        return f"{value:%d %B %Y}".lstrip("0")
    if role in (Role.PRICE, Role.NUMBER, Role.RATING):
        return money(float(value), catalog.currency if role == Role.PRICE else "")
    return str(value)
