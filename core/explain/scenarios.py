"""Named sets of edits to an item: what they would change, and a store that keeps them.

They are kept in `core.explain.scenario_store`; what is taken out can be put back as it was.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import NUMBER_ROLES, Role
from core.errors import CatalogError
from core.explain.photos import names_photo
from core.explain.scenario_store import scenario_store
from core.explain.what_if import edited
from core.popularity.additive import BlockModel
from core.popularity.model import PREDICTION_COLUMNS
from core.popularity.rank_intervals import rank_intervals

NAME_LENGTH = 60
OTHERS = 1000
"""Items, drawn by lot, that the range of a scenario's places is simulated against at most."""
DRAWS = 500
_TABLE = """
CREATE TABLE IF NOT EXISTS scenario (
    catalog TEXT NOT NULL, item TEXT NOT NULL, name TEXT NOT NULL,
    changes TEXT NOT NULL, created TEXT NOT NULL,
    PRIMARY KEY (catalog, item, name)
)
"""


@dataclass(frozen=True)
class Scenario:
    """Edits under a name.

    Attributes:
        name: as a person gave it, unique for the item.
        changes: new cells by column of the catalog.
        created: ISO 8601 in UTC.
    """

    name: str
    changes: Mapping[str, Any]
    created: str


@dataclass(frozen=True)
class Outcome:
    """What a model says of an item with some edits.

    Attributes:
        name: of the scenario.
        changes: its edits; empty for the item as it is.
        prediction: `PREDICTION_COLUMNS`, in the target's unit.
        place: among the ranking's other items by the prediction, 1 is best.
        place_low, place_high: the middle 80 % of simulated places.
        parts: Shapley value of each player, log units.
    """

    name: str
    changes: Mapping[str, Any]
    prediction: pd.Series
    place: int
    place_low: int
    place_high: int
    parts: pd.Series


def saved(catalog: Catalog, item: str) -> list[Scenario]:
    """The scenarios of an item, oldest first.

    Cells are left out of columns that the catalog does not have any more, or that hold something
    else now.

    Raises:
        CatalogError: the store cannot be read.
    """
    with scenario_store(_TABLE) as store:
        lines = store.execute(
            "SELECT name, changes, created FROM scenario WHERE catalog = ? AND item = ?"
            " ORDER BY created, name",
            (catalog.directory.name, item),
        ).fetchall()
    return [Scenario(name, _cells(catalog, json.loads(text)), day) for name, text, day in lines]


def save(catalog: Catalog, item: str, name: str, changes: Mapping[str, Any]) -> Scenario:
    """Keep edits under a name.

    Raises:
        CatalogError: there is no name or nothing was edited, the item has a scenario of that name,
            or the store cannot be written.
    """
    name = " ".join(name.split())[:NAME_LENGTH]
    if not name:
        raise CatalogError("A scenario needs a name, such as “cheaper in blue”.")
    if not changes:
        raise CatalogError("Nothing was edited yet. Change a field, then save the scenario.")
    scenario = Scenario(name, dict(changes), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f+00:00}")
    put(catalog, item, scenario)
    return scenario


def put(catalog: Catalog, item: str, scenario: Scenario) -> None:
    """Put a scenario into the store as it is, such as one that was taken out.

    Raises:
        CatalogError: the item has a scenario of that name, or the store cannot be written.
    """
    text = json.dumps({c: _plain(v) for c, v in scenario.changes.items()}, ensure_ascii=False)
    line = (catalog.directory.name, item, scenario.name, text, scenario.created)
    try:
        with scenario_store(_TABLE) as store:
            store.execute("INSERT INTO scenario VALUES (?, ?, ?, ?, ?)", line)
    except sqlite3.IntegrityError as error:
        raise CatalogError(
            f"This item has a scenario “{scenario.name}” already. Choose another name, or remove it"
            " first."
        ) from error


def remove(catalog: Catalog, item: str, name: str) -> None:
    """Take a scenario out of the store; nothing happens where there is none of that name.

    Raises:
        CatalogError: the store cannot be written.
    """
    with scenario_store(_TABLE) as store:
        store.execute(
            "DELETE FROM scenario WHERE catalog = ? AND item = ? AND name = ?",
            (catalog.directory.name, item, name),
        )


