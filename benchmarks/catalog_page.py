"""How fast the catalog page is in a real browser: start, page switch, filters, on two catalogs.

    python benchmarks/catalog_page.py [--repeats 3] [--big 20000]

Everything is timed from outside, as a person would: from the start of the server's process, or
from a click, until the browser shows the result. The large catalog is the demo's items repeated
under new ids, with prices and seasons drawn anew; the demo's model ranks it. Needs Debian's
chromium.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from core.catalog.catalog import load_catalog, write_catalog
from core.popularity.training import train
from core.settings import ROOT, checkpoints_dir, data_dir

CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PAINTED = """() => {
  for (const host of document.querySelectorAll('[data-testid="stBidiComponentRegular"], *')) {
    const image = host.shadowRoot?.querySelector('.card img')
    if (image && image.complete && image.naturalWidth > 0) return true
  }
  return false
}"""
"""Whether the first photo of the grid is on the screen."""


def enlarge(folder: Path, items: int) -> Path:
    """The demo's items repeated under new ids, with the demo's photos."""
    demo = load_catalog(data_dir() / "demo")
    rng = np.random.default_rng(0)
    frame = demo.frame.iloc[rng.integers(0, len(demo), items)].reset_index(drop=True)
    frame["id"] = [f"B{i:06d}" for i in range(items)]
    frame["style"] = frame["id"]
    frame["price"] = (frame["price"] * rng.uniform(0.7, 1.3, items)).round(2)
    frame["season"] = pd.Categorical(rng.choice(frame["season"].unique(), items))

    def photos(new: Path) -> None:
        (new / "images").rmdir()
        (new / "images").symlink_to(demo.directory / "images")

    big = replace(demo, frame=frame, name="Large collection")
    return write_catalog(big, folder / "big", add_files=photos).directory


def model_for_both(folder: Path) -> Path:
    """The demo's model under both catalogs' names; trained here if the project has none yet."""
    ready = checkpoints_dir() / "popularity-demo"
    if (ready / "scoreboard.json").is_file():
        shutil.copytree(ready, folder / "demo")
    else:
        train(load_catalog(data_dir() / "demo"), folder / "demo", models=["linear"])
    shutil.copytree(folder / "demo", folder / "big")
    return folder


@contextmanager
def server(catalog: Path, models: Path, cache: Path) -> Iterator[tuple[str, float]]:
    """A dashboard process; gives its address and when it was started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "FASHION_CATALOG": str(catalog),
        "FASHION_MODELS_DIR": str(models),
        "FASHION_CACHE_DIR": str(cache),
    }
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", f"--server.port={port}"]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while time.perf_counter() - started < 60:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.02)
        yield url, started
    finally:
        process.terminate()
        process.wait(20)


def seconds(action: Callable[[], object], page: Page, until: str, value: str = "") -> float:
    """From an action until a condition holds in the browser, looked at in every frame."""
    start = time.perf_counter()
    action()
    page.wait_for_function(until, arg=value, polling="raf", timeout=60_000)
    return time.perf_counter() - start


def measure(
    catalog: Path, items: int, models: Path, cache: Path, repeats: int
) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        took.setdefault(name, []).append(value)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        for _ in range(repeats):
            with server(catalog, models, cache) as (url, started):
                note("start: process answers", time.perf_counter() - started)
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.goto(url)
                page.wait_for_function(PAINTED, polling="raf", timeout=60_000)
                note("start: process to first grid painted", time.perf_counter() - started)
                page.close()
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                opened = partial(page.goto, url)
                note("next visitor: link to grid painted", seconds(opened, page, PAINTED))
                interact(page, items, note)
                page.close()
        browser.close()
    return took


def interact(page: Page, items: int, note: Callable[[str, float], None]) -> None:
    """Page switches, filters, words, pages and ticks on an open dashboard."""
    total = f"of {items:,}"
    shown = "t => document.querySelector('[data-testid=stMain]').innerText.includes(t)"
    gone = "t => !document.querySelector('[data-testid=stMain]').innerText.includes(t)"
    link = page.get_by_role("link", name="Catalog", exact=True).first
    page.get_by_role("link", name="Setup", exact=True).first.click()
    page.get_by_role("heading", name="Setup").first.wait_for()
    note("switch back to the catalog, warm", seconds(link.click, page, PAINTED))
    page.wait_for_timeout(500)
    pills = page.locator('[data-testid="stSidebar"] [data-testid="stButtonGroup"] button')
    for _ in range(3):
        note("filter on: click to new count", seconds(pills.first.click, page, shown, total))
        page.wait_for_timeout(300)
        note("filter off: click to new count", seconds(pills.first.click, page, gone, total))
        page.wait_for_timeout(300)
    box = page.get_by_label("Search").first
    box.fill("striped cotton")
    note("words: Enter to new count", seconds(lambda: box.press("Enter"), page, shown, total))
    page.wait_for_timeout(300)
    clear = page.get_by_role("button", name="Clear filters").first
    seconds(clear.click, page, gone, total)
    page.wait_for_timeout(300)
    two = page.get_by_role("button", name="Page 2", exact=True)
    rank = """() => [...document.querySelectorAll('*')].some(
      e => e.shadowRoot?.querySelector('.card .rank')?.textContent === '25')"""
    note("next page: click to new cards", seconds(two.click, page, rank))
    page.wait_for_timeout(300)
    tick = page.locator(".pick input").first
    note("tick: click to new count",
         seconds(lambda: tick.click(force=True), page, shown, "selected"))  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="server starts on each catalog")
    parser.add_argument("--big", type=int, default=20_000, help="items of the large catalog")
    args = parser.parse_args()
    if not Path(CHROMIUM).exists():
        print(f"{CHROMIUM} is not there; install Debian's chromium.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        models = model_for_both(folder / "models")
        big = enlarge(folder, args.big)
        for catalog in (load_catalog(data_dir() / "demo").directory, big):
            items = len(load_catalog(catalog))
            took = measure(catalog, items, models, folder / "cache", args.repeats)
            print(f"{items:,} items, {args.repeats} starts; seconds, median (worst)")
            for name, values in took.items():
                print(f"  {name:<38} {statistics.median(values):6.2f}  ({max(values):.2f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
