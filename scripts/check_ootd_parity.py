"""Compare OOTDiffusion here with numbers recorded from the original, case by case.

    python scripts/check_ootd_parity.py GOLDEN_DIR [--threads 1]

GOLDEN_DIR holds any of `pipeline/` (a .json and a .safetensors for each case, of the weights in
`tiny_ckpt/`), `masks/`, `openpose/` and `parsing/`. Prints one line a case with its worst
difference and exits with 1 where one is past its tolerance or cannot be compared: 1e-4 for float32
numbers with one thread, one level for pictures, nothing for token ids, timesteps, noise levels,
masks and noise. With more threads sums are rounded in another order, and the bounds are wider.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.command import run  # noqa: E402 - after the path is set
from scripts.ootd_parity_cases import mask_cases, openpose_cases, parsing_cases  # noqa: E402
from scripts.ootd_parity_findings import Finding  # noqa: E402
from scripts.ootd_parity_pipeline import pipeline_cases  # noqa: E402

CHECKS: dict[str, Callable[[Path, int], Iterator[Finding]]] = {
    "pipeline": pipeline_cases,
    "masks": mask_cases,
    "openpose": openpose_cases,
    "parsing": parsing_cases,
}
"""For each folder of recorded numbers, what compares them: given the golden directory and the
number of threads it yields what it finds, all of one case in a row."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if all cases are within tolerance, 1 if not, 2 if there are none."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("goldens", metavar="GOLDEN_DIR", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(chosen.threads)
    count = failed = 0
    for folder, check in CHECKS.items():
        if not (chosen.goldens / folder).is_dir():
            continue
        found = check(chosen.goldens, chosen.threads)
        for name, findings in groupby(found, key=lambda finding: finding.name):
            worst = max(findings, key=lambda finding: finding.share)
            count, failed = count + 1, failed + (not worst.within)
            print(
                f"{'ok  ' if worst.within else 'FAIL'} {folder}/{name}  worst {worst.worst:.2g}"
                f" of {worst.tolerance:.2g}{' in ' + worst.where if worst.where else ''}",
                flush=True,
            )
    if not count:
        print(f"error: {chosen.goldens} holds no recorded cases.", file=sys.stderr)
        return 2
    print(f"{count - failed} of {count} cases within tolerance.")
    return 1 if failed else 0


if __name__ == "__main__":
    run(main)
