"""Unpacking ZIP files that came from outside: nothing leaves the folder, nothing fills the disk."""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from core.errors import FashionError

MAX_ENTRIES = 500_000
"""Most files in an archive."""

_BLOCK = 1 << 20


class ArchiveError(FashionError):
    """A ZIP file is damaged, too large, or holds paths that leave its folder."""


def unpack(
    archive: Path,
    folder: Path,
    *,
    max_bytes: int,
    rename: Callable[[str], str | None] = lambda name: name,
    on_progress: Callable[[float, str], None] | None = None,
) -> list[Path]:
    """Unpack a ZIP file and return the files written.

    Links are left out, and so is what operating systems add (`__MACOSX`, hidden files). Every byte
    is checked against the archive's own CRC-32.

    Args:
        archive: the file.
        folder: where to; made if missing.
        max_bytes: most bytes that the archive may unpack to.
        rename: maps a path in the archive to one in `folder`, or to None to leave it out.
        on_progress: called with a share (0..1) and a sentence.

    Raises:
        ArchiveError: with a sentence that says what to do.
        OSError: the disk is full or not writable.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = [e for e in packed.infolist() if not e.is_dir()]
            size = sum(e.file_size for e in entries)
            if len(entries) > MAX_ENTRIES or size > max_bytes:
                raise ArchiveError(
                    f"{archive.name} unpacks to {len(entries):,} files of {size / 1e6:,.0f} MB; at"
                    f" most {MAX_ENTRIES:,} files of {max_bytes / 1e6:,.0f} MB are unpacked."
                )
            folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
            if size > free:
                raise ArchiveError(
                    f"{archive.name} needs {size / 1e6:,.0f} MB, but only {free / 1e6:,.0f} MB are"
                    " free. Make room and try again."
                )
            return _write(packed, entries, folder, size, rename, on_progress)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ArchiveError(
            f"{archive.name} is damaged or not a plain ZIP file ({error}). Get it again."
        ) from error


def _write(
    packed: zipfile.ZipFile,
    entries: list[zipfile.ZipInfo],
    folder: Path,
    size: int,
    rename: Callable[[str], str | None],
    on_progress: Callable[[float, str], None] | None,
) -> list[Path]:
    root = folder.resolve()
    written, done = [], 0
    for number, entry in enumerate(entries, start=1):
        done += entry.file_size
        if on_progress is not None and (number % 100 == 0 or number == len(entries)):
            on_progress(done / max(size, 1), f"Unpacking: {number:,} of {len(entries):,} files")
        name = rename(entry.filename)
        parts = PurePosixPath(name or "").parts
        is_link = stat.S_ISLNK(entry.external_attr >> 16)
        hidden = any(p == "__MACOSX" or (p.startswith(".") and p != "..") for p in parts)
        if name is None or is_link or hidden:
            continue
        target = (root / name).resolve()
        if "\x00" in name or "\\" in name or not target.is_relative_to(root) or target == root:
            raise ArchiveError(
                f"{packed.filename and Path(packed.filename).name} holds the path “{name}”, which"
                " leaves its folder. Nothing more of it was unpacked; get it from a source that you"
                " trust."
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        with packed.open(entry) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, _BLOCK)
        written.append(target)
    return written
