"""This project's popularity models against what an expert would use instead, in one run.

    python benchmarks/popularity.py [--catalog DIR ...] [--quick] [--keep DIR] [--speed [ITEMS ...]]

Everyone reads the same launch-time columns, learns from the same rows and is scored on the same
held-out ones. Peers: the category's mean, nearest neighbours by attributes, ridge on one-hot,
LightGBM and CatBoost (native categories, log target, several losses) and the mean of LightGBM and
ridge. Each of these is tuned by cross-validation inside the training rows, with folds made the way
the split itself is, and tuned twice: the ranking columns show the settings that ordered best there,
WAPE those with the least error in units. Named with --peers, also RealMLP and TabM (slow: minutes,
for TabM hours, a fold on one core) and AutoGluon (in an environment of its own: `peers/gluon.py`),
with their authors' settings. Splits, where the catalog allows them: forward in time, each season
left out, and styles held out in five parts, repeated with other parts.

Differences are over the best peer of the column, with a 90 % interval of a bootstrap that draws
whole styles for both. Progress goes to stderr, tables to stdout. Peers come from
requirements-peers.txt.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

from benchmarks.peers import PEERS, WEEKLY_PEERS, Forecast, Task
from benchmarks.peers.comparison import Result, compare, compare_weeks, with_blend
from benchmarks.peers.features import read_columns
from benchmarks.peers.gluon import AUTOGLUON_PEERS, INTERPRETER
from benchmarks.peers.neural import NEURAL_PEERS
from benchmarks.peers.speed import enlarged, timed
from benchmarks.peers.task import SPLITS, make_folds, season_column
from benchmarks.peers.weeks import weekly_curves
from core.catalog.catalog import Catalog, load_catalog
from core.catalog.roles import Role
from core.errors import CheckpointMissing, FashionError, ModelError
from core.popularity import training
from core.popularity.curves import Curves
from core.popularity.model import PopularityModel, labelled_rows
from core.popularity.vectors import embed_photos, image_vectors

HERE = Path(__file__).resolve().parent
SOURCES = tuple(f"peers/{n}.py" for n in ("boosted", "features", "plain", "task", "weeks"))
"""What a peer's forecast depends on: after a change, no earlier one is taken up again."""

OWN_SOURCES = dict.fromkeys(NEURAL_PEERS, ("peers/neural.py",)) | dict.fromkeys(
    AUTOGLUON_PEERS, ("peers/gluon.py", "peers/autogluon_worker.py")
)
"""What the forecasts of single peers depend on besides."""

EVERY_PEER = PEERS | NEURAL_PEERS | AUTOGLUON_PEERS
PACKAGES = ("lightgbm", "catboost", "scikit-learn", "torch")
MIN_PHOTO_SHARE = 0.9
TITLES = {
    "forward": "forward in time",
    "season": "each season left out",
    "grouped": "styles held out, five parts",
}
Makers = dict[str, Callable[[], PopularityModel]]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--catalog", nargs="+", default=["data/demo"], help="catalog directories")
    parser.add_argument("--splits", nargs="+", choices=SPLITS, default=list(SPLITS))
    parser.add_argument("--seeds", type=int, default=3, help="times that styles are parted anew")
    parser.add_argument("--settings", type=int, default=16, help="tried a tree model and fold")
    parser.add_argument("--quick", action="store_true", help="a first look: 1 seed, 4 settings")
    parser.add_argument("--peers", nargs="*", choices=EVERY_PEER, default=list(PEERS))
    parser.add_argument("--autogluon", metavar="PYTHON", help="of AutoGluon's own environment")
    parser.add_argument("--models", nargs="*", help="of ours; all that the catalog allows")
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS", 2)))
    parser.add_argument("--keep", type=Path, help="folder for peers' finished forecasts: resumes")
    parser.add_argument("--speed", type=int, nargs="*", help="only time them, on 5,000 and 50,000")
    args = parser.parse_args(argv)
    if args.quick:
        args.seeds, args.settings = 1, 4
    if args.autogluon:
        os.environ[INTERPRETER] = args.autogluon
    if missing := missing_peers(args.peers if args.speed is None else PEERS):
        print(f"{missing} is not installed: pip install -r requirements-peers.txt", file=sys.stderr)
        return 2
    try:
        catalogs = [load_catalog(path) for path in args.catalog]
        print(heading(args))
        if args.speed is not None:
            print_speed(catalogs[0], args.speed or [5000, 50000], args)
            return 0
        for catalog in catalogs:
            run(catalog, args)
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def missing_peers(peers: Sequence[str]) -> str:
    """Names of packages that these peers need and that are not there."""
    needed = {"LightGBM": "lightgbm", "CatBoost": "catboost"} | dict.fromkeys(
        NEURAL_PEERS, "pytabkit"
    )
    return ", ".join(sorted({p for n, p in needed.items() if n in peers and not _version(p)}))


