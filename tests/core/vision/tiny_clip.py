"""A tiny CLIP with random weights, in the file layout of openai/clip-vit-large-patch14."""

import json

import torch
from tokenizers import pre_tokenizers
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer


def write_tiny_clip(directory, seed=0, side=32, tokenizer_json=True):
    """config.json, model.safetensors, preprocessor_config.json and both tokenizer forms."""
    torch.manual_seed(seed)
    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*signs, *[f"{sign}</w>" for sign in signs], "re", "red</w>"]
    vocab = {word: i for i, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}
    merges = [("r", "e"), ("re", "d</w>")]
    tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=77)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    config = CLIPConfig(
        projection_dim=24,
        text_config=shape
        | {
            "num_attention_heads": 2,
            "vocab_size": len(vocab),
            "max_position_embeddings": 16,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
        },
        vision_config=shape | {"num_attention_heads": 2, "image_size": side, "patch_size": 8},
    )
    CLIPModel(config).save_pretrained(directory)
    CLIPImageProcessorPil(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    ).save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    (directory / "vocab.json").write_text(json.dumps(vocab))
    (directory / "merges.txt").write_text(
        "#version: 0.2\n" + "\n".join(" ".join(pair) for pair in merges) + "\n"
    )
    if not tokenizer_json:
        (directory / "tokenizer.json").unlink()
    return directory
