"""What only a browser shows of the assortment tab: a number typed and used, links, ticks."""

import re

import pytest
from PIL import Image

from core.catalog.catalog import write_catalog
from core.popularity import metrics
from core.popularity.training import train
from tests.core.popularity.synthetic import as_catalog, make_frame
from tests.dashboard import BROWSER_MARKS, browser_page, dashboard

pytestmark = BROWSER_MARKS
OPEN = "/popularity?view=Assortment"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A dashboard on a ranked catalog of 80 items with photos."""
    folder = tmp_path_factory.mktemp("assortment")
    frame = make_frame(80)
    frame["photo"] = [f"{i}.png" for i in range(80)]
    catalog = as_catalog(frame)
    catalog.roles["photo"] = "image"

    def photos(new):
        for i in range(80):
            Image.new("RGB", (90, 120), (3 * i, 120, 110)).save(new / "images" / f"{i}.png")

    made = write_catalog(catalog, folder / "data" / "made", add_files=photos)
    original, metrics.DRAWS = metrics.DRAWS, 40
    train(made, folder / "models" / "made", models=["linear"])
    metrics.DRAWS = original
    with dashboard(folder, CATALOG=made.directory, MODELS_DIR=folder / "models") as url:
        yield url


@pytest.fixture
def page(server):
    with browser_page(server) as opened:
        yield opened


def test_a_typed_number_is_used_at_once_and_a_photo_opens_beside_the_edits(page):
    from playwright.sync_api import expect

    page.goto(OPEN)
    expect(page.get_by_test_id("stMetric")).to_have_count(1)
    page.get_by_label("Per cent").fill("-35")
    page.get_by_role("button", name="Edit 80 items").click()
    expect(
        page.get_by_text("Price −35 %, ending in .95 · 80 items: the whole range")
    ).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(3)
    expect(page.get_by_text("The best of the range as it is")).to_be_hidden()  # its photos too
    expect(page.get_by_text(re.compile(r"^The first \d+: \d+ enter"))).to_be_visible()
    photo = page.locator('a[href*="view=This+item"]').first
    item = re.search(r"item=([^&]+)", photo.get_attribute("href"))[1]
    with page.context.expect_page() as opened:
        photo.click()
    expect(opened.value.get_by_role("img", name=re.compile("^Photo of ")).first).to_be_visible()
    expect(opened.value).to_have_url(re.compile(f"item={item}"))
    opened.value.close()
    expect(page.get_by_text("Price −35 %, ending in .95 · 80 items")).to_be_visible()
    photo.scroll_into_view_if_needed()
    image = photo.locator("img").element_handle()
    page.wait_for_function("image => image.naturalWidth > 0", arg=image)  # it may still be loading


def test_items_ticked_on_the_catalog_page_are_edited(page):
    from playwright.sync_api import expect

    page.goto("/")
    page.get_by_role("button", name=re.compile("^dress · ")).click()
    expect(page.get_by_text(re.compile(r"^\d+ of 80 items$"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^Select all")).click()
    count = re.match(r"\d+", page.get_by_text(re.compile(r"^\d+ selected$")).inner_text())[0]
    page.get_by_role("link", name="Popularity").click()
    page.get_by_role("tab", name="Assortment").click()
    page.get_by_role("radio", name=f"The catalog's selection ({count})").click()
    page.get_by_role("button", name=f"Edit {count} items").click()
    expect(page.get_by_text(f"{count} items: Type dress")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(3)
