"""The embedded captioner and its vocabulary: CLIP's eye and a small GPT-2 that writes attributes.

A transformers VisionEncoderDecoderModel. Its encoder is the vision tower of a CLIP checkpoint; its
words are the closed list of `scripts.caption_data`, one token each.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionModel,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    VisionEncoderDecoderModel,
    ViTImageProcessorPil,
)
from transformers.utils import logging

from core.errors import CheckpointMissing
from core.vision.captions import ATTRIBUTES_FILE
from scripts.caption_data import WORDS

PAD, START, END, UNKNOWN = "[PAD]", "[START]", "[END]", "[UNK]"
SPECIAL = (PAD, START, END, UNKNOWN)
WIDTH, LAYERS, HEADS = 192, 3, 6
LENGTH = len(WORDS) + 2
"""Tokens of the longest line: one an attribute, with a start and an end."""

LEFT_OUT = 0.1
"""Share of known attributes that a training line leaves out and counts as not known."""


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer whose vocabulary is the closed list: one token a word, and nothing below it."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors

    pieces = list(_pieces())
    vocabulary = {piece: i for i, piece in enumerate([*SPECIAL, *pieces])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    longest = sorted(pieces, key=len, reverse=True)
    pattern = "|".join(p.replace(".", r"\.") for p in longest)
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="always", split=False),
            pre_tokenizers.Split(Regex(f"(?:{pattern})(?=▁|,|$)"), behavior="isolated"),
        ]
    )
    made.decoder = decoders.Metaspace(prepend_scheme="always", split=False)
    made.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        special_tokens=[(START, vocabulary[START]), (END, vocabulary[END])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token=PAD,
        bos_token=START,
        eos_token=END,
        unk_token=UNKNOWN,
        model_max_length=LENGTH,
        clean_up_tokenization_spaces=False,
    )


def _pieces() -> Iterator[str]:
    """The tokens of all words, attribute by attribute; a use follows a comma."""
    for name, words in WORDS.items():
        for word in words:
            yield (",▁" if name == "usage" else "▁") + word.replace(" ", "▁")


def make_processor(clip: Path, side: int) -> ViTImageProcessorPil:
    """Squash the whole photo to the encoder's square, with CLIP's own colours."""
    own = CLIPImageProcessorPil.from_pretrained(clip, local_files_only=True)
    return ViTImageProcessorPil(
        size={"height": side, "width": side},
        resample=own.resample,
        image_mean=own.image_mean,
        image_std=own.image_std,
    )


def make_model(clip: Path, tokenizer: PreTrainedTokenizerFast) -> VisionEncoderDecoderModel:
    """The vision tower of a CLIP checkpoint and an untrained decoder.

    Raises:
        CheckpointMissing: the checkpoint cannot be loaded.
    """
    logging.set_verbosity_error()  # the tower has no use for the weights of the text half
    logging.disable_progress_bar()
    try:
        encoder = CLIPVisionModel.from_pretrained(
            clip, dtype=torch.float32, use_safetensors=True, local_files_only=True
        )
    except Exception as error:  # each loader has errors of its own for a damaged file
        raise CheckpointMissing(
            f"The CLIP checkpoint in {clip} cannot be loaded ({error})."
        ) from error
    decoder = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(tokenizer),
            n_positions=LENGTH,
            n_embd=WIDTH,
            n_layer=LAYERS,
            n_head=HEADS,
            add_cross_attention=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model = VisionEncoderDecoderModel(encoder=encoder, decoder=decoder)
    for config in (model.config, model.generation_config):
        config.decoder_start_token_id = tokenizer.bos_token_id
        config.bos_token_id = tokenizer.bos_token_id
        config.eos_token_id = tokenizer.eos_token_id
        config.pad_token_id = tokenizer.pad_token_id
    return model


@dataclass
class Lines:
    """Lines to learn, as codes (see `scripts.caption_data.codes`), and the tokens of words."""

    said: np.ndarray
    unknown: np.ndarray
    first: np.ndarray
    """Token of the first word of each attribute; the others follow it."""
    attribute: np.ndarray
    """Position of the attribute of each token; -1 for the special ones."""
    special: tuple[int, int, int]
    """Tokens of padding, start and end."""

    @classmethod
    def of(cls, said: np.ndarray, unknown: np.ndarray) -> "Lines":
        """The lines of coded facts."""
        sizes = [len(words) for words in WORDS.values()]
        first = len(SPECIAL) + np.cumsum([0, *sizes[:-1]])
        attribute = np.concatenate([np.full(len(SPECIAL), -1), np.repeat(range(len(sizes)), sizes)])
        places = tuple(SPECIAL.index(s) for s in (PAD, START, END))
        return cls(said, unknown, first, attribute, places)

    def draw(self, rows: np.ndarray, rng: np.random.Generator | None) -> tuple[Tensor, Tensor]:
        """Token ids (n, LENGTH), and which tokens count for nothing in each line (n, vocabulary).

        Words of an attribute that is not known are taken out of the loss: a photo without a known
        sleeve teaches neither sleeve, nor that nothing should be said of it.
        """
        said, unknown = self.said[rows].astype(np.int64), self.unknown[rows].copy()
        if rng is not None:
            drop = rng.random(said.shape) < LEFT_OUT
            drop[:, list(WORDS).index("type")] = False
            unknown |= drop
        pad, start, end = self.special
        ids = np.full((len(rows), LENGTH), pad)
        for i, (words, away) in enumerate(zip(said, unknown, strict=True)):
            kept = (words >= 0) & ~away
            line = [start, *(self.first + words)[kept], end]
            ids[i, : len(line)] = line
        ignored = np.zeros((len(rows), len(self.attribute)), dtype=bool)
        held = self.attribute >= 0
        ignored[:, held] = unknown[:, self.attribute[held]]
        return torch.from_numpy(ids), torch.from_numpy(ignored)


def save(
    model: VisionEncoderDecoderModel,
    tokenizer: PreTrainedTokenizerFast,
    processor: ViTImageProcessorPil,
    lowest: dict[str, float],
    held_out: str,
    out: Path,
) -> None:
    """Write the directory in the transformers layout, weights in float16."""
    new = out.with_name(f".{out.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    half = {name: weight.half().contiguous() for name, weight in model.state_dict().items()}
    model.config.dtype = "float16"
    model.save_pretrained(new, state_dict=half)
    tokenizer.save_pretrained(new)
    processor.save_pretrained(new)
    (new / ATTRIBUTES_FILE).write_text(
        json.dumps({"words": WORDS, "least": lowest}, indent=1, ensure_ascii=False) + "\n"
    )
    (new / "held_out.txt").write_text(held_out)
    out.mkdir(parents=True, exist_ok=True)
    for file in new.iterdir():
        file.replace(out / file.name)
    new.rmdir()
