"""Pins that hold a garment to a person, and where those of sleeves and trouser legs lie."""

from dataclasses import dataclass

import numpy as np

from core.tryon.body import Body
from core.tryon.outline import OUTWARD, Limb, close_sections

LIMB_EASE = 0.5
"""Room between an arm or leg and its sleeve (pixels)."""


@dataclass(frozen=True)
class Pins:
    """Points of one part of the garment and where they go, both (n, 2) in pixels."""

    source: np.ndarray
    target: np.ndarray


def limb_pins(
    limb: Limb,
    outer: np.ndarray,
    inner: np.ndarray,
    body: Body,
    scales: tuple[float, float],
    legs: bool,
) -> Pins | None:
    """Pins of a sleeve along the arm, or of a trouser leg along the leg.

    Args:
        limb: as measured.
        outer: where the outer end of its root lies on the person.
        inner: where the inner end lies.
        body: the person.
        scales: person pixels per garment pixel across and along.
        legs: whether it is a trouser leg.
    """
    bones = body.limb(limb.side, legs)
    if bones is None:
        return None
    scale, along = scales
    whole = float(bones.lengths[-1])
    axis = limb.sections[-1].mean(axis=0) - limb.root.mean(axis=0)
    axis = axis / max(float(np.linalg.norm(axis)), 1e-6)
    # How far down the limb each end of each section lies: sections turn from the armhole's slant
    # to the cuff's, the cloth between them does not.
    bare = not legs and body.bare_arm(limb.side)
    measured, put_in = close_sections(limb) if bare else (limb.sections, [])
    down = (measured - limb.root) @ axis
    starts = [bones.start(point) for point in (outer, inner)]
    lengths = [along * float(down[-1, edge]) for edge in (0, 1)]
    if not legs and np.mean(starts) + limb.length * along > 0.74 * whole:
        # A long sleeve ends at the wrist, whatever the arm's length.
        lengths = [whole - start for start in starts]
    if legs:
        lengths = [limb.length * along] * 2
    turn = OUTWARD[limb.side]
    down = np.clip(down / np.maximum(down[-1], 1e-6), 0, 1)
    sections = []
    for section, fractions in zip(measured, down, strict=True):
        points = []
        # Near the root sections lie aslant; the thickness is what lies across the limb.
        slanted = section[0] - section[1]
        own = float(np.linalg.norm(slanted - (slanted @ axis) * axis)) * scale / 2
        for edge, sign in ((0, 1.0), (1, -1.0)):
            reached = starts[edge] + float(fractions[edge]) * lengths[edge]
            centre, direction = bones.at(reached), bones.direction(reached)
            normal = np.array([direction[1], -direction[0]]) * turn
            flesh = body.limb_reach(centre, normal, legs)[edge] + LIMB_EASE
            half = max(own, flesh) if fractions[edge] > 0 else flesh
            points.append(centre + sign * half * normal)
        sections.append(np.stack(points))
    placed = np.array(sections)
    # The edges begin where the root lies on the trunk, and come to lie beside the bone from there.
    for edge, root in ((0, outer), (1, inner)):
        fade = np.clip(1 - down[:, edge] * lengths[edge] / (0.3 * whole), 0, 1)
        placed[:, edge] += fade[:, None] * (root - placed[0, edge])
    for i in put_in:
        # A bare arm is round below the shoulder, where a straight sleeve would show it; but the
        # sleeve is somewhat round there itself.
        placed[i, 0] = (placed[i, 0] + (placed[i - 1, 0] + placed[i + 1, 0]) / 2) / 2
    return Pins(measured.reshape(-1, 2), placed.reshape(-1, 2))
