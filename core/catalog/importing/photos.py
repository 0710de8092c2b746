"""Photos of a source: found, checked, and copied into the catalog."""

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

import pandas as pd

from core.catalog.catalog import IMAGE_SEPARATOR
from core.catalog.importing.draft import PHOTO_SUFFIXES, Progress
from core.catalog.importing.prose import list_to_text
from core.catalog.importing.report import Log
from core.catalog.importing.tables import Table
from core.errors import ImageError

_URLS = re.compile(r"[|~\s]+|[,;](?=https?://)")
_PATHS = re.compile(r"\s*[|~;\n]\s*")


def references(cell: str) -> list[str]:
    """The single photos that an image cell names: paths or URLs, whatever stands between them."""
    cell = list_to_text(cell)
    if "://" in cell:
        return [part.strip(",;") for part in _URLS.split(cell) if part.strip(",;")]
    parts = _PATHS.split(cell)
    if len(parts) == 1 and re.search(r"\.\w{3,4}\s*,\s*\S", cell):
        parts = re.split(r"\s*,\s*", cell)
    return [part.replace("\\", "/") for part in parts if part]


def collect_photos(
    table: Table,
    columns: list[str],
    root: Path,
    log: Log,
    on_progress: Progress | None = None,
) -> dict[str, Path]:
    """Check the photos that the image columns name, and write the cells as a catalog holds them.

    URLs are never fetched. Where `root` holds a file of the name that only one URL ends in, that
    file is the photo and the URL stays behind it in the cell. A photo that is missing, damaged, too
    large or outside `root` is reported and taken out of the cell; its item is kept.

    Returns:
        Path inside the catalog's `images/` to the file that it is copied from.
    """
    root = root.resolve()
    wanted: dict[str, str] = {}  # reference -> what is wrong with it, or an empty string
    found: dict[str, Path] = {}  # reference -> file
    cells = {c: table.frame[c].astype("str") for c in columns}
    urls: dict[str, None] = {}
    for column in columns:
        for cell in cells[column].dropna().unique():
            for reference in references(cell):
                if "://" in reference:
                    urls[reference] = None
                elif reference not in wanted:
                    path, wrong = _locate(root, reference)
                    wanted[reference] = wrong
                    if path is not None:
                        found[reference] = path
    found |= _downloaded(root, list(urls))
    if away := sum(url not in found for url in urls):
        log.note(
            f"{away:,} of {len(urls):,} photos that are web addresses were not copied, as addresses"
            " are not fetched. Put the files, named as the addresses end, into images/ beside the"
            " table, or name their folder with --images."
        )
    for reference, wrong in _damage(found, on_progress).items():
        wanted[reference] = wrong
        del found[reference]
    inside = _names({r: p.relative_to(root).as_posix() for r, p in found.items()})
    for column in columns:
        kept: list[str | None] = []
        for position, cell in enumerate(cells[column]):
            parts: list[str] = []
            for reference in references(cell) if isinstance(cell, str) else ():
                if problem := wanted.get(reference):
                    kind, _, message = problem.partition("\n")
                    table.problem(log, kind, message, position, column)
                elif reference in inside:
                    parts.append(inside[reference])
                if "://" in reference:
                    parts.append(reference.replace(IMAGE_SEPARATOR, "%7C"))
            kept.append(IMAGE_SEPARATOR.join(dict.fromkeys(parts)) or None)
        table.frame[column] = pd.Series(kept, index=table.frame.index, dtype="str")
    return {inside[r]: path for r, path in found.items()}


def _locate(root: Path, reference: str) -> tuple[Path | None, str]:
    """The file that a reference means, or what is wrong: kind, newline, message."""
    gone = "the item was kept without it"
    if "\x00" in reference:
        return None, f"photo not found\nthe photo's path holds a NUL character; {gone}"
    # Some tables name photos without their ending.
    endings = ("",) if Path(reference).suffix else ("", *PHOTO_SUFFIXES)
    for folder in (root, root / "images"):
        for ending in endings:
            try:
                path = (folder / (reference + ending)).resolve()
                there = path.is_file()
            except OSError:  # a name that the file system cannot hold
                continue
            if not path.is_relative_to(root):
                return None, (
                    f"photo outside the folder\nthe photo “{reference}” lies outside {root.name}/"
                    f" and was not read; {gone}"
                )
            if there:
                return path, ""
    return None, f"photo not found\nthe photo “{reference}” is not in {root.name}/; {gone}"


def _downloaded(root: Path, urls: Iterable[str]) -> dict[str, Path]:
    """The file of each URL's name, where one lies in `root`; none for a name that two URLs share.

    What follows a question mark (sizes and versions at a shop's host) tells no photos apart.
    """
    address = {url: re.split(r"[?#]", url)[0] for url in urls}
    name = {url: unquote(where.rpartition("/")[2]) for url, where in address.items()}
    times = Counter(name[url] for url in {where: url for url, where in address.items()}.values())
    found: dict[str, Path] = {}
    for url in address:
        if Path(name[url]).suffix.lower() in PHOTO_SUFFIXES and times[name[url]] == 1:
            path, _ = _locate(root, name[url])
            if path is not None:
                found[url] = path
    return found


def _damage(found: dict[str, Path], on_progress: Progress | None) -> dict[str, str]:
    """References whose file does not decode, with kind, newline, message."""
    from core.vision.images import open_image

    def check(path: Path) -> str:
        try:
            # Decoding is the only sure check; JPEGs decode at an eighth of their size here.
            open_image(path, max_side=64)
        except ImageError as error:
            return f"photo not readable\n{error} The item was kept without it."
        return ""

    wrong: dict[str, str] = {}
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for done, (reference, message) in enumerate(
            zip(found, pool.map(check, found.values()), strict=True), start=1
        ):
            if message:
                wrong[reference] = message
            if on_progress is not None and done % 50 == 0:
                on_progress(done / len(found), f"Checking photos: {done:,} of {len(found):,}")
    return wrong


def _names(relative: dict[str, str]) -> dict[str, str]:
    """Paths inside the catalog's `images/`: the source's own, less a leading `images/`."""
    names: dict[str, str] = {}
    taken: dict[str, str] = {}
    for reference, path in relative.items():
        name = path.removeprefix("images/").replace(IMAGE_SEPARATOR, "_")
        while taken.setdefault(name, path) != path:
            name = f"_{name}"
        names[reference] = name
    return names


def copy_photos(
    photos: dict[str, Path], folder: Path, on_progress: Callable[[float, str], None] | None = None
) -> None:
    """Copy photos under their catalog names.

    Raises:
        OSError: the disk is full, or a photo has gone since it was checked.
    """
    for done, (name, path) in enumerate(photos.items(), start=1):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        if on_progress is not None and done % 200 == 0:
            on_progress(done / len(photos), f"Copying photos: {done:,} of {len(photos):,}")
