"""One item with some of its cells changed, for a prediction beside the old one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.catalog.catalog import Catalog, conform
from core.errors import CatalogError


def edited(catalog: Catalog, row: int, changes: Mapping[str, Any]) -> Catalog:
    """A catalog of this one item, with the changed cells; the original is untouched.

    Its photos are still found in the catalog's folder. It has no content hash, because it is no
    catalog that a model can have learned from.

    Raises:
        CatalogError: a column is not there, or a value does not fit its column.
    """
    frame = catalog.frame.iloc[[row]].reset_index(drop=True)
    for column, value in changes.items():
        if column not in frame.columns:
            raise CatalogError(f"The catalog “{catalog.name}” has no column “{column}” to edit.")
        frame[column] = [value]
    try:
        frame = conform(frame, catalog.roles)
    except (TypeError, ValueError) as error:
        raise CatalogError(f"An edited value does not fit its column: {error}.") from error
    return replace(catalog, frame=frame, content_hash="")