def heading(args: argparse.Namespace) -> str:
    """What is compared with what, on what."""
    found = ", ".join(f"{p} {v}" for p in PACKAGES if (v := _version(p)))
    if args.speed is not None:
        return f"{os.cpu_count()} cores, {args.threads} threads a peer; {found}"
    return (
        f"{os.cpu_count()} cores, {args.threads} threads a peer; {found}. {args.settings} settings"
        f" a tree model and fold; styles parted {args.seeds} times."
    )


def run(catalog: Catalog, args: argparse.Namespace) -> None:
    """Fit everyone on every fold of a catalog and print a table a split."""
    catalog = without_telling_photos(catalog)
    rows = labelled_rows(catalog)
    ours = our_models(catalog, rows, args.models)
    columns = read_columns(catalog, season_column(catalog), photo_vectors(catalog))
    curves = weekly_curves(catalog)
    tasks = [
        Task(catalog, columns, split, fold, seed, args.threads, curves)
        for split in args.splits
        for seed in range(args.seeds if split == "grouped" else 1)
        for fold in make_folds(split, catalog, rows, seed)
    ]
    last = max((i for i, t in enumerate(tasks) if t.split == "forward"), default=-1)
    jobs = []
    for i in range(len(tasks)):
        weekly = WEEKLY_PEERS if i == last and curves is not None and args.peers else {}
        jobs.append({n: p for n, p in EVERY_PEER.items() if n in args.peers} | weekly)
    print(f"\n### {catalog.name}, {len(rows):,} items", flush=True)
    results = []
    clock = Progress(catalog.name, sum(len(job) + len(ours) for job in jobs))
    for task, job in zip(tasks, jobs, strict=True):
        forecasts, seconds = {}, {}
        for name, peer in job.items():
            clock.next(task, name)
            forecasts[name], seconds[name] = kept(
                args.keep,
                task,
                name,
                args.settings,
                lambda peer=peer, task=task: peer(task, args.settings),
            )
        for name, make in ours.items():
            clock.next(task, name)
            start = time.perf_counter()
            output = make().fit(catalog, task.fold.train).output(catalog, task.fold.test)
            seconds[name] = time.perf_counter() - start
            forecasts[name] = Forecast(output, output, weeks=weeks_of(task, output))
        fold = task.fold
        results.append(
            with_blend(Result(task.split, fold.label, fold.train, fold.test, forecasts, seconds))
        )
    clock.end()
    report(catalog, results, list(ours), curves)


def weeks_of(task: Task, output: np.ndarray) -> np.ndarray | None:
    """This project's curves for the totals of a model (rows, weeks), where there is a series."""
    if task.curves is None or task.split != "forward":
        return None
    learned = Curves().fit(task.catalog, task.fold.train, task.curves)
    return learned.predict(task.catalog, task.fold.test, np.maximum(np.expm1(output), 0.0))


def report(
    catalog: Catalog, results: Sequence[Result], ours: list[str], curves: np.ndarray | None
) -> None:
    """Print the tables of a catalog."""
    for split in SPLITS:
        own = [r for r in results if r.split == split]
        if not own:
            continue
        daily = [n for n in own[0].forecasts if n not in WEEKLY_PEERS]
        alike = [_only(r, daily) for r in own]
        labels = "" if split == "grouped" else " (" + ", ".join(r.label for r in own) + ")"
        print_table(f"{catalog.name}, {TITLES[split]}{labels}", compare(catalog, alike, ours))
        if split == "forward":
            future = own[-1]
            print_table(
                f"{catalog.name}, {future.label} alone, as the future",
                compare(catalog, [future], ours),
            )
            if curves is not None:
                print_weeks(
                    f"{catalog.name}, {future.label} week by week",
                    compare_weeks(catalog, future, curves),
                )


def our_models(catalog: Catalog, rows: np.ndarray, names: Sequence[str] | None) -> Makers:
    """Every model of the project that this catalog allows, by name; the others on stderr."""
    makers: Makers = {}
    for name in training.MODELS if names is None else names:
        try:
            makers[f"ours: {name}"] = training.model_maker(
                name, catalog, rows, False, lambda share, message: None
            )
        except (ModelError, CheckpointMissing) as error:
            print(f"{catalog.name}: {name} left out: {error}", file=sys.stderr)
    return makers


def without_telling_photos(catalog: Catalog) -> Catalog:
    """The catalog without its photos where some items have none.

    Which items were photographed may tell how they sold (in VISUELLE mostly top sellers were),
    and whoever sees an empty photo then reads the answer. So nobody gets photos there.
    """
    share = float(np.mean([photo is not None for photo in catalog.main_photos()]))
    if share == 0 or share >= MIN_PHOTO_SHARE:
        return catalog
    print(
        f"{catalog.name}: only {share:.0%} of the items have a photo, and which ones may tell how"
        " they sold: nobody reads photos here.",
        file=sys.stderr,
    )
    roles = {c: r for c, r in catalog.roles.items() if r != Role.IMAGE}
    return replace(catalog, roles=roles)


