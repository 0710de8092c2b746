"""Photos that are tried on items: kept in files, so that an edit can name one.

An edit's cell for the photo is ``KIND:DIGEST``, such as ``uploaded:5f1c...``. The photo lies in
``what_if_photos/DIGEST`` of `core.settings.state_dir`, a folder made as a catalog's is: models find
its vector in ``vectors/`` as they find any other's, and CLIP reads it once.

Guarantees: a file is whole or not there; equal photos are one file; at most `MOST` photos are kept,
of which the oldest that no saved scenario names go first.
"""

import hashlib
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import CatalogError, ImageError
from core.settings import state_dir
from core.vision.images import check_image, encode_webp, open_image

if TYPE_CHECKING:
    from core.vision.clip import ClipEncoder

Kind = Literal["uploaded", "other", "recoloured"]
"""Where a photo is from: a person's file, another item, the item's own in another colour."""

FOLDER = "what_if_photos"
NAME, BASE = "photo", "base.txt"
MAX_SIDE = 1024
"""Longer side of a kept photo (pixels): over four times what CLIP looks at."""
MAX_BYTES = 2 * 1024 * 1024
"""Largest file that is kept as it came."""
MOST = 300
LEFT_AFTER = 3600
"""Seconds after which an unfinished folder is one of a process that was killed."""
_CELL = re.compile(rf"({'|'.join(get_args(Kind))}):([0-9a-f]{{32}})")


def keep_photo(
    source: bytes,
    kind: Kind,
    name: str | None = None,
    *,
    base: str = "",
    named: Iterable[str] = (),
) -> str:
    """Keep a photo, and return the cell that an edit names it by.

    A small file is kept byte by byte, so that its vector is the one it has elsewhere; a large one
    as WebP of at most `MAX_SIDE` pixels.

    Args:
        source: an image file's bytes.
        kind: where it is from.
        name: what to call it in an error.
        base: cell of the kept photo that this one was made from.
        named: cells that must stay, such as those of saved scenarios.

    Raises:
        ImageError: it cannot be read as an image.
        CatalogError: it cannot be written.
    """
    image = open_image(source, name, max_side=MAX_SIDE)
    if len(source) > MAX_BYTES or max(check_image(source, name)) > MAX_SIDE:
        source = encode_webp(image, quality=92)
    digest = hashlib.sha256(source).hexdigest()[:32]
    root = state_dir() / FOLDER
    folder = root / digest
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not (folder / "images" / NAME).is_file():
            new = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
            try:
                (new / "images").mkdir()
                (new / "images" / NAME).write_bytes(source)
                if base:
                    (new / BASE).write_text(_parsed(base)[1], encoding="ascii")
                _publish(new, folder)
            finally:
                shutil.rmtree(new, ignore_errors=True)
            used = {match[2] for cell in (*named, base) if (match := _CELL.fullmatch(cell))}
            with suppress(FileNotFoundError):  # another session may be at it
                _prune(root, {digest, *used})
    except OSError as error:
        raise CatalogError(
            f"The photo cannot be kept in {root} ({error.strerror or error}). Make room, or make"
            " the folder writable."
        ) from error
    return f"{kind}:{digest}"


def names_photo(cell: object) -> bool:
    """Whether an edit's cell is one that `keep_photo` made."""
    return isinstance(cell, str) and _CELL.fullmatch(cell) is not None


def kind_of(cell: str) -> Kind:
    """Where the photo of an edit is from.

    Raises:
        CatalogError: the cell names no kept photo.
    """
    return _parsed(cell)[0]


def photo_file(cell: str) -> Path:
    """The file of a kept photo.

    Raises:
        CatalogError: the cell names none, or it is not there any more.
    """
    file = photo_folder(cell) / "images" / NAME
    if not file.is_file():
        raise CatalogError(
            "The photo of this edit is not kept any more. Choose it again, or undo the edit."
        )
    return file


def base_of(cell: str) -> Path:
    """The photo that a kept one was made from, or itself where it was not or that one is gone.

    Raises:
        CatalogError: the cell names no kept photo, or it is not there any more.
    """
    own = photo_file(cell)
    try:
        digest = (photo_folder(cell) / BASE).read_text(encoding="ascii")
        return photo_file(f"other:{digest}")
    except (OSError, CatalogError):
        return own


def photo_folder(cell: str) -> Path:
    """The folder of a kept photo, made as that of a catalog.

    Raises:
        CatalogError: the cell names no kept photo.
    """
    return state_dir() / FOLDER / _parsed(cell)[1]


def read_photo(cell: str, checkpoint: str, encoder: Callable[[], "ClipEncoder"]) -> None:
    """Make sure that a kept photo has its vector; a photo is read once.

    Args:
        cell: names the photo.
        checkpoint: id of the CLIP checkpoint whose vector is needed.
        encoder: loads the encoder of that checkpoint; called only where the photo was not read yet.

    Raises:
        CatalogError: the photo is not there, or its vector cannot be written.
        ImageError: the photo is damaged.
        CheckpointMissing: as `encoder`.
    """
    from core.vision.embeddings import embed_catalog, load_embeddings

    photo_file(cell)
    alone = Catalog(
        photo_folder(cell),
        "a photo to try",
        pd.DataFrame({"id": [NAME], "image": [NAME]}),
        {"id": Role.ID, "image": Role.IMAGE},
    )
    if load_embeddings(alone, checkpoint) is None:
        made = embed_catalog(alone, encoder())
        if made.damaged:
            raise ImageError(made.damaged[0].problem)


def _parsed(cell: str) -> tuple[Kind, str]:
    match = _CELL.fullmatch(cell) if isinstance(cell, str) else None
    if match is None:
        raise CatalogError("This edit names no photo that was kept. Choose the photo again.")
    return match[1], match[2]  # type: ignore[return-value]


def _publish(new: Path, folder: Path) -> None:
    """Put a new folder in its place, unless another session has put the same photo there."""
    try:
        new.rename(folder)
    except OSError:
        if not (folder / "images" / NAME).is_file():  # what is there was never removed to its end
            shutil.rmtree(folder, ignore_errors=True)
            new.rename(folder)


def _prune(root: Path, keep: set[str]) -> None:
    """Remove the oldest photos beyond `MOST` that nothing names, and what killed processes left."""
    folders = [f for f in root.iterdir() if _CELL.fullmatch(f"other:{f.name}")]
    made_from = [f / BASE for f in folders if f.name in keep]
    keep = keep | {file.read_text(encoding="ascii") for file in made_from if file.is_file()}
    spare = sorted((f for f in folders if f.name not in keep), key=lambda f: f.stat().st_mtime)
    for folder in spare[: max(0, len(folders) - MOST)]:
        gone = folder.with_name(f".old-{folder.name}")
        folder.rename(gone)  # whole or not there, also for who is killed here
        shutil.rmtree(gone, ignore_errors=True)
    for left in (*root.glob(".new-*"), *root.glob(".old-*")):
        if time.time() - left.stat().st_mtime > LEFT_AFTER:
            shutil.rmtree(left, ignore_errors=True)
