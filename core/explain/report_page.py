"""One item's report as a page of HTML that fits on one sheet of A4.

Everything is inline: photos as WebP, charts as SVG; there are no scripts and nothing is fetched.
Whatever comes from a catalog is escaped here, and cut where a sheet would not hold it.
"""

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
from PIL import Image

from core.catalog.catalog import Catalog
from core.errors import ImageError
from core.explain.checks import load_checks
from core.explain.linear import SAMPLED
from core.explain.past import Past
from core.explain.report import ItemReport, Reporter
from core.explain.report_charts import KINDS, evidence_svg, shares_svg, waterfall_svg
from core.explain.wording import MODEL_NAMES, about, clean, times
from core.explain.words import strongest_kind
from core.popularity.card import format_metric
from core.vision.images import encode_webp, open_image

PHOTO_SIDE, THUMBNAIL_SIDE = 560, 150
"""Longer side of photos in pixels: about 200 an inch on paper."""
MOST_NOTES, MOST_LETTERS = 2, 330
"""Of the small print: the ranking's notes, and the length of each of its paragraphs."""
SHARES_TITLE = "How much of it comes from what"
SHARE_NAMES = {"metadata": "Details", "text": "Words", "photo": "Photo"}


def page_html(report: ItemReport, reporter: Reporter, anchor: str) -> str:
    """The page of one item.

    Args:
        report: by `reporter`.
        reporter: of the items.
        anchor: id of the page in the document.
    """
    line, unit, catalog = report.line, clean(reporter.board.unit), reporter.catalog
    numbers = [float(line[c]) for c in ("predicted", "low", "high")]
    low, high = numbers[1:]
    told = (
        f"About <b>{about(numbers[0], low, high)}</b> {escape(unit)},"
        f" {about(low, low, high)} to {about(high, low, high)} in 90 of 100 cases"
    )
    if report.out_of_fold is not None:
        told += (
            ". Place and range are by a model that had not seen the item; the chart is of the final"
            f" one, which says {about(report.explanation.predicted, low, high)}"
        )
    read = set(reporter.fields.modalities.values())
    shares = [(SHARE_NAMES[k], v) for k, v in (report.shares or {}).items() if k in read]
    parts = [
        f'<section class="page" id="{anchor}">',
        f"<header><h1>{escape(_cut(report.name, 90))}</h1>"
        f"<p>{escape(_cut(report.explanation.item_id, 40))} · {escape(_cut(catalog.name, 60))}"
        f" · {escape(str(reporter.board.date)[:10])}</p></header>",
        '<div class="top"><div class="photo">',
        _photo(catalog, report.row),
        _map(report),
        '</div><div class="why">',
        f'<p class="words">{_unbroken(" ".join(report.words))}</p>',
        f"<p>{told}.</p>",
        "<h2>What the prediction is made of</h2>",
        waterfall_svg(report.explanation, reporter.fields, unit),
        *([f"<h2>{SHARES_TITLE}</h2>", shares_svg(shares)] if len(shares) > 1 else []),
        "</div></div>",
        _evidence(report, reporter.past, unit),
        _small_print(report, reporter),
        "</section>",
    ]
    return "".join(parts)


def _map(report: ItemReport) -> str:
    if report.undrawn:
        return f"<p>{escape(_cut(report.undrawn, 200))}</p>"
    if report.drawn is None:
        return ""
    drawn, score = report.drawn.overlay(), report.drawn.score
    said = []
    for sign, verb in ((1, "lifts"), (-1, "lowers")):
        strongest = report.drawn.strongest(sign)
        if strongest:
            place, value = strongest
            said.append(f"The {place} {verb} most ({times(float(np.exp(value)))}).")
    tested = "Maps of this model's kind have not been put to the test."
    if score:
        tested = (
            f"On {score.photos:,} photos new to “{MODEL_NAMES[score.model]}”, such maps beat random"
            f" ones by {score.value:.2f} ({score.low:.2f} to {score.high:.2f}) standard deviations"
            f" of what photos make of its numbers (“{score.catalog}”)."
        )
    return (
        "<h2>Which parts of the photo count</h2>"
        f"{_image(drawn, 'Map of the photo: teal lifts the prediction, orange lowers it')}"
        f'<p class="note">Teal lifts the prediction, orange lowers it. {escape(" ".join(said))}'
        f" {escape(_cut(tested, 260))}</p>"
    )


def _evidence(report: ItemReport, past: Past | None, unit: str) -> str:
    kind = strongest_kind(report.evidence) if report.evidence else None
    if report.evidence is None or kind is None or past is None:
        return ""
    figures = []
    for item in kind.items:
        name = f"{item.sold:,.0f}" + (f" · {item.released[:7]}" if item.released else "")
        picture = _photo(past.catalog, item.row, THUMBNAIL_SIDE)
        figures.append(f"<figure>{picture}<figcaption>{escape(name)}</figcaption></figure>")
    return (
        "<h2>Closest past items</h2>"
        f'<div class="chart">{evidence_svg(report.evidence, report.line, unit)}</div>'
        f"<p>{escape(KINDS[kind.by])}: {escape(unit)}, and when it was released</p>"
        f'<div class="past">{"".join(figures)}</div>'
    )


def _small_print(report: ItemReport, reporter: Reporter) -> str:
    told = "".join(
        f"<p><b>{escape(name)}</b> {escape(_cut(text, MOST_LETTERS))}</p>"
        for name, text in [*checked(report), *card_lines(reporter)]
    )
    return f'<footer class="small">{told}</footer>'


