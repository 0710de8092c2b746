"""Replacing a folder as a whole: a process killed at any moment leaves the old or the new one."""

import errno
import shutil
from pathlib import Path

_ATTEMPTS = 5


def replace_folder(new: Path, out: Path) -> None:
    """Put a finished folder where `out` is or is to be; both lie in the same parent.

    A kill between its two renames leaves the old folder beside, where `restore_folder` finds it.

    Raises:
        OSError: the parent is not writable; the old folder is in its place.
    """
    previous = _previous(out)
    for attempt in range(_ATTEMPTS):
        if out.exists():
            shutil.rmtree(previous, ignore_errors=True)
            out.rename(previous)
        try:
            new.rename(out)
            break
        except OSError as error:
            # A reader came between the renames and put the old folder back: take it away again.
            again = error.errno in (errno.ENOTEMPTY, errno.EEXIST) and attempt < _ATTEMPTS - 1
            if not again:
                restore_folder(out)
                raise
    shutil.rmtree(previous, ignore_errors=True)


def restore_folder(out: Path) -> None:
    """Put back the folder that a killed `replace_folder` took away; else do nothing."""
    previous = _previous(out)
    if not out.exists() and previous.is_dir():
        previous.rename(out)


def _previous(out: Path) -> Path:
    return out.parent / f".{out.name}.previous"
