"""Train the small embedded CLIP: photos and names, with label heads that are dropped at the end.

The model is a transformers CLIPModel. It is trained from nothing on three sources: Fashion Product
Images (photo, name, labels), the clothing data set (photo, label) and, if given, a catalog
directory of rendered garments. About 1,000 products of the first are held out by name; their ids
are written beside the weights and never trained on. A run that was stopped goes on where its last
epoch ended.
"""

import argparse
import json
import math
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTokenizer,
)

from core.errors import FashionError
from scripts.clip_data import (
    Examples,
    TrainingSet,
    held_out_ids,
    own_photos,
    products,
    read_styles,
    rendered,
)
from scripts.command import run

IMAGE_SIZE, PATCH = 96, 16
TEXT_LENGTH, VOCABULARY = 32, 4096
HEAD_WEIGHT = 0.5
ADAM_RATE, MUON_RATE, WEIGHT_DECAY, WARMUP = 1e-3, 0.02, 0.05, 0.05
KEPT_PATCHES = 0.5
"""Share of patches seen in the first part of training, as in FLIP (Li et al. 2023)."""
WHOLE_FROM = 0.8
"""Share of training after which every patch is seen."""


@dataclass
class Batch:
    """Pixels (b, 3, s, s), token ids and mask (b, t), and which photos each text fits (b, b)."""

    pixels: Tensor
    tokens: Tensor
    mask: Tensor
    fits: Tensor


def make_tokenizer(texts: list[str]) -> CLIPTokenizer:
    """A byte-level BPE tokenizer of CLIP's kind with a small vocabulary of its own."""
    from tokenizers import pre_tokenizers, trainers

    blank = CLIPTokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        min_frequency=2,
        special_tokens=["<|startoftext|>", "<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    blank.backend_tokenizer.train_from_iterator(texts, trainer)
    learnt = json.loads(blank.backend_tokenizer.to_str())["model"]
    merges = [tuple(pair) for pair in learnt["merges"]]
    # Bytes that end a word must be spelt too, or a rare sign would become the unknown token.
    vocabulary = dict(learnt["vocab"])
    for sign in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary.setdefault(f"{sign}</w>", len(vocabulary))
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=TEXT_LENGTH)


