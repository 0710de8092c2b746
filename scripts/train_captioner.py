"""Train the small embedded captioner: CLIP's eye and a small GPT-2 that writes attribute words.

The model is that of `scripts.captioner_model`. Its decoder is first trained over the states of its
eye, which are computed once for a few augmented views of every photo; then, if asked, the whole
model is tuned for some epochs on the photos themselves. The products of the held-out list are never
trained on; a few others, and a few own photos, choose the probabilities below which an attribute is
left out. A run that was stopped goes on where its last epoch ended.
"""

import argparse
import math
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import VisionEncoderDecoderModel, ViTImageProcessorPil

from core.errors import FashionError
from scripts.caption_data import WORDS, codes, own_facts, rendered_facts, say, shop_facts
from scripts.captioner_model import (
    LENGTH,
    Lines,
    make_model,
    make_processor,
    make_tokenizer,
    save,
)
from scripts.clip_data import own_photos, products, rendered
from scripts.command import run

RATE, TUNING_RATE, WEIGHT_DECAY, WARMUP, SMOOTHING = 1e-3, 2e-4, 0.05, 0.05, 0.05
PRECISION = {
    "gender": 0.9, "colour": 0.65, "pattern": 0.8, "sleeve": 0.8, "neck": 0.8, "type": 0.85,
    "usage": 0.9,
}  # fmt: skip
"""How often a word that is said should be right, on validation products."""
VALIDATION = 500
"""Products for that, at most; never more than a tenth."""


def loss_of(logits: Tensor, ids: Tensor, ignored: Tensor, pad: int) -> Tensor:
    """Mean cross entropy of the next token among those that count."""
    logits = logits[:, :-1].float().masked_fill(ignored[:, None, :], -30.0)
    return F.cross_entropy(
        logits.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=pad, label_smoothing=SMOOTHING
    )


class Photos:
    """All sources' photos in one order, as augmented and normalised pixels."""

    def __init__(self, sources: list[np.ndarray], processor: ViTImageProcessorPil) -> None:
        self.sources = sources
        self.starts = np.cumsum([0, *map(len, sources)])
        self.side = int(processor.size["height"])
        self.mean = torch.tensor(processor.image_mean).view(1, 3, 1, 1)
        self.std = torch.tensor(processor.image_std).view(1, 3, 1, 1)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def view(self, rows: np.ndarray, generator: torch.Generator | None) -> Tensor:
        """Pixels (n, 3, side, side): flipped, cropped, stretched, relit; as they are if None."""
        source = np.searchsorted(self.starts, rows, side="right") - 1
        stored = [self.sources[s][r - self.starts[s]] for s, r in zip(source, rows, strict=True)]
        image = torch.from_numpy(np.stack(stored)).permute(0, 3, 1, 2).float() / 255
        n, size = len(rows), (self.side, self.side)
        if generator is None:
            image = F.interpolate(image, size, mode="bicubic", antialias=True).clamp(0, 1)
            return (image - self.mean) / self.std

        def draw(low: float, high: float) -> Tensor:
            return torch.rand(n, generator=generator) * (high - low) + low

        # Shops crop their photos differently, from a garment that fills its frame to one in the
        # middle of much ground, so sizes and proportions vary widely.
        wide = draw(0.7, 1.2)
        high = (wide * draw(0.8, 1.25)).clamp(0.7, 1.25)
        theta = torch.zeros(n, 2, 3)
        theta[:, 0, 0] = wide * torch.sign(draw(-1, 1))
        theta[:, 1, 1] = high
        theta[:, 0, 2] = draw(-1, 1) * ((1 - wide).abs() * 0.7 + 0.05)
        theta[:, 1, 2] = draw(-1, 1) * ((1 - high).abs() * 0.7 + 0.05)
        grid = F.affine_grid(theta, [n, 3, *size], align_corners=False)
        image = F.grid_sample(image, grid, align_corners=False, padding_mode="border")
        light, tint = draw(0.85, 1.1).view(-1, 1, 1, 1), 0.04
        cast = 1 + tint * (2 * torch.rand(n, 3, 1, 1, generator=generator) - 1)
        return ((image * light * cast).clamp(0, 1) - self.mean) / self.std


@torch.no_grad()
def encode(
    model: VisionEncoderDecoderModel, photos: Photos, views: int, seed: int, file: Path
) -> np.ndarray:
    """The encoder's states of some views of every photo, float16 (views, photos, tokens, width).

    The first view is the photo as it is. Written to `file`, where a later run finds them.
    """
    if file.is_file():
        return np.load(file, mmap_mode="r")
    device = model.device
    states = None
    for view in range(views):
        generator = torch.Generator().manual_seed(seed * 100 + view) if view else None
        for start in range(0, len(photos), 128):
            rows = np.arange(start, min(start + 128, len(photos)))
            with torch.autocast(device.type, torch.bfloat16):
                found = model.encoder(photos.view(rows, generator).to(device)).last_hidden_state
            if states is None:
                states = np.empty((views, len(photos), *found.shape[1:]), dtype=np.float16)
            states[view, rows] = found.half().cpu().numpy()
        print(f"view {view + 1}/{views} seen", flush=True)
    partial = file.with_suffix(".partial.npy")
    np.save(partial, states)
    partial.replace(file)
    return states


