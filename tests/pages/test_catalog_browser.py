"""The clicks on the catalog page that only a browser can make."""

import csv
import re

import pytest

from tests.core.popularity.synthetic import make_frame
from tests.dashboard import BROWSER_MARKS, browser_page, dashboard
from tests.pages.helpers import train_quickly, with_photos

pytestmark = BROWSER_MARKS


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A dashboard on a ranked catalog of 60 items with photos, whose ids begin with a zero."""
    folder = tmp_path_factory.mktemp("catalog")
    frame = make_frame(60)
    frame["sku"] = [f"0{i:04d}" for i in range(60)]
    frame.loc[0, "Name"] = "=HYPERLINK(1) *bold*"
    made = with_photos(frame, folder / "data" / "made")
    train_quickly(made, folder / "models" / "made")
    with dashboard(folder, CATALOG=made.directory, MODELS_DIR=folder / "models") as url:
        yield url


@pytest.fixture
def page(server):
    with browser_page(server) as opened:
        yield opened


def test_filter_back_and_forward(page):
    from playwright.sync_api import expect

    page.goto("/")
    page.get_by_role("button", name=re.compile("^dress · ")).click()
    expect(page.get_by_text(re.compile(r"^\d+ of 60 items$"))).to_be_visible()
    expect(page).to_have_url(re.compile(r"f\.Type=dress"))
    page.go_back()
    expect(page.get_by_text("60 items", exact=True)).to_be_visible()
    page.go_forward()
    expect(page.get_by_text(re.compile(r"^\d+ of 60 items$"))).to_be_visible()


def test_quick_ticks_are_all_counted_and_survive_a_page_and_an_undo(page):
    from playwright.sync_api import expect

    page.goto("/")
    boxes = page.locator(".pick input")
    expect(boxes).to_have_count(24)
    for i in (0, 2, 3, 5, 8):
        boxes.nth(i).click(force=True)
    count = page.locator("p", has_text="selected")
    expect(count).to_have_text("5 selected")
    boxes.nth(11).click(force=True, modifiers=["Shift"])
    expect(count).to_have_text("8 selected")
    page.get_by_role("button", name="Page 2").click()
    expect(page.locator(".card .rank").first).to_have_text("25")
    expect(page.locator(".card").first).to_be_in_viewport()
    expect(count).to_have_text("8 selected")
    page.get_by_role("button", name="Undo").click()
    expect(count).to_have_text("5 selected")


def test_an_item_opens_leads_on_and_comes_back(page):
    from playwright.sync_api import expect

    page.goto("/?f.Type=dress")
    page.locator(".photo").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img")).to_be_visible()
    item = re.search(r"item=(\w+)", page.url)[1]
    dialog.get_by_role("link", name="Explain").click()
    expect(page).to_have_url(re.compile(rf"/popularity\?.*item={item}"))
    expect(page.get_by_role("heading", name="Popularity", exact=True)).to_be_visible()
    page.go_back()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).not_to_have_url(re.compile("item="))
    expect(page).to_have_url(re.compile(r"f\.Type=dress"))


def test_who_comes_back_by_the_navigation_finds_the_view(page):
    from playwright.sync_api import expect

    page.goto("/?f.Type=dress&sort=newest")
    expect(page.locator(".card").first).to_be_visible()
    page.get_by_role("link", name="Setup", exact=True).first.click()
    expect(page.locator(".card")).to_have_count(0)
    page.get_by_role("link", name="Catalog", exact=True).first.click()
    expect(page.locator(".card").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"sort=newest.*f\.Type=dress"))


def test_a_download_holds_the_filtered_view_and_runs_nothing(page, tmp_path):
    page.goto("/?q=hyperlink")
    page.get_by_role("button", name="Export").click()
    page.get_by_text("Filtered view · 1 items").click()
    page.get_by_text("CSV for Excel").click()
    page.get_by_text("Opens with a double click").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.startswith("made-filtered-view-linear-20")
    download.value.save_as(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["item_id"] == "'00000" and row["Name"] == "'=HYPERLINK(1) *bold*"
    assert row["model"] == "linear" and len(row["data_hash"]) == 64 and row["date"]


def test_titles_are_shown_as_they_are(page):
    from playwright.sync_api import expect

    page.goto("/?item=00000")
    expect(page.get_by_role("dialog").get_by_text("=HYPERLINK(1) *bold*").first).to_be_visible()
