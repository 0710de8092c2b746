"""Outputs of the deep model for all coalitions of players, against background items.

In a coalition a player's term is the item's own, outside it is the background item's. As the
exponential of a sum is a product, the kernel values of all coalitions of half the players grow from
those of one by doubling, and one product of a (2^a, centres) and a (2^b, centres) matrix gives all
2^(a+b) outputs. A player whose term is the same in item and background item changes nothing, so it
is left out: each such player halves the table, and Shapley values and interactions of the others
stay as they are, exactly.

Up to `MAX_EXACT` players, values are Shapley's. With more of them they are Owen's, whose unions are
details, words and photo (`core.popularity.blocks.modality_of`): the total of each is its exact
Shapley value beside the other two. Inside, it is shared out over orders that keep a union together:
all of them against background items that differ in few players, else sampled ones.
"""

from collections.abc import Iterator

import numpy as np

from core.popularity.blocks import MODALITIES, modality_of
from core.popularity.kernel import Kernel
from core.popularity.link import Link
from core.popularity.shapley import (
    MAX_EXACT,
    interactions,
    owen_values,
    sampled_owen_values,
    shapley_values,
)

ORDERS = 3
"""Orders sampled against each background item that differs in more than `MAX_EXACT` players."""


class KernelGame:
    """``link(base + summed[0] + weights . kernel values)`` of mixtures with background items.

    Attributes:
        terms: (players, background items, units), units being what a player adds by itself, then
            logarithms of ratios, then the centres.
        outputs: of each background item, log units.
    """

    def __init__(
        self, terms: np.ndarray, kernel: Kernel, weights: np.ndarray, base: float, link: Link
    ) -> None:
        """Prepare the background's half of the work."""
        self.terms = terms
        self.kernel, self.weights, self.base, self.link = kernel, weights, base, link
        self._centres = 1 + len(kernel.ratios)
        self._summed = terms.sum(axis=0)
        self._inverse = np.exp(-terms[..., self._centres :])
        self._start = np.exp(self._summed[:, self._centres :]) * weights
        self._paired = {p for pair in kernel.ratios for p in pair}
        self.outputs = self.head(self._summed)

    def head(self, summed: np.ndarray) -> np.ndarray:
        """Outputs, log units, of sums of terms (..., units)."""
        together = self.kernel.values(summed[..., 1:]) @ self.weights
        return self.link.output(self.base + summed[..., 0] + together)

    def values(self, own: np.ndarray) -> np.ndarray:
        """Shapley or Owen values (players,) of an item's terms (players, units): see the head.

        The mean over the background. Exact but against background items that differ from the item
        in more than `MAX_EXACT` players, where orders are sampled. They add up to the item's output
        less the mean of `outputs` in either case.
        """
        found = np.zeros(len(own))
        unions = [MODALITIES.index(modality_of(block)) for block in self.kernel.blocks]
        for item, (players, outputs) in self._each(own):
            if outputs is None:
                other = self.terms[:, item]
                found += sampled_owen_values(own, other, self.head, unions, ORDERS, item)
            elif players and len(own) > MAX_EXACT:
                found[players] += owen_values(outputs, [unions[p] for p in players])
            elif players:
                found[players] += shapley_values(outputs)
        return found / len(self.outputs)

    def interactions(self, own: np.ndarray) -> np.ndarray:
        """Shapley interaction index (players, players) of an item's terms, as `interactions`.

        Raises:
            ValueError: more than `MAX_EXACT` players differ from a background item.
        """
        found = np.zeros((len(own), len(own)))
        for _, (players, outputs) in self._each(own):
            if outputs is None:
                raise ValueError(f"more than {MAX_EXACT} players")
            found[np.ix_(players, players)] += interactions(outputs)
        return found / len(self.outputs)

    def _each(self, own: np.ndarray) -> Iterator[tuple[int, tuple[list[int], np.ndarray | None]]]:
        """Each background item with the players that differ and the outputs of their coalitions."""
        differs = (own[:, None] != self.terms).any(axis=2)
        factors = np.exp(own[:, None, self._centres :]) * self._inverse
        for item, changed in enumerate(differs.T):
            players = list(map(int, np.flatnonzero(changed)))
            if len(players) > MAX_EXACT:
                yield item, (players, None)
                continue
            # Those whose ratio counts stand in the first half.
            players.sort(key=lambda p: p not in self._paired)
            joint = sum(p in self._paired for p in players)
            cut = max(len(players) // 2, joint)
            yield item, (players, self._outputs(own, item, players, joint, cut, factors[:, item]))

    def _outputs(
        self,
        own: np.ndarray,
        item: int,
        players: list[int],
        joint: int,
        cut: int,
        factors: np.ndarray,
    ) -> np.ndarray:
        """(2 ** players,) outputs; the ratios are of the first `joint` players."""
        low, high = players[:cut], players[cut:]
        near = np.empty((2**cut, len(self.weights)))
        near[0] = self._start[item]
        _double(near, factors[low[:joint]])
        if self.kernel.ratios:
            step = (
                own[players[:joint], 1 : self._centres]
                - self.terms[players[:joint], item, 1 : self._centres]
            )
            ratios = np.empty((2**joint, len(self.kernel.ratios)))
            ratios[0] = self._summed[item, 1 : self._centres]
            for bit, move in enumerate(step):
                ratios[2**bit : 2 ** (bit + 1)] = ratios[: 2**bit] + move
            near[: 2**joint] *= self.kernel.ratio_factors(ratios)
        _double(near, factors[low[joint:]], joint)
        far = np.ones((2 ** len(high), len(self.weights)))
        _double(far, factors[high])
        alone = np.array([self.base + self._summed[item, 0]])
        for player in players:
            alone = np.concatenate([alone, alone + own[player, 0] - self.terms[player, item, 0]])
        return self.link.output((far @ near.T).ravel() + alone)


def _double(rows: np.ndarray, factors: np.ndarray, begin: int = 0) -> None:
    """Fill rows 2^begin.. with those before times each factor in turn."""
    for bit, factor in enumerate(factors, begin):
        np.multiply(rows[: 2**bit], factor, out=rows[2**bit : 2 ** (bit + 1)])
