"""What the photo counts for in the deep model, as a function of the photo's embedding.

With the other players of an item as they are, or some of them as in a background item, the deep
model's output (`core.popularity.deep`) depends on the photo's embedding u by

    f(u) = link(a + l . u + sum over centres c of  k_c exp(t(u, c))),  t linear in u . c

so its slope is known in closed form, and so is that of the photo's Shapley value, a weighted mean
of such outputs over coalitions of the other players and over background items. The kernel values
k of all coalitions are a product of two small tables, as in `core.popularity.kernel_game`.

The Shapley value bends, and a map needs one slope. `path_slope` is the mean slope on the straight
way from each background item's photo to this one (integrated gradients, Sundararajan et al. 2017):
along it, slope times way is the Shapley value itself. `slope` is that at the photo. Which of them
makes the better map is measured by ``benchmarks/map_faithfulness.py``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.catalog.catalog import Catalog
from core.errors import ModelError
from core.popularity.blocks import ImageBlock, modality_of
from core.popularity.deep import DeepModel
from core.popularity.kernel import LOWEST
from core.popularity.link import Link
from core.popularity.one_thread import one_thread
from core.popularity.shapley import MAX_EXACT, members

NODES, PLACES = np.polynomial.legendre.leggauss(3)
"""Of Gauss-Legendre quadrature on -1..1: three are enough for a way so nearly straight."""


@dataclass(frozen=True)
class _Table:
    """Coalitions of the other players against a background item, photo left out.

    Attributes:
        near, far: (A, centres) and (B, centres); their products are the kernel values, weighted.
        alone: (B, A) what the players add by themselves, with the model's base.
        share: (B, A) Shapley's weights, adding up to 1.
    """

    near: np.ndarray
    far: np.ndarray
    alone: np.ndarray
    share: np.ndarray


class PhotoGame:
    """An item's photo among its other players, against the model's background.

    Attributes:
        start: (background items, dimensions), their photos' embeddings; the others' mean where one
            has no photo.
    """

    def __init__(self, model: DeepModel, catalog: Catalog, row: int) -> None:
        """Lay out the coalitions of an item's other players.

        Raises:
            ModelError: the model does not read photos.
        """
        found = image_place(model)
        if found is None:
            raise ModelError(f"The {model.name} model was trained without photos.")
        self._place, part = found
        self._link, self._weights, self._base = model.link, model.weights, model.base
        self._kernel = model.kernel
        self._alone = model.linear[part]
        self._shift = float(model.centre[part] @ self._alone)
        centres, apart = model.kernel.centres[self._place]
        span = model.kernel.scales[self._place] * model.kernel.lengths[self._place]
        self._directions = np.where(apart[:, None], 0.0, centres / span)
        self._offset = np.where(apart, 0.0, (1 - 1 / model.kernel.scales[self._place]) / (
            model.kernel.lengths[self._place]))  # fmt: skip
        self._others = np.array([p for p in range(len(model.blocks)) if p != self._place], int)
        self._kinds = np.array([modality_of(model.blocks[p]) for p in self._others], str)
        self._own = model.terms(catalog, np.array([row]))[self._others, 0]
        self._terms = model.game().terms
        design = model.background.among()
        photos = (design.matrices[self._place] @ np.eye(len(self._alone))).astype(np.float64)
        away = design.average[:, self._place]
        photos[away] = photos[~away].mean(axis=0) if (~away).any() else 0.0
        self.start = photos

    def output(self, embeddings: np.ndarray) -> np.ndarray:
        """The model's outputs (n,), log units, for photos of these embeddings (n, dimensions)."""
        logs, alone, _ = self._photo(embeddings)
        table = self._table(self._own, self._own, [])
        return self._link.output(np.exp(logs) @ table.near[0] + table.alone[0, 0] + alone)

    def value(self, embedding: np.ndarray) -> float:
        """The photo's Shapley value, log units, if its embedding were this (dimensions,)."""
        logs, alone, _ = self._photo(embedding[None])
        total = 0.0
        with one_thread():
            for item, table in self._tables():
                kept = self._terms[self._place, item]
                with_own = self._sums(table, np.exp(logs[0]), alone[0])
                with_other = self._sums(table, np.exp(kept[self._first :]), kept[0])
                gain = self._link.output(with_own) - self._link.output(with_other)
                total += float((table.share * gain).sum())
        return total / len(self.start)

    def slope(self, embedding: np.ndarray) -> np.ndarray:
        """How the photo's Shapley value changes with its embedding, (dimensions,) at one."""
        total = np.zeros(len(embedding))
        with one_thread():
            for _, table in self._tables():
                total += self._table_slope(table, embedding)
        return total / len(self.start)

    def path_slope(self, embedding: np.ndarray) -> np.ndarray:
        """The mean of it on the ways from the background items' photos, (dimensions,)."""
        total = np.zeros(len(embedding))
        with one_thread():
            for item, table in self._tables():
                way = embedding - self.start[item]
                for node, share in zip(NODES, PLACES, strict=True):
                    place = self.start[item] + (node + 1) / 2 * way
                    total += share / 2 * self._table_slope(table, place)
        return total / len(self.start)

    @property
    def _first(self) -> int:
        """The first unit that is a centre."""
        return 1 + len(self._kernel.ratios)

    def _photo(self, embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A photo's logarithms (n, centres), what it adds (n,), and which logarithms move."""
        logs = embeddings @ self._directions.T + self._offset
        return np.maximum(logs, LOWEST), embeddings @ self._alone - self._shift, logs > LOWEST

    def _sums(self, table: _Table, factors: np.ndarray, alone: float) -> np.ndarray:
        """Learned values (B, A) with a photo of these kernel factors."""
        return table.far @ (table.near * factors).T + table.alone + alone

    def _table_slope(self, table: _Table, embedding: np.ndarray) -> np.ndarray:
        logs, alone, moves = self._photo(embedding[None])
        factors = np.exp(logs[0])
        steep = table.share * link_slope(self._link, self._sums(table, factors, alone[0]))
        by_centre = (table.far * (steep @ table.near)).sum(axis=0) * factors * moves[0]
        return float(steep.sum()) * self._alone + by_centre @ self._directions

    def _tables(self) -> Iterator[tuple[int, _Table]]:
        """Each background item; players that are as in the item change nothing and are left out."""
        for item in range(len(self.start)):
            other = self._terms[self._others, item]
            changed = np.flatnonzero((self._own != other).any(axis=1))
            yield item, self._table(self._own, other, list(map(int, changed)))

    def _table(self, own: np.ndarray, other: np.ndarray, players: list[int]) -> _Table:
        step = own[players] - other[players]
        count = len(players)
        if len(self._own) >= MAX_EXACT:  # Owen values: details and words are each one player
            kinds = self._kinds[players]
            unions = np.unique(kinds)
            near = members(len(unions)) @ (unions[:, None] == kinds)
            far = np.zeros((1, count))
            share = _shares(len(unions))[members(len(unions)).sum(axis=1).astype(int)][None]
        else:
            # Those whose ratio counts stand in the first half.
            paired = {p for pair in self._kernel.ratios for p in pair}
            order = sorted(range(count), key=lambda i: self._others[players[i]] not in paired)
            joint = sum(self._others[p] in paired for p in players)
            cut = max(count // 2, joint)
            near, far = (np.zeros((2**n, count)) for n in (cut, count - cut))
            near[:, order[:cut]] = members(cut)
            far[:, order[cut:]] = members(count - cut)
            size = far.sum(axis=1)[:, None] + near.sum(axis=1)
            share = _shares(count)[size.astype(int)]
        start = other.sum(axis=0)
        logs = near @ step[:, self._first :] + start[self._first :]
        kernel = np.exp(logs) * self._weights
        if self._kernel.ratios:
            ratios = start[1 : self._first] + near @ step[:, 1 : self._first]
            kernel *= self._kernel.ratio_factors(ratios)
        alone = (far @ step[:, 0])[:, None] + near @ step[:, 0] + start[0] + self._base
        return _Table(kernel, np.exp(far @ step[:, self._first :]), alone, share)


def image_place(model: DeepModel) -> tuple[int, slice] | None:
    """Which of a model's players is the photo, and where its coefficients are; None without one."""
    start = 0
    for place, block in enumerate(model.blocks):
        if isinstance(block, ImageBlock):
            return place, slice(start, start + block.width)
        start += block.width
    return None


def link_slope(link: Link, learned: np.ndarray) -> np.ndarray:
    """Slope of ``link.output`` at predicted learned values of any shape; 0 below its least."""
    moves = (learned > link.low) * link.deviation
    if not link.power:
        return moves
    raw = np.maximum(learned, link.low) * link.deviation + link.mean
    return moves * raw ** (1 / link.power - 1) / link.power / (1 + raw ** (1 / link.power))


def _shares(players: int) -> np.ndarray:
    """(players + 1,): Shapley's weight of a coalition of so many of the others."""
    from math import comb

    return np.array([1 / ((players + 1) * comb(players, s)) for s in range(players + 1)])
