"""The ground behind what was taken away: pieces of the ground beside it, moved over.

A hole is filled piece by piece from its edge inwards. Each piece comes from one place of the photo
whose surroundings are most like those of the hole (as in Criminisi, Perez and Toyama 2004), is
crossfaded with its neighbours and made to meet what is there in colour (Perez, Gangnet and Blake
2003).
"""

import cv2
import numpy as np

from core.tryon.membrane import spread

SEARCH_SIDE = 192
"""Longer side at which places are compared (pixels)."""
PIECE = 9
"""Side of a piece (pixels there)."""
RING = 3
"""How far around a piece it is compared (pixels there)."""
AWAY = (tuple(range(4, 16, 2)) + tuple(range(16, 96, 4)), (0, 1, -1, 3, -3, 6, -6, 10, -10))
"""How far sideways (either way) and up or down pieces are looked for (pixels there): the ground of
a photo runs on sideways."""
FURTHER = 0.35
"""What a pixel further away costs, in squared levels of colour."""


def ground(pixels: np.ndarray, figure: np.ndarray, away: np.ndarray) -> np.ndarray:
    """The photo with the ground carried on into a hole.

    Args:
        pixels: (height, width, 3) uint8 RGB.
        figure: (height, width) bool, where people and their things hide the ground.
        away: (height, width) bool, the part of the figure behind which ground is wanted.

    Returns:
        (height, width, 3) float32, as `pixels` outside `away`.
    """
    picture = pixels.astype(np.float32)
    rows, columns = (np.flatnonzero(away.any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0:
        return picture
    height, width = away.shape
    factor = min(1.0, SEARCH_SIDE / max(height, width))
    size = (max(2, round(width * factor)), max(2, round(height * factor)))
    # The soft edge of the figure and what it sheds of its colour are not ground.
    rim = 2 * max(2, round(height / 130)) + 1
    hidden = cv2.dilate((figure | away).astype(np.uint8), np.ones((rim, rim), np.uint8))
    unknown = cv2.resize(hidden.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.02
    if unknown.all():
        return picture
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    hole = cv2.resize(away.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    hole = cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    offsets = _offsets(small, unknown, hole)
    margin = round(height / 40) + rim
    box = (slice(max(0, rows[0] - margin), rows[-1] + 1 + margin),
           slice(max(0, columns[0] - margin), columns[-1] + 1 + margin))  # fmt: skip
    moved, weight = _moved(picture, offsets, box, np.array([width, height]) / size)
    sound = ((hidden[box] == 0) & (weight > 1e-3)).astype(np.float32)
    plain = spread(picture[box], (hidden[box] == 0).astype(np.float32), 0.0)
    meet = spread((picture[box] - moved) * sound[..., None], sound)
    filled = np.where((weight > 1e-3)[..., None], moved + meet, plain)
    result = picture.copy()
    # The outer edge is crossfaded inwards over the rim that goes with the figure.
    outside = cv2.erode(away[box].astype(np.float32), np.ones((3, 3), np.uint8))
    share = np.where(away[box], cv2.GaussianBlur(outside, (0, 0), 1.2), 0)
    share = np.where(cv2.dilate(figure[box].astype(np.uint8), np.ones((5, 5), np.uint8)) > 0,
                     away[box], share)[..., None]  # fmt: skip
    result[box] = picture[box] * (1 - share) + filled * share
    return result


def _offsets(
    small: np.ndarray, unknown: np.ndarray, hole: np.ndarray
) -> list[tuple[slice, slice, int, int]]:
    """Pieces of the hole and from where each is taken: rows, columns, sideways, down."""
    height, width = hole.shape
    known, work = ~unknown, small.copy()
    pieces = [
        (slice(top, top + PIECE), slice(left, left + PIECE))
        for top in range(0, height, PIECE)
        for left in range(0, width, PIECE)
        if hole[top : top + PIECE, left : left + PIECE].any()
    ]
    ways = np.array([(s * x, y) for x in AWAY[0] for s in (1, -1) for y in AWAY[1]])
    cost_of_way = FURTHER * np.hypot(ways[:, 0], 4 * ways[:, 1])
    seen = known.copy()
    found = []
    shares = np.array([_around(seen, piece).mean() for piece in pieces])
    corners = np.array([[part.start for part in piece] for piece in pieces]).reshape(-1, 2)
    for _ in pieces:
        best = int(np.argmax(shares))
        piece, shares[best] = pieces[best], -1.0
        rows, columns = np.nonzero(hole[piece])
        rows, columns = rows + piece[0].start, columns + piece[1].start
        top, left = max(0, piece[0].start - RING), max(0, piece[1].start - RING)
        ring = np.argwhere(_around(seen, piece)) + np.array([top, left])
        ring = ring[:: max(1, len(ring) // 48)]
        # Its neighbours too are faded into from there, so that these must be ground as well.
        wide = np.argwhere(_around(hole, piece)) + np.array([top, left])
        y, x = wide[:, :1] + ways[:, 1], wide[:, 1:] + ways[:, 0]
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        usable = (inside & known[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]).all(axis=0)
        if not usable.any():
            continue
        cost = cost_of_way[usable].copy()
        if len(ring):
            y = np.clip(ring[:, :1] + ways[usable, 1], 0, height - 1)
            x = np.clip(ring[:, 1:] + ways[usable, 0], 0, width - 1)
            there = known[y, x]
            apart = ((small[y, x] - work[ring[:, 0], ring[:, 1]][:, None]) ** 2).mean(axis=2)
            cost += (apart * there).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
            cost += 1e4 * (there.mean(axis=0) < 0.5)
        dx, dy = ways[usable][int(np.argmin(cost))]
        found.append((*piece, int(dx), int(dy)))
        work[rows, columns] = small[rows + dy, columns + dx]
        seen[rows, columns] = True
        # Only around the pieces beside it has anything changed.
        beside = (np.abs(corners - corners[best]) < PIECE + RING + 1).all(axis=1) & (shares >= 0)
        for i in np.flatnonzero(beside):
            shares[i] = _around(seen, pieces[i]).mean()
    return found


def _around(seen: np.ndarray, piece: tuple[slice, slice]) -> np.ndarray:
    top, left = max(0, piece[0].start - RING), max(0, piece[1].start - RING)
    return seen[top : piece[0].stop + RING, left : piece[1].stop + RING]


def _moved(
    picture: np.ndarray,
    offsets: list[tuple[slice, slice, int, int]],
    box: tuple[slice, slice],
    factor: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The pieces at their places at full size, crossfaded, within a box; and their weights."""
    height, width = picture.shape[:2]
    shape = (box[0].stop - box[0].start, box[1].stop - box[1].start)
    shape = (min(shape[0], height - box[0].start), min(shape[1], width - box[1].start))
    total = np.zeros((*shape, 3), np.float32)
    weight = np.zeros(shape, np.float32)
    over = round(RING * float(factor.max()))
    for rows, columns, dx, dy in offsets:
        top, bottom = (round(v * factor[1]) for v in (rows.start, rows.stop))
        left, right = (round(v * factor[0]) for v in (columns.start, columns.stop))
        move = (round(dx * factor[0]), round(dy * factor[1]))
        y = np.arange(max(top - over, box[0].start), min(bottom + over, box[0].start + shape[0]))
        x = np.arange(max(left - over, box[1].start), min(right + over, box[1].start + shape[1]))
        if len(y) == 0 or len(x) == 0:
            continue
        fade_y = np.minimum(y - top + over + 1, bottom + over - y) / (2 * over + 1)
        fade_x = np.minimum(x - left + over + 1, right + over - x) / (2 * over + 1)
        share = np.outer(np.clip(fade_y, 0, 1), np.clip(fade_x, 0, 1)).astype(np.float32)
        source = picture[np.ix_(np.clip(y + move[1], 0, height - 1),
                                np.clip(x + move[0], 0, width - 1))]  # fmt: skip
        at = (slice(y[0] - box[0].start, y[-1] + 1 - box[0].start),
              slice(x[0] - box[1].start, x[-1] + 1 - box[1].start))  # fmt: skip
        total[at] += source * share[..., None]
        weight[at] += share
    return total / np.maximum(weight, 1e-6)[..., None], weight
