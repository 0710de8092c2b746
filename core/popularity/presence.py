"""Whether having a photo or a text tells how an item sells, whatever the photo or the text shows.

Which items were photographed or described is often decided after they sold: in VISUELLE mostly top
sellers have a photo. A model that sees an empty photo then reads the answer.
"""

import numpy as np
import pandas as pd

from core.catalog.roles import Role
from core.popularity.findings import CHANCE, Finding, Kind, Labelled, Severity, quoted

APART = 0.1
"""Least distance of the chance to sell more from one half."""
FEWEST = 20
"""Fewest styles with and without."""
Z90 = 1.645


def telling_presence(seen: Labelled) -> list[Finding]:
    """Photos and texts that only some items have, where these sell differently.

    It is told by how often an item with one outsells an item without (the area under the ROC curve,
    Mann-Whitney), and only where that also holds, by `CHANCE` standard deviations, for what the
    columns that models read leave unexplained. Styles count once.
    """
    found = []
    roles = seen.catalog.roles
    image = seen.catalog.column(Role.IMAGE)
    if image:
        photos = seen.catalog.main_photos()
        shown = np.array([photos[row] is not None for row in seen.rows])
        found += _told(seen, image, shown, "a photo")
    for column in seen.read:
        if roles.get(column) in (Role.TITLE, Role.DESCRIPTION, Role.REVIEW):
            text = seen.frame[column].fillna("").astype(str).str.strip()
            found += _told(seen, column, (text != "").to_numpy(), f"a text in {quoted([column])}")
    return found


def _told(seen: Labelled, column: str, has: np.ndarray, what: str) -> list[Finding]:
    frame = pd.DataFrame(
        {"group": seen.groups, "has": has, "y": seen.ranks, "rest": seen.ranks - seen.explained}
    )
    styles = frame.groupby(["group", "has"], sort=False).mean().reset_index()
    own = styles["has"].to_numpy(dtype=bool)
    if min(own.sum(), (~own).sum()) < FEWEST:
        return []
    chance, spread = auc(styles["y"].to_numpy(), own)
    beyond, noise = auc(styles["rest"].to_numpy(), own)
    if abs(chance - 0.5) < APART or abs(beyond - 0.5) < CHANCE * noise:
        return []
    if (chance > 0.5) != (beyond > 0.5):
        return []
    low, high = np.clip([chance - Z90 * spread, chance + Z90 * spread], 0, 1)
    return [
        Finding(
            Kind.PRESENCE, Severity.WARNING, (column,), (), chance,
            "how often an item with it has the greater target than one without",
            f"{has.mean():.0%} of the items have {what}, and having one knows the outcome: an item"
            f" with it has a greater target than one without {chance:.0%} of the time (90 % range"
            f" {low:.0%} to {high:.0%}; 50 % would say nothing), more than its columns say.",
            "Give every item one, or import without this column's role; until then judge models"
            " that read it by items that all have one, as an empty one may tell them the answer.",
        )
    ]  # fmt: skip


def auc(values: np.ndarray, own: np.ndarray) -> tuple[float, float]:
    """How often a value of `own` is above one of the others (ties half), 0..1, and its spread.

    The standard deviation is DeLong's (1988), from each value's place among the others.

    Args:
        values: float (items,).
        own: bool (items,); at least two are True and two False.
    """
    one, other = np.sort(values[own]), np.sort(values[~own])

    def above(points: np.ndarray, among: np.ndarray) -> np.ndarray:
        below = np.searchsorted(among, points, "left") + np.searchsorted(among, points, "right")
        return below / (2 * len(among))

    mine, theirs = above(one, other), above(other, one)
    variance = mine.var(ddof=1) / len(one) + theirs.var(ddof=1) / len(other)
    return float(mine.mean()), float(np.sqrt(variance))
