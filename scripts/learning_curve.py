"""Score trained models after learning from fewer items, to see whether more would help."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.catalog import load_catalog
from core.errors import FashionError
from core.popularity.learning_curve import DRAWS, FILE, LearningCurve, compute_learning_curve
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", required=True, help="the catalog that they were trained on")
    parser.add_argument("--model_dir", required=True, help=f"trained models; {FILE} is put there")
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="which of them (all)")
    parser.add_argument(
        "--draws", type=int, default=DRAWS, metavar="N", help=f"samples a share ({DRAWS})"
    )
    args = parser.parse_args(argv)
    if args.draws < 1:
        parser.error("--draws must be at least 1")
    try:
        curve = compute_learning_curve(
            load_catalog(args.data_dir),
            args.model_dir,
            models=args.models,
            draws=args.draws,
            on_progress=lambda share, message: print(f"{share:4.0%} {message}", flush=True),
        )
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"The curve cannot be written ({error.strerror or error}).", file=sys.stderr)
        return 2
    print_curve(curve)
    return 0


def print_curve(curve: LearningCurve) -> None:
    """Rank correlation by model and share, lowest and highest of the draws."""
    what = "the last season" if curve.split == "forward" else "held-out styles, part"
    print(f"\nRank correlation on {what} {curve.label} ({curve.scored_on:,} items)")
    for name, share in dict.fromkeys((p.model, p.share) for p in curve.points):
        own = [p for p in curve.points if (p.model, p.share) == (name, share)]
        values = [p.spearman for p in own if p.spearman is not None]
        items = round(sum(p.items for p in own) / len(own))
        shown = f"{sum(values) / len(values):.2f}" if values else "not defined"
        spread = f"   ({min(values):.2f} to {max(values):.2f})" if len(values) > 1 else ""
        print(f"  {name:8} {share:4.0%}  {items:>8,} items   {shown}{spread}")


if __name__ == "__main__":
    run(main)
