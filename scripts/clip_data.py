"""Read the photos, names and labels that the embedded CLIP is trained and scored on."""

import csv
import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
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
    "outwear": "jackets",
    "dress": "dresses",
    "skirt": "skirts",
    "pants": "trousers",
    "hat": "caps",
    "undershirt": "innerwear vests",
}
"""Words of the three sources for one type of garment."""

STORED_SIZE = 112
"""Side in pixels of the photos kept for training."""

PROMPTS = ("{}", "a photo of {}", "{} product")
"""How a label is said when photos are told apart by words."""

OWN_HELD_OUT = 500
"""Photos of the clothing data set that are never trained on."""

SAME_PHOTO = 4.0
"""Two photos whose thumbnails differ by less (root mean square of grey levels) are one photo."""

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
        images: uint8 (n, side, side, 3), squashed to a square.
        names: a product name or caption each.
        labels: lower-case label columns, an empty string where a source does not say; the columns
            ``type``, ``colour`` and ``gender`` mean the same in all sources, ``label`` is the word
            of the clothing data set for the type.
    """

    images: np.ndarray
    names: list[str]
    labels: pd.DataFrame


class TrainingSet:
    """All sources in one order, with label codes and captions drawn afresh in every epoch."""

    def __init__(self, sources: list[Examples]) -> None:
        self.images = [source.images for source in sources]
        self.starts = np.cumsum([0, *[len(images) for images in self.images]])
        self.names = [name for source in sources for name in source.names]
        columns = sorted({column for source in sources for column in source.labels})
        words = {
            column: [
                word
                for source in sources
                for word in source.labels.get(column, [""] * len(source.names))
            ]
            for column in columns
        }
        self.words = words
        self.levels = {c: sorted(set(words[c]) - {""}) for c in columns}
        self.codes = np.stack(
            [
                np.unique(self.names, return_inverse=True)[1],
                *[[_code(self.levels[c], w) for w in words[c]] for c in columns],
            ],
            axis=1,
        )
        self.columns = columns

    def __len__(self) -> int:
        return len(self.names)

    def pixels(self, rows: np.ndarray) -> torch.Tensor:
        """Photos as uint8 (n, 3, side, side)."""
        source = np.searchsorted(self.starts, rows, side="right") - 1
        photos = [self.images[s][r - self.starts[s]] for s, r in zip(source, rows, strict=True)]
        return torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2)

    def caption(self, row: int, rng: np.random.Generator) -> tuple[str, np.ndarray]:
        """A text for a photo, and which code columns another photo must share to fit it too."""
        shared = np.zeros(self.codes.shape[1], dtype=bool)
        named = [c for c in self.columns if c != "label" and self.words[c][row]]
        if not named or rng.random() < 0.5:
            shared[0] = True
            return self.names[row], shared
        keep = [c for c in named if rng.random() < (0.7 if c in ("type", "colour") else 0.25)]
        keep = keep or [named[rng.integers(len(named))]]
        for column in keep:
            shared[1 + self.columns.index(column)] = True
        # Type last, as in a shop's own names: "women navy blue tshirts".
        order = sorted(keep, key=lambda c: ("gender", "kids").count(c) * -1 + (c == "type"))
        text = " ".join(self.words[c][row] for c in order)
        return (f"a photo of {text}" if rng.random() < 0.5 else text), shared

    def fits(self, rows: np.ndarray, shared: np.ndarray) -> np.ndarray:
        """Which photo (column) each text (row) is true of, by its names and labels."""
        codes = self.codes[rows]
        same = codes[:, None, :] == codes[None, :, :]
        return (same | ~shared[:, None, :]).all(axis=2)

    def texts(self) -> list[str]:
        """Everything that a caption may say, to train a tokenizer on."""
        return [
            *self.names,
            *[f"a photo of {' '.join(w)}" for w in zip(*self.words.values(), strict=True)],
        ]


def _code(levels: list[str], word: str) -> int:
    return levels.index(word) if word else -1


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


def products(directory: Path, cache: Path) -> tuple[Examples, list[str]]:
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
    images, kept = load_images(table["photo"], cache)
    table, labels = table.loc[kept], labels.loc[kept]
    return (
        Examples(images, table["productDisplayName"].tolist(), _lower(labels)),
        table["id"].tolist(),
    )


def read_own_photos(directory: Path) -> pd.DataFrame:
    """Photos of a folder like the clothing data set that show one known garment.

    The columns are those of `images.csv` (``image``, ``label``, ``kids``) and ``photo``, a path.

    Raises:
        CatalogError: `images.csv` is missing or is another table.
    """
    file = directory / "images.csv"
    try:
        table = pd.read_csv(file, dtype=str)
    except (OSError, ValueError) as error:
        raise CatalogError(f"{file} cannot be read as a table ({error}).") from error
    if not {"image", "label", "kids"} <= set(table):
        raise CatalogError(f"{file} does not have the columns image, label, kids.")
    table["photo"] = [directory / "images" / f"{name}.jpg" for name in table["image"]]
    known = ~table["label"].isin(["Not sure", "Skip", "Other"])
    return table[known].reset_index(drop=True)


def held_out_own_photos(table: pd.DataFrame, count: int, seed: int) -> list[str]:
    """Names of `count` photos of the clothing data set, drawn by `seed`."""
    order = np.random.default_rng(seed).permutation(sorted(table["image"]))
    return sorted(order[:count].tolist())


def own_photos(directory: Path, cache: Path, without: Collection[str] = ()) -> Examples:
    """The clothing data set (single garments photographed by their owners) as examples."""
    table = read_own_photos(directory)
    images, kept = load_images(table["photo"], cache)
    table = table.loc[kept].reset_index(drop=True)
    chosen = np.flatnonzero(~table["image"].isin(without))
    table = table.loc[chosen]
    kids = (table["kids"] == "True").map({True: "kids", False: ""})
    names = ("a photo of a " + kids + " " + table["label"]).str.split().str.join(" ")
    labels = pd.DataFrame({"type": table["label"], "kids": kids, "label": table["label"]})
    return Examples(images[chosen], names.tolist(), _lower(labels))


def doubles(images: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Which photos (n) show the same picture as one of others, by their thumbnails."""
    one, other = _thumbnails(images), _thumbnails(of)
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * one @ other.T
    return (squares / one.shape[1] < SAME_PHOTO**2).any(axis=1)


