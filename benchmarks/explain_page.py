"""How long the popularity page takes to draw again, on the demo and on a large catalog.

    python scripts/train_models.py --data_dir data/demo --model_dir DIR --models linear image deep
    python benchmarks/explain_page.py --models DIR [--big 20000] [--look linear deep] [--repeats 5]

One process without a browser, linear algebra on one thread. Each line is a rerun of a page that was
drawn before, as a click causes: what is kept or cached is there. Both the clock and the time on the
core are told; on a busy machine only the second says something. The large catalog is that of
`benchmarks/catalog_page.py`: the demo's items repeated under new ids.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from streamlit.testing.v1 import AppTest
from threadpoolctl import threadpool_limits

from benchmarks.catalog_page import enlarge
from core.catalog.catalog import Catalog, load_catalog
from core.explain.kept import KeptContributions
from core.explain.linear import explain
from core.popularity.additive import BlockModel
from core.popularity.ranking import load_model
from core.popularity.scoreboard import load_scoreboard
from core.popularity.vectors import embed_photos
from core.settings import ROOT, checkpoints_dir, data_dir

PAGE = ROOT / "pages" / "popularity.py"
VIEWS = {
    "This item": {"view": "This item"},
    "What if": {"view": "What if"},
    "The range: what counts most": {"view": "The range"},
    "The range: field by field": {"view": "The range", "overview": "Field by field"},
    "The range: photo, words, details": {"view": "The range", "overview": "Photo, words, details"},
    "The range: season against season": {"view": "The range", "overview": "Season against season"},
    "The range: where models disagree": {"view": "The range", "overview": "Where models disagree"},
}


class StopError(Exception):
    """Ends a computation that was only started to see how the page does beside it."""


def line(name: str, action: Callable[[], object], repeats: int) -> None:
    """Print the median and the worst of some runs, in milliseconds, and the time on the core."""
    took, core = [], []
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        action()
        took.append(1000 * (time.perf_counter() - start))
        core.append(1000 * (time.process_time() - used))
    print(
        f"  {name:<46} {statistics.median(took):7.0f} ({max(took):7.0f})"
        f"   on the core {statistics.median(core):7.0f}",
        flush=True,
    )


def opened(name: str, query: dict[str, str]) -> AppTest:
    """The page with a model chosen, drawn until everything it reads is there.

    Raises:
        RuntimeError: the page shows an error.
    """
    test = AppTest.from_file(str(PAGE), default_timeout=600)
    for key, value in query.items():
        test.query_params[key] = value
    test.run()
    choice = [c for c in test.segmented_control if c.label == "Look into the model"]
    if choice and choice[0].value != name:
        choice[0].set_value(name).run()
    test.run()
    _check(test)
    return test


def _check(test: AppTest) -> None:
    if test.exception or test.error:
        raise RuntimeError(str([*test.exception, *test.error]))


def measure(catalog: Catalog, models: Path, name: str, repeats: int) -> None:
    """Print the times of a model on a catalog."""
    os.environ["FASHION_CATALOG"] = str(catalog.directory)
    model, board = load_model(models, name), load_scoreboard(models)
    print(f"{len(catalog):,} items, the {name} model; milliseconds, median (worst)")
    kept = KeptContributions.of(model, catalog, board)
    if model.kind != "ridge":
        line("an item's explanation, computed", lambda: explain(model, catalog, 7), repeats)
        if len(catalog) <= 2000:
            start = time.perf_counter()
            kept.compute()
            print(f"  all items explained in {time.perf_counter() - start:.0f} s")
            line("its values from the cache", lambda: kept.item(7), repeats)
            line(
                "its explanation from the cache",
                lambda: explain(model, catalog, 7, values=kept.item(7)),
                repeats,
            )
    for label, query in VIEWS.items():
        line(label, opened(name, query).run, repeats)
    if model.features:  # a model of the photo alone has no price to change
        line("What if: a price changed, page and all", _price(name), repeats)
    if model.kind != "ridge" and len(catalog) > 2000:
        _beside(kept, model, name, repeats)


def _price(name: str) -> Callable[[], object]:
    """Another price for the item and *Predict again*; another one each time."""
    test = opened(name, {"view": "What if"})
    prices = iter(range(20, 1000))

    def change() -> None:
        price = next(n for n in test.number_input if n.label.startswith("Price"))
        price.set_value(float(next(prices)))
        next(b for b in test.button if b.label == "Predict again").click()
        test.run()
        _check(test)

    return change


def _beside(kept: KeptContributions, model: BlockModel, name: str, repeats: int) -> None:
    """Page reruns while all items are being explained in another thread."""
    stopping, reached = threading.Event(), []

    def told(done: int, _total: int) -> None:
        reached.append((time.perf_counter(), done))
        if stopping.is_set():
            raise StopError

    def work() -> None:
        try:
            kept.compute(told)
        except StopError:
            return

    test = opened(name, {"view": "This item"})
    thread = threading.Thread(target=work)
    thread.start()
    try:
        line("This item, while all are being explained", test.run, 2 * repeats)
        while len(reached) < 4:
            time.sleep(0.1)
    finally:
        stopping.set()
        thread.join()
    (first, start), (last, end) = reached[0], reached[-1]
    each = (last - first) / max(end - start, 1)
    print(
        f"  meanwhile {1000 * each:.0f} ms an item: all in {each * len(kept.catalog) / 60:.0f} min"
    )


def main() -> int:
    """Run the command; 0."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--models", type=Path, default=checkpoints_dir() / "popularity-demo",
        help="models trained on the demo (default: those that come with the project)",
    )  # fmt: skip
    parser.add_argument("--look", nargs="+", default=["linear", "deep"], help="at which models")
    parser.add_argument(
        "--big", type=int, help="measure a catalog of so many items, not the demo itself"
    )
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    names = [name for name in args.look if name in load_scoreboard(args.models).trained]
    with tempfile.TemporaryDirectory() as temporary, threadpool_limits(1):
        folder = Path(temporary)
        for variable, part in (("MODELS", "models"), ("CACHE", "cache"), ("STATE", "state")):
            os.environ[f"FASHION_{variable}_DIR"] = str(folder / part)
        catalog = load_catalog(data_dir() / "demo")
        if args.big:
            vectors = catalog.directory / "vectors"
            catalog = load_catalog(enlarge(folder, args.big))
            shutil.copytree(vectors, catalog.directory / "vectors")
        models = folder / "models" / catalog.directory.name
        shutil.copytree(args.models, models)
        for name in names:
            checkpoint = load_model(models, name).checkpoint
            if checkpoint:
                embed_photos(catalog, checkpoint=checkpoint)
            measure(catalog, models, name, args.repeats)
    print(f"Load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
