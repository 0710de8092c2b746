"""Run every benchmark of this folder, one after the other, and print what each measured.

    python benchmarks/run.py [NAME ...]

A benchmark is a script beside this one that prints its figures; results worth keeping go into
RESULTS.md with the date, the command and the machine.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all of them; the worst exit status."""
    scripts = {p.stem: p for p in sorted(HERE.glob("*.py")) if p.stem != "run"}
    unknown = [name for name in names if name not in scripts]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. Choose from: {', '.join(scripts)}.")
        return 2
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    worst = 0
    for name in names or scripts:
        print(f"\n== {name}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, scripts[name]], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
