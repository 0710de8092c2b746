"""A check on trained models: do their predictions change when identifiers change hands?"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.popularity.findings import Finding, Kind, Severity, quoted
from core.popularity.model import PopularityModel

LOOKED_AT = 500
"""Most items whose predictions are compared."""
SAME = 1e-5
"""Greatest difference in log units that is arithmetic."""


def scrambled_identifiers(
    models: Mapping[str, PopularityModel], catalog: Catalog, rows: np.ndarray
) -> Finding:
    """Exchange ids, styles and columns without a role between items and predict again.

    Args:
        models: trained, by name.
        catalog: that they can predict.
        rows: items to look at; the first `LOOKED_AT` of them.
    """
    kept = [c for role in (Role.ID, Role.GROUP) for c in catalog.columns(role)]
    kept += [c for c in map(str, catalog.frame.columns) if c not in catalog.roles]
    order = np.random.default_rng(0).permutation(len(catalog))
    frame = catalog.frame.copy()
    for column in kept:
        frame[column] = catalog.frame[column].iloc[order].to_numpy()
    other = replace(catalog, frame=frame)
    rows = rows[:LOOKED_AT]
    moved = {
        name: float(np.abs(model.output(catalog, rows) - model.output(other, rows)).max())
        for name, model in models.items()
    }
    worst = max(moved.values())
    reads = [name for name, size in moved.items() if size > SAME]
    if not reads:
        return Finding(
            Kind.IDENTIFIER, Severity.NOTE, tuple(kept), (), worst,
            "greatest change of a prediction, log units",
            f"Predictions of the trained models ({', '.join(moved)}) stay the same when"
            f" {quoted(kept)} are exchanged between items.",
            "Nothing to do.",
        )  # fmt: skip
    return Finding(
        Kind.IDENTIFIER, Severity.SERIOUS, tuple(kept), (), worst,
        "greatest change of a prediction, log units",
        f"Predictions of {', '.join(reads)} change when {quoted(kept)} are exchanged between items:"
        " the model reads what only names an item.",
        "Do not use these models; report it as a fault of the program.",
    )  # fmt: skip
