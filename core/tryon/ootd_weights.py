"""OOTDiffusion's published files, loaded as they are into stock diffusers and transformers models.

The folder of checkpoints holds `ootd/` (with `vae`, `text_encoder`, `tokenizer`, `scheduler` and,
for each model, `ootd_hd|ootd_dc/checkpoint-36000/unet_garm|unet_vton`) and
`clip-vit-large-patch14/`, as their owners publish them. The two UNets have exactly the weights of
`UNet2DConditionModel`, whatever class their configuration names.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.checkpoints import whole
from core.errors import CheckpointMissing
from core.tryon.memory import out_of_memory
from core.vision.importing import IMPORTING

if TYPE_CHECKING:
    import torch

Model = Literal["hd", "dc"]

WORDS = ("upperbody", "lowerbody", "dress")
"""What the text encoder is told of the garment's category."""

_OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""Names of the autoencoder's attention weights in files from before diffusers 0.15."""


@dataclass(frozen=True)
class Folders:
    """Where the parts of one model lie.

    Attributes:
        ootd: the folder `ootd` of the published tree.
        clip: the folder `clip-vit-large-patch14`.
        model: half body (`hd`) or full body (`dc`).
        scheduler: name of the scheduler's folder inside `ootd`.
    """

    ootd: Path
    clip: Path
    model: Model
    scheduler: str = "scheduler"

    @property
    def unets(self) -> Path:
        """The folder that holds this model's two UNets."""
        return self.ootd / f"ootd_{self.model}" / "checkpoint-36000"


def load_unet(folder: Path, dtype: "torch.dtype", device: "torch.device") -> Any:
    """A UNet in evaluation mode.

    Raises:
        CheckpointMissing: a file is missing, damaged, or does not hold exactly this net.
    """
    with IMPORTING:
        from diffusers import UNet2DConditionModel

    with _readable(folder):
        return _filled(UNet2DConditionModel, folder, dtype, device)


def load_vae(folder: Path, dtype: "torch.dtype", device: "torch.device") -> Any:
    """The autoencoder between pictures and latents, in evaluation mode.

    Raises:
        CheckpointMissing: as `load_unet`.
    """
    with IMPORTING:
        from diffusers import AutoencoderKL

    with _readable(folder):
        return _filled(AutoencoderKL, folder, dtype, device)


def load_clip_vision(folder: Path, device: "torch.device") -> tuple[Any, Any]:
    """CLIP's image tower with its projection, in float32 as in the original, and its processor.

    Raises:
        CheckpointMissing: a file is missing or damaged.
    """
    import torch

    with IMPORTING:
        from transformers import CLIPImageProcessorPil, CLIPVisionModelWithProjection

    with _readable(folder), _quiet():  # the file also holds the text tower, which is no news
        tower = whole(
            CLIPVisionModelWithProjection.from_pretrained(
                folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
            )
        )
        processor = CLIPImageProcessorPil.from_pretrained(folder, local_files_only=True)
    return tower.eval().to(device), processor


@dataclass(frozen=True)
class Text:
    """What the text encoder says of one category.

    Attributes:
        ids: (1, tokens) int64, the token ids.
        hidden: (1, tokens, channels) float32, its last hidden states.
    """

    ids: "torch.Tensor"
    hidden: "torch.Tensor"


def text_constants(folders: Folders) -> dict[str, Text]:
    """All that the text encoder is ever asked, by category word; the encoder is then let go.

    The half-body model reads no words: every category has the empty text, two tokens long. The
    full-body model reads the category's word cut to three tokens ("upperbody" becomes "upper").

    Raises:
        CheckpointMissing: a file is missing or damaged.
    """
    import torch

    with IMPORTING:
        from transformers import CLIPTextModel, CLIPTokenizer

    with _readable(folders.ootd / "text_encoder"), _quiet():
        encoder = whole(
            CLIPTextModel.from_pretrained(
                folders.ootd / "text_encoder",
                dtype=torch.float32,
                local_files_only=True,
                output_loading_info=True,
            ),
            unused="position_ids",
        ).eval()
    with _readable(folders.ootd / "tokenizer"):
        tokenizer = CLIPTokenizer.from_pretrained(folders.ootd / "tokenizer", local_files_only=True)
    found = {}
    for word in WORDS:
        text, length = ("", 2) if folders.model == "hd" else (word, 3)
        ids = tokenizer(
            [text], padding="max_length", max_length=length, truncation=True, return_tensors="pt"
        ).input_ids
        with torch.inference_mode():
            found[word] = Text(ids, encoder(ids).last_hidden_state)
    return found


def scheduler_settings(folders: Folders) -> dict[str, Any]:
    """The published sampler's settings.

    Raises:
        CheckpointMissing: the file is missing or damaged.
    """
    file = folders.ootd / folders.scheduler / "scheduler_config.json"
    with _readable(file.parent):
        settings: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return settings


def _filled(kind: Any, folder: Path, dtype: "torch.dtype", device: "torch.device") -> Any:
    """A net of the kind and shape that a folder describes, with the folder's weights."""
    import torch

    config = kind.load_config(folder, local_files_only=True)
    with torch.device("meta"):  # no time for random weights, no memory for them
        net = kind.from_config(config)
    weights = {_current(name): value for name, value in _weights(folder).items()}
    for name in list(weights):
        weights[name] = weights[name].to(device, dtype)
    missing, unknown = net.load_state_dict(weights, strict=False, assign=True)
    if missing or unknown:
        raise ValueError(
            f"{len(missing)} weights are missing and {len(unknown)} are not of this net, such as"
            f" {[*missing, *unknown][0]}"
        )
    return net.requires_grad_(False).eval()


def _weights(folder: Path) -> dict[str, Any]:
    import torch
    from safetensors.torch import load_file

    file = folder / "diffusion_pytorch_model.safetensors"
    if file.exists():
        return load_file(file)
    binary = file.with_suffix(".bin")
    weights: dict[str, Any] = torch.load(binary, map_location="cpu", weights_only=True, mmap=True)
    return weights


def _current(name: str) -> str:
    """A weight's name in current diffusers."""
    parts = name.split(".")
    if len(parts) > 2 and parts[-2] in _OLD_ATTENTION and "attentions" in parts:
        parts[-2] = _OLD_ATTENTION[parts[-2]]
    return ".".join(parts)


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and no reports by transformers inside."""
    with IMPORTING:
        from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Say of any error inside that the folder cannot be loaded."""
    try:
        yield
    except Exception as error:  # each loader has errors of its own for a damaged file
        if out_of_memory(error):
            raise  # nothing is wrong with the file
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise CheckpointMissing(
            f"OOTDiffusion cannot load {folder} ({reason}). Run `python scripts/checkpoints.py"
            " doctor` to see what is missing, and pull it again where it is damaged."
        ) from error
