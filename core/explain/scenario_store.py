"""The SQLite file in `core.settings.state_dir` that named scenarios are kept in.

Guarantees: a change is written as a whole or not at all, and two sessions that write at once both
keep what they wrote.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from core.errors import CatalogError
from core.settings import state_dir

FILE = "scenarios.sqlite"


@contextmanager
def scenario_store(table: str) -> Iterator[sqlite3.Connection]:
    """The store, in one transaction.

    Args:
        table: SQL that makes the table which is used, where it is not there yet.

    Raises:
        CatalogError: the store cannot be read or written.
        sqlite3.IntegrityError: a line of that key is there already.
    """
    file = state_dir() / FILE
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file, timeout=10)) as store, store:
            store.execute(table)
            yield store
    except sqlite3.IntegrityError:
        raise
    except (OSError, sqlite3.Error) as error:
        raise CatalogError(
            f"Scenarios cannot be kept in {file} ({error}). Make room or make the folder writable;"
            " if the file is damaged, move it away."
        ) from error
