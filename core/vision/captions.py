"""Captions: one plain line for a photo of a garment, such as “women's navy striped shirt, casual”.

The same class loads the small checkpoint that comes with the project and a full
`nlpconnect/vit-gpt2-image-captioning` directory; both are a transformers
`VisionEncoderDecoderModel`. The small one knows a closed list of attribute words and nothing else
(``attributes.json`` beside its weights), so it cannot write a brand; it leaves out an attribute
that it is not sure enough of, and says nothing when it is not sure what the article is.
"""

import json
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from core.checkpoints import checkpoint_id, whole
from core.errors import CheckpointMissing
from core.vision.importing import IMPORTING

ATTRIBUTES_FILE = "attributes.json"
TYPE = "type"
"""The attribute without which nothing is said."""

MOST_TOKENS = 24
BEAMS = 4
"""Beams for a model of free text, as its authors use it; the small model is read greedily."""


@dataclass(frozen=True)
class Caption:
    """What a model says about a photo.

    Attributes:
        text: one line; empty where the model is not sure enough.
        confidence: probability, in the model's own opinion, that every attribute said is right
            (0..1); for a model of free text the mean probability of a token.
        attributes: attribute and its words, in the order in which they are said; empty for a model
            of free text.
    """

    text: str
    confidence: float
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Attributes:
    """The closed list of what a captioner may say.

    Attributes:
        words: attribute to its words, in the order of a line; each is one token.
        least: attribute to the probability (0..1) below which it is left out.
    """

    words: Mapping[str, tuple[str, ...]]
    least: Mapping[str, float]

    @classmethod
    def read(cls, directory: Path) -> "Attributes | None":
        """Those of a checkpoint; None where it writes free text.

        Raises:
            CheckpointMissing: the file is damaged.
        """
        file = directory / ATTRIBUTES_FILE
        if not file.is_file():
            return None
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            words = {name: tuple(map(str, said)) for name, said in content["words"].items()}
            return cls(words, {name: float(content["least"][name]) for name in words})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointMissing(f"{file} is damaged. Restore it from the project.") from error


def line(attributes: Mapping[str, str]) -> str:
    """Attributes as one line; how the article is used comes after a comma.

    A use that the article's name says already (“casual shoes”) is not said again.
    """
    use = attributes.get("usage", "")
    words = [word for name, word in attributes.items() if name != "usage" and word]
    said = attributes.get(TYPE, "").split()
    return " ".join(words) + (f", {use}" if use and use not in said else "")


class Captioner:
    """Maps photos to captions, always the same for the same photo.

    Safe to share between threads: one forward pass runs at a time.

    Attributes:
        checkpoint_id: name of the checkpoint and a short hash of its weights.
        attributes: the closed list that it writes from, or None where it writes free text.
    """

    def __init__(
        self, directory: Path | str, *, device: str | None = None, cautious: bool = True
    ) -> None:
        """Load a checkpoint in the transformers layout.

        Args:
            directory: holds config.json, model.safetensors or pytorch_model.bin,
                preprocessor_config.json and a tokenizer.
            device: a torch device; a GPU where there is one, if None.
            cautious: leave out what the model is not sure enough of.

        Raises:
            CheckpointMissing: a file is missing or damaged.
        """
        import torch

        with IMPORTING:
            from transformers import AutoTokenizer, VisionEncoderDecoderModel, ViTImageProcessorPil
            from transformers.utils.logging import disable_progress_bar, set_verbosity_error

        directory = Path(directory)
        self.checkpoint_id = checkpoint_id(directory)
        self.attributes = Attributes.read(directory)
        self._cautious = cautious
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        set_verbosity_error()  # it warns of padding, which only lines that have ended hold
        disable_progress_bar()  # loading is a second; the bar only litters terminals and logs
        if not (directory / "config.json").is_file():
            raise CheckpointMissing(
                f"{directory / 'config.json'} is missing. Get it again with scripts/checkpoints.py"
                " pull."
            )
        try:
            # The library reads a .bin with torch's weights-only unpickler, which runs no code.
            model = whole(
                VisionEncoderDecoderModel.from_pretrained(
                    directory,
                    dtype=torch.float32,
                    use_safetensors=(directory / "model.safetensors").is_file(),
                    local_files_only=True,
                    output_loading_info=True,
                ),
                unused=".pooler.",  # the decoder reads the states, not their pooled mean
            )
            self._tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
            self._processor = ViTImageProcessorPil.from_pretrained(directory, local_files_only=True)
        except Exception as error:  # each loader has errors of its own for a damaged file
            raise CheckpointMissing(
                f"The captioner in {directory} cannot be loaded ({error}). Get it again with"
                " scripts/checkpoints.py pull."
            ) from error
        self._model = model.eval().to(self._device)
        self._lock = threading.Lock()

    def captions(self, images: Sequence[Image.Image], batch_size: int = 16) -> list[Caption]:
        """A caption for each photo.

        Args:
            images: PIL images of any mode and size.
            batch_size: photos in one forward pass.
        """
        found: list[Caption] = []
        for start in range(0, len(images), batch_size):
            found += self._batch(images[start : start + batch_size])
        return found

    def _batch(self, images: Sequence[Image.Image]) -> Iterator[Caption]:
        import torch

        inputs = self._processor([i.convert("RGB") for i in images], return_tensors="pt")
        tokens = self._tokenizer
        config = self._model.config
        start = config.decoder_start_token_id
        if start is None:
            start = tokens.bos_token_id
        end = tokens.eos_token_id
        settings: dict[str, Any] = {
            "decoder_start_token_id": start,
            "eos_token_id": end,
            "pad_token_id": end if tokens.pad_token_id is None else tokens.pad_token_id,
            "max_new_tokens": len(self.attributes.words) + 1 if self.attributes else MOST_TOKENS,
            "do_sample": False,
            "num_beams": 1 if self.attributes else BEAMS,
            "return_dict_in_generate": True,
            "output_scores": True,
        }
        with self._lock, torch.inference_mode():
            out = self._model.generate(inputs["pixel_values"].to(self._device), **settings)
        if self.attributes is None:
            texts = tokens.batch_decode(out.sequences, skip_special_tokens=True)
            for text, score in zip(texts, out.sequences_scores.tolist(), strict=True):
                yield Caption(" ".join(text.split()), math.exp(score))
            return
        steps = torch.stack(out.scores, dim=1).softmax(-1)
        said = out.sequences[:, 1:]
        sure = steps.gather(2, said[..., None]).squeeze(2)
        for ids, chances in zip(said.tolist(), sure.tolist(), strict=True):
            yield self._caption(self.attributes, ids, chances)

    def _caption(self, known: Attributes, ids: list[int], chances: list[float]) -> Caption:
        """The line of a token sequence, without the attributes that are not sure enough."""
        place = {word: name for name, words in known.words.items() for word in words}
        kept: dict[str, tuple[str, float]] = {}
        for token, chance in zip(ids, chances, strict=True):
            if token == self._tokenizer.eos_token_id:
                break
            word = str(self._tokenizer.decode([token])).strip(" ,")
            name = place.get(word)
            if name is not None and name not in kept:
                kept[name] = (word, chance)
        if self._cautious:
            kept = {n: (w, p) for n, (w, p) in kept.items() if p >= known.least[n]}
            if TYPE not in kept:
                return Caption("", 0.0)
        said = {name: kept[name][0] for name in known.words if name in kept}
        return Caption(line(said), math.prod(p for _, p in kept.values()), said)
