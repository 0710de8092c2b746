"""What the human parser sees in a catalog's photos, kept beside it in `detections.parquet`.

A row a photo: its path under `images/`, its bytes, a hash of its content, the articles that are
seen, whether a person wears them, the checkpoint that looked, what kept it from looking, and the
number of the rule that told the articles (`core.vision.parsing.RULE`). A run writes the whole file
anew every few photos, so that one that is killed goes on where it was, and readers find a whole
file at any moment. Only photos that are new or changed, or that another checkpoint has looked at,
are looked at again. What another rule told is never read: it is as if nobody had looked.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from filelock import FileLock
from PIL import Image

from core.catalog.catalog import Catalog
from core.catalog.facets import ARTICLE_SEPARATOR
from core.errors import CatalogError, ImageError
from core.vision.embeddings import DamagedPhoto, Key, photo_keys
from core.vision.images import open_image
from core.vision.parsing import RULE, detect

FILE = "detections.parquet"
COLUMNS = ("photo", "bytes", "content", "articles", "worn", "checkpoint", "problem", "rule")
TYPES = {"bytes": "int64", "rule": "int64", "worn": "boolean"}
BATCH = 16
"""Photos between two writes to disk."""


class Parser(Protocol):
    """What `detect_catalog` needs of `core.vision.parsing.HumanParser`."""

    checkpoint_id: str

    def parse(self, image: Image.Image) -> np.ndarray:
        """Body map of a photo, uint8 (height, width)."""


@dataclass(frozen=True)
class Detected:
    """What a run did: photos looked at, photos known already, photos that could not be read."""

    computed: int
    kept: int
    damaged: tuple[DamagedPhoto, ...]


def detect_catalog(
    catalog: Catalog,
    parser: Parser,
    on_progress: Callable[[int, int], None] | None = None,
) -> Detected:
    """Make sure that the parser has looked at the main photo of every item.

    Args:
        catalog: whose photos.
        parser: looks at them.
        on_progress: called with photos done and photos in all.

    Raises:
        CatalogError: the file cannot be written beside the catalog, or is damaged.
    """
    try:
        # Two sessions may ask at once: the second waits, then finds everything done.
        with FileLock(catalog.directory / f".{FILE}.lock"):
            return _detect(catalog, parser, on_progress)
    except OSError as error:
        raise CatalogError(
            f"What is seen in the photos of “{catalog.name}” cannot be written to"
            f" {catalog.directory / FILE} ({error.strerror or error}). Make room, or make the"
            " folder writable."
        ) from error


def _detect(
    catalog: Catalog, parser: Parser, on_progress: Callable[[int, int], None] | None
) -> Detected:
    file = catalog.directory / FILE
    keys = photo_keys(catalog)
    wanted = list(dict.fromkeys(key for key in keys if key is not None))
    rows = _rows(_read(file))
    before = list(rows.items())
    known = {k: r for k, r in rows.items() if r["checkpoint"] == parser.checkpoint_id}
    # The same picture under another name needs no second look.
    by_content = {key[1:]: row for key, row in known.items()}
    pending = []
    for key in wanted:
        if key in known:
            continue
        if key[1:] in by_content:
            known[key] = rows[key] = by_content[key[1:]]
        else:
            pending.append(key)
    done = len(wanted) - len(pending)
    for first in range(0, len(pending), BATCH):
        for key in pending[first : first + BATCH]:
            if on_progress is not None:
                on_progress(done, len(wanted))
            known[key] = rows[key] = _look(catalog, parser, key)
            done += 1
        _write(file, wanted, rows)
    if on_progress is not None:
        on_progress(len(wanted), len(wanted))
    if not file.is_file() or [(key, rows[key]) for key in wanted] != before:
        _write(file, wanted, rows)
    damaged = tuple(
        DamagedPhoto(str(catalog.ids[row]), key[0], str(known[key]["problem"]))
        for row, key in enumerate(keys)
        if key is not None and known[key]["problem"]
    )
    unread = sum(bool(known[key]["problem"]) for key in pending)
    bad = sum(bool(known[key]["problem"]) for key in wanted)
    return Detected(len(pending) - unread, len(wanted) - len(pending) - (bad - unread), damaged)


def _look(catalog: Catalog, parser: Parser, key: Key) -> dict[str, object]:
    row: dict[str, object] = {"articles": "", "worn": None, "problem": ""}
    try:
        seen = detect(parser.parse(open_image(catalog.directory / "images" / key[0])))
        row |= {"articles": ARTICLE_SEPARATOR.join(seen.articles), "worn": seen.worn}
    except ImageError as error:
        row["problem"] = str(error)
    return row | {"checkpoint": parser.checkpoint_id, "rule": RULE}


def load_detections(catalog: Catalog) -> pd.DataFrame | None:
    """What is seen in the main photo of every item, in row order; None before a run by this rule.

    Columns: ``articles`` (names joined by ``|``; empty where nothing is recognised), ``worn``
    (nullable boolean) and ``checkpoint``; all missing where no photo was looked at, or where it has
    another length in bytes since.

    Raises:
        CatalogError: the file is damaged.
    """
    table = _read(catalog.directory / FILE)
    if table is None or table.empty:
        return None
    table = table[table["problem"] == ""].drop_duplicates("photo", keep="last")
    root = os.path.realpath(catalog.directory / "images")
    found = catalog.main_photos()
    names = [None if p is None else p.relative_to(root).as_posix() for p in found]
    sizes = [-1 if p is None else p.stat().st_size for p in found]
    seen = table.set_index("photo").reindex(names).reset_index(drop=True)
    seen.loc[(seen["bytes"] != np.array(sizes)).to_numpy(), ["articles", "worn", "checkpoint"]] = (
        pd.NA
    )
    return seen[["articles", "worn", "checkpoint"]].astype(
        {"articles": "string", "worn": "boolean", "checkpoint": "string"}
    )


def outdated(catalog: Catalog) -> bool:
    """Whether photos were looked at under another rule, so that they have to be looked at again.

    Raises:
        CatalogError: the file is damaged.
    """
    table = _read(catalog.directory / FILE, any_rule=True)
    return table is not None and bool((table["rule"] != RULE).any())


def stamp(catalog: Catalog) -> str:
    """Changes whenever the file does; for caches of what is made from it."""
    try:
        stat = (catalog.directory / FILE).stat()
    except OSError:
        return ""
    return f"{RULE}-{stat.st_size}-{stat.st_mtime_ns}"


def _read(file: Path, *, any_rule: bool = False) -> pd.DataFrame | None:
    """The rows of a file that this rule told, or all; None where there is no file."""
    if not file.is_file():
        return None
    try:
        table = pd.read_parquet(file)
        if "rule" not in table:  # files older than the numbers
            table["rule"] = 0
        table = table[list(COLUMNS)]
    except (OSError, ValueError, KeyError) as error:  # pyarrow's errors are among these
        raise CatalogError(
            f"{file} is damaged ({str(error).splitlines()[0]}). Delete it, and look at the photos"
            " again."
        ) from error
    return table if any_rule else table[table["rule"] == RULE]


def _rows(table: pd.DataFrame | None) -> dict[Key, dict[str, object]]:
    if table is None:
        return {}
    worn = table["worn"].astype("object").where(table["worn"].notna(), None)
    table = table.assign(worn=worn)
    return {
        (row["photo"], row["bytes"], row["content"]): {c: row[c] for c in COLUMNS[3:]}
        for row in table.to_dict("records")
    }


def _write(file: Path, wanted: list[Key], rows: dict[Key, dict[str, object]]) -> None:
    kept = [key for key in wanted if key in rows]
    table = pd.DataFrame(
        [(*key, *(rows[key][c] for c in COLUMNS[3:])) for key in kept], columns=list(COLUMNS)
    ).astype({c: TYPES.get(c, "str") for c in COLUMNS})
    new = file.with_name(f".{file.name}.new")
    table.to_parquet(new, index=False)
    new.replace(file)
