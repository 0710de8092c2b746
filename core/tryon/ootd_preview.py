"""What the emerging picture looks like, without the decoder: a linear map of the latents."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

TO_RGB = (
    (0.298, 0.207, 0.208),
    (0.187, 0.286, 0.173),
    (-0.158, 0.189, 0.264),
    (-0.184, -0.271, -0.473),
)
"""Colour of each channel of Stable Diffusion 1's scaled latents, -1 to 1; fitted by a user of
huggingface.co's forum (keturn, "Decoding latents to RGB without upscaling", 2022)."""


def preview(latents: "torch.Tensor") -> np.ndarray:
    """A small picture (h, w, 3) uint8 of scaled latents (4, h, w): a colour a cell."""
    colours = np.einsum("chw,cr->hwr", latents.float().cpu().numpy(), np.array(TO_RGB))
    return ((colours / 2 + 0.5).clip(0, 1) * 255).round().astype(np.uint8)
