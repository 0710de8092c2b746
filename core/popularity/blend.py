"""The blend: a weighted mean of the other models, weights chosen on items held out in training.

A mean of models whose errors differ errs less than they do (Breiman 1996, "Stacked regressions",
whose weights, like these, are not negative; here they also add up to 1). As Shapley values are
linear in the game (Shapley 1953), a player's value is the same weighted mean of its values in the
members, exactly.

The weights are those with the least squared error of ``log1p`` of the target over the last period
of the training items (a quarter of the styles where there are no dates), forecast by members that
learned from the others. Whether a blend is worth having is told by the same forecasts: by weights
that were chosen on one half of the styles and scored on the other, against the best member alone.
What members say of items held out while they learn would cost nothing, but the deep model also
chooses by it and looks better there than it is (.55 for .44 on the demo).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.popularity import model as base
from core.popularity.additive import AdditiveModel, BlockModel, player_name
from core.popularity.blocks import Block
from core.popularity.deep import DeepModel, held_out_parts
from core.popularity.intervals import Calibration, calibrate
from core.popularity.metrics import spearman
from core.popularity.model import log_target
from core.popularity.splits import group_codes, grouped_folds

BLEND = "blend"
STEPS = 10
"""Weights are multiples of one in so many."""

Member = AdditiveModel | DeepModel


class BlendModel(BlockModel):
    """See the module's text.

    Attributes:
        members: the models, by name.
        weights: of the members, 0..1, adding up to 1.
    """

    kind = BLEND

    def __init__(self, members: Mapping[str, Member], name: str = BLEND) -> None:
        """Blend members with the same weights until `fit` or `combine` chooses others.

        Raises:
            ValueError: fewer than two members, or they read photos by different checkpoints.
        """
        if len(members) < 2:
            raise ValueError("a blend needs two members")
        checkpoints = {m.checkpoint for m in members.values()} - {""}
        if len(checkpoints) > 1:
            raise ValueError("members read photos by different checkpoints")
        super().__init__(
            name,
            include_post_launch=any(m.include_post_launch for m in members.values()),
            checkpoint=next(iter(checkpoints), ""),
        )
        self.members = dict(members)
        self.weights = dict.fromkeys(members, 1 / len(members))
        self._describe()

    def fit(self, catalog: Catalog, rows: np.ndarray) -> Self:
        """Let every member learn from these rows, then choose the weights inside them."""
        for member in self.members.values():
            member.fit(catalog, rows)
        return self.combine(catalog, rows)

    def combine(self, catalog: Catalog, rows: np.ndarray) -> Self:
        """Choose the weights and calibrate, where the members have just learned from these rows."""
        rows = np.asarray(rows)
        y = log_target(catalog, rows)
        parts = held_out_parts(catalog, rows)
        last = parts[-1]
        rest = np.delete(rows, last)
        forecasts = np.stack(
            [_unfitted(m).fit(catalog, rest).output(catalog, rows[last]) for m in self._all()]
        )
        halves = grouped_folds(group_codes(catalog)[rows[last]], 2)
        own, alone = validate(forecasts, y[last], halves)
        weights = choose_weights(forecasts, y[last])
        self.weights = dict(zip(self.members, map(float, weights), strict=True))
        self.info = {
            "weights": self.weights,
            "validation": {BLEND: own, **dict(zip(self.members, map(float, alone), strict=True))},
            "items": len(rows),
            "currency": catalog.currency,
        }
        self._describe()
        residuals = weights @ np.stack([_residuals(m) for m in self._all()])
        source = "items held out in training"
        self.calibration = calibrate(catalog, rows, self.features, y, residuals, parts, source)
        return self

    @property
    def exact(self) -> bool:
        """Whether all members that count are."""
        return all(member.exact for _, member in self._weighed())

    @property
    def wins(self) -> bool:
        """Whether it ordered held-out items better than the best member did."""
        scores = self.info["validation"]
        return scores[BLEND] > max(scores[name] for name in self.members)

    @property
    def mix(self) -> str:
        """The weights, as a sentence."""
        shares = [f"{weight:.0%} {name}" for name, weight in self.weights.items() if weight]
        return f"Made of {', '.join(shares)}."

    @property
    def verdict(self) -> str:
        """How it did against the best member on held-out items, as a sentence."""
        scores = self.info["validation"]
        best = max(self.members, key=lambda name: scores[name])
        return (
            f"On items held out in training its rank correlation was {scores[BLEND]:.3f}, that of"
            f" the {best} model alone {scores[best]:.3f}. A blend is kept only where it is higher."
        )

    def output(self, catalog: Catalog, rows: np.ndarray | None = None) -> np.ndarray:
        """Predicted ``log1p`` of the target, one value a row."""
        rows = np.arange(len(catalog)) if rows is None else np.asarray(rows)
        total = np.zeros(len(rows))
        for weight, member in self._weighed():
            total += weight * member.output(catalog, rows)
        return total

    def base_output(self, category: str | None = None) -> float:
        """Mean output over the background, or over that of a category, in log units.

        Raises:
            ModelError: the category has no background of its own.
        """
        return sum(weight * m.base_output(category) for weight, m in self._weighed())

    def _values(self, catalog: Catalog, rows: np.ndarray, category: str | None) -> np.ndarray:
        values = np.zeros((len(rows), len(self.players)))
        for weight, member in self._weighed():
            values[:, self._places(member)] += weight * member._values(catalog, rows, category)
        return values

    def interactions(self, catalog: Catalog, row: int) -> pd.DataFrame:
        """Shapley interaction index of each two players: the weighted sum of the members'.

        Raises:
            ModelError: a member has too many players to try all coalitions.
        """
        total = pd.DataFrame(0.0, index=self.players, columns=self.players)
        for weight, member in self._weighed():
            own = member.interactions(catalog, row)
            total.loc[own.index, own.columns] += weight * own
        return total

    def block_values(self, position: int, cells: pd.Series) -> np.ndarray:
        """What a column's cells alone make of the background items, on average, in log units."""
        player, total = self.players[position], np.zeros(len(cells))
        for weight, member in self._weighed():
            if player in member.players:
                total += weight * member.block_values(member.players.index(player), cells)
        return total

    def save(self, directory: Path) -> None:
        """Write weights and calibration; the members' own folders beside this one hold the rest."""
        values = {
            "kind": self.kind,
            "name": self.name,
            "members": list(self.members),
            "calibration": self.calibration.to_json() if self.calibration else None,
            "info": self.info,
        }
        weights = np.array(list(self.weights.values()))
        base.write_model(directory, {"weights": weights}, values)

    @classmethod
    def load(cls, directory: Path) -> "BlendModel":
        """The model that `save` wrote; it predicts the same numbers.

        Raises:
            ModelError: the files, or those of a member, are missing or damaged.
        """
        tensors, values = base.read_model(directory)
        try:
            members = {
                name: load_member(directory.parent / name, name) for name in values["members"]
            }
            model = cls(members, values["name"])
            model.weights = dict(zip(members, map(float, tensors["weights"]), strict=True))
            model.calibration = Calibration.from_json(values["calibration"])
            model.info = values["info"]
            model._describe()
        except (KeyError, TypeError, ValueError) as error:
            raise base.damaged(directory, error) from error
        return model

    def _describe(self) -> None:
        """Blocks of the members that count, one a player, and the average item's output."""
        blocks: dict[str, Block] = {}
        for _, member in self._weighed():
            for block in member.blocks:
                blocks.setdefault(player_name(block), block)
        self.blocks = list(blocks.values())
        self.intercept = sum(weight * member.intercept for weight, member in self._weighed())
        self.background = next(self._weighed())[1].background
        # Photos are read only for a member that counts.
        read = (member.checkpoint for _, member in self._weighed() if member.checkpoint)
        self.checkpoint = next(read, "")

    def _places(self, member: Member) -> list[int]:
        """Where a member's players stand among all."""
        players = self.players
        return [players.index(player) for player in member.players]

    def _all(self) -> Iterable[Member]:
        return self.members.values()

    def _weighed(self) -> Iterator[tuple[float, Member]]:
        for name, weight in self.weights.items():
            if weight:
                yield weight, self.members[name]


