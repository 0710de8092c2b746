"""A product kernel over the columns, the text and the photo of an item, at some centres.

    k(x, c) = product over players of exp((1 - d(x, c)) / length)

The distance `d` of a player is divided by its mean over the training items, so 1 is usual, and 1 is
also what a player has that counts as the average item (a photo that is missing, a level that
training never saw): its factor is 1. Levels, texts and photos are as far apart as their encodings
(see `core.popularity.blocks`) have no direction in common, numbers and dates as they differ. A
player with a great length does not matter, as in automatic relevance determination (Neal 1996).

The logarithm of a kernel value is a sum with one term a player. So a weighted sum of kernel values
is a radial basis function network whose first layer is that sum. One factor is shared: a price and
another number on a logarithmic scale (a list price) also differ in their ratio, the discount.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.catalog.roles import Role
from core.popularity.blocks import OTHER, Block, DateBlock, LevelBlock, NumberBlock

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Coordinates = tuple[np.ndarray, np.ndarray]
"""One player's place of some items, dense float64 (items, width), and who counts as average."""


LOWEST = -30.0
MAX_RATIOS = 3
"""Most numbers that the price is set against."""


@dataclass(frozen=True)
class Kernel:
    """Centres and lengths.

    Attributes:
        blocks: what each player reads.
        centres: one array a block (centres, width), and a mask of centres that count as average.
        scales: mean distance of training items, one a block.
        lengths: one a block, then one a ratio, in mean distances (a ratio's: in mean differences).
        ratios: positions of a price's and another number's block.
        ratio_scales: mean difference of the logarithm of a ratio, one a ratio.
    """

    blocks: Sequence[Block]
    centres: Sequence[Coordinates]
    scales: np.ndarray
    lengths: np.ndarray
    ratios: tuple[tuple[int, int], ...]
    ratio_scales: np.ndarray

    @classmethod
    def at(
        cls, blocks: Sequence[Block], encoded: Sequence[tuple["csr_array", np.ndarray]]
    ) -> "Kernel":
        """A kernel with these encoded items as centres, and the scales of their distances."""
        centres = [
            (places.astype(np.float32).astype(np.float64), average)  # as precise as they are saved
            for places, average in (
                coordinates(b, *e) for b, e in zip(blocks, encoded, strict=True)
            )
        ]
        found = _ratios(blocks)
        plain = cls(
            blocks,
            centres,
            np.ones(len(blocks)),
            np.ones(len(blocks) + len(found)),
            found,
            np.ones(len(found)),
        )
        scales, ratio_scales = [], []
        for position, (places, average) in enumerate(centres):
            known = ~average
            apart = plain.distance(position, (places, average))[np.ix_(known, known)]
            scales.append(float(apart.mean()) if apart.size and apart.mean() > 1e-9 else 1.0)
        for own in plain.ratio_places().T:
            apart = np.abs(own[:, None] - own)
            ratio_scales.append(float(apart.mean()) if apart.mean() > 1e-9 else 1.0)
        return replace(plain, scales=np.array(scales), ratio_scales=np.array(ratio_scales))

    def __len__(self) -> int:
        return len(self.centres[0][1]) if self.centres else 0

    def distance(self, position: int, places: Coordinates) -> np.ndarray:
        """(items, centres) of one player, in mean distances; 1 where either counts as average."""
        block, (x, away), (centre, apart) = self.blocks[position], places, self.centres[position]
        if isinstance(block, NumberBlock | DateBlock):
            ends = x[:, :-1], centre[:, :-1]
            squares = ((a**2).sum(axis=1) for a in ends)
            near = next(squares)[:, None] + next(squares) - 2 * ends[0] @ ends[1].T
            found = np.sqrt(np.maximum(near, 0.0)) + np.abs(x[:, -1:] - centre[:, -1])
        else:
            found = 1.0 - x @ centre.T
        found /= self.scales[position]
        found[away] = 1.0
        found[:, apart] = 1.0
        return found

    def terms(self, position: int, places: Coordinates) -> np.ndarray:
        """(items, centres) of one player: its part of the logarithm of the kernel values.

        Not below `LOWEST`: an item that far away has a kernel value of 0 to any precision.
        """
        return np.maximum((1.0 - self.distance(position, places)) / self.lengths[position], LOWEST)

    def ratio_terms(self, position: int, places: Coordinates) -> np.ndarray:
        """(items, ratios) of one player: its part of the logarithm of each ratio."""
        found = np.zeros((len(places[1]), len(self.ratios)))
        for column, pair in enumerate(self.ratios):
            if position in pair:
                block = self.blocks[position]
                assert isinstance(block, NumberBlock)
                sign = 1.0 if position == pair[0] else -1.0
                found[:, column] = sign * block.scales[0] * places[0][:, 0]
        return found

    def ratio_places(self) -> np.ndarray:
        """(centres, ratios): logarithms of the centres' ratios, against the average item's."""
        places = np.zeros((len(self), len(self.ratios)))
        for position in {p for pair in self.ratios for p in pair}:
            places += self.ratio_terms(position, self.centres[position])
        return places

    def ratio_factors(self, ratios: np.ndarray) -> np.ndarray:
        """Kernel factors (..., centres) of ratios (..., ratios)."""
        apart = np.zeros((*ratios.shape[:-1], len(self)))
        lengths = self.ratio_scales * self.lengths[len(self.blocks) :]
        for column, own in enumerate(self.ratio_places().T):
            apart += np.abs(ratios[..., column, None] - own) / lengths[column]
        return np.exp(-apart)

    def values(self, summed: np.ndarray) -> np.ndarray:
        """Kernel values (..., centres) of summed terms (..., ratios + centres), ratios first."""
        count = len(self.ratios)
        found = np.exp(summed[..., count:])
        return found * self.ratio_factors(summed[..., :count]) if count else found

    def summed(self, encoded: Sequence[tuple["csr_array", np.ndarray]]) -> np.ndarray:
        """Terms of all players together (items, ratios + centres)."""
        total = np.zeros((len(encoded[0][1]), len(self.ratios) + len(self)))
        for position, (block, part) in enumerate(zip(self.blocks, encoded, strict=True)):
            total += self.player_terms(position, coordinates(block, *part))
        return total

    def player_terms(self, position: int, places: Coordinates) -> np.ndarray:
        """One player's terms (items, ratios + centres), ratios first."""
        return np.hstack([self.ratio_terms(position, places), self.terms(position, places)])


def coordinates(block: Block, matrix: "csr_array", average: np.ndarray) -> Coordinates:
    """What of an encoding tells how far items are apart: see `Kernel.distance`.

    Merged levels are near nothing, themselves included: they have nothing in common but being rare.
    """
    if isinstance(block, NumberBlock):
        return matrix[:, [0, block.width - 1]].toarray(), average
    if isinstance(block, DateBlock):
        return matrix[:, [0, 1, block.width - 1]].toarray(), average
    dense = matrix.toarray()
    if isinstance(block, LevelBlock) and OTHER in block.levels:
        dense[:, block.levels.index(OTHER)] = 0.0
    return dense, average


def _ratios(blocks: Sequence[Block]) -> tuple[tuple[int, int], ...]:
    numbers = [i for i, b in enumerate(blocks) if isinstance(b, NumberBlock) and b.logarithm]
    prices = [i for i in numbers if blocks[i].feature.role == Role.PRICE]  # type: ignore[union-attr]
    others = [i for i in numbers if blocks[i].feature.role == Role.NUMBER]  # type: ignore[union-attr]
    return tuple((price, other) for price in prices[:1] for other in others[:MAX_RATIOS])