def photo_vectors(catalog: Catalog) -> np.ndarray | None:
    """CLIP vectors for the peers, or None where there is no photo or no CLIP."""
    if not any(catalog.main_photos()):
        return None
    try:
        return image_vectors(catalog, embed_photos(catalog))
    except CheckpointMissing:
        return None


class Progress:
    """A line on stderr before each fit: how many there are, how long they took, how long to go."""

    def __init__(self, name: str, total: int) -> None:
        self.name, self.total, self.done, self.start = name, total, 0, time.monotonic()

    def next(self, task: Task, model: str) -> None:
        """Say what begins now."""
        gone = time.monotonic() - self.start
        left = ""
        if self.done:
            left = f", about {gone / self.done * (self.total - self.done):.0f} s left"
        print(
            f"[{self.done}/{self.total}, {gone:.0f} s{left}] {self.name}, {task.split}"
            f" {task.fold.label}: {model}",
            file=sys.stderr,
            flush=True,
        )
        self.done += 1

    def end(self) -> None:
        """Say how long it took."""
        gone = time.monotonic() - self.start
        print(f"[{self.total}/{self.total}, {gone:.0f} s] {self.name}: done", file=sys.stderr)


def kept(
    folder: Path | None, task: Task, name: str, settings: int, make: Callable[[], Forecast]
) -> tuple[Forecast, float]:
    """A peer's forecast and its seconds: from the folder if an earlier run left it there."""
    about = [
        task.catalog.content_hash,
        task.columns.photos is not None,
        task.split,
        task.fold.label,
        task.seed,
        name,
        settings,
        hashlib.sha256(b"".join((HERE / f).read_bytes() for f in SOURCES)).hexdigest(),
        [_version(p) for p in PACKAGES],
    ]
    if name in OWN_SOURCES:
        files = b"".join((HERE / f).read_bytes() for f in OWN_SOURCES[name])
        about += [hashlib.sha256(files).hexdigest(), _version("pytabkit")]
    key = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:20]
    file = folder / f"{key}.json" if folder else None
    if file and file.is_file():
        values = json.loads(file.read_text(encoding="utf-8"))
        weeks = None if values["weeks"] is None else np.array(values["weeks"])
        found = Forecast(
            np.array(values["rank"]), np.array(values["units"]), values["chosen"], weeks
        )
        return found, values["seconds"]
    start = time.perf_counter()
    found = make()
    seconds = time.perf_counter() - start
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        values = {
            "about": about,
            "seconds": seconds,
            "chosen": found.chosen,
            "rank": found.rank.tolist(),
            "units": found.units.tolist(),
            "weeks": None if found.weeks is None else found.weeks.tolist(),
        }
        new = file.with_suffix(".new")
        new.write_text(json.dumps(values, default=_plain), encoding="utf-8")
        new.replace(file)
    return found, seconds


def print_table(title: str, table: pd.DataFrame) -> None:
    """A Markdown table of scores."""
    print(f"\n{title}\n")
    print(
        "| | Spearman | in category x season | NDCG@50 | top 10 % | WAPE | seconds |"
        " Spearman over best peer (90 %) | WAPE under best peer (90 %) |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, line in table.iterrows():
        scores = " | ".join(
            _number(line[c]) for c in ("spearman", "in_cells", "ndcg_50", "precision_top_10")
        )
        gains = " | ".join(_gain(line, metric) for metric in ("spearman", "wape"))
        print(f"| {name} | {scores} | {_number(line['wape'])} | {line['seconds']:.1f} | {gains} |")
    sys.stdout.flush()


def print_weeks(title: str, table: pd.DataFrame) -> None:
    """A Markdown table of weekly errors."""
    print(f"\n{title}\n\n| | WAPE per week | MAE per week, units |\n|---|---|---|")
    for name, line in table.iterrows():
        print(f"| {name} | {_number(line['wape'])} | {line['mae']:.1f} |")
    sys.stdout.flush()


def print_speed(catalog: Catalog, sizes: Sequence[int], args: argparse.Namespace) -> None:
    """A Markdown table of seconds to learn and of items scored a second."""
    if any(catalog.main_photos()):
        embed_photos(catalog)
    print(f"\n{catalog.name}, items drawn again\n\n| items | model | seconds to learn | items/s |")
    print("|---|---|---|---|")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            print(f"making {size:,} items", file=sys.stderr, flush=True)
            big = enlarged(catalog, size, Path(folder) / "big")
            ours = our_models(big, labelled_rows(big), args.models)
            for name, seconds, speed in timed(big, ours, args.threads):
                print(f"| {size:,} | {name} | {seconds:.2f} | {speed:,.0f} |", flush=True)


def _number(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else ""


def _gain(line: pd.Series, metric: str) -> str:
    if f"{metric}_gain" not in line or not np.isfinite(line[f"{metric}_gain"]):
        return ""
    value, low, high = (line[f"{metric}_gain{end}"] for end in ("", "_low", "_high"))
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})"


def _only(result: Result, names: Sequence[str]) -> Result:
    forecasts = {n: result.forecasts[n] for n in names}
    return Result(result.split, result.label, result.train, result.test, forecasts, result.seconds)


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