def _thumbnails(images: np.ndarray) -> np.ndarray:
    n, side = len(images), STORED_SIZE // 8
    small = [np.float32(image).reshape(side, 8, side, 8, 3).mean(axis=(1, 3)) for image in images]
    return np.stack(small).reshape(n, -1)


def rendered(directory: Path, cache: Path) -> Examples:
    """A catalog directory as examples: its titles, category and attributes."""
    from core.catalog.catalog import load_catalog
    from core.catalog.roles import Role

    catalog = load_catalog(directory)
    photos = [catalog.image_paths(row)[:1] for row in range(len(catalog))]
    rows = [row for row, found in enumerate(photos) if found]
    images, kept = load_images([photos[row][0] for row in rows], cache)
    frame = catalog.frame.iloc[[rows[i] for i in kept]]
    labels = pd.DataFrame(index=frame.index)
    for column in [*catalog.columns(Role.CATEGORY), *catalog.columns(Role.ATTRIBUTE)]:
        name = {"category": "type", "color": "colour"}.get(column.lower(), column.lower())
        if name not in ("brand", "season"):
            labels[name] = frame[column].astype(object)
    title = catalog.column(Role.TITLE)
    names = frame[title].tolist() if title else labels.agg(" ".join, axis=1).tolist()
    return Examples(images, names, _lower(labels))


def _lower(labels: pd.DataFrame) -> pd.DataFrame:
    labels = labels.fillna("").apply(lambda column: column.astype(str).str.lower())
    labels["type"] = labels["type"].replace(SAME_TYPE)
    if "colour" in labels:
        labels["colour"] = labels["colour"].replace("navy", "navy blue")
    return labels.reset_index(drop=True)


def load_images(
    paths: Iterable[Path],
    cache: Path,
) -> tuple[np.ndarray, list[int]]:
    """Decode photos once; uint8 (n, side, side, 3) and the positions of those that could be read.

    The decoded array is kept in `cache`, under a name made of paths and sizes on disk.
    """
    size = STORED_SIZE
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
    array = np.stack(images)
    np.save(array_file, array)
    kept_file.write_text(json.dumps(kept))
    return array, kept
