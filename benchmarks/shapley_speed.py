"""Exact credit of the deep model: how long it takes, how far peers are from it, how steady it is.

    python benchmarks/shapley_speed.py [--catalog DIR] [--items 40] [--peer-items 3]

A deep model learns from the catalog (default: the demo) with made-up numbers as further columns
until it has 13 players, and is explained against its 100 background items. Peers
(requirements-peers.txt) explain the same function of the same terms: KernelSHAP and permutation
SHAP with their default number of evaluations. "By definition" sums every coalition's terms and
calls the model's head, without any factoring. Everyone has one thread. Then the catalog as it is:
all its items, and other draws of the background. Progress goes to stderr, the table to stdout.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog, load_catalog
from core.catalog.roles import Role
from core.errors import FashionError
from core.popularity.background import Background
from core.popularity.deep import DeepModel
from core.popularity.kernel_game import KernelGame
from core.popularity.model import labelled_rows
from core.popularity.one_thread import one_thread
from core.popularity.shapley import members, shapley_values
from core.popularity.vectors import embed_photos

PLAYERS = 13
DRAWS = 5
CHUNK = 1024


def main() -> int:
    """Print the table; 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--catalog", default="data", metavar="DIR")
    parser.add_argument(
        "--items", type=int, default=40, help="items that exact values are timed on"
    )
    parser.add_argument("--peer-items", type=int, default=3, help="items that peers explain")
    args = parser.parse_args()
    try:
        catalog = load_catalog(args.catalog)
        own = fitted(catalog)
        more = widened(catalog, PLAYERS - len(own.players))
        wide = fitted(more)
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the run")
    rows = np.linspace(0, len(catalog) - 1, args.items).astype(int)
    with one_thread():
        lines = [
            *against_peers(wide, more, rows, args.peer_items),
            "",
            *whole_catalog(own, catalog),
        ]
    print("\n".join(lines))
    return 0


def widened(catalog: Catalog, count: int) -> Catalog:
    """The catalog with so many more numbers, lognormal and made up."""
    rng = np.random.default_rng(0)
    names = [f"made up {i + 1}" for i in range(count)]
    values = {name: np.exp(rng.normal(3, 0.5, len(catalog))) for name in names}
    roles = {**catalog.roles, **dict.fromkeys(names, Role.NUMBER)}
    return replace(catalog, frame=catalog.frame.assign(**values), roles=roles)


def fitted(catalog: Catalog) -> DeepModel:
    """The deep model of all its items with a target, photos included."""
    print(f"a model of {len(catalog)} items learns", file=sys.stderr)
    checkpoint = embed_photos(catalog)
    return DeepModel(checkpoint=checkpoint).fit(catalog, labelled_rows(catalog))


def against_peers(model: DeepModel, catalog: Catalog, rows: np.ndarray, peers: int) -> list[str]:
    """Milliseconds an item and error of everyone, as lines of a table."""
    terms, game = model.terms(catalog, rows), model.game()
    game.values(terms[:, 0])  # tables of weights are made once
    print("exact values", file=sys.stderr)
    begin = time.perf_counter()
    exact = np.stack([game.values(terms[:, i]) for i in range(len(rows))])
    spent = (time.perf_counter() - begin) / len(rows)
    begin = time.perf_counter()
    for i in range(len(rows)):
        game.interactions(terms[:, i])
    pairs = (time.perf_counter() - begin) / len(rows)
    different = (terms[:, :, None] != game.terms[:, None]).any(axis=3).sum(axis=0).mean()
    own = terms[:, :peers]
    size = np.abs(exact).mean()
    lines = [
        f"{len(model.players)} players ({different:.1f} differ from a background item on average),"
        f" {len(game.outputs)} background items, {len(model.kernel)} centres; values are"
        f" {size:.3f} log units in the mean",
        "",
        "| | items | ms an item | largest error, log units | mean error, of the mean value |",
        "|---|---|---|---|---|",
        f"| ours, exact | {len(rows)} | {1000 * spent:,.0f} | | |",
        f"| ours, exact, all {len(exact[0]) * (len(exact[0]) - 1) // 2} pairs | {len(rows)} |"
        f" {1000 * pairs:,.0f} | | |",
    ]
    others: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "by definition": lambda item: by_definition(game, item)
    }
    for name, explain in {**others, **shap_peers(game)}.items():
        print(name, file=sys.stderr)
        begin = time.perf_counter()
        told = np.stack([explain(own[:, i]) for i in range(own.shape[1])])
        spent = (time.perf_counter() - begin) / own.shape[1]
        error = np.abs(told - exact[: own.shape[1]])
        lines.append(
            f"| {name} | {own.shape[1]} | {1000 * spent:,.0f} | {error.max():.1e} |"
            f" {error.mean() / size:.1%} |"
        )
    return lines


