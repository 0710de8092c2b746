"""Photos a second through each embedded vision model, in float32 and bfloat16, batch sizes swept.

    python benchmarks/vision_models.py [--threads 2] [--catalog DIR] [--batches 1 4 16 64]

Each figure is the median of five passes of the network alone over real photos of the catalog that
are prepared before the clock starts. "Agreement" compares bfloat16 with float32 on these photos:
the lowest cosine of CLIP vectors, the share of equal pixels or of equal captions.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import (
    CLIPImageProcessorPil,
    CLIPModel,
    SegformerImageProcessorPil,
    UperNetForSemanticSegmentation,
    VisionEncoderDecoderModel,
    ViTImageProcessorPil,
)

from core.catalog.catalog import load_catalog
from core.checkpoints import best_captioner, best_clip, best_cutout, best_parser
from core.vision.images import open_image

ROUNDS = 5
TOKENS = 8
"""Tokens that the captioner writes a photo in this benchmark, whatever it wants to say."""


def clip(folder: Path) -> tuple[Callable[[Tensor], Tensor], CLIPImageProcessorPil]:
    """Unit vectors (n, d)."""
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval()

    def run(pixels: Tensor) -> Tensor:
        return F.normalize(model.get_image_features(pixel_values=pixels).pooler_output.float())

    return run, CLIPImageProcessorPil.from_pretrained(folder)


def segmentation(folder: Path) -> tuple[Callable[[Tensor], Tensor], SegformerImageProcessorPil]:
    """Class of each pixel (n, h, w)."""
    model = UperNetForSemanticSegmentation.from_pretrained(folder, dtype=torch.float32).eval()
    model = model.to(memory_format=torch.channels_last)

    def run(pixels: Tensor) -> Tensor:
        return model(pixels.to(memory_format=torch.channels_last)).logits.argmax(1)

    return run, SegformerImageProcessorPil.from_pretrained(folder)


def captioner(folder: Path) -> tuple[Callable[[Tensor], Tensor], ViTImageProcessorPil]:
    """Token ids (n, TOKENS + 1), written greedily."""
    model = VisionEncoderDecoderModel.from_pretrained(folder, dtype=torch.float32).eval()

    def run(pixels: Tensor) -> Tensor:
        return model.generate(
            pixels, max_new_tokens=TOKENS, min_new_tokens=TOKENS, do_sample=False, num_beams=1
        )

    return run, ViTImageProcessorPil.from_pretrained(folder)


def agreement(name: str, exact: Tensor, rough: Tensor) -> float:
    """How far bfloat16 agrees with float32, 0..1."""
    if name == "clip":
        return float((exact * rough).sum(1).min())
    same = exact == rough
    return float((same.all(1) if name == "captioner" else same).float().mean())


def main(argv: list[str] | None = None) -> int:
    """Print a table of photos a second."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--catalog", default="data/demo")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 16, 64])
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    catalog = load_catalog(args.catalog)
    paths = [p[0] for row in range(len(catalog)) if (p := catalog.image_paths(row))]
    photos = [open_image(path) for path in paths[: max(args.batches)]]
    print(f"{args.threads} threads, {len(photos)} photos; photos/s at batch sizes {args.batches}")
    for name, folder, load in (
        ("clip", best_clip(), clip),
        ("parser", best_parser(), segmentation),
        ("cut-out", best_cutout(), segmentation),
        ("captioner", best_captioner(), captioner),
    ):
        run, processor = load(folder)
        pixels = processor(photos, return_tensors="pt")["pixel_values"]
        answers = []
        for precision in ("float32", "bfloat16"):
            speeds = []
            for size in args.batches:
                batch = pixels[:size]
                with (
                    torch.inference_mode(),
                    torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"),
                ):
                    answer, times = run(batch), []
                    for _ in range(ROUNDS):
                        start = time.perf_counter()
                        run(batch)
                        times.append(time.perf_counter() - start)
                speeds.append(f"{len(batch) / statistics.median(times):7.1f}")
            answers.append(answer)
            print(f"{name:10s} {precision:9s} {' '.join(speeds)}", flush=True)
        print(f"{name:10s} agreement {agreement(name, *answers):.4f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
