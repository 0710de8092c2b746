"""Exact credit of the deep model: how long it takes, how far peers are from it, how steady it is.

    python benchmarks/shapley_speed.py [--catalog DIR] [--items 40] [--peer-items 2] [--json FILE]

A deep model learns from the catalog (default: the demo) with made-up numbers as further columns
until it has 13 players, and is explained against its 100 background items. Peers
(requirements-peers.txt) explain the same function of the same terms: KernelSHAP and permutation
SHAP with their default number of evaluations. "By definition" sums every coalition's terms and
calls the model's head, without any factoring. Everyone has one thread. Then the catalog as it is:
all its items, and the checks that the page shows. Progress goes to stderr, the table to stdout.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from core.catalog.catalog import Catalog, load_catalog
from core.catalog.roles import Role
from core.errors import FashionError
from core.explain.checks import Checks
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
CHECKED = 50
"""Items that are checked by definition, against `FEW` background items."""
FEW = 4
EXACT = "shap's Exact"

Explain = Callable[[np.ndarray], np.ndarray]


def main() -> int:
    """Print the table; 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--catalog", default="data", metavar="DIR")
    parser.add_argument(
        "--items", type=int, default=40, help="items that exact values are timed on"
    )
    parser.add_argument("--peer-items", type=int, default=2, help="items that peers explain")
    parser.add_argument("--json", metavar="FILE", help="also write the checks (core/explain)")
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
        for line in against_peers(wide, more, rows, args.peer_items):
            print(line)
        print(f"\n{whole_catalog(own, catalog)}")
        found = checked(own, catalog)
    if found is not None:
        print(found.sentence)
        if args.json:
            text = json.dumps(found.to_json(), ensure_ascii=False, indent=1)
            Path(args.json).write_text(text + "\n", encoding="utf-8")
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
    exact, spent = timed(game.values, terms)
    _, pairs = timed(game.interactions, terms)
    different = (terms[:, :, None] != game.terms[:, None]).any(axis=3).sum(axis=0).mean()
    own = terms[:, :peers]
    size = np.abs(exact).mean()
    lines = [
        f"{len(model.players)} players ({different:.1f} differ from a background item on average),"
        f" {len(game.outputs)} background items, {len(model.kernel)} centres; values are"
        f" {size:.3f} log units in the mean",
        "",
        "| | items | ms an item | of them on the core | largest error, log units"
        " | mean error, of the mean value |",
        "|---|---|---|---|---|---|",
        f"| ours, exact | {len(rows)} | {spent} | | |",
        f"| ours, exact, all {len(exact[0]) * (len(exact[0]) - 1) // 2} pairs | {len(rows)} |"
        f" {pairs} | | |",
    ]
    others: dict[str, Explain] = {"by definition": lambda item: by_definition(game, item)}
    for name, explain in {**others, **shap_peers(game)}.items():
        print(name, file=sys.stderr)
        told, spent = timed(explain, own)
        error = np.abs(told - exact[: own.shape[1]])
        lines.append(
            f"| {name} | {own.shape[1]} | {spent} | {error.max():.1e} | {error.mean() / size:.1%} |"
        )
    return lines


def timed(explain: Explain, terms: np.ndarray) -> tuple[np.ndarray, str]:
    """What is said of each item, and milliseconds an item: by the clock, and of the processor."""
    begin, begin_core = time.perf_counter(), time.process_time()
    found = np.stack([explain(terms[:, i]) for i in range(terms.shape[1])])
    spent, core = time.perf_counter() - begin, time.process_time() - begin_core
    return found, " | ".join(f"{1000 * s / terms.shape[1]:,.0f}" for s in (spent, core))


def by_definition(game: KernelGame, own: np.ndarray) -> np.ndarray:
    """Every coalition's terms summed and put through the head, against every background item."""
    inside, total = members(len(own)), np.zeros(len(own))
    for item in range(len(game.outputs)):
        other = game.terms[:, item]
        sums = (inside[i : i + CHUNK] for i in range(0, len(inside), CHUNK))
        table = [game.head(other.sum(axis=0) + part @ (own - other)) for part in sums]
        total += shapley_values(np.concatenate(table))
    return total / len(game.outputs)


def shap_peers(game: KernelGame) -> dict[str, Explain]:
    """Explainers of the library shap, where it is installed."""
    try:
        import shap
    except ImportError:
        print("shap is not installed: pip install -r requirements-peers.txt", file=sys.stderr)
        return {}
    players, items = game.terms.shape[:2]
    background = np.repeat(np.arange(float(items))[:, None], players, axis=1)
    place = np.full((1, players), float(items))

    def function(own: np.ndarray) -> Explain:
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

    def exact(own: np.ndarray) -> np.ndarray:
        masker = shap.maskers.Independent(background, max_samples=items)
        return shap.explainers.Exact(function(own), masker)(place, silent=True).values[0]

    named = f"KernelSHAP, shap {shap.__version__}"
    return {EXACT: exact, named: kernel, "permutation SHAP": permutation}


def whole_catalog(model: DeepModel, catalog: Catalog) -> str:
    """Seconds for all items."""
    print("all items", file=sys.stderr)
    begin = time.perf_counter()
    values = model.contributions(catalog)
    spent = time.perf_counter() - begin
    gap = np.abs(values.sum(axis=1) + model.base_output() - model.output(catalog)).max()
    return (
        f"All {len(catalog)} items, {len(model.players)} players: {spent:.0f} s,"
        f" {1000 * spent / len(catalog):.0f} ms an item; largest gap between base + values and the"
        f" output {gap:.0e}."
    )


def checked(model: DeepModel, catalog: Catalog) -> Checks | None:
    """How far values are from the definition and from shap, and how far another draw moves them.

    None where shap is not installed.
    """
    print("checks", file=sys.stderr)
    some = np.linspace(0, len(catalog) - 1, CHECKED).astype(int)
    terms, whole = model.terms(catalog, some), model.game().terms
    few = KernelGame(whole[:, :FEW], model.kernel, model.weights, model.base, model.link)
    exact = np.stack([few.values(terms[:, i]) for i in range(len(some))])
    told = np.stack([by_definition(few, terms[:, i]) for i in range(len(some))])
    peers = shap_peers(few)
    if not peers:
        return None
    theirs = np.stack([peers[EXACT](terms[:, i]) for i in range(FEW)])
    rows = labelled_rows(catalog)
    design = model._design(catalog, rows)
    draws = []
    for seed in range(DRAWS):
        print(f"background {seed + 1} of {DRAWS}", file=sys.stderr)
        model.background = Background.draw(catalog, rows, design, seed=seed)
        draws.append(model.contributions(catalog, some).to_numpy())
    moved = np.mean([np.abs(draw - draws[0]).mean() for draw in draws[1:]])
    return Checks(
        definition=float(np.abs(told - exact).max()),
        shap=float(np.abs(theirs - exact[:FEW]).max()),
        redrawn=float(moved),
        value=float(np.abs(draws[0]).mean()),
        items=len(some),
        catalog=catalog.name,
        date=f"{date.today():%Y-%m-%d}",
    )


if __name__ == "__main__":
    sys.exit(main())
