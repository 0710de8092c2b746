"""Shapley values of a sum of terms that goes through a head."""

from collections.abc import Callable
from functools import lru_cache
from math import factorial

import numpy as np

MAX_EXACT = 13
"""Most players whose coalitions are enumerated: 8,192."""
ORDERS = 64
"""Orders of the players that are sampled where there are more, with their reversals."""


def shapley_values(terms: np.ndarray, head: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """What each player adds to ``head(sum of terms)``, against the head of a zero sum.

    Args:
        terms: (players, units), one item's.
        head: sums (n, units) to outputs (n,).

    Returns:
        (players,), adding up to ``head(sum) - head(0)``: by definition over all coalitions
        (Shapley 1953) for up to `MAX_EXACT` players, else the mean over sampled orders and their
        reversals (Castro et al. 2009), the same ones each time.
    """
    players = len(terms)
    if players > MAX_EXACT:
        return _sampled(terms, head)
    members, weights = coalitions(players)
    return weights @ head(members @ terms)


@lru_cache(maxsize=4)
def coalitions(players: int) -> tuple[np.ndarray, np.ndarray]:
    """(coalitions, players) of 0 and 1, and (players, coalitions) of signed Shapley weights."""
    members = (np.arange(2**players)[:, None] >> np.arange(players)) & 1
    size = members.sum(axis=1)
    share = [factorial(s) * factorial(players - s - 1) / factorial(players) for s in range(players)]
    joins = np.array([*share, 0.0])[size]
    stays = np.array([0.0, *share])[size]
    weights = np.where(members == 1, stays[:, None], -joins[:, None]).T
    return members.astype(np.float64), weights


def _sampled(terms: np.ndarray, head: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    rng = np.random.default_rng(0)
    values = np.zeros(len(terms))
    for _ in range(ORDERS):
        order = rng.permutation(len(terms))
        for way in (order, order[::-1]):
            sums = np.vstack([np.zeros(terms.shape[1]), np.cumsum(terms[way], axis=0)])
            values[way] += np.diff(head(sums))
    return values / (2 * ORDERS)
