"""At most three sentences on an item, made from its numbers: place, strongest parts, evidence.

No model writes them, and none says what causes sales: a part lifts or lowers a prediction. Parts
count as told only above `NOISE`; what is smaller may change its sign with other background items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.catalog.roles import Role
from core.explain.checks import load_checks
from core.explain.evidence import Evidence, Nearest
from core.explain.linear import Part
from core.explain.modality import Modality, player_modalities
from core.explain.past import By
from core.explain.wording import about, cell_words, clean, field, ordinal, part_words, times
from core.popularity.additive import BlockModel

MOST = 2
"""Parts that are named at most as lifting, and as many as lowering."""
NOISE_TIMES = 2.0
BY_WORDS: dict[By, str] = {
    "both": "by details and photo",
    "attributes": "by details",
    "photo": "by photo",
}
"""How evidence is told, the kind that says most first."""


def noise() -> float:
    """Size in log units up to which a part is not told: twice what other background items change.

    As published (`core.explain.checks`): the mean change of a value of the deep model.
    """
    return NOISE_TIMES * load_checks().redrawn


@dataclass(frozen=True)
class Standing:
    """An item's place in a ranking.

    Attributes:
        rank: its place, 1 is best.
        first, last: places of all items with the very same prediction.
        items: in the ranking.
        low, high: the middle 80 % of its simulated places; None where they are not known.
    """

    rank: int
    first: int
    last: int
    items: int
    low: int | None
    high: int | None

    @classmethod
    def of(cls, order: pd.DataFrame, item_id: str) -> "Standing":
        """From a ranking (`core.popularity.ranking.rank`).

        Raises:
            KeyError: the ranking does not hold the item.
        """
        own = order.index[order["item_id"] == item_id]
        if not len(own):
            raise KeyError(item_id)
        line = order.loc[own[0]]
        level = order.loc[order["predicted"] == line["predicted"], "rank"]
        ends = [line.get(c) for c in ("rank_low_80", "rank_high_80")]
        low, high = (None if v is None or pd.isna(v) else int(v) for v in ends)
        return cls(
            int(line["rank"]), int(level.min()), int(level.max()), len(order), low, high
        )  # fmt: skip


@dataclass(frozen=True)
class Fields:
    """What is known of a model's players, to name them.

    Attributes:
        modalities: of each player.
        roles: of the players that are columns.
        currency: of the catalog's prices.
    """

    modalities: Mapping[str, Modality]
    roles: Mapping[str, Role]
    currency: str

    @classmethod
    def of(cls, model: BlockModel, currency: str) -> "Fields":
        """Of a model, for a catalog with this currency."""
        return cls(player_modalities(model), {f.name: f.role for f in model.features}, currency)

    def words(self, part: Part) -> str:
        """A part with the item's own cell."""
        player = part.player
        return part_words(part, self.modalities[player], self.roles.get(player), self.currency)

    def label(self, player: str, shown: str = "") -> str:
        """A player's name, with a column's cell: ``Price: 39.95 EUR``, ``Photo``."""
        modality, role = self.modalities[player], self.roles.get(player)
        name = field(player, modality, role)
        cell = cell_words(shown, role, self.currency) if modality == "metadata" else ""
        return f"{name[0].upper()}{name[1:]}" + (f": {cell}" if cell else "")


def sentences(
    standing: Standing,
    parts: Sequence[Part],
    fields: Fields,
    evidence: Evidence | None,
    unit: str,
) -> tuple[str, ...]:
    """Three sentences on an item; plain text, to be escaped for where it is put.

    Args:
        standing: its place.
        parts: of its explanation.
        fields: to name the parts.
        evidence: the closest past items; None where no past is at hand.
        unit: of the target.
    """
    return (rank_sentence(standing), parts_sentence(parts, fields), past_sentence(evidence, unit))


def rank_sentence(standing: Standing) -> str:
    """``Ranks 12th of 800 (80 % range 5 to 40).``, with those that are level with it."""
    if standing.items == 1:
        return "It is the only item of this ranking."
    said = f"Ranks {ordinal(standing.rank)} of {standing.items:,}"
    others = standing.last - standing.first
    if others:
        whom = "1 other" if others == 1 else f"{others:,} others"
        said += f", level with {whom} from {ordinal(standing.first)} to {ordinal(standing.last)}"
    if standing.low is None or standing.high is None:
        return f"{said}; how far its place may move is not known."
    ends = f"{standing.low:,}"
    if standing.high != standing.low:
        ends += f" to {standing.high:,}"
    return f"{said} (80 % range {ends})."


def parts_sentence(parts: Sequence[Part], fields: Fields) -> str:
    """``The price of 39.95 EUR (+41 %) lifts the prediction; the photo (−6 %) lowers it.``"""
    least = noise()
    told = sorted(
        (p for p in parts if np.isfinite(p.value) and abs(p.value) > least),
        key=lambda part: (-abs(part.value), part.player),
    )
    percent = f"{np.expm1(least) * 100:.0f} %"
    if not told:
        return f"No part moves the prediction by more than {percent} from the average item's."
    lifting, lowering = ([p for p in told if p.value * s > 0][:MOST] for s in (1, -1))
    said = [
        f"{_joined([f'{fields.words(p)} ({times(p.factor)})' for p in own])}"
        f" {verb}{'' if len(own) > 1 else 's'}"
        for own, verb in ((lifting, "lift"), (lowering, "lower"))
        if own
    ]
    if len(said) == 2:
        text = f"{said[0]} the prediction; {said[1]} it"
    elif len(parts) == 1:
        text = f"{said[0]} the prediction, and the model reads nothing else"
    else:
        way = "lowers" if lifting else "lifts"
        text = f"{said[0]} the prediction; nothing {way} it by more than {percent}"
    return f"{text[0].upper()}{text[1:]}."


def past_sentence(evidence: Evidence | None, unit: str) -> str:
    """``The 8 closest past items by details and photo mostly sold 310 to 520 units.``

    Mostly: the ends leave out a tenth of the items on either side (`Nearest`).
    """
    if evidence is None:
        return "What past items sold is not at hand to compare."
    kind = strongest_kind(evidence)
    if kind is None:
        return "There is no past item with known sales to compare it with."
    count = len(kind.items)
    which = f"closest past item {BY_WORDS[kind.by]}"
    if count > 1:
        which = f"{count} closest past items {BY_WORDS[kind.by]}"
    unit = clean(unit) or "units"
    verb = "sold" if unit == "units" else "had"
    numbers = f"{about(kind.median, kind.low, kind.high)}"
    if count > 1:
        verb = f"mostly {verb}"
        low, high = (about(v, kind.low, kind.high) for v in (kind.low, kind.high))
        numbers = low if low == high else f"{low} to {high}"
    said = f"{which} {verb} {numbers} {unit}."
    return f"No past item is near; the {said}" if evidence.cold_start else f"The {said}"


def strongest_kind(evidence: Evidence) -> Nearest | None:
    """The kind of evidence to tell of: by both, else by details, else by photo; None without."""
    kinds = {kind.by: kind for kind in evidence.kinds if kind.items}
    return next((kinds[by] for by in BY_WORDS if by in kinds), None)


def _joined(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
