"""CLIP vectors of a catalog's photos, kept beside it.

``vectors/<checkpoint id>.npy`` in the catalog directory is a float16 array (items, dimensions) of
unit vectors in row order, read through a memory map; rows without a readable photo are NaN.
``vectors/<checkpoint id>.json`` beside it says which checkpoint and preprocessing made it and which
photo each row is of: name, size and content, never the time on disk, which git does not keep.

A run writes a ``.partial`` pair: the JSON at once, the array batch by batch; a row counts as done
when it has unit length. A run that is killed therefore goes on at the first photo that is not
there, only changed photos are embedded again, and readers see the old vectors until the new ones
are whole.
"""

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from PIL import Image

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.checkpoints import checkpoint_id as id_of
from core.errors import CatalogError, ImageError
from core.vision.clip import ClipEncoder, preprocess_hash
from core.vision.images import open_image

FOLDER = "vectors"
WORKERS = min(4, os.cpu_count() or 1)
"""Threads that each open photos and run the model on them: while one decodes, another computes."""
DECODED_SIDE = 2
"""Photos are scaled to this many times the model's input size first, where they are larger: a JPEG
is then read at a fraction of its size, and the vector stays the same (cosine over .999)."""
UNIT_TOLERANCE = 0.01
"""How far from 1 the length of a float16 unit vector may be."""

Key = tuple[str, int, str]
"""A photo: its path under `images/`, its bytes, a hash of its content."""


@dataclass(frozen=True)
class DamagedPhoto:
    """A photo that could not be read: its item, its path under `images/`, and why."""

    item: str
    photo: str
    problem: str


@dataclass(frozen=True)
class Embedded:
    """What a run did.

    Attributes:
        vectors: float16 (items, dimensions), memory-mapped, read-only; NaN rows without a photo.
        computed: photos that went through the encoder.
        kept: photos whose vectors were there already.
        damaged: photos that could not be read.
    """

    vectors: np.ndarray
    computed: int
    kept: int
    damaged: tuple[DamagedPhoto, ...]


def embed_catalog(
    catalog: Catalog,
    encoder: ClipEncoder,
    on_progress: Callable[[int, int], None] | None = None,
    batch_size: int = 32,
) -> Embedded:
    """Make sure that the main photo of every item has its vector.

    Args:
        catalog: whose photos; vectors of unchanged photos are kept.
        encoder: makes the vectors.
        on_progress: called with photos done and photos in all.
        batch_size: photos between two writes to disk.

    Raises:
        CatalogError: the vectors cannot be written beside the catalog.
    """
    files = _Files(catalog.directory / FOLDER, encoder.checkpoint_id)
    try:
        about = _describe(catalog, encoder.preprocess_hash) | {
            "checkpoint": encoder.checkpoint_id,
            "dimensions": encoder.dimensions,
        }
        whole = _read(*files.whole)
        if whole is None or not _same(whole[1], about):
            files.folder.mkdir(exist_ok=True)
            # Two sessions may ask at once: the second waits, then finds everything done.
            with FileLock(files.folder / f".{encoder.checkpoint_id}.lock"):
                return _embed(catalog, encoder, files, about, on_progress, batch_size)
    except OSError as error:
        raise CatalogError(
            f"The photos of the catalog “{catalog.name}” cannot be embedded into {files.folder}"
            f" ({error.strerror or error}). Make room, or make the folder writable."
        ) from error
    damaged = _damaged(catalog, whole[1])
    count = sum(key is not None for key in about["photos"])
    if on_progress is not None:
        on_progress(count, count)
    return Embedded(whole[0], 0, count - len(damaged), damaged)


def is_embedded(catalog: Catalog, directory: Path) -> bool:
    """Whether every photo, as it is now, has its vector by the checkpoint in a directory.

    Reads the photos' bytes but loads no model, so that callers can go without one.

    Raises:
        CheckpointMissing: the directory has no weights or no preprocessor_config.json.
    """
    found = _read(*_Files(catalog.directory / FOLDER, id_of(directory)).whole)
    return found is not None and _same(found[1], _describe(catalog, preprocess_hash(directory)))


def load_embeddings(catalog: Catalog, checkpoint_id: str) -> np.ndarray | None:
    """Vectors of a catalog's main photos, float16 (items, dimensions), memory-mapped, read-only.

    Rows without a readable photo are NaN. None where the photos have not been embedded with this
    checkpoint, or the catalog's rows or the names of their photos have changed since.
    """
    found = _read(*_Files(catalog.directory / FOLDER, checkpoint_id).whole)
    return found[0] if found is not None and found[1]["table"] == _table(catalog) else None


