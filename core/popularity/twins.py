"""Items of different styles that show the same picture, and how a split separates them."""

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from core.catalog.catalog import Catalog
from core.errors import ImageError
from core.popularity.splits import Fold
from core.vision.embeddings import photo_keys
from core.vision.images import open_image

NEAR_COSINE = 0.98
"""Photos that have another with a CLIP vector this close are compared as pictures."""
NEAR_PICTURE = 0.02
"""Greatest root mean square difference of 16 x 16 thumbnails, 0..1, between a photo and its copy
that was saved again or scaled; the closest two garments on real cut-outs differ by .026."""
THUMBNAIL = 16
MAX_OPENED = 2000
"""Most photos that are opened to compare them."""
BLOCK = 1024


def picture_codes(catalog: Catalog, vectors: np.ndarray | None = None) -> tuple[np.ndarray, int]:
    """Which items have the same main photo: int64 (items,), equal where so, -1 without a photo.

    Files with the same bytes are the same. Beyond them, thumbnails are compared: of the photos that
    CLIP finds alike where there are vectors, else of all. At most `MAX_OPENED` photos are opened,
    the likeliest first; without vectors, more photos than that are compared by bytes alone.

    Args:
        catalog: whose main photos; their files are read once.
        vectors: CLIP unit vectors (items, dimensions), NaN rows without a photo, or None.

    Returns:
        The codes, and how many different files were too many to be looked at (0: none were).
    """
    first: dict[str, int] = {}
    codes = np.array(
        [
            -1 if key is None else first.setdefault(key[2], row)
            for row, key in enumerate(photo_keys(catalog))
        ],
        dtype=np.int64,
    )
    files = np.array(sorted(first.values()), dtype=np.int64)
    unseen = 0
    if vectors is not None:
        files = _likely(files, vectors)
    elif len(files) > MAX_OPENED:
        files, unseen = files[:0], len(files)
    rows, pictures = _thumbnails(catalog, files)
    parent = np.arange(len(catalog))
    for one, other in _close_pairs(pictures, NEAR_PICTURE * np.sqrt(pictures.shape[1])):
        a, b = _root(parent, rows[one]), _root(parent, rows[other])
        parent[max(a, b)] = min(a, b)
    known = codes >= 0
    codes[known] = [_root(parent, code) for code in codes[known]]
    return codes, unseen


def crossing(codes: np.ndarray, groups: np.ndarray, folds: Sequence[Fold]) -> np.ndarray:
    """Rows that a fold scores while an item alike, of another style, is learned from; sorted.

    Args:
        codes: int (items,), equal for items that are alike, -1 for none.
        groups: style of each item (items,).
        folds: rows to learn from and to be scored on.
    """
    found = np.zeros(len(codes), dtype=bool)
    for fold in folds:
        learned: dict[int, set[int]] = {}
        for row in fold.train:
            learned.setdefault(int(codes[row]), set()).add(int(groups[row]))
        learned.pop(-1, None)
        for row in fold.test:
            found[row] |= bool(learned.get(int(codes[row]), set()) - {int(groups[row])})
    return np.flatnonzero(found)


def _likely(files: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Rows that have another one within `NEAR_COSINE`, at most `MAX_OPENED`, the closest."""
    own = np.asarray(vectors[files], dtype=np.float32)
    seen = np.isfinite(own).all(axis=1)
    files, own = files[seen], own[seen]
    best = np.full(len(files), -1.0, dtype=np.float32)
    for start in range(0, len(files), BLOCK):
        block = own[start : start + BLOCK] @ own.T
        block[np.arange(len(block)), start + np.arange(len(block))] = -1.0
        best[start : start + BLOCK] = block.max(axis=1)
    order = np.argsort(-best, kind="stable")[:MAX_OPENED]
    return np.sort(files[order[best[order] >= NEAR_COSINE]])


def _thumbnails(catalog: Catalog, rows: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Rows whose photo can be read, and float32 (rows, 768) of their pixels, 0..1."""
    kept, pictures = [], []
    for row in map(int, rows):
        try:
            photo = open_image(catalog.image_paths(row)[0], max_side=4 * THUMBNAIL)
        except (ImageError, IndexError):
            continue
        small = photo.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
        kept.append(row)
        pictures.append(np.asarray(small, dtype=np.float32).ravel() / 255)
    return kept, np.array(pictures, dtype=np.float32).reshape(len(kept), 3 * THUMBNAIL**2)


def _close_pairs(points: np.ndarray, reach: float) -> Iterator[tuple[int, int]]:
    squares = (points**2).sum(axis=1)
    for start in range(0, len(points), BLOCK):
        block = points[start : start + BLOCK]
        apart = squares[start : start + BLOCK, None] + squares - 2 * block @ points.T
        for one, other in zip(*np.nonzero(apart <= reach**2), strict=True):
            if other > one + start:
                yield int(one) + start, int(other)


def _root(parent: np.ndarray, row: int) -> int:
    while parent[row] != row:
        row = int(parent[row])
    return int(row)
