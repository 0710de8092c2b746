"""Settling which role each column gets: what the user said, then what was guessed."""

from collections.abc import Sequence

import pandas as pd

from core.catalog.importing.guessing import Guesses
from core.catalog.importing.report import Guess
from core.catalog.roles import SINGLE_ROLES, Role
from core.errors import CatalogError

NO_ROLE = "none"
"""Given in place of a role: the column is kept without one."""

REPLACED = SINGLE_ROLES | {Role.IMAGE, Role.DESCRIPTION, Role.CATEGORY, Role.GROUP, Role.RATING}
"""Roles whose guess gives way when the user names a column for the role."""


def settle(
    frame: pd.DataFrame,
    guesses: Guesses,
    named: Sequence[tuple[str, str]],
    group: str | None,
) -> tuple[dict[str, Role], list[Guess]]:
    """Roles by column, and which of them were guessed.

    Args:
        frame: the table; a copy of a column is added where it was named for two roles, and the
            group column where it is made of several.
        guesses: what the reader proposes.
        named: the user's ``(role, column)`` pairs; `NO_ROLE` takes a column's role away.
        group: column, or columns joined by ``+``, whose cells tell the style group.

    Raises:
        CatalogError: an unknown role or column, or a target that would also be a feature.
    """
    roles = dict(guesses.roles)
    mine: dict[str, Role] = {}
    silent: set[str] = set()
    for role_name, column_name in named:
        column = find_column(frame, column_name)
        if role_name == NO_ROLE:
            silent.add(column)
            continue
        role = role_named(role_name)
        if column in mine and mine[column] != role:
            if Role.TARGET in (role, mine[column]) and Role.GROUP not in (role, mine[column]):
                raise CatalogError(
                    f"The column “{column}” is the target; it cannot be {_a(role)} as well, or"
                    " models would learn from the answer."
                )
            copy = f"{column} ({role})"
            frame[copy] = frame[column]
            column = copy
        mine[column] = role
    if group:
        mine[_group_column(frame, group, set(mine) | _kept(roles, mine, silent))] = Role.GROUP
    given = set(mine.values())
    for column, role in list(roles.items()):
        if column in mine or column in silent:
            del roles[column]
        elif role in REPLACED & given:
            if role == Role.CATEGORY:
                roles[column] = Role.ATTRIBUTE
            else:
                del roles[column]
    listed = [Guess(c, str(r), guesses.reasons[c]) for c, r in roles.items()]
    merged = roles | mine
    return {c: merged[c] for c in frame.columns if c in merged}, listed


def _kept(roles: dict[str, Role], mine: dict[str, Role], silent: set[str]) -> set[str]:
    """Guessed columns that keep a role other than group."""
    given = set(mine.values())
    return {
        c
        for c, r in roles.items()
        if r != Role.GROUP and c not in silent and r not in REPLACED & given
    }


def _group_column(frame: pd.DataFrame, group: str, used: set[str]) -> str:
    whole = [c for c in frame.columns if c == group]
    columns = whole or [find_column(frame, part.strip()) for part in group.split("+")]
    if len(columns) == 1 and columns[0] not in used:
        return columns[0]
    name = f"{columns[0]} (group)" if len(columns) == 1 else " + ".join(columns)
    while name in frame.columns and name in used:
        name += " (group)"
    cells = [frame[c].astype("str") for c in columns]
    joined = cells[0].fillna("")
    for more in cells[1:]:
        joined = joined + " | " + more.fillna("")
    empty = pd.concat([c.isna() for c in cells], axis=1).all(axis=1)
    frame[name] = joined.where(~empty)
    return name


def role_named(name: str) -> Role:
    """The role with a name.

    Raises:
        CatalogError: there is none.
    """
    try:
        return Role(name.strip().lower().replace("-", "_"))
    except ValueError as error:
        raise CatalogError(
            f"There is no role “{name}”. Choose one of: {', '.join(Role)}, {NO_ROLE}."
        ) from error


def find_column(frame: pd.DataFrame, name: str) -> str:
    """The column with a name, or with that name in another case.

    Raises:
        CatalogError: there is none.
    """
    if name in frame.columns:
        return name
    alike = [c for c in frame.columns if c.casefold().strip() == name.casefold().strip()]
    if len(alike) == 1:
        return str(alike[0])
    raise CatalogError(
        f"The table has no column “{name}”. It has: {', '.join(map(str, frame.columns))}."
    )


def _a(role: Role) -> str:
    word = role.replace("_", " ")
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"
