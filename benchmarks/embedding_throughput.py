"""Photos and texts a second through a CLIP on this machine, and a search among vectors.

    python benchmarks/embedding_throughput.py [--threads 2] [--photos DIR] [--checkpoint DIR]

The photos of a folder are embedded by the plain loop (open one, prepare it, run the model, next)
and as the dashboard does it (threads that each open photos and run the model on them), in float32
and in bfloat16, with batches of several sizes. Figures are medians of some rounds, taken in turns
in one process; vectors are compared with those of the plain loop.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import Image

from core.checkpoints import best_clip
from core.vision.clip import ClipEncoder
from core.vision.embeddings import embed_files
from core.vision.search import top_k

BATCHES = (8, 32, 64)
SEARCHED = ((20_000, "a large catalog"), (200_000, "ten of them"))


def plain_loop(directory: Path) -> Callable[[list[Path]], np.ndarray]:
    """Embed photos as the first example of transformers does: one after another."""
    import torch
    from transformers import CLIPImageProcessorPil, CLIPModel

    model = CLIPModel.from_pretrained(directory, dtype=torch.float32).eval()
    processor = CLIPImageProcessorPil.from_pretrained(directory)

    def embed(paths: list[Path]) -> np.ndarray:
        found = []
        for path in paths:
            inputs = processor(Image.open(path).convert("RGB"), return_tensors="pt")
            with torch.inference_mode():
                vector = model.get_image_features(**inputs).pooler_output[0].numpy()
            found.append(vector / np.linalg.norm(vector))
        return np.stack(found)

    return embed


def folder_embedder(encoder: ClipEncoder, batch: int) -> Callable[[list[Path]], np.ndarray]:
    """Embed photos as `embed_catalog` does."""

    def embed(paths: list[Path]) -> np.ndarray:
        parts = embed_files(paths, encoder, batch)
        return np.array([vector for part in parts for vector in part])

    return embed


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(argv: list[str] | None = None) -> int:
    """Print the figures; 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--photos", type=Path, default=Path("data/demo/images"))
    parser.add_argument("--count", type=int, default=256, help="photos of the folder, at most")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--checkpoint", type=Path, help="CLIP directory (default: the best here)")
    args = parser.parse_args(argv)
    import torch

    torch.set_num_threads(args.threads)
    directory = args.checkpoint or best_clip()
    paths = sorted(path for path in args.photos.iterdir() if path.is_file())[: args.count]
    with Image.open(paths[0]) as first:
        shape = f"{first.width} x {first.height} {first.format}"
    encoder, half = ClipEncoder(directory), ClipEncoder(directory, bf16=True)
    print(f"{encoder.checkpoint_id}, {len(paths)} photos ({shape}), {args.threads} threads")
    ways = {"plain loop, float32": plain_loop(directory)}
    for name, some in (("float32", encoder), ("bfloat16", half)):
        for batch in BATCHES:
            ways[f"in threads, {name}, batch {batch}"] = folder_embedder(some, batch)
    vectors = {name: way(paths) for name, way in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(args.rounds):
        for name, way in ways.items():
            times[name].append(seconds(lambda way=way: way(paths)))
    plain = next(iter(ways))
    for name in ways:
        took, base = statistics.median(times[name]), statistics.median(times[plain])
        cosine = (vectors[name] * vectors[plain]).sum(axis=1)
        print(
            f"{name:32s} {len(paths) / took:6.0f} photos/s  {base / took:5.2f} x plain"
            f"  cosine to plain: least {cosine.min():.5f}, median {np.median(cosine):.5f}"
        )
    texts = [f"a photo of item {i}" for i in range(256)]
    took = statistics.median(seconds(lambda: encoder.texts(texts)) for _ in range(args.rounds))
    print(f"{len(texts) / took:.0f} texts/s")
    rng = np.random.default_rng(0)
    for count, meaning in SEARCHED:
        many = rng.normal(size=(count, encoder.dimensions)).astype(np.float16)
        one = statistics.median(seconds(lambda: top_k(many, many[0], 50)) for _ in range(6))  # noqa: B023
        print(f"search, 50 best of {count:,} ({meaning}): {one * 1000:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
