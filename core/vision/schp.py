"""The published human parser of OOTDiffusion: SCHP's ATR and LIP networks by onnxruntime.

Li et al., "Self-Correction for Human Parsing" (2019), as OOTDiffusion prepares and reads it
(``reference/ootd.md``, section 4): the photo is fitted into a square, both networks answer at an
eighth of its size, the ATR answer is warped back and its upper clothes' holes are filled, and what
ATR calls face and LIP does not is the neck. onnxruntime is imported when a parser is made.
"""

import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from core.errors import CheckpointMissing
from core.vision.atr import ID
from core.vision.segmentation import MOST_PIXELS

SIDES = {"atr": 512, "lip": 473}
"""Pixels of the square that each network sees."""

CLASSES = {"atr": 18, "lip": 20}
INPUT, OUTPUT = "input.1", 1
"""Name of the network's input, and which of its outputs is the body map."""

MEAN = np.array([0.406, 0.456, 0.485], np.float32)
DEVIATION = np.array([0.225, 0.224, 0.229], np.float32)
"""Of the blue, green and red channels in 0..1."""

LIP_FACE = 13
LARGE_HOLE = 2000.0
"""A hole in the upper clothes of a larger outline (pixels) stays one."""

FRACTION, COEFFICIENT = 5, 10
"""Bits of a place's fraction and of the products of its coordinates in `warped`."""


def square_to_photo(size: tuple[int, int], side: int) -> np.ndarray:
    """The affine map from the network's square to the photo.

    The photo's longer side spans the square from the first pixel's centre to the last one's.

    Args:
        size: height and width of the photo (pixels).
        side: of the square (pixels).

    Returns:
        (2, 3) float64 that takes (x, y, 1) of the square to x and y of the photo.
    """
    height, width = size
    scale = (max(height, width) - 1) / (side - 1)
    middle = (side - 1) / 2
    return np.array(
        [
            [scale, 0, (width - 1) / 2 - scale * middle],
            [0, scale, (height - 1) / 2 - scale * middle],
        ]
    )


def inverse(affine: np.ndarray) -> np.ndarray:
    """The map that undoes a (2, 3) affine map without shear, (2, 3) float64."""
    scale = 1 / affine[0, 0]
    return np.array([[scale, 0, -scale * affine[0, 2]], [0, scale, -scale * affine[1, 2]]])


