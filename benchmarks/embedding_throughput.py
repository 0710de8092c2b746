"""Photos and texts a second through the best CLIP on this machine, and a search among vectors.

    python benchmarks/embedding_throughput.py [--threads 1 2] [--catalog DIR]

Each figure is the median of five rounds over the photos of the catalog, decoded before the clock
starts ("model") and from the files ("with decoding").
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from core.catalog.catalog import load_catalog
from core.checkpoints import best_clip
from core.vision.clip import ClipEncoder
from core.vision.images import open_image
from core.vision.search import top_k

ROUNDS = 5
PHOTOS = 256
SEARCHED = ((20_000, "a large catalog"), (200_000, "ten of them"))


def median_seconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, os.cpu_count() or 1])
    parser.add_argument("--catalog", default="data/demo")
    args = parser.parse_args(argv)
    import torch

    catalog = load_catalog(args.catalog)
    start = time.perf_counter()
    encoder = ClipEncoder(best_clip())
    print(f"{encoder.checkpoint_id}: imported and loaded in {time.perf_counter() - start:.1f} s")
    paths = [p[0] for row in range(len(catalog)) if (p := catalog.image_paths(row))][:PHOTOS]
    photos = [open_image(path) for path in paths]
    texts = [f"a photo of item {i}" for i in range(PHOTOS)]
    for threads in dict.fromkeys(args.threads):
        torch.set_num_threads(threads)
        model = median_seconds(lambda: encoder.images(photos))
        whole = median_seconds(lambda: encoder.images([open_image(path) for path in paths]))
        words = median_seconds(lambda: encoder.texts(texts))
        print(
            f"{threads} thread(s), {photos[0].width} x {photos[0].height} photos:"
            f" {len(photos) / model:.0f} photos/s model, {len(photos) / whole:.0f} photos/s with"
            f" decoding, {len(texts) / words:.0f} texts/s"
        )
    rng = np.random.default_rng(0)
    for count, meaning in SEARCHED:
        vectors = rng.normal(size=(count, encoder.dimensions)).astype(np.float16)
        one = median_seconds(lambda v=vectors: top_k(v, v[0], 50))
        print(f"search, 50 best of {count:,} ({meaning}): {one * 1000:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
