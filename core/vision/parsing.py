"""The human parser: which pixels of a photo are which garment or part of a body.

torch and transformers are imported when the first parser is made, not before.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.checkpoints import checkpoint_id, whole
from core.errors import CheckpointMissing
from core.vision.atr import ATR, ID, mirror_ids
from core.vision.importing import IMPORTING

MOST_PIXELS = 1_000_000
"""Size up to which a body map is made pixel by pixel."""

STRIDE = 32
"""Sides of what the network sees are multiples of this."""

ARTICLES = {
    "hat": ("hat",),
    "sunglasses": ("sunglasses",),
    "scarf": ("scarf",),
    "upper clothes": ("upper_clothes",),
    "dress": ("dress",),
    "skirt": ("skirt",),
    "pants": ("pants",),
    "belt or accessory": ("belt",),
    "bag": ("bag",),
    "shoes": ("left_shoe", "right_shoe"),
}
"""Names that `detect` gives to what is worn, in order, and the parts of the body map they mean."""

SMALL = ("sunglasses", "belt or accessory", "shoes", "hat", "scarf")
LEAST, LEAST_SMALL = 0.04, 0.006
"""Least share of all that is not background for an article to be seen, and for a small one."""

LEAST_ALONE = 0.25
"""The same for every article where no person is seen: smaller patches are the parser's doubts."""

LEAST_FIGURE = 0.005
"""Least share of the photo that is not background for anything to be seen."""

RULE = 1
"""Number of the rule in `detect`; one more when the same photo may be told otherwise."""

BODY = ("face", "hair", "neck", "left_arm", "right_arm", "left_leg", "right_leg")
LEAST_BODY = 0.04
"""Least share of the figure that is body for it to be a person."""


@dataclass(frozen=True)
class Detection:
    """What a body map shows.

    Attributes:
        articles: the names from `ARTICLES` that are seen, in its order.
        worn: whether a person wears them.
    """

    articles: tuple[str, ...]
    worn: bool


def detect(parse: np.ndarray) -> Detection:
    """The articles seen in a photo and whether a person wears them, from its body map.

    The figure is all that is not background. A person wears the articles if body (face, hair, neck,
    arms, legs) is at least 4 % of the figure. On a person, an article is seen if it is at least
    4 % of the figure (0.6 % for sunglasses, belts, shoes, hats and scarves, which are small);
    without a person, if it is at least 25 %. Nothing is seen in a figure below 0.5 % of the photo.

    Args:
        parse: (height, width) body map of ids 0..18.
    """
    counts = np.bincount(parse.ravel(), minlength=len(ATR))
    figure = int(counts[1:].sum())
    if figure < LEAST_FIGURE * parse.size:
        return Detection((), False)

    def share(parts: tuple[str, ...]) -> float:
        return float(counts[[ID[part] for part in parts]].sum() / figure)

    worn = share(BODY) >= LEAST_BODY

    def least(name: str) -> float:
        if not worn:
            return LEAST_ALONE
        return LEAST_SMALL if name in SMALL else LEAST

    articles = tuple(name for name, parts in ARTICLES.items() if share(parts) >= least(name))
    return Detection(articles, worn)


class HumanParser:
    """Maps a photo to its body map.

    Safe to share between threads: one forward pass runs at a time. How many threads torch uses is
    left to the caller.

    Attributes:
        checkpoint_id: name of the checkpoint and a short hash of its weights.
    """

    def __init__(self, directory: Path | str, *, device: str | None = None) -> None:
        """Load a checkpoint in the transformers layout.

        Args:
            directory: holds config.json, model.safetensors and preprocessor_config.json.
            device: a torch device; a GPU where there is one, if None.

        Raises:
            CheckpointMissing: a file is missing or damaged, or the network has other classes.
        """
        import torch

        with IMPORTING:
            from transformers import SegformerImageProcessorPil, UperNetForSemanticSegmentation
            from transformers.utils.logging import disable_progress_bar

        directory = Path(directory)
        self.checkpoint_id = checkpoint_id(directory)
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        disable_progress_bar()
        try:
            loaded = UperNetForSemanticSegmentation.from_pretrained(
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
            self._area = int(self._processor.size["height"]) * int(self._processor.size["width"])
        except Exception as error:  # each loader has errors of its own for a damaged file
            raise CheckpointMissing(
                f"The human parser in {directory} cannot be loaded ({error}). Restore that folder"
                " from the repository, or choose another."
            ) from error
        if list((model.config.id2label or {}).values()) != list(ATR):
            raise CheckpointMissing(
                f"The human parser in {directory} has other classes than {', '.join(ATR)}."
                " Choose another."
            )
        self._model = model.eval().to(self._device, memory_format=torch.channels_last)
        self._mirror = torch.from_numpy(mirror_ids().astype(np.int64)).to(self._device)
        self._lock = threading.Lock()

    def parse(self, image: Image.Image) -> np.ndarray:
        """Body map of a photo, uint8 (height, width) of ids 0..18 (see `core.vision.atr`).

        The photo is seen at about the area of the checkpoint's input, whatever its shape, once as
        it is and once flipped; the mean is enlarged to the photo's own size.

        Args:
            image: PIL image of any mode and size, upright.
        """
        import torch

        height, width = seen_size(image.height, image.width, self._area)
        inputs = self._processor(
            image.convert("RGB"), size={"height": height, "width": width}, return_tensors="pt"
        )
        pixels = inputs["pixel_values"].to(self._device)
        both = torch.cat([pixels, pixels.flip(3)]).to(memory_format=torch.channels_last)
        with self._lock, torch.inference_mode():
            straight, flipped = self._model(both).logits.float()
        logits = straight + flipped[self._mirror].flip(2)
        # Nineteen planes at the size of a camera's photo would be gigabytes: beyond MOST_PIXELS
        # the ids are enlarged, not the planes.
        scale = min(1.0, (MOST_PIXELS / (image.height * image.width)) ** 0.5)
        size = (max(1, round(image.height * scale)), max(1, round(image.width * scale)))
        ids = enlarged_ids(logits.contiguous().cpu().numpy(), size)
        if scale < 1:
            full = Image.fromarray(ids).resize(image.size, Image.Resampling.NEAREST)
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


def seen_size(height: int, width: int, area: int) -> tuple[int, int]:
    """Height and width in pixels at which a photo is parsed: its shape, about `area` pixels.

    Both are multiples of 32; photos longer than 1 : 4 are seen as 1 : 4.
    """
    ratio = min(max(height / width, 0.25), 4.0)
    tall = max(STRIDE, round((area * ratio) ** 0.5 / STRIDE) * STRIDE)
    wide = max(STRIDE, round((area / ratio) ** 0.5 / STRIDE) * STRIDE)
    return tall, wide
