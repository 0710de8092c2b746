"""Finished batches on disk: made beside the others, put there whole, the oldest taken away."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import FashionError
from core.tryon.batch import Album

MB = 1 << 20

PART = 256 * MB
"""Bytes from which an archive goes on in another file: a download is held in memory once."""

MOST, MOST_BYTES = 8, 4096 * MB
"""Batches that stay, and what they may take together; the newest stays in any case."""

_ARCHIVE, _SHEET = "try_on.zip", "contact_sheet.png"


@dataclass(frozen=True)
class Finished:
    """A batch that is there.

    Attributes:
        sheet: the contact sheet, a PNG file.
        parts: the archive, a ZIP file or several, each whole in itself.
    """

    sheet: Path
    parts: tuple[Path, ...]


class Shelf:
    """A folder of batches; safe for several threads and processes.

    A batch in the making lies in a hidden folder, whose lock its process holds: the system lets go
    of it when the process ends, however it ends, so that what nobody goes on with is found.
    """

    def __init__(self, folder: Path, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        """`most` batches of together `most_bytes` stay."""
        self._folder, self._most, self._most_bytes = folder, most, most_bytes

    def find(self, name: str) -> Finished | None:
        """A finished batch by its name, or None."""
        sheet = self._folder / name / _SHEET
        if not sheet.is_file():
            return None
        parts = sheet.parent.glob(f"{Path(_ARCHIVE).stem}*.zip")
        return Finished(sheet, tuple(sorted(parts, key=lambda part: (len(part.name), part.name))))

    @contextmanager
    def making(self, name: str, part: int = PART) -> Iterator[Album]:
        """An album to fill, which is put on the shelf at the end; an error inside drops it.

        Args:
            name: of the batch, as for a file.
            part: bytes from which the archive goes on in another file.

        Raises:
            FashionError: the batch is being made elsewhere.
            OSError: the folder cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        making, lock = self._folder / f".{name}", self._lock(name)
        with self._lock(""):
            self._sweep()
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise FashionError(
                    "These pictures are being made already, by another process of this server."
                    " Open this page again when they may be done."
                ) from None
            making.mkdir()
        album = Album(making / _ARCHIVE, part)
        try:
            yield album
            (making / _SHEET).write_bytes(album.close())
            with self._lock(""):
                shutil.rmtree(self._folder / name, ignore_errors=True)
                making.rename(self._folder / name)
                self._prune()
        except BaseException:
            album.abandon()
            shutil.rmtree(making, ignore_errors=True)
            raise
        finally:
            with self._lock(""):
                self._drop(lock)

    def _lock(self, name: str) -> FileLock:
        """The lock of a batch in the making; of the folder itself where the name is empty."""
        return FileLock(self._folder / f".{name}.lock", thread_local=False)

    @staticmethod
    def _drop(lock: FileLock) -> None:
        """Let go of a lock and its file; only while the folder's own is held.

        Nobody else can have opened the file and be about to lock it meanwhile.
        """
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Take away what was left by processes that are no more."""
        for folder in [f for f in self._folder.glob(".*") if f.is_dir()]:
            lock = self._lock(folder.name[1:])
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue  # somebody is writing it
            shutil.rmtree(folder, ignore_errors=True)
            self._drop(lock)

    def _prune(self) -> None:
        """Let the oldest batches go."""
        finished = [f for f in self._folder.iterdir() if not f.name.startswith(".")]
        taken = 0
        for place, folder in enumerate(sorted(finished, key=_age, reverse=True)):
            taken += sum(file.stat().st_size for file in folder.iterdir())
            if place and (place >= self._most or taken > self._most_bytes):
                shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> float:
    return folder.stat().st_mtime
