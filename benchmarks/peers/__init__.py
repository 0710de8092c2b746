"""What an expert would use in place of this project's popularity models, each with care.

Every peer is a function ``(Task, settings) -> Forecast``: it reads the task's training rows alone,
chooses its settings by cross-validation inside them, and forecasts the rows that were held out.
"""

from collections.abc import Callable

from benchmarks.peers.boosted import catboost, lightgbm
from benchmarks.peers.plain import category_mean, neighbours, ridge
from benchmarks.peers.task import Forecast, Task
from benchmarks.peers.weeks import lightgbm_by_week

Peer = Callable[[Task, int], Forecast]

PEERS: dict[str, Peer] = {
    "category mean": category_mean,
    "nearest neighbours": neighbours,
    "ridge": ridge,
    "LightGBM": lightgbm,
    "CatBoost": catboost,
}

WEEKLY_PEERS: dict[str, Peer] = {"LightGBM by week": lightgbm_by_week}
"""Peers that forecast every week by itself; they need a catalog with weekly sales."""

__all__ = ["PEERS", "WEEKLY_PEERS", "Forecast", "Peer", "Task"]
