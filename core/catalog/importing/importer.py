"""From a source to a catalog directory: detect, read, settle roles, type, check photos, write."""

import datetime
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from core.catalog.catalog import Catalog, write_catalog
from core.catalog.importing import cells, detection, generic, google, hm, shopify, styles, visuelle
from core.catalog.importing.draft import Draft, Progress
from core.catalog.importing.guessing import WEEK, normal, unit_of
from core.catalog.importing.photos import collect_photos, copy_photos
from core.catalog.importing.report import Guess, ImportReport, Log
from core.catalog.importing.roles import find_column, settle
from core.catalog.roles import Role
from core.errors import CatalogError


@dataclass(frozen=True)
class Inspection:
    """What a source looks like before it is imported.

    Attributes:
        format: the reader that fits.
        rows: rows of the table (items, for formats that merge rows).
        head: its first rows, cells as text.
        roles: proposed role of each column that has one.
        reasons: why, by column.
        post_launch: columns that are probably known only after an item began to sell.
        notes: decisions and warnings so far.
    """

    format: str
    rows: int
    head: pd.DataFrame
    roles: dict[str, Role]
    reasons: dict[str, str]
    post_launch: frozenset[str]
    notes: list[str]


def inspect_source(
    source: Path | str, format: str = "auto", *, images: Path | None = None, rows: int = 8
) -> Inspection:
    """Look at a source without importing it (H&M's transactions are not counted).

    Raises:
        CatalogError: the source cannot be read, or no reader fits.
    """
    log = Log()
    format, source = _detect(Path(source), format)
    draft = _read(source, format, log, images=images, preview=True)
    return Inspection(
        format,
        len(draft.table.frame),
        draft.table.frame.head(rows),
        draft.guesses.roles,
        draft.guesses.reasons,
        frozenset(draft.guesses.post_launch),
        log.notes,
    )


def import_catalog(
    source: Path | str,
    out: Path | str,
    *,
    format: str = "auto",
    roles: Sequence[tuple[str, str]] = (),
    group: str | None = None,
    images: Path | None = None,
    name: str | None = None,
    unit: str | None = None,
    currency: str | None = None,
    notice: str | None = None,
    window: hm.Window | None = None,
    post_launch: Collection[str] = (),
    at_launch: Collection[str] = (),
    day_first: bool | None = None,
    on_progress: Progress | None = None,
) -> ImportReport:
    """Read a source and write it as a catalog directory.

    Args:
        source: a file, or a folder for H&M, styles and VISUELLE.
        out: catalog directory to create or replace; on any error it stays as it was.
        format: one of `detection.FORMATS`, or ``"auto"``.
        roles: ``(role, column)`` pairs that go before the guesses; the role ``"none"`` takes a
            column's role away. A column named for two roles is copied.
        group: column, or columns joined by ``+``, whose cells tell the style group.
        images: folder that image cells are relative to (tables only).
        name: what the catalog is called; by default the source's name.
        unit: what the target counts, in the plural.
        currency: of the price column; by default what its cells say.
        notice: a sentence that pages show beside the catalog.
        window: first and last day whose sales count (H&M).
        post_launch: columns known only after launch, besides those that are guessed.
        at_launch: columns known at launch, whatever was guessed.
        day_first: how 03/04/2024 is meant; None decides from the column.
        on_progress: called with a share (0..1) and a sentence.

    Raises:
        CatalogError: with a sentence that says what is wrong, where, and what to do.
    """
    began = time.monotonic()
    log, progress = Log(), on_progress or _silent
    out = Path(out)
    format, source = _detect(Path(source), format)
    if window is not None and format != "hm":
        raise CatalogError("A window of days can only be chosen for H&M's transactions.")
    progress(0.0, f"Reading {source.name}")
    draft = _read(
        source, format, log, images=images, window=window, on_progress=_part(progress, 0.0, 0.4)
    )
    table = draft.table
    settled, guessed = settle(table.frame, draft.guesses, roles, group)
    unused = [c for c in draft.derived if c not in settled]
    table.frame = table.frame.drop(columns=unused)
    id_column = next((c for c, r in settled.items() if r == Role.ID), None)
    if id_column is None:
        raise CatalogError(
            f"No column of {source.name} holds an id of its own for every item. Name the column"
            f" with --role id=COLUMN; it has: {', '.join(map(str, table.frame.columns))}."
        )
    progress(0.4, "Reading cells")
    table = cells.drop_unusable(table, id_column, log)
    if table.frame.empty:
        raise CatalogError(f"No row of {source.name} has an item id: {log.issues[-1]}")
    found_currency = cells.type_columns(table, settled, log, day_first=day_first)
    series = draft.series
    if series is None:
        series = _series(table.frame, settled, guessed, id_column, log)
    else:
        series = series[series["item"].isin(table.frame[id_column])]
    target = next((c for c, r in settled.items() if r == Role.TARGET), None)
    if target is None and format != "hm":
        log.note("The catalog has no target: it can be ranked, but no model can learn from it.")
    photo_columns = [c for c, r in settled.items() if r == Role.IMAGE]
    photos = collect_photos(table, photo_columns, draft.photo_root, log, _part(progress, 0.45, 0.8))
    late = set(draft.guesses.post_launch)
    late |= {find_column(table.frame, c) for c in post_launch}
    late -= {find_column(table.frame, c) for c in at_launch} | {target}
    catalog = Catalog(
        directory=out,
        name=name or _default_name(source),
        frame=table.frame,
        roles=settled,
        post_launch=frozenset(c for c in late if c in table.frame.columns),
        unit=unit or draft.unit or (unit_of(target) if target else "units"),
        currency=currency or draft.currency or found_currency,
        notice=notice or draft.notice,
        provenance=_provenance(source, format, draft, len(table.frame), log),
    )

    def add_files(directory: Path) -> None:
        copy_photos(photos, directory / "images", _part(progress, 0.8, 0.98))
        if series is not None and len(series):
            series.to_parquet(directory / "series.parquet", index=False)
        if draft.trends is not None:
            draft.trends.to_parquet(directory / "trends.parquet", index=False)

    progress(0.8, "Writing")
    try:
        written = write_catalog(catalog, out, add_files=add_files)
    except OSError as error:
        raise CatalogError(
            f"The catalog could not be written to {out} ({error.strerror or error}). What was there"
            " before is unchanged. Free some space, or choose another folder."
        ) from error
    progress(1.0, "Done")
    return ImportReport(
        catalog=written,
        source=source,
        format=format,
        read=table.read,
        items=len(written),
        merged=draft.merged,
        skipped=dict(log.skipped),
        problems=dict(log.problems),
        issues=log.issues,
        notes=log.notes,
        guesses=guessed,
        photos=len(photos),
        seconds=time.monotonic() - began,
    )


