"""The embedded CLIP itself: its tokenizer, image processor, network and files."""

import json
import math
import shutil
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTokenizer,
)

IMAGE_SIZE, PATCH = 96, 12
TEXT_LENGTH, VOCABULARY = 32, 4096


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


def resized(weights: dict[str, Tensor], image_size: int, patch: int) -> dict[str, Tensor]:
    """Weights of a checkpoint for photos and patches of another size.

    A patch's new weights give what the old ones give for the patch enlarged to the old size (as
    FlexiViT, Beyer et al. 2023, does when patches grow); places are interpolated.
    """
    embeddings = "vision_model.embeddings."
    weights = {name: weight.float() for name, weight in weights.items()}
    kernel = weights[f"{embeddings}patch_embedding.weight"]
    places = weights[f"{embeddings}position_embedding.weight"]
    old, side = kernel.shape[-1], math.isqrt(len(places) - 1)
    if old == patch and side == image_size // patch:
        return weights
    units = torch.eye(patch * patch).view(-1, 1, patch, patch)
    enlarged = F.interpolate(units, (old, old), mode="bilinear", align_corners=False).flatten(1)
    kernel = (kernel.flatten(2) @ enlarged.T).unflatten(2, (patch, patch))
    grid = places[1:].T.unflatten(1, (side, side))[None]
    size = (image_size // patch, image_size // patch)
    grid = F.interpolate(grid, size, mode="bicubic", align_corners=False)[0].flatten(1).T
    weights[f"{embeddings}patch_embedding.weight"] = kernel
    weights[f"{embeddings}position_embedding.weight"] = torch.cat([places[:1], grid])
    return weights


def averaged(model: CLIPModel, before: dict[str, Tensor], keep: float) -> dict[str, Tensor]:
    """The model's weights, mixed with a share `keep` of those it started from, if it did."""
    state = model.state_dict()
    if not before:
        return state
    return {
        name: keep * before[name].to(new.device, torch.float32) + (1 - keep) * new
        for name, new in state.items()
    }


def save(
    config: CLIPConfig,
    state: dict[str, Tensor],
    tokenizer,
    processor,
    lists: dict[str, list[str]],
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
    for name, ids in lists.items():
        (new / name).write_text("\n".join(ids) + "\n")
    out.mkdir(parents=True, exist_ok=True)
    for file in new.iterdir():
        file.replace(out / file.name)
    new.rmdir()
