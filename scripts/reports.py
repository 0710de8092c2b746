"""What the evaluations of vision models share: what to score, intervals, how scores are told."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

DRAWS = 1000
"""Bootstrap draws for an interval."""


def names_in(file: Path) -> set[str]:
    """The names in a file, one a line; none where there is no such file."""
    return set(file.read_text().splitlines()) if file.is_file() else set()


def unseen(directory: Path, names: Iterable[str], things: str) -> list[str]:
    """The names that a checkpoint was not trained on, where it was trained on others of these.

    All of them where its `held_out.txt` names none, or there is no such list. Says what is scored.
    """
    names, listed = list(names), names_in(directory / "held_out.txt")
    found = [name for name in names if name in listed]
    if not found:
        return names
    print(f"Scoring the {len(found):,} {things} that {directory.name} was not trained on.")
    return found


def interval(name: str, value: float, draws: np.ndarray) -> dict[str, float]:
    """A score and its 90 % interval from bootstrap draws: ``NAME``, ``NAME_low``, ``NAME_high``."""
    low, high = np.nanquantile(draws, [0.05, 0.95])
    found = {name: value, f"{name}_low": low, f"{name}_high": high}
    return {key: round(float(number), 4) for key, number in found.items()}


def means(parts: Mapping[str, np.ndarray], seed: int = 0) -> dict[str, float]:
    """The mean of each part's values (n,) with its 90 % interval by bootstrap over them."""
    scores: dict[str, float] = {}
    rng = np.random.default_rng(seed)
    for name, values in parts.items():
        drawn = values[rng.integers(len(values), size=(DRAWS, len(values)))].mean(axis=1)
        scores |= interval(name, values.mean(), drawn)
    return scores


def line(scores: Mapping, name: str, note: str = "") -> str:
    """A score with its interval, in words."""
    low, high = scores[f"{name}_low"], scores[f"{name}_high"]
    return f"  {name:22s} {scores[name]:.3f}  {low:.3f} to {high:.3f}  {note}".rstrip()


def write_json(scores: Mapping, file: Path | None) -> None:
    """Write scores to a file where one is named."""
    if file:
        file.write_text(json.dumps(scores, indent=1) + "\n")
