"""How far each of OOTDiffusion's samplers ends from the same run with 100 steps.

    python benchmarks/ootd_samplers.py GOLDEN_DIR [--steps 8 10 12 15 20 30]

GOLDEN_DIR holds recorded runs and tiny random weights (see `scripts/check_ootd_parity.py`). These
are not the published weights: the figures tell how the samplers solve the same equation, not what
pictures look like.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import torch  # noqa: E402 - after the path is set
from safetensors.torch import load_file  # noqa: E402

from core.tryon.ootd_pipeline import OotdPipeline, Step  # noqa: E402
from core.tryon.ootd_sampler import SAMPLERS  # noqa: E402
from core.tryon.ootd_weights import Folders  # noqa: E402

REFERENCE = 100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("goldens", metavar="GOLDEN_DIR", type=Path)
    parser.add_argument("--steps", type=int, nargs="+", default=[8, 10, 12, 15, 20, 30])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[tuple[str, int], list[float]] = {}
    count = 0
    for file in sorted((chosen.goldens / "pipeline").glob("*_n1_*.json")):
        case = json.loads(file.read_text())
        tensors = load_file(file.with_suffix(".safetensors"))
        weights = chosen.goldens / "tiny_ckpt"
        pipeline = OotdPipeline(
            Folders(
                weights / "ootd",
                weights / "clip-vit-large-patch14",
                case["model_type"],
                "scheduler_dpmk",
            )
        )
        given = [
            tensors[f"in_{name}"].numpy() for name in ("garment", "masked_person", "person", "mask")
        ]
        count += 1

        def end(
            sampler: str,
            steps: int,
            pipeline: OotdPipeline = pipeline,
            case: dict = case,
            given: list = given,
        ) -> torch.Tensor:
            told: list[Step] = []
            pipeline.dress(
                *given,
                case["category"],
                steps=steps,
                scale=case["image_guidance_scale"],
                seed=case["seed"],
                sampler=sampler,
                on_step=told.append,
            )
            return told[-1].latents

        reference = end("published", REFERENCE)
        for sampler in SAMPLERS:
            for steps in chosen.steps:
                apart = (end(sampler, steps) - reference).std() / reference.std()
                found.setdefault((sampler, steps), []).append(100 * apart.item())
    print(f"{count} runs, Karras noise levels; distance of the last latents from {REFERENCE} steps,"
          " % of their spread: median (smallest to largest)")  # fmt: skip
    for (sampler, steps), shares in found.items():
        print(f"{sampler:10} {steps:3} steps: {statistics.median(shares):.1f}"
              f" ({min(shares):.1f} to {max(shares):.1f})")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
