"""Import of 5,000 rows of a Shopify-like table: seconds and rows a second, best of three.

    python benchmarks/import_speed.py [--rows 5000] [--photos 500]

The table is made up on the spot (prices in euro, HTML descriptions, dates, sales, reviews), so that
the figure does not depend on data that is not in the project. Photos are 384 x 512 JPEGs.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.importing import import_catalog

RUNS = 3


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--photos", type=int, default=500, help="how many rows have a photo")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        source = make_table(Path(folder), args.rows, 0)
        report("without photos", source, Path(folder) / "out", args.rows)
        source = make_table(Path(folder), args.rows, min(args.photos, args.rows))
        report(f"with {args.photos:,} photos", source, Path(folder) / "out", args.rows)
    return 0


def report(what: str, source: Path, out: Path, rows: int) -> None:
    runs = [import_catalog(source, out) for _ in range(RUNS)]
    assert all(r.items == rows and not r.issues for r in runs)
    best = min(r.seconds for r in runs)
    print(f"import of {rows:,} rows {what}: {best:.2f} s, {rows / best:,.0f} rows/s")


def make_table(folder: Path, rows: int, photos: int) -> Path:
    from PIL import Image

    draw = random.Random(7)
    (folder / "images").mkdir(exist_ok=True)
    for number in range(photos):
        noise = Image.frombytes("RGB", (24, 32), draw.randbytes(24 * 32 * 3))
        noise.resize((384, 512), Image.Resampling.BICUBIC).save(folder / f"images/{number}.jpg")
    lines = ["sku;title;description;brand;category;colour;price;launch date;units_sold;stars;image"]
    for number in range(rows):
        kind = draw.choice(["Dress", "Coat", "Shirt", "Skirt", "Jeans"])
        colour = draw.choice(["red", "blue", "black", "white", "green", "beige"])
        cents = draw.randrange(999, 39999)
        lines.append(
            f"{number:06d};{colour.title()} {kind.lower()} {number};"
            f'"<p>A {colour} {kind.lower()}.</p><ul><li>Lined</li><li>Made to last</li></ul>";'
            f"Brand {draw.randrange(40)};{kind};{colour};"
            f"€ {cents // 100},{cents % 100:02d};"
            f"{draw.randrange(1, 29):02d}.{draw.randrange(1, 13):02d}.2025;"
            f"{draw.randrange(2000)};{draw.randrange(20, 51) / 10};"
            + (f"{number}.jpg" if number < photos else "")
        )
    path = folder / "range.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
