"""What the leakage radar reports, and the labelled items as its checks look at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import ALWAYS_POST_LAUNCH, Role
from core.popularity.association import numbers
from core.popularity.columns import Feature
from core.popularity.model import MIN_ITEMS
from core.popularity.splits import group_codes, grouped_folds

CHANCE = 4.0
"""Standard deviations from which a correlation is not chance."""
SHOWN = 10
"""Most items that a finding names."""


class Severity(StrEnum):
    """How much a finding takes from the scores."""

    NOTE = "note"
    """Guarded against, or measured and harmless: nothing to do."""
    WARNING = "warning"
    """Scores may look better than the model will be."""
    SERIOUS = "serious"
    """Scores cannot be believed until it is mended."""


class Kind(StrEnum):
    """What a finding is about."""

    POST_LAUNCH = "post_launch"
    IDENTIFIER = "identifier"
    ORDER = "order"
    SPLIT = "split"
    PHOTOS = "photos"
    NAMES = "names"
    COUNTS = "counts"
    COLUMN = "column"
    COPY = "copy"
    CENSORED = "censored"
    EXPOSURE = "exposure"
    PRESENCE = "presence"


@dataclass(frozen=True)
class Finding:
    """One thing that the radar saw.

    Attributes:
        kind, severity: what it is about, and how bad it is.
        columns: columns of the catalog that are meant; empty for rows and splits.
        items: ids of the items that are meant, at most `SHOWN`.
        value: the number that was measured, in terms of `measure`.
        text: what it is, in a sentence; columns stand in it as “name”.
        advice: what to do, in a sentence.
    """

    kind: Kind
    severity: Severity
    columns: tuple[str, ...]
    items: tuple[str, ...]
    value: float
    measure: str
    text: str
    advice: str

    @classmethod
    def from_json(cls, values: dict) -> "Finding":
        """A finding from the plain values that `dataclasses.asdict` makes of it.

        Raises:
            KeyError, TypeError, ValueError: they are not a finding's.
        """
        return cls(
            **{
                **values,
                "kind": Kind(values["kind"]),
                "severity": Severity(values["severity"]),
                "columns": tuple(values["columns"]),
                "items": tuple(values["items"]),
            }
        )


class Labelled:
    """A catalog's labelled items as the checks look at them, each thing computed once."""

    def __init__(self, catalog: Catalog, rows: np.ndarray, reads: Sequence[Feature]) -> None:
        self.catalog, self.rows = catalog, rows
        self.read = [f.name for f in reads]
        self.frame: pd.DataFrame = catalog.frame.iloc[rows].reset_index(drop=True)
        self.target_column = str(catalog.column(Role.TARGET))
        self.target = self.frame[self.target_column].to_numpy(dtype=np.float64)
        ranks = self.frame[self.target_column].rank().to_numpy(dtype=np.float64)
        self.ranks = ranks / len(rows)
        self.all_groups = group_codes(catalog)
        self.groups = self.all_groups[rows]
        self.folds = grouped_folds(self.groups)
        category = catalog.column(Role.CATEGORY)
        blank = pd.Series("", index=self.frame.index)
        self.categories = (
            self.frame[category].astype(object).fillna("").astype(str) if category else blank
        ).to_numpy(dtype=object)
        self.copies: set[str] = set()
        self.explained = np.full(len(rows), ranks.mean() / len(rows))
        others = [
            c
            for c in map(str, self.frame.columns)
            if c != self.target_column
            and catalog.roles.get(c) not in (Role.ID, Role.IMAGE, Role.GROUP, Role.SERIES)
            and catalog.roles.get(c) not in (Role.TITLE, Role.DESCRIPTION, Role.REVIEW)
        ]
        self.numbers = {c: numbers(self.frame[c]) for c in others}
        few = max(MIN_ITEMS, len(rows) // 5)
        self.numbers = {c: x for c, x in self.numbers.items() if np.isfinite(x).sum() >= few}
        self.others = others

    def ids(self, positions: np.ndarray) -> tuple[str, ...]:
        """Ids of the first items at these positions among the labelled ones."""
        return tuple(str(i) for i in self.catalog.ids[self.rows[positions[:SHOWN]]])

    def late(self, column: str) -> bool:
        """Whether a column is known only after launch."""
        roles = self.catalog.roles
        return column in self.catalog.post_launch or roles.get(column) in ALWAYS_POST_LAUNCH


def quoted(columns: Sequence[str]) -> str:
    """Column names as a finding's text has them."""
    return ", ".join(f"“{c}”" for c in columns)
