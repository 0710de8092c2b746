"""What only a browser shows of the assortment tab: a number typed and used, links, ticks."""

import re

import pytest

from tests.core.popularity.synthetic import make_frame
from tests.dashboard import BROWSER_MARKS, browser_page, dashboard
from tests.pages.helpers import train_quickly, with_photos

pytestmark = BROWSER_MARKS
OPEN = "/popularity?view=Assortment"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A dashboard on a ranked catalog of 80 items with photos."""
    folder = tmp_path_factory.mktemp("assortment")
    made = with_photos(make_frame(80), folder / "data" / "made")
    train_quickly(made, folder / "models" / "made")
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
