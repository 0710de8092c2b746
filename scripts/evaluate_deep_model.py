"""Score a trained folder of models; `evaluate_models.py` under the project's first name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.command import run
from scripts.evaluate_models import main

if __name__ == "__main__":
    run(main)
