"""The 18 body points of a photo by OpenPose's body network, on current torch.

`OpenPose` loads the published ``body_pose_model.pth`` (checkpoint ``openpose-body``), of which
nothing but tensors is read. torch is imported when the first network is made.
"""

import threading
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.errors import CheckpointMissing
from core.vision.openpose_decode import STRIDE, decode, enlarged, largest

SIDE, SEEN = 512, 184
"""Heights in pixels at which people are looked for, and at which the network sees the picture:
half of the 368 at which it was trained."""

WIDEST = 2.0
"""A picture is seen as at most this many times as wide as high."""

GROUND = 128
"""Grey that fills the network's input up at the right and the bottom."""


def network_input(image: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """What the network sees of a picture.

    Args:
        image: (height, width, 3) uint8 RGB.

    Returns:
        ``(pixels, (rows, columns))``: (1, 3, h, w) float32 BGR in -0.5..0.5, sides multiples of 8,
        and how much of it is picture.
    """
    scale = SEEN / image.shape[0]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LANCZOS4
    wide = int(image.shape[1] * scale)
    small = cv2.resize(np.ascontiguousarray(image[..., ::-1]), (wide, SEEN), interpolation=how)
    missing = [(0, -side % STRIDE) for side in small.shape[:2]]
    filled = np.pad(small, [*missing, (0, 0)], constant_values=GROUND)
    pixels = filled.astype(np.float32).transpose(2, 0, 1)[None] / 256 - 0.5
    return pixels, (small.shape[0], small.shape[1])


class OpenPose:
    """Finds the points of the people in a photo. Safe to share: one forward pass runs at a time."""

    def __init__(self, path: Path | str, *, device: str | None = None) -> None:
        """Load the published weights.

        Args:
            path: ``body_pose_model.pth``.
            device: a torch device; a GPU where there is one, if None.

        Raises:
            CheckpointMissing: the file is missing, damaged, or not of this network.
        """
        import torch

        from core.vision.openpose_network import BodyNetwork

        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._network = BodyNetwork().eval()
        try:
            weights = torch.load(path, map_location="cpu", weights_only=True)
            self._network.load_published(weights)
        except FileNotFoundError as error:
            raise CheckpointMissing(
                f"{path} is missing. Run: python scripts/checkpoints.py pull openpose-body"
            ) from error
        except Exception as error:  # a damaged file raises whatever its damage leads to
            raise CheckpointMissing(
                f"The pose model in {path} is damaged or another one ({str(error)[:200]}). Run:"
                " python scripts/checkpoints.py pull openpose-body"
            ) from error
        self._network.to(self._device)
        self._lock = threading.Lock()

    def maps(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
        """The network's answer.

        Args:
            image: (height, width, 3) uint8 RGB.

        Returns:
            ``(heat, fields, seen)``: (19, h, w) and (38, h, w) float32, and how much of the
            network's input is picture (rows, columns).
        """
        import torch

        pixels, seen = network_input(image)
        with self._lock, torch.inference_mode():
            fields, heat = self._network(torch.from_numpy(pixels).to(self._device))
        return heat[0].cpu().numpy(), fields[0].cpu().numpy(), seen

    def points(self, image: Image.Image, parse: np.ndarray | None = None) -> tuple[np.ndarray, int]:
        """Points of the largest person, and how many people there are.

        Args:
            image: PIL image of any mode and size, upright. It is seen in its own shape; the
                published wrapper takes nothing but 3 : 4.
            parse: not needed.

        Returns:
            ``(points, people)``: (18, 2) float32 in pixels of the image, NaN where not seen.

        Raises:
            NoPersonError: no person is seen.
        """
        pixels = np.asarray(image.convert("RGB"))
        height, width = pixels.shape[:2]
        wide = max(1, round(SIDE * min(width / height, WIDEST)))
        how = cv2.INTER_AREA if height > SIDE else cv2.INTER_LANCZOS4
        picture = cv2.resize(pixels, (wide, SIDE), interpolation=how)
        heat, fields, seen = self.maps(picture)
        size = picture.shape[:2]
        candidates, people = decode(enlarged(heat, seen, size), enlarged(fields, seen, size))
        found = largest(candidates, people)
        found = (found + 0.5) * (width / wide, height / SIDE) - 0.5
        return np.clip(found, 0, (width - 1, height - 1)).astype(np.float32), len(people)