def embeddings_version(catalog: Catalog, checkpoint_id: str) -> str:
    """Names the photos and the preprocessing that a catalog's vectors are of; empty without any."""
    found = _read(*_Files(catalog.directory / FOLDER, checkpoint_id).whole)
    return "" if found is None else found[1]["digest"]


def load_photo_vectors(catalog: Catalog, checkpoint_id: str) -> np.ndarray | None:
    """Vectors of a catalog's main photos, found by the photos and not by its rows.

    For a catalog of some or edited items whose photos lie with those of the whole one. float16
    (items, dimensions); NaN rows without a readable photo; None where a photo has no vector yet.
    """
    found = _read(*_Files(catalog.directory / FOLDER, checkpoint_id).whole)
    if found is None:
        return None
    place = {key: row for row, key in enumerate(found[1]["photos"]) if key is not None}
    keys = photo_keys(catalog)
    if any(key is not None and key not in place for key in keys):
        return None
    vectors = np.full((len(keys), found[0].shape[1]), np.nan, dtype=np.float16)
    for row, key in enumerate(keys):
        if key is not None:
            vectors[row] = found[0][place[key]]
    return vectors


class _Files:
    """The array and the JSON of one checkpoint, and the pair that a run writes."""

    def __init__(self, folder: Path, checkpoint_id: str) -> None:
        self.folder = folder
        self.whole = (folder / f"{checkpoint_id}.npy", folder / f"{checkpoint_id}.json")
        self.partial = (
            folder / f"{checkpoint_id}.partial.npy",
            folder / f"{checkpoint_id}.partial.json",
        )

    def interrupted(self) -> tuple[Path, Path]:
        """The pair of a killed run, which may have died between the renames of `publish`."""
        array, about = self.partial
        return (array if array.is_file() else self.whole[0]), about

    def begin(self, vectors: np.ndarray, about: dict[str, Any]) -> None:
        """Write the partial pair; at no moment do an array and a JSON disagree."""
        array, json_file = self.partial
        json_file.unlink(missing_ok=True)
        new = self.folder / f"{array.name}.new.npy"
        np.save(new, vectors, allow_pickle=False)
        new.replace(array)
        _write(json_file, about)

    def publish(self, about: dict[str, Any]) -> None:
        """Put the partial pair in the place of the whole one."""
        _write(self.partial[1], about)
        self.whole[1].unlink(missing_ok=True)
        self.partial[0].replace(self.whole[0])
        self.partial[1].replace(self.whole[1])


def _embed(
    catalog: Catalog,
    encoder: ClipEncoder,
    files: _Files,
    about: dict[str, Any],
    on_progress: Callable[[int, int], None] | None,
    batch_size: int,
) -> Embedded:
    keys: list[Key | None] = about["photos"]
    known, problems = _known(files, about)
    start = np.full((len(keys), encoder.dimensions), np.nan, dtype=np.float16)
    for row, key in enumerate(keys):
        if key in known:
            start[row] = known[key]
    files.begin(start, about)
    vectors = np.load(files.partial[0], mmap_mode="r+", allow_pickle=False)
    pending = [r for r, k in enumerate(keys) if k is not None and k not in known | problems]
    total = sum(key is not None for key in keys)
    done = total - len(pending)
    folder = catalog.directory / "images"
    paths = [folder / key[0] for row in pending if (key := keys[row])]
    if on_progress is not None:
        on_progress(done, total)
    rows = iter(pending)
    for found in embed_files(paths, encoder, batch_size):
        for vector, row in zip(found, rows, strict=False):
            key = keys[row]
            if isinstance(vector, ImageError):
                assert key is not None
                problems[key] = str(vector)
            else:
                vectors[row] = vector
        vectors.flush()
        done += len(found)
        if on_progress is not None:
            on_progress(done, total)
    about = about | {"damaged": {str(r): problems[k] for r, k in enumerate(keys) if k in problems}}
    files.publish(about)
    damaged = _damaged(catalog, about)
    computed = sum(keys[row] not in problems for row in pending)
    whole = np.load(files.whole[0], mmap_mode="r", allow_pickle=False)
    return Embedded(whole, computed, total - computed - len(damaged), damaged)


