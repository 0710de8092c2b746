"""What only a browser shows of the popularity page: links, choices in a row, edits, the report."""

import re

import pytest

from tests.dashboard import BROWSER_MARKS, browser_page, dashboard

pytestmark = BROWSER_MARKS
LINK = "/popularity?item=FD-0100"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with dashboard(tmp_path_factory.mktemp("popularity")) as url:
        yield url


@pytest.fixture
def page(server):
    with browser_page(server) as opened:
        yield opened


def test_every_choice_counts_and_the_back_button_returns(page):
    from playwright.sync_api import expect

    page.goto(LINK)
    choice = page.get_by_role("combobox", name="Item")
    expect(choice).to_have_value(re.compile(r"Elio colour-block hoodie in pink$"))
    labels = []
    for place in (3, 5):
        choice.click()
        option = page.get_by_role("option").nth(place)
        labels.append(option.inner_text())
        option.click()
        expect(choice).to_have_value(labels[-1])
        name = labels[-1].partition(". ")[2]
        expect(page.get_by_role("img", name=f"Photo of {name}", exact=True)).to_be_visible()
        expect(page).not_to_have_url(re.compile("FD-0100"))
    page.go_back()
    expect(choice).to_have_value(labels[0])


def test_edits_stay_on_the_way_through_the_tabs_and_are_undone(page):
    from playwright.sync_api import expect

    page.goto(LINK)
    page.get_by_role("tab", name="What if").click()
    price = page.get_by_role("spinbutton", name="Price (EUR)")
    before = price.input_value()
    price.fill("19.95")
    page.get_by_role("button", name="Predict again").click()
    changed = page.get_by_text(re.compile(rf"Changed: Price {re.escape(before)} EUR → 19.95 EUR"))
    expect(changed).to_be_visible()
    for tab, shown in (
        ("Assortment", "The best of the range as it is"),
        ("The range", "What goes with popularity"),
        ("Models", "How good are the models?"),
        ("This item", "Closest past items"),
    ):
        page.get_by_role("tab", name=tab, exact=True).click()
        expect(page.get_by_text(shown, exact=True).last).to_be_visible()
        expect(page.get_by_text("Something went wrong")).to_have_count(0)
    page.get_by_role("tab", name="What if").click()
    expect(changed).to_be_visible()
    expect(price).to_have_value("19.95")
    expect(page.get_by_text(re.compile("^Shaded: "))).to_be_visible()  # the last thing drawn
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(changed).to_have_count(0)
    expect(price).to_have_value(before)


def test_a_link_holds_the_model_and_the_report_is_downloaded(page):
    from playwright.sync_api import expect

    page.goto(LINK)
    page.get_by_role("radio", name="Photo alone").click()
    headline = page.get_by_text("Model “Photo alone”, trained")
    expect(headline).to_be_visible()
    expect(page).to_have_url(re.compile("model=Photo"))
    page.reload()
    expect(headline).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Report to print").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert download.value.suggested_filename.endswith(".html")
    assert "Elio colour-block hoodie in pink" in text and "The model “Photo alone”" in text
