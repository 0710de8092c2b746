"""Shapley values and interactions of a game: what a model says for every coalition of players.

A coalition's members are the bits of its number: player p is in it where ``number >> p & 1``.
"""

from collections.abc import Callable
from functools import lru_cache
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


def sampled_values(
    own: np.ndarray,
    other: np.ndarray,
    head: Callable[[np.ndarray], np.ndarray],
    orders: int,
    seed: int,
) -> np.ndarray:
    """Shapley values by the mean over sampled orders and their reversals (Castro et al. 2009).

    Args:
        own, other: (players, units), the terms of an item and of what it is held against.
        head: sums of terms (n, units) to outputs (n,).
        orders: how many; each is also walked backwards.
        seed: the same one gives the same orders.

    Returns:
        (players,), adding up to ``head(own.sum(0)) - head(other.sum(0))``.
    """
    rng = np.random.default_rng(seed)
    values = np.zeros(len(own))
    step, start = own - other, other.sum(axis=0)
    for _ in range(orders):
        order = rng.permutation(len(own))
        for way in (order, order[::-1]):
            sums = start + np.vstack([np.zeros(len(start)), np.cumsum(step[way], axis=0)])
            values[way] += np.diff(head(sums))
    return values / (2 * orders)
