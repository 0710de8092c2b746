"""The try-on studio in a real browser: what no AppTest can do, with a mouse and a keyboard."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from core.tryon.provenance import read_stamp
from tests.dashboard import ARGS, BROWSER_MARKS, CHROMIUM, browser_page, dashboard

pytestmark = BROWSER_MARKS


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with dashboard(tmp_path_factory.mktemp("studio")) as url:
        yield url


def download(page, name, folder):
    with page.expect_download() as waited:
        page.get_by_role("button", name=name, exact=True).click()
    path = folder / waited.value.suggested_filename
    waited.value.save_as(path)
    return path


def test_from_a_catalog_item_to_an_edited_look_that_is_taken(server, tmp_path):
    from playwright.sync_api import expect

    with browser_page(server, height=1100, seconds=120) as page:
        page.goto("/?item=FD-0581")
        page.get_by_role("link", name="Try on").click()
        expect(page).to_have_url(re.compile(r"/tryon\?.*garment=FD-0581"))
        divider = page.get_by_role("slider", name=re.compile("^From "))
        expect(divider).to_have_value("100")
        assert page.locator(".compare .after").evaluate(
            "e => e.decode().then(() => e.naturalWidth)"
        )
        plain = download(page, "PNG", tmp_path)
        about = read_stamp(plain.read_bytes())
        assert about["engine"] == "preview" and about["mask_edit"] == {}

        # The divider answers to the keyboard, and zoom keeps the picture in its frame.
        divider.focus()
        for _ in range(40):
            page.keyboard.press("ArrowLeft")
        expect(divider).to_have_value("60")
        frame = page.locator(".compare .view")
        width = frame.bounding_box()["width"]
        page.get_by_role("button", name="Zoom, now 1 times").click()
        assert frame.evaluate("e => e.scrollWidth / e.clientWidth") > 1.9
        assert frame.bounding_box()["width"] == width

        # Erase a band of the mask; the picture keeps the old clothes there.
        page.get_by_role("radio", name="Mask").click()
        canvas = page.locator(".editor canvas")
        expect(canvas).to_be_visible()
        page.get_by_role("button", name="Eraser").click()
        box = canvas.bounding_box()
        middle, chest = box["x"] + box["width"] / 2, box["y"] + 0.3 * box["height"]
        page.mouse.move(middle - 40, chest)
        page.mouse.down()
        page.mouse.move(middle + 40, chest, steps=8)
        page.mouse.up()
        expect(page.get_by_role("button", name="Back to the engine's mask")).to_be_enabled()
        page.get_by_role("button", name="Undo", exact=True).click()
        expect(page.get_by_role("button", name="Back to the engine's mask")).to_be_disabled()
        page.mouse.move(middle - 40, chest)
        page.mouse.down()
        page.mouse.move(middle + 40, chest, steps=8)
        page.mouse.up()
        expect(page.get_by_role("button", name="Back to the engine's mask")).to_be_enabled()
        page.get_by_role("button", name="Show the result").click()
        expect(divider).to_be_visible()
        expect(page.get_by_text("This session's looks")).to_be_visible()
        edited = download(page, "PNG", tmp_path / "edited")
        strokes = read_stamp(edited.read_bytes())["mask_edit"]["strokes"]
        assert len(strokes) == 1 and not strokes[0]["adds"]
        told = json.loads(download(page, "JSON", tmp_path).read_text())
        assert told["mask_edit"]["strokes"] == strokes
        with Image.open(plain) as one, Image.open(edited) as other:
            differs = (np.asarray(one) != np.asarray(other)).any(axis=2)
        rows, columns = np.nonzero(differs)
        assert len(rows) and abs(rows.mean() / len(differs) - 0.3) < 0.05
        assert abs(columns.mean() / differs.shape[1] - 0.5) < 0.1

        # Back to the look before, by the session's history.
        page.get_by_role("button", name=re.compile("^Back to ")).last.click()
        expect(page.get_by_role("button", name=re.compile("^Back to ")).last).to_have_attribute(
            "aria-pressed", "true"
        )


def test_the_mask_is_drawn_on_with_the_keyboard_and_every_step_is_taken_back(server):
    from playwright.sync_api import expect

    with browser_page(server, height=1100, seconds=120) as page:
        page.goto("/tryon?view=mask")
        canvas = page.get_by_role("application", name=re.compile("tinted part is repainted"))
        expect(canvas).to_be_visible()
        undo, redo = (page.get_by_role("button", name=n, exact=True) for n in ("Undo", "Redo"))
        clear = page.get_by_role("button", name="Clear", exact=True)
        reset = page.get_by_role("button", name="Back to the engine's mask")
        expect(undo).to_be_disabled()
        expect(redo).to_be_disabled()

        def marked():
            return canvas.evaluate(
                "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
                ".reduce((sum, v, i) => sum + (i % 4 === 3 && v > 127), 0)"
            )

        page.wait_for_function(
            "() => [...document.querySelectorAll('*')].some(e => (e.shadowRoot ?? e)"
            ".querySelector?.('.editor canvas')?.width > 300)"
        )
        page.get_by_role("radio", name="Mask").focus()
        for _ in range(12):  # by Tab alone
            page.keyboard.press("Tab")
            if canvas.evaluate("c => c.getRootNode().activeElement === c"):
                break
        expect(page.get_by_text("Keys, with the picture in focus")).to_be_visible()
        own = marked()
        assert own > 1000
        page.keyboard.press("e")
        expect(page.get_by_role("button", name="Eraser")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press(" ")
        for _ in range(8):
            page.keyboard.press("ArrowUp")
        page.keyboard.press(" ")
        erased = marked()
        assert erased < own - 500
        expect(reset).to_be_enabled()
        expect(page.get_by_role("status").filter(has_text="1 stroke")).to_be_attached()

        page.keyboard.press("Control+z")
        assert marked() == own
        expect(reset).to_be_disabled()
        expect(redo).to_be_enabled()
        page.keyboard.press("Control+y")
        assert marked() == erased
        expect(reset).to_be_enabled()
        # A stroke that is left does nothing, and clearing is taken back like a stroke.
        page.keyboard.press(" ")
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("Escape")
        assert marked() == erased
        clear.click()
        expect(reset).to_be_disabled()
        assert marked() == own
        undo.click()
        assert marked() == erased
        expect(reset).to_be_enabled()


def test_on_a_phone_one_finger_draws_and_a_second_one_does_not(server):
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, base_url=server
        )
        page = context.new_page()
        page.goto("/tryon?view=mask")
        canvas = page.locator(".editor canvas")
        expect(canvas).to_be_visible(timeout=120_000)
        undo = page.get_by_role("button", name="Undo", exact=True)
        expect(undo).to_be_disabled()
        assert undo.bounding_box()["height"] >= 44
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        canvas.evaluate("c => c.scrollIntoView({block: 'center'})")
        box = canvas.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + 0.3 * box["height"]
        touch = context.new_cdp_session(page)

        def send(kind, *points):
            found = [{"x": px, "y": py, "id": i} for i, (px, py) in enumerate(points)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": found})

        send("touchStart", (x, y))
        send("touchStart", (x, y), (x + 60, y + 60))
        send("touchMove", (x, y - 40), (x + 60, y + 100))
        send("touchEnd")
        page.wait_for_timeout(500)
        assert undo.is_disabled()
        send("touchStart", (x, y))
        for step in range(1, 6):
            send("touchMove", (x + 8 * step, y))
        send("touchEnd")
        expect(undo).to_be_enabled()
        browser.close()


def test_a_selection_leads_to_its_batch_and_a_step_back_leads_to_the_page_before(server):
    from playwright.sync_api import expect

    with browser_page(server, height=1100, seconds=120) as page:
        page.goto("/?q=dress")
        page.get_by_role("button", name=re.compile("^Select all ")).click()
        page.get_by_role("link", name=re.compile("^Try on ")).click()
        expect(page).to_have_url(re.compile(r"/tryon\?mode=batch&garments=FD-"))
        expect(page.get_by_text(re.compile(r"^\d+ pictures$"))).to_be_visible()
        page.go_back()
        expect(page.get_by_role("button", name="Clear selection")).to_be_visible()
        expect(page).to_have_url(re.compile(r"/\?q=dress$"))

        page.get_by_role("link", name="Try-on", exact=True).first.click()
        expect(page.get_by_role("slider", name=re.compile("^From "))).to_be_visible()
        page.get_by_role("radio", name="Body map").click()
        expect(page).to_have_url(re.compile("garment=FD-.*model=.*view=map"))
        page.go_back()
        expect(page.get_by_role("radio", name="Result")).to_be_checked()
        page.go_back()
        expect(page.get_by_role("button", name="Clear selection")).to_be_visible()
