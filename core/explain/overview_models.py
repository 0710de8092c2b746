"""Where two models order the same items differently."""

from dataclasses import dataclass

import pandas as pd

from core.popularity.metrics import spearman


@dataclass(frozen=True)
class Disagreement:
    """Two orders of the same items.

    Attributes:
        items: ``item_id``, ``first`` and ``second`` (places, 1 is best) and ``apart``, how many
            places lower the second model puts the item; the largest differences first.
        correlation: Spearman's, of both models' predictions, -1..1; NaN where one is constant.
    """

    items: pd.DataFrame
    correlation: float


def disagreement(first: pd.DataFrame, second: pd.DataFrame) -> Disagreement:
    """Compare two rankings of one catalog, of `core.popularity.ranking.rank`.

    Raises:
        ValueError: they are not of the same items.
    """
    columns = ["item_id", "rank", "predicted"]
    both = first[columns].merge(
        second[columns], on="item_id", suffixes=("", "_second"), validate="one_to_one"
    )
    if not len(both) == len(first) == len(second):
        raise ValueError("the rankings are not of the same items")
    items = pd.DataFrame(
        {"item_id": both["item_id"], "first": both["rank"], "second": both["rank_second"]}
    )
    items["apart"] = items["second"] - items["first"]
    order = items["apart"].abs().sort_values(ascending=False, kind="stable").index
    correlation = spearman(both["predicted"].to_numpy(), both["predicted_second"].to_numpy())
    return Disagreement(items.loc[order].reset_index(drop=True), correlation)
