"""Train the small embedded CLIP on photos, names and labels, with a convolutional teacher.

The model is a transformers CLIPModel. It learns from three sources: Fashion Product Images (photo,
name, labels), the clothing data set (photo, label) and, if given, catalogs of rendered garments.
Beside the contrastive loss of photos and captions, photos are told apart by the words for each
label as in zero-shot use, towards their own label and towards what the teacher
(`train_backbone.py`) sees in the same pixels, in the photo as a whole and at each patch. About
1,000 products are held out by name, and 500 photos of the clothing data set; they are listed beside
the weights, and neither they nor products with the same photo are trained on. A run that was
stopped goes on where its last epoch ended. The rate is constant until the last epochs: a run may be
ended early by asking for fewer epochs.
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
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTokenizer,
)

from core.errors import FashionError
from core.vision.clip import ClipEncoder
from scripts.clip_batches import Batch, batches, make_batch
from scripts.clip_data import (
    OWN_HELD_OUT,
    PROMPTS,
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
from scripts.clip_model import (
    IMAGE_SIZE,
    PATCH,
    TEXT_LENGTH,
    averaged,
    make_model,
    make_processor,
    make_tokenizer,
    resized,
    save,
)
from scripts.command import run
from scripts.evaluate_clip import evaluate
from scripts.train_backbone import HEIGHT, WIDTH, Backbone, normalised

ADAM_RATE, MUON_RATE, WEIGHT_DECAY, WARMUP_STEPS = 1e-3, 0.02, 0.05, 100
KEPT_PATCHES = 0.5
"""Share of patches seen until the rate has fallen by half, as in FLIP (Li et al. 2023)."""
SMOOTHING = 0.1
LABEL_WEIGHTS = {"type": 1.0, "colour": 0.6, "gender": 0.6, "label": 0.6}
OTHER_WEIGHT, MATCH_WEIGHT = 0.2, 1.0
TAUGHT = 0.6
"""Share of the label targets that is the teacher's opinion (Hinton et al. 2015)."""