def _detect(source: Path, format: str) -> tuple[str, Path]:
    try:
        return detection.detect(source, format)
    except OSError as error:
        raise CatalogError(f"{source} cannot be read ({error.strerror or error}).") from error


def _read(
    source: Path,
    format: str,
    log: Log,
    *,
    images: Path | None = None,
    window: hm.Window | None = None,
    preview: bool = False,
    on_progress: Progress | None = None,
) -> Draft:
    try:
        if format == "hm":
            return hm.read(source, log, window=window, sales=not preview, on_progress=on_progress)
        if format == "styles":
            return styles.read(source, log)
        if format == "visuelle":
            return visuelle.read(source, log)
        tables = {"csv": generic.read, "shopify": shopify.read, "google": google.read}
        return tables[format](source, log, images=images)
    except OSError as error:
        raise CatalogError(f"{source} cannot be read ({error.strerror or error}).") from error


def _series(
    frame: pd.DataFrame,
    roles: dict[str, Role],
    guessed: list[Guess],
    id_column: str,
    log: Log,
) -> pd.DataFrame | None:
    """Columns with the role series as a long table; without a target, their sum becomes it."""
    columns = [c for c, r in roles.items() if r == Role.SERIES]
    if not columns:
        return None
    numbers = [int(m[1]) if (m := WEEK.fullmatch(normal(c))) else None for c in columns]
    if None not in numbers:
        columns = [c for _, c in sorted(zip(numbers, columns, strict=True))]
    values = frame[columns]
    if Role.TARGET not in roles.values():
        name = f"sum of {columns[0]} to {columns[-1]}"
        frame[name] = values.sum(axis=1, min_count=1)
        roles[name] = Role.TARGET
        guessed.append(Guess(name, str(Role.TARGET), "the sum of the columns by period"))
        log.note(f"The target is the sum of the {len(columns)} columns by period.")
    long = values.set_axis(range(len(columns)), axis=1)
    long.insert(0, "item", frame[id_column])
    return (
        long.melt("item", var_name="period", value_name="value")
        .dropna()
        .astype({"period": "int64"})
    )


def _provenance(source: Path, format: str, draft: Draft, items: int, log: Log) -> dict[str, Any]:
    return {
        "source": source.name,
        "format": format,
        "imported": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "rows_read": draft.table.read,
        "items": items,
        "rows_merged": draft.merged,
        "skipped": dict(log.skipped),
        "problems": dict(log.problems),
        "notes": list(log.notes),
        **draft.facts,
    }


def _default_name(source: Path) -> str:
    words = source.stem.replace("_", " ").replace("-", " ").strip() or "Catalog"
    return words[0].upper() + words[1:]


def _silent(share: float, message: str) -> None:
    pass


def _part(progress: Progress, start: float, end: float) -> Progress:
    """A progress that fills only a part of another one's range."""
    return lambda share, message: progress(start + (end - start) * share, message)
