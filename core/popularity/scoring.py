"""Scores of predictions for items that a model had not seen, and what they were split by."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.popularity.metrics import METRICS, Scores, score
from core.popularity.scoreboard import ModelScores
from core.popularity.splits import Fold, group_codes

FOLD_METRICS = ("spearman", "coverage_80", "coverage_90")
"""What the scoreboard tells of each fold."""


def score_splits(
    table: pd.DataFrame, catalog: Catalog, forward: Sequence[Fold], grouped: Sequence[Fold]
) -> ModelScores:
    """Scores of a model's out-of-fold predictions: of both splits, and fold by fold."""
    found: dict[str, Scores] = {"forward": {}, "grouped": {}}
    folds: list[dict[str, Any]] = []
    for split, parts in (("forward", forward), ("grouped", grouped)):
        if not parts:
            continue
        part = table[table["split"] == split]
        found[split] = score_table(part, catalog)
        for fold in parts:
            own = part[part["fold"] == fold.label]
            folds.append(
                {
                    "split": split,
                    "label": fold.label,
                    "learned_from": len(fold.train),
                    "scored_on": len(fold.test),
                    **score_table(own, catalog, metrics=FOLD_METRICS),
                }
            )
    return ModelScores(found["forward"], found["grouped"], folds)


def score_table(table: pd.DataFrame, catalog: Catalog, metrics: Sequence[str] = METRICS) -> Scores:
    """Scores of predictions for items of a catalog, with its categories and styles."""
    rows = catalog.ids.get_indexer(pd.Index(table["item_id"]))
    column = catalog.column(Role.CATEGORY)
    categories = None
    if column is not None:
        categories = catalog.frame[column].iloc[rows].astype(object).to_numpy()
    groups = group_codes(catalog)[rows]
    return score(table.reset_index(drop=True), categories, groups, metrics=metrics)


def describe_split(forward: Sequence[Fold], catalog: Catalog) -> str:
    """How the headline scores were split, as a sentence."""
    styles = ", with all variants of a style on one side" if catalog.columns(Role.GROUP) else ""
    if forward:
        labels = ", ".join(fold.label for fold in forward)
        return (
            f"Forward in time{styles}: each of {labels} is predicted by a model that learned only"
            " from what was released before it."
        )
    return (
        f"By item{styles}: five parts, each predicted by a model that learned from the other four."
        " The catalog has no release dates to split by, so these scores say nothing about change"
        " over time."
    )
