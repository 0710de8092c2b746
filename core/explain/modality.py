"""How much of an explanation is metadata, how much text and how much the photo.

A modality's share is the sum of the absolute Shapley values of its players over that of all players
(MM-SHAP: Parcalabescu & Frank 2023, https://arxiv.org/abs/2212.08158). Values that pull in opposite
directions both count, so a share says how much a modality moves a prediction, not which way. Many
small values count as much as a large one: metadata has a player a column, text and photo one or two
in all.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.popularity.additive import BlockModel
from core.popularity.blocks import MODALITIES, Modality, modality_of


def player_modalities(model: BlockModel) -> dict[str, Modality]:
    """The modality of each player of a model, in the model's order."""
    blocks = zip(model.players, model.blocks, strict=True)
    return {player: modality_of(block) for player, block in blocks}


def modality_shares(values: pd.DataFrame, modalities: Mapping[str, Modality]) -> pd.DataFrame:
    """Shares of each modality in the explanations of items.

    Args:
        values: Shapley values in log units, one line an item, one column a player.
        modalities: of each player (`player_modalities`).

    Returns:
        A column each of `MODALITIES`, 0..1, index as in `values`. Each line adds up to 1; one whose
        values are all 0 has nothing to share out and is NaN.

    Raises:
        KeyError: a player has no modality.
    """
    kinds = np.array([modalities[player] for player in values.columns], dtype=object)
    sizes = np.abs(values.to_numpy(dtype=np.float64))
    sums = np.column_stack([sizes[:, kinds == kind].sum(axis=1) for kind in MODALITIES])
    whole = sums.sum(axis=1, keepdims=True)
    shares = np.divide(sums, whole, out=np.full_like(sums, np.nan), where=whole > 0)
    return pd.DataFrame(shares, columns=list(MODALITIES), index=values.index)
