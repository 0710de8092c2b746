"""Train the popularity models on a catalog: score them honestly, refit them, write them."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.catalog import load_catalog
from core.errors import FashionError
from core.popularity.card import coverage_text, finding_text, format_metric
from core.popularity.scoreboard import AT_LAUNCH, Scoreboard
from core.popularity.training import MODELS, train
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", required=True, help="catalog directory (data/ is the demo)")
    parser.add_argument("--model_dir", required=True, help="folder to write the models into")
    parser.add_argument(
        "--models",
        nargs="+",
        metavar="MODEL",
        help=f"which: {' '.join(MODELS)} (default: all that the catalog allows); two or more are"
        " also blended",
    )
    parser.add_argument("--target", metavar="COL", help="column to learn, if not the target role's")
    parser.add_argument(
        "--include-post-launch",
        action="store_true",
        help="also learn from ratings, reviews and other columns known only after launch, to rank"
        " what already sells; the scores without them are on lines of their own",
    )
    args = parser.parse_args(argv)
    try:
        board = train(
            load_catalog(args.data_dir),
            args.model_dir,
            models=args.models,
            target=args.target,
            include_post_launch=args.include_post_launch,
            on_progress=lambda share, message: print(f"{share:4.0%}  {message}", flush=True),
        )
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        print(f"The models cannot be written to {args.model_dir} ({reason}).", file=sys.stderr)
        return 2
    print_scoreboard(board)
    print(f"Models, cards and scoreboard: {args.model_dir}")
    return 0


def _words(name: str) -> str:
    """A line's name; models without post-launch columns are told apart."""
    model = name.removesuffix(AT_LAUNCH)
    return name if model == name else f"{model}, columns known at launch only:"


def print_scoreboard(board: Scoreboard) -> None:
    """The scores that matter, one line a model."""
    print(f"\n{board.items:,} items with {board.target}. {board.split}")
    for name, scores in board.models.items():
        shown = scores.headline
        spearman = shown["spearman"]
        value, low, high = (format_metric("", spearman[k]) for k in ("value", "low", "high"))
        right = format_metric("pairwise_accuracy", shown["pairwise_accuracy"]["value"])
        covered = format_metric("coverage_90", shown["coverage_90"]["value"])
        mark = "  <- ranks" if name == board.promoted else ""
        print(
            f"{_words(name):10} Spearman {value} ({low} to {high}), {right} of pairs in the right"
            f" order, 90 % interval holds {covered}{mark}"
        )
        for fold in scores.folds:
            if fold["split"] == "forward":
                value, low, high = (
                    format_metric("", fold["spearman"][k]) for k in ("value", "low", "high")
                )
                print(
                    f"{'':10}   {fold['label']}: Spearman {value} ({low} to {high}) on"
                    f" {fold['scored_on']:,} items"
                )
        print(f"{'':10} Intervals: {coverage_text(scores)}")
        if scores.note:
            print(f"{'':10} {scores.note}")
    for finding in board.findings or []:
        print(finding_text(finding))
    for name, why in board.skipped.items():
        print(f"{name:10} left out: {why}")


if __name__ == "__main__":
    run(main)