def make_processor() -> CLIPImageProcessorPil:
    """Squash the whole photo to a square: garments fill the frame, a centre crop would cut them."""
    return CLIPImageProcessorPil(
        do_center_crop=False, size={"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    )


def make_model(tokenizer: CLIPTokenizer) -> CLIPModel:
    """An untrained CLIPModel of about 4 million weights."""
    return CLIPModel(
        CLIPConfig(
            projection_dim=256,
            text_config={
                "vocab_size": len(tokenizer),
                "hidden_size": 128,
                "intermediate_size": 512,
                "num_hidden_layers": 3,
                "num_attention_heads": 4,
                "max_position_embeddings": TEXT_LENGTH,
                "bos_token_id": tokenizer.bos_token_id,
                "eos_token_id": tokenizer.eos_token_id,
                "pad_token_id": tokenizer.pad_token_id,
                "projection_dim": 256,
            },
            vision_config={
                "image_size": IMAGE_SIZE,
                "patch_size": PATCH,
                "hidden_size": 192,
                "intermediate_size": 768,
                "num_hidden_layers": 6,
                "num_attention_heads": 6,
                "projection_dim": 256,
            },
        )
    )


class Trainer:
    """The model, its label heads and optimizers, and one step of training."""

    def __init__(
        self, model: CLIPModel, levels: dict[str, list[str]], processor, steps: int, rate: float
    ) -> None:
        self.model, self.steps, self.done, self.rate = model, steps, 0, rate
        width = model.config.vision_config.hidden_size
        self.heads = nn.ModuleList(nn.Linear(width, len(v)) for v in levels.values())
        inner = [
            weight
            for name, weight in model.named_parameters()
            if ".layers." in name and weight.ndim == 2
        ]
        held = {id(weight) for weight in inner}
        rest = [
            weight
            for weight in [*model.parameters(), *self.heads.parameters()]
            if id(weight) not in held
        ]
        # Muon (Jordan et al. 2024) learns the inner matrices in fewer steps than Adam.
        self.muon = torch.optim.Muon(inner, lr=MUON_RATE, weight_decay=WEIGHT_DECAY)
        self.adam = torch.optim.AdamW(rest, lr=ADAM_RATE, weight_decay=WEIGHT_DECAY)
        self.mean = torch.tensor(processor.image_mean).view(1, 3, 1, 1)
        self.std = torch.tensor(processor.image_std).view(1, 3, 1, 1)

    def augment(self, pixels: Tensor, generator: torch.Generator) -> Tensor:
        """Flip, crop, stretch a little, change brightness a little; normalise."""
        n = len(pixels)

        def draw(low: float, high: float) -> Tensor:
            return torch.rand(n, generator=generator) * (high - low) + low

        scale = draw(0.8, 1.05)
        theta = torch.zeros(n, 2, 3)
        theta[:, 0, 0] = scale * draw(0.92, 1.08) * torch.sign(draw(-1, 1))
        theta[:, 1, 1] = scale
        room = (1 - scale).abs() + 0.05
        theta[:, 0, 2], theta[:, 1, 2] = draw(-1, 1) * room, draw(-1, 1) * room
        grid = F.affine_grid(theta, [n, 3, IMAGE_SIZE, IMAGE_SIZE], align_corners=False)
        image = F.grid_sample(
            pixels.float() / 255, grid, align_corners=False, padding_mode="border"
        )
        image = (image * draw(0.9, 1.1).view(-1, 1, 1, 1)).clamp(0, 1)
        return (image - self.mean) / self.std

    def look(self, pixels: Tensor, kept: float) -> Tensor:
        """Pooled image states (b, width), from a random share of the patches."""
        vision = self.model.vision_model
        states = vision.embeddings(pixels)
        if kept < 1:
            n, length = len(states), states.shape[1] - 1
            chosen = torch.rand(n, length).argsort(dim=1)[:, : int(length * kept)] + 1
            chosen = torch.cat([torch.zeros(n, 1, dtype=torch.long), chosen], dim=1)
            states = states.gather(1, chosen[..., None].expand(-1, -1, states.shape[2]))
        states = vision.pre_layrnorm(states)
        states = vision.encoder(inputs_embeds=states).last_hidden_state
        return vision.post_layernorm(states[:, 0])

    def step(self, batch: Batch, codes: Tensor) -> tuple[float, float]:
        """One update; the contrastive loss and the loss of the label heads."""
        progress = self.done / self.steps
        rate = (
            self.rate
            * min(1.0, progress / WARMUP)
            * 0.5
            * (1 + math.cos(math.pi * min(progress, 1.0)))
        )
        for optimizer, top in ((self.muon, MUON_RATE), (self.adam, ADAM_RATE)):
            for group in optimizer.param_groups:
                group["lr"] = top * max(rate, 1e-4)
        pooled = self.look(batch.pixels, 1.0 if progress > WHOLE_FROM else KEPT_PATCHES)
        images = F.normalize(self.model.visual_projection(pooled), dim=1)
        texts = self.model.get_text_features(batch.tokens, batch.mask).pooler_output
        logits = F.normalize(texts, dim=1) @ images.T * self.model.logit_scale.exp()
        wanted = batch.fits.float()
        contrast = (_spread(logits, wanted) + _spread(logits.T, wanted.T)) / 2
        labels = sum(
            F.cross_entropy(
                head(pooled), codes[:, i], ignore_index=-1, label_smoothing=0.1, reduction="sum"
            )
            for i, head in enumerate(self.heads)
        ) / len(codes)
        loss = contrast + HEAD_WEIGHT * labels
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in (self.muon, self.adam):
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            self.model.logit_scale.clamp_(max=math.log(100.0))
        self.done += 1
        return float(contrast.detach()), float(labels.detach())

    def state(self) -> dict:
        """What a stopped run needs to go on."""
        return {
            "model": self.model.state_dict(),
            "heads": self.heads.state_dict(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
        }

    def restore(self, state: dict) -> None:
        """Take up a stopped run."""
        for name in ("model", "heads", "muon", "adam"):
            getattr(self, name).load_state_dict(state[name])


def _spread(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy towards all fitting partners in equal shares (Khosla et al. 2020)."""
    return -(F.log_softmax(logits, dim=1) * wanted / wanted.sum(1, keepdim=True)).sum(1).mean()


def averaged(model: CLIPModel, before: dict[str, Tensor], keep: float) -> dict[str, Tensor]:
    """The model's weights, mixed with a share `keep` of those it started from, if it did."""
    state = model.state_dict()
    if not before:
        return state
    return {name: keep * before[name].float() + (1 - keep) * new for name, new in state.items()}


def save(
    config: CLIPConfig,
    state: dict[str, Tensor],
    tokenizer,
    processor,
    held_out: list[str],
    out: Path,
) -> None:
    """Write the directory in the transformers layout, weights in float16."""
    new = out.with_name(f".{out.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    half = CLIPModel(config).half()
    half.load_state_dict(state)
    half.save_pretrained(new)
    tokenizer.save_pretrained(new)
    processor.save_pretrained(new)
    (new / "held_out.txt").write_text("\n".join(held_out) + "\n")
    out.mkdir(parents=True, exist_ok=True)
    for file in new.iterdir():
        file.replace(out / file.name)
    new.rmdir()


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=Path, required=True, help="folder with styles.csv")
    parser.add_argument("--own-photos", type=Path, help="folder of the clothing data set")
    parser.add_argument(
        "--catalog",
        type=Path,
        nargs="+",
        default=[],
        help="catalog directories of rendered garments; one named several times weighs more",
    )
    parser.add_argument("--start-from", type=Path, help="checkpoint directory to train further")
    parser.add_argument(
        "--keep",
        type=float,
        default=0.0,
        help="share of the weights started from in the result (averaged, Wortsman et al. 2022)",
    )
    parser.add_argument("--rate", type=float, default=1.0, help="factor on the learning rates")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint directory to write")
    parser.add_argument("--work", type=Path, required=True, help="folder for caches and state")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--held-out", type=int, default=1000, help="products never trained on")
    args = parser.parse_args(argv)
    try:
        train(args)
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def gather(args: argparse.Namespace) -> tuple[TrainingSet, list[str]]:
    """The training set of the sources that were named, and the ids that are held out."""
    cache = args.work / "images"
    held_out = held_out_ids(read_styles(args.products), args.held_out, args.seed)
    shop, ids = products(args.products, cache)
    away = set(held_out)
    keep = [i for i, key in enumerate(ids) if key not in away]
    sources = [
        Examples(
            shop.images[keep],
            [shop.names[i] for i in keep],
            shop.labels.iloc[keep].reset_index(drop=True),
        )
    ]
    if args.own_photos:
        sources.append(own_photos(args.own_photos, cache))
    sources += [rendered(catalog, cache) for catalog in args.catalog]
    return TrainingSet(sources), held_out


def train(args: argparse.Namespace) -> None:
    """Train, saving state and checkpoint after every epoch."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    data, held_out = gather(args)
    processor = make_processor()
    if args.start_from:
        tokenizer = CLIPTokenizer.from_pretrained(args.start_from)
        before = load_file(args.start_from / "model.safetensors")
        model = CLIPModel(CLIPConfig.from_pretrained(args.start_from)).float()
        model.load_state_dict(before)
    else:
        before = {}
        tokenizer = make_tokenizer(data.texts())
        model = make_model(tokenizer)
    per_epoch = len(data) // args.batch
    trainer = Trainer(model.train(), data.levels, processor, per_epoch * args.epochs, args.rate)
    state_file, first = args.work / "state.pt", 0
    if state_file.is_file():
        state = torch.load(state_file, weights_only=True)
        trainer.restore(state)
        first = state["epoch"]
        trainer.done = first * per_epoch
    codes = torch.from_numpy(data.codes[:, 1:])
    print(f"{len(data)} photos, {sum(w.numel() for w in model.parameters()):,} weights", flush=True)
    for epoch in range(first, args.epochs):
        began, losses = time.time(), []
        rng = np.random.default_rng([args.seed, epoch])
        torch.manual_seed(args.seed * 1000 + epoch)
        generator = torch.Generator().manual_seed(args.seed * 1000 + epoch)
        order = rng.permutation(len(data))[: per_epoch * args.batch]
        for step, rows in enumerate(order.reshape(per_epoch, args.batch)):
            captions = [data.caption(row, rng) for row in rows]
            encoded = tokenizer(
                [text for text, _ in captions],
                padding=True,
                truncation=True,
                max_length=TEXT_LENGTH,
                return_tensors="pt",
            )
            batch = Batch(
                trainer.augment(data.pixels(rows), generator),
                encoded["input_ids"],
                encoded["attention_mask"],
                torch.from_numpy(data.fits(rows, np.stack([s for _, s in captions]))),
            )
            losses.append(trainer.step(batch, codes[rows]))
            if sys.stdout.isatty() or step % 20 == 0:
                rate = args.batch * (step + 1) / (time.time() - began)
                contrast, heads = np.mean(losses, axis=0)
                print(
                    f"epoch {epoch + 1}/{args.epochs} step {step + 1}/{per_epoch}"
                    f" contrast {contrast:.3f} labels {heads:.3f} {rate:.0f} photos/s",
                    flush=True,
                )
        torch.save({**trainer.state(), "epoch": epoch + 1}, state_file)
        save(
            model.config,
            averaged(model, before, args.keep),
            tokenizer,
            processor,
            held_out,
            args.out,
        )


if __name__ == "__main__":
    run(main)
