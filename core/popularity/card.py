"""Model cards: what a model is, what it learned from, how good it is, as Markdown and JSON."""

import json
from dataclasses import asdict
from pathlib import Path

from core.popularity.findings import Finding, Severity
from core.popularity.intervals import Calibration
from core.popularity.metrics import DRAWS, Scores
from core.popularity.scoreboard import (
    AT_LAUNCH,
    NEIGHBOURS,
    REFERENCE,
    ModelScores,
    Scoreboard,
)

ABOUT = {
    "linear": "Ridge regression of log(1 + target) on the columns below: one-hot levels, splines of"
    " numbers, place in the year of the release date, and TF-IDF of the texts.",
    "image": "Ridge regression of log(1 + target) on the CLIP embedding of the main photo. It reads"
    " no column of the catalog.",
    "deep": "A radial basis function network: columns, texts (TF-IDF) and the main photo (its CLIP"
    " embedding, where there are photos) each add one term to a first layer; the output is what"
    " they add up to by themselves plus a weighted product kernel at up to 1,000 training items. It"
    " learns log(1 + target) or a root of the target, whichever ordered held-out items best. A"
    " missing photo or text counts as average.",
    "blend": "A weighted mean of the other models' predictions of log(1 + target). The weights were"
    " chosen on the last period of the training items (a quarter of the styles where there are no"
    " dates), forecast by models that had learned from the rest; there it put items in a better"
    " order than any of them alone.",
}

COMPARED = {
    REFERENCE: "category average, to compare",
    NEIGHBOURS: "mean of the most alike items, to compare",
}
"""What the references are called in the notes of a folder."""

LABELS = {
    "spearman": "Rank correlation (Spearman)",
    "spearman_in_category": "Rank correlation within a category (median)",
    "pairwise_accuracy": "Pairs put in the right order",
    "ndcg_50": "NDCG of the first 50",
    "precision_top_10": "Share of the chosen top 10 % that is in the real one",
    "mae": "Mean absolute error",
    "wape": "Absolute error as a share of total (WAPE)",
    "coverage_80": "Actual values inside the 80 % interval",
    "coverage_90": "Actual values inside the 90 % interval",
    "width_80": "Mean width of the 80 % interval",
    "width_90": "Mean width of the 90 % interval",
    "rank_coverage_80": "Actual ranks inside the 80 % range of ranks",
    "rank_coverage_90": "Actual ranks inside the 90 % range of ranks",
}
"""What each metric is called in words."""

WEEKLY = {
    "weekly_wape": "Absolute error of each week as a share of total (WAPE)",
    "weekly_mae": "Mean absolute error of a week",
}
"""What the metrics of weekly forecasts are called in words."""

PERCENT = frozenset(
    {
        "pairwise_accuracy",
        "precision_top_10",
        "wape",
        "weekly_wape",
        "coverage_80",
        "coverage_90",
        "rank_coverage_80",
        "rank_coverage_90",
    }
)
IN_UNITS = frozenset({"mae", "width_80", "width_90", "weekly_mae"})


def format_metric(metric: str, value: float | None, unit: str = "") -> str:
    """A metric's value as text: a percentage, a number of units, or two decimals."""
    if value is None:
        return "not defined"
    if metric in PERCENT:
        return f"{value:.0%}"
    if metric in IN_UNITS:
        return f"{value:,.0f} {unit}".strip()
    return f"{value:.2f}"


def write_card(
    directory: Path, name: str, board: Scoreboard, calibration: Calibration | None
) -> None:
    """Write `card.md` and `card.json` of one model into its folder."""
    own = board.models[name]
    values = {
        "model": name,
        "about": ABOUT[name],
        **{
            k: getattr(board, k)
            for k in (
                "date",
                "catalog",
                "data_hash",
                "target",
                "unit",
                "notice",
                "items",
                "items_without_target",
                "include_post_launch",
                "split",
            )
        },
        "promoted": board.promoted == name,
        "columns": board.columns if name != "image" else [],
        "calibration": calibration.to_json() if calibration else None,
        "scores": asdict(own),
        "findings": None if board.findings is None else [asdict(f) for f in board.findings],
    }
    text = json.dumps(values, ensure_ascii=False, indent=1)
    (directory / "card.json").write_text(text + "\n", encoding="utf-8")
    (directory / "card.md").write_text(card_text(name, board, calibration), encoding="utf-8")


def card_text(name: str, board: Scoreboard, calibration: Calibration | None) -> str:
    """The card of one model as Markdown."""
    own = board.models[name]
    lines = [
        f"# The {name} model",
        "",
        ABOUT[name] + (" This is the model that ranks." if board.promoted == name else ""),
        "",
        f"- Trained: {board.date}",
        f"- Catalog: {board.catalog}, {board.items:,} items with a known {board.target}"
        f" ({board.unit}), {board.items_without_target:,} without",
        f"- Data hash (SHA-256 of the table): `{board.data_hash}`",
        "- Columns known only after launch: "
        + ("used" if board.include_post_launch else "not used"),
    ]
    if name != "image":
        names = ", ".join(f"{c['name']} ({c['role'].replace('_', ' ')})" for c in board.columns)
        lines.append(f"- Columns: {names}")
    if calibration:
        lines.append(f"- Intervals: {intervals_text(calibration)}")
    lines.append(f"- Intervals on what came later: {coverage_text(own)}")
    if own.note:
        lines.append(f"- {own.note}")
    if board.notice:
        lines.append(f"- About the data: {board.notice}")
    if board.findings is not None:
        lines += ["", "## What could leak the target", "", *_findings(board.findings)]
    lines += ["", "## How good it is", "", board.split, ""]
    for title, scores in (("On later seasons", own.forward), ("On held-out styles", own.grouped)):
        if scores:
            lines += [f"### {title}", "", *_table(scores, board.unit), ""]
    if own.weekly:
        where = "later seasons" if own.forward else "held-out styles"
        lines += [f"### Week by week, on {where}", "", *_table(own.weekly, board.unit, WEEKLY), ""]
    lines += ["### Season by season, or part by part", "", *_folds(own.folds), ""]
    lines += [
        f"Ranges are 95 % bootstrap intervals over styles ({DRAWS} draws). The scores are of models"
        " that had not seen the items; the stored model was then refitted on all of them.",
        "",
        "What the model finds is association in past data, not cause: it does not say what would"
        " happen if a price or a photo were changed.",
        "",
    ]
    return "\n".join(lines)


