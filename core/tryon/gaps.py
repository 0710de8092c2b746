"""Skin that a sleeve leaves bare and cannot: gaps between its warped outline and the arm in it.

A sleeve that hangs close to its trunk shows a sliver of itself in a product photo, and a light one
may be cut out too narrow. On an arm it is as wide as the arm all the same.
"""

from dataclasses import replace

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

from core.tryon.body import Body
from core.tryon.fit import Fit
from core.tryon.flesh import limbs
from core.tryon.warp import Layer
from core.vision.atr import ID

ARMS = ("right_arm", "left_arm")
SHORT = 0.08
"""How far before the cuff a sleeve must cover the arm (bones): cuffs need not be straight."""
MOST = 0.5
"""Share of the arm down to the cuff that may be a gap; where more is bare the sleeve lies
elsewhere, as on an arm that is not seen."""


def closed(layers: list[Layer], fit: Fit, body: Body, skin: np.ndarray) -> list[Layer]:
    """The layers, with sleeves carried on over the skin above their cuffs.

    Args:
        layers: warped parts of a garment on the person's canvas.
        fit: where its landmarks lie.
        body: the person.
        skin: (height, width) ATR ids of the person without the clothes that are replaced.
    """
    clear = np.ones(skin.shape, np.float32)
    for layer in layers:
        clear *= 1 - layer.alpha
    found = {limb.name: limb for limb in limbs(body)}
    result = []
    for layer in layers:
        side = layer.part - 2
        limb = found.get(ARMS[side]) if side in (0, 1) else None
        if limb is None or f"cuff_outer_{side}" not in fit.targets:
            result.append(layer)
            continue
        ids = skin[limb.box]
        arm = (ids == ID[limb.name]) | ((ids == ID["neck"]) & (limb.cover > 0.5))
        arm &= limb.along < _cuff(fit, body, side) - SHORT
        gap = arm & (clear[limb.box] > 0.1)
        whole = layer.alpha[limb.box] > 0.9
        if not gap.any() or not whole.any() or gap.sum() > MOST * arm.sum():
            result.append(layer)
            continue
        rows, columns = distance_transform_edt(~whole, return_distances=False, return_indices=True)
        # Half covered pixels beside a gap belong to its seam, those beside the arm to its edge.
        grown = [
            cv2.dilate(part.astype(np.uint8), np.ones((5, 5), np.uint8)) for part in (gap, arm)
        ]
        soft = cv2.GaussianBlur(np.minimum(*grown).astype(np.float32), (0, 0), 0.8)
        alpha, pixels = layer.alpha.copy(), layer.pixels.copy()
        alpha[limb.box] = np.maximum(alpha[limb.box], soft)
        carried = cv2.GaussianBlur(pixels[limb.box][rows, columns], (0, 0), 1.2)
        pixels[limb.box] = np.where(whole[..., None], pixels[limb.box], carried)
        result.append(replace(layer, pixels=pixels, alpha=alpha))
    return result


def _cuff(fit: Fit, body: Body, side: int) -> float:
    """Place of a cuff along its arm, in bones from the shoulder."""
    arm = body.limb(side, False)
    if arm is None:
        return 0.0
    ends = [fit.targets[f"cuff_{which}_{side}"] for which in ("outer", "inner")]
    return float(np.interp(arm.start((ends[0] + ends[1]) / 2), arm.lengths, (0.0, 1.0, 2.0)))
