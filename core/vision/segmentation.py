"""What networks that class every pixel share: how they are loaded and how their answer is enlarged.

torch and transformers are imported when the first network is loaded, not before.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from core.checkpoints import whole
from core.errors import CheckpointMissing
from core.vision.importing import IMPORTING

if TYPE_CHECKING:
    import torch

MOST_PIXELS = 1_000_000
"""Size up to which a map is made pixel by pixel; beyond it ids are enlarged, not scores."""


def load_segmentation(
    kind: str, directory: Path, *, what: str, remedy: str
) -> tuple[Any, Any, "torch.device"]:
    """A segmentation network in the transformers layout, in float32, ready to answer.

    Args:
        kind: its class in transformers.
        directory: holds config.json, model.safetensors and preprocessor_config.json.
        what: what people call it, for the error.
        remedy: what to do where it cannot be loaded, a sentence.

    Returns:
        The network, its image processor, and the device to run it on: a GPU where there is one.

    Raises:
        CheckpointMissing: a file is missing or damaged.
    """
    import torch

    with IMPORTING:
        import transformers
        from transformers.utils.logging import disable_progress_bar

        network = getattr(transformers, kind)
        processors = transformers.SegformerImageProcessorPil
    disable_progress_bar()
    try:
        loaded = network.from_pretrained(
            directory,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        model = whole(loaded).eval()
        processor = processors.from_pretrained(directory, local_files_only=True)
    except Exception as error:  # each loader has errors of its own for a damaged file
        raise CheckpointMissing(
            f"The {what} in {directory} cannot be loaded ({str(error)[:200]}). {remedy}"
        ) from error
    return model, processor, torch.device("cuda" if torch.cuda.is_available() else "cpu")


def ids_on(scores: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The class of the highest score at every pixel of a photo, uint8 (height, width).

    Args:
        scores: (classes, rows, columns) float32.
        size: height and width of the photo in pixels.
    """
    height, width = size
    scale = min(1.0, (MOST_PIXELS / (height * width)) ** 0.5)
    ids = enlarged_ids(scores, (max(1, round(height * scale)), max(1, round(width * scale))))
    if scale < 1:
        full = Image.fromarray(ids).resize((width, height), Image.Resampling.NEAREST)
        ids = np.asarray(full).copy()
    return ids


def enlarged_ids(scores: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The class of the highest score at every pixel of an enlarged map, uint8.

    One plane is enlarged (bilinear) at a time: the maximum over a stack of them took longer
    than the network and as many times the memory.

    Args:
        scores: (classes, rows, columns) float32.
        size: height and width to enlarge to.
    """
    height, width = size
    best = cv2.resize(scores[0], (width, height), interpolation=cv2.INTER_LINEAR)
    ids = np.zeros(size, np.uint8)
    for number, plane in enumerate(scores[1:], start=1):
        score = cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
        cv2.copyTo(np.full(size, number, np.uint8), cv2.compare(score, best, cv2.CMP_GT), ids)
        cv2.max(score, best, best)
    return ids
