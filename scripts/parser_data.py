"""Read the photos and body maps that the human parser is trained and scored on."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.catalog import load_catalog
from core.errors import CatalogError, ImageError
from core.vision.atr import ID
from core.vision.images import open_image
from scripts.clip_data import read_styles
from scripts.parser_labels import class_table, divide

IGNORED, FIGURE = 255, 254
"""Labels of training pixels: of which nothing is known, and known to be of `PERSON`."""

PERSON = tuple(
    ID[part]
    for part in (
        *("hair", "face", "neck", "left_arm", "right_arm", "left_leg", "right_leg"),
        *("upper_clothes", "skirt", "pants", "dress", "left_shoe", "right_shoe"),
    )
)
"""What the figure in the photo of a worn garment is made of, but for a pixel here and there."""

STREET, SHOP = (384, 256), (192, 128)
"""Height and width at which street photos and product photos are kept for training."""

PRODUCTS = {
    "upper_clothes": (
        *("Tshirts", "Shirts", "Tops", "Sweaters", "Sweatshirts", "Jackets", "Kurtas", "Kurtis"),
        *("Tunics", "Waistcoat", "Innerwear Vests"),
    ),
    "pants": (
        *("Trousers", "Jeans", "Track Pants", "Shorts", "Capris", "Leggings", "Churidar"),
        *("Briefs", "Trunk", "Boxers"),
    ),
    "skirt": ("Skirts",),
    "dress": ("Dresses",),
    "left_shoe": (
        *("Casual Shoes", "Sports Shoes", "Heels", "Sandals", "Flip Flops", "Formal Shoes"),
        *("Flats", "Socks", "Sports Sandals"),
    ),
    "bag": ("Handbags", "Wallets", "Backpacks", "Clutches", "Laptop Bag", "Duffel Bag"),
    "hat": ("Caps", "Hat"),
    "sunglasses": ("Sunglasses",),
    "belt": ("Belts", "Ties", "Watches"),
    "scarf": ("Mufflers", "Scarves", "Stoles"),
}
"""Types of product by the part of the body map that they are."""

NEVER_WORN = ("left_shoe", "bag", "belt")
"""Parts whose product photos show them without a person; of the others, skin colour tells."""

CORE = {
    "upper_clothes": (0.40, 0.72),
    "dress": (0.35, 0.60),
    "pants": (0.30, 0.75),
    "skirt": (0.28, 0.42),
}
"""Where in the height of the figure a worn garment surely is."""

RENDERED = {
    "upper_clothes": ("T-shirt", "Sweater", "Blouse", "Coat", "Hoodie", "Jacket", "Shirt"),
    "pants": ("Jeans", "Trousers", "Shorts"),
    "skirt": ("Skirt",),
    "dress": ("Dress",),
}
"""Categories of the demo catalog's flat garments by the part of the body map that they are."""

AMOUNTS = {"upper_clothes": 4.0, "pants": 2.0, "left_shoe": 1.0}
"""Product photos of a part as a multiple of `most`; half of it for parts that are not here."""

MOST_SKIN = 0.01
"""Least share of skin-coloured pixels in a product photo's figure for a person to be suspected."""


@dataclass
class Maps:
    """Photos with their body maps.

    Attributes:
        images: uint8 (n, height, width, 3).
        parses: uint8 (n, height, width), ids 0..18, `FIGURE` or `IGNORED`.
        names: a name each.
    """

    images: np.ndarray
    parses: np.ndarray
    names: list[str]

    def part(self, rows: list[int]) -> "Maps":
        """The photos at some positions."""
        return Maps(self.images[rows], self.parses[rows], [self.names[i] for i in rows])


def photo_names(directory: Path) -> list[str]:
    """Names, without ending, of the JPEG photos of a folder like Clothing Co-Parsing.

    Raises:
        CatalogError: there are none.
    """
    names = sorted(path.stem for path in (directory / "photos").glob("*.jpg"))
    if not names:
        raise CatalogError(f"{directory / 'photos'} holds no JPEG photos.")
    return names


def read_names(directory: Path) -> list[str]:
    """Names of the label ids of a folder like Clothing Co-Parsing.

    Raises:
        CatalogError: `labels.json` is missing or is no list of names.
    """
    file = directory / "labels.json"
    try:
        names = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogError(f"{file} is missing or is not JSON.") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CatalogError(f"{file} is not a list of names.")
    return names


def read_label(directory: Path, name: str, most: int) -> np.ndarray:
    """Label ids of a photo, uint8 (height, width).

    Raises:
        CatalogError: the file is missing or damaged, or holds an id that has no name.
    """
    file = directory / "labels" / f"{name}.png"
    try:
        with Image.open(file) as image:
            label = np.asarray(image)
    except (OSError, SyntaxError) as error:
        raise CatalogError(f"{file} is missing or damaged.") from error
    if label.ndim != 2 or label.max(initial=0) >= most:
        raise CatalogError(f"{file} is not a map of the {most} labels of labels.json.")
    return label


