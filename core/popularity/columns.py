"""Which columns of a catalog a model may read, and how they are found again in another catalog."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.catalog.catalog import Catalog
from core.catalog.roles import ALWAYS_POST_LAUNCH, LEVEL_ROLES, Role

LAUNCH_ROLES = (
    Role.CATEGORY,
    Role.ATTRIBUTE,
    Role.PRICE,
    Role.NUMBER,
    Role.RELEASE_DATE,
    Role.TITLE,
    Role.DESCRIPTION,
)
"""Roles that can be a feature of the metadata model, in the order of its players."""

LATE_ROLES = (Role.RATING, Role.REVIEW)
"""Roles that become features only when post-launch columns are asked for."""

MATCHED_BY_ROLE = frozenset(
    {Role.CATEGORY, Role.PRICE, Role.RELEASE_DATE, Role.TITLE, Role.DESCRIPTION}
)
"""Roles whose column is the same thing in every catalog, whatever its name."""


MATCHED_WITHOUT_ROLE = LEVEL_ROLES | {Role.NUMBER, Role.TITLE, Role.DESCRIPTION}
"""Roles whose cells can be read from a column that has no role."""


@dataclass(frozen=True)
class Feature:
    """A column that a model reads: its name in the training catalog, and its role."""

    name: str
    role: Role


def feature_columns(catalog: Catalog, *, include_post_launch: bool = False) -> list[Feature]:
    """Columns that may be features: with a role, known at launch, neither identifier nor group.

    Args:
        catalog: the training catalog.
        include_post_launch: also take ratings, reviews and columns marked post-launch. Weekly
            series and the target itself are never features.
    """
    roles = LAUNCH_ROLES + (LATE_ROLES if include_post_launch else ())
    return [
        Feature(column, role)
        for role in roles
        for column in catalog.columns(role)
        if include_post_launch
        or (column not in catalog.post_launch and role not in ALWAYS_POST_LAUNCH)
    ]


def match_columns(features: Sequence[Feature], catalog: Catalog) -> dict[str, str | None]:
    """For each feature, the catalog's column that holds it, or None where there is none.

    A column matches by role and exact name, then by role and name in any case, then, for the roles
    of `MATCHED_BY_ROLE`, by role alone (first column that no other feature took). Category and
    attribute count as one role here when the names agree. At last a level, a number or a text
    matches a column of its name that has no role: in a smaller table the same column may look like
    nothing in particular. The target column never matches.
    """
    found: dict[str, str | None] = {f.name: None for f in features}
    taken: set[str] = set()

    def take(feature: Feature, candidates: list[str]) -> None:
        if found[feature.name] is None:
            free = [c for c in candidates if c not in taken]
            if free:
                found[feature.name] = free[0]
                taken.add(free[0])

    for feature in features:
        take(feature, [c for c in _alike(catalog, feature.role) if c == feature.name])
    for feature in features:
        key = feature.name.casefold().strip()
        alike = _alike(catalog, feature.role)
        take(feature, [c for c in alike if c.casefold().strip() == key])
    for feature in features:
        if feature.role in MATCHED_BY_ROLE:
            take(feature, catalog.columns(feature.role))
    plain = [c for c in catalog.frame.columns if c not in catalog.roles]
    for feature in features:
        if feature.role in MATCHED_WITHOUT_ROLE:
            key = feature.name.casefold().strip()
            take(feature, [c for c in plain if str(c).casefold().strip() == key])
    return found


def _alike(catalog: Catalog, role: Role) -> list[str]:
    roles = LEVEL_ROLES if role in LEVEL_ROLES else {role}
    return [c for c in catalog.frame.columns if catalog.roles.get(c) in roles]
