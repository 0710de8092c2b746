"""Charts of a printed report as SVG: self-contained, no scripts, all text escaped.

Colours are those of the dashboard's charts on white: teal raises, orange lowers, grey is context.
"""

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from core.explain.evidence import Evidence
from core.explain.linear import REST, Explanation, Step, waterfall
from core.explain.past import By
from core.explain.wording import about, times
from core.explain.words import Fields

RAISES, LOWERS, CONTEXT, LINE, INK = "#0F766E", "#C2410C", "#8A8F98", "#E5E7EB", "#374151"
SHARES = (INK, CONTEXT, "#C4C8CE")
WIDTH = 460
"""Units of a chart's width; it is scaled to its column."""
LABELS = 168
"""Units that labels take on the left."""
ROW = 17
KINDS: dict[By, str] = {
    "attributes": "Alike by details",
    "photo": "Alike by photo",
    "both": "Alike by both",
}


def waterfall_svg(explanation: Explanation, fields: Fields, unit: str) -> str:
    """From the average item to this one's prediction, a bar a player.

    Args:
        explanation: of the item.
        fields: to name its players.
        unit: of the target.
    """
    steps = waterfall(explanation)
    base, final = explanation.base_units, explanation.predicted
    ends = (explanation.low, explanation.high)
    most = max(base, final, *(max(s.start, s.end) for s in steps), 1e-9)
    scale = (WIDTH - LABELS - 52) / most
    rows = [
        ("Average item", 0.0, base, CONTEXT, about(base, *ends)),
        *((_label(s, fields), s.start, s.end, _shade(s), times(s.factor)) for s in steps),
        ("This item", 0.0, final, CONTEXT, about(final, *ends)),
    ]
    drawn = []
    for i, (label, start, end, shade, told) in enumerate(rows):
        top, left = i * ROW, LABELS + min(start, end) * scale
        width = max(abs(end - start) * scale, 1.0)
        drawn.append(_text(LABELS - 6, top + 12, label, anchor="end"))
        drawn.append(
            f'<rect x="{left:.1f}" y="{top + 3}" width="{width:.1f}" height="{ROW - 5}"'
            f' fill="{shade}"/>'
        )
        drawn.append(_text(left + width + 4, top + 12, told))
    words = "; ".join(f"{_label(s, fields)} {times(s.factor)}" for s in steps)
    alt = f"From the average item, {about(base, *ends)} {unit}: {words}; this item: {rows[-1][4]}"
    return _svg(drawn, len(rows) * ROW, alt)


def evidence_svg(evidence: Evidence, line: pd.Series, unit: str) -> str:
    """The prediction with its 90 % range, and what the closest past items of each kind sold.

    Args:
        evidence: the closest past items.
        line: ``predicted``, ``low`` and ``high`` in the target's unit.
        unit: of the target.
    """
    numbers = (float(line["predicted"]), float(line["low"]), float(line["high"]))
    rows: list[tuple[str, float, float, float, list[float]]] = [
        ("This item, predicted", *numbers, [])
    ]
    rows += [
        (KINDS[k.by], k.median, k.low, k.high, [item.sold for item in k.items])
        for k in evidence.kinds
        if k.items
    ]
    most = max(max(high, *sold, 1e-9) for _, _, _, high, sold in rows)
    scale = (WIDTH - LABELS - 16) / most
    height = len(rows) * ROW
    drawn = []
    for tick in _ticks(most):
        x = LABELS + tick * scale
        drawn.append(f'<path d="M{x:.1f} 0V{height}" stroke="{LINE}"/>')
        drawn.append(_text(x, height + 11, f"{tick:,.0f}", anchor="middle"))
    words = []
    for i, (label, middle, low, high, sold) in enumerate(rows):
        y, shade = i * ROW + ROW / 2, CONTEXT if sold else RAISES
        told = f"{about(middle, low, high)}, {about(low, low, high)} to {about(high, low, high)}"
        words.append(f"{label}: {told} {unit}")
        drawn.append(_text(LABELS - 6, y + 3.5, label, anchor="end"))
        ends = (LABELS + v * scale for v in (low, high))
        drawn.append(
            '<path d="M{:.1f} {y}H{:.1f}" stroke="{shade}" stroke-width="3"/>'.format(
                *ends, y=y, shade=shade
            )
        )
        drawn += [
            f'<circle cx="{LABELS + v * scale:.1f}" cy="{y}" r="2.6" fill="{INK}" opacity=".7"/>'
            for v in sold
        ]
        x = LABELS + middle * scale
        drawn.append(f'<path d="M{x:.1f} {y - 6}V{y + 6}" stroke="{shade}" stroke-width="3"/>')
    drawn.append(_text(LABELS - 6, height + 11, unit, anchor="end"))
    alt = "Prediction and closest past items. " + "; ".join(words)
    return _svg(drawn, height + 16, alt)


def shares_svg(shares: Sequence[tuple[str, float]]) -> str:
    """One bar parted by modality, each part with its name and percentage.

    Args:
        shares: name and share, 0..1, together 1.
    """
    drawn, left = [], 0.0
    for i, ((name, share), shade) in enumerate(zip(shares, SHARES, strict=False)):
        width = share * WIDTH
        spot = i * WIDTH // len(shares)
        drawn += [
            f'<rect x="{left:.1f}" y="0" width="{width:.1f}" height="8" fill="{shade}"/>',
            f'<rect x="{spot}" y="15" width="8" height="8" fill="{shade}"/>',
            _text(spot + 12, 22.5, f"{name} {share:.0%}"),
        ]
        left += width
    return _svg(drawn, 26, "; ".join(f"{name} {share:.0%}" for name, share in shares))


def _label(step: Step, fields: Fields) -> str:
    label = f"Everything else ({step.shown})"
    if step.player != REST:
        label = fields.label(step.player, step.shown)
    return label if len(label) <= 31 else label[:30].rstrip() + "…"


def _shade(step: Step) -> str:
    return RAISES if step.end >= step.start else LOWERS


def _ticks(most: float) -> list[float]:
    """0 and about four round numbers up to `most`."""
    step = 10 ** np.floor(np.log10(most / 2))
    step *= next(m for m in (1, 2, 5, 10) if most / (step * m) <= 5)
    return [float(v) for v in np.arange(0, most + step * 0.01, step)]


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(drawn: Sequence[str], height: float, alt: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(alt)}"'
        f' font-size="10" fill="{INK}">{"".join(drawn)}</svg>'
    )
