"""The one store of derived artefacts (thumbnails, try-on results): on disk, bounded, never pickled.

Anything in it may be deleted at any time; it is made again when it is next asked for.
"""

import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import Any

import diskcache
from diskcache.core import MODE_PICKLE

from core.errors import FashionError
from core.settings import cache_dir

SIZE_LIMIT = 1 << 30
"""Bytes that the store may take; the least recently used entries go first."""


class PlainDisk(diskcache.Disk):
    """Stores and returns bytes, text and numbers only.

    diskcache pickles other values and unpickles what it finds, which would run code from the file.
    """

    def put(self, key: Any) -> Any:
        """Accept plain keys.

        Raises:
            TypeError: any other key.
        """
        _check_plain(key, "key")
        return super().put(key)

    def get(self, key: Any, raw: bool) -> Any:
        """Return a stored key.

        Raises:
            ValueError: it was pickled.
        """
        if not raw:
            raise ValueError("The cache holds a pickled key, which is never read.")
        return super().get(key, raw)

    def store(self, value: Any, read: bool, key: Any = diskcache.UNKNOWN) -> Any:
        """Store a plain value.

        Raises:
            TypeError: any other value.
        """
        if not read:
            _check_plain(value, "value")
        return super().store(value, read, key=key)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        """Return a stored value.

        Raises:
            ValueError: it was pickled.
        """
        if mode == MODE_PICKLE:
            raise ValueError("The cache holds a pickled value, which is never read.")
        return super().fetch(mode, filename, value, read)


def _check_plain(value: Any, what: str) -> None:
    if type(value) not in (bytes, str, int, float):
        raise TypeError(f"A cache {what} must be bytes, text or a number, not {type(value)}.")


def open_cache(directory: Path, size_limit: int = SIZE_LIMIT) -> diskcache.Cache:
    """A cache in a folder, safe for several threads and processes."""
    return diskcache.Cache(
        str(directory),
        disk=PlainDisk,
        size_limit=size_limit,
        eviction_policy="least-recently-used",
    )


@lru_cache(maxsize=1)
def artefacts() -> diskcache.Cache:
    """The project's cache, in `cache_dir()`.

    Raises:
        FashionError: the folder cannot be made or written to.
    """
    folder = cache_dir() / "artefacts"
    try:
        return open_cache(folder)
    except (OSError, sqlite3.Error, diskcache.Timeout) as error:
        raise FashionError(
            f"Nothing can be kept in {folder} ({error}). Make the folder writable, or name another"
            " one in FASHION_CACHE_DIR."
        ) from error
