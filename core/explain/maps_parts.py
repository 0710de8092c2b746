"""Parts of a photo's contribution that add up to it, patch by patch.

For a number ``y = s(u)`` of the unit embedding ``u = P LN(h) / |P LN(h)|``, where h is the class
token after the last layer: hold fixed, at their values for this photo, the length ``|P LN(h)|`` and
the spread that LayerNorm divides by, and take s by its slope ``w = ds/du`` at u (for a ridge model
that is s itself). Then y is a constant plus ``a . h`` with one vector a a photo. The class token is
what it started as plus what each layer's attention and MLP added to it, and attention adds a sum
over tokens, so

    y  =  sum over patches j of  c_j  +  rest
    c_j = sum over layers and heads of  A[class, j] (v_j W_o) . a

exactly (Gandelsman et al., ICLR 2024, without their text basis). The rest is what belongs to no
patch: the class token's start and its attention to itself, the MLPs, biases, and ``s(u) - w . u``,
which for a ridge model is minus the photos that it is compared with.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.explain.maps_tower import Scalar, VisionTower

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LinearHead:
    """``weights . u + constant`` of a unit embedding u; in log units for the image model.

    Attributes:
        weights: (dimensions,).
        constant: the number of no embedding.
    """

    weights: np.ndarray
    constant: float

    def __call__(self, embeddings: "Tensor") -> "Tensor":
        """The number of each of (n, dimensions) unit embeddings."""
        import torch

        return embeddings @ torch.as_tensor(self.weights, dtype=embeddings.dtype) + self.constant


@dataclass(frozen=True)
class Parts:
    """``patches.sum((1, 2)) + rest`` is the number of each photo.

    Attributes:
        patches: (n, grid, grid), signed, in the number's unit.
        rest: (n,), what belongs to no patch.
    """

    patches: np.ndarray
    rest: np.ndarray

    def spread(self) -> np.ndarray:
        """Maps (n, grid, grid) that add up to the number: each patch has an equal share of rest."""
        each = self.rest / self.patches[0].size
        return self.patches + each[:, None, None]


def parts(tower: VisionTower, pixels: "Tensor", scalar: Scalar) -> Parts:
    """Each patch's part of a number, by the formula in the module's text.

    Args:
        tower: looks at the photos.
        pixels: (n, 3, side, side).
        scalar: the number of an embedding.
    """
    import torch

    looked = tower.look(pixels)
    number = scalar(looked.embeddings)
    (slope,) = torch.autograd.grad(number.sum(), looked.embeddings, retain_graph=True)
    norm, project = tower.model.post_layernorm, tower.projection.weight
    with torch.no_grad():
        constant = number - (slope * looked.embeddings).sum(-1)
        last = looked.layers[-1].hidden[:, 0]
        spread = (last.var(-1, correction=0, keepdim=True) + norm.eps).sqrt()
        embedded = norm(last) @ project.T
        turned = slope / embedded.norm(dim=-1, keepdim=True) @ project
        rest = constant + turned @ norm.bias
        along = turned * norm.weight
        along = (along - along.mean(-1, keepdim=True)) / spread
        before = tower.model.pre_layrnorm(looked.tokens)[:, 0]
        rest = rest + (before * along).sum(-1)
        patches = torch.zeros(len(pixels), tower.grid**2)
        for block, layer in zip(tower.model.encoder.layers, looked.layers, strict=True):
            mix = block.self_attn.out_proj
            values = layer.values.unflatten(-1, (layer.attention.shape[1], -1))
            gathered = layer.attention[:, :, 0].transpose(1, 2)[..., None] * values
            terms = (gathered.flatten(2) @ mix.weight.T * along[:, None]).sum(-1)
            patches += terms[:, 1:]
            middle = before + mix(layer.heads[:, 0])
            own = block.mlp(block.layer_norm2(middle)) + mix.bias
            rest = rest + terms[:, 0] + (own * along).sum(-1)
            before = layer.hidden[:, 0]
    grid = patches.double().numpy().reshape(len(pixels), tower.grid, tower.grid)
    return Parts(grid, rest.double().numpy())
