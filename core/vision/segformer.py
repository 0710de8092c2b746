"""The published clothes parser ``mattmdjaga/segformer_b2_clothes``, which has the ids of ATR.

torch and transformers are imported when the first parser is made, not before.
"""

import re
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from core.checkpoints import checkpoint_id, whole
from core.errors import CheckpointMissing
from core.vision.atr import ATR
from core.vision.importing import IMPORTING

CLASSES = ATR[:-1]
"""Its classes: those of the body map but the neck."""

MOST_PIXELS = 1_000_000
"""Size up to which a body map is made pixel by pixel."""


class SegformerParser:
    """Maps a photo to its body map, of the ids 0..17: the neck is not told from the face.

    Safe to share between threads: one forward pass runs at a time.

    Attributes:
        checkpoint_id: name of the checkpoint and a short hash of its weights.
    """

    def __init__(self, directory: Path | str, *, device: str | None = None) -> None:
        """Load the checkpoint in the transformers layout.

        Args:
            directory: holds config.json, model.safetensors and preprocessor_config.json.
            device: a torch device; a GPU where there is one, if None.

        Raises:
            CheckpointMissing: a file is missing or damaged, or the network has other classes.
        """
        import torch

        with IMPORTING:
            from transformers import SegformerForSemanticSegmentation, SegformerImageProcessorPil

        directory = Path(directory)
        self.checkpoint_id = checkpoint_id(directory)
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        try:
            loaded = SegformerForSemanticSegmentation.from_pretrained(
                directory,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
            )
            model = whole(loaded)
            self._processor = SegformerImageProcessorPil.from_pretrained(
                directory, local_files_only=True
            )
        except Exception as error:  # each loader has errors of its own for a damaged file
            raise CheckpointMissing(
                f"The parser in {directory} cannot be loaded ({str(error)[:200]}). Run: python"
                " scripts/checkpoints.py pull segformer-b2-clothes"
            ) from error
        names = (model.config.id2label or {}).values()
        told = tuple(re.sub(r"\W", "_", str(name).lower()) for name in names)
        if told != CLASSES:
            raise CheckpointMissing(
                f"The parser in {directory} has other classes than {', '.join(CLASSES)}."
                " Choose another."
            )
        self._model = model.eval().to(self._device)
        self._lock = threading.Lock()

    def parse(self, image: Image.Image) -> np.ndarray:
        """Body map of a photo, uint8 (height, width) of ids 0..17 (see `core.vision.atr`).

        Args:
            image: PIL image of any mode and size, upright.
        """
        import torch
        from torch.nn import functional as F

        inputs = self._processor(image.convert("RGB"), return_tensors="pt")
        with self._lock, torch.inference_mode():
            logits = self._model(inputs["pixel_values"].to(self._device)).logits.float()
        scale = min(1.0, (MOST_PIXELS / (image.height * image.width)) ** 0.5)
        size = (max(1, round(image.height * scale)), max(1, round(image.width * scale)))
        enlarged = F.interpolate(logits, size, mode="bilinear", align_corners=False)
        ids = enlarged[0].argmax(0).to(torch.uint8).cpu().numpy()
        if scale < 1:
            full = Image.fromarray(ids).resize(image.size, Image.Resampling.NEAREST)
            ids = np.asarray(full).copy()
        return ids
