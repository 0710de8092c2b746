import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from core.errors import CatalogError
from core.explain import report_file
from core.explain.linear import waterfall
from core.explain.report_charts import (
    LABELS,
    RAISES,
    WIDTH,
    evidence_svg,
    shares_svg,
    waterfall_svg,
)
from core.explain.report_file import report_html
from core.explain.wording import times
from tests.core.explain.reports import make_reporter
from tests.dashboard import ARGS, CHROMIUM


@pytest.fixture(scope="module")
def reporter(tmp_path_factory):
    return make_reporter(tmp_path_factory.mktemp("report"))


class Reader(HTMLParser):
    """Collects tags, attributes and text; complains about tags that do not fit together."""

    def __init__(self, document):
        super().__init__()
        self.tags, self.attributes, self.text, self._open = [], [], [], []
        self.feed(document)
        assert not self._open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in ("meta", "img", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, text):
        self.text.append(text)


def test_one_item_is_one_page_with_its_numbers(reporter):
    read = Reader(report_html(reporter, [7]))
    report, text = reporter.item(7), " ".join(read.text).replace("\xa0", " ")
    assert " ".join(report.words) in text
    assert [v for _, v in read.attributes].count("page") == 1 and "table" not in read.tags
    for step in waterfall(report.explanation):
        assert times(step.factor) in text
    assert report.explanation.against.version in text
    assert reporter.board.data_hash[:12] in text and reporter.board.split in text
    assert "not what caused them" in text
    count = sum(len(k.items) for k in report.evidence.kinds if k.by == "attributes")
    assert read.tags.count("figure") == count > 0
    assert read.tags.count("circle") == count


def test_cells_are_text_and_nothing_is_fetched_or_run(reporter):
    read = Reader(report_html(reporter, [0, 1, 2]))
    assert {"script", "iframe", "object", "link", "base"}.isdisjoint(read.tags)
    for name, value in read.attributes:
        assert not name.startswith("on")
        if name in ("src", "href"):
            assert value.startswith(("data:image/webp;base64,", "#item-"))
    assert "<script>alert(1)</script>" in " ".join(read.text)
    assert "url(" not in report_file.STYLE and "@import" not in report_file.STYLE


def test_several_items_come_best_first_after_a_table_up_to_a_limit(reporter, monkeypatch):
    monkeypatch.setattr(report_file, "MOST_ITEMS", 3)
    told = []
    read = Reader(report_html(reporter, [5, 6, 7, 8, 6], on_progress=lambda *n: told.append(n)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    places = dict(zip(reporter.order["item_id"], reporter.order["rank"], strict=True))
    best = sorted([5, 6, 7, 8], key=lambda row: places[reporter.catalog.ids[row]])
    text = " ".join(read.text)
    assert "the 3 best ranked of the 4 that were chosen" in text
    assert read.tags.count("tr") == 1 + 3
    names = [reporter.name(row) for row in best]
    heads = re.findall(r"<h1>(.*?)</h1>", report_html(reporter, [5, 6, 7, 8]))
    assert heads[1:] == names[:3]
    links = [v for n, v in read.attributes if n == "href"]
    anchors = [v for n, v in read.attributes if n == "id"]
    assert links == [f"#{a}" for a in anchors] and len(links) == 3


def test_no_item_is_a_sentence(reporter):
    with pytest.raises(CatalogError, match="Choose at least one"):
        report_html(reporter, [])


def bars(svg):
    own = ElementTree.fromstring(svg)
    return [{k: e.get(k) for k in ("x", "width", "fill")} for e in own.iter("rect")]


def test_bars_of_the_waterfall_begin_where_the_one_before_ended(reporter):
    told = reporter.item(7).explanation
    steps = waterfall(told)
    drawn = bars(waterfall_svg(told, reporter.fields, "units"))
    assert len(drawn) == len(steps) + 2
    most = max(told.base_units, told.predicted, *(max(s.start, s.end) for s in steps))
    scale = (WIDTH - LABELS - 52) / most
    at = told.base_units
    for step, bar in zip(steps, drawn[1:-1], strict=True):
        assert step.start == pytest.approx(at)
        assert float(bar["x"]) == pytest.approx(LABELS + min(step.start, step.end) * scale, abs=0.1)
        assert float(bar["width"]) == pytest.approx(
            max(abs(step.end - step.start) * scale, 1), abs=0.1
        )
        assert (bar["fill"] == RAISES) == (step.factor >= 1)
        at = step.end
    assert at == pytest.approx(told.predicted)


def test_charts_are_well_formed_and_told_in_words(reporter):
    report = reporter.item(0)  # with hostile cells
    for svg in (
        waterfall_svg(report.explanation, reporter.fields, "units"),
        evidence_svg(report.evidence, report.line, "units"),
        shares_svg([("Details", 0.25), ("Photo", 0.75)]),
    ):
        assert len(ElementTree.fromstring(svg).get("aria-label")) > 10
    details, photo = bars(shares_svg([("Details", 0.25), ("Photo", 0.75)]))[::2]
    assert float(details["width"]) == WIDTH / 4 and float(photo["x"]) == WIDTH / 4


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
def test_it_prints_to_a_sheet_an_item(reporter, tmp_path):
    from playwright.sync_api import sync_playwright

    for name, rows, sheets in (("one", [0], 1), ("many", range(60), 41)):
        (tmp_path / f"{name}.html").write_text(report_html(reporter, list(rows)))
        with sync_playwright() as run:
            browser = run.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
            page = browser.new_page()
            asked = []
            page.on("request", lambda r, asked=asked: asked.append(r.url))
            page.goto(f"file://{tmp_path}/{name}.html")
            printed = page.pdf(prefer_css_page_size=True, print_background=True)
            browser.close()
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == sheets
        assert all(url.startswith(("file:", "data:")) for url in asked)
