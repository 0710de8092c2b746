"""A dashboard in a process of its own, and a browser on it, for the tests that click."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = Path("/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

BROWSER_MARKS = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
"""The `pytestmark` of a module that drives a browser."""


@contextmanager
def dashboard(folder: Path, **env: Path) -> Iterator[str]:
    """The address of a dashboard that keeps everything under `folder`; no traceback may be logged.

    Args:
        folder: for the log and the cache.
        env: settings without their prefix, such as ``DATA_DIR=folder / "data"``.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {f"FASHION_{name}": str(path) for name, path in env.items()}
    log = folder / "log.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app/main.py", f"--server.port={port}"],
            cwd=ROOT,
            env=os.environ
            | {
                "FASHION_CACHE_DIR": str(folder / "cache"),
                "FASHION_STATE_DIR": str(folder / "state"),
            }
            | settings,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                    break
                except OSError:
                    time.sleep(0.2)
            else:
                pytest.fail(f"the dashboard did not start:\n{log.read_text()}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)
    assert "Traceback" not in log.read_text()


@contextmanager
def browser_page(url: str, *, height: int = 900, seconds: float = 60) -> "Iterator[Page]":
    """A page of 1440 pixels' width on a dashboard; no error may be thrown in the browser.

    Args:
        url: the dashboard's address.
        height: of the window, in pixels.
        seconds: how long an action or an expectation may take.
    """
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=1000 * seconds)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        page = browser.new_page(viewport={"width": 1440, "height": height}, base_url=url)
        page.set_default_timeout(1000 * seconds)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        assert not errors
        browser.close()
