"""A Parquet file as a table of text."""

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.importing.excel import number_text
from core.catalog.importing.limits import check_unpacked
from core.catalog.importing.report import Log
from core.catalog.importing.tables import Table, single_file, tidy
from core.errors import CatalogError


def read_parquet(path: Path, log: Log) -> Table:
    """Read a Parquet file; lists of texts are joined with ``|``, binary columns are left out.

    Raises:
        CatalogError: damaged, or too large once unpacked.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            meta = file.metadata
            check_unpacked(
                path.name,
                sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups)),
            )
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise CatalogError(f"{path.name} is damaged ({error}). Export it again.") from error
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if "binary" in str(column.type):
            log.note(f"{path.name}: the column “{name}” holds binary data and was left out.")
            continue
        columns[str(name)] = pd.Series([_text(v) for v in column.to_pylist()], dtype="str")
    frame = pd.DataFrame(columns)
    return single_file(tidy(frame), np.arange(1, len(frame) + 1), path.name, len(frame))


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return "|".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