def checked(report: ItemReport) -> list[tuple[str, str]]:
    """What was checked of the numbers: a heading and a sentence each."""
    told, against = report.explanation, report.explanation.against
    kind = f" of the category “{against.category}”" if against.category else ""
    kinds, how = ("Shapley", "") if told.exact else ("Owen", f", {SAMPLED}")
    return [
        (
            "Computed.",
            f"{kinds} values against {against.items} training items{kind} (background"
            f" {against.version}){how}. They add up to the model's prediction within"
            f" {max(told.gap, 1e-15):.0e} log units. They tell what went with more or fewer sales,"
            " not what caused them.",
        ),
        ("Checked.", load_checks().sentence),
    ]


def card_lines(reporter: Reporter) -> list[tuple[str, str]]:
    """Lines of the model's card: a heading and a sentence each."""
    board, model, catalog = reporter.board, reporter.model, reporter.catalog
    scores = board.models[model.name].headline
    rank, pairs, held = (scores[k] for k in ("spearman", "pairwise_accuracy", "coverage_90"))
    spread = "" if rank["low"] is None else f" ({rank['low']:.2f} to {rank['high']:.2f})"
    late = "used" if board.include_post_launch else "not used"
    sight = f" Photos are read by {model.checkpoint}." if model.checkpoint else ""
    lines = [
        (
            "Model.",
            f"The model “{MODEL_NAMES[model.name]}”, trained {board.date[:10]} on"
            f" {board.items:,} items of “{board.catalog}” (data {board.data_hash[:12]}). What is"
            f" known only after launch is {late}.{sight}",
        ),
        (
            "Scores.",
            f"{board.split} Rank correlation {format_metric('spearman', rank['value'])}{spread};"
            f" {format_metric('pairwise_accuracy', pairs['value'])} of pairs in the right order;"
            f" the 90 % ranges held {format_metric('coverage_90', held['value'])} of actual"
            " values.",
        ),
    ]
    if catalog.content_hash != board.data_hash:
        lines.append(("Ranked.", f"“{catalog.name}” (data {catalog.content_hash[:12]})."))
    notices = dict.fromkeys(n for n in (catalog.notice, board.notice) if n)
    lines += [("Data.", clean(notice)) for notice in notices]
    notes = [("Note.", clean(note)) for note in reporter.order.attrs["notes"]]
    return [*lines, *notes[:MOST_NOTES]]


def _photo(catalog: Catalog, row: int, side: int = PHOTO_SIDE) -> str:
    paths = catalog.image_paths(row)
    if not paths:
        return '<span class="none">no photo</span>'
    try:
        return _image(open_image(paths[0], max_side=side), "")
    except ImageError:
        return '<span class="none">the photo cannot be opened</span>'


def _image(image: Image.Image, alt: str) -> str:
    image = image.copy()
    image.thumbnail((PHOTO_SIDE, PHOTO_SIDE))
    source = base64.b64encode(encode_webp(image)).decode()
    return f'<img src="data:image/webp;base64,{source}" alt="{escape(alt)}">'


def _unbroken(text: str) -> str:
    """Escaped text in which no line begins with a percent sign."""
    return escape(text).replace(" %", "&nbsp;%")


def _cut(text: str, most: int) -> str:
    text = clean(text)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def cover_html(reports: Sequence[ItemReport], reporter: Reporter, selected: int) -> str:
    """The table of a report on several items, in their order.

    Args:
        reports: on the items that have a page.
        reporter: of the items.
        selected: how many were asked for.
    """
    catalog, unit = reporter.catalog, clean(reporter.board.unit)
    left_out = (
        f" It holds the {len(reports)} best ranked of the {selected:,} that were chosen."
        if selected > len(reports)
        else ""
    )
    rows = []
    for number, report in enumerate(reports, start=1):
        line = report.line
        middle, low, high = (float(line[c]) for c in ("predicted", "low", "high"))
        spot = report.standing
        places = "" if spot.low is None else f"{spot.low:,} to {spot.high:,}"
        best = report.explanation.ordered()[:1]
        strongest = [f"{reporter.fields.label(p.player)} {times(p.factor)}" for p in best]
        cells = [
            f"{spot.rank:,}",
            f'<a href="#item-{number}">{escape(_cut(report.name, 34))}</a>',
            about(middle, low, high),
            f"{about(low, low, high)} to {about(high, low, high)}",
            places,
            escape(_cut("".join(strongest), 30)),
            _sold(report),
        ]
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    titles = (
        *("Rank", "Item", f"Predicted {unit}", "90 % range", "80 % places", "Strongest part"),
        "Closest past items sold",
    )
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    return (
        '<section class="page cover"><header><h1>'
        f"{escape(_cut(catalog.name, 60))}: {len(reports)} items</h1>"
        f"<p>{escape(str(reporter.board.date)[:10])} · {len(catalog):,} items ranked."
        f"{left_out}</p></header><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
        '<footer class="small">'
        + "".join(
            f"<p><b>{escape(name)}</b> {escape(_cut(text, MOST_LETTERS))}</p>"
            for name, text in card_lines(reporter)
        )
        + "</footer></section>"
    )


def _sold(report: ItemReport) -> str:
    kind = strongest_kind(report.evidence) if report.evidence else None
    if kind is None or pd.isna(kind.median):
        return "none"
    ends = f"{about(kind.low, kind.low, kind.high)} to {about(kind.high, kind.low, kind.high)}"
    near = report.evidence is None or not report.evidence.cold_start
    return ends if near else "none near"
