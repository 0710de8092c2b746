"""Targets that say less than they seem to: cut off by stock, at a maximum, or by time on sale."""

import re

import numpy as np

from core.catalog.roles import LEVEL_ROLES
from core.popularity.association import rank_correlation_within
from core.popularity.findings import CHANCE, Finding, Kind, Labelled, Severity, quoted

AT_BOUND = 0.05
"""Part of the items from which a target that reaches its bound counts as cut off."""
AT_MAXIMUM = 0.02
EXPOSURE = 0.3
DURATION = re.compile(
    r"(weeks?|days?|months?).*(sale|sold|online|live|listed|stores?|shop|site|market)"
)
SOLD_OUT = re.compile(r"out.?of.?stock|sold.?out|unavailable|not available", re.IGNORECASE)


def bounded(seen: Labelled) -> list[Finding]:
    """Columns that the target never passes and often reaches, and items that are sold out."""
    found = []
    advice = (
        "Leave out items that sold out early, or count sales per week in stock: what sold out could"
        " have sold more."
    )
    y = seen.target
    for column, x in seen.numbers.items():
        known = np.isfinite(x)
        if column in seen.copies or len(np.unique(x[known])) < 10 or len(np.unique(y)) < 10:
            continue
        a, b = x[known], y[known]
        at = (b >= 0.99 * a) & (a > 0)
        if (b <= a * 1.001).mean() >= 0.99 and AT_BOUND <= at.mean() <= 0.9:
            found.append(
                Finding(
                    Kind.CENSORED, Severity.WARNING, (column,),
                    seen.ids(np.flatnonzero(known)[at]), float(at.mean()), "share of the items",
                    f"The target never passes {quoted([column])} and {at.mean():.0%} of the items"
                    " reach it: they may have sold out.", advice,
                )
            )  # fmt: skip
    for column in seen.others:
        if seen.catalog.roles.get(column) in LEVEL_ROLES:
            out = seen.frame[column].astype(object).fillna("").astype(str).str.contains(SOLD_OUT)
            if out.mean() >= AT_BOUND:
                found.append(
                    Finding(
                        Kind.CENSORED, Severity.WARNING, (column,),
                        seen.ids(np.flatnonzero(out)), float(out.mean()), "share of the items",
                        f"By {quoted([column])}, {out.mean():.0%} of the items are out of stock, so"
                        " their target stopped growing.", advice,
                    )
                )  # fmt: skip
    return found


def piled_up(seen: Labelled) -> list[Finding]:
    """Items at one greatest value, many more than at any other value of the upper quarter."""
    values, counts = np.unique(seen.target, return_counts=True)
    if len(values) < 20:
        return []
    upper = counts[:-1][-max(5, len(values) // 4) :]
    at = int(counts[-1])
    if at < max(10, AT_MAXIMUM * len(seen.target)) or at < 3 * upper.max():
        return []
    return [
        Finding(
            Kind.CENSORED, Severity.WARNING, (seen.target_column,),
            seen.ids(np.flatnonzero(seen.target == values[-1])), at / len(seen.target),
            "share of the items",
            f"{at:,} items have exactly the greatest target, {values[-1]:,.10g}, as if it were cut"
            " off there.",
            "Use the target before it was cut; if there is none, take ranks among these items as"
            " ties.",
        )
    ]  # fmt: skip


def exposed(seen: Labelled) -> list[Finding]:
    """Targets that grow with the time on sale, where a column or the sales series tells it."""
    found = []
    times = {
        c: x for c, x in seen.numbers.items() if DURATION.search(re.sub(r"[\W_]+", " ", c.lower()))
    }
    series = seen.catalog.series()
    if series is not None:
        periods = series.groupby("item").size()
        times[""] = periods.reindex(seen.catalog.ids[seen.rows]).to_numpy(np.float64)
    for column, x in times.items():
        value, spread, _ = rank_correlation_within(x, seen.target, seen.categories, seen.groups)
        if value < EXPOSURE or value < CHANCE * spread:
            continue
        what = f"{quoted([column])} says" if column else "the periods of the sales series say"
        found.append(
            Finding(
                Kind.EXPOSURE, Severity.WARNING, (column,) if column else (), (), value,
                "rank correlation with the target in one category",
                f"Items that were on sale longer have a greater target, as {what} (rank correlation"
                f" {value:.2f} in one category): it counts time as well as popularity.",
                "Count every item over the same number of weeks, or divide by the weeks on sale.",
            )
        )  # fmt: skip
    return found