class Trainer:
    """The model, its optimizer and one update; on a GPU where there is one."""

    def __init__(self, model: VisionEncoderDecoderModel, steps: int, rate: float) -> None:
        self.model, self.steps, self.rate, self.done = model, steps, rate, 0
        trained = [weight for weight in model.parameters() if weight.requires_grad]
        self.adam = torch.optim.AdamW(trained, lr=rate, weight_decay=WEIGHT_DECAY)

    def step(self, seen: Tensor, lines: tuple[Tensor, Tensor], pad: int) -> float:
        """One update on pixels (n, 3, h, w) or encoder states (n, tokens, width); the loss."""
        progress = self.done / self.steps
        rate = min(1.0, progress / WARMUP) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
        for group in self.adam.param_groups:
            group["lr"] = self.rate * max(rate, 1e-4)
        device = self.model.device
        ids, ignored = (part.to(device) for part in lines)
        key = "pixel_values" if seen.ndim == 4 else "encoder_outputs"
        with torch.autocast(device.type, torch.bfloat16):
            shown = seen.to(device) if seen.ndim == 4 else (seen.to(device).float(),)
            out = self.model(**{key: shown}, decoder_input_ids=ids, use_cache=False)
        loss = loss_of(out.logits, ids, ignored, pad)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        self.done += 1
        return float(loss.detach())


@torch.no_grad()
def read(
    model: VisionEncoderDecoderModel, photos: Photos, rows: np.ndarray, lines: Lines
) -> tuple[np.ndarray, np.ndarray]:
    """What the model says of photos: codes and their probabilities, both (n, attributes)."""
    said = np.full((len(rows), len(WORDS)), -1)
    sure = np.zeros((len(rows), len(WORDS)))
    _, start, end = lines.special
    model.eval()
    for first in range(0, len(rows), 100):
        part = rows[first : first + 100]
        out = model.generate(
            photos.view(part, None).to(model.device),
            decoder_start_token_id=start,
            max_new_tokens=LENGTH - 1,
            do_sample=False,
            return_dict_in_generate=True,
            output_scores=True,
        )
        chances = torch.stack(out.scores, 1).softmax(-1)
        chosen = chances.gather(2, out.sequences[:, 1:, None]).squeeze(2)
        for i, (ids, probability) in enumerate(
            zip(out.sequences[:, 1:].tolist(), chosen.tolist(), strict=True)
        ):
            for token, chance in zip(ids, probability, strict=True):
                if token == end:
                    break
                place = lines.attribute[token]
                if place >= 0 and said[first + i, place] < 0:
                    said[first + i, place] = token - lines.first[place]
                    sure[first + i, place] = chance
    return said, sure


def least(said: np.ndarray, sure: np.ndarray, lines: Lines, rows: np.ndarray) -> dict[str, float]:
    """For each attribute the lowest probability from which on enough of what is said is right.

    Only words whose truth is known count; an attribute of which fewer than 20 are known gets .5.
    """
    found = {}
    for place, name in enumerate(WORDS):
        known = ~lines.unknown[rows, place] & (said[:, place] >= 0)
        right = said[known, place] == lines.said[rows, place][known]
        chance = sure[known, place]
        found[name] = 0.5
        if known.sum() >= 20:
            order = np.argsort(-chance, kind="stable")
            precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
            enough = np.flatnonzero(precision >= PRECISION[name])
            enough = enough[enough >= min(19, len(order) - 1)]
            found[name] = float(chance[order][enough[-1]]) if len(enough) else 1.0
        found[name] = round(min(max(found[name], 0.2), 0.99), 3)
    return found


