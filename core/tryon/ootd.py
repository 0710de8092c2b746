"""OOTDiffusion as an engine: which weights it needs, under which licence, and how it is run."""

import hashlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.checkpoints import Status, status
from core.errors import TryOnError
from core.tryon.cutout import Cutout
from core.tryon.engine import (
    ANY_SEED,
    CATEGORIES,
    Availability,
    GarmentCategory,
    Licence,
    MemoryShort,
    OnStep,
    Prepared,
    drawn_seed,
    require,
)
from core.tryon.masks import published_mask
from core.tryon.memory import out_of_memory
from core.tryon.ootd_frame import Frame, garment_picture
from core.tryon.ootd_preview import preview
from core.tryon.ootd_sampler import SAMPLERS
from core.tryon.ootd_weights import Folders, Model
from core.tryon.people import Person

if TYPE_CHECKING:
    from core.tryon.ootd_pipeline import OotdPipeline, Step

FRAME = (1024, 768)
"""Height and width that the published models paint in (pixels)."""

GREY = 127
"""What the person is painted with where the mask is."""

WORD = {"upper_body": "upperbody", "lower_body": "lowerbody", "dresses": "dress"}
"""What the models call the categories."""

LIMITS = {"steps": (1, 100), "scale": (0.0, 20.0), "samples": (1, 4), "seed": (ANY_SEED, 2**63 - 1)}

DTYPES = ("float32", "bfloat16", "float16")

IDLE = 15 * 60.0
"""Seconds after a run at which the model is let go: gigabytes that something else may need."""

_lock = threading.Lock()
_loaded: dict[tuple[object, ...], "OotdPipeline"] = {}
"""The one model that is in memory: 3.4 GB a UNet are not held twice."""
_idle: threading.Timer | None = None


class OotdEngine:
    """One of OOTDiffusion's two models: half body (`hd`) or full body (`dc`).

    Which device and precision it runs with can be set in the environment: `FASHION_OOTD_DEVICE`
    (cuda, mps or cpu; else the first of them that is there), `FASHION_OOTD_DTYPE` (float16,
    bfloat16 or float32; else float16 as published, and float32 on a CPU), `FASHION_OOTD_LEAN` (1:
    let the garment's UNet go after each garment, 0: keep it; else it goes on a CPU, where reading
    it again takes little beside running it, and then no run needs more memory than the original).
    """

    licence = Licence(
        "CC BY-NC-SA 4.0", commercial=False, note="Code and weights: research and private use only."
    )
    uses_sampling = True

    def __init__(self, model: Model, frame: tuple[int, int] = FRAME) -> None:
        """`frame` is the height and width to paint in, multiples of 8, three wide for four high."""
        half = model == "hd"
        self.name = f"ootd-{model}"
        self.title = "OOTDiffusion, " + ("half body" if half else "full body")
        self.categories: tuple[GarmentCategory, ...] = ("upper_body",) if half else CATEGORIES
        self.model: Model = model
        self.frame = frame

    @property
    def version(self) -> str:
        """The engine's own, and which weights it has: any file of them that changes, changes it."""
        found = status(self.name)
        folder = found.root / f"ootd/ootd_{self.model}/checkpoint-36000/unet_vton"
        file = folder / "diffusion_pytorch_model.safetensors"
        if not file.exists():
            return "1 without weights"
        return f"1 {self.frame} {found.commit} {_stamp(found)} {_precision()}"

    def available(self) -> Availability:
        """What is missing of the weights, by file where some are here, and where it was found."""
        return Availability(
            tuple(
                part
                for name in (self.name, "clip-vit-large-patch14")
                for part in _missing(status(name))
            )
        )

    def prepare(self, person: Person, garment: Cutout, category: GarmentCategory) -> Prepared:
        """Mark what will be repainted, as the published models were trained.

        The person is fitted into the frame first; nothing is stretched.

        Raises:
            TryOnError: the model was not trained for garments of this category.
            NoPersonError: the picture shows no person, or too little of one.
            CheckpointMissing: weights are missing.
        """
        require(self)
        if category not in self.categories:
            raise TryOnError(
                f"{self.title} was trained for tops alone. Choose another engine for this garment."
            )
        mask = published_mask(person, category, self.model)
        return Prepared(person, garment, category, mask, person.parse, person.keypoints)

    def run(
        self,
        prepared: Prepared,
        *,
        seed: int = 0,
        steps: int = 20,
        scale: float = 2.0,
        samples: int = 1,
        on_step: OnStep | None = None,
        sampler: str = "published",
        whole: bool = False,
    ) -> list[np.ndarray]:
        """Dress the person.

        Args:
            prepared: from `prepare`, the mask possibly edited.
            seed: of the random numbers; -1 draws one.
            steps: of the sampler; the original offers 20 to 40.
            scale: how strictly the picture follows the garment, 1 to 5; up to 1 takes half the
                time, since then nothing is held against a picture without the garment.
            samples: how many pictures, 1 to 4.
            on_step: called before the first step and after each, then with a small picture of the
                first sample as it emerges. What it raises ends the run.
            sampler: one of `SAMPLERS`.
            whole: return all that was painted, as the original does, not only what the mask covers:
                the person's own pixels are then lost everywhere.

        Returns:
            `samples` pictures, each (height, width, 3) uint8 RGB of the person's size.

        Raises:
            TryOnError: a setting is out of range.
            MemoryShort: the memory does not suffice; the model is let go, and read again by the
                next run.
            CheckpointMissing: weights are missing or damaged.
        """
        require(self)
        _check(steps=steps, scale=scale, samples=samples, seed=seed)
        if sampler not in SAMPLERS:
            raise TryOnError(
                f"There is no sampler “{sampler}”. Choose one of: {', '.join(SAMPLERS)}."
            )
        person = prepared.person
        frame = Frame.around(person.pixels.shape[:2], self.frame)
        pixels, mask = frame.put(person.pixels), frame.put_map(prepared.mask)
        masked = np.where((mask >= 127)[..., None], np.uint8(GREY), pixels)

        def told(step: "Step") -> None:
            if on_step is not None:
                small = frame.take(preview(step.clean[0]))
                on_step(step.index + 1, step.total, small)

        with _lock:
            _keep_awake()
            pipeline, short = None, False
            try:
                pipeline = self._pipeline()
                if on_step is not None:
                    on_step(0, steps)
                pictures = pipeline.dress(
                    garment_picture(prepared.garment, self.frame),
                    masked,
                    pixels,
                    mask,
                    WORD[prepared.category],
                    steps=steps,
                    scale=scale,
                    seed=drawn_seed(seed),
                    samples=samples,
                    sampler=sampler,
                    on_step=told,
                )
            except (MemoryError, RuntimeError) as error:
                if not out_of_memory(error):
                    raise
                short = True
            finally:
                _wait_idle()
            # Out here: while the error is handled, its traceback holds on to what was computed.
            if short:
                del pipeline
                _let_go()
                raise MemoryShort(f"{self.title} needs more memory than there is. {_less(samples)}")
        if whole:
            return [frame.enlarged(picture) for picture in pictures]
        return [frame.paste(picture, person.pixels, prepared.mask) for picture in pictures]

    def _pipeline(self) -> "OotdPipeline":
        """The loaded model; another one that is in memory is let go first."""
        from core.tryon.ootd_pipeline import OotdPipeline

        key = folders, device, dtype, lean, _version = self._key()
        if key not in _loaded:
            _let_go()
            _loaded[key] = OotdPipeline(folders, device=device, dtype=dtype, lean=lean)
        return _loaded[key]

    @property
    def in_memory(self) -> bool:
        """Whether the next run finds its model read already."""
        return self._key() in _loaded

    def _key(self) -> tuple[Folders, str, str, bool, str]:
        clip = status("clip-vit-large-patch14").root / "clip-vit-large-patch14"
        folders = Folders(status(self.name).root / "ootd", clip, self.model)
        return (folders, *_precision(), self.version)


