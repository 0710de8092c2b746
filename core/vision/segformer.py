"""The published clothes parser ``mattmdjaga/segformer_b2_clothes``, which has the ids of ATR.

torch and transformers are imported when the first parser is made, not before.
"""

import re
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from core.checkpoints import checkpoint_id
from core.errors import CheckpointMissing
from core.vision.atr import ATR
from core.vision.segmentation import ids_on, load_segmentation

CLASSES = ATR[:-1]
"""Its classes: those of the body map but the neck."""


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

        directory = Path(directory)
        self.checkpoint_id = checkpoint_id(directory)
        model, self._processor, own = load_segmentation(
            "SegformerForSemanticSegmentation",
            directory,
            what="parser",
            remedy="Run: python scripts/checkpoints.py pull segformer-b2-clothes",
        )
        self._device = torch.device(device) if device else own
        names = (model.config.id2label or {}).values()
        told = tuple(re.sub(r"\W", "_", str(name).lower()) for name in names)
        if told != CLASSES:
            raise CheckpointMissing(
                f"The parser in {directory} has other classes than {', '.join(CLASSES)}."
                " Choose another."
            )
        self._model = model.to(self._device)
        self._lock = threading.Lock()

    def parse(self, image: Image.Image) -> np.ndarray:
        """Body map of a photo, uint8 (height, width) of ids 0..17 (see `core.vision.atr`).

        Args:
            image: PIL image of any mode and size, upright.
        """
        import torch

        inputs = self._processor(image.convert("RGB"), return_tensors="pt")
        with self._lock, torch.inference_mode():
            logits = self._model(inputs["pixel_values"].to(self._device)).logits.float()
        return ids_on(logits[0].cpu().numpy(), (image.height, image.width))
