"""CLIP: photos and texts as unit vectors in one space.

The same class loads the small checkpoint that comes with the project and a full
`openai/clip-vit-large-patch14` directory. torch and transformers are imported when the first
encoder is made, not before.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image

from core.checkpoints import checkpoint_id, whole
from core.errors import CheckpointMissing
from core.vision.importing import IMPORTING

if TYPE_CHECKING:
    import torch
    from transformers import CLIPImageProcessorPil

T = TypeVar("T")

PROCESSOR_FILE = "preprocessor_config.json"

PREPROCESSING = (
    "do_convert_rgb",
    "do_resize",
    "size",
    "resample",
    "do_center_crop",
    "crop_size",
    "do_rescale",
    "rescale_factor",
    "do_normalize",
    "image_mean",
    "image_std",
)
"""Settings of the image processor that change the pixels a model sees."""


def preprocess_hash(directory: Path) -> str:
    """Short hash of how a checkpoint prepares photos, without loading it.

    Raises:
        CheckpointMissing: its preprocessor_config.json is missing or damaged.
    """
    file = directory / PROCESSOR_FILE
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        described = json.dumps({k: settings.get(k) for k in PREPROCESSING}, sort_keys=True)
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointMissing(
            f"{file} is missing or damaged. Get it again with scripts/checkpoints.py pull."
        ) from error
    return hashlib.sha256(described.encode()).hexdigest()[:8]


def bf16_is_fast() -> bool:
    """Whether the device that an encoder would use has instructions for bfloat16."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def load_clip(
    directory: Path, *, bf16: bool = False, attentions: bool = False
) -> tuple[Any, "CLIPImageProcessorPil"]:
    """The network and the image processor of a checkpoint in the transformers layout.

    Args:
        directory: holds config.json, model.safetensors and preprocessor_config.json.
        bf16: weights in bfloat16, not float32.
        attentions: whether layers must tell what they attend to, which is slower.

    Raises:
        CheckpointMissing: a file is missing or damaged.
    """
    import torch

    with IMPORTING:
        from transformers import CLIPImageProcessorPil, CLIPModel
        from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # loading is a second; the bar only litters terminals and logs
    with _readable(directory):
        model = whole(
            CLIPModel.from_pretrained(
                directory,
                dtype=torch.bfloat16 if bf16 else torch.float32,
                use_safetensors=True,
                local_files_only=True,
                # Only eager attention is given away; None lets transformers choose the fastest.
                attn_implementation="eager" if attentions else None,
                output_loading_info=True,
            )
        )
        processor = CLIPImageProcessorPil.from_pretrained(directory, local_files_only=True)
    return model.eval(), processor


@contextmanager
def _readable(directory: Path) -> Iterator[None]:
    """Say of any error inside that the checkpoint cannot be loaded."""
    try:
        yield
    except Exception as error:  # each loader has errors of its own for a damaged file
        raise CheckpointMissing(
            f"The CLIP checkpoint in {directory} cannot be loaded ({error}). Get it again with"
            " scripts/checkpoints.py pull."
        ) from error


class ClipEncoder:
    """Maps photos and texts to float32 unit vectors.

    Safe to share between threads. How many threads torch uses is left to the caller.

    Attributes:
        checkpoint_id: name of the checkpoint and a short hash of its weights.
        preprocess_hash: short hash of how photos are prepared; vectors are only comparable where
            both are equal.
        dimensions: length of a vector.
        side: height and width in pixels of the photos that the model looks at.
    """

    def __init__(
        self, directory: Path | str, *, device: str | None = None, bf16: bool = False
    ) -> None:
        """Load a checkpoint in the transformers layout.

        Args:
            directory: holds config.json, model.safetensors, preprocessor_config.json and a
                tokenizer (tokenizer.json, or vocab.json and merges.txt).
            device: a torch device; a GPU where there is one, if None.
            bf16: compute in bfloat16, faster where the processor has instructions for it; vectors
                stay within cosine .999 of those in float32.

        Raises:
            CheckpointMissing: a file is missing or damaged.
        """
        import torch

        with IMPORTING:
            from transformers import CLIPTokenizer

        directory = Path(directory)
        self.checkpoint_id = checkpoint_id(directory)
        self.preprocess_hash = preprocess_hash(directory)
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        model, self._processor = load_clip(directory, bf16=bf16)
        with _readable(directory):
            self._tokenizer = CLIPTokenizer.from_pretrained(directory, local_files_only=True)
        self._model = model.to(self._device)
        self.side = int(model.vision_model.config.image_size)
        self.dimensions = int(model.visual_projection.out_features)
        self._text_length = min(
            model.text_model.config.max_position_embeddings, self._tokenizer.model_max_length
        )

    def images(self, images: Sequence[Image.Image], batch_size: int = 32) -> np.ndarray:
        """Unit vectors of photos, float32 (n, dimensions).

        Args:
            images: PIL images of any mode and size.
            batch_size: photos in one forward pass.
        """
        import torch

        def features(batch: Sequence[Image.Image]) -> "torch.Tensor":
            inputs = self._processor([i.convert("RGB") for i in batch], return_tensors="pt")
            pixels = inputs["pixel_values"].to(self._device, self._model.dtype)
            with torch.inference_mode():
                return self._model.get_image_features(pixel_values=pixels).pooler_output

        return self._encode(images, batch_size, features)

    def texts(self, texts: Sequence[str], batch_size: int = 64) -> np.ndarray:
        """Unit vectors of texts, float32 (n, dimensions).

        Args:
            texts: sentences or words; what exceeds the model's length is cut off.
            batch_size: texts in one forward pass.
        """
        import torch

        def features(batch: Sequence[str]) -> "torch.Tensor":
            inputs = self._tokenizer(
                list(batch),
                padding=True,
                truncation=True,
                max_length=self._text_length,
                return_tensors="pt",
            ).to(self._device)
            with torch.inference_mode():
                return self._model.get_text_features(
                    input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
                ).pooler_output

        return self._encode(texts, batch_size, features)

    def _encode(
        self,
        inputs: Sequence[T],
        batch_size: int,
        features: Callable[[Sequence[T]], "torch.Tensor"],
    ) -> np.ndarray:
        out = np.empty((len(inputs), self.dimensions), dtype=np.float32)
        for start in range(0, len(inputs), batch_size):
            found = features(inputs[start : start + batch_size]).float().cpu().numpy()
            out[start : start + batch_size] = found / np.linalg.norm(found, axis=1, keepdims=True)
        return out
