"""Score trained models on a catalog, only ever on items that they had not learned from."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.catalog import load_catalog
from core.errors import FashionError
from core.popularity.card import LABELS, WEEKLY, finding_text, format_metric
from core.popularity.evaluation import Evaluation, evaluate
from core.popularity.scoreboard import load_scoreboard
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data_dir", required=True, help="catalog directory with a target (data/ is the demo)"
    )
    parser.add_argument("--model_dir", required=True, help="folder of trained models")
    parser.add_argument("--json", metavar="FILE", help="also write the scores to this file")
    args = parser.parse_args(argv)
    try:
        result = evaluate(
            load_catalog(args.data_dir),
            args.model_dir,
            on_progress=lambda done, total: print(
                f"Reading the photos: {done:,} of {total:,}", flush=True
            ),
        )
        findings = load_scoreboard(args.model_dir).findings
        if args.json:
            told = None if findings is None else [asdict(f) for f in findings]
            values = {**asdict(result), "findings": told}
            text = json.dumps(values, ensure_ascii=False, indent=1)
            Path(args.json).write_text(text + "\n", encoding="utf-8")
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        print(f"The scores cannot be written to {args.json} ({reason}).", file=sys.stderr)
        return 2
    print_evaluation(result)
    if findings:
        print(f"\nWhat could leak the target of “{result.trained_on}”, as seen in training")
    for finding in findings or []:
        print(f"  {finding_text(finding)}")
    return 0


def print_evaluation(result: Evaluation) -> None:
    """All scores of all models, with their 95 % ranges."""
    print(f"{result.items:,} items of “{result.catalog}”. {result.split}")
    if result.excluded:
        print(f"{result.excluded:,} items left out: they or their style were learned from.")
    for name, scores in result.models.items():
        print(f"\n{name}{' (ranks)' if name == result.promoted else ''}")
        for metric, label in LABELS.items():
            value, low, high = (
                format_metric(metric, scores[metric][k], result.unit)
                for k in ("value", "low", "high")
            )
            print(f"  {label:58} {value:>14}   ({low} to {high})")
        for metric, label in WEEKLY.items() if name in result.weekly else ():
            value, low, high = (
                format_metric(metric, result.weekly[name][metric][k], result.unit)
                for k in ("value", "low", "high")
            )
            print(f"  {label:58} {value:>14}   ({low} to {high})")
        for fold in result.folds.get(name, []):
            if fold["split"] == "forward":
                value, low, high = (
                    format_metric("", fold["spearman"][k]) for k in ("value", "low", "high")
                )
                print(
                    f"  {fold['label']}: Spearman {value} ({low} to {high}) on"
                    f" {fold['scored_on']:,} items"
                    + (
                        f", WAPE week by week {format_metric('wape', fold['weekly_wape']['value'])}"
                        if "weekly_wape" in fold
                        else ""
                    )
                )


if __name__ == "__main__":
    run(main)
