"""The largest person of a parse map, cut out and scaled: stature, head, sides."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from core.errors import NoPersonError
from core.vision.atr import ID

HAT, HAIR, GLASSES, UPPER, SKIRT, PANTS, DRESS, BELT, FACE, BAG, SCARF, NECK = (
    ID[name] for name in ("hat", "hair", "sunglasses", "upper_clothes", "skirt", "pants", "dress",
                          "belt", "face", "bag", "scarf", "neck")
)  # fmt: skip
SHOES, LEGS, ARMS = ((ID[f"left_{part}"], ID[f"right_{part}"]) for part in ("shoe", "leg", "arm"))
SIDED = (SHOES, LEGS, ARMS)
"""Ids that know their side: the person's left, then right."""

SIZE = 288
"""Pixels of the figure's longer side while it is looked at."""

LEAST_SHARE, LEAST_PIXELS = 0.003, 40
"""A figure that covers less of the image, or fewer pixels, is none."""

Point = np.ndarray

Found = tuple[Point, float] | None
"""A place and how far it can be trusted (0 to 1), or nothing."""


@dataclass(frozen=True)
class Figure:
    """One person, cut out and scaled. Side 0 is on the picture's left, 1 on its right."""

    map: np.ndarray
    offset: np.ndarray
    factor: float
    cut: tuple[bool, bool, bool, bool]
    """Whether it touches the image's left, top, right and bottom edge."""

    def to_image(self, point: Point) -> Point:
        """A place of the figure, in pixels of the image."""
        return (point + 0.5) / self.factor - 0.5 + self.offset

    def mask(self, *ids: int) -> np.ndarray:
        """Where the map has one of some ids."""
        return np.isin(self.map, ids)

    @cached_property
    def turned(self) -> bool:
        """Whether the person's left is on the picture's left, as seen from behind."""
        vote = 0.0
        for left, right in SIDED:
            a, b = (np.nonzero(self.map == i)[1] for i in (left, right))
            if len(a) and len(b):
                vote += min(len(a), len(b)) * np.sign(round(a.mean() - b.mean(), 6))
        return vote < 0

    @property
    def names(self) -> tuple[str, str]:
        """The person's names for side 0 and side 1."""
        return ("left", "right") if self.turned else ("right", "left")

    def sided(self, ids: tuple[int, int], side: int) -> np.ndarray:
        """Mask of the limb on one side of the picture."""
        left, right = ids
        return self.map == (left if (side == 0) == self.turned else right)

    @cached_property
    def face(self) -> tuple[float, float, float, float] | None:
        """Left, top, right and bottom of the face."""
        part = largest(self.mask(FACE, GLASSES))
        if part.sum() < 12:
            return None
        ys, xs = np.nonzero(part)
        left, right = np.quantile(xs, (0.02, 0.98))
        top, bottom = np.quantile(ys, (0.005, 0.995))
        return float(left), float(top), float(right), float(bottom)

    @cached_property
    def top(self) -> float:
        """First row of the figure."""
        return float(np.nonzero((self.map > 0).any(axis=1))[0][0])

    @cached_property
    def bottom(self) -> float:
        """Last row of the figure."""
        return float(np.nonzero((self.map > 0).any(axis=1))[0][-1])

    @cached_property
    def crown(self) -> float:
        """First row of hair or face in the columns of the face."""
        if self.face is None:
            return self.top
        left, top, right, _ = self.face
        hair = np.nonzero(self.mask(HAIR)[:, round(left) : round(right) + 1])[0]
        return min(top, float(hair.min())) if len(hair) else top

    @cached_property
    def head_height(self) -> float | None:
        """From the crown to the chin."""
        if self.face is None:
            return None
        left, _, right, bottom = self.face
        wide, crown = right - left, self.crown
        # Piled hair and a neck counted as face make a head too high for its width.
        return float(np.clip(bottom - crown, 1.1 * wide, 1.9 * wide))

    @cached_property
    def stature(self) -> float:
        """Height of the standing person, also where only a part is seen or the person sits."""
        whole = self.bottom - self.top + 1
        if self.head_height is None:
            return max(whole, 8.0)
        by_head = 7.4 * self.head_height
        if self.cut[3] and not self.mask(*SHOES).any():
            return max(by_head, whole, 8.0)
        # A face that is far too small for the figure is a piece of one.
        most = 1.35 * by_head if by_head > 0.6 * whole else whole
        return max(float(np.clip(whole, 0.72 * by_head, most)), 8.0)

    @cached_property
    def chin(self) -> float:
        """Row of the chin; where it would be if no face is seen."""
        if self.face is None:
            return self._headless_chin
        _, top, _, bottom = self.face
        least = min(self.crown, top) + 0.105 * self.stature
        return max(min(bottom, top + 0.125 * self.stature), least)

    @property
    def _headless_chin(self) -> float:
        if self.mask(HAIR, HAT).any():
            return self.top + 0.13 * self.stature
        return self.top - (0.02 * self.stature if self.cut[1] else 0.0)

    @cached_property
    def middle(self) -> float:
        """Column of the neck."""
        xs = np.nonzero(self.mask(NECK))[1]
        if self.face is not None:
            centre = (self.face[0] + self.face[2]) / 2
            near = xs[np.abs(xs - centre) < 0.08 * self.stature]
            return float(0.5 * centre + 0.5 * np.median(near)) if len(near) > 8 else float(centre)
        if len(xs) > 8:
            return float(np.median(xs))
        rows = slice(int(max(self.chin, 0)), int(max(self.chin, 0) + 0.2 * self.stature) + 1)
        xs = np.nonzero(self.map[rows] > 0)[1]
        return float(np.median(xs)) if len(xs) else self.map.shape[1] / 2