def release() -> None:
    """Let go of the model in memory and of the garments kept with it; waits for a run to end.

    Happens by itself where no run began for `IDLE` seconds.
    """
    with _lock:
        _keep_awake()
        _let_go()


def _let_go() -> None:
    """Forget the model, and give the device's memory back to the system."""
    import gc

    import torch

    _loaded.clear()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _wait_idle() -> None:
    """Let the model go after a while, unless another run begins before."""
    global _idle

    def over() -> None:
        with _lock:
            if _idle is timer:  # else a run began while this was waiting for the lock
                _let_go()

    _idle = timer = threading.Timer(IDLE, over)
    timer.daemon = True
    timer.start()


def _keep_awake() -> None:
    global _idle
    if _idle is not None:
        _idle.cancel()
    _idle = None


def _less(samples: int) -> str:
    """What to choose so that a run takes less memory, by how it is set now."""
    _device, dtype, lean = _precision()
    ways = []
    if samples > 1:
        ways.append(f"ask for fewer than {samples} pictures at a time")
    if dtype == "float32":
        ways.append("set FASHION_OOTD_DTYPE=bfloat16, which takes half")
    if not lean:
        ways.append("set FASHION_OOTD_LEAN=1, which lets the garment's net go")
    ways.append("close what else runs on the machine")
    words = "; or ".join(ways)
    return f"{words[0].upper()}{words[1:]}."


def _precision() -> tuple[str, str, bool]:
    """Device, precision, and whether the garment's UNet is let go after each garment."""
    import torch

    there = "cuda" if torch.cuda.is_available() else "cpu"
    if torch.backends.mps.is_available():
        there = "mps"
    device = os.environ.get("FASHION_OOTD_DEVICE") or there
    usual = "float32" if device == "cpu" else "float16"
    dtype = os.environ.get("FASHION_OOTD_DTYPE") or usual
    if dtype not in DTYPES:
        raise TryOnError(f"FASHION_OOTD_DTYPE is “{dtype}”. Set it to one of: {', '.join(DTYPES)}.")
    lean = os.environ.get("FASHION_OOTD_LEAN") or ("1" if device == "cpu" else "0")
    return device, dtype, lean == "1"


def _stamp(found: Status) -> str:
    """Short digest of the sizes and times of all of a model's files, CLIP's among them."""
    clip = status("clip-vit-large-patch14")
    files = [
        s.root / part for s in (found, clip) for f in s.checkpoint.files for part in f.split("|")
    ]
    told = [(f.stat().st_size, f.stat().st_mtime_ns) for f in files if f.is_file()]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def _missing(found: Status) -> list[str]:
    """The folders that lack files, and where those that lie one level wrong were found."""
    places: dict[str, str] = {}
    for file in found.missing:
        folder = Path(file).parent
        place = f"{found.root.name}/{folder}"
        if (misplaced := found.misplaced.get(file)) is not None:
            places[place] = f"{place} (found at {misplaced.parent}: move it)"
        places.setdefault(place, place)
    return list(places.values())


def _check(**settings: float) -> None:
    for name, value in settings.items():
        low, high = LIMITS[name]
        if not low <= value <= high:
            raise TryOnError(f"{name.capitalize()} must be {low} to {high}, not {value}.")
