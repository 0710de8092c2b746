"""One field over all items: where each item's value stands, and which field it goes together with.

For a dot a player and item (a beeswarm), and for looking into one player (dependence).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.popularity.additive import AdditiveModel, BlockModel
from core.popularity.blend import BlendModel
from core.popularity.blocks import ImageBlock, LevelBlock, TextBlock
from core.popularity.columns import match_columns

SWARM_BINS = 60
"""Values of a beeswarm that fall into one of so many bins lie beside each other."""


def adds_up(model: BlockModel) -> bool:
    """Whether the model only adds players up: nothing interacts, and values have a closed form."""
    if isinstance(model, BlendModel):
        return all(adds_up(model.members[name]) for name, w in model.weights.items() if w)
    return isinstance(model, AdditiveModel)


def column_of(model: BlockModel, catalog: Catalog, player: str) -> str | None:
    """The catalog's column that a player reads; None for a text, the photo or a missing column."""
    block = model.blocks[model.players.index(player)]
    if isinstance(block, TextBlock | ImageBlock):
        return None
    return match_columns(model.features, catalog)[block.feature.name]


def standing(model: BlockModel, catalog: Catalog, player: str) -> np.ndarray:
    """Where each item's own cell stands among all items, 0..1.

    Numbers and dates by their size, levels by how many items have them: 0 is the lowest, earliest
    or rarest, 1 the highest, latest or most common, and items with equal cells stand in the middle
    of their places. NaN for missing cells, and for a player without a column.
    """
    column = column_of(model, catalog, player)
    if column is None:
        return np.full(len(catalog), np.nan)
    cells = catalog.frame[column]
    if isinstance(model.blocks[model.players.index(player)], LevelBlock):
        text = cells.astype(object).where(cells.notna() & (cells.astype(object) != ""))
        cells = text.map(text.value_counts())
    known = int(cells.notna().sum())
    if known < 2:
        return np.where(cells.notna(), 0.5, np.nan)
    return ((cells.rank() - 1) / (known - 1)).to_numpy(dtype=np.float64)


def swarm(values: np.ndarray) -> np.ndarray:
    """How far to the side each dot lies so that equal values do not hide each other.

    Returns:
        -0.4..0.4, one a value: dots of a bin are stacked in turn above and below 0, and the
        fullest bin fills the width.
    """
    if not len(values):
        return np.zeros(0)
    span = np.ptp(values)
    bins = ((values - values.min()) / (span or 1.0) * (SWARM_BINS - 1)).astype(int)
    place = pd.Series(bins).groupby(bins).cumcount().to_numpy()
    side = np.where(place % 2 == 0, 1, -1) * ((place + 1) // 2)
    return side * 0.4 / max(int(np.abs(side).max()), 1)


def sample(count: int, size: int, seed: int = 0) -> np.ndarray:
    """Sorted positions of at most `size` of `count` items, drawn by lot; a seed gives the same."""
    if count <= size:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, size, replace=False))


def strengths(model: BlockModel, catalog: Catalog, rows: Sequence[int]) -> pd.DataFrame:
    """How strongly each two players go together: mean absolute interaction over some items.

    Returns:
        A symmetric table, a line and a column a player, log units, 0 on the diagonal; of the
        Shapley interaction index, see `BlockModel.interactions`.

    Raises:
        ModelError: too many players to try all coalitions.
        ValueError: no item.
    """
    if not len(rows):
        raise ValueError("no item to look at")
    total = pd.DataFrame(0.0, index=model.players, columns=model.players)
    for row in rows:
        total += model.interactions(catalog, row).abs()
    return total / len(rows)


def partner(strength: pd.DataFrame, player: str, among: Sequence[str]) -> tuple[str, float] | None:
    """The player that another one interacts with most, and how strongly (log units).

    Args:
        strength: of `strengths`.
        player: whose partner.
        among: who may be it.

    Returns:
        None where nobody is left or no interaction is above 0.
    """
    own = strength.loc[player].to_numpy(dtype=np.float64)
    found = [(own[strength.columns.get_loc(p)], p) for p in among]
    value, name = max(found, default=(0.0, ""))
    return (name, float(value)) if value > 0 else None
