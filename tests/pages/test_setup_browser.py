"""Training from the setup page, and reading the result, as only a browser can."""

import re

import pytest

from core.catalog.catalog import write_catalog
from tests.core.popularity.synthetic import as_catalog, make_frame
from tests.dashboard import BROWSER_MARKS, browser_page, dashboard
from tests.pages.helpers import with_photos

pytestmark = BROWSER_MARKS


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A dashboard on two catalogs without models; the first has photos."""
    folder = tmp_path_factory.mktemp("setup")
    with_photos(make_frame(160), folder / "data" / "autumn", "Autumn", size=(60, 80))
    write_catalog(as_catalog(make_frame(60, seed=4), "Winter"), folder / "data" / "winter")
    with dashboard(folder, DATA_DIR=folder / "data", MODELS_DIR=folder / "models") as url:
        yield url


@pytest.fixture
def page(server):
    with browser_page(server, height=1200, seconds=120) as opened:
        yield opened


def test_train_stop_train_again_and_read_the_result(page):
    from playwright.sync_api import expect

    page.goto("/setup?section=Models")
    expect(page.locator('img[src*="/photos/autumn/"]').first).to_be_visible()
    train = page.get_by_role("button", name="Train", exact=True)
    page.get_by_text("Photo alone: learns").click()
    train.click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(train).to_be_disabled()
    page.get_by_role("tab", name="Checkpoints").click()
    expect(page.get_by_text("sets of weights are on this machine")).to_be_visible()
    page.get_by_role("tab", name="Models").click()
    expect(page.get_by_text("stopped before its end; nothing has changed")).to_be_visible()
    train.click()
    expect(page.get_by_text("Trained: “Details and text” ranks “Autumn” now.")).to_be_visible()
    expect(train).to_be_enabled()

    page.get_by_role("link", name="Popularity", exact=True).click()
    expect(page.locator('img[src*="/photos/autumn/"]').first).to_be_visible()
    expect(page).to_have_url(re.compile(r"/popularity\?item="))
    page.get_by_role("tab", name="What if").click()
    expect(page).to_have_url(re.compile("view=What"))
    price = page.get_by_role("spinbutton", name="Price")
    before = page.get_by_test_id("stMetricValue").first
    after = page.get_by_test_id("stMetricValue").last
    expect(after).to_have_text(before.inner_text())
    price.fill("9999")
    page.get_by_role("button", name="Predict again").click()
    expect(page.get_by_text(re.compile("^Changed: Price"))).to_be_visible()
    assert after.inner_text() != before.inner_text()


def test_a_catalog_is_switched_and_the_link_reopens_it(page):
    from playwright.sync_api import expect

    page.goto("/setup")
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_role("heading", name="Winter")).to_be_visible()
    expect(page).to_have_url(re.compile("catalog=winter"))
    page.reload()
    expect(page.get_by_role("heading", name="Winter")).to_be_visible()
    page.get_by_role("tab", name="Models").click()
    expect(page.get_by_text("Train on “Winter”")).to_be_visible()
    expect(page).to_have_url(re.compile("section=Models"))
