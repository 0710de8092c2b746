"""What a model's prediction is made of: exact Shapley values, one a player.

A player is an original column (all its one-hot levels or spline pieces together), the description
(all words of title and descriptions: TF-IDF scales each text to unit length, so single words would
not be independent players), the reviews, or the image. Credit is measured against background items
(`core.popularity.background`), the same for all models that learned from the same items: a player
that is absent is as in one of these, and the worth of a coalition is the mean over them.

For a model that adds players up, the Shapley value is ``b . (x - mean of the background)``
(Lundberg & Lee 2017, section 4.2; Štrumbelj & Kononenko 2014). For the deep model all coalitions
are enumerated; beyond 15 players its values are Owen's (1977), over sampled orders that keep
details, words and photo together (`core.popularity.kernel_game`).
Values are in log units: ``exp(value)`` multiplies ``1 + target``, told to people as "times the
average item"; the average item is where the background's mean output is, in log units.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.explain.checks import load_checks
from core.popularity.additive import BlockModel
from core.popularity.background import categories_of
from core.popularity.blocks import (
    ImageBlock,
    LevelBlock,
    NumberBlock,
    TextBlock,
)
from core.popularity.columns import match_columns
from core.popularity.model import predict

SAMPLED = "over sampled orders of the fields that keep details, words and photo together"
"""How values are computed that are not exact, in words."""


@dataclass(frozen=True)
class Part:
    """One player's part of a prediction.

    Attributes:
        player: the training catalog's column, ``description``, ``reviews`` or ``image``.
        value: Shapley value in log units; Owen value where the explanation is not exact.
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
class Against:
    """Background items.

    Attributes:
        items: how many.
        category: of which category alone; empty for all.
        version: of the model's background, see `Background`.
    """

    items: int
    category: str
    version: str


@dataclass(frozen=True)
class Pair:
    """How two players go together.

    Attributes:
        first, second: players.
        value: Shapley interaction index in log units: what both add beyond what each adds without
            the other; negative where they make up for one another.
    """

    first: str
    second: str
    value: float

    @property
    def factor(self) -> float:
        """The value as a factor of the prediction."""
        return float(np.exp(self.value))


@dataclass(frozen=True)
class Explanation:
    """A prediction and its parts; ``base + sum of values`` is the model's output.

    Attributes:
        base: mean output over the background, log units; `base_units` in the target's unit.
        output: the model's output by its own predict path, log units.
        predicted, low, high: median and 90 % interval of the final model, in the target's unit.
        gap: ``|base + sum of values - output|``, measured, in log units.
        parts: one a player, in the model's order.
        against: what the item is held against.
        exact: whether values are Shapley's over all coalitions; else Owen's, over sampled orders
            that keep details, words and photo together.
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
    against: Against
    exact: bool

    def ordered(self) -> list[Part]:
        """Parts from the strongest to the weakest."""
        return sorted(self.parts, key=lambda part: (-abs(part.value), part.player))

    def to_json(self) -> dict[str, Any]:
        """Plain values, the parts with their factors, the method and how it was tested."""
        method = "shapley" if self.exact else "owen"
        values = asdict(self) | {"method": method, "checks": load_checks().to_json()}
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


def explain(
    model: BlockModel,
    catalog: Catalog,
    row: int,
    *,
    same_category: bool = False,
    values: pd.Series | None = None,
) -> Explanation:
    """The parts of one item's prediction.

    Args:
        model: a trained model.
        catalog, row: the item.
        same_category: against background items of its category only.
        values: the item's contributions where they are known already (`core.explain.kept`); the
            explanation's `gap` tells whether they fit.

    Raises:
        ModelError: the model has not been trained, needs photos that were not read yet, or has no
            background of the category.
    """
    rows = np.array([row])
    category = str(categories_of(catalog, rows)[0]) if same_category else None
    if values is None:
        values = model.contributions(catalog, rows, same_category=same_category).iloc[0]
    base = model.base_output(category)
    outputs = model.output(catalog, rows)
    prediction = predict(model, catalog, rows, outputs).iloc[0]
    output = float(outputs[0])
    shown = _cells(model, catalog, row)
    parts = tuple(
        Part(player, float(value), shown[player])
        for player, value in zip(model.players, values, strict=True)
    )
    return Explanation(
        item_id=str(catalog.ids[row]),
        model=model.name,
        base=base,
        base_units=float(max(np.expm1(base), 0.0)),
        output=output,
        predicted=float(prediction["predicted"]),
        low=float(prediction["low"]),
        high=float(prediction["high"]),
        gap=abs(base + sum(p.value for p in parts) - output),
        parts=parts,
        against=Against(
            len(model.background.among(category).average), category or "", model.background.version
        ),
        exact=model.exact,
    )


def pairs(model: BlockModel, catalog: Catalog, row: int, player: str | None = None) -> list[Pair]:
    """How the players of an item's prediction go together, two by two, strongest first.

    Args:
        model: a trained model.
        catalog, row: the item.
        player: only pairs with this one (the image with every column); default: all pairs.

    Raises:
        ModelError: too many players, or as `explain`.
    """
    table = model.interactions(catalog, row).to_numpy()
    found = [
        Pair(a, b, float(table[i, j]))
        for i, a in enumerate(model.players)
        for j, b in enumerate(model.players)
        if i < j and player in (None, a, b)
    ]
    return sorted(found, key=lambda pair: (-abs(pair.value), pair.first, pair.second))


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


def column_effects(
    model: BlockModel, player: str, catalog: Catalog, limit: int = 20
) -> pd.DataFrame:
    """How a player's part changes with the column's value, others as they are.

    Returns:
        ``value`` (text of a level, a number, or the first of a month), ``effect`` (log units, mean
        over the background) and ``items`` (how many items of this catalog have it; for numbers
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