def figure_of(parse: np.ndarray) -> Figure:
    """The largest person of a parse map with what belongs to it, `SIZE` pixels long.

    Raises:
        NoPersonError: what is not background covers too little.
    """
    known = np.where(parse > NECK, 0, parse).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((known > 0).astype(np.uint8))
    sizes = stats[:, cv2.CC_STAT_AREA].astype(float)
    sizes[0] = 0
    enough = max(LEAST_PIXELS, LEAST_SHARE * parse.size)
    if count < 2 or sizes.sum() < enough:
        raise NoPersonError(
            "No person was found in the photo. Choose one that shows a person from head to knees."
        )
    main = int(sizes.argmax())
    x, _, wide, _, _ = stats[main]
    # A bag strap or a gap in the map may cut a person in pieces; other people stand beside.
    centre = stats[:, cv2.CC_STAT_LEFT] + stats[:, cv2.CC_STAT_WIDTH] / 2
    keep = (sizes > 0.004 * sizes[main]) & (np.abs(centre - x - wide / 2) < 0.6 * wide)
    keep[main] = True
    kept = np.where(keep[labels], known, 0).astype(np.uint8)
    ys, xs = np.nonzero(kept)
    y0, y1, x0, x1 = ys.min(), ys.max() + 1, xs.min(), xs.max() + 1
    factor = SIZE / max(y1 - y0, x1 - x0)
    size = (max(2, round((x1 - x0) * factor)), max(2, round((y1 - y0) * factor)))
    small = cv2.resize(kept[y0:y1, x0:x1], size, interpolation=cv2.INTER_NEAREST_EXACT)
    small = np.pad(small, 2)
    height, width = parse.shape
    cut = (bool(x0 == 0), bool(y0 == 0), bool(x1 == width), bool(y1 == height))
    return Figure(small, np.array([x0, y0]) - 2 / factor, factor, cut)


def largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected piece of a mask."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return mask
    return labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())


def runs(row: np.ndarray) -> list[tuple[int, int]]:
    """First and last position of every run of a boolean row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def run_at(mask: np.ndarray, y: float, x: float, half: float) -> tuple[float | None, float | None]:
    """Ends of the run of a mask at a height that is nearest to a column."""
    rows = mask[max(0, round(y - half)) : max(0, round(y + half)) + 1]
    if not len(rows):
        return None, None
    spans = runs(rows.mean(axis=0) > 0.5)
    if not spans:
        return None, None
    left, right = min(spans, key=lambda r: (max(r[0] - x, x - r[1], 0), r[0] - r[1]))
    return float(left), float(right)


def without_specks(mask: np.ndarray, least: float) -> np.ndarray:
    """A mask without its connected pieces of fewer than `least` pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] >= least
    large[0] = False
    return large[labels]
