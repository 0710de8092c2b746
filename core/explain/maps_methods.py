"""Ways to say which parts of a photo count, for any number that is made of its embedding.

Each takes a tower, pixels (n, 3, side, side) and a `Scalar`, and returns float64 maps (n, grid,
grid). Those that know a direction are signed: what raises the number is above 0. `legrad` and
`grad_eclip` leave out what speaks against the number, as published, so they are run on it and on
its negative and give a pair, what raises and what lowers, both at least 0. Attention alone knows no
direction and no number. Which of them can be believed is measured in
`core.explain.map_faithfulness`.
"""

from typing import TYPE_CHECKING

import numpy as np

from core.explain.maps_tower import Scalar, VisionTower

if TYPE_CHECKING:
    from torch import Tensor

Pair = tuple[np.ndarray, np.ndarray]
"""What raises the number and what lowers it, each (n, grid, grid) and at least 0."""


def legrad(tower: VisionTower, pixels: "Tensor", scalar: Scalar) -> Pair:
    """LeGrad (Bousselham et al., ICCV 2025): gradients with respect to the attentions.

    Each layer's class token is read out as if it were the last one's; the positive gradient of that
    number by the layer's attention is averaged over heads, and layers are averaged.
    """
    import torch

    looked = tower.look(pixels)
    raises = torch.zeros(len(pixels), tower.grid**2)
    lowers = torch.zeros_like(raises)
    for layer in looked.layers:
        number = scalar(tower.unit(layer.hidden[:, 0])).sum()
        (slope,) = torch.autograd.grad(number, layer.attention, retain_graph=True)
        # Only the class token's own row moves its number; the others' gradients are 0.
        slope = slope[:, :, 0, 1:]
        raises += slope.clamp(min=0).mean(1)
        lowers += (-slope).clamp(min=0).mean(1)
    return _grids(tower, raises / len(looked.layers)), _grids(tower, lowers / len(looked.layers))


def grad_eclip(tower: VisionTower, pixels: "Tensor", scalar: Scalar) -> Pair:
    """Grad-ECLIP (Zhao et al., ICML 2024), of the last layer.

    A patch counts by its value vector along the gradient of the number by what the class token
    gathered, times a loosened attention: the cosine of class query and patch key, stretched to 0..1
    over the photo.
    """
    import torch
    from torch.nn import functional as F

    looked = tower.look(pixels)
    last = looked.layers[-1]
    (slope,) = torch.autograd.grad(scalar(looked.embeddings).sum(), last.heads)
    alike = F.cosine_similarity(last.queries[:, :1], last.keys[:, 1:], dim=-1)
    low, high = alike.amin(1, keepdim=True), alike.amax(1, keepdim=True)
    alike = (alike - low) / (high - low).clamp(min=1e-12)
    signed = (slope[:, :1] * last.values[:, 1:]).sum(-1) * alike
    return _grids(tower, signed.clamp(min=0)), _grids(tower, (-signed).clamp(min=0))


def last_attention(tower: VisionTower, pixels: "Tensor") -> np.ndarray:
    """How much the class token attends to each patch in the last layer, mean over heads."""
    return _grids(tower, tower.look(pixels).layers[-1].attention[:, :, 0, 1:].mean(1))


def rollout(tower: VisionTower, pixels: "Tensor") -> np.ndarray:
    """Attention rollout (Abnar & Zuidema, ACL 2020): attentions of all layers multiplied.

    Half of each layer is its attention, mean over heads, and half the token itself.
    """
    import torch

    layers = tower.look(pixels).layers
    total = torch.eye(layers[0].attention.shape[-1])
    for layer in layers:
        total = (layer.attention.mean(1) + torch.eye(total.shape[-1])) / 2 @ total
    return _grids(tower, total[:, 0, 1:])


def centred(tower: VisionTower, count: int) -> np.ndarray:
    """The same bell for every photo: high in the middle, with a width of a quarter of the side."""
    at = (np.arange(tower.grid) + 0.5) / tower.grid - 0.5
    bell = np.exp(-(at**2) / (2 * 0.25**2))
    return np.repeat((bell[:, None] * bell[None, :])[None], count, axis=0)


def _grids(tower: VisionTower, values: "Tensor") -> np.ndarray:
    grid = values.detach().double().numpy()
    return grid.reshape(len(grid), tower.grid, tower.grid)
