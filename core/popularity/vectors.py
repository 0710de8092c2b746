"""CLIP vectors of a catalog's photos, as the image model reads them."""

from collections.abc import Callable

import numpy as np

from core.catalog.catalog import Catalog
from core.errors import CheckpointMissing, ModelError

MIN_PHOTOS = 40
"""Fewest photos that an image model is trained on."""


def image_vectors(catalog: Catalog, checkpoint: str) -> np.ndarray:
    """Unit vectors of the main photos, float64 (items, dimensions); NaN rows without a photo.

    Raises:
        ModelError: this catalog's photos have not been embedded with this checkpoint.
    """
    from core.vision.embeddings import load_embeddings, load_photo_vectors

    vectors = load_embeddings(catalog, checkpoint)
    if vectors is None:  # an edited item, say, is no row of the catalog that was embedded
        vectors = load_photo_vectors(catalog, checkpoint)
    if vectors is None:
        raise ModelError(
            f"The photos of the catalog “{catalog.name}” have not been read by the CLIP checkpoint"
            f" “{checkpoint}” yet. Run scripts/rank_catalog.py or scripts/train_models.py, which"
            " do it."
        )
    return np.asarray(vectors, dtype=np.float64)


def stored_vectors(catalog: Catalog) -> np.ndarray | None:
    """Unit vectors by the best CLIP checkpoint here, float16 (items, dimensions), where there are.

    Nothing is embedded for them; NaN rows are items without a photo.
    """
    from core.checkpoints import best_clip, checkpoint_id
    from core.vision.embeddings import load_embeddings

    try:
        return load_embeddings(catalog, checkpoint_id(best_clip()))
    except CheckpointMissing:
        return None


def embed_photos(
    catalog: Catalog,
    *,
    checkpoint: str = "",
    on_progress: Callable[[int, int], None] | None = None,
) -> str:
    """Make sure that every photo has its vector, and return the checkpoint's id.

    Args:
        catalog: whose photos; vectors that are there already are kept.
        checkpoint: id of the CLIP checkpoint to use; the best one on this machine if empty.
        on_progress: called with photos done and photos in all.

    Raises:
        CheckpointMissing: there is no such checkpoint on this machine.
    """
    from core.checkpoints import best_clip, checkpoint_id, clip_by_id
    from core.vision.embeddings import embed_catalog, is_embedded

    directory = clip_by_id(checkpoint) if checkpoint else best_clip()
    if not is_embedded(catalog, directory):
        from core.vision.clip import ClipEncoder, bf16_is_fast

        encoder = ClipEncoder(directory, bf16=bf16_is_fast())
        embed_catalog(catalog, encoder, on_progress=on_progress)
    return checkpoint_id(directory)
