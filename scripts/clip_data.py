"""Read the photos, names and labels that the embedded CLIP is trained and scored on."""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from core.errors import CatalogError, ImageError
from core.vision.images import open_image

SAME_TYPE = {
    "t-shirt": "tshirts",
    "polo": "tshirts",
    "shirt": "shirts",
    "top": "tops",
    "blouse": "tops",
    "sweater": "sweaters",
    "hoodie": "sweatshirts",
    "blazer": "blazers",
    "jacket": "jackets",
    "coat": "jackets",
    "outwear": "jackets",
    "dress": "dresses",
    "skirt": "skirts",
    "pants": "trousers",
    "hat": "caps",
    "undershirt": "innerwear vests",
}
"""Words of the three sources for one type of garment."""

STYLE_COLUMNS = [
    "id",
    "gender",
    "masterCategory",
    "subCategory",
    "articleType",
    "baseColour",
    "season",
    "year",
    "usage",
    "productDisplayName",
]


@dataclass
class Examples:
    """Photos with what is known about them.

    Attributes:
        images: uint8 (n, size, size, 3), squashed to a square.
        names: a product name or caption each.
        labels: lower-case label columns, an empty string where a source does not say; the columns
            ``type``, ``colour`` and ``gender`` mean the same in all sources.
    """

    images: np.ndarray
    names: list[str]
    labels: pd.DataFrame


def read_styles(directory: Path) -> pd.DataFrame:
    """Products of a folder like Kaggle's Fashion Product Images that have a photo.

    The last column may hold unquoted commas. The column ``photo`` is the path of the JPEG.

    Raises:
        CatalogError: `styles.csv` is missing or is another table.
    """
    file = directory / "styles.csv"
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
    except OSError as error:
        raise CatalogError(f"{file} cannot be read: {error.strerror}.") from error
    if not rows or rows[0] != STYLE_COLUMNS:
        raise CatalogError(f"{file} does not have the columns {', '.join(STYLE_COLUMNS)}.")
    last = len(STYLE_COLUMNS) - 1
    table = pd.DataFrame(
        [[*row[:last], ",".join(row[last:])] for row in rows[1:] if len(row) > last],
        columns=STYLE_COLUMNS,
    )
    table["photo"] = [directory / "images" / f"{key}.jpg" for key in table["id"]]
    return table[[path.is_file() for path in table["photo"]]].reset_index(drop=True)


def held_out_ids(table: pd.DataFrame, count: int, seed: int) -> list[str]:
    """Ids of about `count` products, products of one name together, drawn by `seed`."""
    names = table["productDisplayName"].str.lower().str.split().str.join(" ")
    order = np.random.default_rng(seed).permutation(sorted(names.unique()))
    sizes = names.value_counts().loc[order].cumsum()
    chosen = set(sizes.index[sizes <= count])
    return table.loc[names.isin(chosen), "id"].tolist()


def products(directory: Path, cache: Path, size: int) -> tuple[Examples, list[str]]:
    """Fashion Product Images as examples, and their ids."""
    table = read_styles(directory)
    labels = pd.DataFrame(
        {
            "type": table["articleType"],
            "colour": table["baseColour"],
            "gender": table["gender"],
            "usage": table["usage"],
            "part": table["subCategory"],
        }
    )
    images, kept = load_images(table["photo"], cache, size)
    table, labels = table.loc[kept], labels.loc[kept]
    return (
        Examples(images, table["productDisplayName"].tolist(), _lower(labels)),
        table["id"].tolist(),
    )


def own_photos(directory: Path, cache: Path, size: int) -> Examples:
    """The clothing data set (single garments photographed by their owners) as examples."""
    table = pd.read_csv(directory / "images.csv", dtype=str)
    table = table[~table["label"].isin(["Not sure", "Skip", "Other"])].reset_index(drop=True)
    paths = [directory / "images" / f"{name}.jpg" for name in table["image"]]
    images, kept = load_images(paths, cache, size)
    table = table.loc[kept]
    kids = (table["kids"] == "True").map({True: "kids", False: ""})
    names = ("a photo of a " + kids + " " + table["label"]).str.split().str.join(" ")
    labels = pd.DataFrame({"type": table["label"], "kids": kids})
    return Examples(images, names.tolist(), _lower(labels))


def rendered(directory: Path, cache: Path, size: int) -> Examples:
    """A catalog directory as examples: its titles, category and attributes."""
    from core.catalog.catalog import load_catalog
    from core.catalog.roles import Role

    catalog = load_catalog(directory)
    photos = [catalog.image_paths(row)[:1] for row in range(len(catalog))]
    rows = [row for row, found in enumerate(photos) if found]
    images, kept = load_images([photos[row][0] for row in rows], cache, size)
    frame = catalog.frame.iloc[[rows[i] for i in kept]]
    labels = pd.DataFrame(index=frame.index)
    for column in [*catalog.columns(Role.CATEGORY), *catalog.columns(Role.ATTRIBUTE)]:
        name = {"category": "type", "color": "colour"}.get(column.lower(), column.lower())
        if name not in ("brand", "season"):
            labels[name] = frame[column].astype(str)
    title = catalog.column(Role.TITLE)
    names = frame[title].tolist() if title else labels.agg(" ".join, axis=1).tolist()
    return Examples(images, names, _lower(labels))


def _lower(labels: pd.DataFrame) -> pd.DataFrame:
    labels = labels.fillna("").apply(lambda column: column.astype(str).str.lower())
    labels["type"] = labels["type"].replace(SAME_TYPE)
    return labels.reset_index(drop=True)


def load_images(
    paths: Iterable[Path],
    cache: Path,
    size: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, list[int]]:
    """Decode photos once; uint8 (n, size, size, 3) and the positions of those that could be read.

    The decoded array is kept in `cache`, under a name made of paths, sizes on disk and `size`.
    """
    paths = list(paths)
    stamp = hashlib.sha256(
        json.dumps([size, *[(str(p), p.stat().st_size) for p in paths if p.is_file()]]).encode()
    ).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    array_file, kept_file = cache / f"{stamp}.npy", cache / f"{stamp}.json"
    if kept_file.is_file():
        return np.load(array_file, mmap_mode="r"), json.loads(kept_file.read_text())
    images, kept = [], []
    for position, path in enumerate(paths):
        try:
            photo = open_image(path)
        except ImageError:
            continue
        images.append(np.asarray(photo.resize((size, size), Image.Resampling.BICUBIC)))
        kept.append(position)
        if on_progress:
            on_progress(position + 1, len(paths))
    array = np.stack(images)
    np.save(array_file, array)
    kept_file.write_text(json.dumps(kept))
    return array, kept