def photos_in_use() -> list[str]:
    """The cells of all scenarios, of every catalog, that name a kept photo.

    Raises:
        CatalogError: the store cannot be read.
    """
    with scenario_store(_TABLE) as store:
        texts = [text for (text,) in store.execute("SELECT changes FROM scenario")]
    return [v for text in texts for v in json.loads(text).values() if names_photo(v)]


def outcomes(
    model: BlockModel,
    catalog: Catalog,
    row: int,
    scenarios: Sequence[tuple[str, Mapping[str, Any]]],
    order: pd.DataFrame,
) -> list[Outcome]:
    """What a model says of an item with each scenario's edits.

    Args:
        model: calibrated.
        catalog, row: the item.
        scenarios: names and edits; empty edits are the item as it is.
        order: the ranking of the catalog (`core.popularity.ranking.rank`).

    Raises:
        CatalogError: an edit does not fit its column.
    """
    assert model.calibration is not None
    found = []
    for name, changes in scenarios:
        one = edited(catalog, row, changes)
        line = model.predict(one).iloc[0]
        item = str(catalog.ids[row])
        spot = place(order, item, float(line["predicted"]))
        low, high = _places(order, item, line, spot, model.calibration.shape)
        parts = model.contributions(one).iloc[0]
        prediction = line[list(PREDICTION_COLUMNS)].astype(float)
        found.append(Outcome(name, dict(changes), prediction, spot, low, high, parts))
    return found


def place(order: pd.DataFrame, item: str, predicted: float) -> int:
    """The place that a prediction would take among the other items of a ranking, 1 is best."""
    others = order.loc[order["item_id"] != item, "predicted"]
    return 1 + int((others > predicted).sum())


def table(found: Sequence[Outcome], unit: str) -> pd.DataFrame:
    """Outcomes side by side, a line each, for an export.

    Columns: scenario, unit, the prediction columns, place, place_low_80, place_high_80, then
    ``times_PLAYER`` (the factor that a player makes of the average item) and ``edit_COLUMN``.
    """
    edits = dict.fromkeys(column for one in found for column in one.changes)
    lines = [
        {
            "scenario": one.name,
            "unit": unit,
            **one.prediction.to_dict(),
            "place": one.place,
            "place_low_80": one.place_low,
            "place_high_80": one.place_high,
            **{f"times_{player}": float(np.exp(v)) for player, v in one.parts.items()},
            **{f"edit_{column}": _plain(one.changes.get(column)) for column in edits},
        }
        for one in found
    ]
    return pd.DataFrame(lines)


def _places(
    order: pd.DataFrame, item: str, line: pd.Series, spot: int, shape: Sequence[float]
) -> tuple[int, int]:
    """The middle 80 % of the item's simulated places, in the whole ranking."""
    columns = ["predicted", "low_80", "high_80"]
    others = order.loc[order["item_id"] != item, columns]
    total = len(others) + 1
    if len(others) > OTHERS:
        chosen = np.random.default_rng(0).choice(len(others), OTHERS, replace=False)
        others = others.iloc[chosen]
    drawn = pd.concat([line[columns].astype(float).to_frame().T, others], ignore_index=True)
    own = rank_intervals(drawn, shape, draws=DRAWS).iloc[0]
    stretch = (total - 1) / max(len(drawn) - 1, 1)
    low, high = (1 + (own[c] - 1) * stretch for c in ("rank_low_80", "rank_high_80"))
    return min(int(np.floor(low)), spot), max(int(np.ceil(high)), spot)


def _plain(value: Any) -> Any:
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return value.item() if isinstance(value, np.generic) else value


def _cells(catalog: Catalog, values: Mapping[str, Any]) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for column, value in values.items():
        if column not in catalog.frame.columns:
            continue
        with suppress(ValueError, TypeError):  # the column may have had another role
            cells[column] = _cell(catalog.roles.get(column), value)
    return cells


def _cell(role: Role | None, value: Any) -> Any:
    if role == Role.RELEASE_DATE:
        return pd.NaT if value is None else pd.Timestamp(value)
    if role in NUMBER_ROLES:
        return np.nan if value is None else float(value)
    return value
