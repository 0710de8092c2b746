"""Named edits of a range, kept beside the scenarios of single items.

They are kept in `core.explain.scenario_store`; what is taken out can be put back as it was.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from core.catalog.catalog import Catalog
from core.catalog.query import Filters
from core.catalog.selection import Selection
from core.errors import CatalogError
from core.explain.assortment import Edit, Step
from core.explain.scenario_store import scenario_store
from core.explain.scenarios import NAME_LENGTH

_TABLE = """
CREATE TABLE IF NOT EXISTS assortment (
    catalog TEXT NOT NULL, name TEXT NOT NULL, steps TEXT NOT NULL, created TEXT NOT NULL,
    PRIMARY KEY (catalog, name)
)
"""


@dataclass(frozen=True)
class Plan:
    """Edits of a range under a name.

    Attributes:
        name: as a person gave it, unique for the catalog.
        steps: the edits, in order.
        created: ISO 8601 in UTC.
    """

    name: str
    steps: tuple[Step, ...]
    created: str


def saved(catalog: Catalog) -> list[Plan]:
    """The plans of a catalog, oldest first.

    Raises:
        CatalogError: the store cannot be read.
    """
    with scenario_store(_TABLE) as store:
        lines = store.execute(
            "SELECT name, steps, created FROM assortment WHERE catalog = ? ORDER BY created, name",
            (catalog.directory.name,),
        ).fetchall()
    return [Plan(name, from_json(json.loads(text)), day) for name, text, day in lines]


def save(catalog: Catalog, name: str, steps: Sequence[Step]) -> Plan:
    """Keep edits under a name.

    Raises:
        CatalogError: there is no name or nothing was edited, the catalog has a plan of that name,
            or the store cannot be written.
    """
    name = " ".join(name.split())[:NAME_LENGTH]
    if not name:
        raise CatalogError("A scenario needs a name, such as “summer sale”.")
    if not steps:
        raise CatalogError("Nothing was edited yet. Add an edit, then save the scenario.")
    plan = Plan(name, tuple(steps), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f+00:00}")
    put(catalog, plan)
    return plan


def put(catalog: Catalog, plan: Plan) -> None:
    """Put a plan into the store as it is, such as one that was taken out.

    Raises:
        CatalogError: the catalog has a plan of that name, or the store cannot be written.
    """
    text = json.dumps(to_json(plan.steps), ensure_ascii=False)
    line = (catalog.directory.name, plan.name, text, plan.created)
    try:
        with scenario_store(_TABLE) as store:
            store.execute("INSERT INTO assortment VALUES (?, ?, ?, ?)", line)
    except sqlite3.IntegrityError as error:
        raise CatalogError(
            f"There is a scenario “{plan.name}” of this range already. Choose another name, or"
            " remove it first."
        ) from error


def remove(catalog: Catalog, name: str) -> None:
    """Take a plan out of the store; nothing happens where there is none of that name.

    Raises:
        CatalogError: the store cannot be written.
    """
    with scenario_store(_TABLE) as store:
        store.execute(
            "DELETE FROM assortment WHERE catalog = ? AND name = ?", (catalog.directory.name, name)
        )


def to_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Plain values."""
    return [
        {
            "edit": asdict(step.edit),
            "scope": None if step.items.scope is None else asdict(step.items.scope),
            "added": sorted(step.items.added),
            "removed": sorted(step.items.removed),
        }
        for step in steps
    ]


def from_json(values: Sequence[dict[str, Any]]) -> tuple[Step, ...]:
    """What `to_json` wrote.

    Raises:
        CatalogError: it is something else.
    """
    try:
        return tuple(_step(value) for value in values)
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogError(
            f"A saved scenario cannot be read ({error}); it was written by another version. Remove"
            " it and save the edits again."
        ) from error


def _step(value: dict[str, Any]) -> Step:
    scope = value["scope"]
    if scope is not None:
        scope = Filters(
            str(scope["text"]),
            tuple((column, tuple(levels)) for column, levels in scope["levels"]),
            tuple((column, low, high) for column, low, high in scope["ranges"]),
        )
    items = Selection(scope, frozenset(value["added"]), frozenset(value["removed"]))
    return Step(Edit(**value["edit"]), items)
