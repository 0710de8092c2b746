"""First waterfall, what-if and memory beside explainerdashboard and Shapash, on the same model.

    python3.11 -m venv ED; ED/bin/pip install explainerdashboard==0.5.8
    python3.11 -m venv SP; SP/bin/pip install shapash==2.10.0
    python benchmarks/explain_peers.py --explainerdashboard ED/bin/python --shapash SP/bin/python

The model is this project's linear one, learned from the demo's columns without text; the 10,000
items are drawn from the demo, with other prices. Peers get its coefficients in scikit-learn's
`LinearRegression`, the encoded items and the same 100 background items, and are told which encoded
columns belong together. Each runs in a process of its own, one thread, so that memory is its own.
All calls are of Python, up to a chart as JSON; no browser takes part. The first waterfall counts
from the start of the process, imports and reading included. A peer without an interpreter
is left out.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from app.popularity_view import feature_roles, waterfall_chart
from benchmarks.peers.explain_worker import timed
from core.catalog.catalog import Catalog, conform, load_catalog, write_catalog
from core.catalog.roles import Role
from core.errors import FashionError
from core.explain.linear import explain, waterfall
from core.explain.what_if import edited
from core.popularity.additive import AdditiveModel
from core.popularity.ranking import load_model
from core.popularity.scoreboard import load_scoreboard
from core.popularity.training import train

ITEMS = 10_000
EDITED, TIMES = 7, 20
WORKER = Path(__file__).with_name("peers") / "explain_worker.py"
DROPPED = (Role.TITLE, Role.DESCRIPTION, Role.REVIEW, Role.IMAGE, Role.SERIES)
COLUMNS = {
    "first": "first waterfall",
    "again": "next waterfall",
    "what_if": "what-if",
    "dashboard": "dashboard built",
}


def main() -> int:
    """Print the table; 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--explainerdashboard", metavar="PYTHON", help="its own interpreter")
    parser.add_argument("--shapash", metavar="PYTHON", help="its own interpreter")
    parser.add_argument("--items", type=int, default=ITEMS)
    parser.add_argument("--runs", type=int, default=3, help="of each; the median is printed")
    parser.add_argument("--own", metavar="FOLDER", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.own:
        print(json.dumps(own(Path(args.own))))
        return 0
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            shared(folder, args.items)
            commands = {"Fashion Diffusion": [sys.executable, __file__, "--own", name]}
            for peer in ("explainerdashboard", "shapash"):
                if python := getattr(args, peer):
                    commands[peer] = [python, str(WORKER), peer, name]
            found = {
                peer: [measured(command) for _ in range(args.runs)]
                for peer, command in commands.items()
            }
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {args.items:,} items")
    print_table(found)
    return 0


def shared(folder: Path, items: int) -> None:
    """Write the catalog and the trained model, and the same for the peers."""
    demo = load_catalog("data")
    rng = np.random.default_rng(0)
    frame = demo.frame.iloc[rng.integers(0, len(demo), items)].reset_index(drop=True)
    roles = {c: r for c, r in demo.roles.items() if r not in DROPPED}
    (identity,) = demo.columns(Role.ID)
    frame[identity] = [f"item {i}" for i in range(items)]
    price = demo.column(Role.PRICE)
    assert price is not None
    frame[price] = (frame[price] * rng.lognormal(0, 0.1, items)).round(2)
    catalog = Catalog(
        name="enlarged demo",
        frame=conform(frame[list(roles)], roles),
        roles=roles,
        post_launch=frozenset(demo.post_launch & set(roles)),
        directory=folder / "catalog",
        currency=demo.currency,
        unit=demo.unit,
    )
    written = write_catalog(catalog, folder / "catalog")
    train(written, folder / "models", models=["linear"])
    model = load_model(folder / "models", "linear")
    assert isinstance(model, AdditiveModel)
    for_peers(model, written, folder)


def for_peers(model: AdditiveModel, catalog: Catalog, folder: Path) -> None:
    """The encoded items and the model as numbers."""
    rows = np.arange(len(catalog))
    design, groups = _encoded(model, model._design(catalog, rows))
    background, _ = _encoded(model, model.background.among(None))
    constant = float(model.output(catalog, rows[:1])[0] - design[0] @ model.coefficients)
    worst = np.abs(design @ model.coefficients + constant - model.output(catalog, rows)).max()
    assert worst < 1e-9, "the peers would not have the same model"
    columns = [name for names in groups.values() for name in names]
    changed, _ = _encoded(model, model._design(_after(catalog), np.array([0])))
    np.save(folder / "design.npy", design)
    np.save(folder / "background.npy", background)
    told = {
        "columns": columns,
        "coefficients": model.coefficients.tolist(),
        "intercept": constant,
        "groups": groups,
        "edit": changed[0].tolist(),
    }
    (folder / "model.json").write_text(json.dumps(told), encoding="utf-8")


def _encoded(model: AdditiveModel, design: Any) -> tuple[np.ndarray, dict[str, list[str]]]:
    """(items, features), and the names of each player's features."""
    parts, groups = [], {}
    for player, matrix in zip(model.players, design.matrices, strict=True):
        part = np.asarray(matrix.todense() if hasattr(matrix, "todense") else matrix)
        parts.append(part)
        groups[player] = [f"{player}_{i}" for i in range(part.shape[1])]
    return np.hstack(parts), groups


def _after(catalog: Catalog) -> Catalog:
    """The item that is asked for, a tenth cheaper."""
    price = catalog.column(Role.PRICE)
    assert price is not None
    return edited(catalog, EDITED, {price: float(catalog.frame[price].iloc[EDITED]) * 0.9})


def own(folder: Path) -> dict[str, Any]:
    """What this project takes for it, in this process."""
    catalog = load_catalog(folder / "catalog")
    board = load_scoreboard(folder / "models")
    model = load_model(folder / "models", "linear")
    roles = feature_roles(board)

    def chart(items: Catalog, row: int) -> None:
        explanation = explain(model, items, row)
        figure, _ = waterfall_chart(waterfall(explanation), explanation, board.unit, roles)
        figure.to_json()

    chart(catalog, 0)
    done = time.time()
    values = model.contributions(catalog, np.array([0])).iloc[0]
    return {
        "done": done,
        "again": timed(lambda i: chart(catalog, i + 1), TIMES),
        "what_if": timed(lambda i: chart(_after(catalog), 0), TIMES),
        "values": {str(name): float(value) for name, value in values.items()},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(command: list[str]) -> dict[str, Any]:
    """What a process of one thread printed.

    Raises:
        FashionError: it failed.
    """
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    begun = time.time()
    done = subprocess.run(
        command, capture_output=True, text=True, env=clean | dict.fromkeys(threads, "1")
    )
    if done.returncode:
        raise FashionError(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found | {"first": found["done"] - begun}


def print_table(found: dict[str, list[dict[str, Any]]]) -> None:
    """A line a tool: medians with the range over the runs, seconds."""
    print(f"| tool | {' | '.join(f'{c}, s' for c in COLUMNS.values())} | peak MB | parts differ |")
    print("|" + "---|" * (len(COLUMNS) + 3))
    reference = found["Fashion Diffusion"][0]["values"]
    for tool, runs in found.items():
        cells = []
        for name in COLUMNS:
            seconds = [run[name] for run in runs if name in run]
            cells.append(
                f"{median(seconds):.3f} ({min(seconds):.3f} to {max(seconds):.3f})"
                if seconds
                else "none"
            )
        peak = median(run["peak_mb"] for run in runs)
        values = runs[0]["values"]
        worst = max((abs(values[k] - reference[k]) for k in values), default=float("nan"))
        told = f"{worst:.0e} ({len(values)} of {len(reference)})"
        print(f"| {tool} | {' | '.join(cells)} | {peak:,.0f} | {told} |")


if __name__ == "__main__":
    sys.exit(main())
