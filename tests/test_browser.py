"""One real path through the dashboard in a real browser."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = Path("/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app/main.py", f"--server.port={port}"],
            cwd=ROOT,
            env=os.environ | {"FASHION_CACHE_DIR": str(log.parent / "cache")},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        url = f"http://localhost:{port}"
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"{url}/_stcore/health", timeout=1)
                    break
                except OSError:
                    time.sleep(0.2)
            else:
                pytest.fail(f"the dashboard did not start:\n{log.read_text()}")
            yield url
        finally:
            process.terminate()
            process.wait(20)
    assert "Traceback" not in log.read_text()


def test_from_the_catalog_to_every_page(server: str) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        outside: list[str] = []
        page.on(
            "request",
            lambda r: (
                outside.append(r.url)
                if not r.url.startswith((server, server.replace("http", "ws"), "data:", "blob:"))
                else None
            ),
        )

        page.goto(server)
        expect(page.get_by_text("Rendered garments, simulated sales").first).to_be_visible()
        photo = page.locator('img[src*="/photos/demo/"]').first
        expect(photo).to_be_visible()
        assert photo.evaluate("e => e.decode().then(() => e.naturalWidth)") > 90

        for name in ("Popularity", "Try-on", "Setup", "Catalog"):
            page.get_by_role("link", name=name, exact=True).first.click()
            expect(page).to_have_url(
                re.compile(name.lower().replace("-", "") + r"|localhost:\d+/?")
            )
            expect(page.get_by_role("heading").first).to_be_visible()
            expect(page.locator('[data-testid="stException"]')).to_have_count(0)
        assert not errors
        assert not outside, "nothing that a page shows comes from elsewhere"
        browser.close()
