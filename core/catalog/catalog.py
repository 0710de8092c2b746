"""A catalog in memory, and the directory that holds it.

A catalog directory is the one format that everything but an importer reads::

    catalog.parquet   one row an item, the source's own column names
    catalog.toml      roles, post-launch marks, target unit, provenance, content hash
    images/           photos; image cells hold paths relative to this folder
    series.parquet    optional: item, period (int, 0-based), value in the target's unit
    trends.parquet    optional: date, word, value (search interest, 0..100)
    detections.parquet  optional: what is seen in photos, see `core.vision.detections`
    suggestions.json  optional: lines that a model suggested, see `core.catalog.suggestions`

Guarantees: `write_catalog` replaces a directory as a whole or leaves it as it was; a process killed
at any moment leaves a catalog that `load_catalog` reads.
"""

import glob
import hashlib
import os
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from core.catalog.roles import LEVEL_ROLES, NUMBER_ROLES, SINGLE_ROLES, TEXT_ROLES, Role
from core.errors import CatalogError
from core.folders import replace_folder, restore_folder

IMAGE_SEPARATOR = "|"
"""Between several photos in one image cell; the first is the main one."""

FORMAT_VERSION = 1

LEFTOVER_AGE = 86_400
"""Seconds after which an unfinished directory is that of a killed writer."""


@dataclass(frozen=True)
class Catalog:
    """Items, their photos and the meaning of their columns. Treat `frame` as read-only.

    Attributes:
        directory: where it was loaded from; photos are under `directory / "images"`.
        frame: one row an item; ids are strings, categories and attributes categoricals, prices,
            numbers, ratings and targets float64, release dates datetime64.
        roles: column name to role, for the columns that have one.
        post_launch: columns that are only known after an item began to sell (target aside).
        unit: the target's unit in the plural, such as ``"units"``.
        currency: ISO code or sign of the price column, or an empty string.
        notice: a sentence that pages show beside the catalog (what the data is), or empty.
        provenance: where the data came from (source, format, date, counts), as plain values.
        content_hash: SHA-256 of catalog.parquet, in hexadecimal.
    """

    directory: Path
    name: str
    frame: pd.DataFrame
    roles: Mapping[str, Role]
    post_launch: frozenset[str] = frozenset()
    unit: str = "units"
    currency: str = ""
    notice: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    content_hash: str = ""

    def columns(self, role: Role) -> list[str]:
        """Names of the columns with a role, in table order."""
        return [c for c in self.frame.columns if self.roles.get(c) == role]

    def column(self, role: Role) -> str | None:
        """Name of the first column with a role, or None."""
        found = self.columns(role)
        return found[0] if found else None

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def ids(self) -> pd.Index:
        """Item ids (strings, unique) in row order."""
        return pd.Index(self.frame[self.columns(Role.ID)[0]])

    def row(self, item_id: str) -> int:
        """Row position of an item.

        Raises:
            CatalogError: no item has this id.
        """
        position = self.ids.get_indexer(pd.Index([item_id]))[0]
        if position < 0:
            raise CatalogError(f"The catalog “{self.name}” has no item with the id “{item_id}”.")
        return int(position)

    def target(self) -> pd.Series | None:
        """The popularity signal in its own unit (float64, NaN where unknown), or None."""
        column = self.column(Role.TARGET)
        return None if column is None else self.frame[column]

    def image_paths(self, row: int) -> list[Path]:
        """Photos of an item that lie in the catalog, main photo first; URLs are left out.

        A path that leaves the catalog's image folder is dropped, never opened.
        """
        root = os.path.realpath(self.directory / "images")
        return list(_photos(root, (self.frame[c].iloc[row] for c in self.columns(Role.IMAGE))))

    def main_photos(self) -> list[Path | None]:
        """The first of `image_paths` of every item, in row order; None where there is none."""
        root = os.path.realpath(self.directory / "images")
        cells = [self.frame[c] for c in self.columns(Role.IMAGE)]
        rows = zip(*cells, strict=True) if cells else ((),) * len(self)
        return [next(_photos(root, row), None) for row in rows]

    def series(self) -> pd.DataFrame | None:
        """Per-period values of items (item, period, value), where the source had them."""
        return _side_table(self.directory / "series.parquet")

    def trends(self) -> pd.DataFrame | None:
        """Search interest of words over time (date, word, value), where the source had it."""
        return _side_table(self.directory / "trends.parquet")


def _photos(root: str, cells: Iterable[object]) -> Iterator[Path]:
    # os.path, not Path: the embedding of a large catalog asks this of every item.
    for cell in cells:
        for part in cell.split(IMAGE_SEPARATOR) if isinstance(cell, str) else ():
            if part and "://" not in part and "\x00" not in part:
                path = os.path.realpath(os.path.join(root, part))  # noqa: PTH118
                if path.startswith(root + os.sep) and os.path.isfile(path):  # noqa: PTH113
                    yield Path(path)


def _side_table(path: Path) -> pd.DataFrame | None:
    return pd.read_parquet(path) if path.is_file() else None