def load_member(directory: Path, name: str) -> Member:
    """A model of a folder that is not a blend.

    Raises:
        ModelError: its files are missing or damaged.
    """
    return (DeepModel if name == "deep" else AdditiveModel).load(directory)


def choose_weights(outputs: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(members,) weights on a grid, not negative, adding up to 1, of the least squared error.

    Args:
        outputs: (members, items) predictions of held-out items, log units.
        target: (items,) log units.
    """
    grid = np.array([w for w in product(range(STEPS + 1), repeat=len(outputs)) if sum(w) == STEPS])
    errors = target - outputs
    losses = np.einsum("gm,mn,gn->g", grid, errors @ errors.T, grid)
    return grid[int(np.argmin(losses))] / STEPS


def validate(
    outputs: np.ndarray, target: np.ndarray, parts: Sequence[np.ndarray]
) -> tuple[float, np.ndarray]:
    """Mean rank correlation within parts: of the blend, and (members,) of each alone.

    Args:
        outputs: (members, items) predictions of held-out items, log units.
        target: (items,) log units.
        parts: positions; the blend's weights for one are chosen on the others.
    """
    blended = []
    for part in parts:
        rest = np.delete(np.arange(len(target)), part)
        weights = choose_weights(outputs[:, rest], target[rest])
        blended.append(spearman(target[part], weights @ outputs[:, part]))
    alone = [[spearman(target[part], own[part]) for part in parts] for own in outputs]
    return float(np.nanmean(blended)), np.nan_to_num(np.nanmean(alone, axis=1), nan=-1.0)


def _unfitted(member: Member) -> Member:
    return type(member)(
        member.name, include_post_launch=member.include_post_launch, checkpoint=member.checkpoint
    )


def _residuals(member: Member) -> np.ndarray:
    """(rows,) errors on items held out while it learned, log units."""
    assert member.calibration is not None and member.calibration.errors is not None
    return member.calibration.errors.residuals