def warped(plane: np.ndarray, back: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture warped linearly, zero outside, with the rounding of OpenCV 4.

    OpenCV 5 rounds otherwise (up to 3 levels of 255); places are found in 1/32 of a pixel here as
    the published parser found them.

    Args:
        plane: (h, w) or (h, w, 3), uint8 or float32.
        back: (2, 3) map without shear from places of the result to places of `plane`.
        size: height and width of the result.
    """
    height, width = size
    unit = 1 << COEFFICIENT
    half = unit >> (FRACTION + 1)
    x = np.rint(back[0, 0] * np.arange(width) * unit).astype(np.int64)
    y = np.rint((back[1, 1] * np.arange(height) + back[1, 2]) * unit).astype(np.int64)
    x = (x + int(np.rint(back[0, 2] * unit)) + half) >> (COEFFICIENT - FRACTION)
    y = (y + half) >> (COEFFICIENT - FRACTION)
    steps = 1 << FRACTION
    places = np.empty((height, width, 2), np.int16)
    places[..., 0], places[..., 1] = x >> FRACTION, (y >> FRACTION)[:, None]
    fractions = ((y % steps)[:, None] * steps + x % steps).astype(np.uint16)
    return cv2.remap(plane, places, fractions, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def network_input(image: np.ndarray, side: int) -> np.ndarray:
    """What a network sees of a photo.

    Args:
        image: (height, width, 3) uint8 RGB.
        side: of the network's square.

    Returns:
        (1, 3, side, side) float32, blue, green and red, normalised.
    """
    bgr = np.ascontiguousarray(image[..., ::-1])
    square = warped(bgr, square_to_photo(image.shape[:2], side), (side, side))
    pixels = (square.astype(np.float32) / 255 - MEAN) / DEVIATION
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)


def to_photo(logits: np.ndarray, side: int, size: tuple[int, int]) -> np.ndarray:
    """A network's answer at the photo's size.

    Args:
        logits: (classes, h, w) float32.
        side: of the network's square.
        size: height and width of the photo.

    Returns:
        (height, width, classes) float32.
    """
    back = inverse(square_to_photo(size, side))
    out = np.empty((*size, len(logits)), np.float32)
    for number, plane in enumerate(_spread(logits, side)):
        out[..., number] = warped(plane, back, size)
    return out


def _spread(logits: np.ndarray, side: int) -> np.ndarray:
    """(classes, side, side): corners stay corners."""
    import torch
    from torch.nn import functional as F

    planes = torch.from_numpy(np.ascontiguousarray(logits))[None]
    return F.interpolate(planes, (side, side), mode="bilinear", align_corners=True)[0].numpy()


def filled(labels: np.ndarray, mend: bool = True) -> np.ndarray:
    """Labels with the holes of the upper clothes filled, but for arms and large holes.

    Args:
        labels: (height, width) uint8 ATR ids.
        mend: leave arms arms inside large holes too, where the published parser's marks of the two
            add up to none and the arm becomes clothes.
    """
    padded = np.pad(labels, 1)
    arms = np.isin(padded, [ID["left_arm"], ID["right_arm"]])
    upper = padded == ID["upper_clothes"]
    outside = (upper | arms).astype(np.uint8) * 255
    cv2.floodFill(
        outside, np.zeros((padded.shape[0] + 2, padded.shape[1] + 2), np.uint8), (0, 0), 255
    )
    covered = upper | arms | (outside == 0)
    holes = (covered & ~upper & ~arms).astype(np.uint8)
    outlines, _ = cv2.findContours(holes, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_L1)
    kept = np.zeros_like(holes)
    for number, outline in enumerate(outlines):
        if abs(cv2.contourArea(outline, True)) > LARGE_HOLE:
            cv2.drawContours(kept, outlines, number, color=255, thickness=-1)
    large = kept > 0
    spared = large | arms if mend else large ^ arms
    return np.where(covered & ~spared, ID["upper_clothes"], padded)[1:-1, 1:-1]


class SchpParser:
    """Maps a photo to its body map by the two published networks.

    Safe to share between threads: one photo is parsed at a time.
    """

    def __init__(self, folder: Path | str) -> None:
        """Load ``parsing_atr.onnx`` and ``parsing_lip.onnx``.

        Args:
            folder: holds both files (``checkpoints/humanparsing``).

        Raises:
            CheckpointMissing: a file is missing, damaged, or another network.
        """
        folder = Path(folder)
        self._sessions = {name: _session(folder / f"parsing_{name}.onnx") for name in SIDES}
        self._lock = threading.Lock()

    def logits(self, name: str, image: np.ndarray) -> np.ndarray:
        """One network's answer.

        Args:
            name: ``atr`` or ``lip``.
            image: (height, width, 3) uint8 RGB.

        Returns:
            (classes, h, w) float32.
        """
        seen = network_input(image, SIDES[name])
        with self._lock:
            answers = self._sessions[name].run(None, {INPUT: seen})
        return answers[OUTPUT][0]

    def labels(self, name: str, image: np.ndarray) -> np.ndarray:
        """(height, width) uint8: one network's most likely class of each pixel of an RGB photo."""
        planes = to_photo(self.logits(name, image), SIDES[name], image.shape[:2])
        return planes.argmax(axis=2).astype(np.uint8)

    def parse(self, image: Image.Image, mend: bool = True) -> np.ndarray:
        """Body map of a photo, uint8 (height, width) of ids 0..18 (see `core.vision.atr`).

        Args:
            image: PIL image of any mode and size, upright.
            mend: as of `filled`; and read a photo of more than a million pixels at that size, which
                saves memory, and which the published parser does not.
        """
        photo = image.convert("RGB")
        scale = min(1.0, (MOST_PIXELS / (photo.height * photo.width)) ** 0.5) if mend else 1.0
        if scale < 1:
            size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
            photo = photo.resize(size, Image.Resampling.BILINEAR)
        pixels = np.asarray(photo)
        ids = filled(self.labels("atr", pixels), mend)
        neck = (ids == ID["face"]) & (self.labels("lip", pixels) != LIP_FACE)
        ids[neck] = ID["neck"]
        if scale < 1:
            full = Image.fromarray(ids).resize(image.size, Image.Resampling.NEAREST)
            ids = np.asarray(full).copy()
        return ids


def _session(path: Path) -> Any:
    import onnxruntime

    if not path.is_file():
        raise CheckpointMissing(
            f"{path} is missing. Run: python scripts/checkpoints.py pull schp-parsing"
        )
    name = path.stem.removeprefix("parsing_")
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        shape = session.get_outputs()[OUTPUT].shape
        if [i.name for i in session.get_inputs()] != [INPUT] or shape[1] != CLASSES[name]:
            raise ValueError(f"its output is {shape}, and {CLASSES[name]} classes are needed")
    except Exception as error:  # onnxruntime has an exception of its own for each fault
        raise CheckpointMissing(
            f"The parser in {path} is damaged or another one ({str(error)[:200]}). Run:"
            " python scripts/checkpoints.py pull schp-parsing"
        ) from error
    return session