def held_out_names(names: list[str], count: int, seed: int) -> list[str]:
    """`count` of the photos, drawn by `seed`."""
    return sorted(np.random.default_rng(seed).permutation(names)[:count].tolist())


def street(directory: Path, cache: Path) -> Maps:
    """All photos of Clothing Co-Parsing with their body maps, at the size for training."""
    names = photo_names(directory)
    labels = read_names(directory)
    table = class_table(labels)

    def read() -> tuple[np.ndarray, np.ndarray]:
        images = np.zeros((len(names), *STREET, 3), np.uint8)
        parses = np.zeros((len(names), *STREET), np.uint8)
        for i, name in enumerate(names):
            parse = divide(table[read_label(directory, name, len(labels))])
            photo = open_image(directory / "photos" / f"{name}.jpg")
            images[i], parses[i] = _fitted(np.asarray(photo), parse, STREET)
        return images, parses

    return Maps(*_cached(cache, ["street", str(directory), names], read), names)


def rendered_people(directory: Path, cache: Path) -> Maps:
    """The rendered people of the demo catalog (`models.json`) with their exact body maps."""
    people = json.loads((directory / "models.json").read_text())["models"]

    def read() -> tuple[np.ndarray, np.ndarray]:
        pairs = [
            _fitted(
                np.asarray(open_image(directory / person["image"])),
                np.asarray(Image.open(directory / person["parse"])),
                STREET,
            )
            for person in people
        ]
        return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])

    names = [person["id"] for person in people]
    return Maps(*_cached(cache, ["rendered", str(directory), names], read), names)


def shop(directory: Path, cache: Path, *, away: set[str], most: int, seed: int) -> Maps:
    """Product photos on white, with what their background and their type say of their pixels.

    About `most` photos of each part (see `AMOUNTS`), without the products in `away`.
    """
    table = read_styles(directory)
    table = table[~table["id"].isin(away)].sample(frac=1, random_state=seed)
    chosen = [
        (row.id, row.photo, part)
        for part, kinds in PRODUCTS.items()
        for row in table[table["articleType"].isin(kinds)]
        .head(round(most * AMOUNTS.get(part, 0.5)))
        .itertuples()
    ]
    # The source squashed photos of 3 : 4 to squares.
    return _weak(chosen, ["shop", str(directory), most], cache, size=(168, 224))


def rendered_garments(directory: Path, cache: Path, *, most: int, seed: int) -> Maps:
    """Flat garments of the demo catalog, at most `most` of each part."""
    catalog = load_catalog(directory)
    frame = catalog.frame.sample(frac=1, random_state=seed)
    chosen = [
        (row.id, directory / "images" / row.image, part)
        for part, kinds in RENDERED.items()
        for row in frame[frame["category"].isin(kinds)].head(most).itertuples()
    ]
    return _weak(chosen, ["garments", str(directory), most], cache, flat=True)


def _weak(
    chosen: list[tuple[str, Path, str]],
    key: list,
    cache: Path,
    size: tuple[int, int] | None = None,
    flat: bool = False,
) -> Maps:
    """Photos on white (name, path, part) as examples; unreadable ones say nothing."""

    def read() -> tuple[np.ndarray, np.ndarray]:
        images = np.zeros((len(chosen), *SHOP, 3), np.uint8)
        parses = np.full((len(chosen), *SHOP), IGNORED, np.uint8)
        for i, (_, path, part) in enumerate(chosen):
            try:
                image = open_image(path)
            except ImageError:
                continue
            photo = np.asarray(image.resize(size or image.size, Image.Resampling.BICUBIC))
            images[i], parses[i] = _fitted(photo, weak_parse(photo, part, flat=flat), SHOP)
        return images, parses

    names = [name for name, _, _ in chosen]
    return Maps(*_cached(cache, [*key, names], read), names)


