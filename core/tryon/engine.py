"""What a try-on engine is: the contract of the preview and of the diffusion engines."""

import secrets
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from core.errors import CheckpointMissing, TryOnError
from core.tryon.cutout import Cutout
from core.tryon.people import Person

GarmentCategory = Literal["upper_body", "lower_body", "dresses"]
CATEGORIES: tuple[GarmentCategory, ...] = ("upper_body", "lower_body", "dresses")

ANY_SEED = -1
"""Stands for a seed drawn at random."""


class MemoryShort(TryOnError):  # noqa: N818 - what is the matter, as people would say it
    """The memory does not suffice for a run; the sentence says what takes less."""


class OnStep(Protocol):
    """Told about progress while an engine runs; an exception from it ends the run."""

    def __call__(self, done: int, total: int, preview: np.ndarray | None = None) -> None:
        """`done` of `total` steps; perhaps a small (h, w, 3) uint8 picture of what emerges."""
        ...


def drawn_seed(seed: int) -> int:
    """The seed itself; for `ANY_SEED` one drawn at random, which is worth keeping."""
    return secrets.randbelow(2**31) if seed == ANY_SEED else seed


@dataclass(frozen=True)
class Licence:
    """Under which terms an engine's code and weights may be used."""

    name: str
    commercial: bool
    note: str = ""


@dataclass(frozen=True)
class Availability:
    """Whether an engine can run here; false while anything is missing."""

    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.missing


@dataclass(frozen=True)
class Prepared:
    """One person and one garment, ready to run. `mask` may be edited (`dataclasses.replace`).

    Attributes:
        person: whose picture is repainted.
        garment: the garment and its transparency.
        category: where it is worn.
        mask: (height, width) uint8, 255 where the engine may repaint, 0 where the picture stays.
        parse: (height, width) uint8 ATR ids of the person.
        pose: (18, 2) float32 OpenPose keypoints in pixels, NaN where not visible.
        work: what the engine computed on the way and does not want to compute twice.
    """

    person: Person
    garment: Cutout
    category: GarmentCategory
    mask: np.ndarray
    parse: np.ndarray
    pose: np.ndarray
    work: Any = None


class Engine(Protocol):
    """A try-on implementation. Stateless but for its weights; one call at a time."""

    name: str
    """Short name on the command line and in links."""
    title: str
    licence: Licence
    categories: tuple[GarmentCategory, ...]
    uses_sampling: bool
    """Whether seed, steps, scale and samples change the result."""

    @property
    def version(self) -> str:
        """Changes whenever the same inputs give another picture; part of the cache key."""
        ...

    def available(self) -> Availability:
        """Whether the engine can run here, and if not what it lacks."""
        ...

    def prepare(self, person: Person, garment: Cutout, category: GarmentCategory) -> Prepared:
        """Find what will be repainted.

        Raises:
            TryOnError: the garment does not fit the category or cannot be measured.
            NoPersonError: the picture shows no person, or too little of one.
            CheckpointMissing: weights are missing.
        """
        ...

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
        """Dress the person.

        Args:
            prepared: from this engine's `prepare`, the mask possibly edited.
            seed: of the random numbers; the same inputs and seed give the same pictures. -1 draws
                one; use `drawn_seed` before, where the seed has to be told.
            steps: diffusion steps.
            scale: how strictly the picture follows the garment, 1 to 5.
            samples: how many pictures.
            on_step: told about progress. What it raises ends the run and comes out of here, so
                that `CancelledError` stops an engine between two steps.

        Returns:
            `samples` pictures, each (height, width, 3) uint8 RGB of the person's size. Outside the
            mask every pixel is the person's own.

        Raises:
            TryOnError: the run failed; `MemoryShort` where the memory does not suffice, after
                which the engine can be used as before.
            CheckpointMissing: weights are missing.
        """
        ...


def require(engine: Engine) -> None:
    """Do nothing where an engine can run.

    Raises:
        CheckpointMissing: it cannot; the sentence names what it lacks.
    """
    missing = engine.available().missing
    if missing:
        raise CheckpointMissing(
            f"{engine.title} cannot run here yet. Missing: {', '.join(missing)}."
            " Use the preview engine meanwhile."
        )
