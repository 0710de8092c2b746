"""Put a garment on a person.

    python scripts/try_on.py --person PERSON --garment IMG --category upper_body --engine preview \
        --out DIR [--seed 0] [--steps 20] [--scale 2.0] [--samples 1]

PERSON is a demo model's id or a photo. Writes ``try_on_1.png`` and so on, ``mask.png``,
``garment.png`` and ``try_on.json`` (what made them) into DIR.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from core.errors import FashionError  # noqa: E402 - after the path is set
from core.tryon.engine import CATEGORIES, require  # noqa: E402
from core.tryon.engines import ENGINES, engine_named  # noqa: E402
from core.tryon.people import Person, demo_person, people, read_person  # noqa: E402
from core.tryon.result import Result, Settings, content_key, try_on  # noqa: E402
from scripts.command import run  # noqa: E402


def find_person(text: str) -> Person:
    """A demo model by id, else a photo."""
    known = {entry.id for entry in people()}
    path = Path(text)
    if text in known or (path.name == text and not path.suffix and not path.exists()):
        return demo_person(text)
    return read_person(path)


def write(result: Result, about: dict[str, object], out: Path) -> list[Path]:
    """Write the pictures and what made them; returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    files = {f"try_on_{i}.png": data for i, data in enumerate(result.pictures, 1)}
    files |= {"mask.png": result.mask, "garment.png": result.garment}
    files["try_on.json"] = (json.dumps(about, indent=2) + "\n").encode()
    for name, data in files.items():
        (out / name).write_bytes(data)
    return [out / name for name in files]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if the pictures were written, 2 with a sentence otherwise."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--person", required=True, help="id of a demo model, or a photo")
    parser.add_argument("--garment", required=True, type=Path, help="product photo")
    parser.add_argument("--category", required=True, choices=CATEGORIES)
    parser.add_argument("--engine", default="preview", choices=list(ENGINES))
    parser.add_argument("--out", required=True, type=Path, help="folder to write into")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--scale", type=float, default=2.0)
    parser.add_argument("--samples", type=int, default=1)
    chosen = parser.parse_args(arguments)
    for name, low in (("steps", 1), ("samples", 1), ("seed", 0)):
        if getattr(chosen, name) < low:
            parser.error(f"--{name} must be at least {low}")
    try:
        engine = engine_named(chosen.engine)
        require(engine)
        person = find_person(chosen.person)
        settings = Settings(chosen.seed, chosen.steps, chosen.scale, chosen.samples)
        result = try_on(person, chosen.garment, chosen.category, engine, settings)
        about = {
            "engine": engine.name,
            "engine_version": engine.version,
            "licence": engine.licence.name,
            "person": chosen.person,
            "garment": chosen.garment.name,
            "category": chosen.category,
            "settings": asdict(settings) if engine.uses_sampling else {},
            "inputs": content_key(person, chosen.garment, chosen.category, engine, settings),
            "points": result.points,
        }
        for path in write(result, about, chosen.out):
            print(path)
    except FashionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {chosen.out} cannot be written ({error.strerror}).", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    run(main)
