"""Train the small garment cut-out: which pixels of a photo belong to the garment, on any ground.

The model is a transformers UperNetForSemanticSegmentation with a small ResNet, trained from
nothing on scenes that `scripts.cutout_scenes` composes: garments of known outline on plain, graded,
textured and photographed grounds. The first part of training sees small scenes, which are cheap. A
tenth of garments and grounds is left out to score on, and the photos named in `held_out.txt` are
never grounds. A run that was stopped goes on where it last saved.
"""

import argparse
import copy
import math
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    ResNetConfig,
    SegformerImageProcessorPil,
    UperNetConfig,
    UperNetForSemanticSegmentation,
)

from core.errors import FashionError
from scripts.command import run
from scripts.cutout_data import Stock, read_stock
from scripts.cutout_scenes import KINDS, Scenes

SMALL, FULL = 112, 176
"""Square root of the area of the scenes (pixels) in the first part of training, and after."""

SHAPES = (0.75, 0.75, 1.0, 1.33)
"""Width to height of the scenes, drawn for each batch."""

RATE, WEIGHT_DECAY, WARMUP = 2e-3, 0.02, 0.05
SMOOTHING = 0.998
"""Share of the running average of the weights that a step keeps."""


def make_model(labels: tuple[str, str] = ("ground", "garment")) -> UperNetForSemanticSegmentation:
    """An untrained network of about 0.9 million weights."""
    backbone = ResNetConfig(
        embedding_size=24,
        hidden_sizes=[24, 48, 96, 128],
        depths=[1, 1, 2, 1],
        layer_type="basic",
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    config = UperNetConfig(
        backbone_config=backbone,
        hidden_size=40,
        pool_scales=[1, 2, 3, 6],
        use_auxiliary_head=False,
        id2label=dict(enumerate(labels)),
        label2id={name: i for i, name in enumerate(labels)},
    )
    return UperNetForSemanticSegmentation(config)


def make_processor() -> SegformerImageProcessorPil:
    """Normalises; the size is that of a portrait photo, callers keep the photo's own shape."""
    height, width = scene_size(FULL, 0.75)
    return SegformerImageProcessorPil(size={"height": height, "width": width})


def scene_size(side: int, shape: float) -> tuple[int, int]:
    """Height and width, multiples of 8, of about `side` squared pixels; shape = width / height."""
    return tuple(8 * round(side * factor / 8) for factor in (shape**-0.5, shape**0.5))  # type: ignore[return-value]


def loss_of(logits: Tensor, alpha: Tensor) -> Tensor:
    """Cross entropy, heavier at the outline, and the overlap that is missing (soft IoU).

    Args:
        logits: (n, 2, h, w).
        alpha: (n, 1, h, w) 0..1.
    """
    garment = (logits[:, 1:] - logits[:, :1]).float()
    near = F.max_pool2d(alpha, 7, 1, 3) + F.max_pool2d(1 - alpha, 7, 1, 3) - 1
    entropy = F.binary_cross_entropy_with_logits(garment, alpha, weight=1 + 2 * near)
    found = garment.sigmoid()
    both = (found * alpha).sum((1, 2, 3))
    either = (found + alpha - found * alpha).sum((1, 2, 3))
    return entropy + (1 - (both + 1) / (either + 1)).mean()


def divided(stock: Stock, seed: int) -> tuple[Stock, Stock]:
    """Nine tenths of garments and grounds to train on, and the rest."""
    rng = np.random.default_rng(seed)
    pieces, grounds = (rng.random(len(part)) < 0.1 for part in (stock.pieces, stock.grounds))
    if pieces.all() or not pieces.any():
        pieces = np.arange(len(pieces)) == 0
    if grounds.all() or not grounds.any():
        grounds = np.arange(len(grounds)) == 0

    def part(p: np.ndarray, g: np.ndarray) -> Stock:
        return Stock(stock.pieces[p], stock.weights[p], stock.grounds[g])

    return part(~pieces, ~grounds), part(pieces, grounds)


def score(model: nn.Module, stock: Stock, normalise, device: str, count: int) -> dict[str, float]:
    """Mean IoU (alpha above one half) on scenes of the garments left out, by kind of ground."""
    scenes, rng = Scenes(stock, scene_size(FULL, 0.75)), np.random.default_rng(7)
    model.eval()
    found = {}
    for kind in KINDS:
        drawn = [scenes.scene(rng, kind) for _ in range(count)]
        photos = torch.from_numpy(np.stack([photo for photo, _ in drawn])).permute(0, 3, 1, 2)
        truth = np.stack([alpha > 0.5 for _, alpha in drawn])
        with torch.inference_mode():
            logits = model(normalise(photos.float() / 255).to(device)).logits.float().cpu().numpy()
        guess = logits[:, 1] > logits[:, 0]
        both, either = (guess & truth).sum((1, 2)), (guess | truth).sum((1, 2))
        found[kind] = round(float((both / np.maximum(either, 1)).mean()), 4)
    model.train()
    return found


def save(model: UperNetForSemanticSegmentation, away: list[str], out: Path) -> None:
    """Write the directory in the transformers layout, weights in float16."""
    new = out.with_name(f".{out.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    copy.deepcopy(model).half().save_pretrained(new)
    make_processor().save_pretrained(new)
    (new / "held_out.txt").write_text("".join(f"{name}\n" for name in away))
    out.mkdir(parents=True, exist_ok=True)
    for file in new.iterdir():
        file.replace(out / file.name)
    new.rmdir()


def train(args: argparse.Namespace) -> None:
    """Train, saving state and weights as it goes."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    stock, away = read_stock(
        args.products, args.street, args.own_photos, args.rendered, args.work, seed=args.seed
    )
    used, left = divided(stock, args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = make_model().to(device, memory_format=torch.channels_last).train()
    average = copy.deepcopy(model).eval()
    processor = make_processor()
    mean, std = (
        torch.tensor(value).view(1, 3, 1, 1)
        for value in (processor.image_mean, processor.image_std)
    )

    def normalise(pixels: Tensor) -> Tensor:
        return (pixels - mean) / std

    decayed = [w for w in model.parameters() if w.ndim > 1]
    plain = [w for w in model.parameters() if w.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0}],
        lr=RATE,
    )
    first, state_file = 0, args.work / "cutout_state.pt"
    if state_file.is_file():
        state = torch.load(state_file, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    print(f"{len(used.pieces)} garments, {len(used.grounds)} grounds,"
          f" {sum(w.numel() for w in model.parameters()):,} weights, from step {first}",
          flush=True)  # fmt: skip
    began, losses, seen = time.time(), [], 0
    for step in range(first, args.steps):
        rng = np.random.default_rng([args.seed, step])
        side = SMALL if step < args.small * args.steps else FULL
        scenes = Scenes(used, scene_size(side, float(rng.choice(SHAPES))))
        pixels, alpha = scenes.batch(args.batch, rng)
        pixels = normalise(pixels).to(device, memory_format=torch.channels_last)
        progress = step / args.steps
        rate = RATE * min(1.0, progress / WARMUP) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in optimizer.param_groups:
            group["lr"] = max(rate, 1e-5)
        with torch.autocast(device, torch.bfloat16):
            logits = model(pixels).logits
        loss = loss_of(logits, alpha.to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        keep = min(SMOOTHING, (1 + step) / (10 + step))
        with torch.no_grad():
            for kept, new in zip(
                average.state_dict().values(), model.state_dict().values(), strict=True
            ):
                if kept.is_floating_point():
                    kept.lerp_(new, 1 - keep)
        losses.append(float(loss.detach()))
        seen += args.batch
        if (step + 1) % 20 == 0:
            print(f"step {step + 1}/{args.steps} loss {np.mean(losses[-20:]):.3f}"
                  f" {seen / (time.time() - began):.0f} scenes/s", flush=True)  # fmt: skip
        if (step + 1) % args.every == 0 or step + 1 == args.steps:
            torch.save({"model": model.state_dict(), "average": average.state_dict(),
                        "optimizer": optimizer.state_dict(), "step": step + 1},
                       state_file)  # fmt: skip
            save(average, away, args.out)
            scores = score(average, left, normalise, device, args.scored)
            print(f"step {step + 1} left out: {scores}", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=Path, help="folder with styles.csv and images/")
    parser.add_argument("--street", type=Path, help="folder with photos/ and labels/")
    parser.add_argument("--own-photos", type=Path, help="folder with images.csv and images/")
    parser.add_argument("--rendered", type=int, default=700, help="garments to render")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the weights to")
    parser.add_argument("--work", type=Path, required=True, help="folder for stock and state")
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--small", type=float, default=0.6, help="share of steps on small scenes")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--every", type=int, default=100, help="steps between saves")
    parser.add_argument("--scored", type=int, default=32, help="scenes to score on, of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(argv)
    args.work.mkdir(parents=True, exist_ok=True)
    try:
        train(args)
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    run(main)
