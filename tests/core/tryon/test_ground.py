"""The ground carried on behind what was taken away."""

import cv2
import numpy as np
import pytest

from core.tryon.ground import ground


def textured(kind, shape=(512, 384)):
    """A ground that carries on sideways: grain on two plain halves, or stripes."""
    y = np.mgrid[0 : shape[0], 0 : shape[1]][0]
    grain = np.random.default_rng(1).normal(0, 12, shape)
    level = np.where(y < 260, 90, 170) if kind == "halves" else np.where(y // 24 % 2 == 0, 80, 180)
    return np.clip(np.stack([level + grain] * 3, axis=2), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", ["halves", "stripes"])
def test_lines_and_grain_of_the_ground_run_on_behind_the_figure(kind):
    photo = textured(kind)
    figure = np.zeros(photo.shape[:2], bool)
    figure[120:420, 150:230] = True
    covered = np.where(figure[..., None], (200, 20, 20), photo).astype(np.uint8)
    found = ground(covered, figure, figure)
    assert (found[~figure] == covered[~figure]).all()
    smooth = [cv2.GaussianBlur(p.astype(np.float32), (0, 0), 6) for p in (found, photo)]
    inner = cv2.erode(figure.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert np.abs(smooth[0] - smooth[1])[inner].mean() < 12
    noise = [np.diff(p.astype(np.float32)[..., 0], axis=1)[inner[:, 1:]].std() for p in
             (found, photo)]  # fmt: skip
    assert 0.7 < noise[0] / noise[1] < 1.2
    red = found[..., 0] - found[..., 1]
    assert np.abs(red[inner]).max() < 30  # nothing of the figure


def test_ground_is_taken_from_no_other_part_of_the_figure():
    photo = textured("halves")
    figure = np.zeros(photo.shape[:2], bool)
    figure[100:460, 120:260] = True
    away = figure.copy()
    away[:, 200:] = False
    covered = np.where(figure[..., None], (20, 200, 20), photo).astype(np.uint8)
    found = ground(covered, figure, away)
    assert np.abs(found[away][:, 1] - found[away][:, 0]).max() < 40
    assert (found[figure & ~away] == covered[figure & ~away]).all()


def test_without_any_ground_nothing_changes():
    photo = textured("halves", (120, 90))
    everything = np.ones(photo.shape[:2], bool)
    assert (ground(photo, everything, everything) == photo).all()
    nothing = np.zeros_like(everything)
    assert (ground(photo, nothing, nothing) == photo).all()
