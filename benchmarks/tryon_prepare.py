"""Milliseconds to find the body in a photo: the parser, the points, and all of `read_person`.

    python benchmarks/tryon_prepare.py [--threads 2] [--rounds 7] [PHOTO ...]

Without photos, the demo models at their own size and one of them enlarged to 12 megapixels. Each
figure is the median of some rounds after one that is not counted, with the quickest and slowest.
Models are loaded before the clock starts. Wall time depends on what else runs, so the processor's
time is given beside it.
"""

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from PIL import Image

from core.tryon.people import SEEN_SIDE, people, read_person
from core.vision.bodies import body_finder
from core.vision.images import open_image

LARGE = (3000, 4000)
"""Width and height of the large photo."""


def timed(work: Callable[[], object], rounds: int) -> str:
    """Median, quickest and slowest wall time, and the median processor time (ms)."""
    work()
    wall, busy = [], []
    for _ in range(rounds):
        start, used = time.perf_counter(), time.process_time()
        work()
        wall.append(1000 * (time.perf_counter() - start))
        busy.append(1000 * (time.process_time() - used))
    low, middle, high = min(wall), statistics.median(wall), max(wall)
    return f"{middle:6.0f} ({low:.0f}-{high:.0f}), processor {statistics.median(busy):.0f}"


def main() -> None:
    """Print one block of lines for each photo."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    photos: dict[str, bytes] = {p.name: p.read_bytes() for p in chosen.photos}
    if not photos:
        demo = [listed.image for listed in people()]
        photos = {p.name: p.read_bytes() for p in demo[:2]}
        large = io.BytesIO()
        open_image(demo[0]).resize(LARGE).save(large, "JPEG", quality=90)
        photos[f"{demo[0].name} enlarged"] = large.getvalue()
    finder = body_finder()
    for name, content in photos.items():
        seen = open_image(content)
        size = seen.size
        seen.thumbnail((SEEN_SIDE, SEEN_SIDE), Image.Resampling.BILINEAR)
        parse = finder.parser.parse(seen)
        print(f"{name}, {size[0]} x {size[1]}, {chosen.threads} threads, ms")
        print(f"  parse        {timed(lambda s=seen: finder.parser.parse(s), chosen.rounds)}")
        points = timed(lambda s=seen, p=parse: finder.pose.points(s, p), chosen.rounds)
        print(f"  points       {points}")
        print(f"  both         {timed(lambda s=seen: finder.find(s), chosen.rounds)}")
        print(f"  read_person  {timed(lambda c=content: read_person(c), chosen.rounds)}")


if __name__ == "__main__":
    main()
