"""The photo side of CLIP, opened up: what each layer attends to, and what a map is measured on.

A map explains a number that a model makes of a photo's embedding. `core.vision.clip.ClipEncoder`
computes embeddings fast and keeps nothing; here every attention is kept, for one photo or a few.
torch and transformers are imported when the first tower is made, not before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from core.checkpoints import checkpoint_id
from core.vision.clip import load_clip

if TYPE_CHECKING:
    from torch import Tensor

Scalar = Callable[["Tensor"], "Tensor"]
"""What is explained: unit embeddings (n, dimensions) to numbers (n,), differentiable."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True)
class Layer:
    """One layer's part in looking at photos; all with gradients.

    Attributes:
        attention: (n, heads, tokens, tokens), rows add up to 1; token 0 is the class token.
        heads: (n, tokens, width) what the heads gathered, before they are mixed.
        queries, keys, values: (n, tokens, width), what the heads compared and gathered.
        hidden: (n, tokens, width) after the layer.
    """

    attention: "Tensor"
    heads: "Tensor"
    queries: "Tensor"
    keys: "Tensor"
    values: "Tensor"
    hidden: "Tensor"


@dataclass(frozen=True)
class Looked:
    """What looking at photos left behind.

    Attributes:
        tokens: (n, 1 + patches, width), the class token and the patches as they enter the layers.
        layers: one a layer, first to last.
        embeddings: (n, dimensions), unit length.
    """

    tokens: "Tensor"
    layers: tuple[Layer, ...]
    embeddings: "Tensor"


class VisionTower:
    """A CLIP vision tower whose attentions can be read. Safe to share between threads.

    Attributes:
        checkpoint_id: as `ClipEncoder` names it.
        side: height and width in pixels of what it sees.
        grid: patches along a side.
        model: the transformers model, its weights frozen.
    """

    def __init__(self, directory: Path | str) -> None:
        """Load the photo side of a CLIP checkpoint in the transformers layout, in float32.

        Raises:
            CheckpointMissing: a file is missing or damaged.
        """
        directory = Path(directory)
        self.checkpoint_id = checkpoint_id(directory)
        clip, self._processor = load_clip(directory, attentions=True)
        self.model = clip.vision_model.requires_grad_(False)
        self.projection = clip.visual_projection.requires_grad_(False)
        config = self.model.config
        self.side = int(config.image_size)
        self.grid = self.side // int(config.patch_size)

    def seen(self, width: int, height: int) -> Box:
        """The part of a photo of this size, in pixels, that the tower sees.

        All of it where a checkpoint squashes photos to a square; the central square where it cuts
        them.
        """
        settings = self._processor
        if not settings.do_center_crop or "shortest_edge" not in dict(settings.size):
            return (0, 0, width, height)
        share = dict(settings.crop_size)["height"] / dict(settings.size)["shortest_edge"]
        span = min(1.0, share) * min(width, height)
        left, top = (width - span) / 2, (height - span) / 2
        return (round(left), round(top), round(left + span), round(top + span))

    def pixels(self, photos: Sequence[Image.Image]) -> "Tensor":
        """Photos as the tower sees them, float32 (n, 3, side, side)."""
        return self._processor([p.convert("RGB") for p in photos], return_tensors="pt")[
            "pixel_values"
        ].float()

    def embed(self, pixels: "Tensor") -> "Tensor":
        """Unit embeddings (n, dimensions), without gradients."""
        import torch

        with torch.inference_mode():
            return self.unit(self.model(pixel_values=pixels).last_hidden_state[:, 0])

    def unit(self, hidden: "Tensor") -> "Tensor":
        """Unit embeddings (n, dimensions) of class tokens (n, width)."""
        from torch.nn import functional as F

        return F.normalize(self.projection(self.model.post_layernorm(hidden)), dim=-1)

    def look(self, pixels: "Tensor") -> Looked:
        """Look at photos and keep every layer; gradients flow from what `Looked` holds.

        Raises:
            RuntimeError: a layer did not give its attention.
        """
        import torch

        with torch.enable_grad():
            tokens = self.model.embeddings(pixels).requires_grad_()
            hidden = self.model.pre_layrnorm(tokens)
            layers = []
            for block in self.model.encoder.layers:
                layer = self._layer(block, hidden)
                layers.append(layer)
                hidden = layer.hidden
            embeddings = self.unit(hidden[:, 0])
        return Looked(tokens, tuple(layers), embeddings)

    def _layer(self, block: Any, hidden: "Tensor") -> Layer:
        own = block.self_attn
        x = block.layer_norm1(hidden)
        _, attention = own(x, attention_mask=None)
        if attention is None:
            raise RuntimeError("The CLIP model gave no attention; load it with eager attention.")
        # The same sums as inside the layer, made here so that gradients pass through what is kept.
        values = own.v_proj(x)
        each = values.unflatten(-1, (attention.shape[1], -1)).transpose(1, 2)
        heads = (attention @ each).transpose(1, 2).flatten(2)
        hidden = hidden + own.out_proj(heads)
        hidden = hidden + block.mlp(block.layer_norm2(hidden))
        return Layer(attention, heads, own.q_proj(x), own.k_proj(x), values, hidden)