class Trainer:
    """The model, its teacher and optimizers, and one step of training."""

    def __init__(
        self,
        model: CLIPModel,
        levels: dict[str, list[str]],
        tokenizer: CLIPTokenizer,
        processor: CLIPImageProcessorPil,
        teacher: Backbone | None,
        device: str,
    ) -> None:
        self.model, self.teacher, self.device = model.to(device), teacher, device
        self.levels = levels
        words = [word for column in levels.values() for word in column]
        self.prompts = tokenizer(
            [prompt.format(word) for word in words for prompt in PROMPTS],
            padding=True,
            truncation=True,
            max_length=TEXT_LENGTH,
            return_tensors="pt",
        ).to(device)
        # A temperature for each label, and maps from the student's states to the teacher's.
        self.extra = nn.ModuleDict()
        if teacher is not None:
            width, sizes = model.config.vision_config.hidden_size, teacher.net.config.hidden_sizes
            self.extra["whole"] = nn.Linear(width, sizes[-1])
            self.extra["patches"] = nn.Linear(width, sum(sizes[-2:]))
        self.extra.to(device)
        self.extra.scales = nn.Parameter(torch.full((len(levels),), 3.0, device=device))
        inner = [
            weight
            for name, weight in model.named_parameters()
            if ".layers." in name and weight.ndim == 2
        ]
        held = {id(weight) for weight in inner}
        rest = [
            weight
            for weight in [*model.parameters(), *self.extra.parameters()]
            if id(weight) not in held
        ]
        # Muon (Jordan et al. 2024) learns the inner matrices in fewer steps than Adam.
        self.muon = torch.optim.Muon(inner, lr=MUON_RATE, weight_decay=WEIGHT_DECAY)
        self.adam = torch.optim.AdamW(rest, lr=ADAM_RATE, weight_decay=WEIGHT_DECAY)
        self.mean = torch.tensor(processor.image_mean, device=device).view(1, 3, 1, 1)
        self.std = torch.tensor(processor.image_std, device=device).view(1, 3, 1, 1)
        # Which columns the teacher knows, and where it keeps each of their levels.
        self.known: dict[int, tuple[int, Tensor]] = {}
        if teacher is not None:
            teacher.to(device, memory_format=torch.channels_last).eval()
            for i, (column, mine) in enumerate(levels.items()):
                theirs = teacher.levels.get(column, [])
                if set(mine) <= set(theirs):
                    places = torch.tensor([theirs.index(word) for word in mine], device=device)
                    self.known[i] = (list(teacher.levels).index(column), places)

    def look(self, pixels: Tensor, kept: float) -> tuple[Tensor, Tensor, Tensor]:
        """What the student sees in a random share of the patches.

        Returns:
            The pooled state (b, width), and the states (b, k, width) and numbers (b, k) of the
            patches that were looked at.
        """
        vision = self.model.vision_model
        states = vision.embeddings((pixels - self.mean) / self.std)
        n, length = len(states), states.shape[1] - 1
        chosen = torch.rand(n, length).argsort(dim=1)[:, : int(length * kept)].to(self.device)
        first = torch.zeros(n, 1, dtype=torch.long, device=self.device)
        rows = torch.cat([first, chosen + 1], dim=1)[..., None].expand(-1, -1, states.shape[2])
        states = vision.pre_layrnorm(states.gather(1, rows))
        states = vision.encoder(inputs_embeds=states).last_hidden_state
        return vision.post_layernorm(states[:, 0]), states[:, 1:], chosen

    def taught(self, pixels: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        """What the teacher sees in the same pixels.

        Returns:
            Logits of each of its labels, pooled features (b, channels), and the maps of its last
            two stages laid on the student's patches (b, patches, channels). Features are centred
            over the batch, maps are also scaled.
        """
        assert self.teacher is not None
        small = F.interpolate(pixels, (HEIGHT, WIDTH), mode="bilinear", align_corners=False)
        with torch.no_grad(), torch.autocast(self.device, torch.bfloat16):
            seen = self.teacher.net(normalised(small), output_hidden_states=True)
        features = seen.pooler_output.flatten(1).float()
        side = IMAGE_SIZE // PATCH
        maps = torch.cat(
            [
                F.interpolate(part.float(), (side, side), mode="bilinear", align_corners=False)
                for part in seen.hidden_states[-2:]
            ],
            dim=1,
        )
        maps = maps.flatten(2).transpose(1, 2)
        spread = maps.std((0, 1)).clamp(min=1e-3)
        with torch.no_grad():
            opinions = [head(features) for head in self.teacher.heads]
        return opinions, features - features.mean(0), (maps - maps.mean((0, 1))) / spread

    def step(self, batch: Batch, rate: float, kept: float) -> dict[str, float]:
        """One update at a share of the learning rates; the losses."""
        for optimizer, top in ((self.muon, MUON_RATE), (self.adam, ADAM_RATE)):
            for group in optimizer.param_groups:
                group["lr"] = top * rate
        pixels = batch.pixels.to(self.device)
        template = torch.randint(len(PROMPTS), (1,)).item()
        said = {name: ids[template :: len(PROMPTS)] for name, ids in self.prompts.items()}
        with torch.autocast(self.device, torch.bfloat16):
            pooled, patches, chosen = self.look(pixels, kept)
            pooled, patches = pooled.float(), patches.float()
            images = self.model.visual_projection(pooled)
            texts = self.model.get_text_features(
                batch.tokens.to(self.device), batch.mask.to(self.device)
            ).pooler_output
            prompts = self.model.get_text_features(**said).pooler_output
        images, texts, prompts = (F.normalize(x.float(), dim=1) for x in (images, texts, prompts))
        logits = texts @ images.T * self.model.logit_scale.exp()
        wanted = batch.wanted.to(self.device)
        losses = {"contrast": (_spread(logits, wanted) + _spread(logits.T, wanted.T)) / 2}
        opinions: list[Tensor] = []
        if self.teacher is not None:
            opinions, features, maps = self.taught(pixels)
            maps = maps.gather(1, chosen[..., None].expand(-1, -1, maps.shape[2]))
            for name, mine, theirs in (("whole", pooled, features), ("patches", patches, maps)):
                likeness = F.cosine_similarity(self.extra[name](mine), theirs, dim=-1)
                losses[name] = MATCH_WEIGHT * (1 - likeness).mean()
        losses["labels"] = torch.zeros((), device=self.device)
        parts = prompts.split([len(column) for column in self.levels.values()])
        for i, (column, part) in enumerate(zip(self.levels, parts, strict=True)):
            target = batch.labels[i].to(self.device)
            sure = target.sum(1, keepdim=True)
            target = (1 - SMOOTHING) * target + SMOOTHING * sure / target.shape[1]
            if i in self.known:
                theirs, places = self.known[i]
                opinion = opinions[theirs][:, places].softmax(dim=1)
                target = (1 - TAUGHT) * target + TAUGHT * sure * opinion
            logits = images @ part.T * self.extra.scales[i].exp()
            loss = -(F.log_softmax(logits, dim=1) * target).sum(1).mean()
            losses["labels"] += LABEL_WEIGHTS.get(column, OTHER_WEIGHT) * loss
        sum(losses.values()).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in (self.muon, self.adam):
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            self.model.logit_scale.clamp_(max=math.log(100.0))
            self.extra.scales.clamp_(max=math.log(100.0))
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def state(self) -> dict:
        """What a stopped run needs to go on."""
        return {
            name: getattr(self, name).state_dict() for name in ("model", "extra", "muon", "adam")
        }

    def restore(self, state: dict) -> None:
        """Take up a stopped run."""
        for name in ("model", "extra", "muon", "adam"):
            getattr(self, name).load_state_dict(state[name])


def _spread(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy towards all fitting partners in equal shares (Khosla et al. 2020)."""
    return -(F.log_softmax(logits, dim=1) * wanted / wanted.sum(1, keepdim=True)).sum(1).mean()


def rate_at(epoch: float, step: int, epochs: int, cooldown: int) -> float:
    """Share of the learning rates: a short rise, constant, and a straight fall at the end."""
    left = (epochs - epoch) / cooldown if cooldown else 1.0
    return min(1.0, (step + 1) / WARMUP_STEPS, max(left, 0.0))


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=Path, required=True, help="folder with styles.csv")
    parser.add_argument("--own-photos", type=Path, help="folder of the clothing data set")
    parser.add_argument(
        "--catalog", type=Path, nargs="+", default=[], help="catalogs of rendered garments"
    )
    parser.add_argument("--teacher", type=Path, help="what train_backbone.py wrote")
    parser.add_argument("--start-from", type=Path, help="checkpoint directory to train further")
    parser.add_argument(
        "--keep",
        type=float,
        default=0.0,
        help="share of the weights started from in the result (averaged, Wortsman et al. 2022)",
    )
    parser.add_argument("--out", type=Path, required=True, help="checkpoint directory to write")
    parser.add_argument("--work", type=Path, required=True, help="folder for caches and state")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument(
        "--cooldown", type=int, default=5, help="last epochs, in which the rate falls"
    )
    parser.add_argument("--rate", type=float, default=1.0, help="factor on the learning rates")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--held-out", type=int, default=1000, help="products never trained on")
    parser.add_argument(
        "--validation", type=int, default=400, help="more products left out, scored every epoch"
    )
    args = parser.parse_args(argv)
    try:
        train(args)
    except (FashionError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def gather(args: argparse.Namespace) -> tuple[TrainingSet, dict[str, list[str]], set[str]]:
    """The training set of the sources named, lists of what is held out, ids for validation."""
    cache = args.work / "images"
    table = read_styles(args.products)
    held_out = held_out_ids(table, args.held_out, args.seed)
    rest = table[~table["id"].isin(held_out)]
    validation = set(held_out_ids(rest, args.validation, args.seed + 1))
    lists = {"held_out.txt": held_out}
    shop, ids = products(args.products, cache)
    away = np.isin(ids, held_out)
    again = doubles(shop.images, shop.images[np.flatnonzero(away)]) & ~away
    print(f"{away.sum()} products held out, {again.sum()} left out that show the same photo")
    keep = np.flatnonzero(~away & ~again & ~np.isin(ids, sorted(validation)))
    sources = [
        Examples(
            shop.images[keep],
            [shop.names[i] for i in keep],
            shop.labels.iloc[keep].reset_index(drop=True),
        )
    ]
    if args.own_photos:
        own = held_out_own_photos(read_own_photos(args.own_photos), OWN_HELD_OUT, args.seed)
        lists["held_out_own_photos.txt"] = own
        sources.append(own_photos(args.own_photos, cache, without=own))
    sources += [rendered(catalog, cache) for catalog in args.catalog]
    return TrainingSet(sources), lists, validation


def train(args: argparse.Namespace) -> None:
    """Train, saving state and checkpoint after every epoch."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    data, lists, validation = gather(args)
    table = read_styles(args.products)
    processor = make_processor()
    if args.start_from:
        tokenizer = CLIPTokenizer.from_pretrained(args.start_from)
        model = make_model(tokenizer)
        before = resized(load_file(args.start_from / "model.safetensors"), IMAGE_SIZE, PATCH)
        model.load_state_dict(before)
    else:
        before = {}
        tokenizer = make_tokenizer(data.texts())
        model = make_model(tokenizer)
    teacher = Backbone.load(args.teacher) if args.teacher else None
    trainer = Trainer(model.train(), data.levels, tokenizer, processor, teacher, device)
    state_file, first, done = args.work / "state.pt", 0, 0
    if state_file.is_file():
        state = torch.load(state_file, weights_only=True)
        trainer.restore(state)
        first, done = state["epoch"], state["done"]
    print(f"{len(data)} photos, {sum(w.numel() for w in model.parameters()):,} weights", flush=True)
    for epoch in range(first, args.epochs):
        began, losses = time.time(), []
        rng = np.random.default_rng([args.seed, epoch])
        torch.manual_seed(args.seed * 1000 + epoch)
        generator = torch.Generator().manual_seed(args.seed * 1000 + epoch)
        order = batches(data, args.batch, rng)
        for step, rows in enumerate(order):
            batch = make_batch(data, rows, tokenizer, rng, generator)
            rate = rate_at(epoch + step / len(order), done, args.epochs, args.cooldown)
            falling = args.epochs - epoch <= args.cooldown
            kept = 1.0 if falling and rate <= 0.5 else KEPT_PATCHES
            losses.append(trainer.step(batch, rate * args.rate, kept))
            done += 1
            if sys.stdout.isatty() or step % 20 == 19 or step + 1 == len(order):
                speed = args.batch * (step + 1) / (time.time() - began)
                means = {k: np.mean([part[k] for part in losses[-20:]]) for k in losses[0]}
                print(
                    f"epoch {epoch + 1}/{args.epochs} step {step + 1}/{len(order)} "
                    + " ".join(f"{name} {value:.3f}" for name, value in means.items())
                    + f" {speed:.0f} photos/s",
                    flush=True,
                )
        torch.save({**trainer.state(), "epoch": epoch + 1, "done": done}, state_file)
        mix = averaged(model, before, args.keep)
        save(model.config, mix, tokenizer, processor, lists, args.out)
        if validation:
            scores = evaluate(ClipEncoder(args.out, device=device), table, validation)
            print(f"epoch {epoch + 1} validation: {scores}", flush=True)


if __name__ == "__main__":
    run(main)
