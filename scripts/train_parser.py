"""Train the embedded human parser: which pixels of a photo are which garment or part of a body.

A transformers UperNet whose ResNet encoder starts from what `scripts/train_backbone.py` wrote. It
learns from Clothing Co-Parsing, without the photos held out, from the rendered people and garments
of the demo catalog, and from product photos on white, whose background and type say much of their
pixels. The pictures grow in stages. A run that was stopped goes on where its last epoch ended; the
weights (a running mean) are written after every epoch.
"""

import argparse
import math
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    ResNetConfig,
    SegformerImageProcessorPil,
    UperNetConfig,
    UperNetForSemanticSegmentation,
)
from transformers.utils.logging import disable_progress_bar

from core.errors import FashionError
from core.vision.atr import ATR, mirror_ids
from scripts.command import run
from scripts.parser_data import (
    FIGURE,
    IGNORED,
    PERSON,
    STREET,
    Maps,
    held_out_names,
    rendered_garments,
    rendered_people,
    shop,
    street,
)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
RATE, ENCODER_RATE, WEIGHT_DECAY, WARMUP = 1.5e-3, 0.5, 0.02, 0.05
SHOP_SHARE = 0.25
"""Share of each batch that is product photos."""

CLASSES = len(ATR)


def make_model() -> UperNetForSemanticSegmentation:
    """The network with random weights."""
    encoder = ResNetConfig(
        embedding_size=48,
        hidden_sizes=[48, 96, 192, 256],
        depths=[2, 2, 2, 2],
        layer_type="basic",
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    return UperNetForSemanticSegmentation(
        UperNetConfig(
            backbone_config=encoder,
            hidden_size=64,
            pool_scales=[1, 2, 3, 6],
            use_auxiliary_head=False,
            id2label=dict(enumerate(ATR)),
            label2id={name: i for i, name in enumerate(ATR)},
        )
    )


def start_from(model: UperNetForSemanticSegmentation, encoder: Path) -> None:
    """Copy the weights of a saved `ResNetModel` into the network's encoder.

    Raises:
        FashionError: the file is missing or its weights are of another shape.
    """
    try:
        model.backbone.load_state_dict(load_file(encoder / "model.safetensors"))
    except (OSError, RuntimeError) as error:
        raise FashionError(f"{encoder} is not a ResNet that train_backbone.py wrote.") from error


def augmented(
    maps: Maps, rows: np.ndarray, size: tuple[int, int], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Photos flipped, moved, resized and in other light, and their labels.

    Returns:
        Photos 0..1 (n, 3, height, width) and labels (n, height / 2, width / 2): in the middle
        between what the network gives, a quarter, and what is known.
    """
    n = len(rows)

    def draw(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(n, *shape, generator=generator) * (high - low) + low

    pixels = torch.from_numpy(maps.images[rows]).permute(0, 3, 1, 2).float() / 255
    labels = torch.from_numpy(maps.parses[rows])
    flip = draw(0, 1) < 0.5
    swap = torch.arange(256, dtype=torch.uint8)
    swap[:CLASSES] = torch.from_numpy(mirror_ids())
    labels[flip] = swap[labels[flip].long()]
    # The grid says where in the source each pixel comes from: below 1 is nearer.
    zoom = torch.exp(draw(math.log(0.6), math.log(1.45)))
    stretch = torch.exp(draw(-0.13, 0.13))
    angle = draw(-0.17, 0.17)
    theta = torch.zeros(n, 2, 3)
    sign = torch.where(flip, -1.0, 1.0)
    shape = size[0] / size[1]
    theta[:, 0, 0] = zoom * stretch * sign * angle.cos()
    theta[:, 0, 1] = -zoom * stretch * angle.sin() * shape
    theta[:, 1, 0] = zoom / stretch * sign * angle.sin() / shape
    theta[:, 1, 1] = zoom / stretch * angle.cos()
    room = (1 - zoom).abs() + 0.08
    theta[:, :, 2] = draw(-1, 1, 2) * room[:, None]
    grid = F.affine_grid(theta, [n, 3, *size], align_corners=False)
    if maps.images.shape[1] > 1.5 * size[0]:  # shrink first, or fine cloth flickers
        small = (maps.images.shape[1] // 2, maps.images.shape[2] // 2)
        pixels = F.interpolate(pixels, small, mode="area")
    photos = F.grid_sample(pixels, grid, align_corners=False, padding_mode="reflection")
    # One is added and taken away so that what lies outside the source, 0, becomes IGNORED.
    shifted = labels[:, None].float() + 1
    grid = F.affine_grid(theta, [n, 1, size[0] // 2, size[1] // 2], align_corners=False)
    shifted = F.grid_sample(shifted, grid, mode="nearest", align_corners=False)[:, 0].round()
    labels = torch.where(shifted == 0, IGNORED + 1, shifted).long() - 1
    tint, light, contrast = draw(0.9, 1.1, 3, 1, 1), draw(-0.15, 0.15), draw(0.75, 1.3)
    mean = photos.mean(dim=(1, 2, 3), keepdim=True)
    photos = (photos - mean) * contrast.view(-1, 1, 1, 1) + mean + light.view(-1, 1, 1, 1)
    grey = photos.mean(dim=1, keepdim=True)
    photos = grey + (photos - grey) * draw(0.4, 1.5).view(-1, 1, 1, 1)
    return (photos * tint).clamp(0, 1), labels


def picture_size(height: int) -> tuple[int, int]:
    """Height and width of the pictures of a stage, in the shape of street photos."""
    return height, height * STREET[1] // STREET[0]


def normalised(pixels: Tensor) -> Tensor:
    """Pixels 0..1 (n, 3, h, w) as the network takes them."""
    mean, std = (torch.tensor(v, device=pixels.device).view(3, 1, 1) for v in (MEAN, STD))
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)


def class_weights(maps: Maps) -> Tensor:
    """Weight of each class: rarer ones count more, by the root of their rarity, 0.4 to 5."""
    counts = np.bincount(maps.parses.ravel(), minlength=256)[:CLASSES] + 1.0
    typical = np.median(counts[1:])
    return torch.from_numpy(np.clip((typical / counts) ** 0.5, 0.4, 5.0)).float()


def loss_of(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Weighted cross-entropy and soft Dice; `FIGURE` pixels must be of any class of `PERSON`."""
    exact = labels.where(labels < CLASSES, torch.full_like(labels, -100))
    entropy = F.cross_entropy(logits, exact, weights, ignore_index=-100)
    chance = logits.softmax(1)
    known = (labels < CLASSES)[:, None]
    truth = F.one_hot(labels.clamp(0, CLASSES - 1), CLASSES).permute(0, 3, 1, 2) * known
    shared = (chance * truth).sum(dim=(0, 2, 3))
    both = (chance * known).sum(dim=(0, 2, 3)) + truth.sum(dim=(0, 2, 3))
    present = truth.sum(dim=(0, 2, 3)) > 0
    dice = 1 - (2 * shared / both.clamp(min=1))[present].mean()
    loss = entropy + dice
    figure = labels == FIGURE
    if figure.any():
        person = chance[:, list(PERSON)].sum(dim=1)[figure]
        loss = loss - 0.5 * torch.log(person.clamp(min=1e-4)).mean()
    return loss


class Running:
    """A running mean of a network's weights and buffers."""

    def __init__(self, model: nn.Module) -> None:
        self.state = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def update(self, model: nn.Module, step: int) -> None:
        """Take in the network as it is after `step` steps."""
        keep = min(0.995, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[name].lerp_(value, 1 - keep)
            else:
                self.state[name].copy_(value)


def save(
    state: dict[str, Tensor], folder: Path, size: tuple[int, int], held_out: list[str]
) -> None:
    """Write the checkpoint in the library's layout, float16, and the names held out."""
    model = make_model()
    model.load_state_dict(state)
    model.half().save_pretrained(folder)
    SegformerImageProcessorPil(
        size={"height": size[0], "width": size[1]},
        image_mean=list(MEAN),
        image_std=list(STD),
        do_reduce_labels=False,
    ).save_pretrained(folder)
    (folder / "held_out.txt").write_text("\n".join(held_out) + "\n")


def score(state: dict[str, Tensor], maps: Maps, size: tuple[int, int], device: str) -> str:
    """Pixel accuracy and mean IoU of the parts on photos, at a size, in words."""
    model = make_model().to(device).eval()
    model.load_state_dict(state)
    counts = np.zeros((CLASSES, CLASSES), np.int64)
    for start in range(0, len(maps.names), 15):
        photos = torch.from_numpy(maps.images[start : start + 15]).permute(0, 3, 1, 2).float() / 255
        photos = F.interpolate(photos, size, mode="area")
        labels = torch.from_numpy(maps.parses[start : start + 15])[:, None].float()
        labels = F.interpolate(labels, size, mode="nearest")[:, 0].numpy().astype(np.int64)
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16):
            guess = model(normalised(photos.to(device))).logits.argmax(1).cpu().numpy()
        known = labels < CLASSES
        counts += np.bincount(
            labels[known] * CLASSES + guess[known], minlength=CLASSES * CLASSES
        ).reshape(CLASSES, CLASSES)
    own = np.diag(counts)
    union = counts.sum(0) + counts.sum(1) - own
    return (
        f"pixel accuracy {own.sum() / counts.sum():.3f},"
        f" mean IoU of 19 {(own[union > 0] / union[union > 0]).mean():.3f}"
    )


def train(args: argparse.Namespace) -> None:
    """Train, saving state and weights after every epoch."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    disable_progress_bar()  # saving is a moment
    device = "cuda" if torch.cuda.is_available() else "cpu"
    cache = args.work / "pictures"
    maps = street(args.ccp, cache)
    away = held_out_names(maps.names, args.held_out, args.seed)
    kept = [i for i, name in enumerate(maps.names) if name not in away]
    tested = maps.part([i for i, name in enumerate(maps.names) if name in away])
    exact = [maps.part(kept)] + [rendered_people(folder, cache) for folder in args.people]
    weak = []
    if args.products:
        listed = args.products_held_out.read_text().split() if args.products_held_out else []
        weak = [shop(args.products, cache, away=set(listed), most=args.most, seed=args.seed)]
    if args.garments:
        weak.append(rendered_garments(args.garments, cache, most=args.most // 2, seed=args.seed))
    weights = class_weights(exact[0]).to(device)
    model = make_model()
    if args.encoder:
        start_from(model, args.encoder)
    model = model.to(device, memory_format=torch.channels_last).train()
    running = Running(model)
    groups = [
        {"params": [w for w in part.parameters() if (w.ndim > 1) == large], "rate": rate}
        | {"weight_decay": WEIGHT_DECAY if large else 0.0}
        for part, rate in ((model.backbone, ENCODER_RATE), (model.decode_head, 1.0))
        for large in (True, False)
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE)
    stages = [(int(h), int(e)) for h, e in (stage.split(":") for stage in args.stages)]
    heights = [height for height, epochs in stages for _ in range(epochs)]
    # The rate falls with the pixels seen, so that each stage gets its share by its cost.
    cost = np.concatenate([[0.0], np.cumsum(np.square(heights, dtype=float))])
    first, step, state_file = 0, 0, args.work / "parser_state.pt"
    if state_file.is_file():
        state = torch.load(state_file, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        running.state, first, step = state["running"], state["epoch"], state["step"]
    weak_many = sum(len(m.names) for m in weak)
    print(f"{len(exact[0].names)} street photos, {weak_many} product photos", flush=True)
    for epoch in range(first, len(heights)):
        size = picture_size(heights[epoch])
        rng = np.random.default_rng([args.seed, epoch])
        generator = torch.Generator().manual_seed(args.seed * 1000 + epoch)
        # Each rendered person is seen once in an epoch, in a batch with street photos.
        order = [(m, i) for m, part in enumerate(exact) for i in range(len(part.names))]
        order = [order[i] for i in rng.permutation(len(order))]
        weak_count = round(args.batch * SHOP_SHARE) if weak else 0
        each = args.batch - weak_count
        batches = [order[i : i + each] for i in range(0, len(order) - each + 1, each)]
        began, losses = time.time(), []
        for b, batch in enumerate(batches):
            parts = [
                augmented(part, np.array(rows), size, generator)
                for m, part in enumerate(exact)
                if (rows := [i for source, i in batch if source == m])
            ]
            if weak_count:
                source = rng.choice(
                    len(weak), weak_count, p=np.array([len(m.names) for m in weak]) / weak_many
                )
                parts += [
                    augmented(m, rng.choice(len(m.names), n, replace=False), size, generator)
                    for i, m in enumerate(weak)
                    if (n := int((source == i).sum()))
                ]
            photos = torch.cat([p[0] for p in parts]).to(device)
            labels = torch.cat([p[1] for p in parts]).to(device)
            progress = (cost[epoch] + (cost[epoch + 1] - cost[epoch]) * b / len(batches)) / cost[-1]
            rate = RATE * min(1.0, progress / WARMUP) * 0.5 * (1 + math.cos(math.pi * progress))
            for group in optimizer.param_groups:
                group["lr"] = max(rate, 1e-6) * group["rate"]
            with torch.autocast(device, torch.bfloat16):
                features = model.backbone(normalised(photos)).feature_maps
                logits = model.decode_head(features)
            logits = F.interpolate(logits.float(), scale_factor=2, mode="bilinear")
            loss = loss_of(logits, labels, weights)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            step += 1
            running.update(model, step)
            losses.append(float(loss.detach()))
            if (b + 1) % 20 == 0:
                speed = (b + 1) * args.batch / (time.time() - began)
                print(
                    f"epoch {epoch + 1}/{len(heights)} at {size[0]} batch {b + 1}/{len(batches)}"
                    f" loss {np.mean(losses[-20:]):.3f}, {speed:.1f} photos/s",
                    flush=True,
                )
        torch.save(
            {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "running": running.state,
                "epoch": epoch + 1,
                "step": step,
            },
            state_file,
        )
        seen = {k: v.cpu() for k, v in running.state.items()}
        save(seen, args.out, picture_size(heights[-1]), away)
        print(
            f"epoch {epoch + 1} loss {np.mean(losses):.3f}, {time.time() - began:.0f} s; held out:"
            f" {score(seen, tested, size, device)}",
            flush=True,
        )


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ccp", type=Path, required=True, help="folder with photos/ and labels/")
    parser.add_argument("--people", type=Path, nargs="*", default=[], help="folders, models.json")
    parser.add_argument("--products", type=Path, help="folder with styles.csv and images/")
    parser.add_argument("--products-held-out", type=Path, help="file of product ids not to use")
    parser.add_argument("--garments", type=Path, help="the demo catalog, for its flat garments")
    parser.add_argument("--most", type=int, default=120, help="product photos of a part, about")
    parser.add_argument("--encoder", type=Path, help="ResNet that train_backbone.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the weights to")
    parser.add_argument("--work", type=Path, required=True, help="folder for caches and state")
    parser.add_argument(
        "--stages",
        nargs="+",
        default=["192:20", "288:5"],
        metavar="HEIGHT:EPOCHS",
        help="heights of the pictures (multiples of 48) and epochs at each",
    )
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--held-out", type=int, default=90, help="photos never trained on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(argv)
    args.work.mkdir(parents=True, exist_ok=True)
    try:
        train(args)
    except (FashionError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    run(main)
