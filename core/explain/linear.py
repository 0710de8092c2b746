"""What a model's prediction is made of: exact Shapley values, one a player.

A player is an original column (all its one-hot levels or spline pieces together), the description
(all words of title and descriptions: TF-IDF scales each text to unit length, so single words would
not be independent players), the reviews, or the image. For a model that adds players up, the
Shapley value against a background is ``b . (x - mean of the background)`` (Lundberg & Lee 2017,
section 4.2; Štrumbelj & Kononenko 2014); the background is the training items. The
deep model's are enumerated over all coalitions, against the average item (`core.popularity.shapley`
says what happens beyond 13 players). Values are in log units: ``exp(value)`` multiplies
``1 + target``, told to people as "times the average item".
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.popularity.additive import BlockModel
from core.popularity.blocks import (
    ImageBlock,
    LevelBlock,
    NumberBlock,
    TextBlock,
)
from core.popularity.columns import match_columns


@dataclass(frozen=True)
class Part:
    """One player's part of a prediction.

    Attributes:
        player: the training catalog's column, ``description``, ``reviews`` or ``image``.
        value: Shapley value in log units.
        shown: the item's own cell, as text for people; empty for a photo or a missing column.
    """

    player: str
    value: float
    shown: str

    @property
    def factor(self) -> float:
        """How many times the average item this player makes of the item, other things equal."""
        return float(np.exp(self.value))


@dataclass(frozen=True)
class Explanation:
    """A prediction and its parts; ``base + sum of values`` is the model's output.

    Attributes:
        base: output for the average training item, log units; `base_units` in the target's unit.
        output: the model's output by its own predict path, log units.
        predicted, low, high: median and 90 % interval of the final model, in the target's unit.
        gap: ``|base + sum of values - output|``, measured, in log units.
        parts: one a player, in the model's order.
    """

    item_id: str
    model: str
    base: float
    base_units: float
    output: float
    predicted: float
    low: float
    high: float
    gap: float
    parts: tuple[Part, ...]

    def ordered(self) -> list[Part]:
        """Parts from the strongest to the weakest."""
        return sorted(self.parts, key=lambda part: (-abs(part.value), part.player))

    def to_json(self) -> dict[str, Any]:
        """Plain values, the parts with their factors."""
        values = asdict(self)
        for part, own in zip(values["parts"], self.parts, strict=True):
            part["factor"] = own.factor
        return values


@dataclass(frozen=True)
class Step:
    """One bar of a waterfall, in the target's unit: from `start` to `end`."""

    player: str
    shown: str
    start: float
    end: float
    factor: float


def explain(model: BlockModel, catalog: Catalog, row: int) -> Explanation:
    """The parts of one item's prediction.

    Raises:
        ModelError: the model has not been trained, or needs photos that were not read yet.
    """
    rows = np.array([row])
    values = model.contributions(catalog, rows).iloc[0]
    prediction = model.predict(catalog, rows).iloc[0]
    output = float(model.output(catalog, rows)[0])
    shown = _cells(model, catalog, row)
    parts = tuple(
        Part(player, float(value), shown[player])
        for player, value in zip(model.players, values, strict=True)
    )
    return Explanation(
        item_id=str(catalog.ids[row]),
        model=model.name,
        base=model.intercept,
        base_units=float(max(np.expm1(model.intercept), 0.0)),
        output=output,
        predicted=float(prediction["predicted"]),
        low=float(prediction["low"]),
        high=float(prediction["high"]),
        gap=abs(model.intercept + sum(p.value for p in parts) - output),
        parts=parts,
    )


