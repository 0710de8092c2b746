"""All that is told of one item, computed once: for the dashboard, documents and JSON alike."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.catalog.suggestions import accepted_titles
from core.checkpoints import clip_by_id
from core.errors import FashionError
from core.explain.evidence import Evidence, evidence
from core.explain.linear import Explanation, Pair, explain, pairs
from core.explain.maps import PhotoMap, has_map, photo_map
from core.explain.maps_tower import VisionTower
from core.explain.modality import MODALITIES, Modality, modality_shares
from core.explain.past import Past
from core.explain.wording import clean
from core.explain.words import Fields, Standing, sentences
from core.popularity.additive import BlockModel
from core.popularity.model import PREDICTION_COLUMNS
from core.popularity.rank_intervals import RANK_COLUMNS
from core.popularity.scoreboard import Scoreboard
from core.popularity.vectors import stored_vectors


@dataclass(frozen=True)
class ItemReport:
    """What is told of one item.

    Attributes:
        row: its position in the catalog.
        name: its title, an accepted suggestion (marked so), or its id.
        line: its line in the ranking, in the target's unit.
        standing: its place.
        explanation: the parts of the final model's prediction.
        shares: of each modality in the parts, 0..1; None where all parts are 0.
        evidence: the closest past items; None where no past is at hand.
        words: at most three sentences, plain text.
        drawn: the map of the photo; None where the model has none, or `undrawn` says why.
        undrawn: a sentence, or empty.
    """

    row: int
    name: str
    line: pd.Series
    standing: Standing
    explanation: Explanation
    shares: dict[Modality, float] | None
    evidence: Evidence | None
    words: tuple[str, ...]
    drawn: PhotoMap | None
    undrawn: str

    @property
    def out_of_fold(self) -> float | None:
        """The ranking's prediction, where it is by a model that had not seen the item."""
        return float(self.line["predicted"]) if self.line["basis"] == "out_of_fold" else None

    def to_json(self) -> dict[str, Any]:
        """Plain values; keys are as `scripts/explain_item.py` documents them."""
        spot = self.standing
        numbers = {c: float(self.line[c]) for c in PREDICTION_COLUMNS}
        places = {c: int(self.line[c]) for c in RANK_COLUMNS if pd.notna(self.line.get(c))}
        return self.explanation.to_json() | {
            "words": list(self.words),
            "shares": self.shares,
            "ranking": {"rank": spot.rank, "items": spot.items, **numbers, **places},
            "out_of_fold": self.out_of_fold,
            "evidence": self.evidence.to_json() if self.evidence else None,
            "map": self.drawn.to_json() if self.drawn else None,
        }


class Reporter:
    """Reports on the items of a ranked catalog."""

    def __init__(
        self,
        model: BlockModel,
        board: Scoreboard,
        catalog: Catalog,
        order: pd.DataFrame,
        past: Past | None,
        tower: Callable[[str], VisionTower] | None = None,
    ) -> None:
        """Nothing is computed yet.

        Args:
            model: the one that ranked, from the folder of `board`.
            board: of the models.
            catalog: the items.
            order: its ranking (`core.popularity.ranking.rank`).
            past: items whose sales are known; None where there are none.
            tower: the vision tower of a checkpoint, where one is loaded; else it is loaded when the
                first map is drawn.
        """
        self.model, self.board, self.catalog, self.order = model, board, catalog, order
        self.past, self._load_tower = past, tower or _tower
        self.fields = Fields.of(model, catalog.currency)

    @cached_property
    def _vectors(self) -> np.ndarray | None:
        return stored_vectors(self.catalog)

    @cached_property
    def _tower(self) -> VisionTower:
        return self._load_tower(self.model.checkpoint)

    @cached_property
    def _suggested(self) -> dict[str, str]:
        return accepted_titles(self.catalog)

    def item(
        self,
        row: int,
        *,
        same_category: bool = False,
        values: pd.Series | None = None,
        with_map: bool = True,
    ) -> ItemReport:
        """The report on one item.

        Args:
            row: its position.
            same_category: hold it against background items of its category only.
            values: its contributions against the whole background, where they are known already.
            with_map: whether to draw the photo's map where the model has one.

        Raises:
            FashionError: as `core.explain.linear.explain`, or suggested titles are damaged.
        """
        told = explain(
            self.model, self.catalog, row, same_category=same_category,
            values=None if same_category else values,
        )  # fmt: skip
        standing = Standing.of(self.order, told.item_id)
        found = self._evidence(row)
        drawn, undrawn = self._map(row) if with_map else (None, "")
        return ItemReport(
            row=row,
            name=self.name(row),
            line=self.order.loc[self.order["item_id"] == told.item_id].iloc[0],
            standing=standing,
            explanation=told,
            shares=self._shares(told),
            evidence=found,
            words=sentences(standing, told.parts, self.fields, found, self.board.unit),
            drawn=drawn,
            undrawn=undrawn,
        )

    def pairs(self, row: int) -> list[Pair] | None:
        """How an item's players go together, strongest first; None where they are too many."""
        return pairs(self.model, self.catalog, row) if self.model.exact else None

    def name(self, row: int) -> str:
        """What an item is called, on one line; plain text."""
        column = self.catalog.column(Role.TITLE)
        title = self.catalog.frame[column].iloc[row] if column else None
        item = str(self.catalog.ids[row])
        if isinstance(title, str) and clean(title):
            return clean(title)
        suggested = clean(self._suggested.get(item, ""))
        return f"{suggested} (suggested name)" if suggested else clean(item) or "Item"

    def _evidence(self, row: int) -> Evidence | None:
        if self.past is None:
            return None
        photo = None if self._vectors is None else self._vectors[row].astype(np.float32)
        return evidence(self.past, self.catalog, row, photo)

    def _shares(self, told: Explanation) -> dict[Modality, float] | None:
        values = pd.DataFrame([{part.player: part.value for part in told.parts}])
        line = modality_shares(values, self.fields.modalities).iloc[0]
        return None if line.isna().any() else {kind: float(line[kind]) for kind in MODALITIES}

    def _map(self, row: int) -> tuple[PhotoMap | None, str]:
        if not has_map(self.model) or not self.catalog.image_paths(row):
            return None, ""
        try:
            return photo_map(self.model, self.catalog, row, self._tower), ""
        except FashionError as error:
            return None, str(error)


def _tower(checkpoint: str) -> VisionTower:
    return VisionTower(clip_by_id(checkpoint))


def known_past(catalog: Catalog) -> Past | None:
    """The items of a catalog whose sales are known; None where it knows none."""
    target = catalog.target()
    if target is None or target.isna().all():
        return None
    return Past.of(catalog, stored_vectors(catalog))
