"""From the body network's heat maps to people: peaks, limbs, assembly.

The greedy bottom-up method of Cao et al., "Realtime Multi-Person 2D Pose Estimation using Part
Affinity Fields" (CVPR 2017), with the constants of the published Python port: a joint is a local
peak of its smoothed heat map; two joints are joined where the field between them points from one to
the other; people grow limb by limb. `published_points` and `points_of` then say which point is
which joint of a person, the first with the published wrapper's slip, for parity.
"""

import math
from collections.abc import Sequence
from itertools import product

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from core.errors import NoPersonError

JOINTS = 18
STRIDE = 8
"""Pixels of the network's input for each cell of its output."""

SIGMA = 3.0
LEAST_PEAK, LEAST_FIELD = 0.1, 0.05
SAMPLES = 10
"""Places along a limb at which the field is read."""

SHARE_ALONG = 0.8
"""More than this share of the places must agree with the limb."""

LEAST_PARTS, LEAST_MEAN = 4, 0.4
"""A person with fewer parts, or a lower score per part, is none."""

LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12),
    (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17), (2, 16), (5, 17),
)  # fmt: skip
"""Pairs of joints in the order in which people are put together."""

FIELDS = (12, 20, 14, 16, 22, 24, 0, 2, 4, 6, 8, 10, 28, 30, 34, 32, 36, 18, 26)
"""For each limb the channel of its field's x; y is the next."""

STARTING = 17
"""The last two limbs, from shoulder to ear, do not start a person."""