def by_definition(game: KernelGame, own: np.ndarray) -> np.ndarray:
    """Every coalition's terms summed and put through the head, against every background item."""
    inside, total = members(len(own)), np.zeros(len(own))
    for item in range(len(game.outputs)):
        other = game.terms[:, item]
        sums = (inside[i : i + CHUNK] for i in range(0, len(inside), CHUNK))
        table = [game.head(other.sum(axis=0) + part @ (own - other)) for part in sums]
        total += shapley_values(np.concatenate(table))
    return total / len(game.outputs)


def shap_peers(game: KernelGame) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """KernelSHAP and permutation SHAP of shap, where it is installed."""
    try:
        import shap
    except ImportError:
        print("shap is not installed: pip install -r requirements-peers.txt", file=sys.stderr)
        return {}
    players, items = game.terms.shape[:2]
    background = np.repeat(np.arange(float(items))[:, None], players, axis=1)
    place = np.full((1, players), float(items))

    def function(own: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """The output where each player is taken from an item, by the items' numbers."""
        both = np.concatenate([game.terms, own[:, None]], axis=1)

        def outputs(sources: np.ndarray) -> np.ndarray:
            found = []
            for start in range(0, len(sources), CHUNK):
                chosen = sources[start : start + CHUNK].astype(int)
                found.append(game.head(sum(both[p, chosen[:, p]] for p in range(players))))
            return np.concatenate(found)

        return outputs

    def kernel(own: np.ndarray) -> np.ndarray:
        explainer = shap.KernelExplainer(function(own), background)
        return explainer.shap_values(place, silent=True)[0]

    def permutation(own: np.ndarray) -> np.ndarray:
        masker = shap.maskers.Independent(background, max_samples=items)
        explainer = shap.explainers.Permutation(function(own), masker, seed=0)
        return explainer(place, silent=True).values[0]

    return {f"KernelSHAP, shap {shap.__version__}": kernel, "permutation SHAP": permutation}


def whole_catalog(model: DeepModel, catalog: Catalog) -> list[str]:
    """Seconds for all items, and how far values move with the draw of the background."""
    print("all items", file=sys.stderr)
    begin = time.perf_counter()
    values = model.contributions(catalog)
    spent = time.perf_counter() - begin
    gap = np.abs(values.sum(axis=1) + model.base_output() - model.output(catalog)).max()
    rows = labelled_rows(catalog)
    some = np.linspace(0, len(catalog) - 1, 60).astype(int)
    design = model._design(catalog, rows)
    draws = []
    for seed in range(DRAWS):
        print(f"background {seed + 1} of {DRAWS}", file=sys.stderr)
        model.background = Background.draw(catalog, rows, design, seed=seed)
        draws.append(model.contributions(catalog, some).to_numpy())
    moved = np.stack([np.abs(d - draws[0]) for d in draws[1:]])
    size = np.abs(draws[0]).mean()
    order = [pd.Series(np.abs(d).mean(axis=0)).rank().corr(
        pd.Series(np.abs(draws[0]).mean(axis=0)).rank()) for d in draws[1:]]  # fmt: skip
    return [
        f"All {len(catalog)} items, {len(model.players)} players: {spent:.0f} s,"
        f" {1000 * spent / len(catalog):.0f} ms an item; largest gap between base + values and the"
        f" output {gap:.0e}.",
        f"{DRAWS - 1} other draws of the background: a value moves by {moved.mean():.4f} log units"
        f" in the mean ({moved.mean() / size:.1%} of the mean value), at most {moved.max():.3f};"
        f" rank correlation of the players' importance at least {min(order):.2f}.",
    ]


if __name__ == "__main__":
    sys.exit(main())
