"""What a catalog directory holds, read from its header without opening the table."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from core.catalog.catalog import catalog_directory
from core.catalog.roles import Role
from core.errors import CatalogError


@dataclass(frozen=True)
class Summary:
    """The header of a catalog, for a list of many.

    Attributes:
        items: number of rows.
        target: the column that models learn, or None.
        provenance: source, format, date and counts, as the importer wrote them.
    """

    name: str
    items: int
    target: str | None
    unit: str
    notice: str
    provenance: Mapping[str, Any]


def summary(directory: Path) -> Summary:
    """The summary of a catalog directory.

    Raises:
        CatalogError: the directory is not a catalog, or its files are damaged.
    """
    directory = catalog_directory(directory)
    try:
        header = tomllib.loads((directory / "catalog.toml").read_text(encoding="utf-8"))
        items = pq.read_metadata(directory / "catalog.parquet").num_rows
        roles = dict(header["roles"])
    except (OSError, ValueError, KeyError) as error:
        raise CatalogError(
            f"The catalog in {directory} cannot be read ({error}). Import it again."
        ) from error
    return Summary(
        name=header.get("name", directory.name),
        items=items,
        target=next((column for column, role in roles.items() if role == Role.TARGET), None),
        unit=header.get("unit", "units"),
        notice=header.get("notice", ""),
        provenance=header.get("provenance", {}),
    )
