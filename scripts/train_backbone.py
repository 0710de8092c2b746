"""Train the convolutional backbone: the parser starts from it, the embedded CLIP learns from it.

A transformers ResNet is trained from nothing to tell the labels of the same photos that CLIP is
trained on (type, colour, gender, usage ...). What CLIP is scored on is left out: about 1,000
products, those that show the same photo, and 500 photos of the clothing data set. A run that was
stopped goes on where its last epoch ended.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import ResNetConfig, ResNetModel

from core.errors import FashionError
from scripts.clip_data import (
    OWN_HELD_OUT,
    Examples,
    TrainingSet,
    doubles,
    held_out_ids,
    held_out_own_photos,
    own_photos,
    products,
    read_own_photos,
    read_styles,
    rendered,
)
from scripts.command import run

HEIGHT, WIDTH = 128, 96
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
RATE, WEIGHT_DECAY, WARMUP, SMOOTHING = 2e-3, 0.05, 0.05, 0.1
MIXED = 0.5
"""Share of batches whose photos are mixed in pairs by CutMix (Yun et al. 2019)."""


class Backbone(nn.Module):
    """A small ResNet with one linear head for each label."""

    def __init__(self, levels: dict[str, list[str]]) -> None:
        super().__init__()
        self.net = ResNetModel(
            ResNetConfig(
                embedding_size=48,
                hidden_sizes=[48, 96, 192, 256],
                depths=[2, 2, 2, 2],
                layer_type="basic",
            )
        )
        self.levels = levels
        self.heads = nn.ModuleList(nn.Linear(256, len(v)) for v in levels.values())

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Logits (n, levels) of each label for normalised pixels (n, 3, h, w)."""
        pooled = self.net(pixels).pooler_output.flatten(1).float()
        return [head(F.dropout(pooled, 0.2, self.training)) for head in self.heads]

    def save(self, folder: Path) -> None:
        """Write ``model/`` in the library's layout, ``heads.safetensors`` and ``labels.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.net.save_pretrained(folder / "model")
        save_file(
            {k: v.cpu().contiguous() for k, v in self.heads.state_dict().items()},
            folder / "heads.safetensors",
        )
        (folder / "labels.json").write_text(json.dumps(self.levels))

    @classmethod
    def load(cls, folder: Path) -> "Backbone":
        """Read what `save` wrote."""
        made = cls(json.loads((folder / "labels.json").read_text()))
        made.net = ResNetModel.from_pretrained(folder / "model", dtype=torch.float32)
        made.heads.load_state_dict(load_file(folder / "heads.safetensors"))
        return made


def normalised(pixels: Tensor) -> Tensor:
    """uint8 or 0..1 pixels (n, 3, h, w) as the backbone takes them."""
    image = pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels
    mean, std = (torch.tensor(x, device=image.device).view(3, 1, 1) for x in (MEAN, STD))
    image = (image - mean) / std
    return image.contiguous(memory_format=torch.channels_last)


def augmented(
    pixels: Tensor, generator: torch.Generator, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> Tensor:
    """Flip, crop, turn, change light; pixels 0..1 (n, 3, *size)."""
    n = len(pixels)

    def draw(low: float, high: float) -> Tensor:
        return torch.rand(n, generator=generator) * (high - low) + low

    scale, angle, stretch = draw(0.75, 1.1), draw(-0.12, 0.12), draw(0.9, 1.1)
    flip = torch.sign(draw(-1, 1))
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = scale * stretch * flip * angle.cos()
    theta[:, 0, 1] = -scale * angle.sin()
    theta[:, 1, 0] = scale * flip * angle.sin()
    theta[:, 1, 1] = scale * angle.cos()
    room = (1 - scale).abs() + 0.06
    theta[:, 0, 2], theta[:, 1, 2] = draw(-1, 1) * room, draw(-1, 1) * room
    grid = F.affine_grid(theta, [n, 3, *size], align_corners=False)
    image = F.grid_sample(pixels.float() / 255, grid, align_corners=False, padding_mode="border")
    image = (image - 0.5) * draw(0.85, 1.15).view(-1, 1, 1, 1) + 0.5
    return (image * draw(0.85, 1.15).view(-1, 1, 1, 1)).clamp(0, 1)


def mixed(images: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor, float]:
    """Paste a box of a partner photo into each; images, partners (n) and the share kept."""
    partner = torch.from_numpy(rng.permutation(len(images)))
    side = math.sqrt(rng.beta(1.0, 1.0))
    height, width = images.shape[2:]
    h, w = int(height * side), int(width * side)
    top, left = rng.integers(height - h + 1), rng.integers(width - w + 1)
    out = images.clone()
    out[:, :, top : top + h, left : left + w] = images[partner, :, top : top + h, left : left + w]
    return out, partner, 1 - h * w / (height * width)


def gather(args: argparse.Namespace) -> tuple[TrainingSet, Examples]:
    """The training set of the sources that were named, and the products held out."""
    cache = args.work / "images"
    shop, ids = products(args.products, cache)
    away = np.isin(ids, held_out_ids(read_styles(args.products), args.held_out, args.seed))
    rest = np.flatnonzero(away)
    again = doubles(shop.images, shop.images[rest])
    sources = [_part(shop, np.flatnonzero(~away & ~again))]
    if args.own_photos:
        own = held_out_own_photos(read_own_photos(args.own_photos), OWN_HELD_OUT, args.seed)
        sources.append(own_photos(args.own_photos, cache, without=own))
    sources += [rendered(catalog, cache) for catalog in args.catalog]
    return TrainingSet(sources), _part(shop, rest)


def _part(examples: Examples, rows: np.ndarray) -> Examples:
    return Examples(
        examples.images[rows],
        [examples.names[i] for i in rows],
        examples.labels.iloc[rows].reset_index(drop=True),
    )


def score(model: Backbone, held_out: Examples) -> dict[str, float]:
    """Accuracy on the products held out, by label, each among its 25 levels most frequent there."""
    found: list[list[Tensor]] = []
    model.eval()
    for start in range(0, len(held_out.names), 100):
        photos = torch.from_numpy(np.ascontiguousarray(held_out.images[start : start + 100]))
        photos = F.interpolate(
            photos.permute(0, 3, 1, 2).float() / 255, (HEIGHT, WIDTH), mode="area"
        )
        with torch.inference_mode():
            logits = model(normalised(photos.to(model.heads[0].weight.device)))
            found.append([part.cpu() for part in logits])
    scores = {}
    for i, (name, levels) in enumerate(model.levels.items()):
        if name not in held_out.labels:
            continue
        guess = np.array(levels)[torch.cat([part[i] for part in found]).argmax(1).numpy()]
        truth = held_out.labels[name]
        among = truth.isin(truth.value_counts().index[:25]).to_numpy()
        scores[name] = round(float((guess == truth.to_numpy())[among].mean()), 4)
    model.train()
    return scores


def train(args: argparse.Namespace) -> None:
    """Train, saving state and weights after every epoch."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    data, held_out = gather(args)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = Backbone(data.levels).to(device, memory_format=torch.channels_last).train()
    steps = len(data) // args.batch * args.epochs
    decayed = [w for w in model.parameters() if w.ndim > 1]
    plain = [w for w in model.parameters() if w.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0}],
        lr=RATE,
    )
    first, state_file = 0, args.work / "backbone_state.pt"
    if state_file.is_file():
        state = torch.load(state_file, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["epoch"]
    codes = torch.from_numpy(data.codes[:, 1:])
    print(f"{len(data)} photos, {sum(w.numel() for w in model.parameters()):,} weights", flush=True)
    done = first * (len(data) // args.batch)
    for epoch in range(first, args.epochs):
        rng = np.random.default_rng([args.seed, epoch])
        generator = torch.Generator().manual_seed(args.seed * 1000 + epoch)
        began, losses = time.time(), []
        order = rng.permutation(len(data))
        for start in range(0, len(order) - args.batch + 1, args.batch):
            rows = order[start : start + args.batch]
            images = augmented(data.pixels(rows), generator).to(device)
            truth, share = [codes[rows]], 1.0
            if rng.random() < MIXED:
                images, partner, share = mixed(images, rng)
                truth.append(codes[rows][partner])
            progress = done / steps
            rate = RATE * min(1.0, progress / WARMUP) * 0.5 * (1 + math.cos(math.pi * progress))
            for group in optimizer.param_groups:
                group["lr"] = max(rate, 1e-6)
            with torch.autocast(device, torch.bfloat16):
                logits = model(normalised(images))
            loss = torch.zeros((), device=device)
            for labels, weight in zip(truth, (share, 1 - share), strict=False):
                for i, part in enumerate(logits):
                    loss = loss + weight / len(rows) * F.cross_entropy(
                        part.float(),
                        labels[:, i].to(device),
                        ignore_index=-1,
                        label_smoothing=SMOOTHING,
                        reduction="sum",
                    )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            losses.append(float(loss.detach()))
            done += 1
            if len(losses) % 20 == 0:
                speed = len(losses) * args.batch / (time.time() - began)
                print(
                    f"epoch {epoch + 1}/{args.epochs} step {len(losses)}"
                    f" loss {np.mean(losses[-20:]):.3f} {speed:.0f} photos/s",
                    flush=True,
                )
        torch.save(
            {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "epoch": epoch + 1,
            },
            state_file,
        )
        model.save(args.out)
        print(f"epoch {epoch + 1} held out: {score(model, held_out)}", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=Path, required=True, help="folder with styles.csv")
    parser.add_argument("--own-photos", type=Path, help="folder with images.csv and images/")
    parser.add_argument("--catalog", type=Path, nargs="*", default=[], help="rendered catalogs")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the weights to")
    parser.add_argument("--work", type=Path, required=True, help="folder for caches and state")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--held-out", type=int, default=1000, help="products never trained on")
    args = parser.parse_args(argv)
    try:
        args.work.mkdir(parents=True, exist_ok=True)
        train(args)
    except (FashionError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    run(main)
