"""Shapley values by definition: every coalition's mixed items go through a model's predictions."""

from dataclasses import replace
from itertools import combinations
from math import factorial

import numpy as np

from core.popularity.background import Background


def columns_of(model):
    """The columns that each player of a model on columns and text stands for."""
    return {
        player: [f.name for f in getattr(block, "features", None) or (block.feature,)]
        for player, block in zip(model.players, model.blocks, strict=True)
    }


def hold_against(model, catalog, rows, size, seed=0):
    """Give a model another background; returns the catalog's rows of its items."""
    model.background = Background.draw(
        catalog, rows, model._design(catalog, rows), size=size, seed=seed
    )
    ids = np.array(model.background.ids)[model.background.common]
    return catalog.ids.get_indexer(ids)


def worths(model, catalog, row, background):
    """Mean output of each coalition, a dictionary of frozen sets of players."""
    players = columns_of(model)
    sets = [frozenset(s) for n in range(len(players) + 1) for s in combinations(players, n)]
    frame = catalog.frame.iloc[np.tile(background, len(sets))].reset_index(drop=True)
    for player, columns in players.items():
        own = np.repeat([player in s for s in sets], len(background))
        source = np.where(own, row, np.tile(background, len(sets)))
        for column in columns:
            frame[column] = catalog.frame[column].iloc[source].reset_index(drop=True)
    outputs = model.output(replace(catalog, frame=frame)).reshape(len(sets), -1)
    return dict(zip(sets, outputs.mean(axis=1), strict=True))


def shapley_by_definition(model, catalog, row, background):
    """One value a player."""
    worth, count = worths(model, catalog, row, background), len(model.players)
    found = []
    for player in model.players:
        total = 0.0
        for others, value in worth.items():
            if player not in others:
                share = factorial(len(others)) * factorial(count - len(others) - 1)
                total += share / factorial(count) * (worth[others | {player}] - value)
        found.append(total)
    return np.array(found)


def interaction_by_definition(model, catalog, row, background, first, second):
    """The index of two players."""
    worth, count = worths(model, catalog, row, background), len(model.players)
    total = 0.0
    for others, value in worth.items():
        if not others & {first, second}:
            share = factorial(len(others)) * factorial(count - len(others) - 2)
            change = (
                worth[others | {first, second}]
                - worth[others | {first}]
                - worth[others | {second}]
                + value
            )
            total += share / factorial(count - 1) * change
    return total
