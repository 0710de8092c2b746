"""Train the deep model alone; `train_models.py --models deep` under the project's first name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import train_models
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    return train_models.main([*(sys.argv[1:] if argv is None else argv), "--models", "deep"])


if __name__ == "__main__":
    run(main)
