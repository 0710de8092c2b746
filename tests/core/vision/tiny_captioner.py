"""Tiny captioners: one of the project's kind that knows two lines, and vit-gpt2's file layout."""

import json

import numpy as np
import torch
from tokenizers import pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, VisionEncoderDecoderModel, ViTConfig, ViTModel

from core.vision.captions import ATTRIBUTES_FILE
from scripts.caption_data import WORDS, codes
from scripts.captioner_model import Lines, make_model, make_processor, make_tokenizer
from scripts.train_captioner import Trainer
from tests.core.vision.tiny_clip import write_tiny_clip

DARK = "men's black checked shirt, casual"
LIGHT = "women's white dress, casual"
"""What the tiny captioner says of photos: always one of the two."""


def write_tiny_captioner(directory, least=0.0, seed=0):
    """A captioner as `scripts/train_captioner.py` writes it, taught two lines in a second.

    Args:
        directory: to write to.
        least: the probability below which an attribute is left out.
        seed: of the weights.
    """
    torch.manual_seed(seed)
    clip = directory / "clip"
    clip.mkdir(parents=True)
    write_tiny_clip(clip, seed=seed)
    tokenizer = make_tokenizer()
    model = make_model(clip, tokenizer).eval()
    words = [
        {"gender": "men's", "colour": "black", "pattern": "checked", "type": "shirt"},
        {"gender": "women's", "colour": "white", "type": "dress"},
    ]
    blank = dict.fromkeys(WORDS, "") | {"usage": "casual"}
    lines = Lines.of(*codes([blank | facts for facts in words]))
    trainer, rows = Trainer(model, 60, 3e-3), np.arange(2)
    pixels = torch.stack([torch.full((3, 32, 32), level) for level in (-1.5, 1.5)])
    for _ in range(60):
        trainer.step(pixels, lines.draw(rows, None), lines.special[0])
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    make_processor(clip, model.config.encoder.image_size).save_pretrained(directory)
    (directory / ATTRIBUTES_FILE).write_text(
        json.dumps({"words": WORDS, "least": dict.fromkeys(WORDS, least)})
    )
    return directory


def write_tiny_vit_gpt2(directory, *, binary=False, seed=0):
    """The files of nlpconnect/vit-gpt2-image-captioning, around a model of a few thousand weights.

    Its special tokens keep their relation (start, end and padding are one token, the last), and its
    settings are those of the time: a ViTFeatureExtractor and no tokenizer.json.
    """
    torch.manual_seed(seed)
    directory.mkdir(parents=True, exist_ok=True)
    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {sign: i for i, sign in enumerate([*signs, "sh", "ir", "<|endoftext|>"])}
    last = vocab["<|endoftext|>"]
    encoder = ViTModel(
        ViTConfig(
            hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
            image_size=32, patch_size=8,
        )
    )  # fmt: skip
    decoder = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(vocab), n_positions=64, n_embd=32, n_layer=1, n_head=2,
            add_cross_attention=True, bos_token_id=last, eos_token_id=last,
        )
    )  # fmt: skip
    model = VisionEncoderDecoderModel(encoder=encoder, decoder=decoder)
    model.config.decoder_start_token_id = model.config.pad_token_id = last
    model.config.eos_token_id = last
    model.save_pretrained(directory)
    (directory / "generation_config.json").unlink()  # the repo has none
    config = json.loads((directory / "config.json").read_text())
    config |= {"decoder_start_token_id": last, "pad_token_id": last, "eos_token_id": last}
    (directory / "config.json").write_text(json.dumps(config))
    if binary:
        torch.save(model.state_dict(), directory / "pytorch_model.bin")
        (directory / "model.safetensors").unlink()
    (directory / "vocab.json").write_text(json.dumps(vocab))
    (directory / "merges.txt").write_text("#version: 0.2\ns h\ni r\n")
    marks = dict.fromkeys(("bos_token", "eos_token", "unk_token", "pad_token"), "<|endoftext|>")
    (directory / "special_tokens_map.json").write_text(json.dumps(marks))
    (directory / "tokenizer_config.json").write_text(
        json.dumps(marks | {"model_max_length": 64, "tokenizer_class": "GPT2Tokenizer"})
    )
    (directory / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "do_normalize": True,
                "do_resize": True,
                "feature_extractor_type": "ViTFeatureExtractor",
                "image_mean": [0.5, 0.5, 0.5],
                "image_std": [0.5, 0.5, 0.5],
                "resample": 2,
                "size": 32,
            }
        )
    )
    return directory
