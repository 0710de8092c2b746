"""What exact credit was tested by, and with what outcome: shown beside the numbers themselves.

That values add up says nothing, because any way to share a difference out does. Written by
``benchmarks/shapley_speed.py --json``; the tests of `core.popularity` check the same on made data.
"""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("shapley_checks.json")


@dataclass(frozen=True)
class Checks:
    """Of the deep model, in log units.

    Attributes:
        definition: largest difference from the sum over all coalitions, each put through the model
            by itself, over `items` items.
        shap: largest difference from ``shap.explainers.Exact`` on the same function.
        redrawn: mean change of a value when other background items are drawn.
        value: mean size of a value, to compare `redrawn` with.
        items: how many items `definition` is of.
        catalog: of which catalog.
        date: when.
    """

    definition: float
    shap: float
    redrawn: float
    value: float
    items: int
    catalog: str
    date: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        return (
            f"Checked on {self.items} items of “{self.catalog}” ({self.date}): the deep model's"
            f" values differ from the definition by at most {self.definition:.0e} in log units and"
            f" from those of the library shap by {self.shap:.0e}. A value of {self.value:.3f}, the"
            f" mean, moves by {self.redrawn:.3f} with other background items."
        )


@lru_cache(maxsize=1)
def load_checks() -> Checks:
    """The published outcome."""
    return Checks(**json.loads(FILE.read_text(encoding="utf-8")))
