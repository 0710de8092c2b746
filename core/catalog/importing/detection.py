"""Which reader fits a source."""

from itertools import islice
from pathlib import Path

from core.catalog.importing.report import Log
from core.catalog.importing.tables import TABLE_SUFFIXES, text_records
from core.errors import CatalogError

FORMATS = ("csv", "shopify", "google", "hm", "styles", "visuelle")
FOLDERS = {
    "hm": ("articles.csv",),
    "styles": ("styles.csv",),
    "visuelle": ("train.csv", "test.csv"),
}
"""Formats whose source is a folder, and the tables that mark it."""


def detect(source: Path, format: str) -> tuple[str, Path]:
    """The format of a source, and the file or folder that its reader takes.

    A folder with one table in it stands for the table; a table of a folder format stands for its
    folder where the format is named.

    Raises:
        CatalogError: the source is not there, or nothing fits.
    """
    if format not in ("auto", *FORMATS):
        raise CatalogError(f"There is no format “{format}”. Choose auto or {', '.join(FORMATS)}.")
    if not source.exists():
        raise CatalogError(f"{source} is not there. Check the path.")
    if format in FOLDERS:
        folder = source if source.is_dir() else source.parent
        if not any((folder / name).is_file() for name in FOLDERS[format]):
            raise CatalogError(
                f"{folder} holds no {' or '.join(FOLDERS[format])}, so it is not a folder of the"
                f" format {format}."
            )
        return format, folder
    if source.is_dir():
        if format == "auto":
            for name in ("hm", "styles", "visuelle"):
                if any(_is_of(source / table, name) for table in FOLDERS[name]):
                    return name, source
        source = _only_table(source)
    return (_of_file(source) if format == "auto" else format), source


def _is_of(table: Path, format: str) -> bool:
    marks = {
        "hm": {"article_id"},
        "styles": {"id", "productDisplayName"},
        "visuelle": {"external_code"},
    }
    return table.is_file() and marks[format] <= set(_header(table))


def _only_table(folder: Path) -> Path:
    tables = sorted(
        p for p in folder.iterdir() if p.suffix.lower() in (*TABLE_SUFFIXES, ".xml") and p.is_file()
    )
    if len(tables) != 1:
        found = ", ".join(p.name for p in tables) or "none"
        raise CatalogError(f"{folder} should hold one table, but holds: {found}. Name the file.")
    return tables[0]


def _of_file(source: Path) -> str:
    if source.suffix.lower() in (".xml", ".rss", ".atom"):
        return "google"
    names = {name.strip().lower() for name in _header(source)}
    if names & {"handle", "url handle"} and names & {
        "variant price",
        "option1 name",
        "image src",
        "product image url",
        "body (html)",
    }:
        return "shopify"
    plain = {name.removeprefix("g:").replace(" ", "_") for name in names}
    if {"id", "title", "image_link"} <= plain and plain & {"availability", "price", "link"}:
        return "google"
    return "csv"


def _header(source: Path) -> list[str]:
    """First cells of a text table; nothing for a workbook, an unreadable or a huge file."""
    try:
        with source.open("rb") as file:
            if file.read(4) in (b"PK\x03\x04", b"PAR1") or source.stat().st_size > 200_000_000:
                return []
        return next(iter(islice(text_records(source, Log()), 1)), (0, []))[1]
    except (CatalogError, OSError):
        return []
