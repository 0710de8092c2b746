"""The cheapest edits to an item that bring its prediction to a goal (a counterfactual search).

Edits are those that past items of the category had: their levels, and numbers within their range.
The model is asked as a black box, so that any can be searched. Two steps: a beam search finds edits
that reach the goal; then all combinations that cost less are tried, cheapest first, until one
reaches it too, none is left, or the time is up. So the result says whether anything cheaper is left
untried, and a search always ends (compare Mothilal et al. 2020, whose search need not).
"""

import heapq
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.explain.density import flags, observed_range
from core.explain.past import Past
from core.explain.response import variants
from core.explain.what_if import edited
from core.popularity.columns import Feature, feature_columns, match_columns
from core.popularity.model import PopularityModel

SECONDS = 9.0
"""Of the search; what follows it, a prediction of what was found, ends within another one."""
STEPS = 11
"""Numbers are tried at this many values across their range."""
MOST_LEVELS = 30
"""Levels of a column that are tried at most: those of the most past items."""
WIDTH = 12
"""Sets of edits that the beam search goes on from."""
CHECKED = 20
"""Sets that reach the goal whose neighbours are looked at, at each step of the beam search."""
CHUNK_SECONDS = 0.4
MOST_ROWS = 512
SLACK = 1e-9


@dataclass(frozen=True)
class Editable:
    """A field that may be edited.

    Attributes:
        column: of the catalog.
        current: its cell.
        values: what it may become; without the current cell.
        low, high: ends of an allowed range of numbers; NaN for levels.
        cost: of another level, or of a number's way across its whole range.
    """

    column: str
    current: Any
    values: tuple[Any, ...]
    low: float = np.nan
    high: float = np.nan
    cost: float = 1.0

    def cost_of(self, value: Any) -> float:
        """What it costs to make the cell this value; a number costs by how far it moves."""
        if np.isnan(self.low) or pd.isna(self.current):
            return self.cost
        return self.cost * abs(value - self.current) / max(self.high - self.low, SLACK)

    def within(self, low: float, high: float) -> "Editable":
        """The same number with a narrower allowed range; never a wider one."""
        low, high = max(low, self.low), min(high, self.high)
        return _number(self.column, self.current, low, high, self.cost)


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Attributes:
        changes: new cells by column; None where no edits were found that reach the goal.
        cost: of them; infinite without.
        output: the model's output with them, ``log1p`` of the target; that of the best set of edits
            where none reaches the goal.
        complete: whether every cheaper combination of the tried values (without a result: every
            combination) was looked at.
        tried: combinations that the model was asked about.
        seconds: that it took.
    """

    changes: dict[str, Any] | None
    cost: float
    output: float
    complete: bool
    tried: int
    seconds: float


def editable(
    past: Past, catalog: Catalog, row: int, features: Sequence[Feature]
) -> dict[str, Editable]:
    """The fields of an item that may be edited, and to what, as past items of its category had it.

    Args:
        past: items whose sales are known.
        catalog, row: the item.
        features: the columns that the model reads.

    Returns:
        By column: prices and numbers, category and attributes. Names, texts, dates and the photo
        are not searched.
    """
    ours = match_columns(features, catalog)
    back = {c: p for p, c in match_columns(feature_columns(past.catalog), catalog).items() if c}
    frame = past.catalog.frame.iloc[past.rows]
    category = past.catalog.column(Role.CATEGORY)
    same = np.ones(len(frame), dtype=bool)
    if category in back.values():
        kind = catalog.frame[next(c for c, p in back.items() if p == category)].iloc[row]
        same = (frame[category].astype(object) == kind).to_numpy(dtype=bool, na_value=False)
    found = {}
    for feature in features:
        column = ours[feature.name]
        if column is None or column not in back:
            continue
        current = catalog.frame[column].iloc[row]
        if feature.role in LEVEL_ROLES:
            cells = frame[back[column]].astype(object)
            counts = (cells if back[column] == category else cells[same]).dropna().value_counts()
            values = tuple(str(v) for v in counts.index[:MOST_LEVELS] if v != current)
            if values:
                found[column] = Editable(column, current, values)
        elif feature.role in (Role.PRICE, Role.NUMBER):
            low, high, _ = observed_range(past, catalog, row, column)
            if low < high:
                found[column] = _number(column, float(current), low, high, 1.0)
    return found


def goal_of(order: pd.DataFrame, item: str, place: int) -> float:
    """The least output, ``log1p`` of the target, that takes a place of a ranking or a better one.

    Args:
        order: the ranking.
        item: id of the item that is edited; the places are among the others.
        place: 1 is best; minus infinity comes back where every output takes it.
    """
    others = order.loc[order["item_id"] != item, "predicted"].to_numpy(dtype=np.float64)
    if place > len(others):
        return -np.inf
    return float(np.log1p(np.sort(others)[::-1][max(place, 1) - 1]))


def find_edits(
    model: PopularityModel,
    past: Past,
    catalog: Catalog,
    row: int,
    fields: Sequence[Editable],
    goal: float,
    *,
    seconds: float = SECONDS,
    on_progress: Callable[[float], None] | None = None,
) -> Found:
    """The cheapest edits to an item with which the model's output reaches the goal.

    Edits that leave the past (`core.explain.density.flags`) are never part of a result. Numbers of
    a result are moved back towards the item's own as far as the goal allows.

    Args:
        model: of any kind.
        past: items whose sales are known.
        catalog, row: the item.
        fields: what may be edited; others are locked.
        goal: least output, ``log1p`` of the target (`goal_of`).
        seconds: after which the search ends with what it has.
        on_progress: called with the share of the time that has passed, 0..1.
    """
    search = _Search(model, past, catalog, row, fields, goal, seconds, on_progress)
    return search.run()


Choice = tuple[int, ...]
"""For each field, the position of its value in `_Search.options`; 0 leaves it as it is."""


class _Search:
    def __init__(
        self,
        model: PopularityModel,
        past: Past,
        catalog: Catalog,
        row: int,
        fields: Sequence[Editable],
        goal: float,
        seconds: float,
        on_progress: Callable[[float], None] | None,
    ) -> None:
        self.model, self.past, self.catalog, self.row = model, past, catalog, row
        self.fields, self.goal = list(fields), goal
        self.options = [
            sorted(((f.cost_of(v), v) for v in f.values), key=lambda option: option[0])
            for f in self.fields
        ]
        self.seconds, self.on_progress = seconds, on_progress
        self.start = time.monotonic()
        self.tried = 0
        self.rows = 16
        self.exhausted = False
        self.inside: dict[Choice, bool] = {}

    def run(self) -> Found:
        none: Choice = (0,) * len(self.fields)
        own = float(self.model.output(variants(self.catalog, self.row, [{}]))[0])
        if own >= self.goal - SLACK:
            return self._found({}, 0.0, own, complete=True)
        best, reached = self._beam(none, own)
        limit = np.inf if best is None else self._cost(best)
        cheaper, complete, highest = self._cheapest(none, limit)
        best = cheaper or best
        if best is None:
            return self._found(None, np.inf, max(reached, highest), complete=complete)
        changes = self._moved_back(self._changes(best))
        output = float(self.model.output(variants(self.catalog, self.row, [changes]))[0])
        cost = sum(f.cost_of(changes[f.column]) for f in self.fields if f.column in changes)
        return self._found(changes, cost, output, complete=complete or cheaper is not None)

    def _found(
        self, changes: dict[str, Any] | None, cost: float, output: float, *, complete: bool
    ) -> Found:
        spent = time.monotonic() - self.start
        return Found(changes, cost, output, complete, self.tried, spent)

    def _beam(self, none: Choice, own: float) -> tuple[Choice | None, float]:
        """Edits that reach the goal, the cheapest that this step sees, and the highest output."""
        beam, highest = [none], own
        for _ in self.fields:
            wider = {
                (*choice[:i], k, *choice[i + 1 :])
                for choice in beam
                for i, options in enumerate(self.options)
                if not choice[i]
                for k in range(1, len(options) + 1)
            }
            scored = list(self._outputs(iter(sorted(wider))))
            if not scored:
                break
            highest = max(highest, max(output for _, output in scored))
            there = sorted(
                (self._cost(choice), choice)
                for choice, output in scored
                if output >= self.goal - SLACK
            )
            for _, choice in there[:CHECKED]:
                if self._allowed(choice):
                    return choice, highest
            scored.sort(key=lambda pair: (-pair[1], pair[0]))
            beam = [choice for choice, _ in scored[:WIDTH]]
        return None, highest

    def _cheapest(self, none: Choice, limit: float) -> tuple[Choice | None, bool, float]:
        """The cheapest choice below a cost that reaches the goal, and whether all were looked at.

        The third value is the highest output that was seen.
        """
        highest = -np.inf
        for choice, output in self._outputs(self._by_cost(none, limit)):
            highest = max(highest, output)
            if output >= self.goal - SLACK and self._allowed(choice):
                return choice, True, highest
        return None, self.exhausted, highest

    def _by_cost(self, none: Choice, limit: float) -> Iterator[Choice]:
        """Every choice below a cost but the item as it is, cheapest first, each once."""
        heap: list[tuple[float, Choice, int]] = [(0.0, none, 0)]
        while heap:
            cost, choice, first = heapq.heappop(heap)
            if any(choice):
                yield choice
            for i in range(first, len(choice)):
                k = choice[i] + 1
                if k <= len(self.options[i]):
                    step = self._option_cost(i, k) - self._option_cost(i, k - 1)
                    if cost + step < limit - SLACK:
                        heapq.heappush(heap, (cost + step, (*choice[:i], k, *choice[i + 1 :]), i))

    def _outputs(self, choices: Iterator[Choice]) -> Iterator[tuple[Choice, float]]:
        """The model's output of each choice, in order, until none is left or the time is up."""
        self.exhausted = False
        while self._left() > 0:
            chunk = list(islice(choices, self.rows))
            if not chunk:
                self.exhausted = True
                return
            begin = time.monotonic()
            changes = [self._changes(choice) for choice in chunk]
            outputs = self.model.output(variants(self.catalog, self.row, changes))
            spent = max(time.monotonic() - begin, 1e-3)
            self.tried += len(chunk)
            wanted = min(CHUNK_SECONDS, max(self._left(), 0) / 2) / spent * len(chunk)
            self.rows = int(np.clip(wanted, 1, min(4 * self.rows, MOST_ROWS)))
            if self.on_progress is not None:
                self.on_progress(float(np.clip(1 - self._left() / self.seconds, 0, 1)))
            yield from zip(chunk, map(float, outputs), strict=True)

    def _moved_back(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The same edits with each number as near to the item's own as the goal allows."""
        for field in self.fields:
            value = changes.get(field.column)
            if value is None or np.isnan(field.low) or pd.isna(field.current):
                continue
            if self._left() <= 0:
                break
            ways = np.linspace(value, field.current, 2 * STEPS)[:-1]
            ways = ways[(ways >= field.low) & (ways <= field.high)]
            tries = [{**changes, field.column: _round(float(way))} for way in ways]
            tries = [t for t in tries if field.low <= t[field.column] <= field.high]
            if not tries:
                continue
            outputs = self.model.output(variants(self.catalog, self.row, tries))
            self.tried += len(tries)
            for one, output in list(zip(tries, outputs, strict=True))[::-1]:
                if output >= self.goal - SLACK and not self._flagged(one):
                    changes = one
                    break
        return changes

    def _allowed(self, choice: Choice) -> bool:
        if choice not in self.inside:
            self.inside[choice] = not self._flagged(self._changes(choice))
        return self.inside[choice]

    def _flagged(self, changes: Mapping[str, Any]) -> bool:
        after = edited(self.catalog, self.row, changes)
        return bool(flags(self.past, self.catalog, self.row, after))

    def _changes(self, choice: Choice) -> dict[str, Any]:
        return {
            field.column: options[k - 1][1]
            for field, options, k in zip(self.fields, self.options, choice, strict=True)
            if k
        }

    def _cost(self, choice: Choice) -> float:
        return sum(self._option_cost(i, k) for i, k in enumerate(choice))

    def _option_cost(self, i: int, k: int) -> float:
        return self.options[i][k - 1][0] if k else 0.0

    def _left(self) -> float:
        return self.seconds - (time.monotonic() - self.start)


def _number(column: str, current: float, low: float, high: float, cost: float) -> Editable:
    grid = np.unique([_round(float(v)) for v in np.linspace(low, high, STEPS)])
    values = tuple(float(v) for v in grid if low <= v <= high and v != current)
    return Editable(column, current, values, low, high, cost)


def _round(value: float) -> float:
    """Four digits, as a person would write the number."""
    return float(f"{value:.4g}")
