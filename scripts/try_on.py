"""Put a garment on a person, or several garments on several people.

    python scripts/try_on.py --person PERSON --garment IMG --category upper_body --engine preview \
        --out DIR [--seed 0] [--steps 20] [--scale 2.0] [--samples 1]

PERSON is a demo model's id or a photo. Writes ``try_on_1.png`` and so on, ``mask.png``,
``garment.png`` and ``try_on.json`` (what made them, also inside the pictures) into DIR.

With several persons, garments or both, each pair has a folder of its own in DIR, beside
``contact_sheet.png``, ``try_on.zip`` and ``batch.json``. A pair that cannot be made is told and the
others are made. Results are kept in the cache: a batch that was stopped goes on where it was.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from core.cache import artefacts  # noqa: E402 - after the path is set
from core.errors import FashionError  # noqa: E402
from core.tryon.batch import Album, Pair, Piece, Sitter, run_batch  # noqa: E402
from core.tryon.engine import ANY_SEED, CATEGORIES, Engine, require  # noqa: E402
from core.tryon.engines import ENGINES, engine_named  # noqa: E402
from core.tryon.mask_edit import STYLES, MaskEdit  # noqa: E402
from core.tryon.ootd_sampler import SAMPLERS  # noqa: E402
from core.tryon.people import Person, demo_person, people, read_person  # noqa: E402
from core.tryon.provenance import provenance, stamped  # noqa: E402
from core.tryon.result import Result, Settings, try_on  # noqa: E402
from scripts.command import run  # noqa: E402


def find_person(text: str) -> Person:
    """A demo model by id, else a photo; what was chosen in the photo is told."""
    known = {entry.id for entry in people()}
    path = Path(text)
    if text in known or (path.name == text and not path.suffix and not path.exists()):
        return demo_person(text)
    person = read_person(path)
    if person.note:
        print(f"note: {path.name}: {person.note}", file=sys.stderr)
    return person


def write(result: Result, about: dict[str, Any], out: Path) -> list[Path]:
    """Write the pictures and what made them; returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    files = {f"try_on_{i}.png": stamped(data, about) for i, data in enumerate(result.pictures, 1)}
    files |= {"mask.png": result.mask, "garment.png": result.garment}
    files["try_on.json"] = (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode()
    for name, data in files.items():
        (out / name).write_bytes(data)
    return [out / name for name in files]


def on_step(done: int, total: int, preview: object = None) -> None:
    """Tell how far a sampling engine is, on one line of the terminal."""
    if total > 1 and sys.stderr.isatty():
        print(f"\rstep {done} of {total}", end="\n" if done == total else "", file=sys.stderr)


def one(chosen: argparse.Namespace, engine: Engine, settings: Settings, edit: MaskEdit) -> None:
    """One garment on one person, into the folder itself."""
    person, garment, category = find_person(chosen.person[0]), chosen.garment[0], chosen.category[0]
    result = try_on(
        person, garment, category, engine, settings, edit, cache=artefacts(), on_step=on_step
    )
    about = provenance(person, garment, garment.name, category, engine, settings, edit, result)
    for path in write(result, about, chosen.out):
        print(path)


def several(chosen: argparse.Namespace, engine: Engine, settings: Settings, edit: MaskEdit) -> bool:
    """All garments on all people, a folder a pair; whether every pair was made."""
    sitters = [
        Sitter(_short(name, i, chosen.person), Path(name).name, lambda n=name: find_person(n))
        for i, name in enumerate(chosen.person)
    ]
    categories = chosen.category * (len(chosen.garment) if len(chosen.category) == 1 else 1)
    pieces = [
        Piece(_short(str(path), i, list(map(str, chosen.garment))), path.name, path, category)
        for i, (path, category) in enumerate(zip(chosen.garment, categories, strict=True))
    ]

    def make(person: Person, piece: Piece) -> Result:
        return try_on(
            person,
            piece.photo,
            piece.category,
            engine,
            settings,
            edit,
            cache=artefacts(),
            on_step=on_step,
        )

    album = Album(chosen.out / "try_on.zip")
    told, made = [], True
    try:
        for pair in run_batch(sitters, pieces, engine, settings, make, edit):
            album.add(pair)
            told.append(_about(pair))
            if pair.result is None:
                made = False
                print(f"error: {pair.name}: {pair.problem}", file=sys.stderr)
            else:
                print(write(pair.result, pair.about, chosen.out / pair.name)[0])
        sheet = album.close()
    except BaseException:
        album.abandon()
        raise
    for name, data in (
        ("contact_sheet.png", sheet),
        ("batch.json", (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()),
    ):
        (chosen.out / name).write_bytes(data)
        print(chosen.out / name)
    return made


def _about(pair: Pair) -> dict[str, Any]:
    return {"name": pair.name, **({"problem": pair.problem} if pair.problem else pair.about)}


def _short(text: str, place: int, among: list[str]) -> str:
    """A file's name without its ending; with its place where another has the same."""
    stems = [Path(other).stem for other in among]
    stem = stems[place]
    return f"{stem}_{place + 1}" if stems.count(stem) > 1 else stem


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if the pictures were written, 2 with a sentence otherwise."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--person", required=True, nargs="+", help="ids of demo models, or photos")
    add("--garment", required=True, nargs="+", type=Path, help="product photos")
    add("--category", required=True, nargs="+", choices=CATEGORIES,
        help="where it is worn: one for all garments, or one for each")  # fmt: skip
    add("--engine", default="preview", choices=list(ENGINES))
    add("--out", required=True, type=Path, help="folder to write into")
    add("--seed", type=int, default=0, help=f"{ANY_SEED} draws one")
    add("--steps", type=int, default=20)
    add("--scale", type=float, default=2.0)
    add("--samples", type=int, default=1)
    add("--sampler", choices=list(SAMPLERS), default="published", help="of OOTDiffusion")
    add("--whole", action="store_true",
        help="of OOTDiffusion: keep all that is painted, as the original does")  # fmt: skip
    add("--mask-style", choices=STYLES, default="engine", help="outline of what is repainted")
    chosen = parser.parse_args(arguments)
    for name, low in (("steps", 1), ("samples", 1), ("seed", ANY_SEED)):
        if getattr(chosen, name) < low:
            parser.error(f"--{name} must be at least {low}")
    if len(chosen.category) not in (1, len(chosen.garment)):
        parser.error(
            f"--category names {len(chosen.category)} for {len(chosen.garment)} garments; name one,"
            " or one for each"
        )
    try:
        engine = engine_named(chosen.engine)
        require(engine)
        settings = Settings(
            chosen.seed, chosen.steps, chosen.scale, chosen.samples, chosen.sampler, chosen.whole
        ).settled()
        edit = MaskEdit(chosen.mask_style)
        if len(chosen.person) * len(chosen.garment) > 1:
            return 0 if several(chosen, engine, settings, edit) else 2
        one(chosen, engine, settings, edit)
    except FashionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {chosen.out} cannot be written ({error.strerror}).", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    run(main)
