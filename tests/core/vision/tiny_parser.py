"""A tiny human parser with random weights, in the library's file layout."""

import torch
from transformers import (
    ResNetConfig,
    SegformerImageProcessorPil,
    UperNetConfig,
    UperNetForSemanticSegmentation,
)

from core.vision.atr import ATR


def write_tiny_parser(directory, names=ATR, seed=0):
    """config.json, model.safetensors and preprocessor_config.json; sees 96 x 64 pixels."""
    torch.manual_seed(seed)
    encoder = ResNetConfig(
        embedding_size=4,
        hidden_sizes=[4, 4, 4, 8],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    model = UperNetForSemanticSegmentation(
        UperNetConfig(
            backbone_config=encoder,
            hidden_size=8,
            use_auxiliary_head=False,
            id2label=dict(enumerate(names)),
            label2id={name: i for i, name in enumerate(names)},
        )
    )
    torch.nn.init.normal_(model.decode_head.classifier.weight)  # or all pixels are of one class
    model.save_pretrained(directory)
    SegformerImageProcessorPil(size={"height": 96, "width": 64}).save_pretrained(directory)
    return directory