def embed_files(
    paths: Sequence[Path], encoder: ClipEncoder, batch_size: int
) -> Iterator[list[np.ndarray | ImageError]]:
    """Vectors of photos, batch by batch in the order of their paths.

    Each of some threads opens the photos of a batch and runs the model on them with its share of
    torch's threads: cores that would wait for each other inside one model, or for a photo to be
    decoded, are all at work.

    Args:
        paths: files.
        encoder: makes the vectors.
        batch_size: photos that are open at a time in each thread.

    Yields:
        For each photo of a batch its float32 vector, or the error of one that is unreadable.
    """
    import torch

    def embed(batch: Sequence[Path]) -> list[np.ndarray | ImageError]:
        opened = [_open(path, DECODED_SIDE * encoder.side) for path in batch]
        photos = [p for p in opened if not isinstance(p, ImageError)]
        vectors = iter(encoder.images(photos) if photos else ())
        return [p if isinstance(p, ImageError) else next(vectors) for p in opened]

    threads = torch.get_num_threads()
    share = max(1, threads // WORKERS)
    batches = (paths[start : start + batch_size] for start in range(0, len(paths), batch_size))
    waiting: deque[Future[list[np.ndarray | ImageError]]] = deque()
    with ThreadPoolExecutor(
        WORKERS, thread_name_prefix="embed", initializer=lambda: torch.set_num_threads(share)
    ) as pool:
        try:
            for batch in batches:
                waiting.append(pool.submit(embed, batch))
                if len(waiting) > WORKERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
            # torch takes the number that was set last for threads that start later.
            torch.set_num_threads(threads)


def _open(path: Path, side: int) -> Image.Image | ImageError:
    try:
        return open_image(path, max_side=side)
    except ImageError as error:
        return error


def _describe(catalog: Catalog, preprocess: str) -> dict[str, Any]:
    return {
        "preprocess": preprocess,
        "table": _table(catalog),
        "photos": photo_keys(catalog),
        "damaged": {},
    }


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[k] == other[k] for k in ("preprocess", "table", "photos"))


def _table(catalog: Catalog) -> str:
    """Hash of the ids and image cells: which photo each row names, without touching a file."""
    columns = [*catalog.columns(Role.ID), *catalog.columns(Role.IMAGE)]
    text = catalog.frame[columns].to_csv(index=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def photo_keys(catalog: Catalog) -> list[Key | None]:
    """The main photo of every item, in row order; None where there is none. Reads the photos."""
    root = os.path.realpath(catalog.directory / "images")
    keys: list[Key | None] = []
    for path in catalog.main_photos():
        if path is None:
            keys.append(None)
            continue
        stat = path.stat()
        name = path.relative_to(root).as_posix()
        keys.append((name, stat.st_size, _content(path, stat.st_size, stat.st_mtime_ns)))
    return keys


@lru_cache(maxsize=500_000)
def _content(path: Path, size: int, changed: int) -> str:
    """Hash of a file, kept as long as the process lives and the file does not change."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:32]


def _known(files: _Files, about: dict[str, Any]) -> tuple[dict[Key, np.ndarray], dict[Key, str]]:
    """Vectors and problems of photos that an earlier run has seen with the same preprocessing."""
    known: dict[Key, np.ndarray] = {}
    problems: dict[Key, str] = {}
    for pair in (files.whole, files.interrupted()):
        found = _read(*pair)
        if found is None or found[1]["preprocess"] != about["preprocess"]:
            continue
        lengths = np.linalg.norm(np.asarray(found[0], dtype=np.float32), axis=1)
        for row, key in enumerate(found[1]["photos"]):
            if key is None:
                continue
            if abs(lengths[row] - 1) < UNIT_TOLERANCE:
                known[key] = np.array(found[0][row])
            elif str(row) in found[1]["damaged"]:
                problems[key] = found[1]["damaged"][str(row)]
    return known, problems


def _damaged(catalog: Catalog, about: dict[str, Any]) -> tuple[DamagedPhoto, ...]:
    return tuple(
        DamagedPhoto(str(catalog.ids[int(row)]), about["photos"][int(row)][0], problem)
        for row, problem in about["damaged"].items()
        if int(row) < len(catalog)
    )


def _read(array_file: Path, json_file: Path) -> tuple[np.ndarray, dict[str, Any]] | None:
    """An array and what its JSON says; None where either is missing, damaged or does not fit."""
    try:
        stat = json_file.stat()
        about = _parse(json_file, stat.st_ino, stat.st_mtime_ns, stat.st_size)
        vectors = np.load(array_file, mmap_mode="r", allow_pickle=False)
        fits = vectors.shape == (len(about["photos"]), about["dimensions"])
        return (
            (vectors, about) if fits and {"preprocess", "table", "damaged"} <= set(about) else None
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=8)
def _parse(file: Path, inode: int, changed: int, size: int) -> dict[str, Any]:
    """What a JSON says, kept as long as the file does not change; to be read only."""
    text = file.read_text(encoding="utf-8")
    about = json.loads(text)
    about["photos"] = [None if key is None else tuple(key) for key in about["photos"]]
    return about | {"digest": hashlib.sha256(text.encode()).hexdigest()}


def _write(file: Path, about: dict[str, Any]) -> None:
    new = file.with_name(f"{file.name}.new")
    new.write_text(json.dumps(about, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    new.replace(file)
