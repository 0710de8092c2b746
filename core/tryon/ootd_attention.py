"""How OOTDiffusion's two UNets meet: the person's self-attention also looks at garment tokens.

The original joins person and garment tokens before each self-attention of the person's UNet, lets
all of them ask, and throws the garment's answers away. The garment's tokens never change from step
to step, and normalisation is per token. So it is the same function when only the person asks, and
when the garment's keys and values are computed once; no fork of the UNet is needed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

KeysValues = Sequence[tuple["torch.Tensor", "torch.Tensor"]]
"""Keys and values of a garment for each transformer block, each (1, tokens, channels)."""


def transformer_blocks(unet: Any) -> list[Any]:
    """The transformer blocks of a UNet in the order in which they run: down, middle, up."""
    parts = [*unet.down_blocks, unet.mid_block, *unet.up_blocks]
    return [
        block
        for part in parts
        for attention in getattr(part, "attentions", None) or ()
        for block in attention.transformer_blocks
    ]


class _Enough(Exception):  # noqa: N818 - not an error: nothing after this point is needed
    """The last garment tokens are there."""


def garment_tokens(
    unet_garm: Any,
    latents: "torch.Tensor",
    prompt: "torch.Tensor",
    keep: Callable[[int, "torch.Tensor"], None],
) -> None:
    """Run the garment's UNet at timestep 0 up to its last transformer block.

    Args:
        unet_garm: the garment's UNet.
        latents: (rows, 4, height, width).
        prompt: (rows, tokens, channels).
        keep: called with each block's place and its input (rows, tokens, channels), in the order
            in which the blocks run. What comes after the last of them is not computed.
    """
    blocks = transformer_blocks(unet_garm)

    def hook(place: int) -> Callable[..., None]:
        def taken(block: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            keep(place, args[0] if args else kwargs["hidden_states"])
            if place == len(blocks) - 1:
                raise _Enough

        return taken

    hooks = [
        block.register_forward_pre_hook(hook(place), with_kwargs=True)
        for place, block in enumerate(blocks)
    ]
    try:
        unet_garm(latents, 0, encoder_hidden_states=prompt, return_dict=False)
    except _Enough:
        pass
    finally:
        for handle in hooks:
            handle.remove()


def keys_values(unet_vton: Any, place: int, tokens: "torch.Tensor") -> tuple[Any, Any]:
    """What block `place` of the person's UNet makes of the garment's tokens.

    Args:
        unet_vton: the person's UNet.
        place: which transformer block, in the order in which they run.
        tokens: (rows, tokens, channels), the input of the garment UNet's block of this place.
    """
    block = transformer_blocks(unet_vton)[place]
    normed = block.norm1(tokens)
    return block.attn1.to_k(normed), block.attn1.to_v(normed)


class _GarmentAttention:
    """Attention processor: person tokens ask; person and garment tokens answer."""

    def __init__(self, garment: KeysValues) -> None:
        """`garment` has one pair of keys and values for each row of guidance."""
        self.keys, self.values = zip(*garment, strict=True)

    def __call__(self, attn: Any, hidden_states: "torch.Tensor", **_: Any) -> "torch.Tensor":
        from torch.nn.functional import scaled_dot_product_attention

        batch, _tokens, channels = hidden_states.shape

        def heads(tokens: "torch.Tensor") -> "torch.Tensor":
            return tokens.view(batch, -1, attn.heads, channels // attn.heads).transpose(1, 2)

        query = heads(attn.to_q(hidden_states))
        key = heads(_beside(attn.to_k(hidden_states), self.keys))
        value = heads(_beside(attn.to_v(hidden_states), self.values))
        answer = scaled_dot_product_attention(query, key, value)
        return attn.to_out[0](answer.transpose(1, 2).reshape(batch, -1, channels))


def _beside(person: "torch.Tensor", rows: Sequence["torch.Tensor"]) -> "torch.Tensor":
    """Each row's garment tokens after the person tokens of all samples of that row."""
    batch, own, channels = person.shape
    both = person.new_empty(batch, own + rows[0].shape[1], channels)
    both[:, :own] = person
    for part, row in zip(both.chunk(len(rows)), rows, strict=True):
        part[:, own:] = row
    return both


@contextmanager
def wearing(unet_vton: Any, rows: Sequence[KeysValues]) -> Iterator[None]:
    """Let the person's UNet look at a garment while the context is open.

    Args:
        unet_vton: the person's UNet.
        rows: the garment's keys and values for each row of guidance. A batch that the UNet is then
            given holds all samples of the first row, then all of the second.
    """
    blocks = transformer_blocks(unet_vton)
    before = [block.attn1.processor for block in blocks]
    for block, *garment in zip(blocks, *rows, strict=True):
        block.attn1.set_processor(_GarmentAttention(garment))
    try:
        yield
    finally:
        for block, processor in zip(blocks, before, strict=True):
            block.attn1.set_processor(processor)
