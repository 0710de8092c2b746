"""What has been computed of garments, kept for the next person who tries them on."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.tryon.ootd_attention import KeysValues

if TYPE_CHECKING:
    import torch

Key = tuple[str, bool]
"""Content hash of the garment, its size and its category; whether the garment is shown."""


@dataclass(frozen=True)
class Kept:
    """One row of guidance of one garment.

    Attributes:
        prompt: (1, tokens, channels) what both UNets are told of the garment.
        pairs: keys and values for each transformer block of the person's UNet.
    """

    prompt: "torch.Tensor"
    pairs: KeysValues

    @property
    def size(self) -> int:
        """Bytes."""
        tensors = [self.prompt, *(tensor for pair in self.pairs for tensor in pair)]
        return sum(tensor.nbytes for tensor in tensors)


class GarmentCache:
    """The garments used last, as many as fit.

    Attributes:
        limit: bytes that are kept at most; a single garment that is larger is not kept.
        hits, misses: how often a row was there, and how often not.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.hits, self.misses = limit, 0, 0
        self._kept: OrderedDict[Key, Kept] = OrderedDict()

    @property
    def size(self) -> int:
        """Bytes that are kept now."""
        return sum(kept.size for kept in self._kept.values())

    def get(self, key: Key) -> Kept | None:
        """What is kept under a key, if anything."""
        kept = self._kept.get(key)
        if kept is None:
            self.misses += 1
            return None
        self.hits += 1
        self._kept.move_to_end(key)
        return kept

    def put(self, key: Key, kept: Kept) -> None:
        """Keep a row; those not used for longest make room."""
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while self._kept and self.size > self.limit:
            self._kept.popitem(last=False)
