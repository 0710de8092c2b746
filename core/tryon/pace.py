"""How long a try-on takes, measured in parts: the model's load comes once, the steps every time."""

import json
import time
from dataclasses import asdict, dataclass

import numpy as np

from core.tryon.engine import OnStep


@dataclass(frozen=True)
class Pace:
    """Seconds of the parts of a run.

    Attributes:
        load: until the model is in memory; 0 where that was never seen.
        once: of all that is done once a run, such as cutting the garment out and reading it.
        step: of a step, for each picture and row of guidance.
        finish: after the last step, for each picture.
    """

    load: float
    once: float
    step: float = 0.0
    finish: float = 0.0

    def run(self, steps: int, samples: int, rows: int) -> float:
        """Seconds of a run whose model is in memory already."""
        return self.once + samples * (steps * rows * self.step + self.finish)

    def to_json(self) -> str:
        """As one line of text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Pace":
        """What `to_json` gave."""
        return cls(**json.loads(text))


class Clock:
    """Takes the times of a run: an `OnStep` that passes on what it is told.

    An engine tells of step 0 once its model is in memory, then of each step that is done. Step 1
    also holds what is done once for the garment, so the pace is that of the steps after it.
    """

    def __init__(self, on_step: OnStep | None, in_memory: bool) -> None:
        """Start; `in_memory` says that the run will not read its model."""
        self._on_step, self._in_memory = on_step, in_memory
        self._began = time.monotonic()
        self._told: list[tuple[int, float]] = []

    def __call__(self, done: int, total: int, preview: np.ndarray | None = None) -> None:
        """Told by the engine; what the other raises comes out of here."""
        self._told.append((done, time.monotonic()))
        if self._on_step is not None:
            self._on_step(done, total, preview)

    def pace(self, samples: int, rows: int, before: Pace | None) -> Pace:
        """The pace of the run that ends now.

        Args:
            samples, rows: pictures and rows of guidance of each step.
            before: of an earlier run, whose load is kept where this one had none.
        """
        whole = time.monotonic() - self._began
        load = 0.0 if before is None else before.load
        if not self._told or self._told[-1][0] == self._told[0][0]:
            return Pace(load, whole)
        (zero, loaded), (last, ended) = self._told[0], self._told[-1]
        first, since = self._told[1] if len(self._told) > 2 else (zero, loaded)
        step = (ended - since) / (last - first)
        until_loaded = loaded - self._began
        finish = whole - (ended - self._began)
        once = whole - finish - step * (last - zero)
        if not self._in_memory:
            load, once = until_loaded, once - until_loaded
        return Pace(load, max(0.0, once), step / (samples * rows), finish / samples)
