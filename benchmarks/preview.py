"""Seconds of the try-on preview, stage by stage, for a top, trousers and a dress.

    python benchmarks/preview.py [--threads 2] [--rounds 5] [--photo FILE]

One process, threads fixed, everything loaded before the clock starts. Each figure is the median of
the rounds: seconds on the clock, and seconds of processor time in brackets, which other work on the
machine lengthens less. The person is prepared once; lines with a dash are parts of "prepare".
"""

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
import torch
from PIL import Image

from core.catalog.catalog import load_catalog
from core.checkpoints import best_parser
from core.tryon.bare import bare
from core.tryon.body import Body
from core.tryon.category import guess_category
from core.tryon.cutout import read_garment
from core.tryon.engine import CATEGORIES
from core.tryon.fit import fit
from core.tryon.landmarks import measure
from core.tryon.model_shot import worn_part
from core.tryon.people import PEOPLE_DIR, Person
from core.tryon.preview import PreviewEngine
from core.tryon.warp import warp
from core.vision.images import open_image
from core.vision.keypoints import keypoints
from core.vision.parsing import HumanParser


class Clock:
    """Wall and processor seconds by stage."""

    def __init__(self) -> None:
        self.found: dict[str, list[tuple[float, float]]] = {}

    def time(self, stage: str, work: Callable[..., Any], *inputs: Any) -> Any:
        """Do some work and note how long it took."""
        wall, used = time.perf_counter(), time.process_time()
        answer = work(*inputs)
        taken = (time.perf_counter() - wall, time.process_time() - used)
        self.found.setdefault(stage, []).append(taken)
        return answer

    def table(self, title: str) -> None:
        """Print the medians; stages whose names begin with a dash are parts of the one before."""
        sums = [0.0, 0.0]
        print(title)
        for stage, taken in self.found.items():
            medians = [statistics.median(t[k] for t in taken) for k in (0, 1)]
            if not stage.startswith(("-", "(")):
                sums = [a + b for a, b in zip(sums, medians, strict=True)]
            print(f"  {stage:12s} {medians[0]:.3f} ({medians[1]:.3f})")
        print(f"  {'together':12s} {sums[0]:.3f} ({sums[1]:.3f})", flush=True)


def encode(picture: np.ndarray) -> bytes:
    """PNG as the studio keeps it."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", compress_level=3)
    return out.getvalue()


def main(argv: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--photo", type=Path, default=PEOPLE_DIR / "sofia.webp")
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    human, engine = HumanParser(best_parser()), PreviewEngine()
    photo = open_image(args.photo)
    print(f"{args.threads} threads, {args.rounds} rounds, person {photo.width} x {photo.height}")
    prepare = Clock()
    for turn in range(args.rounds + 1):
        clock = prepare if turn else Clock()
        parse = clock.time("parse", human.parse, photo)
        points = clock.time("keypoints", keypoints, parse)
    prepare.table("person, once")
    person = Person("person", "Person", np.asarray(photo), parse, points[:, :2])
    catalog = load_catalog("data/demo")
    for category in CATEGORIES:
        rows = [row for row in range(len(catalog))
                if guess_category(catalog.frame["category"].iloc[row]) == category]  # fmt: skip
        found = Clock()
        for turn, row in enumerate(rows[: args.rounds + 1]):
            clock = found if turn else Clock()
            cut = clock.time("cut-out", read_garment, catalog.image_paths(row)[0])
            prepared = clock.time("prepare", engine.prepare, person, cut, category)
            garment = clock.time("- person?", worn_part, cut, category)
            shape = clock.time("- measure", measure, garment, category)
            body = Body(person)
            fitted = clock.time("- fit", fit, shape, body)
            clock.time("- warp", warp, garment, shape, fitted, parse.shape)
            clock.time("(undress)", bare, person, body, category)
            picture = clock.time("compose", engine.run, prepared)[0]
            clock.time("encode", encode, picture)
        found.table(f"each further garment, {category}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
