"""One real path through the dashboard on the demo catalog, in a real browser."""

import re
from collections.abc import Iterator

import pytest

from tests.dashboard import BROWSER_MARKS, browser_page, dashboard

pytestmark = BROWSER_MARKS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dashboard(tmp_path_factory.mktemp("server")) as url:
        yield url


def test_from_the_catalog_to_every_page(server: str) -> None:
    from playwright.sync_api import expect

    with browser_page(server) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))

        page.goto("/")
        expect(page.get_by_text("Rendered garments, simulated sales").first).to_be_visible()
        photo = page.locator('img[src*="/photos/demo/"]').first
        expect(photo).to_be_visible()
        assert photo.evaluate("e => e.decode().then(() => e.naturalWidth)") > 90

        for name, path, title in (
            ("Popularity", "/popularity", "Popularity"),
            ("Try-on", "/tryon", "Try-on"),
            ("Setup", "/setup", "Setup"),
            ("Catalog", "/", "Demo collection"),
        ):
            page.get_by_role("link", name=name, exact=True).first.click()
            expect(page).to_have_url(re.compile(re.escape(server + path) + r"(\?.*)?$"))
            expect(page.get_by_role("heading", name=title, exact=True).first).to_be_visible()
            expect(page.locator("img[src]").first).to_be_visible()
            expect(page.get_by_text("Something went wrong")).to_have_count(0)
        outside = [u for u in asked if not u.startswith((server, "data:", "blob:"))]
        assert not outside, "nothing that a page shows comes from elsewhere"