def waterfall(explanation: Explanation, limit: int = 8) -> list[Step]:
    """Bars from the average item to the prediction, strongest first, in the target's unit.

    Players past `limit` are one last step, “everything else”. Each bar starts where the one before
    it ended; heights depend on this order, factors do not.
    """
    parts = explanation.ordered()
    shown, rest = parts[:limit], parts[limit:]
    entries = [(p.player, p.shown, p.value) for p in shown]
    if rest:
        entries.append((REST, f"{len(rest)} more", sum(p.value for p in rest)))
    steps = []
    log_value = explanation.base
    for player, text, value in entries:
        start, log_value = log_value, log_value + value
        steps.append(Step(player, text, _units(start), _units(log_value), float(np.exp(value))))
    return steps


REST = "(rest)"
"""The player of the last step of a waterfall that holds several."""


def mean_effects(contributions: pd.DataFrame) -> pd.Series:
    """Mean absolute contribution of each player over some items, in log units, largest first."""
    return contributions.abs().mean().sort_values(ascending=False, kind="stable")


def column_effects(
    model: BlockModel, player: str, catalog: Catalog, limit: int = 20
) -> pd.DataFrame:
    """How a player's part changes with the column's value, others as they are.

    Returns:
        ``value`` (text of a level, a number, or the first of a month), ``effect`` (log units
        against the average item) and ``items`` (how many items of this catalog have it; for numbers
        and months, in the bin around it), levels by their number of items, at most `limit` of them.
        Empty for the description, the reviews, the image, or a column that the catalog lacks.
    """
    position = model.players.index(player)
    block = model.blocks[position]
    if isinstance(block, TextBlock | ImageBlock):
        return _no_effects()
    column = match_columns(model.features, catalog)[block.feature.name]
    if column is None:
        return _no_effects()
    cells = catalog.frame[column]
    if isinstance(block, LevelBlock):
        counts = cells.astype(object).value_counts().head(limit)
        values, items = list(counts.index), counts.to_numpy()
        probe = pd.Series(values, dtype=object)
    elif isinstance(block, NumberBlock):
        known = cells.dropna().to_numpy(dtype=float)
        if not len(known):
            return _no_effects()
        low, high = (float(np.quantile(known, q)) for q in (0.01, 0.99))
        even = np.geomspace if block.logarithm and low > 0 else np.linspace
        grid = np.unique(even(low, high, limit))
        nearest = np.abs(known[:, None] - grid[None, :]).argmin(axis=1)
        items = np.bincount(nearest, minlength=len(grid))
        values, probe = list(grid), pd.Series(grid)
    else:
        months = pd.Series(pd.date_range("2001-01-01", periods=12, freq="MS"))
        values, probe = list(months), months + pd.Timedelta(days=14)
        items = cells.dt.month.value_counts().reindex(range(1, 13), fill_value=0).to_numpy()
    effects = model.block_values(position, probe)
    return pd.DataFrame({"value": values, "effect": effects, "items": items})


def _no_effects() -> pd.DataFrame:
    return pd.DataFrame({"value": [], "effect": [], "items": []})


def _units(log_value: float) -> float:
    return float(max(np.expm1(log_value), 0.0))


def _cells(model: BlockModel, catalog: Catalog, row: int) -> dict[str, str]:
    """Each player's own cell as text."""
    found = match_columns(model.features, catalog)
    shown = {}
    for player, block in zip(model.players, model.blocks, strict=True):
        if isinstance(block, ImageBlock):
            shown[player] = "" if catalog.image_paths(row) else "no photo"
            continue
        features = block.features if isinstance(block, TextBlock) else (block.feature,)
        columns = [c for f in features if (c := found[f.name])]
        if not columns:
            shown[player] = "not in this catalog"
            continue
        shown[player] = _text(catalog.frame[columns[0]].iloc[row])
    return shown


def _text(cell: object) -> str:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)):
        return "not given"
    if isinstance(cell, pd.Timestamp):
        return f"{cell:%d %B %Y}".lstrip("0")
    if isinstance(cell, float):
        return f"{cell:,.2f}".rstrip("0").rstrip(".")
    text = " ".join(str(cell).split())
    return (text if len(text) <= 60 else text[:57] + "...") or "not given"
