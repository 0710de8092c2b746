"""Say what a model's prediction for one item is made of."""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.catalog import Catalog, load_catalog
from core.checkpoints import clip_by_id
from core.errors import FashionError
from core.explain.evidence import Evidence, evidence
from core.explain.linear import explain
from core.explain.maps import PhotoMap, image_scalar, load_score, photo_map
from core.explain.maps_tower import VisionTower
from core.explain.past import Past
from core.popularity.additive import BlockModel
from core.popularity.ranking import load_model, rank
from core.popularity.scoreboard import load_scoreboard
from core.popularity.vectors import stored_vectors
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", required=True, help="catalog directory (data/ is the demo)")
    parser.add_argument("--model_dir", required=True, help="folder of trained models")
    parser.add_argument("--item", required=True, metavar="ID", help="item id")
    parser.add_argument("--model", help="which model (default: the one that ranks)")
    parser.add_argument("--json", metavar="FILE", help="also write the explanation to this file")
    parser.add_argument(
        "--past", metavar="DIR", help="catalog with known sales to compare with (default: the same)"
    )
    parser.add_argument(
        "--map",
        metavar="FILE",
        help="also write a PNG of the photo: teal lifts the prediction, orange lowers it",
    )
    args = parser.parse_args(argv)
    file = ""
    try:
        catalog = load_catalog(args.data_dir)
        board = load_scoreboard(args.model_dir)
        model = load_model(args.model_dir, args.model)
        row = catalog.row(args.item)
        ranked = rank(catalog, args.model_dir, args.model)  # reads the photos where a model must
        line = ranked[ranked["item_id"] == args.item].iloc[0]
        explanation = explain(model, catalog, row)
        learned = line["basis"] == "out_of_fold"
        found = _evidence(catalog, row, load_catalog(args.past) if args.past else catalog)
        drawn = _map(model, catalog, row) if args.map else None
        if drawn:
            file = args.map
            drawn.overlay().save(file, "PNG")
        if args.json:
            file = args.json
            values = explanation.to_json() | {
                "unit": board.unit,
                "trained_on": board.catalog,
                "data_hash": board.data_hash,
                "date": board.date,
                "out_of_fold": float(line["predicted"]) if learned else None,
                "evidence": found.to_json() if found else None,
                "map": drawn.to_json() if drawn else None,
            }
            text = json.dumps(values, ensure_ascii=False, indent=1)
            Path(args.json).write_text(text + "\n", encoding="utf-8")
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        print(f"The explanation cannot be written to {file} ({reason}).", file=sys.stderr)
        return 2
    print(
        f"Item {explanation.item_id}, {explanation.model} model: about"
        f" {explanation.predicted:,.0f} {board.unit}"
        f" ({explanation.low:,.0f} to {explanation.high:,.0f} in 90 of 100 cases);"
        f" the average item: {explanation.base_units:,.0f}."
    )
    if learned:
        print(
            "This model learned from the item too. The ranking shows about"
            f" {line['predicted']:,.0f}, by a model that had not seen it."
        )
    for part in explanation.ordered():
        print(f"  x {part.factor:5.2f}  {part.player}: {part.shown}")
    print(f"The parts add up to the prediction within {explanation.gap:.1e} log units.")
    for kind in found.kinds if found else ():
        if kind.items:
            print(
                f"The {len(kind.items)} closest past items by {kind.by} sold {kind.low:,.0f} to"
                f" {kind.high:,.0f} {board.unit}, half of them over {kind.median:,.0f}"
                f"{'; none of them is near' if kind.is_near is False else ''}."
            )
    if drawn:
        score = load_score()
        print(
            f"The map adds up to the photo's part within {drawn.gap:.1e} log units. On"
            f" {score.photos:,} photos new to the model, such maps beat random ones by"
            f" {score.value:.2f} ({score.low:.2f} to {score.high:.2f}) standard deviations of its"
            " numbers (insertion minus deletion)."
        )
    print("They say what goes with more or fewer sales in the past, not what causes them.")
    return 0


def _map(model: BlockModel, catalog: Catalog, row: int) -> PhotoMap:
    """The map of the item's photo by the CLIP checkpoint that the model reads photos by.

    Raises:
        ModelError, ImageError, CheckpointMissing: there is no map of it.
    """
    image_scalar(model, catalog, row)  # before a checkpoint is looked for
    return photo_map(model, catalog, row, VisionTower(clip_by_id(model.checkpoint)))


def _evidence(catalog: Catalog, row: int, past: Catalog) -> Evidence | None:
    """The closest past items; None where the catalog of the past knows no sales."""
    target = past.target()
    if target is None or target.isna().all():
        return None
    vectors = stored_vectors(catalog)
    photo = None if vectors is None else vectors[row]
    own = vectors if past is catalog else stored_vectors(past)
    return evidence(Past.of(past, own), catalog, row, photo)


if __name__ == "__main__":
    run(main)
