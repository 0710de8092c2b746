"""Peak memory of a batch's album, and of taking its archive from the dashboard.

    python benchmarks/tryon_batch.py [--pictures 100] [--part 256]

Pictures are of 768 x 1024 pixels of noise, the worst for PNG (the size of an archive is printed).
No engine runs: what is measured is keeping, not making. The peak is the process's resident memory
(`ru_maxrss`) over that before the first picture; "taken" is the largest part in memory besides, as
while somebody downloads it.
"""

import argparse
import io
import resource
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import Image

from core.tryon.batch import Pair, Piece, Sitter
from core.tryon.people import demo_person, people
from core.tryon.result import Result
from core.tryon.shelf import MB, Shelf

ABOUT = {
    "software": "benchmark", "made": "", "engine": "", "licence": "", "commercial_use": True,
    "person": "", "garment": "",
}  # fmt: skip


def peak() -> float:
    """The most memory that the process has had so far (MB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def noise(seed: int) -> bytes:
    """A picture as a PNG file."""
    pixels = np.random.default_rng(seed).integers(0, 256, (1024, 768, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()


def main() -> None:
    """Print one line each for making and taking."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--part", type=int, default=256, help="MB")
    chosen = parser.parse_args()
    listed = people()[0]
    sitter = Sitter(listed.id, listed.title, lambda: demo_person(listed.id))
    noise(0)
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        before = peak()
        with shelf.making("batch", chosen.part * MB) as album:
            for number in range(chosen.pictures):
                piece = Piece(f"g{number}", f"Garment {number}", listed.image, "upper_body")
                result = Result((noise(number),), b"", b"", {})
                album.add(Pair(sitter, piece, f"picture_{number}", result, ABOUT))
        made = peak()
        found = shelf.find("batch")
        assert found is not None
        sizes = [part.stat().st_size / MB for part in found.parts]
        taken = max(found.parts, key=lambda part: part.stat().st_size).read_bytes()
        print(f"{chosen.pictures} pictures, {sum(sizes):.0f} MB in {len(sizes)} archives")
        print(f"made:  {made - before:.0f} MB above the {before:.0f} MB of before")
        print(f"taken: {peak() - before:.0f} MB, with {len(taken) / MB:.0f} MB in memory")


if __name__ == "__main__":
    main()
