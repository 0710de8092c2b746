"""A printable report on one or several items: one self-contained HTML file.

It holds a page of A4 an item and, for several, a table before them. It opens in any browser and
prints to PDF from there (“Print”, then “Save as PDF”).
"""

from collections.abc import Callable, Sequence
from html import escape

import pandas as pd

from core.errors import CatalogError
from core.explain.report import Reporter
from core.explain.report_page import cover_html, page_html
from core.explain.wording import clean

MOST_ITEMS = 40
"""Items with a page of their own; the table of so many still fits on one page."""

STYLE = """
@page { size: A4; margin: 11mm 12mm; }
* { box-sizing: border-box; }
html { color-scheme: light; background: #fff; }
body { margin: 0; color: #1F2937; font: 9pt/1.35 system-ui, "Segoe UI", Roboto, "Helvetica Neue",
  Arial, sans-serif; font-variant-numeric: tabular-nums; -webkit-print-color-adjust: exact;
  print-color-adjust: exact; }
.page { width: 186mm; margin: 8mm auto; break-after: page; }
.page:last-child { break-after: auto; }
header { display: flex; justify-content: space-between; align-items: baseline; gap: 6mm;
  border-bottom: 1px solid #E5E7EB; padding-bottom: 1.5mm; }
h1 { font-size: 14pt; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
header p { margin: 0; color: #6B7280; font-size: 8pt; text-align: right; }
h2 { font-size: 9.5pt; margin: 3mm 0 1mm; }
p { margin: 1mm 0; }
svg { display: block; width: 100%; }
.top { display: flex; gap: 6mm; margin-top: 3mm; }
.photo { flex: 0 0 56mm; }
.photo img { display: block; width: 100%; height: 54mm; object-fit: contain; }
.note { font-size: 7.2pt; color: #4B5563; }
.why { flex: 1; min-width: 0; }
.words { margin: 0; font-size: 10.5pt; overflow-wrap: anywhere; }
.chart { max-width: 150mm; }
.past { display: grid; grid-template-columns: repeat(8, 1fr); gap: 2mm; }
figure { margin: 0; text-align: center; font-size: 7.5pt; }
figure img { display: block; width: 100%; height: 21mm; object-fit: contain; }
.none { display: flex; height: 24mm; align-items: center; justify-content: center; color: #6B7280;
  background: #F3F4F6; font-size: 7.5pt; }
.small { margin-top: 3mm; padding-top: 1.5mm; border-top: 1px solid #E5E7EB; columns: 2;
  column-gap: 6mm; font-size: 6.8pt; line-height: 1.3; color: #4B5563; overflow-wrap: anywhere; }
.small p { margin: 0 0 1mm; }
table { width: 100%; border-collapse: collapse; margin-top: 2mm; font-size: 7.2pt; }
th { text-align: left; font-weight: 600; border-bottom: 1px solid #9CA3AF; }
th, td { padding: .5mm 1.5mm .5mm 0; vertical-align: top; }
td { border-bottom: 1px solid #F3F4F6; white-space: nowrap; }
td:nth-child(1), td:nth-child(3) { font-weight: 600; }
a { color: inherit; text-decoration-color: #9CA3AF; }
@media print { .page { width: auto; margin: 0; } }
@media screen and (max-width: 800px) {
  .page { width: auto; margin: 4mm; }
  .top { flex-direction: column; gap: 2mm; }
  .photo { flex-basis: auto; }
  .past { grid-template-columns: repeat(4, 1fr); }
  .small { columns: 1; }
  .cover { overflow-x: auto; }
}
"""


def report_html(
    reporter: Reporter,
    rows: Sequence[int],
    *,
    known: Callable[[int], pd.Series | None] = lambda row: None,
    on_progress: Callable[[int, int], None] | None = None,
) -> str:
    """The whole document.

    Args:
        reporter: of the items.
        rows: positions of the items in the catalog; the best ranked come first, and `MOST_ITEMS` of
            them get a page, which the table says.
        known: an item's contributions where they are known already, else None.
        on_progress: called with pages done and pages in all after each item.

    Raises:
        CatalogError: there is no item.
        FashionError: as `Reporter.item`.
    """
    if not len(rows):
        raise CatalogError("No item was chosen for the report. Choose at least one.")
    places = dict(zip(reporter.order["item_id"], reporter.order["rank"], strict=True))
    ids = reporter.catalog.ids
    best = sorted(dict.fromkeys(map(int, rows)), key=lambda row: places[ids[row]])
    chosen = best[:MOST_ITEMS]
    reports, pages = [], []
    for number, row in enumerate(chosen, start=1):
        report = reporter.item(row, values=known(row))
        pages.append(page_html(report, reporter, f"item-{number}"))
        reports.append(report)
        if on_progress:
            on_progress(number, len(chosen))
    title = reports[0].name if len(reports) == 1 else f"{len(reports)} items"
    cover = cover_html(reports, reporter, len(best)) if len(reports) > 1 else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(clean(title))} · {escape(clean(reporter.catalog.name))}</title>"
        f"<style>{STYLE}</style></head><body>{cover}{''.join(pages)}</body></html>\n"
    )
