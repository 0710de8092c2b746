"""The strongest contributions of many items as columns of a table, for exports.

Columns, for N from 1 to `MOST`:

- ``contribution_N``: the field of the Nth largest Shapley value by size: the column's heading in
  the training catalog, ``description`` (name and description), ``reviews`` or ``image``;
- ``contribution_N_times``: what it makes of the average item, as a factor (``exp`` of the value);
- ``share_metadata``, ``share_text``, ``share_photo``: 0..1, of the sum of all sizes
  (`core.explain.modality`).

They are of the final model, also for items whose ranked prediction is out of fold. A field that
contributes exactly nothing is left empty.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.explain.kept import KeptContributions
from core.explain.modality import Modality, modality_shares, player_modalities
from core.explain.overview_fields import adds_up
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard

MOST = 3


def contribution_columns(
    model: BlockModel,
    catalog: Catalog,
    board: Scoreboard,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """The columns for every item of a catalog, in row order.

    Args:
        model: of the folder of `board`.
        catalog: the items.
        board: names the training run; what takes long is kept on disk under its name.
        on_progress: called with items done and items in all, where it takes long.

    Raises:
        ModelError: as `BlockModel.contributions`.
    """
    if adds_up(model):
        values = model.contributions(catalog)
    else:
        values = KeptContributions.of(model, catalog, board).compute(on_progress)
    return strongest(values, player_modalities(model))


def strongest(values: pd.DataFrame, modalities: Mapping[str, Modality]) -> pd.DataFrame:
    """The columns from contributions.

    Args:
        values: Shapley values in log units, one line an item, one column a player.
        modalities: of each player.
    """
    numbers = values.to_numpy(dtype=np.float64)
    order = np.argsort(-np.abs(numbers), axis=1, kind="stable")
    lines = np.arange(len(values))
    players = values.columns.to_numpy(dtype=object)
    found = pd.DataFrame(index=values.index)
    for number in range(1, MOST + 1):
        names, own = np.full(len(values), None, dtype=object), np.zeros(len(values))
        if number <= len(players):
            own = numbers[lines, order[:, number - 1]]
            names[own != 0] = players[order[:, number - 1]][own != 0]
        found[f"contribution_{number}"] = pd.Series(names, index=values.index, dtype="object")
        found[f"contribution_{number}_times"] = np.where(own != 0, np.exp(own), np.nan)
    return found.join(modality_shares(values, modalities).add_prefix("share_"))
