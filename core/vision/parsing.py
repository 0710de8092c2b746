"""The human parser: which pixels of a photo are which garment or part of a body.

torch and transformers are imported when the first parser is made, not before.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.checkpoints import checkpoint_id
from core.errors import CheckpointMissing
from core.vision.atr import ATR, ID, mirror_ids
from core.vision.segmentation import ids_on, load_segmentation

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

        directory = Path(directory)
        self.checkpoint_id = checkpoint_id(directory)
        model, self._processor, own = load_segmentation(
            "UperNetForSemanticSegmentation",
            directory,
            what="human parser",
            remedy="Restore that folder from the repository, or choose another.",
        )
        self._device = torch.device(device) if device else own
        self._area = int(self._processor.size["height"]) * int(self._processor.size["width"])
        if list((model.config.id2label or {}).values()) != list(ATR):
            raise CheckpointMissing(
                f"The human parser in {directory} has other classes than {', '.join(ATR)}."
                " Choose another."
            )
        self._model = model.to(self._device, memory_format=torch.channels_last)
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
        return ids_on(logits.contiguous().cpu().numpy(), (image.height, image.width))


def seen_size(height: int, width: int, area: int) -> tuple[int, int]:
    """Height and width in pixels at which a photo is parsed: its shape, about `area` pixels.

    Both are multiples of 32; photos longer than 1 : 4 are seen as 1 : 4.
    """
    ratio = min(max(height / width, 0.25), 4.0)
    tall = max(STRIDE, round((area * ratio) ** 0.5 / STRIDE) * STRIDE)
    wide = max(STRIDE, round((area / ratio) ** 0.5 / STRIDE) * STRIDE)
    return tall, wide
