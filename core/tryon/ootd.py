"""OOTDiffusion as the dashboard lists it: which weights it needs, and under which licence.

The engine itself is not part of this version; every call says so.
"""

import numpy as np

from core.settings import checkpoints_dir
from core.tryon.cutout import Cutout
from core.tryon.engine import (
    CATEGORIES,
    Availability,
    GarmentCategory,
    Licence,
    OnStep,
    Prepared,
    require,
)
from core.tryon.people import Person

_SHARED = (
    "ootd/vae",
    "ootd/text_encoder",
    "ootd/tokenizer",
    "ootd/scheduler",
    "clip-vit-large-patch14",
    "humanparsing/parsing_atr.onnx",
    "humanparsing/parsing_lip.onnx",
    "openpose/ckpts/body_pose_model.pth",
)


class OotdEngine:
    """One of OOTDiffusion's two models: half body (`hd`) or full body (`dc`)."""

    version = "0"
    licence = Licence(
        "CC BY-NC-SA 4.0", commercial=False, note="Code and weights: research and private use only."
    )
    uses_sampling = True

    def __init__(self, model: str) -> None:
        half = model == "hd"
        self.name = f"ootd-{model}"
        self.title = "OOTDiffusion, " + ("half body" if half else "full body")
        self.categories: tuple[GarmentCategory, ...] = ("upper_body",) if half else CATEGORIES
        unets = f"ootd/ootd_{model}/checkpoint-36000"
        self._needed = (f"{unets}/unet_garm", f"{unets}/unet_vton", *_SHARED)

    def available(self) -> Availability:
        """What is missing: always the engine itself, and the weights that are not here."""
        root = checkpoints_dir()
        weights = [f"{root.name}/{name}" for name in self._needed if not (root / name).exists()]
        return Availability(("the engine itself (a later version brings it)", *weights))

    def prepare(self, person: Person, garment: Cutout, category: GarmentCategory) -> Prepared:
        """Raise.

        Raises:
            CheckpointMissing: always.
        """
        require(self)
        raise AssertionError("an engine that is never available was available")

    def run(
        self,
        prepared: Prepared,
        *,
        seed: int = 0,
        steps: int = 20,
        scale: float = 2.0,
        samples: int = 1,
        on_step: OnStep | None = None,
    ) -> list[np.ndarray]:
        """Raise.

        Raises:
            CheckpointMissing: always.
        """
        require(self)
        raise AssertionError("an engine that is never available was available")
