"""A source as a reader understood it, before roles are settled and cells become typed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from core.catalog.importing.guessing import NEVER_LATE, Guesses, late_name
from core.catalog.importing.tables import Table
from core.catalog.roles import Role

Progress = Callable[[float, str], None]
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")


@dataclass
class Draft:
    """What a reader hands on.

    Attributes:
        table: one row an item; cells are text, or float64 where the reader computed them.
        guesses: the roles that the reader proposes.
        photo_root: folder that image cells are relative to; nothing outside it is read.
        merged: source rows that joined another row's item.
        series: item, period, value, or None.
        trends: date, word, value, or None.
        unit: what the target counts, if the format says so.
        currency: of the price column, if the format says so.
        notice: a sentence that pages show beside the catalog.
        derived: columns that the reader made for a role; they go where they lose it.
        facts: further provenance, as plain values.
    """

    table: Table
    guesses: Guesses
    photo_root: Path
    merged: int = 0
    series: pd.DataFrame | None = None
    trends: pd.DataFrame | None = None
    unit: str = ""
    currency: str = ""
    notice: str = ""
    derived: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def preset(frame: pd.DataFrame, roles: dict[str, Role], reason: str) -> Guesses:
    """Guesses from a format's own convention; columns that are not there are left out."""
    guesses = Guesses()
    for column, role in roles.items():
        if column in frame.columns and frame[column].notna().any():
            guesses.give(column, role, reason)
    guesses.post_launch = {
        c for c in frame.columns if late_name(c) and guesses.roles.get(c) not in NEVER_LATE
    }
    return guesses


def photos_by_name(folder: Path) -> dict[str, list[str]]:
    """Image files of a folder by stem: paths relative to it, in name order; subfolders included."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.suffix.lower() in PHOTO_SUFFIXES:
            found.setdefault(path.stem, []).append(path.relative_to(folder).as_posix())
    return found
