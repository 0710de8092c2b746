"""What one step of training the small CLIP learns from: rows that come together, drawn anew."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTokenizer

from scripts.clip_data import TrainingSet
from scripts.clip_model import IMAGE_SIZE, TEXT_LENGTH
from scripts.train_backbone import augmented, mixed

MIXED = 0.4
"""Share of batches whose photos are mixed in pairs by CutMix (Yun et al. 2019)."""
ALIKE = 32
"""Photos of one type that come together, in half of the batches, as hard negatives."""
OWN_SHARE = 0.5
"""Share of the clothing data set seen in an epoch: products are what counts here."""


@dataclass
class Batch:
    """What one step learns from.

    Attributes:
        pixels: (b, 3, s, s), 0..1, perhaps mixed in pairs.
        tokens: token ids of a caption each (b, t).
        mask: their attention mask.
        wanted: how far each text (row) is true of each photo (b, b).
        labels: a share of each level of each label (b, levels); a row of zeros where unknown.
    """

    pixels: Tensor
    tokens: Tensor
    mask: Tensor
    wanted: Tensor
    labels: list[Tensor]


def batches(data: TrainingSet, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Rows in batches; half of them come in groups of one type, to be told apart."""
    order = rng.permutation(len(data))
    if "label" in data.columns:
        own = data.codes[order, 1 + data.columns.index("label")] >= 0
        order = order[~own | (rng.random(len(order)) < OWN_SHARE)]
    free, grouped = np.array_split(order, 2)
    types = data.codes[:, 1 + data.columns.index("type")]
    grouped = grouped[np.argsort(types[grouped], kind="stable")]
    groups = [grouped[i : i + ALIKE] for i in range(0, len(grouped), ALIKE)]
    grouped = np.concatenate([groups[i] for i in rng.permutation(len(groups))])
    found = [
        part[i : i + size] for part in (free, grouped) for i in range(0, len(part) - size + 1, size)
    ]
    return [found[i] for i in rng.permutation(len(found))]


def make_batch(
    data: TrainingSet,
    rows: np.ndarray,
    tokenizer: CLIPTokenizer,
    rng: np.random.Generator,
    generator: torch.Generator,
) -> Batch:
    """Draw crops, captions and partners for some photos."""
    captions = [data.caption(row, rng) for row in rows]
    encoded = tokenizer(
        [text for text, _ in captions],
        padding=True,
        truncation=True,
        max_length=TEXT_LENGTH,
        return_tensors="pt",
    )
    wanted = torch.from_numpy(data.fits(rows, np.stack([s for _, s in captions]))).float()
    codes = torch.from_numpy(data.codes[rows, 1:])
    labels = [
        F.one_hot(codes[:, i] + 1, 1 + len(words))[:, 1:].float()
        for i, words in enumerate(data.levels.values())
    ]
    pixels = augmented(data.pixels(rows), generator, (IMAGE_SIZE, IMAGE_SIZE))
    if rng.random() < MIXED:
        pixels, partner, share = mixed(pixels, rng)
        wanted = share * wanted + (1 - share) * wanted[:, partner]
        labels = [share * part + (1 - share) * part[partner] for part in labels]
    return Batch(pixels, encoded["input_ids"], encoded["attention_mask"], wanted, labels)