def enlarged(maps: np.ndarray, seen: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """The network's output at the picture's size.

    Args:
        maps: (channels, rows, columns) float32.
        seen: height and width of the network's input without its padding.
        size: height and width of the picture.

    Returns:
        (height, width, channels) float64.
    """
    height, width = size
    out = np.empty((height, width, len(maps)))
    for channel, plane in enumerate(maps):
        wide = (plane.shape[1] * STRIDE, plane.shape[0] * STRIDE)
        large = cv2.resize(plane, wide, interpolation=cv2.INTER_LANCZOS4)
        large = large[: seen[0], : seen[1]]
        how = cv2.INTER_AREA if height + width < sum(large.shape) else cv2.INTER_LANCZOS4
        out[..., channel] = cv2.resize(large, (width, height), interpolation=how)
    return out


def decode(
    heat: np.ndarray, fields: np.ndarray, mend: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Candidates for joints, and the people they make.

    Args:
        heat: (height, width, 19) float64 heat maps, one for each joint and one for the background.
        fields: (height, width, 38) float64 part affinity fields.
        mend: put a limb that three people claim to the first two, where the published port stops.

    Returns:
        ``candidates`` (n, 4): x, y in pixels, score, number; and ``people`` (m, 20): the number of
        the candidate that is each of the 18 joints or -1, the total score, the count of parts.

    Raises:
        NoPersonError: without `mend`, three people claim one limb.
    """
    peaks = _peaks(heat)
    candidates = np.concatenate(peaks)
    people: list[np.ndarray] = []
    for number, (a, b) in enumerate(LIMBS):
        channel = FIELDS[number]
        field = fields[..., channel : channel + 2]
        for first, second, score in _joined(peaks[a], peaks[b], field):
            owners = [n for n, p in enumerate(people) if p[a] == first or p[b] == second]
            if owners:
                if len(owners) > 2 and not mend:
                    raise NoPersonError("The people in the photo cannot be told apart.")
                _extend(people, owners, candidates, b, second, score)
            elif number < STARTING:
                person = np.full(JOINTS + 2, -1.0)
                person[[a, b]] = first, second
                person[-2] = candidates[[first, second], 2].sum() + score
                person[-1] = 2
                people.append(person)
    kept = [p for p in people if p[-1] >= LEAST_PARTS and p[-2] / p[-1] >= LEAST_MEAN]
    return candidates, np.array(kept).reshape(-1, JOINTS + 2)


def _peaks(heat: np.ndarray) -> list[np.ndarray]:
    found, count = [], 0
    for joint in range(JOINTS):
        plane = heat[..., joint]
        smooth = gaussian_filter(plane, sigma=SIGMA)
        around = np.pad(smooth, 1)  # beyond the edge is zero
        is_peak = smooth > LEAST_PEAK
        for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
            beside = around[rows : rows + plane.shape[0], columns : columns + plane.shape[1]]
            is_peak &= smooth >= beside
        y, x = np.nonzero(is_peak)
        numbers = np.arange(count, count + len(x))
        found.append(np.stack([x, y, plane[y, x], numbers], axis=1).astype(np.float64))
        count += len(x)
    return found


def _joined(
    starts: np.ndarray, ends: np.ndarray, field: np.ndarray
) -> list[tuple[int, int, float]]:
    """The limbs between two kinds of joints: candidates' numbers and score, best first."""
    found = []
    for i, j in product(range(len(starts)), range(len(ends))):
        a, b = starts[i], ends[j]
        length = max(0.001, math.dist(a[:2], b[:2]))
        way = (b[:2] - a[:2]) / length
        x = np.rint(np.linspace(a[0], b[0], SAMPLES)).astype(int)
        y = np.rint(np.linspace(a[1], b[1], SAMPLES)).astype(int)
        along = field[y, x, 0] * way[0] + field[y, x, 1] * way[1]
        # A limb longer than half the picture's height is less likely.
        score = sum(along.tolist()) / SAMPLES + min(0.5 * field.shape[0] / length - 1, 0)
        if (along > LEAST_FIELD).sum() > SHARE_ALONG * SAMPLES and score > 0:
            found.append((i, j, score))
    found.sort(key=lambda limb: limb[2], reverse=True)
    limbs: list[tuple[int, int, float]] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for i, j, score in found:
        if i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            limbs.append((int(starts[i, 3]), int(ends[j, 3]), score))
    return limbs


def _extend(
    people: list[np.ndarray],
    owners: list[int],
    candidates: np.ndarray,
    joint: int,
    end: int,
    score: float,
) -> None:
    """Give a limb's far end to the person who has one of its ends, or make two people one."""
    person = people[owners[0]]
    if len(owners) > 1:
        other = people[owners[1]]
        if not ((person[:JOINTS] >= 0) & (other[:JOINTS] >= 0)).any():
            person[:JOINTS] += other[:JOINTS] + 1
            person[-2:] += other[-2:]
            person[-2] += score
            del people[owners[1]]
            return
    elif person[joint] == end:
        return
    person[joint] = end
    person[-1] += 1
    person[-2] += candidates[end, 2] + score


def points_of(candidates: np.ndarray, person: np.ndarray) -> np.ndarray:
    """(18, 2) float32 points of one person in pixels, NaN where a joint is missing."""
    numbers = person[:JOINTS].astype(int)
    points = np.full((JOINTS, 2), np.nan, np.float32)
    seen = numbers >= 0
    points[seen] = candidates[numbers[seen], :2]
    return points


def largest(candidates: np.ndarray, people: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """(18, 2) points of the person whose points span the largest box.

    Raises:
        NoPersonError: there are no people.
    """
    if not len(people):
        raise NoPersonError(
            "No person was found in the photo. Choose one that shows a person from head to knees."
        )
    points = [points_of(candidates, person) for person in people]
    spans = [np.prod(np.nanmax(p, axis=0) - np.nanmin(p, axis=0)) for p in points]
    return points[int(np.argmax(spans))]


def published_points(
    candidates: np.ndarray, people: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """(18, 2) float64 points of the first person as the published wrapper gives them.

    The wrapper turns the list of candidates into a list of joints by putting (0, 0) in for what is
    missing and taking out what is another's, at most one for each joint: with two candidates too
    many between joints, as of a second person, all later points are wrong.

    Args:
        candidates: as of `decode`.
        people: as of `decode`.
        size: height and width of the picture.

    Raises:
        NoPersonError: there are no people, or fewer candidates than joints remain.
    """
    if not len(people):
        raise NoPersonError("No person was found in the photo.")
    scale = np.array(size[::-1], dtype=np.float64)
    listed = [list(point) for point in candidates[:, :2] / scale]
    numbers = people[0, :JOINTS].astype(int)
    for joint in range(JOINTS):
        shift = 0
        if numbers[joint] < 0:
            listed.insert(joint, [0.0, 0.0])
            shift = 1
        elif numbers[joint] != joint:
            del listed[joint : joint + 1]
            shift = -1
        later = numbers[joint:]
        later[later >= 0] += shift
    if len(listed) < JOINTS:
        raise NoPersonError("The points that were found do not make a person.")
    return np.array(listed[:JOINTS]) * scale
