"""Between a photo of any shape and the 3:4 frame that OOTDiffusion paints in.

The original stretches every photo to the frame. Here it is fitted into it, and only what the mask
covers is pasted back, at the photo's own resolution.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from core.tryon.cutout import Cutout

SOFT = 0.008
"""Width of the soft edge inside the mask, as a share of the photo's height."""


@dataclass(frozen=True)
class Frame:
    """Where a photo lies in a frame (pixels).

    Attributes:
        size: (height, width) of the frame.
        photo: (height, width) of the photo.
        top, left: of the photo's place.
        height, width: of it.
    """

    size: tuple[int, int]
    photo: tuple[int, int]
    top: int
    left: int
    height: int
    width: int

    @classmethod
    def around(cls, photo: tuple[int, int], size: tuple[int, int]) -> "Frame":
        """The photo as large as fits, in the middle."""
        scale = min(size[0] / photo[0], size[1] / photo[1])
        height, width = (max(1, round(side * scale)) for side in photo)
        return cls(size, photo, (size[0] - height) // 2, (size[1] - width) // 2, height, width)

    def put(self, photo: np.ndarray) -> np.ndarray:
        """A photo (height, width, 3) uint8 in the frame, its border drawn out to the frame's."""
        smaller = self.height < self.photo[0]
        how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        placed = cv2.resize(photo, (self.width, self.height), interpolation=how)
        return cv2.copyMakeBorder(placed, *self._margins(), cv2.BORDER_REPLICATE)

    def put_map(self, labels: np.ndarray) -> np.ndarray:
        """Labels (height, width) uint8 in the frame by nearest neighbour, 0 around them."""
        how = cv2.INTER_NEAREST_EXACT
        placed = cv2.resize(labels, (self.width, self.height), interpolation=how)
        return cv2.copyMakeBorder(placed, *self._margins(), cv2.BORDER_CONSTANT, value=0)

    def put_points(self, points: np.ndarray) -> np.ndarray:
        """Points (n, 2) of the photo in pixels of the frame; NaN stays NaN."""
        scale = (self.width / self.photo[1], self.height / self.photo[0])
        return points * np.array(scale) + np.array((self.left, self.top))

    def take(self, picture: np.ndarray) -> np.ndarray:
        """The photo's part of a frame, or of one of another resolution, at its resolution."""
        scale = picture.shape[0] / self.size[0]
        top, left, height, width = (
            round(side * scale) for side in (self.top, self.left, self.height, self.width)
        )
        return picture[top : top + max(height, 1), left : left + max(width, 1)]

    def take_map(self, labels: np.ndarray) -> np.ndarray:
        """The photo's part of a frame of labels, at the photo's size, by nearest neighbour."""
        how = cv2.INTER_NEAREST_EXACT
        part = np.ascontiguousarray(self.take(labels))
        return cv2.resize(part, self.photo[::-1], interpolation=how)

    def paste(self, painted: np.ndarray, photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """The photo with what was painted inside the mask.

        Args:
            painted: (height, width, 3) uint8, the frame.
            photo: (height, width, 3) uint8.
            mask: (height, width) uint8 of the photo's size; outside it (below 127) every pixel is
                the photo's own. The edge is soft on the inside.
        """
        inside = cv2.distanceTransform((mask >= 127).astype(np.uint8), cv2.DIST_L2, 5)
        share = np.clip(inside / max(1.0, SOFT * self.photo[0]), 0, 1)[..., None]
        mixed = photo * (1 - share) + self.enlarged(painted) * share
        return mixed.round().astype(np.uint8)

    def enlarged(self, painted: np.ndarray) -> np.ndarray:
        """The photo's part of a painted frame at the photo's size, uint8."""
        how = cv2.INTER_CUBIC if self.height < self.photo[0] else cv2.INTER_AREA
        part = np.ascontiguousarray(self.take(painted))
        return cv2.resize(part, self.photo[::-1], interpolation=how)

    def _margins(self) -> tuple[int, int, int, int]:
        below = self.size[0] - self.top - self.height
        right = self.size[1] - self.left - self.width
        return self.top, below, self.left, right


def garment_picture(garment: Cutout, size: tuple[int, int]) -> np.ndarray:
    """A cut-out garment on white, as the models were trained, (height, width, 3) uint8."""
    alpha = garment.alpha[..., None]
    on_white = (garment.pixels * alpha + 255 * (1 - alpha)).round().astype(np.uint8)
    frame = Frame.around(on_white.shape[:2], size)
    placed = frame.put(on_white)
    outside = frame.put_map(np.full(on_white.shape[:2], 255, np.uint8)) == 0
    placed[outside] = 255
    return placed
