"""How large a source may be, so that no file can exhaust the machine."""

from pathlib import Path

from core.errors import CatalogError

MAX_BYTES = 200 * 1000 * 1000
"""Largest table or feed that is read whole, in bytes (H&M's transactions are streamed instead)."""

MAX_UNPACKED = 1000 * 1000 * 1000
"""Most bytes that a workbook, Parquet file or archive may unpack to."""


def check_size(path: Path) -> None:
    """Refuse a file that is not there, empty, or larger than is read whole.

    Raises:
        CatalogError: with what to do.
    """
    if not path.is_file():
        raise CatalogError(f"{path} is not there. Check the path.")
    size = path.stat().st_size
    if size == 0:
        raise CatalogError(f"{path.name} is empty. Export the table again.")
    if size > MAX_BYTES:
        raise CatalogError(
            f"{path.name} is {size / 1e6:,.0f} MB; tables of up to {MAX_BYTES / 1e6:,.0f} MB are"
            " read. Leave out columns that are not needed, or split the table."
        )


def check_unpacked(name: str, size: int) -> None:
    """Refuse a packed file whose content is larger than is read.

    Raises:
        CatalogError: with what to do.
    """
    if size > MAX_UNPACKED:
        raise CatalogError(
            f"{name} unpacks to {size / 1e6:,.0f} MB; at most {MAX_UNPACKED / 1e6:,.0f} MB are"
            " read. Split it."
        )
