"""The recorded runs and tiny weights that come with the tests, in the published layout."""

import json
import shutil
from pathlib import Path

from safetensors.torch import load_file

from core.tryon.ootd_pipeline import OotdPipeline
from core.tryon.ootd_weights import Folders

GOLDENS = Path(__file__).parents[2] / "goldens" / "ootd"
WEIGHTS = GOLDENS / "tiny_ckpt"
PICTURES = ("in_garment", "in_masked_person", "in_person", "in_mask")


def folders(scheduler="scheduler_dpmk", root=WEIGHTS):
    return Folders(root / "ootd", root / "clip-vit-large-patch14", "hd", scheduler)


def load(scheduler="scheduler_dpmk", **options):
    return OotdPipeline(folders(scheduler), **options)


def recorded(name="hd_s1.5_n1_dpmk"):
    """A case's settings and tensors."""
    file = GOLDENS / "pipeline" / f"{name}.json"
    return json.loads(file.read_text()), load_file(file.with_suffix(".safetensors"))


def pictures():
    """Garment, masked person, person and mask of a case, uint8."""
    tensors = recorded()[1]
    return [tensors[name].numpy() for name in PICTURES]


def copy_weights(root):
    """The tiny weights in a folder of checkpoints of one's own."""
    shutil.copytree(WEIGHTS, root, dirs_exist_ok=True)
    return root
