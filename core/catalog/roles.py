"""What a column means."""

from enum import StrEnum


class Role(StrEnum):
    """Meaning of a catalog column. A column without a role is kept but is never a feature."""

    ID = "id"
    IMAGE = "image"
    TITLE = "title"
    DESCRIPTION = "description"
    PRICE = "price"
    CATEGORY = "category"
    ATTRIBUTE = "attribute"
    NUMBER = "number"
    RELEASE_DATE = "release_date"
    GROUP = "group"
    RATING = "rating"
    REVIEW = "review"
    SERIES = "series"
    TARGET = "target"


SINGLE_ROLES = frozenset({Role.ID, Role.TITLE, Role.PRICE, Role.RELEASE_DATE, Role.TARGET})
"""Roles that at most one column of a catalog may have."""

TEXT_ROLES = frozenset({Role.ID, Role.IMAGE, Role.TITLE, Role.DESCRIPTION, Role.GROUP, Role.REVIEW})
LEVEL_ROLES = frozenset({Role.CATEGORY, Role.ATTRIBUTE})
NUMBER_ROLES = frozenset({Role.PRICE, Role.NUMBER, Role.RATING, Role.TARGET})
ALWAYS_POST_LAUNCH = frozenset({Role.RATING, Role.REVIEW, Role.SERIES})
"""Roles that describe what happened after an item began to sell. (The target is, too.)"""
