"""Captions for the items of a catalog that lack a title or a description."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from core.catalog import suggestions
from core.catalog.catalog import Catalog
from core.catalog.suggestions import Suggestion
from core.errors import ImageError
from core.vision.captions import Captioner
from core.vision.images import open_image

SEEN_SIDE = 512
"""Photos are opened no larger: the models see less, and a batch of camera photos is gigabytes."""

BATCH = 32
WRITES = 50
"""How often a long run writes what it has, at most; a run that is killed goes on from there."""


@dataclass(frozen=True)
class Captioned:
    """What a run did, in items: lines written, photos not sure enough, photos not readable."""

    suggested: int
    unsure: int
    damaged: tuple[str, ...]
    """A sentence for each photo that could not be read."""


def pending(catalog: Catalog, checkpoint_id: str) -> np.ndarray:
    """Rows that a checkpoint has yet to look at: items that lack words and have a photo.

    Left out are items whose suggestion was decided about or edited, and those whose photo this
    checkpoint has seen.

    Raises:
        CatalogError: the suggestions are damaged.
    """
    made = suggestions.load(catalog)
    rows = []
    for row in suggestions.lacking(catalog):
        old = made.get(str(catalog.ids[row]))
        if old is None or (
            not old.kept
            and (old.checkpoint, old.photo)
            != (checkpoint_id, suggestions.photo_name(catalog, int(row)))
        ):
            rows.append(int(row))
    return np.array(rows, dtype=np.int64)


def caption_items(
    catalog: Catalog,
    captioner: Captioner,
    rows: Sequence[int] | np.ndarray,
    on_progress: Callable[[int, int], None] | None = None,
) -> Captioned:
    """Suggest a line for each of some items and keep it beside the catalog.

    Args:
        catalog: whose items.
        captioner: writes the lines.
        rows: row positions of items that lack a title or a description; `pending` gives those
            that are not done.
        on_progress: called with photos done and photos in all.

    Raises:
        CatalogError: the suggestions cannot be written.
    """
    rows = [int(row) for row in rows]
    every = max(BATCH, -(-len(rows) // WRITES))
    written: dict[str, Suggestion] = {}
    damaged: list[str] = []
    said = {"suggested": 0, "unsure": 0}
    with ThreadPoolExecutor(2) as readers:
        for start in range(0, len(rows), BATCH):
            if on_progress is not None:
                on_progress(start, len(rows))
            part = rows[start : start + BATCH]
            found = list(readers.map(lambda row: _photo(catalog, row), part))
            damaged += [f for f in found if isinstance(f, str)]
            shown = [(r, f) for r, f in zip(part, found, strict=True) if isinstance(f, Image.Image)]
            captions = captioner.captions([photo for _, photo in shown], batch_size=BATCH)
            for (row, _), caption in zip(shown, captions, strict=True):
                status = "suggested" if caption.text else "unsure"
                said[status] += 1
                written[str(catalog.ids[row])] = Suggestion(
                    text=caption.text,
                    kind=suggestions.lacks(catalog, row) or "description",
                    status=status,  # type: ignore[arg-type]
                    confidence=round(caption.confidence, 3),
                    checkpoint=captioner.checkpoint_id,
                    date=suggestions.today(),
                    photo=suggestions.photo_name(catalog, row),
                )
            if len(written) >= every or start + BATCH >= len(rows):
                suggestions.put(catalog, written)
                written = {}
    if on_progress is not None:
        on_progress(len(rows), len(rows))
    return Captioned(said["suggested"], said["unsure"], tuple(damaged))


def _photo(catalog: Catalog, row: int) -> Image.Image | str:
    """An item's main photo, or the sentence that says why it cannot be read."""
    paths = catalog.image_paths(row)[:1]
    if not paths:
        return f"Item {catalog.ids[row]} has no photo."
    try:
        return open_image(paths[0], max_side=SEEN_SIDE)
    except ImageError as error:
        return f"Item {catalog.ids[row]}: {error}"
