"""One item with some of its cells changed, for a prediction beside the old one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.catalog.catalog import Catalog, conform
from core.catalog.roles import Role
from core.errors import CatalogError
from core.explain.photos import NAME, photo_file, photo_folder


def edited(catalog: Catalog, row: int, changes: Mapping[str, Any]) -> Catalog:
    """A catalog of this one item, with the changed cells; the original is untouched.

    Its photos are still found in the catalog's folder, or where another photo is tried, in that of
    the kept photo; models that read photos need it read before (`core.explain.photos.read_photo`).
    It has no content hash, because it is no catalog that a model can have learned from.

    Args:
        catalog, row: the item.
        changes: new cells by column; that of `photo_column` names a kept photo.

    Raises:
        CatalogError: a column is not there, a value does not fit its column, or a photo is gone.
    """
    frame = catalog.frame.iloc[[row]].reset_index(drop=True)
    directory = catalog.directory
    for column, value in changes.items():
        if column not in frame.columns:
            raise CatalogError(f"The catalog “{catalog.name}” has no column “{column}” to edit.")
        if catalog.roles.get(column) == Role.IMAGE:
            photo_file(value)
            directory = photo_folder(value)
            value = NAME
        frame[column] = [value]
    roles = {c: r for c, r in catalog.roles.items() if c in changes or r == Role.ID}
    try:
        # The other cells have the types of their roles already.
        frame[list(roles)] = conform(frame[list(roles)], roles)
    except (TypeError, ValueError) as error:
        raise CatalogError(f"An edited value does not fit its column: {error}.") from error
    return replace(catalog, frame=frame, directory=directory, content_hash="")


def photo_column(catalog: Catalog) -> str | None:
    """The column whose cell an edit of the photo changes: the first with photos, or None."""
    return catalog.column(Role.IMAGE)