def weak_parse(photo: np.ndarray, part: str, *, flat: bool = False) -> np.ndarray:
    """What a product photo on white says of its pixels, uint8 (height, width).

    Background is what is nearly white and joined to the photo's edge. Pale grey that is joined to
    it (shadows), white with figure on all four sides (a white shirt, a gap), and a line around the
    figure are `IGNORED`; so is the whole photo where the figure is under 4 % of it. Where no skin
    colour is seen, or the part is photographed without a person, or the photo is known to be
    `flat`, the figure is the part. Otherwise it is a person: the part where its kind of garment
    surely is (`CORE`), face, hair and arms where they surely are, `FIGURE` elsewhere, and
    `IGNORED` if it is no garment.
    """
    low, high = photo.min(axis=2).astype(int), photo.max(axis=2).astype(int)
    white = _joined_to_edge(low >= 238)
    pale = _joined_to_edge((low >= 190) & (high - low <= 14))
    opened = cv2.morphologyEx((~white).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    figure = opened > 0
    if not white.any() or figure.mean() < 0.04:
        return np.full(white.shape, IGNORED, np.uint8)
    out = np.zeros(white.shape, np.uint8)
    if flat or part in NEVER_WORN or skin_colour(photo)[figure].mean() < MOST_SKIN:
        out[figure] = ID[part]
        if part == "left_shoe":
            _split_shoes(out)
    elif part in CORE:
        out[figure] = FIGURE
        core = _core(figure, CORE[part])
        out[core & ~skin_colour(photo)] = ID[part]
        if part in ("upper_clothes", "dress") and skin_colour(photo)[core].mean() < 0.2:
            _body(out, figure, skin_colour(photo))
    else:
        out[figure] = IGNORED
    edge = cv2.morphologyEx(opened, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    out[edge | (pale & ~white) | (white & _enclosed(figure))] = IGNORED
    return out


def _core(figure: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    """The inner pixels of a figure in a band of its height, near its middle."""
    rows, columns = np.nonzero(figure)
    top, height = rows.min(), max(int(np.ptp(rows)), 1)
    inside = figure & (np.abs(np.indices(figure.shape)[1] - np.median(columns)) < 0.18 * height)
    inside[: top + round(band[0] * height)] = False
    inside[top + round(band[1] * height) :] = False
    return inside


def _body(out: np.ndarray, figure: np.ndarray, skin: np.ndarray) -> None:
    """Name face, hair and arms of a person in a top or a dress, where place and colour agree.

    Lengths are shares of the figure's height. A head is there if skin colour fills most of a
    window at the top of the middle: skin colour around it is face, what lies above it is hair.
    Skin colour to the sides and lower down is arm.
    """
    rows, columns = np.nonzero(figure)
    height = max(int(np.ptp(rows)), 1)
    depth = (np.indices(figure.shape)[0] - rows.min()) / height
    middle = np.median(columns[rows < rows.min() + 0.2 * height])
    across = (np.indices(figure.shape)[1] - middle) / height
    window = figure & (depth > 0.08) & (depth < 0.18) & (np.abs(across) < 0.07)
    if window.any() and skin[window].mean() > 0.5:
        face = figure & skin & (depth > 0.04) & (depth < 0.22) & (np.abs(across) < 0.12)
        out[face] = ID["face"]
        out[figure & ~skin & (depth < 0.05) & (np.abs(across) < 0.12)] = ID["hair"]
    arms = figure & skin & (depth > 0.35) & (np.abs(across) > 0.17)
    out[arms & (across < 0)] = ID["right_arm"]
    out[arms & (across > 0)] = ID["left_arm"]


def skin_colour(photo: np.ndarray) -> np.ndarray:
    """Pixels of skin colour (box in YCrCb, Chai and Ngan 1999)."""
    _, red, blue = np.moveaxis(cv2.cvtColor(photo, cv2.COLOR_RGB2YCrCb), 2, 0)
    return (red >= 133) & (red <= 173) & (blue >= 77) & (blue <= 127)


def _split_shoes(out: np.ndarray) -> None:
    """Each shoe to the side on which its middle lies, as if a person stood in the middle."""
    _, regions, _, middles = cv2.connectedComponentsWithStats((out > 0).astype(np.uint8))
    right = middles[regions][..., 0] < out.shape[1] / 2
    out[(out > 0) & right] = ID["right_shoe"]


def _enclosed(mask: np.ndarray) -> np.ndarray:
    """Pixels with some of a region to the left, to the right, above and below."""
    around = [
        np.maximum.accumulate(mask, axis=0),
        np.maximum.accumulate(mask[::-1], axis=0)[::-1],
        np.maximum.accumulate(mask, axis=1),
        np.maximum.accumulate(mask[:, ::-1], axis=1)[:, ::-1],
    ]
    return np.logical_and.reduce(around)


def _joined_to_edge(mask: np.ndarray) -> np.ndarray:
    _, regions = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    edge = np.unique(
        np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]], axis=None)
    )
    return np.isin(regions, edge[edge > 0])


def _fitted(
    photo: np.ndarray, parse: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Photo and map at a size, in their own shape; what is added at the sides is `IGNORED`."""
    scale = min(size[0] / photo.shape[0], size[1] / photo.shape[1])
    height, width = (
        min(size[i], round(photo.shape[i] * scale))
        if round(photo.shape[i] * scale) < 0.98 * size[i]
        else size[i]
        for i in (0, 1)
    )
    small = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
    labels = cv2.resize(parse, (width, height), interpolation=cv2.INTER_NEAREST)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    room = (top, size[0] - height - top, left, size[1] - width - left)
    return (
        cv2.copyMakeBorder(small, *room, cv2.BORDER_REPLICATE),
        cv2.copyMakeBorder(labels, *room, cv2.BORDER_CONSTANT, value=IGNORED),
    )


def _cached(cache: Path, key: list, read) -> tuple[np.ndarray, np.ndarray]:
    """Arrays that `read` makes, kept under a name made of `key`."""
    stamp = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    files = [cache / f"{key[0]}-{stamp}-{kind}.npy" for kind in ("images", "parses")]
    if not files[1].is_file():
        for file, array in zip(files, read(), strict=True):
            np.save(file, array)
    return np.load(files[0], mmap_mode="r"), np.load(files[1], mmap_mode="r")