def intervals_text(calibration: Calibration) -> str:
    """What the intervals are made of, in sentences."""
    own = len(calibration.categories)
    apart = f" {own} {'category has' if own == 1 else 'categories have'} errors enough for"
    return (
        f"conformal, from {calibration.items:,} errors on {calibration.source}, each tail by"
        " itself."
        + (
            " Wider where errors tended to be larger: far from the items learned from, or by the"
            " size of the prediction."
            if any(calibration.difficulty.weights)
            else " One width for all items in log units, as no kind of item was shown to be harder."
        )
        + (f"{apart} ends of {'its' if own == 1 else 'their'} own." if own else "")
    )


def coverage_text(scores: ModelScores) -> str:
    """How far the 90 % intervals, and the 80 % ranges of places, kept their promise, in sentences.

    A season is called too wide or too narrow where 90 % is outside the 95 % range of its coverage.
    """
    seasons = [f for f in scores.folds if f["split"] == "forward" and f.get("coverage_90")]
    share = format_metric("coverage_90", scores.headline["coverage_90"]["value"])
    held = (scores.headline.get("rank_coverage_80") or {}).get("value")
    places = "" if held is None else f" The 80 % ranges of places held {held:.0%} of actual places."
    if not seasons:
        return (
            f"the 90 % intervals held {share} of the actual values of held-out styles. How they"
            f" hold on later seasons cannot be told without release dates.{places}"
        )
    told = []
    for season in seasons:
        value, low, high = (season["coverage_90"][k] for k in ("value", "low", "high"))
        drift = "" if low <= 0.9 <= high else f" (too {'wide' if value > 0.9 else 'narrow'})"
        told.append(f"{season['label']} {format_metric('coverage_90', value)}{drift}")
    return (
        "each season's were set from what was known before it, and set again with its errors"
        f" after it. The 90 % intervals held {share} of the actual values:"
        f" {', '.join(told)}.{places}"
    )


def folder_text(board: Scoreboard) -> str:
    """What a folder of models is, for the person who finds it, as Markdown."""
    late = " --include-post-launch" if board.include_post_launch else ""
    models = " ".join(name for name in ABOUT if name in board.trained)
    lines = [
        f"# Popularity models of “{board.catalog}”",
        "",
        f"Written by `scripts/train_models.py --models {models}{late}` on {board.date[:10]} and"
        " replaced as a whole when it is run again; what the folder held before is kept beside it.",
        "",
        f"- Data hash (SHA-256 of the table): `{board.data_hash}`",
    ]
    if board.notice:
        lines.append(f"- About the data: {board.notice}")
    lines += ["", "| model | rank correlation on unseen items | 95 % range |", "|---|---|---|"]
    for name, scores in board.models.items():
        value, low, high = (
            format_metric("", scores.headline["spearman"][k]) for k in ("value", "low", "high")
        )
        launch = f"{name.removesuffix(AT_LAUNCH)} without columns known after launch, to compare"
        shown = f"[{name}]({name}/card.md)" if name in ABOUT else COMPARED.get(name, launch)
        mark = ", ranks" if name == board.promoted else ""
        lines.append(f"| {shown}{mark} | {value} | {low} to {high} |")
    lines += [
        "",
        board.split,
        "",
        "`scoreboard.json` has all scores, `out_of_fold.parquet` the predictions for training items"
        " by models that had not seen them, `learning_curve.json`, where"
        " `scripts/learning_curve.py` was run, the scores after learning from fewer items.",
        "",
    ]
    return "\n".join(lines)


def finding_text(finding: Finding) -> str:
    """A finding as one line: how bad, what it is, what to do."""
    advice = "" if finding.severity == Severity.NOTE else f" {finding.advice}"
    return f"{finding.severity.capitalize()}: {finding.text}{advice}"


def _findings(findings: list[Finding]) -> list[str]:
    return [f"- {finding_text(f)}" for f in findings] or ["- Nothing was found."]


def _table(scores: Scores, unit: str, labels: dict[str, str] = LABELS) -> list[str]:
    lines = ["| | value | 95 % range |", "|---|---|---|"]
    for metric, label in labels.items():
        value, low, high = (
            format_metric(metric, scores[metric][k], unit) for k in ("value", "low", "high")
        )
        lines.append(f"| {label} | {value} | {low} to {high} |")
    return lines


def _folds(folds: list[dict]) -> list[str]:
    lines = [
        "| | learned from | scored on | Spearman | 95 % range | inside the 90 % interval |",
        "|---|---|---|---|---|---|",
    ]
    for fold in folds:
        label = fold["label"] if fold["split"] == "forward" else f"held-out part {fold['label']}"
        value, low, high = (
            format_metric("", fold["spearman"][k]) for k in ("value", "low", "high")
        )
        lines.append(
            f"| {label} | {fold['learned_from']:,} | {fold['scored_on']:,} | {value}"
            f" | {low} to {high} | {format_metric('coverage_90', fold['coverage_90']['value'])} |"
        )
    return lines
