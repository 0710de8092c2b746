"""Sentences of the what-if: where an edit leaves the past, and what the photo still shows."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from app.popularity_view import column_label
from app.words import money, plain
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.explain.density import Flag


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
    """What a changed colour leaves in the photo; empty where no colour changed or no photo is."""
    colour = next((c for c in changes if re.search("colou?r", c.lower())), None)
    if colour is None or not catalog.image_paths(row):
        return ""
    before, after = catalog.frame[colour].iloc[row], changes[colour]
    shown = "the old colour" if pd.isna(before) else f"“{plain(str(before))}”"
    now = "not given" if pd.isna(after) else f"“{plain(str(after))}”"
    return f"The colour is {now} now, but the photo still shows {shown}. " + (
        "This model reads the photo too, so its prediction mixes the two."
        if reads_photo
        else "This model does not read the photo, so the prediction follows the field alone."
    )


def changes_sentence(catalog: Catalog, row: int, changes: Mapping[str, Any]) -> str:
    """What was edited, from and to: ``Price 39.95 → 29.95 EUR; Colour red → blue``."""
    parts = []
    for column, value in changes.items():
        role = catalog.roles.get(column)
        name = plain(column_label(column, catalog.roles))
        if role in (Role.TITLE, Role.DESCRIPTION, Role.REVIEW):
            parts.append(f"{name} rewritten")
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