def conform(frame: pd.DataFrame, roles: Mapping[str, Role]) -> pd.DataFrame:
    """Give every column with a role the type of its role; other columns stay as they are.

    Raises:
        CatalogError: a role names a column that is not there, a single role is given twice, or
            the id column is missing, has empty cells or holds duplicates.
    """
    for column in roles:
        if column not in frame.columns:
            raise CatalogError(
                f"The column “{column}” has the role “{roles[column]}” but is not in the table."
                " Choose one of: " + ", ".join(map(str, frame.columns)) + "."
            )
    for role in SINGLE_ROLES:
        named = [c for c, r in roles.items() if r == role]
        if len(named) > 1:
            raise CatalogError(
                f"Only one column can be the {role.replace('_', ' ')}, but these are marked so: "
                + ", ".join(named)
                + ". Keep one."
            )
    ids = [c for c, r in roles.items() if r == Role.ID]
    if not ids:
        raise CatalogError("No column holds the item id. Name it with --role id=COLUMN.")
    frame = frame.reset_index(drop=True).copy()
    for column, role in roles.items():
        if role in TEXT_ROLES:
            frame[column] = frame[column].astype("string").astype("str")
        elif role in LEVEL_ROLES:
            values = frame[column].astype("string").astype("str")
            frame[column] = values.astype("category")
        elif role in NUMBER_ROLES:
            frame[column] = pd.to_numeric(frame[column]).astype("float64")
        elif role == Role.RELEASE_DATE:
            frame[column] = pd.to_datetime(frame[column]).dt.tz_localize(None)
    key = frame[ids[0]]
    if key.isna().any() or (key == "").any():
        row = int((key.isna() | (key == "")).to_numpy().argmax())
        raise CatalogError(f"Row {row + 1} of the column “{ids[0]}” has no item id.")
    if key.duplicated().any():
        first = key[key.duplicated()].iloc[0]
        raise CatalogError(f"The item id “{first}” stands more than once in column “{ids[0]}”.")
    return frame


def write_catalog(
    catalog: Catalog,
    out: Path,
    *,
    add_files: Callable[[Path], None] | None = None,
) -> Catalog:
    """Write a catalog directory as a whole and return it as loaded from there.

    Args:
        catalog: what to write; its `directory` and `content_hash` are ignored.
        out: the directory to create or replace.
        add_files: called with the new directory before it takes the old one's place, to write
            `images/`, `series.parquet` and `trends.parquet` into it.

    Raises:
        CatalogError: the roles do not fit the table, or `out` is a directory that holds something
            other than a catalog.
        OSError: the disk is full or not writable; the old catalog is untouched.
    """
    out = Path(os.path.abspath(out))  # noqa: PTH100 - resolve() would follow a link out of the way
    frame = conform(catalog.frame, catalog.roles)
    if out.exists() and not _replaceable(out):
        raise CatalogError(f"{out} is not a catalog directory. Choose an empty or a new folder.")
    out.parent.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(out)
    new = Path(tempfile.mkdtemp(prefix=f".{out.name}.new-", dir=out.parent))
    try:
        new.chmod(0o755)
        (new / "images").mkdir()
        frame.to_parquet(new / "catalog.parquet", index=False)
        if add_files is not None:
            add_files(new)
        digest = hashlib.sha256((new / "catalog.parquet").read_bytes()).hexdigest()
        (new / "catalog.toml").write_bytes(_header(catalog, digest))
        if (out / "vectors").is_dir():
            # They name the photos that they are of: those of unchanged photos serve again.
            shutil.copytree(out / "vectors", new / "vectors")
        if (out / "suggestions.json").is_file():
            # What a person decided about an item outlives a new import of its table.
            shutil.copy2(out / "suggestions.json", new)
        if (out / "detections.parquet").is_file():
            shutil.copy2(out / "detections.parquet", new)
        replace_folder(new, out)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return load_catalog(out)


def _header(catalog: Catalog, digest: str) -> bytes:
    return tomli_w.dumps(
        {
            "version": FORMAT_VERSION,
            "name": catalog.name,
            "notice": catalog.notice,
            "unit": catalog.unit,
            "currency": catalog.currency,
            "content_hash": digest,
            "post_launch": sorted(catalog.post_launch),
            "roles": {column: str(role) for column, role in catalog.roles.items()},
            "provenance": {k: v for k, v in catalog.provenance.items() if v is not None},
        }
    ).encode()


def _replaceable(out: Path) -> bool:
    return out.is_dir() and ((out / "catalog.toml").is_file() or not any(out.iterdir()))


def _clear_leftovers(out: Path) -> None:
    """Remove what writers that were killed left beside `out`, once no writer can still be at it."""
    for left in out.parent.glob(f".{glob.escape(out.name)}.new-*"):
        if time.time() - left.stat().st_mtime > LEFTOVER_AGE:
            shutil.rmtree(left, ignore_errors=True)


def catalog_directory(path: str | Path) -> Path:
    """The catalog directory that a user means: `path`, or the demo inside it.

    Raises:
        CatalogError: there is none.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100
    for candidate in (path, path / "demo"):
        restore_folder(candidate)
        if (candidate / "catalog.toml").is_file():
            return candidate
    raise CatalogError(
        f"{path} is not a catalog directory (it has no catalog.toml)."
        " Make one with scripts/import_catalog.py."
    )


def load_catalog(path: str | Path) -> Catalog:
    """Read a catalog directory; `data/` alone means the demo in it.

    Raises:
        CatalogError: the directory is not a catalog, or its files are damaged.
    """
    directory = catalog_directory(path)
    try:
        header = tomllib.loads((directory / "catalog.toml").read_text(encoding="utf-8"))
        frame = pd.read_parquet(directory / "catalog.parquet")
        roles = {column: Role(role) for column, role in header["roles"].items()}
    except (OSError, ValueError, KeyError) as error:
        raise CatalogError(
            f"The catalog in {directory} cannot be read ({error}). Import it again."
        ) from error
    return Catalog(
        directory=directory,
        name=header.get("name", directory.name),
        frame=conform(frame, roles),
        roles=roles,
        post_launch=frozenset(header.get("post_launch", [])),
        unit=header.get("unit", "units"),
        currency=header.get("currency", ""),
        notice=header.get("notice", ""),
        provenance=header.get("provenance", {}),
        content_hash=header.get("content_hash", ""),
    )
