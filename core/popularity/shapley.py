"""Shapley values and interactions of a game: what a model says for every coalition of players.

A coalition's members are the bits of its number: player p is in it where ``number >> p & 1``.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import permutations
from math import comb, factorial

import numpy as np

MAX_EXACT = 15
"""Most players whose coalitions are enumerated: 32,768."""


@lru_cache(maxsize=MAX_EXACT + 1)
def members(players: int) -> np.ndarray:
    """(coalitions, players) of 0 and 1: who is in which."""
    return ((np.arange(2**players)[:, None] >> np.arange(players)) & 1).astype(np.float64)


@lru_cache(maxsize=MAX_EXACT + 1)
def _weights(players: int) -> np.ndarray:
    """(players, coalitions) of signed Shapley weights."""
    inside = members(players)
    size = inside.sum(axis=1).astype(int)
    share = [factorial(s) * factorial(players - s - 1) / factorial(players) for s in range(players)]
    joins = np.array([*share, 0.0])[size]
    stays = np.array([0.0, *share])[size]
    return np.where(inside == 1, stays[:, None], -joins[:, None]).T


def shapley_values(table: np.ndarray) -> np.ndarray:
    """(players,) from what each coalition is worth (2 ** players,), by definition (Shapley 1953).

    They add up to the worth of all players together less that of none.
    """
    return _weights(len(table).bit_length() - 1) @ table


def interactions(table: np.ndarray) -> np.ndarray:
    """Shapley interaction index of each two players (Grabisch & Roubens 1999).

    What two add together beyond what each adds without the other, the mean over coalitions of the
    others with Shapley's weights among ``players - 1``.

    Args:
        table: (2 ** players,), what each coalition is worth.

    Returns:
        (players, players), symmetric, 0 on the diagonal.
    """
    players = len(table).bit_length() - 1
    found = np.zeros((players, players))
    if players < 2:
        return found
    size = members(players - 2).sum(axis=1).astype(int)
    share = np.array([1 / ((players - 1) * comb(players - 2, s)) for s in range(players - 1)])[size]
    cube = table.reshape((2,) * players)  # axis a is player `players - 1 - a`
    for second in range(players):
        twice = np.diff(cube, axis=players - 1 - second)
        for first in range(second):
            both = np.diff(twice, axis=players - 1 - first)
            found[first, second] = found[second, first] = both.ravel() @ share
    return found


def owen_values(table: np.ndarray, unions: Sequence[int]) -> np.ndarray:
    """(players,) from what each coalition is worth, players of one union taken together.

    The Owen value (Owen 1977, "Values of games with a priori unions"): the mean of what a player
    adds over all orders in which a union's players stand side by side. A union's values add up to
    its Shapley value in the game of the unions.

    Args:
        table: (2 ** players,).
        unions: which one each player belongs to.
    """
    return _owen_weights(tuple(unions)) @ table


@lru_cache(maxsize=32)
def _owen_weights(unions: tuple[int, ...]) -> np.ndarray:
    """(players, coalitions) of signed weights."""
    players, labels = len(unions), np.array(unions, dtype=np.int64)
    inside, found = members(players), np.zeros((players, 2**players))
    kinds = np.unique(labels)
    there = np.stack([inside[:, labels == kind].sum(axis=1) for kind in kinds]).astype(int)
    sizes = np.array([(labels == kind).sum() for kind in kinds])
    split = (there > 0) & (there < sizes[:, None])
    outer, full = _shares(len(kinds)), (there == sizes[:, None]).sum(axis=0)
    numbers = np.arange(2**players)
    for player, label in enumerate(unions):
        own = int(np.searchsorted(kinds, label))
        inner = _shares(int(sizes[own]))
        others = np.delete(split, own, axis=0).any(axis=0)
        before = numbers[(inside[:, player] == 0) & ~others]
        weights = outer[full[before]] * inner[there[own][before]]
        found[player, before] = -weights
        found[player, before | 1 << player] = weights
    return found


def _shares(players: int) -> np.ndarray:
    """(players,): Shapley's weight of a coalition of 0, 1, ... of the others."""
    return np.array([1 / (players * comb(players - 1, size)) for size in range(players)])


def sampled_owen_values(
    own: np.ndarray,
    other: np.ndarray,
    head: Callable[[np.ndarray], np.ndarray],
    unions: Sequence[int],
    orders: int,
    seed: int,
) -> np.ndarray:
    """Owen values (see `owen_values`) by the mean over sampled orders and their reversals.

    As Castro et al. 2009, with orders in which a union's players stand side by side. The unions
    themselves take all orders equally often, so what a union gets together is exact; how that is
    shared out inside it is sampled.

    Args:
        own, other: (players, units), the terms of an item and of what it is held against.
        head: sums of terms (n, units) to outputs (n,).
        unions: which one each player belongs to.
        orders: how many at most, but all orders of the unions; each is also walked backwards.
        seed: the same one gives the same orders.

    Returns:
        (players,), adding up to ``head(own.sum(0)) - head(other.sum(0))``.
    """
    rng, values = np.random.default_rng(seed), np.zeros(len(own))
    step, start, labels = own - other, other.sum(axis=0), np.array(unions)
    outer = [order for order in permutations(np.unique(labels)) if order <= order[::-1]]
    rounds = max(1, orders // len(outer))
    for order in outer * rounds:
        way = np.concatenate([rng.permutation(np.flatnonzero(labels == kind)) for kind in order])
        for walk in (way, way[::-1]):
            sums = start + np.vstack([np.zeros(len(start)), np.cumsum(step[walk], axis=0)])
            values[walk] += np.diff(head(sums))
    return values / (2 * len(outer) * rounds)