def gather(args: argparse.Namespace) -> tuple[list[np.ndarray], Lines, np.ndarray, np.ndarray]:
    """Photos of all sources, their lines, the rows to train on and those that validate."""
    cache = args.work / "images"
    away = set(args.held_out.read_text().split())
    shop, ids = products(args.products, cache)
    names = [" ".join(name.lower().split()) for name in shop.names]
    hidden = {name for name, key in zip(names, ids, strict=True) if key in away}
    usable = np.array([name not in hidden for name in names])
    order = np.random.default_rng(args.seed).permutation(np.flatnonzero(usable))
    # Products of one name on one side only, here too.
    chosen = {names[row] for row in order[: min(VALIDATION, len(order) // 10)]}
    valid = np.array([usable[i] and name in chosen for i, name in enumerate(names)])
    facts, photos = shop_facts(shop), [shop.images]
    if args.own_photos:
        own = own_photos(args.own_photos, cache)
        facts, photos = facts + own_facts(own), [*photos, own.images]
    for catalog in args.catalog:
        made = rendered(catalog, cache)
        facts, photos = facts + rendered_facts(made), [*photos, made.images]
    lines = Lines.of(*codes(facts))
    rest = np.arange(len(shop.names), len(facts))
    # Photos by other hands validate too: what is said must hold beyond the shop's own studio.
    own_count = len(own.names) if args.own_photos else 0
    aside = np.random.default_rng(args.seed).permutation(own_count)[: own_count // 10]
    rest = np.setdiff1d(rest, aside + len(shop.names))
    train = np.concatenate([np.flatnonzero(usable & ~valid), rest])
    train = train[lines.said[train, list(WORDS).index("type")] >= 0]
    print(f"{len(train)} photos to train on, such as “{say(facts[train[0]])}”", flush=True)
    return photos, lines, train, np.concatenate([np.flatnonzero(valid), aside + len(shop.names)])


def train(args: argparse.Namespace) -> None:
    """Train, saving state and checkpoint after every epoch."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.work.mkdir(parents=True, exist_ok=True)
    images, lines, rows, valid = gather(args)
    tokenizer = make_tokenizer()
    model = make_model(args.clip, tokenizer)
    side = int(model.config.encoder.image_size)
    processor = make_processor(args.clip, side)
    photos = Photos(images, processor)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    states = encode(model.eval(), photos, args.views, args.seed, args.work / "states.npy")
    per_epoch = len(rows) // args.batch
    state_file, first = args.work / "state.pt", 0
    saved = torch.load(state_file, weights_only=True) if state_file.is_file() else None
    if saved:
        model.load_state_dict(saved["model"])
        first = saved["epoch"]
    trainer = None
    for epoch in range(first, args.epochs + args.tune):
        began, tuning = time.time(), epoch >= args.epochs
        if trainer is None or epoch == args.epochs:
            model.encoder.requires_grad_(tuning)
            rate, epochs = (TUNING_RATE, args.tune) if tuning else (RATE, args.epochs)
            trainer = Trainer(model, per_epoch * epochs, rate)
            trainer.done = per_epoch * (epoch - args.epochs if tuning else epoch)
            if saved and epoch == first and trainer.done:
                trainer.adam.load_state_dict(saved["adam"])
        model.train()
        model.encoder.train(tuning)
        rng = np.random.default_rng([args.seed, epoch])
        torch.manual_seed(args.seed * 1000 + epoch)
        generator = torch.Generator().manual_seed(args.seed * 1000 + epoch)
        losses = []
        order = rng.permutation(rows)[: per_epoch * args.batch]
        for step, part in enumerate(order.reshape(per_epoch, args.batch)):
            if tuning:
                seen = photos.view(part, generator)
            else:
                view = rng.integers(len(states), size=len(part))
                seen = torch.from_numpy(states[view, part])
            losses.append(trainer.step(seen, lines.draw(part, rng), lines.special[0]))
            if sys.stdout.isatty() or step % 20 == 0:
                speed = args.batch * (step + 1) / (time.time() - began)
                print(
                    f"\repoch {epoch + 1}/{args.epochs + args.tune} step {step}/{per_epoch}"
                    f" loss {np.mean(losses[-20:]):.3f} {speed:.0f} photos/s",
                    end="" if sys.stdout.isatty() else "\n",
                    flush=True,
                )
        said, sure = read(model, photos, valid, lines)
        known = ~lines.unknown[valid]
        right = ((said == lines.said[valid]) & known).sum(0) / np.maximum(known.sum(0), 1)
        told = ", ".join(f"{name} {share:.3f}" for name, share in zip(WORDS, right, strict=True))
        print(f"\repoch {epoch + 1}, {time.time() - began:.0f} s: {told}", flush=True)
        lowest, held_out = least(said, sure, lines, valid), args.held_out.read_text()
        save(model, tokenizer, processor, lowest, held_out, args.out)
        state = {
            "model": model.state_dict(),
            "adam": trainer.adam.state_dict(),
            "epoch": epoch + 1,
        }
        torch.save(state, state_file.with_suffix(".new"))
        state_file.with_suffix(".new").replace(state_file)


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=Path, required=True, help="folder with styles.csv")
    parser.add_argument("--own-photos", type=Path, help="folder of the clothing data set")
    parser.add_argument(
        "--catalog", type=Path, nargs="+", default=[], help="directories of rendered garments"
    )
    parser.add_argument("--clip", type=Path, required=True, help="CLIP checkpoint to see with")
    parser.add_argument(
        "--held-out", type=Path, help="file of product ids never trained on (default: CLIP's own)"
    )
    parser.add_argument("--out", type=Path, required=True, help="checkpoint directory to write")
    parser.add_argument("--work", type=Path, required=True, help="folder for caches and state")
    parser.add_argument("--views", type=int, default=3, help="views of a photo to learn from")
    parser.add_argument("--epochs", type=int, default=8, help="of the decoder alone")
    parser.add_argument("--tune", type=int, default=0, help="more epochs of the whole model")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(argv)
    args.held_out = args.held_out or args.clip / "held_out.txt"
    try:
        train(args)
    except (FashionError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    run(main)
