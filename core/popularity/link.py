"""What a model learns in place of ``log1p`` of the target, and the way back."""

from dataclasses import dataclass

import numpy as np

LINKS = (0.0, 0.25, 0.5)
"""Powers of the target to learn; 0 stands for its ``log1p`` (as in Box & Cox 1964)."""


@dataclass(frozen=True)
class Link:
    """Between ``log1p`` of the target and its power.

    Attributes:
        power: 0 for the logarithm itself.
        mean, deviation: of the training items' learned values, which are standardised.
        low: least learned value of a training item; predictions do not fall below.
        shift: added to the output, so that half of the held-out items lie above it.
    """

    power: float
    mean: float = 0.0
    deviation: float = 1.0
    low: float = -np.inf
    shift: float = 0.0

    @classmethod
    def fitted(cls, power: float, y: np.ndarray) -> "Link":
        """Standardised on the log targets of the training items."""
        raw = cls(power).learned(y)
        mean, deviation = float(raw.mean()), float(raw.std()) or 1.0
        return cls(power, mean, deviation, float((raw.min() - mean) / deviation))

    @property
    def constants(self) -> tuple[float, ...]:
        """What the constructor takes."""
        return (self.power, self.mean, self.deviation, self.low, self.shift)

    def learned(self, y: np.ndarray) -> np.ndarray:
        """What is learned, of ``log1p`` targets."""
        raw = np.expm1(y) ** self.power if self.power else y
        return (raw - self.mean) / self.deviation

    def output(self, learned: np.ndarray) -> np.ndarray:
        """``log1p`` of the target, of predicted learned values of any shape."""
        raw = np.maximum(learned, self.low) * self.deviation + self.mean
        return (np.log1p(raw ** (1 / self.power)) if self.power else raw) + self.shift
